import { errnoName } from '../language/errno';
import { Look, Mark, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import type { TraceTracks } from './trace-tracks';

export type VirtState = 'unknown' | 'off' | 'on' | 'failed' | 'lie';

export interface VirtSegment {
  readonly start: Ordinal;
  end: Ordinal;
  state: VirtState;
  name: string;
  detail: string;
  /** Unknown because of a hole in the trace: what had gone wrong before it. */
  before?: VirtSegment;
}

/**
 * Functions whose return value is the outcome of switching virtualization on on the CPU they run on: the vendor's (svm_*,
 * vmx_*, plain hardware_enable of kvm_intel until 5.10), KVM's arch wrapper, and KVM's hotplug callback of the ONLINE
 * era. kvm_starting_cpu is not among them: in the STARTING era it returns 0 whatever happened.
 */
const enables =
  /^(hardware_enable|(svm|vmx)_hardware_enable|kvm_arch_hardware_enable|(svm|vmx|kvm_arch)_enable_virtualization_cpu|x86_(svm|vmx)_enable_virtualization_cpu|x86_virt_get_ref|kvm_online_cpu)$/;
/** Functions that leave it off on the CPU they run on. */
const disables =
  /^(hardware_disable|hardware_disable_nolock|(svm|vmx)_hardware_disable|kvm_arch_hardware_disable|(svm|vmx|kvm_arch)_disable_virtualization_cpu|x86_(svm|vmx)_disable_virtualization_cpu|kvm_dying_cpu|kvm_offline_cpu)$/;
/** A function that kvm_starting_cpu calls only if a VM exists: where it is traced and not seen, nothing was enabled. */
const innerEnables = /^(hardware_enable_nolock|kvm_arch_hardware_enable)$/;

type Means = 'enable' | 'disable' | 'inner' | 'starting' | 'none';

function meaning(name: string): Means {
  if (name === 'kvm_starting_cpu') return 'starting';
  if (innerEnables.test(name)) return name === 'kvm_arch_hardware_enable' ? 'enable' : 'inner';
  return enables.test(name) ? 'enable' : disables.test(name) ? 'disable' : 'none';
}

/** The virtualization rows: what return probes, function lines, guest entries and readings prove, and nothing else. */
export class VirtLane {
  private readonly segments = new Map<number, VirtSegment[]>();
  private readonly meanings: (Means | undefined)[] = [];
  /** CPUs inside kvm_starting_cpu, and whether an enable was begun there. */
  private readonly starting = new Map<number, boolean>();
  private innerTraced = false;
  /** What had gone wrong on a CPU when the last buffer ended: a reading of "off" says that it still is so. */
  private readonly beforeGap = new Map<number, VirtSegment>();

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
  ) {}

  event(row: number, at: Ordinal): void {
    const t = this.table;
    const kind = t.kind.data[row]!;
    const cpu = t.cpu.data[row]!;
    if (kind === Kind.kvmEntry) {
      // A guest entry proves it, but only where nothing is known: a failure already told would be contradicted aloud.
      if (this.state(cpu) === 'unknown' || this.state(cpu) === 'off')
        this.set(cpu, at, 'on', 'on', 'a guest was entered here');
      return;
    }
    if (kind !== Kind.func && kind !== Kind.probe && kind !== Kind.probeRet) return;
    const id = t.d.data[row]!;
    const means = (this.meanings[id] ??= meaning(t.strings.text(id)));
    if (means === 'none') return;
    const name = t.strings.text(id);
    if (kind === Kind.probeRet) {
      const known = t.c.data[row] === 1;
      const ret = t.e.data[row]!;
      if (means === 'enable' && known) this.enabled(cpu, at, name, ret);
      else if (means === 'starting') this.started(cpu, at);
      return;
    }
    if (means === 'disable') this.set(cpu, at, 'off', 'off', `${name} ran`);
    else if (means === 'starting') this.starting.set(cpu, false);
    else if (means === 'inner' || name === 'kvm_arch_hardware_enable') {
      this.innerTraced = true;
      if (this.starting.has(cpu)) this.starting.set(cpu, true);
    }
  }

  private enabled(cpu: number, at: Ordinal, name: string, ret: number): void {
    if (ret === 0) {
      if (name === 'kvm_online_cpu') return; // returns 0 also where no VM exists and nothing is to be enabled
      this.set(cpu, at, 'on', 'on', `${name} returned 0`);
      return;
    }
    // A failure is told by each function on the way out; the innermost is the first.
    if (this.state(cpu) === 'failed') return;
    const text = `${name} returned ${ret} (${errnoName(ret)}) on CPU ${cpu}`;
    this.set(cpu, at, 'failed', `failed (${errnoName(ret)})`, text);
    this.builder.instant(at, this.tracks.cpu(cpu).virt, Mark.failure, `${name} ${errnoName(ret)}`, text);
  }

  private started(cpu: number, at: Ordinal): void {
    const begun = this.starting.get(cpu);
    this.starting.delete(cpu);
    if (begun === false && this.innerTraced)
      this.set(cpu, at, 'off', 'off', 'kvm_starting_cpu returned without enabling: no VM exists');
  }

  /** "kvm: enabling virtualization on CPU%d failed" in the kernel log. */
  logFailure(cpu: number, at: Ordinal): void {
    if (this.state(cpu) !== 'failed') this.set(cpu, at, 'failed', 'failed', 'said in the kernel log');
  }

  /**
   * A reading of the CPU's own register (EFER.SVME, CR4.VMXE). `on` contradicting a failure that was seen is not believed:
   * on Intel the bit can be set without VMXON having been executed. `off` where an enable returned 0 shows that it lied.
   */
  reading(cpu: number, at: Ordinal, on: boolean, what: string): void {
    const state = this.state(cpu);
    const before = this.beforeGap.get(cpu);
    if (!on && state === 'unknown' && before) {
      this.set(cpu, at, before.state, before.name, `${before.detail}; read as off: ${what}`);
      return;
    }
    if (on && (state === 'unknown' || state === 'off')) this.set(cpu, at, 'on', 'on', `read: ${what}`);
    else if (!on && state === 'on') this.lied(cpu, at, `read as off: ${what}`);
    else if (!on && state === 'unknown') this.set(cpu, at, 'off', 'off', `read: ${what}`);
  }

  /** An instruction that needs it faulted on the CPU (kvm_spurious_fault). */
  faulted(cpu: number, at: Ordinal, what: string): void {
    const state = this.state(cpu);
    if (state === 'on') this.lied(cpu, at, what);
    else if (state === 'unknown' || state === 'off') this.set(cpu, at, 'failed', 'off', what);
  }

  /** The last enable returned 0 and nothing disabled it since, yet it is off: it was never on. */
  private lied(cpu: number, at: Ordinal, what: string): void {
    const last = this.segments.get(cpu)?.at(-1);
    if (last?.detail.endsWith('returned 0')) {
      last.state = 'lie';
      last.name = 'off, though reported on';
      last.detail = `${last.detail}, but ${what}`;
    } else this.set(cpu, at, 'off', 'off', what);
  }

  gap(at: Ordinal): void {
    for (const [cpu, segments] of this.segments) {
      const last = segments.at(-1)!;
      if (last.state === 'failed' || last.state === 'lie') this.beforeGap.set(cpu, last);
      else if (last.state !== 'unknown') this.beforeGap.delete(cpu);
      if (last.state === 'unknown') continue;
      this.set(cpu, at, 'unknown', 'not traced', 'no buffer of the trace covers this');
      const before = this.beforeGap.get(cpu);
      if (before) segments.at(-1)!.before = before;
    }
    this.starting.clear();
  }

  state(cpu: number): VirtState {
    return this.segments.get(cpu)?.at(-1)?.state ?? 'unknown';
  }

  /** Draws the rows of all CPUs, from the first ordinal to `end`, and returns their segments. */
  finish(end: Ordinal): Map<number, VirtSegment[]> {
    for (const cpu of this.tracks.cpus()) {
      const segments = this.segments.get(cpu) ?? [];
      if (segments.length === 0 || segments[0]!.start > 0)
        segments.unshift({ start: 0, end, state: 'unknown', name: 'unknown', detail: 'nothing in the trace tells' });
      this.segments.set(cpu, segments);
      segments.forEach((segment, i) => {
        segment.end = segments[i + 1]?.start ?? end;
        const { start, state, name, detail } = segment;
        this.builder.slice(this.tracks.cpu(cpu).virt, 0, start, segment.end, looks[state], name, detail);
      });
    }
    return this.segments;
  }

  private set(cpu: number, at: Ordinal, state: VirtState, name: string, detail: string): void {
    const segments = this.segments.get(cpu);
    if (!segments) this.segments.set(cpu, [{ start: at, end: at, state, name, detail }]);
    else if (segments.at(-1)!.state !== state) segments.push({ start: at, end: at, state, name, detail });
    else if (state === 'on' && detail.endsWith('returned 0')) segments.at(-1)!.detail = detail;
  }
}

const looks: Record<VirtState, Look> = {
  unknown: Look.unknown,
  off: Look.off,
  on: Look.virt,
  failed: Look.fail,
  lie: Look.lie,
};
