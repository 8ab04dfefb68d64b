import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tiny } from '../language/testing/tiny';
import { Cursor } from './history';
import { Machine } from './machine';
import { run, type RunResult } from './run';

const TEXT = `mutex m\nspinlock l\nglobal int 0..99 x\npercpu int 0..9 hits\nglobal int 0..9 pickd
fn hit(cpu) { hits[cpu] = hits[cpu] + 1 }
action work() { lock m; x++; on each cpu in online_mask call hit(); unlock m; return 0 }
action spin_() { lock l; x++; unlock l; pickd = choose 1..5; return 0 }\n`;
const program = tiny(TEXT, { cpus: 3, actors: { a: ['work', 'spin_'], b: ['spin_', 'work'], c: ['work'] } });

const cells = (s: Int32Array, r: RunResult): Int32Array => s.slice(0, r.program.width);

describe('history', () => {
  it('leads anywhere and back to the state that a replay reaches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
        (seed, places) => {
          const r = run(program, { seed });
          expect(r.end).toBe('quiet');
          const states: Int32Array[] = [];
          const machine = new Machine(program);
          for (let i = 0; i <= r.history.length; i++) {
            states.push(cells(machine.s, r));
            if (i < r.history.length) machine.apply(r.history.step(i));
          }
          expect(states.at(-1)).toEqual(cells(r.machine.s, r));
          const cursor = new Cursor(r.history, r.initial);
          for (const place of places) {
            const at = Math.round(place * r.history.length);
            cursor.seek(at);
            expect(cursor.at).toBe(at);
            expect(cells(cursor.s, r)).toEqual(states[at]);
          }
          cursor.seek(0);
          expect(cells(cursor.s, r)).toEqual(states[0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stays within the run when asked for more', () => {
    const r = run(program);
    const cursor = new Cursor(r.history, r.initial);
    cursor.seek(1e9);
    expect(cursor.at).toBe(r.history.length);
    cursor.seek(-5);
    expect(cursor.at).toBe(0);
  });

  it('has a time that never goes back on a CPU, and an effect only at its step', () => {
    const r = run(program, { seed: 7 });
    const last = new Float64Array(program.cpus);
    for (let i = 0; i < r.history.length; i++) {
      const { cpu, start, cost, kind } = r.history.step(i);
      if (kind === 'wake' || kind === 'push' || kind === 'adrift') continue; // done from elsewhere
      expect(start).toBeGreaterThanOrEqual(last[cpu]!);
      last[cpu] = start + cost;
    }
    for (const step of r.history.effects.keys()) expect(step).toBeLessThan(r.history.length);
  });
});

describe('run', () => {
  const trace = (r: RunResult): string[] =>
    Array.from({ length: r.history.length }, (_, i) => JSON.stringify(r.history.step(i)));

  it('is the same for the same seed, and another for another', () => {
    expect(trace(run(program, { seed: 3 }))).toEqual(trace(run(program, { seed: 3 })));
    expect(trace(run(program, { seed: 3 }))).not.toEqual(trace(run(program, { seed: 4 })));
  });

  it('ends at its limit, and says so', () => {
    const r = run(program, { maxSteps: 10 });
    expect([r.end, r.history.length]).toEqual(['limit', 10]);
  });

  it('takes only steps that are enabled', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (seed) => {
        const r = run(program, { seed });
        const machine = new Machine(program);
        for (let i = 0; i < r.history.length; i++) {
          const { kind, context, cpu, choice } = r.history.step(i);
          expect(machine.enabled()).toContainEqual({ kind, context, cpu, choice });
          machine.apply({ kind, context, cpu, choice });
          machine.mark();
        }
      }),
      { numRuns: 20 },
    );
  });
});
