/**
 * What the parts of the compiler share: the module that is written, where things lie in its memory, and how a cell of the
 * state is read and written there. The state that a step works on is the row of words at `CUR`; `PAR` holds the state
 * that is being expanded, to which it is set back after each transition.
 */
import type { Program } from '../../language/program';
import type { Layout, Row, Spot } from '../program/layout';
import type { Reach } from '../program/reach';
import { UNKNOWN } from '../program/fold';
import type { Func, ModuleWriter, ValueType } from '../wasm/encode';
import { get, getGlobal, i32, i64, nothing, set, setGlobal, tee, when, type Local, type Op } from '../wasm/ops';

/** Global variables of the module. */
export interface Globals {
  /** The text did what it must not; the transition counts as an error and its state is thrown away. */
  readonly err: number;
  /** One bit for each group of words that may have been written. */
  readonly dirty: number;
  /** Value that a step chooses. */
  readonly choice: number;
}

export interface Build {
  readonly program: Program;
  readonly world: Reach;
  readonly layout: Layout;
  readonly module: ModuleWriter;
  readonly globals: Globals;
  readonly memory: Memory;
  /** Functions that are made once, when they are first asked for. */
  readonly shared: (name: string, make: () => Func) => Func;
}

/** Addresses below the tables: the two rows of words, and constant data. */
export interface Memory {
  readonly cur: number;
  readonly par: number;
  /** Puts 32-bit values into the constant data, once for each name, and says where. */
  readonly constants: (name: string, values: () => readonly number[]) => number;
}

/** Locals of the function being written, and the words that it may write. */
export class Scope {
  private readonly types: ValueType[] = [];
  readonly written = new Set<number>();

  constructor(private readonly params: number) {}

  temp(type: ValueType = 'i32'): Local {
    this.types.push(type);
    return this.params + this.types.length - 1;
  }

  locals(): readonly ValueType[] {
    return this.types;
  }
}

export const zero = i32.const(0);

export function raise(b: Build): Op {
  return setGlobal(b.globals.err, i32.const(1));
}

/** Number of words for which one bit of `dirty` stands. */
export function groupSize(words: number): number {
  return Math.max(1, Math.ceil(words / 64));
}

export function maskOf(words: number, written: Iterable<number>): bigint {
  const size = groupSize(words);
  let mask = 0n;
  for (const word of written) mask |= 1n << BigInt(Math.floor(word / size));
  return mask;
}

/** Writes a function whose body is made with a scope; what it writes is marked as dirty when it begins. */
export function define(b: Build, func: Func, params: number, make: (scope: Scope) => Op): void {
  const scope = new Scope(params);
  const body = make(scope);
  b.module.define(func, scope.locals(), [markWritten(b, scope), body]);
}

/** Marks what the function has written so far, or will have: all that stands before this in the making of its code. */
export function markWritten(b: Build, scope: Scope): Op {
  const mask = maskOf(b.layout.words, scope.written);
  return mask === 0n ? nothing : setGlobal(b.globals.dirty, i64.or(getGlobal(b.globals.dirty), i64.const(mask)));
}

// ---- cells

/** Value of a cell that never changes; undefined for others. */
export function fixed(b: Build, cell: number): number | undefined {
  const value = b.world.cell(cell);
  return value === UNKNOWN ? undefined : value;
}

const maskBits = (bits: number): number => (bits >= 32 ? -1 : (1 << bits) - 1);
const plus = (value: Op, n: number): Op => (n === 0 ? value : i32.add(value, i32.const(n)));

function extract(word: Op, spot: Spot): Op {
  const moved = spot.shift === 0 ? word : i32.shrU(word, i32.const(spot.shift));
  const cut = spot.bits + spot.shift >= 32 ? moved : i32.and(moved, i32.const(maskBits(spot.bits)));
  return plus(cut, spot.lo);
}

const wordAt = (b: Build, word: number): Op => i32.load(zero, b.memory.cur + word * 4);

/** Value of a cell. */
export function read(b: Build, cell: number): Op {
  const value = fixed(b, cell);
  if (value !== undefined) return i32.const(value);
  const spot = b.layout.spot(cell)!;
  return spot.bits === 0 ? i32.const(spot.lo) : extract(wordAt(b, spot.word), spot);
}

/** Writes a value that is within the cell's range. */
export function write(b: Build, scope: Scope, cell: number, value: Op): Op {
  const spot = b.layout.spot(cell);
  // what is written there is what it always holds
  if (!spot || spot.bits === 0) return nothing;
  scope.written.add(spot.word);
  return put(b, spot, plus(value, -spot.lo));
}

