/**
 * What an instruction reads and writes that another context could see. Things are cells, by number, and a few that are no
 * cells: who is current somewhere, who is runnable where, who is in the guest; and of each context that it is set going.
 */
import type { Code, Instr, StoreAt } from '../../language/program';
import { fold, UNKNOWN, type Known } from './fold';
import { contains } from '../../language/code';
import { expressionsOf, storesOf } from './layout';
import { knownAt, type Reach } from './reach';

/** Things that are no cells, as numbers beyond the cells. `of` a context: it is started, called, or its mask is set. */
export interface Things {
  readonly runnable: number;
  readonly current: number;
  readonly guest: number;
  readonly actors: number;
  readonly started: (x: number) => number;
  /** It comes to life or to its end. */
  readonly life: (x: number) => number;
  readonly count: number;
}

export function things(world: Reach): Things {
  const { width, contexts } = world.program;
  return {
    runnable: width,
    current: width + 1,
    guest: width + 2,
    actors: width + 3,
    started: (x) => width + 4 + x,
    life: (x) => width + 4 + contexts.length + x,
    count: width + 4 + 2 * contexts.length,
  };
}

/** Things read and written; `this`: those that are elements for the CPU that the context is on, of all CPUs. */
export interface Access {
  readonly reads: Set<number>;
  readonly writes: Set<number>;
  readonly thisReads: Set<number>;
  readonly thisWrites: Set<number>;
  /** Elements whose index is in a local slot. */
  readonly elements: Element[];
}

export interface Element {
  readonly base: number;
  readonly count: number;
  readonly slot: number;
  readonly written: boolean;
}

export function noAccess(): Access {
  return { reads: new Set(), writes: new Set(), thisReads: new Set(), thisWrites: new Set(), elements: [] };
}

export class Footprints {
  readonly things: Things;
  constructor(readonly world: Reach) {
    this.things = things(world);
  }

  /** Adds what an expression reads. */
  read(code: Code, known: Known, into: Access): void {
    this.look(fold(code, known), known.self, into);
  }

  private changes(cell: number): boolean {
    return this.world.cell(cell) === UNKNOWN;
  }

  private look(code: Code, self: number, into: Access): void {
    switch (code.op) {
      case 'cell':
        if (this.changes(code.at)) into.reads.add(code.at);
        return;
      case 'cellAt': {
        if (code.index.op === 'local') {
          into.elements.push({ base: code.base, count: code.count, slot: code.index.slot, written: false });
          return;
        }
        const set = code.index.op === 'this' ? into.thisReads : into.reads;
        for (let i = 0; i < code.count; i++) if (this.changes(code.base + i)) set.add(code.base + i);
        return this.look(code.index, self, into);
      }
      case 'count':
      case 'firstFrom':
        for (let i = 0; i < code.count; i++) if (this.changes(code.base + i)) into.reads.add(code.base + i);
        return code.op === 'firstFrom' ? this.look(code.from, self, into) : undefined;
      case 'not':
      case 'minus':
        return this.look(code.of, self, into);
      case 'bin':
        this.look(code.left, self, into);
        return this.look(code.right, self, into);
      case 'instance':
        return this.look(code.index, self, into);
      case 'nextState':
        this.registered(into);
        this.look(code.from, self, into);
        return this.look(code.target, self, into);
      case 'this':
        // a marker that the CPU matters: no thing of another context
        into.thisReads.add(-1);
        return;
      case 'ask': {
        this.look(code.of, self, into);
        this.look(code.also, self, into);
        return this.asked(code, self, into);
      }
      default:
    }
  }

  private registered(into: Access): void {
    for (const st of this.world.program.states)
      if (st.registeredCell >= 0 && this.changes(st.registeredCell)) into.reads.add(st.registeredCell);
  }

  /** Cells that placement rules read. */
  placement(into: Access): void {
    const { place } = this.world.program;
    const known = knownAt(this.world, -1, null);
    const own = noAccess();
    for (const rule of [place.user, place.kthread, place.percpu]) this.read(rule, known, own);
    // its parameters are no locals of whoever asks
    for (const thing of widened(own, (cell) => this.changes(cell)).reads) into.reads.add(thing);
  }

  private asked(code: Extract<Code, { op: 'ask' }>, self: number, into: Access): void {
    const t = this.things;
    const own = code.of.op === 'const' && code.of.value === self && self >= 0;
    switch (code.what) {
      case 'running':
        if (own) into.thisReads.add(-1);
        else into.reads.add(t.current);
        return;
      case 'cpu_of':
        if (own) into.thisReads.add(-1);
        else into.reads.add(t.runnable);
        return;
      // whether it sleeps itself nobody else changes while it runs
      case 'sleeping':
        if (!own) into.reads.add(t.runnable);
        return;
      case 'tasks_on':
        into.reads.add(t.runnable);
        return;
      case 'settled':
        into.reads.add(t.runnable);
        this.placement(into);
        return;
      case 'need_resched':
        into.reads.add(t.runnable);
        into.reads.add(t.current);
        this.placement(into);
        return;
      case 'irq_pending':
        into.reads.add(t.current);
        return;
      case 'in_guest':
        if (!own) into.reads.add(t.guest);
        return;
      case 'preempt_count':
      case 'irqs_disabled':
        if (!own) into.reads.add(t.current);
        return;
      case 'actors_busy':
        into.reads.add(t.actors);
        return;
      case 'alive':
      case 'dead': {
        const of = code.of;
        if (of.op === 'const') into.reads.add(t.life(of.value));
        else if (of.op === 'instance') for (let i = 0; i < of.count; i++) into.reads.add(t.life(of.first + i));
        else this.world.program.contexts.forEach((_, x) => into.reads.add(t.life(x)));
        return;
      }
      case 'has_up':
      case 'has_down':
        return this.registered(into);
      case 'vcpu_of':
      case 'instances':
    }
  }

