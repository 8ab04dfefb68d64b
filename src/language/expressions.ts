/** Expressions of a kernel text to `Code`: names resolved, domains checked, constants folded. */
import type * as Ast from './ast';
import { asksWhoRuns, constant, contains, fold } from './code';
import { didYouMean, TextError, type Place } from './errors';
import type { Layout } from './layout';
import type { Ask, Code, StoreAt } from './program';

/** What a name stands for inside a function: a local slot, or (in a `let`) the code of the argument. */
export type Local =
  { readonly slot: number; readonly type: Ast.TypeName } | { readonly code: Code; readonly type: string };
export type Locals = ReadonlyMap<string, Local>;

interface Typed {
  readonly code: Code;
  /** Domain of the value as far as it is known: cpu, vm, vcpu, task, state, bool, errno, int, '' (a bare number). */
  readonly type: string;
}

/** Kinds of numbers that must not be taken for each other. */
const DOMAINS = new Set(['cpu', 'vm', 'vcpu', 'task', 'state']);
const NO_LOCALS: Locals = new Map();
const ASKS: Readonly<Record<string, readonly string[]>> = {
  running: ['task', 'cpu'],
  tasks_on: ['cpu'],
  alive: ['task'],
  dead: ['task'],
  sleeping: ['task'],
  settled: ['task'],
  cpu_of: ['task'],
  vcpu_of: ['task'],
  need_resched: ['cpu'],
  irq_pending: ['cpu'],
  preempt_count: ['task'],
  irqs_disabled: ['task'],
  actors_busy: [],
  in_guest: ['task'],
  has_up: ['state'],
  has_down: ['state'],
  instances: ['state'],
};
/** Those of them that count. */
const COUNTS: ReadonlySet<string> = new Set(['tasks_on', 'preempt_count', 'instances', 'actors_busy']);
export const BUILTINS = [
  ...Object.keys(ASKS),
  'next_up',
  'next_down',
  'package',
  'count',
  'first',
  'next',
  'registered',
  'returned',
];
/** Definitions may use definitions, but not without end. */
const MAX_LET_DEPTH = 32;
/** Most parts of one expression, definitions written out. */
const MAX_SIZE = 20_000;

export class Expressions {
  private depth = 0;
  /** Parts of the expression that is being compiled, definitions written out. */
  private size = 0;
  /** In a question: the names of the litmus text, which definitions see too. */
  private names: Locals = NO_LOCALS;

  constructor(private readonly layout: Layout) {}

  /** Code of an expression with these locals in scope. */
  code(expr: Ast.Expr, locals: Locals): Code {
    this.size = 0;
    return this.typed(expr, locals).code;
  }

  /** Code of a value that goes where a value of this type is wanted; `what` names that place. */
  value(expr: Ast.Expr, locals: Locals, type: Ast.TypeName, what: string): Code {
    this.size = 0;
    const value = this.typed(expr, locals);
    if (DOMAINS.has(type.kind)) this.domain(value, type.kind, expr.place, what);
    const [lo, hi] = this.layout.range(type);
    const { code } = value;
    if (code.op === 'const' && (code.value < lo || code.value > hi))
      throw new TextError(expr.place, `${what} cannot be ${code.value}`, `it is ${lo} to ${hi}`);
    return code;
  }

  /** Where a kind of task may run; `cpu` and `task` are the ones in question. What asks the scheduler cannot be asked by it. */
  placement(expr: Ast.Expr): Code {
    const params = (['cpu', 'task'] as const).map((kind) => ({ name: kind, type: { kind } }));
    const code = this.withParams(params, expr);
    if (contains(code, (c) => c.op === 'ask' && (c.what === 'settled' || c.what === 'need_resched')))
      throw new TextError(expr.place, 'a placement rule cannot ask about placement');
    return code;
  }

  /** Parameters become local slots 0, 1, ... (lanes, probes, placement rules). Nothing runs there: no `this`, no `self`. */
  withParams(params: readonly { readonly name: string; readonly type: Ast.TypeName }[], expr: Ast.Expr): Code {
    const code = this.fromOutside(params, expr);
    if (!code) throw new TextError(expr.place, 'nothing runs here: "this" and "self" mean nothing');
    return code;
  }

