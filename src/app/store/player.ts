/** Playing, stepping and seeking: everything that moves the playhead. */
import { app, get, set } from './store';
import { lastOf, SPEEDS, timelineOf, type Speed } from './state';

/** A whole run at speed 1, seconds: time to read it. Short runs take less, but never less than `LEAST` per step. */
const WHOLE = 12;
const LEAST = 0.06;

let frame = 0;
let before = 0;
/** Where the playhead really is, between two ordinals: on the step axis an ordinal, on the time axis microseconds. */
let position = 0;

/** By hand: what is later is shown again from now on. */
export function seek(ordinal: number): void {
  const at = Math.max(0, Math.min(lastOf(get()), Math.round(ordinal)));
  const { live, run } = get();
  // In free play time stands still there, until it is told to go on.
  const us = run?.timeline.timeUs[Math.max(0, at - 1)] ?? 0;
  set({ playhead: at, playing: false, unfolding: false, live: live && { us, going: false } });
}

export const stepBy = (steps: number): void => seek(get().playhead + steps);
export const toFirst = (): void => seek(0);
export const toLast = (): void => seek(lastOf(get()));

export function pause(): void {
  set({ playing: false });
}

export function play(): void {
  const s = get();
  const last = lastOf(s);
  if (last === 0) return;
  if (s.playhead >= last) set({ playhead: 0, unfolding: s.showing === 'run' });
  set({ playing: true });
}

export function togglePlay(): void {
  const { live, playing } = get();
  if (live) set({ live: { ...live, going: !live.going } });
  else if (playing) pause();
  else play();
}

export function setSpeed(speed: Speed): void {
  set({ speed });
}

export function changeSpeed(by: 1 | -1): void {
  const at = SPEEDS.indexOf(get().speed) + by;
  const speed = SPEEDS[at];
  if (speed !== undefined) setSpeed(speed);
}

function tick(now: number): void {
  frame = 0;
  const s = get();
  const timeline = timelineOf(s);
  if (!s.playing || !timeline) return;
  // A tab that slept must not leap.
  const passed = Math.min(0.1, Math.max(0, (now - before) / 1000)) * s.speed;
  before = now;
  const last = lastOf(s);
  const seconds = s.showing === 'run' ? Math.min(WHOLE, Math.max(1.5, last * LEAST)) : WHOLE;
  let playhead: number;
  if (s.axis === 'steps') {
    if (Math.floor(position) !== s.playhead) position = s.playhead;
    position += (passed * last) / seconds;
    playhead = Math.floor(position);
  } else {
    const { timeUs } = timeline;
    const from = timeUs[s.playhead]!;
    if (position < from || position > (timeUs[s.playhead + 1] ?? from)) position = from;
    position += (passed * (timeUs[last]! - timeUs[0]!)) / seconds;
    playhead = s.playhead;
    while (playhead < last && timeUs[playhead + 1]! <= position) playhead++;
  }
  if (playhead >= last) set({ playhead: last, playing: false, unfolding: false });
  else {
    if (playhead !== s.playhead) set({ playhead });
    frame = requestAnimationFrame(tick);
  }
}

app.subscribe(
  (s) => s.playing,
  (playing) => {
    if (!playing || frame !== 0) return;
    before = performance.now();
    position = get().axis === 'steps' ? get().playhead : (timelineOf(get())?.timeUs[get().playhead] ?? 0);
    frame = requestAnimationFrame(tick);
  },
);
