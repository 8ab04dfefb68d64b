/**
 * Free play: simulated time passes while somebody acts. The run is made further than where time is, in a worker, piece by
 * piece, so that the page goes on answering; what is later than now is not shown.
 */
import { History } from '../../machine/history';
import { lanes } from '../lanes-handle';
import type { FromLiveWorker, ToLiveWorker } from './live-worker';
import { viewOf, type RunView } from './run-view';
import { AHEAD_US, stepsAt } from './live-time';
import { runText } from './runner';
import { app, get, set } from './store';
import { timelineOf } from './state';

/** Microseconds of the run for each second of a clock on the wall, at speed 1. */
const RATE = 400;
/** The next piece is made when less than this is left (microseconds). */
const LEFT_US = AHEAD_US / 2;
/** What the lanes show of time at first, microseconds; now is at this share of it. */
const WINDOW_US = 2000;
const NOW_AT = 0.75;

let worker: Worker | null = null;
/** What the worker was asked for last, until it has answered. */
let asked: ToLiveWorker | null = null;
let frame = 0;
let before = 0;

export const canLive = (): boolean => get().showing === 'run' && get().run !== null;

/** Lets time go on, from where the playhead is. */
export function startLive(): void {
  const s = get();
  const { run } = s;
  if (!canLive() || run === null) return;
  const us = s.playhead === 0 ? 0 : (run.timeline.timeUs[Math.min(s.playhead, run.steps)] ?? 0);
  set({ live: { us, going: true }, beside: null, side: 0, playing: false, axis: 'time', unfolding: true });
  // There is something to come, before it is looked at.
  runText(s.text, { keep: true });
  const from = Math.max(0, us - NOW_AT * WINDOW_US);
  lanes.view?.setAxis('time');
  lanes.view?.setDomain(from, from + WINDOW_US);
}

export function stopLive(): void {
  set({ live: null, unfolding: false });
}

export const toggleLive = (): void => (get().live === null ? startLive() : stopLive());

app.subscribe(
  (s) => s.live?.going === true,
  (going) => {
    if (!going || frame !== 0) return;
    before = performance.now();
    frame = requestAnimationFrame(tick);
  },
);
app.subscribe(
  (s) => s.live === null,
  (none) => {
    if (!none) return;
    worker?.terminate();
    worker = asked = null;
  },
);

function tick(now: number): void {
  frame = 0;
  const s = get();
  const { live, run } = s;
  if (!live?.going || !run || s.showing !== 'run') return;
  // A tab that slept must not leap.
  const passed = Math.min(0.1, Math.max(0, (now - before) / 1000)) * s.speed * RATE;
  before = now;
  const horizon = horizonOf(run);
  const over = run.outcome.end !== 'quiet';
  // Where the next piece is not there yet, time waits for it.
  const us = Math.min(live.us + passed, horizon);
  if (us >= horizon && over) {
    set({ live: { us, going: false }, playhead: run.steps, notice: { tone: 'info', text: whyOver(run), details: [] } });
    return;
  }
  if (!over && horizon - us < LEFT_US) extend(us);
  set({ live: { us, going: true }, playhead: stepsAt(run.timeline, run.steps, us), unfolding: true });
  follow(us, run);
  frame = requestAnimationFrame(tick);
}

const horizonOf = ({ outcome }: RunView): number => outcome.time_us;

function whyOver({ outcome }: RunView): string {
  if (outcome.end === 'panic') return 'The host has panicked: time stands still.';
  if (outcome.end === 'limit') return 'The run is as long as a run may be: time stands still.';
  return 'The model ends here: time stands still.';
}

/** Between two events the line goes on too, and the lanes with it. */
function follow(us: number, run: RunView): void {
  const view = lanes.view;
  if (!view || view.axis !== 'time' || timelineOf(get())?.timeUs !== run.timeline.timeUs) return;
  const { timeUs } = run.timeline;
  const next = stepsAt(run.timeline, timeUs.length, us);
  const from = timeUs[next - 1] ?? 0;
  const to = timeUs[next] ?? from;
  const at = Math.max(0, next - 1) + (to > from ? Math.min(0.999, (us - from) / (to - from)) : 0);
  const { start, end } = view.scale();
  const now = start + NOW_AT * (end - start);
  if (us > now || us < start) view.setDomain(us - NOW_AT * (end - start), us + (1 - NOW_AT) * (end - start));
  view.setPlayhead(at);
  view.setReveal(at);
}

/** Has the run made further. */
function extend(us: number): void {
  if (asked !== null) return;
  const { text, kernelPatch: patch } = get();
  asked = { text, patch, until: (us + 2 * AHEAD_US) * 1000 };
  worker ??= begin();
  worker.postMessage(asked);
}

function begin(): Worker {
  const made = new Worker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'live' });
  made.onmessage = ({ data }: MessageEvent<FromLiveWorker>) => {
    const of = asked;
    asked = null;
    if (of && data.type === 'done') take(of, data);
    else if (data.type === 'failed') fail(data.message);
  };
  made.onerror = (event) => fail(event.message || 'The worker died.');
  return made;
}

function fail(message: string): void {
  set({ live: null, unfolding: false, notice: { tone: 'error', text: 'Free play has ended.', details: [message] } });
}

function take(
  of: ToLiveWorker,
  { columns, initial, timeline, outcome }: Extract<FromLiveWorker, { type: 'done' }>,
): void {
  const { run, text, kernelPatch, live, selection } = get();
  // Somebody has acted meanwhile: that run is further than this one.
  if (!live || !run || of.text !== text || of.patch !== kernelPatch || run.litmus.name !== outcome.litmus) return;
  const { litmus, program, patch } = run;
  const history = History.of(program, columns);
  const next = viewOf({ litmus, program, history, initial, timeline, outcome, patch });
  set({ run: next, selection: selection?.kind === 'track' ? selection : null });
}
