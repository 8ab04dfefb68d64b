/**
 * The failure map of a litmus text: every (CPU, step) that the text's run reaches and that could fail, each failed alone,
 * against the class of what then comes of the run.
 *
 *   CPU 4, workqueue:online, up, 1st time   ->  refused -EIO
 *   CPU 4, kvm_arch_hardware_enable, 1st    ->  thread dies
 *
 * The points are taken from a run of the text without its own faults: no step is failed that the run does not reach. Each
 * is a model fault of its own text (`litmus`), so that it can be opened as a run; what the sysfs `fail` file could do
 * as well is marked (facts 9.1).
 */
import { loadKernel } from '../kernels/index';
import type { Stmt } from '../language/ast';
import type { Program } from '../language/program';
import { blocks } from '../language/scope';
import { Cursor } from '../machine/history';
import type { Machine } from '../machine/machine';
import { run, type RunResult } from '../machine/run';
import { classLine } from './class-words';
import { classOf, type ClassId } from './classes';
import { ENABLE, addFault, setKernel, withoutFaults } from './edit';
import { load } from './load';
import { outcomeOf, sentence } from './outcome';

export interface FailureOptions {
  /** Runs on this kernel instead of the one that the text names. */
  readonly kernel?: string;
  /** What each step returns; default `-EIO`. */
  readonly errno?: string;
  readonly seed?: number;
  /** Most points that are run; the rest is counted in `left`. */
  readonly maxPoints?: number;
}

/** A step on a CPU, and which time. */
export interface FailurePoint {
  /** callback: of a hotplug state; function: on the way to switch virtualization on. */
  readonly kind: 'callback' | 'function';
  readonly cpu: number;
  /** The state; null for a function. */
  readonly state: { readonly number: number; readonly name: string; readonly constant: string } | null;
  readonly up: boolean;
  /** The function: of the callback, or itself. */
  readonly fn: string;
  /** From 1: which time that this step runs on this CPU. */
  readonly time: number;
  /** The sysfs `fail` file can reach it, with -EAGAIN (facts 9.1); all others are model faults only. */
  readonly sysfs: boolean;
  /** The line that fails it. */
  readonly fault: string;
}

/** A point and what came of it. */
export interface FailureCell extends FailurePoint {
  readonly class: ClassId;
  readonly line: string;
  readonly told: string | null;
  readonly told_errno: string | null;
  readonly where: string | null;
  readonly litmus: string;
  readonly steps: number;
}

export interface FailureMap {
  readonly litmus: string;
  readonly kernel: string;
  readonly errno: string;
  readonly seed: number;
  /** The run without any fault. */
  readonly base: { readonly class: ClassId; readonly line: string; readonly litmus: string };
  readonly cells: readonly FailureCell[];
  /** Points that were found but not run. */
  readonly left: number;
  /** One run each. */
  readonly explored: false;
}

export type FailurePlan =
  | { readonly ok: false; readonly problems: readonly string[] }
  | {
      readonly ok: true;
      readonly litmus: string;
      readonly kernel: string;
      readonly errno: string;
      readonly seed: number;
      readonly text: string;
      readonly base: FailureMap['base'];
      /** Every callback, and the functions: of those only a run tells whether they are reached. */
      readonly points: readonly FailurePoint[];
    };

/** Runs the text without its faults and finds what could fail. */
export function planFailures(text: string, options: FailureOptions = {}): FailurePlan {
  const { errno = '-EIO', seed = 0 } = options;
  const plain = withoutFaults(options.kernel === undefined ? text : setKernel(text, options.kernel));
  const loaded = load(plain, 'text');
  if (!loaded.ok) return { ok: false, problems: loaded.problems.map((p) => p.message) };
  const result = run(loaded.program, { seed });
  const outcome = outcomeOf(result, loaded.litmus, seed);
  return {
    ok: true,
    litmus: loaded.litmus.name,
    kernel: loaded.program.kernel,
    errno,
    seed,
    text: plain,
    base: { class: classOf(outcome).id, line: sentence(outcome).headline, litmus: plain },
    points: [...callbackPoints(result, errno), ...functionPoints(loaded.program, errno)],
  };
}

/** Runs one point; null where the run does not reach it. */
export function computePoint(plan: Extract<FailurePlan, { ok: true }>, point: FailurePoint): FailureCell | null {
  const litmus = addFault(plan.text, point.fault);
  const loaded = load(litmus, 'text');
  if (!loaded.ok) throw new Error(`${point.fault}: ${loaded.problems[0]?.message ?? ''}`);
  const outcome = outcomeOf(run(loaded.program, { seed: plan.seed }), loaded.litmus, plan.seed);
  if (outcome.faults.at(-1)!.fired === 0) return null;
  const found = classOf(outcome);
  const { id, errno, action, oops } = found;
  return {
    ...point,
    class: id,
    line: classLine(outcome, found),
    told: action?.actor ?? null,
    told_errno: errno,
    where: oops?.where ?? null,
    litmus,
    steps: outcome.steps,
  };
}

