/**
 * Where each track is drawn, top to bottom. Pure: no canvas, no pixels of a screen, only CSS pixels from the top of the content.
 *
 *     folded group          unfolded group                 lane (vCPU, task, lock, log)
 *     CPU 0  ======== 13    CPU 4      ============= 20    vm0.vcpu0  ====== 20
 *     ready  --------  4    hotplug    ====|===|==== 20    in guest
 *            == ===== 13               =|=|==|=|=|== 13
 *                           virt...    ============= 20
 */
import type { TrackId, TrackKind } from '../timeline/columns';
import type { LaneIndex } from './lane-index';
import { loudFrom } from './palette';

/** A drawn bar line: the slices of one (track, depth), and the marks of one or more tracks over it. */
export interface Strip {
  readonly track: TrackId;
  readonly depth: number;
  /** Lane of the index, or -1 when the track has no slices there. */
  readonly lane: number;
  readonly y: number;
  readonly height: number;
  /** Thin strips tell by colour only; the others have room for labels. */
  readonly labels: boolean;
  /** Kernel function names are set in the fixed-width face. */
  readonly mono: boolean;
  readonly marks: readonly TrackId[];
  /** Only failures and worse: on a line of one of many CPUs all the rest would be noise. */
  readonly loudOnly: boolean;
  /** Its values are numbers, and drawn as a line of steps. */
  readonly line?: boolean;
}

export type RowKind = 'group' | 'child' | 'lane' | 'small';

/** A row of the header column and what lies beside it. */
export interface Row {
  readonly kind: RowKind;
  readonly track: TrackId;
  /** Row whose unfolding shows this one, or -1. */
  readonly group: number;
  readonly y: number;
  readonly height: number;
  readonly strips: readonly Strip[];
  readonly title: string;
  readonly foldable: boolean;
  readonly folded: boolean;
  /** A line is drawn above: another kind of row begins. */
  readonly divider: boolean;
  /** Name and state on one line: there is no room for two. */
  readonly oneLine: boolean;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly height: number;
  /** Row that shows a track, itself or folded into its group; -1 if hidden. */
  readonly rowOf: Int32Array;
  /** Top and bottom of the strip that stands for a track; NaN if hidden. Arrows end there. */
  readonly top: Float64Array;
  readonly bottom: Float64Array;
  /** Middle of the strip of a track's interrupts, where it has its own; else NaN. */
  readonly interrupts: Float64Array;
  /** Rows with an oops or a failure in them: [y, loudness] by turns, for the scrollbar. */
  readonly loud: Float64Array;
}

export type Density = 'roomy' | 'compact';

export interface LayoutOptions {
  /** Groups that are open; all others are folded. */
  readonly unfolded: ReadonlySet<TrackId>;
  readonly hidden: (track: TrackId) => boolean;
  readonly density: Density;
}

const BAR = 20;
const SMALL = 13;
const THIN = 4;
/** A row whose values are drawn as a line of steps. */
const LINE = 24;

const childTitle: Partial<Record<TrackKind, string>> = {
  hotplug: 'hotplug',
  virt: 'virtualization',
  tdx: 'TDX',
  runs: 'runs',
};

/** Order of the sections from top to bottom; within one the timeline's own order. */
const sections: readonly TrackKind[] = ['differs', 'cpu', 'vcpu', 'task', 'lock', 'value', 'log'];

/** How dense the groups are to be: many CPUs get one line each. */
export function densityFor(index: LaneIndex): Density {
  let cpus = 0;
  for (const track of index.timeline.tracks) if (track.kind === 'cpu') cpus++;
  return cpus > 12 ? 'compact' : 'roomy';
}

interface Build {
  readonly index: LaneIndex;
  readonly rows: Row[];
  readonly rowOf: Int32Array;
  readonly top: Float64Array;
  readonly bottom: Float64Array;
  readonly interrupts: Float64Array;
  y: number;
}

type Piece = Omit<Strip, 'y'> & { readonly dy: number };

function place(build: Build, row: Omit<Row, 'y' | 'strips'>, pieces: readonly Piece[]): number {
  const at = build.rows.length;
  const strips = pieces.map(({ dy, ...strip }) => ({ ...strip, y: build.y + dy }));
  build.rows.push({ ...row, y: build.y, strips });
  build.rowOf[row.track] = at;
  for (const strip of strips) {
    build.rowOf[strip.track] = at;
    if (Number.isNaN(build.top[strip.track]!)) anchor(build, strip.track, strip);
    const own = strip.depth === 1 && build.index.timeline.tracks[strip.track]!.kind === 'runs';
    if (own) build.interrupts[strip.track] = strip.y + strip.height / 2;
  }
  build.y += row.height;
  return at;
}

