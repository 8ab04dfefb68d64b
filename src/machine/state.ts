/**
 * One state of the machine: a row of cells, with a journal of what was written to it. Nothing here knows what a cell
 * means, but for the header that every context has.
 */
import { cellName, Head, type Instr, type Program } from '../language/program';
import { OutOfRange } from './evaluate';

export class State {
  /** The state: `program.width` cells, then scratch. */
  readonly s: Int32Array;
  /** Writes since the last `mark()`: cell, old value, cell, old value, ... */
  readonly journal: number[] = [];
  /** Base cell by context; the last one is the scratch context, which is no part of the state. */
  protected readonly bases: Int32Array;
  protected readonly scratchIndex: number;

  constructor(readonly program: Program) {
    this.s = program.initial.slice();
    const n = program.contexts.length;
    this.bases = new Int32Array(n + 1);
    program.contexts.forEach((c, i) => (this.bases[i] = c.base));
    this.bases[n] = program.scratch;
    this.scratchIndex = n;
  }

  head(x: number, field: number): number {
    return this.s[this.bases[x]! + field]!;
  }

  instrOf(x: number): Instr {
    return this.program.code[this.head(x, Head.pc)]!;
  }

  /** Forgets the journal: what was written before can no longer be undone from here. */
  mark(): void {
    this.journal.length = 0;
  }

  /** Takes back every write since the last mark. */
  undo(): void {
    const { journal, s } = this;
    for (let i = journal.length - 2; i >= 0; i -= 2) s[journal[i]!] = journal[i + 1]!;
    journal.length = 0;
  }

  /** Puts the machine into a state that was saved: at least `program.width` cells. */
  load(state: ArrayLike<number>): void {
    for (let i = 0; i < this.program.width; i++) this.s[i] = state[i]!;
    this.mark();
  }

  protected put(cell: number, value: number): void {
    const old = this.s[cell]!;
    if (old === value) return;
    const { lo, hi } = this.program;
    if (value < lo[cell]! || value > hi[cell]!) {
      const name = cellName(this.program, cell);
      throw new OutOfRange(`${name} would become ${value}, outside its range ${lo[cell]!}..${hi[cell]!}`);
    }
    this.journal.push(cell, old);
    this.s[cell] = value;
  }

  protected setHead(x: number, field: number, value: number): void {
    this.put(this.bases[x]! + field, value);
  }

  /** Cell of the n-th call that waits in a CPU's queue. */
  protected queueAt(c: number, slot: number): number {
    const m = this.program.machine;
    return m.queue + c * m.queueDepth + slot;
  }
}
