/**
 * Partial order reduction. After each transition the state runs on, without a choice and without being kept, through all
 * that nobody could tell the moment of; and where a sleeper's turn must come, only its placings are explored.
 *
 * Why that is sound is in the folder's README.md, under the names that the functions here have.
 */
import { cpusOf, idleOf, irqOf, is, lives, schedulable, stopperOf, tasksOf } from '../compiled/asks';
import { define, fixed, read, zero } from '../compiled/build';
import { senders } from '../compiled/others';
import type { Func } from '../wasm/encode';
import {
  br,
  brIf,
  block,
  call,
  callAt,
  get,
  getGlobal,
  i32,
  label,
  loop,
  nothing,
  ret,
  set,
  when,
  type Op,
} from '../wasm/ops';
import { Due } from './due';

/** Longest chain of steps after one transition: where it ends any state may be kept. */
const MAX_RUN = 400;

export class Reduce extends Due {
  /** What may be done at once on a CPU while y is current there; whether something was. */
  protected onCpu(c: number, y: number): Func {
    const { b } = this;
    const { machine, contexts } = b.program;
    const irq = irqOf(b, c);
    const func = b.module.declare([], ['i32']);
    define(b, func, 0, (scope) => {
      const interrupts = lives(b, irq) && senders(b).length > 0;
      const idle = contexts[y]!.kind === 'idle';
      return [
        interrupts ? when(read(b, machine.inIrq + c), ret(this.tryStep(irq))) : nothing,
        lives(b, y) ? when(this.tryStep(y), ret(i32.const(1))) : nothing,
        idle ? this.takeUp(scope, c) : this.turns(scope, c, y),
        zero,
      ];
    });
    return func;
  }

  /** Does at once all that may be, on any CPU. */
  normalize(func: Func): void {
    const { b } = this;
    const { machine, contexts } = b.program;
    const type = b.module.type([], ['i32']);
    define(b, func, 0, (scope) => {
      const again = label('loop');
      const end = label('block');
      const n = scope.temp();
      const did = scope.temp();
      const more = (cond: Op): Op => when(cond, set(did, i32.const(1)));
      const stoppers = cpusOf(b).filter((c) => lives(b, stopperOf(b, c)));
      const stopped = stoppers.map((c) =>
        when(
          is(read(b, machine.stopped), stopperOf(b, c) + 1),
          when(i32.eqz(read(b, machine.rqWait + c)), more(this.tryStep(stopperOf(b, c)))),
        ),
      );
      const running = cpusOf(b).map((c) => {
        const able = new Set([idleOf(c), ...tasksOf(b, c)]);
        const first = this.tables.inTable([
          this.no(),
          ...contexts.map((_, y) => (able.has(y) ? this.onCpu(c, y) : this.no())),
        ]);
        const go = callAt(type, i32.add(read(b, machine.cur + c), i32.const(first)));
        return when(i32.eqz(read(b, machine.rqWait + c)), [more(go), brIf(end, getGlobal(b.globals.err))]);
      });
      const woken = schedulable(b)
        .filter((x) => lives(b, x) && contexts[x]!.kind === 'percpu')
        .map((x) => more(call(this.wakeBound(x).index)));
      const ahead = schedulable(b)
        .filter((x) => lives(b, x))
        .map((x) => more(call(this.stepAhead(x).index)));
      const canStop = fixed(b, machine.stopped) === undefined;
      return [
        this.closure.forget(),
        block(
          end,
          loop(
            again,
            brIf(end, read(b, machine.panic)),
            set(did, zero),
            canStop ? when(read(b, machine.stopped), stopped, [running, woken, ahead]) : [running, woken, ahead],
            brIf(end, getGlobal(b.globals.err)),
            set(n, i32.add(get(n), i32.const(1))),
            brIf(end, i32.gt(get(n), i32.const(MAX_RUN))),
            when(get(did), br(again)),
          ),
        ),
      ];
    });
  }
}
