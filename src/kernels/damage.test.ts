/** Shipped texts with damage in them: whatever a user does to one in the editor is answered with a place in it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../language/compile';
import type { Setup } from '../language/setup';
import { run } from '../machine/run';
import { kernelSource, loadKernel } from './index';

const SETUP: Setup = {
  cpus: 2,
  booted: 2,
  present: 2,
  packages: 1,
  params: [],
  hardware: [],
  vendor: 'intel',
  vms: [{ name: 'vm0', vcpus: 1, spins: false, halts: false, td: false }],
  actors: [],
  faults: [],
  question: null,
};

const FILES = ['cpuhp', 'hotplug-walk', 'sysfs', 'suspend', 'sched', 'vcpu', 'x86', 'acpi'].map(
  (name) => `kernels/parts/${name}.kern`,
);
const words = [
  '{',
  '}',
  '(',
  ')',
  '\n',
  'lock',
  'fn',
  'cpu',
  '=',
  'if',
  'loop',
  'return',
  '1',
  'this',
  '"',
  'x',
  'atomic',
  '-',
  'await',
  ',',
];

describe('a damaged text', () => {
  it('is answered with a place inside it, or runs without breaking the machine', () => {
    const edit = fc.tuple(fc.nat(100_000), fc.nat(8), fc.array(fc.constantFrom(...words), { maxLength: 2 }));
    fc.assert(
      fc.property(fc.constantFrom(...FILES), fc.array(edit, { minLength: 1, maxLength: 2 }), (file, edits) => {
        let source = kernelSource(file)!;
        for (const [where, cut, put] of edits) {
          const at = where % source.length;
          source = source.slice(0, at) + put.join(' ') + source.slice(at + cut);
        }
        const kernel = loadKernel('v5.15', [{ file, source }]);
        const compiled = kernel.ok ? compile(kernel.kernel, SETUP) : kernel;
        if (compiled.ok) {
          // an error of the text ends a run; anything else that is thrown is ours
          run(compiled.program, { maxSteps: 2_000 });
          return;
        }
        for (const p of compiled.problems) {
          const lines = (p.file === file ? source : (kernelSource(p.file) ?? source)).split('\n');
          expect(p.line).toBeLessThanOrEqual(lines.length);
          expect(p.column).toBeLessThanOrEqual(lines[p.line - 1]!.length + 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
