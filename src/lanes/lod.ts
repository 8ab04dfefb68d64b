/**
 * Level of detail: what of a lane's slices is drawn at a given zoom, in time proportional to pixels and not to slices.
 *
 * A slice wide enough to be a shape is reported as itself. All others fall into *columns* (device pixels): a column shows the
 * loudest slice that touches it, found by jumping to the next column with a galloping search and taking the largest
 * loudness of what was jumped over from a pyramid. So an oops shows however far out the view is.
 *
 *     slices    [ready           ][p][s][o][x]..40 short ones..[guest              ]
 *     wide      ready                                          guest
 *     columns                     3  9  7  18 ...
 */
import { MATTERS, type LaneIndex } from './lane-index';
import { loudFrom, lookOfLoudness } from './palette';
import type { XScale } from './scale';
import { gallop, lowerBound } from './search';

/** The view in device pixels: what every lane's walk has in common within a frame. */
export class Columns {
  readonly count: number;
  readonly dpr: number;
  /** First ordinal at or right of each column's left edge; `count + 1` entries. */
  readonly edge: Int32Array;
  /** First ordinal that is not drawn. */
  readonly stop: number;
  readonly #time: Float64Array | null;
  readonly #k: number;
  readonly #start: number;

  /** @param reveal nothing from this ordinal on is drawn, and bars are cut at it; null draws all */
  constructor(scale: XScale, dpr: number, reveal: number | null) {
    const { timeline } = scale;
    this.dpr = dpr;
    this.count = Math.max(1, Math.ceil((scale.right - scale.left) * dpr));
    this.#time = scale.axis === 'time' ? timeline.timeUs : null;
    this.#k = scale.k * dpr;
    this.#start = scale.start;
    this.edge = new Int32Array(this.count + 1);
    let o = 0;
    for (let p = 0; p <= this.count; p++) {
      const u = scale.start + p / this.#k;
      if (this.#time) o = o > timeline.length ? o : gallopFirst(this.#time, o, timeline.length + 1, u);
      else o = Math.max(0, Math.ceil(u));
      this.edge[p] = o;
    }
    const last = this.edge[this.count]!;
    this.stop = reveal === null ? last : Math.min(last, Math.ceil(reveal));
    this.revealX = reveal === null ? Infinity : this.#at(Math.max(0, Math.min(timeline.length, reveal)));
  }

  /** Where bars are cut, device pixels from the left of the plot. */
  readonly revealX: number;

  #at(ordinal: number): number {
    const t = this.#time;
    if (!t) return (ordinal - this.#start) * this.#k;
    const i = Math.floor(ordinal);
    const u = t[i]! + (i < ordinal ? (t[i + 1]! - t[i]!) * (ordinal - i) : 0);
    return (u - this.#start) * this.#k;
  }

  /** Device pixels from the left of the plot to an (integer) ordinal; bars do not go beyond the reveal. */
  x(ordinal: number): number {
    const x = ((this.#time ? this.#time[ordinal]! : ordinal) - this.#start) * this.#k;
    return x < this.revealX ? x : this.revealX;
  }
}

/** `gallop` without its promise that the first entry is below the value. */
function gallopFirst(column: Float64Array, from: number, to: number, value: number): number {
  return from < to && column[from]! < value ? gallop(column, from, to, value) : from;
}

/** What one lane shows. One instance is used again for every lane of every frame. */
export class LaneWalk {
  /** Loudness per column, 0 where nothing narrow is. Only [first, last) of it holds anything. */
  columns = new Uint8Array(0);
  first = 0;
  last = 0;
  /** Slices wide enough to be shapes. */
  wide = new Int32Array(256);
  wideCount = 0;

  /**
   * Walks a lane.
   * @param wideFrom slices of at least this many device pixels are shapes
   */
  walk(index: LaneIndex, lane: number, view: Columns, wideFrom: number): void {
    this.#clear(view.count);
    if (lane < 0) return;
    const { start, end } = index.timeline.slices;
    const { edge, count, stop } = view;
    const to = index.laneSlice[lane + 1]!;
    // Ends ascend as starts do: within a lane slices do not overlap.
    let i = lowerBound(end, index.laneSlice[lane]!, to, edge[0]!);
    const loudWidth = Math.max(1, Math.round(3 * view.dpr));
    while (i < to && start[i]! < stop) {
      const x0 = view.x(start[i]!);
      const x1 = view.x(end[i]!);
      if (x1 - x0 >= wideFrom) {
        this.#addWide(i++);
        continue;
      }
      const p = Math.max(0, Math.floor(x0));
      if (p >= count) break;
      let next = i + 1;
      const before = Math.min(edge[p + 1]!, stop);
      if (next < to && start[next]! < before) next = gallop(start, next, to, before);
      // The last one in this column may reach far beyond it: then it is a shape of its own.
      let last = next - 1;
      let lastX1 = view.x(end[last]!);
      if (last > i && lastX1 - view.x(start[last]!) >= wideFrom) {
        this.#addWide(last--);
        lastX1 = p;
      }
      const loud = last === i ? index.drawLoud.max(i, i + 1) : index.drawLoud.max(i, last + 1);
      this.#mark(p, (loud & ~MATTERS) >= loudFrom ? p + loudWidth : p + 1, loud);
      const reach = Math.ceil(lastX1);
      if (reach > p + 1) this.#mark(p + 1, reach, index.drawLoud.max(last, last + 1));
      i = next;
    }
  }

  #clear(count: number): void {
    if (this.columns.length !== count) this.columns = new Uint8Array(count);
    else this.columns.fill(0, this.first, this.last);
    this.first = this.columns.length;
    this.last = 0;
    this.wideCount = 0;
  }

  #mark(from: number, to: number, loud: number): void {
    const stop = Math.min(to, this.columns.length);
    if (from < this.first) this.first = from;
    if (stop > this.last) this.last = stop;
    for (let p = from; p < stop; p++) if (loud > this.columns[p]!) this.columns[p] = loud;
  }

  #addWide(slice: number): void {
    if (this.wideCount === this.wide.length) {
      const grown = new Int32Array(this.wide.length * 2);
      grown.set(this.wide);
      this.wide = grown;
    }
    this.wide[this.wideCount++] = slice;
  }

  /** How many stretches of one look the columns hold, counted up to `most`. */
  runs(most: number): number {
    let runs = 0;
    for (let p = this.first; p < this.last && runs < most; p++) {
      if (this.columns[p] !== 0 && (p === this.first || this.columns[p] !== this.columns[p - 1])) runs++;
    }
    return runs;
  }

  /** Calls `visit` with each stretch of one look: columns [from, to). */
  eachRun(visit: (from: number, to: number, look: number, matters: boolean) => void): void {
    for (let p = this.first; p < this.last;) {
      const loud = this.columns[p]!;
      let q = p + 1;
      while (q < this.last && this.columns[q] === loud) q++;
      if (loud !== 0) visit(p, q, lookOfLoudness[loud & ~MATTERS]!, (loud & MATTERS) !== 0);
      p = q;
    }
  }
}

/**
 * The slice that a pixel of a lane shows: the one there, or the loudest of those that share the pixel, or -1.
 * @param x CSS pixel
 * @param reach CSS pixels to either side that still count, for what is too thin to be met
 */
export function sliceUnder(index: LaneIndex, lane: number, scale: XScale, x: number, reach: number): number {
  if (lane < 0) return -1;
  const { start, end } = index.timeline.slices;
  const from = index.laneSlice[lane]!;
  const to = index.laneSlice[lane + 1]!;
  const within = (r: number): number => {
    let a = lowerBound(end, from, to, ordinalFrom(scale, x - r));
    while (a < to && scale.x(end[a]!) < x - r) a++;
    const b = Math.max(a, lowerBound(start, a, to, ordinalFrom(scale, x + r)));
    if (a >= b) return -1;
    const loud = index.sliceLoud.max(a, b);
    return index.sliceLoud.firstAtLeast(a, b, loud);
  };
  const exact = within(0.5);
  return exact >= 0 ? exact : within(reach);
}

/** First ordinal at or right of a CSS pixel. */
function ordinalFrom(scale: XScale, x: number): number {
  const u = scale.unitAt(x);
  if (scale.axis === 'steps') return Math.ceil(u);
  return lowerBound(scale.timeline.timeUs, 0, scale.timeline.length + 1, u);
}
