/**
 * Statements to instructions. Code is written backwards: a statement is compiled with the pc that follows it, so that
 * every instruction knows its successor and no jumps are needed. Calls are expanded in place; each expansion is a frame.
 */
import type * as Ast from './ast';
import type { Kernel } from './assemble';
import { didYouMean, TextError, type Place } from './errors';
import { constant, isLocal, type Expressions, type Local } from './expressions';
import type {
  CellGroup,
  Code,
  CompiledAction,
  CompiledFault,
  Frame,
  HotplugState,
  Instr,
  InstrBase,
  StoreAt,
} from './program';
import { LIMITS, type Setup } from './setup';

/** Everything that has an address before code is written. */
export interface Layout {
  readonly kernel: Kernel;
  readonly setup: Setup;
  readonly variables: ReadonlyMap<
    string,
    { readonly group: CellGroup; readonly scope: Ast.VarDecl['scope']; readonly type: Ast.TypeName }
  >;
  readonly locks: ReadonlyMap<string, { readonly mode: 'spin' | 'mutex' | 'rwsem'; readonly cell: number }>;
  readonly states: readonly HotplugState[];
  readonly registered: ReadonlyMap<string, number>;
  readonly threads: ReadonlyMap<
    string,
    { readonly first: number; readonly count: number; readonly decl: Ast.ThreadDecl }
  >;
  readonly threadIndex: ReadonlyMap<string, number>;
  readonly vcpus: readonly { readonly name: string; readonly vm: number; readonly index: number }[];
  readonly actors: readonly {
    readonly name: string;
    readonly progress: number;
    readonly actions: readonly CompiledAction[];
  }[];
  readonly machine: { readonly oops: number; readonly panic: number };
  readonly range: (type: Ast.TypeName) => [number, number];
  readonly contexts: number;
}

/** Contexts whose code shares local slots. */
export type Family = 'init' | 'idle' | 'irq' | 'stopper' | 'task';

/** Nominal cost of one step by kind, nanoseconds. They give a run its rhythm; nothing is predicted by them. */
const COST: Partial<Record<Instr['op'], number>> = {
  set: 200,
  branch: 100,
  lock: 300,
  unlock: 100,
  irq: 100,
  preempt: 50,
  log: 4_000,
  warn: 20_000,
  bug: 60_000,
  ipi: 1_500,
  ipiwait: 500,
  start: 40_000,
  stop: 10_000,
  spawn: 20_000,
  opaque: 9_000,
  guest: 1_000,
  action: 5_000,
  fired: 300,
  ud: 2_000,
};

interface Scope {
  readonly family: Family;
  readonly fn: Ast.FnDecl;
  readonly frame: number;
  readonly parents: readonly string[];
  readonly locals: Map<string, Local>;
  readonly base: number;
  /** Next free slot of this function. */
  free: number;
  readonly limit: number;
  readonly returns: { readonly at: StoreAt | null; readonly next: number };
  readonly atomic: number;
  readonly cost: number;
}

interface After {
  readonly next: number;
  readonly brk: number;
  readonly cont: number;
}

const RESULT: Ast.TypeName = { kind: 'errno' };

export class Emitter {
  readonly code: Instr[] = [];
  readonly frames: Frame[] = [];
  private readonly families = new Map<Family, { lo: number; hi: number }[]>();
  private readonly entries = new Map<string, number>();
  private atomics = 0;

  constructor(
    private readonly layout: Layout,
    private readonly expressions: Expressions,
    private readonly faults: readonly CompiledFault[],
  ) {
    // pc 0 is "nowhere"
    this.push({
      op: 'nop',
      place: { file: '', line: 1, column: 1, length: 1 },
      frame: -1,
      glue: false,
      atomic: 0,
      cost: 0,
      clear: null,
      next: 0,
    });
    for (const fault of faults) this.checkFault(fault);
  }

  slots(family: Family): readonly { lo: number; hi: number }[] {
    return this.families.get(family) ?? [];
  }

  widthOf(family: Family): number {
    return this.slots(family).length;
  }

  fn(name: string, place: Place): Ast.FnDecl {
    const fn = this.layout.kernel.fns.get(name);
    if (!fn)
      throw new TextError(place, `there is no function ${name}`, didYouMean(name, this.layout.kernel.fns.keys()));
    return fn;
  }

  /** Code that a context begins with: its parameters are the first slots, set by whoever starts it. */
  root(family: Family, fn: Ast.FnDecl, end: 'exit' | 'hookend' | 'ipiend' | 'stopend', base = 0): number {
    const frame = this.frame(fn.name, -1, fn.place, fn.source);
    const endPc = this.push({ op: end, ...this.base(fn.place, frame, { glue: end !== 'exit' }), next: 0 } as Instr);
    return this.body(fn, family, frame, [], base, { at: null, next: endPc }, endPc, 0);
  }

