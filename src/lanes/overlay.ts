/** What a reader lays over the picture: what was found, what was marked, what mattered, what nobody has read. */
import type { Ordinal, TrackId } from '../timeline/columns';

/** By index into the timeline's columns: 1 where it is one of those that matter, 0 where it is faded. */
export interface Kept {
  readonly slices: Uint8Array;
  readonly instants: Uint8Array;
  readonly flows: Uint8Array;
}

/** Places that were found, ascending; `track` -1 where one is on no row. */
export interface Found {
  readonly at: Int32Array;
  readonly track: Int32Array;
  /** Index of the one that is shown, or -1. */
  readonly current: number;
}

/** A place that somebody marked, by a letter. */
export interface PlaceMark {
  readonly at: Ordinal;
  readonly name: string;
}

/** A stretch of a lane that rests on what nobody has read; by track, depth and start. */
export interface Doubts {
  readonly length: number;
  readonly track: Int32Array;
  readonly depth: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** 1: concluded; 2: nobody has told. */
  readonly how: Uint8Array;
}

export interface Overlay {
  readonly kept: Kept | null;
  readonly found: Found | null;
  readonly marks: readonly PlaceMark[];
  /** A stretch that is measured: [from, to], and what it says. */
  readonly span: { readonly from: Ordinal; readonly to: Ordinal; readonly text: string } | null;
  readonly doubts: Doubts | null;
}

export const NO_OVERLAY: Overlay = { kept: null, found: null, marks: [], span: null, doubts: null };

/** Height that the second line of the axis takes, where there is something to show on it. CSS pixels. */
export const rulerHeight = ({ marks, span }: Overlay): number => (marks.length > 0 || span !== null ? 18 : 0);

/** The doubts of one lane: [first, end) of the columns. */
export function doubtsOf(doubts: Doubts, track: TrackId, depth: number): readonly [number, number] {
  const before = (i: number): boolean =>
    doubts.track[i]! < track || (doubts.track[i] === track && doubts.depth[i]! < depth);
  const after = (i: number): boolean =>
    doubts.track[i]! > track || (doubts.track[i] === track && doubts.depth[i]! > depth);
  let lo = 0;
  let hi = doubts.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (before(mid)) lo = mid + 1;
    else hi = mid;
  }
  const first = lo;
  hi = doubts.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (after(mid)) hi = mid;
    else lo = mid + 1;
  }
  return [first, lo];
}

/** How sure a lane is at a place: 0 read, 1 concluded, 2 unknown. */
export function doubtAt(doubts: Doubts | null, track: TrackId, depth: number, from: Ordinal, to: Ordinal): number {
  if (!doubts) return 0;
  const [first, end] = doubtsOf(doubts, track, depth);
  let how = 0;
  for (let i = first; i < end; i++)
    if (doubts.start[i]! < to && doubts.end[i]! > from) how = Math.max(how, doubts.how[i]!);
  return how;
}
