/** Searching sorted columns: the lanes never look at every slice, only at the next one that matters. */

/** First index in [from, to) whose value is >= `value`, or `to`. The column is ascending there. */
export function lowerBound(column: Int32Array | Float64Array, from: number, to: number, value: number): number {
  let lo = from;
  let hi = to;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (column[mid]! < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Like `lowerBound`, but quick when the answer is near `from`: doubles its stride, then halves it. */
export function gallop(column: Int32Array | Float64Array, from: number, to: number, value: number): number {
  let lo = from;
  let step = 1;
  while (lo + step < to && column[lo + step]! < value) {
    lo += step;
    step *= 2;
  }
  return lowerBound(column, lo, Math.min(to, lo + step + 1), value);
}

/** Like `gallop` through an order: `column[order[i]]` is ascending. */
export function gallopBy(column: Int32Array, order: Int32Array, from: number, to: number, value: number): number {
  let lo = from;
  let step = 1;
  while (lo + step < to && column[order[lo + step]!]! < value) {
    lo += step;
    step *= 2;
  }
  let hi = Math.min(to, lo + step + 1);
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (column[order[mid]!]! < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

const SHIFT = 4;
const FAN = 1 << SHIFT;

/**
 * The largest byte of any range of a column, in O(log n): level n holds the largest of each 16 of level n - 1.
 *
 *     level 0   2 3 9 1 ... | 4 4 2 ... |
 *     level 1   9           | 4         |
 */
export class MaxPyramid {
  readonly #levels: Uint8Array[];

  constructor(values: Uint8Array) {
    this.#levels = [values];
    for (let below = values; below.length > FAN;) {
      const level = new Uint8Array(Math.ceil(below.length / FAN));
      for (let i = 0; i < level.length; i++) {
        let max = 0;
        for (let j = i << SHIFT, end = Math.min(below.length, j + FAN); j < end; j++)
          if (below[j]! > max) max = below[j]!;
        level[i] = max;
      }
      this.#levels.push(level);
      below = level;
    }
  }

  /** Largest value in [from, to); 0 if empty. */
  max(from: number, to: number): number {
    let lo = from;
    let hi = to;
    let best = 0;
    for (const level of this.#levels) {
      if (lo >= hi) return best;
      const last = level === this.#levels[this.#levels.length - 1];
      const loUp = last ? hi : Math.min(hi, (lo + FAN - 1) & ~(FAN - 1));
      for (; lo < loUp; lo++) if (level[lo]! > best) best = level[lo]!;
      const hiDown = Math.max(lo, hi & ~(FAN - 1));
      for (let i = hiDown; i < hi; i++) if (level[i]! > best) best = level[i]!;
      lo >>>= SHIFT;
      hi = hiDown >>> SHIFT;
    }
    return best;
  }

  /** First index in [from, to) whose value is at least `value`, or -1. Blocks that hold none are skipped whole. */
  firstAtLeast(from: number, to: number, value: number): number {
    const base = this.#levels[0]!;
    let i = from;
    while (i < to) {
      if (base[i]! >= value) return i;
      // Climb while the block that starts here holds none and lies wholly in the range.
      let skip = 1;
      for (let l = 1, size = FAN; l < this.#levels.length; l++, size <<= SHIFT) {
        if ((i & (size - 1)) !== 0 || i + size > to || this.#levels[l]![i / size]! >= value) break;
        skip = size;
      }
      i += skip;
    }
    return -1;
  }
}
