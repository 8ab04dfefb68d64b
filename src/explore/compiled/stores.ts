/** Storing values, and evaluating what is only shown. */
import { Head, type Code, type Instr, type StoreAt } from '../../language/program';
import { fold } from '../program/fold';
import { drop, get, i32, nothing, set, when, type Op } from '../wasm/ops';
import { outside, raise, read, write, writeAt, writeChecked, writeConst, zero, type Build, type Scope } from './build';
import { constantOf, interval, value, type Stand } from './expressions';

/** Adds a constant to a cell; outside its range it is an error. */
export function bump(b: Build, scope: Scope, cell: number, n: number): Op {
  const { lo, hi } = b.program;
  return writeChecked(b, scope, cell, i32.add(read(b, cell), i32.const(n)), lo[cell]!, hi[cell]!);
}

/** Evaluates what is only shown, where that may be an error. */
export function evaluated(at: Stand, codes: readonly Code[]): Op {
  return codes.map((code) => {
    const small = fold(code, at.known);
    const risky = (part: Code): boolean => {
      switch (part.op) {
        case 'cellAt':
        case 'instance':
          return true;
        case 'not':
        case 'minus':
          return risky(part.of);
        case 'bin':
          return risky(part.left) || risky(part.right);
        case 'firstFrom':
          return risky(part.from);
        case 'nextState':
          return risky(part.from) || risky(part.target);
        case 'ask':
          return risky(part.of) || risky(part.also);
        default:
          return false;
      }
    };
    return risky(small) ? drop(value(at, small)) : nothing;
  });
}

export function stores(at: Stand, instr: Extract<Instr, { op: 'set' }>): Op {
  const { scope } = at;
  if (instr.stores.length === 1) {
    const { at: to, value: code } = instr.stores[0]!;
    return store(at, to, value(at, code), constantOf(at, code) ?? null, interval(at, fold(code, at.known)));
  }
  const kept = instr.stores.map(() => scope.temp());
  return [
    instr.stores.map((st, i) => set(kept[i]!, value(at, st.value))),
    instr.stores.map((st, i) =>
      store(at, st.at, get(kept[i]!), constantOf(at, st.value) ?? null, interval(at, fold(st.value, at.known))),
    ),
  ];
}

/** Stores a value. `known`: what it always is; `range`: what it can be. */
export function store(
  at: Stand,
  to: StoreAt,
  v: Op,
  known: number | null,
  range: readonly [number, number] = [-Infinity, Infinity],
): Op {
  const { b, scope } = at;
  const { program } = b;
  const cellStore = (cell: number, lo: number, hi: number): Op => {
    if (known !== null) return known < lo || known > hi ? raise(b) : writeConst(b, scope, cell, known);
    if (range[0] >= lo && range[1] <= hi) return write(b, scope, cell, v);
    return writeChecked(b, scope, cell, v, lo, hi);
  };
  if (to.op === 'local') return cellStore(program.contexts[at.known.self]!.base + Head.size + to.slot, to.lo, to.hi);
  if (to.op === 'cell') return cellStore(to.at, program.lo[to.at]!, program.hi[to.at]!);
  const index = constantOf(at, to.index);
  if (index !== undefined) {
    if (index < 0 || index >= to.count) return raise(b);
    return cellStore(to.base + index, program.lo[to.base]!, program.hi[to.base]!);
  }
  const kept = scope.temp();
  const i = scope.temp();
  const [lo, hi] = [program.lo[to.base]!, program.hi[to.base]!];
  const inRange = range[0] >= lo && range[1] <= hi;
  const bad = i32.or(i32.geU(get(i), i32.const(to.count)), inRange ? zero : outside(get(kept), lo, hi));
  return [
    set(kept, v),
    set(i, value(at, to.index)),
    when(bad, raise(b), writeAt(b, scope, to.base, get(i), get(kept))),
  ];
}
