/**
 * The compiled search: makes the module, gives it memory as it grows, and reads what it found. Memory beyond the rows of
 * words is, in this order, the pairs and the index of the nodes, the pairs and the index of the states, and their parents.
 */
import { Head, type Program } from '../../language/program';
import { MachineError, type Machine, type Transition } from '../../machine/machine';
import { compileSearch, EDGES, NO_REDUCTIONS, Status, type Compiled, type Reductions } from './module';
import { Replay } from '../reduce/replay';

interface Exports {
  run(budget: number): number;
  begin(): void;
  decode(state: number): void;
  expand(): void;
  ends(): number;
  preemptible(c: number): number;
  rehashNodes(): void;
  rehashRoots(): void;
}

const PAGE = 65_536;
/** Pages of a whole 32-bit memory. */
const MOST_PAGES = 65_536;

export interface EngineOptions {
  /** Most states that are kept. */
  readonly maxStates?: number;
  /** Most bytes of memory that the search takes. */
  readonly maxBytes?: number;
  readonly reductions?: Reductions;
}

type Part = 'nodes.pairs' | 'nodes.index' | 'roots.pairs' | 'roots.index' | 'parents';
const PARTS: readonly Part[] = ['nodes.pairs', 'nodes.index', 'roots.pairs', 'roots.index', 'parents'];

export class Engine {
  readonly compiled: Compiled;
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Exports;
  private readonly globals: Readonly<Record<string, WebAssembly.Global>>;
  private sizes: Record<Part, number> = {
    'nodes.pairs': 1 << 16,
    'nodes.index': 1 << 16,
    'roots.pairs': 1 << 16,
    'roots.index': 1 << 16,
    parents: 1 << 15,
  };
  private readonly maxPages: number;
  /** The memory limit ended the search. */
  outOfMemory = false;

