/** When a run comes to a line of the kernel text: to run to it, and to say how often. */
import { Replay, Trace } from '../../machine/replay';
import type { RunView } from '../store/run-view';

const replays = new WeakMap<RunView['history'], Replay>();
const traces = new WeakMap<RunView['history'], Trace>();

/** The run's machine at any step. */
export function replayOf(run: RunView): Replay {
  const known = replays.get(run.history);
  if (known) return known;
  run.cursor.seek(0);
  const made = new Replay(run.history, run.cursor.s);
  replays.set(run.history, made);
  return made;
}

/** The instructions of the run, read as far as they were asked for. */
export function traceOf(run: RunView): Trace {
  let made = traces.get(run.history);
  if (!made) traces.set(run.history, (made = new Trace(replayOf(run))));
  return made;
}

/**
 * The place of the playhead (steps done) at which some context next stands at a line: the step that executed it is the one
 * just done. A line with a call counts when the call begins.
 * @param from steps done now
 * @param direction -1: the last time before now
 * @returns null where no step does
 */
export function nextVisit(
  run: RunView,
  file: string,
  line: number,
  from: number,
  direction: 1 | -1 = 1,
): number | null {
  const { program, steps } = run;
  const there = new Uint8Array(program.code.length);
  const calls = program.frames.map(({ place, parent }) => parent >= 0 && place.file === file && place.line === line);
  let any = false;
  program.code.forEach(({ place, frame }, pc) => {
    if (place.file === file && place.line === line) there[pc] = 1;
    for (let f = frame; f >= 0 && there[pc] === 0; f = program.frames[f]!.parent) if (calls[f]) there[pc] = 2;
    if (there[pc] !== 0) any = true;
  });
  if (!any) return null;
  const trace = traceOf(run);
  const last = new Map<number, boolean>();
  /** Is the line reached in this step, and not merely still within a call that began before? */
  const reached = (step: number): boolean => {
    const [first, end] = trace.rangeOf(step);
    let found = false;
    for (let i = first; i < end; i++) {
      const x = trace.contextAt(i);
      const here = there[trace.pcAt(i)]!;
      if (here === 1 || (here === 2 && !last.get(x))) found = true;
      last.set(x, here === 2);
    }
    return found;
  };
  const stop = direction > 0 ? steps : Math.max(0, from - 1);
  if (trace.steps < stop) trace.extend(stop - trace.steps);
  let before: number | null = null;
  for (let k = 0; k < stop; k++) {
    if (!reached(k)) continue;
    if (direction > 0 && k + 1 > from) return k + 1;
    before = k + 1;
  }
  return direction > 0 ? null : before;
}
