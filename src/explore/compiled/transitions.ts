/**
 * Everything that can happen next in a state, each tried and handed to `commit`. The order is that of `Machine.enabled`.
 * One function for each CPU and each context that can be current there, one for each task that can be woken or moved.
 */
import { Head, Hook, Run } from '../../language/program';
import type { Func } from '../wasm/encode';
import { call, callAt, either, get, getGlobal, i32, nothing, ret, set, setGlobal, when, type Op } from '../wasm/ops';
import {
  cpusOf,
  head,
  idleOf,
  inGuest,
  irqOf,
  is,
  isCurrent,
  isOn,
  lives,
  mayLeave,
  mayRun,
  mayRunAt,
  othersWait,
  queueCell,
  readHead,
  rqHeld,
  rqMayBeHeld,
  schedulable,
  stopperOf,
  tasksOf,
} from './asks';
import { define, fixed, markWritten, read, write, writeConst, zero, type Build, type Scope } from './build';
import { leavesByItself, mightSleep, ready, sleeps, wantsCpu } from './guards';
import { enterHook, leave } from './ends';
import { beingPlaced, places, rqHeldFor, senders, spinForRq, takeIrq } from './others';
import { DONE, runner, type Steps } from './steps';

/** Kinds of transitions as `commit` is told them: by their place here. */
export const KINDS = ['step', 'sleep', 'irq', 'wake', 'switch', 'preempt', 'push', 'adrift'] as const;
type Kind = (typeof KINDS)[number];

/** A transition in one number, its choice apart. */
export function code(kind: Kind, context: number, cpu: number): number {
  return KINDS.indexOf(kind) | (context << 3) | (cpu << 16);
}

/** Entry of the first of these functions in the table; the others follow it. */
export function inTable(b: Build, funcs: readonly Func[]): number {
  return funcs.map((f) => b.module.entry(f))[0]!;
}

/** What stands before each transition that is tried: another task was switched to. */
export interface Prefix {
  /** Global: the CPU, -1 for none. */
  readonly cpu: number;
  /** Global: the task + 1. */
  readonly task: number;
  readonly apply: Func;
}

/** Steps that may be done as late as the one after them. */
export interface Late {
  readonly latest: (x: number, pc: number) => Op | null;
  readonly forward: (x: number) => Op;
}

export interface Commit {
  /** Takes the state that was reached, by a transition (parameter) and `choice`. */
  readonly commit: Func;
  /** Counts a condition that could not be evaluated. */
  readonly guardError: Func;
  /** Sets the state back to the one that is expanded. */
  readonly restore: Func;
}

export class Transitions {
  private readonly leaves: (Func | undefined)[] = [];
  private readonly switches: (Func | undefined)[] = [];
  /** Reductions that are on; set before any code is made. */
  reduce: { readonly late: Late | null; readonly due: Func | null; readonly prefix: Prefix | null } = {
    late: null,
    due: null,
    prefix: null,
  };

  constructor(
    private readonly b: Build,
    private readonly steps: readonly Steps[],
    private readonly done: Commit,
  ) {}

  private commit(scope: Scope, kind: Kind, x: number, c: number, choice: Op = zero): Op {
    return [
      // the commit before has taken back the mark of this function
      markWritten(this.b, scope),
      setGlobal(this.b.globals.choice, choice),
      call(this.done.commit.index, i32.const(code(kind, x, c))),
    ];
  }

  private readonly checked = (): Op => when(getGlobal(this.b.globals.err), call(this.done.guardError.index));

  private run(func: Func): Op {
    return call(runner(this.b).index, call(func.index));
  }

  /** The current task gives up its CPU. */
  private leave(x: number): Func {
    return (this.leaves[x] ??= this.steps[x]!.piece((c) => [leave(c), DONE]));
  }

  /** A task is switched to: what its hook does. */
  private switchIn(x: number): Func {
    return (this.switches[x] ??= this.steps[x]!.piece((c) => {
      const { b } = this;
      const { hooks } = b.program;
      if (!b.world.hooked.has(x) || hooks.in === 0) return DONE;
      const preempt = head(b, x, Head.preempt);
      return [
        when(i32.and(i32.ne(readHead(b, x, Head.notifier), zero), is(readHead(b, x, Head.hook), Hook.none)), [
          write(b, c.scope, preempt, i32.add(read(b, preempt), i32.const(1))),
          enterHook(c, Hook.in, hooks.in),
        ]),
        DONE,
      ];
    }));
  }

