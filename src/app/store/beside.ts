/** A second run on the lanes: the same text, schedule and machine on another kernel or design. */
import { beside as join } from '../../timeline/beside';
import { storyOf } from '../../timeline/happenings';
import { match } from '../../timeline/match';
import { companion } from './companion';
import { makeRun, type Made, type RunView } from './run-view';
import { runInWorker } from './run-worker-client';
import { FILE, SMALL } from './runner';
import { fetchTexts } from './shelf';
import { lastOf, stepsDone, type BesideView, type Side } from './state';
import { get, set } from './store';
import { setKernel } from '../../litmus/edit';

let current: AbortController | null = null;

/** Both runs as one picture. */
function joined(a: RunView, b: RunView, kernel: string): BesideView {
  const names = [a.program.kernel, kernel] as const;
  const { anchors, differences } = match(storyOfRun(a), storyOfRun(b), names);
  const joint = join(a.timeline, b.timeline, anchors, { names, differences, steps: [a.steps, b.steps] });
  return { kernel, names, joint, problems: [], run: b };
}

const storyOfRun = ({ program, history, timeline }: RunView) => storyOf(program, history, timeline);

function made(a: RunView, kernel: string, result: Made): BesideView {
  if (result.ok) return joined(a, result.view, kernel);
  return { ...nothing(a, kernel), problems: result.problems };
}

const nothing = (a: RunView, kernel: string): BesideView => ({
  kernel,
  names: [a.program.kernel, kernel],
  joint: null,
  problems: [],
  run: null,
});

/** The second run of a machine with many CPUs comes later, from a worker. */
companion.make = (a, kernel) => {
  current?.abort();
  const { text, kernelPatch } = get();
  if (a.program.cpus <= SMALL) return made(a, kernel, makeRun(text, FILE, kernel, kernelPatch));
  const abort = (current = new AbortController());
  runInWorker({ text: setKernel(text, kernel), file: FILE, patch: kernelPatch, until: 0 }, abort.signal).then(
    (result) => !abort.signal.aborted && put(made(a, kernel, result)),
    (error: unknown) => {
      if (abort.signal.aborted) return;
      const details = [error instanceof Error ? error.message : String(error)];
      set({ beside: null, notice: { tone: 'error', text: `The run on ${kernel} did not finish.`, details } });
    },
  );
  return nothing(a, kernel);
};

/** Puts a second run on the lanes; the playhead stays at the step, or at the event of a trace, where it was. */
export function put(beside: BesideView | null): void {
  const s = get();
  const atEnd = s.playhead >= lastOf(s);
  const own = stepsDone(s, 0);
  // Two runs do not go on together.
  set({ live: null, beside, side: beside?.joint ? s.side : 0, selection: null, unfolding: false });
  const at = beside?.joint?.at[0];
  const place = at === undefined ? own : s.showing === 'trace' ? at[own]! : own > 0 ? at[own - 1]! + 1 : 0;
  set({ playhead: atEnd ? lastOf(get()) : place });
}

/** The text on another kernel or design, beside the run that is shown. */
export async function openBeside(kernel: string): Promise<void> {
  if (!(await fetchTexts())) return;
  const { run, showing } = get();
  if (showing !== 'run' || !run) return;
  put(companion.make!(run, kernel));
}

/** Back to one run. */
export function closeBeside(): void {
  current?.abort();
  if (get().beside) put(null);
}

/** Whose step is told beside the lanes. */
export const setSide = (side: Side): void => set({ side });
