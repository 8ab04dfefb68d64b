import type { ImportReport } from '../../timeline/import-files';

const counted = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;

export const notUnderstood = (lines: number): string => `${counted(lines, 'line')} not understood`;

/** What an import made of its files, in a line: how much was read, and what could not be. */
export function reportLine(report: ImportReport, logLines: number): string {
  const read = report.events === 0 && logLines > 0 ? counted(logLines, 'log line') : counted(report.events, 'event');
  const bad = report.badLines > 0 ? [notUnderstood(report.badLines)] : [];
  const damage = new Set(report.files.map((f) => f.damage).filter((d) => d !== ''));
  return [read, ...bad, ...damage].join(', ');
}
