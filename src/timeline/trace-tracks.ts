import type { TrackId } from './columns';
import type { TimelineBuilder } from './builder';

/** The rows of one CPU. */
export interface CpuTracks {
  readonly cpu: TrackId;
  readonly hotplug: TrackId;
  readonly virt: TrackId;
  readonly runs: TrackId;
}

/** The tracks of a trace, made when first needed: CPUs by number, then vCPU threads, then other tasks, then the log. */
export class TraceTracks {
  private readonly byCpu = new Map<number, CpuTracks>();
  private readonly byTid = new Map<number, TrackId>();
  /** Lines that belong to no CPU. */
  readonly log: TrackId;

  constructor(private readonly builder: TimelineBuilder) {
    this.log = builder.track({ kind: 'log', name: 'log', rank: 3e6 });
  }

  cpu(cpu: number): CpuTracks {
    const known = this.byCpu.get(cpu);
    if (known) return known;
    const b = this.builder;
    const parent = b.track({ kind: 'cpu', name: `CPU ${cpu}`, cpu, rank: cpu });
    const made = {
      cpu: parent,
      hotplug: b.track({ kind: 'hotplug', name: 'hotplug', parent, cpu }),
      virt: b.track({ kind: 'virt', name: 'virtualization', parent, cpu }),
      runs: b.track({ kind: 'runs', name: 'runs', parent, cpu }),
    };
    this.byCpu.set(cpu, made);
    return made;
  }

  /** Makes the track of a task, once. */
  addTask(tid: number, task: string, kind: 'vcpu' | 'task'): TrackId {
    const known = this.byTid.get(tid);
    if (known !== undefined) return known;
    const made = this.builder.track({ kind, name: `${task} (${tid})`, task, tid, rank: kind === 'vcpu' ? 1e6 : 2e6 });
    this.byTid.set(tid, made);
    return made;
  }

  /** The task's track, or undefined if it has none. */
  task(tid: number): TrackId | undefined {
    return this.byTid.get(tid);
  }

  /** CPU numbers that have tracks, ascending. */
  cpus(): number[] {
    return [...this.byCpu.keys()].sort((a, b) => a - b);
  }
}