  /** All actions of an actor, one after the other. */
  actor(index: number): number {
    const { setup, actors } = this.layout;
    const actor = setup.actors[index]!;
    const compiled = actors[index]!;
    const top = this.frame(actor.name, -1, actor.place, '');
    const slot = this.slot('task', 0, RESULT);
    const result: Code = { op: 'local', slot };
    let next = this.push({ op: 'exit', ...this.base(actor.place, top, {}), next: 0 });
    for (let i = actor.actions.length - 1; i >= 0; i--) {
      const action = actor.actions[i]!;
      const known = [...this.layout.kernel.fns.values()].filter((f) => f.kind === 'action').map((f) => f.name);
      const fn = this.layout.kernel.fns.get(action.fn);
      if (!fn || fn.kind !== 'action')
        throw new TextError(
          action.place,
          `the kernel ${this.layout.kernel.name} has no action ${action.fn}`,
          didYouMean(action.fn, known) || `it has ${known.join(', ')}`,
        );
      if (fn.params.length !== action.args.length) {
        const takes = fn.params.length === 0 ? 'nothing' : fn.params.map((p) => `a ${p.type.kind}`).join(' and ');
        throw new TextError(
          action.place,
          `${action.fn} takes ${takes}`,
          `this line names ${action.args.length} thing(s)`,
        );
      }
      const about = {
        actor: index,
        index: i,
        resultCell: compiled.actions[i]!.resultCell,
        progressCell: compiled.progress,
      };
      next = this.push({
        op: 'action',
        begin: false,
        result,
        ...about,
        ...this.base(action.place, top, { clear: [slot, slot + 1] }),
        next,
      });
      const scope = this.rootScope('task', top, slot + 1);
      const args = action.args.map((value) => constant(value));
      next = this.inline(fn, args, { op: 'local', slot }, scope, action.place, next);
      next = this.push({
        op: 'action',
        begin: true,
        result: constant(0),
        ...about,
        ...this.base(action.place, top, {}),
        next,
      });
      if (action.after) {
        const other = actors[action.after.actor]!;
        const cond: Code = {
          op: 'bin',
          how: '>',
          left: { op: 'cell', at: other.progress },
          right: constant(action.after.index),
        };
        next = this.push({ op: 'await', cond, ...this.base(action.place, top, {}), next });
      }
    }
    return next;
  }

  // ---- pieces

  private push(instr: Instr): number {
    if (this.code.length >= LIMITS.code)
      throw new TextError(
        instr.place,
        `the program is longer than ${LIMITS.code} instructions`,
        'calls are expanded in place: call fewer functions from loops of actions',
      );
    this.code.push(instr);
    return this.code.length - 1;
  }

  private base(place: Place, frame: number, more: Partial<InstrBase>): Omit<InstrBase, 'next'> {
    return { place, frame, glue: false, atomic: 0, cost: 0, clear: null, ...more };
  }

  private make(op: Instr['op'], place: Place, scope: Scope, more: Partial<InstrBase> = {}): Omit<InstrBase, 'next'> {
    return this.base(place, scope.frame, { atomic: scope.atomic, cost: scope.cost || (COST[op] ?? 150), ...more });
  }

  private frame(fn: string, parent: number, place: Place, source: string): number {
    this.frames.push({ fn, parent, place, source });
    return this.frames.length - 1;
  }

  /** Marks a slot as used and widens its range. */
  private slot(family: Family, slot: number, type: Ast.TypeName): number {
    let slots = this.families.get(family);
    if (!slots) this.families.set(family, (slots = []));
    while (slots.length <= slot) slots.push({ lo: 0, hi: 0 });
    const [lo, hi] = this.layout.range(type);
    const s = slots[slot]!;
    s.lo = Math.min(s.lo, lo);
    // one more than the last: where a loop over all CPUs, VMs or vCPUs ends
    s.hi = Math.max(s.hi, type.kind === 'cpu' || type.kind === 'vm' || type.kind === 'vcpu' ? hi + 1 : hi);
    return slot;
  }

  private rootScope(family: Family, frame: number, base: number): Scope {
    const fn: Ast.FnDecl = {
      kind: 'fn',
      name: '',
      params: [],
      returns: RESULT,
      source: '',
      body: [],
      place: { file: '', line: 1, column: 1, length: 1 },
      cost: 0,
    };
    return {
      family,
      fn,
      frame,
      parents: [],
      locals: new Map(),
      base,
      free: base,
      limit: base,
      returns: { at: null, next: 0 },
      atomic: 0,
      cost: 0,
    };
  }