/** Writes a constant. */
export function writeConst(b: Build, scope: Scope, cell: number, value: number): Op {
  const spot = b.layout.spot(cell);
  if (!spot || spot.bits === 0) return nothing;
  scope.written.add(spot.word);
  return put(b, spot, i32.const(value - spot.lo), value - spot.lo);
}

function put(b: Build, spot: Spot, raw: Op, known?: number): Op {
  const address = b.memory.cur + spot.word * 4;
  if (spot.bits === 32) return i32.store(zero, raw, address);
  const hole = i32.const(~(maskBits(spot.bits) << spot.shift));
  const kept = i32.and(i32.load(zero, address), hole);
  if (known === 0) return i32.store(zero, kept, address);
  const placed =
    known !== undefined ? i32.const(known << spot.shift) : spot.shift === 0 ? raw : i32.shl(raw, i32.const(spot.shift));
  return i32.store(zero, i32.or(kept, placed), address);
}

/** Element of an array at an index that exists. The index is used twice. */
export function readAt(b: Build, base: number, count: number, index: Op): Op {
  const row = b.layout.row(base);
  if (!row) {
    const values = (): number[] =>
      Array.from({ length: count }, (_, i) => {
        const value = fixed(b, base + i);
        if (value === undefined) throw new Error(`cell ${base + i} has no place in an array`);
        return value;
      });
    return i32.load(i32.shl(index, i32.const(2)), b.memory.constants(`cells ${base}`, values));
  }
  const bits = extract(i32.shrU(i32.load(addressIn(row, index), b.memory.cur + row.word * 4), shiftIn(row, index)), {
    word: 0,
    shift: 0,
    bits: row.bits,
    lo: row.lo,
  });
  return bits;
}

/** Writes an element at an index that exists: the index and the value are used more than once, so both must be locals. */
export function writeAt(b: Build, scope: Scope, base: number, index: Op, value: Op): Op {
  const row = b.layout.row(base);
  if (!row) return nothing;
  const words = Math.max(1, Math.ceil((row.count * row.bits) / 32));
  for (let i = 0; i < words; i++) scope.written.add(row.word + i);
  const at = addressIn(row, index);
  const address = b.memory.cur + row.word * 4;
  if (row.bits === 32) return i32.store(at, plus(value, -row.lo), address);
  const shift = shiftIn(row, index);
  const hole = i32.xor(i32.shl(i32.const(maskBits(row.bits)), shift), i32.const(-1));
  const kept = i32.and(i32.load(at, address), hole);
  return i32.store(at, i32.or(kept, i32.shl(plus(value, -row.lo), shift)), address);
}

/** Byte offset of the word that an element lies in. */
function addressIn(row: Row, index: Op): Op {
  if (row.count * row.bits + row.shift <= 32) return zero;
  const perWord = Math.log2(32 / row.bits);
  return i32.shl(i32.shrU(index, i32.const(perWord)), i32.const(2));
}

function shiftIn(row: Row, index: Op): Op {
  const perWord = 32 / row.bits;
  const within = row.count * row.bits + row.shift <= 32 ? index : i32.and(index, i32.const(perWord - 1));
  const scaled = row.bits === 1 ? within : i32.shl(within, i32.const(Math.log2(row.bits)));
  return plus(scaled, row.shift);
}

/** All elements of an array of bits that lie in one word, as the lowest bits of a value; null where they do not. */
export function bitsOf(b: Build, base: number, count: number): Op | null {
  const row = b.layout.row(base);
  if (!row || row.bits !== 1 || row.lo !== 0 || row.count !== count || count + row.shift > 32) return null;
  return extract(wordAt(b, row.word), { word: row.word, shift: row.shift, bits: count, lo: 0 });
}

/** Keeps a value in a local and goes on with it. */
export function keep(scope: Scope, value: Op, use: (kept: Op, first: Op) => Op): Op {
  const at = scope.temp();
  return use(get(at), tee(at, value));
}

/** Writes a value to a cell where it is within lo..hi, else raises an error. */
export function writeChecked(b: Build, scope: Scope, cell: number, value: Op, lo: number, hi: number): Op {
  const at = scope.temp();
  return [set(at, value), when(outside(get(at), lo, hi), raise(b), write(b, scope, cell, get(at)))];
}

export function outside(value: Op, lo: number, hi: number): Op {
  return i32.or(i32.lt(value, i32.const(lo)), i32.gt(value, i32.const(hi)));
}
