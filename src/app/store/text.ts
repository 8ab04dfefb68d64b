/** The litmus text and the change of its kernel: changing them, going back and forth, and running what they say. */
import { galleryText } from '../../litmus/gallery';
import { MAX_LITMUS } from '../../litmus/parse';
import { continued, forkPoint, gone, grown, MOST_NODES, redoTarget, undoTarget } from '../session/tree';
import { hereOf, type Change } from '../session/session';
import { lastOf, type AppState } from './state';
import { get, set } from './store';
import { runText } from './runner';

/** Keystrokes within this time are undone as one. */
const BURST_MS = 800;

let lastTyped = 0;
let pending: ReturnType<typeof setTimeout> | undefined;

/** What came to be, and how. */
interface Done {
  /** What was done, in words. */
  readonly label: string;
  /** Typed: run after a pause, and undone in bursts. */
  readonly typed?: boolean;
  /** Moment of the run at which it was done by hand, nanoseconds. */
  readonly at?: number;
  /** The node that its branch leaves from; else the one that is shown. */
  readonly parent?: number;
}

/** Another text: a node of the session. */
export const changeText = (text: string, done: Done): void => change({ text }, done);

/** Another change of the kernel: a node of the session like any other. */
export const changePatch = (patch: string, done: Done): void => change({ patch }, done);

/** Either, or both at once: a first change of the kernel has its name in the text. */
export function change(next: { readonly text?: string; readonly patch?: string }, done: Done): void {
  const s = get();
  const { text = s.text, patch = s.kernelPatch } = next;
  if (text === s.text && patch === s.kernelPatch) return;
  const when = Date.now();
  const burst = done.typed === true && when - lastTyped < BURST_MS && hereOf(s.session)?.label === done.label;
  lastTyped = done.typed === true ? when : 0;
  if (burst && hereOf(s.session)?.ahead === -1) {
    set({ text, kernelPatch: patch, session: continued(s.session, { text, patch, when }) });
  } else {
    const node = { text, patch, scenario: s.scenario, label: done.label, when, at: done.at ?? null };
    set({ text, kernelPatch: patch, session: grow(node, done.parent) });
  }
  runSoon(done.typed === true ? 250 : 0);
}

function grow(node: Change, parent?: number): AppState['session'] {
  const { session, trimmed } = grown(get().session, node, parent);
  if (trimmed > 0 && !toldOfTrim) {
    toldOfTrim = true;
    const text = `A session keeps ${MOST_NODES} steps of what was done: the oldest go.`;
    set({ notice: { tone: 'info', text, details: [] } });
  }
  return session;
}
let toldOfTrim = false;

/** How a text came to be changed: typing is run after a pause and undone in bursts. */
type How = 'typed' | 'act';

export function setText(text: string, how: How = 'act', label = 'text changed'): void {
  changeText(text, { label: how === 'typed' ? 'typed in the text' : label, typed: how === 'typed' });
}

/** Says why a change was kept out: the text would have grown beyond what a litmus text may have. */
export function refuseText(what: string): void {
  const most = MAX_LITMUS.toLocaleString('en');
  set({ notice: { tone: 'error', text: `A litmus text has at most ${most} characters; ${what}.`, details: [] } });
}

export const undo = (): void => goTo(undoTarget(get().session));
export const redo = (): void => goTo(redoTarget(get().session));

/** To any node of the session. */
export function goTo(id: number): void {
  const s = get();
  const session = gone(s.session, id);
  const node = hereOf(session);
  if (session === s.session || !node) return;
  lastTyped = 0;
  const other = node.scenario !== s.scenario;
  set({ session, text: node.text, kernelPatch: node.patch, scenario: node.scenario });
  if (other) set({ ...toRun(s), live: null });
  runSoon(0);
}

export { forkPoint };

function runSoon(ms: number): void {
  clearTimeout(pending);
  if (ms === 0) runText(get().text, { keep: true });
  else pending = setTimeout(() => runText(get().text, { keep: true }), ms);
}

/** What is no more when a run is shown that has nothing to do with what was shown before. */
const toRun = (s: AppState): Partial<AppState> => ({
  showing: 'run',
  trace: null,
  elsewhere: null,
  axis: s.showing === 'trace' ? (s.elsewhere?.axis ?? 'steps') : s.axis,
  selection: null,
  beside: null,
  side: 0,
});

/** Another text, with nothing kept of the one before but the way back to it. */
export function replaceText(
  text: string,
  { scenario, label, unfold = false }: { scenario: string; label: string; unfold?: boolean },
): void {
  clearTimeout(pending);
  lastTyped = 0;
  const s = get();
  // A change of a kernel stays at hand for other texts, which name it or do not.
  const node = { text, patch: s.kernelPatch, scenario, label, when: Date.now(), at: null };
  const same = s.text === text && s.scenario === scenario;
  set({ text, scenario, session: same ? s.session : grow(node), live: null, ...toRun(s) });
  set({ playhead: Math.min(s.playhead, lastOf(get())), playing: false, unfolding: false, notice: null, menu: null });
  runText(text, { keep: false, unfold });
}

/** Another scenario of the gallery. The text that was there is one undo away. */
export function openScenario(name: string, { unfold = true } = {}): void {
  const text = galleryText(name);
  if (text !== undefined) replaceText(text, { scenario: name, label: `opened ${name}`, unfold });
}

/** A text from a file. The text that was there is one undo away. */
export function openText(raw: string, name: string): void {
  const text = raw.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (text.length > MAX_LITMUS) {
    refuseText(`${name} has ${text.length.toLocaleString('en')}`);
    return;
  }
  replaceText(text, { scenario: get().scenario, label: `opened ${name}` });
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
  if (original !== null) change({ text: original }, { label: 'back to the original' });
}