  private body(
    fn: Ast.FnDecl,
    family: Family,
    frame: number,
    parents: readonly string[],
    base: number,
    returns: Scope['returns'],
    fallthrough: number,
    atomic: number,
  ): number {
    const locals = new Map<string, Local>();
    let free = base;
    for (const p of fn.params) {
      locals.set(p.name, { slot: this.slot(family, free, p.type), type: p.type });
      free += 1;
    }
    const limit = base + fn.params.length + countSlots(fn.body);
    const scope: Scope = {
      family,
      fn,
      frame,
      parents: [...parents, fn.name],
      locals,
      base,
      free,
      limit,
      returns,
      atomic,
      cost: fn.cost,
    };
    this.declare(fn.body, scope);
    return this.stmts(fn.body, scope, { next: fallthrough, brk: -1, cont: -1 });
  }

  /** Slots for every variable of the function, so that the order of compilation does not matter. */
  private declare(body: readonly Ast.Stmt[], scope: Scope): void {
    for (const s of body) {
      if (s.kind === 'var' || s.kind === 'for') {
        const type: Ast.TypeName = s.kind === 'var' ? s.type! : { kind: this.domain(s.mask)?.of ?? 'cpu' };
        if (type.kind === 'mask') throw new TextError(s.place, 'a mask cannot be a local variable');
        const known = scope.locals.get(s.name);
        if (known && s.kind === 'var') throw new TextError(s.place, `${s.name} is declared already`);
        if (!known) scope.locals.set(s.name, { slot: this.slot(scope.family, scope.free++, type), type });
      }
      for (const inner of blocks(s)) this.declare(inner, scope);
    }
  }

  private stmts(body: readonly Ast.Stmt[], scope: Scope, after: After): number {
    let next = after.next;
    for (let i = body.length - 1; i >= 0; i--) next = this.stmt(body[i]!, scope, { ...after, next });
    return next;
  }

  private expr(e: Ast.Expr, scope: Scope): Code {
    return this.expressions.code(e, scope.locals);
  }

  private assign(at: StoreAt, value: Code, place: Place, scope: Scope, next: number): number {
    const glue = at.op === 'local' && isLocal(value);
    return this.push({ op: 'set', stores: [{ at, value }], ...this.make('set', place, scope, { glue }), next });
  }

  private asCall(value: Ast.Expr | null): Ast.Call | null {
    return value?.kind === 'apply' && this.layout.kernel.fns.has(value.name) && !this.layout.kernel.lets.has(value.name)
      ? value
      : null;
  }

  // ---- calls

  private call(call: Ast.Call, at: StoreAt | null, scope: Scope, next: number): number {
    const fn = this.fn(call.name, call.place);
    if (fn.kind === 'action')
      throw new TextError(call.place, `${fn.name} is an action: only a litmus text performs it`);
    if (fn.params.length !== call.args.length)
      throw new TextError(
        call.place,
        `${fn.name} takes ${fn.params.length} value(s), not ${call.args.length}`,
        `fn ${fn.name}(${fn.params.map((p) => p.name).join(', ')})`,
      );
    return this.inline(
      fn,
      call.args.map((a) => this.expr(a, scope)),
      at,
      scope,
      call.place,
      next,
    );
  }

  private inline(
    fn: Ast.FnDecl,
    args: readonly Code[],
    at: StoreAt | null,
    scope: Scope,
    place: Place,
    next: number,
  ): number {
    if (scope.parents.includes(fn.name)) {
      const cycle = [...scope.parents.slice(scope.parents.indexOf(fn.name)), fn.name].join(' -> ');
      throw new TextError(place, `${fn.name} calls itself: ${cycle}`, 'a program has a bounded depth; use a loop');
    }
    const frame = this.frame(fn.name, scope.frame, place, fn.source);
    const base = scope.limit;
    const count = fn.params.length + countSlots(fn.body);
    const inner: Scope = { ...scope, fn, frame, cost: fn.cost };
    // falling off the end: nothing to return; a value that was asked for is 0
    let end = next;
    const clear: [number, number] | null = count > 0 ? [base, base + count] : null;
    if (at)
      end = this.push({
        op: 'set',
        stores: [{ at, value: constant(0) }],
        ...this.make('set', fn.place, inner, { clear, glue: at.op === 'local' }),
        next,
      });
    else if (clear) end = this.push({ op: 'nop', ...this.make('nop', fn.place, inner, { clear, glue: true }), next });
    let entry = this.body(fn, scope.family, frame, scope.parents, base, { at, next }, end, scope.atomic);
    entry = this.withFaults(fn.name, () => this.faultCpu(fn, base), at, clear, inner, fn.place, next, entry);
    if (args.length === 0) return entry;
    const stores = args.map((value, i) => ({ at: { op: 'local', slot: base + i } as const, value }));
    return this.push({
      op: 'set',
      stores,
      ...this.make('set', place, scope, { glue: args.every(isLocal) }),
      next: entry,
    });
  }