  /** The same; null where the value depends on who runs. */
  fromOutside(params: readonly { readonly name: string; readonly type: Ast.TypeName }[], expr: Ast.Expr): Code | null {
    const code = this.code(expr, new Map(params.map((p, slot) => [p.name, { slot, type: p.type }])));
    return asksWhoRuns(code) ? null : code;
  }

  /** Type of what an assignment goes to. */
  typeOf(target: Ast.Target, locals: Locals): Ast.TypeName {
    const local = locals.get(target.name);
    if (local && 'slot' in local) return local.type;
    const { type } = this.variable(target.name, target.place);
    return type.kind === 'mask' ? { kind: 'bool' } : type;
  }

  /** A value known when the program is compiled. */
  constant(expr: Ast.Expr): number {
    const code = this.code(expr, NO_LOCALS);
    if (code.op !== 'const') throw new TextError(expr.place, 'this must be a constant');
    return code.value;
  }

  /** A litmus question: VMs, vCPUs, CPUs and actors have names here. */
  question(expr: Ast.Expr): Code {
    const names = new Map<string, Local>();
    const add = (name: string, value: number, type: string): void =>
      void names.set(name, { code: { op: 'const', value }, type });
    this.layout.setup.vms.forEach((vm, i) => add(vm.name, i, 'vm'));
    this.layout.vcpus.forEach((v, i) => add(v.name, i, 'vcpu'));
    for (let c = 0; c < this.layout.setup.cpus; c++) add(`cpu${c}`, c, 'cpu');
    names.set('oops', {
      code: {
        op: 'bin',
        how: '>',
        left: { op: 'cell', at: this.layout.machine.oops },
        right: { op: 'const', value: 0 },
      },
      type: 'bool',
    });
    names.set('panic', { code: { op: 'cell', at: this.layout.machine.panic }, type: 'bool' });
    this.names = names;
    const code = this.code(expr, names);
    this.names = NO_LOCALS;
    if (asksWhoRuns(code)) throw new TextError(expr.place, 'nothing runs here: "this" and "self" mean nothing');
    return code;
  }

  /** Where an assignment goes. */
  store(target: Ast.Target, locals: Locals): StoreAt {
    const local = locals.get(target.name);
    if (local && 'slot' in local) {
      if (target.kind === 'index')
        throw new TextError(target.place, `${target.name} is a local variable and has no elements`);
      const [lo, hi] = this.layout.range(local.type);
      return { op: 'local', slot: local.slot, lo, hi, what: target.name };
    }
    const variable = this.variable(target.name, target.place);
    if (target.kind === 'name') {
      if (variable.scope !== 'global' || variable.type.kind === 'mask') {
        throw new TextError(
          target.place,
          `${target.name} is one value per ${variable.type.kind === 'mask' ? 'CPU: use "set" and "clear"' : variable.scope}`,
          `write ${target.name}[...]`,
        );
      }
      return { op: 'cell', at: variable.group.base };
    }
    const index = this.element(variable, target, locals);
    if (index.op === 'const') return { op: 'cell', at: variable.group.base + index.value };
    return { op: 'cellAt', base: variable.group.base, count: variable.group.count, index, what: target.name };
  }

  /** Cells of a mask, by name. `online_cpus`-like builtins do not exist: a text names its own masks. */
  mask(name: string, place: Place): { base: number; count: number } {
    const variable = this.layout.variables.get(name);
    if (!variable || variable.group.scope !== 'cpu' || variable.group.lo !== 0 || variable.group.hi !== 1) {
      const masks = [...this.layout.variables]
        .filter(([, v]) => v.group.scope === 'cpu' && v.group.hi === 1 && v.group.lo === 0)
        .map(([n]) => n);
      throw new TextError(place, `${name} is not a mask or a per-CPU bool`, didYouMean(name, masks));
    }
    return { base: variable.group.base, count: variable.group.count };
  }

  private variable(
    name: string,
    place: Place,
  ): {
    group: Layout extends { variables: ReadonlyMap<string, infer V> }
      ? V extends { group: infer G }
        ? G
        : never
      : never;
    scope: Ast.VarDecl['scope'];
    type: Ast.TypeName;
  } {
    const variable = this.layout.variables.get(name);
    if (!variable) throw new TextError(place, `${name} is not known here`, this.suggest(name, NO_LOCALS));
    return variable;
  }

