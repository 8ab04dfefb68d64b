/**
 * What contexts may still touch, as sets of bits that are joined and compared at run time. Only things that one context
 * writes and another reads or writes have a bit.
 */
import { Head } from '../../language/program';
import { fold, UNKNOWN } from './fold';
import { noAccess, type Access, type Things } from './footprint';
import { Movers, type Step } from './movers';
import { knownAt, type Reach } from './reach';
import { successors } from './rests';

/** A set of things: 32 in each number. */
export type Bits = Int32Array;

/** Reads, writes, and the same of elements for the CPU that the context is on (of all CPUs). */
export interface Touch {
  readonly reads: Bits;
  readonly writes: Bits;
  readonly thisReads: Bits;
  readonly thisWrites: Bits;
}

export interface Conflicts {
  /** 32-bit numbers in a set; even. */
  readonly size: number;
  readonly things: Things;
  readonly bits: (of: Iterable<number>) => Bits;
  /** `step`: of one step, that is held against what others touch. */
  readonly touch: (of: Access, step?: boolean) => Touch;
  /** All that a context may still touch by itself from a place on. */
  readonly future: (x: number, pc: number) => Touch;
  /** The same where it is started anew. */
  readonly beginning: (x: number) => Touch;
  readonly hooks: (x: number) => Touch;
  readonly step: (x: number, pc: number) => Step;
  /** What the guard at a place reads; null where it may open without a write. */
  readonly guard: (x: number, pc: number) => Bits | null;
  /** Elements for one CPU. */
  readonly ofCpu: (c: number) => Bits;
  /** What the placement rules read for one CPU. */
  readonly placement: (c: number) => Bits;
  /** What the question reads. */
  readonly visible: Bits;
}

export function conflicts(world: Reach): Conflicts {
  const { program } = world;
  const movers = new Movers(world);
  const { footprints } = movers;
  const { things } = footprints;
  const living = program.contexts.flatMap((_, x) => (world.at[x]!.size > 0 ? [x] : []));

  const own = new Map<number, Map<number, Access>>();
  const readers = new Map<number, Set<number>>();
  const writers = new Map<number, Set<number>>();
  const note = (of: Map<number, Set<number>>, thing: number, x: number): void => {
    let set = of.get(thing);
    if (!set) of.set(thing, (set = new Set()));
    set.add(x);
  };
  for (const x of living) {
    const each = new Map<number, Access>();
    for (const pc of world.at[x]!.keys()) {
      const into = noAccess();
      footprints.of(x, pc, into);
      each.set(pc, into);
      for (const thing of [...into.reads, ...into.thisReads]) note(readers, thing, x);
      for (const thing of [...into.writes, ...into.thisWrites]) note(writers, thing, x);
    }
    own.set(x, each);
  }
  // the scheduler reads the placement rules, and whoever looks at the answer reads the question
  const known = knownAt(world, -1, null);
  const placed = noAccess();
  footprints.placement(placed);
  const asked = noAccess();
  if (program.question) footprints.read(program.question.cond, known, asked);
  for (const e of asked.elements) for (let i = 0; i < e.count; i++) asked.reads.add(e.base + i);
  for (const thing of [...placed.reads, ...asked.reads]) note(readers, thing, -1);

  const index = new Map<number, number>();
  const scheduled = [things.runnable, things.current, things.guest, things.actors];
  for (const thing of scheduled) index.set(thing, index.size);
  for (const [thing, by] of writers) {
    if (thing < 0 || index.has(thing)) continue;
    const others = new Set([...by, ...(readers.get(thing) ?? [])]);
    const setsGoing = thing >= things.started(0);
    if (others.size > 1 || setsGoing) index.set(thing, index.size);
  }
  const size = Math.max(2, Math.ceil(index.size / 64) * 2);
  const bits = (of: Iterable<number>): Bits => {
    const set = new Int32Array(size);
    for (const thing of of) {
      const i = index.get(thing);
      if (i !== undefined) set[i >> 5] = set[i >> 5]! | (1 << (i & 31));
    }
    return set;
  };
  // two who change what is no cell do not come in each other's way: only those who ask do
  const cellsOnly = (of: ReadonlySet<number>): Set<number> => new Set([...of].filter((t) => !scheduled.includes(t)));
  const touch = (of: Access, step = false): Touch => ({
    reads: bits(of.reads),
    writes: bits(step ? of.writes : cellsOnly(of.writes)),
    thisReads: bits(of.thisReads),
    thisWrites: bits(of.thisWrites),
  });

  const futures = new Map<number, Map<number, Touch>>();
  const futuresOf = (x: number): Map<number, Touch> => {
    let found = futures.get(x);
    if (!found) futures.set(x, (found = allFutures(world, x, own.get(x) ?? new Map(), touch, size)));
    return found;
  };
  const none = touch(noAccess());
  const cpuElements = new Map<number, Set<number>>();
  for (const x of living) {
    if (program.contexts[x]!.cpu >= 0) continue;
    for (const pc of world.at[x]!.keys()) elementsByCpu(world, x, pc, cpuElements);
  }
  const once = <T>(make: (x: number) => T): ((x: number) => T) => {
    const made = new Map<number, T>();
    return (x) => {
      let found = made.get(x);
      if (found === undefined) made.set(x, (found = make(x)));
      return found;
    };
  };
  const steps = living.map(() => new Map<number, Step>());
  return {
    size,
    things,
    bits,
    touch,
    future: (x, pc) => futuresOf(x).get(pc) ?? none,
    beginning: once((x) => {
      const all = emptyTouch(size);
      for (const pc of entriesOf(world, x)) joinTouch(all, futuresOf(x).get(pc) ?? none);
      return all;
    }),
    hooks: once((x) => {
      const all = emptyTouch(size);
      for (const pc of hookPcs(world, x)) joinTouch(all, touch(own.get(x)!.get(pc)!));
      return all;
    }),
    step: (x, pc) => {
      const of = steps[living.indexOf(x)]!;
      let found = of.get(pc);
      if (!found) of.set(pc, (found = movers.step(x, pc)));
      return found;
    },
    guard: (x, pc) => {
      const reads = movers.guard(x, pc);
      return reads && bits(reads);
    },
    ofCpu: once((c) => bits(cpuElements.get(c) ?? [])),
    placement: once((c) => {
      const into = noAccess();
      for (const rule of [program.place.user, program.place.kthread, program.place.percpu])
        footprints.read(
          rule,
          { program, cell: world.cell, local: (slot) => (slot === 0 ? c : UNKNOWN), self: -1 },
          into,
        );
      for (const e of into.elements) for (let i = 0; i < e.count; i++) into.reads.add(e.base + i);
      return bits(into.reads);
    }),
    visible: bits([...asked.reads, ...asked.thisReads]),
  };
}

