/** The model's run of a capture on the lanes of the capture: what it would have done, and where the two part. */
import type { ConformReport } from '../../conform/report';
import type { Sentence } from '../../litmus/outcome';
import { History } from '../../machine/history';
import { beside as join, type Difference } from '../../timeline/beside';
import type { Timeline } from '../../timeline/columns';
import type { FileInput } from '../../timeline/read';
import { put } from './beside';
import type { FromConformWorker, ToConformWorker } from './conform-worker';
import { anchorsOf } from './replayed';
import { viewOf, type RunView } from './run-view';
import { get, set } from './store';

const WHAT = 'Running the model along the trace';

let current: AbortController | null = null;

/** Leads the model along the trace that is open. */
export async function openModel(): Promise<void> {
  const { trace, showing, beside } = get();
  if (showing !== 'trace' || !trace || beside) return;
  current?.abort();
  const abort = (current = new AbortController());
  const cancel = (): void => {
    abort.abort();
    set({ work: null });
  };
  set({ work: { what: WHAT, detail: trace.title, share: null, cancel }, notice: null });
  try {
    const { parts, moments, report } = await compareInWorker(trace.files, trace.timeline.originUs, abort.signal);
    if (abort.signal.aborted || get().trace !== trace) return;
    const { columns, ...rest } = parts;
    const run = viewOf({ ...rest, history: History.of(rest.program, columns) });
    const names = ['captured', 'model'] as const;
    const joint = join(trace.timeline, run.timeline, anchorsOf(trace.timeline, moments), {
      names,
      clock: 'a',
      steps: [trace.timeline.length, run.steps],
      differences: differencesOf(report, trace.timeline, run),
    });
    set({ work: null });
    put({ kernel: report.kernel, names, joint, problems: [], run, said: sentenceOf(report) });
  } catch (error) {
    if (abort.signal.aborted) return;
    const text = error instanceof Error ? error.message : String(error);
    set({ work: null, notice: { tone: 'error', text: 'The model cannot be led along this trace.', details: [text] } });
  }
}

type Compared = Extract<FromConformWorker, { type: 'done' }>;

function compareInWorker(files: readonly FileInput[], originUs: number, signal: AbortSignal): Promise<Compared> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./conform-worker.ts', import.meta.url), { type: 'module', name: 'conform' });
    const end = (): void => worker.terminate();
    signal.addEventListener('abort', end, { once: true });
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message || 'The worker died.'));
    };
    worker.onmessage = ({ data }: MessageEvent<FromConformWorker>) => {
      end();
      if (data.type === 'failed') reject(new Error(data.message));
      else resolve(data);
    };
    worker.postMessage({ files, originUs } satisfies ToConformWorker);
  });
}

/** Each at its moment of the trace and at the model's step. */
function differencesOf(report: ConformReport, { timeUs, originUs, length }: Timeline, run: RunView): Difference[] {
  return report.differences.map(({ what, t, step, kernel, model }) => {
    let a = 0;
    while (a < length - 1 && timeUs[a]! + originUs < t - 0.5) a++;
    const b = Math.min(Math.max(0, step), run.steps - 1);
    const text = [what, kernel && `captured: ${kernel}`, model && `model: ${model}`].filter(Boolean).join('; ');
    const cpu = b >= 0 ? run.history.step(b).cpu : -1;
    return { ...(Number.isNaN(t) ? {} : { a }), ...(b >= 0 ? { b } : {}), cpu, text };
  });
}

const count = (n: number): string => n.toLocaleString('en');

/** What the comparison says: how much was compared, what was taken and not predicted, and the first difference. */
function sentenceOf(report: ConformReport): Sentence {
  const counts = Object.values(report.categories);
  const compared = counts.reduce((n, c) => n + c.compared, 0);
  const matched = counts.reduce((n, c) => n + c.matched, 0);
  const sum = (list: readonly { readonly count: number }[]): number => list.reduce((n, { count: c }) => n + c, 0);
  const details = [
    `${count(matched)} of ${count(compared)} compared things match`,
    `${count(sum(report.taken))} taken from the trace, not predicted`,
    `${count(sum(report.uncompared))} not compared`,
    ...report.assumptions.map((a) => `assumed: ${a}`),
    ...report.warnings.map((w) => `beware: ${w}`),
  ];
  if (report.agrees) return { headline: `The model of ${report.kernel} does what the kernel did`, details, tone: 'ok' };
  const first = report.differences[0];
  const headline = `The model of ${report.kernel} does not do what the kernel did: ${first?.what ?? ''}`;
  const all = report.differencesInAll;
  return { headline, details: [`${count(all)} difference${all === 1 ? '' : 's'}`, ...details], tone: 'fail' };
}
