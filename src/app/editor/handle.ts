/** The editors on the page, for what points into their texts; nothing while one is not loaded. */
import { FILE } from '../store/runner';
import { setTab, showPanel } from '../store/page';
import { get } from '../store/store';

export interface Spot {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export const editor: { goTo: ((line: number, column: number) => void) | null } = { goTo: null };

/** The kernel's editor goes to a place in one of its texts, or to a name; what is wanted before it is there waits for it. */
export const kernelEditor: {
  goTo: ((where: Spot | string) => boolean) | null;
  wanted: Spot | string | null;
  /** Folds all but the functions that the run is in, all but the headings, or nothing. */
  fold: ((to: 'run' | 'headings' | 'all') => void) | null;
} = { goTo: null, wanted: null, fold: null };

/** To a place in the litmus text or in the kernel's, whichever tab is shown. */
export function goToSpot(spot: Spot): void {
  showPanel('text');
  if (spot.file !== FILE) {
    goInKernel(spot);
    return;
  }
  setTab('litmus');
  const go = (): void => editor.goTo?.(spot.line, spot.column);
  if (editor.goTo) go();
  // it comes with the tab
  else setTimeout(go, 100);
}

/** To a place or a name in the kernel's text. */
export function goInKernel(where: Spot | string): void {
  showPanel('text');
  // what is changed is the kernel's text too
  const there = get().tab !== 'litmus';
  if (there && kernelEditor.goTo) {
    kernelEditor.goTo(where);
    return;
  }
  kernelEditor.wanted = where;
  if (!there) setTab('kernel');
}