  private element(
    variable: { group: { count: number }; scope: Ast.VarDecl['scope']; type: Ast.TypeName },
    target: { name: string; index: Ast.Expr; place: Place },
    locals: Locals,
  ): Code {
    const scope = variable.type.kind === 'mask' ? 'cpu' : variable.scope;
    if (scope === 'global')
      throw new TextError(target.place, `${target.name} is one value, not one per CPU`, `write ${target.name}`);
    const index = this.typed(target.index, locals);
    this.domain(index, scope, target.index.place, `the index of ${target.name}`);
    if (index.code.op === 'const' && (index.code.value < 0 || index.code.value >= variable.group.count)) {
      throw new TextError(
        target.index.place,
        `${target.name} has no element ${index.code.value}`,
        `it has ${variable.group.count}, from 0`,
      );
    }
    return index.code;
  }

  private domain(value: Typed, wanted: string, place: Place, what: string): void {
    if (value.type === '' || value.type === wanted || value.type === 'int') return;
    throw new TextError(place, `${what} is a ${wanted}, and this is a ${value.type}`);
  }

  private suggest(name: string, locals: Locals): string {
    const { kernel, variables, setup } = this.layout;
    return didYouMean(name, [
      ...locals.keys(),
      ...variables.keys(),
      ...kernel.lets.keys(),
      ...kernel.consts.keys(),
      ...BUILTINS,
      ...setup.vms.map((v) => v.name),
    ]);
  }

  private typed(expr: Ast.Expr, locals: Locals): Typed {
    if (++this.size > MAX_SIZE)
      throw new TextError(expr.place, 'the expression is too long once its definitions are written out');
    switch (expr.kind) {
      case 'number':
        return { code: constant(expr.value), type: '' };
      case 'name':
        return this.named(expr, locals);
      case 'index': {
        const variable = this.variable(expr.name, expr.place);
        const index = this.element(variable, expr, locals);
        const type = variable.type.kind === 'mask' ? 'bool' : variable.type.kind;
        if (index.op === 'const') return { code: { op: 'cell', at: variable.group.base + index.value }, type };
        return {
          code: { op: 'cellAt', base: variable.group.base, count: variable.group.count, index, what: expr.name },
          type,
        };
      }
      case 'not': {
        const of = this.typed(expr.of, locals).code;
        return { code: of.op === 'const' ? constant(of.value === 0 ? 1 : 0) : { op: 'not', of }, type: 'bool' };
      }
      case 'minus': {
        const of = this.typed(expr.of, locals);
        return {
          code: of.code.op === 'const' ? constant(-of.code.value) : { op: 'minus', of: of.code },
          type: of.type,
        };
      }
      case 'binary':
        return this.binary(expr, locals);
      case 'apply':
        return this.apply(expr, locals);
    }
  }

  private named(expr: Extract<Ast.Expr, { kind: 'name' }>, locals: Locals): Typed {
    const { kernel, setup, variables } = this.layout;
    const { name } = expr;
    const local = locals.get(name);
    if (local)
      return 'slot' in local
        ? { code: { op: 'local', slot: local.slot }, type: local.type.kind }
        : { code: local.code, type: local.type };
    if (name === 'this') return { code: { op: 'this' }, type: 'cpu' };
    if (name === 'self') return { code: { op: 'self' }, type: 'task' };
    const setupConstant: Readonly<Record<string, number>> = {
      intel: 1,
      amd: 2,
      vendor: setup.vendor === 'intel' ? 1 : 2,
      nr_cpus: setup.cpus,
      nr_booted: setup.booted,
      nr_present: setup.present,
      nr_packages: setup.packages,
    };
    if (Object.hasOwn(setupConstant, name)) return { code: constant(setupConstant[name]!), type: '' };
    const state = kernel.states.get(name);
    if (state) return { code: constant(state.number ?? 0), type: 'state' };
    const def = kernel.consts.get(name);
    if (def) return { code: constant(def.value), type: '' };
    const definition = kernel.lets.get(name);
    if (definition) return this.let(definition, [], expr.place);
    const variable = variables.get(name);
    if (variable) {
      if (variable.type.kind === 'mask')
        throw new TextError(expr.place, `${name} is a mask`, `write "cpu in ${name}", count(${name}), first(${name})`);
      if (variable.scope !== 'global')
        throw new TextError(expr.place, `${name} is one value per ${variable.scope}`, `write ${name}[...]`);
      return { code: { op: 'cell', at: variable.group.base }, type: variable.type.kind };
    }
    const thread = this.layout.threads.get(name);
    if (thread) {
      if (thread.decl.per !== 'one')
        throw new TextError(expr.place, `${name} is one task per ${thread.decl.per}`, `write ${name}(...)`);
      return { code: constant(thread.first), type: 'task' };
    }
    throw new TextError(expr.place, `${name} is not known here`, this.suggest(name, locals));
  }