  /** A fault on a CPU means: the function is about that CPU where it takes one, or runs on it. */
  private faultCpu(fn: Ast.FnDecl, base: number): Code {
    const param = fn.params.findIndex((p) => p.type.kind === 'cpu');
    return param < 0 ? { op: 'this' } : { op: 'local', slot: base + param };
  }

  private withFaults(
    name: string,
    cpu: () => Code,
    at: StoreAt | null,
    clear: [number, number] | null,
    scope: Scope,
    place: Place,
    next: number,
    entry: number,
  ): number {
    let pc = entry;
    this.faults.forEach((fault, index) => {
      if (fault.fn !== name) return;
      const stores = at ? [{ at, value: constant(fault.returns) }] : [];
      const give = this.push({
        op: 'set',
        stores,
        ...this.make('set', place, scope, { clear, glue: !at || at.op === 'local' }),
        next,
      });
      const skip = pc;
      pc = this.push({
        op: 'fired',
        fault: index,
        hitsCell: fault.hitsCell,
        ...this.make('fired', place, scope),
        next: give,
      });
      if (fault.maybe) {
        const slot = this.slot(scope.family, scope.limit + 40, { kind: 'bool' });
        const fires: Code = { op: 'local', slot };
        pc = this.push({
          op: 'branch',
          cond: fires,
          otherwise: skip,
          ...this.make('branch', place, scope, { glue: true, clear: [slot, slot + 1] }),
          next: pc,
        });
        pc = this.push({
          op: 'choose',
          at: { op: 'local', slot },
          lo: 0,
          hi: 1,
          why: fault.text,
          ...this.make('choose', place, scope),
          next: pc,
        });
      }
      if (fault.hitsCell >= 0) {
        // the nth time: hits count up to nth and stay there once it has fired
        const nth = this.layout.setup.faults[index]!.nth;
        const due: Code = { op: 'bin', how: '==', left: { op: 'cell', at: fault.hitsCell }, right: constant(nth - 1) };
        const later = this.push({
          op: 'set',
          stores: [
            {
              at: { op: 'cell', at: fault.hitsCell },
              value: { op: 'bin', how: '+', left: { op: 'cell', at: fault.hitsCell }, right: constant(1) },
            },
          ],
          ...this.make('set', place, scope),
          next: skip,
        });
        const early: Code = { op: 'bin', how: '<', left: { op: 'cell', at: fault.hitsCell }, right: constant(nth - 1) };
        const notYet = this.push({
          op: 'branch',
          cond: early,
          otherwise: skip,
          ...this.make('branch', place, scope),
          next: later,
        });
        pc = this.push({ op: 'branch', cond: due, otherwise: notYet, ...this.make('branch', place, scope), next: pc });
      }
      if (fault.cpu >= 0) {
        const cond: Code = { op: 'bin', how: '==', left: cpu(), right: constant(fault.cpu) };
        pc = this.push({
          op: 'branch',
          cond,
          otherwise: skip,
          ...this.make('branch', place, scope, { glue: true }),
          next: pc,
        });
      }
    });
    return pc;
  }

  private checkFault(fault: CompiledFault): void {
    const { kernel, states } = this.layout;
    const state = states.find((s) => s.constant === fault.fn || s.name === fault.fn);
    if (state) return;
    if (!kernel.fns.has(fault.fn)) {
      const known = [...kernel.fns.keys(), ...states.map((s) => s.constant), ...states.map((s) => s.name)];
      throw new TextError(
        fault.place,
        `${fault.fn} is no function or hotplug state of ${kernel.name}`,
        didYouMean(fault.fn, known),
      );
    }
  }

