/**
 * Sessions in the browser's database. Each tab has its own, so that several do not overwrite each other; a reload goes on with it,
 * and a new tab offers the last one that no living tab has.
 */
import { del, get as read, set as write, update } from 'idb-keyval';
import { galleryText } from '../../litmus/gallery';
import { MAX_LITMUS } from '../../litmus/parse';
import { entriesOf, keptOf, sessionOf, type SessionEntry } from '../session/format';
import { hereOf, rooted } from '../session/session';
import { grown } from '../session/tree';
import { nameTab, OLD, takeView, tabSession, VIEW } from './keep';
import { lanesAtLeast, runText } from './runner';
import { fetchTexts } from './shelf';
import { lastOf, type AppState } from './state';
import { app, get, set } from './store';
import { openCapture } from './traces';

const LIST = 'sessions/1';
/** Sessions that are kept; the oldest go. */
const MOST = 12;
/** Milliseconds from a change until it is written. */
const SOON = 150;

const keyOf = (id: string): string => `session/1/${id}`;
const freshId = (): string => `${Date.now().toString(36)}-${Math.floor(Math.random() * 1e9).toString(36)}`;

let own = '';

/** Takes a name for this tab: the one that it had, unless another tab has taken that too (a tab that was duplicated). */
async function takeName(wanted: string): Promise<void> {
  own = (await hold(wanted)) ? wanted : freshId();
  if (own !== wanted) await hold(own);
  nameTab(own);
}

