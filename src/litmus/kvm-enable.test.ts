/** What a CPU lacks, and what comes of it when KVM enables virtualization there: facts 6.1 to 6.5, row by row. */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const STARTING = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'] as const;
const ONLINE = ['v6.3', 'v6.12', 'v6.17', 'v7.3'] as const;
const FAILED = 'kvm: enabling virtualization on CPU3 failed';

/** CPU 3, with a property, is added and taken online beside a VM. */
function addBad(kernel: string, vendor: string, ...lines: readonly string[]): Played {
  return play(kernel, `${vendor}, cpus 3 + 1 hot-addable`, `qemu: modprobe kvm_${vendor}`, '      vm0 = create vm', '      run vm0', 'admin: hotadd cpu3', '       online cpu3 after run vm0', ...lines); // prettier-ignore
}

/** What the kernel said of CPU 3, without the lines of the hotplug core. */
const WARN_ONCE = 'WARNING: arch/x86/kvm/vmx/vmx.c kvm_cpu_vmxon';
const said = (t: Played): string[] =>
  t.log.filter((l) => !/hot-added$|^smpboot: |^Will online|^x86: Booting SMP/.test(l));

/** Up to 6.2: the write succeeds, the CPU is online without virtualization. From 6.3 on: -EIO, and it is offline. */
function expectFailure(t: Played, kernel: string, lines: readonly string[]): void {
  const starting = (STARTING as readonly string[]).includes(kernel);
  expect(t.results('admin')).toEqual([0, starting ? 1 : ERR.IO]);
  expect(said(t)).toEqual([...lines, FAILED]);
  expect([t.probe('online', 3), t.probe('virt_on', 3)]).toEqual([starting ? 1 : 0, 0]);
}

