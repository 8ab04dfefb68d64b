/**
 * Where each cell lies in the packed state: a row of 32-bit words in which a cell takes as many bits as its range needs.
 * Cells that never change take none. A pc is kept as the number of its place among those where its context can rest.
 *
 *     word    | machine, locks, variables | context 1 | context 2 | ...
 *     bits    | elements of an array that is indexed at run time are as wide as a power of two
 */
import { Head, type Code, type Instr, type StoreAt } from '../../language/program';
import { fold, UNKNOWN } from './fold';
import { knownAt, type Reach } from './reach';
import { classOf, rests } from './rests';

export interface Spot {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  /** Value that is kept as 0. */
  readonly lo: number;
}

/** Cells base..base+count-1, one after another: element i has bits i*bits.. of the words from `word` on, first bit `shift`. */
export interface Row {
  readonly base: number;
  readonly count: number;
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  readonly lo: number;
}

export interface Layout {
  readonly words: number;
  /** Bits in use. */
  readonly bits: number;
  /** Where a cell lies; null for one that never changes. */
  readonly spot: (cell: number) => Spot | null;
  /** The array that begins at this cell, where some of it changes and it is indexed at run time. */
  readonly row: (base: number) => Row | null;
  /** pcs of a context by number; the number of a pc. */
  readonly pcs: (x: number) => readonly number[];
  readonly pcNumber: (x: number, pc: number) => number;
  /** Entries of handlers by number: what a sender keeps. */
  readonly handlers: readonly number[];
  /** First and last word + 1 of a context's own cells. */
  readonly blocks: readonly (readonly [from: number, to: number])[];
}

const bitsFor = (range: number): number => (range <= 0 ? 0 : 32 - Math.clz32(range));

export function layout(world: Reach, asked: readonly Code[]): Layout {
  const { program } = world;
  const rows = new Map<number, Row>();
  const spots = new Map<number, Spot>();
  const pcs = rests(world);
  const none: readonly number[] = [0];
  const pcsOf = (x: number): readonly number[] => pcs.get(classOf(program, x)) ?? none;
  const numbers = new Map([...pcs].map(([key, list]) => [key, new Map(list.map((pc, i) => [pc, i]))]));

  let word = 0;
  let used = 0;
  let bits = 0;
  const align = (): void => {
    if (used > 0) word += 1;
    used = 0;
  };
  const place = (cell: number, lo: number, width: number): void => {
    if (used + width > 32) align();
    spots.set(cell, { word, shift: used, bits: width, lo });
    used += width;
    bits += width;
  };
  const changes = (cell: number): boolean => world.cell(cell) === UNKNOWN;

  const indexed = indexedRows(world, asked);
  const contextCells = new Set<number>();
  for (const { base, locals } of program.contexts)
    for (let i = base; i < base + Head.size + locals; i++) contextCells.add(i);
  for (const group of program.groups) {
    const count = indexed.get(group.base) ?? 0;
    const range = group.hi - group.lo;
    const cells = Array.from({ length: group.count }, (_, i) => group.base + i);
    if (!cells.some(changes)) continue;
    if (count > 0) {
      const width = power(bitsFor(range));
      if (used + width * count > 32) align();
      const row = { base: group.base, count, word, shift: used, bits: width, lo: group.lo };
      rows.set(group.base, row);
      for (let i = 0; i < count; i++) {
        const at = used + i * width;
        spots.set(group.base + i, { word: word + (at >> 5), shift: at & 31, bits: width, lo: group.lo });
      }
      used += width * count;
      bits += width * count;
      word += used >> 5;
      used &= 31;
    } else for (const cell of cells) if (changes(cell)) place(cell, group.lo, bitsFor(range));
  }

  // contexts of one class have the same cells, so that two of them can change places
  const blocks: (readonly [number, number])[] = [];
  const fields = fieldsOf(world);
  program.contexts.forEach((context, x) => {
    align();
    const from = word;
    const list = pcsOf(x);
    for (const [offset, lo, hi] of fields.get(classOf(program, x)) ?? []) {
      const field = offset < Head.size ? offset : -1;
      if (field === Head.pc || field === Head.resume) place(context.base + offset, 0, bitsFor(list.length - 1));
      else if (field === Head.entry) place(context.base + offset, 0, bitsFor(world.handlers.length));
      else place(context.base + offset, lo, bitsFor(hi - lo));
    }
    align();
    blocks.push([from, word]);
  });
  align();
  return {
    words: word,
    bits,
    spot: (cell) => spots.get(cell) ?? null,
    row: (base) => rows.get(base) ?? null,
    pcs: pcsOf,
    pcNumber: (x, pc) => numbers.get(classOf(program, x))?.get(pc) ?? (pc === 0 ? 0 : -1),
    handlers: world.handlers,
    blocks,
  };
}