/** Holds a name for as long as the page lives; false where another tab has it. */
function hold(id: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(`hotlanes/${id}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => undefined);
      })
      .catch(() => resolve(true));
  });
}

async function taken(): Promise<ReadonlySet<string>> {
  if (!('locks' in navigator)) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name?.replace('hotlanes/', '') ?? ''));
}

/** After a reload: what this tab had. `first` begins anew where there is nothing, or nothing that can be read. */
export async function restore(first: () => void): Promise<void> {
  const id = tabSession();
  let value: unknown;
  try {
    value = id === null ? undefined : await read(keyOf(id));
  } catch {
    value = undefined;
  }
  if (value === undefined) first();
  else if (!(await take(value))) await spoiled(id!, first);
}

/** What cannot be read is told, and put away, so that it is told once. */
async function spoiled(id: string, first?: () => void): Promise<void> {
  if (get().session.nodes.size === 0) first?.();
  const text = 'What was kept of an earlier visit cannot be read. The page begins anew.';
  set({ notice: { tone: 'error', text, details: [] }, offer: null });
  try {
    await del(keyOf(id));
    await update(LIST, (list) => entriesOf(list).filter((e) => e.id !== id));
  } catch {
    // The database is what is broken.
  }
}

/** Puts a kept session on the page. */
async function take(value: unknown): Promise<boolean> {
  const found = sessionOf(value);
  const node = found && hereOf(found.session);
  if (!found || !node) return false;
  const { session, kept } = found;
  if (node.scenario !== '' && galleryText(node.scenario) === undefined) await fetchTexts();
  const { text, patch: kernelPatch, scenario } = node;
  const { axis, tab, speed, keys } = kept;
  set({ session, text, kernelPatch, scenario, axis, tab, speed, keys, live: null, beside: null, selection: null });
  set({ reading: { ...get().reading, ...kept.reading } });
  runText(text, { keep: false });
  lanesAtLeast();
  // A run that comes from a worker, or waits for its kernel, ends at its end.
  if (get().run !== null) set({ playhead: Math.min(kept.playhead, lastOf(get())) });
  if (kept.trace !== null) openCapture(kept.trace);
  return true;
}

/** From now on every change is kept; in a new tab the last work is offered. */
export async function keep(): Promise<void> {
  const before = tabSession();
  await takeName(before ?? freshId());
  let pending: ReturnType<typeof setTimeout> | undefined;
  const put = (): void => {
    clearTimeout(pending);
    pending = undefined;
    save().catch(tellOnce);
  };
  app.subscribe(
    (s) => [s.session, s.playhead, s.axis, s.tab, s.speed, s.keys, s.trace, s.playing, s.reading] as const,
    () => {
      // While it plays only the text can be lost.
      if (!get().playing) pending ??= setTimeout(put, SOON);
    },
    { equalityFn: (a, b) => a.every((value, i) => value === b[i]) },
  );
  app.subscribe(
    (s) => [s.themeChoice, s.panels] as const,
    ([themeChoice, panels]) => void write(VIEW, { themeChoice, panels }).catch(tellOnce),
    { equalityFn: (a, b) => a[0] === b[0] && a[1] === b[1] },
  );
  const leave = (): void => {
    if (pending !== undefined) put();
  };
  window.addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && leave());
  await upgrade();
  if (before === null) await offer();
}

/** A session in which nothing was done is not worth a place. */
function worth({ session, trace, keys, reading }: AppState): boolean {
  const read = reading.marks.length + reading.pins.length;
  return session.nodes.size > 1 || trace !== null || Object.keys(keys).length > 0 || read > 0;
}

async function save(): Promise<void> {
  // On the tour it is the user's own work that is kept.
  const s = get().tour?.aside ?? get();
  if (!worth(s)) return;
  const entry: SessionEntry = {
    id: own,
    title: s.trace ? (s.trace.id ?? s.trace.title) : (/^litmus\s+(\S+)/m.exec(s.text)?.[1] ?? 'a text'),
    steps: s.session.nodes.size - 1,
    when: Date.now(),
  };
  await write(keyOf(own), keptOf(s));
  let old: readonly SessionEntry[] = [];
  await update(LIST, (list) => {
    const all = [entry, ...entriesOf(list).filter((e) => e.id !== own)].sort((a, b) => b.when - a.when);
    old = all.slice(MOST);
    return all.slice(0, MOST);
  });
  for (const { id } of old) await del(keyOf(id));
}

let told = false;
function tellOnce(error: unknown): void {
  if (told) return;
  told = true;
  const details = [error instanceof Error ? error.message : String(error)];
  set({ notice: { tone: 'info', text: 'This browser does not keep your work: it is gone with the page.', details } });
}

/** The one text that an older version kept in another place, as a session. */
async function upgrade(): Promise<void> {
  let old: unknown;
  try {
    old = JSON.parse(localStorage.getItem(OLD) ?? 'null');
    localStorage.removeItem(OLD);
  } catch {
    return;
  }
  if (typeof old !== 'object' || old === null) return;
  takeView(old);
  const { text, scenario } = old as { text?: unknown; scenario?: unknown };
  if (typeof text !== 'string' || typeof scenario !== 'string' || text.length > MAX_LITMUS) return;
  if (galleryText(scenario) === undefined) await fetchTexts();
  const original = galleryText(scenario);
  if (original === undefined || original === text) return;
  const node = { text, patch: '', scenario, label: 'kept by an earlier version', when: Date.now(), at: null };
  const root = rooted({ ...node, text: original, label: `opened ${scenario}` });
  const { session } = grown(root, node);
  await take({ ...keptOf(get()), nodes: [...session.nodes.values()], here: session.here, playhead: 1e9, trace: null });
}

// ---- work of an earlier visit

let offered: SessionEntry | null = null;

async function offer(): Promise<void> {
  const [list, living] = await Promise.all([read(LIST), taken()]);
  const found = entriesOf(list).find((e) => e.id !== own && !living.has(e.id));
  // Who has begun already is not asked.
  if (!found || get().session.nodes.size > 1) return;
  offered = found;
  const { title, steps, when } = found;
  set({ offer: { title, steps, when } });
}

/** Goes on with what was offered: this tab is then the one that has it. */
export async function takeOffer(): Promise<void> {
  const entry = offered;
  set({ offer: null });
  if (entry === null) return;
  const value = await read(keyOf(entry.id)).catch(() => undefined);
  await takeName(entry.id);
  if (!(await take(value))) await spoiled(entry.id);
}

export const refuseOffer = (): void => set({ offer: null });