  private store(at: StoreAt | null, known: Known, into: Access): void {
    if (!at || at.op === 'local') return;
    if (at.op === 'cell') {
      if (this.changes(at.at)) into.writes.add(at.at);
      return;
    }
    const index = fold(at.index, known);
    this.look(index, known.self, into);
    if (index.op === 'const') {
      if (index.value >= 0 && index.value < at.count && this.changes(at.base + index.value))
        into.writes.add(at.base + index.value);
      return;
    }
    if (index.op === 'local') {
      into.elements.push({ base: at.base, count: at.count, slot: index.slot, written: true });
      return;
    }
    const set = index.op === 'this' ? into.thisWrites : into.writes;
    for (let i = 0; i < at.count; i++) if (this.changes(at.base + i)) set.add(at.base + i);
  }

  /** Adds what an instruction of a context reads and writes, its guard with it. */
  of(x: number, pc: number, into: Access): void {
    const { world, things: t } = this;
    const { program } = world;
    const env = world.at[x]!.get(pc);
    if (!env) return;
    const instr = program.code[pc]!;
    const known = knownAt(world, x, env);
    for (const code of expressionsOf(instr)) {
      const small = fold(code, known);
      // what is only shown matters where it may not exist
      if (!onlyShown(instr) || contains(small, (c) => c.op === 'cellAt' || c.op === 'instance'))
        this.look(small, x, into);
    }
    for (const at of storesOf(instr)) this.store(at, known, into);
    const cpus = (code: Code | null): number[] => {
      const small = code && fold(code, known);
      if (small?.op === 'const') return small.value >= 0 && small.value < program.cpus ? [small.value] : [];
      return Array.from({ length: program.cpus }, (_, k) => k);
    };
    switch (instr.op) {
      case 'lock':
      case 'unlock': {
        const { cell } = program.locks[instr.lock]!;
        into.reads.add(cell);
        into.writes.add(cell);
        return;
      }
      case 'pick':
        for (let i = 0; i < instr.count; i++) if (this.changes(instr.base + i)) into.reads.add(instr.base + i);
        return;
      case 'fired':
        if (instr.hitsCell >= 0) {
          into.reads.add(instr.hitsCell);
          into.writes.add(instr.hitsCell);
        }
        return;
      case 'action':
        if (!instr.begin) {
          into.writes.add(instr.resultCell);
          into.writes.add(instr.progressCell);
        }
        into.writes.add(t.actors);
        return;
      case 'ipi': {
        for (const k of cpus(instr.cpu)) {
          if (instr.mask && k >= instr.mask.count) continue;
          if (instr.mask && this.changes(instr.mask.base + k)) into.reads.add(instr.mask.base + k);
          if (this.changes(program.online + k)) into.reads.add(program.online + k);
          into.writes.add(t.started(1 + program.cpus + k));
        }
        into.thisReads.add(-1);
        return;
      }
      // once all have run, no other can make it wait again
      case 'ipiwait':
        return;
      case 'start':
        for (const k of cpus(instr.cpu)) into.writes.add(t.started(1 + k));
        return;
      case 'stop':
        for (const k of cpus(instr.cpu)) into.writes.add(t.started(1 + 2 * program.cpus + k));
        for (let i = 0; i < instr.count; i++) if (this.changes(instr.base + i)) into.reads.add(instr.base + i);
        return;
      case 'spawn': {
        const arg = instr.args.length > 0 ? fold(instr.args[0]!, known) : null;
        program.threads[instr.thread]!.contexts.forEach((y, i) => {
          if (arg?.op === 'const' && arg.value !== i) return;
          into.writes.add(t.started(y)).add(t.life(y)).add(t.runnable);
        });
        return;
      }
      case 'allow': {
        const task = fold(instr.task, known);
        program.contexts.forEach((other, y) => {
          if (other.allowed >= 0 && (task.op !== 'const' || task.value === y)) into.writes.add(t.started(y));
        });
        into.writes.add(t.runnable);
        return;
      }
      case 'exit':
      case 'poweroff':
        into.writes.add(t.life(x)).add(t.runnable).add(t.current);
        return;
      case 'bug':
      case 'panic':
        into.writes.add(program.machine.oops).add(program.machine.panic).add(t.life(x)).add(t.current);
        return;
      case 'guest':
        into.writes.add(t.guest);
        return;
      case 'rest':
      case 'yield':
        into.writes.add(t.runnable).add(t.current);
        return;
      default:
    }
  }
}

function onlyShown(instr: Instr): boolean {
  return ['log', 'warn', 'trace', 'panic', 'bug', 'begin'].includes(instr.op);
}

/** The same with every element taken for each that it could be. */
export function widened(
  of: Access,
  changes: (cell: number) => boolean,
  which: (e: Element) => boolean = () => true,
): Access {
  const wide: Access = {
    reads: new Set(of.reads),
    writes: new Set(of.writes),
    thisReads: new Set(of.thisReads),
    thisWrites: new Set(of.thisWrites),
    elements: of.elements.filter((e) => !which(e)),
  };
  for (const e of of.elements)
    if (which(e))
      for (let i = e.base; i < e.base + e.count; i++) if (changes(i)) (e.written ? wide.writes : wide.reads).add(i);
  return wide;
}