const power = (bits: number): number =>
  bits <= 1 ? 1 : bits <= 2 ? 2 : bits <= 4 ? 4 : bits <= 8 ? 8 : bits <= 16 ? 16 : 32;

/** Of each class the cells of a context that change in any of its members, with their least and greatest value. */
function fieldsOf(world: Reach): ReadonlyMap<string, readonly (readonly [offset: number, lo: number, hi: number])[]> {
  const { program } = world;
  const found = new Map<string, Map<number, readonly [number, number, number]>>();
  program.contexts.forEach((context, x) => {
    const key = classOf(program, x);
    let fields = found.get(key);
    if (!fields) found.set(key, (fields = new Map()));
    for (let i = 0; i < Head.size + context.locals; i++) {
      const cell = context.base + i;
      if (world.cell(cell) === UNKNOWN) fields.set(i, [i, program.lo[cell]!, program.hi[cell]!]);
    }
  });
  return new Map([...found].map(([key, fields]) => [key, [...fields.values()].sort((a, b) => a[0] - b[0])]));
}

/** Arrays of which an element is read or written whose index is known only at run time: base to number of elements. */
function indexedRows(world: Reach, asked: readonly Code[]): ReadonlyMap<number, number> {
  const { program } = world;
  const found = new Map<number, number>();
  const m = program.machine;
  found.set(m.cur, program.cpus);
  found.set(m.inIrq, program.cpus);
  found.set(m.rqWait, program.cpus);
  found.set(program.online, program.cpus);
  const read = (code: Code): void => {
    switch (code.op) {
      case 'cellAt':
        found.set(code.base, code.count);
        return read(code.index);
      case 'firstFrom':
        found.set(code.base, code.count);
        return read(code.from);
      case 'count':
        found.set(code.base, code.count);
        return;
      case 'not':
      case 'minus':
        return read(code.of);
      case 'bin':
        read(code.left);
        return read(code.right);
      case 'instance':
        return read(code.index);
      case 'nextState':
        read(code.from);
        return read(code.target);
      case 'ask':
        read(code.of);
        return read(code.also);
      default:
    }
  };
  for (const code of asked) read(code);
  world.at.forEach((envs, x) => {
    for (const [pc, env] of envs) {
      const known = knownAt(world, x, env);
      const instr = program.code[pc]!;
      const mask = maskOf(instr);
      if (mask) found.set(mask.base, mask.count);
      for (const code of expressionsOf(instr)) read(fold(code, known));
      for (const at of storesOf(instr)) if (at.op === 'cellAt') read(fold(at, known));
    }
  });
  return found;
}

function maskOf(instr: Instr): { readonly base: number; readonly count: number } | null {
  if (instr.op === 'ipi') return instr.mask;
  return instr.op === 'pick' || instr.op === 'stop' ? instr : null;
}

/** All that an instruction evaluates, but for the indexes of what it stores. */
export function expressionsOf(instr: Instr): readonly Code[] {
  switch (instr.op) {
    case 'set':
      return instr.stores.map((st) => st.value);
    case 'branch':
    case 'await':
    case 'spin':
    case 'idle':
      return [instr.cond];
    case 'switch':
      return [instr.on];
    case 'ipi':
      return instr.cpu ? [...instr.args, instr.cpu] : instr.args;
    case 'start':
      return [instr.cpu];
    case 'stop':
      return [...instr.args, instr.cpu];
    case 'spawn':
      return instr.args;
    case 'allow':
      return instr.cpu ? [instr.task, instr.cpu] : [instr.task];
    case 'begin':
      return [instr.state, instr.cpu];
    case 'end':
      return [instr.state, instr.cpu, instr.result];
    case 'log':
    case 'warn':
    case 'trace':
    case 'panic':
    case 'bug':
      return instr.args;
    case 'action':
      return instr.when ? [instr.result, instr.when] : [instr.result];
    default:
      return [];
  }
}

export function storesOf(instr: Instr): readonly StoreAt[] {
  switch (instr.op) {
    case 'set':
      return instr.stores.map((st) => st.at);
    case 'choose':
    case 'pick':
      return [instr.at];
    case 'guest':
    case 'stopresult':
    case 'end':
      return instr.at ? [instr.at] : [];
    default:
      return [];
  }
}
