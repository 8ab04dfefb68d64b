/** What the machine does with a task beside its steps: puts it to sleep, wakes it, places it, takes its CPU. And interrupts. */
import { Hook } from '../program';
import { cells, RUNNABLE, SLEEPING, type Codes } from './codes';
import { and, eq, FALSE, isFalse, ne, not, num, or, type Expr } from './expr';
import type { Steps } from './steps';
import { mustNotSleep, onTop, placed, takesIrq } from './waits';
import type { Env, Vars } from './vars';

export class SchedulingOptions {
  private readonly vars: Vars;

  constructor(
    private readonly codes: Codes,
    private readonly steps: Steps,
  ) {
    this.vars = codes.vars;
  }

  private step(comment: string, guard: Expr, ...lines: readonly string[]): string[] {
    if (isFalse(guard)) return [];
    return [`:: /* ${comment} */\nd_step { ${guard.text} -> ${lines.join('; ')}; question() }`];
  }

  /** Options of a task's process. */
  task(env: Env, waits: { readonly any: Expr; readonly sleeps: Expr }): string[] {
    const { vars, codes } = this;
    const { x, cpu } = env;
    const run = vars.field('run', x);
    const { statements } = this.steps;
    const bad = mustNotSleep(codes, env);
    const sleep = [...statements.set('run', x, 'SLEEPING'), ...statements.leave(env)].join('; ');
    const idle = vars.idle(cpu);
    const may = this.mayRun(env, cpu);
    const isCurrent = and(placed(codes, env), vars.holds(vars.current(cpu), x));
    const free = and(
      eq(vars.field('preempt', x), 0),
      eq(vars.field('irqOff', x), 0),
      eq(vars.field('hook', x), Hook.none),
    );
    return [
      ...this.step(
        'it has to wait, and gives up its CPU',
        and(onTop(codes, env), eq(run, RUNNABLE), waits.sleeps),
        `if :: ${bad.text} -> text_error() :: else -> ${sleep} fi`,
      ),
      ...this.step(
        'it is put aside',
        and(codes.going, isCurrent, codes.quiet(cpu), free, or(codes.othersOn(cpu), not(may))),
        ...statements.leave(env),
      ),
      ...this.step(
        'an idle CPU takes it up',
        and(
          codes.going,
          eq(run, RUNNABLE),
          placed(codes, env),
          vars.holds(vars.current(cpu), idle),
          codes.quiet(cpu),
          codes.idles(cpu),
          may,
        ),
        `${vars.current(cpu).text} = ${x.text} + 1`,
        ...this.hookIn(env),
      ),
      ...this.placings(env, waits.any),
    ];
  }

  private hookIn(env: Env): string[] {
    const { vars } = this;
    const entry = vars.program.hooks.in;
    if (!vars.hooks || entry === 0 || !env.family.code.includes(entry)) return [];
    const hooked = and(ne(vars.field('notifier', env.x), 0), eq(vars.field('hook', env.x), Hook.none));
    const preempt = vars.field('preempt', env.x).text;
    const enter = [`${preempt} = ${preempt} + 1`, ...this.steps.statements.enterHook(env, 'in', entry)].join('; ');
    return [`if :: ${hooked.text} -> ${enter} :: else -> skip fi`];
  }

  private mayRun(env: Env, c: Expr): Expr {
    const { first, count } = env.family;
    if (count === 1) return this.codes.mayRun(first, c);
    return or(...cells(count).map((i) => and(eq(env.i, i), this.codes.mayRun(first + i, c))));
  }

  /** Waking a task that sleeps, and moving one that may not stay where it is. */
  private placings(env: Env, waits: Expr): string[] {
    const { vars, codes } = this;
    const { cpus } = vars.program;
    const { x } = env;
    const run = vars.field('run', x);
    const cpu = vars.field('cpu', x);
    const from = { ...cpu, lo: 0 };
    const isCurrent = and(placed(codes, env), vars.holds(vars.current(from), x));
    const beingPlaced = vars.stands
      ? and(ne(vars.oops, 0), or(...cells(cpus).map((c) => vars.holds(vars.rqWait(num(c)), x))))
      : FALSE;
    const common = and(codes.going, eq(vars.stopped, 0), not(beingPlaced));
    const wakes = and(common, eq(run, SLEEPING), not(eq(vars.field('hook', x), Hook.out)), not(waits));
    const held = and(placed(codes, env), codes.rqHeld(from));
    const moves = and(common, eq(run, RUNNABLE), not(isCurrent), not(this.mayRun(env, from)), not(held));
    const out: string[] = [];
    for (const c of cells(cpus)) {
      const there = num(c);
      const may = this.mayRun(env, there);
      const stuck = codes.rqHeld(there);
      const place = this.steps.statements.set('cpu', x, String(c));
      const wake = this.steps.statements.set('run', x, 'RUNNABLE');
      out.push(...this.step(`it is woken on CPU ${c}`, and(wakes, may, not(stuck)), ...place, ...wake));
      out.push(...this.step(`it is moved to CPU ${c}`, and(moves, may, not(stuck)), ...place));
      if (isFalse(stuck)) continue;
      for (const by of cells(cpus)) {
        const who = num(by);
        const can = and(ne(vars.current(who), 0), not(codes.rqHeld(who)), eq(vars.rqWait(who), 0));
        const wait = [...place, `${vars.rqWait(who).text} = ${x.text} + 1`];
        const why = `CPU ${by} spins for the run queue of CPU ${c}`;
        out.push(...this.step(`woken: ${why}`, and(wakes, may, stuck, can), ...wait));
        out.push(...this.step(`moved: ${why}`, and(moves, may, stuck, eq(from, by)), ...wait));
      }
    }
    return [...out, ...this.adrift(env, or(wakes, moves))];
  }

  /** No CPU may take it any more: its affinity mask is reset. */
  private adrift(env: Env, when: Expr): string[] {
    const { vars } = this;
    const { program } = vars;
    const { first, count, kind } = env.family;
    if (kind === 'percpu') return [];
    return cells(count).flatMap((i) => {
      const { allowed } = program.contexts[first + i]!;
      const mask = cells(program.cpus).map((c) => allowed + c);
      const masked = or(...mask.map((cell) => not(vars.cell(cell))));
      const nowhere = cells(program.cpus).map((c) => not(this.codes.mayRun(first + i, num(c))));
      const changing = mask.filter((cell) => vars.reach.changes[cell] !== 0);
      return this.step(
        'no CPU may take it any more: its affinity mask is reset',
        and(eq(env.i, i), masked, when, ...nowhere),
        ...changing.map((cell) => `${vars.target(cell).text} = 1`),
      );
    });
  }

  /** Option of an interrupt's process. */
  irq(env: Env): string[] {
    return this.step(
      'the first call in the queue of its CPU',
      takesIrq(this.codes, env.cpu),
      ...this.steps.statements.takeIrq(env),
    );
  }
}
