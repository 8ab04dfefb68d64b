/** Each step of the tour says of its run what the run shows; what is expected is in the facts that are named. */
import { expect, it } from 'vitest';
import { setKernel } from '../../litmus/edit';
import { galleryText } from '../../litmus/gallery';
import { commandById } from '../commands';
import '../commands-late';
import { NO_SESSION } from '../session/session';
import { makeRun, type RunView } from './run-view';
import { fetchTexts } from './shelf';
import { initialState } from './state';
import { get, set } from './store';
import { setText } from './text';
import { goTour, leaveTour, placeIn, startTour } from './tour';
import { TOUR } from './tour-steps';

await fetchTexts();

function runOn(litmus: string, kernel?: string): RunView {
  const made = makeRun(galleryText(litmus)!, 'litmus', kernel);
  if (!made.ok) throw new Error(made.problems[0]?.message);
  return made.view;
}

it.each(TOUR)('$title: points at something, in at most three sentences, and its change is a command', (step) => {
  expect(step.says.length).toBeLessThanOrEqual(3);
  const own = runOn(step.litmus, step.kernel);
  const other = step.beside === undefined ? null : runOn(step.litmus, step.beside);
  const found = [own, ...(other ? [other] : [])].map((r) => placeIn(r.timeline, step.at));
  expect(Math.max(...found)).toBeGreaterThanOrEqual(0);
  for (const id of step.change.commands) expect(commandById(id)).toBeDefined();
});

it('what is said of the kernels holds in their runs', () => {
  // kernel-facts 4.1c, 4.2c; message 1
  expect(runOn('kevin-2021-11-30').sentence.headline).toContain('#UD at VMPTRLD');
  expect(runOn('kevin-2021-11-30', 'v6.3').sentence.headline).toContain('returns -EIO');
  // captures FINDINGS: on SVM it is VMSAVE
  expect(runOn('message-2-vmrun').sentence.headline).toContain('#UD at VMSAVE');
  // kernel-facts 4.2: nothing is enabled before the first VM; 4.3c: refused, VMs or not
  expect(runOn('bad-cpu-no-vm', 'v6.3').outcome.cpus.find((c) => c.cpu === 2)?.online).toBe(true);
  expect(runOn('bad-cpu-no-vm', 'v6.12').sentence.headline).toContain('online write of cpu2 returns -EIO');
  expect(runOn('bad-cpu-no-vm', 'v7.1').sentence.headline).toContain('online write of cpu2 returns -EIO');
});

it('the user’s own work is put aside and comes back; what was tried stays as a branch', async () => {
  set(initialState);
  set({ session: NO_SESSION });
  await fetchTexts();
  const own = setKernel(galleryText('plain-vm')!, 'v6.3');
  setText(own);
  const before = get();
  await startTour();
  expect(get().text).toBe(galleryText('kevin-2021-11-30'));
  await goTour(1);
  await goTour(1);
  expect(get().beside?.kernel).toBe('v5.15');
  const tried = get().text.replace('fault ', '# fault ');
  setText(tried);
  await goTour(1);
  await goTour(-1);
  expect(get().text).toBe(galleryText('message-3-online'));
  leaveTour();
  const after = get();
  expect([after.text, after.scenario, after.beside, after.tour]).toEqual([own, before.scenario, null, null]);
  expect(after.run).toBe(before.run);
  expect(after.session.here).toBe(before.session.here);
  expect([...after.session.nodes.values()].map((n) => n.text)).toEqual([own, tried]);
});
