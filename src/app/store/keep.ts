/**
 * Keeps the work in the browser's database: here what has to be known before anything is drawn. What a session is made of, and
 * whether it is whole, is for `kept.ts`, which is loaded where there is one.
 */
import { get as read } from 'idb-keyval';
import { get, set } from './store';
import type { AppState, ThemeChoice } from './state';

/** Theme and panels, alike in all tabs. */
export const VIEW = 'view/1';
/** Name of this tab's session, for as long as the tab lives; a reload finds it here. */
const TAB = 'hotlanes/tab';
/** Where an older version kept one text. */
export const OLD = 'hotlanes/1';
/** Longest wait (ms) for a database that does not answer. */
const PATIENCE = 400;

/** The session that this tab had before a reload; null for a new tab. */
export function tabSession(): string | null {
  try {
    return sessionStorage.getItem(TAB);
  } catch {
    return null;
  }
}

export function nameTab(id: string): void {
  try {
    sessionStorage.setItem(TAB, id);
  } catch {
    // A forbidden store: a reload is then like a new tab.
  }
}

/** Is there work that an older version of this page kept? */
export function hasOld(): boolean {
  try {
    return localStorage.getItem(OLD) !== null;
  } catch {
    return false;
  }
}

export interface KeptView {
  readonly themeChoice: ThemeChoice;
  readonly panels: AppState['panels'];
}

/** What was kept is data from outside like any other: nothing of it is taken unseen. */
export function takeView(kept: unknown): void {
  if (typeof kept !== 'object' || kept === null) return;
  const { themeChoice, panels } = kept as Partial<KeptView>;
  if (themeChoice === 'light' || themeChoice === 'dark') set({ themeChoice });
  if (typeof panels === 'object' && panels !== null) {
    const on = (name: keyof AppState['panels']): boolean => panels[name] !== false;
    set({ panels: { ...get().panels, text: on('text'), step: on('step'), log: on('log') } });
  }
}

/** Sets theme and panels as they were; resolves soon, whatever the database does. */
export function restoreView(): Promise<void> {
  const kept = read<unknown>(VIEW).then(takeView, () => undefined);
  return Promise.race([kept, new Promise<void>((resolve) => setTimeout(resolve, PATIENCE))]);
}