  private let(def: Ast.LetDecl, args: readonly Typed[], place: Place): Typed {
    if (args.length !== def.params.length)
      throw new TextError(place, `${def.name} takes ${def.params.length} value(s), not ${args.length}`);
    if (++this.depth > MAX_LET_DEPTH) throw new TextError(place, `${def.name} is defined by itself`);
    def.params.forEach((p, i) => this.domain(args[i]!, p.type.kind, place, `${p.name} of ${def.name}`));
    // a definition sees its parameters, and in a question the names of the litmus text; never the caller's locals
    const inner: Locals = new Map<string, Local>([
      ...this.names,
      ...def.params.map((p, i): [string, Local] => [p.name, { code: args[i]!.code, type: p.type.kind }]),
    ]);
    const value = this.typed(def.value, inner);
    this.depth -= 1;
    return value;
  }

  private apply(expr: Extract<Ast.Expr, { kind: 'apply' }>, locals: Locals): Typed {
    const { name, args, place } = expr;
    const { kernel, layout } = { kernel: this.layout.kernel, layout: this.layout };
    const takes = (n: number): void => {
      if (args.length !== n) throw new TextError(place, `${name} takes ${n} value(s), not ${args.length}`);
    };
    const maskArg = (): { base: number; count: number } => {
      const arg = args[0];
      if (arg?.kind !== 'name') throw new TextError(place, `${name} takes the name of a mask`);
      return this.mask(arg.name, arg.place);
    };
    switch (name) {
      case 'next_up':
      case 'next_down':
        takes(2);
        return {
          code: {
            op: 'nextState',
            up: name === 'next_up',
            from: this.typed(args[0]!, locals).code,
            target: this.typed(args[1]!, locals).code,
          },
          type: 'state',
        };
      case 'package':
        takes(1);
        return this.typed({ kind: 'index', name: 'cpu_package', index: args[0]!, place }, locals);
      case 'count':
        takes(1);
        return { code: { op: 'count', ...maskArg() }, type: 'int' };
      case 'first':
        takes(1);
        return { code: { op: 'firstFrom', ...maskArg(), from: constant(0) }, type: 'cpu' };
      case 'next':
        takes(2);
        return {
          code: { op: 'firstFrom', ...maskArg(), from: this.plusOne(this.typed(args[1]!, locals).code) },
          type: 'cpu',
        };
      case 'registered': {
        takes(1);
        const arg = args[0]!;
        const cell = arg.kind === 'name' ? layout.registered.get(arg.name) : undefined;
        if (cell === undefined)
          throw new TextError(
            arg.place,
            'registered() takes a state that is declared "when registered"',
            didYouMean(arg.kind === 'name' ? arg.name : '', layout.registered.keys()),
          );
        return { code: { op: 'cell', at: cell }, type: 'bool' };
      }
      case 'returned':
        takes(3);
        return this.returned(args, place, locals);
    }
    const ask = Object.hasOwn(ASKS, name) ? ASKS[name] : undefined;
    if (ask) {
      takes(ask.length);
      const values = args.map((a) => this.typed(a, locals));
      values.forEach((v, i) => this.domain(v, ask[i]!, args[i]!.place, `value ${i + 1} of ${name}`));
      return {
        code: {
          op: 'ask',
          what: name as Ask,
          of: values[0]?.code ?? { op: 'self' },
          also: values[1]?.code ?? constant(0),
        },
        type: name === 'cpu_of' ? 'cpu' : name === 'vcpu_of' ? 'vcpu' : COUNTS.has(name) ? 'int' : 'bool',
      };
    }
    const def = kernel.lets.get(name);
    if (def)
      return this.let(
        def,
        args.map((a) => this.typed(a, locals)),
        place,
      );
    const thread = layout.threads.get(name);
    if (thread) {
      takes(1);
      const { per } = thread.decl;
      if (per === 'one') throw new TextError(place, `there is one ${name}`, `write ${name}`);
      const value = this.typed(args[0]!, locals);
      this.domain(value, per, args[0]!.place, `the index of ${name}`);
      const index = value.code;
      if (index.op !== 'const')
        return { code: { op: 'instance', first: thread.first, count: thread.count, index, what: name }, type: 'task' };
      if (index.value < 0 || index.value >= thread.count)
        throw new TextError(place, `there is no ${name} ${index.value}`, `it has ${thread.count}, from 0`);
      return { code: constant(thread.first + index.value), type: 'task' };
    }
    if (kernel.fns.has(name))
      throw new TextError(
        place,
        `${name} is a function: its value must be stored first`,
        `write err = ${name}(...) on a line of its own`,
      );
    throw new TextError(place, `${name} is not known here`, this.suggest(name, locals));
  }