function anchor(build: Build, track: TrackId, strip: { readonly y: number; readonly height: number }): void {
  build.top[track] = strip.y;
  build.bottom[track] = strip.y + strip.height;
}

const hasContent = (index: LaneIndex, track: TrackId): boolean =>
  index.firstLane[track]! < index.firstLane[track + 1]! || index.firstInstant[track]! < index.firstInstant[track + 1]!;

/** One row per CPU: its summary, then thin virtualization and TDX, then what runs. */
function foldedGroup(build: Build, track: TrackId, density: Density, divider: boolean): void {
  const { index } = build;
  const children = index.children[track]!;
  const kindOf = (t: TrackId) => index.timeline.tracks[t]!.kind;
  const runs = children.filter((t) => kindOf(t) === 'runs');
  const thin = children.filter((t) => (kindOf(t) === 'virt' || kindOf(t) === 'tdx') && hasContent(index, t));
  const roomy = density === 'roomy';
  const pieces: Piece[] = [];
  const summaryMarks = [track, ...children.filter((t) => !roomy || kindOf(t) !== 'runs')];
  let dy = roomy ? 6 : 3;
  const strip = (t: TrackId, depth: number, height: number, labels: boolean, marks: readonly TrackId[] = []) => {
    pieces.push({
      track: t,
      depth,
      lane: index.lane(t, depth),
      dy,
      height,
      labels,
      mono: false,
      marks,
      loudOnly: !roomy,
    });
  };
  strip(track, 0, SMALL, true, summaryMarks);
  dy += SMALL + 2;
  if (roomy) {
    for (const t of thin) {
      strip(t, 0, THIN, false);
      dy += THIN + 1;
    }
    dy += 1;
    for (const t of runs) {
      strip(t, 0, SMALL, true, [t]);
      dy += SMALL;
      // Interrupts hang at the lower edge of the task that they interrupt.
      if (index.lane(t, 1) >= 0) {
        strip(t, 1, THIN, false);
        dy += THIN;
      }
      dy += 2;
    }
  } else {
    for (const t of runs) strip(t, 0, THIN, false);
    dy += THIN + 1;
  }
  const height = roomy ? Math.max(46, dy + 5) : dy + 2;
  const row = place(
    build,
    {
      kind: 'group',
      track,
      group: -1,
      height,
      title: index.timeline.tracks[track]!.name,
      foldable: children.length > 0,
      folded: true,
      divider,
      oneLine: !roomy,
    },
    pieces,
  );
  // What has no strip of its own when folded is at the summary.
  const summary = build.rows[row]!.strips[0]!;
  for (const t of children) {
    build.rowOf[t] = row;
    if (Number.isNaN(build.top[t]!)) anchor(build, t, summary);
  }
}

function unfoldedGroup(build: Build, track: TrackId, divider: boolean): void {
  const { index } = build;
  const piece = (t: TrackId, depth: number, dy: number, height: number, marks: readonly TrackId[]): Piece => ({
    track: t,
    depth,
    lane: index.lane(t, depth),
    dy,
    height,
    labels: true,
    mono: depth > 0 && index.timeline.tracks[t]!.kind === 'hotplug',
    marks,
    loudOnly: false,
  });
  const group = place(
    build,
    {
      kind: 'group',
      track,
      group: -1,
      height: 40,
      title: index.timeline.tracks[track]!.name,
      foldable: true,
      folded: false,
      divider,
      oneLine: false,
    },
    [piece(track, 0, 8, BAR, [track])],
  );
  for (const t of index.children[track]!) {
    const kind = index.timeline.tracks[t]!.kind;
    if (kind === 'tdx' && !hasContent(index, t)) continue;
    const pieces = [piece(t, 0, 2, BAR, [t])];
    let dy = 2 + BAR + 2;
    for (let n = index.firstLane[t]!; n < index.firstLane[t + 1]!; n++) {
      const depth = index.laneDepth[n]!;
      if (depth === 0) continue;
      pieces.push(piece(t, depth, dy, SMALL, []));
      dy += SMALL + 2;
    }
    place(
      build,
      {
        kind: 'child',
        track: t,
        group,
        height: dy + 2,
        title: childTitle[kind] ?? index.timeline.tracks[t]!.name,
        foldable: false,
        folded: false,
        divider: false,
        oneLine: true,
      },
      pieces,
    );
  }
  build.y += 8;
}

