/** Small things about `Code`: constants, folding, what an expression depends on. */
import type { BinaryOp } from './ast';
import type { Code } from './program';

export function constant(value: number): Code {
  return { op: 'const', value };
}

/** An operator on two known values. */
export function fold(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case '==':
      return +(a === b);
    case '!=':
      return +(a !== b);
    case '<':
      return +(a < b);
    case '<=':
      return +(a <= b);
    case '>':
      return +(a > b);
    case '>=':
      return +(a >= b);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case 'and':
      return +(a !== 0 && b !== 0);
    case 'or':
      return +(a !== 0 || b !== 0);
    case 'in':
      return 0;
  }
}

/** True when no other context can change what this reads. */
export function isLocal(code: Code): boolean {
  switch (code.op) {
    case 'const':
    case 'local':
    case 'this':
    case 'self':
      return true;
    case 'not':
    case 'minus':
      return isLocal(code.of);
    case 'bin':
      return isLocal(code.left) && isLocal(code.right);
    case 'instance':
      return isLocal(code.index);
    default:
      return false;
  }
}

/** True when the value depends on the context that evaluates it. */
export function asksWhoRuns(code: Code): boolean {
  return contains(code, (c) => c.op === 'this' || c.op === 'self');
}

/** True when the expression or a part of it is such. */
export function contains(code: Code, is: (part: Code) => boolean): boolean {
  if (is(code)) return true;
  const any = (...parts: readonly Code[]): boolean => parts.some((part) => contains(part, is));
  switch (code.op) {
    case 'not':
    case 'minus':
      return any(code.of);
    case 'bin':
      return any(code.left, code.right);
    case 'cellAt':
    case 'instance':
      return any(code.index);
    case 'firstFrom':
      return any(code.from);
    case 'nextState':
      return any(code.from, code.target);
    case 'ask':
      return any(code.of, code.also);
    default:
      return false;
  }
}
