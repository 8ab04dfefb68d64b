import { describe, expect, it } from 'vitest';
import { load } from './load';
import { gallery } from './gallery';
import { run } from '../machine/run';
import { Cursor } from '../machine/history';
import { Replay, Trace } from '../machine/replay';

const NAMES = ['kevin-2021-11-30', 'second-victim', 'compat-race'];

describe.each(
  gallery()
    .filter((g) => NAMES.includes(g.name) || /td|suspend/.test(g.name))
    .slice(0, 8),
)('a run of $name done again', ({ name, text }) => {
  const loaded = load(text, name);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  const result = run(loaded.program, { maxSteps: 3000 });
  const { history, initial, program } = result;

  it('executes in each step what the history says that it wrote', () => {
    const replay = new Replay(history, initial);
    for (let k = 0; k < history.length; k++) {
      const machine = replay.at(k);
      const before = machine.s.slice(0, program.width);
      const written = new Map<number, number>();
      replay.step(k, { before: () => undefined, after: (_x, _pc, from) => void from });
      expect(
        before.every((value, cell) => machine.s[cell] === value),
        `step ${k} is taken back`,
      ).toBe(true);
      history.changes(k, (cell, was, now) => {
        expect(before[cell]).toBe(was);
        written.set(cell, now);
      });
      const after = replay.at(k + 1);
      for (const [cell, now] of written) expect(after.s[cell]).toBe(now);
    }
  });

  it('stands at any step as the cursor does, whichever way it comes there', () => {
    const replay = new Replay(history, initial);
    const cursor = new Cursor(history, initial);
    for (const at of [history.length, 0, history.length >> 1, 7, history.length - 1]) {
      cursor.seek(at);
      expect(replay.at(at).s.slice(0, program.width)).toEqual(cursor.s.slice(0, program.width));
    }
  });

  it('begins each step of a context at the pc that the history has', () => {
    const trace = new Trace(new Replay(history, initial));
    expect(trace.extend(10)).toBe(history.length <= 10);
    expect(trace.extend()).toBe(true);
    for (let k = 0; k < history.length; k++) {
      const { kind, pc, context } = history.step(k);
      const [first, end] = trace.rangeOf(k);
      if (kind !== 'step') continue;
      expect(end).toBeGreaterThan(first);
      expect([trace.contextAt(first), trace.pcAt(first)]).toEqual([context, pc]);
    }
    expect(trace.rangeOf(history.length - 1)[1]).toBe(trace.length);
  });
});