/** Elements that a context reaches by the CPU it is on, by CPU. */
function elementsByCpu(world: Reach, x: number, pc: number, into: Map<number, Set<number>>): void {
  const { program } = world;
  const instr = program.code[pc]!;
  const known = knownAt(world, x, world.at[x]!.get(pc)!);
  const add = (base: number, count: number): void => {
    for (let c = 0; c < count; c++) {
      let set = into.get(c);
      if (!set) into.set(c, (set = new Set()));
      set.add(base + c);
    }
  };
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      value.forEach(walk);
      return;
    }
    const it = value as { op?: string; index?: Parameters<typeof fold>[0]; base?: number; count?: number };
    if (it.op === 'cellAt' && it.index && fold(it.index, known).op === 'this') add(it.base!, it.count!);
    for (const [key, part] of Object.entries(it)) if (key !== 'place' && key !== 'cases') walk(part);
  };
  walk(instr);
}

export function emptyTouch(size: number): Touch {
  return {
    reads: new Int32Array(size),
    writes: new Int32Array(size),
    thisReads: new Int32Array(size),
    thisWrites: new Int32Array(size),
  };
}

const PARTS = ['reads', 'writes', 'thisReads', 'thisWrites'] as const;

export function joinTouch(into: Touch, more: Touch): boolean {
  let added = false;
  for (const part of PARTS) {
    const a = into[part];
    const b = more[part];
    for (let i = 0; i < a.length; i++) {
      const both = a[i]! | b[i]!;
      if (both !== a[i]) {
        a[i] = both;
        added = true;
      }
    }
  }
  return added;
}

/** By pc what a context may touch from there on. */
function allFutures(
  world: Reach,
  x: number,
  own: ReadonlyMap<number, Access>,
  touch: (of: Access) => Touch,
  size: number,
): Map<number, Touch> {
  const { program } = world;
  const all = new Map<number, Touch>();
  // code is written backwards, so what follows has mostly a smaller pc
  const pcs = [...own.keys()].sort((a, b) => a - b);
  const follows = new Map<number, readonly number[]>();
  for (const pc of pcs) {
    all.set(pc, touch(own.get(pc)!));
    const next = [...successors(world, x, pc)];
    if (program.code[pc]!.op === 'bug') next.push(program.hooks.killed);
    follows.set(pc, next);
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const pc of pcs)
      for (const to of follows.get(pc)!) {
        const more = all.get(to);
        if (more && joinTouch(all.get(pc)!, more)) changed = true;
      }
  }
  if (!world.hooked.has(x)) return all;
  // a hook can begin anywhere, and goes back to where it began
  const inHook = hookPcs(world, x);
  const hooks = emptyTouch(size);
  const back = emptyTouch(size);
  for (const pc of inHook) joinTouch(hooks, all.get(pc)!);
  for (const of of all.values()) joinTouch(back, of);
  for (const [pc, into] of all) joinTouch(into, inHook.has(pc) ? back : hooks);
  return all;
}

/** pcs of what runs when a task leaves its CPU or is back, with what a BUG in there leads to. */
function hookPcs(world: Reach, x: number): Set<number> {
  const { program } = world;
  const found = new Set<number>();
  if (!world.hooked.has(x)) return found;
  const work = [program.hooks.in, program.hooks.out];
  while (work.length > 0) {
    const pc = work.pop()!;
    if (found.has(pc) || !world.at[x]!.has(pc)) continue;
    found.add(pc);
    work.push(...successors(world, x, pc));
    if (program.code[pc]!.op === 'bug') work.push(program.hooks.killed);
  }
  return found;
}

/** Where the code of a context begins when it is started anew. */
function entriesOf(world: Reach, x: number): number[] {
  const { program, start } = world;
  const { kind, thread, base } = program.contexts[x]!;
  const all: number[] = [];
  if (kind === 'irq') all.push(...world.handlers);
  else if (thread >= 0) all.push(program.threads[thread]!.entry);
  else if (kind === 'idle' || kind === 'stopper') {
    for (const instr of program.code)
      if ((instr.op === 'start' && kind === 'idle') || (instr.op === 'stop' && kind === 'stopper'))
        all.push(instr.entry);
  } else all.push(start[base + Head.pc]!);
  return all.filter((pc) => world.at[x]!.has(pc));
}
