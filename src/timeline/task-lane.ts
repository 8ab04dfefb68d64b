import { Look, type Ordinal, type TrackId } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import type { TraceTracks } from './trace-tracks';

interface State {
  readonly track: TrackId;
  start: Ordinal;
  /** undefined: nothing is shown (not born, not seen yet, gone). */
  look: Look | undefined;
  name: string;
  detail: string;
  on: number;
  running: boolean;
  dead: boolean;
}

const outside = 'outside the guest; kernel or user space, the trace does not tell';

/**
 * The lanes of the followed tasks (vCPU threads and a few others): in guest, running, runnable, blocked, dead; each with
 * the CPU it is on. Driven by sched_switch, sched_migrate_task, sched_wakeup, kvm_entry and kvm_exit.
 *
 * A task that was blocked and is then moved to another CPU is runnable from there: a sleeping task is given a CPU only
 * when it is woken (select_task_rq in try_to_wake_up).
 */
export class TaskLanes {
  private readonly states = new Map<number, State>();

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
  ) {}

  event(row: number, at: Ordinal): void {
    const t = this.table;
    const kind = t.kind.data[row]!;
    const tid = t.tid.data[row]!;
    const cpu = t.cpu.data[row]!;
    const current = tid > 0 ? this.of(tid) : undefined;
    if (current && !(current.running && current.on === cpu)) this.run(current, at, cpu);
    switch (kind) {
      case Kind.switch: {
        const prev = this.of(t.a.data[row]!);
        if (prev) this.leave(prev, at, t.strings.text(t.e.data[row]!));
        const next = this.of(t.b.data[row]!);
        if (next) this.run(next, at, cpu);
        break;
      }
      case Kind.kvmEntry:
        if (current) this.set(current, at, Look.guest, `in guest, CPU ${cpu}`, '');
        break;
      case Kind.kvmExit:
        if (current) this.run(current, at, cpu);
        break;
      case Kind.migrate: {
        const moved = this.of(t.a.data[row]!);
        if (moved && !moved.running) this.runnable(moved, at, t.c.data[row]!, `from CPU ${t.b.data[row]}`);
        break;
      }
      case Kind.wakeup: {
        const woken = this.of(t.a.data[row]!);
        if (woken && !woken.running) this.runnable(woken, at, t.b.data[row]!, 'woken');
        break;
      }
      case Kind.exit: {
        const gone = this.of(t.a.data[row]!);
        if (gone) this.set(gone, at, Look.kern, `exiting, CPU ${cpu}`, '');
        break;
      }
      default:
        break;
    }
  }

  /** A BUG killed the task at `at`: it stays dead. */
  died(tid: number, at: Ordinal, detail: string): void {
    const state = this.of(tid);
    if (!state) return;
    this.set(state, at, Look.oops, 'dead', detail);
    state.dead = true;
  }

  gap(at: Ordinal): void {
    for (const state of this.states.values()) {
      if (state.dead) continue;
      state.running = false;
      if (state.look !== undefined)
        this.set(state, at, Look.unknown, 'not traced', 'no buffer of the trace covers this');
    }
  }

  finish(at: Ordinal): void {
    for (const state of this.states.values()) this.flush(state, at);
  }

  private of(tid: number): State | undefined {
    const known = this.states.get(tid);
    if (known) return known.dead ? undefined : known;
    const track = this.tracks.task(tid);
    if (track === undefined) return undefined;
    const made = { track, start: 0, look: undefined, name: '', detail: '', on: -1, running: false, dead: false };
    this.states.set(tid, made);
    return made;
  }

  private run(state: State, at: Ordinal, cpu: number): void {
    this.set(state, at, Look.kern, `running, CPU ${cpu}`, outside);
    state.running = true;
    state.on = cpu;
  }

  private runnable(state: State, at: Ordinal, cpu: number, detail: string): void {
    this.set(state, at, Look.wait, cpu >= 0 ? `runnable, CPU ${cpu}` : 'runnable', detail);
    state.on = cpu;
  }

  /** sched_switch away; `prev`: the state letters that it printed (fs/proc/array.c: R S D T t X Z P I, and R+). */
  private leave(state: State, at: Ordinal, prev: string): void {
    state.running = false;
    const letter = prev.charAt(0);
    if (letter === 'R') this.runnable(state, at, state.on, 'preempted');
    else if (letter === 'X' || letter === 'Z') this.set(state, at, undefined, '', '');
    else this.set(state, at, Look.wait, `blocked (${prev})`, `last on CPU ${state.on}`);
  }

  private set(state: State, at: Ordinal, look: Look | undefined, name: string, detail: string): void {
    if (state.look === look && state.name === name) return;
    this.flush(state, at);
    state.look = look;
    state.name = name;
    state.detail = detail;
  }

  private flush(state: State, at: Ordinal): void {
    if (state.look !== undefined)
      this.builder.slice(state.track, 0, state.start, at, state.look, state.name, state.detail);
    state.start = at;
  }
}
