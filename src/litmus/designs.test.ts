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
