/**
 * How far acts that go on beside one another have come when nothing is seen of them: the trace shows neither who took a lock
 * first nor when. A pace is a rule for it, so that following a capture can be repeated with another one.
 */

/** Whether an actor goes on by itself, as far as nobody sees it, before the demand of this index is met. */
export type Pace = (demand: number, actor: number) => boolean;

/** 0: each waits until something is seen of it. 1: each goes on at once. Others: now this, now that, the same each time. */
export function paceOf(schedule: number): Pace {
  if (schedule < 2) return () => schedule === 1;
  return (demand, actor) => (mixed(schedule * 0x9e3779b1 + demand * 0x85ebca6b + actor * 0xc2b2ae35) & 1) === 1;
}

function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 3;
}
