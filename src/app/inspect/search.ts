/**
 * Search over everything that a timeline and its run have words for: log lines, bars (tasks, hotplug steps, states), marks, and the
 * functions and lines of the kernel text that steps are in. It looks through columns, a stretch at a time, so that a trace with
 * a million events does not hold the page up.
 */
import { kernelSource } from '../../kernels/index';
import { contextName } from '../../litmus/words';
import { Mark, type Timeline } from '../../timeline/columns';
import { HitKind, type Hits } from '../store/reading-state';
import type { RunView } from '../store/run-view';

/** What is searched: the lanes that are shown, and the runs whose steps are told on them. */
export interface Haystack {
  readonly timeline: Timeline;
  readonly runs: readonly {
    readonly run: RunView;
    /** Where the lanes show a step. */
    readonly placeOf: (step: number) => number;
    readonly side: 0 | 1 | undefined;
  }[];
}

/** Rows looked at before the page has its turn. */
const STRETCH = 60_000;
/** More than this helps nobody, and is said. */
export const MOST_HITS = 200_000;

class Rows {
  at = new Int32Array(256);
  track = new Int32Array(256);
  kind = new Uint8Array(256);
  index = new Int32Array(256);
  length = 0;

  push(at: number, track: number, kind: number, index: number): void {
    if (this.length === this.at.length) {
      const grown = <T extends Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(old: T): T => {
        const bigger = new (old.constructor as new (n: number) => T)(old.length * 2);
        bigger.set(old);
        return bigger;
      };
      this.at = grown(this.at);
      this.track = grown(this.track);
      this.kind = grown(this.kind);
      this.index = grown(this.index);
    }
    this.at[this.length] = at;
    this.track[this.length] = track;
    this.kind[this.length] = kind;
    this.index[this.length++] = index;
  }

  sorted(): Hits {
    const order = Int32Array.from({ length: this.length }, (_, i) => i).sort(
      (a, b) => this.at[a]! - this.at[b]! || this.kind[a]! - this.kind[b]! || a - b,
    );
    const pick = (column: Int32Array): Int32Array => Int32Array.from(order, (i) => column[i]!);
    return {
      length: this.length,
      at: pick(this.at),
      track: pick(this.track),
      kind: Uint8Array.from(order, (i) => this.kind[i]!),
      index: pick(this.index),
    };
  }
}

/** Does a text hold all the words? Case does not count. */
export function matcher(query: string): (text: string) => boolean {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  return (text) => {
    const low = text.toLowerCase();
    return words.length > 0 && words.every((w) => low.includes(w));
  };
}

/** Finds stretch by stretch: each turn gives the page its own; the last value is all that was found. */
export function* search(query: string, { timeline, runs }: Haystack): Generator<null, Hits> {
  const matches = matcher(query);
  const rows = new Rows();
  const full = (): boolean => rows.length >= MOST_HITS;
  let looked = 0;
  const turn = (): boolean => ++looked % STRETCH === 0;

  const { slices, instants, strings, tracks, log } = timeline;
  const hit = new Uint8Array(strings.length);
  for (let i = 0; i < strings.length; i++) {
    if (matches(strings[i]!)) hit[i] = 1;
    if (turn()) yield null;
  }
  const logTrack = new Map<string, number>();
  tracks.forEach(({ kind, cpu, side }, t) => kind === 'cpu' && logTrack.set(`${cpu} ${side ?? ''}`, t));
  for (let i = 0; i < log.length && !full(); i++) {
    const line = log[i]!;
    if (matches(line.text)) rows.push(line.at, logTrack.get(`${line.cpu} ${line.side ?? ''}`) ?? -1, HitKind.log, i);
    if (turn()) yield null;
  }
  for (let i = 0; i < slices.length && !full(); i++) {
    // A bar that goes on under another name of the same row is told where it begins to match.
    if (hit[slices.name[i]!] === 1 || hit[slices.detail[i]!] === 1)
      if (!continues(timeline, i, hit)) rows.push(slices.start[i]!, slices.track[i]!, HitKind.slice, i);
    if (turn()) yield null;
  }
  for (let i = 0; i < instants.length && !full(); i++) {
    // Lines of the log are found in the log.
    const told = instants.mark[i] !== Mark.log && strings[instants.name[i]!] !== 'log';
    if (told && (hit[instants.name[i]!] === 1 || hit[instants.text[i]!] === 1))
      rows.push(instants.at[i]!, instants.track[i]!, HitKind.instant, i);
    if (turn()) yield null;
  }
  for (const { run, placeOf, side } of runs) {
    const track = new Map<number, number>();
    tracks.forEach((t, i) => t.kind === 'runs' && t.side === side && track.set(t.cpu, i));
    const pcs = Uint8Array.from(haystacks(run), (text) => (matches(text) ? 1 : 0));
    yield null;
    const inside = new Map<number, boolean>();
    for (let k = 0; k < run.steps && !full(); k++) {
      const { kind, pc, context, cpu } = run.history.step(k);
      if (kind === 'step') {
        const here = pcs[pc] === 1;
        // A visit of a function is one place, however many steps it takes.
        if (here && !inside.get(context)) rows.push(placeOf(k), track.get(cpu) ?? -1, HitKind.step, k);
        inside.set(context, here);
      }
      if (turn()) yield null;
    }
  }
  return rows.sorted();
}

