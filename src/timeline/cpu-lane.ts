import { Look, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import type { Operation } from './hotplug-ops';
import type { TraceTracks } from './trace-tracks';
import type { VirtSegment } from './virt-lane';

type Standing = 'unknown' | 'absent' | 'present' | 'offline' | 'online';

interface Evidence {
  readonly at: Ordinal;
  readonly standing: Standing;
  readonly why: string;
  /** A hole in the trace counts even in the middle of an operation. */
  readonly hole: boolean;
}

const untraced = 'no buffer of the trace covers this';

const looks: Record<Standing, Look> = {
  unknown: Look.unknown,
  absent: Look.off,
  present: Look.present,
  offline: Look.present,
  online: Look.ready,
};

/**
 * The summary row of each CPU: its state at a glance, put together from its hotplug operations and from what else tells
 * whether it is there (a line that it printed, the kernel log, readings of sysfs). Before the first evidence, and after a hole
 * in the trace, it is unknown.
 */
export class CpuLane {
  private readonly evidence = new Map<number, Evidence[]>();
  /** CPUs that were shown to run, since the last hole or since they were said to be gone. */
  private readonly ran = new Set<number>();

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
  ) {}

  /** A line of the trace that `cpu` itself printed. */
  printed(cpu: number, at: Ordinal): void {
    if (this.ran.has(cpu)) return;
    this.ran.add(cpu);
    this.add(cpu, { at, standing: 'online', why: 'it printed a line of the trace', hole: false });
  }

  /** "CPU4 has been hot-added": until here it was not present. */
  hotAdded(cpu: number, at: Ordinal): void {
    if (!this.evidence.has(cpu))
      this.add(cpu, { at: 0, standing: 'absent', why: 'the kernel log says that it was hot-added later', hole: false });
    this.add(cpu, { at, standing: 'present', why: 'hot-added, says the kernel log', hole: false });
    this.ran.delete(cpu);
  }

  /** "smpboot: CPU 4 is now offline". */
  saidOffline(cpu: number, at: Ordinal): void {
    this.add(cpu, { at, standing: 'offline', why: 'said in the kernel log', hole: false });
    this.ran.delete(cpu);
  }

  /** A reading of cpu/online, cpu/offline and cpu/present. */
  reading(cpu: number, at: Ordinal, standing: 'online' | 'offline' | 'absent'): void {
    const last = this.evidence.get(cpu)?.at(-1)?.standing;
    if (last === standing || (last === 'present' && standing === 'offline')) return;
    this.add(cpu, { at, standing, why: 'read from sysfs', hole: false });
    if (standing !== 'online') this.ran.delete(cpu);
  }

  gap(at: Ordinal): void {
    for (const cpu of this.tracks.cpus()) this.add(cpu, { at, standing: 'unknown', why: untraced, hole: true });
    this.ran.clear();
  }

  finish(end: Ordinal, operations: ReadonlyMap<number, Operation[]>, virt: ReadonlyMap<number, VirtSegment[]>): void {
    for (const cpu of this.tracks.cpus())
      this.draw(cpu, end, operations.get(cpu) ?? [], this.evidence.get(cpu) ?? [], virt.get(cpu) ?? []);
  }

  private add(cpu: number, evidence: Evidence): void {
    const list = this.evidence.get(cpu);
    if (list) list.push(evidence);
    else this.evidence.set(cpu, [evidence]);
  }

  private draw(
    cpu: number,
    end: Ordinal,
    operations: readonly Operation[],
    evidence: readonly Evidence[],
    virt: readonly VirtSegment[],
  ): void {
    const track = this.tracks.cpu(cpu).cpu;
    let at = 0;
    let standing: Standing = 'unknown';
    let why = 'nothing in the trace tells';
    let failed = '';
    let next = 0;
    /** Draws what holds up to `until`, taking in the evidence on the way. */
    const upTo = (until: Ordinal): void => {
      for (; next < evidence.length && evidence[next]!.at <= until; next++) {
        const e = evidence[next]!;
        if (e.at < at && !e.hole) continue; // within an operation, which says more
        // A CPU that failed to come up, or went down, and is read as offline afterwards: nothing new.
        if (e.standing === 'offline' && (standing === 'offline' || standing === 'present')) continue;
        // It was shown to run; a reading some lines later repeats it.
        if (e.standing === standing) continue;
        this.stretch(track, at, e.at, standing, why, failed, virt);
        at = Math.max(at, e.at);
        ({ standing, why } = e);
        failed = '';
      }
      this.stretch(track, at, until, standing, why, failed, virt);
      at = Math.max(at, until);
    };
    for (const operation of operations) {
      upTo(operation.start);
      for (const { name, start, end: stop, look, detail } of operation.sections) {
        const label = operation.up && name !== 'rolling back' ? `going up: ${name}` : name;
        this.builder.slice(track, 0, Math.max(start, at), stop, look, label, detail);
        at = Math.max(at, stop);
      }
      at = Math.max(at, operation.end);
      standing = operation.leaves;
      why = operation.up ? 'came up' : 'went down';
      failed = operation.failed ? `${operation.up ? 'online' : 'offline'} failed: ${operation.why}` : '';
      if (standing === 'unknown') why = 'the trace stops in the middle of the walk';
    }
    upTo(end);
  }

  /**
   * One standing over [start, end); while online it is cut where virtualization failed, and where after such a failure
   * nobody knows.
   */
  private stretch(
    track: number,
    start: Ordinal,
    end: Ordinal,
    standing: Standing,
    why: string,
    failed: string,
    virt: readonly VirtSegment[],
  ): void {
    if (end <= start) return;
    const b = this.builder;
    if (standing !== 'online') {
      if (failed && standing === 'offline') b.slice(track, 0, start, end, Look.refused, 'offline, refused', failed);
      else b.slice(track, 0, start, end, looks[standing], why === untraced ? 'not traced' : standing, why);
      return;
    }
    let at = start;
    for (const segment of virt) {
      if (segment.end <= start || segment.start >= end) continue;
      const { state, before } = segment;
      if (state !== 'failed' && state !== 'lie' && !before) continue;
      b.slice(track, 0, at, Math.max(at, segment.start), Look.ready, 'online', failed || why);
      at = Math.max(at, segment.start);
      const to = Math.min(end, segment.end);
      if (before)
        b.slice(
          track,
          0,
          at,
          to,
          Look.unknown,
          'online, virtualization not traced',
          `before the hole: ${before.detail}`,
        );
      else
        b.slice(track, 0, at, to, state === 'lie' ? Look.lie : Look.fail, 'online, virtualization off', segment.detail);
      at = to;
    }
    b.slice(track, 0, at, end, Look.ready, 'online', failed || why);
  }
}
