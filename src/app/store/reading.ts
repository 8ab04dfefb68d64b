/** Reading a run or a trace: search, marks, rows of variables, causes. What is asked for is kept here and laid over the lanes. */
import '../../lanes/draw-extras';
import { durationText, stepText } from '../../lanes/scale';
import { counterTrack, withTracks, type ValueTrack } from '../../timeline/with-tracks';
import { subjectsOf, type Subject } from '../../litmus/why';
import { lanes } from '../lanes-handle';
import { causesOf, keptOf } from '../inspect/causes-view';
import { doubtsOf } from '../inspect/doubts';
import { valueTracks } from '../inspect/pins';
import { search, type Haystack } from '../inspect/search';
import { traceOf } from '../inspect/visits';
import { showPanel } from './page';
import { seek } from './player';
import { HitKind, type Hits, type Reading, type ReadTab } from './reading-state';
import { bareTimelineOf, placeOf, timelineOf, type AppState, type Side } from './state';
import { app, get, set } from './store';
import type { RunView } from './run-view';

const put = (change: Partial<Reading>): void => set({ reading: { ...get().reading, ...change } });

export function setReadTab(tab: ReadTab): void {
  put({ tab });
  showPanel('step');
}

/** The runs that the lanes show, each with where they show its steps. */
export function runsOf(s: AppState): Haystack['runs'] {
  const joint = s.beside?.joint;
  const place = (side: Side) => (step: number) => joint?.at[side][step] ?? step;
  const list: { run: RunView; placeOf: (step: number) => number; side: Side | undefined }[] = [];
  if (s.showing === 'run' && s.run) list.push({ run: s.run, placeOf: place(0), side: joint ? 0 : undefined });
  if (joint && s.beside?.run) list.push({ run: s.beside.run, placeOf: place(1), side: 1 });
  return list;
}

export const haystackOf = (s: AppState): Haystack | null => {
  const timeline = timelineOf(s);
  return timeline && { timeline, runs: runsOf(s) };
};

// ---- search

let asked = 0;
/** Time given to a search before the page has its turn, milliseconds. */
const TURN_MS = 8;

/** Looks for all the words. An empty query ends the search. */
export function find(query: string): void {
  const turn = ++asked;
  const hay = haystackOf(get());
  if (query.trim() === '' || !hay) {
    put({ search: query === '' ? null : { query, hits: null, current: -1, done: true } });
    return;
  }
  put({ search: { query, hits: get().reading.search?.hits ?? null, current: -1, done: false } });
  const looking = search(query, hay);
  const look = (): void => {
    if (turn !== asked) return;
    const until = performance.now() + TURN_MS;
    for (;;) {
      const next = looking.next();
      if (next.done) {
        const { playhead } = get();
        const hits = next.value;
        let current = -1;
        for (let i = 0; i < hits.length && current < 0; i++) if (placeOf(get(), hits.at[i]!) >= playhead) current = i;
        put({ search: { query, hits, current: current < 0 && hits.length > 0 ? 0 : current, done: true } });
        return;
      }
      if (performance.now() > until) break;
    }
    setTimeout(look);
  };
  look();
}

/** Where the playhead shows a hit: at the beginning of a bar, at or after an event. */
export const placeOfHit = (s: AppState, { kind, at }: Hits, i: number): number =>
  kind[i] === HitKind.slice ? at[i]! : placeOf(s, at[i]!);

/** To a hit, around at the ends. */
export function toHit(i: number): void {
  const now = get().reading.search;
  if (!now?.hits || now.hits.length === 0) return;
  const { hits } = now;
  const current = ((i % hits.length) + hits.length) % hits.length;
  put({ search: { ...now, current } });
  const index = hits.index[current]!;
  seek(placeOfHit(get(), hits, current));
  const kind =
    hits.kind[current] === HitKind.slice ? 'slice' : hits.kind[current] === HitKind.instant ? 'instant' : null;
  set({ selection: kind ? { kind, index } : null });
  if (hits.track[current]! >= 0) lanes.view?.revealTrack(hits.track[current]!);
}

export const nextHit = (direction: 1 | -1): void => toHit((get().reading.search?.current ?? -1) + direction);

// ---- marks

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Sets a mark where the playhead is, or takes it away. */
export function toggleMark(): void {
  const { playhead, reading } = get();
  const there = reading.marks.find((m) => m.at === playhead);
  if (there) {
    removeMark(there.name);
    return;
  }
  const name = [...LETTERS].find((letter) => !reading.marks.some((m) => m.name === letter));
  if (name === undefined) {
    set({ notice: { tone: 'info', text: 'There are 26 marks; one has to go first.', details: [] } });
    return;
  }
  put({ marks: [...reading.marks, { at: playhead, name }].sort((a, b) => a.at - b.at) });
}

export function removeMark(name: string): void {
  const { marks, span } = get().reading;
  const gone = marks.find((m) => m.name === name);
  put({ marks: marks.filter((m) => m.name !== name), span: gone && span?.includes(gone.at) ? null : span });
}

export const clearMarks = (): void => put({ marks: [], span: null });

export function toPlaceMark(direction: 1 | -1): void {
  const { playhead, reading } = get();
  const places = reading.marks.map((m) => m.at);
  const to = direction > 0 ? places.find((at) => at > playhead) : places.findLast((at) => at < playhead);
  if (to !== undefined) seek(to);
}

export const measure = (from: number, to: number): void => put({ span: from === to ? null : [from, to] });

