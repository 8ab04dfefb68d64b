/** `Code` to Promela, the questions about tasks and CPUs included; and when evaluating it would be an error of the text. */
import { Hook, Run, type Ask, type Code, type Program } from '../program';
import {
  and,
  atom,
  binary,
  compare,
  eq,
  FALSE,
  isFalse,
  known,
  minus,
  ne,
  not,
  num,
  or,
  pick,
  plus,
  TRUE,
} from './expr';
import type { Expr } from './expr';
import type { Env, Vars } from './vars';

/** What an expression is evaluated for: a context, or a rule with its parameters. */
export interface Asker {
  readonly x: Expr;
  readonly cpu: Expr;
  readonly local: (slot: number) => Expr;
}

export class Codes {
  readonly program: Program;
  /** Contexts that the scheduler may move, and those and the kthreads of one CPU: in the machine's order. */
  readonly floating: readonly number[];
  readonly schedulable: readonly number[];
  private readonly mayRuns = new Map<number, string>();
  readonly macros: string[] = [];
  private readonly once = new Map<string, string>();

  constructor(readonly vars: Vars) {
    const { program } = vars;
    this.program = program;
    this.floating = program.contexts.flatMap((c, x) => (c.allowed >= 0 ? [x] : []));
    const bound = program.contexts.flatMap((c, x) => (c.kind === 'percpu' ? [x] : []));
    this.schedulable = [...this.floating, ...bound];
  }

  asker(env: Env): Asker {
    return { x: env.x, cpu: env.cpu, local: (slot) => this.vars.local(env, slot) };
  }

  /** The parameters of a rule are its first locals. */
  rule(...params: readonly Expr[]): Asker {
    return { x: num(this.program.contexts.length), cpu: FALSE, local: (slot) => params[slot] ?? FALSE };
  }

  expr(code: Code, by: Asker): Expr {
    const of = (part: Code): Expr => this.expr(part, by);
    switch (code.op) {
      case 'const':
        return num(code.value);
      case 'cell':
        return this.vars.cell(code.at);
      case 'cellAt':
        return this.vars.element(code.base, code.count, of(code.index));
      case 'instance': {
        const sum = plus(of(code.index), code.first);
        return known(sum) === null ? sum : this.vars.context(known(sum)!);
      }
      case 'local':
        return by.local(code.slot);
      case 'this':
        return by.cpu;
      case 'self':
        return by.x;
      case 'not':
        return not(of(code.of));
      case 'minus':
        return minus(FALSE, of(code.of));
      case 'count':
        return cells(code.count).reduce<Expr>((sum, i) => plus(sum, this.vars.cell(code.base + i)), FALSE);
      case 'firstFrom': {
        const from = of(code.from);
        return cells(code.count).reduceRight<Expr>(
          (rest, i) => pick(and(compare('<=', from, num(i)), this.vars.cell(code.base + i)), num(i), rest),
          num(-1),
        );
      }
      case 'nextState':
        return this.nextState(code.up, of(code.from), of(code.target));
      case 'ask':
        return this.ask(code.what, of(code.of), of(code.also));
      case 'bin':
        return binary(code.how, of(code.left), of(code.right));
    }
  }

  /** Whether evaluating it asks for an element that does not exist. */
  bad(code: Code, by: Asker): Expr {
    const bad = (part: Code): Expr => this.bad(part, by);
    switch (code.op) {
      case 'cellAt':
      case 'instance': {
        const index = this.expr(code.index, by);
        return or(bad(code.index), compare('<', index, FALSE), compare('>=', index, num(code.count)));
      }
      case 'not':
      case 'minus':
        return bad(code.of);
      case 'firstFrom':
        return bad(code.from);
      case 'nextState':
        return or(bad(code.from), bad(code.target));
      case 'ask':
        return or(bad(code.of), bad(code.also));
      case 'bin': {
        const left = bad(code.left);
        const right = bad(code.right);
        if (isFalse(right)) return left;
        if (code.how === 'and') return or(left, and(this.expr(code.left, by), right));
        if (code.how === 'or') return or(left, and(not(this.expr(code.left, by)), right));
        return or(left, right);
      }
      default:
        return FALSE;
    }
  }

  // ---- hotplug states

  private registered(cell: number): Expr {
    return cell < 0 ? TRUE : this.vars.cell(cell);
  }

  private nextState(up: boolean, from: Expr, target: Expr): Expr {
    const f = atom('from', from.lo, from.hi);
    const to = atom('to', target.lo, target.hi);
    const further = up ? pick(compare('>', f, to), f, to) : pick(compare('<', f, to), f, to);
    const states = this.program.states.filter((st) => (up ? st.up : st.down) !== '');
    if (!up) states.reverse();
    const found = states.reduceRight<Expr>((rest, st) => {
      const n = num(st.number);
      const between = up
        ? and(compare('<', f, n), compare('<=', n, to))
        : and(compare('<=', n, f), compare('<', to, n));
      return pick(and(between, this.registered(st.registeredCell)), n, rest);
    }, further);
    const name = this.macro(
      up ? 'next_up' : 'next_down',
      `(from, to)`,
      `${from.lo},${from.hi},${target.lo},${target.hi}`,
      found,
    );
    return atom(`${name}(${from.text}, ${target.text})`, found.lo, found.hi);
  }

