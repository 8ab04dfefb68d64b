import { beforeEach, expect, it, vi } from 'vitest';
import { galleryText } from '../../litmus/gallery';
import { act } from './acts';
import { seek, stepBy, toFirst, toLast } from './player';
import { initialState, lastOf } from './state';
import { app, get } from './store';
import type { Session } from '../session/session';
import { begin } from './begin';
import { plainPicture } from './opening-picture';
import { pictureFrom, type PlainPicture } from './picture';
import { lanesAtLeast, runOpening, runText } from './runner';
import { openScenario, originalOf, redo, scenarioOf, setText, toOriginal, undo } from './text';

const KEVIN = galleryText('kevin-2021-11-30')!;
const OPENING_PICTURE = pictureFrom(JSON.parse(plainPicture()) as PlainPicture);

beforeEach(() => {
  vi.useFakeTimers();
  app.setState(initialState, true);
  begin(OPENING_PICTURE, false);
  runOpening();
  return () => vi.useRealTimers();
});

it('the picture that the page opens on is that of the run which takes its place', () => {
  const { run } = get();
  for (const field of Object.keys(OPENING_PICTURE) as (keyof typeof OPENING_PICTURE)[])
    expect(run![field]).toEqual(OPENING_PICTURE[field]);
});

it('the run takes the place of its picture while that plays', () => {
  vi.stubGlobal('requestAnimationFrame', () => 0);
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  app.setState(initialState, true);
  begin(OPENING_PICTURE, true);
  app.setState({ playhead: 100 });
  runOpening();
  expect(get().opening).toBeNull();
  expect(get().playhead).toBe(100);
  expect(get().unfolding).toBe(true);
});

it('begins with the question of 2021, at its end', () => {
  expect(get().text).toBe(KEVIN);
  expect(get().run?.sentence.tone).toBe('oops');
  expect(get().playhead).toBe(lastOf(get()));
});

/** Texts from the first of the session to the one that is shown. */
function wayTo({ nodes, here }: Session): string[] {
  const way: string[] = [];
  for (let n = nodes.get(here); n; n = nodes.get(n.parent)) way.unshift(n.text);
  return way;
}

it('an act before the first step is a line without a moment; undo and redo cover it', () => {
  toFirst();
  act({ kind: 'fault', cpu: 4 });
  expect(get().text).not.toContain('fault');
  expect(get().run?.sentence.tone).toBe('ok');
  undo();
  expect(get().text).toBe(KEVIN);
  expect(get().run?.sentence.tone).toBe('oops');
  redo();
  expect(get().run?.sentence.tone).toBe('ok');
  expect(originalOf(get())).toBe(KEVIN);
  toOriginal();
  expect(originalOf(get())).toBeNull();
  undo();
  expect(get().run?.sentence.tone).toBe('ok');
});

/** Step after which the vCPU has been moved to CPU 4, and may be moved away. */
const beforeOnline = (): number => get().run!.outcome.returns.find((r) => r.fn === 'online')!.began;

it('an act in the run is done where the playhead is, and what came before stays', () => {
  const { run } = get();
  const n = beforeOnline();
  seek(n);
  act({ kind: 'fault', cpu: 4 });
  expect(get().text).toMatch(/\nyou: {4}disarm cpu4 kvm_arch_hardware_enable at [\d.]+ us\n/);
  expect(get().run?.sentence.tone).toBe('ok');
  expect(get().playhead).toBe(n);
  for (let i = 0; i < n; i++) expect(get().run!.history.step(i).start).toBe(run!.history.step(i).start);
});

it('acting in the past forks: what was done later stays in its own branch, one undo away', () => {
  seek(100);
  act({ kind: 'offline', cpu: 3 });
  seek(200);
  act({ kind: 'offline', cpu: 2 });
  const both = get().text;
  seek(150);
  act({ kind: 'load' });
  expect(get().text).toBe(both); // it is loaded, and that was said
  expect(get().notice?.text).toContain('KVM is loaded');
  act({ kind: 'offline', cpu: 1 });
  expect(get().text).toContain('offline cpu3 at');
  expect(get().text).not.toContain('offline cpu2');
  expect(wayTo(get().session)).toHaveLength(3);
  undo();
  expect(get().text).toBe(both);
  undo();
  undo();
  expect(get().text).toBe(KEVIN);
  redo();
  redo();
  redo();
  expect(get().text).toContain('offline cpu1');
  expect(get().session.nodes.size).toBe(4);
});

it('while an act has not returned, the next one has another hand', () => {
  seek(beforeOnline());
  act({ kind: 'hotadd' });
  const { began, step } = get().run!.outcome.returns.find((r) => r.actor === 'you')!;
  expect(step).toBeGreaterThan(began + 2);
  seek(began + 2);
  act({ kind: 'offline', cpu: 2 });
  expect(get().text).toContain('you:    hotadd cpu5 at');
  expect(get().text).toContain('you2:   offline cpu2 at');
  expect(get().problems).toEqual([]);
});

it('typing is undone in bursts, and run after a pause', () => {
  for (const part of ['#', '# a', '# ab']) setText(`${KEVIN}${part}`, 'typed');
  expect(wayTo(get().session)).toEqual([KEVIN, `${KEVIN}# ab`]);
  vi.advanceTimersByTime(2000);
  setText(`${KEVIN}# abc`, 'typed');
  expect(wayTo(get().session)).toEqual([KEVIN, `${KEVIN}# ab`, `${KEVIN}# abc`]);
  undo();
  expect(get().text).toBe(`${KEVIN}# ab`);
});

it('a text with an error keeps the run before it', () => {
  const { run } = get();
  setText(KEVIN.replace('hotadd', 'hotad'), 'act');
  expect(get().problems).toHaveLength(1);
  expect(get().run).toBe(run);
  undo();
  expect(get().problems).toEqual([]);
});

it('the playhead stays at its step where the new run has it, and at the end where it was there', () => {
  seek(100);
  act({ kind: 'offline', cpu: 3 });
  expect(get().playhead).toBe(100);
  toLast();
  act({ kind: 'hotadd' });
  expect(get().playhead).toBe(lastOf(get()));
  toFirst();
  stepBy(-1);
  expect(get().playhead).toBe(0);
  stepBy(1e9);
  expect(get().playhead).toBe(lastOf(get()));
});

it('a text that was kept half-written still has lanes', () => {
  app.setState({ ...initialState, text: 'litmus half\nkern', scenario: 'kevin-2021-11-30' }, true);
  runText('litmus half\nkern', { keep: false });
  lanesAtLeast();
  expect(get().text).toBe('litmus half\nkern');
  expect(get().problems.length).toBeGreaterThan(0);
  expect(get().run?.litmus.name).toBe('kevin-2021-11-30');
});

it('another scenario is one undo away from the text that was there', () => {
  openScenario('debian-6.1-v2', { unfold: false });
  expect(get().run?.litmus.name).toBe('debian-6.1-v2');
  undo();
  expect(get().run?.litmus.name).toBe('kevin-2021-11-30');
  expect(scenarioOf(get())).toBe('kevin-2021-11-30');
  expect(originalOf(get())).toBeNull();
});
