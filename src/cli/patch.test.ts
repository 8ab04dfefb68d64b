/** A change that was made by editing a kernel's whole text is one that the command line takes, and the run is the same. */
import { describe, expect, it } from 'vitest';
import { setKernel } from '../litmus/edit';
import { galleryText } from '../litmus/gallery';
import { outcomeOf, sentence } from '../litmus/outcome';
import { baseOf, headFor, patchTo, wholeText } from '../kernels/whole';
import { load } from '../litmus/load';
import { run } from '../machine/run';
import { runJson, type RunJson } from './print-run';
import { call, fileOf } from './testing/call';

const NAME = 'kevin-2021-11-30';

/** What the page does with it: the text names the change. */
function inPage(patch: string) {
  const loaded = load(setKernel(galleryText(NAME)!, 'mine'), 'litmus', {
    edited: [{ file: 'your change', source: patch }],
  });
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  const result = run(loaded.program, { seed: 0 });
  return outcomeOf(result, loaded.litmus, 0);
}

/** @param from the kernel or design that is edited */
function edited(from: string, change: (text: string) => string): string {
  const head = headFor(from, 'mine');
  return patchTo(baseOf(head)!, change(wholeText(from)!.text), head).text;
}

const CHANGES: readonly [what: string, patch: () => string][] = [
  [
    'a function of a part',
    () =>
      edited('v5.15', (t) =>
        t.replace('  if kvm_usage_count > 0 { hardware_enable_nolock(cpu) }', '  warn "CPU%d comes up", cpu'),
      ),
  ],
  [
    'message 3 by hand',
    () =>
      edited('v5.15', (t) =>
        t
          .replace('state CPUHP_AP_KVM_STARTING "', 'state CPUHP_AP_KVM_ONLINE after CPUHP_AP_ONLINE_IDLE "')
          .replaceAll('register CPUHP_AP_KVM_STARTING', 'register CPUHP_AP_KVM_ONLINE')
          .replace('{ hardware_enable_nolock(cpu) }\n', '{ unlock kvm_count_lock; return -EIO }\n'),
      ),
  ],
  ['a design as it is', () => edited('chao-v4', (t) => t)],
  [
    'a variable and what uses it',
    () =>
      edited('v6.12', (t) => t.replace('mutex kvm_usage_lock\n', 'rwsem kvm_usage_lock\nglobal bool seen "mine"\n')),
  ],
];

describe('a change of a kernel', () => {
  it.each(CHANGES)('%s: the same run in the page and with --patch', async (_what, make) => {
    const patch = make();
    const outcome = inPage(patch);
    const { out, err } = await call(['run', NAME, '--patch', fileOf('mine.kern', patch), '--format', 'json']);
    expect(err).toBe('');
    const told = JSON.parse(out) as RunJson;
    expect(told.kernel).toBe('mine');
    expect(told).toEqual(JSON.parse(runJson(outcome, sentence(outcome))));
  });
});
