import { beforeEach, expect, it, vi } from 'vitest';
import { galleryText } from '../../litmus/gallery';
import { act } from './acts';
import { seek, stepBy, toFirst, toLast } from './player';
import { initialState, lastOf } from './state';
import { app, get } from './store';
import { begin, openScenario, originalOf, redo, scenarioOf, setText, toOriginal, undo } from './text';

const KEVIN = galleryText('kevin-2021-11-30')!;

beforeEach(() => {
  vi.useFakeTimers();
  app.setState(initialState, true);
  begin(null, false);
  return () => vi.useRealTimers();
});

it('begins with the question of 2021, at its end', () => {
  expect(get().text).toBe(KEVIN);
  expect(get().run?.sentence.tone).toBe('oops');
  expect(get().playhead).toBe(lastOf(get()));
});

it('an act writes its line and makes the run anew; undo and redo cover it', () => {
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

it('typing is undone in bursts, and run after a pause', () => {
  for (const part of ['#', '# a', '# ab']) setText(`${KEVIN}${part}`, 'typed');
  expect(get().past).toEqual([KEVIN]);
  vi.advanceTimersByTime(2000);
  setText(`${KEVIN}# abc`, 'typed');
  expect(get().past).toEqual([KEVIN, `${KEVIN}# ab`]);
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
  act({ kind: 'fault', cpu: 4 });
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
  app.setState(initialState, true);
  begin({ text: 'litmus half\nkern', scenario: 'kevin-2021-11-30' }, false);
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
