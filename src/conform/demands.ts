/** What the capture wants of the model, in the order of time: actions begin and end, lines are shown, tasks die, state is read. */
import type { Capture } from '../timeline/capture';
import { Kind, type EventTable } from '../timeline/ftrace-events';
import type { Act } from './acts';
import type { Derived, Planned } from './derive';
import { readingsOf, type Reading } from './readings';
import type { Roles } from './roles';
import type { Seen, TraceView } from './seen';
import type { Arrivals } from './turns';

/** An entry of `observed.died`. */
export interface Death {
  readonly t: number;
  readonly task: string;
  readonly pid: number;
  readonly cpu: number;
  readonly fn: string;
  readonly caller: string;
  readonly instruction: string;
  /** null: the capture does not say. */
  readonly preempt: number | null;
  readonly irqsOff: boolean | null;
  readonly where: string;
  readonly oops: number;
}

export type Demand =
  | { readonly kind: 'tracing'; readonly t: number; readonly on: boolean; readonly file: string }
  | { readonly kind: 'begin'; readonly t: number; readonly planned: Planned }
  | { readonly kind: 'end'; readonly t: number; readonly planned: Planned }
  | { readonly kind: 'line'; readonly t: number; readonly seen: Seen }
  | { readonly kind: 'death'; readonly t: number; readonly death: Death }
  | { readonly kind: 'adrift'; readonly t: number; readonly task: string; readonly tid: number; readonly cpu: number }
  | { readonly kind: 'reading'; readonly t: number; readonly reading: Reading };

/** Of two at the same time: what is first. */
const ORDER: Readonly<Record<Demand['kind'], number>> = {
  tracing: 1,
  end: 4,
  reading: 5,
  begin: 0,
  line: 2,
  death: 3,
  adrift: 2,
};

export function demandsOf(
  capture: Capture,
  derived: Derived,
  view: TraceView,
  arrivals: Arrivals,
  roles: Roles,
  acts: readonly Act[],
  table: EventTable,
  /** From the kernel log's clock to the trace's. */
  shift: number,
): Demand[] {
  const demands: Demand[] = [];
  for (const planned of derived.planned) {
    demands.push({ kind: 'begin', t: planned.t, planned });
    if (planned.tEnd !== null) demands.push({ kind: 'end', t: planned.tEnd, planned });
  }
  for (const span of view.spans) {
    demands.push({ kind: 'tracing', t: span.from, on: true, file: span.file });
    demands.push({ kind: 'tracing', t: span.to, on: false, file: span.file });
  }
  const beside = otherIoctls(derived, view, roles);
  for (const seen of view.lines)
    if (!arrivals.turns.has(seen.row) && !beside.has(seen.row)) demands.push({ kind: 'line', t: seen.t, seen });
  for (const death of deathsOf(capture)) demands.push({ kind: 'death', t: death.t, death });
  for (const reset of resetsOf(capture, table, shift)) demands.push(reset);
  for (const reading of readingsOf(capture, acts, derived, roles))
    demands.push({ kind: 'reading', t: reading.t, reading });
  const off = (d: Demand): number => (d.kind === 'tracing' && !d.on ? 6 : ORDER[d.kind]);
  return demands
    .map((d, i) => ({ d, i }))
    .sort((a, b) => a.d.t - b.d.t || off(a.d) - off(b.d) || a.i - b.i)
    .map(({ d }) => d);
}

/** Calls of a VMM on /dev/kvm that create no VM (its version, the size of kvm_run): all but the last one of a creation. */
export function otherIoctls(derived: Derived, view: TraceView, roles: Roles): ReadonlySet<number> {
  const made = new Map<Planned, number>();
  const rows = new Set<number>();
  for (const s of view.lines) {
    if (s.what !== 'call' || s.fn !== 'kvm_dev_ioctl') continue;
    rows.add(s.row);
    const action = roles.actionOf(s);
    if (action?.act?.do !== 'create_vm') continue;
    // the log of the VMM stamps a call when it has returned
    if (!made.has(action) || action.tEnd === null || s.t <= action.tEnd) made.set(action, s.row);
  }
  for (const row of made.values()) rows.delete(row);
  return derived.planned.length > 0 ? rows : new Set();
}

/** When a task lost its affinity: by the console line of the trace, else by the stamp of the log. */
function resetsOf(capture: Capture, table: EventTable, shift: number): Demand[] {
  const { affinity_reset: resets = [] } = capture.observed as {
    affinity_reset?: { task: string; tid: number; cpu: number; dmesg_t: number }[];
  };
  return resets.map(({ task, tid, cpu, dmesg_t }) => {
    const said = `process ${tid} (${task}) no longer affine to cpu${cpu}`;
    let t = Math.round(dmesg_t * 1e6 + shift);
    for (let row = 0; row < table.length; row++)
      if (table.kind.data[row] === Kind.console && table.strings.text(table.d.data[row]!).trimEnd() === said) {
        t = table.time.data[row]!;
        break;
      }
    return { kind: 'adrift', t, task, tid, cpu };
  });
}

function deathsOf(capture: Capture): Death[] {
  return capture.observed.died.map((d) => {
    const more = d as Record<string, unknown>;
    const preempt = more['preempt_count'];
    const irqs = more['irqs_off'];
    return {
      t: Math.round(d.t * 1e6),
      task: d.task,
      pid: d.pid,
      cpu: d.cpu,
      fn: d.function,
      caller: d.caller,
      instruction: d.instruction,
      preempt: typeof preempt === 'number' ? preempt : null,
      irqsOff: typeof irqs === 'boolean' ? irqs : null,
      where: d.bug_at,
      oops: typeof more['oops'] === 'number' ? more['oops'] : 0,
    };
  });
}
