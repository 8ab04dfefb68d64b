/**
 * The machine, with an ear for calls: beside a step's effects it tells which functions of the text were entered and left,
 * as a function tracer and return probes would. It does nothing else than the machine does.
 */
import { Head, type Program } from '../language/program';
import type { Effect } from '../machine/effects';
import { Machine } from '../machine/machine';

/** A function of the text was entered or left. `result`: what it returned, null where its caller asked for nothing. */
export type CallEvent =
  | {
      readonly kind: 'call';
      readonly context: number;
      readonly cpu: number;
      readonly fn: string;
      readonly frame: number;
      /** Its first argument, where it has one. */
      readonly argument: number;
    }
  | {
      readonly kind: 'ret';
      readonly context: number;
      readonly cpu: number;
      readonly fn: string;
      readonly frame: number;
      readonly result: number | null;
      /** A fault of the text stood in its place. */
      readonly injected: boolean;
    };

/** What one instruction showed, with who executed it: an effect, or a call. */
export type MachineEvent =
  | CallEvent
  | {
      readonly kind: 'effect';
      readonly context: number;
      readonly effect: Effect;
      /** Of the context, at that moment. */
      readonly preempt: number;
      readonly irqsOff: boolean;
    };

/** Frames that a context stands in, outermost first, for each of the hooks that may run on top of it. */
interface Standing {
  chain: readonly number[];
  /** Result of the frame left last, as long as nothing else was executed since. */
  result: number | null;
  fresh: boolean;
  injected: boolean;
}

export class WatchedMachine extends Machine {
  /** Hears each event at its moment, before the next instruction is executed. */
  listener: ((e: MachineEvent) => void) | null = null;
  private readonly standing = new Map<number, Standing>();
  private readonly chains: (readonly number[])[];
  private readonly listening: boolean;

  constructor(program: Program) {
    super(program);
    this.chains = program.frames.map((_, f) => chainOf(program, f));
    this.listening = true;
  }

  protected override effect(e: Effect): void {
    super.effect(e);
    if (!this.listening || !this.watch) return;
    const x = this.executing;
    this.listener?.({
      kind: 'effect',
      context: x,
      effect: e,
      preempt: x < 0 ? 0 : this.head(x, Head.preempt),
      irqsOff: x >= 0 && this.head(x, Head.irqOff) !== 0,
    });
  }

  /** The context that executes an instruction, -1 for what the machine does by itself. */
  private executing = -1;

  protected override execute(x: number, choice: number): void {
    if (!this.listening || !this.watch) {
      super.execute(x, choice);
      return;
    }
    this.arrive(x);
    const standing = this.standingOf(x);
    const instr = this.instrOf(x);
    let value: number | null = null;
    let first = 0;
    if (instr.op === 'set') {
      const { values } = this.compiled[this.head(x, Head.pc)]!;
      value = values.at(-1)?.(this.s, x) ?? null;
      first = values[0]?.(this.s, x) ?? 0;
    }
    const before = this.executing;
    this.executing = x;
    const hook = this.head(x, Head.hook);
    const dies = instr.op === 'bug';
    const fired = instr.op === 'fired';
    super.execute(x, choice);
    this.executing = before;
    if (dies) {
      // what it stood in is never left
      this.standing.delete(this.keyOf(x, hook));
      return;
    }
    const now = this.head(x, Head.hook) === hook ? this.chainAt(x) : [];
    if (fired) standing.injected = true;
    const left = this.leaveTo(x, standing, now, instr.op === 'set' ? value : standing.fresh ? standing.result : null);
    if (!left && instr.op !== 'nop') standing.fresh = false;
    if (this.head(x, Head.hook) !== hook) this.standing.delete(this.keyOf(x, hook));
    else this.arrive(x, first);
  }

  /** Tells of the functions that stand between what was known and where the context stands now. */
  private arrive(x: number, argument = 0): void {
    const standing = this.standingOf(x);
    const now = this.chainAt(x);
    this.leaveTo(x, standing, now, null);
    const known = standing.chain.length;
    for (let i = known; i < now.length; i++) {
      const frame = now[i]!;
      const { fn } = this.program.frames[frame]!;
      this.listener?.({ kind: 'call', context: x, cpu: this.head(x, Head.cpu), fn, frame, argument });
    }
    if (known < now.length) {
      standing.chain = now;
      standing.fresh = false;
    }
  }

  private leaveTo(x: number, standing: Standing, now: readonly number[], result: number | null): boolean {
    const { chain } = standing;
    let common = 0;
    while (common < chain.length && common < now.length && chain[common] === now[common]) common += 1;
    if (common === chain.length) return false;
    for (let i = chain.length - 1; i >= common; i--) {
      const frame = chain[i]!;
      const { fn } = this.program.frames[frame]!;
      const injected = standing.injected && i === chain.length - 1;
      this.listener?.({ kind: 'ret', context: x, cpu: this.head(x, Head.cpu), fn, frame, result, injected });
    }
    standing.injected = false;
    standing.chain = chain.slice(0, common);
    standing.result = result;
    standing.fresh = true;
    return true;
  }

  private keyOf(x: number, hook: number): number {
    return x * 4 + hook;
  }

  private standingOf(x: number): Standing {
    const key = this.keyOf(x, this.head(x, Head.hook));
    let found = this.standing.get(key);
    if (!found) this.standing.set(key, (found = { chain: [], result: null, fresh: false, injected: false }));
    return found;
  }

  private chainAt(x: number): readonly number[] {
    const { frame } = this.instrOf(x);
    return frame < 0 || this.head(x, Head.pc) === 0 ? [] : this.chains[frame]!;
  }

  /** First value of the instruction at which a context stands. */
  firstValue(x: number): number {
    return this.compiled[this.head(x, Head.pc)]!.values[0]!(this.s, x);
  }

  /** Functions that a context stands in, outermost first. */
  functionsOf(x: number): string[] {
    return this.chainAt(x).map((f) => this.program.frames[f]!.fn);
  }

  /** What must be kept beside the state to come back here. */
  saveStanding(): Map<number, Standing> {
    return new Map([...this.standing].map(([key, s]) => [key, { ...s }]));
  }

  restoreStanding(saved: ReadonlyMap<number, Standing>): void {
    this.standing.clear();
    for (const [key, s] of saved) this.standing.set(key, { ...s });
  }
}

function chainOf(program: Program, frame: number): readonly number[] {
  const chain: number[] = [];
  for (let f = frame; f >= 0; f = program.frames[f]!.parent) chain.unshift(f);
  return chain;
}
