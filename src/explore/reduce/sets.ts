/** Sets of things at run time: rows of 64-bit words in the module's constant data, joined and compared. */
import { cpusOf } from '../compiled/asks';
import { zero, type Build } from '../compiled/build';
import type { Bits, Conflicts, Touch } from '../program/conflicts';
import type { Func } from '../wasm/encode';
import { either, get, i32, i64, type Op } from '../wasm/ops';

/** An element whose index is known at run time. */
export interface IndexedElement {
  readonly index: Op;
  readonly base: number;
  readonly count: number;
  readonly written: boolean;
}

export class Sets {
  /** Words of 64 bits in a set. */
  protected readonly words: number;
  /** What may be written and read by others. */
  protected readonly writes: number;
  protected readonly reads: number;
  /** Elements for CPUs on which tasks that are not bound may be. */
  protected readonly cpus: number;

  constructor(
    protected readonly b: Build,
    readonly conflicts: Conflicts,
  ) {
    this.words = conflicts.size / 2;
    this.writes = this.room('writes', conflicts.size);
    this.reads = this.room('reads', conflicts.size);
    this.cpus = this.room('cpus', conflicts.size);
  }

  protected room(name: string, numbers: number): number {
    return this.b.memory.constants(`closure ${name}`, () => Array.from({ length: numbers }, () => 0));
  }

  /** Address of a set. */
  bits(set: Bits): number {
    return this.b.memory.constants(`bits ${set.join()}`, () => [...set]);
  }

  /** Address of what something touches: reads, writes, and both of the elements for its CPU. */
  touch(of: Touch): number {
    let at = this.touched.get(of);
    if (at === undefined) this.touched.set(of, (at = this.place(of)));
    return at;
  }

  protected readonly touched = new WeakMap<Touch, number>();

  protected place(of: Touch): number {
    const all = [...of.reads, ...of.writes, ...of.thisReads, ...of.thisWrites];
    return this.b.memory.constants(`touch ${all.join()}`, () => all);
  }

  protected readonly bytes = (): number => this.words * 8;

  /** Address of what others may write, after `close`. */
  get writesAddress(): number {
    return this.writes;
  }

  /** Two sets have something in common: a condition. Both are addresses, known or not. */
  meets(a: Op, aOffset: number, c: Op, cOffset: number): Op {
    let any: Op = i64.and(i64.load(a, aOffset), i64.load(c, cOffset));
    for (let w = 1; w < this.words; w++)
      any = i64.or(any, i64.and(i64.load(a, aOffset + w * 8), i64.load(c, cOffset + w * 8)));
    return i64.ne(any, i64.const(0n));
  }

  /** What others may write meets this set; what they may read does. */
  writesMeet(set: Bits): Op {
    return set.every((w) => w === 0) ? zero : this.meets(zero, this.writes, zero, this.bits(set));
  }

  readsMeet(set: Bits): Op {
    return set.every((w) => w === 0) ? zero : this.meets(zero, this.reads, zero, this.bits(set));
  }

  protected unite(into: number, more: number): Op {
    const out: Op[] = [];
    for (let w = 0; w < this.words; w++)
      out.push(i64.store(zero, i64.or(i64.load(zero, into + w * 8), i64.load(zero, more + w * 8)), into + w * 8));
    return out;
  }

  /** Adds what is touched at an address (a local) to what others may read and write. */
  protected add(): Func {
    return this.b.shared('closure add', () => {
      const func = this.b.module.declare(['i32'], []);
      const out: Op[] = [];
      for (let w = 0; w < this.words; w++) {
        const part = (n: number): Op => i64.load(get(0), n * this.bytes() + w * 8);
        const mask = i64.load(zero, this.cpus + w * 8);
        out.push(
          i64.store(
            zero,
            i64.or(i64.load(zero, this.reads + w * 8), i64.or(part(0), i64.and(part(2), mask))),
            this.reads + w * 8,
          ),
          i64.store(
            zero,
            i64.or(i64.load(zero, this.writes + w * 8), i64.or(part(1), i64.and(part(3), mask))),
            this.writes + w * 8,
          ),
        );
      }
      this.b.module.define(func, [], out);
      return func;
    });
  }

  /**
   * Whether a step touches what others may touch before it: a condition, to be asked when `close` is done. `c`: the CPU
   * that the context is on, where the step touches elements for it.
   */
  touches(step: Touch, c: Op | null, elements: readonly IndexedElement[]): Op {
    const address = this.touch(step);
    const bytes = this.bytes();
    const plain = (part: number, others: number): Op => this.meets(zero, address + part * bytes, zero, others);
    const empty = (of: Bits): boolean => of.every((w) => w === 0);
    let any: Op = zero;
    const add = (cond: Op): void => {
      any = i32.or(any, cond);
    };
    if (!empty(step.reads)) add(plain(0, this.writes));
    if (!empty(step.writes)) {
      add(plain(1, this.writes));
      add(plain(1, this.reads));
    }
    if (c !== null && !(empty(step.thisReads) && empty(step.thisWrites))) {
      const table = this.b.memory.constants('elements of cpus', () =>
        cpusOf(this.b).map((k) => this.bits(this.conflicts.ofCpu(k))),
      );
      const elements = i32.load(i32.shl(c, i32.const(2)), table);
      const masked = (part: number, others: number): Op => {
        let all: Op = i64.const(0n);
        for (let w = 0; w < this.words; w++)
          all = i64.or(
            all,
            i64.and(
              i64.and(i64.load(zero, address + part * bytes + w * 8), i64.load(elements, w * 8)),
              i64.load(zero, others + w * 8),
            ),
          );
        return i64.ne(all, i64.const(0n));
      };
      add(masked(2, this.writes));
      add(masked(3, this.writes));
      add(masked(3, this.reads));
    }
    for (const { index, count, base, written } of elements) {
      const table = this.b.memory.constants(`element ${base} ${count}`, () =>
        Array.from({ length: count }, (_, i) => this.bits(this.conflicts.bits([base + i]))),
      );
      const none = this.bits(this.conflicts.bits([]));
      const element = either(
        i32.ltU(index, i32.const(count)),
        i32.load(i32.shl(index, i32.const(2)), table),
        i32.const(none),
      );
      add(this.meets(element, 0, zero, this.writes));
      if (written) add(this.meets(element, 0, zero, this.reads));
    }
    return any;
  }
}
