/** The model against captures of real kernels: those of the repository, and a folder of others where one is named. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { load } from '../litmus/load';
import { conform } from './conform';
import { CATEGORIES } from './report';
import { capturesIn, PUBLIC, readCapture } from './testing/captures';

beforeAll(() => loadKernelTexts());

const told = (r: ReturnType<typeof conform>['report']): string[] =>
  r.differences.map((d) => `[${d.category}] ${d.at} ${d.what} | kernel: ${d.kernel} | model: ${d.model}`);

async function agrees(name: string, root: string): Promise<void> {
  const { report } = conform(await readCapture(name, {}, root));
  expect(told(report)).toEqual([]);
  expect(report.agrees).toBe(true);
  // every line that is there to be compared was met
  expect(report.reached.lines).toBe(report.reached.of);
  for (const c of CATEGORIES) expect(report.categories[c].matched).toBe(report.categories[c].compared);
  // what was allowed to go uncompared, and nothing else
  for (const { what } of report.uncompared) expect(UNCOMPARED).toContain(what);
}

/** Everything that may be left out of a comparison. */
const UNCOMPARED = [
  'turns of the run loop',
  "the rig's own: ioctls of its VMM beside KVM_CREATE_VM, KVM_CREATE_VCPU and KVM_RUN",
  "the rig's own: what its script and its fault modules print",
  'nameless addresses',
  'addresses: registers and stacks of oops reports',
  'kvmclock kicks',
  'load banners',
  'log lines of other parts of the kernel (none tells of a death, a hang or a warning)',
  'power-off',
  'return values that one of the two does not tell',
  'CR4.VMXE of a CPU where the injection itself has set it',
];

describe('captures of the repository', () => {
  it.each(capturesIn(PUBLIC))('%s: the model follows it to the end', (name) => agrees(name, PUBLIC));

  it('what a capture shows is compared: none of the counts is empty where the capture has something', async () => {
    const { report } = conform(await readCapture('6.1/v2c'));
    // its README: three deaths, one hung call (the third VM), and the host that does not answer
    expect(report.categories.deaths.compared).toBe(3 * 5 + 2 + 3); // preempt_count is not told of the third
    expect(report.categories.end.compared).toBe(1);
    expect(report.assumptions.join()).toContain('VM C');
  });

  it.each(capturesIn(PUBLIC))('%s: the derived text is a litmus text', async (name) => {
    const { report } = conform(await readCapture(name));
    const loaded = load(report.litmus, 'derived.litmus');
    expect(loaded.ok ? [] : loaded.problems).toEqual([]);
    expect(report.litmus).not.toContain('maybe');
  });
});

const others = process.env['HOTLANES_CAPTURES'] ?? '';

// More captures, where there are some: HOTLANES_CAPTURES=DIR npx vitest run src/conform
if (others !== '')
  describe('captures of the folder that HOTLANES_CAPTURES names', () => {
    it.each(capturesIn(others))('%s', (name) => agrees(name, others));
  });
