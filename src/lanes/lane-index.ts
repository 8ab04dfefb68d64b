/**
 * What has to be known of a timeline before it can be drawn quickly: made once when a timeline is set, O(its size).
 *
 *     lane      one (track, depth): its slices are a range of the slice table
 *     instants  by track: a range of `instantOrder`, which lists instants
 */
import { Mark, type Timeline, type TrackId } from '../timeline/columns';
import type { Kept } from './overlay';
import { loudness } from './palette';
import { MaxPyramid, lowerBound } from './search';

const BLOCK = 256;

/** Added to the loudness of what is not faded, where something is. */
export const MATTERS = 0x40;

export class LaneIndex {
  readonly timeline: Timeline;
  /** Lanes of track t are firstLane[t] .. firstLane[t + 1]. */
  readonly firstLane: Int32Array;
  readonly laneTrack: Int32Array;
  readonly laneDepth: Uint8Array;
  /** Slices of lane n are laneSlice[n] .. laneSlice[n + 1]. */
  readonly laneSlice: Int32Array;
  /** Instants of track t are instantOrder[firstInstant[t] .. firstInstant[t + 1]], in time order. */
  readonly firstInstant: Int32Array;
  readonly instantOrder: Int32Array;
  /** Loudness of each slice. */
  readonly sliceLoud: MaxPyramid;
  /** The same, but what matters is louder than all that is faded, by `MATTERS`; where nothing is faded the very same. */
  drawLoud: MaxPyramid;
  #kept: Kept | null = null;
  /** 255 - mark of each entry of `instantOrder`, so that the loudest mark is the largest. */
  readonly instantLoud: MaxPyramid;
  readonly children: readonly (readonly TrackId[])[];
  readonly #flowEnd: Int32Array;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    const { slices, instants, tracks, flows } = timeline;

    let lanes = 0;
    for (let i = 0; i < slices.length; i++) {
      if (i === 0 || slices.track[i] !== slices.track[i - 1] || slices.depth[i] !== slices.depth[i - 1]) lanes++;
    }
    this.laneTrack = new Int32Array(lanes);
    this.laneDepth = new Uint8Array(lanes);
    this.laneSlice = new Int32Array(lanes + 1);
    this.firstLane = new Int32Array(tracks.length + 1);
    const loud = new Uint8Array(slices.length);
    let lane = -1;
    for (let i = 0; i < slices.length; i++) {
      const track = slices.track[i]!;
      if (i === 0 || track !== slices.track[i - 1] || slices.depth[i] !== slices.depth[i - 1]) {
        lane++;
        this.laneTrack[lane] = track;
        this.laneDepth[lane] = slices.depth[i]!;
        this.laneSlice[lane] = i;
        this.firstLane[track + 1]!++;
      }
      loud[i] = loudness[slices.look[i]!]!;
    }
    this.laneSlice[lanes] = slices.length;
    for (let t = 0; t < tracks.length; t++) this.firstLane[t + 1]! += this.firstLane[t]!;
    this.sliceLoud = this.drawLoud = new MaxPyramid(loud);

    // Counting sort by track; instants are in time order already and stay so within a track.
    this.firstInstant = new Int32Array(tracks.length + 1);
    for (let i = 0; i < instants.length; i++) this.firstInstant[instants.track[i]! + 1]!++;
    for (let t = 0; t < tracks.length; t++) this.firstInstant[t + 1]! += this.firstInstant[t]!;
    const next = this.firstInstant.slice();
    this.instantOrder = new Int32Array(instants.length);
    const markLoud = new Uint8Array(instants.length);
    for (let i = 0; i < instants.length; i++) {
      const at = next[instants.track[i]!]!++;
      this.instantOrder[at] = i;
      markLoud[at] = 255 - instants.mark[i]!;
    }
    this.instantLoud = new MaxPyramid(markLoud);

    const children: TrackId[][] = tracks.map(() => []);
    tracks.forEach((track, t) => {
      if (track.parent >= 0) children[track.parent]!.push(t);
    });
    this.children = children;

    this.#flowEnd = new Int32Array(Math.ceil(flows.length / BLOCK));
    for (let i = 0; i < flows.length; i++) {
      const b = (i / BLOCK) | 0;
      if (i % BLOCK === 0 || flows.end[i]! > this.#flowEnd[b]!) this.#flowEnd[b] = flows.end[i]!;
    }
  }

  get kept(): Kept | null {
    return this.#kept;
  }

  /** Fades all but what is kept; null fades nothing. */
  keep(kept: Kept | null): void {
    if (kept === this.#kept) return;
    this.#kept = kept;
    if (!kept) {
      this.drawLoud = this.sliceLoud;
      return;
    }
    const { look, length } = this.timeline.slices;
    const loud = new Uint8Array(length);
    for (let i = 0; i < length; i++) loud[i] = loudness[look[i]!]! | (kept.slices[i] === 1 ? MATTERS : 0);
    this.drawLoud = new MaxPyramid(loud);
  }

  /** The lane of a track at a depth, or -1. */
  lane(track: TrackId, depth: number): number {
    for (let n = this.firstLane[track]!; n < this.firstLane[track + 1]!; n++) if (this.laneDepth[n] === depth) return n;
    return -1;
  }

  /** The lane that a slice is on. */
  laneOf(slice: number): number {
    const { slices } = this.timeline;
    return this.lane(slices.track[slice]!, slices.depth[slice]!);
  }

  /** The slice of a lane that covers an ordinal, or -1. */
  sliceAt(lane: number, ordinal: number): number {
    if (lane < 0) return -1;
    const { start, end } = this.timeline.slices;
    const from = this.laneSlice[lane]!;
    const to = this.laneSlice[lane + 1]!;
    const i = lowerBound(start, from, to, ordinal + 1) - 1;
    return i >= from && start[i]! <= ordinal && ordinal < end[i]! ? i : -1;
  }

  /** Where in `instantOrder` an instant is. */
  placeOfInstant(instant: number): number {
    const track = this.timeline.instants.track[instant]!;
    return lowerBound(this.instantOrder, this.firstInstant[track]!, this.firstInstant[track + 1]!, instant);
  }

  /** Loudness of the loudest thing on a track, 0..20: an oops or a failed instant counts as such a slice. */
  trackLoudness(track: TrackId): number {
    const a = this.firstLane[track]!;
    const b = this.firstLane[track + 1]!;
    const slice = a < b ? this.sliceLoud.max(this.laneSlice[a]!, this.laneSlice[b]!) : 0;
    const mark = 255 - this.instantLoud.max(this.firstInstant[track]!, this.firstInstant[track + 1]!);
    const loudest = loudness.length;
    if (mark === Mark.oops) return loudest;
    return mark === Mark.failure ? Math.max(slice, loudest - 1) : slice;
  }

  /** Calls `visit` with each flow that has a part in [from, to] (ordinals), by start; stops when it returns false. */
  flowsIn(from: number, to: number, visit: (flow: number) => boolean): void {
    const { start, end, length } = this.timeline.flows;
    const stop = lowerBound(start, 0, length, to + 1);
    for (let b = 0; b * BLOCK < stop; b++) {
      if (this.#flowEnd[b]! < from) continue;
      const last = Math.min(stop, (b + 1) * BLOCK);
      for (let i = b * BLOCK; i < last; i++) if (end[i]! >= from && !visit(i)) return;
    }
  }
}
