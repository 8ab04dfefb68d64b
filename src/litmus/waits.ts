/** Why a context does not go on, at any moment of a run: which guard fails, with what stands there now, and whom it waits for. */
import { Head, Hook, Run, type Code, type Instr } from '../language/program';
import { namesOf } from '../language/names';
import type { Machine } from '../machine/machine';
import { askRule, cellsOf, placementRule, placing, type Asker } from './reads';
import { settersOf } from './setters';
import { codeText, contextName, unmet, type Unmet } from './words';

/**
 * lock: a lock that another holds; action: another actor's action, for which the text says `after`; userspace: userspace does not
 * go on now; condition: a wait of the kernel text; call: calls to other CPUs; queue: room for one more call; stop: CPUs that must stand
 * still; stopper: whoever acts while all stand still; runqueue: a run queue lock that is never given back; interrupt: the one on its CPU; turn: another
 * task has the CPU; place: no CPU may take it; woken: nothing, it is about to be woken; off: its CPU does not run it.
 */
export type WaitKind =
  | 'lock'
  | 'action'
  | 'userspace'
  | 'condition'
  | 'call'
  | 'queue'
  | 'stop'
  | 'stopper'
  | 'runqueue'
  | 'interrupt'
  | 'turn'
  | 'place'
  | 'woken'
  | 'off';

export interface Wait {
  readonly context: number;
  readonly kind: WaitKind;
  /** What for: "kvm_lock, held by qemu", "cpuhp_done[4], which is false". */
  readonly what: string;
  /** Contexts that could end it, where it is known who. */
  readonly on: readonly number[];
  /** The parts of the condition that do not hold. */
  readonly unmet: readonly Unmet[];
  /** Cells whose change could end it. */
  readonly cells: readonly number[];
  /** The function in which it waits, as the text calls it. */
  readonly fn: string;
}

/** "cpuhp_done[4] is false", "kvm_usage_count is 1, wanted 0". */
export const unmetText = ({ text, is, wanted }: Unmet): string =>
  wanted === 'true' || wanted === 'false' ? `${text} is ${is}` : `${text} is ${is}, wanted ${wanted}`;

/** Why a context takes no step now; null where it does, has not begun, or is at an end. */
export function waitOf(machine: Machine, x: number): Wait | null {
  const { program } = machine;
  const run = machine.head(x, Head.run);
  const { kind } = program.contexts[x]!;
  if (machine.s[program.machine.panic] !== 0) return null;
  if (run !== Run.runnable && run !== Run.sleeping) return null;
  const instr = machine.instrOf(x);
  const cpu = machine.head(x, Head.cpu);
  const base = { context: x, on: [], unmet: [], cells: [], fn: program.frames[instr.frame]?.fn ?? '' };
  const scheduled = kind !== 'idle' && kind !== 'irq' && kind !== 'stopper' && kind !== 'init';
  const spinning = kind === 'irq' ? program.contexts[x]!.cpu : cpu;
  if (machine.isCurrent(x) && spinning >= 0 && machine.spinsOnRq(spinning))
    return { ...base, ...runqueueOf(machine, spinning) };
  if (run === Run.sleeping) {
    if (machine.head(x, Head.hook) === Hook.out) return null;
    const guard = guardOf(machine, x, instr);
    if (guard) return { ...base, ...guard };
    return machine.allowedCpus(x).length > 0
      ? { ...base, kind: 'woken', what: 'nothing any more: it is about to be woken' }
      : { ...base, kind: 'place', ...noPlace(machine, x) };
  }
  if (scheduled && !machine.isCurrent(x)) return { ...base, ...turnOf(machine, x, cpu) };
  const stopped = machine.s[program.machine.stopped]! - 1;
  if (stopped >= 0 && stopped !== x && instr.op !== 'stopresult')
    return {
      ...base,
      kind: 'stopper',
      what: `${contextName(program, stopped)}: all CPUs stand still for it`,
      on: [stopped],
    };
  if (instr.op === 'idle') return null;
  const top = scheduled || kind === 'idle' ? machine.top(cpu) : x;
  if (top >= 0 && top !== x && program.contexts[top]!.kind === 'irq')
    return { ...base, kind: 'interrupt', what: `the end of ${contextName(program, top)}`, on: [top] };
  const guard = guardOf(machine, x, instr);
  return guard && { ...base, ...guard };
}

type Reason = Pick<Wait, 'kind' | 'what'> & Partial<Pick<Wait, 'on' | 'unmet' | 'cells'>>;

