import { Mark } from './columns';

/** A line of the kernel log. Its order is the file's: stamps go backwards between CPUs right after a bring-up. */
export interface DmesgLine {
  /** 1-based. */
  readonly line: number;
  /** printk's clock, microseconds; NaN where the line has no stamp. */
  readonly stampUs: number;
  /** Without the stamp. */
  readonly text: string;
}

/** An oops or warning in the log, from "cut here" (or its first line) to its end mark. */
export interface Report {
  /** Indexes into `Dmesg.lines`: the first line, the line that says what struck, and the last line. */
  readonly from: number;
  readonly at: number;
  readonly to: number;
  readonly mark: typeof Mark.oops | typeof Mark.warning;
  /** "kernel BUG at arch/x86/kvm/x86.c:511!" */
  readonly what: string;
  /** From RIP, without offset; '' if the report has none. */
  readonly function: string;
  /** The first frame of the call trace that is certain (not marked `?`), whole: "vmx_vcpu_load+0x13/0x20 [kvm_intel]". */
  readonly callSite: string;
  /** The same without offset and module. */
  readonly caller: string;
  /** -1 where the report does not say. */
  readonly cpu: number;
  readonly pid: number;
  readonly comm: string;
  /** From "note: vcpu-a[198] exited with preempt_count 1"; '' if there is none. */
  readonly note: string;
}

export interface Dmesg {
  readonly file: string;
  readonly lines: readonly DmesgLine[];
  readonly reports: readonly Report[];
}

/** "[  110.126483] ", with a caller id behind it where the kernel prints one, and a level before it from /dev/kmsg. */
const stamp = /^(?:<\d+>)?\[\s*(\d+)\.(\d{6})\]\s?(?:\[\s*[TC]\d+\]\s?)?/;

const strikes = /^(kernel BUG at |BUG: |Oops: |general protection fault|Kernel panic - not syncing|WARNING: )/;
const cpuLine = /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.+?)(?: (?:Tainted:|Not tainted)|$)/;
const ripLine = /^RIP: [0-9a-f]+:([^+\s]+)/;
const frameLine = /^\s+([^\s?<][^\s+]*)\+0x[0-9a-f]+\/0x[0-9a-f]+/;
const noteLine = /^note: .+\[\d+\] exited with /;

/** Reads a kernel log. Lines that cannot be understood are lines all the same: a log may say anything. */
export function parseDmesg(text: string, file = 'dmesg'): Dmesg {
  const lines: DmesgLine[] = [];
  let n = 0;
  for (const raw of text.split('\n')) {
    n++;
    const whole = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (whole.trim() === '') continue;
    const found = stamp.exec(whole);
    lines.push({
      line: n,
      stampUs: found ? Number(found[1]) * 1e6 + Number(found[2]) : NaN,
      text: found ? whole.slice(found[0].length) : whole,
    });
  }
  return { file, lines, reports: findReports(lines) };
}

function findReports(lines: readonly DmesgLine[]): Report[] {
  const reports: Report[] = [];
  for (let i = 0; i < lines.length; i++) {
    const what = lines[i]!.text;
    if (!strikes.test(what)) continue;
    const from = i > 0 && lines[i - 1]!.text.includes('[ cut here ]') ? i - 1 : i;
    const found = { function: '', callSite: '', caller: '', cpu: -1, pid: -1, comm: '', note: '' };
    let to = i;
    let inTrace = false;
    let ended = false;
    for (let k = i + 1; k < lines.length && k < i + 400; k++) {
      const { text } = lines[k]!;
      if (text.includes('[ cut here ]') || /^kernel BUG at /.test(text)) break;
      if (ended) {
        // Behind the end mark the registers are said again, and then how the task left.
        if (noteLine.test(text)) {
          found.note ||= text;
          to = k;
          continue;
        }
        if (!/^(RIP|Code|RSP|R[A-Z0-9]{2}|FS|CS|CR2|DR\d|PKRU|Kernel panic)\b/.test(text)) break;
        to = k;
        continue;
      }
      to = k;
      const cpu = cpuLine.exec(text);
      if (cpu && found.cpu < 0) {
        found.cpu = Number(cpu[1]);
        found.pid = Number(cpu[2]);
        found.comm = cpu[3]!;
      }
      const rip = ripLine.exec(text);
      if (rip && !found.function && !rip[1]!.startsWith('0x')) found.function = rip[1]!;
      if (/^Call Trace:/.test(text)) inTrace = true;
      const frame = inTrace && !found.caller ? frameLine.exec(text) : null;
      if (frame) {
        found.caller = frame[1]!;
        found.callSite = text.trim();
      }
      if (text.startsWith('---[ end ')) ended = true;
    }
    const warning = what.startsWith('WARNING: ');
    const inWhat = warning ? /^WARNING: CPU: (\d+) PID: (\d+)/.exec(what) : null;
    if (inWhat && found.cpu < 0) {
      found.cpu = Number(inWhat[1]);
      found.pid = Number(inWhat[2]);
    }
    // A line that merely begins so ("BUG: ..." of a driver) and is followed by no state of a CPU is a log line.
    if (found.cpu < 0 && !found.function && !/^(kernel BUG at |Kernel panic)/.test(what)) continue;
    reports.push({ from, at: i, to, mark: warning ? Mark.warning : Mark.oops, what, ...found });
    i = to;
  }
  return reports;
}

/** One sentence on a report: "kernel BUG at ...: kvm_spurious_fault, called from ..., vcpu-a (198) on CPU 4". */
export function describeReport(report: Report): string {
  const parts = [report.what];
  if (report.function) parts.push(`in ${report.function}`);
  if (report.callSite) parts.push(`called from ${report.callSite}`);
  if (report.cpu >= 0) parts.push(`${report.comm} (${report.pid}) on CPU ${report.cpu}`);
  if (report.note) parts.push(report.note);
  return parts.join('; ');
}
