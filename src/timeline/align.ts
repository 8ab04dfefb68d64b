import type { Dmesg } from './dmesg-import';
import { Kind, type EventTable } from './ftrace-events';
import type { VmmLog } from './vmm-import';

/** Where a line of another file stands in the trace. */
export interface Place {
  /** The trace's clock, microseconds. */
  readonly timeUs: number;
  /** It stands behind this row; -1: before the first. */
  readonly after: number;
  /** The row that is this very line (a console event), or -1. */
  readonly row: number;
}

/** A death whose moment in the trace's clock is known from elsewhere: the line with that stamp stands there. */
export interface KnownMoment {
  readonly dmesgUs: number;
  readonly timeUs: number;
}

export interface DmesgHints {
  /** Added to a stamp of the log it gives the trace's clock; NaN if not known. */
  readonly shiftUs: number;
  readonly moments: readonly KnownMoment[];
}

export interface PlacedDmesg {
  readonly places: readonly Place[];
  /** How many lines were found in the trace itself. */
  readonly anchors: number;
  readonly note: string;
}

/** Two stamps of the same line may differ by this much more or less than others do; microseconds. */
const tolerance = 5e6;

const enableFailed = /enabling virtualization on CPU(\d+) failed/;
const enableRet = /^(kvm_arch_hardware_enable|kvm_arch_enable_virtualization_cpu)$/;

/**
 * Places the lines of a kernel log in a trace.
 *
 * The two clocks differ, and the log's stamps even go backwards between CPUs, so lines are placed by what they say: a
 * console event or a marker of the trace with the same text is the same line; "enabling virtualization on CPU4 failed"
 * stands directly behind the failing return of KVM's enable function on CPU 4, which prints it. A line between two such anchors stands
 * between them, at its own stamp moved by the shift of the anchor before it. The order of the lines is kept always.
 */
export function placeDmesg(dmesg: Dmesg, table: EventTable, hints: DmesgHints): PlacedDmesg {
  const { lines } = dmesg;
  const row = matchRows(dmesg, table, hints);
  const fixed = new Map<number, number>(); // line index -> microseconds
  for (const { dmesgUs, timeUs } of hints.moments) {
    const at = lines.findIndex((l, i) => Math.abs(l.stampUs - dmesgUs) < 1 && dmesg.reports.some((r) => r.at === i));
    if (at >= 0 && !row.has(at)) fixed.set(at, timeUs);
  }
  const anchorTime = (i: number): number | undefined => {
    const r = row.get(i);
    return r === undefined ? fixed.get(i) : table.time.data[r.row]!;
  };
  let shift = hints.shiftUs;
  for (let i = 0; i < lines.length; i++) {
    const t = anchorTime(i);
    if (t === undefined || Number.isNaN(lines[i]!.stampUs)) continue;
    shift = t - lines[i]!.stampUs;
    break;
  }
  const known = !Number.isNaN(shift);
  if (!known) shift = 0;

  // From behind: which anchor comes next, as a bound.
  const ceiling = new Array<{ time: number; after: number }>(lines.length);
  let bound = { time: Infinity, after: table.length - 1 };
  for (let i = lines.length - 1; i >= 0; i--) {
    ceiling[i] = bound;
    const r = row.get(i);
    const t = anchorTime(i);
    if (r !== undefined) bound = { time: t!, after: r.self ? r.row - 1 : r.row };
    else if (t !== undefined && t < bound.time) bound = { time: t, after: bound.after };
  }
  const places: Place[] = [];
  let floor = { time: -Infinity, after: -1 };
  for (let i = 0; i < lines.length; i++) {
    const { stampUs } = lines[i]!;
    const r = row.get(i);
    const t = anchorTime(i);
    if (r !== undefined) {
      floor = { time: Math.max(t!, floor.time), after: r.row };
      if (!Number.isNaN(stampUs)) shift = t! - stampUs;
      places.push({ timeUs: floor.time, after: r.row, row: r.self ? r.row : -1 });
      continue;
    }
    const wanted = t ?? (Number.isNaN(stampUs) ? floor.time : stampUs + shift);
    if (t !== undefined && !Number.isNaN(stampUs)) shift = t - stampUs;
    const timeUs = Math.max(floor.time, Math.min(wanted, ceiling[i]!.time));
    const after = Math.max(floor.after, Math.min(lastRowUpTo(table, timeUs), ceiling[i]!.after));
    floor = { time: timeUs, after };
    places.push({ timeUs, after, row: -1 });
  }
  const anchors = row.size;
  const note =
    anchors > 0
      ? `${dmesg.file}: ${anchors} of ${lines.length} lines found in the trace, the others placed between them`
      : known
        ? `${dmesg.file}: no line found in the trace; stamps moved by ${(shift / 1e6).toFixed(6)} s`
        : `${dmesg.file}: no line found in the trace and no shift between the clocks known; stamps taken as they are`;
  return { places, anchors, note };
}

