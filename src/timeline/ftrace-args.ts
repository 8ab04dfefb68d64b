import { ascii, find, startsWith, type ByteStrings } from './bytes';
import { Kind, type Args } from './ftrace-events';

/**
 * The arguments of the events that the lanes understand. Formats: `TP_printk` of the kernel's include/trace/events and
 * arch/x86/include/asm/trace, held against captures of 5.10, 6.1, 6.12, 6.18 and 7.3.
 *
 * Comms come with spaces, dashes and anything else, so a field ends where the next field's name begins.
 */

const w = {
  prevComm: ascii('prev_comm='),
  prevPid: ascii(' prev_pid='),
  prevState: ascii(' prev_state='),
  nextComm: ascii(' ==> next_comm='),
  nextPid: ascii(' next_pid='),
  comm: ascii('comm='),
  pid: ascii(' pid='),
  origCpu: ascii(' orig_cpu='),
  destCpu: ascii(' dest_cpu='),
  targetCpu: ascii(' target_cpu='),
  childComm: ascii(' child_comm='),
  childPid: ascii(' child_pid='),
  filename: ascii('filename='),
  oldPid: ascii(' old_pid='),
  cpuColon: ascii('cpu:'),
  target: ascii('target:'),
  state: ascii('state:'),
  step: ascii('step:'),
  retColon: ascii('ret:'),
  vcpu: ascii('vcpu '),
  reason: ascii('reason '),
  rip: ascii(' rip '),
  vector: ascii('vector='),
  cpuIs: ascii('cpu='),
  cpumask: ascii('cpumask='),
  callbackNone: ascii(' callback=0x0'),
  callback: ascii(' callback='),
  backArrow: ascii(' <- '),
  retIs: ascii(' ret='),
};

const space = 32;
const minus = 45;
const zero = 48;
const nine = 57;

/** Where `readInt` stopped; one cell, so that reading a number makes no object. */
let stopped = 0;

/** The integer at `p` (blanks before it allowed; decimal with sign, or 0x..., read as a signed 32-bit value), or NaN. */
function readInt(b: Uint8Array, p: number, end: number): number {
  while (p < end && b[p] === space) p++;
  const negative = b[p] === minus;
  if (negative) p++;
  let value = 0;
  const digits = p;
  if (b[p] === zero && b[p + 1] === 120 && p + 1 < end) {
    for (p += 2; p < end; p++) {
      const c = b[p]! | 32;
      if (c >= zero && c <= nine) value = (value * 16 + c - zero) % 2 ** 32;
      else if (c >= 97 && c <= 102) value = (value * 16 + c - 87) % 2 ** 32;
      else break;
    }
    stopped = p;
    return p > digits + 2 ? value | 0 : NaN;
  }
  for (; p < end && b[p]! >= zero && b[p]! <= nine; p++) value = value * 10 + b[p]! - zero;
  stopped = p;
  if (p === digits) return NaN;
  if (value > 2 ** 52) return NaN;
  return negative ? -value : value > 2 ** 31 - 1 ? value | 0 : value;
}

/** The integer behind `word`, which may have blanks after it; NaN if either is missing. */
function intAfter(b: Uint8Array, word: Uint8Array, start: number, end: number): number {
  const at = find(b, word, start, end);
  stopped = start;
  return at < 0 ? NaN : readInt(b, at + word.length, end);
}

/** Why arguments could not be read, or '' if they could. */
type Reader = (b: Uint8Array, start: number, end: number, out: Args, strings: ByteStrings) => string;

const readSwitch: Reader = (b, start, end, out, strings) => {
  if (!startsWith(b, w.prevComm, start, end)) return 'no prev_comm=';
  const prevPid = find(b, w.prevPid, start, end);
  if (prevPid < 0) return 'no prev_pid=';
  out.a = readInt(b, prevPid + w.prevPid.length, end);
  const state = find(b, w.prevState, stopped, end);
  const next = find(b, w.nextComm, stopped, end);
  if (state < 0 || next < state) return 'no prev_state= or no next_comm=';
  const nextPid = find(b, w.nextPid, next, end);
  if (nextPid < 0) return 'no next_pid=';
  out.b = readInt(b, nextPid + w.nextPid.length, end);
  if (!(out.a >= 0 && out.b >= 0)) return 'a pid is no number';
  out.c = strings.id(b, start + w.prevComm.length, prevPid);
  out.d = strings.id(b, next + w.nextComm.length, nextPid);
  out.e = strings.id(b, state + w.prevState.length, next);
  out.keepText = false;
  return '';
};

