/** What one instruction does, and where the context goes then. The machine's own execution.ts says the same in closures. */
import { Dying, Head, Hook, IrqOff, Run } from '../../language/program';
import { fold } from '../program/fold';
import { call, get, getGlobal, i32, nothing, ret, set, when, type Op } from '../wasm/ops';
import { cpusOf, head, idleOf, is, lives, readHead, rqMayBeHeld, stopperOf } from './asks';
import { fixed, raise, read, write, writeConst, writeChecked, zero, type Build } from './build';
import { bug, currentIs, exit, leave, standStill } from './ends';
import { constantOf, value } from './expressions';
import { mightSleep } from './guards';
import { lock, send, unlock } from './locks';
import { allow, endCall, reset, setHead, spawn, startCpu, stopMachine } from './others';
import { DONE, type Chain } from './steps';
import { bump, evaluated, store, stores } from './stores';

/** CPU that the context is on. */
const here = (b: Build, x: number): Op => readHead(b, x, Head.cpu);

/** Executes the instruction at pc and goes on. Always returns. */
export function execute(c: Chain, pc: number, atomic: boolean): Op {
  const { steps, scope } = c;
  const { b, x } = steps;
  const { program } = b;
  const { machine } = program;
  const instr = steps.instr(pc);
  const at = steps.at(scope, pc);
  const context = program.contexts[x]!;
  const set_ = (field: number, v: number): Op => setHead(b, scope, x, field, v);
  const clear = (): Op => {
    if (!instr.clear) return nothing;
    const out: Op[] = [];
    for (let slot = instr.clear[0]; slot < instr.clear[1]; slot++)
      out.push(writeConst(b, scope, context.base + Head.size + slot, 0));
    return out;
  };
  const next = (): Op => [clear(), c.follow(pc, instr.next, atomic)];
  const toIdle = (): Op => currentIs(b, scope, x, (k) => idleOf(k) + 1);
  const add = (field: number, n: number): Op => bump(b, scope, head(b, x, field), n);
  switch (instr.op) {
    case 'opaque':
    case 'ipiwait':
    case 'spin':
    case 'idle':
    case 'ud':
      return next();
    case 'nop':
      return pc === 0 ? DONE : next();
    case 'await':
      return [mightSleep(b, x), next()];
    case 'set':
      return [stores(at, instr), next()];
    case 'branch': {
      const cond = fold(instr.cond, at.known);
      if (cond.op === 'const') return [clear(), c.follow(pc, cond.value !== 0 ? instr.next : instr.otherwise, atomic)];
      return when(
        value(at, cond),
        [clear(), c.follow(pc, instr.next, atomic)],
        [clear(), c.follow(pc, instr.otherwise, atomic)],
      );
    }
    case 'switch': {
      const on = constantOf(at, instr.on);
      if (on !== undefined) return [clear(), c.follow(pc, instr.cases.get(on) ?? instr.otherwise, atomic)];
      const v = scope.temp();
      return [
        set(v, value(at, instr.on)),
        clear(),
        [...instr.cases].map(([n, to]) => when(is(get(v), n), c.follow(pc, to, atomic))),
        c.follow(pc, instr.otherwise, atomic),
      ];
    }
    case 'choose':
    case 'pick':
      return [store(at, instr.at, getGlobal(b.globals.choice), null), next()];
    case 'lock':
      return [lock(at, instr), next()];
    case 'unlock':
      return [unlock(at, instr), next()];
    case 'irq': {
      const off = readHead(b, x, Head.irqOff);
      const cell = head(b, x, Head.irqOff);
      const written = instr.on ? i32.and(off, i32.const(~instr.why)) : i32.or(off, i32.const(instr.why));
      const still =
        instr.on && fixed(b, head(b, x, Head.dying)) === undefined
          ? when(is(readHead(b, x, Head.dying), Dying.held), [standStill(b, scope, x), DONE])
          : nothing;
      return [still, write(b, scope, cell, written), next()];
    }
    case 'preempt':
      return [add(Head.preempt, instr.on ? -1 : 1), next()];
    case 'notifier':
      return [set_(Head.notifier, instr.on ? 1 : 0), next()];
    case 'log':
    case 'warn':
    case 'trace':
      return [evaluated(at, instr.args), next()];
    case 'begin':
      return [evaluated(at, [instr.state, instr.cpu]), next()];
    case 'fail':
      return [raise(b), DONE];
    case 'panic':
      return [evaluated(at, instr.args), writeConst(b, scope, machine.panic, 1), steps.setPc(scope, pc), DONE];
    case 'bug':
      return bug(c, at, instr, pc);
    case 'ipi':
      return [send(at, instr), next()];
    case 'ipiend':
      return [
        call(endCall(b).index, i32.sub(readHead(b, x, Head.peer), i32.const(1))),
        writeConst(b, scope, machine.inIrq + context.cpu, 0),
        reset(b, scope, x),
        DONE,
      ];
    case 'start': {
      const t = scope.temp();
      return [
        set(t, value(at, instr.cpu)),
        when(i32.geU(get(t), i32.const(program.cpus)), [raise(b), DONE]),
        cpusOf(b)
          .filter((k) => lives(b, idleOf(k)))
          .map((k) => when(is(get(t), k), call(startCpu(b, k, instr.entry).index))),
        next(),
      ];
    }
    case 'poweroff':
      return [writeConst(b, scope, machine.cur + context.cpu, 0), reset(b, scope, x), DONE];
    case 'stop': {
      const t = scope.temp();
      const args = [0, 1].map((i) => (instr.args[i] ? value(at, instr.args[i]) : zero));
      return [
        mightSleep(b, x),
        set(t, value(at, instr.cpu)),
        cpusOf(b)
          .filter((k) => lives(b, stopperOf(b, k)))
          .map((k) =>
            when(is(get(t), k), call(stopMachine(b, k, instr.entry, instr.args.length).index, ...args, i32.const(x))),
          ),
        next(),
      ];
    }
    case 'stopend': {
      const result = scope.temp();
      return [
        set(result, read(b, context.base + Head.size)),
        program.contexts.map((_, y) =>
          fixed(b, head(b, y, Head.arg0)) === undefined && lives(b, y)
            ? when(
                is(readHead(b, x, Head.peer), y + 1),
                writeChecked(
                  b,
                  scope,
                  head(b, y, Head.arg0),
                  get(result),
                  program.lo[head(b, y, Head.arg0)]!,
                  program.hi[head(b, y, Head.arg0)]!,
                ),
              )
            : nothing,
        ),
        reset(b, scope, x),
        writeConst(b, scope, machine.stopped, 0),
        DONE,
      ];
    }
    case 'stopresult': {
      const result = scope.temp();
      return [
        set(result, readHead(b, x, Head.arg0)),
        set_(Head.arg0, 0),
        instr.at ? store(at, instr.at, get(result), null) : nothing,
        next(),
      ];
    }
    case 'spawn': {
      const thread = program.threads[instr.thread]!;
      const from = here(b, x);
      const known = instr.args.length > 0 ? constantOf(at, instr.args[0]!) : 0;
      if (known !== undefined) {
        const y = thread.contexts[known];
        return y === undefined ? [raise(b), DONE] : [call(spawn(b, y, known).index, from), next()];
      }
      const t = scope.temp();
      return [
        set(t, value(at, instr.args[0]!)),
        when(i32.geU(get(t), i32.const(thread.contexts.length)), [raise(b), DONE]),
        thread.contexts.map((y, i) => when(is(get(t), i), call(spawn(b, y, i).index, from))),
        next(),
      ];
    }
    case 'exit':
      return exit(c);
    case 'allow': {
      const only = scope.temp();
      const stuck = scope.temp();
      const tell = (y: number): Op =>
        program.contexts[y]!.allowed < 0 ? raise(b) : set(stuck, call(allow(b, y).index, get(only), here(b, x)));
      const y = constantOf(at, instr.task);
      const t = scope.temp();
      const which: Op =
        y !== undefined
          ? program.contexts[y]
            ? tell(y)
            : raise(b)
          : [
              set(t, value(at, instr.task)),
              when(i32.geU(get(t), i32.const(program.contexts.length)), raise(b)),
              program.contexts.map((_, k) => when(is(get(t), k), tell(k))),
            ];
      // its own place on a run queue cannot be taken: the CPU spins, and the statement has not happened
      const held = rqMayBeHeld(b) ? when(get(stuck), [atomic ? raise(b) : steps.setPc(scope, pc), DONE]) : nothing;
      return [set(only, instr.cpu ? value(at, instr.cpu) : i32.const(-1)), set(stuck, zero), which, held, next()];
    }
    case 'guest':
      return [instr.at ? store(at, instr.at, getGlobal(b.globals.choice), null) : nothing, next()];
    case 'yield':
    case 'rest':
      return [
        instr.op === 'rest' ? nothing : mightSleep(b, x),
        steps.setPc(scope, instr.next),
        instr.op === 'rest' ? [mightSleep(b, x), set_(Head.run, Run.sleeping)] : nothing,
        leave(c),
        c.follow(pc, instr.next, atomic),
      ];
    case 'end': {
      const small = constantOf(at, instr.result);
      return [
        evaluated(at, [instr.state, instr.cpu]),
        instr.at ? store(at, instr.at, value(at, instr.result), small ?? null) : evaluated(at, [instr.result]),
        next(),
      ];
    }
    case 'fired':
      return [instr.hitsCell >= 0 ? bump(b, scope, instr.hitsCell, 1) : nothing, next()];
    case 'hookend': {
      const which = scope.temp();
      const pcs = b.layout.pcs(x);
      // where it was when the hook began, it may go on at once
      const entries = b.memory.constants(`resume ${x}`, () =>
        pcs.map((to) => (steps.instr(to).glue && b.world.at[x]!.has(to) ? steps.block(to, false).entry : -1)),
      );
      const resumed = scope.temp();
      return [
        set(which, readHead(b, x, Head.hook)),
        set(resumed, readHead(b, x, Head.resume)),
        writeConst(b, scope, context.base + Head.size + program.hooks.locals, 0),
        write(b, scope, head(b, x, Head.pc), get(resumed)),
        set_(Head.resume, 0),
        set_(Head.hook, Hook.none),
        when(
          is(get(which), Hook.out),
          [
            write(b, scope, head(b, x, Head.irqOff), i32.and(readHead(b, x, Head.irqOff), i32.const(~IrqOff.hook))),
            toIdle(),
          ],
          add(Head.preempt, -1),
        ),
        ret(i32.load(i32.shl(get(resumed), i32.const(2)), entries)),
      ];
    }
    case 'action': {
      if (instr.begin) return [evaluated(at, [instr.result]), next()];
      const cell = instr.resultCell;
      return [
        writeChecked(b, scope, cell, value(at, instr.result), program.lo[cell]!, program.hi[cell]!),
        writeConst(b, scope, instr.progressCell, instr.index + 1),
        next(),
      ];
    }
  }
}