  /** Entry of a handler that runs on another CPU or in the stopper; arguments are its first slots. */
  private entry(family: 'irq' | 'stopper', fn: Ast.FnDecl): number {
    const key = `${family}:${fn.name}`;
    let pc = this.entries.get(key);
    if (pc === undefined) {
      const frame = this.frame(fn.name, -1, fn.place, fn.source);
      const end = this.push({
        op: family === 'irq' ? 'ipiend' : 'stopend',
        ...this.base(fn.place, frame, { glue: true }),
        next: 0,
      } as Instr);
      if (family === 'irq') pc = this.body(fn, family, frame, [], 0, { at: null, next: end }, end, 0);
      else {
        // slot 0 is the result
        const result = this.slot(family, 0, RESULT);
        const scope = this.rootScope(family, frame, 1);
        const args = fn.params.map((_, i): Code => ({
          op: 'local',
          slot: this.slot(family, 1 + i, fn.params[i]!.type),
        }));
        pc = this.inline(
          fn,
          args,
          { op: 'local', slot: result },
          { ...scope, limit: 1 + fn.params.length },
          fn.place,
          end,
        );
      }
      this.entries.set(key, pc);
    }
    return pc;
  }

  /** Arguments of a handler: a first parameter of type cpu that the call leaves out is the CPU it runs on. */
  private handlerArgs(call: Ast.Call, scope: Scope): { fn: Ast.FnDecl; sent: Code[]; own: boolean } {
    const fn = this.fn(call.name, call.place);
    const own = fn.params.length === call.args.length + 1 && fn.params[0]!.type.kind === 'cpu';
    if (!own && fn.params.length !== call.args.length)
      throw new TextError(call.place, `${fn.name} takes ${fn.params.length} value(s), not ${call.args.length}`);
    if (call.args.length > 2) throw new TextError(call.place, 'a call on another CPU carries at most 2 values');
    return { fn, sent: call.args.map((a) => this.expr(a, scope)), own };
  }

  private remote(s: Extract<Ast.Stmt, { kind: 'oncpu' | 'oneach' }>, scope: Scope, after: After): number {
    const { fn, sent, own } = this.handlerArgs(s.call, scope);
    const here: Code = { op: 'this' };
    const locally = own ? [here, ...sent] : sent;
    const entry = this.entry('irq', fn);
    const args = own ? [constant(-2), ...sent] : sent; // -2: the handler's own CPU
    let pc = this.push({ op: 'preempt', on: true, ...this.make('preempt', s.place, scope), next: after.next });
    const wait = this.push({ op: 'ipiwait', ...this.make('ipiwait', s.place, scope), next: pc });
    pc = this.push({ op: 'irq', on: true, ...this.make('irq', s.place, scope), next: wait });
    pc = this.inline(fn, locally, null, scope, s.call.place, pc);
    pc = this.push({ op: 'irq', on: false, ...this.make('irq', s.place, scope), next: pc });
    if (s.kind === 'oneach') {
      const mask = this.expressions.mask(s.mask, s.place);
      const cond: Code = { op: 'cellAt', ...mask, index: here, what: s.mask };
      pc = this.push({ op: 'branch', cond, otherwise: wait, ...this.make('branch', s.place, scope), next: pc });
      pc = this.push({
        op: 'ipi',
        cpu: null,
        mask,
        entry,
        args,
        name: fn.name,
        ...this.make('ipi', s.place, scope),
        next: pc,
      });
    } else {
      const cpu = this.expr(s.cpu, scope);
      const send = this.push({
        op: 'ipi',
        cpu,
        mask: null,
        entry,
        args,
        name: fn.name,
        ...this.make('ipi', s.place, scope),
        next: wait,
      });
      pc = this.push({
        op: 'branch',
        cond: { op: 'bin', how: '==', left: cpu, right: here },
        otherwise: send,
        ...this.make('branch', s.place, scope, { glue: isLocal(cpu) }),
        next: pc,
      });
    }
    return this.push({ op: 'preempt', on: false, ...this.make('preempt', s.place, scope), next: pc });
  }

  private stateNumber(constant: string, place: Place): number {
    const state = this.layout.states.find((st) => st.constant === constant);
    if (!state)
      throw new TextError(
        place,
        `there is no hotplug state ${constant}`,
        didYouMean(
          constant,
          this.layout.states.map((st) => st.constant),
        ),
      );
    return state.number;
  }

