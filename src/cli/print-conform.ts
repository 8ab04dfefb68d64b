/** What `conform` found, as text that can be quoted in a mail. */
import { CATEGORIES, type ConformReport, type Difference } from '../conform/report';
import { columns, grouped, wrap, type Paint } from './text';

const WHAT: Readonly<Record<(typeof CATEGORIES)[number], string>> = {
  callbacks: 'hotplug callbacks: step, function, target, state, return value',
  contexts: 'the task or interrupt that ran them',
  functions: 'functions of KVM and of the hotplug core entered',
  returns: 'their return values',
  results: 'what userspace got',
  deaths: 'who died, where, on which instruction',
  log: 'log lines of KVM and of the hotplug core',
  readings: 'masks, virtualization, states, modules, threads',
  end: 'the host at the end',
};

/** The sum over all categories. */
export function totals(report: ConformReport): { compared: number; matched: number } {
  const counts = CATEGORIES.map((c) => report.categories[c]);
  const sum = (of: 'compared' | 'matched'): number => counts.reduce((n, count) => n + count[of], 0);
  return { compared: sum('compared'), matched: sum('matched') };
}

const listed = (title: string, entries: ConformReport['taken'], paint: Paint): string[] =>
  entries.length === 0
    ? []
    : ['', paint.bold(title), ...columns(entries.map((e) => [grouped(e.count).padStart(8), e.what]))];

/** One capture: verdict, categories, what was taken, what was not compared, and where the two part. */
export function conformSummary(report: ConformReport, paint: Paint): string {
  const { capture } = report;
  const { compared, matched } = totals(report);
  const verdict = report.agrees
    ? paint.green(report.warnings.length > 0 ? 'agrees with what is there' : 'agrees')
    : paint.red(`differs in ${grouped(report.differencesInAll)} place${report.differencesInAll === 1 ? '' : 's'}`);
  const lines = [
    `${paint.bold(`${capture.scenario} on ${capture.kernel}`)}: the model ${verdict}`,
    ...wrap(capture.title, 78, '  '),
    `  kernel ${capture.release}, model ${report.kernel}${report.exact ? '' : ' (the nearest there is)'}, ${grouped(report.steps)} steps`,
    '',
    paint.bold('Compared and matched'),
    ...columns([
      ...CATEGORIES.filter((c) => report.categories[c].compared > 0).map((c) => {
        const n = report.categories[c];
        return [grouped(n.matched).padStart(8), 'of', grouped(n.compared).padStart(7), c, WHAT[c]];
      }),
      [grouped(matched).padStart(8), 'of', grouped(compared).padStart(7), 'in all'],
    ]),
    ...listed('Taken from the capture, not predicted', report.taken, paint),
    ...listed('Not compared', report.uncompared, paint),
  ];
  if (report.assumptions.length > 0)
    lines.push('', paint.bold('Assumed'), ...report.assumptions.flatMap((a) => wrap(a, 78, '  ', '  ')));
  if (report.warnings.length > 0)
    lines.push('', paint.red('Beware'), ...report.warnings.flatMap((w) => wrap(w, 78, '  ', '    ')));
  const [first] = report.differences;
  if (first) lines.push('', ...part(first, paint));
  const more = report.differences.slice(1, 10);
  if (more.length > 0)
    lines.push('', paint.bold('Then'), ...more.flatMap((d) => wrap(`${d.what}${d.at ? ` (${d.at})` : ''}`, 78, '  ', '    '))); // prettier-ignore
  const rest = report.differencesInAll - 1 - more.length;
  if (rest > 0) lines.push(`  and ${grouped(rest)} more`);
  return `${lines.join('\n')}\n`;
}

/** Both sides' lines at a difference. */
function part(d: Difference, paint: Paint): string[] {
  const seconds = Number.isNaN(d.t) ? '' : `, ${(d.t / 1e6).toFixed(6)} s`;
  return [
    ...wrap(`${d.category}: ${d.what}`, 78, '').map((line, i) => (i === 0 ? `${paint.bold('First difference')}, ${line}` : line)), // prettier-ignore
    ...(d.at ? [`  at ${d.at}${seconds}`] : []),
    '  kernel:',
    ...d.around.kernel.map((line) => `      ${line}`),
    `    > ${paint.yellow(d.kernel || '(nothing)')}`,
    ...d.around.after.map((line) => `      ${line}`),
    '  model:',
    ...d.around.model.map((line) => `      ${line}`),
    `    > ${paint.yellow(d.model || '(nothing)')}`,
  ];
}

/** Several captures: one line each. */
export function conformTable(reports: readonly ConformReport[], paint: Paint): string {
  const head = ['capture', 'model', 'compared', 'matched', 'taken', 'uncompared', ''];
  const sum = (entries: ConformReport['taken']): number => entries.reduce((n, e) => n + e.count, 0);
  const rows = reports.map((r) => {
    const { compared, matched } = totals(r);
    return [
      `${r.capture.scenario} on ${r.capture.kernel}`,
      r.kernel,
      grouped(compared),
      grouped(matched),
      grouped(sum(r.taken)),
      grouped(sum(r.uncompared)),
      r.agrees
        ? paint.green(r.warnings.length > 0 ? `agrees; beware: ${r.warnings[0]}` : 'agrees')
        : paint.red(`differs: ${r.differences[0]?.what ?? ''}`),
    ];
  });
  const agreeing = reports.filter((r) => r.agrees).length;
  return `${[...columns([head, ...rows], ''), '', `${agreeing} of ${reports.length} agree`].join('\n')}\n`;
}
