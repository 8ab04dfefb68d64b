/** What a context does to others: starts them, calls them, ends; as functions that the code of all contexts shares. */
import { HANDLER_CPU, Head, IrqOff, Run } from '../../language/program';
import type { Func } from '../wasm/encode';
import { call, either, get, i32, nothing, ret, select, set, when, type Op } from '../wasm/ops';
import { cpusOf, head, idleOf, irqOf, is, lives, queueCell, readHead, rqHeld, rqMayBeHeld, stopperOf } from './asks';
import {
  define,
  fixed,
  raise,
  read,
  write,
  writeAt,
  writeChecked,
  writeConst,
  zero,
  type Build,
  type Scope,
} from './build';
import { runner } from './steps';

/** Head cells that a context loses when it ends, and those of the call that it has sent. */
const OWN = [
  Head.pc,
  Head.run,
  Head.preempt,
  Head.irqOff,
  Head.notifier,
  Head.hook,
  Head.resume,
  Head.peer,
  Head.dying,
];
const CALL = [Head.arg0, Head.arg1, Head.entry];

export function setHead(b: Build, scope: Scope, x: number, field: number, value: number): Op {
  return writeConst(b, scope, head(b, x, field), value);
}

function zeroLocals(b: Build, scope: Scope, x: number): Op {
  const { base, locals } = b.program.contexts[x]!;
  const out: Op[] = [];
  for (let i = 0; i < locals; i++) out.push(writeConst(b, scope, base + Head.size + i, 0));
  return out;
}

/** A context that ends and will begin anew elsewhere in the text. */
export function reset(b: Build, scope: Scope, x: number): Op {
  const sends = fixed(b, head(b, x, Head.calls)) === undefined;
  return [
    zeroLocals(b, scope, x),
    OWN.map((field) => setHead(b, scope, x, field, 0)),
    // what it sent to other CPUs outlives it until they have taken it
    sends
      ? when(
          i32.eqz(readHead(b, x, Head.calls)),
          CALL.map((field) => setHead(b, scope, x, field, 0)),
        )
      : nothing,
  ];
}

/** Puts a context at an entry of its code, and lets it run to where it can rest. */
function begin(b: Build, scope: Scope, x: number, pc: number): Op {
  const { steps } = codeOf(b, x);
  if (b.program.code[pc]!.glue) return call(runner(b).index, i32.const(steps.block(pc, false).entry));
  return steps.setPc(scope, pc);
}

/** The code of each context, known to this module when it is written. */
export interface CodeOf {
  readonly steps: {
    block(pc: number, atomic: boolean): { readonly entry: number };
    setPc(scope: Scope, pc: number): Op;
  };
}
const codes = new WeakMap<Build, readonly CodeOf[]>();
export function setCodes(b: Build, all: readonly CodeOf[]): void {
  codes.set(b, all);
}
const codeOf = (b: Build, x: number): CodeOf => codes.get(b)![x]!;

/** Puts a sender (its context + 1) at the end of a CPU's queue. */
export function pushCall(b: Build, c: number): Func {
  return b.shared(`push call ${c}`, () => {
    const func = b.module.declare(['i32'], []);
    const { queueDepth } = b.program.machine;
    define(b, func, 1, (scope) =>
      Array.from({ length: queueDepth }, (_, i) =>
        when(i32.eqz(read(b, queueCell(b, c, i))), [write(b, scope, queueCell(b, c, i), get(0)), ret()]),
      ),
    );
    return func;
  });
}

/** Contexts that can send a call. */
export const senders = (b: Build): number[] =>
  b.program.contexts.flatMap((_, x) => (lives(b, x) && fixed(b, head(b, x, Head.entry)) === undefined ? [x] : []));

/** A handler has run: its sender waits for one less. */
export function endCall(b: Build): Func {
  return b.shared('end call', () => {
    const func = b.module.declare(['i32'], []);
    define(b, func, 1, (scope) =>
      senders(b).map((x) =>
        when(is(get(0), x), [
          write(b, scope, head(b, x, Head.calls), i32.sub(readHead(b, x, Head.calls), i32.const(1))),
          when(
            i32.eqz(readHead(b, x, Head.calls)),
            CALL.map((field) => setHead(b, scope, x, field, 0)),
          ),
        ]),
      ),
    );
    return func;
  });
}