  private invoke(s: Extract<Ast.Stmt, { kind: 'invoke' }>, scope: Scope, after: After): number {
    const slot = this.slot(scope.family, scope.free++, RESULT);
    const result: Code = { op: 'local', slot };
    const at: StoreAt = { op: 'local', slot };
    const state = this.expr(s.state, scope);
    const cpu = this.expr(s.cpu, scope);
    const target = s.target ? this.expressions.store(s.target, scope.locals) : null;
    const end = this.push({
      op: 'end',
      up: s.up,
      state,
      cpu,
      result,
      at: target,
      ...this.make('end', s.place, scope, {
        clear: [slot, slot + 1],
        glue: target?.op !== 'cell' && target?.op !== 'cellAt',
        cost: 0,
      }),
      next: after.next,
    });
    const opaque = this.push({ op: 'opaque', ...this.make('opaque', s.place, scope), next: end });
    const cases = new Map<number, number>();
    const ranges = s.within.map((r) => [this.stateNumber(r.from, r.place), this.stateNumber(r.to, r.place)] as const);
    for (const st of this.layout.states) {
      const callback = s.up ? st.up : st.down;
      if (!callback) continue;
      if (!ranges.some(([from, to]) => st.number >= from && st.number <= to)) {
        const text = `${callback} of ${st.constant} would run where its section does not run`;
        cases.set(
          st.number,
          this.push({ op: 'fail', format: text, args: [], ...this.make('fail', s.place, scope), next: end }),
        );
        continue;
      }
      let pc = opaque;
      if (!(s.up ? st.upOpaque : st.downOpaque)) {
        const fn = this.fn(callback, s.place);
        if (fn.params.length !== 1)
          throw new TextError(fn.place, `${fn.name} is the callback of ${st.constant} and takes one CPU`);
        pc = this.inline(fn, [cpu], at, scope, s.place, end);
      }
      for (const name of new Set([st.constant, st.name]))
        if (name) pc = this.withFaults(name, () => cpu, at, null, scope, s.place, end, pc);
      if (pc !== opaque) cases.set(st.number, pc);
    }
    const pick = this.push({
      op: 'switch',
      on: state,
      cases,
      otherwise: opaque,
      ...this.make('switch', s.place, scope, { glue: isLocal(state) }),
      next: 0,
    });
    return this.push({
      op: 'begin',
      up: s.up,
      state,
      cpu,
      ...this.make('begin', s.place, scope, { glue: isLocal(state) && isLocal(cpu), cost: 0 }),
      next: pick,
    });
  }

  /** `for v in vcpus`: all things of a kind, in order, where no mask has that name. */
  private domain(name: string): { of: 'cpu' | 'vm' | 'vcpu'; count: number } | null {
    if (this.layout.variables.has(name)) return null;
    if (name === 'cpus') return { of: 'cpu', count: this.layout.setup.cpus };
    if (name === 'vms') return { of: 'vm', count: this.layout.setup.vms.length };
    if (name === 'vcpus') return { of: 'vcpu', count: this.layout.vcpus.length };
    return null;
  }

  // ---- statements