  /** All steps of a context from one place where it rests. It is what executes on its CPU. */
  private moves(x: number, pc: number): Func {
    const { b } = this;
    const func = b.module.declare([], []);
    const steps = this.steps[x]!;
    const instr = steps.instr(pc);
    define(b, func, 0, (scope) => {
      if (pc === 0 || !b.world.at[x]!.has(pc)) return nothing;
      const { cpu } = b.program.contexts[x]!;
      const on = Math.max(0, cpu);
      const step = (choice: Op): Op => [
        setGlobal(b.globals.choice, choice),
        steps.run(pc),
        this.commit(scope, 'step', x, on, choice),
      ];
      const { late } = this.reduce;
      const latest = late?.latest(x, pc) ?? null;
      const kept = scope.temp();
      const stepOn: Op =
        latest === null
          ? step(zero)
          : [
              set(kept, latest),
              steps.run(pc),
              when(get(kept), when(i32.eqz(getGlobal(b.globals.err)), late!.forward(x))),
              this.commit(scope, 'step', x, on),
            ];
      switch (instr.op) {
        case 'choose': {
          const out: Op[] = [];
          for (let v = instr.lo; v <= instr.hi; v++) out.push(step(i32.const(v)));
          return out;
        }
        case 'pick': {
          const out: Op[] = [];
          for (let i = 0; i < instr.count; i++)
            out.push(when(i32.ne(read(b, instr.base + i), zero), step(i32.const(i))));
          return out;
        }
        case 'guest':
          return [when(wantsCpu(b, scope, x), step(zero)), leavesByItself(b, x) ? step(i32.const(1)) : nothing];
        default: {
          const at = steps.at(scope, pc);
          const go = ready(at, pc);
          const may = scope.temp();
          const wait = sleeps(instr)
            ? when(is(readHead(b, x, Head.run), Run.runnable), [
                mightSleep(b, x),
                setRun(b, scope, x, Run.sleeping),
                this.run(this.leave(x)),
                this.commit(scope, 'sleep', x, on),
              ])
            : nothing;
          return [
            set(may, go),
            when(getGlobal(b.globals.err), [call(this.done.guardError.index), ret()]),
            when(get(may), [stepOn, ret()]),
            wait,
          ];
        }
      }
    });
    return func;
  }

  /** Table of the moves of a context by the number of its pc: the first entry. */
  private movesTable(x: number): number {
    const funcs = this.b.layout.pcs(x).map((pc) => this.moves(x, pc));
    return inTable(this.b, funcs);
  }
  private readonly moveTables: (number | undefined)[] = [];
  private move(x: number): Op {
    const first = (this.moveTables[x] ??= this.movesTable(x));
    const type = this.b.module.type([], []);
    return callAt(type, i32.add(readHead(this.b, x, Head.pc), i32.const(first)));
  }

  private readonly readyTables: (number | undefined)[] = [];
  /** Whether a context could go on from where it stands: a call through a table by its pc. */
  readyOf(x: number): Op {
    const { b } = this;
    const type = b.module.type([], ['i32']);
    const known = this.readyTables[x];
    if (known !== undefined) return callAt(type, i32.add(readHead(b, x, Head.pc), i32.const(known)));
    const steps = this.steps[x]!;
    const always = b.shared('always', () => {
      const f = b.module.declare([], ['i32']);
      define(b, f, 0, () => i32.const(1));
      return f;
    });
    const funcs = b.layout.pcs(x).map((pc) => {
      const instr = steps.instr(pc);
      const waits = sleeps(instr) || !['set', 'branch', 'nop', 'unlock'].includes(instr.op);
      if (!waits || !b.world.at[x]!.has(pc)) return always;
      const f = b.module.declare([], ['i32']);
      define(b, f, 0, (scope) => ready(steps.at(scope, pc), pc));
      return f;
    });
    const first = (this.readyTables[x] = inTable(b, funcs));
    return callAt(type, i32.add(readHead(b, x, Head.pc), i32.const(first)));
  }

