import { Bytes, Floats, grouped, Ints, ordered } from './grow';
import type {
  Counters,
  FlowKind,
  Flows,
  Instants,
  LogLine,
  Look,
  Mark,
  Ordinal,
  Slices,
  StringId,
  TimeUs,
  Timeline,
  Track,
  TrackId,
  TrackKind,
} from './columns';

/** What a new track says of itself; the rest is filled with "none". */
export interface TrackSpec {
  readonly kind: TrackKind;
  readonly name: string;
  readonly parent?: TrackId;
  readonly cpu?: number;
  readonly task?: string;
  readonly tid?: number;
  /** Order among the top-level tracks: lower first, then by time of making. Children follow their parent as made. */
  readonly rank?: number;
  readonly side?: 0 | 1;
}

/**
 * Collects a timeline piece by piece and hands it out as the columns of `columns.ts`.
 *
 * The order of use: `tick(timeUs)` makes the next ordinal and returns it; slices, instants, flows, counters and log
 * lines refer to ordinals made so far (an end may be one past the last). Tracks may be made at any moment and in any
 * order: `finish` puts every child directly behind its parent and rewrites the ids. Rows may come in any order too.
 *
 *     const b = new TimelineBuilder('two steps', 'run');
 *     const cpu = b.track({ kind: 'cpu', name: 'CPU 0', cpu: 0 });
 *     const t0 = b.tick(0);
 *     b.open(cpu, 0, t0, Look.ready, 'online');
 *     b.instant(b.tick(1.5), cpu, Mark.note, 'note', 'the second step');
 *     const timeline = b.finish(4); // the open slice ends at ordinal 2, which is at 4 us
 *
 * A mistake of the caller (time going back, overlap, an end not after its start) throws a RangeError that names the
 * track: such data must never reach the lanes.
 */
export class TimelineBuilder {
  private readonly times = new Floats();
  private readonly ids = new Map<string, StringId>([['', 0]]);
  private readonly strings: string[] = [''];
  private readonly tracks: (Track & { readonly rank: number })[] = [];
  private readonly counterNames: string[] = [];
  private readonly log: LogLine[] = [];

  private readonly slices = {
    track: new Ints(),
    depth: new Bytes(),
    start: new Ints(),
    end: new Ints(),
    look: new Bytes(),
    name: new Ints(),
    detail: new Ints(),
  };
  /** Row of the open slice per track and depth: key is track * 256 + depth. */
  private readonly openRows = new Map<number, number>();

  private readonly instants = {
    at: new Ints(),
    track: new Ints(),
    mark: new Bytes(),
    name: new Ints(),
    text: new Ints(),
  };
  private readonly flows = {
    kind: new Bytes(),
    name: new Ints(),
    fromTrack: new Ints(),
    start: new Ints(),
    toTrack: new Ints(),
    end: new Ints(),
  };
  private readonly samples = { counter: new Ints(), at: new Ints(), value: new Floats() };

  /** `originUs`: what the source's clock reads at time 0, microseconds (0 for a simulated run). */
  constructor(
    private readonly title: string,
    private readonly source: Timeline['source'],
    private readonly originUs = 0,
  ) {}

  /** Number of ordinals made so far; also the end ordinal that a slice open now would get. */
  get length(): number {
    return this.times.length;
  }

  /** The id of `text`, the same one for the same text. */
  str(text: string): StringId {
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    const id = this.strings.length;
    this.strings.push(text);
    this.ids.set(text, id);
    return id;
  }

  /** Makes a track. The id is good for this builder only: `finish` renumbers. */
  track(spec: TrackSpec): TrackId {
    const { kind, name, parent = -1, cpu = -1, task = '', tid = -1, rank = 0, side } = spec;
    if (parent >= this.tracks.length) throw new RangeError(`track ${name}: no parent ${parent}`);
    this.tracks.push({ kind, name, parent, cpu, task, tid, rank, ...(side === undefined ? {} : { side }) });
    return this.tracks.length - 1;
  }

  /** Makes the next ordinal, at `timeUs` microseconds since the origin (not before the one made last). */
  tick(timeUs: TimeUs): Ordinal {
    const n = this.times.length;
    const before = n > 0 ? this.times.data[n - 1]! : -Infinity;
    if (!(timeUs >= before)) throw new RangeError(`ordinal ${n}: time ${timeUs} us is before ${before} us`);
    this.times.push(timeUs);
    return n;
  }

  /** Opens a slice at `start`; `close` or `finish` ends it. One per track and depth at a time. */
  open(track: TrackId, depth: number, start: Ordinal, look: Look, name: string, detail = ''): void {
    const key = track * 256 + depth;
    if (this.openRows.has(key)) throw new RangeError(`${this.where(track, depth)}: opened twice, at ${start}`);
    this.openRows.set(key, this.pushSlice(track, depth, start, -1, look, name, detail));
  }

