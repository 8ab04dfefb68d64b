/**
 * WebAssembly instructions as nested lists. `Op` leaves its result on the stack; what takes values takes them as `Op`s, so
 * that code reads like the expression it computes. Branches name a `Label`; their depth is found when the code is flattened.
 */

/** A place that a branch goes to: the end of a block, the beginning of a loop. */
export interface Label {
  readonly of: 'block' | 'loop';
}

interface Structure {
  readonly kind: 'block' | 'loop' | 'if';
  readonly label: Label | null;
  readonly result: 'i32' | null;
  readonly cond: Op;
  readonly body: Op;
  readonly otherwise: Op | null;
}
interface Branch {
  readonly branch: number;
  readonly to: Label;
}
export type Op = number | Structure | Branch | readonly Op[];

export type Local = number & { readonly brand?: 'local' };

const EMPTY = 0x40;
const I32 = 0x7f;

export function signed(n: number): number[] {
  return signedBig(BigInt(n));
}

export function signedBig(n: bigint): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = Number(n & 127n);
    n >>= 7n;
    if ((n === 0n && (byte & 64) === 0) || (n === -1n && (byte & 64) !== 0)) {
      out.push(byte);
      return out;
    }
    out.push(byte | 128);
  }
}

export function unsigned(n: number): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = n & 127;
    n = Math.floor(n / 128);
    if (n === 0) {
      out.push(byte);
      return out;
    }
    out.push(byte | 128);
  }
}

const two =
  (code: number) =>
  (a: Op, b: Op): Op => [a, b, code];
const one =
  (code: number) =>
  (a: Op): Op => [a, code];
const load =
  (code: number, align: number) =>
  (at: Op, offset = 0): Op => [at, code, align, ...unsigned(offset)];
const store =
  (code: number, align: number) =>
  (at: Op, value: Op, offset = 0): Op => [at, value, code, align, ...unsigned(offset)];

export const i32 = {
  const: (n: number): Op => [0x41, ...signed(n | 0)],
  eqz: one(0x45),
  eq: two(0x46),
  ne: two(0x47),
  lt: two(0x48),
  gt: two(0x4a),
  le: two(0x4c),
  ge: two(0x4e),
  ltU: two(0x49),
  geU: two(0x4f),
  ctz: one(0x68),
  popcnt: one(0x69),
  add: two(0x6a),
  sub: two(0x6b),
  mul: two(0x6c),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shl: two(0x74),
  shr: two(0x75),
  shrU: two(0x76),
  load: load(0x28, 2),
  load8: load(0x2d, 0),
  load16: load(0x2f, 1),
  store: store(0x36, 2),
  wrap: one(0xa7),
};

export const i64 = {
  const: (n: bigint): Op => [0x42, ...signedBig(BigInt.asIntN(64, n))],
  eqz: one(0x50),
  eq: two(0x51),
  ne: two(0x52),
  add: two(0x7c),
  sub: two(0x7d),
  mul: two(0x7e),
  and: two(0x83),
  or: two(0x84),
  xor: two(0x85),
  shl: two(0x86),
  shrU: two(0x88),
  load: load(0x29, 3),
  store: store(0x37, 3),
  extend: one(0xad),
};

export const get = (local: Local): Op => [0x20, ...unsigned(local)];
export const set = (local: Local, value: Op): Op => [value, 0x21, ...unsigned(local)];
export const tee = (local: Local, value: Op): Op => [value, 0x22, ...unsigned(local)];
export const getGlobal = (global: number): Op => [0x23, ...unsigned(global)];
export const setGlobal = (global: number, value: Op): Op => [value, 0x24, ...unsigned(global)];
export const drop = one(0x1a);
export const select = (then: Op, otherwise: Op, cond: Op): Op => [then, otherwise, cond, 0x1b];
export const ret = (value: Op = []): Op => [value, 0x0f];
export const unreachable: Op = 0x00;
export const call = (index: number, ...args: Op[]): Op => [args, 0x10, ...unsigned(index)];
/** Calls entry `at` of the table; the callee has the given type. */
export const callAt = (type: number, at: Op, ...args: Op[]): Op => [args, at, 0x11, ...unsigned(type), 0];
export const copy = (to: Op, from: Op, bytes: Op): Op => [to, from, bytes, 0xfc, 10, 0, 0];
export const fill = (to: Op, byte: Op, bytes: Op): Op => [to, byte, bytes, 0xfc, 11, 0];

export const nothing: Op = [];

export const label = (of: Label['of']): Label => ({ of });
export const block = (to: Label, ...body: Op[]): Op => structure('block', to, null, nothing, body, null);
export const loop = (to: Label, ...body: Op[]): Op => structure('loop', to, null, nothing, body, null);
export const when = (cond: Op, then: Op, otherwise: Op | null = null): Op =>
  structure('if', null, null, cond, then, otherwise);
/** The value of one of two. */
export const either = (cond: Op, then: Op, otherwise: Op): Op => structure('if', null, 'i32', cond, then, otherwise);
export const br = (to: Label): Op => ({ branch: 0x0c, to });
export const brIf = (to: Label, cond: Op): Op => [cond, { branch: 0x0d, to }];

/** Repeats while the condition holds. */
export function repeat(cond: Op, ...body: Op[]): Op {
  const again = label('loop');
  return loop(again, when(cond, [body, br(again)]));
}

function structure(
  kind: Structure['kind'],
  to: Label | null,
  result: 'i32' | null,
  cond: Op,
  body: Op,
  otherwise: Op | null,
): Structure {
  return { kind, label: to, result, cond, body, otherwise };
}

const OPENS = { block: 0x02, loop: 0x03, if: 0x04 } as const;

/** Bytes of a function's code, without its end. */
export function flatten(code: Op): number[] {
  const out: number[] = [];
  const around: (Label | null)[] = [];
  const write = (op: Op): void => {
    if (typeof op === 'number') out.push(op);
    else if (Array.isArray(op)) for (const part of op as readonly Op[]) write(part);
    else if ('branch' in op) {
      const at = around.lastIndexOf(op.to);
      if (at < 0) throw new Error('a branch to a place that it does not stand in');
      out.push(op.branch, ...unsigned(around.length - 1 - at));
    } else {
      const it = op as Structure;
      write(it.cond);
      out.push(OPENS[it.kind], it.result === null ? EMPTY : I32);
      around.push(it.label);
      write(it.body);
      if (it.otherwise !== null) {
        out.push(0x05);
        write(it.otherwise);
      }
      around.pop();
      out.push(0x0b);
    }
  };
  write(code);
  return out;
}
