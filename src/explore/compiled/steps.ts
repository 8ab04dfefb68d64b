/**
 * The code of one context: what a step does from each place where it can rest. A step is a chain of functions without
 * parameters, each a run of instructions; what a function returns is the table entry of the next, or -1 at the end of the step.
 */
import type { Instr } from '../../language/program';
import { Head } from '../../language/program';
import { mayWait, successors } from '../program/rests';
import type { Func } from '../wasm/encode';
import { call, callAt, get, i32, label, loop, br, ret, set, unreachable, when, type Op } from '../wasm/ops';
import { define, raise, writeConst, zero, type Build, type Scope } from './build';
import { stand, type Stand } from './expressions';
import { ready } from './guards';
import { execute } from './instructions';

/** Longest run of functions in one step; beyond it the text loops without letting anyone else run. */
const MAX_CHAIN = 20_000;
/** Longest run of instructions in one function. */
const MAX_INLINE = 60;

/** Ends a step. */
export const DONE: Op = ret(i32.const(-1));

export class Steps {
  private readonly blocks = new Map<string, { readonly func: Func; readonly entry: number }>();
  private readonly todo: (() => void)[] = [];
  private readonly before = new Map<number, number>();

  constructor(
    readonly b: Build,
    readonly x: number,
  ) {
    for (const pc of b.world.at[x]!.keys())
      for (const to of successors(b.world, x, pc)) this.before.set(to, (this.before.get(to) ?? 0) + 1);
  }

  instr(pc: number): Instr {
    return this.b.program.code[pc]!;
  }

  at(scope: Scope, pc: number): Stand {
    return stand(this.b, scope, this.x, this.b.world.at[this.x]!.get(pc) ?? null);
  }

  /** Function of the instructions from pc on. `atomic`: the step began in the atomic block that pc stands in. */
  block(pc: number, atomic: boolean): { readonly func: Func; readonly entry: number } {
    const key = `${pc} ${atomic}`;
    let found = this.blocks.get(key);
    if (!found) {
      const func = this.b.module.declare([], ['i32']);
      this.blocks.set(key, (found = { func, entry: this.b.module.entry(func) }));
      this.todo.push(() => {
        define(this.b, func, 0, (scope) => [new Chain(this, scope).from(pc, atomic), unreachable]);
      });
    }
    return found;
  }

  /** A function that is no run of instructions, but ends in one. */
  piece(make: (chain: Chain) => Op): Func {
    const func = this.b.module.declare([], ['i32']);
    this.todo.push(() => {
      define(this.b, func, 0, (scope) => [make(new Chain(this, scope)), unreachable]);
    });
    return func;
  }

  /** Writes all functions that were asked for. */
  finish(): boolean {
    const any = this.todo.length > 0;
    while (this.todo.length > 0) this.todo.pop()!();
    return any;
  }

  joins(pc: number): boolean {
    return (this.before.get(pc) ?? 0) > 1;
  }

  setPc(scope: Scope, pc: number): Op {
    const { b, x } = this;
    const number = b.layout.pcNumber(x, pc);
    if (number < 0) throw new Error(`context ${x} cannot rest at ${pc}`);
    return writeConst(b, scope, b.program.contexts[x]!.base + Head.pc, number);
  }

  /** Executes a step from pc: the block, and those that it leads to. */
  run(pc: number): Op {
    const { func } = this.block(pc, this.instr(pc).atomic !== 0);
    return call(runner(this.b).index, call(func.index));
  }
}

/** Goes on with what a block returns, until the step ends. */
export function runner(b: Build): Func {
  return b.shared('runner', () => {
    const func = b.module.declare(['i32'], []);
    const type = b.module.type([], ['i32']);
    define(b, func, 1, (scope) => {
      const count = scope.temp();
      const again = label('loop');
      return loop(
        again,
        when(i32.ge(get(0), zero), [
          set(count, i32.add(get(count), i32.const(1))),
          when(i32.gt(get(count), i32.const(MAX_CHAIN)), [raise(b), ret()]),
          set(0, callAt(type, get(0))),
          br(again),
        ]),
      );
    });
    return func;
  });
}

/** Instructions of one function, one after the other. */
export class Chain {
  private length = 0;
  private readonly stack: string[] = [];

  constructor(
    readonly steps: Steps,
    readonly scope: Scope,
  ) {}

  /** Code that executes from pc on, to the end of the step or to a jump to another block; it always returns. */
  from(pc: number, atomic: boolean): Op {
    this.length += 1;
    const key = `${pc} ${atomic}`;
    this.stack.push(key);
    const code = execute(this, pc, atomic);
    this.stack.pop();
    return code;
  }

  /** The context comes from pc to `to`. Always returns. */
  follow(from: number, to: number, atomic: boolean): Op {
    const { steps } = this;
    const instr = steps.instr(to);
    const still = atomic && instr.atomic === steps.instr(from).atomic;
    return this.come(to, still);
  }

  /** The context stands at `to`; goes on where the step does. */
  come(to: number, atomic: boolean): Op {
    const { steps, scope } = this;
    const instr = steps.instr(to);
    const stop = (): Op => [steps.setPc(scope, to), DONE];
    if (instr.glue) return this.jump(to, atomic);
    if (!atomic) return stop();
    if (!mayWait(instr)) return this.jump(to, atomic);
    return [when(ready(steps.at(scope, to), to), this.jump(to, atomic)), stop()];
  }

  private jump(to: number, atomic: boolean): Op {
    const inline = !this.steps.joins(to) && this.length < MAX_INLINE && !this.stack.includes(`${to} ${atomic}`);
    return inline ? this.from(to, atomic) : ret(i32.const(this.steps.block(to, atomic).entry));
  }
}
