import { expect, it } from 'vitest';
import { galleryText } from './gallery';
import { allProblems } from './all-problems';
import { setKernel } from './edit';

const TEXT = setKernel(galleryText('kevin-2021-11-30')!, 'mine');
const patch = (source: string) => ({ file: 'mine.kern', source });

it('finds what is wrong in each function, in the order in which it is met, each at its place', () => {
  const source = [
    'proposal mine over v5.15',
    'replace fn kvm_starting_cpu(cpu) "x" {',
    '  no_such = 1',
    '}',
    'replace fn kvm_arch_hardware_enable(cpu) "x" {',
    '  lock no_lock',
    '  return mine(cpu)',
    '}',
    'fn mine(cpu) "x" {',
    '  return nobody_knows + 1',
    '}',
    'replace fn kvm_arch_vcpu_load(vcpu) "x" {',
    '  mine(cpu_of(vcpu))',
    '}',
    '',
  ].join('\n');
  const found = allProblems(TEXT, 'litmus', patch(source));
  expect(found.every((p) => p.file === 'mine.kern')).toBe(true);
  expect(found.map((p) => p.line).sort((a, b) => a - b)).toEqual(expect.arrayContaining([3, 6, 10]));
  expect(new Set(found.map((p) => `${p.line}:${p.column}`)).size).toBe(found.length);
});

it('finds nothing where the text runs, and stops where a problem is not of the change', () => {
  expect(allProblems(TEXT, 'litmus', patch('proposal mine over v5.15\n'))).toEqual([]);
  const gone = allProblems(TEXT, 'litmus', patch('proposal mine over v5.15\nremove fn hardware_enable_nolock\n'));
  expect(gone.length).toBeGreaterThan(0);
  expect(gone.length).toBeLessThanOrEqual(10);
});