  private hasCallback(state: Expr, up: boolean): Expr {
    const n = atom('n', state.lo, state.hi);
    const found = or(
      ...this.program.states
        .filter((st) => (up ? st.up : st.down) !== '')
        .map((st) => and(eq(n, st.number), this.registered(st.registeredCell))),
    );
    if (found.lo === found.hi) return found;
    const name = this.macro(up ? 'has_up' : 'has_down', '(n)', `${state.lo},${state.hi}`, found);
    return atom(`${name}(${state.text})`, 0, 1);
  }

  /** A #define, written once for each thing that it may be asked for. */
  macro(wanted: string, params: string, key: string, body: Expr): string {
    const id = `${wanted}|${key}`;
    let name = this.once.get(id);
    if (name === undefined) {
      name = this.vars.name(wanted);
      this.once.set(id, name);
      this.macros.push(`#define ${name}${params} (${body.text})`);
    }
    return name;
  }

  // ---- tasks and CPUs

  private isCpu(c: Expr): Expr {
    return and(compare('>=', c, FALSE), compare('<', c, num(this.program.cpus)));
  }

  private ask(what: Ask, of: Expr, also: Expr): Expr {
    const { vars, program } = this;
    const there = compare('>=', of, FALSE);
    const run = (): Expr => vars.field('run', of);
    switch (what) {
      case 'running':
        return and(there, this.isCpu(also), vars.holds(vars.current(also), of));
      case 'tasks_on':
        return this.floating.reduce<Expr>((sum, x) => {
          const on = and(eq(vars.field('run', vars.context(x)), RUNNABLE), eq(vars.field('cpu', vars.context(x)), of));
          return plus(sum, isFalse(on) ? on : atom(`(${on.text})`, 0, 1));
        }, FALSE);
      case 'alive':
        return and(there, ne(run(), 0), ne(run(), DEAD));
      case 'dead':
        return and(there, eq(run(), DEAD));
      case 'sleeping':
        return and(there, eq(run(), SLEEPING));
      case 'settled':
        return or(
          compare('<', of, FALSE),
          ne(run(), RUNNABLE),
          ...this.schedulable.map((x) =>
            and(eq(of, vars.context(x)), this.mayRun(x, vars.field('cpu', vars.context(x)))),
          ),
        );
      case 'vcpu_of':
        return program.contexts.reduceRight<Expr>(
          (rest, c, x) => (c.vcpu < 0 ? rest : pick(eq(of, x), num(c.vcpu), rest)),
          num(-1),
        );
      case 'cpu_of':
        return pick(there, vars.field('cpu', of), num(-1));
      case 'need_resched':
        return and(this.isCpu(of), this.needResched(of));
      case 'irq_pending':
        return and(this.isCpu(of), ne(vars.queueHead(of), 0));
      case 'preempt_count':
        return pick(there, vars.field('preempt', of), FALSE);
      case 'irqs_disabled':
        return and(there, ne(vars.field('irqOff', of), 0));
      case 'actors_busy':
        return program.actors.reduce<Expr>((sum, a) => {
          const busy = and(ne(of, a.context), this.inKernel(a.context));
          return plus(sum, isFalse(busy) ? busy : atom(`(${busy.text})`, 0, 1));
        }, FALSE);
      case 'in_guest':
        return and(there, this.inGuest(of));
      case 'has_up':
        return this.hasCallback(of, true);
      case 'has_down':
        return this.hasCallback(of, false);
      case 'instances':
        return program.states.reduceRight<Expr>((rest, st) => pick(eq(of, st.number), num(st.instances), rest), FALSE);
    }
  }

  /** Somewhere in the code that a context of this kind may come to. */
  isAt(x: Expr, pcs: readonly number[]): Expr {
    return or(...pcs.map((pc) => eq(this.vars.field('pc', x), pc)));
  }

  private inKernel(x: number): Expr {
    const { code, frames } = this.program;
    const { vars } = this;
    const family = vars.reach.families.find((f) => f.first <= x && x < f.first + f.count)!;
    const outside = family.code.filter((pc) => {
      const instr = code[pc]!;
      if (instr.op === 'action') return instr.begin;
      const parent = frames[instr.frame]?.parent ?? -1;
      if (instr.op === 'rest' && parent < 0) return true;
      return instr.op === 'await' && !(parent >= 0 && frames[parent]!.parent >= 0);
    });
    const me = vars.context(x);
    const run = vars.field('run', me);
    const body = and(or(eq(run, RUNNABLE), eq(run, SLEEPING)), not(this.isAt(me, outside)));
    return atom(this.macro(`in_kernel_${vars.contextNames[x]!}`, '', '', body), 0, 1);
  }

  inGuest(x: Expr): Expr {
    const { vars, program } = this;
    const guests = new Set(vars.reach.families.flatMap((f) => f.code.filter((pc) => program.code[pc]!.op === 'guest')));
    if (guests.size === 0) return FALSE;
    const c = vars.field('cpu', x);
    const on = compare('>=', c, FALSE);
    const here = atom(c.text, 0, program.cpus - 1);
    return and(eq(vars.field('run', x), RUNNABLE), this.isAt(x, [...guests]), on, vars.holds(vars.current(here), x));
  }