function lane(build: Build, track: TrackId, divider: boolean): void {
  const { index } = build;
  const { kind, name } = index.timeline.tracks[track]!;
  const big = kind === 'vcpu' || kind === 'task';
  const line = index.timeline.levels?.has(track) ?? false;
  const bar = big ? BAR : line ? LINE : SMALL;
  const pieces: Piece[] = [];
  let dy = big ? 8 : line ? 4 : 7;
  const depths = [0];
  for (let n = index.firstLane[track]!; n < index.firstLane[track + 1]!; n++) {
    if (index.laneDepth[n]! > 0) depths.push(index.laneDepth[n]!);
  }
  for (const depth of depths) {
    const height = depth === 0 ? bar : SMALL;
    const marks = depth === 0 ? [track] : [];
    pieces.push({
      track,
      depth,
      lane: index.lane(track, depth),
      dy,
      height,
      labels: true,
      mono: kind === 'value',
      marks,
      loudOnly: false,
      ...(line ? { line } : {}),
    });
    dy += height + 2;
  }
  place(
    build,
    {
      kind: big ? 'lane' : 'small',
      track,
      group: -1,
      height: Math.max(big ? 40 : 27, dy + 5),
      title: name,
      foldable: false,
      folded: false,
      divider,
      oneLine: !big,
    },
    pieces,
  );
}

/** Of two timelines on the same lanes: is it the upper row of a pair, and are pairs to be set apart? */
function opensPair({ index, rows }: Build, track: TrackId, { density }: LayoutOptions): boolean {
  const { tracks } = index.timeline;
  const before = rows.at(-1);
  return density === 'roomy' && tracks[track]!.side === 0 && before !== undefined && tracks[before.track]!.side === 1;
}

/** Lays out all tracks. 4,096 CPUs take a few milliseconds; only when a fold or the timeline changes. */
export function layOut(index: LaneIndex, options: LayoutOptions): Layout {
  const { tracks } = index.timeline;
  const build: Build = {
    index,
    rows: [],
    rowOf: new Int32Array(tracks.length).fill(-1),
    top: new Float64Array(tracks.length).fill(NaN),
    bottom: new Float64Array(tracks.length).fill(NaN),
    interrupts: new Float64Array(tracks.length).fill(NaN),
    y: 4,
  };
  for (const section of sections) {
    let first = true;
    tracks.forEach((track, t) => {
      // A child whose parent is shown comes with it; one without a parent stands alone.
      const own = track.kind === section || (section === 'task' && track.parent < 0 && !sections.includes(track.kind));
      if (!own || options.hidden(t) || (track.parent >= 0 && tracks[track.parent]!.kind === 'cpu')) return;
      const divider = (first || opensPair(build, t, options)) && build.rows.length > 0;
      if (divider) build.y += 6;
      first = false;
      if (section !== 'cpu') lane(build, t, divider);
      else if (options.unfolded.has(t)) unfoldedGroup(build, t, divider);
      else foldedGroup(build, t, options.density, divider);
    });
  }
  const { rows } = build;
  const loud: number[] = [];
  for (const row of rows) {
    let most = 0;
    for (const strip of row.strips) {
      most = Math.max(most, index.trackLoudness(strip.track));
      for (const t of strip.marks) most = Math.max(most, index.trackLoudness(t));
    }
    if (most >= loudFrom) loud.push(row.y + row.height / 2, most);
  }
  return {
    rows,
    height: build.y + 6,
    rowOf: build.rowOf,
    top: build.top,
    bottom: build.bottom,
    interrupts: build.interrupts,
    loud: Float64Array.from(loud),
  };
}

/** Index range [first, end) of the rows that show in [top, bottom) (CSS pixels from the top of the content). */
export function rowsBetween(layout: Layout, top: number, bottom: number): [number, number] {
  const { rows } = layout;
  const firstWhere = (holds: (row: Row) => boolean): number => {
    let lo = 0;
    let hi = rows.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (holds(rows[mid]!)) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  };
  return [firstWhere((row) => row.y + row.height > top), firstWhere((row) => row.y >= bottom)];
}

/** Row at a height, or -1 between rows. */
export function rowAt(layout: Layout, y: number): number {
  const [first] = rowsBetween(layout, y, y + 1);
  const row = layout.rows[first];
  return row && row.y <= y ? first : -1;
}
