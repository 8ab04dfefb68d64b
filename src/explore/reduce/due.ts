/** Sleepers whose turn has come and stays: nobody can take it back, nor change where they may be put. */
import { Head, Hook, Run } from '../../language/program';
import { cpusOf, head, is, lives, mayRun, readHead, rqMayBeHeld, schedulable } from '../compiled/asks';
import { define, fixed, markWritten, read, writeConst, zero, type Scope } from '../compiled/build';
import type { Func } from '../wasm/encode';
import { call, get, i32, nothing, ret, set, when, type Op } from '../wasm/ops';
import { Turns } from './turns';

export class Due extends Turns {
  /** Whether a sleeper's turn has come and stays: nobody can take it back, nor change where it may be put. Ends with a return otherwise. */
  protected unlessDue(scope: Scope, x: number, cpus: readonly number[]): Op {
    const { b } = this;
    const { machine } = b.program;
    const held = rqMayBeHeld(b) ? read(b, machine.oops) : zero;
    const hooked = fixed(b, head(b, x, Head.hook)) === undefined;
    const pcs = b.layout.pcs(x);
    const guards = b.memory.constants(`guards of sleepers ${x}`, () =>
      pcs.map((pc) => {
        if (pc === 0) return 0;
        const instr = b.program.code[pc]!;
        const guard = this.c.guard(x, pc);
        if (guard) return this.closure.bits(guard);
        // what never waits
        return [
          'await',
          'lock',
          'action',
          'spin',
          'idle',
          'pick',
          'guest',
          'ipi',
          'ipiwait',
          'stop',
          'stopresult',
        ].includes(instr.op) && !(instr.op === 'action' && instr.when === null)
          ? 0
          : this.closure.bits(this.c.bits([]));
      }),
    );
    const guard = scope.temp();
    const place = this.join([...cpus.map((c) => this.c.placement(c)), this.c.bits([this.c.things.started(x)])]);
    return [
      when(held, ret(zero)),
      when(i32.ne(readHead(b, x, Head.run), i32.const(Run.sleeping)), ret(zero)),
      hooked ? when(is(readHead(b, x, Head.hook), Hook.out), ret(zero)) : nothing,
      set(guard, i32.load(i32.shl(readHead(b, x, Head.pc), i32.const(2)), guards)),
      when(i32.eqz(get(guard)), ret(zero)),
      when(i32.eqz(this.tables.readyOf(x)), ret(zero)),
      call(this.closure.close().index, i32.const(x)),
      when(this.closure.meets(get(guard), 0, zero, this.closure.writesAddress), ret(zero)),
      when(this.closure.writesMeet(place), ret(zero)),
      when(this.closure.readsMeet(this.runnable), ret(zero)),
    ];
  }

  /** A thread of one CPU is woken at once. */
  protected wakeBound(x: number): Func {
    const { b } = this;
    const func = b.module.declare([], ['i32']);
    const { cpu } = b.program.contexts[x]!;
    define(b, func, 0, (scope) =>
      this.sees(this.runnable)
        ? zero
        : [
            this.unlessDue(scope, x, [cpu]),
            when(i32.eqz(mayRun(b, scope, x, cpu)), ret(zero)),
            writeConst(b, scope, head(b, x, Head.run), Run.runnable),
            markWritten(b, scope),
            this.note('wake', x, cpu),
            this.closure.forget(),
            i32.const(1),
          ],
    );
    return func;
  }

  /** The first task whose placings are all that need be explored; -1 for none. */
  due(): Func {
    const { b } = this;
    const func = b.module.declare([], ['i32']);
    const floating = schedulable(b).filter((x) => lives(b, x) && b.program.contexts[x]!.allowed >= 0);
    define(b, func, 0, () => {
      if (this.sees(this.runnable)) return i32.const(-1);
      const { machine } = b.program;
      const isDue = (x: number): Func => {
        const f = b.module.declare([], ['i32']);
        define(b, f, 0, (inner) => [
          this.unlessDue(inner, x, cpusOf(b)),
          cpusOf(b).map((c) => when(mayRun(b, inner, x, c), ret(i32.const(1)))),
          zero,
        ]);
        return f;
      };
      return [
        this.closure.forget(),
        when(i32.or(read(b, machine.panic), read(b, machine.stopped)), ret(i32.const(-1))),
        floating.map((x) => when(call(isDue(x).index), ret(i32.const(x)))),
        i32.const(-1),
      ];
    });
    return func;
  }
}
