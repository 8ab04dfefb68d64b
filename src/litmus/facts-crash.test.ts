/** What a panic leaves of virtualization on each CPU, era by era: facts 4.1e "panic/crash", 4.2e, 4.3e, 4.5 "Emergency"; tdx 3.5. */
import { describe, expect, it } from 'vitest';
import { play, type Played } from './testing/play';
import { playTdx } from './testing/tdx';

const E1 = ['v5.10', 'v5.15', 'v6.1'];
const E2 = ['v6.3'];
const E3 = ['v6.12', 'v6.17'];
const E5 = ['v7.1', 'v7.3'];
const ALL = [...E1, ...E2, ...E3, ...E5];

const die = (kernel: string, vendor: string, how: string, ...more: string[]): Played =>
  play(kernel, `${vendor}, cpus 3`, `q: modprobe kvm_${vendor}`, '  a = create vm', '  run a, halting', '  affine a.vcpu0 to cpu1', `admin: ${how} after affine`, ...more); // prettier-ignore
const on = (p: Played): number[] => [0, 1, 2].map((c) => p.probe('virt_on', c));
const panics = (p: Played): string[] =>
  [...p.r.history.effects.values()].flat().flatMap((e) => (e.kind === 'panic' ? [e.why] : []));

describe.each(ALL)('%s, a crash kernel is entered', (kernel) => {
  it('Intel: the VMCSs of each CPU are cleared, then VMXOFF and CR4.VMXE', () => {
    const p = die(kernel, 'intel', 'kdump');
    expect([panics(p), on(p)]).toEqual([['sysrq triggered crash'], [0, 0, 0]]);
    for (const c of [0, 1, 2])
      expect([p.value('crash_vmcleared', c), p.value('cr4_vmxe', c), p.value('vmxon', c)]).toEqual([1, 0, 0]);
  });

  it('AMD: VM_HSAVE_PA and EFER.SVME', () => {
    const p = die(kernel, 'amd', 'kdump');
    for (const c of [0, 1, 2]) expect([p.value('vm_hsave_pa', c), p.value('efer_svme', c)]).toEqual([0, 0]);
    expect(p.value('crash_vmcleared', 0)).toBe(0);
  });

  it('a CPU that has left VMX operation by itself: CR4.VMXE tells, and it is cleared', () => {
    const p = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', '  a = create vm', '  vmx_off cpu2', '  kdump');
    expect([p.value('cr4_vmxe', 2), p.value('crash_vmcleared', 2), p.value('crash_vmcleared', 1)]).toEqual([0, 0, 1]);
  });

  it('kvm_rebooting is set from v6.12 on, by the callback', () => {
    expect(die(kernel, 'intel', 'kdump').value('kvm_rebooting')).toBe(
      E3.includes(kernel) || E5.includes(kernel) ? 1 : 0,
    );
  });
});

describe.each(ALL)('%s, the panic restarts the machine', (kernel) => {
  it('Intel: VMXOFF on every CPU', () => {
    expect(on(die(kernel, 'intel', 'panic_restart'))).toEqual([0, 0, 0]);
  });
  it('AMD: up to v6.2 nobody looks at SVM, and it stays on', () => {
    const stays = E1.includes(kernel) ? 1 : 0;
    expect(on(die(kernel, 'amd', 'panic_restart'))).toEqual([stays, stays, stays]);
  });
  it('the VMCSs: up to v6.3 only a crash kernel has them cleared; the callback does it each time', () => {
    const by = E3.includes(kernel) || E5.includes(kernel) ? 1 : 0;
    expect(die(kernel, 'intel', 'panic_restart').value('crash_vmcleared', 1)).toBe(by);
  });
});

describe('who is asked (facts 4.3e, 4.5)', () => {
  const foreign = (kernel: string): Played =>
    play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel enable_virt_at_load=0', '  kdump', 'hardware cpu1 foreign_vmx=1'); // prettier-ignore
  it.each(E3)('%s: nobody, while KVM does not want virtualization: CR4.VMXE of another stays', (kernel) => {
    expect([foreign(kernel).value('cr4_vmxe', 1), foreign(kernel).value('kvm_rebooting')]).toEqual([1, 0]);
  });
  it.each([...E1, ...E2, ...E5])('%s: the CPU itself', (kernel) => {
    const lines = ['q: modprobe kvm_intel', '  kdump', 'hardware cpu1 foreign_vmx=1'];
    const p = E5.includes(kernel) ? foreign(kernel) : play(kernel, 'intel, cpus 2', ...lines);
    expect(p.value('cr4_vmxe', 1)).toBe(0);
  });
  it.each(E5)('%s: with no page for VMX at boot the core does nothing (facts 4.5)', (kernel) => {
    const p = play(kernel, 'intel, cpus 2', 'q: kdump', 'hardware x86_virt_ops=0, foreign_vmx=1');
    expect([p.value('cr4_vmxe', 1), p.value('kvm_rebooting')]).toEqual([1, 0]);
  });
});

describe('TDX (facts 4.5; tdx 3.5)', () => {
  it.each(['v7.1', 'v7.2', 'v7.3'])(
    '%s: VMX goes though KVM never was there; from v7.2 on the module is wiped',
    (kernel) => {
      const t = playTdx(kernel, ['q: kdump']);
      expect([0, 1, 2].map((c) => t.probe('virt_on', c))).toEqual([0, 0, 0]);
      expect(t.probe('tdx_ready')).toBe(kernel === 'v7.1' ? 1 : 0);
    },
  );
});

describe('the TSC pass of an enable (facts 6.6)', () => {
  const add = (kernel: string, ...more: string[]): Played =>
    play(kernel, 'intel, cpus 2 + 1 hot-addable', 'q: modprobe kvm_intel', '  a = create vm', '  create_vcpu a.vcpu0', '  b = create vm', '  hotadd cpu2', '  online cpu2', '  c = create vm', '  create_vcpu c.vcpu0', ...more); // prettier-ignore
  const seen = (p: Played): number[][] => [
    [0, 1, 2].map((vm) => p.value('backwards_tsc_observed', vm)),
    [0, 1, 2].map((vcpu) => p.value('tsc_adjusted', vcpu)),
  ];

  it.each([...E1, ...E2, ...E3, ...E5])(
    '%s: a CPU that is behind: every VM of then and every vCPU of then',
    (kernel) => {
      const p = add(kernel, 'hardware cpu2 tsc_behind=1');
      expect([p.results('q')[5], seen(p)]).toEqual([1, [[1, 1, 0], [1, 0, 0]]]); // prettier-ignore
    },
  );
  it.each(ALL)('%s: not where it is not behind, nor where the TSC is not stable', (kernel) => {
    const none = [[0, 0, 0], [0, 0, 0]]; // prettier-ignore
    expect(seen(add(kernel))).toEqual(none);
    expect(seen(add(kernel, 'hardware cpu2 tsc_behind=1', 'hardware tsc_unstable=1'))).toEqual(none);
  });
  it.each(ALL)('%s: nor where the enable fails', (kernel) => {
    const p = add(kernel, 'hardware cpu2 tsc_behind=1', 'fault cpu2 kvm_arch_hardware_enable returns -EIO');
    expect(seen(p)[0]!.slice(0, 2)).toEqual([0, 0]);
  });
});
