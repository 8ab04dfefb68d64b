/** Where an instruction of a trace stands: its step, and the one before it in the same context. */
import type { Trace } from '../machine/replay';

export class TraceIndex {
  private readonly steps: Int32Array;
  private readonly previous: Int32Array;
  readonly length: number;

  constructor(private readonly trace: Trace) {
    this.length = trace.length;
    this.steps = new Int32Array(this.length);
    this.previous = new Int32Array(this.length);
    const last = new Map<number, number>();
    for (let step = 0; step < trace.steps; step++) {
      const [first, end] = trace.rangeOf(step);
      for (let i = first; i < end; i++) {
        this.steps[i] = step;
        const x = trace.contextAt(i);
        this.previous[i] = last.get(x) ?? -1;
        last.set(x, i);
      }
    }
  }

  stepOf(i: number): number {
    return this.steps[i]!;
  }

  /** The instruction before this one in its context, -1 for its first. */
  before(i: number): number {
    return this.previous[i]!;
  }

  pcAt(i: number): number {
    return this.trace.pcAt(i);
  }

  contextAt(i: number): number {
    return this.trace.contextAt(i);
  }

  /** Instructions of a step, [first, end). */
  rangeOf(step: number): readonly [number, number] {
    return this.trace.rangeOf(step);
  }
}
