/** The texts of the gallery under many schedules. */
import { describe, expect, it } from 'vitest';
import { Machine } from '../machine/machine';
import { run } from '../machine/run';
import { gallery, OPENING } from './gallery';
import { load } from './load';

describe.each(gallery().map((g) => [g.name, g.text] as const))('%s', (name, text) => {
  const loaded = load(text, name);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  const { program } = loaded;

  const seeds = name === OPENING ? 200 : 40;
  it(`comes to rest under ${seeds} schedules, and never does what no machine can`, () => {
    for (let seed = 0; seed < seeds; seed++) {
      const r = run(program, { seed });
      const rest = r.end === 'panic' ? 'quiet' : r.end;
      expect([seed, r.error?.message ?? '', rest]).toEqual([seed, '', 'quiet']);
    }
  });

  it('takes only steps that the explorer would take too', () => {
    for (const seed of [0, 1, 2, 3]) {
      const r = run(program, { seed });
      const machine = new Machine(program);
      for (let i = 0; i < r.history.length; i++) {
        const { kind, context, cpu, choice } = r.history.step(i);
        const enabled = machine
          .enabled()
          .some((t) => t.kind === kind && t.context === context && t.cpu === cpu && t.choice === choice);
        expect([seed, i, enabled]).toEqual([seed, i, true]);
        machine.apply({ kind, context, cpu, choice });
        machine.mark();
      }
    }
  });
});
