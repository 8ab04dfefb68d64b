/**
 * Which steps of a history wrote a cell: the history the other way round.
 *
 *     cell   | 0       | 1    | 2
 *     steps  | 3 17 40 | none | 17
 */
import type { History } from './history';

export class Writes {
  private readonly first: Int32Array;
  private readonly steps: Int32Array;
  /** Steps that are told of: a history may have grown since. */
  readonly length: number;

  constructor(private readonly history: History) {
    const { width } = history.program;
    this.length = history.length;
    const first = new Int32Array(width + 1);
    for (let k = 0; k < this.length; k++) history.changes(k, (cell) => first[cell + 1]!++);
    for (let cell = 0; cell < width; cell++) first[cell + 1]! += first[cell]!;
    this.first = first;
    this.steps = new Int32Array(first[width]!);
    const next = first.slice();
    for (let k = 0; k < this.length; k++) history.changes(k, (cell) => (this.steps[next[cell]!++] = k));
  }

  /** Steps (from 0) that changed a cell, in order. */
  of(cell: number): Int32Array {
    return this.steps.subarray(this.first[cell]!, this.first[cell + 1]!);
  }

  /** The last step before `step` that changed a cell, or -1. */
  before(cell: number, step: number): number {
    let lo = this.first[cell]!;
    let hi = this.first[cell + 1]!;
    const from = lo;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.steps[mid]! < step) lo = mid + 1;
      else hi = mid;
    }
    return lo > from ? this.steps[lo - 1]! : -1;
  }

  /** What a step left in a cell that it changed. */
  valueAfter(cell: number, step: number): number {
    let value = 0;
    this.history.changes(step, (at, _before, after) => {
      if (at === cell) value = after;
    });
    return value;
  }
}
