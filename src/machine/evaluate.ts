/** Expressions as closures over the state. The first argument is the row of cells, the second the context that asks. */
import { Head, type Code } from '../language/program';

export type Evaluate = (s: Int32Array, x: number) => number;

/** What a closure needs of the machine: bases of contexts, and the questions about tasks and CPUs. */
export interface Surroundings {
  /** Base cell by context; the last one is the scratch context. */
  readonly bases: Int32Array;
  readonly ask: Record<Extract<Code, { op: 'ask' }>['what'], (s: Int32Array, of: number, also: number) => number>;
  readonly nextState: (s: Int32Array, up: boolean, from: number, target: number) => number;
}

export class OutOfRange extends Error {}

/** Compiles an expression. Evaluation throws OutOfRange where an element does not exist (index `none`). */
export function evaluator(code: Code, around: Surroundings): Evaluate {
  const { bases } = around;
  switch (code.op) {
    case 'const': {
      const { value } = code;
      return () => value;
    }
    case 'cell': {
      const { at } = code;
      return (s) => s[at]!;
    }
    case 'cellAt': {
      const { base, count, what } = code;
      const index = evaluator(code.index, around);
      return (s, x) => {
        const i = index(s, x);
        if (i < 0 || i >= count) throw new OutOfRange(`${what}[${i}] does not exist`);
        return s[base + i]!;
      };
    }
    case 'instance': {
      const { first, count, what } = code;
      const index = evaluator(code.index, around);
      return (s, x) => {
        const i = index(s, x);
        if (i < 0 || i >= count) throw new OutOfRange(`${what}(${i}) does not exist`);
        return first + i;
      };
    }
    case 'local': {
      const offset = Head.size + code.slot;
      return (s, x) => s[bases[x]! + offset]!;
    }
    case 'this':
      return (s, x) => s[bases[x]! + Head.cpu]!;
    case 'self':
      return (_s, x) => x;
    case 'not': {
      const of = evaluator(code.of, around);
      return (s, x) => (of(s, x) === 0 ? 1 : 0);
    }
    case 'minus': {
      const of = evaluator(code.of, around);
      return (s, x) => -of(s, x);
    }
    case 'count': {
      const { base, count } = code;
      return (s) => {
        let n = 0;
        for (let i = base; i < base + count; i++) n += s[i]!;
        return n;
      };
    }
    case 'firstFrom': {
      const { base, count } = code;
      const from = evaluator(code.from, around);
      return (s, x) => {
        for (let i = Math.max(0, from(s, x)); i < count; i++) if (s[base + i] !== 0) return i;
        return -1;
      };
    }
    case 'nextState': {
      const { up } = code;
      const from = evaluator(code.from, around);
      const target = evaluator(code.target, around);
      return (s, x) => around.nextState(s, up, from(s, x), target(s, x));
    }
    case 'ask': {
      const of = evaluator(code.of, around);
      const also = evaluator(code.also, around);
      const ask = around.ask[code.what];
      return (s, x) => ask(s, of(s, x), also(s, x));
    }
    case 'bin':
      return binary(code, around);
  }
}

function binary(code: Extract<Code, { op: 'bin' }>, around: Surroundings): Evaluate {
  const a = evaluator(code.left, around);
  const b = evaluator(code.right, around);
  switch (code.how) {
    case '==':
      return (s, x) => (a(s, x) === b(s, x) ? 1 : 0);
    case '!=':
      return (s, x) => (a(s, x) !== b(s, x) ? 1 : 0);
    case '<':
      return (s, x) => (a(s, x) < b(s, x) ? 1 : 0);
    case '<=':
      return (s, x) => (a(s, x) <= b(s, x) ? 1 : 0);
    case '>':
      return (s, x) => (a(s, x) > b(s, x) ? 1 : 0);
    case '>=':
      return (s, x) => (a(s, x) >= b(s, x) ? 1 : 0);
    case '+':
      return (s, x) => a(s, x) + b(s, x);
    case '-':
      return (s, x) => a(s, x) - b(s, x);
    case 'and':
      return (s, x) => (a(s, x) !== 0 && b(s, x) !== 0 ? 1 : 0);
    case 'or':
      return (s, x) => (a(s, x) !== 0 || b(s, x) !== 0 ? 1 : 0);
    case 'in':
      throw new Error('"in" is compiled to an element');
  }
}

/**
 * Cells that an expression reads in this state, for waiting on them; null when it asks about tasks or CPUs and
 * so depends on more than a few cells.
 */
export function cellsRead(code: Code, around: Surroundings, s: Int32Array, x: number): number[] | null {
  switch (code.op) {
    case 'const':
    case 'local':
    case 'this':
    case 'self':
      return [];
    case 'cell':
      return [code.at];
    case 'cellAt': {
      const inner = cellsRead(code.index, around, s, x);
      const i = evaluator(code.index, around)(s, x);
      return inner && [...inner, code.base + i];
    }
    case 'not':
    case 'minus':
      return cellsRead(code.of, around, s, x);
    case 'instance':
      return cellsRead(code.index, around, s, x);
    case 'bin': {
      const left = cellsRead(code.left, around, s, x);
      const right = cellsRead(code.right, around, s, x);
      return left && right && [...left, ...right];
    }
    default:
      return null;
  }
}