  /** What can happen on a CPU while y is its current task and nobody spins for a run queue there. */
  private onCpu(c: number, y: number): Func {
    const { b } = this;
    const func = b.module.declare([], []);
    const { machine, contexts } = b.program;
    const irq = irqOf(b, c);
    const idle = contexts[y]!.kind === 'idle';
    define(b, func, 0, (scope) => {
      const interrupts = lives(b, irq) && senders(b).length > 0;
      const handler = interrupts ? when(read(b, machine.inIrq + c), [this.move(irq), ret()]) : nothing;
      const irqOff = head(b, y, Head.irqOff);
      const queued = i32.ne(read(b, queueCell(b, c, 0)), zero);
      const take = [call(takeIrq(b, c).index), this.commit(scope, 'irq', irq, c)];
      const interrupt = !interrupts
        ? nothing
        : fixed(b, irqOff) === 0
          ? when(queued, take)
          : when(i32.eqz(read(b, irqOff)), when(queued, take));
      const waiting = call(othersWait(b, c).index);
      const leaves = idle
        ? tasksOf(b, c).map((t) =>
            when(
              isOn(b, t, c),
              when(mayRun(b, scope, t, c), [
                writeConst(b, scope, machine.cur + c, t + 1),
                this.run(this.switchIn(t)),
                this.commit(scope, 'switch', t, c),
              ]),
            ),
          )
        : [
            when(either(waiting, i32.const(1), i32.eqz(mayRun(b, scope, y, c))), [
              this.run(this.leave(y)),
              this.commit(scope, 'preempt', y, c),
            ]),
            this.instead(scope, c, y),
          ];
      return [handler, interrupt, lives(b, y) ? this.move(y) : nothing, when(mayLeave(b, y), leaves)];
    });
    return func;
  }

  /**
   * Reductions keep one of several tasks as the current one where it makes no difference which. The others' steps are there
   * all the same: it is put aside, another is switched to, and does its step.
   */
  private instead(scope: Scope, c: number, y: number): Op {
    const { b } = this;
    const { prefix } = this.reduce;
    if (!prefix) return nothing;
    const noisy = (t: number): Op =>
      [Head.notifier, Head.hook, Head.preempt, Head.irqOff]
        .filter((f) => fixed(b, head(b, t, f)) !== 0)
        .map((f) => readHead(b, t, f))
        .reduce((a, o) => i32.or(a, o), zero);
    return when(
      i32.eqz(noisy(y)),
      tasksOf(b, c)
        .filter((t) => t !== y)
        .map((t) =>
          when(
            isOn(b, t, c),
            when(
              mayRun(b, scope, t, c),
              when(
                noisy(t),
                [
                  writeConst(b, scope, b.program.machine.cur + c, t + 1),
                  this.run(this.switchIn(t)),
                  this.commit(scope, 'switch', t, c),
                ],
                [
                  setGlobal(prefix.cpu, i32.const(c)),
                  setGlobal(prefix.task, i32.const(t + 1)),
                  call(prefix.apply.index),
                  this.move(t),
                  setGlobal(prefix.cpu, i32.const(-1)),
                  call(this.done.restore.index),
                ],
              ),
            ),
          ),
        ),
    );
  }

  /** A sleeper is woken, a task that may not stay where it is moves. */
  private placing(x: number): Func {
    const { b } = this;
    const func = b.module.declare([], []);
    define(b, func, 0, (scope) => {
      const run = scope.temp();
      const hookOut = fixed(b, head(b, x, Head.hook)) === undefined ? is(readHead(b, x, Head.hook), Hook.out) : zero;
      const on = readHead(b, x, Head.cpu);
      const notThere = i32.eqz(either(i32.ge(on, zero), call(mayRunAt(b, x).index, on), zero));
      const may = scope.temp();
      return [
        set(run, readHead(b, x, Head.run)),
        when(i32.and(i32.ne(get(run), i32.const(Run.sleeping)), i32.ne(get(run), i32.const(Run.runnable))), ret()),
        rqMayBeHeld(b) ? when(beingPlaced(b, x), ret()) : nothing,
        when(is(get(run), Run.sleeping), [
          when(hookOut, ret()),
          set(may, this.readyOf(x)),
          this.checked(),
          when(get(may), this.places('wake', x, scope)),
          ret(),
        ]),
        when(i32.eqz(isCurrent(b, scope, x)), when(notThere, this.places('push', x, scope))),
      ];
    });
    return func;
  }