  /** Affinity mask and placement rule, for a CPU that exists. */
  mayRun(x: number, c: Expr): Expr {
    const context = this.program.contexts[x]!;
    let name = this.mayRuns.get(x);
    const cpu = atom('c', 0, this.program.cpus - 1);
    const body = (at: Expr): Expr => {
      const rule = context.kind === 'percpu' ? 'percpu' : context.kind === 'kthread' ? 'kthread' : 'user';
      const placed = this.expr(this.program.place[rule], this.rule(at, this.vars.context(x)));
      if (context.kind === 'percpu') return and(eq(at, context.cpu), placed);
      return and(this.vars.element(context.allowed, this.program.cpus, at), placed);
    };
    const whole = body(cpu);
    if (whole.lo === whole.hi) return whole;
    if (known(c) !== null && body(c).lo === body(c).hi) return body(c);
    if (name === undefined) {
      name = this.vars.name(`may_run_${this.vars.contextNames[x]!}`);
      this.mayRuns.set(x, name);
      this.macros.push(`#define ${name}(c) (${whole.text})`);
    }
    const call = atom(`${name}(${c.text})`, 0, 1);
    return c.lo >= 0 ? call : and(compare('>=', c, FALSE), call);
  }

  /** A runnable task that waits on this CPU and may run there. */
  othersOn(c: Expr): Expr {
    const { vars } = this;
    const cpu = atom('c', 0, this.program.cpus - 1);
    const body = or(
      ...this.schedulable.map((x) => {
        const me = vars.context(x);
        return and(
          eq(vars.field('run', me), RUNNABLE),
          eq(vars.field('cpu', me), cpu),
          not(vars.holds(vars.current(cpu), me)),
          this.mayRun(x, cpu),
        );
      }),
    );
    return atom(`${this.macro('others_on', '(c)', '', body)}(${c.text})`, 0, 1);
  }

  needResched(c: Expr): Expr {
    const { vars } = this;
    const cpu = atom('c', 0, this.program.cpus - 1);
    const leaves = this.schedulable.map((x) =>
      and(vars.holds(vars.current(cpu), vars.context(x)), not(this.mayRun(x, cpu))),
    );
    const body = or(this.othersOn(cpu), ...leaves);
    return atom(`${this.macro('need_resched', '(c)', '', body)}(${c.text})`, 0, 1);
  }

  /** The CPU idles in its loop, interrupts on or off. */
  idles(c: Expr): Expr {
    const { vars, program } = this;
    const idle = vars.reach.families.find((f) => f.kind === 'idle')!;
    const loops = idle.code.filter((pc) => program.code[pc]!.op === 'idle');
    const cpu = atom('c', 0, program.cpus - 1);
    const me = vars.idle(cpu);
    const body = and(vars.holds(vars.current(cpu), me), this.isAt(me, loops));
    if (isFalse(body)) return body;
    return atom(`${this.macro('idles', '(c)', '', body)}(${c.text})`, 0, 1);
  }

  /** It has a current task that is not its idle task. */
  hasTask(c: Expr): Expr {
    return and(ne(this.vars.current(c), 0), not(this.vars.holds(this.vars.current(c), this.vars.idle(c))));
  }

  /** Interrupts and preemption are on there, or it idles; and nothing above the task runs. */
  preemptible(c: Expr): Expr {
    const { vars } = this;
    const cpu = atom('c', 0, this.program.cpus - 1);
    const x = minus(vars.current(cpu), num(1));
    const task = and(
      this.hasTask(cpu),
      eq(vars.field('preempt', x), 0),
      eq(vars.field('irqOff', x), 0),
      eq(vars.field('hook', x), Hook.none),
    );
    const body = and(this.quiet(cpu), or(this.idles(cpu), task));
    return atom(`${this.macro('preemptible', '(c)', '', body)}(${c.text})`, 0, 1);
  }

  /** Nothing above its current task runs on the CPU, and it does not stand still. */
  quiet(c: Expr): Expr {
    const { vars } = this;
    return and(eq(vars.stopped, 0), eq(vars.inIrq(c), 0), eq(vars.rqWait(c), 0));
  }

  /** A task died on this CPU inside the scheduler: its run queue is locked for ever. */
  rqHeld(c: Expr): Expr {
    const { vars } = this;
    if (!vars.stands) return FALSE;
    const x = minus(vars.current(c), num(1));
    return and(ne(vars.oops, 0), ne(vars.current(c), 0), eq(vars.field('run', x), DEAD));
  }

  /** The text still means something and the host has not panicked. */
  get going(): Expr {
    return and(atom('sound', 0, 1), not(this.vars.panic));
  }
}

export const RUNNABLE = atom('RUNNABLE', Run.runnable, Run.runnable);
export const SLEEPING = atom('SLEEPING', Run.sleeping, Run.sleeping);
export const DEAD = atom('DEAD', Run.dead, Run.dead);

export const cells = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
