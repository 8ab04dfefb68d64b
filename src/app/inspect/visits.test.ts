import { beforeAll, describe, expect, it } from 'vitest';
import { kernelSource, loadKernelTexts } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { makeRun, type RunView } from '../store/run-view';
import { linesAt } from './kernel-text';
import { kernelOf } from './sources';
import { valueAt } from './value-at';
import { nextVisit } from './visits';

let run: RunView;
beforeAll(async () => {
  await loadKernelTexts();
  const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus');
  if (!made.ok) throw new Error(made.problems[0]!.message);
  run = made.view;
});

/** Where the callback is declared, and from there on the lines of its text. */
function callback() {
  const { file, line } = kernelOf(run.program)!.fns.get('kvm_starting_cpu')!.place;
  return {
    file,
    line,
    lines: kernelSource(file)!
      .split('\n')
      .slice(line - 1),
  };
}

describe('running to a line', () => {
  it('comes to every line that a step is on, at that step or before it, and forwards as backwards', () => {
    for (let done = 1; done <= run.steps; done += 7) {
      const { file, line } = linesAt(run, done)[0] ?? {};
      if (file === undefined || line === undefined) continue;
      expect(nextVisit(run, file, line, done - 1), `${file}:${line}`).toBe(done);
      expect(nextVisit(run, file, line, done + 1, -1), `${file}:${line}`).toBe(done);
    }
  });

  it('counts a call when it begins, and not each step within it', () => {
    const passage = callback();
    const call = passage.line + passage.lines.findIndex((l) => /hardware_enable_nolock\(cpu\)/.test(l));
    const first = nextVisit(run, passage.file, call, 0)!;
    expect(run.history.step(first - 1).cpu).toBe(4);
    // Of five CPUs only CPU 4 comes up in this run, and once.
    expect(nextVisit(run, passage.file, call, first)).toBeNull();
    expect(nextVisit(run, passage.file, call, run.steps + 1, -1)).toBe(first);
  });

  it('finds nothing for a line that holds no code, and for one that the run never comes to', () => {
    expect(nextVisit(run, 'kernels/parts/kvm-e1.kern', 1, 0)).toBeNull();
    const passage = callback();
    expect(nextVisit(run, passage.file, passage.line + 1, run.steps)).toBeNull();
  });
});

describe('the value of a variable now', () => {
  it('is whole for a mask, one for a global, and by owner for what each CPU has', () => {
    // Facts 4.1b4: the failed enable clears the CPU's bit again and counts the failure.
    expect(valueAt(run, 'cpus_hardware_enabled', run.steps)?.text).toBe('0-3');
    expect(valueAt(run, 'hardware_enable_failed', run.steps)?.text).toBe('1');
    expect(valueAt(run, 'hardware_enable_failed', 0)?.text).toBe('0');
    expect(valueAt(run, 'vmxon', run.steps)?.text).toBe('CPU 0-3: true; CPU 4: false');
    expect(valueAt(run, 'vmxon', 0)?.text).toBe('CPU 0-4: false');
  });

  it('tells a lock by its holder, and no name that is neither', () => {
    const { step } = run.outcome.oops[0]!;
    expect(valueAt(run, 'kvm_lock', step)?.text).toBe('free');
    expect(valueAt(run, 'no_such_thing', step)).toBeNull();
  });
});
