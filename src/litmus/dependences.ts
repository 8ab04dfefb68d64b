/**
 * What each executed instruction of a run depended on: the cells that it read, by what it wrote; found by doing its step again.
 * A transition of the scheduler is told of like an instruction.
 */
import { Head, type Instr, type Program, type StoreAt } from '../language/program';
import type { History } from '../machine/history';
import type { Machine } from '../machine/machine';
import type { Replay, Trace } from '../machine/replay';
import { cellsOf, valueOf, type Asker } from './reads';

/** A cell that was written, and the cells that its value came from. */
export interface Written {
  readonly cell: number;
  readonly from: readonly number[];
  /** Value that was written. */
  readonly value: number;
}

export interface Executed {
  /** Place in the trace. */
  readonly at: number;
  readonly context: number;
  readonly pc: number;
  /** Cells that decided what it did, or whether it could: conditions, locks, arguments. */
  readonly read: readonly number[];
  readonly written: readonly Written[];
}

const NONE: readonly number[] = [];

/** The cell that a store goes to now, or -1. */
export function targetOf(asker: Asker, at: StoreAt): number {
  if (at.op === 'cell') return at.at;
  if (at.op === 'local') return (asker.machine.program.contexts[asker.context]?.base ?? 0) + Head.size + at.slot;
  const i = valueOf(asker, at.index);
  return i >= 0 && i < at.count ? at.base + i : -1;
}

/** What an instruction reads before it is executed, apart from the values that it stores. */
function conditionCells(asker: Asker, instr: Instr): readonly number[] {
  const { machine, context } = asker;
  const { program } = machine;
  const base = program.contexts[context]?.base ?? 0;
  switch (instr.op) {
    case 'branch':
    case 'await':
    case 'spin':
    case 'idle':
      return cellsOf(asker, instr.cond);
    case 'switch':
      return cellsOf(asker, instr.on);
    case 'lock':
    case 'unlock':
      return [program.locks[instr.lock]!.cell];
    case 'action':
      return instr.when ? cellsOf(asker, instr.when) : NONE;
    case 'ipi': {
      const who = instr.cpu
        ? cellsOf(asker, instr.cpu)
        : Array.from({ length: instr.mask!.count }, (_, i) => instr.mask!.base + i).filter(
            (cell) => machine.s[cell] !== 0,
          );
      return [...who, ...instr.args.flatMap((a) => cellsOf(asker, a))];
    }
    case 'ipiwait':
      return [base + Head.calls];
    case 'stop':
      return [...cellsOf(asker, instr.cpu), ...instr.args.flatMap((a) => cellsOf(asker, a))];
    case 'stopend':
      return [base + Head.size];
    case 'stopresult':
      return [base + Head.arg0];
    case 'start':
      return cellsOf(asker, instr.cpu);
    case 'spawn':
    case 'log':
    case 'warn':
    case 'trace':
    case 'panic':
      return instr.args.flatMap((a) => cellsOf(asker, a));
    case 'allow':
      return [...cellsOf(asker, instr.task), ...(instr.cpu ? cellsOf(asker, instr.cpu) : [])];
    case 'guest':
      return cellsOf(asker, instr.vcpu);
    case 'begin':
    case 'end':
      return [...cellsOf(asker, instr.state), ...cellsOf(asker, instr.cpu)];
    case 'fired':
      return instr.hitsCell >= 0 ? [instr.hitsCell] : NONE;
    case 'ipiend': {
      const sender = machine.head(context, Head.peer) - 1;
      return sender >= 0 ? [program.contexts[sender]!.base + Head.calls] : NONE;
    }
    default:
      return NONE;
  }
}

/** Where the values go that an instruction computes, each with the cells that it comes from. */
function valueCells(asker: Asker, instr: Instr): Map<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  const put = (at: StoreAt | null, from: readonly number[]): void => {
    if (!at) return;
    const index = at.op === 'cellAt' ? cellsOf(asker, at.index) : NONE;
    found.set(targetOf(asker, at), [...from, ...index]);
  };
  if (instr.op === 'set') for (const { at, value } of instr.stores) put(at, cellsOf(asker, value));
  else if (instr.op === 'end') put(instr.at, cellsOf(asker, instr.result));
  else if (instr.op === 'pick') put(instr.at, NONE);
  else if (instr.op === 'choose' || instr.op === 'guest') put(instr.at, NONE);
  else if (instr.op === 'stopresult') put(instr.at, conditionCells(asker, instr));
  else if (instr.op === 'action' && !instr.begin) {
    found.set(instr.resultCell, cellsOf(asker, instr.result));
    found.set(instr.progressCell, NONE);
  }
  return found;
}

/** The dependences of the steps of a run, made for each step when it is first asked for. */
export class Dependences {
  private readonly known = new Map<number, readonly Executed[]>();

  constructor(
    private readonly replay: Replay,
    private readonly trace: Trace,
  ) {}

  get history(): History {
    return this.replay.history;
  }

  get program(): Program {
    return this.replay.history.program;
  }

  /** The machine when so many steps were done. */
  at(done: number): Machine {
    return this.replay.at(done);
  }

  /** The instructions of a step, in order. */
  of(step: number): readonly Executed[] {
    const known = this.known.get(step);
    if (known) return known;
    const found: Executed[] = [];
    const machine = this.replay.at(step);
    let at = this.trace.rangeOf(step)[0];
    let read: readonly number[] = NONE;
    let values = new Map<number, readonly number[]>();
    this.replay.step(step, {
      before: (context, pc) => {
        const asker = { machine, context };
        const instr = this.program.code[pc]!;
        read = conditionCells(asker, instr);
        values = valueCells(asker, instr);
      },
      after: (context, pc, from) => {
        const instr = this.program.code[pc]!;
        const { base } = this.program.contexts[context]!;
        // A local at the end of its life is set to 0: nobody reads that.
        const [clearFrom, clearTo] = instr.clear ?? [0, 0];
        const written: Written[] = [...values].map(([cell, cells]) => ({ cell, from: cells, value: machine.s[cell]! }));
        for (let i = from; i < machine.journal.length; i += 2) {
          const cell = machine.journal[i]!;
          const slot = cell - base - Head.size;
          if (values.has(cell) || cell === base + Head.pc || (slot >= clearFrom && slot < clearTo)) continue;
          written.push({ cell, from: read, value: machine.s[cell]! });
        }
        found.push({ at: at++, context, pc, read, written });
      },
    });
    this.known.set(step, found);
    return found;
  }
}
