/** Whether a step is free: whether what a context does next could as well be done at once, since nobody can tell when it is. */
import { Head } from '../../language/program';
import { head, readHead } from '../compiled/asks';
import { define, fixed, read, zero, type Build } from '../compiled/build';
import type { Steps } from '../compiled/steps';
import type { Bits, Conflicts } from '../program/conflicts';
import { widened } from '../program/footprint';
import type { Step } from '../program/movers';
import type { Func } from '../wasm/encode';
import { call, getGlobal, i32, nothing, ret, setGlobal, when, type Op } from '../wasm/ops';
import { Closure } from './closure';

/** In place of a CPU: the step is done when the task is on its CPU again. */
export const LATER = 0x1fff;
export interface Log {
  readonly address: number;
  readonly capacity: number;
  /** Global: entries so far. */
  readonly count: number;
}

export interface Tables {
  /** Whether a context that waits could go on. */
  readonly readyOf: (x: number) => Op;
  readonly code: (kind: 'step' | 'sleep' | 'switch' | 'wake', x: number, c: number) => number;
  readonly inTable: (funcs: readonly Func[]) => number;
  /** Where steps are written down that are no transitions of their own. */
  readonly log: Log;
}

export class Free {
  protected readonly closure: Closure;
  protected readonly c: Conflicts;
  /** What others look at when they ask who is current, or runnable, somewhere; also the question does. */
  protected readonly current: Bits;
  protected readonly runnable: Bits;

  constructor(
    protected readonly b: Build,
    protected readonly steps: readonly Steps[],
    conflicts: Conflicts,
    protected readonly tables: Tables,
  ) {
    this.c = conflicts;
    this.closure = new Closure(b, conflicts, tables.readyOf);
    const { things } = conflicts;
    this.current = conflicts.bits([things.current]);
    this.runnable = conflicts.bits([things.runnable]);
  }

  protected sees(bits: Bits): boolean {
    return bits.some((w, i) => (w & this.c.visible[i]!) !== 0);
  }

  /** Writes down a step that was done without being a transition of its own. */
  protected note(kind: 'step' | 'sleep' | 'switch' | 'wake', x: number, c: number): Op {
    const { log } = this.tables;
    const at = i32.shl(getGlobal(log.count), i32.const(2));
    return when(i32.ltU(getGlobal(log.count), i32.const(log.capacity)), [
      i32.store(at, i32.const(this.tables.code(kind, x, c)), log.address),
      setGlobal(log.count, i32.add(getGlobal(log.count), i32.const(1))),
    ]);
  }

  /** Whether others could not tell when this step is done, but for what `touches` says at run time. */
  protected mover(step: Step): 'left' | 'right' | 'both' | 'none' {
    const { visible } = this.c;
    const writes = this.c.touch(
      widened(step.access, () => true),
      true,
    );
    const seen = visible.some((w, i) => (w & (writes.writes[i]! | writes.thisWrites[i]!)) !== 0);
    return seen ? 'none' : step.mover;
  }

  /** What a step touches, as others may come in its way; null where it does what depends on its CPU and could lose it. */
  protected touches(step: Step, x: number): Op {
    const { reads, writes, thisReads, thisWrites, elements } = step.access;
    const but = (of: ReadonlySet<number>): Set<number> => new Set([...of].filter((t) => t !== step.spinlock));
    const touch = this.c.touch({ reads: but(reads), writes: but(writes), thisReads, thisWrites, elements: [] }, true);
    const bound = this.b.program.contexts[x]!.cpu >= 0;
    const onCpu = !bound && (thisReads.size > 0 || thisWrites.size > 0);
    return this.closure.touches(
      touch,
      onCpu ? readHead(this.b, x, Head.cpu) : null,
      elements.map(({ base, count, slot, written }) => ({
        base,
        count,
        written,
        index: read(this.b, this.b.program.contexts[x]!.base + Head.size + slot),
      })),
    );
  }

  protected usesCpu(step: Step, x: number): boolean {
    const { thisReads, thisWrites } = step.access;
    return this.b.program.contexts[x]!.cpu < 0 && (thisReads.size > 0 || thisWrites.size > 0);
  }

  /** It cannot be moved to another CPU now: a condition. */
  protected pinned(x: number): Op {
    return i32.or(readHead(this.b, x, Head.preempt), readHead(this.b, x, Head.irqOff));
  }

  /** Returns where a step is not free to be done now. */
  protected unlessFree(step: Step, x: number, result: Op): Op {
    return [
      this.usesCpu(step, x) ? when(i32.eqz(this.pinned(x)), ret(result)) : nothing,
      call(this.closure.close().index, i32.const(x)),
      this.closure.addHooks(x),
      when(this.touches(step, x), ret(result)),
    ];
  }

  protected readonly no = (): Func =>
    this.b.shared('not free', () => {
      const f = this.b.module.declare([], ['i32']);
      define(this.b, f, 0, () => zero);
      return f;
    });

  protected join(sets: readonly Bits[]): Bits {
    const all = new Int32Array(this.c.size);
    for (const s of sets) s.forEach((w, i) => (all[i] = all[i]! | w));
    return all;
  }

  protected isTask(x: number): boolean {
    return !['irq', 'idle', 'stopper', 'init'].includes(this.b.program.contexts[x]!.kind);
  }

  /** Nothing but its place on a run queue is seen of a task: no hook runs when it goes, and it may be preempted. */
  protected quiet(x: number): Op {
    const { b } = this;
    const off = [Head.notifier, Head.hook, Head.preempt, Head.irqOff].filter((f) => fixed(b, head(b, x, f)) !== 0);
    return i32.eqz(off.map((f) => readHead(b, x, f)).reduce((a, o) => i32.or(a, o), zero));
  }
}
