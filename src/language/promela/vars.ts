/** The variables of a model: which there are, and how an expression or an assignment names them. */
import { Head, type CellGroup, type Program } from '../program';
import { atom, compare, eq, FALSE, known, num, pick, plus, type Expr } from './expr';
import { namer, typeFor, type Name } from './names';
import type { Family, Reach } from './reach';

export type Field = Exclude<keyof typeof Head, 'size'>;

/** Head fields by the name that they have in a model. */
const FIELDS: Readonly<Record<Field, string>> = {
  pc: 'at',
  run: 'runs',
  cpu: 'cpu_of',
  preempt: 'preempt_count',
  irqOff: 'irq_off',
  notifier: 'notifier',
  hook: 'hook',
  resume: 'resume',
  calls: 'calls_left',
  arg0: 'arg0',
  arg1: 'arg1',
  entry: 'entry',
  peer: 'peer',
  dying: 'dying',
};

export interface Variable {
  readonly name: string;
  readonly type: string;
  /** Number of elements; 0: it is no array. */
  readonly size: number;
  readonly start: readonly number[];
  readonly about: string;
}

/** Contexts of a family as its code names them. */
export interface Env {
  readonly family: Family;
  /** The context. */
  readonly x: Expr;
  /** Its number in the family. */
  readonly i: Expr;
  /** The CPU that it is on. */
  readonly cpu: Expr;
}

export class Vars {
  readonly variables: Variable[] = [];
  readonly name: Name = namer();
  /** Tasks run hooks when they are switched in and out. */
  readonly hooks: boolean;
  /** A task may die inside the scheduler, and its CPU stand still with it. */
  readonly stands: boolean;
  /** #define of each context. */
  readonly contextNames: readonly string[];
  /** Temporaries of instructions that assign several values at once. */
  temporaries = 0;

  private readonly groups = new Map<CellGroup, string>();
  private readonly byCell: (CellGroup | undefined)[] = [];
  private readonly fields = new Map<Field, string>();
  private readonly locals = new Map<Family, Map<number, string>>();

  constructor(
    readonly program: Program,
    readonly start: Int32Array,
    readonly reach: Reach,
  ) {
    const ops = new Set(reach.families.flatMap((f) => f.code.map((pc) => program.code[pc]!.op)));
    this.hooks = ops.has('notifier') && (program.hooks.in !== 0 || program.hooks.out !== 0);
    this.stands = this.hooks && ops.has('bug');
    for (const g of program.groups) for (let i = 0; i < g.count; i++) this.byCell[g.base + i] = g;
    for (const field of Object.keys(FIELDS) as Field[]) this.declareField(field);
    for (const g of program.groups) this.declareGroup(g);
    this.contextNames = program.contexts.map((c) => this.name(c.name.toUpperCase()));
    for (const f of reach.families) this.declareLocals(f);
  }

  private declare(variable: Variable): string {
    this.variables.push(variable);
    return variable.name;
  }

  private declareField(field: Field): void {
    const { contexts, lo, hi } = this.program;
    const unused = { notifier: !this.hooks, hook: !this.hooks, resume: !this.hooks } as Partial<Record<Field, boolean>>;
    if (unused[field]) return;
    const cells = contexts.map((c) => c.base + Head[field]);
    const [least, most] = [Math.min(...cells.map((c) => lo[c]!)), Math.max(...cells.map((c) => hi[c]!))];
    this.fields.set(
      field,
      this.declare({
        name: this.name(FIELDS[field]),
        type: typeFor(least, most),
        size: contexts.length,
        start: cells.map((c) => this.start[c]!),
        about: '',
      }),
    );
  }

  private declareGroup(g: CellGroup): void {
    const cells = Array.from({ length: g.count }, (_, i) => g.base + i);
    if (!cells.some((c) => this.reach.changes[c] !== 0)) return;
    this.groups.set(
      g,
      this.declare({
        name: this.name(g.name),
        type: typeFor(g.lo, g.hi),
        size: g.count === 1 && g.scope === 'global' ? 0 : g.count,
        start: cells.map((c) => this.start[c]!),
        about: g.doc,
      }),
    );
  }

  private declareLocals(family: Family): void {
    const { program } = this;
    const context = program.contexts[family.first]!;
    const slots = new Set<number>();
    const names = new Map<number, Set<string>>();
    for (const pc of family.code) {
      const instr = program.code[pc]!;
      const targets = instr.op === 'set' ? instr.stores.map((s) => s.at) : 'at' in instr ? [instr.at] : [];
      for (const at of targets)
        if (at?.op === 'local') {
          slots.add(at.slot);
          const said = names.get(at.slot) ?? new Set();
          names.set(at.slot, said.add(at.what));
        }
    }
    if (family.code.length > 0 && context.locals > 0) {
      if (family.kind === 'irq') for (const slot of [0, 1]) slots.add(slot);
      if (family.kind === 'stopper') for (const slot of [0, 1, 2]) slots.add(slot);
      if (context.vcpu >= 0 || family.kind === 'percpu') slots.add(0);
    }
    if (this.hooks && this.isTask(family)) slots.add(program.hooks.locals);
    const known = new Map<number, string>();
    for (const slot of [...slots].sort((a, b) => a - b)) {
      if (slot >= context.locals) continue;
      const cell = context.base + Head.size + slot;
      const bases = Array.from({ length: family.count }, (_, i) => program.contexts[family.first + i]!.base);
      known.set(
        slot,
        this.declare({
          name: this.name(`${family.name}_${slot}`),
          type: typeFor(program.lo[cell]!, program.hi[cell]!),
          size: family.count > 1 ? family.count : 0,
          start: bases.map((b) => this.start[b + Head.size + slot]!),
          about: [...(names.get(slot) ?? [])].slice(0, 4).join(', '),
        }),
      );
    }
    this.locals.set(family, known);
  }

