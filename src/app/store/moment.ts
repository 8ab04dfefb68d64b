/** When an act by hand is done: a moment of the run, right after what has happened where the playhead is. */
import { roundMoment } from '../../litmus/hand';
import type { Now } from './now';
import type { AppState } from './state';

/** A little later is no harm where it makes a rounder number. */
const leeway = (ns: number): number => Math.max(1000, ns / 100);

/** Nanoseconds; 0 before the first step. */
export function momentHere(s: AppState, { run, done }: Now): number {
  const last = done === 0 ? -1 : run.history.step(done - 1).start;
  // In free play time goes on where nothing happens.
  const least = Math.max(Math.floor(last) + 1, s.live ? Math.ceil(s.live.us * 1000) : 0);
  if (done < run.steps) {
    const next = run.history.step(done).start;
    return roundMoment(least, Math.max(least, Math.min(least + leeway(least), next - 1)));
  }
  const end = done === 0 ? least : Math.max(least, last + run.history.step(done - 1).cost);
  return roundMoment(end, end + leeway(end));
}
