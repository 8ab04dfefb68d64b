/** Tasks that leave their CPU without anybody seeing it: to sleep, or for good. */
import { Head, Run } from '../../language/program';
import { cpusOf, head, idleOf, is, lives, mayRun, readHead, rqMayBeHeld } from '../compiled/asks';
import { define, markWritten, read, writeAt, writeConst, zero } from '../compiled/build';
import type { Func } from '../wasm/encode';
import { call, get, getGlobal, i32, nothing, ret, set, when, type Op } from '../wasm/ops';
import { Free } from './free';

export class Alone extends Free {
  /** Returns 0 unless a task may leave its CPU without anybody seeing it, now or by what it does not do to others later. */
  protected unlessAlone(x: number, things: readonly number[]): Op {
    const { b, c } = this;
    const hooked = [...b.world.hooked].filter((y) => y !== x && lives(b, y));
    const { things: t } = c;
    const seen = c.bits([t.runnable, t.current, ...things]);
    const begins = c.bits([t.started(x), ...hooked.map((y) => t.started(y))]);
    if (this.sees(seen)) return ret(zero);
    return [
      rqMayBeHeld(b) ? when(read(b, b.program.machine.oops), ret(zero)) : nothing,
      when(i32.eqz(this.quiet(x)), ret(zero)),
      // one whose hooks run would be preempted for its sake
      hooked.map((y) => {
        const run = readHead(b, y, Head.run);
        return when(i32.or(is(run, Run.runnable), is(run, Run.sleeping)), ret(zero));
      }),
      call(this.closure.close().index, i32.const(x)),
      when(this.closure.writesMeet(begins), ret(zero)),
      when(this.closure.readsMeet(seen), ret(zero)),
    ];
  }

  /** A task that must wait goes to sleep at once. */
  protected sleepNow(x: number): Func {
    const { b } = this;
    return b.shared(`sleep now ${x}`, () => {
      const func = b.module.declare([], ['i32']);
      const { cpu } = b.program.contexts[x]!;
      define(b, func, 0, (scope) => {
        const on = readHead(b, x, Head.cpu);
        const cpus = cpu >= 0 ? [cpu] : cpusOf(b);
        const c = scope.temp();
        const idle = scope.temp();
        return [
          when(getGlobal(b.globals.err), ret(zero)),
          this.unlessAlone(x, []),
          set(c, on),
          set(idle, i32.add(get(c), i32.const(idleOf(0) + 1))),
          cpus.map((k) =>
            when(
              is(get(c), k),
              when(i32.or(this.closure.writesMeet(this.c.placement(k)), i32.eqz(mayRun(b, scope, x, k))), ret(zero)),
            ),
          ),
          writeConst(b, scope, head(b, x, Head.run), Run.sleeping),
          writeAt(b, scope, b.program.machine.cur, get(c), get(idle)),
          markWritten(b, scope),
          this.note('sleep', x, 0),
          this.closure.forget(),
          i32.const(1),
        ];
      });
      return func;
    });
  }
}
