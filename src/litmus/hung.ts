/**
 * Who can never go on at the end of a run, and what each of them waits for. A kthread that waits at the top of its loop
 * waits for work; anything else that can take no step, when nothing else moves, hangs.
 */
import { NOWHERE } from '../language/compile';
import type { Place } from '../language/errors';
import { Head, Run, type Code, type Instr, type Program } from '../language/program';
import { cellsRead, evaluator } from '../machine/evaluate';
import type { RunResult } from '../machine/run';
import type { ActionOutcome } from './outcome';

export interface Hung {
  readonly task: string;
  /** The CPU it is on. */
  readonly cpu: number;
  /** Action that it is in or has not begun, '' where it is no actor. */
  readonly action: string;
  /**
   * lock: `lock`, held by `holder`; action: another actor's `on` that never returned; condition: a wait in `function`
   * for the variables `on` to change; runqueue: `lock`, the run queue lock of a CPU on which `holder` died inside the scheduler, to place
   * the task `on`; call: a CPU that never took its call; stop: CPUs that never stood still; stopper: `holder`, for
   * which all CPUs stand still;
   * cpu: it could go on, but its CPU never runs it.
   */
  readonly waits: 'lock' | 'runqueue' | 'action' | 'condition' | 'call' | 'stop' | 'stopper' | 'cpu';
  readonly lock: string | null;
  /** Task that holds the lock, or whose action or stopper is awaited; null where none is known (readers are counted). */
  readonly holder: string | null;
  readonly holder_dead: boolean;
  readonly readers: number;
  readonly on: readonly string[];
  readonly function: string;
  readonly place: Place;
}

/** Where an instruction stands in its text. */
export function placeOf(program: Program, pc: number): Place {
  const { file, line, column, length } = program.code[pc]?.place ?? NOWHERE;
  return { file, line, column, length };
}

/** Where a run has come to, or a search. */
export type End = Pick<RunResult, 'program' | 'machine'>;

/** The tasks that hang where nothing can happen any more. */
export function hungTasks(result: End, returns: readonly ActionOutcome[]): Hung[] {
  const { program, machine } = result;
  const hung: Hung[] = [];
  const spinning = spinners(result);
  program.contexts.forEach((context, x) => {
    const spins = spinning.get(x);
    if (spins) hung.push(spins);
    if (context.kind === 'init' || spins) return;
    const run = machine.head(x, Head.run);
    if (run !== Run.runnable && run !== Run.sleeping) return;
    const instr = machine.instrOf(x);
    if (instr.op === 'idle' || instr.op === 'guest' || machine.head(x, Head.pc) === 0) return;
    const actor = context.kind === 'actor';
    const cpu = machine.head(x, Head.cpu);
    const ready = machine.ready(x);
    // a runnable task whose turn has not come is only news where userspace waits for it
    if (ready && !(actor && run === Run.runnable)) return;
    const top = program.frames[instr.frame]!.parent < 0;
    const kthread = context.kind === 'kthread' || context.kind === 'percpu';
    if (kthread && top && instr.op === 'await') return;
    hung.push({
      task: context.name,
      cpu,
      action: actor ? (returns.find((r) => r.actor === context.name && r.step < 0)?.action ?? '') : '',
      ...reason(result, x, instr, ready, actor && top),
      function: program.frames[instr.frame]!.fn,
      place: placeOf(program, machine.head(x, Head.pc)),
    });
  });
  return hung;
}

/** Contexts that spin, interrupts off, for a run queue lock that is never given back. */
function spinners({ program, machine }: End): Map<number, Hung> {
  const found = new Map<number, Hung>();
  for (let cpu = 0; cpu < program.cpus; cpu++) {
    const task = machine.s[program.machine.rqWait + cpu]! - 1;
    const x = machine.top(cpu);
    if (task < 0 || x < 0) continue;
    const of = machine.head(task, Head.cpu);
    const holder = machine.s[program.machine.cur + of]! - 1;
    const instr = machine.instrOf(x);
    found.set(x, {
      task: program.contexts[x]!.name,
      cpu,
      action: '',
      waits: 'runqueue',
      lock: `run queue lock of CPU ${of}`,
      holder: program.contexts[holder]?.name ?? null,
      holder_dead: true,
      readers: 0,
      on: [program.contexts[task]!.name],
      function: program.frames[instr.frame]?.fn ?? '',
      place: placeOf(program, machine.head(x, Head.pc)),
    });
  }
  return found;
}