  private stmt(s: Ast.Stmt, scope: Scope, after: After): number {
    const { next } = after;
    const { place } = s;
    const plain = (more: Partial<InstrBase> = {}): Omit<InstrBase, 'next'> =>
      this.make(s.kind as Instr['op'], place, scope, more);
    switch (s.kind) {
      case 'var': {
        const at: StoreAt = { op: 'local', slot: (scope.locals.get(s.name) as { slot: number }).slot };
        const call = this.asCall(s.value);
        if (call) return this.call(call, at, scope, next);
        return this.assign(at, s.value ? this.expr(s.value, scope) : constant(0), place, scope, next);
      }
      case 'assign': {
        const at = this.expressions.store(s.target, scope.locals);
        const call = this.asCall(s.value);
        return call ? this.call(call, at, scope, next) : this.assign(at, this.expr(s.value, scope), place, scope, next);
      }
      case 'call':
        return this.call(s.call, null, scope, next);
      case 'mask': {
        const mask = this.expressions.mask(s.mask, place);
        const index = this.expr(s.cpu, scope);
        return this.assign({ op: 'cellAt', ...mask, index, what: s.mask }, constant(s.set ? 1 : 0), place, scope, next);
      }
      case 'if': {
        const cond = this.expr(s.cond, scope);
        if (cond.op === 'const') return this.stmts(cond.value ? s.then : s.otherwise, scope, after);
        const otherwise = this.stmts(s.otherwise, scope, after);
        const then = this.stmts(s.then, scope, after);
        return this.push({
          op: 'branch',
          cond,
          otherwise,
          ...this.make('branch', place, scope, { glue: isLocal(cond) }),
          next: then,
        });
      }
      case 'while': {
        const cond = this.expr(s.cond, scope);
        const head = this.push({
          op: 'branch',
          cond,
          otherwise: next,
          ...this.make('branch', place, scope, { glue: isLocal(cond) }),
          next: 0,
        });
        this.code[head]!.next = this.stmts(s.body, scope, { next: head, brk: next, cont: head });
        return head;
      }
      case 'loop': {
        const head = this.push({ op: 'nop', ...this.make('nop', place, scope, { glue: true }), next: 0 });
        this.code[head]!.next = this.stmts(s.body, scope, { next: head, brk: next, cont: head });
        return head;
      }
      case 'for': {
        const slot = (scope.locals.get(s.name) as { slot: number }).slot;
        const at: StoreAt = { op: 'local', slot };
        const value: Code = { op: 'local', slot };
        const domain = this.domain(s.mask);
        if (domain) {
          const inside: Code = { op: 'bin', how: '<', left: value, right: constant(domain.count) };
          const top = this.push({
            op: 'branch',
            cond: inside,
            otherwise: this.assign(at, constant(0), place, scope, next),
            ...this.make('branch', place, scope, { glue: true }),
            next: 0,
          });
          const again = this.assign(at, { op: 'bin', how: '+', left: value, right: constant(1) }, place, scope, top);
          this.code[top]!.next = this.stmts(s.body, scope, { next: again, brk: next, cont: again });
          return this.assign(at, constant(0), place, scope, top);
        }
        const mask = this.expressions.mask(s.mask, place);
        const advance = (from: Code, to: number): number =>
          this.assign(at, { op: 'firstFrom', ...mask, from }, place, scope, to);
        const more: Code = { op: 'bin', how: '>=', left: value, right: constant(0) };
        const head = this.push({
          op: 'branch',
          cond: more,
          otherwise: next,
          ...this.make('branch', place, scope, { glue: true }),
          next: 0,
        });
        const step = advance({ op: 'bin', how: '+', left: value, right: constant(1) }, head);
        this.code[head]!.next = this.stmts(s.body, scope, { next: step, brk: next, cont: step });
        return advance(constant(0), head);
      }
      case 'break':
      case 'continue': {
        const to = s.kind === 'break' ? after.brk : after.cont;
        if (to < 0) throw new TextError(place, `${s.kind} outside a loop`);
        return to;
      }
      case 'return':
        return this.return(s, scope);
      case 'lock':
      case 'unlock': {
        const lock = this.layout.locks.get(s.lock);
        if (!lock)
          throw new TextError(place, `there is no lock ${s.lock}`, didYouMean(s.lock, this.layout.locks.keys()));
        if (s.reading && lock.mode !== 'rwsem')
          throw new TextError(place, `${s.lock} has no readers`, 'only a rwsem can be locked for reading');
        const mode = lock.mode === 'rwsem' ? (s.reading ? ('read' as const) : ('write' as const)) : lock.mode;
        return this.push({ op: s.kind, lock: [...this.layout.locks.keys()].indexOf(s.lock), mode, ...plain(), next });
      }
      case 'await':
      case 'spin':
      case 'idle':
        return this.push({ op: s.kind, cond: this.expr(s.cond, scope), ...plain(), next });
      case 'irq':
      case 'preempt':
      case 'notifier':
        return this.push({ op: s.kind, on: s.on, ...plain(), next });
      case 'atomic':
        return this.stmts(s.body, { ...scope, atomic: ++this.atomics }, after);
      case 'choose':
        if (s.hi < s.lo || s.hi - s.lo > 63) throw new TextError(place, `choose takes a range of 1 to 64 values`);
        return this.push({
          op: 'choose',
          at: this.expressions.store(s.target, scope.locals),
          lo: s.lo,
          hi: s.hi,
          why: scope.fn.name,
          ...plain(),
          next,
        });
      case 'pick':
        return this.push({
          op: 'pick',
          at: this.expressions.store(s.target, scope.locals),
          ...this.expressions.mask(s.mask, place),
          ...plain(),
          next,
        });
      case 'log':
      case 'warn':
      case 'panic':
      case 'trace':
      case 'fail': {
        const wanted = (s.format.match(/%[a-zA-Z]/g) ?? []).length;
        if (wanted !== s.args.length)
          throw new TextError(
            place,
            `the text has ${wanted} place(s) for values and ${s.args.length} value(s) follow`,
            '%d number, %x hexadecimal, %t task, %v vCPU, %e errno, %S hotplug state',
          );
        return this.push({
          op: s.kind,
          format: s.format,
          args: s.args.map((a) => this.expr(a, scope)),
          ...plain(),
          next,
        });
      }
      case 'fault':
        return this.push({ op: 'ud', instruction: s.instruction, ...this.make('ud', place, scope), next });
      case 'bug':
        return this.push({ op: 'bug', where: s.where, ...plain(), next });
      case 'oncpu':
      case 'oneach':
        return this.remote(s, scope, after);
      case 'start': {
        const boot = this.layout.kernel.wiring.get('boot');
        if (!boot)
          throw new TextError(
            place,
            'the kernel does not say which function a CPU boots with',
            'add a line "boot start_secondary"',
          );
        const fn = this.fn(boot.value, boot.place);
        let entry = this.entries.get('boot');
        if (entry === undefined) {
          this.entries.set('boot', -1);
          this.entries.set('boot', (entry = this.root('idle', fn, 'exit')));
        }
        if (entry < 0) throw new TextError(place, `a CPU would be started by its own boot path`);
        return this.push({ op: 'start', cpu: this.expr(s.cpu, scope), entry, ...plain(), next });
      }
      case 'poweroff':
      case 'exit':
        return this.push({ op: s.kind, ...plain(), next: 0 });
      case 'stop': {
        const fn = this.fn(s.call.name, s.call.place);
        if (fn.params.length !== s.call.args.length || fn.params.length > 2)
          throw new TextError(
            s.call.place,
            `${fn.name} takes ${fn.params.length} value(s), and a stopper carries at most 2`,
          );
        const at = s.target ? this.expressions.store(s.target, scope.locals) : null;
        const result = this.push({ op: 'stopresult', at, ...this.make('set', place, scope), next });
        return this.push({
          op: 'stop',
          ...this.expressions.mask(s.mask, place),
          cpu: this.expr(s.cpu, scope),
          entry: this.entry('stopper', fn),
          args: s.call.args.map((a) => this.expr(a, scope)),
          ...plain(),
          next: result,
        });
      }
      case 'spawn': {
        const thread = this.layout.threadIndex.get(s.call.name);
        if (thread === undefined)
          throw new TextError(
            s.call.place,
            `there is no thread ${s.call.name}`,
            didYouMean(s.call.name, this.layout.threadIndex.keys()),
          );
        const decl = this.layout.threads.get(s.call.name)!.decl;
        const wanted = decl.per === 'one' ? 0 : 1;
        if (s.call.args.length !== wanted) throw new TextError(s.call.place, `${decl.name} takes ${wanted} value(s)`);
        return this.push({ op: 'spawn', thread, args: s.call.args.map((a) => this.expr(a, scope)), ...plain(), next });
      }
      case 'allow':
        return this.push({
          op: 'allow',
          task: this.expr(s.task, scope),
          cpu: s.cpu ? this.expr(s.cpu, scope) : null,
          ...plain(),
          next,
        });
      case 'guest':
        return this.push({
          op: 'guest',
          vcpu: this.expr(s.vcpu, scope),
          at: s.target ? this.expressions.store(s.target, scope.locals) : null,
          ...plain(),
          next,
        });
      case 'rest':
        return this.push({ op: 'rest', us: s.us, ...plain(), next });
      case 'invoke':
        return this.invoke(s, scope, after);
      case 'register': {
        const cell = this.layout.registered.get(s.state);
        if (cell === undefined)
          throw new TextError(
            place,
            `${s.state} is not declared "when registered"`,
            didYouMean(s.state, this.layout.registered.keys()),
          );
        return this.assign({ op: 'cell', at: cell }, constant(s.on ? 1 : 0), place, scope, next);
      }
    }
  }

