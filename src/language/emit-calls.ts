/** Calls: expanded in place, with the faults of the text; on other CPUs; in the stopper; of the hotplug callbacks. */
import type * as Ast from './ast';
import { TextError, type Place } from './errors';
import { constant, isLocal } from './code';
import type { Local } from './expressions';
import { Pieces, RESULT } from './emit-pieces';
import { HANDLER_CPU, IrqOff, type Code, type CompiledFault, type Instr, type Store, type StoreAt } from './program';
import { blocks, countSlots, type After, type Family, type Scope } from './scope';

/** Greatest value that a call can carry to another CPU. */
export const ARGUMENT_MAX = 1 << 20;

/** An argument as messages name it. */
function argument(fn: Ast.FnDecl, i: number): string {
  return `${fn.params[i]!.name} of ${fn.name}`;
}

/** A call that faults may strike: the CPU that it is about, where its result goes, and where it goes on. */
interface Struck {
  readonly cpu: Code;
  readonly at: StoreAt | null;
  readonly clear: [number, number] | null;
  readonly free: number;
  readonly place: Place;
  readonly next: number;
}

const isCpu = (cpu: Code, fault: CompiledFault): Code => ({
  op: 'bin',
  how: '==',
  left: cpu,
  right: constant(fault.cpu),
});

/** Counts a call for a fault that strikes the nth time: up to nth, if it is on its CPU. */
function counted(fault: CompiledFault, cpu: Code): Store {
  const hits: Code = { op: 'cell', at: fault.hitsCell };
  const notYet: Code = { op: 'bin', how: '<', left: hits, right: constant(fault.nth) };
  const one: Code = fault.cpu < 0 ? notYet : { op: 'bin', how: 'and', left: isCpu(cpu, fault), right: notYet };
  return { at: { op: 'cell', at: fault.hitsCell }, value: { op: 'bin', how: '+', left: hits, right: one } };
}

export abstract class Calls extends Pieces {
  protected readonly entries = new Map<string, number>();

  protected abstract stmts(body: readonly Ast.Stmt[], scope: Scope, after: After): number;

