/** What one instruction does, as Promela statements. How control goes on after it is not said here (`steps.ts`). */
import { Dying, HANDLER_CPU, Head, Hook, IrqOff, type Code, type Instr, type StoreAt } from '../program';
import { cells, DEAD, RUNNABLE, SLEEPING, type Codes } from './codes';
import {
  and,
  atom,
  compare,
  eq,
  FALSE,
  isFalse,
  isTrue,
  known,
  minus,
  ne,
  not,
  num,
  or,
  plus,
  type Expr,
} from './expr';
import { callsOn, mustNotSleep } from './waits';
import type { Env, Field, Vars } from './vars';

type Of<O extends Instr['op']> = Extract<Instr, { op: O }>;

/** Statements; `ends`: the context is at no instruction after them, or somewhere that they have put it. */
export interface Done {
  readonly lines: readonly string[];
  readonly ends: boolean;
}

/** Head fields that a context loses when it ends, and those of the call that it has sent. */
const OWN: readonly Field[] = ['pc', 'run', 'preempt', 'irqOff', 'notifier', 'hook', 'resume', 'peer', 'dying'];
const CALL: readonly Field[] = ['arg0', 'arg1', 'entry'];

export class Statements {
  private readonly vars: Vars;

  constructor(
    private readonly codes: Codes,
    /** Brings another context from this entry to where others can see it. */
    private readonly settle: (env: Env, entry: number | 'any call') => string[],
  ) {
    this.vars = codes.vars;
  }

  /** Ends the run where this holds: the text did what no machine can. */
  unless(bad: Expr): string[] {
    if (isFalse(bad)) return [];
    if (isTrue(bad)) return ['text_error()', 'break'];
    return [`if :: ${bad.text} -> text_error(); break :: else -> skip fi`];
  }

  set(field: Field, x: Expr, value: string): string[] {
    if (!this.vars.hasField(field)) return [];
    return [`${this.vars.field(field, x).text} = ${value}`];
  }

  /** One check for all that can be wrong with it; `also`: with its value. */
  private store(at: StoreAt, value: Expr, env: Env, also: Expr = FALSE): string[] {
    const { program } = this.vars;
    const by = this.codes.asker(env);
    const into = (to: string, lo: number, hi: number, bad: Expr = FALSE): string[] => [
      ...this.unless(or(also, bad, compare('<', value, num(lo)), compare('>', value, num(hi)))),
      `${to} = ${value.text}`,
    ];
    if (at.op === 'local') return into(this.vars.local(env, at.slot).text, at.lo, at.hi);
    if (at.op === 'cell') return into(this.vars.target(at.at).text, program.lo[at.at]!, program.hi[at.at]!);
    const index = this.codes.expr(at.index, by);
    const i = known(index);
    const outside = or(this.codes.bad(at.index, by), compare('<', index, FALSE), compare('>=', index, num(at.count)));
    if (isTrue(outside)) return this.unless(outside);
    const to = i === null ? this.vars.elementText(at.base, index) : this.vars.target(at.base + i).text;
    return into(to, program.lo[at.base]!, program.hi[at.base]!, outside);
  }

  /** All values are those from before the first assignment. */
  private stores({ stores }: Of<'set'>, env: Env): string[] {
    const by = this.codes.asker(env);
    const values = stores.map((s) => this.codes.expr(s.value, by));
    const bad = or(...stores.map((s) => this.codes.bad(s.value, by)));
    const alone = stores.length === 1;
    const lines = alone ? [] : this.unless(bad);
    const written: string[] = [];
    const later: string[] = [];
    const clean: string[] = [];
    stores.forEach((s, k) => {
      let value = values[k]!;
      if (written.some((name) => new RegExp(`\\b${name}\\b`).test(value.text)) || this.macros(value, written)) {
        const name = `before_${k}`;
        this.vars.temporaries = Math.max(this.vars.temporaries, k + 1);
        lines.push(`${name} = ${value.text}`);
        clean.push(`${name} = 0`);
        value = { ...value, text: name, binds: 4 };
      }
      const done = this.store(s.at, value, env, alone ? bad : FALSE);
      later.push(...done);
      written.push(/^\w+/.exec(done.at(-1)!)?.[0] ?? '');
    });
    return [...lines, ...later, ...clean];
  }

