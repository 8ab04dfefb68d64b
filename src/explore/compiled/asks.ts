/**
 * What expressions ask of tasks and CPUs, and what the scheduler asks itself: who is current, who waits, who may run where.
 * Everything is written out for each task and each CPU, so that every cell has a fixed address.
 */
import { Head, Run, type Code } from '../../language/program';
import { fold, UNKNOWN } from '../program/fold';
import type { Func } from '../wasm/encode';
import { call, either, get, i32, label, block, br, nothing, ret, set, when, type Op } from '../wasm/ops';
import { define, fixed, read, readAt, zero, type Build, type Scope } from './build';
import { chain, constantOf, value, type Stand } from './expressions';

export const head = (b: Build, x: number, field: number): number => b.program.contexts[x]!.base + field;
export const readHead = (b: Build, x: number, field: number): Op => read(b, head(b, x, field));
export const is = (op: Op, n: number): Op => (n === 0 ? i32.eqz(op) : i32.eq(op, i32.const(n)));
export const idleOf = (c: number): number => 1 + c;
export const irqOf = (b: Build, c: number): number => 1 + b.program.cpus + c;
export const stopperOf = (b: Build, c: number): number => 1 + 2 * b.program.cpus + c;
export const queueCell = (b: Build, c: number, slot: number): number =>
  b.program.machine.queue + c * b.program.machine.queueDepth + slot;
export const cpusOf = (b: Build): number[] => Array.from({ length: b.program.cpus }, (_, c) => c);

/** Tasks that the scheduler may place: those with a mask, then the threads of each CPU. */
export function schedulable(b: Build): number[] {
  const { contexts } = b.program;
  const of = (is: (x: number) => boolean): number[] => contexts.flatMap((_, x) => (is(x) ? [x] : []));
  const floating = of((x) => contexts[x]!.allowed >= 0);
  const bound = cpusOf(b).flatMap((c) => of((x) => contexts[x]!.kind === 'percpu' && contexts[x]!.cpu === c));
  return [...floating, ...bound];
}

/** Whether a context can ever do anything. */
export const lives = (b: Build, x: number): boolean => b.world.at[x]!.size > 0;

/** Tasks that can ever be on this CPU, its idle task not among them. */
export function tasksOf(b: Build, c: number): number[] {
  return schedulable(b).filter((x) => {
    const context = b.program.contexts[x]!;
    return lives(b, x) && (context.kind === 'percpu' ? context.cpu === c : mayEver(b, x, c));
  });
}

/** False where the mask or the placement rule keeps the task off this CPU for ever, and it does not begin there. */
function mayEver(b: Build, x: number, c: number): boolean {
  const { allowed, base } = b.program.contexts[x]!;
  return fixed(b, allowed + c) !== 0 || b.world.start[base + Head.cpu] === c;
}

/** A placement rule for one task and one CPU, and its affinity mask unless that is left out: 1 or 0. */
export function mayRun(b: Build, scope: Scope, x: number, c: number, masked = true): Op {
  const { program } = b;
  const context = program.contexts[x]!;
  const percpu = context.kind === 'percpu';
  if (percpu && context.cpu !== c) return zero;
  const rule = percpu ? program.place.percpu : context.kind === 'kthread' ? program.place.kthread : program.place.user;
  const known = {
    program,
    cell: b.world.cell,
    local: (slot: number) => (slot === 0 ? c : slot === 1 ? x : UNKNOWN),
    self: -1,
  };
  const small = fold(rule, known);
  const placed = value({ b, scope, known, env: null }, small);
  if (percpu) return i32.ne(placed, zero);
  const allowed = masked ? fixed(b, context.allowed + c) : 1;
  if (allowed === 0) return zero;
  const may = small.op === 'const' ? i32.const(+(small.value !== 0)) : i32.ne(placed, zero);
  return allowed === undefined ? either(read(b, context.allowed + c), may, zero) : may;
}

