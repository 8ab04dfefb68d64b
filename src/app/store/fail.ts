/**
 * A failure right where something is seen to happen: armed by hand a little before, so that it strikes just there, and only
 * once. Whether it does is tried before the text is changed.
 */
import type { FailPlace } from '../../litmus/fail-here';
import { addActs, momentText, roundMoment, withoutLater } from '../../litmus/hand';
import { forkPoint } from '../session/tree';
import { isBusy, nowOf } from './now';
import { seek } from './player';
import { makeRun, type RunView } from './run-view';
import { FILE, SMALL } from './runner';
import { get, set } from './store';
import { changeText } from './text';

/** How long before (nanoseconds): arming takes its time, more where every CPU is busy. */
const LEADS = [12_000, 25_000, 60_000, 150_000, 400_000];
/** It has struck here, and not earlier or later, when it strikes within this time (nanoseconds) of the step. */
const NEAR = 20_000;

export function failHere(place: FailPlace, returns: string): void {
  const s = get();
  const now = nowOf(s);
  if (!now) return;
  const { run } = now;
  const struck = run.history.step(place.before).start;
  const words = [place.cpu < 0 ? '' : `cpu${place.cpu}`, place.place, place.direction, `returns ${returns} once`];
  const action = `arm ${words.filter(Boolean).join(' ')}`;
  for (const lead of LEADS) {
    const latest = struck - lead;
    if (latest < 0) break;
    const at = roundMoment(Math.max(0, latest - 1500), latest);
    // Who is busy is asked of the moment at which it is armed.
    let done = 0;
    while (done < run.steps && run.history.step(done).start < at) done++;
    const text = addActs(withoutLater(s.text, at), [action], at, (actor) => isBusy({ ...now, done }, actor));
    const step = run.program.cpus > SMALL ? place.before : strikes(text, struck);
    if (step < 0) continue;
    changeText(text, { label: `${action} at ${momentText(at)}`, at, parent: forkPoint(s.session, at) });
    seek(step + 1);
    return;
  }
  const details = ['Take an earlier step, or write a fault line.'];
  set({ notice: { tone: 'info', text: `${place.title} cannot be made to fail just here.`, details } });
}

/** The step at which the last fault of a text strikes near a moment; -1 where it does not. */
function strikes(text: string, near: number): number {
  const made = makeRun(text, FILE, undefined, get().kernelPatch);
  return made.ok ? strikeOf(made.view, near) : -1;
}

function strikeOf({ history, program }: RunView, near: number): number {
  const last = program.faults.length - 1;
  for (const [step, effects] of history.effects) {
    if (!effects.some((e) => e.kind === 'fault' && e.fault === last)) continue;
    return Math.abs(history.step(step).start - near) <= NEAR ? step : -1;
  }
  return -1;
}
