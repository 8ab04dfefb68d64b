/** Everything that a run did, in columns: who stepped where and when, and what each step wrote, both ways. */
import type { Program } from '../language/program';
import type { Effect } from './effects';
import type { Machine, Transition, TransitionKind } from './machine';

const KINDS: readonly TransitionKind[] = ['step', 'sleep', 'irq', 'wake', 'switch', 'preempt', 'push', 'adrift'];

/** A typed array that grows. */
class Column<T extends Int32Array | Float64Array> {
  length = 0;
  constructor(private array: T) {}
  push(value: number): void {
    if (this.length === this.array.length) {
      const bigger = new (this.array.constructor as new (n: number) => T)(this.array.length * 2);
      bigger.set(this.array as never);
      this.array = bigger;
    }
    this.array[this.length++] = value;
  }
  at(i: number): number {
    return this.array[i]!;
  }
  view(): T {
    return this.array.subarray(0, this.length) as T;
  }
  take(array: Int32Array | Float64Array): void {
    this.array = array as T;
    this.length = array.length;
  }
}

/** The columns of a history as plain arrays, to hand to another thread. */
export interface HistoryColumns {
  readonly ints: readonly Int32Array[];
  readonly floats: readonly Float64Array[];
  readonly effects: ReadonlyMap<number, readonly Effect[]>;
}

/** One step of a run, read out of the columns. */
export interface StepInfo {
  readonly kind: TransitionKind;
  readonly context: number;
  readonly cpu: number;
  readonly choice: number;
  /** pc at which the context stood before the step. */
  readonly pc: number;
  /** Nanoseconds since the start of the run. */
  readonly start: number;
  readonly cost: number;
}

export class History {
  private readonly kind = new Column(new Int32Array(1024));
  private readonly context = new Column(new Int32Array(1024));
  private readonly cpu = new Column(new Int32Array(1024));
  private readonly choice = new Column(new Int32Array(1024));
  private readonly pc = new Column(new Int32Array(1024));
  private readonly start = new Column(new Float64Array(1024));
  private readonly cost = new Column(new Float64Array(1024));
  /** First delta of each step. */
  private readonly first = new Column(new Int32Array(1024));
  private readonly cell = new Column(new Int32Array(4096));
  private readonly before = new Column(new Int32Array(4096));
  private readonly after = new Column(new Int32Array(4096));
  /** Effects by step; most steps have none. */
  readonly effects = new Map<number, readonly Effect[]>();

  constructor(readonly program: Program) {}

  get length(): number {
    return this.kind.length;
  }

  private get ints(): Column<Int32Array>[] {
    return [this.kind, this.context, this.cpu, this.choice, this.pc, this.first, this.cell, this.before, this.after];
  }

  columns(): HistoryColumns {
    return {
      ints: this.ints.map((c) => c.view().slice()),
      floats: [this.start, this.cost].map((c) => c.view().slice()),
      effects: this.effects,
    };
  }

  /** The history that `columns` were taken from. */
  static of(program: Program, columns: HistoryColumns): History {
    const history = new History(program);
    history.ints.forEach((c, i) => c.take(columns.ints[i]!));
    [history.start, history.cost].forEach((c, i) => c.take(columns.floats[i]!));
    for (const [step, effects] of columns.effects) history.effects.set(step, effects);
    return history;
  }

  /** Records the transition that the machine has just applied, and clears its journal. */
  record(machine: Machine, t: Transition, pc: number, start: number): void {
    this.kind.push(KINDS.indexOf(t.kind));
    this.context.push(t.context);
    this.cpu.push(t.cpu);
    this.choice.push(t.choice);
    this.pc.push(pc);
    this.start.push(start);
    this.cost.push(machine.cost);
    this.first.push(this.cell.length);
    // a cell written twice in one step is one change: its first old value, its last new one
    const { journal, s } = machine;
    const seen = journal.length > 2 ? new Set<number>() : null;
    for (let i = 0; i < journal.length; i += 2) {
      const cell = journal[i]!;
      if (seen?.has(cell)) continue;
      seen?.add(cell);
      if (journal[i + 1] === s[cell]) continue;
      this.cell.push(cell);
      this.before.push(journal[i + 1]!);
      this.after.push(s[cell]!);
    }
    if (machine.effects.length) this.effects.set(this.length - 1, machine.effects);
    machine.mark();
  }

  step(i: number): StepInfo {
    return {
      kind: KINDS[this.kind.at(i)]!,
      context: this.context.at(i),
      cpu: this.cpu.at(i),
      choice: this.choice.at(i),
      pc: this.pc.at(i),
      start: this.start.at(i),
      cost: this.cost.at(i),
    };
  }

  /** Calls back for each cell that step i changed. */
  changes(i: number, each: (cell: number, before: number, after: number) => void): void {
    const end = i + 1 < this.length ? this.first.at(i + 1) : this.cell.length;
    for (let d = this.first.at(i); d < end; d++) each(this.cell.at(d), this.before.at(d), this.after.at(d));
  }
}

/**
 * A position in a run: the state after `at` steps. Moving it writes only the cells that changed, forwards and
 * backwards alike, so that a step back is as exact as a step forward.
 */
export class Cursor {
  at = 0;
  readonly s: Int32Array;

  constructor(
    private readonly history: History,
    initial: Int32Array,
  ) {
    this.s = initial.slice();
  }

  seek(to: number): void {
    const target = Math.max(0, Math.min(to, this.history.length));
    while (this.at < target) this.history.changes(this.at++, (cell, _before, after) => (this.s[cell] = after));
    while (this.at > target) this.history.changes(--this.at, (cell, before) => (this.s[cell] = before));
  }
}
