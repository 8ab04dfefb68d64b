/**
 * The log of a capture's VMM: one line per ioctl. Two programs wrote them, hence two dialects:
 *
 *     115.445476 a[198] cpu1 KVM_RUN#890 = 0 errno=0 exit_reason=5(HLT) in_cpu1 out_cpu1 took=0.000218
 *     [   45.841990] vmA: pin tid=157 cpu=1 -> 0 errno=0
 *     [   30.285550] vmA: KVM_RUN #1 cpu_before=0 cpu_after=0 ret=0 errno=0(0) exit_reason=2 port=0x80 al=0x1
 *     [   60.761984] vmB: KVM_RUN cpu=0 ret=0 errno=0 exit_reason=2
 *     # 208 lines left out
 *
 * The first carries the trace's own clock and the thread of each line; in the second the thread of a vCPU is known from
 * the line "vmA: vcpu tid=157" on.
 */
export interface VmmLine {
  /** 1-based. */
  readonly line: number;
  /** The VMM's clock, microseconds; NaN for a remark. */
  readonly timeUs: number;
  /** "a", "vmA"; '' for a remark. */
  readonly vm: string;
  /** -1 where the line does not tell. */
  readonly tid: number;
  /** Where the line was written, or the call returned; -1 where it does not tell. */
  readonly cpu: number;
  /** Short: "KVM_RUN#890", "KVM_CREATE_VM". */
  readonly name: string;
  /** The whole line without stamp. */
  readonly text: string;
  /** remark: a `#` line or one that no dialect has; run: a return of KVM_RUN; call: any other line. */
  readonly is: 'remark' | 'run' | 'call';
  /** Did the call fail (a negative result)? */
  readonly failed: boolean;
}

export interface VmmLog {
  readonly file: string;
  readonly lines: readonly VmmLine[];
}

const first = /^(\d+)\.(\d{6}) (\w+)\[(\d+)\] cpu(\d+) (.*)$/;
const second = /^\[\s*(\d+)\.(\d{6})\] (vm\w*): (.*)$/;

/** Reads a VMM's log of either dialect; a line of neither is kept as a remark. */
export function parseVmm(text: string, file = 'vmm'): VmmLog {
  const lines: VmmLine[] = [];
  const vcpuTid = new Map<string, number>();
  let n = 0;
  for (const raw of text.split('\n')) {
    n++;
    const whole = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (whole.trim() === '') continue;
    const a = first.exec(whole);
    if (a) {
      const said = a[6]!;
      lines.push({
        line: n,
        timeUs: Number(a[1]) * 1e6 + Number(a[2]),
        vm: a[3]!,
        tid: Number(a[4]),
        cpu: Number(a[5]),
        name: shortName(said),
        text: said,
        is: /^KVM_RUN\b/.test(said) ? 'run' : 'call',
        failed: /= -\d/.test(said),
      });
      continue;
    }
    const b = second.exec(whole);
    if (b) {
      const [vm, said] = [b[3]!, b[4]!];
      const tid = /^vcpu tid=(\d+)/.exec(said);
      if (tid) vcpuTid.set(vm, Number(tid[1]));
      const run = /^KVM_RUN\b/.test(said);
      const cpu = /\bcpu_after=(\d+)/.exec(said) ?? (run ? /\bcpu=(\d+)/.exec(said) : null);
      lines.push({
        line: n,
        timeUs: Number(b[1]) * 1e6 + Number(b[2]),
        vm,
        tid: run ? (vcpuTid.get(vm) ?? -1) : -1,
        cpu: cpu ? Number(cpu[1]) : -1,
        name: shortName(said),
        text: `${vm}: ${said}`,
        is: run ? 'run' : 'call',
        failed: /(?:->|ret=) ?-\d/.test(said),
      });
      continue;
    }
    lines.push({
      line: n,
      timeUs: NaN,
      vm: '',
      tid: -1,
      cpu: -1,
      name: 'vmm',
      text: whole,
      is: 'remark',
      failed: false,
    });
  }
  return { file, lines };
}

/** "KVM_RUN #1 cpu_before=..." and "KVM_RUN#1 = 0" are both KVM_RUN#1. */
function shortName(said: string): string {
  const run = /^KVM_RUN ?#(\d+)/.exec(said);
  if (run) return `KVM_RUN#${run[1]}`;
  return /^[A-Za-z_]+/.exec(said)?.[0] ?? 'vmm';
}
