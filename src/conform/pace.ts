/**
 * How far acts that are under way have come while nothing is seen of them: the trace shows neither who took a lock first nor
 * when a silent part of an act came. Normally each waits until something is seen of it; in a window each goes on at once.
 */

/** Demands from one to another, both included. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** How far before a difference such a window may begin, in demands. */
const BEFORE = [2, 6, 20, 60, 200];
/** Most runs through a capture. */
const RUNS = 16;

export interface Tried {
  /** Index of the demand at which the first difference was found; Infinity: there is none. */
  readonly differsAt: number;
}

/** Follows a capture again and again with other windows as long as that brings it further. Returns the run that came farthest. */
export function farthest<T extends Tried>(follow: (windows: readonly Window[]) => T): T {
  let windows: readonly Window[] = [];
  let best = follow(windows);
  for (let runs = 1, better = true; better && best.differsAt < Infinity;) {
    better = false;
    const { differsAt } = best;
    for (const before of BEFORE) {
      if (runs >= RUNS) return best;
      runs += 1;
      const wider = [...windows, { from: differsAt - before, to: differsAt }];
      const other = follow(wider);
      if (other.differsAt <= best.differsAt) continue;
      best = other;
      windows = wider;
      better = true;
      break;
    }
  }
  return best;
}

export function isIn(windows: readonly Window[], demand: number): boolean {
  return windows.some(({ from, to }) => demand >= from && demand <= to);
}
