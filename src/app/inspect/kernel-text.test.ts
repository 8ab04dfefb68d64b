import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernel, loadKernelTexts, PROPOSALS } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { makeRun, type RunView } from '../store/run-view';
import { lineDiff, linesAt, passagesOf, patchOf, type Patch } from './kernel-text';

const base = (name: string) => {
  const loaded = loadKernel(name);
  return loaded.ok ? loaded.kernel : null;
};

describe('a patch of lines', () => {
  it('gives the one side without what was added, and the other without what was taken away', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (x, y) => {
        const lines = lineDiff(x, y);
        expect(lines.filter((l) => l.sign !== '+').map((l) => l.text)).toEqual(x);
        expect(lines.filter((l) => l.sign !== '-').map((l) => l.text)).toEqual(y);
      }),
    );
  });
});

describe('the kernel text of a run', () => {
  let run: RunView;
  beforeAll(async () => {
    await loadKernelTexts();
    const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus');
    if (!made.ok) throw new Error(made.problems[0]!.message);
    run = made.view;
  });

  it('is whole functions, from their heading to their closing brace', () => {
    const passages = passagesOf(run);
    expect(passages.length).toBeGreaterThan(40);
    for (const { name, lines } of passages) {
      expect(lines[0]).toMatch(new RegExp(`\\b(fn|action) ${name}\\b`));
      const text = lines.join('\n').replace(/"[^"]*"|#.*/g, '');
      expect(text.split('{').length, `${name}: ${lines.join('\n')}`).toBe(text.split('}').length);
    }
  });

  it('every step of a text is on a line of one of them, calls included', () => {
    const passages = passagesOf(run);
    let found = 0;
    for (let done = 1; done <= run.steps; done++)
      for (const { file, line } of linesAt(run, done)) {
        found++;
        const inside = passages.some((p) => p.file === file && line >= p.line && line < p.line + p.lines.length);
        if (!inside) expect(file, `${file}:${line} of step ${done}`).toBe('litmus');
      }
    expect(found).toBeGreaterThan(run.steps);
  });
});

describe('what a design changes', () => {
  beforeAll(() => loadKernelTexts());

  it('is shown against the kernel that it patches', () => {
    const patch = patchOf('move-to-online', base) as Patch;
    expect(patch.over).toBe('v5.15');
    const removed = patch.hunks.find((h) => h.name === 'CPUHP_AP_KVM_STARTING')!;
    expect(removed.lines.map((l) => l.sign)).toContain('-');
    expect(removed.lines.map((l) => l.sign)).not.toContain('+');
    const added = patch.hunks.find((h) => h.name === 'kvm_online_cpu')!;
    expect(new Set(added.lines.map((l) => l.sign))).toEqual(new Set(['+']));
  });

  it('is something, for every design; a kernel that stands by itself has none', () => {
    for (const name of PROPOSALS) {
      const patch = patchOf(name, base);
      expect(patch, name).not.toBeNull();
      expect(patch!.title, name).not.toBe('');
    }
    expect(patchOf('v5.15', base)).toBeNull();
  });
});
