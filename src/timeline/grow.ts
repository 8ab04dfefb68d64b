/**
 * Columns that grow: typed arrays that double when full, so that a million rows cost no object each.
 */

interface Numbers {
  readonly length: number;
  [index: number]: number;
  set(from: ArrayLike<number>): void;
}

abstract class Column<T extends Numbers> {
  /** The storage; only the first `length` entries mean anything. Read it directly in hot loops, but not across a push. */
  data: T;
  length = 0;

  constructor(private readonly make: (size: number) => T) {
    this.data = make(256);
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const wider = this.make(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data[this.length++] = value;
  }
}

/** 32-bit integers: ordinals, ids of strings and tracks. */
export class Ints extends Column<Int32Array> {
  constructor() {
    super((size) => new Int32Array(size));
  }
  /** A copy of exactly the rows there are, in the order of `rows` where it is given. */
  take(rows?: Int32Array): Int32Array {
    if (!rows) return this.data.slice(0, this.length);
    const out = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) out[i] = this.data[rows[i]!]!;
    return out;
  }
}

/** Bytes: looks, marks, depths, kinds. */
export class Bytes extends Column<Uint8Array> {
  constructor() {
    super((size) => new Uint8Array(size));
  }
  take(rows?: Int32Array): Uint8Array {
    if (!rows) return this.data.slice(0, this.length);
    const out = new Uint8Array(rows.length);
    for (let i = 0; i < rows.length; i++) out[i] = this.data[rows[i]!]!;
    return out;
  }
}

/** Doubles: times in microseconds, values of counters. */
export class Floats extends Column<Float64Array> {
  constructor() {
    super((size) => new Float64Array(size));
  }
  take(rows?: Int32Array): Float64Array {
    if (!rows) return this.data.slice(0, this.length);
    const out = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) out[i] = this.data[rows[i]!]!;
    return out;
  }
}

/**
 * The row numbers 0 .. n-1 ordered by `key` (ascending integers), ties in the order of the rows. Linear where the rows
 * are in order already, which is the usual case.
 */
export function ordered(n: number, key: (row: number) => number): Int32Array {
  const rows = new Int32Array(n);
  let sorted = true;
  for (let i = 0; i < n; i++) {
    rows[i] = i;
    if (i > 0 && key(i - 1) > key(i)) sorted = false;
  }
  return sorted ? rows : rows.sort((a, b) => key(a) - key(b) || a - b);
}

/**
 * The row numbers 0 .. n-1 grouped by `key`, a small integer below `keys`: ascending keys, and within one key the order of
 * the rows. Linear always.
 */
export function grouped(n: number, keys: number, key: (row: number) => number): Int32Array {
  const next = new Int32Array(keys + 1);
  for (let row = 0; row < n; row++) next[key(row) + 1]!++;
  for (let k = 1; k <= keys; k++) next[k]! += next[k - 1]!;
  const rows = new Int32Array(n);
  for (let row = 0; row < n; row++) rows[next[key(row)]!++] = row;
  return rows;
}
