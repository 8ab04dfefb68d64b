import { Look, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import type { TaskBook } from './tasks';
import type { TraceTracks } from './trace-tracks';

interface Interrupt {
  readonly name: string;
  readonly vector: number;
  readonly start: Ordinal;
}

/** What one CPU runs. tid -1: not known; 0: idle. */
interface Running {
  readonly cpu: number;
  tid: number;
  name: string;
  look: Look;
  start: Ordinal;
  /** The last event that this task printed here: until then it ran for certain. */
  seen: Ordinal;
  guest: boolean;
  /** The name is a guess (from the file of an exec, or from the line's own comm); the next switch tells the true one. */
  provisional: boolean;
  /** What killed it, while its death is being reported. */
  dying: string;
  readonly interrupts: Interrupt[];
}

/** Handlers within handlers; a real kernel nests two or three. */
const mostInterrupts = 16;

const notTold = 'kernel or user space: the trace does not tell';

/**
 * What runs on each CPU: tasks at depth 0 (guest time cut out of them), interrupts over them from depth 1 on.
 *
 * Every line of a trace names the task that is current on its CPU, so a lost or filtered sched_switch is noticed: the
 * time between the last line of one task and the first of the next is then shown as unknown.
 */
export class RunsLane {
  private readonly cpus = new Map<number, Running>();

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
    private readonly tasks: TaskBook,
  ) {}

  /** Takes the event of `row`, which has ordinal `at`. The task book has seen it already. */
  event(row: number, at: Ordinal): void {
    const t = this.table;
    const kind = t.kind.data[row]!;
    const cpu = t.cpu.data[row]!;
    const on = this.on(cpu);
    if (kind === Kind.lost) {
      this.forget(on, at);
      return;
    }
    const tid = t.tid.data[row]!;
    if (on.tid !== tid) this.takeOver(on, tid, row, at);
    on.seen = at;
    switch (kind) {
      case Kind.switch:
        this.end(on, at, t.a.data[row] === tid ? t.strings.text(t.c.data[row]!) : undefined);
        this.begin(on, t.b.data[row]!, t.strings.text(t.d.data[row]!), at);
        break;
      case Kind.exec:
        if (t.a.data[row] === tid) {
          this.end(on, at);
          this.begin(on, tid, this.tasks.comm(tid), at, true);
        }
        break;
      case Kind.kvmEntry:
        this.cut(on, at, true);
        break;
      case Kind.kvmExit:
        if (on.guest) this.cut(on, at, false);
        break;
      case Kind.vectorEntry: {
        const name = t.strings.text(t.d.data[row]!);
        // No handler interrupts itself: the exit of the one before is missing, and with it that of all over it.
        this.endInterrupt(on, name, at);
        if (on.interrupts.length < mostInterrupts) on.interrupts.push({ name, vector: t.a.data[row]!, start: at });
        break;
      }
      case Kind.vectorExit:
        this.endInterrupt(on, t.strings.text(t.d.data[row]!), at);
        break;
      default:
        break;
    }
  }

  /** The CPU went offline by `at`: nothing runs there, and the last line it printed is the last that is known. */
  offline(cpu: number, at: Ordinal): void {
    const on = this.cpus.get(cpu);
    if (on) this.forget(on, at);
  }

  /**
   * The buffer ends at `at`: what runs afterwards is not known, but for a death whose report goes on in the kernel log
   * (`reported`).
   */
  gap(at: Ordinal, reported = false): void {
    for (const on of this.cpus.values()) if (!(on.dying && reported)) this.forget(on, at);
  }

  /**
   * A BUG struck `tid`, the current task of `cpu`: from `at` on it dies there, until something else runs, or `buried`, or, if
   * nothing tells more, the buffer ends.
   */
  died(cpu: number, tid: number, comm: string, at: Ordinal, detail: string): void {
    const on = this.on(cpu);
    this.end(on, at);
    on.tid = tid;
    on.name = comm;
    on.look = Look.oops;
    on.dying = detail;
    on.seen = at;
  }

  /** The report of the death ends at `at`: what the CPU does afterwards is not known. */
  buried(cpu: number, at: Ordinal): void {
    const on = this.on(cpu);
    if (!on.dying) return;
    this.end(on, at);
    on.tid = -1;
  }

  private on(cpu: number): Running {
    let on = this.cpus.get(cpu);
    if (!on) {
      on = {
        cpu,
        tid: -1,
        name: '',
        look: Look.unknown,
        start: 0,
        seen: 0,
        guest: false,
        provisional: false,
        dying: '',
        interrupts: [],
      };
      this.cpus.set(cpu, on);
    }
    return on;
  }

  private begin(on: Running, tid: number, comm: string, at: Ordinal, provisional = false): void {
    on.provisional = provisional;
    on.tid = tid;
    on.name = comm;
    on.look = this.tasks.isKthread(tid, comm) ? Look.kth : Look.kern;
    on.start = on.seen = Math.max(at, on.start);
    on.guest = false;
  }

  /** Ends the slice of the running task. `comm`: what the switch called it, if it is known better at the end. */
  private end(on: Running, at: Ordinal, comm?: string): void {
    if (on.dying) this.builder.slice(this.tracks.cpu(on.cpu).runs, 0, on.start, at, Look.oops, on.name, on.dying);
    else if (on.tid > 0) {
      const track = this.tracks.cpu(on.cpu).runs;
      const name = on.provisional ? (comm ?? on.name) : on.name;
      if (on.guest) this.builder.slice(track, 0, on.start, at, Look.guest, name, 'in guest');
      else this.builder.slice(track, 0, on.start, at, on.look, name, on.look === Look.kern ? notTold : 'kernel thread');
    }
    on.start = Math.max(at, on.start);
    on.guest = false;
    on.dying = '';
  }

  private cut(on: Running, at: Ordinal, guest: boolean): void {
    this.end(on, at);
    on.guest = guest;
  }

  /** A line of another task than the one thought to run: its switch is missing. */
  private takeOver(on: Running, tid: number, row: number, at: Ordinal): void {
    if (on.tid >= 0) {
      const until = Math.min(on.seen + 1, at);
      this.end(on, until);
      this.builder.slice(
        this.tracks.cpu(on.cpu).runs,
        0,
        until,
        at,
        Look.unknown,
        '?',
        'a switch between tasks is missing in the trace',
      );
    }
    on.start = Math.max(on.start, at);
    this.begin(on, tid, this.tasks.comm(tid, row), at, true);
  }

  private forget(on: Running, at: Ordinal): void {
    this.end(on, Math.min(on.seen + 1, at));
    on.tid = -1;
    on.interrupts
      .splice(0)
      .forEach(({ name, vector, start }, below) =>
        this.interrupt(on, start, Math.min(on.seen + 1, at), name, vector, below),
      );
  }

  private endInterrupt(on: Running, name: string, at: Ordinal): void {
    // An exit without its entry (the trace began inside the handler) says nothing that could be drawn.
    if (!on.interrupts.some((i) => i.name === name)) return;
    for (;;) {
      const top = on.interrupts.pop()!;
      this.interrupt(on, top.start, at, top.name, top.vector, on.interrupts.length);
      if (top.name === name) return;
    }
  }

  private interrupt(on: Running, start: Ordinal, end: Ordinal, name: string, vector: number, below: number): void {
    this.builder.slice(this.tracks.cpu(on.cpu).runs, 1 + below, start, end, Look.irq, name, `vector ${vector}`);
  }

  /** The trace ends at `at`. */
  finish(at: Ordinal): void {
    this.gap(at);
  }
}
