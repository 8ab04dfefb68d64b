/** Other recordings of the same: files of a capture in which only what a rig's next run would have otherwise is another. */
import { gunzipSync } from 'node:zlib';
import type { FileInput } from '../../timeline/read';

const decode = (data: FileInput['data']): string => {
  const bytes = data as Uint8Array;
  return new TextDecoder().decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
};

/** Changes the text of each file whose name matches. */
export function changed(files: readonly FileInput[], name: RegExp, change: (text: string) => string): FileInput[] {
  return files.map((f) => (name.test(f.name) ? { name: f.name, data: new TextEncoder().encode(change(decode(f.data))) } : f)); // prettier-ignore
}

const TRACE = /^trace.*\.txt(\.gz)?$/;

/** Lines of the traces; null takes one out, several stand in its place. */
export function traced(
  files: readonly FileInput[],
  change: (line: string) => string | readonly string[] | null,
): FileInput[] {
  return changed(files, TRACE, (text) =>
    text
      .split('\n')
      .flatMap((l) => (l.startsWith('#') ? [l] : (change(l) ?? [])))
      .join('\n'),
  ); // prettier-ignore
}

/** Every process, and every thread of the kernel but the idle ones, has another id. */
export function renumbered(files: readonly FileInput[], by: number): FileInput[] {
  const other = (id: string): string => (Number(id) > 0 ? String(Number(id) + by) : id);
  const trace = traced(files, (l) =>
    l
      .replace(/^(\s*.+?)-(\d+)(\s+(?:\(\s*[\d-]+\)\s+)?\[\d{3}\] )/, (_, comm: string, id: string, rest: string) => `${comm}-${other(id)}${rest.replace(/\d+(?=\))/, other)}`)
      .replace(/\b((?:prev_|next_|child_|old_)?pid)=(\d+)/g, (_, key: string, id: string) => `${key}=${other(id)}`)
      .replace(/console: (.*)\bprocess (\d+) \(/, (_, head: string, id: string) => `console: ${head}process ${other(id)} (`)
      .replace(/(console: .*)\bPID: (\d+)/, (_, head: string, id: string) => `${head}PID: ${other(id)}`),
  ); // prettier-ignore
  const log = changed(trace, /^dmesg/, (t) =>
    t
      .replace(/\bPID: (\d+)/g, (_, id: string) => `PID: ${other(id)}`)
      .replace(/^(.*note: .+)\[(\d+)\] exited/gm, (_, head: string, id: string) => `${head}[${other(id)}] exited`)
      .replace(/process (\d+) \(/g, (_, id: string) => `process ${other(id)} (`),
  );
  return changed(log, /^capture\.json$/, (t) => t.replace(/"(pid|tid)":\s*(\d+)/g, (_, key: string, id: string) => `"${key}": ${other(id)}`)); // prettier-ignore
}

/** Everything happened that many seconds later. */
export function later(files: readonly FileInput[], seconds: number): FileInput[] {
  const trace = traced(files, (l) =>
    l.replace(/(\[\d{3}\] +\S+ +)(\d+\.\d{6}):/, (_, head: string, t: string) => `${head}${(Number(t) + seconds).toFixed(6)}:`),
  ); // prettier-ignore
  return changed(trace, /^capture\.json$/, (text) => {
    const capture = JSON.parse(text) as Record<string, unknown>;
    const move = (at: unknown): void => {
      if (Array.isArray(at)) at.forEach(move);
      else if (typeof at === 'object' && at !== null)
        for (const [key, value] of Object.entries(at as Record<string, unknown>)) {
          if (['t', 't_end', 'on', 'off', 'first', 'last'].includes(key) && typeof value === 'number')
            (at as Record<string, unknown>)[key] = value + seconds;
          else move(value);
        }
    };
    move(capture['actions']);
    move(capture['observed']);
    move((capture['trace'] as Record<string, unknown>)['files']);
    const trace = capture['trace'] as { clock_note?: string };
    if (trace.clock_note)
      trace.clock_note = trace.clock_note.replace(/(dmesg stamps are moved by )([+-]?\d+\.\d+)/, (_, head: string, by: string) => `${head}${(Number(by) + seconds).toFixed(4)}`); // prettier-ignore
    return JSON.stringify(capture);
  });
}
