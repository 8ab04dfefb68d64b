/** How the kernel log's clock is brought into the trace's. */
import { clockHints, type Capture } from '../timeline/capture';
import type { Dmesg } from '../timeline/dmesg-import';
import { Kind, type EventTable } from '../timeline/ftrace-events';

/**
 * Microseconds to add to a stamp of the log: what the capture says, else the median over lines that stand once in the log and
 * once in the trace as console lines, else 0.
 */
export function logShift(capture: Capture, dmesg: Dmesg, table: EventTable): number {
  const said = clockHints(capture).dmesgShiftUs;
  if (!Number.isNaN(said)) return said;
  const stamps = new Map<string, number>();
  for (const { text, stampUs } of dmesg.lines) stamps.set(text.trimEnd(), stamps.has(text.trimEnd()) ? NaN : stampUs);
  const times = new Map<string, number>();
  for (let row = 0; row < table.length; row++) {
    if (table.kind.data[row] !== Kind.console) continue;
    const text = table.strings.text(table.d.data[row]!).trimEnd();
    times.set(text, times.has(text) ? NaN : table.time.data[row]!);
  }
  const shifts = [...times].map(([text, t]) => t - (stamps.get(text) ?? NaN)).filter((d) => !Number.isNaN(d));
  return shifts.sort((a, b) => a - b)[shifts.length >> 1] ?? 0;
}
