import { describe, expect, it } from 'vitest';
import { kernelSource, kernelText, PROPOSALS } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { setKernel } from '../../litmus/edit';
import { linesAt } from '../inspect/kernel-text';
import { makeRun } from '../store/run-view';
import { changeTo, docOf, Lines } from './kernel-doc';

const TEXT = galleryText('kevin-2021-11-30')!;
/** Does a design declare anything? Some only say that nothing changes. */
const declares = (name: string): boolean => {
  const { fns, lets, vars, states, bases } = kernelText(name)!;
  return [fns, lets, vars, states, bases].some((list) => list.length > 0);
};

describe('the text that the editor shows', () => {
  it('has a line for every step of a run, and that line is the one of the file', () => {
    for (const kernel of ['v5.15', 'move-to-online', 'v6.12']) {
      const made = makeRun(setKernel(TEXT, kernel), 'litmus');
      if (!made.ok) throw new Error(made.problems[0]!.message);
      const doc = docOf(kernel, '')!;
      const shown = doc.text.split('\n');
      for (let done = 1; done <= made.view.steps; done++)
        for (const { file, line } of linesAt(made.view, done)) {
          if (file === 'litmus') continue;
          const at = doc.lines.lineOf(file, line);
          expect(at, `${file}:${line} of ${kernel}`).toBeGreaterThan(0);
          const there = kernelSource(file)!.split('\n')[line - 1]!;
          expect(there.endsWith(shown[at - 1]!)).toBe(true);
          expect(doc.lines.originOf(at)).toMatchObject({ file, line });
        }
    }
  });

  it('differs from the kernel below, for every design that changes something', () => {
    for (const name of PROPOSALS) {
      const doc = docOf(name, '')!;
      const head = (text: string): string => text.replace(/^proposal .*$|^#.*$|\n/gm, '');
      expect(head(doc.text) !== head(doc.era.text), name).toBe(declares(name));
    }
    const era = docOf('v5.15', '')!;
    expect(era.text).toBe(era.era.text);
  });

  it('of a change has the lines of the change', () => {
    const doc = docOf('v5.15', '')!;
    const edited = doc.text.replace(
      '  ret = kvm_arch_hardware_enable(cpu)\n',
      '  # looked at\n  ret = kvm_arch_hardware_enable(cpu)\n',
    );
    const made = changeTo(doc, edited);
    const lines = new Lines(made.origins);
    const patch = made.text.split('\n');
    const at = edited.split('\n').indexOf('  # looked at') + 1;
    const { file, line } = lines.originOf(at)!;
    expect([file, patch[line - 1]]).toEqual(['your change', '  # looked at']);
    expect(lines.shown({ file, line, column: 3 })).toEqual({ line: at, column: 3 });
    // the head of the function is longer in the patch: "replace " stands before it
    const fn = edited.split('\n').indexOf('fn hardware_enable_nolock(cpu) "virt/kvm/kvm_main.c; facts 4.1b4" {') + 1;
    expect(lines.shown({ file, line: lines.originOf(fn)!.line, column: 12 })).toEqual({ line: fn, column: 4 });
    expect(docOf(doc.head.name, made.text)).toMatchObject({ own: true, text: edited });
  });
});