const readMigrate: Reader = (b, start, end, out, strings) => {
  const pid = find(b, w.pid, start, end);
  if (!startsWith(b, w.comm, start, end) || pid < 0) return 'no comm= or pid=';
  out.a = readInt(b, pid + w.pid.length, end);
  out.b = intAfter(b, w.origCpu, pid, end);
  out.c = intAfter(b, w.destCpu, pid, end);
  if (!(out.a >= 0 && out.b >= 0 && out.c >= 0)) return 'no pid, orig_cpu or dest_cpu';
  out.d = strings.id(b, start + w.comm.length, pid);
  return '';
};

const readFork: Reader = (b, start, end, out, strings) => {
  const pid = find(b, w.pid, start, end);
  if (!startsWith(b, w.comm, start, end) || pid < 0) return 'no comm= or pid=';
  const childComm = find(b, w.childComm, pid, end);
  const childPid = childComm < 0 ? -1 : find(b, w.childPid, childComm, end);
  if (childPid < 0) return 'no child_comm= or child_pid=';
  out.a = readInt(b, pid + w.pid.length, end);
  out.b = readInt(b, childPid + w.childPid.length, end);
  if (!(out.a >= 0 && out.b >= 0)) return 'a pid is no number';
  out.c = strings.id(b, start + w.comm.length, pid);
  out.d = strings.id(b, childComm + w.childComm.length, childPid);
  return '';
};

const readExec: Reader = (b, start, end, out, strings) => {
  const pid = find(b, w.pid, start, end);
  if (!startsWith(b, w.filename, start, end) || pid < 0) return 'no filename= or pid=';
  out.a = readInt(b, pid + w.pid.length, end);
  out.b = intAfter(b, w.oldPid, pid, end);
  if (!(out.a >= 0)) return 'the pid is no number';
  if (!(out.b >= 0)) out.b = out.a;
  out.d = strings.id(b, start + w.filename.length, pid);
  return '';
};

/** sched_process_exit, sched_wakeup and their like: a comm, a pid and perhaps a target CPU. */
const readTask: Reader = (b, start, end, out, strings) => {
  const pid = find(b, w.pid, start, end);
  if (!startsWith(b, w.comm, start, end) || pid < 0) return 'no comm= or pid=';
  out.a = readInt(b, pid + w.pid.length, end);
  if (!(out.a >= 0)) return 'the pid is no number';
  const target = intAfter(b, w.targetCpu, pid, end);
  out.b = target >= 0 ? target : -1;
  out.d = strings.id(b, start + w.comm.length, pid);
  return '';
};

/** " cpu: 0004 target: 236 step: 156 (smpboot_unpark_threads)"; the callback may carry its module: "(f [kvm])". */
const readCpuhpEnter: Reader = (b, start, end, out, strings) => {
  out.a = intAfter(b, w.cpuColon, start, end);
  out.b = intAfter(b, w.target, start, end);
  out.c = intAfter(b, w.step, start, end);
  if (!(out.a >= 0 && out.b >= 0 && out.c >= 0)) return 'no cpu:, target: or step:';
  let open = stopped;
  while (open < end && b[open] !== 40) open++;
  let close = end;
  while (close > open && b[close - 1] !== 41) close--;
  out.d = close > open + 1 ? strings.id(b, open + 1, close - 1) : 0;
  out.keepText = false;
  return '';
};

/** "  cpu: 0004  state: 236 step:  91 ret: 0" */
const readCpuhpExit: Reader = (b, start, end, out) => {
  out.a = intAfter(b, w.cpuColon, start, end);
  out.b = intAfter(b, w.state, start, end);
  out.c = intAfter(b, w.step, start, end);
  out.e = intAfter(b, w.retColon, start, end);
  out.keepText = false;
  return out.a >= 0 && out.b >= 0 && out.c >= 0 && !Number.isNaN(out.e) ? '' : 'no cpu:, state:, step: or ret:';
};

const readKvmEntry: Reader = (b, start, end, out) => {
  const vcpu = intAfter(b, w.vcpu, start, end);
  out.a = vcpu >= 0 ? vcpu : -1;
  out.keepText = false;
  return '';
};

const readKvmExit: Reader = (b, start, end, out, strings) => {
  const vcpu = intAfter(b, w.vcpu, start, end);
  out.a = vcpu >= 0 ? vcpu : -1;
  const reason = find(b, w.reason, start, end);
  if (reason < 0) return '';
  const rip = find(b, w.rip, reason, end);
  out.d = strings.id(b, reason + w.reason.length, rip < 0 ? end : rip);
  return '';
};

/** "reason KVM_EXIT_HLT (5)", or "reason error 4" / "reason restart (4)" */
const readUserExit: Reader = (b, start, end, out, strings) => {
  const reason = find(b, w.reason, start, end);
  out.d = reason < 0 ? 0 : strings.id(b, reason + w.reason.length, end);
  return '';
};