/** Measures from the nearest mark before the playhead (else the nearest after it) to the playhead; again: no more. */
export function measureHere(): void {
  const { playhead, reading } = get();
  if (reading.span?.[1] === playhead) {
    put({ span: null });
    return;
  }
  const from = reading.marks.findLast((m) => m.at < playhead) ?? reading.marks.find((m) => m.at > playhead);
  if (from) measure(from.at, playhead);
  else
    set({
      notice: { tone: 'info', text: 'Set a mark first (M): it is measured from there to the playhead.', details: [] },
    });
}

/** A stretch in words: "120 steps, 1.31 ms". */
export function spanText(s: AppState, from: number, to: number): string {
  const timeline = timelineOf(s);
  const steps = Math.abs(to - from);
  const word = s.showing === 'run' ? 'step' : 'event';
  const us = Math.abs((timeline?.timeUs[to] ?? 0) - (timeline?.timeUs[from] ?? 0));
  return `${stepText(steps)} ${word}${steps === 1 ? '' : 's'}, ${durationText(us)}`;
}

// ---- rows of variables

export function togglePin(name: string): void {
  const { pins } = get().reading;
  const adds = !pins.includes(name);
  put({ pins: adds ? [...pins, name] : pins.filter((p) => p !== name) });
  // The new row is the last one.
  const tracks = get().pinned?.timeline.tracks;
  if (adds && tracks) lanes.view?.revealTrack(tracks.length - 1);
}

export const clearPins = (): void => put({ pins: [] });

function tracksOf(s: AppState): ValueTrack[] {
  const bare = bareTimelineOf(s);
  if (!bare) return [];
  return s.reading.pins.flatMap((name) => {
    const rows = runsOf(s).flatMap(({ run, placeOf: place, side }) => valueTracks(run, name, place, side));
    const counter = rows.length === 0 && s.showing === 'trace' ? counterTrack(bare.counters, name) : null;
    return counter ? [counter] : rows;
  });
}

function pinRows(): void {
  const s = get();
  const of = bareTimelineOf(s);
  const rows = of && s.reading.pins.length > 0 ? tracksOf(s) : [];
  if (!of || rows.length === 0) {
    if (s.pinned) set({ pinned: null });
    return;
  }
  set({ pinned: { of, timeline: withTracks(of, rows) } });
}

// ---- causes

const WHAT = 'Looking for the causes';
/** Steps that are done again before the page has its turn. */
const AT_ONCE = 1500;
let asking: AbortController | null = null;

/** Why did this come about? Without a subject: what the sentence above the lanes says. A long run is done again in stretches. */
export function askWhy(subject?: Subject): void {
  const s = get();
  const run = s.side === 1 ? s.beside?.run : s.showing === 'run' ? s.run : null;
  const about = run && (subject ?? subjectsOf(run.outcome)[0]);
  if (!run || !about) return;
  asking?.abort();
  const abort = (asking = new AbortController());
  if (get().work?.what === WHAT) set({ work: null });
  put({ tab: 'why' });
  showPanel('step');
  const trace = traceOf(run);
  const cancel = (): void => {
    abort.abort();
    set({ work: null });
  };
  const look = (): void => {
    if (abort.signal.aborted) return;
    if (!trace.extend(AT_ONCE)) {
      set({ work: { what: WHAT, detail: about.text, share: trace.steps / run.steps, cancel } });
      setTimeout(look);
      return;
    }
    if (get().work?.what === WHAT) set({ work: null });
    put({ why: { run, subject: about, causes: causesOf(run, about) } });
  };
  look();
}

export const endWhy = (): void => put({ why: null });

// ---- what lies over the lanes

function overlay(): void {
  const s = get();
  const { view } = lanes;
  const timeline = timelineOf(s);
  if (!view || !timeline || view.timeline !== timeline) return;
  const { search: found, marks, span, why } = s.reading;
  const of = why && runsOf(s).find(({ run }) => run.history === why.run.history);
  view.setOverlay({
    kept: why && of ? keptOf(of.run, timeline, why.causes, of.placeOf, of.side) : null,
    found: found?.hits ? { at: found.hits.at, track: found.hits.track, current: found.current } : null,
    marks,
    span: span && { from: span[0], to: span[1], text: spanText(s, ...span) },
  });
}

let doubting: ReturnType<typeof setTimeout> | undefined;
/** A run that goes on changes many times a second: what is uncertain in it is told at rest. */
function doubtsSoon(): void {
  clearTimeout(doubting);
  doubting = setTimeout(doubts, 200);
}

/** What rests on no source, of the first of the runs that are shown. */
function doubts(): void {
  const s = get();
  const { view } = lanes;
  const timeline = timelineOf(s);
  const [first] = runsOf(s);
  if (!view || !timeline || view.timeline !== timeline) return;
  view.setOverlay({ doubts: first ? doubtsOf(first.run, timeline, first.placeOf, first.side) : null });
}

/** From now on the lanes show what is read. */
export function follow(): void {
  const same = <T>(part: (s: AppState) => readonly T[], then: () => void): void =>
    void app.subscribe(part, then, { equalityFn: (a, b) => a.length === b.length && a.every((x, i) => x === b[i]) });
  same<unknown>((s) => [bareTimelineOf(s), s.reading.pins], pinRows);
  same<unknown>(
    (s) => [timelineOf(s)],
    () => {
      const { search: now, why } = get().reading;
      // What was found or mattered was so in another run.
      if (why && !runsOf(get()).some(({ run }) => run.history === why.run.history)) put({ why: null });
      overlay();
      doubtsSoon();
      if (now && now.query !== '') find(now.query);
    },
  );
  same<unknown>(({ reading: r }) => [r.search?.hits, r.search?.current, r.marks, r.span, r.why], overlay);
  pinRows();
  overlay();
  doubtsSoon();
}
