import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { makeRun, type RunView } from '../store/run-view';
import { linesAt, shortFile } from './kernel-text';
import { kernelOf } from './sources';

describe('the kernel text of a run', () => {
  let run: RunView;
  beforeAll(async () => {
    await loadKernelTexts();
    const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus');
    if (!made.ok) throw new Error(made.problems[0]!.message);
    run = made.view;
  });

  it('has every step of a text on a line of its function, and each call on one of the caller’s', () => {
    const { fns } = kernelOf(run.program)!;
    let found = 0;
    for (let done = 1; done <= run.steps; done++) {
      const { pc } = run.history.step(done - 1);
      let frame = run.program.code[pc]!.frame;
      for (const { file, line } of linesAt(run, done)) {
        const fn = fns.get(run.program.frames[frame]?.fn ?? '');
        if (fn && file !== 'litmus') {
          found++;
          expect(file).toBe(fn.place.file);
          expect(line).toBeGreaterThanOrEqual(fn.place.line);
        }
        frame = run.program.frames[frame]?.parent ?? -1;
      }
    }
    expect(found).toBeGreaterThan(run.steps);
  });

  it('has short names for its files', () => {
    expect(shortFile('kernels/parts/kvm-e1.kern')).toBe('kvm-e1.kern');
    expect(shortFile('your change')).toBe('your change');
  });
});
