/** Designs of KVM, each a patch over an era, against what their messages and the fact sheet say of them (facts 11). */
import { describe, expect, it } from 'vitest';
import { run, type RunResult } from '../machine/run';
import { load } from './load';

function play(kernel: string, vendor: 'intel' | 'amd', ...lines: readonly string[]): RunResult {
  const text = ['litmus t', `kernel ${kernel}`, `machine ${vendor}, cpus 3 + 1 hot-addable`, ...lines, ''].join('\n');
  const loaded = load(text, 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const result = run(loaded.program);
  expect(result.error).toBeNull();
  return result;
}

const effects = (r: RunResult) => [...r.history.effects.values()].flat();
const log = (r: RunResult): string[] => effects(r).flatMap((e) => (e.kind === 'log' ? [e.text] : []));
const oopses = (r: RunResult): string[] =>
  effects(r).flatMap((e) => (e.kind === 'oops' ? [`${e.instruction} on CPU ${e.cpu}`] : []));

/** Results of an actor's actions in order; null where one never returned. */
function results(r: RunResult, actor: string): (number | null)[] {
  const index = r.program.actors.findIndex((a) => a.name === actor);
  const out: (number | null)[] = r.program.actors[index]!.actions.map(() => null);
  for (const e of effects(r)) if (e.kind === 'action' && !e.begin && e.actor === index) out[e.index] = e.result;
  return out;
}

const VM = ['q: modprobe kvm_intel', '   a = create vm', '   run a'];
const BAD = ['admin: hotadd cpu3', '       online cpu3 after run a', '       affine a.vcpu0 to cpu3'];
const EIO = -5;
const EINVAL = -22;

const INCOMPATIBLE = 'hardware cpu3 vmcs_config=2';
const ENABLE_FAILS = 'fault cpu3 kvm_arch_hardware_enable returns -EIO';

describe('bug-the-vm (facts 11 A)', () => {
  it.each(['intel', 'amd'] as const)('%s: the VM dies loudly, the host and the CPU go on (A2-A5)', (vendor) => {
    const r = play('bug-the-vm', vendor, `q: modprobe kvm_${vendor}`, ...VM.slice(1), ...BAD, '       offline cpu2', '       vcpu_ioctl a.vcpu0', ENABLE_FAILS); // prettier-ignore
    expect(results(r, 'admin')).toEqual([0, 1, 0, 1, EIO]);
    expect([oopses(r), r.machine.probe('vm_is_dead', 0), r.machine.probe('online', 3)]).toEqual([[], 1, 1]);
    expect(log(r)).toContain('WARNING: arch/x86/kvm/x86.c kvm_arch_vcpu_load');
  });

  it('other VMs live, and the next one that is placed there dies too', () => {
    const admin = ['admin: hotadd cpu3', '       online cpu3 after run c', '       affine a.vcpu0 to cpu3', '       affine c.vcpu0 to cpu3']; // prettier-ignore
    const vms = ['   b = create vm', '   run b', '   affine b.vcpu0 to cpu0', '   c = create vm', '   run c'];
    const r = play('bug-the-vm', 'intel', ...VM, ...vms, ...admin, ENABLE_FAILS); // prettier-ignore
    expect([0, 1, 2].map((vm) => r.machine.probe('vm_is_dead', vm))).toEqual([1, 0, 1]);
    expect(oopses(r)).toEqual([]);
  });

  it('closing the fds of the dead VM frees it: nothing of it is touched on the bad CPU (A6)', () => {
    const r = play(
      'bug-the-vm',
      'intel',
      ...VM,
      ...BAD,
      '       offline cpu2',
      '       destroy a',
      '       rmmod kvm_intel',
      ENABLE_FAILS,
    );
    expect([results(r, 'admin').slice(4), oopses(r)]).toEqual([[0, 0], []]);
  });
});

describe('pin-in-userspace (facts 11 B)', () => {
  it('a pinned vCPU is not moved to the CPU by anything but another mask', () => {
    const r = play('pin-in-userspace', 'intel', ...VM, ...BAD.slice(0, 2), ENABLE_FAILS);
    expect([oopses(r), r.machine.probe('loaded', 0, 3)]).toEqual([[], 0]);
  });

  it('hole: the CPU of the pinned vCPU goes away, its mask becomes all CPUs for good, and it meets the bad one', () => {
    const r = play('pin-in-userspace', 'intel', 'q: modprobe kvm_intel', '   offline cpu2', '   a = create vm', '   run a, halting', 'admin: hotadd cpu3', '       online cpu3 after run a', '       offline cpu1', '       online cpu1', '       offline cpu0', '       offline cpu1', ENABLE_FAILS); // prettier-ignore
    expect(results(r, 'admin')).toEqual([0, 1, 1, 1, 1, 1]);
    expect(log(r).filter((line) => line.includes('affine'))).toEqual([expect.stringMatching(/^process \d+ \(a\.vcpu0\) no longer affine to cpu[01]$/)]); // prettier-ignore
    // the mask that it had does not come back: with cpu0 and cpu1 gone only the bad CPU is left
    expect(oopses(r)).toEqual(['VMPTRLD on CPU 3']);
  });
});

describe('when to refuse an incompatible CPU: the same write, no VM (facts 11 D)', () => {
  const noVm = (kernel: string): RunResult =>
    play(
      kernel,
      'intel',
      'q: modprobe kvm_intel',
      '   hotadd cpu3',
      '   online cpu3',
      '   a = create vm',
      INCOMPATIBLE,
    );

  it('D1, chao-v1: let in, and no VM can be made any more (message 20211227081515.2088920-7-chao.gao@intel.com)', () => {
    const r = noVm('chao-v1');
    expect(results(r, 'q')).toEqual([0, 0, 1, EIO]);
    expect(log(r)).toContain('kvm: prohibit VM creation due to incompatible CPU3');
  });

  it('D2, chao-v4: refused (message 20220216031528.92558-7-chao.gao@intel.com)', () => {
    const r = noVm('chao-v4');
    expect(results(r, 'q')).toEqual([0, 0, EIO, 0]);
    expect(log(r)).toContain('kvm: CPU 3 feature inconsistency!');
  });

  it('D3, v6.3: let in; D4, v6.12: refused', () => {
    expect(results(noVm('v6.3'), 'q').slice(0, 3)).toEqual([0, 0, 1]);
    expect(results(noVm('v6.12'), 'q')).toEqual([0, 0, EIO, 0]);
  });

  it.each(['chao-v1', 'chao-v4', 'check-in-callback', 'v6.3', 'v6.12'])(
    '%s: with a VM the CPU is refused',
    (kernel) => {
      const r = play(kernel, 'intel', ...VM, ...BAD, INCOMPATIBLE);
      expect(results(r, 'admin')).toEqual([0, EIO, EINVAL]);
    },
  );

  it('chao-v1 never clears hardware_enable_failed: after one refusal a good CPU is refused, too', () => {
    const lines = ['admin: offline cpu2 after run a', '       hotadd cpu3', '       online cpu3', '       online cpu2'];
    expect(results(play('chao-v1', 'intel', ...VM, ...lines, ENABLE_FAILS), 'admin')).toEqual([1, 0, EIO, EIO]);
    expect(results(play('chao-v4', 'intel', ...VM, ...lines, ENABLE_FAILS), 'admin')).toEqual([1, 0, EIO, 1]);
  });
});

describe('check-in-callback (message 8)', () => {
  it('a bad CPU that is up when the module loads: the load fails, and the state is gone again (facts 3.6)', () => {
    const r = play('check-in-callback', 'intel', 'q: hotadd cpu3', '   online cpu3', '   modprobe kvm_intel', '   offline cpu3', '   modprobe kvm_intel', INCOMPATIBLE); // prettier-ignore
    expect(results(r, 'q')).toEqual([0, 1, EIO, 1, 0]);
  });
});

it('irqsave-in-online: the callback runs with interrupts off and refuses as before (facts 11 H)', () => {
  const r = play('irqsave-in-online', 'intel', ...VM, ...BAD, ENABLE_FAILS);
  expect([results(r, 'admin'), oopses(r)]).toEqual([[0, EIO, EINVAL], []]);
});

describe('vmxon-at-start (message 20250909182828.1542362-1-xin@zytor.com)', () => {
  it('a CPU is in VMX operation for as long as it is online, with no KVM at all', () => {
    const r = play('vmxon-at-start', 'intel', 'admin: offline cpu2', '       hotadd cpu3', '       online cpu3');
    expect(results(r, 'admin')).toEqual([1, 0, 1]);
    expect([0, 1, 2, 3].map((c) => r.machine.probe('virt_on', c))).toEqual([1, 1, 0, 1]);
  });

  it('VMXON faults: the start says it and goes on; KVM, where it is loaded, refuses the CPU', () => {
    const r = play('vmxon-at-start', 'intel', ...VM, ...BAD, 'fault cpu3 VMXON returns 1');
    expect(results(r, 'admin')).toEqual([0, EIO, EINVAL]);
    expect(log(r)).toContain('VMXON faulted on CPU3');
    expect(oopses(r)).toEqual([]);
  });

  it('and without KVM the CPU comes online without VMX', () => {
    const r = play('vmxon-at-start', 'intel', 'admin: hotadd cpu3', '       online cpu3', 'fault cpu3 VMXON returns 1');
    expect(results(r, 'admin')).toEqual([0, 1]);
    expect(r.machine.probe('virt_on', 3)).toBe(0);
  });
});

describe('lazy-enable (facts 6.3, last column; 11 J; captures 6.12/s5_evl0, 6.12/v3b)', () => {
  const bad = 'fault cpu3 kvm_arch_hardware_enable returns -EIO';

  it.each(['intel', 'amd'] as const)(
    '%s: a bad CPU goes online while no VM is there, and the first VM gets EIO',
    (vendor) => {
      const r = play('lazy-enable', vendor, `q: modprobe kvm_${vendor}`, '   hotadd cpu3', '   online cpu3', '   a = create vm', bad); // prettier-ignore
      expect(results(r, 'q')).toEqual([0, 0, 1, EIO]);
    },
  );

  it.each(['intel', 'amd'] as const)('%s: with a VM the CPU is refused', (vendor) => {
    const r = play('lazy-enable', vendor, `q: modprobe kvm_${vendor}`, ...VM.slice(1), ...BAD, bad);
    expect(results(r, 'admin')).toEqual([0, EIO, EINVAL]);
  });
});