/** mayRun of a task on a CPU that is known only at run time. */
export function mayRunAt(b: Build, x: number): Func {
  return b.shared(`may run ${x}`, () => {
    const func = b.module.declare(['i32'], ['i32']);
    define(b, func, 1, (scope) =>
      chain(
        scope,
        get(0),
        cpusOf(b).map((c) => [c, mayRun(b, scope, x, c)] as const),
        zero,
      ),
    );
    return func;
  });
}

export const isCurrentOn = (b: Build, x: number, c: number): Op => is(read(b, b.program.machine.cur + c), x + 1);

/** It is the current task of the CPU that it is on. */
export function isCurrent(b: Build, scope: Scope, x: number): Op {
  const { cpu } = b.program.contexts[x]!;
  if (cpu >= 0) return isCurrentOn(b, x, cpu);
  const c = scope.temp();
  return [
    set(c, readHead(b, x, Head.cpu)),
    either(i32.ge(get(c), zero), is(readAt(b, b.program.machine.cur, b.program.cpus, get(c)), x + 1), zero),
  ];
}

/** Runnable and placed on this CPU. */
export function isOn(b: Build, x: number, c: number): Op {
  const runs = is(readHead(b, x, Head.run), Run.runnable);
  return b.program.contexts[x]!.cpu >= 0 ? runs : either(runs, is(readHead(b, x, Head.cpu), c), zero);
}

/** Some task but `current` waits on this CPU and may run there. */
export function othersWait(b: Build, c: number): Func {
  return b.shared(`others wait ${c}`, () => {
    const func = b.module.declare([], ['i32']);
    define(b, func, 0, (scope) => [
      tasksOf(b, c).map((y) =>
        when(isOn(b, y, c), when(i32.eqz(isCurrentOn(b, y, c)), when(mayRun(b, scope, y, c), ret(i32.const(1))))),
      ),
      zero,
    ]);
    return func;
  });
}

/** The current task may not stay, or another waits. */
export function needResched(b: Build): Func {
  return b.shared('need resched', () => {
    const func = b.module.declare(['i32'], ['i32']);
    define(b, func, 1, (scope) =>
      chain(
        scope,
        get(0),
        cpusOf(b).map(
          (c) =>
            [
              c,
              [
                tasksOf(b, c).map((y) =>
                  when(isCurrentOn(b, y, c), when(i32.eqz(mayRun(b, scope, y, c)), ret(i32.const(1)))),
                ),
                call(othersWait(b, c).index),
              ],
            ] as const,
        ),
        zero,
      ),
    );
    return func;
  });
}

/** A task died on this CPU inside the scheduler. */
export function rqHeld(b: Build): Func {
  return b.shared('rq held', () => {
    const func = b.module.declare(['i32'], ['i32']);
    const { machine } = b.program;
    define(b, func, 1, (scope) => [
      when(i32.eqz(read(b, machine.oops)), ret(zero)),
      chain(
        scope,
        get(0),
        cpusOf(b).map((c) => {
          const current = scope.temp();
          return [
            c,
            [
              set(current, read(b, machine.cur + c)),
              tasksOf(b, c).map((y) => when(is(get(current), y + 1), ret(is(readHead(b, y, Head.run), Run.dead)))),
              zero,
            ],
          ] as const;
        }),
        zero,
      ),
    ]);
    return func;
  });
}

/** rqHeld can ever be true: a task can have a BUG in its sched_out hook. */
export const rqMayBeHeld = (b: Build): boolean => fixed(b, b.program.machine.rqWait) === undefined;

/** pcs of a context at which it stands in the guest. */
export function inGuest(b: Build, scope: Scope, x: number): Op {
  const { code } = b.program;
  const guests = b.layout.pcs(x).filter((pc) => code[pc]!.op === 'guest');
  if (!lives(b, x) || guests.length === 0) return zero;
  const pc = scope.temp();
  const there = guests.map((g) => is(get(pc), b.layout.pcNumber(x, g))).reduce((a, c) => i32.or(a, c));
  return either(
    is(readHead(b, x, Head.run), Run.runnable),
    [set(pc, readHead(b, x, Head.pc)), either(there, isCurrent(b, scope, x), zero)],
    zero,
  );
}

