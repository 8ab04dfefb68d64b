/**
 * Two timelines on the same lanes. Their rows stand in pairs, and the axis is bent so that what is the same event in both
 * (an *anchor*) is at the same place: between two anchors the side with fewer events is stretched, after the last one each
 * goes on at its own pace.
 *
 *     a       0 1 2 . 3 . 4 5          anchors (2, 2) and (4, 6); a 3 is stretched over what b does in between
 *     b       0 1 2 3 4 5 6 7 8
 *     joint   0 1 2 3 4 5 6 7 8
 */
import { TimelineBuilder } from './builder';
import { Mark, type CpuId, type Ordinal, type Timeline, type TrackId } from './columns';

/** The same event in both timelines. */
export interface Anchor {
  readonly a: Ordinal;
  readonly b: Ordinal;
}

/** A place where the two are not the same; a side that has nothing there says no ordinal. */
export interface Difference {
  readonly a?: Ordinal;
  readonly b?: Ordinal;
  /** The CPU that it is about, or -1. */
  readonly cpu: CpuId;
  readonly text: string;
  /** No consequence by itself: it is told, but marked on no row. */
  readonly minor?: boolean;
  /** It went well, on the one side only: the two do not part there as long as anything weightier differs. */
  readonly quiet?: boolean;
}

/** A difference and its joint ordinal. */
export type PlacedDifference = Difference & { readonly at: Ordinal };

export interface BesideOptions {
  readonly names: readonly [string, string];
  readonly differences?: readonly Difference[];
  /** How many ordinals are events; what a timeline has beyond them only shows its last state. All when not given. */
  readonly steps?: readonly [number, number];
  /** Whose clock the time axis keeps: a trace's stamps must stay what they are. By default the slower side's. */
  readonly clock?: 'a' | 'slower';
}

/** Both timelines as one, and the way from the one axis to the others. */
export interface Beside {
  readonly timeline: Timeline;
  /** Number of ordinals that are events of either. */
  readonly steps: number;
  /** Per side: the joint ordinal of each own one, and of its end. */
  readonly at: readonly [Int32Array, Int32Array];
  /** Per side: how many of its events lie before a joint ordinal; `timeline.length + 1` entries. */
  readonly done: readonly [Int32Array, Int32Array];
  /** By joint ordinal. */
  readonly differences: readonly PlacedDifference[];
  /** Where the two part: the first difference of consequence, or where there is none the first at all. */
  readonly parting: PlacedDifference | null;
}

/**
 * @param anchors both ordinals strictly ascending
 * @throws RangeError where they are not
 */
export function beside(a: Timeline, b: Timeline, anchors: readonly Anchor[], options: BesideOptions): Beside {
  const sides = [a, b] as const;
  const axis = bend(sides, anchors, options.clock ?? 'slower');
  const { at, timeUs } = axis;
  const length = timeUs.length - 1;
  const steps = options.steps ?? [a.length, b.length];
  const differences = placed(options.differences ?? [], at);
  const timeline = join(sides, axis, options.names, differences);
  const lastStep = Math.max(...steps.map((n, side) => (n > 0 ? at[side as 0 | 1][n - 1]! + 1 : 0)));
  const parting =
    differences.find((d) => d.minor !== true && d.quiet !== true) ??
    differences.find((d) => d.minor !== true) ??
    differences[0] ??
    null;
  return {
    timeline: { ...timeline, sides: options.names, ...(parting ? { parting: parting.at } : {}) },
    steps: Math.min(length, lastStep),
    at,
    done: [doneBefore(at[0], steps[0], length), doneBefore(at[1], steps[1], length)],
    differences,
    parting,
  };
}

interface Axis {
  readonly at: readonly [Int32Array, Int32Array];
  /** With the end's. */
  readonly timeUs: Float64Array;
}