  /** returned(actor, action, value): some finished action of that actor by that name had this result. */
  private returned(args: readonly Ast.Expr[], place: Place, locals: Locals): Typed {
    const [who, what] = args;
    if (who?.kind !== 'name' || what?.kind !== 'name')
      throw new TextError(place, 'returned() takes an actor, an action and a value', 'returned(admin, online, -EIO)');
    const actor = this.layout.actors.find((a) => a.name === who.name);
    if (!actor)
      throw new TextError(
        who.place,
        `there is no actor ${who.name}`,
        didYouMean(
          who.name,
          this.layout.actors.map((a) => a.name),
        ),
      );
    const matching = actor.actions.map((action, i) => ({ action, i })).filter(({ action }) => action.fn === what.name);
    if (matching.length === 0)
      throw new TextError(
        what.place,
        `${who.name} has no action ${what.name}`,
        didYouMean(
          what.name,
          actor.actions.map((a) => a.fn),
        ),
      );
    const value = this.typed(args[2]!, locals).code;
    const each = matching.map(({ action, i }): Code => ({
      op: 'bin',
      how: 'and',
      left: { op: 'bin', how: '>', left: { op: 'cell', at: actor.progress }, right: constant(i) },
      right: { op: 'bin', how: '==', left: { op: 'cell', at: action.resultCell }, right: value },
    }));
    return { code: each.reduce((left, right) => ({ op: 'bin', how: 'or', left, right })), type: 'bool' };
  }

  private plusOne(code: Code): Code {
    return { op: 'bin', how: '+', left: code, right: constant(1) };
  }

  private binary(expr: Extract<Ast.Expr, { kind: 'binary' }>, locals: Locals): Typed {
    const { op } = expr;
    if (op === 'in') {
      if (expr.right.kind !== 'name') throw new TextError(expr.right.place, '"in" is followed by the name of a mask');
      const mask = this.mask(expr.right.name, expr.right.place);
      const cpu = this.typed(expr.left, locals);
      this.domain(cpu, 'cpu', expr.left.place, 'what is in a mask');
      if (cpu.code.op === 'const') {
        if (cpu.code.value < 0 || cpu.code.value >= mask.count) return { code: constant(0), type: 'bool' };
        return { code: { op: 'cell', at: mask.base + cpu.code.value }, type: 'bool' };
      }
      return {
        code: { op: 'cellAt', base: mask.base, count: mask.count, index: cpu.code, what: expr.right.name },
        type: 'bool',
      };
    }
    const left = this.typed(expr.left, locals);
    const right = this.typed(expr.right, locals);
    if (
      (op === '==' || op === '!=') &&
      left.type &&
      right.type &&
      left.type !== right.type &&
      DOMAINS.has(left.type) &&
      DOMAINS.has(right.type)
    ) {
      throw new TextError(expr.place, `a ${left.type} is compared with a ${right.type}`);
    }
    const type = op === '+' || op === '-' ? left.type || right.type : 'bool';
    if (left.code.op === 'const' && right.code.op === 'const')
      return { code: constant(fold(op, left.code.value, right.code.value)), type };
    if (left.code.op === 'const' && op === 'and') return left.code.value ? right : { code: constant(0), type };
    if (left.code.op === 'const' && op === 'or') return left.code.value ? { code: constant(1), type } : right;
    return { code: { op: 'bin', how: op, left: left.code, right: right.code }, type };
  }
}
