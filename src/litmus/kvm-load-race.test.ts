/**
 * The check of all CPUs when kvm_intel is loaded, and a CPU that comes meanwhile (message 8; facts 4.1a R1): one schedule,
 * led by hand. R2 and R3 need no race and stand in kvm-enable and kvm-run.
 */
import { describe, expect, it } from 'vitest';
import { Head } from '../language/program';
import { Machine, type Transition } from '../machine/machine';
import { load } from './load';

class Led {
  readonly machine: Machine;
  readonly log: string[] = [];
  private readonly contexts: ReadonlyMap<string, number>;

  constructor(kernel: string) {
    const text = ['litmus t', `kernel ${kernel}`, 'machine intel, cpus 2 + 1 hot-addable', 'q: modprobe kvm_intel', '  a = create vm', 'admin: hotadd cpu2', '  online cpu2', 'hardware cpu2 vmcs_config=1', '']; // prettier-ignore
    const loaded = load(text.join('\n'), 't.litmus');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
    this.machine = new Machine(loaded.program);
    this.contexts = new Map(loaded.program.contexts.map((c, x) => [c.name, x]));
  }

  /** Takes any transition but those of `held`, until `done`; false where nothing is left to take. */
  go(held: readonly string[], done: () => boolean): boolean {
    const not = held.map((name) => this.contexts.get(name)!);
    for (let n = 0; n < 50_000; n++) {
      if (done()) return true;
      const next: Transition | undefined = this.machine.enabled().find((t) => (t.kind === 'preempt') === not.includes(t.context)); // prettier-ignore
      if (!next) return false;
      this.machine.apply(next);
      for (const e of this.machine.effects) if (e.kind === 'log') this.log.push(e.text);
    }
    throw new Error('runs in circles');
  }

  /** Whether a task stands in a function. */
  standsIn(task: string, fn: string): boolean {
    const { program } = this.machine;
    const x = this.contexts.get(task)!;
    if (this.machine.head(x, Head.pc) === 0) return false;
    for (let f = this.machine.instrOf(x).frame; f >= 0; f = program.frames[f]!.parent)
      if (program.frames[f]!.fn === fn) return true;
    return false;
  }

  online = (): boolean => this.machine.probe('active', 2) === 1;
}

/** CPU 2 comes online when both CPUs have been asked and before the callback is registered. */
function lateCpu(kernel: string): Led {
  const led = new Led(kernel);
  expect(led.go(['admin'], () => led.standsIn('q', 'kvm_check_each_cpu'))).toBe(true);
  expect(led.go(['admin'], () => !led.standsIn('q', 'kvm_check_each_cpu'))).toBe(true);
  expect(led.go(['q'], led.online)).toBe(true);
  led.go([], () => false);
  return led;
}

describe('R1: online after the check and before the registration (facts 4.1a R1, 10)', () => {
  it.each(['v5.15', 'v6.1', 'v6.1.192'])('%s: never asked, and the first VM switches VMX on there', (kernel) => {
    const led = lateCpu(kernel);
    expect([led.machine.probe('vm_held', 0), led.machine.probe('virt_on', 2)]).toEqual([1, 1]);
    expect(led.log.some((l) => l.includes('inconsistency'))).toBe(false);
  });

  it('v6.3: the loop is as it was, but each enable asks again: the first VM is refused', () => {
    const led = lateCpu('v6.3');
    expect([led.machine.probe('vm_held', 0), led.machine.probe('virt_on', 0)]).toEqual([0, 0]);
    expect(led.log).toContain('kvm_intel: Inconsistent VMCS config on CPU 2');
    expect(led.log).toContain('kvm: enabling virtualization on CPU2 failed');
  });
});
