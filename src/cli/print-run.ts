/** The outcome of a run as a summary to read, as JSON, and as the kernel's log. */
import type { CpuOutcome, Outcome, Sentence, Tone, Verdict } from '../litmus/outcome';
import { columns, dmesgLine, grouped, json, ranges, stamp, wrap, type Paint } from './text';

/** Lines of the log that a summary shows. */
const LOG_LINES = 24;

/** `hotlanes run --format json`, format 1. Fields are only ever added; times are microseconds, but for `log[].time`. */
export type RunJson = Omit<Outcome, 'log'> & {
  readonly format: 1;
  readonly sentence: Sentence;
  /** `time`: seconds, as printk stamps a line. */
  readonly log: readonly (Outcome['log'][number] & { readonly time: number })[];
};

export function runJson(outcome: Outcome, sentence: Sentence): string {
  const out: RunJson = {
    format: 1,
    ...outcome,
    log: outcome.log.map((line) => ({ time: line.time_us / 1e6, ...line })),
    sentence,
  };
  return json(out);
}

/** The lines that the kernel of the run printed, as dmesg shows them. */
export function runDmesg(outcome: Outcome): string {
  return outcome.log.map((line) => `${dmesgLine(line.time_us, line.text)}\n`).join('');
}

/** For a person: the sentence first, then what userspace saw, CPUs, tasks, the log. */
export function runSummary(o: Outcome, { headline, details, tone }: Sentence, paint: Paint): string {
  const tones: Record<Tone, (text: string) => string> = {
    oops: paint.red,
    fail: paint.yellow,
    ok: paint.green,
    unknown: paint.yellow,
  };
  const lines = [
    ...wrap(headline).map((line) => paint.bold(tones[tone](line))),
    ...details.flatMap((d) => wrap(d, 80, '  - ', '    ')),
    '',
    paint.dim(
      [`${o.litmus} on ${o.kernel}`, `seed ${o.seed}`, `${grouped(o.steps)} steps`, `${stamp(o.time_us)} s`].join(', '),
    ),
  ];
  if (o.verdict.how) lines.push(...wrap(verdictLine(o.verdict)));
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', paint.bold(title), ...body);
  };
  section(
    'What userspace saw',
    columns(
      o.returns.map((r) => [
        r.actor,
        r.action.replace(/\s+/g, ' '),
        r.errno ?? (r.result === null ? unreturned(o, r.began) : String(r.result)),
      ]),
    ),
  );
  section('CPUs', cpuTable(o.cpus));
  section(
    'Tasks',
    columns(
      o.tasks
        .filter((t) => t.kind === 'user' || t.kind === 'actor' || t.state === 'dead' || hangs(o, t.name))
        .map((t) => [t.name, t.state + (hangs(o, t.name) ? ', hangs' : ''), t.cpu === null ? '' : `CPU ${t.cpu}`]),
    ),
  );
  const shown = o.log.slice(-LOG_LINES);
  const left = o.log.length - shown.length;
  section('Kernel log', [
    ...(left > 0 ? [`  (${left} earlier lines: --format dmesg)`] : []),
    ...shown.map((line) => `  ${dmesgLine(line.time_us, line.text)}`),
  ]);
  return `${lines.join('\n')}\n`;
}

function unreturned(o: Outcome, began: number): string {
  if (o.end === 'limit') return began < 0 ? 'not begun' : 'not returned yet';
  return began < 0 ? 'never began' : 'never returned';
}

function verdictLine({ text, result, step }: Verdict): string {
  const at = step >= 0 ? ` at step ${step}` : result === 'broken' || result === 'seen' ? ' from the start' : '';
  const said = {
    holds: 'holds in this run',
    broken: `broken${at}`,
    seen: `seen${at}`,
    'not seen': 'not seen in this run',
    none: 'not known, the run was cut',
  }[result];
  return `${text}: ${said}`;
}

function hangs(o: Outcome, task: string): boolean {
  return o.hung.some((h) => h.task === task);
}

/** One row for all CPUs that ended alike. */
function cpuTable(cpus: readonly CpuOutcome[]): string[] {
  const rows = new Map<string, { cpus: number[]; cells: string[] }>();
  for (const c of cpus) {
    const cells = [
      c.present === false
        ? 'absent'
        : c.active
          ? 'active'
          : c.online
            ? 'online, not active'
            : c.online === null
              ? ''
              : 'offline',
      c.cpuhp && c.present !== false ? `${c.cpuhp.name} (${c.cpuhp.number})` : '',
      c.virtualization === null || c.present === false ? '' : VIRTUALIZATION[c.virtualization],
    ];
    const key = cells.join('\n');
    const row = rows.get(key);
    if (row) row.cpus.push(c.cpu);
    else rows.set(key, { cpus: [c.cpu], cells });
  }
  return columns([...rows.values()].map((row) => [ranges(row.cpus), ...row.cells]));
}

const VIRTUALIZATION: Record<NonNullable<CpuOutcome['virtualization']>, string> = {
  on: 'virtualization on',
  off: 'virtualization off',
  failed: 'virtualization off: the enable failed',
  lied: 'virtualization off: the enable reported success',
  lost: 'virtualization off: it went off by itself',
};
