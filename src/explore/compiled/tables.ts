/**
 * The states that were seen, as a tree of pairs. Two neighbouring words are a pair, and a pair that was met before is known
 * by its number; two neighbouring numbers are a pair again, up to the root. So a state takes the 8 bytes of its root and
 * whatever in it is new. Both tables are open-addressed: an index of numbers + 1 by hash, and the pairs in order of arrival.
 *
 *     words   w0 w1 | w2 w3 | w4 w5 | w6 w7          root n-th state: its number is that of the state
 *     nodes      n0 |    n1 |    n2 |    n3
 *     nodes         n4      |       n5        ->  root pair (n4, n5)
 */
import type { Func, ModuleWriter } from '../wasm/encode';
import {
  block,
  br,
  brIf,
  fill,
  get,
  getGlobal,
  i32,
  i64,
  label,
  loop,
  nothing,
  ret,
  set,
  setGlobal,
  tee,
  when,
  type Op,
} from '../wasm/ops';

/** One table: its place in memory changes as it grows, so all of it is in globals. */
export interface Table {
  /** Address of the pairs, 8 bytes each. */
  readonly pairs: number;
  /** Address of the index, 4 bytes each. */
  readonly index: number;
  /** 64 - log2 of the index' size. */
  readonly shift: number;
  readonly count: number;
  readonly capacity: number;
}

export function table(module: ModuleWriter, name: string): Table {
  const global = (field: string): number => {
    const index = module.global('i32');
    module.exportGlobal(`${name}.${field}`, index);
    return index;
  };
  return {
    pairs: global('pairs'),
    index: global('index'),
    shift: global('shift'),
    count: global('count'),
    capacity: global('capacity'),
  };
}

const K1 = 0x9e3779b97f4a7c15n;
const K2 = 0xd6e8feb86659fd93n;

/** Slot of the index for a pair (a local). `shift` is 64 - bits. */
function slot(v: Op, shift: Op, temp: number): Op {
  const mixed = i64.mul(v, i64.const(K1));
  return i32.wrap(
    i64.shrU(i64.mul(i64.xor(tee(temp, mixed), i64.shrU(get(temp), i64.const(32n))), i64.const(K2)), i64.extend(shift)),
  );
}

const indexSize = (t: Table): Op =>
  i32.wrap(i64.shl(i64.const(1n), i64.extend(i32.sub(i32.const(64), getGlobal(t.shift)))));

/**
 * Number of a pair; one that is new gets the next. Where there is no room `full` is set, and 0 returned.
 * `limit`: more than this are not taken up; they count as `left`.
 */
export function lookup(
  module: ModuleWriter,
  t: Table,
  full: number,
  added: Op,
  limit: { readonly most: number; readonly left: number } | null,
): Func {
  const func = module.declare(['i64'], ['i32']);
  const [v, temp, at, entry, mask, n] = [0, 1, 2, 3, 4, 5];
  const again = label('loop');
  const empty = label('block');
  const code: Op = [
    set(mask, i32.sub(indexSize(t), i32.const(1))),
    set(at, slot(get(v), getGlobal(t.shift), temp)),
    block(
      empty,
      loop(
        again,
        set(entry, i32.load(i32.add(getGlobal(t.index), i32.shl(get(at), i32.const(2))))),
        brIf(empty, i32.eqz(get(entry))),
        set(n, i32.sub(get(entry), i32.const(1))),
        when(i64.eq(i64.load(i32.add(getGlobal(t.pairs), i32.shl(get(n), i32.const(3)))), get(v)), ret(get(n))),
        set(at, i32.and(i32.add(get(at), i32.const(1)), get(mask))),
        br(again),
      ),
    ),
    limit === null
      ? nothing
      : when(i32.geU(getGlobal(t.count), getGlobal(limit.most)), [
          setGlobal(limit.left, i32.const(1)),
          ret(i32.const(-1)),
        ]),
    when(i32.geU(getGlobal(t.count), getGlobal(t.capacity)), [setGlobal(full, i32.const(1)), ret(i32.const(-1))]),
    set(n, getGlobal(t.count)),
    i64.store(i32.add(getGlobal(t.pairs), i32.shl(get(n), i32.const(3))), get(v)),
    setGlobal(t.count, i32.add(get(n), i32.const(1))),
    i32.store(i32.add(getGlobal(t.index), i32.shl(get(at), i32.const(2))), getGlobal(t.count)),
    added,
    get(n),
  ];
  module.define(func, ['i64', 'i32', 'i32', 'i32', 'i32'], code);
  return func;
}

/** Makes the index anew, where it is, for its present size. */
export function rehash(module: ModuleWriter, t: Table): Func {
  const func = module.declare([], []);
  const [v, temp, at, mask, n] = [0, 1, 2, 3, 4];
  const each = label('loop');
  const probe = label('loop');
  const done = label('block');
  const address = (): Op => i32.add(getGlobal(t.index), i32.shl(get(at), i32.const(2)));
  module.define(
    func,
    ['i64', 'i64', 'i32', 'i32', 'i32'],
    [
      set(mask, i32.sub(indexSize(t), i32.const(1))),
      fill(getGlobal(t.index), i32.const(0), i32.shl(indexSize(t), i32.const(2))),
      block(
        done,
        loop(
          each,
          brIf(done, i32.geU(get(n), getGlobal(t.count))),
          set(v, i64.load(i32.add(getGlobal(t.pairs), i32.shl(get(n), i32.const(3))))),
          set(at, slot(get(v), getGlobal(t.shift), temp)),
          loop(
            probe,
            when(i32.load(address()), [set(at, i32.and(i32.add(get(at), i32.const(1)), get(mask))), br(probe)]),
          ),
          set(n, i32.add(get(n), i32.const(1))),
          i32.store(address(), get(n)),
          br(each),
        ),
      ),
    ],
  );
  return func;
}
