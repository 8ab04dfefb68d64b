/** What the page begins with: a text that was kept, or the gallery's first. */
import { galleryText, OPENING } from '../../litmus/gallery';
import { rooted } from '../session/session';
import { runText } from './runner';
import { timelineOf } from './state';
import { get, set } from './store';

/** @param unfold play it from the start, showing no more than has happened */
export function begin(unfold: boolean): void {
  const text = galleryText(OPENING)!;
  const root = { text, patch: '', scenario: OPENING, label: `opened ${OPENING}`, when: Date.now(), at: null };
  set({ text, scenario: OPENING, session: rooted(root) });
  runText(text, { keep: false, unfold });
}

/** A text that was kept half-written still has lanes: those of the first scenario. */
export function lanesAtLeast(): void {
  const { problems } = get();
  if (problems.length === 0 || get().run !== null || timelineOf(get()) !== null) return;
  runText(galleryText(OPENING)!, { keep: false, unfold: false });
  set({ problems });
}
