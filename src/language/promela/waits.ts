/** What an instruction waits for, as the condition under which it cannot go on. */
import { type Instr } from '../program';
import { cells, type Codes } from './codes';
import { and, atom, compare, eq, FALSE, ne, not, num, or, type Expr } from './expr';
import type { Env } from './vars';

type Of<O extends Instr['op']> = Extract<Instr, { op: O }>;

/** Gives up the CPU where it has to wait. */
export const sleeps = (instr: Instr): boolean =>
  instr.op === 'await' || instr.op === 'action' || (instr.op === 'lock' && instr.mode !== 'spin');

/** False where the instruction never waits. */
export function waits(codes: Codes, instr: Instr, env: Env): Expr {
  const { vars } = codes;
  const by = codes.asker(env);
  switch (instr.op) {
    case 'lock': {
      const value = vars.cell(vars.program.locks[instr.lock]!.cell);
      return instr.mode === 'read' ? compare('<', value, FALSE) : ne(value, 0);
    }
    case 'await':
    case 'spin':
    case 'idle':
      return not(codes.expr(instr.cond, by));
    case 'action':
      return instr.when ? not(codes.expr(instr.when, by)) : FALSE;
    case 'ipi': {
      const { queueDepth } = vars.program.machine;
      return or(
        ...cells(vars.program.cpus).map((c) =>
          and(callsOn(codes, instr, env, c), ne(vars.queue(c, queueDepth - 1), 0)),
        ),
      );
    }
    case 'ipiwait':
      return ne(vars.field('calls', env.x), 0);
    case 'stop':
      return not(canStop(codes, instr, env));
    case 'stopresult':
      return ne(vars.stopped, 0);
    case 'guest':
      return and(not(leavesForHost(codes, env)), not(leavesByItself(codes, env)));
    case 'pick':
      return and(...cells(instr.count).map((i) => not(vars.cell(instr.base + i))));
    default:
      return FALSE;
  }
}

/** This call goes to CPU c. */
export function callsOn(codes: Codes, instr: Of<'ipi'>, env: Env, c: number): Expr {
  const { vars } = codes;
  const online = vars.cell(vars.program.online + c);
  if (instr.cpu) return and(eq(codes.expr(instr.cpu, codes.asker(env)), c), online);
  return and(ne(env.cpu, c), vars.cell(instr.mask!.base + c), online);
}

/** The host needs the CPU on which the vCPU runs. */
export function leavesForHost(codes: Codes, env: Env): Expr {
  return or(ne(codes.vars.queueHead(env.cpu), 0), codes.needResched(env.cpu));
}

/** A guest that spins for ever does not leave on its own account. */
export function leavesByItself(codes: Codes, env: Env): Expr {
  const { program } = codes.vars;
  const spins = cells(env.family.count).filter((i) => {
    const { vcpu } = program.contexts[env.family.first + i]!;
    return vcpu >= 0 && program.spinning[program.vcpus[vcpu]!.vm];
  });
  return and(...spins.map((i) => ne(env.i, i)));
}

function canStop(codes: Codes, instr: Of<'stop'>, env: Env): Expr {
  const { vars } = codes;
  const target = codes.expr(instr.cpu, codes.asker(env));
  const each = cells(instr.count).map((n) => {
    const c = num(n);
    const task = atom(`${vars.current(c).text} - 1`, -1, vars.program.contexts.length);
    const inGuest = and(codes.hasTask(c), eq(vars.rqWait(c), 0), codes.inGuest(task));
    const isTarget = eq(target, n);
    const isHere = eq(env.cpu, n);
    const stops = or(
      isHere,
      and(isTarget, not(codes.hasTask(c)), codes.preemptible(c)),
      and(not(isTarget), or(codes.preemptible(c), inGuest)),
    );
    const ready = and(eq(vars.queue(n, 0), 0), eq(vars.inIrq(c), 0), stops);
    return or(not(vars.cell(instr.base + n)), ready);
  });
  return and(eq(vars.stopped, 0), ...each);
}

/** Sleeping here is an error of the text. */
export function mustNotSleep(codes: Codes, env: Env): Expr {
  const { vars } = codes;
  if (!vars.isTask(env.family)) return num(1);
  return or(
    ne(vars.field('preempt', env.x), 0),
    ne(vars.field('irqOff', env.x), 0),
    eq(vars.field('hook', env.x), { ...atom('OUT', 1, 1) }),
  );
}

/** Context on top of its CPU: it is the one that executes there. */
export function onTop(codes: Codes, env: Env): Expr {
  const { vars } = codes;
  const { kind } = env.family;
  if (kind === 'stopper') return and(codes.going, vars.holds(vars.stopped, env.x), eq(vars.rqWait(env.cpu), 0));
  if (kind === 'irq')
    return and(codes.going, eq(vars.stopped, 0), ne(vars.inIrq(env.cpu), 0), eq(vars.rqWait(env.cpu), 0));
  return and(codes.going, placed(codes, env), codes.quiet(env.cpu), vars.holds(vars.current(env.cpu), env.x));
}

/** It has a CPU. Those that are bound to one always have. */
export function placed(codes: Codes, env: Env): Expr {
  const { vars } = codes;
  if (!vars.isTask(env.family)) return num(1);
  const starts = cells(env.family.count).map((i) => vars.program.contexts[env.family.first + i]!.base + 2);
  if (starts.every((cell) => vars.start[cell]! >= 0)) return num(1);
  return compare('>=', vars.field('cpu', env.x), FALSE);
}

/** The interrupt of this CPU can begin. */
export function takesIrq(codes: Codes, c: Expr): Expr {
  const { vars } = codes;
  const x = { ...atom(`${vars.current(c).text} - 1`, 0, vars.program.contexts.length - 1), binds: 3 };
  return and(
    codes.going,
    ne(vars.queueHead(c), 0),
    codes.quiet(c),
    ne(vars.current(c), 0),
    eq(vars.field('irqOff', x), 0),
  );
}
