/** A way through the states that the search kept, as transitions of the machine one after another. */
import { Head, Hook, type Program } from '../../language/program';
import { Machine, type Transition } from '../../machine/machine';
import { LATER } from './free';
import { KINDS } from '../compiled/transitions';

export class Replay {
  readonly steps: Transition[] = [];
  private readonly machine: Machine;
  /** By task: steps that the search has done ahead, to be done when it is on its CPU. */
  private readonly owed = new Map<number, number>();

  constructor(program: Program) {
    this.machine = new Machine(program);
  }

  /** A transition as `commit` knows it. */
  add(code: number, choice: number): void {
    const { machine } = this;
    const kind = KINDS[code & 7]!;
    const context = (code >> 3) & 0x1fff;
    const c = code >> 16;
    if (kind === 'step' && c === LATER) {
      this.owed.set(context, (this.owed.get(context) ?? 0) + 1);
      return;
    }
    const own = kind === 'step' || kind === 'sleep' || kind === 'adrift';
    const cpu = own ? machine.head(context, Head.cpu) : c;
    this.switchTo(kind, context, cpu);
    if (own) this.pay(context);
    this.apply({ kind, context, cpu, choice });
  }

  /** Asks what can happen now, which may be an error of the text. */
  look(): void {
    this.machine.enabled();
  }

  private apply(t: Transition): void {
    this.machine.apply(t);
    this.machine.mark();
    this.steps.push(t);
  }

  /** What a task owes is done before it goes on. */
  private pay(x: number): void {
    const { machine } = this;
    if (machine.head(x, Head.hook) !== Hook.none) return;
    for (let n = this.owed.get(x) ?? 0; n > 0; n--)
      this.apply({ kind: 'step', context: x, cpu: machine.head(x, Head.cpu), choice: 0 });
    this.owed.delete(x);
  }

  /** What must happen first where the search took one task of a CPU for another: it is switched to. */
  private switchTo(kind: Transition['kind'], x: number, c: number): void {
    const { machine } = this;
    const { kind: who } = machine.program.contexts[x]!;
    const task = who !== 'irq' && who !== 'idle' && who !== 'stopper';
    if (!task || (kind !== 'step' && kind !== 'sleep' && kind !== 'switch')) return;
    if (kind !== 'switch' && machine.isCurrent(x)) return;
    const current = machine.currentTask(c);
    if (current === x) return;
    if (current >= 0) this.apply({ kind: 'preempt', context: current, cpu: c, choice: 0 });
    if (kind !== 'switch') this.apply({ kind: 'switch', context: x, cpu: c, choice: 0 });
  }
}
