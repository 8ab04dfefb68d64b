/** The tree over the words of a state: what changed is looked up anew, and a state is put together from its root. */
import type { Func } from '../wasm/encode';
import { call, either, get, getGlobal, i32, i64, nothing, set, setGlobal, when, type Op } from '../wasm/ops';
import { groupSize, zero, type Build } from './build';
import type { Table } from './tables';

/** Number of nodes by level, the words first; the last level is the root pair. */
export function levels(words: number): readonly number[] {
  const all = [even(Math.max(2, words))];
  while (all.at(-1)! > 2) all.push(even(Math.ceil(all.at(-1)! / 2)));
  return all;
}

const even = (n: number): number => n + (n & 1);

/** Bytes of a row of words and the nodes above them. */
export function rowBytes(words: number): number {
  return levels(words).reduce((sum, n) => sum + n, 0) * 4;
}

interface Tree {
  readonly b: Build;
  readonly counts: readonly number[];
  /** Offset of each level in a row, in bytes. */
  readonly offsets: readonly number[];
}

function treeOf(b: Build): Tree {
  const counts = levels(b.layout.words);
  let offset = 0;
  const offsets = counts.map((n) => {
    const at = offset;
    offset += n * 4;
    return at;
  });
  return { b, counts, offsets };
}

/** Groups of words below a node, as bits of `dirty`. */
function maskOf({ b, counts }: Tree, level: number, i: number): bigint {
  const size = groupSize(b.layout.words);
  const width = 2 ** level;
  const from = i * width;
  const to = Math.min((i + 1) * width, counts[0]!);
  let mask = 0n;
  for (let w = from; w < to && w < b.layout.words; w++) mask |= 1n << BigInt(Math.floor(w / size));
  return mask;
}

const isDirty = (b: Build, mask: bigint): Op =>
  i64.ne(i64.and(getGlobal(b.globals.dirty), i64.const(mask)), i64.const(0n));

/** The root pair of the state at CUR; its nodes are entered in the table. No parameters, an i64. */
export function rootPair(b: Build, lookup: Func): Func {
  const tree = treeOf(b);
  const { counts, offsets } = tree;
  const { cur, par } = b.memory;
  const top = counts.length - 1;
  const func = b.module.declare([], ['i64']);
  const types = counts.map(() => 'i64' as const);
  /** Number of a node that may have changed. */
  const node = (level: number, i: number): Op => {
    const known = i32.load(zero, par + offsets[level]! + i * 4);
    const mask = maskOf(tree, level, i);
    if (mask === 0n) return zero;
    const kept = level;
    const below = i64.load(zero, par + offsets[level - 1]! + i * 8);
    return either(
      isDirty(b, mask),
      [set(kept, pair(level - 1, i)), either(i64.eq(get(kept), below), known, call(lookup.index, get(kept)))],
      known,
    );
  };
  /** The pair that is the i-th of a level. */
  const pair = (level: number, i: number): Op => {
    if (level === 0) return i64.load(zero, cur + i * 8);
    const low = i64.extend(node(level, i * 2));
    const right = i * 2 + 1;
    return i64.or(low, i64.shl(i64.extend(node(level, right)), i64.const(32n)));
  };
  b.module.define(func, types, pair(top, 0));
  return func;
}

/** Sets CUR back to PAR where it is dirty. */
export function restore(b: Build): Func {
  const func = b.module.declare([], []);
  const size = groupSize(b.layout.words);
  const { cur, par } = b.memory;
  const groups = Math.ceil(b.layout.words / size);
  const copyGroup = (g: number): Op => {
    const out: Op[] = [];
    for (let w = g * size; w < Math.min(b.layout.words, (g + 1) * size); w++)
      out.push(i32.store(zero, i32.load(zero, par + w * 4), cur + w * 4));
    return out;
  };
  const part = (from: number, to: number): Op => {
    if (to - from === 1) return when(isDirty(b, 1n << BigInt(from)), copyGroup(from));
    const middle = (from + to) >> 1;
    let mask = 0n;
    for (let g = from; g < to; g++) mask |= 1n << BigInt(g);
    return when(isDirty(b, mask), [part(from, middle), part(middle, to)]);
  };
  b.module.define(func, [], [part(0, groups), setGlobal(b.globals.dirty, i64.const(0n))]);
  return func;
}

/** Puts the state with a root pair (parameter) into PAR and CUR. What is there already stays. */
export function decode(b: Build, nodes: Table): Func {
  const tree = treeOf(b);
  const { counts, offsets } = tree;
  const { cur, par } = b.memory;
  const func = b.module.declare(['i64'], []);
  const top = counts.length - 1;
  /** Writes the i-th pair of a level, and all below it that differs. */
  const put = (level: number, i: number, value: number): Op => {
    const address = offsets[level]! + i * 8;
    if (level === 0) return [i64.store(zero, get(value), par + address), i64.store(zero, get(value), cur + address)];
    const side = (n: number, half: Op): Op => {
      if (n >= counts[level]! || n * 2 ** level >= Math.max(2, b.layout.words)) return nothing;
      const next = 1 + level;
      return when(i32.ne(half, i32.load(zero, par + offsets[level]! + n * 4)), [
        set(next, i64.load(i32.add(getGlobal(nodes.pairs), i32.shl(half, i32.const(3))))),
        put(level - 1, n, next),
      ]);
    };
    const low = i32.wrap(get(value));
    const high = i32.wrap(i64.shrU(get(value), i64.const(32n)));
    return [side(i * 2, low), side(i * 2 + 1, high), i64.store(zero, get(value), par + address)];
  };
  b.module.define(
    func,
    counts.map(() => 'i64' as const),
    put(top, 0, 0),
  );
  return func;
}
