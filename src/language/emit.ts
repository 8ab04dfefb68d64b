/**
 * Statements to instructions. Code is written backwards: a statement is compiled with the pc that follows it, so that
 * every instruction knows its successor and no jumps are needed. Calls are expanded in place; each expansion is a frame.
 */
import type * as Ast from './ast';
import { didYouMean, TextError, type Place } from './errors';
import { constant, isLocal } from './code';
import { Calls } from './emit-calls';
import { RESULT } from './emit-pieces';
import { IrqOff, type Code, type Instr, type InstrBase, type Store, type StoreAt } from './program';
import { countSlots, type After, type Family, type Scope } from './scope';
import type { SetupAction } from './setup';

export class Emitter extends Calls {
  private atomics = 0;

  /** Code that a context begins with: its parameters are the first slots, set by whoever starts it. */
  root(family: Family, fn: Ast.FnDecl, end: 'exit' | 'hookend' | 'ipiend' | 'stopend', base = 0): number {
    const frame = this.frame(fn.name, -1, fn.place, fn.source);
    let endPc = this.push({ op: end, ...this.base(fn.place, frame, { glue: end !== 'exit' }), next: 0 } as Instr);
    // a hook leaves nothing behind in the task that it ran on; other contexts are wiped when they end
    const clear = [base, base + countSlots(fn)] as const;
    if (end === 'hookend' && clear[1] > clear[0])
      endPc = this.push({ op: 'nop', ...this.base(fn.place, frame, { glue: true, clear }), next: endPc });
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
      const { fn: name, args } = compiled.actions[i]!;
      const about = {
        actor: index,
        index: i,
        resultCell: compiled.actions[i]!.resultCell,
        progressCell: compiled.progress,
      };
      next = this.push({
        op: 'action',
        begin: false,
        when: null,
        result,
        ...about,
        ...this.base(action.place, top, { clear: [slot, slot + 1] }),
        next,
      });
      const scope = this.rootScope('task', top, slot + 1);
      const into = this.local(slot, RESULT, `the result of ${name}`);
      if (action.arms) next = this.arm(action, top, next);
      else next = this.inline(this.fn(name, action.place), args.map(constant), into, scope, action.place, next);
      if (action.makes !== undefined && this.layout.there) next = this.appear(action.makes, action.place, top, next);
      next = this.push({
        op: 'action',
        begin: true,
        when: this.userspace(),
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
      if (action.at !== null)
        next = this.push({ op: 'rest', us: 0, until: action.at, ...this.base(action.place, top, {}), next });
    }
    return next;
  }

  /** From here on loops over all VMs and vCPUs meet this VM and those before it. */
  private appear(vm: number, place: Place, frame: number, next: number): number {
    const there = this.layout.there!;
    const vcpus = this.layout.vcpus.filter((v) => v.vm <= vm).length;
    const stores = [
      { at: { op: 'cell' as const, at: there.vm }, value: constant(vm + 1) },
      { at: { op: 'cell' as const, at: there.vcpu }, value: constant(vcpus) },
    ];
    const glue = this.base(place, frame, { glue: true });
    const more = this.push({ op: 'set', stores, ...glue, next });
    const cond: Code = { op: 'bin', how: '<', left: { op: 'cell', at: there.vm }, right: constant(vm + 1) };
    return this.push({ op: 'branch', cond, otherwise: next, ...glue, next: more });
  }

  /** Arms faults anew, or disarms them: a moment of the run like any other. */
  private arm({ arms, place }: SetupAction, frame: number, next: number): number {
    const stores = arms!.faults.flatMap((f): Store[] => {
      const { armedCell, hitsCell } = this.faults[f]!;
      const armed: Store = { at: { op: 'cell', at: armedCell }, value: constant(Number(arms!.on)) };
      return hitsCell < 0 ? [armed] : [armed, { at: { op: 'cell', at: hitsCell }, value: constant(0) }];
    });
    return this.push({ op: 'set', stores, ...this.base(place, frame, { cost: 200 }), next });
  }

  /** When user tasks go on: what boots on its own comes first, and they may be frozen. Null: always. */
  private userspace(): Code | null {
    const cond = this.layout.kernel.wiring.get('userspace')?.cond;
    return cond ? this.expressions.withParams([], cond) : null;
  }

  // ---- statements

  protected stmts(body: readonly Ast.Stmt[], scope: Scope, after: After): number {
    let next = after.next;
    for (let i = body.length - 1; i >= 0; i--) next = this.stmt(body[i]!, scope, { ...after, next });
    return next;
  }

  private stmt(s: Ast.Stmt, scope: Scope, after: After): number {
    const { next } = after;
    const { place } = s;
    const plain = (more: Partial<InstrBase> = {}): Omit<InstrBase, 'next'> =>
      this.make(s.kind as Instr['op'], place, scope, more);
    switch (s.kind) {
      case 'var': {
        const at = this.local((scope.locals.get(s.name) as { slot: number }).slot, s.type!, s.name);
        const call = this.asCall(s.value);
        if (call) return this.call(call, at, scope, next);
        const value = s.value ? this.value(s.value, scope, s.type!, s.name) : constant(0);
        return this.assign(at, value, place, scope, next);
      }
      case 'assign': {
        const at = this.expressions.store(s.target, scope.locals);
        const call = this.asCall(s.value);
        if (call) return this.call(call, at, scope, next);
        const type = this.expressions.typeOf(s.target, scope.locals);
        return this.assign(at, this.value(s.value, scope, type, s.target.name), place, scope, next);
      }
      case 'call':
        return this.call(s.call, null, scope, next);
      case 'mask': {
        const mask = this.expressions.mask(s.mask, place);
        const index = this.value(s.cpu, scope, { kind: 'cpu' }, `what is in ${s.mask}`);
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
        const domain = this.domain(s.mask);
        const value: Code = { op: 'local', slot };
        const of = this.local(slot, { kind: domain?.of ?? 'cpu' }, s.name);
        const at: StoreAt = { ...of, hi: of.hi + 1 }; // one more than the last ends the loop
        if (domain) {
          const { there } = this.layout;
          const count: Code =
            there && domain.of !== 'cpu' ? { op: 'cell', at: there[domain.of] } : constant(domain.count);
          const inside: Code = { op: 'bin', how: '<', left: value, right: count };
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
      case 'await': {
        // a wait in the body of an action is userspace's own; the kernel's stand in the functions that it calls
        const userspace = scope.fn.kind === 'action' ? this.userspace() : null;
        const own = this.expr(s.cond, scope);
        const cond: Code = userspace ? { op: 'bin', how: 'and', left: userspace, right: own } : own;
        return this.push({ op: 'await', cond, ...plain(), next });
      }
      case 'spin':
      case 'idle':
        return this.push({ op: s.kind, cond: this.expr(s.cond, scope), ...plain(), next });
      case 'irq':
        return this.push({ op: 'irq', on: s.on, why: IrqOff.text, ...plain(), next });
      case 'preempt':
      case 'notifier':
        return this.push({ op: s.kind, on: s.on, ...plain(), next });
      case 'atomic':
        return this.stmts(s.body, { ...scope, atomic: scope.atomic || ++this.atomics }, after);
      case 'choose':
        this.noChoice(scope, place, 'choose stands in an atomic block');
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
        this.noChoice(scope, place, 'pick stands in an atomic block');
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
      case 'fail':
      case 'bug': {
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
        return this.push({
          op: 'start',
          cpu: this.value(s.cpu, scope, { kind: 'cpu' }, 'what is started'),
          entry,
          ...plain(),
          next,
        });
      }
      case 'yield':
        return this.push({ op: 'yield', ...plain(), next });
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
          cpu: this.value(s.cpu, scope, { kind: 'cpu' }, 'the CPU that acts'),
          entry: this.entry('stopper', fn),
          args: s.call.args.map((a, i) =>
            this.value(a, scope, fn.params[i]!.type, `${fn.params[i]!.name} of ${fn.name}`),
          ),
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
        const of: Ast.TypeName = { kind: decl.per === 'vcpu' ? 'vcpu' : 'cpu' };
        const args = s.call.args.map((a) => this.value(a, scope, of, `the value of ${decl.name}`));
        return this.push({ op: 'spawn', thread, args, ...plain(), next });
      }
      case 'allow':
        return this.push({
          op: 'allow',
          task: this.value(s.task, scope, { kind: 'task' }, 'what is allowed'),
          cpu: s.cpu ? this.value(s.cpu, scope, { kind: 'cpu' }, 'where it is allowed') : null,
          ...plain(),
          next,
        });
      case 'guest':
        this.noChoice(scope, place, 'guest stands in an atomic block');
        return this.push({
          op: 'guest',
          vcpu: this.value(s.vcpu, scope, { kind: 'vcpu' }, 'who is in the guest'),
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
    const clear: [number, number] | null = scope.limit > scope.base ? [scope.base, scope.limit] : null;
    const leave = (glueNext: number): number =>
      clear
        ? this.push({ op: 'nop', ...this.make('nop', s.place, scope, { clear, glue: true }), next: glueNext })
        : glueNext;
    if (s.value === null) return leave(at ? this.assign(at, constant(0), s.place, scope, next) : next);
    const call = this.asCall(s.value);
    if (call) return this.call(call, at, scope, leave(next));
    if (!at) return leave(next);
    const value = this.value(s.value, scope, scope.fn.returns, `what ${scope.fn.name} returns`);
    return this.push({
      op: 'set',
      stores: [{ at, value }],
      ...this.make('set', s.place, scope, { clear, glue: at.op === 'local' && isLocal(value) }),
      next,
    });
  }
}
