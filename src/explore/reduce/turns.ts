/** Tasks that come and go on a CPU without anybody seeing it: being taken up by one that idles, changing places. */
import { Head, Run } from '../../language/program';
import { idleOf, isOn, mayLeave, mayRun, readHead, rqMayBeHeld, stopperOf, tasksOf } from '../compiled/asks';
import { define, markWritten, read, writeConst, zero, type Scope } from '../compiled/build';
import type { Func } from '../wasm/encode';
import { call, getGlobal, i32, nothing, ret, setGlobal, when, type Op } from '../wasm/ops';
import { Ahead } from './ahead';

export class Turns extends Ahead {
  /** A CPU that idles takes up a task: the first of those of which nothing else is seen. */
  protected takeUp(scope: Scope, c: number): Op {
    const { b } = this;
    if (this.sees(this.current)) return nothing;
    const { machine } = b.program;
    const idle = idleOf(c);
    const held = rqMayBeHeld(b) ? read(b, machine.oops) : zero;
    // the CPU could be stopped, or its idle loop end, instead
    const inTheWay = this.join([
      this.c.bits([this.c.things.started(stopperOf(b, c))]),
      ...b.layout.pcs(idle).flatMap((pc) => {
        const guard = b.program.code[pc]!.op === 'idle' ? this.c.guard(idle, pc) : null;
        return guard ? [guard] : [];
      }),
    ]);
    return [
      when(held, ret(zero)),
      when(i32.eqz(mayLeave(b, idle)), ret(zero)),
      when(this.tables.readyOf(idle), ret(zero)),
      tasksOf(b, c).map((t) =>
        when(isOn(b, t, c), [
          when(
            this.quiet(t),
            when(mayRun(b, scope, t, c), [
              call(this.closure.close().index, i32.const(t)),
              when(this.closure.writesMeet(inTheWay), ret(zero)),
              when(this.closure.readsMeet(this.current), ret(zero)),
              writeConst(b, scope, machine.cur + c, t + 1),
              markWritten(b, scope),
              this.note('switch', t, c),
              this.closure.forget(),
              ret(i32.const(1)),
            ]),
          ),
        ]),
      ),
    ];
  }

  /**
   * Several tasks on a CPU of which nothing else is seen: which of them is the current one makes no difference, since each
   * can be put aside for any other. Those that have something to do that nobody can tell do it; then the first is current.
   */
  protected turns(scope: Scope, c: number, y: number): Op {
    const { b } = this;
    if (this.sees(this.current)) return nothing;
    const { machine } = b.program;
    const others = tasksOf(b, c).filter((t) => t !== y);
    const held = rqMayBeHeld(b) ? read(b, machine.oops) : zero;
    const here = (t: number, then: Op): Op =>
      when(isOn(b, t, c), when(this.quiet(t), when(mayRun(b, scope, t, c), then)));
    const current = (t: number): Op => [writeConst(b, scope, machine.cur + c, t + 1), markWritten(b, scope)];
    return [
      when(held, ret(zero)),
      when(i32.or(i32.ne(readHead(b, y, Head.run), i32.const(Run.runnable)), i32.eqz(this.quiet(y))), ret(zero)),
      when(i32.eqz(mayRun(b, scope, y, c)), ret(zero)),
      when(i32.eqz(call(this.company(c, y).index)), ret(zero)),
      call(this.closure.close().index, i32.const(y)),
      when(this.closure.writesMeet(this.c.placement(c)), ret(zero)),
      when(this.closure.readsMeet(this.current), ret(zero)),
      others.map((t) =>
        here(t, [
          current(t),
          this.closure.forget(),
          this.note('switch', t, c),
          when(this.tryStep(t), ret(i32.const(1))),
          current(y),
          this.closure.forget(),
          setGlobal(this.tables.log.count, i32.sub(getGlobal(this.tables.log.count), i32.const(1))),
        ]),
      ),
      tasksOf(b, c)
        .slice(0, tasksOf(b, c).indexOf(y))
        .map((t) => here(t, [current(t), this.note('switch', t, c), this.closure.forget(), ret(i32.const(1))])),
    ];
  }

  /** Another such task is on the CPU. */
  protected company(c: number, y: number): Func {
    const { b } = this;
    return b.shared(`company ${c} ${y}`, () => {
      const func = b.module.declare([], ['i32']);
      define(b, func, 0, (scope) => [
        tasksOf(b, c).map((t) =>
          t === y ? nothing : when(isOn(b, t, c), when(this.quiet(t), when(mayRun(b, scope, t, c), ret(i32.const(1))))),
        ),
        zero,
      ]);
      return func;
    });
  }
}