/** An actor that has entered the kernel. */
export function inKernel(b: Build, scope: Scope, x: number): Op {
  const { code, frames } = b.program;
  const pcs = b.layout.pcs(x);
  const inside = (pc: number): boolean => {
    const instr = code[pc]!;
    if (instr.op === 'action') return !instr.begin;
    const parent = frames[instr.frame]?.parent ?? -1;
    return instr.op !== 'await' || (parent >= 0 && frames[parent]!.parent >= 0);
  };
  const table = b.memory.constants(`in kernel ${x}`, () => pcs.map((pc) => +inside(pc)));
  const run = scope.temp();
  const where = i32.load(i32.shl(readHead(b, x, Head.pc), i32.const(2)), table);
  return [
    set(run, readHead(b, x, Head.run)),
    either(i32.or(is(get(run), Run.runnable), is(get(run), Run.sleeping)), where, zero),
  ];
}

/** A question about one task, known when the code is written. */
function askOf(at: Stand, what: Extract<Code, { op: 'ask' }>['what'], x: number, also: Op, alsoKnown?: number): Op {
  const { b, scope } = at;
  const { machine, cpus } = b.program;
  const run = (): Op => readHead(b, x, Head.run);
  switch (what) {
    case 'running': {
      if (alsoKnown !== undefined) return alsoKnown >= 0 && alsoKnown < cpus ? isCurrentOn(b, x, alsoKnown) : zero;
      const c = scope.temp();
      return [
        set(c, also),
        either(i32.ltU(get(c), i32.const(cpus)), is(readAt(b, machine.cur, cpus, get(c)), x + 1), zero),
      ];
    }
    case 'alive':
      return i32.and(i32.ne(run(), i32.const(Run.none)), i32.ne(run(), i32.const(Run.dead)));
    case 'dead':
      return is(run(), Run.dead);
    case 'sleeping':
      return is(run(), Run.sleeping);
    case 'settled': {
      if (b.program.contexts[x]!.allowed < 0 && b.program.contexts[x]!.kind !== 'percpu') return i32.const(1);
      return either(is(run(), Run.runnable), call(mayRunAt(b, x).index, readHead(b, x, Head.cpu)), i32.const(1));
    }
    case 'cpu_of':
      return readHead(b, x, Head.cpu);
    case 'preempt_count':
      return readHead(b, x, Head.preempt);
    case 'irqs_disabled':
      return i32.ne(readHead(b, x, Head.irqOff), zero);
    case 'in_guest':
      // who asks executes, and is not in the guest
      return x === at.known.self ? zero : inGuest(b, scope, x);
    case 'vcpu_of':
      return i32.const(b.program.contexts[x]!.vcpu);
    default:
      throw new Error(`${what} is not asked of a task`);
  }
}