/** What the instruction at which a context stands waits for. */
function guardOf(machine: Machine, x: number, instr: Instr): Reason | null {
  const { program, s } = machine;
  if (machine.ready(x)) return null;
  const asker: Asker = { machine, context: x };
  switch (instr.op) {
    case 'lock':
      return lockReason(machine, instr.lock);
    case 'await':
    case 'spin':
      return awaited(machine, x, instr.cond) ?? conditionReason(asker, instr.cond, 'condition');
    case 'action':
      return instr.when && conditionReason(asker, instr.when, 'userspace');
    case 'ipiwait': {
      const open = openCalls(machine, x);
      const where = open.map((c) => `CPU ${c}`).join(', ');
      return {
        kind: 'call',
        what: where === '' ? 'a call to another CPU' : `its call on ${where}`,
        on: open.flatMap((c) => holdsUpCall(machine, c)),
        cells: [program.contexts[x]!.base + Head.calls],
      };
    }
    case 'ipi':
      return { kind: 'queue', what: 'room in the call queue of another CPU' };
    case 'stop': {
      const busy = Array.from({ length: instr.count }, (_, c) => c).filter(
        (c) => s[instr.base + c] !== 0 && holdsUpStop(machine, c),
      );
      return {
        kind: 'stop',
        what: busy.length > 0 ? `${busy.map((c) => `CPU ${c}`).join(', ')} to stand still` : 'all CPUs to stand still',
        on: busy.map((c) => machine.top(c)).filter((y) => y >= 0 && y !== x),
      };
    }
    case 'stopresult': {
      const stopper = s[program.machine.stopped]! - 1;
      return {
        kind: 'stopper',
        what: `${contextName(program, stopper)}, for which all CPUs stand still`,
        on: stopper >= 0 ? [stopper] : [],
        cells: [program.machine.stopped],
      };
    }
    default:
      return null;
  }
}

function conditionReason(asker: Asker, cond: Code, kind: 'condition' | 'userspace'): Reason {
  const parts = unmet(asker, cond);
  const what = parts.length > 0 ? parts.map(unmetText).join(' and ') : codeText(asker, cond);
  const cells = [...new Set(parts.flatMap((p) => p.cells))];
  const { machine, context } = asker;
  /** Would it be nearer to holding with this value there? */
  const wanted = (cell: number, value: number): boolean => {
    const before = machine.s[cell]!;
    machine.s[cell] = value;
    const nearer = unmet(asker, cond).length < parts.length;
    machine.s[cell] = before;
    return nearer;
  };
  const on = [...new Set(cells.flatMap((cell) => settersOf(machine, cell, context, (value) => wanted(cell, value))))];
  return { kind, what, on: on.length === 1 ? on : [], unmet: parts, cells };
}

function lockReason(machine: Machine, lock: number): Reason {
  const { program, s } = machine;
  const { name, cell, mode } = program.locks[lock]!;
  const value = s[cell]!;
  if (mode === 'rwsem' && value > 0) {
    const who = value === 1 ? 'a reader' : `${value} readers`;
    return { kind: 'lock', what: `${name}, held by ${who}`, cells: [cell] };
  }
  const owner = Math.abs(value) - 1;
  const dead = machine.head(owner, Head.run) === Run.dead ? ', which is dead' : '';
  return { kind: 'lock', what: `${name}, held by ${contextName(program, owner)}${dead}`, on: [owner], cells: [cell] };
}

/** The action behind `after`: the compiler turns it into a wait for the progress of its actor. */
function awaited({ program }: Machine, x: number, cond: Code): Reason | null {
  const actor = program.actors.find((a) => a.context === x);
  if (!actor || cond.op !== 'bin' || cond.left.op !== 'cell' || cond.right.op !== 'const') return null;
  const { at } = cond.left;
  const name = namesOf(program).groupOf(at)?.name ?? '';
  const other = program.actors.find((a) => name === `progress(${a.name})`);
  const action = other?.actions[cond.right.value];
  if (!other || !action) return null;
  return { kind: 'action', what: `${other.name}: ${action.text}`, on: [other.context], cells: [at] };
}

/** CPUs that have not yet taken, or not yet done, a call of this context. */
function openCalls(machine: Machine, x: number): number[] {
  const { program, s } = machine;
  const m = program.machine;
  const found: number[] = [];
  for (let c = 0; c < program.cpus; c++) {
    const queued = Array.from({ length: m.queueDepth }, (_, i) => s[m.queue + c * m.queueDepth + i]).includes(x + 1);
    const runs = s[m.inIrq + c] !== 0 && machine.head(1 + program.cpus + c, Head.peer) === x + 1;
    if (queued || runs) found.push(c);
  }
  return found;
}

/** Who keeps a CPU from taking a call: whoever runs there, with interrupts off or in an interrupt. */
function holdsUpCall(machine: Machine, cpu: number): number[] {
  const x = machine.top(cpu);
  return x >= 0 && !machine.takesIrq(cpu) ? [x] : [];
}

function holdsUpStop(machine: Machine, cpu: number): boolean {
  const { program, s } = machine;
  const m = program.machine;
  if (s[m.queue + cpu * m.queueDepth] !== 0 || s[m.inIrq + cpu] !== 0) return true;
  return !machine.preemptible(cpu);
}

function runqueueOf(machine: Machine, cpu: number): Reason {
  const { program, s } = machine;
  const task = s[program.machine.rqWait + cpu]! - 1;
  const of = machine.head(task, Head.cpu);
  const holder = s[program.machine.cur + of]! - 1;
  return {
    kind: 'runqueue',
    what: `the run queue lock of CPU ${of}, to place ${contextName(program, task)}; ${contextName(program, holder)} died holding it`,
    on: holder >= 0 ? [holder] : [],
  };
}

