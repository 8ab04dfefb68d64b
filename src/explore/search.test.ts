import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Program } from '../language/program';
import { tiny, type TinySetup } from '../language/testing/tiny';
import { load } from '../litmus/load';
import { explore } from './bfs';
import { NO_REDUCTIONS, Search, type Answer, type SearchOptions } from './search';
import { randomProgram } from './testing/random';

function whole(program: Program, options: SearchOptions = {}): Answer {
  const search = new Search(program, options);
  while (search.advance(5_000));
  return search.answer();
}

const ask = (text: string, setup: TinySetup, options: SearchOptions = {}): Answer => whole(tiny(text, setup), options);

describe('a search', () => {
  const inc = 'global int 0..9 x\naction inc() { x = x + 1; return 0 }\n';

  it('answers never, always and exists, and nothing where nothing is asked', () => {
    const of = (question: string): Answer => ask(inc, { actors: { a: ['inc'] }, question });
    expect(of('exists x == 1')).toMatchObject({ verdict: 'holds', end: 'whole' });
    expect(of('exists x == 2')).toMatchObject({ verdict: 'violated', witness: null });
    expect(of('always x < 2').verdict).toBe('holds');
    expect(of('never x == 1').verdict).toBe('violated');
    expect(ask(inc, { actors: { a: ['inc'] } }).verdict).toBe(null);
  });

  it('calls a run the shortest where no reduction is on, and then it is as long as that of the plain search', () => {
    const program = tiny(inc, { actors: { a: ['inc'], b: ['inc'] }, question: 'exists x == 2' });
    const plain = whole(program, { reductions: NO_REDUCTIONS });
    expect(plain.witness!.shortest).toBe(true);
    expect(plain.witness!.steps).toHaveLength(explore(program).witness!.length);
    expect(whole(program).witness!.shortest).toBe(false);
  });

  it('ends with the answer, at a limit, or when it is told to, and says which', () => {
    const program = tiny(inc, { actors: { a: ['inc'], b: ['inc'] }, question: 'exists x == 1' });
    const search = new Search(program, { untilDecided: true, reductions: NO_REDUCTIONS });
    while (search.advance(1));
    expect(search.answer()).toMatchObject({ end: 'decided', verdict: 'holds' });
    expect(search.progress().frontier).toBeGreaterThan(0);
    expect(
      whole(tiny(inc, { actors: { a: ['inc'] }, question: 'never x == 9' }), {
        maxStates: 3,
        reductions: NO_REDUCTIONS,
      }),
    ).toMatchObject({
      end: 'states',
      states: 3,
      verdict: 'unknown',
    });
    const stopped = new Search(program, { reductions: NO_REDUCTIONS });
    stopped.advance(1);
    stopped.stop();
    expect(stopped.advance(1)).toBe(false);
    expect(stopped.answer().end).toBe('stopped');
  });

  it('names the locks of a deadlock and who holds them', () => {
    const text = `mutex m\nmutex n
action ab() { lock m; lock n; unlock n; unlock m; return 0 }
action ba() { lock n; lock m; unlock m; unlock n; return 0 }\n`;
    const { deadlock, deadlocks } = ask(text, { actors: { a: ['ab'], b: ['ba'] } });
    expect(deadlocks).toBeGreaterThan(0);
    expect(deadlock!.hung.map((h) => `${h.task} waits for ${h.lock!} of ${h.holder!}`)).toEqual([
      'a waits for n of b',
      'b waits for m of a',
    ]);
  });

  it('tells the error of a text as the machine does, with and without reductions', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(997), { minLength: 40, maxLength: 160 }), (row) => {
        const program = randomProgram(row);
        fc.pre(program !== null);
        const full = whole(program!, { maxStates: 3_000, reductions: NO_REDUCTIONS });
        if (full.end !== 'whole' || full.errors === 0) return;
        seen += 1;
        const messages = new Set<string>();
        messages.add(explore(program!, { maxStates: 3_000 }).error!.message);
        expect([...messages]).toContain(full.error!.message);
        // another may be met first
        expect(whole(program!).error!.message).not.toBe('');
      }),
      { numRuns: 60 },
    );
    expect(seen).toBeGreaterThan(5);
  }, 120_000);

  it('stops at an init that fails, and says why', () => {
    const program = tiny(inc, { actors: { a: ['inc'] }, question: 'never x == 1' });
    const narrow = { ...program, hi: program.hi.map(() => 0) };
    expect(whole(narrow)).toMatchObject({ states: 1, errors: 1, verdict: 'unknown' });
    expect(whole(narrow).error!.message).toMatch(/would become \d+, outside its range 0..0/);
  });
});

describe('eventually', () => {
  const set = 'global int 0..3 x\naction go() { x = 1; return 0 }\n';

  it('comes where everybody goes on who can', () => {
    expect(ask(set, { actors: { a: ['go'] }, question: 'eventually x == 1' }).verdict).toBe('holds');
    expect(ask(set, { actors: { a: ['go'] }, question: 'eventually x == 2' })).toMatchObject({ verdict: 'violated' });
  });

  it('does not come on a way that ends before it', () => {
    const text = 'mutex m\nmutex n\nglobal int 0..3 done\n'.concat(
      'action ab() { lock m; lock n; unlock n; unlock m; done++; return 0 }\n',
      'action ba() { lock n; lock m; unlock m; unlock n; done++; return 0 }\n',
    );
    const { verdict, witness } = ask(text, { actors: { a: ['ab'], b: ['ba'] }, question: 'eventually done == 2' });
    expect(verdict).toBe('violated');
    expect(witness!.round).toEqual([]);
    expect(witness!.steps.filter((t) => t.op === 'lock').length).toBeGreaterThan(1);
  });

  it('does not come on a way that goes round for ever, which it tells', () => {
    const text =
      'global int 0..3 x\naction go() { var n: int 0..1; loop { n = choose 0..1; if n == 1 { break } }; x = 1; return 0 }\n';
    const { verdict, witness } = ask(text, { actors: { a: ['go'] }, question: 'eventually x == 1' });
    expect(verdict).toBe('violated');
    expect(witness!.round.map((t) => t.op)).toContain('choose');
  });

  it('comes beside a task that runs for ever: each has its turn, on one CPU and on two', () => {
    const text = `global int 0..3 x\nglobal bool y
action busy() { loop { y = true; y = false }; return 0 }\naction go() { x = 1; return 0 }\n`;
    for (const cpus of [1, 2])
      expect(ask(text, { cpus, actors: { a: ['busy'], b: ['go'] }, question: 'eventually x == 1' }).verdict).toBe(
        'holds',
      );
  });

  it('does not come beside a task that never gives its only CPU away', () => {
    const text = `global int 0..3 x\nglobal bool y
action busy() { preempt off; loop { y = true; y = false }; return 0 }\naction go() { x = 1; return 0 }\n`;
    const of = (cpus: number): Answer['verdict'] =>
      ask(text, { cpus, actors: { a: ['busy'], b: ['go'] }, question: 'eventually x == 1' }).verdict;
    expect(of(1)).toBe('violated');
    expect(of(2)).toBe('holds');
  });

  it('is asked of a kernel: a CPU that is taken offline is offline in the end', () => {
    const source = 'litmus t\nkernel v5.15\nmachine intel, cpus 2\nadmin: offline cpu1\neventually not online(1)\n';
    const loaded = load(source, 't');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    expect(whole(loaded.program)).toMatchObject({ verdict: 'holds', end: 'whole' });
  });
});
