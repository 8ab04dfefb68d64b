/**
 * Whether the files of a capture hold what its capture.json counts: the events of each buffer, all events by name, the lines
 * of the log. What is gone says nothing of the kernel, so it is no difference; but whoever reads "agrees" must know of it.
 */
import { Kind, type EventTable } from '../timeline/ftrace-events';
import type { Capture } from '../timeline/capture';
import type { Dmesg } from '../timeline/dmesg-import';

const grouped = (n: number): string => n.toLocaleString('en-US');

/** One sentence for each file that is not whole; none where all is there, or where nothing was counted. */
export function notWhole({ trace, counts }: Capture, table: EventTable, dmesg: Dmesg): string[] {
  const found: string[] = [];
  const byName = new Map<string, number>();
  const inFile = new Map<string, number>();
  for (const f of table.files) {
    let n = 0;
    for (let row = f.from; row < f.to; row++) {
      if (table.kind.data[row] === Kind.lost) continue;
      const name = table.strings.text(table.name.data[row]!);
      byName.set(name, (byName.get(name) ?? 0) + 1);
      n += 1;
    }
    inFile.set(f.name.replace(/\.gz$/, ''), n);
  }
  const names = namesThatDiffer(counts.events, byName);
  for (const { file, lines } of trace.files) {
    const n = inFile.get(file) ?? 0;
    if (n !== lines) found.push(`${file}.gz: holds ${grouped(n)} of the ${grouped(lines)} events that capture.json counts${names}`); // prettier-ignore
  }
  if (found.length === 0 && names) found.push(`the trace has other events than capture.json counts${names}`);
  const { dmesg_lines: logged } = counts as { dmesg_lines?: unknown };
  if (typeof logged === 'number' && logged !== dmesg.lines.length)
    found.push(
      `${dmesg.file}: holds ${grouped(dmesg.lines.length)} of the ${grouped(logged)} lines that capture.json counts`,
    );
  return found;
}

/** ": kvm_entry 500 of 958, ..."; those that lack most first. */
function namesThatDiffer(counted: Readonly<Record<string, number>>, there: ReadonlyMap<string, number>): string {
  const all = Object.keys(counted);
  // a capture that does not count by name
  if (all.length === 0) return '';
  const names = [...new Set([...all, ...there.keys()])].flatMap((name) => {
    const [n, of] = [there.get(name) ?? 0, counted[name] ?? 0];
    return n === of ? [] : [{ off: Math.abs(n - of), said: `${name} ${grouped(n)} of ${grouped(of)}` }];
  });
  if (names.length === 0) return '';
  names.sort((a, b) => b.off - a.off);
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `: ${names
    .slice(0, 5)
    .map((n) => n.said)
    .join(', ')}${more}`;
}
