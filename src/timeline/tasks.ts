import { Kind, type EventTable } from './ftrace-events';

/**
 * What a comm of a kernel thread looks like (kernel/kthread.c and its callers name them); used only where the trace
 * does not prove it. User tasks with such names exist, so proof goes first.
 */
const kthreadComm =
  /^(swapper\/|kthreadd$|kworker\/|ksoftirqd\/|migration\/|cpuhp\/|idle_inject\/|rcu_|rcuo[pgs]?\/|rcub\/|rcuc\/|ktimers\/|backlog_napi\/|irq\/|pool_workqueue_|kauditd$|khungtaskd$|oom_reaper$|kcompactd|kswapd|ksmd$|khugepaged$|kdevtmpfs$|kdamond|watchdogd$|kthrotld$|kblockd$|writeback$|kintegrityd$|jbd2\/|scsi_|ata_sff$|card[0-9]+-crtc)/;

/**
 * The names of tasks at the time, and whether they are kernel threads.
 *
 * The comm that begins a trace line is the last one known when the trace was read, so a task that renamed itself would
 * be called by a name it did not have yet. The events sched_switch, sched_process_fork and others carry the comm of the
 * moment; the line's own comm counts only before the first of them.
 *
 * A task is a kernel thread if it is pid 2 or was forked by pid 2 in the trace. It is none if it did an exec, if it was
 * forked by a task that is none, or if its TGID column differs from its PID (only threads of a process have that).
 * Otherwise its comm decides, by the patterns above.
 */
export class TaskBook {
  private readonly comms = new Map<number, string>();
  private readonly kernel = new Map<number, boolean>();

  constructor(private readonly table: EventTable) {}

  /** Takes in what row `row` tells of names and births. */
  see(row: number): void {
    const t = this.table;
    const text = (id: number): string => t.strings.text(id);
    const kind = t.kind.data[row]!;
    const a = t.a.data[row]!;
    if (kind === Kind.switch) {
      this.comms.set(a, text(t.c.data[row]!));
      this.comms.set(t.b.data[row]!, text(t.d.data[row]!));
    } else if (kind === Kind.fork) {
      const child = t.b.data[row]!;
      this.comms.set(child, text(t.d.data[row]!));
      this.kernel.set(child, a === 2 || (this.kernel.get(a) ?? false));
    } else if (kind === Kind.exec) {
      const path = text(t.d.data[row]!);
      this.comms.set(a, path.slice(path.lastIndexOf('/') + 1).slice(0, 15)); // TASK_COMM_LEN is 16 with its NUL
      this.kernel.set(a, false);
    } else if (kind === Kind.migrate || kind === Kind.wakeup || kind === Kind.exit) {
      this.comms.set(a, text(t.d.data[row]!));
    }
  }

  /** The comm of a task now; `row`, where given, is a line printed by that task. */
  comm(tid: number, row = -1): string {
    const known = this.comms.get(tid);
    if (known !== undefined) return known;
    const printed = row >= 0 ? this.table.strings.text(this.table.comm.data[row]!) : '';
    return printed && printed !== '<...>' ? printed : `pid ${tid}`;
  }

  isKthread(tid: number, comm: string): boolean {
    if (tid === 2) return true;
    if (this.table.userThreads.has(tid)) return false;
    return this.kernel.get(tid) ?? kthreadComm.test(comm);
  }
}

/** Which tasks deserve a track of their own: tids, with the comm to name them by. */
export interface Followed {
  /** Tasks that enter a guest, or return from KVM_RUN. */
  readonly vcpus: ReadonlyMap<number, string>;
  /** Tasks that load a vCPU on a CPU without ever entering it in this trace (a VMM's main thread while it sets one up). */
  readonly loaders: ReadonlyMap<number, string>;
}

const loads = new Set(['kvm_arch_vcpu_load', 'svm_vcpu_load', 'vmx_vcpu_load', 'vmx_vcpu_load_vmcs', 'kvm_sched_in']);

/** Looks through the whole trace for the tasks that run or load vCPUs. */
export function findVcpuTasks(table: EventTable): Followed {
  const vcpus = new Map<number, string>();
  const loaders = new Map<number, string>();
  const nameLoads: (boolean | undefined)[] = [];
  for (let row = 0; row < table.length; row++) {
    const kind = table.kind.data[row]!;
    const enters = kind === Kind.kvmEntry || kind === Kind.kvmExit || kind === Kind.userExit;
    if (!enters && kind !== Kind.func && kind !== Kind.probe) continue;
    if (!enters) {
      const name = table.d.data[row]!;
      if (!(nameLoads[name] ??= loads.has(table.strings.text(name)))) continue;
    }
    const tid = table.tid.data[row]!;
    if (tid <= 0) continue;
    const comm = table.strings.text(table.comm.data[row]!);
    (enters ? vcpus : loaders).set(tid, comm === '<...>' ? (vcpus.get(tid) ?? `pid ${tid}`) : comm);
  }
  for (const tid of vcpus.keys()) loaders.delete(tid);
  return { vcpus, loaders };
}
