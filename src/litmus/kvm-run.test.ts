/** KVM_RUN on a CPU where virtualization is off, or fails: which instruction, who dies, what userspace is told (facts 5.3 to 5.5). */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const ALL = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192', 'v6.3', 'v6.12', 'v6.17', 'v7.3'] as const;
const MACHINE = 'cpus 3';

/** A VM whose vCPU runs on CPU 1, spinning in the guest. */
const onCpu1 = (vendor: string): string[] => [`qemu: modprobe kvm_${vendor}`, '  a = create vm', '  run a, spinning', '  affine a.vcpu0 to cpu1']; // prettier-ignore

const effects = (t: Played) => [...t.r.history.effects.values()].flat();
const oopses = (t: Played): string[] => effects(t).flatMap((e) => (e.kind === 'oops' ? [`${e.instruction} in ${e.caller} on CPU ${e.cpu}`] : [])); // prettier-ignore
const panics = (t: Played): string[] => effects(t).flatMap((e) => (e.kind === 'panic' ? [e.why] : []));
const told = (t: Played): string[] => effects(t).flatMap((e) => (e.kind === 'trace' && e.text.startsWith('KVM_RUN') ? [e.text] : [])); // prettier-ignore

describe.each(ALL)('%s, Intel: VMX is lost underneath (message 5; facts 5.3)', (kernel) => {
  it('the vCPU is current there: its next entry takes #UD, an oops without "kernel BUG at"', () => {
    const t = play(kernel, `intel, ${MACHINE}`, ...onCpu1('intel'), 'hw: offline cpu2 after affine', '  vmx_off cpu1');
    expect(t.results('hw')).toEqual([1, 0]);
    expect(oopses(t)[0]).toBe('VMRESUME in vmx_vcpu_run on CPU 1');
    expect(t.log.some((l) => /^(Oops: )?invalid opcode: 0000 \[#1\]/.test(l))).toBe(true);
    expect(t.log.join()).not.toContain('kernel BUG at');
  });

  it('the vCPU is called away: VMCLEAR in an interrupt on that CPU, and the host panics', () => {
    // it sleeps between two KVM_RUNs, and is to wake up elsewhere
    const t = play(kernel, `intel, ${MACHINE}`, 'qemu: modprobe kvm_intel', '  a = create vm', '  run a, halting', '  affine a.vcpu0 to cpu1', 'hw: offline cpu2 after affine', '  vmx_off cpu1', '  affine a.vcpu0 to cpu0'); // prettier-ignore
    expect(oopses(t)).toEqual(['VMCLEAR in __loaded_vmcs_clear on CPU 1']);
    expect(panics(t)).toEqual(['Fatal exception in interrupt']);
  });

  it('a new vCPU is made there: VMCLEAR, and the thread that asked for it dies', () => {
    const t = play(kernel, 'intel, cpus 1', 'qemu: modprobe kvm_intel', '  a = create vm', '  vmx_off cpu0', '  create_vcpu a.vcpu0'); // prettier-ignore
    expect(oopses(t)).toEqual(['VMCLEAR in alloc_loaded_vmcs on CPU 0']);
    expect(t.results('qemu')).toEqual([0, 0, 0, null]);
  });

  it('the CPU is taken offline: VMXOFF faults; CR4.VMXE is clear all the same (facts 5.3, 6.4)', () => {
    const t = play(kernel, `intel, ${MACHINE}`, 'qemu: modprobe kvm_intel', '  a = create vm', '  vmx_off cpu2', '  offline cpu2'); // prettier-ignore
    expect(oopses(t).map((o) => o.replace(/ in .*/, ''))).toEqual(['VMXOFF']);
    expect(t.value('cr4_vmxe', 2)).toBe(0);
    // up to 6.2 that is the stopper, with all CPUs standing still; later the CPU's hotplug thread
    const who = effects(t).flatMap((e) => (e.kind === 'oops' ? [t.r.program.contexts[e.context]!.name] : []));
    const starting = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'].includes(kernel);
    expect([who, panics(t), t.results('qemu')[3]]).toEqual([[starting ? 'migration/2' : 'cpuhp/2'], [], null]);
  });
});

describe.each(ALL)('%s, AMD: EFER.SVME is lost underneath (facts 5.5)', (kernel) => {
  it('the first SVM instruction afterwards kills the thread, and nothing else', () => {
    const t = play(kernel, `amd, ${MACHINE}`, ...onCpu1('amd'), 'hw: offline cpu2 after affine', '  svm_off cpu1');
    expect(panics(t)).toEqual([]);
    const [first, ...more] = oopses(t);
    expect(more).toEqual([]);
    // the host's state is saved already where the vCPU only goes round in vcpu_run (facts 5.5 S3)
    expect(first).toMatch(
      /^(CLGI in svm_vcpu_run|VMSAVE in svm_prepare_switch_to_guest|VMSAVE in svm_prepare_guest_switch) on CPU 1$/,
    );
  });

  it('switching it off does not fault: nothing is executed that could', () => {
    const t = play(kernel, `amd, ${MACHINE}`, 'qemu: modprobe kvm_amd', '  a = create vm', '  svm_off cpu2', '  offline cpu2'); // prettier-ignore
    expect([t.results('qemu'), oopses(t)]).toEqual([[0, 0, 0, 1], []]);
  });
});

describe('5.10, AMD: the first instruction that faults is CLGI, behind the event kvm_entry, with interrupts off (captures 5.10/s2)', () => {
  const t = play('v5.10', `amd, ${MACHINE}`, 'qemu: modprobe kvm_amd', '  a = create vm', '  run a', 'admin: offline cpu2 after run a', '  online cpu2', '  affine a.vcpu0 to cpu2', 'fault cpu2 svm_hardware_enable returns -EIO time 2'); // prettier-ignore

  it('kills the thread; no note tells of a preempt_count', () => {
    expect(oopses(t)).toEqual(['CLGI in svm_vcpu_run on CPU 2']);
    expect(t.log.slice(-4)).toEqual(['------------[ cut here ]------------', 'kernel BUG at arch/x86/kvm/x86.c:435!', 'invalid opcode: 0000 [#1] SMP', 'RIP: 0010:kvm_spurious_fault [kvm]']); // prettier-ignore
    const last = effects(t)
      .filter((e) => e.kind === 'trace' && e.text.startsWith('kvm_e'))
      .at(-1)!;
    expect(last).toMatchObject({ text: expect.stringContaining('kvm_entry'), cpu: 2 });
  });
});

describe('5.10, Intel: the hooks are called hardware_enable and hardware_disable (captures 5.10/v2)', () => {
  it('and a fault of that name strikes', () => {
    const t = play('v5.10', `intel, ${MACHINE}`, 'qemu: modprobe kvm_intel', '  a = create vm', 'fault cpu1 hardware_enable returns -EIO'); // prettier-ignore
    expect(t.results('qemu')).toEqual([0, ERR.BUSY]);
  });
});

/** CPU 2 differs from the CPU that loaded the module, and nobody asked it: it was offline then (race R3 without the race). */
const unasked = (kernel: string, ...lines: readonly string[]): Played =>
  play(kernel, `intel, ${MACHINE}`, 'qemu: offline cpu2', '  modprobe kvm_intel', '  a = create vm', '  run a', '  online cpu2', '  affine a.vcpu0 to cpu2', ...lines); // prettier-ignore

describe.each(['v5.15', 'v6.1', 'v6.1.192'])(
  '%s, Intel: an instruction fails without a fault (facts 5.4)',
  (kernel) => {
    const prefix = 'kvm: ';

    it('another VMCS revision: VMXON tests it in its region, nobody looks, and VMPTRLD takes #UD (6.1 row 12; the manual)', () => {
      const t = unasked(kernel, 'hardware cpu2 vmcs_config=2');
      expect([oopses(t), t.probe('virt_lied', 2)]).toEqual([[expect.stringContaining('VMPTRLD')], 1]);
    });

    it('VMPTRLD fails: it and both VMWRITEs are warned of and passed over, the entry fails, KVM_RUN says so (5.2 V6)', () => {
      const t = unasked(kernel, 'hardware cpu2 vmptrld_vmfail=1');
      expect(oopses(t)).toEqual([]);
      expect(t.log).toContain('WARNING: arch/x86/kvm/vmx/vmx.c vmptrld_error');
      expect(t.log).toContain(`${prefix}vmptrld failed: (vmcs)/(address)${kernel === 'v5.15' ? '' : ' err=0'}`);
      const writes = t.log.filter((l) => l.startsWith(`${prefix}vmwrite failed: field=`));
      expect(writes.map((l) => l.match(/\((\w+)\)/)?.[1])).toEqual(['HOST_TR_BASE', 'HOST_GDTR_BASE']);
      expect(t.log).toContain('set kvm_intel.dump_invalid_vmcs=1 to dump internal KVM state.');
      // KVM_RUN returns 0 with KVM_EXIT_FAIL_ENTRY (9); no current VMCS to read the reason from
      expect(told(t).slice(-2)).toEqual(['KVM_RUN: exit reason 9', 'KVM_RUN returns 0']);
      expect([t.value('run_entry_failure'), t.probe('vm_held', 0)]).toEqual([0, 1]);
    });

    it('a control is missing there: VM entry error 7, invalid control fields', () => {
      const t = unasked(kernel, 'hardware cpu2 vmcs_config=1');
      expect(told(t).slice(-2)).toEqual(['KVM_RUN: exit reason 9', 'KVM_RUN returns 0']);
      expect([t.value('run_entry_failure'), oopses(t)]).toEqual([7, []]);
    });
  },
);

describe.each(ALL)('%s: an entry finds the state of the guest invalid (facts 5.4 G6, 5.5 S5)', (kernel) => {
  it.each([
    ['intel', 0x80000021],
    ['amd', 0xffffffff],
  ])('on %s: KVM_EXIT_FAIL_ENTRY, and KVM_RUN returns 0', (vendor, reason) => {
    const t = play(kernel, `${vendor}, ${MACHINE}`, `qemu: modprobe kvm_${vendor}`, '  a = create vm', '  run a', 'hardware entry_refused=1'); // prettier-ignore
    expect(told(t)).toEqual(['KVM_RUN: exit reason 9', 'KVM_RUN returns 0']);
    expect([t.value('run_entry_failure') >>> 0, oopses(t)]).toEqual([reason, []]);
    expect(t.log.at(-1)).toMatch(/^(kvm_\w+: )?set kvm_\w+\.dump_invalid_vmc[sb]=1 to dump internal KVM state\.$/);
  });
});

describe('who is taken along (facts 5.3 F4b)', () => {
  const die = (kernel: string, ...params: readonly string[]): Played =>
    play(kernel, `intel, ${MACHINE}`, `qemu: modprobe kvm_intel ${params.join(' ')}`.trimEnd(), '  a = create vm', '  b = create vm', '  run a', '  run b', 'hw: vmx_off cpu0 after run b', '  vmx_off cpu1', '  vmx_off cpu2'); // prettier-ignore

  it.each(ALL)('%s: panic_on_oops', (kernel) => {
    expect(panics(die(kernel, 'panic_on_oops=1'))).toEqual(['Fatal exception']);
  });

  it.each(['v6.3', 'v6.12', 'v7.3'])('%s: the oops that reaches oops_limit', (kernel) => {
    expect(panics(die(kernel, 'oops_limit=1'))).toEqual(['Oopsed too often (kernel.oops_limit is 1)']);
  });

  it.each(['v5.15', 'v6.1'])('%s: there is no limit', (kernel) => {
    expect(panics(die(kernel, 'oops_limit=1'))).toEqual([]);
  });
});
