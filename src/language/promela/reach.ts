/**
 * Which instructions each context can come to, and which cells never change: what cannot happen is not written out.
 *
 * Found together: at first no cell changes; code that can be reached under that may write some; and so on, until nothing
 * is added. Locals and the heads of contexts are taken to change.
 */
import { contains, fold } from '../code';
import { Head, type Code, type Context, type Instr, type Program, type StoreAt } from '../program';

/** Contexts that run the same code: all interrupts, all idle tasks, the instances of a thread, one actor. */
export interface Family {
  readonly name: string;
  readonly kind: Context['kind'];
  readonly first: number;
  readonly count: number;
  /** Instructions that it can come to, in order. */
  readonly code: readonly number[];
}

export interface Reach {
  readonly families: readonly Family[];
  /** By cell: some step may change it. */
  readonly changes: Uint8Array;
}

/** `start`: the cells as they are after boot. */
export function reach(program: Program, start: Int32Array): Reach {
  const changes = new Uint8Array(program.width);
  for (const cell of machineCells(program)) changes[cell] = 1;
  for (const c of program.contexts) changes.fill(1, c.base, c.base + Head.size + c.locals);
  for (;;) {
    const before = count(changes);
    const families = familiesOf(program, start, changes);
    for (const family of families)
      for (const pc of family.code) for (const cell of written(program, start, program.code[pc]!)) changes[cell] = 1;
    if (count(changes) === before) return { families, changes };
  }
}

const count = (changes: Uint8Array): number => changes.reduce((n, c) => n + c, 0);

function* machineCells(program: Program): Iterable<number> {
  const m = program.machine;
  for (let c = 0; c < program.cpus; c++) {
    yield m.cur + c;
    yield m.inIrq + c;
    yield m.rqWait + c;
    for (let i = 0; i < m.queueDepth; i++) yield m.queue + c * m.queueDepth + i;
  }
  yield m.stopped;
  yield m.oops;
  yield m.panic;
}

/** Cells outside the heads and locals that an instruction may change. */
export function* written(program: Program, start: Int32Array, instr: Instr): Iterable<number> {
  const all = function* (base: number, n: number): Iterable<number> {
    for (let i = 0; i < n; i++) yield base + i;
  };
  const store = function* (at: StoreAt | null): Iterable<number> {
    if (at?.op === 'cell') yield at.at;
    else if (at?.op === 'cellAt') yield* at.index.op === 'const' ? [at.base + at.index.value] : all(at.base, at.count);
  };
  switch (instr.op) {
    case 'set':
      for (const s of instr.stores) yield* store(s.at);
      return;
    case 'choose':
    case 'pick':
    case 'end':
    case 'guest':
    case 'stopresult':
      yield* store(instr.at);
      return;
    case 'lock':
    case 'unlock':
      yield program.locks[instr.lock]!.cell;
      return;
    case 'fired':
      if (instr.hitsCell >= 0) yield instr.hitsCell;
      return;
    case 'action':
      if (!instr.begin) yield* [instr.resultCell, instr.progressCell];
      return;
    case 'allow':
      for (const c of program.contexts) if (c.allowed >= 0) yield* all(c.allowed, program.cpus);
      return;
    case 'spawn':
      // a new task may run anywhere
      for (const x of program.threads[instr.thread]!.contexts) {
        const { allowed } = program.contexts[x]!;
        if (allowed >= 0) for (const cell of all(allowed, program.cpus)) if (start[cell] !== 1) yield cell;
      }
      return;
    default:
      return;
  }
}

function familiesOf(program: Program, start: Int32Array, changes: Uint8Array): Family[] {
  const { contexts, hooks } = program;
  const groups = groupContexts(program);
  const entries = new Map<(typeof groups)[number], Set<number>>();
  for (const g of groups) {
    const pcs = new Set<number>();
    for (let x = g.first; x < g.first + g.count; x++) pcs.add(start[contexts[x]!.base + Head.pc]!);
    entries.set(g, pcs);
  }
  const of = (test: (c: Context) => boolean): Set<number>[] =>
    groups.flatMap((g) => (test(contexts[g.first]!) ? [entries.get(g)!] : []));
  const tasks = of(({ kind }) => kind === 'user' || kind === 'actor' || kind === 'kthread' || kind === 'percpu');
  const codes = new Map<(typeof groups)[number], Set<number>>();
  const begun = (): number => [...entries.values(), ...codes.values()].reduce((n, set) => n + set.size, 0);
  for (let before = -1; before !== begun();) {
    before = begun();
    for (const g of groups) {
      const code = closure(program, start, changes, entries.get(g)!);
      codes.set(g, code);
      for (const pc of code) {
        const instr = program.code[pc]!;
        if (instr.op === 'ipi') for (const e of of((c) => c.kind === 'irq')) e.add(instr.entry);
        if (instr.op === 'stop') for (const e of of((c) => c.kind === 'stopper')) e.add(instr.entry);
        if (instr.op === 'start') for (const e of of((c) => c.kind === 'idle')) e.add(instr.entry);
        if (instr.op === 'spawn') {
          const thread = program.threads[instr.thread]!;
          for (const e of of((c) => c.thread === instr.thread)) e.add(thread.entry);
        }
        if (instr.op === 'notifier' && instr.on)
          for (const pcHook of [hooks.in, hooks.out]) if (pcHook !== 0) entries.get(g)!.add(pcHook);
        if (instr.op === 'bug' && hooks.killed !== 0 && tasks.includes(entries.get(g)!))
          entries.get(g)!.add(hooks.killed);
      }
    }
  }
  return groups.map((g) => ({
    ...g,
    code: [...codes.get(g)!].filter((pc) => pc !== 0).sort((a, b) => a - b),
  }));
}