  private return(s: Extract<Ast.Stmt, { kind: 'return' }>, scope: Scope): number {
    const { at, next } = scope.returns;
    const clear: [number, number] | null =
      scope.limit > scope.base && scope.parents.length > 1 ? [scope.base, scope.limit] : null;
    const leave = (glueNext: number): number =>
      clear
        ? this.push({ op: 'nop', ...this.make('nop', s.place, scope, { clear, glue: true }), next: glueNext })
        : glueNext;
    if (s.value === null) return leave(at ? this.assign(at, constant(0), s.place, scope, next) : next);
    const call = this.asCall(s.value);
    if (call) return this.call(call, at, scope, leave(next));
    if (!at) return leave(next);
    const value = this.expr(s.value, scope);
    return this.push({
      op: 'set',
      stores: [{ at, value }],
      ...this.make('set', s.place, scope, { clear, glue: at.op === 'local' && isLocal(value) }),
      next,
    });
  }
}

function blocks(s: Ast.Stmt): readonly (readonly Ast.Stmt[])[] {
  switch (s.kind) {
    case 'if':
      return [s.then, s.otherwise];
    case 'while':
    case 'loop':
    case 'for':
    case 'atomic':
      return [s.body];
    default:
      return [];
  }
}

/** Local slots that a function's own statements need: variables, loop variables, and one per invoke. */
function countSlots(body: readonly Ast.Stmt[]): number {
  const names = new Set<string>();
  let invokes = 0;
  const visit = (stmts: readonly Ast.Stmt[]): void => {
    for (const s of stmts) {
      if (s.kind === 'var' || s.kind === 'for') names.add(s.name);
      if (s.kind === 'invoke') invokes += 1;
      blocks(s).forEach(visit);
    }
  };
  visit(body);
  return names.size + invokes;
}
