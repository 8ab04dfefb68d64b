/** The tour of the thread. The user's own work is put aside as a whole, and comes back as it was. */
import { galleryText } from '../../litmus/gallery';
import { setKernel } from '../../litmus/edit';
import type { Timeline } from '../../timeline/columns';
import { NO_SESSION } from '../session/session';
import { gone, grown } from '../session/tree';
import { openBeside } from './beside';
import { select } from './page';
import { NO_READING } from './reading-state';
import { runText } from './runner';
import { fetchTexts } from './shelf';
import { timelineOf, type AppState } from './state';
import { get, set } from './store';
import { replaceText } from './text';
import { TOUR } from './tour-steps';

export const onTour = (): boolean => get().tour !== null;

/** Begins, or goes on where it is. */
export async function startTour(): Promise<void> {
  if (onTour() || !(await fetchTexts())) return;
  const own = get();
  set({ tour: { step: 0, aside: own, opened: '' }, live: null, work: null, offer: null, dialog: null, menu: null });
  await open(0);
}

export async function goTour(by: 1 | -1): Promise<void> {
  const { tour } = get();
  const step = (tour?.step ?? 0) + by;
  if (tour && step >= 0 && step < TOUR.length) await open(step);
}

async function open(step: number): Promise<void> {
  keepTried();
  const { tour } = get();
  const { litmus, kernel, beside, at } = TOUR[step]!;
  if (!tour) return;
  const text = galleryText(litmus)!;
  const opened = kernel === undefined ? text : setKernel(text, kernel);
  set({ tour: { ...tour, step, opened }, session: NO_SESSION, text: '', kernelPatch: '', reading: NO_READING });
  set({ tab: 'litmus', axis: 'steps' });
  replaceText(opened, { scenario: litmus, label: `tour: ${TOUR[step]!.title}` });
  if (beside !== undefined) await openBeside(beside);
  const timeline = timelineOf(get());
  const index = timeline ? placeIn(timeline, at) : -1;
  if (index >= 0) select({ kind: 'instant', index });
}

/** The first mark that is told with these words; -1 for none. */
export function placeIn({ instants, strings }: Timeline, words: string): number {
  for (let i = 0; i < instants.length; i++)
    if (strings[instants.text[i]!]!.includes(words) || strings[instants.name[i]!]!.includes(words)) return i;
  return -1;
}

/** What was tried in a step stays in the user's session, as a branch of its own. */
function keepTried(): void {
  const { tour, text, kernelPatch, scenario } = get();
  if (!tour || tour.opened === '' || text === tour.opened || galleryText(scenario) === text) return;
  const node = { text, patch: kernelPatch, scenario, label: 'tried on the tour', when: Date.now(), at: null };
  const { session } = tour.aside;
  set({ tour: { ...tour, aside: { ...tour.aside, session: gone(grown(session, node).session, session.here) } } });
}

/** Back to the user's own work. */
export function leaveTour(): void {
  keepTried();
  const s = get();
  if (!s.tour) return;
  const { aside } = s.tour;
  set({ ...aside, ...pageOf(s), tour: null, live: aside.live && { ...aside.live, going: false } });
  // What was on its way then is begun again.
  if (aside.work !== null || aside.run === null) runText(aside.text, { keep: true });
}

/** What belongs to the page, and not to what is shown on it: it stays as it is now. */
const pageOf = (s: AppState): Partial<AppState> => ({
  allTexts: s.allTexts,
  keys: s.keys,
  themeChoice: s.themeChoice,
  systemTheme: s.systemTheme,
  panels: s.panels,
  speed: s.speed,
  playing: false,
  unfolding: false,
  menu: null,
  dialog: null,
  work: null,
  notice: null,
});