/** A question of an expression. */
export function ask(at: Stand, code: Extract<Code, { op: 'ask' }>, compile: (code: Code) => Op): Op {
  const { b, scope } = at;
  const { program } = b;
  const of = constantOf(at, code.of);
  switch (code.what) {
    case 'tasks_on': {
      const c = scope.temp();
      let sum: Op = zero;
      for (const x of schedulable(b))
        if (program.contexts[x]!.allowed >= 0 && lives(b, x))
          sum = i32.add(
            sum,
            i32.and(is(readHead(b, x, Head.run), Run.runnable), i32.eq(readHead(b, x, Head.cpu), get(c))),
          );
      return [set(c, compile(code.of)), sum];
    }
    case 'need_resched': {
      const c = scope.temp();
      return [
        set(c, compile(code.of)),
        either(i32.ltU(get(c), i32.const(program.cpus)), call(needResched(b).index, get(c)), zero),
      ];
    }
    case 'irq_pending':
      return chain(
        scope,
        compile(code.of),
        cpusOf(b).map((c) => [c, i32.ne(read(b, queueCell(b, c, 0)), zero)] as const),
        zero,
      );
    case 'actors_busy': {
      let sum: Op = zero;
      const self = scope.temp();
      for (const { context: x } of program.actors)
        if (lives(b, x)) sum = i32.add(sum, either(is(get(self), x), zero, inKernel(b, scope, x)));
      return [set(self, compile(code.of)), sum];
    }
    case 'has_up':
    case 'has_down':
      return hasCallback(at, code.what === 'has_up', compile(code.of));
    case 'instances': {
      const table = b.memory.constants('instances', () =>
        [...program.stateByNumber].map((i) => program.states[i]?.instances ?? 0),
      );
      const n = scope.temp();
      return [
        set(n, compile(code.of)),
        either(
          i32.ltU(get(n), i32.const(program.stateByNumber.length)),
          i32.load(i32.shl(get(n), i32.const(2)), table),
          zero,
        ),
      ];
    }
    default: {
      if (of !== undefined) return askOf(at, code.what, of, compile(code.also), constantOf(at, code.also));
      const also = scope.temp();
      const none = code.what === 'settled' ? 1 : code.what === 'cpu_of' || code.what === 'vcpu_of' ? -1 : 0;
      const [first, last] =
        code.of.op === 'instance' ? [code.of.first, code.of.first + code.of.count] : [1, program.contexts.length];
      const cases = [];
      for (let x = first; x < last; x++) cases.push([x, askOf(at, code.what, x, get(also))] as const);
      return [set(also, compile(code.also)), chain(scope, compile(code.of), cases, i32.const(none))];
    }
  }
}

/** has_up and has_down of a state that is known only at run time. */
function hasCallback(at: Stand, up: boolean, of: Op): Op {
  const { b } = at;
  const func = b.shared(`has callback ${up}`, () => {
    const f = b.module.declare(['i32'], ['i32']);
    const { states, stateByNumber } = b.program;
    const table = b.memory.constants(`callbacks ${up}`, () =>
      [...stateByNumber].map((i) => {
        const st = states[i];
        if (!st || (up ? st.up : st.down) === '') return 0;
        return st.registeredCell < 0 ? 1 : 2;
      }),
    );
    define(b, f, 1, (scope) => {
      const kind = scope.temp();
      const done = label('block');
      return [
        when(i32.geU(get(0), i32.const(stateByNumber.length)), ret(zero)),
        set(kind, i32.load(i32.shl(get(0), i32.const(2)), table)),
        block(
          done,
          when(i32.ne(get(kind), i32.const(2)), br(done)),
          states.map((st) =>
            st.registeredCell < 0 ? nothing : when(is(get(0), st.number), set(kind, read(b, st.registeredCell))),
          ),
        ),
        get(kind),
      ];
    });
    return f;
  });
  return call(func.index, of);
}

/** May be preempted, or idles: the conditions on the task alone. */
export function mayLeave(b: Build, x: number): Op {
  const { code, contexts } = b.program;
  if (contexts[x]!.kind === 'idle') {
    const idles = b.layout.pcs(x).filter((pc) => code[pc]!.op === 'idle');
    const pc = readHead(b, x, Head.pc);
    return idles.length === 0 ? zero : idles.map((i) => is(pc, b.layout.pcNumber(x, i))).reduce((a, c) => i32.or(a, c));
  }
  const off = [Head.preempt, Head.irqOff, Head.hook].filter((f) => fixed(b, head(b, x, f)) !== 0);
  return off.length === 0 ? i32.const(1) : i32.eqz(off.map((f) => readHead(b, x, f)).reduce((a, c) => i32.or(a, c)));
}
