import { FlowKind, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import type { TaskBook } from './tasks';
import type { TraceTracks } from './trace-tracks';

interface Sent {
  readonly from: number;
  readonly at: Ordinal;
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly at: Ordinal;
  readonly comm: string;
  readonly kind: FlowKind;
}

/** A CPU that was sent more than this many IPIs of a class without a trace of their arrival has none that could be told. */
const mostPending = 64;

/**
 * Arrows between the runs lanes, only where the trace proves both ends:
 *
 * - sched_migrate_task: from the old CPU to where and when the task next runs on the new one; upright if it never does.
 * - sched_wakeup across CPUs: from the waker's CPU to where the task next runs.
 * - ipi_send_cpu and ipi_send_cpumask (from 6.12 on): to the target's next vector entry of that class. Several sends
 *   before one entry are served by it, as the interrupt is pending only once. A trace without send events has no such
 *   arrows: an entry alone does not say who sent it.
 */
export class Arrows {
  private readonly moves = new Map<number, Move>();
  /** Pending sends per target CPU, of the reschedule class and of the call-function classes. */
  private readonly sent = { reschedule: new Map<number, Sent[]>(), call: new Map<number, Sent[]>() };

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
    private readonly tasks: TaskBook,
  ) {}

  event(row: number, at: Ordinal): void {
    const t = this.table;
    const cpu = t.cpu.data[row]!;
    switch (t.kind.data[row]!) {
      case Kind.migrate: {
        const tid = t.a.data[row]!;
        this.settle(tid);
        const [from, to] = [t.b.data[row]!, t.c.data[row]!];
        this.moves.set(tid, { from, to, at, comm: this.tasks.comm(tid), kind: FlowKind.migration });
        break;
      }
      case Kind.wakeup: {
        const [tid, to] = [t.a.data[row]!, t.b.data[row]!];
        // A migration that belongs to this wake-up was printed just before, and says more.
        if (this.moves.has(tid) || to < 0 || to === cpu) break;
        this.moves.set(tid, { from: cpu, to, at, comm: this.tasks.comm(tid), kind: FlowKind.wakeup });
        break;
      }
      case Kind.switch: {
        const tid = t.b.data[row]!;
        const move = this.moves.get(tid);
        if (!move) break;
        this.moves.delete(tid);
        if (move.to === cpu || move.kind === FlowKind.migration) this.arrow(move, cpu, at);
        break;
      }
      case Kind.ipiCpu:
        this.send(t.a.data[row]!, t.e.data[row] === 1, cpu, at);
        break;
      case Kind.ipiMask:
        for (const target of cpusOfMask(t.strings.text(t.d.data[row]!)))
          this.send(target, t.e.data[row] === 1, cpu, at);
        break;
      case Kind.vectorEntry:
        this.arrive(t.strings.text(t.d.data[row]!), cpu, at);
        break;
      default:
        break;
    }
  }

  gap(): void {
    this.settleAll();
    this.sent.reschedule.clear();
    this.sent.call.clear();
  }

  finish(): void {
    this.settleAll();
  }

  private settleAll(): void {
    for (const tid of [...this.moves.keys()]) this.settle(tid);
  }

  /** A move whose task did not run before the next thing happened to it: the move itself is still a fact. */
  private settle(tid: number): void {
    const move = this.moves.get(tid);
    if (!move) return;
    this.moves.delete(tid);
    if (move.kind === FlowKind.migration) this.arrow(move, move.to, move.at);
  }

  private arrow(move: Move, to: number, end: Ordinal): void {
    if (move.from === to) return;
    this.builder.flow(move.kind, move.comm, this.tracks.cpu(move.from).runs, move.at, this.tracks.cpu(to).runs, end);
  }

  private send(target: number, call: boolean, from: number, at: Ordinal): void {
    const pending = call ? this.sent.call : this.sent.reschedule;
    const list = pending.get(target);
    if (!list) pending.set(target, [{ from, at }]);
    else if (list.push({ from, at }) > mostPending) list.shift();
  }

  private arrive(vector: string, cpu: number, at: Ordinal): void {
    const pending =
      vector === 'reschedule'
        ? this.sent.reschedule
        : vector === 'call_function' || vector === 'call_function_single'
          ? this.sent.call
          : undefined;
    const list = pending?.get(cpu);
    if (!list) return;
    pending!.delete(cpu);
    for (const { from, at: start } of list)
      if (from !== cpu)
        this.builder.flow(FlowKind.ipi, vector, this.tracks.cpu(from).runs, start, this.tracks.cpu(cpu).runs, at);
  }
}

/** "00000000,0000000c" is CPUs 2 and 3: hexadecimal words of 32 bits, the highest first. */
export function cpusOfMask(mask: string): number[] {
  const cpus: number[] = [];
  mask
    .split(',')
    .reverse()
    .forEach((word, i) => {
      const bits = Number.parseInt(word, 16);
      for (let bit = 0; bit < 32; bit++) if (Math.floor(bits / 2 ** bit) % 2 === 1) cpus.push(i * 32 + bit);
    });
  return cpus;
}