/** Questions whose operand is neither a task nor a CPU's load: not worth a word. */
const CPU_ASKS: ReadonlySet<string> = new Set(['need_resched', 'irq_pending', 'has_up', 'has_down', 'instances']);

type Reason = Pick<Hung, 'waits' | 'lock' | 'holder' | 'holder_dead' | 'readers' | 'on'>;

function reason(result: End, x: number, instr: Instr, ready: boolean, between: boolean): Reason {
  const { program, machine } = result;
  const none: Reason = { waits: 'condition', lock: null, holder: null, holder_dead: false, readers: 0, on: [] };
  if (ready) return { ...none, waits: 'cpu' };
  switch (instr.op) {
    case 'lock': {
      const lock = program.locks[instr.lock]!;
      const value = machine.s[lock.cell]!;
      const reading = lock.mode === 'rwsem' && value > 0;
      const owner = reading ? -1 : Math.abs(value) - 1;
      return {
        ...none,
        waits: 'lock',
        lock: lock.name,
        holder: owner >= 0 ? (program.contexts[owner]?.name ?? null) : null,
        holder_dead: owner >= 0 && machine.head(owner, Head.run) === Run.dead,
        readers: reading ? value : 0,
      };
    }
    case 'ipi':
    case 'ipiwait':
      return { ...none, waits: 'call' };
    case 'stop':
      return { ...none, waits: 'stop' };
    case 'stopresult': {
      const stopper = machine.head(x, Head.peer) - 1;
      return {
        ...none,
        waits: 'stopper',
        holder: program.contexts[stopper]?.name ?? null,
        holder_dead: stopper >= 0 && machine.head(stopper, Head.run) === Run.dead,
      };
    }
    case 'action':
      return instr.when ? { ...none, on: [...new Set(readBy(result, instr.when, x))] } : none;
    case 'await':
    case 'spin': {
      if (between) return { ...none, waits: 'action', ...awaited(result, instr.cond) };
      return { ...none, on: [...new Set(readBy(result, instr.cond, x))] };
    }
    default:
      return none;
  }
}

/** The action behind `after`: the compiler turns it into a wait for the progress of its actor. */
function awaited({ program, machine }: End, cond: Code): Partial<Reason> {
  if (cond.op !== 'bin' || cond.left.op !== 'cell' || cond.right.op !== 'const') return {};
  const at = cond.left.at;
  const group = program.groups.find((g) => g.base === at);
  const actor = program.actors.find((a) => group?.name === `progress(${a.name})`);
  const action = actor?.actions[cond.right.value];
  if (!actor || !action || machine.s[at]! > cond.right.value) return {};
  return {
    on: [`${actor.name}: ${action.text}`],
    holder: actor.name,
    holder_dead: machine.head(actor.context, Head.run) === Run.dead,
  };
}

/** What a condition depends on, in the words of the kernel text: `cpu_present_mask[4]`, `alive(vm0.vcpu0)`. */
function readBy(result: End, code: Code, x: number): string[] {
  const { program, machine } = result;
  switch (code.op) {
    case 'not':
    case 'minus':
      return readBy(result, code.of, x);
    case 'bin': {
      // of two things that must both hold, the one that does is not waited for
      const holds = (side: Code): boolean => code.how === 'and' && evaluator(side, machine.around)(machine.s, x) !== 0;
      if (holds(code.left)) return readBy(result, code.right, x);
      if (holds(code.right)) return readBy(result, code.left, x);
      return [...readBy(result, code.left, x), ...readBy(result, code.right, x)];
    }
    case 'ask': {
      if (CPU_ASKS.has(code.what)) return [];
      const of = evaluator(code.of, machine.around)(machine.s, x);
      return [`${code.what}(${code.what === 'tasks_on' ? of : (program.contexts[of]?.name ?? 'none')})`];
    }
    default:
      return (cellsRead(code, machine.around, machine.s, x) ?? []).map((cell) => cellName(result, cell));
  }
}

function cellName({ program }: End, cell: number): string {
  const group = program.groups.find((g) => cell >= g.base && cell < g.base + g.count);
  if (!group) return '';
  return group.scope === 'global' || group.count === 1 ? group.name : `${group.name}[${cell - group.base}]`;
}
