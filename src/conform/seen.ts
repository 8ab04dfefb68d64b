/**
 * What a trace shows of the things that the model has: hotplug callbacks, functions entered and left. In line order, each
 * with the task that it belongs to. The rest of the trace steers (who runs where) or is counted as not compared.
 */
import { Kind, type EventTable } from '../timeline/ftrace-events';

/** One line of a trace. `row` finds it again. */
interface SeenBase {
  readonly row: number;
  readonly t: number;
  /** CPU that wrote it. */
  readonly cpu: number;
  readonly tid: number;
  readonly comm: string;
  /** Written in an interrupt on top of that task. */
  readonly irq: boolean;
}

/**
 * enter, exit: a hotplug callback begins and ends (`about`: the CPU that it is about); call, ret: a function was entered,
 * and returned `result`; guest: the vCPU enters the guest.
 */
export type Seen = SeenBase &
  (
    | {
        readonly what: 'enter';
        readonly about: number;
        readonly target: number;
        readonly step: number;
        readonly fn: string;
      }
    | {
        readonly what: 'exit';
        readonly about: number;
        readonly state: number;
        readonly step: number;
        readonly ret: number;
      }
    | { readonly what: 'call'; readonly fn: string; readonly caller: string }
    | { readonly what: 'ret'; readonly fn: string; readonly result: number | null }
    | { readonly what: 'guest' }
  );

/** What the functions of a trace are good for: which of them a missing line would tell of. */
export interface Listed {
  /** Functions whose entry the trace shows. */
  readonly calls: ReadonlySet<string>;
  /** Functions whose return it shows. */
  readonly rets: ReadonlySet<string>;
  /** Some functions of a module stand in the trace as addresses, because it was read after the module had gone. */
  readonly nameless: boolean;
}

export interface TraceView {
  readonly lines: readonly Seen[];
  readonly listed: Listed;
  /** Time spans of the buffers, by file. */
  readonly spans: readonly { readonly file: string; readonly from: number; readonly to: number }[];
  /** Lines that are not compared, by why. */
  readonly left: ReadonlyMap<string, number>;
  /** Lines that only steer, by what they are. */
  readonly steering: ReadonlyMap<string, number>;
  /** Names of events that are not known here, with how many there are. */
  readonly strange: ReadonlyMap<string, number>;
}

/** Functions of the scheduler that move tasks: where a task runs is taken from the trace. */
const MOVERS = new Set(['select_fallback_rq', 'migration_cpu_stop', '__balance_push_cpu_stop']);
/** Events of the guest's run loop beside the functions: how often it turns is the guest's affair. */
const LOOP = new Set(['kvm_exit', 'kvm_userspace_exit', 'kvm_pio', 'kvm_vcpu_wakeup']);
/** What a task is and does beside the model's tasks. */
const STEERING: Readonly<Record<string, string>> = {
  sched_switch: 'placement: who runs where',
  sched_migrate_task: 'placement: who runs where',
  sched_wakeup: 'placement: who runs where',
  sched_wakeup_new: 'placement: who runs where',
  sched_process_fork: "the rig's own: tasks that come and go (of the model's tasks, deaths and ends are compared)",
  sched_process_exec: "the rig's own: tasks that come and go (of the model's tasks, deaths and ends are compared)",
  sched_process_exit: "the rig's own: tasks that come and go (of the model's tasks, deaths and ends are compared)",
  tracing_mark_write: "the rig's own: markers",
  console: 'told twice: console lines (compared as the kernel log)',
};
const VECTOR =
  /^(reschedule|call_function|call_function_single|ipi_send_cpu|ipi_send_cpumask|ipi_raise|ipi_entry|ipi_exit)/;

const count = (map: Map<string, number>, key: string, n = 1): void => void map.set(key, (map.get(key) ?? 0) + n);
const NAMELESS = /^0x[0-9a-f]+$/;