  /** Is a slice open there? */
  isOpen(track: TrackId, depth: number): boolean {
    return this.openRows.has(track * 256 + depth);
  }

  /**
   * Ends the open slice at `end` (exclusive); nothing happens if none is open. A slice that would be empty is dropped.
   * `detail`, where given, replaces what `open` said: an outcome is known only at the end.
   */
  close(track: TrackId, depth: number, end: Ordinal, detail?: string): void {
    const key = track * 256 + depth;
    const row = this.openRows.get(key);
    if (row === undefined) return;
    this.openRows.delete(key);
    this.slices.end.data[row] = end;
    if (detail !== undefined) this.slices.detail.data[row] = this.str(detail);
  }

  /** A whole slice [start, end). An empty one is dropped. */
  slice(track: TrackId, depth: number, start: Ordinal, end: Ordinal, look: Look, name: string, detail = ''): void {
    if (end > start) this.pushSlice(track, depth, start, end, look, name, detail);
  }

  instant(at: Ordinal, track: TrackId, mark: Mark, name: string, text = ''): void {
    const i = this.instants;
    i.at.push(at);
    i.track.push(track);
    i.mark.push(mark);
    i.name.push(this.str(name));
    i.text.push(this.str(text));
  }

  /** An arrow; `end` may equal `start` (drawn upright), but not precede it. */
  flow(kind: FlowKind, name: string, fromTrack: TrackId, start: Ordinal, toTrack: TrackId, end: Ordinal): void {
    if (end < start) throw new RangeError(`flow ${name}: ends at ${end}, before its start ${start}`);
    const f = this.flows;
    f.kind.push(kind);
    f.name.push(this.str(name));
    f.fromTrack.push(fromTrack);
    f.start.push(start);
    f.toTrack.push(toTrack);
    f.end.push(end);
  }

  /** The number of the counter of that name, made on first use. */
  counter(name: string): number {
    const known = this.counterNames.indexOf(name);
    return known >= 0 ? known : this.counterNames.push(name) - 1;
  }

  /** The counter's value from `at` on. */
  sample(counter: number, at: Ordinal, value: number): void {
    this.samples.counter.push(counter);
    this.samples.at.push(at);
    this.samples.value.push(value);
  }

  /** A line of the log; lines keep the order in which they are given. */
  logLine(line: LogLine): void {
    this.log.push(line);
  }

  /**
   * The finished timeline, which ends at `endUs` (default: the last ordinal's time). Open slices end there. The builder
   * is spent afterwards.
   * @throws RangeError where slices of one track and depth overlap, or a row refers to an ordinal that does not exist.
   */
  finish(endUs?: TimeUs): Timeline {
    const length = this.times.length;
    for (const row of this.openRows.values()) this.slices.end.data[row] = length;
    this.openRows.clear();
    const last = length > 0 ? this.times.data[length - 1]! : 0;
    this.times.push(Math.max(last, endUs ?? last));

    const { order, renumber } = this.trackOrder();
    const moved = (column: Int32Array): Int32Array => column.map((track) => renumber[track]!);
    const slices = this.sortedSlices(moved(this.slices.track.take()), length);
    const instants = this.sortedInstants(moved(this.instants.track.take()), length);
    const flows = this.sortedFlows(moved(this.flows.fromTrack.take()), moved(this.flows.toTrack.take()));
    return {
      title: this.title,
      source: this.source,
      length,
      timeUs: this.times.take(),
      originUs: this.originUs,
      strings: this.strings,
      tracks: order.map((id) => {
        const { rank: _, parent, ...track } = this.tracks[id]!;
        return { ...track, parent: parent < 0 ? -1 : renumber[parent]! };
      }),
      slices,
      instants,
      flows,
      counters: this.sortedCounters(),
      log: this.log,
    };
  }

  private pushSlice(
    track: TrackId,
    depth: number,
    start: Ordinal,
    end: Ordinal,
    look: Look,
    name: string,
    detail: string,
  ) {
    const s = this.slices;
    s.track.push(track);
    s.depth.push(depth);
    s.start.push(start);
    s.end.push(end);
    s.look.push(look);
    s.name.push(this.str(name));
    s.detail.push(this.str(detail));
    return s.track.length - 1;
  }

  private where(track: TrackId, depth: number): string {
    return `track ${this.tracks[track]?.name ?? track}, depth ${depth}`;
  }

