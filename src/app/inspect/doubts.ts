/** What of a picture rests on what nobody has read: stretches of lanes, from the sources that the texts name. */
import { parseProvenance } from '../../language/provenance';
import type { Program } from '../../language/program';
import type { Doubts } from '../../lanes/overlay';
import type { Timeline } from '../../timeline/columns';
import type { RunView } from '../store/run-view';

/** 0 read (or only a model of what is left out), 1 concluded, 2 unknown. */
function standings(program: Program): Uint8Array {
  const bySource = new Map<string, number>();
  const of = (source: string): number => {
    let how = bySource.get(source);
    if (how === undefined) {
      const { inferred, unknown } = parseProvenance(source);
      bySource.set(source, (how = unknown ? 2 : inferred ? 1 : 0));
    }
    return how;
  };
  return Uint8Array.from(program.frames, (frame) => of(frame.source));
}

/** By step: how sure the function is in which it was. */
export function stepDoubts({ program, history, steps }: RunView): Uint8Array {
  const frames = standings(program);
  const found = new Uint8Array(steps);
  for (let k = 0; k < steps; k++) {
    const { kind, pc } = history.step(k);
    const frame = kind === 'step' ? (program.code[pc]?.frame ?? -1) : -1;
    if (frame >= 0) found[k] = frames[frame]!;
  }
  return found;
}

/** @param placeOf where the lanes show a step; of two runs on the same lanes `side` tells which one it is */
export function doubtsOf(run: RunView, timeline: Timeline, placeOf: (step: number) => number, side?: 0 | 1): Doubts {
  const steps = stepDoubts(run);
  const rows: [track: number, depth: number, start: number, end: number, how: number][] = [];
  const runs = new Map<number, number>();
  timeline.tracks.forEach(({ kind, cpu, side: own }, track) => {
    if (kind === 'runs' && own === side) runs.set(cpu, track);
  });
  const open = new Map<number, { start: number; last: number; how: number }>();
  const close = (cpu: number): void => {
    const now = open.get(cpu);
    const track = runs.get(cpu);
    if (now && track !== undefined) rows.push([track, 0, now.start, now.last + 1, now.how]);
    open.delete(cpu);
  };
  for (let k = 0; k < run.steps; k++) {
    const { cpu } = run.history.step(k);
    const at = placeOf(k);
    const now = open.get(cpu);
    if (now && now.how === steps[k]) open.set(cpu, { ...now, last: at });
    else {
      close(cpu);
      if (steps[k] !== 0) open.set(cpu, { start: at, last: at, how: steps[k]! });
    }
  }
  for (const cpu of [...open.keys()]) close(cpu);
  callbacks(run.program, timeline, side, rows);
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return {
    length: rows.length,
    track: Int32Array.from(rows, (r) => r[0]),
    depth: Uint8Array.from(rows, (r) => r[1]),
    start: Int32Array.from(rows, (r) => r[2]),
    end: Int32Array.from(rows, (r) => r[3]),
    how: Uint8Array.from(rows, (r) => r[4]),
  };
}

/** A step of the hotplug walk is called like its callback: as sure as that. */
function callbacks(
  program: Program,
  timeline: Timeline,
  side: 0 | 1 | undefined,
  rows: [number, number, number, number, number][],
): void {
  const { slices, strings, tracks } = timeline;
  const frames = standings(program);
  const byName = new Map<string, number>();
  program.frames.forEach(({ fn }, f) => byName.set(fn, Math.max(byName.get(fn) ?? 0, frames[f]!)));
  for (let i = 0; i < slices.length; i++) {
    const { kind, side: own } = tracks[slices.track[i]!]!;
    if (kind !== 'hotplug' || own !== side || slices.depth[i] === 0) continue;
    const how = byName.get(strings[slices.name[i]!]!) ?? 0;
    if (how > 0) rows.push([slices.track[i]!, slices.depth[i]!, slices.start[i]!, slices.end[i]!, how]);
  }
}