  constructor(
    private readonly program: Program,
    machine: Machine,
    { maxStates = 2 ** 31, maxBytes = 2 ** 31, reductions = NO_REDUCTIONS }: EngineOptions = {},
  ) {
    this.maxPages = Math.min(MOST_PAGES, Math.floor(maxBytes / PAGE));
    this.compiled = compileSearch(program, machine.s.slice(0, program.width), this.maxPages, reductions);
    const pages = Math.ceil(this.compiled.memory.end / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: Math.max(pages, this.maxPages) });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(this.compiled.bytes), {
      env: { memory: this.memory },
    });
    this.exports = instance.exports as unknown as Exports;
    this.globals = instance.exports as unknown as Record<string, WebAssembly.Global>;
    this.put('most', Math.min(maxStates, 2 ** 31) | 0);
    this.place(this.sizes, null);
    this.begin(machine);
  }

  private get(name: string): number {
    return Number(this.globals[name]!.value);
  }

  private put(name: string, value: number): void {
    this.globals[name]!.value = value;
  }

  /** Moves the parts to where they lie with these sizes, in bytes. False where there is not that much memory. */
  private place(sizes: Record<Part, number>, before: Record<Part, number> | null): boolean {
    const total = PARTS.reduce((sum, part) => sum + sizes[part], this.compiled.memory.end);
    const pages = Math.ceil(total / PAGE);
    const now = this.memory.buffer.byteLength / PAGE;
    if (pages > now) {
      if (pages > this.maxPages) return false;
      try {
        this.memory.grow(pages - now);
      } catch {
        return false;
      }
    }
    const bytes = new Uint8Array(this.memory.buffer);
    const from = before && this.addresses(before);
    const to = this.addresses(sizes);
    // everything moves upwards, so the last part moves first
    for (const part of [...PARTS].reverse()) {
      if (from && from[part] !== to[part]) bytes.copyWithin(to[part], from[part], from[part] + before![part]);
      this.put(part, to[part] | 0);
    }
    this.sizes = sizes;
    this.put('nodes.capacity', Math.min(sizes['nodes.pairs'] / 8, (sizes['nodes.index'] / 4) * LOAD) | 0);
    this.put(
      'roots.capacity',
      Math.min(sizes['roots.pairs'] / 8, sizes.parents / 4, (sizes['roots.index'] / 4) * LOAD) | 0,
    );
    for (const name of ['nodes', 'roots'] as const)
      this.put(`${name}.shift`, 64 - Math.log2(sizes[`${name}.index`] / 4));
    if (!before || before['nodes.index'] !== sizes['nodes.index']) this.exports.rehashNodes();
    if (!before || before['roots.index'] !== sizes['roots.index']) this.exports.rehashRoots();
    return true;
  }

  private addresses(sizes: Record<Part, number>): Record<Part, number> {
    let at = this.compiled.memory.end;
    return Object.fromEntries(
      PARTS.map((part) => {
        const here = at;
        at += sizes[part];
        return [part, here];
      }),
    ) as Record<Part, number>;
  }

  /** Makes room where there is none left. */
  private grow(): boolean {
    const before = this.sizes;
    const sizes = { ...before };
    const more = (bytes: number): number => Math.ceil((bytes * 1.5) / PAGE) * PAGE;
    for (const name of ['nodes', 'roots'] as const) {
      if (this.get(`${name}.count`) < this.get(`${name}.capacity`)) continue;
      const needed = this.get(`${name}.count`) + 1;
      if (sizes[`${name}.pairs`] / 8 <= needed) sizes[`${name}.pairs`] = more(sizes[`${name}.pairs`]);
      if (name === 'roots') sizes.parents = sizes['roots.pairs'] / 2;
      if ((sizes[`${name}.index`] / 4) * LOAD <= needed) sizes[`${name}.index`] *= 2;
    }
    return this.place(sizes, before);
  }

  /** Enters the state that boot left. */
  private begin(machine: Machine): void {
    const { cur, par, rowBytes } = this.compiled.memory;
    const words = this.pack(machine.s);
    const row = new Uint32Array(this.memory.buffer, cur, words.length);
    row.set(words);
    const other = new Uint32Array(this.memory.buffer, par, rowBytes / 4);
    other.fill(0xffffffff);
    // nothing may look as if it had been seen
    words.forEach((w, i) => (other[i] = ~w >>> 0));
    this.exports.begin();
  }

  /** A state of the machine as words. */
  pack(s: Int32Array): Uint32Array {
    const { layout } = this.compiled;
    const words = new Uint32Array(layout.words);
    for (let cell = 0; cell < this.program.width; cell++) {
      const spot = layout.spot(cell);
      if (!spot || spot.bits === 0) continue;
      const raw = this.number(cell, s[cell]!) - spot.lo;
      words[spot.word] = (words[spot.word]! | (raw << spot.shift)) >>> 0;
    }
    return words;
  }

  /** Which field of a context a cell is, for the cells whose values are kept as numbers of something. */
  private readonly coded = new Map<number, { readonly x: number; readonly field: number }>();
  private codedAt(cell: number): { readonly x: number; readonly field: number } | undefined {
    if (this.coded.size === 0)
      this.program.contexts.forEach(({ base }, x) => {
        for (const field of [Head.pc, Head.resume, Head.entry]) this.coded.set(base + field, { x, field });
      });
    return this.coded.get(cell);
  }

  private number(cell: number, value: number): number {
    const coded = this.codedAt(cell);
    if (!coded) return value;
    const { layout } = this.compiled;
    if (coded.field === Head.entry) return layout.handlers.indexOf(value) + 1;
    const n = layout.pcNumber(coded.x, value);
    if (n < 0) throw new Error(`context ${coded.x} rests at ${value}, which was not foreseen`);
    return n;
  }

  /** Cells of a state. */
  state(n: number): Int32Array {
    const { layout, world, memory } = this.compiled;
    this.exports.decode(n);
    const words = new Uint32Array(this.memory.buffer, memory.par, layout.words);
    const cells = world.start.slice(0, this.program.width);
    for (let cell = 0; cell < cells.length; cell++) {
      const spot = layout.spot(cell);
      if (!spot) continue;
      const mask = spot.bits === 32 ? 0xffffffff : (1 << spot.bits) - 1;
      const raw = spot.bits === 0 ? 0 : (words[spot.word]! >>> spot.shift) & mask;
      const value = raw + spot.lo;
      const coded = this.codedAt(cell);
      if (!coded) cells[cell] = value;
      else if (coded.field === Head.entry) cells[cell] = value === 0 ? 0 : layout.handlers[value - 1]!;
      else cells[cell] = layout.pcs(coded.x)[value]!;
    }
    return cells;
  }

  /** Expands up to `budget` states. False when there is nothing left to expand, or no room. */
  run(budget: number): boolean {
    for (;;) {
      const head = this.get('head');
      const status = this.exports.run(budget);
      if (status === Status.paused) return true;
      if (status === Status.done) return false;
      budget -= this.get('head') - head;
      if (!this.grow()) {
        this.outOfMemory = true;
        return false;
      }
    }
  }

  get states(): number {
    return this.get('roots.count');
  }
  get expanded(): number {
    return this.get('head');
  }
  get transitions(): number {
    return this.get('transitions');
  }
  get errors(): number {
    return this.get('errors');
  }
  get deadlocks(): number {
    return this.get('deadlocks');
  }
  /** Steps of the longest of all shortest ways to a state. */
  get depth(): number {
    return this.get('depth') + (this.states > this.get('levelEnd') ? 1 : 0);
  }
  /** States that decide the question, in which nothing can happen, and from which a step is an error: the first, or -1. */
  get witness(): number {
    return this.get('witness');
  }
  get firstDeadlock(): number {
    return this.get('firstDeadlock');
  }
  get firstError(): number {
    return this.get('firstError');
  }
  /** All states were taken up and expanded. */
  get complete(): boolean {
    return !this.left && !this.outOfMemory && this.expanded === this.states;
  }
  /** Some states were not taken up, for there were too many. */
  get left(): boolean {
    return this.get('left') !== 0;
  }
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }
  get nodes(): number {
    return this.get('nodes.count');
  }

  /** Transitions on the way to a state. */
  way(to: number): Transition[] {
    return this.along(this.path(to));
  }

  /** Transitions along states each of which follows the one before. */
  along(states: readonly number[]): Transition[] {
    const replay = new Replay(this.program);
    states.slice(1).forEach((next, i) => {
      for (const { code, choice } of this.edge(states[i]!, next)) replay.add(code, choice);
    });
    return replay.steps;
  }

  /** The first error: the steps up to it, and what it is. Null where there is none. */
  error(): { readonly steps: readonly Transition[]; readonly error: MachineError } | null {
    const at = this.firstError;
    if (at < 0) return null;
    const replay = new Replay(this.program);
    const path = this.path(at);
    path.slice(1).forEach((next, i) => {
      for (const { code, choice } of this.edge(path[i]!, next)) replay.add(code, choice);
    });
    try {
      for (const { code, choice } of this.wrong(at)) replay.add(code, choice);
      replay.look();
    } catch (error) {
      if (error instanceof MachineError) return { steps: replay.steps, error };
      throw error;
    }
    throw new Error('an error that does not come again');
  }

  /** The transition that is the first error of a state, and the steps before it. */
  private wrong(state: number): { code: number; choice: number }[] {
    const kept = this.keep();
    this.exports.decode(state);
    this.put('found', -1);
    this.put('firstError', -1);
    this.exports.expand();
    const steps = this.found();
    this.restore(kept);
    // a condition that could not be evaluated: the machine finds it when it asks what can happen
    return steps[0]!.code < 0 ? [] : steps;
  }

  /** The transition written down last, and the steps done together with it. */
  private found(): { code: number; choice: number }[] {
    const more = new Int32Array(this.memory.buffer, this.compiled.memory.foundLog, this.get('foundLogged'));
    const first = { code: this.get('found'), choice: this.get('foundChoice') };
    return [first, ...[...more].map((code) => ({ code, choice: 0 }))];
  }

  /** States on the way to one, from the first. */
  path(to: number): number[] {
    const parents = new Int32Array(this.memory.buffer, this.get('parents') >>> 0, this.states);
    const path = [to];
    while (path[0]! > 0) path.unshift(parents[path[0]!]!);
    return path;
  }

  /** The transition that leads from one state to another, and the steps that were done together with it. */
  private edge(from: number, to: number): { code: number; choice: number }[] {
    const kept = this.keep();
    this.exports.decode(from);
    this.put('wanted', to);
    this.put('found', -1);
    this.exports.expand();
    const steps = this.found();
    this.restore(kept);
    if (steps[0]!.code < 0) throw new Error('a state without a way to it');
    return steps;
  }

  /** Transitions of a state that was expanded: where each leads, and its code. Nothing where an `eventually` has come. */
  edges(from: number): Int32Array {
    const kept = this.keep();
    this.exports.decode(from);
    this.put('edges', 0);
    if (this.exports.ends() === 0) this.exports.expand();
    const count = this.get('edges');
    this.put('edges', EDGES);
    this.restore(kept);
    return new Int32Array(this.memory.buffer, this.compiled.memory.edges, count * 2);
  }

  /** Whether an `eventually` has come in a state. */
  comes(state: number): boolean {
    this.exports.decode(state);
    return this.exports.ends() !== 0;
  }

  /** In the state looked at last: the task that is current on the CPU of x can be put aside for it. */
  preempts(x: number): boolean {
    const c = this.cell(this.program.contexts[x]!.base + Head.cpu);
    return c >= 0 && this.exports.preemptible(c) !== 0;
  }

  /** A cell of the state that was looked at last, by `edges` or `state`. */
  cell(cell: number): number {
    const { layout, world, memory } = this.compiled;
    const spot = layout.spot(cell);
    if (!spot) return world.start[cell]!;
    if (spot.bits === 0) return spot.lo;
    const word = new Uint32Array(this.memory.buffer, memory.par + spot.word * 4, 1)[0]!;
    return ((word >>> spot.shift) & (spot.bits === 32 ? 0xffffffff : (1 << spot.bits) - 1)) + spot.lo;
  }

  private keep(): Record<string, WebAssembly.Global['value']> {
    const names = ['head', 'seen', 'transitions', 'errors', 'firstError', 'wanted', 'found', 'most', 'left', 'full'];
    return Object.fromEntries(names.map((name) => [name, this.globals[name]!.value as unknown]));
  }

  private restore(kept: Record<string, WebAssembly.Global['value']>): void {
    for (const [name, value] of Object.entries(kept)) this.globals[name]!.value = value as number;
  }
}

/** Fullest that an index may be. */
const LOAD = 0.6;