/** The bar before it in its lane matches too and ends where it begins. */
function continues({ slices }: Timeline, i: number, hit: Uint8Array): boolean {
  return (
    i > 0 &&
    slices.track[i - 1] === slices.track[i] &&
    slices.depth[i - 1] === slices.depth[i] &&
    slices.end[i - 1] === slices.start[i] &&
    slices.name[i - 1] === slices.name[i] &&
    (hit[slices.name[i - 1]!] === 1 || hit[slices.detail[i - 1]!] === 1)
  );
}

const known = new WeakMap<RunView['program'], readonly string[]>();

/** By pc: its function, what the text has there, and the functions that called it. */
function haystacks({ program }: RunView): readonly string[] {
  const made = known.get(program);
  if (made) return made;
  const lines = new Map<string, readonly string[]>();
  const lineOf = (file: string, line: number): string => {
    let all = lines.get(file);
    if (!all) lines.set(file, (all = (kernelSource(file) ?? '').split('\n')));
    return all[line - 1]?.trim() ?? '';
  };
  const list = program.code.map(
    ({ frame, place }) => `${program.frames[frame]?.fn ?? ''} ${lineOf(place.file, place.line)}`,
  );
  known.set(program, list);
  return list;
}

/** A hit in words. */
export interface HitText {
  readonly kind: 'log' | 'bar' | 'mark' | 'step';
  readonly where: string;
  readonly text: string;
}

export function hitText({ timeline, runs }: Haystack, hits: Hits, i: number): HitText {
  const { slices, instants, strings, tracks, log } = timeline;
  const index = hits.index[i]!;
  const track = tracks[hits.track[i]!];
  const owner = !track ? '' : track.cpu >= 0 ? `CPU ${track.cpu}` : track.name;
  switch (hits.kind[i]) {
    case HitKind.log:
      return { kind: 'log', where: owner, text: log[index]?.text ?? '' };
    case HitKind.slice: {
      const detail = strings[slices.detail[index]!]!;
      return {
        kind: 'bar',
        where: owner,
        text: `${strings[slices.name[index]!]!}${detail === '' ? '' : `: ${detail}`}`,
      };
    }
    case HitKind.instant:
      return { kind: 'mark', where: owner, text: strings[instants.text[index]!]! || strings[instants.name[index]!]! };
    default: {
      const of = runs.find(({ side }) => side === track?.side) ?? runs[0];
      if (!of) return { kind: 'step', where: owner, text: '' };
      const { program, history } = of.run;
      const { pc, context } = history.step(index);
      return { kind: 'step', where: contextName(program, context), text: haystacks(of.run)[pc] ?? '' };
    }
  }
}
