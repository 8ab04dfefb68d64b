/** The model's run of a capture as a run like any other: its transitions replayed, each at the time that the trace gave it. */
import type { ConformResult } from '../../conform/conform';
import { load } from '../../litmus/load';
import { outcomeOf } from '../../litmus/outcome';
import { History } from '../../machine/history';
import { Machine } from '../../machine/machine';
import type { RunResult } from '../../machine/run';
import type { Anchor } from '../../timeline/beside';
import type { Timeline } from '../../timeline/columns';
import { timelineOfRun } from '../../timeline/from-run';
import type { RunParts } from './run-view';

/** A moment of the trace (microseconds of its clock), and the step that the model had come to by then. */
export interface Moment {
  readonly t: number;
  readonly step: number;
}

export interface Replayed {
  readonly parts: RunParts;
  readonly moments: readonly Moment[];
}

/** @param originUs what the trace's clock reads at the origin of its timeline */
export function replay({ program, taken, derived }: ConformResult, originUs: number): Replayed {
  const machine = new Machine(program);
  const initial = machine.s.slice();
  const history = new History(program);
  const moments: Moment[] = [];
  let now = 0;
  taken.forEach(({ transition, pc, t }, step) => {
    now = Math.max(now, (t - originUs) * 1000);
    machine.apply(transition);
    history.record(machine, transition, pc, now);
    // Of all steps that lead to one event of the trace the last is the one that shows it.
    if (moments.at(-1)?.t === t) moments.pop();
    if (t >= (moments.at(-1)?.t ?? 0)) moments.push({ t, step });
  });
  const loaded = load(derived.text, derived.name);
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message ?? 'The text of the capture does not load.');
  const result: RunResult = {
    program,
    history,
    initial,
    machine,
    // It ends with the trace: what would have come next is not known.
    end: 'limit',
    error: null,
    witness: -1,
    duration: now,
  };
  const timeline = timelineOfRun(result, derived.name);
  const outcome = outcomeOf(result, loaded.litmus, 0);
  return { parts: { litmus: loaded.litmus, program, history, initial, timeline, outcome, patch: '' }, moments };
}

/** The events of a trace's timeline at which those moments are. */
export function anchorsOf({ timeUs, originUs, length }: Timeline, moments: readonly Moment[]): Anchor[] {
  const anchors: Anchor[] = [];
  let a = 0;
  for (const { t, step } of moments) {
    // Times are whole microseconds; what was joined of several clocks may be off by less than one.
    while (a < length && timeUs[a]! + originUs < t - 0.5) a++;
    if (a >= length) break;
    // A moment outside of the buffers, or a line of another file, is no event of the trace.
    if (timeUs[a]! + originUs > t + 0.5) continue;
    const last = anchors.at(-1);
    if (last === undefined || (a > last.a && step > last.b)) anchors.push({ a, b: step });
  }
  return anchors;
}
