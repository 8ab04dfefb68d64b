/** Expressions as WebAssembly. Where an element does not exist an error is raised and the value goes on as another one. */
import { Head, type Code } from '../../language/program';
import { fold, type Known } from '../program/fold';
import { knownAt, type Env } from '../program/reach';
import type { Func } from '../wasm/encode';
import { call, either, get, i32, label, block, br, nothing, ret, select, set, when, type Op } from '../wasm/ops';
import { ask } from './asks';
import { bitsOf, define, raise, read, readAt, zero, type Build, type Scope } from './build';

/** Where an expression stands: the function it is written into, who evaluates it and what is known there. */
export interface Stand {
  readonly b: Build;
  readonly scope: Scope;
  readonly known: Known;
  readonly env: Env | null;
}

export function stand(b: Build, scope: Scope, self: number, env: Env | null): Stand {
  return { b, scope, env, known: knownAt(b.world, self, env) };
}

/** Folds and compiles. */
export function value(at: Stand, code: Code): Op {
  return compile(at, fold(code, at.known));
}

/** Its value, where it is the same in every state. */
export function constantOf(at: Stand, code: Code): number | undefined {
  const small = fold(code, at.known);
  return small.op === 'const' ? small.value : undefined;
}

const truth = (code: Code, op: Op): Op => (isBool(code) ? op : i32.ne(op, zero));

function isBool(code: Code): boolean {
  return code.op === 'not' || (code.op === 'bin' && code.how !== '+' && code.how !== '-');
}

function compile(at: Stand, code: Code): Op {
  const { b, scope } = at;
  const { program } = b;
  switch (code.op) {
    case 'const':
      return i32.const(code.value);
    case 'cell':
      return read(b, code.at);
    case 'cellAt':
      return element(at, code.index, code.count, (i) => readAt(b, code.base, code.count, i));
    case 'instance':
      return element(at, code.index, code.count, (i) => i32.add(i, i32.const(code.first)));
    case 'local':
      return read(b, program.contexts[at.known.self]!.base + Head.size + code.slot);
    case 'this':
      return read(b, program.contexts[at.known.self]!.base + Head.cpu);
    case 'self':
      return i32.const(at.known.self);
    case 'not':
      return i32.eqz(compile(at, code.of));
    case 'minus':
      return i32.sub(zero, compile(at, code.of));
    case 'bin':
      return binary(at, code);
    case 'count': {
      const bits = bitsOf(b, code.base, code.count);
      if (bits !== null) return i32.popcnt(bits);
      let sum: Op = zero;
      for (let i = 0; i < code.count; i++) sum = i32.add(sum, read(b, code.base + i));
      return sum;
    }
    case 'firstFrom': {
      const from = scope.temp();
      let found: Op = i32.const(-1);
      for (let i = code.count - 1; i >= 0; i--)
        found = select(
          i32.const(i),
          found,
          i32.and(i32.ge(i32.const(i), get(from)), i32.ne(read(b, code.base + i), zero)),
        );
      return [set(from, compile(at, code.from)), found];
    }
    case 'nextState':
      return call(nextState(b, code.up).index, compile(at, code.from), compile(at, code.target));
    case 'ask':
      return ask(at, code, (part) => compile(at, part));
  }
}

/** Element at an index that may not exist. */
function element(at: Stand, index: Code, count: number, use: (index: Op) => Op): Op {
  const [lo, hi] = interval(at, index);
  const i = at.scope.temp();
  const check = lo >= 0 && hi < count ? nothing : when(i32.geU(get(i), i32.const(count)), [raise(at.b), set(i, zero)]);
  return [set(i, compile(at, index)), check, use(get(i))];
}

