/** Steps that are done at once, and steps that are done as late as the one after them. */
import { Head, Run } from '../../language/program';
import { head, isCurrent, readHead } from '../compiled/asks';
import { define, fixed, zero } from '../compiled/build';
import { ready, sleeps } from '../compiled/guards';
import { mayWait } from '../program/rests';
import type { Func } from '../wasm/encode';
import { call, callAt, get, getGlobal, i32, nothing, ret, set, when, type Op } from '../wasm/ops';
import { Alone } from './alone';
import { LATER } from './free';

export class Ahead extends Alone {
  private readonly tries: (number | undefined)[] = [];
  private readonly forwards: (number | undefined)[] = [];

  /** Does the step at which a context stands, if nobody can tell; whether it did. By pc. */
  protected tryStep(x: number): Op {
    const { b } = this;
    const first = (this.tries[x] ??= this.tables.inTable(
      b.layout.pcs(x).map((pc) => {
        if (pc === 0 || !b.world.at[x]!.has(pc)) return this.no();
        const step = this.c.step(x, pc);
        const mover = this.mover(step);
        const instr = b.program.code[pc]!;
        const free = mover === 'both' || mover === 'left';
        const rests = sleeps(instr) && mayWait(instr) && this.isTask(x);
        const ends = instr.op === 'exit' && this.isTask(x);
        if (!free && !rests && !ends) return this.no();
        const func = b.module.declare([], ['i32']);
        define(b, func, 0, (scope) => [
          when(i32.eqz(ready(this.steps[x]!.at(scope, pc), pc)), rests ? ret(call(this.sleepNow(x).index)) : ret(zero)),
          free ? this.unlessFree(step, x, zero) : nothing,
          ends ? this.unlessAlone(x, [this.c.things.life(x)]) : nothing,
          free || ends ? [this.steps[x]!.run(pc), this.note('step', x, 0), this.closure.forget(), i32.const(1)] : zero,
        ]);
        return func;
      }),
    ));
    return callAt(b.module.type([], ['i32']), i32.add(readHead(b, x, Head.pc), i32.const(first)));
  }

  protected readonly laters: (number | undefined)[] = [];

  /**
   * Does the step of a task that waits for its CPU, as it will be done there: nobody can tell, and it cannot do anything
   * else first. Whether it did. By pc.
   */
  protected stepAhead(x: number): Func {
    const { b } = this;
    const first = (this.laters[x] ??= this.tables.inTable(
      b.layout.pcs(x).map((pc) => {
        if (pc === 0 || !b.world.at[x]!.has(pc)) return this.no();
        const step = this.c.step(x, pc);
        if (this.mover(step) !== 'both' || this.usesCpu(step, x)) return this.no();
        const func = b.module.declare([], ['i32']);
        define(b, func, 0, (scope) => [
          when(i32.eqz(ready(this.steps[x]!.at(scope, pc), pc)), ret(zero)),
          this.unlessFree(step, x, zero),
          this.steps[x]!.run(pc),
          this.note('step', x, LATER),
          this.closure.forget(),
          i32.const(1),
        ]);
        return func;
      }),
    ));
    const func = b.module.declare([], ['i32']);
    define(b, func, 0, (scope) => [
      when(i32.ne(readHead(b, x, Head.run), i32.const(Run.runnable)), ret(zero)),
      fixed(b, head(b, x, Head.hook)) === undefined ? when(readHead(b, x, Head.hook), ret(zero)) : nothing,
      when(isCurrent(b, scope, x), ret(zero)),
      callAt(b.module.type([], ['i32']), i32.add(readHead(b, x, Head.pc), i32.const(first))),
    ]);
    return func;
  }

  /** Before a step that keeps others out: whether it may be done as late as the next one. 0 where it is no such step. */
  latest(x: number, pc: number): Op | null {
    const { b } = this;
    const step = this.c.step(x, pc);
    if (this.mover(step) !== 'right') return null;
    const at = b.module.declare([], ['i32']);
    define(b, at, 0, () => [this.closure.forget(), this.unlessFree(step, x, zero), i32.const(1)]);
    return call(at.index);
  }

  /** Goes on with the step after one that keeps others out: a call by pc. */
  forward(x: number): Op {
    const { b } = this;
    const type = b.module.type([], []);
    let first = this.forwards[x];
    if (first === undefined) {
      const funcs = b.layout.pcs(x).map(() => b.module.declare([], []));
      this.forwards[x] = first = this.tables.inTable(funcs);
      b.layout.pcs(x).forEach((pc, i) => {
        define(b, funcs[i]!, 0, () => this.forwardFrom(x, pc));
      });
    }
    return callAt(type, i32.add(readHead(b, x, Head.pc), i32.const(first)));
  }

  protected forwardFrom(x: number, pc: number): Op {
    const { b } = this;
    const instr = b.program.code[pc]!;
    if (pc === 0 || !b.world.at[x]!.has(pc) || ['choose', 'pick', 'guest'].includes(instr.op)) return nothing;
    const step = this.c.step(x, pc);
    const on = this.mover(step);
    const func = b.module.declare([], []);
    define(b, func, 0, (scope) => {
      const goesOn = scope.temp();
      const free = on === 'right' || on === 'both' ? b.module.declare([], ['i32']) : null;
      if (free) define(b, free, 0, () => [this.closure.forget(), this.unlessFree(step, x, zero), i32.const(1)]);
      return [
        when(i32.eqz(ready(this.steps[x]!.at(scope, pc), pc)), ret()),
        when(getGlobal(b.globals.err), ret()),
        free ? set(goesOn, call(free.index)) : nothing,
        this.steps[x]!.run(pc),
        this.note('step', x, 0),
        free ? when(get(goesOn), when(i32.eqz(getGlobal(b.globals.err)), this.forward(x))) : nothing,
      ];
    });
    return call(func.index);
  }
}