  protected rootScope(family: Family, frame: number, base: number): Scope {
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
      limit: base,
      returns: { at: null, next: 0 },
      atomic: 0,
      cost: 0,
    };
  }

  protected body(
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
    fn.params.forEach((p, i) => {
      if (locals.has(p.name)) throw new TextError(p.place, `${fn.name} has two parameters ${p.name}`);
      locals.set(p.name, { slot: this.slot(family, base + i, p.type), type: p.type });
    });
    const limit = base + countSlots(fn);
    const scope: Scope = {
      family,
      fn,
      frame,
      parents: [...parents, fn.name],
      locals,
      base,
      limit,
      returns,
      atomic,
      cost: fn.cost,
    };
    this.declare(fn.body, scope);
    return this.stmts(fn.body, scope, { next: fallthrough, brk: -1, cont: -1 });
  }

  /** Slots for every variable of the function, so that the order of compilation does not matter. */
  protected declare(body: readonly Ast.Stmt[], scope: Scope): void {
    for (const s of body) {
      if (s.kind === 'var' || s.kind === 'for') {
        const type: Ast.TypeName = s.kind === 'var' ? s.type! : { kind: this.domain(s.mask)?.of ?? 'cpu' };
        if (type.kind === 'mask') throw new TextError(s.place, 'a mask cannot be a local variable');
        const known = scope.locals.get(s.name);
        if (known && s.kind === 'var') throw new TextError(s.place, `${s.name} is declared already`);
        if (known && !('slot' in known && known.type.kind === type.kind))
          throw new TextError(s.place, `${s.name} is a ${'slot' in known ? known.type.kind : known.type} already`);
        if (!known) {
          const slot = this.slot(scope.family, scope.base + scope.locals.size, type);
          scope.locals.set(s.name, { slot, type });
        }
      }
      for (const inner of blocks(s)) this.declare(inner, scope);
    }
  }

  protected asCall(value: Ast.Expr | null): Ast.Call | null {
    return value?.kind === 'apply' && this.layout.kernel.fns.has(value.name) && !this.layout.kernel.lets.has(value.name)
      ? value
      : null;
  }

  protected call(call: Ast.Call, at: StoreAt | null, scope: Scope, next: number): number {
    const fn = this.fn(call.name, call.place);
    if (fn.kind === 'action')
      throw new TextError(call.place, `${fn.name} is an action: only a litmus text performs it`);
    if (fn.params.length !== call.args.length)
      throw new TextError(
        call.place,
        `${fn.name} takes ${fn.params.length} value(s), not ${call.args.length}`,
        `fn ${fn.name}(${fn.params.map((p) => p.name).join(', ')})`,
      );
    const args = call.args.map((a, i) => this.value(a, scope, fn.params[i]!.type, argument(fn, i)));
    return this.inline(fn, args, at, scope, call.place, next);
  }

  protected inline(
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
    const count = countSlots(fn);
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
    const faults = { cpu: this.faultCpu(fn, base), at, clear, free: base + fn.params.length, place: fn.place, next };
    entry = this.withFaults((f) => f.steps.length === 0 && f.fn === fn.name, faults, inner, entry);
    if (args.length === 0) return entry;
    const stores = args.map((value, i) => ({ at: this.parameter(fn, i, base + i), value }));
    return this.push({
      op: 'set',
      stores,
      ...this.make('set', place, scope, { glue: args.every(isLocal) }),
      next: entry,
    });
  }

  protected parameter(fn: Ast.FnDecl, i: number, slot: number): StoreAt {
    const { name, type } = fn.params[i]!;
    return this.local(slot, type, `${name} of ${fn.name}`);
  }

  /** A fault on a CPU means: the function is about that CPU where it takes one, or runs on it. */
  protected faultCpu(fn: Ast.FnDecl, base: number): Code {
    const param = fn.params.findIndex((p) => p.type.kind === 'cpu');
    return param < 0 ? { op: 'this' } : { op: 'local', slot: base + param };
  }

  /**
   * What the faults of the text put before a function or a callback. `free`: a slot that nothing uses before `entry`.
   * Where several faults strike the same, the first in the text is looked at first; each counts every call, whichever of
   * them takes it.
   */
  protected withFaults(
    strikes: (fault: CompiledFault) => boolean,
    around: Struck,
    scope: Scope,
    entry: number,
  ): number {
    const { cpu, at, clear, free, place, next } = around;
    let pc = entry;
    const later: CompiledFault[] = [];
    for (let index = this.faults.length - 1; index >= 0; index--) {
      const fault = this.faults[index]!;
      if (!strikes(fault)) continue;
      // one that is armed by an action counts only what it sees itself: before, it must leave no trace
      const counts = later.filter((f) => f.hitsCell >= 0 && f.armedCell < 0).map((f) => counted(f, cpu));
      const stores = [...(at ? [{ at, value: constant(fault.returns) }] : []), ...counts];
      const glue = counts.length === 0 && (!at || at.op === 'local');
      const give = this.push({ op: 'set', stores, ...this.make('set', place, scope, { clear, glue }), next });
      // not now: the next fault, or the function itself
      let skip = pc;
      const nth = fault.hitsCell < 0 ? null : { op: 'cell' as const, at: fault.hitsCell };
      if (nth)
        skip = this.push({ op: 'set', stores: [counted(fault, cpu)], ...this.make('set', place, scope), next: pc });
      const other = pc;
      const { hitsCell } = fault;
      pc = this.push({ op: 'fired', fault: index, hitsCell, ...this.make('fired', place, scope), next: give });
      if (fault.maybe) {
        this.noChoice(
          scope,
          fault.place,
          `${fault.fn} is called in an atomic block of ${scope.fn.name}, where nothing may be chosen`,
        );
        const slot = this.slot(scope.family, free, { kind: 'bool' });
        const fires: Code = { op: 'local', slot };
        const leaves = this.make('branch', place, scope, { glue: true, clear: [slot, slot + 1] });
        pc = this.push({ op: 'branch', cond: fires, otherwise: skip, ...leaves, next: pc });
        const choice = this.local(slot, { kind: 'bool' }, 'the choice');
        const why = fault.text;
        pc = this.push({ op: 'choose', at: choice, lo: 0, hi: 1, why, ...this.make('choose', place, scope), next: pc });
      }
      if (nth) {
        const due: Code = { op: 'bin', how: '==', left: nth, right: constant(fault.nth - 1) };
        const early: Code = { op: 'bin', how: '<', left: nth, right: constant(fault.nth - 1) };
        const branch = this.make('branch', place, scope);
        const notYet = this.push({ op: 'branch', cond: early, otherwise: other, ...branch, next: skip });
        pc = this.push({ op: 'branch', cond: due, otherwise: notYet, ...branch, next: pc });
      }
      if (fault.cpu >= 0) {
        const branch = this.make('branch', place, scope, { glue: isLocal(cpu) });
        pc = this.push({ op: 'branch', cond: isCpu(cpu, fault), otherwise: other, ...branch, next: pc });
      }
      if (fault.armedCell >= 0) {
        // part of the step before it, at no cost: a fault that is not armed yet leaves no trace in a run
        const cond: Code = { op: 'cell', at: fault.armedCell };
        const branch = this.make('branch', place, scope, { glue: true, cost: 0 });
        pc = this.push({ op: 'branch', cond, otherwise: other, ...branch, next: pc });
      }
      later.push(fault);
    }
    return pc;
  }

  /** An atomic block goes on by itself, so nothing in it can be left to choose. */
  protected noChoice(scope: Scope, place: Place, message: string): void {
    if (scope.atomic !== 0) throw new TextError(place, message, 'make the choice before the block');
  }

  /** Entry of a handler that runs on another CPU or in the stopper; arguments are its first slots. */
  protected entry(family: 'irq' | 'stopper', fn: Ast.FnDecl): number {
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
          this.local(result, RESULT, `the result of ${fn.name}`),
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
  protected handlerArgs(call: Ast.Call, scope: Scope): { fn: Ast.FnDecl; sent: Code[]; own: boolean } {
    const fn = this.fn(call.name, call.place);
    const own = fn.params.length === call.args.length + 1 && fn.params[0]!.type.kind === 'cpu';
    if (!own && fn.params.length !== call.args.length)
      throw new TextError(call.place, `${fn.name} takes ${fn.params.length} value(s), not ${call.args.length}`);
    if (call.args.length > 2) throw new TextError(call.place, 'a call on another CPU carries at most 2 values');
    const skip = own ? 1 : 0;
    for (const p of fn.params.slice(skip)) {
      const [lo, hi] = this.layout.range(p.type);
      if (lo <= HANDLER_CPU || hi > ARGUMENT_MAX)
        throw new TextError(p.place, `${p.name} of ${fn.name} is too wide to be sent to another CPU`);
    }
    const sent = call.args.map((a, i) => this.value(a, scope, fn.params[i + skip]!.type, argument(fn, i + skip)));
    return { fn, sent, own };
  }

  protected remote(s: Extract<Ast.Stmt, { kind: 'oncpu' | 'oneach' }>, scope: Scope, after: After): number {
    const { fn, sent, own } = this.handlerArgs(s.call, scope);
    const here: Code = { op: 'this' };
    const locally = own ? [here, ...sent] : sent;
    const entry = this.entry('irq', fn);
    const args = own ? [constant(HANDLER_CPU), ...sent] : sent;
    let pc = this.push({ op: 'preempt', on: true, ...this.make('preempt', s.place, scope), next: after.next });
    const wait = this.push({ op: 'ipiwait', ...this.make('ipiwait', s.place, scope), next: pc });
    pc = this.push({ op: 'irq', on: true, why: IrqOff.call, ...this.make('irq', s.place, scope), next: wait });
    pc = this.inline(fn, locally, null, scope, s.call.place, pc);
    pc = this.push({ op: 'irq', on: false, why: IrqOff.call, ...this.make('irq', s.place, scope), next: pc });
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
      const cpu = this.value(s.cpu, scope, { kind: 'cpu' }, 'the CPU of a call');
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

  protected invoke(s: Extract<Ast.Stmt, { kind: 'invoke' }>, scope: Scope, after: After): number {
    const slot = this.slot(scope.family, scope.limit - 1, RESULT);
    const result: Code = { op: 'local', slot };
    const at = this.local(slot, RESULT, 'the result of a callback');
    const state = this.value(s.state, scope, { kind: 'state' }, 'what is invoked');
    const cpu = this.value(s.cpu, scope, { kind: 'cpu' }, 'the CPU of a callback');
    // they are looked at when the callback begins and when it ends, and must be the same then
    if (!isLocal(state) || !isLocal(cpu))
      throw new TextError(
        s.place,
        'a callback is invoked for a state and a CPU in variables of the function',
        'store them first',
      );
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
      const here = { cpu, at, clear: null, free: scope.limit, place: s.place, next: end };
      const strikes = (f: CompiledFault): boolean => f.steps.some((x) => x.state === st.number && x.up === s.up);
      pc = this.withFaults(strikes, here, scope, pc);
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
}