function bend([a, b]: readonly [Timeline, Timeline], anchors: readonly Anchor[], clock: 'a' | 'slower'): Axis {
  const atA = new Int32Array(a.length + 1);
  const atB = new Int32Array(b.length + 1);
  const times: number[] = [];
  const start: Anchor = { a: 0, b: 0 };
  let from = start;
  let now = 0;
  for (const to of anchors) {
    const na = to.a - from.a;
    const nb = to.b - from.b;
    const least = from === start ? 0 : 1;
    if (na < least || nb < least || to.a >= a.length || to.b >= b.length)
      throw new RangeError(`anchor (${to.a}, ${to.b}) after (${from.a}, ${from.b})`);
    const n = Math.max(na, nb);
    const base = times.length;
    for (let i = 0; i < na; i++) atA[from.a + i] = base + Math.floor((i * n) / na);
    for (let i = 0; i < nb; i++) atB[from.b + i] = base + Math.floor((i * n) / nb);
    // The side with more events tells how they lie; the segment lasts as long as the clock's side says.
    const [shape, origin, end] = nb > na ? [b, from.b, to.b] : [a, from.a, to.a];
    const own = shape.timeUs[end]! - shape.timeUs[origin]!;
    const ofA = a.timeUs[to.a]! - a.timeUs[from.a]!;
    const lasts = clock === 'a' ? ofA : Math.max(ofA, b.timeUs[to.b]! - b.timeUs[from.b]!);
    for (let j = 0; j < n; j++) {
      const share = own > 0 ? (shape.timeUs[origin + j]! - shape.timeUs[origin]!) / own : j / n;
      times.push(now + lasts * share);
    }
    now += lasts;
    from = to;
  }
  const na = a.length - from.a;
  const nb = b.length - from.b;
  const base = times.length;
  const n = Math.max(na, nb);
  for (let i = 0; i < na; i++) atA[from.a + i] = base + i;
  for (let i = 0; i < nb; i++) atB[from.b + i] = base + i;
  for (let j = 0; j <= n; j++) {
    const ofA = a.timeUs[from.a + Math.min(j, na)]! - a.timeUs[from.a]!;
    const ofB = b.timeUs[from.b + Math.min(j, nb)]! - b.timeUs[from.b]!;
    const beyond = b.timeUs[from.b + nb]! - b.timeUs[from.b + Math.min(na, nb)]!;
    const left = b.timeUs[from.b + nb]! - b.timeUs[from.b + Math.min(j, nb)]!;
    times.push(now + (clock === 'slower' ? Math.max(ofA, ofB) : j <= na ? ofA : ofA + beyond - left));
  }
  // What lasts to the end of one timeline lasts to the end of both: there it rests.
  atA[a.length] = atB[b.length] = base + n;
  return { at: [atA, atB], timeUs: Float64Array.from(times) };
}

function doneBefore(at: Int32Array, steps: number, length: number): Int32Array {
  const done = new Int32Array(length + 1);
  let n = 0;
  for (let k = 0; k <= length; k++) {
    while (n < steps && at[n]! < k) n++;
    done[k] = n;
  }
  return done;
}

function placed(differences: readonly Difference[], at: Axis['at']): PlacedDifference[] {
  return differences
    .map((d) => {
      const places = [d.a === undefined ? [] : [at[0][d.a]!], d.b === undefined ? [] : [at[1][d.b]!]].flat();
      return { ...d, at: Math.min(...places) };
    })
    .filter((d) => Number.isFinite(d.at))
    .sort((x, y) => x.at - y.at);
}

/** Rows that belong side by side have the same key. */
const keyOf = ({ kind, cpu, name }: Timeline['tracks'][number]): string =>
  kind === 'cpu' ? `cpu ${cpu}` : `${kind} ${name}`;

