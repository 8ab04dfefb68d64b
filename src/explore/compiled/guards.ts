/** Whether a context can go on from where it stands. */
import { Head, Hook, type Instr } from '../../language/program';
import type { Func } from '../wasm/encode';
import { block, br, call, either, get, i32, label, nothing, ret, set, when, type Op } from '../wasm/ops';
import { cpusOf, inGuest, is, mayLeave, needResched, queueCell, readHead, tasksOf, idleOf } from './asks';
import { define, fixed, raise, read, zero, type Build, type Scope } from './build';
import { chain, constantOf, value, type Stand } from './expressions';

/** 1 where the instruction at pc can be executed now. */
export function ready(at: Stand, pc: number): Op {
  const { b, scope } = at;
  const { program } = b;
  const x = at.known.self;
  const instr = program.code[pc]!;
  switch (instr.op) {
    case 'lock': {
      const cell = read(b, program.locks[instr.lock]!.cell);
      return instr.mode === 'read' ? i32.ge(cell, zero) : i32.eqz(cell);
    }
    case 'await':
    case 'spin':
    case 'idle':
      return truth(value(at, instr.cond));
    case 'action':
      return instr.when ? truth(value(at, instr.when)) : i32.const(1);
    case 'ipi':
      return queuesFree(at, instr);
    case 'ipiwait':
      return i32.eqz(readHead(b, x, Head.calls));
    case 'stop':
      return canStop(at, instr);
    case 'stopresult':
      return i32.eqz(read(b, program.machine.stopped));
    case 'guest':
      return i32.or(wantsCpu(b, scope, x), i32.const(+leavesByItself(b, x)));
    case 'pick': {
      let any: Op = zero;
      for (let i = 0; i < instr.count; i++) any = i32.or(any, i32.ne(read(b, instr.base + i), zero));
      return any;
    }
    default:
      return i32.const(1);
  }
}

const truth = (op: Op): Op => i32.ne(op, zero);

/** A statement that waits by giving up the CPU. */
export function sleeps(instr: Instr): boolean {
  return instr.op === 'await' || instr.op === 'action' || (instr.op === 'lock' && instr.mode !== 'spin');
}

/** The host needs the CPU of a context in the guest: 1 or 0. */
export function wantsCpu(b: Build, scope: Scope, x: number): Op {
  const c = scope.temp();
  const pending = chain(
    scope,
    get(c),
    cpusOf(b).map((k) => [k, i32.ne(read(b, queueCell(b, k, 0)), zero)] as const),
    zero,
  );
  return [set(c, readHead(b, x, Head.cpu)), either(pending, i32.const(1), call(needResched(b).index, get(c)))];
}

export function leavesByItself(b: Build, x: number): boolean {
  const { contexts, vcpus, spinning } = b.program;
  const { vcpu } = contexts[x]!;
  const vm = vcpu < 0 ? -1 : vcpus[vcpu]!.vm;
  return vm < 0 || !spinning[vm];
}

/** Raises an error where the context may not sleep. */
export function mightSleep(b: Build, x: number): Op {
  const { kind, base } = b.program.contexts[x]!;
  if (kind === 'irq' || kind === 'stopper' || kind === 'idle') return raise(b);
  const bad: Op[] = [];
  for (const field of [Head.preempt, Head.irqOff])
    if (fixed(b, base + field) !== 0) bad.push(i32.ne(readHead(b, x, field), zero));
  if (fixed(b, base + Head.hook) === undefined) bad.push(is(readHead(b, x, Head.hook), Hook.out));
  if (bad.length === 0) return nothing;
  return when(
    bad.reduce((a, c) => i32.or(a, c)),
    raise(b),
  );
}

