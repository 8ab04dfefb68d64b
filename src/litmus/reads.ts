/** Which cells the value of an expression depends on, in one state of the machine. */
import { Head, type Code, type Program } from '../language/program';
import { evaluator } from '../machine/evaluate';
import type { Machine } from '../machine/machine';

/** A condition is asked for by a context: its locals, and the CPU that it is on. */
export interface Asker {
  readonly machine: Machine;
  readonly context: number;
}

/** The value of an expression now. */
export function valueOf({ machine, context }: Asker, code: Code): number {
  return evaluator(code, machine.around)(machine.s, context);
}

/** The cells that an expression reads in this state: what it depends on, in the order in which it is read. */
export function cellsOf(asker: Asker, code: Code): number[] {
  const found: number[] = [];
  reads(asker, code, (cell) => found.push(cell));
  return found;
}

/**
 * Tells of each cell on which the value of an expression depends in this state. What is not evaluated is not read: of `a and b`
 * with a false only a. Answers of the scheduler depend on the few cells that make them so.
 */
export function reads(asker: Asker, code: Code, told: (cell: number) => void): void {
  const { machine, context } = asker;
  const { program, s } = machine;
  const inner = (of: Code): void => reads(asker, of, told);
  switch (code.op) {
    case 'const':
    case 'self':
      return;
    case 'cell':
      told(code.at);
      return;
    case 'cellAt': {
      inner(code.index);
      const i = valueOf(asker, code.index);
      if (i >= 0 && i < code.count) told(code.base + i);
      return;
    }
    case 'local': {
      const base = program.contexts[context]?.base;
      if (base !== undefined) told(base + Head.size + code.slot);
      return;
    }
    case 'this': {
      const base = program.contexts[context]?.base;
      if (base !== undefined) told(base + Head.cpu);
      return;
    }
    case 'instance':
      inner(code.index);
      return;
    case 'not':
    case 'minus':
      inner(code.of);
      return;
    case 'count':
      for (let i = 0; i < code.count; i++) told(code.base + i);
      return;
    case 'firstFrom': {
      inner(code.from);
      const from = Math.max(0, valueOf(asker, code.from));
      for (let i = from; i < code.count; i++) {
        told(code.base + i);
        if (s[code.base + i] !== 0) break;
      }
      return;
    }
    case 'nextState': {
      inner(code.from);
      inner(code.target);
      const state = program.states[program.stateByNumber[valueOf(asker, code)] ?? -1];
      if (state && state.registeredCell >= 0) told(state.registeredCell);
      return;
    }
    case 'bin': {
      inner(code.left);
      const left = code.how === 'and' || code.how === 'or' ? valueOf(asker, code.left) !== 0 : null;
      if (left === null || left === (code.how === 'and')) inner(code.right);
      return;
    }
    case 'ask':
      inner(code.of);
      asked(asker, code, told);
  }
}

function asked(asker: Asker, code: Extract<Code, { op: 'ask' }>, told: (cell: number) => void): void {
  const { machine } = asker;
  const { program } = machine;
  const of = valueOf(asker, code.of);
  const head = (x: number, field: number): void => {
    const context = program.contexts[x];
    if (context) told(context.base + field);
  };
  const tasksOf = (field: (x: number) => boolean): void => {
    for (const x of machine.floating) if (field(x)) [Head.run, Head.cpu].forEach((f) => head(x, f));
  };
  switch (code.what) {
    case 'running': {
      const cpu = valueOf(asker, code.also);
      if (cpu >= 0 && cpu < program.cpus) told(program.machine.cur + cpu);
      return;
    }
    case 'alive':
    case 'dead':
    case 'sleeping':
      head(of, Head.run);
      return;
    case 'settled':
      head(of, Head.run);
      head(of, Head.cpu);
      if (of >= 0) placing(machine, of, machine.head(of, Head.cpu), told);
      return;
    case 'cpu_of':
      head(of, Head.cpu);
      return;
    case 'preempt_count':
      head(of, Head.preempt);
      return;
    case 'irqs_disabled':
      head(of, Head.irqOff);
      return;
    case 'in_guest':
      head(of, Head.run);
      head(of, Head.cpu);
      if (of >= 0 && machine.head(of, Head.cpu) >= 0) told(program.machine.cur + machine.head(of, Head.cpu));
      return;
    case 'tasks_on':
    case 'need_resched':
      if (of < 0 || of >= program.cpus) return;
      told(program.machine.cur + of);
      tasksOf((x) => machine.head(x, Head.cpu) === of);
      return;
    case 'irq_pending':
      if (of >= 0 && of < program.cpus) told(program.machine.queue + of * program.machine.queueDepth);
      return;
    case 'actors_busy':
      for (const { context } of program.actors) head(context, Head.run);
      return;
    case 'has_up':
    case 'has_down': {
      const state = program.states[program.stateByNumber[of] ?? -1];
      if (state && state.registeredCell >= 0) told(state.registeredCell);
      return;
    }
    case 'vcpu_of':
    case 'instances':
      return;
  }
}

/** The rule of the text that says where a task of this kind may run. */
export function placementRule(program: Program, x: number): Code {
  const { kind } = program.contexts[x]!;
  return program.place[kind === 'percpu' ? 'percpu' : kind === 'kthread' ? 'kthread' : 'user'];
}

/** Asks a placement rule, whose parameters are the CPU and the task, in the scratch context. */
export function askRule<T>(machine: Machine, x: number, cpu: number, ask: (asker: Asker) => T): T {
  const at = machine.program.scratch + Head.size;
  const before = [machine.s[at]!, machine.s[at + 1]!];
  machine.s[at] = cpu;
  machine.s[at + 1] = x;
  try {
    return ask({ machine, context: machine.program.contexts.length });
  } finally {
    [machine.s[at], machine.s[at + 1]] = before as [number, number];
  }
}

/** Cells on which it depends whether a task may run on a CPU: its affinity mask and the placement rule. */
export function placing(machine: Machine, x: number, cpu: number, told: (cell: number) => void): void {
  const { allowed } = machine.program.contexts[x]!;
  if (cpu < 0) return;
  if (allowed >= 0) {
    told(allowed + cpu);
    if (machine.s[allowed + cpu] === 0) return;
  }
  askRule(machine, x, cpu, (asker) => reads(asker, placementRule(machine.program, x), told));
}
