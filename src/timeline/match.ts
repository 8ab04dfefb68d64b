/** What two runs have in common, in order, and where they are not the same. */
import type { Anchor, Difference } from './beside';
import type { Happening, Story } from './happenings';

export interface Matched {
  readonly anchors: readonly Anchor[];
  readonly differences: readonly Difference[];
}

/**
 * Every sequence (a CPU's walk, an actor, the log) is compared by itself, since what is concurrent may come in another order
 * without any difference between the kernels; the axis is then aligned at as many of the pairs as lie in one order.
 */
export function match(a: Story, b: Story, names: readonly [string, string]): Matched {
  const pairs: Anchor[] = [];
  const differences: Difference[] = [];
  const [ofA, ofB] = [sequences(a.happenings), sequences(b.happenings)];
  for (const sequence of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [x, y] = [ofA.get(sequence) ?? [], ofB.get(sequence) ?? []];
    const common = commonOrder(
      x.map((h) => h.key),
      y.map((h) => h.key),
    );
    const [inA, inB] = [new Set(common.map(([i]) => i)), new Set(common.map(([, j]) => j))];
    for (const [i, j] of common) {
      const [left, right] = [x[i]!, y[j]!];
      pairs.push({ a: left.at, b: right.at });
      if (left.result !== right.result)
        differences.push({
          a: left.at,
          b: right.at,
          cpu: left.cpu,
          text: `${left.text}: ${left.result} on ${names[0]}, ${right.result} on ${names[1]}`,
        });
    }
    x.forEach((h, i) => {
      if (!h.begins && !inA.has(i)) differences.push({ a: h.at, ...lonely(h, b, names[0]) });
    });
    y.forEach((h, j) => {
      if (!h.begins && !inB.has(j)) differences.push({ b: h.at, ...lonely(h, a, names[1]) });
    });
  }
  return { anchors: longestOrder(pairs), differences };
}

/** What the one does and the other does not. */
const lonely = (h: Happening, other: Story, name: string): Difference => ({
  cpu: h.cpu,
  text: only(h, name),
  minor: isMinor(h, other),
  quiet: h.quiet === true,
});

const only = ({ text, result }: Happening, name: string): string =>
  `only on ${name}: ${text}${result === '' || result === 'done' ? '' : `, ${result}`}`;

/** A line of the log that is worded otherwise, or a step of the walk that the other kernel's table does not have. */
const isMinor = (h: Happening, other: Story): boolean =>
  h.quiet === true && (h.sequence === 'log' || !other.callbacks.has(h.key));

function sequences(list: readonly Happening[]): Map<string, Happening[]> {
  const found = new Map<string, Happening[]>();
  for (const h of list) {
    const own = found.get(h.sequence);
    if (own) own.push(h);
    else found.set(h.sequence, [h]);
  }
  return found;
}

/** Beyond so many entries that are not the same the rest is taken as it comes: nobody would read that list. */
const MOST_EDITS = 1500;

/** A longest common subsequence, as pairs of indices (Myers, "An O(ND) difference algorithm", 1986). */
export function commonOrder(x: readonly string[], y: readonly string[]): [number, number][] {
  const max = Math.min(x.length + y.length, MOST_EDITS);
  const offset = max + 1;
  let reach = new Int32Array(2 * max + 3);
  const trail: Int32Array[] = [];
  let edits = 0;
  search: for (; edits <= max; edits++) {
    trail.push(reach);
    const next = reach.slice();
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && reach[offset + k - 1]! < reach[offset + k + 1]!);
      let i = down ? reach[offset + k + 1]! : reach[offset + k - 1]! + 1;
      let j = i - k;
      while (i < x.length && j < y.length && x[i] === y[j]) {
        i++;
        j++;
      }
      next[offset + k] = i;
      if (i >= x.length && j >= y.length) break search;
    }
    reach = next;
  }
  const pairs: [number, number][] = [];
  if (edits > max) {
    for (let i = 0; i < Math.min(x.length, y.length) && x[i] === y[i]; i++) pairs.push([i, i]);
    return pairs;
  }
  let i = x.length;
  let j = y.length;
  for (let d = edits; d >= 0; d--) {
    const before = trail[d]!;
    const k = i - j;
    const down = k === -d || (k !== d && before[offset + k - 1]! < before[offset + k + 1]!);
    const from = down ? k + 1 : k - 1;
    const startI = d === 0 ? 0 : before[offset + from]!;
    const startJ = d === 0 ? 0 : startI - from;
    while (i > startI && j > startJ) pairs.push([--i, --j]);
    i = startI;
    j = startJ;
  }
  return pairs.reverse();
}

/** As many pairs as possible that ascend on both sides. */
export function longestOrder(pairs: readonly Anchor[]): Anchor[] {
  // Of several pairs with the same a at most one can be taken: the later b comes first, so that none follows the other.
  const sorted = [...pairs].sort((p, q) => p.a - q.a || q.b - p.b);
  const before = new Int32Array(sorted.length).fill(-1);
  /** By length: the pair with the smallest b that ends a chain of that length. */
  const ends: number[] = [];
  sorted.forEach(({ b }, i) => {
    let lo = 0;
    let hi = ends.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (sorted[ends[mid]!]!.b < b) lo = mid + 1;
      else hi = mid;
    }
    before[i] = lo > 0 ? ends[lo - 1]! : -1;
    ends[lo] = i;
  });
  const chain: Anchor[] = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i]!) chain.push(sorted[i]!);
  return chain.reverse();
}