/** CPUs that a call is sent to, as a condition for each: none for those that it never is. */
export function targets(
  at: Stand,
  instr: Extract<Instr, { op: 'ipi' }>,
): { readonly before: Op; readonly of: readonly { readonly cpu: number; readonly cond: Op }[] } {
  const { b, scope } = at;
  const { online } = b.program;
  const on = (c: number): Op => i32.ne(read(b, online + c), zero);
  if (instr.cpu) {
    const known = constantOf(at, instr.cpu);
    if (known !== undefined)
      return {
        before: nothing,
        of: known >= 0 && known < b.program.cpus ? [{ cpu: known, cond: on(known) }] : [],
      };
    const t = scope.temp();
    return {
      before: set(t, value(at, instr.cpu)),
      of: cpusOf(b).map((cpu) => ({ cpu, cond: either(is(get(t), cpu), on(cpu), zero) })),
    };
  }
  const { mask } = instr;
  const here = scope.temp();
  return {
    before: set(here, readHead(b, at.known.self, Head.cpu)),
    of: cpusOf(b)
      .slice(0, mask!.count)
      .map((cpu) => ({
        cpu,
        cond: either(
          i32.ne(get(here), i32.const(cpu)),
          i32.and(i32.ne(read(b, mask!.base + cpu), zero), on(cpu)),
          zero,
        ),
      })),
  };
}

/** Every CPU that the call goes to has room for it in its queue. */
function queuesFree(at: Stand, instr: Extract<Instr, { op: 'ipi' }>): Op {
  const { b } = at;
  const last = b.program.machine.queueDepth - 1;
  const { before, of } = targets(at, instr);
  let all: Op = i32.const(1);
  for (const { cpu, cond } of of)
    all = i32.and(all, either(cond, i32.eqz(read(b, queueCell(b, cpu, last))), i32.const(1)));
  return [before, all];
}

function canStop(at: Stand, instr: Extract<Instr, { op: 'stop' }>): Op {
  const { b, scope } = at;
  const { machine } = b.program;
  const target = scope.temp();
  const here = scope.temp();
  const result = scope.temp();
  const done = label('block');
  const no = (cond: Op): Op => when(cond, br(done));
  return [
    set(result, zero),
    block(
      done,
      no(read(b, machine.stopped)),
      set(target, value(at, instr.cpu)),
      set(here, readHead(b, at.known.self, Head.cpu)),
      when(i32.geU(get(target), i32.const(b.program.cpus)), [raise(b), br(done)]),
      cpusOf(b)
        .slice(0, instr.count)
        .map((c) =>
          when(i32.ne(read(b, instr.base + c), zero), [
            // calls that were sent are taken before interrupts go off everywhere
            no(read(b, queueCell(b, c, 0))),
            no(read(b, machine.inIrq + c)),
            when(
              i32.ne(get(here), i32.const(c)),
              when(
                is(get(target), c),
                [no(taskRuns(b, c)), no(i32.eqz(call(preemptible(b, c).index)))],
                // the caller waits for its own CPU's stopper like any other
                when(i32.eqz(call(preemptible(b, c).index)), no(i32.eqz(call(spinsFor(b, c).index)))),
              ),
            ),
          ]),
        ),
      set(result, i32.const(1)),
    ),
    get(result),
  ];
}

/** A task, not its idle task, is current there. */
function taskRuns(b: Build, c: number): Op {
  const cur = read(b, b.program.machine.cur + c);
  return i32.and(i32.ne(cur, zero), i32.ne(cur, i32.const(idleOf(c) + 1)));
}

/** The current task of a CPU may be preempted there, or the CPU idles. The machine is not stopped. */
export function preemptible(b: Build, c: number): Func {
  return b.shared(`preemptible ${c}`, () => {
    const func = b.module.declare([], ['i32']);
    const { machine } = b.program;
    define(b, func, 0, (scope) => {
      const cur = scope.temp();
      return [
        when(i32.or(read(b, machine.rqWait + c), read(b, machine.inIrq + c)), ret(zero)),
        when(read(b, machine.panic), ret(zero)),
        set(cur, read(b, machine.cur + c)),
        [idleOf(c), ...tasksOf(b, c)].map((y) => when(is(get(cur), y + 1), ret(mayLeave(b, y)))),
        zero,
      ];
    });
    return func;
  });
}

/** A CPU in the guest leaves it for its stopper. */
function spinsFor(b: Build, c: number): Func {
  return b.shared(`spins for ${c}`, () => {
    const func = b.module.declare([], ['i32']);
    const { machine } = b.program;
    define(b, func, 0, (scope) => {
      const cur = scope.temp();
      return [
        when(read(b, machine.rqWait + c), ret(zero)),
        set(cur, read(b, machine.cur + c)),
        tasksOf(b, c).map((y) => when(is(get(cur), y + 1), ret(inGuest(b, scope, y)))),
        zero,
      ];
    });
    return func;
  });
}
