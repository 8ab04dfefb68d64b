/** Promela expressions as text, with the range of their value: what is known is folded, parentheses stand where they must. */
import type { BinaryOp } from '../ast';

export interface Expr {
  readonly text: string;
  /** Binds as tightly as: 4 a name, number or call; 3 sums; 2 comparisons; 1 `&&`; 0 `||`. */
  readonly binds: number;
  readonly lo: number;
  readonly hi: number;
  /** Its negation, where that is shorter than `!(..)`. */
  readonly opposite?: string;
}

export const atom = (text: string, lo: number, hi: number): Expr => ({ text, binds: 4, lo, hi });
export const num = (value: number): Expr => ({ ...atom(String(value), value, value), binds: value < 0 ? 3 : 4 });
export const TRUE = num(1);
export const FALSE = num(0);

/** The value, where it is known. */
export const known = (e: Expr): number | null => (e.lo === e.hi ? e.lo : null);
export const isTrue = (e: Expr): boolean => e.lo > 0 || e.hi < 0;
export const isFalse = (e: Expr): boolean => e.lo === 0 && e.hi === 0;

const wrap = (e: Expr, binds: number): string => (e.binds >= binds ? e.text : `(${e.text})`);

const OPPOSITE = { '==': '!=', '!=': '==', '<': '>=', '>=': '<', '>': '<=', '<=': '>' } as const;
type Comparison = keyof typeof OPPOSITE;

export function compare(op: Comparison, a: Expr, b: Expr): Expr {
  const sure = decide(op, a, b);
  if (sure !== null) return sure ? TRUE : FALSE;
  const [l, r] = [wrap(a, 3), wrap(b, 3)];
  return { text: `${l} ${op} ${r}`, binds: 2, lo: 0, hi: 1, opposite: `${l} ${OPPOSITE[op]} ${r}` };
}

function decide(op: Comparison, a: Expr, b: Expr): boolean | null {
  switch (op) {
    case '==':
      if (a.hi < b.lo || b.hi < a.lo) return false;
      return known(a) !== null && known(a) === known(b) ? true : null;
    case '<':
      return a.hi < b.lo ? true : a.lo >= b.hi ? false : null;
    case '<=':
      return a.hi <= b.lo ? true : a.lo > b.hi ? false : null;
    case '>':
      return decide('<', b, a);
    case '>=':
      return decide('<=', b, a);
    case '!=': {
      const same = decide('==', a, b);
      return same === null ? null : !same;
    }
  }
}

export const eq = (a: Expr, b: Expr | number): Expr => compare('==', a, typeof b === 'number' ? num(b) : b);
export const ne = (a: Expr, b: Expr | number): Expr => compare('!=', a, typeof b === 'number' ? num(b) : b);

export function not(e: Expr): Expr {
  if (isTrue(e)) return FALSE;
  if (isFalse(e)) return TRUE;
  if (e.opposite !== undefined) return { text: e.opposite, binds: 2, lo: 0, hi: 1, opposite: e.text };
  const is = wrap(e, 4);
  return { text: `!${is}`, binds: 4, lo: 0, hi: 1, ...(e.lo >= 0 && e.hi <= 1 && { opposite: is }) };
}

/** What stands after a part that settles it is never evaluated, and is left out. */
export function and(...parts: readonly Expr[]): Expr {
  const left: Expr[] = [];
  for (const e of parts) {
    if (isTrue(e)) continue;
    left.push(e);
    if (isFalse(e)) break;
  }
  if (left.some(isFalse)) return FALSE;
  if (left.length === 0) return TRUE;
  if (left.length === 1) return truth(left[0]!);
  return { text: left.map((e) => wrap(e, 1)).join(' && '), binds: 1, lo: 0, hi: 1 };
}

export function or(...parts: readonly Expr[]): Expr {
  const left = parts.filter((e) => !isFalse(e));
  if (left.some(isTrue)) return TRUE;
  if (left.length === 0) return FALSE;
  if (left.length === 1) return truth(left[0]!);
  return { text: left.map((e) => (e.binds === 0 ? e.text : wrap(e, 1.5))).join(' || '), binds: 0, lo: 0, hi: 1 };
}

const truth = (e: Expr): Expr => (e.lo >= 0 && e.hi <= 1 ? e : ne(e, 0));

export function plus(a: Expr, b: Expr | number): Expr {
  const right = typeof b === 'number' ? num(b) : b;
  const [x, y] = [known(a), known(right)];
  if (x !== null && y !== null) return num(x + y);
  const range = { lo: a.lo + right.lo, hi: a.hi + right.hi };
  if (y === 0) return a;
  if (x === 0) return right;
  if (y !== null && y < 0) return { text: `${wrap(a, 3)} - ${-y}`, binds: 3, ...range };
  return { text: `${wrap(a, 3)} + ${wrap(right, 3)}`, binds: 3, ...range };
}

export function minus(a: Expr, b: Expr): Expr {
  const [x, y] = [known(a), known(b)];
  if (x !== null && y !== null) return num(x - y);
  if (y === 0) return a;
  return { text: `${wrap(a, 3)} - ${wrap(b, 4)}`, binds: 3, lo: a.lo - b.hi, hi: a.hi - b.lo };
}

export function pick(cond: Expr, yes: Expr, no: Expr): Expr {
  if (isTrue(cond)) return yes;
  if (isFalse(cond)) return no;
  if (yes.text === no.text) return yes;
  return atom(`(${wrap(cond, 0)} -> ${yes.text} : ${no.text})`, Math.min(yes.lo, no.lo), Math.max(yes.hi, no.hi));
}

export function binary(op: BinaryOp, a: Expr, b: Expr): Expr {
  switch (op) {
    case '+':
      return plus(a, b);
    case '-':
      return minus(a, b);
    case 'and':
      return and(a, b);
    case 'or':
      return or(a, b);
    case 'in':
      throw new Error('"in" is compiled to an element');
    default:
      return compare(op, a, b);
  }
}