function join(
  sides: readonly [Timeline, Timeline],
  { at, timeUs }: Axis,
  names: readonly [string, string],
  differences: readonly PlacedDifference[],
): Timeline {
  const builder = new TimelineBuilder(`${names[0]} beside ${names[1]}`, sides[0].source, sides[0].originUs);
  for (let k = 0; k < timeUs.length - 1; k++) builder.tick(timeUs[k]!);
  const places = new Map<string, number>();
  for (const { tracks } of sides)
    for (const track of tracks)
      if (track.parent < 0 && !places.has(keyOf(track))) places.set(keyOf(track), places.size);
  const list = differences.length > 0 ? builder.track({ kind: 'differs', name: 'differences', rank: -1 }) : -1;
  const made = sides.map((timeline, side) =>
    copy(
      builder,
      timeline,
      sides[0].source,
      at[side as 0 | 1],
      side as 0 | 1,
      (track) => 2 * places.get(keyOf(track))! + side,
    ),
  );
  sides
    .flatMap(({ log }, side) =>
      log.map((line) => {
        const joint = at[side as 0 | 1][line.at]!;
        return { ...line, at: joint, timeUs: timeUs[joint]!, side: side as 0 | 1 };
      }),
    )
    .sort((x, y) => x.at - y.at)
    .forEach((line) => builder.logLine(line));
  for (const d of differences) {
    builder.instant(d.at, list, Mark.differs, d.text, d.text);
    if (d.minor === true) continue;
    [d.a, d.b].forEach((own, side) => {
      const track = made[side]!.cpus.get(d.cpu);
      if (own !== undefined && track !== undefined)
        builder.instant(at[side as 0 | 1][own]!, track, Mark.differs, d.text, d.text);
    });
  }
  return builder.finish(timeUs[timeUs.length - 1]!);
}

/**
 * Where a slice begins or ends. What a step of a run changes is seen from the next ordinal on: it must be seen directly after
 * that step, however far the next one has been moved. A trace's playhead is at an event, not after it.
 */
function edges(
  source: Timeline['source'],
  at: Int32Array,
  length: number,
  joint: Timeline['source'],
): (own: Ordinal) => Ordinal {
  if (source === 'trace') return (own) => at[own]!;
  const after = joint === 'run' ? 1 : 0;
  return (own) => (own === 0 ? 0 : own === at.length - 1 ? length : at[own - 1]! + after);
}

function copy(
  builder: TimelineBuilder,
  { tracks, slices, instants, flows, counters, strings, source }: Timeline,
  joint: Timeline['source'],
  at: Int32Array,
  side: 0 | 1,
  rankOf: (track: Timeline['tracks'][number]) => number,
): { readonly cpus: ReadonlyMap<CpuId, TrackId> } {
  const ids: TrackId[] = [];
  const cpus = new Map<CpuId, TrackId>();
  for (const track of tracks) {
    const top = track.parent < 0;
    const id = builder.track({
      ...track,
      parent: top ? -1 : ids[track.parent]!,
      side,
      ...(top ? { rank: rankOf(track) } : {}),
    });
    ids.push(id);
    if (track.kind === 'cpu') cpus.set(track.cpu, id);
  }
  const text = (id: number): string => strings[id]!;
  const edge = edges(source, at, builder.length, joint);
  for (let i = 0; i < slices.length; i++)
    builder.slice(
      ids[slices.track[i]!]!,
      slices.depth[i]!,
      edge(slices.start[i]!),
      edge(slices.end[i]!),
      slices.look[i] as never,
      text(slices.name[i]!),
      text(slices.detail[i]!),
    );
  for (let i = 0; i < instants.length; i++)
    builder.instant(
      at[instants.at[i]!]!,
      ids[instants.track[i]!]!,
      instants.mark[i] as Mark,
      text(instants.name[i]!),
      text(instants.text[i]!),
    );
  for (let i = 0; i < flows.length; i++)
    builder.flow(
      flows.kind[i] as never,
      text(flows.name[i]!),
      ids[flows.fromTrack[i]!]!,
      at[flows.start[i]!]!,
      ids[flows.toTrack[i]!]!,
      at[flows.end[i]!]!,
    );
  for (let i = 0; i < counters.length; i++)
    builder.sample(
      builder.counter(`${counters.names[counters.counter[i]!]!} (${side === 0 ? 'A' : 'B'})`),
      Math.min(builder.length - 1, edge(counters.at[i]!)),
      counters.value[i]!,
    );
  return { cpus };
}
