/** Rows of facts 6.3, 6.4 and 7 that are about loading, switching off and words of the log. */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const E1 = ['v5.15', 'v6.1', 'v6.1.192'];
const ALL = [...E1, 'v6.3', 'v6.12', 'v7.1', 'v7.3'];
/** Functions in which steps were taken, with their CPU, in order. */
const fns = ({ r }: Played): string[] =>
  Array.from({ length: r.history.length }, (_, i) => {
    const { kind, pc, cpu } = r.history.step(i);
    return kind === 'step' ? `${r.program.frames[r.program.code[pc]!.frame]?.fn ?? ''} ${cpu}` : '';
  });

describe('modprobe of the other module (facts 6.3 row "other vendor loaded", 4.1a2, 7 "load")', () => {
  it.each(E1)('%s: -EEXIST and its line, before anybody asks for the hardware', (kernel) => {
    for (const [mine, other] of [['intel', 'amd'], ['amd', 'intel']] as const) {
      const p = play(kernel, `${mine}, cpus 2`, `q: modprobe kvm_${mine}`, `  modprobe kvm_${other}`, '  a = create vm');
      expect(p.results('q')).toEqual([0, ERR.EXIST, 0]);
      expect(p.log).toEqual([kernel === 'v5.15' ? 'kvm: already loaded the other module' : `kvm: already loaded vendor module 'kvm_${mine}'`]); // prettier-ignore
    }
  }); // prettier-ignore
});

describe('switching it off on one CPU (facts 6.4)', () => {
  const goes = (kernel: string, vendor: string): Played =>
    play(kernel, `${vendor}, cpus 3`, `q: modprobe kvm_${vendor}`, '  a = create vm, 2 vcpus', '  run a, halting', '  affine a.vcpu0 to cpu2', '  affine a.vcpu1 to cpu2', '  offline cpu2'); // prettier-ignore

  it.each(ALL)('%s, Intel: every VMCS of that CPU is cleared, then VMXOFF, and CR4.VMXE is clear', (kernel) => {
    const p = goes(kernel, 'intel');
    expect(p.results('q').at(-1)).toBe(1);
    expect([p.value('vmxon', 2), p.value('cr4_vmxe', 2)]).toEqual([0, 0]);
    const at = fns(p);
    const off = at.lastIndexOf('VMXOFF 2');
    expect(off).toBeGreaterThan(0);
    // nothing of the VM is left there: its next load elsewhere asks nobody
    for (const vcpu of [0, 1]) expect(p.value('loaded_vmcs_cpu', vcpu)).not.toBe(2);
    expect(p.value('current_vmcs', 2)).toBe(-1);
    expect(at.slice(0, off)).toContain('vmclear_local_loaded_vmcss 2');
  });

  it.each(ALL)('%s, AMD: EFER.SVME and VM_HSAVE_PA are cleared', (kernel) => {
    const p = goes(kernel, 'amd');
    expect(p.results('q').at(-1)).toBe(1);
    expect([p.value('efer_svme', 2), p.value('vm_hsave_pa', 2)]).toEqual([0, 0]);
    expect([p.value('efer_svme', 0), p.value('vm_hsave_pa', 0)]).toEqual([1, 1]);
  });

  it.each(['v7.1', 'v7.3'])(
    '%s: the core switches, by its count of users: 1 while KVM wants it (facts 4.5)',
    (kernel) => {
      const on = play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel', '  a = create vm');
      expect([0, 1].map((c) => on.value('virtualization_nr_users', c))).toEqual([1, 1]);
      const off = play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel', '  rmmod kvm_intel');
      expect([0, 1].map((c) => off.value('virtualization_nr_users', c))).toEqual([0, 0]);
      // an enable that fails takes its reference back, and the errno of KVM is -EIO
      const bad = play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel', 'hardware cpu1 foreign_vmx=1');
      expect([bad.results('q'), bad.value('virtualization_nr_users', 1)]).toEqual([[ERR.IO], 0]);
    },
  );
});

describe('what an online says at each point, in its order (facts 7)', () => {
  const LINE = 'smpboot: Booting Node 0 Processor 2 APIC 0x2';
  it.each(ALL)('%s: a CPU that KVM takes says where it starts, and nothing else', (kernel) => {
    const p = play(
      kernel,
      'intel, cpus 3',
      'q: modprobe kvm_intel',
      '  a = create vm',
      '  offline cpu2',
      '  online cpu2',
    );
    expect(p.log).toEqual(['smpboot: CPU 2 is now offline', LINE]);
  });
  it.each(ALL)('%s: one that it cannot take: AP start, KVM, and where it may refuse, the way back', (kernel) => {
    const p = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', '  a = create vm', '  offline cpu2', '  online cpu2', 'fault cpu2 kvm_arch_hardware_enable returns -EIO time 2'); // prettier-ignore
    const failed = 'kvm: enabling virtualization on CPU2 failed';
    const now = 'smpboot: CPU 2 is now offline';
    expect(p.log).toEqual(E1.includes(kernel) ? [now, LINE, failed] : [now, LINE, failed, now]);
  });
});

it.each(['v7.1', 'v7.2', 'v7.3'])(
  '%s: no page for VMX at boot: the flag is gone from every CPU, -EOPNOTSUPP (facts 4.5, 6.1 rows 4 and 4b, 6.3)',
  (kernel) => {
    const p = play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel', 'hardware x86_virt_ops=0');
    expect(p.results('q')).toEqual([ERR.OPNOTSUPP]);
    expect(p.log).toEqual([
      kernel === 'v7.3'
        ? 'kvm_intel: VMX not fully enabled on CPU 0.  Check kernel logs and/or BIOS'
        : 'kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0',
    ]);
  },
);