  private places(kind: 'wake' | 'push', x: number, scope: Scope): Op {
    const { b } = this;
    const context = b.program.contexts[x]!;
    const any = scope.temp();
    const held = rqMayBeHeld(b);
    const from = scope.temp();
    const place = (c: number): Op => [
      write(b, scope, head(b, x, Head.cpu), i32.const(c)),
      kind === 'wake' ? setRun(b, scope, x, Run.runnable) : nothing,
      this.commit(scope, kind, x, c),
    ];
    const spin = (c: number, by: Op): Op => [
      spinForRq(b, scope, x, i32.const(c), by),
      this.commit(scope, kind, x, c, i32.add(by, i32.const(1))),
    ];
    const onto = (c: number): Op => {
      if (!held) return place(c);
      const spins =
        kind === 'push' ? spin(c, get(from)) : cpusOf(b).map((k) => when(places(b, k), spin(c, i32.const(k))));
      return when(call(rqHeld(b).index, i32.const(c)), spins, place(c));
    };
    const cpus = context.kind === 'percpu' ? [context.cpu] : cpusOf(b);
    const adrift =
      context.kind === 'percpu' || cpus.every((c) => fixed(b, context.allowed + c) === 1)
        ? nothing
        : when(i32.eqz(get(any)), [
            when(
              cpus.map((c) => i32.eqz(read(b, context.allowed + c))).reduce((a, o) => i32.or(a, o)),
              [
                cpus.map((c) => writeConst(b, scope, context.allowed + c, 1)),
                set(from, readHead(b, x, Head.cpu)),
                this.commit(scope, 'adrift', x, 0),
              ],
            ),
          ]);
    return [
      kind === 'push' && held ? when(rqHeldFor(b, x), ret()) : nothing,
      set(from, readHead(b, x, Head.cpu)),
      set(any, zero),
      cpus.map((c) => when(mayRun(b, scope, x, c), [set(any, i32.const(1)), onto(c)])),
      adrift,
    ];
  }

  /** All transitions of the state. */
  expand(): Func {
    const { b } = this;
    const { machine, contexts } = b.program;
    const func = b.module.declare([], []);
    const type = b.module.type([], []);
    const idle = b.shared('nothing', () => {
      const f = b.module.declare([], []);
      define(b, f, 0, () => nothing);
      return f;
    });
    define(b, func, 0, (scope) => {
      const stoppers = cpusOf(b).filter((c) => lives(b, stopperOf(b, c)));
      const stopped = stoppers.map((c) =>
        when(
          is(read(b, machine.stopped), stopperOf(b, c) + 1),
          when(i32.eqz(read(b, machine.rqWait + c)), this.move(stopperOf(b, c))),
        ),
      );
      const running = cpusOf(b).map((c) => {
        const able = new Set([idleOf(c), ...tasksOf(b, c)]);
        // current + 1, from 0: powered off
        const funcs = [idle, ...contexts.map((_, y) => (able.has(y) ? this.onCpu(c, y) : idle))];
        const first = inTable(b, funcs);
        const go = callAt(type, i32.add(read(b, machine.cur + c), i32.const(first)));
        return when(i32.eqz(read(b, machine.rqWait + c)), go);
      });
      const tasks = schedulable(b).filter((x) => lives(b, x));
      const placings = tasks.map((x) => this.placing(x));
      const placed = placings.map((f) => call(f.index));
      const { due } = this.reduce;
      const x = scope.temp();
      const only = due
        ? [
            set(x, call(due.index)),
            when(
              i32.ge(get(x), zero),
              tasks.map((t, i) => when(is(get(x), t), [call(placings[i]!.index), ret()])),
            ),
          ]
        : nothing;
      return [
        when(read(b, machine.panic), ret()),
        only,
        fixed(b, machine.stopped) === undefined ? when(read(b, machine.stopped), [stopped, ret()]) : nothing,
        running,
        placed,
      ];
    });
    return func;
  }

  /** Of a state in which nothing can happen: some task can never come to its end. */
  stuck(): Func {
    const { b } = this;
    const func = b.module.declare([], ['i32']);
    define(b, func, 0, (scope) => {
      const run = scope.temp();
      return [
        when(read(b, b.program.machine.panic), ret(zero)),
        b.program.contexts.map((context, x) =>
          (context.kind === 'actor' || context.kind === 'user') && lives(b, x)
            ? [
                set(run, readHead(b, x, Head.run)),
                when(
                  i32.or(is(get(run), Run.runnable), is(get(run), Run.sleeping)),
                  when(i32.eqz(inGuest(b, scope, x)), ret(i32.const(1))),
                ),
              ]
            : nothing,
        ),
        zero,
      ];
    });
    return func;
  }
}

function setRun(b: Build, scope: Scope, x: number, value: number): Op {
  return writeConst(b, scope, head(b, x, Head.run), value);
}
