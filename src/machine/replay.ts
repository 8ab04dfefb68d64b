/**
 * A run done again, step by step, for those who want to know more of it than its history keeps: which instructions each step
 * executed, in which context, and the machine itself as it stood before any step.
 *
 *     step   | 0                    | 1          | 2
 *     trace  | (x 3, pc 17) (3, 18) | (x 3, 19)  | (x 1, 40) ...
 */
import { Head } from '../language/program';
import type { History } from './history';
import { Machine } from './machine';

/** Told of each instruction, before it is executed and after. The state is that of `machine.s`. */
export interface Visitor {
  before(context: number, pc: number): void;
  /** @param from where in the machine's journal (cell, old value, ...) the writes of this instruction begin */
  after?(context: number, pc: number, from: number): void;
}

/** A machine that tells of its instructions. */
class WatchedMachine extends Machine {
  visitor: Visitor | null = null;

  protected override execute(x: number, choice: number): void {
    // While the machine boots, in the constructor, there is no visitor yet.
    const visitor = this.visitor as Visitor | null | undefined;
    if (!visitor) {
      super.execute(x, choice);
      return;
    }
    const pc = this.head(x, Head.pc);
    const from = this.journal.length;
    visitor.before(x, pc);
    super.execute(x, choice);
    visitor.after?.(x, pc, from);
  }
}

/** The machine of a run at any of its steps; going there writes only the cells that changed on the way. */
export class Replay {
  private readonly watched: WatchedMachine;
  private now = 0;

  /** @param initial the state before the first step */
  constructor(
    readonly history: History,
    initial: ArrayLike<number>,
  ) {
    this.watched = new WatchedMachine(history.program);
    this.watched.load(initial);
  }

  /** The machine as it stood when so many steps were done. Good until the next call; nothing may be applied to it. */
  at(done: number): Machine {
    const { s } = this.watched;
    const to = Math.max(0, Math.min(done, this.history.length));
    while (this.now < to) this.history.changes(this.now++, (cell, _before, after) => (s[cell] = after));
    while (this.now > to) this.history.changes(--this.now, (cell, before) => (s[cell] = before));
    return this.watched;
  }

  /**
   * Does one step (from 0) again and takes it back. The visitor may read the machine.
   * @throws MachineError where the step is one that ended the run with an error
   */
  step(step: number, visitor: Visitor): void {
    const machine = this.at(step);
    machine.mark();
    const { kind, context, cpu, choice } = this.history.step(step);
    this.watched.visitor = visitor;
    try {
      machine.apply({ kind, context, cpu, choice });
    } finally {
      this.watched.visitor = null;
      machine.undo();
    }
  }
}

/** The instructions of all steps, in columns. */
export class Trace {
  private contexts = new Int32Array(4096);
  private pcs = new Int32Array(4096);
  private firsts = new Int32Array(1024);
  private count = 0;
  private done = 0;

  constructor(private readonly replay: Replay) {}

  /** Steps that are told of so far. */
  get steps(): number {
    return this.done;
  }

  /** Reads on, to the end of the history or by `most` steps; true when there is nothing more. */
  extend(most = Infinity): boolean {
    const { replay } = this;
    const { length } = replay.history;
    const stop = Math.min(length, this.done + most);
    const visitor: Visitor = { before: (x, pc) => this.push(x, pc) };
    while (this.done < stop) {
      if (this.done + 1 >= this.firsts.length) this.firsts = grown(this.firsts);
      this.firsts[this.done] = this.count;
      replay.step(this.done, visitor);
      this.firsts[++this.done] = this.count;
    }
    return this.done >= length;
  }

  /** Range of the instructions of a step, [first, end), for `contextAt` and `pcAt`. */
  rangeOf(step: number): readonly [first: number, end: number] {
    return [this.firsts[step] ?? 0, this.firsts[step + 1] ?? 0];
  }

  contextAt(i: number): number {
    return this.contexts[i]!;
  }

  pcAt(i: number): number {
    return this.pcs[i]!;
  }

  /** Instructions told of so far. */
  get length(): number {
    return this.count;
  }

  private push(x: number, pc: number): void {
    if (this.count === this.pcs.length) {
      this.contexts = grown(this.contexts);
      this.pcs = grown(this.pcs);
    }
    this.contexts[this.count] = x;
    this.pcs[this.count++] = pc;
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const bigger = new Int32Array(array.length * 2);
  bigger.set(array);
  return bigger;
}