function groupContexts(program: Program): Omit<Family, 'code'>[] {
  const { contexts, threads, actors } = program;
  const out: { name: string; kind: Context['kind']; first: number; count: number }[] = [];
  contexts.forEach((c, x) => {
    if (c.kind === 'init') return;
    const last = out.at(-1);
    const before = contexts[x - 1]!;
    const same = last && before.kind === c.kind && before.thread === c.thread && c.kind !== 'actor';
    if (same) last.count += 1;
    else {
      const actor = actors.find((a) => a.context === x);
      const name = actor?.name ?? threads[c.thread]?.name ?? c.kind;
      out.push({ name, kind: c.kind, first: x, count: 1 });
    }
  });
  return out;
}

/** All that can follow on some instructions, where what never changes is known. */
function closure(program: Program, start: Int32Array, changes: Uint8Array, from: ReadonlySet<number>): Set<number> {
  const seen = new Set<number>();
  const todo = [...from];
  while (todo.length > 0) {
    const pc = todo.pop()!;
    if (seen.has(pc) || pc === 0) continue;
    seen.add(pc);
    todo.push(...successors(program, start, changes, pc));
  }
  return seen;
}

/** Where control may go next from here, within the same code. */
export function successors(program: Program, start: Int32Array, changes: Uint8Array, pc: number): number[] {
  const instr = program.code[pc]!;
  switch (instr.op) {
    case 'branch': {
      const cond = settled(instr.cond, start, changes);
      return cond === null ? [instr.next, instr.otherwise] : [cond !== 0 ? instr.next : instr.otherwise];
    }
    case 'switch': {
      const on = settled(instr.on, start, changes);
      if (on !== null) return [instr.cases.get(on) ?? instr.otherwise];
      return [...instr.cases.values(), instr.otherwise];
    }
    case 'fail':
    case 'panic':
    case 'bug':
    case 'exit':
    case 'poweroff':
    case 'ipiend':
    case 'stopend':
    case 'hookend':
      return [];
    default:
      return [instr.next];
  }
}

/** Value of an expression over cells that never change; null where it depends on more than those. */
export function settled(code: Code, start: Int32Array, changes: Uint8Array): number | null {
  if (code.op === 'const') return code.value;
  if (code.op === 'cell') return changes[code.at] === 0 ? start[code.at]! : null;
  if (code.op === 'cellAt') {
    for (let i = 0; i < code.count; i++)
      if (changes[code.base + i] !== 0 || start[code.base + i] !== start[code.base]) return null;
    const i = settled(code.index, start, changes);
    return i !== null && i >= 0 && i < code.count ? start[code.base + i]! : null;
  }
  if (code.op === 'not') {
    const of = settled(code.of, start, changes);
    return of === null ? null : +(of === 0);
  }
  if (code.op === 'bin' && (code.how === 'and' || code.how === 'or')) {
    const stops = code.how === 'and' ? 0 : 1;
    const left = settled(code.left, start, changes);
    if (left !== null && +(left !== 0) === stops) return stops;
    const right = settled(code.right, start, changes);
    // the left side must not have gone wrong before: only what cannot is passed over
    if (right !== null && +(right !== 0) === stops && !contains(code.left, (c) => c.op === 'cellAt')) return stops;
    return left !== null && right !== null ? 1 - stops : null;
  }
  if (code.op === 'bin') {
    const left = settled(code.left, start, changes);
    const right = settled(code.right, start, changes);
    if (left === null || right === null) return null;
    return fold(code.how, left, right);
  }
  return null;
}
