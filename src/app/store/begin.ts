/** What the page begins with where nothing was kept: the gallery's first text, and the picture of its run. */
import { galleryText, OPENING } from '../../litmus/gallery';
import { rooted } from '../session/session';
import type { RunPicture } from './picture';
import { set } from './store';

/** @param unfold play it from the start, showing no more than has happened */
export function begin(opening: RunPicture, unfold: boolean): void {
  const text = galleryText(OPENING)!;
  const root = { text, patch: '', scenario: OPENING, label: `opened ${OPENING}`, when: Date.now(), at: null };
  set({ text, scenario: OPENING, session: rooted(root), opening });
  if (unfold) set({ playhead: 0, unfolding: true, playing: true });
  else set({ playhead: opening.steps, unfolding: false, playing: false });
}
