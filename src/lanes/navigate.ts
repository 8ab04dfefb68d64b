/** Moving a selection by keyboard: to the next or previous thing in time on its track, or to the lane above or below. */
import type { Ordinal } from '../timeline/columns';
import type { LaneIndex } from './lane-index';
import type { Layout, Strip } from './layout';
import { trackOf, type Item } from './scene';
import { gallopBy, lowerBound } from './search';

/** Where an item stands among those of its track: by ordinal; a slice before an instant of the same ordinal. */
function keyOf(index: LaneIndex, item: Item): [Ordinal, number, number] {
  const { slices, instants } = index.timeline;
  if (item.kind === 'slice') return [slices.start[item.index]!, 0, item.index];
  if (item.kind === 'instant') return [instants.at[item.index]!, 1, item.index];
  return [-1, 0, -1];
}

/** The next (1) or previous (-1) slice or instant of the item's lane, or the item itself at the end. */
export function stepInTime(index: LaneIndex, item: Item, direction: 1 | -1): Item {
  if (item.kind === 'flow') {
    const next = item.index + direction;
    return next >= 0 && next < index.timeline.flows.length ? { kind: 'flow', index: next } : item;
  }
  const { slices, instants } = index.timeline;
  const track = trackOf(index, item);
  const lane = index.lane(track, item.kind === 'slice' ? slices.depth[item.index]! : 0);
  const from = lane < 0 ? 0 : index.laneSlice[lane]!;
  const to = lane < 0 ? 0 : index.laneSlice[lane + 1]!;
  const a = index.firstInstant[track]!;
  const b = index.firstInstant[track + 1]!;
  const [at, kind, own] = keyOf(index, item);

  // The nearest of each kind on the wanted side, then the nearer of the two.
  let slice = -1;
  let instant = -1;
  if (direction > 0) {
    const s = kind === 0 && own >= 0 ? own + 1 : lowerBound(slices.start, from, to, at + 1);
    if (s < to) slice = s;
    const n = kind === 1 ? index.placeOfInstant(own) + 1 : firstAt(index, a, b, at);
    if (n < b) instant = index.instantOrder[n]!;
  } else if (item.kind === 'track') {
    return item;
  } else {
    const s = kind === 0 ? own - 1 : lowerBound(slices.start, from, to, at + 1) - 1;
    if (s >= from) slice = s;
    const n = (kind === 1 ? index.placeOfInstant(own) : firstAt(index, a, b, at)) - 1;
    if (n >= a) instant = index.instantOrder[n]!;
  }
  if (slice < 0 && instant < 0) return item;
  if (slice < 0) return { kind: 'instant', index: instant };
  if (instant < 0) return { kind: 'slice', index: slice };
  const sliceFirst = slices.start[slice]! <= instants.at[instant]!;
  return sliceFirst === direction > 0 ? { kind: 'slice', index: slice } : { kind: 'instant', index: instant };
}

/** First place of [a, b) in the instant order whose ordinal is >= at. */
function firstAt(index: LaneIndex, a: number, b: number, at: Ordinal): number {
  const column = index.timeline.instants.at;
  const order = index.instantOrder;
  return a < b && column[order[a]!]! >= at ? a : gallopBy(column, order, a, b, at);
}

/** What is on the lane above (-1) or below (1), at the ordinal where the item begins or nearest to it. */
export function stepInRows(index: LaneIndex, layout: Layout, item: Item, direction: 1 | -1): Item {
  const strips: Strip[] = [];
  for (const row of layout.rows)
    for (const strip of row.strips) if (strip.labels && strip.lane >= 0) strips.push(strip);
  const track = trackOf(index, item);
  const depth = item.kind === 'slice' ? index.timeline.slices.depth[item.index]! : 0;
  let here = strips.findIndex((s) => s.track === track && s.depth === depth);
  if (here < 0) {
    const row = layout.rows[layout.rowOf[track]!];
    here = row ? strips.findIndex((s) => s.y >= row.y) - (direction > 0 ? 1 : 0) : -1;
  }
  const next = strips[here + direction];
  if (!next) return item;
  const [at] = keyOf(index, item);
  return { kind: 'slice', index: nearestSlice(index, next.lane, Math.max(0, at)) };
}

/** The slice of a lane that covers an ordinal, else the one that begins or ends nearest to it. */
export function nearestSlice(index: LaneIndex, lane: number, ordinal: Ordinal): number {
  const covering = index.sliceAt(lane, ordinal);
  if (covering >= 0) return covering;
  const { start, end } = index.timeline.slices;
  const from = index.laneSlice[lane]!;
  const to = index.laneSlice[lane + 1]!;
  const after = lowerBound(start, from, to, ordinal);
  if (after >= to) return to - 1;
  if (after === from) return from;
  return start[after]! - ordinal < ordinal - end[after - 1]! ? after : after - 1;
}
