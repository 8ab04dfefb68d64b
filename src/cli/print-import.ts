/** What an import found, as a summary to read, as JSON, and as the kernel's log. */
import { Mark, type BadLine, type Timeline } from '../timeline/columns';
import type { ImportReport, ImportResult } from '../timeline/import-files';
import { columns, dmesgLine, grouped, json, ranges, stamp, wrap, type Paint } from './text';

/** Bad lines that a summary shows. */
const BAD_LINES = 5;

/** A BUG, oops or panic that the trace or the kernel log tells of. */
export interface FoundOops {
  /** Seconds on the clock of the trace. */
  readonly time: number;
  /** -1 where nothing tells. */
  readonly cpu: number;
  readonly text: string;
}

/** `hotlanes import --format json`, format 1. Fields are only ever added; times are seconds on the trace's clock. */
export interface ImportJson {
  readonly format: 1;
  readonly title: string;
  readonly files: ImportReport['files'];
  readonly buffers: number;
  readonly lost_events: number;
  readonly data_lines: number;
  readonly events: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly bad_lines: number;
  readonly bad: readonly BadLine[];
  readonly first: number;
  readonly last: number;
  readonly cpus: readonly number[];
  readonly tracks: number;
  readonly slices: number;
  readonly oops: readonly FoundOops[];
  readonly notes: readonly string[];
}

export function importData({ timeline, report }: ImportResult): ImportJson {
  return {
    format: 1,
    title: timeline.title,
    files: report.files,
    buffers: report.files.filter((f) => f.kind === 'ftrace').length,
    lost_events: report.lostEvents,
    data_lines: report.dataLines,
    events: report.events,
    counts: Object.fromEntries(Object.entries(report.counts).sort(([a], [b]) => (a < b ? -1 : 1))),
    bad_lines: report.badLines,
    bad: report.bad,
    first: seconds(timeline, 0),
    last: seconds(timeline, timeline.length),
    cpus: [...new Set(timeline.tracks.filter((t) => t.kind === 'cpu').map((t) => t.cpu))].sort((a, b) => a - b),
    tracks: timeline.tracks.length,
    slices: timeline.slices.length,
    oops: oopsesOf(timeline),
    notes: report.notes,
  };
}

export function importJson(result: ImportResult): string {
  return json(importData(result));
}

/** The kernel's lines, stamped with the clock of the trace. */
export function importDmesg({ timeline }: ImportResult): string {
  return timeline.log
    .filter((line) => line.source === 'kernel')
    .map((line) => `${dmesgLine(line.timeUs + timeline.originUs, line.text)}\n`)
    .join('');
}

export function importSummary(result: ImportResult, paint: Paint): string {
  const d = importData(result);
  const lines = [...wrap(d.title).map(paint.bold), ''];
  lines.push(
    ...columns([
      ['files', d.files.map((f) => `${f.name.replace(/^.*\//, '')} (${f.kind})`).join(', ')],
      ['from, to', `${stamp(d.first * 1e6)} to ${stamp(d.last * 1e6)} s`],
      ['CPUs', ranges(d.cpus)],
      ['buffers', `${d.buffers}; ${grouped(d.lost_events)} events lost`],
      ['data lines', grouped(d.data_lines)],
      ['events', grouped(d.events)],
      ['bad lines', grouped(d.bad_lines)],
    ]).flatMap((line) => wrapped(line)),
  );
  for (const bad of d.bad.slice(0, BAD_LINES)) lines.push(...wrap(`${bad.file}:${bad.line}: ${bad.why}`, 80, '    '));
  if (d.bad_lines > BAD_LINES) lines.push(`    (${grouped(d.bad_lines - BAD_LINES)} more: --format json)`);

  if (d.oops.length > 0) {
    lines.push('', paint.bold('Oopses'));
    for (const oops of d.oops)
      lines.push(
        ...wrap(
          `[${stamp(oops.time * 1e6)}] ${oops.cpu < 0 ? 'CPU unknown' : `CPU ${oops.cpu}`}: ${oops.text}`,
          80,
          '  ',
          '    ',
        ).map(paint.red),
      );
  }
  const names = Object.entries(d.counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  if (names.length > 0) {
    lines.push('', paint.bold('Events by name'));
    const width = Math.max(...names.map(([, n]) => grouped(n).length));
    lines.push(...names.map(([name, n]) => `  ${grouped(n).padStart(width)}  ${name}`));
  }
  if (d.notes.length > 0) {
    lines.push('', paint.bold('Notes'));
    lines.push(...d.notes.flatMap((note) => wrap(note, 80, '  - ', '    ')));
  }
  return `${lines.join('\n')}\n`;
}

/** A row of two columns whose second is long: it goes on below itself. */
function wrapped(row: string): string[] {
  const at = /^ {2}\S.*? {2,}/.exec(row)?.[0].length ?? 2;
  return row.length <= 80 ? [row] : wrap(row.slice(at), 80, row.slice(0, at), ' '.repeat(at));
}

/** Oopses stand on the track of their CPU, and again on the task's; the first is enough. */
function oopsesOf(t: Timeline): FoundOops[] {
  const found: FoundOops[] = [];
  const { instants } = t;
  for (let i = 0; i < instants.length; i++) {
    if (instants.mark[i] !== Mark.oops) continue;
    const track = t.tracks[instants.track[i]!]!;
    if (track.kind !== 'cpu' && track.kind !== 'log') continue;
    found.push({ time: seconds(t, instants.at[i]!), cpu: track.cpu, text: t.strings[instants.text[i]!]! });
  }
  return found;
}

function seconds(t: Timeline, at: number): number {
  return ((t.timeUs[at] ?? 0) + t.originUs) / 1e6;
}