describe.each([...STARTING, ...ONLINE])('%s, Intel, CPU 3 is taken online beside a VM (facts 6.1, 6.3)', (kernel) => {
  const starting = (STARTING as readonly string[]).includes(kernel);

  it('row 7: CR4.VMXE is set already: -EBUSY inside, not a word of why', () => {
    const t = addBad(kernel, 'intel', 'hardware cpu3 foreign_vmx=1');
    expectFailure(t, kernel, []);
    expect(t.probe('loaded', 0, 3)).toBe(0);
  });

  it('row 8: enlightened VMCSs and no VP-assist page: -EFAULT inside', () => {
    const t = addBad(kernel, 'intel', 'hardware enlightened_vmcs=1', 'hardware cpu3 vp_assist_page=0');
    expectFailure(t, kernel, ['KVM: vmx: using Hyper-V Enlightened VMCS']);
  });

  it('row 11: VMXON faults where firmware locked VMX away; from 6.3 on the check comes before it (row 4)', () => {
    const t = addBad(kernel, 'intel', 'hardware cpu3 feat_ctl=2');
    const id = 'x86/cpu: VMX (outside TXT) disabled by BIOS';
    if (starting) expectFailure(t, kernel, [id, 'VMXON faulted, MSR_IA32_FEAT_CTL (0x3a) = 0x1', WARN_ONCE]);
    else if (kernel === 'v7.3')
      expectFailure(t, kernel, [id, 'kvm_intel: VMX not fully enabled on CPU 3.  Check kernel logs and/or BIOS']); // prettier-ignore
    else expectFailure(t, kernel, [id, 'kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 3']);
  });

  it('rows 4 and 11: IA32_FEAT_CTL cannot be read', () => {
    const t = addBad(kernel, 'intel', 'hardware cpu3 feat_ctl=3');
    if (starting) expectFailure(t, kernel, ['VMXON faulted, MSR_IA32_FEAT_CTL (0x3a) = 0xdeadbeef', WARN_ONCE]);
    else expectFailure(t, kernel, ['kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 3']);
  });

  it('unlocked, the kernel locks it with VMX on: nothing is wrong (facts 6.5)', () => {
    const t = addBad(kernel, 'intel', 'hardware cpu3 feat_ctl=0');
    expect([t.results('admin'), said(t), t.probe('virt_on', 3)]).toEqual([[0, 1], [], 1]);
  });

  it('row 12: a VMXON that fails without a fault looks like success; the first vCPU there dies (facts 5.4)', () => {
    const t = addBad(kernel, 'intel', '  affine vm0.vcpu0 to cpu3', 'hardware cpu3 vmxon_vmfail=1');
    expect(t.results('admin')).toEqual([0, 1, 0]);
    const oops = [...t.r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
    expect(oops.map((o) => [o.cpu, o.instruction])).toEqual([[3, 'VMPTRLD']]);
  });

  it('rows 2, 3, 5, 6: what only the compatibility check would see', () => {
    const differs =
      kernel === 'v7.3'
        ? [
            "kvm_intel: VMCS config on CPU 3 doesn't match reference config:",
            // the values are the processor's
            '  Offset (offset) REF = (value), CPU3 = (value), mismatch = (value)',
          ]
        : ['kvm_intel: Inconsistent VMCS config on CPU 3'];
    const cases: readonly (readonly [property: string, lines: readonly string[]])[] = [
      ['cr4_rsvd_differ=1', []],
      ['vmcs_config=3', ['kvm_intel: Failed to setup VMCS config on CPU 3']],
      ['vmcs_config=1', differs],
    ];
    for (const [property, lines] of cases) {
      const t = addBad(kernel, 'intel', `hardware cpu3 ${property}`);
      if (!starting) expectFailure(t, kernel, lines);
      // R2: kvm_starting_cpu does not look (facts 4.1a)
      else expect([t.results('admin'), said(t), t.probe('virt_on', 3)]).toEqual([[0, 1], [], 1]);
    }
  });

  it('row 3: no VMX at all. Up to 6.2 nobody asks, and setting CR4.VMXE in the idle task takes the host (row 10)', () => {
    const t = addBad(kernel, 'intel', 'hardware cpu3 cpu_vmx=0');
    if (!starting) return expectFailure(t, kernel, ['kvm_intel: VMX not supported by CPU 3']);
    const panics = [...t.r.history.effects.values()].flat().filter((e) => e.kind === 'panic');
    expect(panics.map((p) => p.why)).toEqual(['Attempted to kill the idle task!']);
  });
});

describe.each([...STARTING, ...ONLINE])('%s, AMD, CPU 3 is taken online beside a VM (facts 6.2, 6.3)', (kernel) => {
  const starting = (STARTING as readonly string[]).includes(kernel);

  it('row 1: EFER.SVME is set already: -EBUSY inside, not a word of why', () => {
    const t = addBad(kernel, 'amd', 'hardware cpu3 foreign_svm=1');
    expect(t.results('admin')).toEqual([0, starting ? 1 : ERR.IO]);
    expect(said(t)).toEqual([FAILED]);
  });

  it('row 2: no SVM (captures 6.1/s5m, 6.12/s2n)', () => {
    const t = addBad(kernel, 'amd', 'hardware cpu3 cpu_svm=0');
    if (starting)
      expectFailure(t, kernel, ['has_svm: svm not available', 'SVM: svm_hardware_enable: err EOPNOTSUPP on 3']); // prettier-ignore
    else if (kernel === 'v6.3') expectFailure(t, kernel, ['kvm_amd: SVM not supported by CPU 3, svm not available']);
    else expectFailure(t, kernel, ['kvm_amd: SVM not supported by CPU 3']);
  });

  it('firmware has switched SVM off: only from 6.3 on somebody looks', () => {
    const t = addBad(kernel, 'amd', 'hardware cpu3 vm_cr_svmdis=1');
    if (starting) return expect([t.results('admin'), t.probe('virt_on', 3), t.probe('virt_lied', 3)]).toEqual([[0, 1], 0, 1]); // prettier-ignore
    if (kernel === 'v6.3') expectFailure(t, kernel, ['kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR on CPU 3']);
    else expectFailure(t, kernel, ['SVM disabled (by BIOS) in MSR_VM_CR', 'kvm_amd: SVM not supported by CPU 3']);
  });

  it('row 3: svm_data is missing: a check of 5.15 only', () => {
    if (kernel !== 'v5.15') return;
    const t = addBad(kernel, 'amd', 'fault cpu3 svm_data returns -ENOMEM');
    expectFailure(t, kernel, ['SVM: svm_hardware_enable: svm_data is NULL on 3']);
  });
});

describe('a CPU without SVM is identified: what boot_cpu_data has lost is lost until reboot (facts 6.5)', () => {
  const MACHINE = 'amd, cpus 3 + 1 hot-addable';
  const BARE = 'hardware cpu3 cpu_svm=0';

  it.each(['v5.10', 'v5.15', 'v6.1', 'v6.1.192'])(
    '%s: KVM_CREATE_VM says -EBUSY on every CPU, after that CPU is offline again, too (captures of 6.1, s5n)',
    (kernel) => {
      const t = play(kernel, MACHINE, 'q: modprobe kvm_amd', 'admin: hotadd cpu3 after modprobe', '  online cpu3', '  a = create vm', '  offline cpu3', '  b = create vm', BARE); // prettier-ignore
      expect(t.results('admin')).toEqual([0, 1, ERR.BUSY, 1, ERR.BUSY]);
      for (const cpu of [0, 1, 2]) {
        expect(t.log.filter((l) => l === `SVM: svm_hardware_enable: err EOPNOTSUPP on ${cpu}`)).toHaveLength(2);
        expect(t.log.filter((l) => l === `kvm: enabling virtualization on CPU${cpu} failed`)).toHaveLength(2);
      }
    },
  );

  it.each(['v5.15', 'v6.1', 'v6.1.192'])('%s: the module no longer loads (captures 6.1/s5m)', (kernel) => {
    const t = play(kernel, MACHINE, 'admin: hotadd cpu3', '  online cpu3', '  modprobe kvm_amd', '  a = create vm', '  offline cpu3', '  modprobe kvm_amd', BARE); // prettier-ignore
    expect(t.results('admin')).toEqual([0, 1, ERR.OPNOTSUPP, ERR.NOENT, 1, ERR.OPNOTSUPP]);
    expect(said(t)).toEqual(Array(2).fill(['has_svm: svm not available', kernel === 'v5.15' ? 'kvm: no hardware support' : "kvm: no hardware support for 'kvm_amd'"]).flat()); // prettier-ignore
  });

  it.each(['v6.12', 'v7.3'])(
    '%s: it fails while that CPU is online, and later has no nested paging (captures of 6.12, s5m)',
    (kernel) => {
      const t = play(kernel, MACHINE, 'admin: hotadd cpu3', '  online cpu3', '  modprobe kvm_amd', '  offline cpu3', '  modprobe kvm_amd', '  a = create vm', '  online cpu3', BARE); // prettier-ignore
      const [, , first, , second, vm, online] = t.results('admin');
      expect(first! < 0).toBe(true);
      expect([second, vm, online]).toEqual([0, 0, ERR.IO]);
      expect(said(t)).toEqual(['kvm_amd: Nested Paging disabled', 'kvm_amd: SVM not supported by CPU 3', 'kvm_amd: Nested Paging disabled', 'kvm_amd: SVM not supported by CPU 3', FAILED]); // prettier-ignore
    },
  );

  it.each(['v6.12', 'v7.3'])(
    '%s: virtualization that is on stays on, and VMs are made (captures of 6.12, s5n)',
    (kernel) => {
      const t = play(kernel, MACHINE, 'q: modprobe kvm_amd', 'admin: hotadd cpu3 after modprobe', '  online cpu3', '  a = create vm', BARE); // prettier-ignore
      expect(t.results('admin')).toEqual([0, ERR.IO, 0]);
    },
  );
});

describe('identification says it once per boot (facts 6.5)', () => {
  it.each(['v5.15', 'v6.3', 'v7.3'])('%s: VMX that firmware has locked away, inside TXT, too', (kernel) => {
    const t = play(kernel, 'intel, cpus 2 + 2 hot-addable', 'a: hotadd cpu2', '  online cpu2', '  hotadd cpu3', '  online cpu3', 'hardware cpu2 feat_ctl=2', 'hardware cpu3 feat_ctl=2', 'hardware tboot=1'); // prettier-ignore
    expect(said(t)).toEqual(['x86/cpu: VMX (inside TXT) disabled by BIOS']);
  });

  it('v6.12: SVM that firmware has switched off; up to 6.3 nobody looks then', () => {
    const off = ['a: hotadd cpu2', '  online cpu2', '  hotadd cpu3', '  online cpu3', 'hardware cpu2 vm_cr_svmdis=1', 'hardware cpu3 vm_cr_svmdis=1']; // prettier-ignore
    expect(said(play('v6.12', 'amd, cpus 2 + 2 hot-addable', ...off))).toEqual(['SVM disabled (by BIOS) in MSR_VM_CR']);
    expect(said(play('v6.3', 'amd, cpus 2 + 2 hot-addable', ...off))).toEqual([]);
  });
});