  isTask({ kind }: Pick<Family, 'kind'>): boolean {
    return kind === 'user' || kind === 'actor' || kind === 'kthread' || kind === 'percpu';
  }

  /** Slots that have a variable. */
  slotsOf(family: Family): number[] {
    return [...this.locals.get(family)!.keys()];
  }

  // ---- reading

  field(field: Field, x: Expr): Expr {
    const name = this.fields.get(field);
    if (name === undefined) return FALSE;
    const cells = this.program.contexts.map((c) => c.base + Head[field]);
    const lo = Math.min(...cells.map((c) => this.program.lo[c]!));
    return atom(`${name}[${x.text}]`, lo, Math.max(...cells.map((c) => this.program.hi[c]!)));
  }

  hasField(field: Field): boolean {
    return this.fields.has(field);
  }

  local(env: Env, slot: number): Expr {
    const name = this.locals.get(env.family)!.get(slot);
    const context = this.program.contexts[env.family.first]!;
    const cell = context.base + Head.size + slot;
    if (name === undefined) return num(this.start[cell] ?? 0);
    return atom(env.family.count > 1 ? `${name}[${env.i.text}]` : name, this.program.lo[cell]!, this.program.hi[cell]!);
  }

  cell(at: number): Expr {
    if (this.reach.changes[at] === 0) return num(this.start[at]!);
    return this.target(at);
  }

  /** A cell as something that is assigned to. */
  target(at: number): Expr {
    const g = this.byCell[at]!;
    const { lo, hi } = this.program;
    const name = this.groups.get(g)!;
    return atom(g.count === 1 && g.scope === 'global' ? name : `${name}[${at - g.base}]`, lo[at]!, hi[at]!);
  }

  /** Element of base..base+count-1; the index is one that exists. */
  element(base: number, count: number, index: Expr): Expr {
    const i = known(index);
    if (i !== null) return i >= 0 && i < count ? this.cell(base + i) : FALSE;
    const { lo, hi } = this.program;
    const cells = Array.from({ length: count }, (_, k) => base + k);
    if (!cells.some((c) => this.reach.changes[c] !== 0))
      return this.runs(
        cells.map((c) => this.start[c]!),
        index,
      );
    const range = [Math.min(...cells.map((c) => lo[c]!)), Math.max(...cells.map((c) => hi[c]!))] as const;
    return atom(this.elementText(base, index), ...range);
  }

  /** One of some values that never change, by its place: neighbours that are equal are told apart from no one. */
  private runs(values: readonly number[], index: Expr): Expr {
    const ends = values.flatMap((v, i) => (i + 1 < values.length && values[i + 1] !== v ? [i + 1] : []));
    return ends.reduceRight<Expr>(
      (rest, end) => pick(compare('<', index, num(end)), num(values[end - 1]!), rest),
      num(values.at(-1)!),
    );
  }

  elementText(base: number, index: Expr): string {
    const g = this.byCell[base]!;
    if (g.count === 1 && g.scope === 'global') return this.groups.get(g)!;
    return `${this.groups.get(g)!}[${plus(index, base - g.base).text}]`;
  }

  // ---- the machine's own

  current(c: Expr): Expr {
    return this.element(this.program.machine.cur, this.program.cpus, c);
  }

  inIrq(c: Expr): Expr {
    return this.element(this.program.machine.inIrq, this.program.cpus, c);
  }

  rqWait(c: Expr): Expr {
    return this.stands ? this.element(this.program.machine.rqWait, this.program.cpus, c) : FALSE;
  }

  queue(c: number, slot: number): Expr {
    const m = this.program.machine;
    return this.cell(m.queue + c * m.queueDepth + slot);
  }

  queueHead(c: Expr): Expr {
    const m = this.program.machine;
    const i = known(c);
    if (i !== null) return this.queue(i, 0);
    const name = this.elementText(m.queue, FALSE).replace('[0]', '');
    return atom(`${name}[${c.text} * ${m.queueDepth}]`, 0, this.program.contexts.length);
  }

  get stopped(): Expr {
    return this.cell(this.program.machine.stopped);
  }

  get panic(): Expr {
    return this.cell(this.program.machine.panic);
  }

  get oops(): Expr {
    return this.cell(this.program.machine.oops);
  }

  /** A context by its name in the model. */
  context(x: number): Expr {
    return atom(this.contextNames[x]!, x, x);
  }

  /** The idle task of a CPU. */
  idle(c: Expr): Expr {
    const { first, count } = this.reach.families.find((f) => f.kind === 'idle')!;
    const i = known(c);
    if (i !== null) return this.context(first + i);
    return { text: `${this.contextNames[first]!} + ${c.text}`, binds: 3, lo: first, hi: first + count - 1 };
  }

  // cells hold a context as its number + 1; the sum keeps the name
  holds(cell: Expr, x: Expr): Expr {
    return eq(cell, { ...atom(`${x.text} + 1`, x.lo + 1, x.hi + 1), binds: 3 });
  }
}