const readIpi: Reader = (b, start, end, out, strings) => {
  // A plain reschedule names no callback (0x0); anything else asks the target to run functions.
  const none = find(b, w.callbackNone, start, end);
  const some = find(b, w.callback, start, end);
  out.e = some >= 0 && !(none >= 0 && none + w.callbackNone.length === end) ? 1 : 0;
  if (out.kind === Kind.ipiCpu) {
    out.a = intAfter(b, w.cpuIs, start, end);
    return out.a >= 0 ? '' : 'no cpu=';
  }
  const mask = find(b, w.cpumask, start, end);
  if (mask < 0) return 'no cpumask=';
  let stop = mask + w.cpumask.length;
  while (stop < end && b[stop] !== space) stop++;
  out.d = strings.id(b, mask + w.cpumask.length, stop);
  return '';
};

/** printk:console. Until 5.10 the text begins with the printk stamp, "[  107.533994] "; that goes into a and b. */
const readConsole: Reader = (b, start, end, out, strings) => {
  out.a = -1;
  if (b[start] === 91) {
    const seconds = readInt(b, start + 1, end);
    const dot = stopped;
    if (seconds >= 0 && b[dot] === 46) {
      const micros = readInt(b, dot + 1, end);
      if (b[stopped] === 93 && stopped - dot === 7) {
        out.a = seconds;
        out.b = micros;
        start = stopped + 1;
        if (b[start] === space) start++;
      }
    }
  }
  out.d = strings.id(b, start, end);
  return '';
};

const readMark: Reader = (b, start, end, out, strings) => {
  out.d = strings.id(b, start, end);
  return '';
};

const readers = new Map<Kind, Reader>([
  [Kind.switch, readSwitch],
  [Kind.migrate, readMigrate],
  [Kind.fork, readFork],
  [Kind.exec, readExec],
  [Kind.exit, readTask],
  [Kind.wakeup, readTask],
  [Kind.cpuhpEnter, readCpuhpEnter],
  [Kind.cpuhpExit, readCpuhpExit],
  [Kind.kvmEntry, readKvmEntry],
  [Kind.kvmExit, readKvmExit],
  [Kind.userExit, readUserExit],
  [Kind.ipiCpu, readIpi],
  [Kind.ipiMask, readIpi],
  [Kind.console, readConsole],
  [Kind.mark, readMark],
]);

const kinds = new Map<string, Kind>([
  ['cpuhp_enter', Kind.cpuhpEnter],
  ['cpuhp_multi_enter', Kind.cpuhpEnter],
  ['cpuhp_exit', Kind.cpuhpExit],
  ['sched_switch', Kind.switch],
  ['sched_migrate_task', Kind.migrate],
  ['sched_process_fork', Kind.fork],
  ['sched_process_exec', Kind.exec],
  ['sched_process_exit', Kind.exit],
  ['sched_wakeup', Kind.wakeup],
  ['sched_wakeup_new', Kind.wakeup],
  ['kvm_entry', Kind.kvmEntry],
  ['kvm_exit', Kind.kvmExit],
  ['kvm_userspace_exit', Kind.userExit],
  ['ipi_send_cpu', Kind.ipiCpu],
  ['ipi_send_cpumask', Kind.ipiMask],
  ['console', Kind.console],
  ['tracing_mark_write', Kind.mark],
]);

/** What the name alone tells; vectors and probes are known by their arguments. */
export function kindOfName(name: string): Kind {
  return kinds.get(name) ?? Kind.other;
}

/**
 * Reads the arguments [start, end) of an event whose name and kind are known, into `out`.
 * @param vectorClass id of the name without `_entry` or `_exit`, 0 if the name ends in neither; `isEntry` tells which.
 * @returns '' or why the line cannot be understood.
 */
export function readArgs(
  b: Uint8Array,
  start: number,
  end: number,
  out: Args,
  strings: ByteStrings,
  name: { readonly id: number; readonly vectorClass: number; readonly isEntry: boolean; readonly retOf: number },
): string {
  if (out.kind !== Kind.other) return readers.get(out.kind)!(b, start, end, out, strings);
  if (name.vectorClass > 0 && startsWith(b, w.vector, start, end)) {
    out.kind = name.isEntry ? Kind.vectorEntry : Kind.vectorExit;
    out.a = intAfter(b, w.vector, start, end);
    out.d = name.vectorClass;
    out.keepText = false;
    return Number.isNaN(out.a) ? 'vector= is no number' : '';
  }
  if (b[start] === 40) {
    const arrow = find(b, w.backArrow, start, end);
    out.kind = arrow < 0 ? Kind.probe : Kind.probeRet;
    out.d = arrow < 0 ? name.id : name.retOf;
    if (arrow >= 0) {
      const ret = intAfter(b, w.retIs, arrow, end);
      out.c = Number.isNaN(ret) ? 0 : 1;
      out.e = Number.isNaN(ret) ? 0 : ret;
    }
  }
  return '';
}