  /** Old ids in their final order, and the new id of each old one. */
  private trackOrder(): { order: number[]; renumber: Int32Array } {
    const children = new Map<TrackId, TrackId[]>();
    this.tracks.forEach((track, id) => {
      const siblings = children.get(track.parent);
      if (siblings) siblings.push(id);
      else children.set(track.parent, [id]);
    });
    const order: number[] = [];
    const walk = (parent: TrackId): void => {
      const ids = children.get(parent) ?? [];
      for (const id of [...ids].sort((a, b) => this.tracks[a]!.rank - this.tracks[b]!.rank || a - b)) {
        order.push(id);
        walk(id);
      }
    };
    walk(-1);
    const renumber = new Int32Array(this.tracks.length);
    order.forEach((id, at) => (renumber[id] = at));
    return { order, renumber };
  }

  private sortedSlices(track: Int32Array, ordinals: number): Slices {
    const s = this.slices;
    const start = s.start.data;
    const end = s.end.data;
    const depth = s.depth.data;
    // By (track, depth) first, by counting: that leaves each lane's slices in the order they came.
    let deepest = 0;
    for (let row = 0; row < s.depth.length; row++) deepest = Math.max(deepest, depth[row]!);
    const width = deepest + 1;
    let rows = grouped(s.track.length, this.tracks.length * width, (row) => track[row]! * width + depth[row]!);
    const bad = (row: number, what: string) =>
      new RangeError(`slice ${this.strings[s.name.data[row]!]} [${start[row]}, ${end[row]}) of row ${row}: ${what}`);
    let inOrder = true;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (start[row]! < 0 || end[row]! > ordinals) throw bad(row, `not within 0 .. ${ordinals}`);
      if (end[row]! < start[row]!) throw bad(row, 'ends before it starts');
      const before = i > 0 ? rows[i - 1]! : -1;
      if (before >= 0 && track[before] === track[row] && depth[before] === depth[row] && start[before]! > start[row]!)
        inOrder = false;
    }
    if (!inOrder)
      rows = rows.sort((a, b) => track[a]! - track[b]! || depth[a]! - depth[b]! || start[a]! - start[b]! || a - b);
    rows = rows.filter((row) => end[row]! > start[row]!);
    for (let i = 1; i < rows.length; i++) {
      const [before, row] = [rows[i - 1]!, rows[i]!];
      if (track[before] === track[row] && depth[before] === depth[row] && end[before]! > start[row]!)
        throw bad(
          row,
          `overlaps ${this.strings[s.name.data[before]!]} [${start[before]}, ${end[before]}) on track ${track[row]}`,
        );
    }
    const sortedTrack = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) sortedTrack[i] = track[rows[i]!]!;
    return {
      length: rows.length,
      track: sortedTrack,
      depth: s.depth.take(rows),
      start: s.start.take(rows),
      end: s.end.take(rows),
      look: s.look.take(rows),
      name: s.name.take(rows),
      detail: s.detail.take(rows),
    };
  }

  private sortedInstants(track: Int32Array, ordinals: number): Instants {
    const i = this.instants;
    const rows = ordered(i.at.length, (row) => i.at.data[row]!);
    for (const row of rows)
      if (!(i.at.data[row]! >= 0 && i.at.data[row]! < ordinals))
        throw new RangeError(
          `instant ${this.strings[i.name.data[row]!]} at ${i.at.data[row]}: not within 0 .. ${ordinals - 1}`,
        );
    const sortedTrack = new Int32Array(rows.length);
    for (let k = 0; k < rows.length; k++) sortedTrack[k] = track[rows[k]!]!;
    return {
      length: rows.length,
      at: i.at.take(rows),
      track: sortedTrack,
      mark: i.mark.take(rows),
      name: i.name.take(rows),
      text: i.text.take(rows),
    };
  }

  private sortedFlows(from: Int32Array, to: Int32Array): Flows {
    const f = this.flows;
    const rows = ordered(f.start.length, (row) => f.start.data[row]!);
    const pick = (column: Int32Array): Int32Array => Int32Array.from(rows, (row) => column[row]!);
    return {
      length: rows.length,
      kind: f.kind.take(rows),
      name: f.name.take(rows),
      fromTrack: pick(from),
      start: f.start.take(rows),
      toTrack: pick(to),
      end: f.end.take(rows),
    };
  }

  private sortedCounters(): Counters {
    const { counter, at, value } = this.samples;
    const rows = ordered(counter.length, (row) => counter.data[row]! * 2 ** 31 + at.data[row]!);
    return {
      names: this.counterNames,
      length: rows.length,
      counter: counter.take(rows),
      at: at.take(rows),
      value: value.take(rows),
    };
  }
}