function binary(at: Stand, code: Extract<Code, { op: 'bin' }>): Op {
  const left = compile(at, code.left);
  const right = compile(at, code.right);
  switch (code.how) {
    case '==':
      return i32.eq(left, right);
    case '!=':
      return i32.ne(left, right);
    case '<':
      return i32.lt(left, right);
    case '<=':
      return i32.le(left, right);
    case '>':
      return i32.gt(left, right);
    case '>=':
      return i32.ge(left, right);
    case '+':
      return i32.add(left, right);
    case '-':
      return i32.sub(left, right);
    // the right side may be an error where the left decides
    case 'and':
      return either(truth(code.left, left), truth(code.right, right), zero);
    case 'or':
      return either(truth(code.left, left), i32.const(1), truth(code.right, right));
    case 'in':
      throw new Error('"in" is compiled to an element');
  }
}

/** Least and greatest value that an expression can have, as far as it is plain. */
export function interval(at: Stand, code: Code): readonly [number, number] {
  const wide = [-(2 ** 31), 2 ** 31 - 1] as const;
  const { program } = at.b;
  switch (code.op) {
    case 'const':
      return [code.value, code.value];
    case 'cell':
      return [program.lo[code.at]!, program.hi[code.at]!];
    case 'cellAt':
      return [program.lo[code.base]!, program.hi[code.base]!];
    case 'local': {
      const cell = program.contexts[at.known.self]!.base + Head.size + code.slot;
      return [program.lo[cell]!, program.hi[cell]!];
    }
    case 'this':
      return [0, program.cpus - 1];
    case 'self':
      return [at.known.self, at.known.self];
    case 'not':
      return [0, 1];
    case 'bin': {
      if (isBool(code)) return [0, 1];
      const [a, b] = interval(at, code.left);
      const [c, d] = interval(at, code.right);
      return code.how === '+' ? [a + c, b + d] : [a - d, b - c];
    }
    case 'minus': {
      const [a, b] = interval(at, code.of);
      return [-b, -a];
    }
    case 'count':
      return [0, code.count * Math.max(0, program.hi[code.base]!)];
    case 'firstFrom':
      return [-1, code.count - 1];
    case 'instance':
      return [code.first, code.first + code.count - 1];
    case 'ask':
      switch (code.what) {
        case 'tasks_on':
        case 'actors_busy':
          return [0, program.contexts.length];
        case 'cpu_of':
          return [-1, program.cpus - 1];
        case 'vcpu_of':
          return [-1, program.vcpus.length - 1];
        case 'preempt_count':
          return [0, 7];
        case 'instances':
          return wide;
        default:
          return [0, 1];
      }
    case 'nextState':
      return wide;
  }
}

/** next_up and next_down: the next hotplug state with a callback that is installed. */
function nextState(b: Build, up: boolean): Func {
  return b.shared(`next state ${up}`, () => {
    const func = b.module.declare(['i32', 'i32'], ['i32']);
    const [from, target] = [0, 1];
    define(b, func, 2, () => {
      const states = up ? b.program.states : [...b.program.states].reverse();
      const out: Op[] = [];
      for (const st of states) {
        if ((up ? st.up : st.down) === '') continue;
        const n = i32.const(st.number);
        const between = up
          ? i32.and(i32.lt(get(from), n), i32.le(n, get(target)))
          : i32.and(i32.le(n, get(from)), i32.gt(n, get(target)));
        const there = st.registeredCell < 0 ? null : read(b, st.registeredCell);
        out.push(when(there === null ? between : i32.and(between, there), ret(n)));
      }
      const further = up ? i32.gt(get(from), get(target)) : i32.lt(get(from), get(target));
      out.push(select(get(from), get(target), further));
      return out;
    });
    return func;
  });
}

/** A function of one CPU (or context) as a chain: the value for each, `otherwise` for any other number. */
export function chain(scope: Scope, of: Op, cases: readonly (readonly [n: number, value: Op])[], otherwise: Op): Op {
  const at = scope.temp();
  const result = scope.temp();
  const done = label('block');
  return [
    set(at, of),
    block(
      done,
      cases.map(([n, v]) => when(i32.eq(get(at), i32.const(n)), [set(result, v), br(done)])),
      set(result, otherwise),
    ),
    get(result),
  ];
}