/** The first call in a CPU's queue is taken. */
export function takeIrq(b: Build, c: number): Func {
  return b.shared(`take irq ${c}`, () => {
    const func = b.module.declare([], []);
    const { program } = b;
    const { machine } = program;
    const x = irqOf(b, c);
    const { base, locals } = program.contexts[x]!;
    const { steps } = codeOf(b, x);
    const last = machine.queueDepth - 1;
    define(b, func, 0, (scope) => {
      const sender = scope.temp();
      const entry = scope.temp();
      const args = [scope.temp(), scope.temp()];
      const argument = (i: number): Op => {
        if (i >= locals) return nothing;
        const cell = base + Head.size + i;
        const [lo, hi] = [program.lo[cell]!, program.hi[cell]!];
        const a = get(args[i]!);
        const cut = select(i32.const(lo), select(i32.const(hi), a, i32.gt(a, i32.const(hi))), i32.lt(a, i32.const(lo)));
        return write(b, scope, cell, either(is(a, HANDLER_CPU), i32.const(c), cut));
      };
      const handlers = b.layout.handlers;
      return [
        set(sender, i32.sub(read(b, queueCell(b, c, 0)), i32.const(1))),
        Array.from({ length: last }, (_, i) => write(b, scope, queueCell(b, c, i), read(b, queueCell(b, c, i + 1)))),
        writeConst(b, scope, queueCell(b, c, last), 0),
        writeConst(b, scope, machine.inIrq + c, 1),
        setHead(b, scope, x, Head.run, Run.runnable),
        write(b, scope, head(b, x, Head.peer), i32.add(get(sender), i32.const(1))),
        senders(b).map((y) =>
          when(is(get(sender), y), [
            set(entry, readHead(b, y, Head.entry)),
            set(args[0]!, readHead(b, y, Head.arg0)),
            set(args[1]!, readHead(b, y, Head.arg1)),
          ]),
        ),
        argument(0),
        argument(1),
        handlers.map((pc, i) => {
          if (!b.world.at[x]!.has(pc)) return nothing;
          const run = program.code[pc]!.glue
            ? call(runner(b).index, i32.const(steps.block(pc, false).entry))
            : steps.setPc(scope, pc);
          return when(is(get(entry), i + 1), [run, ret()]);
        }),
      ];
    });
    return func;
  });
}

/** A CPU begins its boot path. */
export function startCpu(b: Build, c: number, entry: number): Func {
  return b.shared(`start ${c} ${entry}`, () => {
    const func = b.module.declare([], []);
    const x = idleOf(c);
    const cur = b.program.machine.cur + c;
    define(b, func, 0, (scope) => [
      when(i32.ne(read(b, cur), zero), [raise(b), ret()]),
      writeConst(b, scope, cur, x + 1),
      setHead(b, scope, x, Head.run, Run.runnable),
      setHead(b, scope, x, Head.irqOff, IrqOff.text),
      begin(b, scope, x, entry),
    ]);
    return func;
  });
}

/** All CPUs stand still while the stopper of one runs. Parameters: its two arguments, and who waits for it. */
export function stopMachine(b: Build, c: number, entry: number, args: number): Func {
  return b.shared(`stop ${c} ${entry} ${args}`, () => {
    const func = b.module.declare(['i32', 'i32', 'i32'], []);
    const { program } = b;
    const x = stopperOf(b, c);
    const { base } = program.contexts[x]!;
    define(b, func, 3, (scope) => [
      writeConst(b, scope, program.machine.stopped, x + 1),
      Array.from({ length: args }, (_, i) => {
        const cell = base + Head.size + 1 + i;
        return writeChecked(b, scope, cell, get(i), program.lo[cell]!, program.hi[cell]!);
      }),
      setHead(b, scope, x, Head.run, Run.runnable),
      setHead(b, scope, x, Head.irqOff, IrqOff.text),
      write(b, scope, head(b, x, Head.peer), i32.add(get(2), i32.const(1))),
      begin(b, scope, x, entry),
    ]);
    return func;
  });
}