/** Lines found in the trace: index of the line -> row; `self` if the row is the line, not the event just before it. */
function matchRows(dmesg: Dmesg, table: EventTable, hints: DmesgHints): Map<number, { row: number; self: boolean }> {
  const byText = new Map<string, number[]>();
  dmesg.lines.forEach((line, i) => {
    const key = line.text.trimEnd();
    const list = byText.get(key);
    if (list) list.push(i);
    else byText.set(key, [i]);
  });
  const said: { row: number; lines: number[]; stamp: number; self: boolean }[] = [];
  const failing: { row: number; cpu: number }[] = [];
  const isEnable: (boolean | undefined)[] = [];
  for (let row = 0; row < table.length; row++) {
    const kind = table.kind.data[row]!;
    if (kind === Kind.console || kind === Kind.mark) {
      const found = byText.get(table.strings.text(table.d.data[row]!).trimEnd());
      if (!found) continue;
      const stamped = kind === Kind.console && table.a.data[row]! >= 0;
      const stamp = stamped ? table.a.data[row]! * 1e6 + table.b.data[row]! : NaN;
      said.push({ row, lines: found, stamp, self: kind === Kind.console });
    } else if (kind === Kind.probeRet && table.e.data[row]! < 0) {
      const id = table.d.data[row]!;
      if ((isEnable[id] ??= enableRet.test(table.strings.text(id)))) failing.push({ row, cpu: table.cpu.data[row]! });
    }
  }
  // The shift, from the lines that are unmistakable.
  const shifts: number[] = [];
  for (const { row, lines, stamp } of said) {
    const time = table.time.data[row]!;
    if (!Number.isNaN(stamp)) shifts.push(time - stamp);
    else if (lines.length === 1) shifts.push(time - dmesg.lines[lines[0]!]!.stampUs);
  }
  const clean = shifts.filter((s) => !Number.isNaN(s)).sort((a, b) => a - b);
  const typical = clean.length > 0 ? clean[clean.length >> 1]! : hints.shiftUs;

  const rows = new Map<number, { row: number; self: boolean }>();
  let last = -1;
  for (const { row, lines, stamp, self } of said) {
    const time = table.time.data[row]!;
    const off = (i: number): number => {
      const own = dmesg.lines[i]!.stampUs;
      if (!Number.isNaN(stamp)) return Math.abs(own - stamp);
      return Number.isNaN(typical) ? 0 : Math.abs(time - own - typical);
    };
    const near = lines.filter((i) => i > last && off(i) < tolerance);
    if (near.length === 0) continue;
    const best = near.reduce((a, b) => (off(b) < off(a) ? b : a));
    rows.set(best, { row, self });
    last = best;
  }
  matchFailures(dmesg, table, failing, rows, Number.isNaN(typical) ? 0 : typical);
  return rows;
}

/** "enabling virtualization on CPU4 failed" stands behind the failing return on CPU 4, if the anchors around allow it. */
function matchFailures(
  dmesg: Dmesg,
  table: EventTable,
  failing: readonly { row: number; cpu: number }[],
  rows: Map<number, { row: number; self: boolean }>,
  shift: number,
): void {
  const anchored = [...rows.keys()].sort((a, b) => a - b);
  const used = new Set<number>();
  dmesg.lines.forEach((line, i) => {
    const found = enableFailed.exec(line.text);
    if (!found || rows.has(i)) return;
    const before = anchored.findLast((k) => k < i);
    const behind = anchored.find((k) => k > i);
    const low = before === undefined ? -1 : rows.get(before)!.row;
    const high = behind === undefined ? table.length : rows.get(behind)!.row;
    const off = (row: number): number => Math.abs(table.time.data[row]! - line.stampUs - shift);
    const candidates = failing.filter(
      (f) => f.cpu === Number(found[1]) && f.row > low && f.row < high && !used.has(f.row) && off(f.row) < tolerance,
    );
    if (candidates.length === 0) return;
    const best = candidates.reduce((a, b) => (off(b.row) < off(a.row) ? b : a));
    used.add(best.row);
    rows.set(i, { row: best.row, self: false });
  });
  // Two messages may have been given rows against their order (several CPUs failing at once): then neither is an anchor.
  let highest = -1;
  for (const i of [...rows.keys()].sort((a, b) => a - b)) {
    const { row } = rows.get(i)!;
    if (row < highest) rows.delete(i);
    else highest = row;
  }
}

/** Places the lines of a VMM's log; remarks stand with the line before them. `shiftUs` as in `DmesgHints`, 0 for the same clock. */
export function placeVmm(log: VmmLog, table: EventTable, shiftUs: number): Place[] {
  const places: Place[] = [];
  let time = -Infinity;
  for (const line of log.lines) {
    if (!Number.isNaN(line.timeUs)) time = Math.max(time, line.timeUs + shiftUs);
    places.push({ timeUs: time, after: lastRowUpTo(table, time), row: -1 });
  }
  return places;
}

/** The last row whose time is not after `timeUs`; -1 if there is none. */
export function lastRowUpTo(table: EventTable, timeUs: number): number {
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table.time.data[middle]! <= timeUs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
