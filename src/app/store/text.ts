/** The litmus text: changing it, undoing that, and running what it says. */
import { galleryText, OPENING } from '../../litmus/gallery';
import { MAX_LITMUS } from '../../litmus/parse';
import { lastOf, timelineOf, type AppState } from './state';
import { get, set } from './store';
import { runText } from './runner';

/** Texts kept for undo. */
const MOST = 200;
/** Keystrokes within this time are undone as one. */
const BURST_MS = 800;

let lastTyped = 0;
let pending: ReturnType<typeof setTimeout> | undefined;

/** How a text came to be changed: typing is run after a pause and undone in bursts. */
type How = 'typed' | 'act';

export function setText(text: string, how: How = 'act'): void {
  const s = get();
  if (text === s.text) return;
  const now = Date.now();
  const sameBurst = how === 'typed' && now - lastTyped < BURST_MS && s.past.length > 0;
  lastTyped = how === 'typed' ? now : 0;
  set({ text, past: sameBurst ? s.past : [...s.past.slice(1 - MOST), s.text], future: [] });
  runSoon(how === 'typed' ? 250 : 0);
}

/** Says why a change was kept out: the text would have grown beyond what a litmus text may have. */
export function refuseText(what: string): void {
  const most = MAX_LITMUS.toLocaleString('en');
  set({ notice: { tone: 'error', text: `A litmus text has at most ${most} characters; ${what}.`, details: [] } });
}

export function undo(): void {
  const { past, future, text } = get();
  const before = past.at(-1);
  if (before === undefined) return;
  lastTyped = 0;
  set({ text: before, past: past.slice(0, -1), future: [...future, text] });
  runSoon(0);
}

export function redo(): void {
  const { past, future, text } = get();
  const next = future.at(-1);
  if (next === undefined) return;
  lastTyped = 0;
  set({ text: next, past: [...past, text], future: future.slice(0, -1) });
  runSoon(0);
}

function runSoon(ms: number): void {
  clearTimeout(pending);
  if (ms === 0) runText(get().text, { keep: true });
  else pending = setTimeout(() => runText(get().text, { keep: true }), ms);
}

/** Another scenario of the gallery. The text that was there is one undo away. */
export function openScenario(name: string, { unfold = true } = {}): void {
  const text = galleryText(name);
  if (text === undefined) return;
  clearTimeout(pending);
  const s = get();
  const past = s.text === '' || s.text === text ? s.past : [...s.past.slice(1 - MOST), s.text];
  set({
    scenario: name,
    text,
    past,
    future: [],
    showing: 'run',
    trace: null,
    elsewhere: null,
    selection: null,
    beside: null,
  });
  runText(text, { keep: false, unfold });
}

/** A text from a file. The text that was there is one undo away. */
export function openText(raw: string, name: string): void {
  const text = raw.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (text.length > MAX_LITMUS) {
    refuseText(`${name} has ${text.length.toLocaleString('en')}`);
    return;
  }
  clearTimeout(pending);
  lastTyped = 0;
  const s = get();
  const past = s.text === '' || s.text === text ? s.past : [...s.past.slice(1 - MOST), s.text];
  const axis = s.showing === 'trace' ? (s.elsewhere?.axis ?? 'steps') : s.axis;
  set({ text, past, future: [], showing: 'run', trace: null, elsewhere: null, axis, selection: null, beside: null });
  set({ playhead: Math.min(s.playhead, lastOf(get())), playing: false, unfolding: false, notice: null, menu: null });
  runText(text, { keep: false });
}

/** The scenario that the text is, or was made from: the one whose name it bears, as undo may lead back to another. */
export function scenarioOf(s: AppState): string {
  const name = /^litmus\s+(\S+)/m.exec(s.text)?.[1] ?? '';
  return galleryText(name) === undefined ? s.scenario : name;
}

/** The text that the gallery has under this name; null where the user's text is that very text, or began as none. */
export function originalOf(s: AppState): string | null {
  const original = galleryText(scenarioOf(s));
  return original === undefined || original === s.text ? null : original;
}

export function toOriginal(): void {
  const original = originalOf(get());
  if (original !== null) setText(original);
}

/** What the page begins with: the text that was kept, or the gallery's first. */
export function begin(kept: { readonly text: string; readonly scenario: string } | null, unfold: boolean): void {
  if (kept === null) {
    openScenario(OPENING, { unfold });
    return;
  }
  set({ text: kept.text, scenario: kept.scenario });
  runText(kept.text, { keep: false, unfold });
  // A text that was kept half-written still has lanes: those of the first scenario.
  const { problems } = get();
  if (problems.length > 0 && get().run === null && timelineOf(get()) === null) {
    runText(galleryText(OPENING)!, { keep: false, unfold: false });
    set({ problems });
  }
}
