/**
 * A timeline with more rows below its own: variables over time. The rows and slices that were there keep their numbers, so that what
 * was selected still is.
 *
 *     counter   at     0   7   9          slices   [0 .. 7) "0"   [7 .. 9) "1"   [9 .. length) "2"
 *               value  0   1   2          levels   0              1              2
 */
import { Look, type Counters, type Ordinal, type Timeline, type Track } from './columns';

/** One row: a value from each ordinal on, to the next one or to the end. */
export interface ValueTrack {
  readonly name: string;
  readonly side?: 0 | 1;
  /** Ascending. */
  readonly at: readonly Ordinal[];
  readonly text: readonly string[];
  /** The same as numbers, to be drawn as a line of steps; null where the values are words. */
  readonly level: readonly number[] | null;
}

/** What the lanes draw of a row whose values are numbers. */
export interface Levels {
  /** First slice of the row, and a number for it and each that follows. */
  readonly first: number;
  readonly level: Float64Array;
  readonly lo: number;
  readonly hi: number;
}

/** @returns the timeline itself where there is nothing to add */
export function withTracks(base: Timeline, added: readonly ValueTrack[]): Timeline {
  if (added.length === 0) return base;
  const count = added.reduce((n, t) => n + t.at.length, 0);
  const { slices } = base;
  const grown = <T extends Int32Array | Uint8Array>(column: T): T => {
    const bigger = new (column.constructor as new (n: number) => T)(slices.length + count);
    bigger.set(column.subarray(0, slices.length));
    return bigger;
  };
  const columns = {
    track: grown(slices.track),
    depth: grown(slices.depth),
    start: grown(slices.start),
    end: grown(slices.end),
    look: grown(slices.look),
    name: grown(slices.name),
    detail: grown(slices.detail),
  };
  const strings = [...base.strings];
  const ids = new Map<string, number>([['', 0]]);
  const idOf = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) ids.set(text, (id = strings.push(text) - 1));
    return id;
  };
  const tracks: Track[] = [...base.tracks];
  const levels = new Map<number, Levels>();
  let row = slices.length;
  for (const { name, side, at, text, level } of added) {
    const track =
      tracks.push({
        kind: 'value',
        name,
        parent: -1,
        cpu: -1,
        task: '',
        tid: -1,
        ...(side === undefined ? {} : { side }),
      }) - 1;
    const first = row;
    at.forEach((start, i) => {
      const end = at[i + 1] ?? base.length;
      if (end <= start) return;
      columns.track[row] = track;
      columns.start[row] = start;
      columns.end[row] = end;
      columns.look[row] = Look.value;
      columns.name[row] = idOf(text[i]!);
      row++;
    });
    if (!level) continue;
    const shown = level.filter((_, i) => (at[i + 1] ?? base.length) > at[i]!);
    levels.set(track, { first, level: Float64Array.from(shown), lo: Math.min(0, ...shown), hi: Math.max(1, ...shown) });
  }
  const cut = <T extends Int32Array | Uint8Array>(column: T): T => column.subarray(0, row) as T;
  return {
    ...base,
    strings,
    tracks,
    levels,
    slices: {
      length: row,
      track: cut(columns.track),
      depth: cut(columns.depth),
      start: cut(columns.start),
      end: cut(columns.end),
      look: cut(columns.look),
      name: cut(columns.name),
      detail: cut(columns.detail),
    },
  };
}

/** A counter that the timeline itself brings, as a row; null where it has none of that name. */
export function counterTrack(counters: Counters, name: string): ValueTrack | null {
  const counter = counters.names.indexOf(name);
  if (counter < 0) return null;
  const at: number[] = [];
  const level: number[] = [];
  for (let i = 0; i < counters.length; i++) {
    if (counters.counter[i] !== counter) continue;
    const place = counters.at[i]!;
    // Of several at one place the last one stays.
    if (at.at(-1) === place) {
      at.pop();
      level.pop();
    }
    if (level.at(-1) === counters.value[i]) continue;
    at.push(place);
    level.push(counters.value[i]!);
  }
  return { name, at, level, text: level.map(String) };
}
