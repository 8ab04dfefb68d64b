/** Locks, and calls to other CPUs. */
import { Head, type Instr } from '../../language/program';
import { call, get, i32, nothing, set, when, type Op } from '../wasm/ops';
import { head, is } from './asks';
import { raise, read, write, writeChecked, writeConst, zero } from './build';
import { value, type Stand } from './expressions';
import { mightSleep, targets } from './guards';
import { pushCall } from './others';
import { bump } from './stores';

export function lock(at: Stand, instr: Extract<Instr, { op: 'lock' }>): Op {
  const { b, scope } = at;
  const x = at.known.self;
  const { cell } = b.program.locks[instr.lock]!;
  switch (instr.mode) {
    case 'spin':
      return [writeConst(b, scope, cell, x + 1), bump(b, scope, head(b, x, Head.preempt), 1)];
    case 'mutex':
      return [mightSleep(b, x), writeConst(b, scope, cell, x + 1)];
    case 'write':
      return [mightSleep(b, x), writeConst(b, scope, cell, -(x + 1))];
    case 'read':
      return [mightSleep(b, x), bump(b, scope, cell, 1)];
  }
}

export function unlock(at: Stand, instr: Extract<Instr, { op: 'unlock' }>): Op {
  const { b, scope } = at;
  const x = at.known.self;
  const { cell } = b.program.locks[instr.lock]!;
  const v = read(b, cell);
  if (instr.mode === 'read') return when(i32.gt(v, zero), write(b, scope, cell, i32.sub(v, i32.const(1))), raise(b));
  const mine = instr.mode === 'write' ? -(x + 1) : x + 1;
  return [
    when(is(v, mine), writeConst(b, scope, cell, 0), raise(b)),
    instr.mode === 'spin' ? bump(b, scope, head(b, x, Head.preempt), -1) : nothing,
  ];
}

export function send(at: Stand, instr: Extract<Instr, { op: 'ipi' }>): Op {
  const { b, scope } = at;
  const x = at.known.self;
  const { before, of } = targets(at, instr);
  const wanted = of.map(() => scope.temp());
  const calls = scope.temp();
  const args = [0, 1].map((i) => (instr.args[i] ? value(at, instr.args[i]) : zero));
  const argument = (i: number, field: number): Op => {
    const cell = head(b, x, field);
    return writeChecked(b, scope, cell, args[i]!, b.program.lo[cell]!, b.program.hi[cell]!);
  };
  return [
    before,
    set(calls, zero),
    of.map(({ cond }, i) => [set(wanted[i]!, cond), set(calls, i32.add(get(calls), get(wanted[i]!)))]),
    when(get(calls), [
      argument(0, Head.arg0),
      argument(1, Head.arg1),
      writeConst(b, scope, head(b, x, Head.entry), b.layout.handlers.indexOf(instr.entry) + 1),
      write(b, scope, head(b, x, Head.calls), get(calls)),
      of.map(({ cpu }, i) => when(get(wanted[i]!), call(pushCall(b, cpu).index, i32.const(x + 1)))),
    ]),
  ];
}