  /** A macro may read anything. */
  private macros(value: Expr, written: readonly string[]): boolean {
    return written.length > 0 && /\w\(|in_kernel/.test(value.text);
  }

  /** `choice`: what the explorer chose, where the instruction leaves something open. */
  do(pc: number, env: Env, choice: Expr): Done {
    const instr = this.vars.program.code[pc]!;
    const { vars, codes } = this;
    const by = codes.asker(env);
    const { x, cpu } = env;
    const value = (code: Code): Expr => codes.expr(code, by);
    const bad = (...parts: readonly Code[]): string[] => this.unless(or(...parts.map((p) => codes.bad(p, by))));
    const on = (...lines: readonly string[]): Done => ({ lines: [...lines, ...this.clear(instr, env)], ends: false });
    const end = (...lines: readonly string[]): Done => ({ lines, ends: true });
    const noSleep = (): string[] => this.unless(mustNotSleep(codes, env));
    switch (instr.op) {
      case 'set':
        return on(...this.stores(instr, env));
      case 'branch':
        // what it clears it may have read: that comes with the way it goes
        return { lines: bad(instr.cond), ends: false };
      case 'switch':
        return { lines: bad(instr.on), ends: false };
      case 'choose':
      case 'pick':
        return on(...this.store(instr.at, choice, env));
      case 'guest':
        return on(...(instr.at ? this.store(instr.at, choice, env) : []));
      case 'lock':
        return on(...(instr.mode === 'spin' ? this.spinTaken(env) : noSleep()), ...this.lock(instr, env));
      case 'unlock':
        return on(...this.unlock(instr, env));
      case 'await':
        return on(...noSleep());
      case 'irq': {
        const off = vars.field('irqOff', x).text;
        const stand = and(eq(vars.field('dying', x), Dying.held), num(vars.isTask(env.family) ? 1 : 0));
        const stop =
          instr.on && vars.stands && !isFalse(stand)
            ? [`if :: ${stand.text} -> ${this.stand(env)}; break :: else -> skip fi`]
            : [];
        return on(...stop, `${off} = ${instr.on ? `${off} & ${7 - instr.why}` : `${off} | ${instr.why}`}`);
      }
      case 'preempt': {
        const count = vars.field('preempt', x);
        return on(
          ...this.unless(eq(count, instr.on ? 0 : 7)),
          `${count.text} = ${plus(count, instr.on ? -1 : 1).text}`,
        );
      }
      case 'notifier':
        return on(...this.set('notifier', x, instr.on ? '1' : '0'));
      case 'fail':
        return end(...bad(...instr.args), ...this.unless(num(1)));
      case 'panic':
        return end(`${vars.panic.text} = 1`);
      case 'bug': {
        const survives = vars.isTask(env.family) && vars.program.hooks.killed !== 0;
        return { lines: this.bug(env), ends: !survives };
      }
      case 'ipi':
        return on(...this.send(instr, env));
      case 'ipiend':
        return end(...this.endOfCall(env));
      case 'start':
        return on(...bad(instr.cpu), ...this.start(instr, env));
      case 'poweroff':
        return end(`${vars.current(cpu).text} = 0`, ...this.reset(env));
      case 'stop':
        return on(...noSleep(), ...this.stop(instr, env));
      case 'stopend': {
        const waiting = { ...minus(vars.field('peer', x), num(1)), binds: 3 };
        return end(
          ...this.set('arg0', waiting, vars.local(env, 0).text),
          ...this.reset(env),
          `${vars.stopped.text} = 0`,
        );
      }
      case 'stopresult': {
        const result = vars.field('arg0', x);
        if (!instr.at) return on(`${result.text} = 0`);
        return on(...this.store(instr.at, result, env), `${result.text} = 0`);
      }
      case 'spawn':
        return on(...bad(...instr.args), ...this.spawn(instr, env));
      case 'exit':
        return end(...this.exit(env));
      case 'allow':
        return on(...bad(instr.task, ...(instr.cpu ? [instr.cpu] : [])), ...this.allow(instr, env));
      case 'end':
        return on(
          ...bad(instr.state, instr.cpu, instr.result),
          ...(instr.at ? this.store(instr.at, value(instr.result), env) : []),
        );
      case 'begin':
        return on(...bad(instr.state, instr.cpu));
      case 'fired':
        return on(...(instr.hitsCell >= 0 ? this.counted(instr.hitsCell) : []));
      case 'hookend':
        return end(...this.hookEnd(env));
      case 'action':
        if (instr.begin) return on();
        return on(
          `${vars.target(instr.resultCell).text} = ${value(instr.result).text}`,
          `${vars.target(instr.progressCell).text} = ${instr.index + 1}`,
        );
      case 'yield':
      case 'rest':
        return on(...noSleep());
      case 'log':
      case 'warn':
      case 'trace':
        return on(...bad(...instr.args));
      case 'nop':
      case 'opaque':
      case 'ipiwait':
      case 'spin':
      case 'idle':
      case 'ud':
        return on();
    }
  }

  private counted(cell: number): string[] {
    const hits = this.vars.target(cell);
    return [...this.unless(eq(hits, this.vars.program.hi[cell]!)), `${hits.text} = ${plus(hits, 1).text}`];
  }

  clear(instr: Instr, env: Env): string[] {
    if (!instr.clear) return [];
    const [from, to] = instr.clear;
    return this.vars
      .slotsOf(env.family)
      .filter((slot) => slot >= from && slot < to)
      .map((slot) => `${this.vars.local(env, slot).text} = 0`);
  }

  // ---- locks

  private spinTaken(env: Env): string[] {
    const count = this.vars.field('preempt', env.x);
    return [...this.unless(eq(count, 7)), `${count.text} = ${plus(count, 1).text}`];
  }

  private lock({ lock, mode }: Of<'lock'>, { x }: Env): string[] {
    const held = this.vars.target(this.vars.program.locks[lock]!.cell);
    if (mode === 'read') return [`${held.text} = ${plus(held, 1).text}`];
    return [`${held.text} = ${mode === 'write' ? `-(${x.text} + 1)` : `${x.text} + 1`}`];
  }

  private unlock(instr: Of<'unlock'>, { x }: Env): string[] {
    const { vars } = this;
    const lock = vars.program.locks[instr.lock]!;
    const held = vars.target(lock.cell);
    const mine =
      instr.mode === 'read'
        ? compare('>', held, FALSE)
        : eq(held, atom(instr.mode === 'write' ? `-(${x.text} + 1)` : `(${x.text} + 1)`, held.lo, held.hi));
    const count = vars.field('preempt', x);
    return [
      ...this.unless(not(mine)),
      `${held.text} = ${instr.mode === 'read' ? plus(held, -1).text : '0'}`,
      ...(instr.mode === 'spin' ? [...this.unless(eq(count, 0)), `${count.text} = ${plus(count, -1).text}`] : []),
    ];
  }

  // ---- calls to other CPUs

  private send(instr: Of<'ipi'>, env: Env): string[] {
    const { vars, codes } = this;
    const { machine, cpus } = vars.program;
    const by = codes.asker(env);
    const to = cells(cpus).map((c) => callsOn(codes, instr, env, c));
    const any = or(...to);
    if (isFalse(any)) return [];
    const args = [0, 1].map((i) => (instr.args[i] ? codes.expr(instr.args[i], by) : FALSE));
    const number = to.reduce<Expr>(
      (sum, c) => plus(sum, isFalse(c) || isTrue(c) ? c : atom(`(${c.text})`, 0, 1)),
      FALSE,
    );
    const calls = to.flatMap((here, c) => {
      if (isFalse(here)) return [];
      const slots = cells(machine.queueDepth).map((slot) => vars.queue(c, slot));
      const put = slots.reduceRight(
        (rest, slot, k) =>
          k === slots.length - 1
            ? `${slot.text} = ${env.x.text} + 1`
            : `if :: ${slot.text} == 0 -> ${slot.text} = ${env.x.text} + 1 :: else -> ${rest} fi`,
        '',
      );
      return [`if :: ${here.text} -> ${put} :: else -> skip fi`];
    });
    const bad = this.unless(
      or(...instr.args.map((a) => codes.bad(a, by)), ...(instr.cpu ? [codes.bad(instr.cpu, by)] : [])),
    );
    const body = [
      ...this.set('arg0', env.x, args[0]!.text),
      ...this.set('arg1', env.x, args[1]!.text),
      ...this.set('entry', env.x, String(instr.entry)),
      ...this.set('calls', env.x, number.text),
      ...calls,
    ];
    return [...bad, isTrue(any) ? body.join('; ') : `if :: ${any.text} -> ${body.join('; ')} :: else -> skip fi`];
  }

  /** The first call in the queue of this interrupt's CPU becomes the one that runs. */
  takeIrq(env: Env): string[] {
    const { vars } = this;
    const { machine, contexts, lo, hi, cpus } = vars.program;
    const depth = machine.queueDepth;
    const queue = (c: number, slot: number): string => vars.queue(c, slot).text;
    const shift = (c: number): string =>
      [
        `${vars.field('peer', env.x).text} = ${queue(c, 0)}`,
        ...cells(depth - 1).map((slot) => `${queue(c, slot)} = ${queue(c, slot + 1)}`),
        `${queue(c, depth - 1)} = 0`,
      ].join('; ');
    const each = cells(cpus).map((c) => `:: ${env.i.text} == ${c} -> ${shift(c)}`);
    const sender = { ...minus(vars.field('peer', env.x), num(1)), binds: 3 };
    const context = contexts[env.family.first]!;
    const args = ([0, 1] as const).flatMap((slot) => {
      if (slot >= context.locals) return [];
      const cell = context.base + Head.size + slot;
      const given = vars.field(slot === 0 ? 'arg0' : 'arg1', sender).text;
      const local = vars.local(env, slot).text;
      const low =
        given === '' ? '' : ` :: ${given} != ${HANDLER_CPU} && ${given} < ${lo[cell]!} -> ${local} = ${lo[cell]!}`;
      return [
        `if :: ${given} == ${HANDLER_CPU} -> ${local} = ${env.cpu.text}${low} :: ${given} > ${hi[cell]!} -> ${local} = ${hi[cell]!} :: else -> ${local} = ${given} fi`,
      ];
    });
    return [
      cpus === 1 ? shift(0) : `if ${each.join(' ')} fi`,
      `${vars.inIrq(env.cpu).text} = 1`,
      ...this.set('run', env.x, 'RUNNABLE'),
      ...this.set('pc', env.x, vars.field('entry', sender).text),
      ...args,
      ...this.settle(env, 'any call'),
    ];
  }

  private endOfCall(env: Env): string[] {
    const { vars } = this;
    const sender = { ...minus(vars.field('peer', env.x), num(1)), binds: 3 };
    const left = vars.field('calls', sender);
    return [
      `${left.text} = ${left.text} - 1`,
      `if :: ${left.text} == 0 -> ${CALL.flatMap((f) => this.set(f, sender, '0')).join('; ')} :: else -> skip fi`,
      `${vars.inIrq(env.cpu).text} = 0`,
      ...this.reset(env),
    ];
  }

  // ---- contexts that begin and end

  private reset(env: Env): string[] {
    const { vars } = this;
    const calls = vars.field('calls', env.x);
    const call = CALL.flatMap((f) => this.set(f, env.x, '0')).join('; ');
    return [
      ...vars.slotsOf(env.family).map((slot) => `${vars.local(env, slot).text} = 0`),
      ...OWN.flatMap((f) => this.set(f, env.x, '0')),
      `if :: ${calls.text} == 0 -> ${call} :: else -> skip fi`,
    ];
  }

  /** An instance of a family, as code outside it names it. */
  instance(x: number): Env {
    const family = this.vars.reach.families.find((f) => f.first <= x && x < f.first + f.count)!;
    const { cpu } = this.vars.program.contexts[x]!;
    const me = this.vars.context(x);
    return {
      family,
      x: me,
      i: num(x - family.first),
      cpu: this.vars.isTask(family) ? { ...this.vars.field('cpu', me), lo: 0 } : num(cpu),
    };
  }

  /** The idle task or the stopper of a CPU that is known only when it runs. */
  private onCpu(kind: 'idle' | 'stopper', c: Expr): Env {
    const family = this.vars.reach.families.find((f) => f.kind === kind)!;
    if (known(c) !== null) return this.instance(family.first + known(c)!);
    const x = {
      ...atom(`${this.vars.contextNames[family.first]!} + ${c.text}`, family.first, family.first + family.count - 1),
      binds: 3,
    };
    return { family, x, i: c, cpu: c };
  }

  private start(instr: Of<'start'>, env: Env): string[] {
    const { vars } = this;
    const c = this.codes.expr(instr.cpu, this.codes.asker(env));
    const outside = or(compare('<', c, FALSE), compare('>=', c, num(vars.program.cpus)));
    const here = { ...c, lo: Math.max(0, c.lo), hi: Math.min(c.hi, vars.program.cpus - 1) };
    const idle = this.onCpu('idle', here);
    return [
      ...this.unless(outside),
      ...(isTrue(outside)
        ? []
        : [
            ...this.unless(ne(vars.current(here), 0)),
            `${vars.current(here).text} = ${idle.x.text} + 1`,
            ...this.set('pc', idle.x, String(instr.entry)),
            ...this.set('run', idle.x, 'RUNNABLE'),
            ...this.set('irqOff', idle.x, String(IrqOff.text)),
            ...this.settle(idle, instr.entry),
          ]),
    ];
  }

  private stop(instr: Of<'stop'>, env: Env): string[] {
    const { vars, codes } = this;
    const by = codes.asker(env);
    const c = codes.expr(instr.cpu, by);
    const stopper = this.onCpu('stopper', { ...c, lo: Math.max(0, c.lo), hi: Math.min(c.hi, vars.program.cpus - 1) });
    return [
      ...this.unless(or(codes.bad(instr.cpu, by), ...instr.args.map((a) => codes.bad(a, by)))),
      `${vars.stopped.text} = ${stopper.x.text} + 1`,
      ...instr.args.map((a, i) => `${vars.local(stopper, 1 + i).text} = ${codes.expr(a, by).text}`),
      ...this.set('pc', stopper.x, String(instr.entry)),
      ...this.set('run', stopper.x, 'RUNNABLE'),
      ...this.set('irqOff', stopper.x, String(IrqOff.text)),
      ...this.set('peer', stopper.x, `${env.x.text} + 1`),
      ...this.settle(stopper, instr.entry),
    ];
  }

  private spawn(instr: Of<'spawn'>, env: Env): string[] {
    const { vars, codes } = this;
    const thread = vars.program.threads[instr.thread]!;
    const arg = instr.args[0] ? codes.expr(instr.args[0], codes.asker(env)) : FALSE;
    const one = (k: number): string => this.begin(thread.contexts[k]!, k, thread.entry, env).join('; ');
    const k = known(arg);
    if (k !== null) {
      if (thread.contexts[k] === undefined) return this.unless(num(1));
      return this.begin(thread.contexts[k], k, thread.entry, env);
    }
    const options = thread.contexts.flatMap((_, n) => {
      const is = eq(arg, n);
      return isFalse(is) ? [] : [`:: ${is.text} -> ${one(n)}`];
    });
    const none = this.unless(num(1)).join('; ');
    return [`if ${options.join(' ')} :: else -> ${none} fi`];
  }

  private begin(y: number, arg: number, entry: number, env: Env): string[] {
    const { vars } = this;
    const { allowed, cpu, locals, vcpu, kind } = vars.program.contexts[y]!;
    const it = this.instance(y);
    const run = vars.field('run', it.x);
    const open = allowed < 0 ? [] : cells(vars.program.cpus).map((c) => allowed + c);
    return [
      ...this.unless(or(eq(run, RUNNABLE), eq(run, SLEEPING))),
      ...vars.slotsOf(it.family).map((slot) => `${vars.local(it, slot).text} = 0`),
      ...(['preempt', 'irqOff', 'notifier', 'hook', 'resume'] as const).flatMap((f) => this.set(f, it.x, '0')),
      ...open.filter((cell) => vars.reach.changes[cell] !== 0).map((cell) => `${vars.target(cell).text} = 1`),
      ...(locals > 0 && (vcpu >= 0 || kind === 'percpu') ? [`${vars.local(it, 0).text} = ${arg}`] : []),
      ...this.set('pc', it.x, String(entry)),
      ...this.set('run', it.x, 'SLEEPING'),
      ...this.set('cpu', it.x, cpu >= 0 ? String(cpu) : env.cpu.text),
      ...this.settle(it, entry),
    ];
  }

  private exit(env: Env): string[] {
    const { vars } = this;
    const { x, cpu } = env;
    const dying = vars.field('dying', x);
    const ended = [
      `if :: ${dying.text} != 0 -> ${[...this.reset(env), ...this.set('run', x, 'DEAD')].join('; ')} :: else -> ${this.reset(env).join('; ')} fi`,
      `if :: ${vars.holds(vars.current(cpu), x).text} -> ${this.toIdle(cpu)} :: else -> skip fi`,
    ];
    if (!vars.isTask(env.family)) return ended;
    if (!vars.stands) return ended;
    return [`if :: ${dying.text} == ${Dying.held} -> ${this.stand(env)} :: else -> ${ended.join('; ')} fi`];
  }

  /** Its CPU goes on with its idle task. */
  toIdle(cpu: Expr): string {
    return `${this.vars.current(cpu).text} = ${this.vars.idle(cpu).text} + 1`;
  }

  private stand({ x }: Env): string {
    return [...this.set('pc', x, '0'), ...this.set('run', x, DEAD.text)].join('; ');
  }

  /** What a BUG does, by who runs into it. */
  private bug(env: Env): string[] {
    const { vars } = this;
    const { x, cpu, family } = env;
    const oops = `${vars.oops.text} = (${vars.oops.text} < 3 -> ${vars.oops.text} + 1 : 3)`;
    if (family.kind === 'irq' || family.kind === 'idle') return [oops, `${vars.panic.text} = 1`];
    if (family.kind === 'stopper') return [oops, this.stand(env)];
    const { killed } = vars.program.hooks;
    const held = eq(vars.field('hook', x), Hook.out);
    const stand = isFalse(held)
      ? `${this.stand(env)}; ${this.toIdle(cpu)}`
      : `${this.stand(env)}; if :: ${held.text} -> skip :: else -> ${this.toIdle(cpu)} fi`;
    if (killed === 0) return [oops, stand];
    const irqOff = vars.field('irqOff', x).text;
    const die = [
      `${irqOff} = (${irqOff} == 0 -> 0 : ${IrqOff.text})`,
      ...this.set('resume', x, '0'),
      ...this.set('dying', x, isFalse(held) ? String(Dying.yes) : `(${held.text} -> ${Dying.held} : ${Dying.yes})`),
      ...this.set('hook', x, '0'),
    ].join('; ');
    const again = and(ne(vars.field('dying', x), Dying.no), not(held));
    return [oops, `if :: ${again.text} -> ${stand}; break :: else -> ${die} fi`];
  }

  // ---- scheduling hooks and affinity

  private hookEnd(env: Env): string[] {
    const { vars } = this;
    const { x, cpu } = env;
    const slot = vars.slotsOf(env.family).includes(vars.program.hooks.locals)
      ? [`${vars.local(env, vars.program.hooks.locals).text} = 0`]
      : [];
    const irqOff = vars.field('irqOff', x).text;
    const preempt = vars.field('preempt', x).text;
    return [
      ...slot,
      ...this.set('pc', x, vars.field('resume', x).text),
      ...this.set('resume', x, '0'),
      `if :: ${vars.field('hook', x).text} == OUT -> ${[...this.set('hook', x, '0'), `${irqOff} = ${irqOff} & ${7 - IrqOff.hook}`, this.toIdle(cpu)].join('; ')} :: else -> ${[...this.set('hook', x, '0'), `${preempt} = ${preempt} - 1`].join('; ')} fi`,
    ];
  }

  enterHook(env: Env, which: 'in' | 'out', entry: number): string[] {
    const { vars } = this;
    const { family, x } = env;
    const vcpus = cells(family.count).map((i) => Math.max(0, vars.program.contexts[family.first + i]!.vcpu));
    const vcpu = vcpus.every((v, i) => v === vcpus[0]! + i) ? plus(env.i, vcpus[0]!).text : String(vcpus[0]);
    return [
      ...this.set('resume', x, vars.field('pc', x).text),
      ...this.set('pc', x, String(entry)),
      ...this.set('hook', x, which === 'out' ? 'OUT' : 'IN'),
      `${vars.local(env, vars.program.hooks.locals).text} = ${family.count > 1 ? vcpu : String(vcpus[0])}`,
      ...this.settle(env, entry),
    ];
  }

  /** The current task gives up its CPU, after what it has to do first. */
  leave(env: Env): string[] {
    const { vars } = this;
    const { x, cpu } = env;
    const { out } = vars.program.hooks;
    if (!vars.hooks || out === 0 || !env.family.code.includes(out)) return [this.toIdle(cpu)];
    const hooked = and(ne(vars.field('notifier', x), 0), eq(vars.field('hook', x), Hook.none));
    const irqOff = vars.field('irqOff', x).text;
    const hook = [`${irqOff} = ${irqOff} | ${IrqOff.hook}`, ...this.enterHook(env, 'out', out)].join('; ');
    return [`if :: ${hooked.text} -> ${hook} :: else -> ${this.toIdle(cpu)} fi`];
  }

  private allow(instr: Of<'allow'>, env: Env): string[] {
    const { vars, codes } = this;
    const { contexts, cpus } = vars.program;
    const by = codes.asker(env);
    const task = codes.expr(instr.task, by);
    const only = instr.cpu ? codes.expr(instr.cpu, by) : num(-1);
    const one = (y: number): string => {
      const { allowed } = contexts[y]!;
      const masks = cells(cpus).map(
        (c) => `${vars.target(allowed + c).text} = ${or(compare('<', only, FALSE), eq(only, c)).text}`,
      );
      const on = vars.field('cpu', vars.context(y));
      const held = and(compare('>=', on, FALSE), codes.rqHeld({ ...on, lo: 0 }));
      if (isFalse(held)) return masks.join('; ');
      return `if :: ${held.text} -> ${vars.rqWait(env.cpu).text} = ${vars.contextNames[y]!} + 1; break :: else -> skip fi; ${masks.join('; ')}`;
    };
    const options = contexts.flatMap((c, y) => {
      const is = eq(task, vars.context(y));
      return c.allowed < 0 || isFalse(is) ? [] : [{ is, y }];
    });
    if (options.length === 1 && isTrue(options[0]!.is)) return [one(options[0]!.y)];
    const none = this.unless(num(1)).join('; ');
    return [`if ${options.map((o) => `:: ${o.is.text} -> ${one(o.y)}`).join(' ')} :: else -> ${none} fi`];
  }
}
