/** Keeps the work: the text and how the page is set are there again after a reload or a crash. */
import { app, get, set } from './store';
import { galleryText } from '../../litmus/gallery';
import { MAX_LITMUS } from '../../litmus/parse';
import type { AppState, ThemeChoice } from './state';

const KEY = 'hotlanes/1';

interface Kept {
  readonly text: string;
  readonly scenario: string;
  readonly themeChoice: ThemeChoice;
  readonly panels: AppState['panels'];
}

/** What was kept is data from outside like any other: nothing of it is taken unseen. */
function read(): Partial<Kept> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? (kept as Partial<Kept>) : {};
  } catch {
    return {};
  }
}

/** The text to begin with, where one was changed; the rest is set at once. */
export function restore(): { text: string; scenario: string } | null {
  const { text, scenario, themeChoice, panels } = read();
  if (themeChoice === 'light' || themeChoice === 'dark') set({ themeChoice });
  if (typeof panels === 'object' && panels !== null) {
    const on = (name: keyof AppState['panels']): boolean => panels[name] !== false;
    set({ panels: { text: on('text'), step: on('step'), log: on('log') } });
  }
  if (typeof text !== 'string' || typeof scenario !== 'string' || text.length > MAX_LITMUS) return null;
  return text === galleryText(scenario) ? null : { text, scenario };
}

let pending: ReturnType<typeof setTimeout> | undefined;

function write(): void {
  clearTimeout(pending);
  pending = undefined;
  const { text, scenario, themeChoice, panels } = get();
  const kept: Kept = { text, scenario, themeChoice, panels };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A full or forbidden store: the page works without.
  }
}

/** From now on every change is kept, shortly after it was made and before the page goes. */
export function keep(): void {
  app.subscribe(
    (s) => [s.text, s.scenario, s.themeChoice, s.panels] as const,
    () => (pending ??= setTimeout(write, 300)),
    { equalityFn: (a, b) => a.every((value, i) => value === b[i]) },
  );
  window.addEventListener('pagehide', () => {
    if (pending !== undefined) write();
  });
}
