/**
 * The binary form of a WebAssembly module, as far as it is needed here: functions, one memory that is imported, one table,
 * globals and data. Nothing in a module comes from anywhere but the calls below.
 */
import { flatten, signed, signedBig, unsigned, type Local, type Op } from './ops';

export type ValueType = 'i32' | 'i64';

const TYPE = { i32: 0x7f, i64: 0x7e } as const;
const SECTION = { type: 1, import: 2, function: 3, table: 4, global: 6, export: 7, element: 9, code: 10, data: 11 };

/** A function whose code may come later, so that others can call it before. */
export interface Func {
  readonly index: number;
  readonly type: number;
}

interface Body {
  readonly type: number;
  locals: readonly ValueType[];
  code: Op | null;
}

export class ModuleWriter {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly functions: Body[] = [];
  private readonly globals: { readonly type: ValueType; readonly init: bigint }[] = [];
  private readonly exports: { readonly name: string; readonly kind: number; readonly index: number }[] = [];
  private readonly table: Func[] = [];
  private readonly data: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  /** Number of a type of functions. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    const list = (types: readonly ValueType[]): number[] => [types.length, ...types.map((t) => TYPE[t])];
    this.typeBytes.push([0x60, ...list(params), ...list(results)]);
    return this.types.length - 1;
  }

  declare(params: readonly ValueType[], results: readonly ValueType[]): Func {
    const type = this.type(params, results);
    this.functions.push({ type, locals: [], code: null });
    return { index: this.functions.length - 1, type };
  }

  /** Gives a function its code. `locals` come after the parameters. */
  define(func: Func, locals: readonly ValueType[], code: Op): void {
    const body = this.functions[func.index]!;
    if (body.code !== null) throw new Error('a function with two bodies');
    body.locals = locals;
    body.code = code;
  }

  func(
    params: readonly ValueType[],
    results: readonly ValueType[],
    locals: readonly ValueType[],
    code: (local: (n: number) => Local) => Op,
  ): Func {
    const func = this.declare(params, results);
    this.define(
      func,
      locals,
      code((n) => n),
    );
    return func;
  }

  global(type: ValueType, init = 0n): number {
    this.globals.push({ type, init });
    return this.globals.length - 1;
  }

  exportFunc(name: string, func: Func): void {
    this.exports.push({ name, kind: 0, index: func.index });
  }

  exportGlobal(name: string, index: number): void {
    this.exports.push({ name, kind: 3, index });
  }

  /** Entry of the table that calls this function. */
  entry(func: Func): number {
    this.table.push(func);
    return this.table.length - 1;
  }

  bytesAt(at: number, bytes: Uint8Array): void {
    this.data.push({ at, bytes });
  }

  /** The module. Its memory is imported as `env.memory`, of at least `pages` and at most `maxPages` pages of 64 KiB. */
  finish(pages: number, maxPages: number): Uint8Array<ArrayBuffer> {
    const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, items: readonly (readonly number[])[]): void => {
      if (items.length === 0) return;
      const count = unsigned(items.length);
      const length = items.reduce((sum, item) => sum + item.length, count.length);
      out.push(id, ...unsigned(length));
      for (const byte of count) out.push(byte);
      for (const item of items) for (const byte of item) out.push(byte);
    };
    const name = (text: string): number[] => [...unsigned(text.length), ...[...text].map((c) => c.charCodeAt(0))];
    section(SECTION.type, this.typeBytes);
    section(SECTION.import, [[...name('env'), ...name('memory'), 2, 1, ...unsigned(pages), ...unsigned(maxPages)]]);
    section(
      SECTION.function,
      this.functions.map((f) => unsigned(f.type)),
    );
    section(SECTION.table, [[0x70, 0, ...unsigned(this.table.length)]]);
    section(
      SECTION.global,
      this.globals.map((g) => [TYPE[g.type], 1, ...constant(g.type, g.init), 0x0b]),
    );
    section(
      SECTION.export,
      this.exports.map((e) => [...name(e.name), e.kind, ...unsigned(e.index)]),
    );
    if (this.table.length > 0)
      section(SECTION.element, [
        [0, 0x41, 0, 0x0b, ...unsigned(this.table.length), ...this.table.flatMap((f) => unsigned(f.index))],
      ]);
    section(
      SECTION.code,
      this.functions.map((f) => {
        if (f.code === null) throw new Error('a function without a body');
        const locals = f.locals.flatMap((t) => [1, TYPE[t]]);
        const code = flatten(f.code);
        const head = [...unsigned(f.locals.length), ...locals];
        return [...unsigned(head.length + code.length + 1), ...head, ...code, 0x0b];
      }),
    );
    section(
      SECTION.data,
      this.data.map((d) => [0, 0x41, ...signed(d.at), 0x0b, ...unsigned(d.bytes.length), ...d.bytes]),
    );
    return new Uint8Array(out);
  }
}

function constant(type: ValueType, value: bigint): number[] {
  return type === 'i32' ? [0x41, ...signedBig(value)] : [0x42, ...signedBig(value)];
}
