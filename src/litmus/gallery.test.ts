/** The gallery's texts as texts: each fits a mail, says what it asks, and comes to the same whatever the schedule. */
import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { classOf } from './classes';
import { gallery } from './gallery';
import { load } from './load';
import { outcomeOf } from './outcome';

/** Texts whose question is about the schedule itself: their runs differ, and that is the point. */
const RACES: readonly string[] = ['compat-race', 'lost-enable'];

describe.each(gallery().map((g) => [g.name, g.text] as const))('%s', (name, text) => {
  const loaded = load(text, name);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);

  it('has its own name and a question, and can be quoted in a mail', () => {
    expect(loaded.litmus.name).toBe(name);
    expect(loaded.litmus.about).toMatch(/\?$|\.$/);
    expect(loaded.litmus.group).not.toBe('');
    expect(loaded.litmus.look).toHaveLength(2);
    for (const line of text.split('\n')) expect([line, line.length <= 72]).toEqual([line, true]);
    expect(text.split('\n').length).toBeLessThanOrEqual(34);
  });

  if (RACES.includes(name)) return;
  it('comes to the same whatever the schedule', () => {
    const play = (seed: number): unknown => {
      const o = outcomeOf(run(loaded.program, { seed }), loaded.litmus, seed);
      const { id, errno } = classOf(o);
      return { id, errno, results: o.returns.map((r) => r.result), verdict: o.verdict.result };
    };
    const plain = play(0);
    for (let seed = 1; seed <= 12; seed++) expect([seed, play(seed)]).toEqual([seed, plain]);
  });
});
