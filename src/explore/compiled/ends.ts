/** How a context leaves its CPU: with its hooks, at its end, by a BUG. */
import { Dying, Head, Hook, IrqOff, Run, type Instr } from '../../language/program';
import { either, get, i32, nothing, select, set, when, type Op } from '../wasm/ops';
import { cpusOf, head, idleOf, is, readHead } from './asks';
import { fixed, read, write, writeAt, writeConst, zero, type Build, type Scope } from './build';
import type { Stand } from './expressions';
import { reset, setHead } from './others';
import { DONE, type Chain } from './steps';
import { evaluated } from './stores';

/** Makes another context current on the CPU that x is on. */
export function currentIs(b: Build, scope: Scope, x: number, which: (c: number) => number): Op {
  const { cpu } = b.program.contexts[x]!;
  if (cpu >= 0) return writeConst(b, scope, b.program.machine.cur + cpu, which(cpu));
  const c = scope.temp();
  const v = scope.temp();
  return [
    set(c, readHead(b, x, Head.cpu)),
    // idle tasks have the numbers from 1 on
    set(v, i32.add(get(c), i32.const(which(0)))),
    writeAt(b, scope, b.program.machine.cur, get(c), get(v)),
  ];
}

/** The current task gives up its CPU: returns at the end of what its hook does now, or goes on after it where it has none. */
export function leave(c: Chain): Op {
  const { b, x } = c.steps;
  const { scope } = c;
  const { hooks } = b.program;
  const off = currentIs(b, scope, x, (k) => idleOf(k) + 1);
  if (!b.world.hooked.has(x) || hooks.out === 0) return off;
  const cond = i32.and(i32.ne(readHead(b, x, Head.notifier), zero), is(readHead(b, x, Head.hook), Hook.none));
  return [
    when(cond, [
      write(b, scope, head(b, x, Head.irqOff), i32.or(readHead(b, x, Head.irqOff), i32.const(IrqOff.hook))),
      enterHook(c, Hook.out, hooks.out),
    ]),
    off,
  ];
}

/** Begins a hook on top of the task. Always returns. */
export function enterHook(c: Chain, which: number, entry: number): Op {
  const { b, x } = c.steps;
  const { scope } = c;
  const { hooks, contexts } = b.program;
  const { base, vcpu } = contexts[x]!;
  return [
    write(b, scope, base + Head.resume, read(b, base + Head.pc)),
    setHead(b, scope, x, Head.hook, which),
    writeConst(b, scope, base + Head.size + hooks.locals, Math.max(0, vcpu)),
    c.come(entry, false),
  ];
}

export function standStill(b: Build, scope: Scope, x: number): Op {
  return [setHead(b, scope, x, Head.pc, 0), setHead(b, scope, x, Head.run, Run.dead)];
}

export function exit(c: Chain): Op {
  const { b, x } = c.steps;
  const { scope } = c;
  const { machine, cpus, contexts } = b.program;
  const dead = scope.temp();
  const cpu = scope.temp();
  const v = scope.temp();
  const dies = fixed(b, head(b, x, Head.dying)) === undefined;
  const on = contexts[x]!.cpu;
  const current =
    on >= 0
      ? when(is(read(b, machine.cur + on), x + 1), writeConst(b, scope, machine.cur + on, idleOf(on) + 1))
      : [
          set(cpu, readHead(b, x, Head.cpu)),
          when(i32.ltU(get(cpu), i32.const(cpus)), [
            set(v, i32.add(get(cpu), i32.const(idleOf(0) + 1))),
            cpusOf(b).map((k) =>
              when(
                is(get(cpu), k),
                when(is(read(b, machine.cur + k), x + 1), writeAt(b, scope, machine.cur, get(cpu), get(v))),
              ),
            ),
          ]),
        ];
  return [
    dies ? when(is(readHead(b, x, Head.dying), Dying.held), [standStill(b, scope, x), DONE]) : nothing,
    dies ? set(dead, readHead(b, x, Head.dying)) : nothing,
    reset(b, scope, x),
    dies
      ? write(b, scope, head(b, x, Head.run), select(i32.const(Run.dead), i32.const(Run.none), get(dead)))
      : setHead(b, scope, x, Head.run, Run.none),
    current,
    DONE,
  ];
}

/** A BUG: the host panics where no task can be killed; otherwise the task dies with its locks held. */
export function bug(c: Chain, at: Stand, instr: Extract<Instr, { op: 'bug' }>, pc: number): Op {
  const { b, x } = c.steps;
  const { scope } = c;
  const { machine, hooks, contexts } = b.program;
  const { kind } = contexts[x]!;
  const count = [
    evaluated(at, instr.args),
    write(
      b,
      scope,
      machine.oops,
      either(i32.ge(read(b, machine.oops), i32.const(3)), i32.const(3), i32.add(read(b, machine.oops), i32.const(1))),
    ),
  ];
  if (kind === 'irq' || kind === 'idle')
    return [count, writeConst(b, scope, machine.panic, 1), c.steps.setPc(scope, pc), DONE];
  if (kind === 'stopper') return [count, standStill(b, scope, x), DONE];
  const held = is(readHead(b, x, Head.hook), Hook.out);
  const toIdle = currentIs(b, scope, x, (k) => idleOf(k) + 1);
  const still = [when(i32.eqz(held), toIdle), standStill(b, scope, x), DONE];
  if (hooks.killed === 0) return [count, still];
  const off = readHead(b, x, Head.irqOff);
  return [
    count,
    when(i32.and(i32.ne(readHead(b, x, Head.dying), zero), i32.eqz(held)), still),
    write(b, scope, head(b, x, Head.irqOff), select(i32.const(IrqOff.text), zero, off)),
    setHead(b, scope, x, Head.resume, 0),
    write(b, scope, head(b, x, Head.dying), select(i32.const(Dying.held), i32.const(Dying.yes), held)),
    setHead(b, scope, x, Head.hook, Hook.none),
    c.come(hooks.killed, false),
  ];
}