/** The whole map. `progress` is called after each point with how many are done, of how many known so far. */
export function computeFailureMap(
  text: string,
  options: FailureOptions = {},
  progress: (done: number, of: number, cell: FailureCell | null) => void = () => {},
): FailureMap | Extract<FailurePlan, { ok: false }> {
  const plan = planFailures(text, options);
  if (!plan.ok) return plan;
  const { maxPoints = 4000 } = options;
  const queue = [...plan.points];
  const cells: FailureCell[] = [];
  let done = 0;
  while (queue.length > 0 && done < maxPoints) {
    const point = queue.shift()!;
    const cell = computePoint(plan, point);
    if (cell) cells.push(cell);
    // a function that was reached once may be reached again
    if (cell?.kind === 'function') queue.push(again(point, plan.errno));
    done += 1;
    progress(done, done + queue.length, cell);
  }
  const { litmus, kernel, errno, seed, base } = plan;
  return { litmus, kernel, errno, seed, base, cells, left: queue.length, explored: false };
}

const faultLine = (cpu: number, what: string, errno: string, time: number): string =>
  `fault   cpu${cpu} ${what} returns ${errno} ${time === 1 ? 'once' : `time ${time}`}`;

function again(point: FailurePoint, errno: string): FailurePoint {
  const time = point.time + 1;
  return { ...point, time, fault: faultLine(point.cpu, point.fn, errno, time) };
}

// ---- hotplug callbacks: each that the run began, as often as it did

function callbackPoints(result: RunResult, errno: string): FailurePoint[] {
  const { program, history, machine, initial } = result;
  const points: FailurePoint[] = [];
  const times = new Map<string, number>();
  const cursor = new Cursor(history, initial);
  for (const [step, effects] of history.effects)
    for (const e of effects) {
      if (e.kind !== 'callback' || !e.begin) continue;
      const state = program.states[program.stateByNumber[e.state]!]!;
      const key = `${e.cpu} ${e.state} ${e.up}`;
      const time = (times.get(key) ?? 0) + 1;
      times.set(key, time);
      // the walk has moved the CPU to this state by the end of the step; a step that is run alone has not
      cursor.seek(step + 1);
      machine.load(cursor.s);
      const walking = machine.probe('hotplug_state', e.cpu) <= e.state;
      points.push({
        kind: 'callback',
        cpu: e.cpu,
        state: { number: e.state, name: state.name, constant: state.constant },
        up: e.up,
        fn: e.up ? state.up : state.down,
        time,
        sysfs: walking && failFileReaches(machine, e.cpu, e.state, e.up),
        fault: faultLine(e.cpu, `${state.constant} ${e.up ? 'up' : 'down'}`, errno, time),
      });
    }
  return points;
}

/**
 * Whether a write to cpuN/hotplug/fail would have been taken for this step (facts 9.1): there is such a file, the step is
 * not of the atomic section, and is no step of PREPARE while the CPU is up, which is when its DEAD side runs.
 */
function failFileReaches(machine: Machine, cpu: number, state: number, up: boolean): boolean {
  const { program } = machine;
  const files = program.groups.find((g) => g.name === 'cpuhp_sysfs' && g.scope === 'cpu');
  if (!files || machine.s[files.base + cpu] === 0 || !program.probes.has('atomic_state')) return false;
  if (machine.probe('atomic_state', state) !== 0) return false;
  const bringup = program.states.find((s) => s.constant === 'CPUHP_BRINGUP_CPU')?.number ?? -1;
  return up || state > bringup;
}

// ---- functions that switch virtualization on, on each CPU: whether and how often they are reached only a run tells

/** Where switching on begins, in the words of whichever kernel. */
const ROOTS = [ENABLE, 'tdx_cpu_enable'];

function functionPoints(program: Program, errno: string): FailurePoint[] {
  const loaded = loadKernel(program.kernel);
  if (!loaded.ok) return [];
  const { fns, aliases } = loaded.kernel;
  const roots = new Set(ROOTS.map((name) => aliases.get(name)?.fn ?? name));
  const below = program.frames.map(() => false);
  const names = new Set<string>();
  program.frames.forEach(({ fn, parent }, f) => {
    below[f] = roots.has(fn) || (parent >= 0 && below[parent]!);
    const decl = fns.get(fn);
    if (below[f] && decl?.returns.kind === 'errno' && returnsValue(decl.body)) names.add(fn);
  });
  return [...names].flatMap((fn) =>
    Array.from({ length: program.cpus }, (_, cpu): FailurePoint => ({
      kind: 'function',
      cpu,
      state: null,
      up: true,
      fn,
      time: 1,
      sysfs: false,
      fault: faultLine(cpu, fn, errno, 1),
    })),
  );
}

/** A function that returns nothing has nothing to fail with. */
function returnsValue(body: readonly Stmt[]): boolean {
  return body.some((s) => (s.kind === 'return' && s.value !== null) || blocks(s).some(returnsValue));
}
