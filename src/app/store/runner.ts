/** Runs a text: small machines at once, large ones in a worker, so that the page goes on answering. */
import { hasAllKernelTexts, isThere } from '../../kernels/index';
import { parseLitmus } from '../../litmus/parse';
import { companion } from './companion';
import { stepsAt, untilOf } from './live-time';
import { galleryText, OPENING } from '../../litmus/gallery';
import { lastOf, pictureOf, timelineOf } from './state';
import { get, set } from './store';
import { fetchTexts } from './shelf';
import { makeRun, type Made, type RunView } from './run-view';

/** A machine of so many CPUs runs within a frame or two. */
export const SMALL = 64;

/** What problems are reported against. */
export const FILE = 'litmus';

let current: AbortController | null = null;

interface Options {
  /** Keep the playhead where it is, as far as the new run has that step. */
  readonly keep: boolean;
  /** Play from the start, showing no more than has happened. */
  readonly unfold?: boolean;
}

export function runText(text: string, options: Options): void {
  current?.abort();
  current = null;
  if (get().work?.what === WHAT) set({ work: null });
  const parsed = parseLitmus(text, FILE);
  if (!parsed.ok) {
    set({ problems: parsed.problems });
    return;
  }
  if (!hasAllKernelTexts() && !isThere(parsed.litmus.kernel)) {
    const abort = (current = new AbortController());
    void fetchTexts().then((there) => there && !abort.signal.aborted && runText(text, options));
    return;
  }
  if (parsed.litmus.setup.cpus <= SMALL) {
    take(attempt(text), options);
    return;
  }
  const abort = new AbortController();
  current = abort;
  set({
    work: {
      what: WHAT,
      detail: `${parsed.litmus.setup.cpus} CPUs`,
      share: null,
      cancel: () => {
        abort.abort();
        set({ work: null });
      },
    },
  });
  const job = { text, file: FILE, patch: get().kernelPatch, until: untilOf(get().live) };
  const made = import('./run-worker-client').then(({ runInWorker }) => runInWorker(job, abort.signal));
  made.then(
    (made) => {
      if (abort.signal.aborted) return;
      set({ work: null });
      take(made, options);
    },
    (error: unknown) => {
      if (abort.signal.aborted) return;
      set({ work: null, notice: { tone: 'error', text: 'The run did not finish.', details: [message(error)] } });
    },
  );
}

const WHAT = 'Running the text';

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A defect of ours must not take the page down: it is said, and the last run stays. */
function attempt(text: string): Made | null {
  try {
    return makeRun(text, FILE, undefined, get().kernelPatch, untilOf(get().live));
  } catch (error) {
    set({ notice: { tone: 'error', text: 'The run failed inside Hotlanes.', details: [message(error)] } });
    return null;
  }
}

function take(made: Made | null, { keep, unfold = false }: Options): void {
  if (made === null) return;
  if (!made.ok) {
    set({ problems: made.problems });
    return;
  }
  show(made.view, keep, unfold);
}

function show(run: RunView, keep: boolean, unfold: boolean): void {
  const s = get();
  const before = pictureOf(s);
  const wasAtEnd = s.showing === 'run' && before !== null && s.playhead >= lastOf(s);
  if (s.showing === 'trace') {
    set({ run, opening: null, problems: [], elsewhere: { playhead: run.steps, axis: 'steps' } });
    return;
  }
  // In one go: lanes that showed the one without the other for a moment would lose their folds.
  const beside = s.beside && companion.make ? companion.make(run, s.beside.kernel) : null;
  set({ run, opening: null, problems: [], elsewhere: null, selection: null, beside, side: beside?.joint ? s.side : 0 });
  const last = lastOf(get());
  // In free play it is time that says where the playhead is.
  if (s.live) set({ playhead: stepsAt(run.timeline, run.steps, s.live.us) });
  else if (unfold) set({ playhead: 0, unfolding: true, playing: true });
  else if (keep && before !== null && !wasAtEnd) set({ playhead: Math.min(s.playhead, last) });
  else set({ playhead: last, playing: false, unfolding: false });
}

/** The run of the picture that the page opened on. Where the text has been changed meanwhile, that of the new one is coming. */
export function runOpening(): void {
  const { opening, run, text } = get();
  if (opening !== null && run === null) runText(text, { keep: true });
}

/** A text that was kept half-written still has lanes: those of the first scenario. */
export function lanesAtLeast(): void {
  const { problems } = get();
  if (problems.length === 0 || get().run !== null || timelineOf(get()) !== null) return;
  runText(galleryText(OPENING)!, { keep: false, unfold: false });
  set({ problems });
}