/** Task y is made, asleep, by somebody on the CPU that the parameter names. */
export function spawn(b: Build, y: number, arg: number): Func {
  return b.shared(`spawn ${y}`, () => {
    const func = b.module.declare(['i32'], []);
    const { program } = b;
    const context = program.contexts[y]!;
    const { base } = context;
    const thread = program.threads[context.thread]!;
    const takes = context.locals > 0 && (context.vcpu >= 0 || context.kind === 'percpu');
    define(b, func, 1, (scope) => {
      const run = scope.temp();
      const cpu = context.cpu >= 0 ? i32.const(context.cpu) : get(0);
      return [
        set(run, readHead(b, y, Head.run)),
        when(i32.or(is(get(run), Run.runnable), is(get(run), Run.sleeping)), [raise(b), ret()]),
        zeroLocals(b, scope, y),
        [Head.preempt, Head.irqOff, Head.notifier, Head.hook, Head.resume].map((f) => setHead(b, scope, y, f, 0)),
        context.allowed >= 0 ? cpusOf(b).map((c) => writeConst(b, scope, context.allowed + c, 1)) : nothing,
        takes ? writeConst(b, scope, base + Head.size, arg) : nothing,
        setHead(b, scope, y, Head.run, Run.sleeping),
        write(b, scope, head(b, y, Head.cpu), cpu),
        begin(b, scope, y, thread.entry),
      ];
    });
    return func;
  });
}

/** Sets a task's mask to one CPU, or to all where the first parameter is negative; 1 where a run queue lock is in the way. */
export function allow(b: Build, y: number): Func {
  return b.shared(`allow ${y}`, () => {
    const func = b.module.declare(['i32', 'i32'], ['i32']);
    const { allowed } = b.program.contexts[y]!;
    define(b, func, 2, (scope) => [
      rqMayBeHeld(b)
        ? [when(rqHeldFor(b, y), [spinForRq(b, scope, y, readHead(b, y, Head.cpu), get(1)), ret(i32.const(1))])]
        : nothing,
      cpusOf(b).map((c) => write(b, scope, allowed + c, i32.or(i32.lt(get(0), zero), i32.eq(get(0), i32.const(c))))),
      zero,
    ]);
    return func;
  });
}

/** The run queue that a task is on, has a lock that is never given back. */
export function rqHeldFor(b: Build, y: number): Op {
  const cpu = readHead(b, y, Head.cpu);
  return either(i32.ge(cpu, zero), call(rqHeld(b).index, cpu), zero);
}

/** CPU `by` has to place task y on CPU c, or to take it from there, and spins. */
export function spinForRq(b: Build, scope: Scope, y: number, c: Op, by: Op): Op {
  const at = scope.temp();
  const who = scope.temp();
  return [
    write(b, scope, head(b, y, Head.cpu), c),
    set(at, by),
    set(who, i32.const(y + 1)),
    writeAt(b, scope, b.program.machine.rqWait, get(at), get(who)),
  ];
}

/** Some CPU spins because it has to place this task. */
export function beingPlaced(b: Build, y: number): Op {
  if (!rqMayBeHeld(b)) return zero;
  const any = cpusOf(b)
    .map((c) => is(read(b, b.program.machine.rqWait + c), y + 1))
    .reduce((a, o) => i32.or(a, o));
  return either(read(b, b.program.machine.oops), any, zero);
}

/** A CPU that runs and does not spin: it can be the one that places a task. */
export function places(b: Build, c: number): Op {
  const { machine } = b.program;
  return either(
    i32.ne(read(b, machine.cur + c), zero),
    i32.and(i32.eqz(call(rqHeld(b).index, i32.const(c))), i32.eqz(read(b, machine.rqWait + c))),
    zero,
  );
}