/** Why a runnable task does not run on the CPU that it is on. */
function turnOf(machine: Machine, x: number, cpu: number): Reason {
  const { program } = machine;
  if (cpu >= 0 && !machine.mayRun(x, cpu)) {
    const cpus = machine.allowedCpus(x);
    if (cpus.length > 0)
      return {
        kind: 'place',
        what: `its move to another CPU: it may not run on CPU ${cpu} (${whyNotOn(machine, x, cpu)?.text ?? ''})`,
      };
    return { kind: 'place', ...noPlace(machine, x) };
  }
  if (cpu >= 0 && machine.rqHeld(cpu)) {
    const holder = machine.s[program.machine.cur + cpu]! - 1;
    return {
      kind: 'runqueue',
      what: `the run queue of CPU ${cpu}, whose lock ${contextName(program, holder)} died holding`,
      on: [holder],
    };
  }
  const there = machine.top(cpu);
  if (there < 0) return { kind: 'off', what: `CPU ${cpu}, which runs nothing` };
  if (program.contexts[there]!.kind === 'idle') return { kind: 'turn', what: `its turn on CPU ${cpu}` };
  return { kind: 'turn', what: `its turn on CPU ${cpu}, where ${contextName(program, there)} runs`, on: [there] };
}

function noPlace(machine: Machine, x: number): { what: string; cells: readonly number[] } {
  const { allowed } = machine.program.contexts[x]!;
  const own =
    allowed < 0
      ? []
      : Array.from({ length: machine.program.cpus }, (_, c) => c).filter((c) => machine.s[allowed + c] !== 0);
  const why = own.map((c) => whyNotOn(machine, x, c)).filter((w) => w !== null);
  const said =
    why.length === 0
      ? 'its affinity mask is empty'
      : why
          .slice(0, 3)
          .map((w) => w.text)
          .join('; ');
  return { what: `a CPU that may take it: ${said}`, cells: why.flatMap((w) => w.cells) };
}

/** Why a task may not run on a CPU, or null where it may: its affinity mask, or the placement rule of the text. */
export function whyNotOn(
  machine: Machine,
  x: number,
  cpu: number,
): { readonly text: string; readonly cells: readonly number[] } | null {
  if (machine.mayRun(x, cpu)) return null;
  const { program } = machine;
  const context = program.contexts[x]!;
  const cells: number[] = [];
  placing(machine, x, cpu, (cell) => cells.push(cell));
  if (context.kind === 'percpu' && context.cpu !== cpu) return { text: `it is bound to CPU ${context.cpu}`, cells };
  if (context.allowed >= 0 && machine.s[context.allowed + cpu] === 0)
    return { text: `its affinity mask leaves CPU ${cpu} out`, cells };
  const text = askRule(machine, x, cpu, (asker) =>
    unmet(asker, placementRule(program, x)).map(unmetText).join(' and '),
  );
  return { text, cells };
}

/** A wait and what it waits for in turn, to its end; `cycle` where it comes back to one that was there: a deadlock. */
export function waitChain(
  machine: Machine,
  x: number,
  most = 12,
): { readonly waits: readonly Wait[]; readonly cycle: boolean } {
  const waits: Wait[] = [];
  const seen = new Set<number>();
  let at = x;
  for (;;) {
    if (seen.has(at)) return { waits, cycle: true };
    seen.add(at);
    const wait = waitOf(machine, at);
    if (!wait) return { waits, cycle: false };
    waits.push(wait);
    const next = wait.on[0];
    if (next === undefined || waits.length >= most) return { waits, cycle: false };
    at = next;
  }
}

/** Cells that a condition reads now, for those who want to know what it hangs on. */
export const guardCells = (machine: Machine, x: number): readonly number[] => {
  const instr = machine.instrOf(x);
  const asker: Asker = { machine, context: x };
  if (instr.op === 'await' || instr.op === 'spin' || instr.op === 'idle') return cellsOf(asker, instr.cond);
  if (instr.op === 'lock') return [machine.program.locks[instr.lock]!.cell];
  if (instr.op === 'action') return instr.when ? cellsOf(asker, instr.when) : [];
  if (instr.op === 'ipiwait') return [machine.program.contexts[x]!.base + Head.calls];
  return instr.op === 'stopresult' ? [machine.program.machine.stopped] : [];
};

/** What a context does, in a word, where it does not wait. */
export function standOf(machine: Machine, x: number): string {
  const { program } = machine;
  switch (machine.head(x, Head.run)) {
    case Run.none:
      return 'not started, or at its end';
    case Run.dead:
      return 'dead';
    default: {
      const cpu = machine.head(x, Head.cpu);
      const instr = machine.instrOf(x);
      if (instr.op === 'guest' && machine.isCurrent(x)) return `in the guest, on CPU ${cpu}`;
      if (instr.op === 'idle') return 'idle';
      return `runs, on CPU ${program.contexts[x]!.cpu >= 0 ? program.contexts[x]!.cpu : cpu}`;
    }
  }
}
