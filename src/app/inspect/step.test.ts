import { describe, expect, it } from 'vitest';
import { galleryText } from '../../litmus/gallery';
import { makeRun, type RunView } from '../store/run-view';
import { setText } from '../../language/names';
import { stepView } from './step';

function viewOf(name: string): RunView {
  const made = makeRun(galleryText(name)!, 'litmus');
  if (!made.ok) throw new Error(made.problems[0]!.message);
  return made.view;
}

const run = viewOf('kevin-2021-11-30');

describe('a step as the inspector shows it', () => {
  it('is the same whichever way one comes to it', () => {
    const forward = Array.from({ length: run.steps + 1 }, (_, n) => stepView(run, n));
    for (let n = run.steps; n >= 0; n--) expect(stepView(run, n)).toEqual(forward[n]);
  });

  it('before the first step there is only the state', () => {
    const start = stepView(run, 0);
    expect(start.number).toBe(0);
    expect(start.stack).toEqual([]);
    expect(start.variables[0]!.title).toBe('Kernel');
  });

  it('tells the failed enable with its stack, its line and what it leaves', () => {
    const { step } = run.outcome.log.find((l) => /enabling virtualization/.test(l.text))!;
    const view = stepView(run, step + 1);
    expect(view.cpu).toBe(4);
    expect(view.task).toBe('swapper/4');
    expect(view.context).toContain('interrupts off');
    const names = view.stack.map((s) => s.fn);
    expect(names[0]).toBe('hardware_enable_nolock');
    expect(names).toContain('kvm_starting_cpu');
    // What follows a failed enable is one step: the bit is cleared, the failure counted, the line printed (facts 4.1b4).
    expect(view.line?.text).toBe('clear cpu in cpus_hardware_enabled');
    const after = stepView(run, run.steps);
    const kernel = new Map(after.variables[0]!.values.map((v) => [v.name, v.value]));
    expect(kernel.get('hardware_enable_failed')).toBe('1');
    expect(kernel.get('cpus_hardware_enabled')).toBe('0-3');
  });

  it('tells the oops aloud, and where it struck', () => {
    const { step } = run.outcome.oops[0]!;
    const view = stepView(run, step + 1);
    expect(view.events.find((e) => e.loud === 'oops')?.text).toContain('BUG in kvm_spurious_fault');
    expect(view.stack.map((s) => s.fn)).toContain('vmx_vcpu_load_vmcs');
    const cpu = view.variables.find((v) => v.title === 'CPU 4')!;
    expect(cpu.values.find((v) => v.name === 'vmxon[4]')?.value).toBe('false');
  });

  it('names what changed, with both values, and marks it among the variables', () => {
    for (let n = 1; n <= run.steps; n++) {
      const view = stepView(run, n);
      for (const change of view.changes) expect(change.before).not.toBe(change.after);
      const marked = view.variables.flatMap((s) => s.values.filter((v) => v.changed).map((v) => v.name));
      for (const name of marked) expect(view.changes.map((c) => c.name)).toContain(name);
    }
  });
});

it('says which step made a variable what it is', () => {
  for (let n = 0; n <= run.steps; n += 11)
    for (const { values } of stepView(run, n).variables)
      for (const { name, value, set } of values) {
        expect(set, name).toBeLessThanOrEqual(n);
        if (set > 0) expect(stepView(run, set).changes.map((c) => [c.name, c.after])).toContainEqual([name, value]);
      }
});

it('prints a mask as the kernel does', () => {
  const of = (...set: number[]): string => setText(8, (i) => set.includes(i));
  expect(of()).toBe('empty');
  expect(of(0, 1, 2, 3, 5)).toBe('0-3,5');
  expect(of(7)).toBe('7');
});
