/** A capture and the model's run of it as timelines of the same columns, alone and side by side, with where they differ. */
import { History } from '../machine/history';
import { Machine } from '../machine/machine';
import type { RunResult } from '../machine/run';
import { assemble } from '../timeline/assemble';
import { beside, type Anchor, type Beside, type Difference } from '../timeline/beside';
import type { Timeline } from '../timeline/columns';
import { timelineOfRun } from '../timeline/from-run';
import type { ConformResult } from './conform';
import type { CaptureFiles } from './files';

export interface ConformLanes {
  readonly capture: Timeline;
  readonly run: Timeline;
  /** The model's run, for whoever shows its steps: its clock is the trace's, from `originUs` on. */
  readonly result: RunResult;
  /** What the trace's clock read when the run began, microseconds. */
  readonly originUs: number;
  /** Both on the same lanes; the time axis keeps the trace's stamps. */
  readonly joint: Beside;
}

export function conformLanes(files: CaptureFiles, result: ConformResult): ConformLanes {
  const { capture: told, table, dmesg, vmm, states } = files;
  const name = `${told.kernel}, ${told.scenario}`;
  const { timeline: capture } = assemble({
    title: name,
    table,
    dmesg,
    vmm: vmm ?? undefined,
    states,
    capture: told,
  });
  const originUs = result.taken[0]?.t ?? capture.originUs;
  const run = replay(result, originUs);
  const model = timelineOfRun(run, `${result.report.kernel}: ${told.title}`);
  const ordinal = (t: number): number => firstFrom(capture.timeUs, t - capture.originUs, capture.length);
  const anchors = ascending(
    result.met.map(({ row, step }) => ({ a: ordinal(table.time.data[row]!), b: step })),
    capture.length,
    model.length,
  );
  const differences = result.report.differences.map((d): Difference => ({
    ...(Number.isFinite(d.t) && d.t >= capture.originUs ? { a: Math.min(ordinal(d.t), capture.length - 1) } : {}),
    ...(d.step > 0 ? { b: Math.min(d.step, run.history.length) - 1 } : {}),
    cpu: d.cpu,
    text: d.model ? `${d.what}: ${d.kernel} | model: ${d.model}` : `${d.what}: ${d.kernel}`,
  }));
  const joint = beside(capture, model, anchors, {
    names: [told.release || told.kernel, result.report.kernel],
    differences: differences.filter((d) => d.a !== undefined || d.b !== undefined),
    steps: [capture.length, run.history.length],
    clock: 'a',
  });
  return { capture, run: model, result: run, originUs, joint };
}

/** The guided run as any other: replayed from the first state, each step at the trace's time. */
function replay({ program, taken }: ConformResult, originUs: number): RunResult {
  const machine = new Machine(program);
  const initial = machine.s.slice();
  const history = new History(program);
  machine.mark();
  let last = 0;
  for (const { transition, pc, t } of taken) {
    machine.apply(transition);
    last = Math.max(last, (t - originUs) * 1000);
    history.record(machine, transition, pc, last);
  }
  return { program, history, initial, machine, end: 'quiet', error: null, witness: -1, duration: last };
}

/** The first ordinal whose time is not before `timeUs`. */
function firstFrom(times: Float64Array, timeUs: number, length: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < timeUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As many of the pairs, in order, as both sides have in strictly ascending order. */
function ascending(pairs: readonly Anchor[], a: number, b: number): Anchor[] {
  const kept: Anchor[] = [];
  for (const pair of pairs) {
    const before = kept.at(-1);
    if (pair.a >= a || pair.b >= b || pair.b < 0) continue;
    if (before && (pair.a <= before.a || pair.b <= before.b)) continue;
    kept.push(pair);
  }
  return kept;
}