/** `listed`: what capture.json says was traced; empty where it does not say. */
export function viewTrace(
  table: EventTable,
  told: { readonly functions: readonly string[]; readonly kretprobes: readonly string[] },
): TraceView {
  const text = (id: number): string => table.strings.text(id);
  const lines: Seen[] = [];
  const left = new Map<string, number>();
  const steering = new Map<string, number>();
  const strange = new Map<string, number>();
  const seenCalls = new Set<string>();
  const traced = new Set<string>();
  const rets = new Set<string>();
  let nameless = false;
  for (let row = 0; row < table.length; row++) {
    const kind = table.kind.data[row]!;
    if (kind !== Kind.func && kind !== Kind.probeRet && kind !== Kind.probe) continue;
    const fn = text(table.d.data[row]!);
    if (NAMELESS.test(fn)) nameless = true;
    else if (kind === Kind.probeRet) rets.add(fn);
    else {
      seenCalls.add(fn);
      if (kind === Kind.func) traced.add(fn);
    }
  }
  const whole = wholeFrom(table);
  const bare = (fn: string): string => fn.replace(/ \[\w+\]$/, '');
  for (let row = 0; row < table.length; row++) {
    const kind = table.kind.data[row]!;
    const name = text(table.name.data[row]!);
    if (whole.begun.has(row)) {
      count(left, 'events lost before the buffer begins', table.b.data[row]!);
      continue;
    }
    if (table.time.data[row]! < whole.from[row]!) {
      count(left, 'lines before the buffers of all CPUs begin');
      continue;
    }
    const base: SeenBase = {
      row,
      t: table.time.data[row]!,
      cpu: table.cpu.data[row]!,
      tid: table.tid.data[row]!,
      comm: text(table.comm.data[row]!),
      irq: table.hardirq.data[row]! !== 0,
    };
    const [a, b, c, e] = [table.a.data[row]!, table.b.data[row]!, table.c.data[row]!, table.e.data[row]!];
    switch (kind) {
      case Kind.cpuhpEnter:
        lines.push({ ...base, what: 'enter', about: a, target: b, step: c, fn: bare(text(table.d.data[row]!)) });
        break;
      case Kind.cpuhpExit:
        lines.push({ ...base, what: 'exit', about: a, state: b, step: c, ret: e });
        break;
      case Kind.kvmEntry:
        lines.push({ ...base, what: 'guest' });
        break;
      case Kind.func:
      case Kind.probe: {
        const fn = text(table.d.data[row]!);
        const caller = kind === Kind.func ? text(e) : '';
        if (NAMELESS.test(fn)) count(left, 'nameless addresses');
        else if (fn === 'kvm_vcpu_kick' && caller === 'kvmclock_update_fn') count(left, 'kvmclock kicks');
        else if (MOVERS.has(fn)) count(steering, 'placement: who runs where');
        // the function tracer and a probe tell the same thing twice
        else if (kind === Kind.probe && traced.has(fn))
          count(
            steering,
            'told twice: probes at the entry of functions that the function tracer shows (compared there)',
          );
        else lines.push({ ...base, what: 'call', fn, caller: bare(caller) });
        break;
      }
      case Kind.probeRet:
        lines.push({ ...base, what: 'ret', fn: text(table.d.data[row]!), result: c ? e : null });
        break;
      case Kind.lost:
        count(strange, 'lost events', b);
        break;
      default:
        if (LOOP.has(name)) count(left, 'turns of the run loop');
        else if (STEERING[name]) count(steering, STEERING[name]);
        else if (VECTOR.test(name))
          count(
            steering,
            'placement: interrupts between CPUs (what they run is compared, with the interrupt as its context)',
          );
        else count(strange, name);
    }
  }
  const calls = new Set<string>(seenCalls);
  // a function that is listed and never seen was never called, unless it may stand there as an address
  for (const fn of told.functions) if (!nameless || seenCalls.has(fn)) calls.add(fn);
  for (const fn of told.kretprobes) rets.add(fn);
  for (const fn of MOVERS) calls.delete(fn);
  calls.delete('kvm_vcpu_kick');
  const spans = table.files.flatMap((f) =>
    f.to > f.from
      ? [
          {
            file: f.name,
            from: Math.max(table.time.data[f.from]!, whole.from[f.from]!),
            to: table.time.data[f.to - 1]!,
          },
        ]
      : [],
  );
  return { lines, listed: { calls, rets, nameless }, spans, left, steering, strange };
}

/**
 * A ring buffer that was full has lost its beginning, on each CPU another: `from` is, by row, when all CPUs of its file have
 * one, and `begun` the rows that tell of a lost beginning. Events lost in the middle are not meant.
 */
function wholeFrom(table: EventTable): { from: Float64Array; begun: ReadonlySet<number> } {
  const from = new Float64Array(table.length);
  const begun = new Set<number>();
  for (const f of table.files) {
    const seen = new Set<number>();
    const waiting = new Set<number>();
    let at = -Infinity;
    for (let row = f.from; row < f.to; row++) {
      const lost = table.kind.data[row] === Kind.lost;
      const cpu = lost ? table.a.data[row]! : table.cpu.data[row]!;
      if (lost && !seen.has(cpu)) {
        begun.add(row);
        waiting.add(cpu);
      } else if (waiting.delete(cpu)) at = table.time.data[row]!;
      seen.add(cpu);
    }
    from.fill(at, f.from, f.to);
  }
  return { from, begun };
}

/**
 * Functions that the compiler put into their caller: the trace never shows them called from there, and shows as called from
 * there what in the text only they call. As "caller>function".
 */
export function inlinedIn(
  lines: readonly Seen[],
  frames: readonly { readonly fn: string; readonly parent: number }[],
): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const s of lines) if (s.what === 'call' && s.caller) seen.add(`${s.caller}>${s.fn}`);
  const direct = new Set<string>();
  for (const f of frames) if (f.parent >= 0) direct.add(`${frames[f.parent]!.fn}>${f.fn}`);
  const found = new Set<string>();
  for (const f of frames) {
    const by = frames[f.parent];
    const from = by && frames[by.parent];
    if (!from) continue;
    const over = `${from.fn}>${f.fn}`;
    if (seen.has(over) && !direct.has(over) && !seen.has(`${from.fn}>${by.fn}`)) found.add(`${from.fn}>${by.fn}`);
  }
  return found;
}

/** How a line is written in a report, near to the trace's own form. */
export function describeSeen(s: Seen): string {
  const who = `${s.comm}-${s.tid} [${String(s.cpu).padStart(3, '0')}]${s.irq ? ' in an interrupt' : ''}`;
  const cpu = (n: number): string => String(n).padStart(4, '0');
  switch (s.what) {
    case 'enter':
      return `${who} cpuhp_enter: cpu: ${cpu(s.about)} target: ${s.target} step: ${s.step} (${s.fn})`;
    case 'exit':
      return `${who} cpuhp_exit: cpu: ${cpu(s.about)} state: ${s.state} step: ${s.step} ret: ${s.ret}`;
    case 'call':
      return `${who} ${s.fn}${s.caller ? ` <-${s.caller}` : ''}`;
    case 'ret':
      return `${who} ${s.fn} returns ${s.result ?? '?'}`;
    case 'guest':
      return `${who} kvm_entry`;
  }
}
