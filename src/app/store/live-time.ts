/** Where time is in a run that goes on. */
import type { Timeline } from '../../timeline/columns';
import type { Live } from './state';

/** How far a run is made beyond now, microseconds. */
export const AHEAD_US = 6000;

/** The moment (nanoseconds) to which a run has to be made; 0 where no time passes. */
export const untilOf = (live: Live | null): number => (live === null ? 0 : (live.us + AHEAD_US) * 1000);

/** How many of the first `steps` have begun at a moment (microseconds). */
export function stepsAt({ timeUs }: Timeline, steps: number, us: number): number {
  let lo = 0;
  let hi = steps;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (timeUs[mid]! <= us) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
