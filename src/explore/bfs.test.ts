import { describe, expect, it } from 'vitest';
import { tiny } from '../language/testing/tiny';
import { explore } from './bfs';

const LOCK = 'spinlock l\naction crit() { lock l; unlock l; return 0 }\n';

describe('explore', () => {
  it('counts two tasks and a spinlock as one counts them by hand', () => {
    // Each actor is put on a CPU of its own and goes through 7 positions: waiting, at the beginning of its action, at the
    // lock, holding it, at the end of the action, at its own end, gone. 7 x 7 states, without the one where both hold it.
    // A grid of 7 x 7 has 2 x 6 x 7 = 84 edges, of which 4 touch that state. The far corner is 12 steps away.
    const r = explore(tiny(LOCK, { actors: { a: ['crit'], b: ['crit'] } }));
    expect(r).toMatchObject({ states: 48, transitions: 80, depth: 12, deadlocks: 0, errors: 0, complete: true });
  });

  it('counts as another enumerator does that knows nothing of the machine', () => {
    const r = explore(
      tiny('global int 0..9 x\naction inc() { var old: int 0..9; old = x; x = old + 1; return 0 }\n', {
        actors: { a: ['inc'], b: ['inc'] },
      }),
    );
    expect(r).toMatchObject({ ...lostUpdates(), complete: true });
  });

  /** Two tasks, each: switched to, begin, read, write, end, gone; `old` is forgotten when the function returns. */
  function lostUpdates(): { states: number; transitions: number } {
    type S = { x: number; at: [number, number]; old: [number, number] };
    const seen = new Map<string, S>();
    const queue: S[] = [{ x: 0, at: [0, 0], old: [0, 0] }];
    seen.set(JSON.stringify(queue[0]), queue[0]!);
    let transitions = 0;
    for (const s of queue) {
      for (const i of [0, 1] as const) {
        if (s.at[i] === 6) continue;
        const t: S = structuredClone(s);
        if (s.at[i] === 2) t.old[i] = s.x;
        if (s.at[i] === 3) {
          t.x = s.old[i] + 1;
          t.old[i] = 0;
        }
        t.at[i] += 1;
        transitions += 1;
        const key = JSON.stringify(t);
        if (!seen.has(key)) {
          seen.set(key, t);
          queue.push(t);
        }
      }
    }
    return { states: seen.size, transitions };
  }

  it('finds the lost update, by the shortest way, and not where the update is atomic', () => {
    const question = 'never x == 1 and returned(a, inc, 0) and returned(b, inc, 0)';
    const actors = { a: ['inc'], b: ['inc'] };
    const text = (body: string): string => `global int 0..9 x\naction inc() { var old: int 0..9; ${body}; return 0 }\n`;
    const lost = explore(tiny(text('old = x; x = old + 1'), { actors, question }));
    expect(lost.verdict).toBe('violated');
    // both are switched to, begin, read, write and end: 5 steps each
    expect(lost.witness).toHaveLength(10);
    expect(lost.witness!.filter((t) => t.fn === 'inc').map((t) => `${t.who} ${t.op}`)).toHaveLength(4);
    expect(explore(tiny(text('atomic { old = x; x = old + 1 }'), { actors, question })).verdict).toBe('holds');
  });

  it('answers exists, always, and says so when it could not finish', () => {
    const with_ = (question: string): ReturnType<typeof explore> =>
      explore(tiny(`global int 0..9 x\naction inc() { x = x + 1; return 0 }\n`, { actors: { a: ['inc'] }, question }));
    expect(with_('exists x == 1').verdict).toBe('holds');
    expect(with_('exists x == 2')).toMatchObject({ verdict: 'violated', witness: null });
    expect(with_('always x < 2').verdict).toBe('holds');
    expect(with_('always x == 0').verdict).toBe('violated');
    const text = tiny(LOCK, { actors: { a: ['crit'], b: ['crit'] }, question: 'never oops' });
    expect(explore(text, { maxStates: 10 })).toMatchObject({ states: 10, complete: false, verdict: 'unknown' });
  });

  it('sleeps on a mutex and is woken, under every schedule', () => {
    const text = 'mutex m\nglobal int 0..2 inside\naction crit() { lock m; inside++; inside--; unlock m; return 0 }\n';
    for (const cpus of [1, 2]) {
      const r = explore(
        tiny(text, { cpus, actors: { a: ['crit', 'crit'], b: ['crit'] }, question: 'never inside == 2' }),
      );
      expect(r).toMatchObject({ verdict: 'holds', deadlocks: 0, errors: 0, complete: true });
    }
  });

  it('finds two locks taken in both orders, and the shortest way there', () => {
    const text = `mutex m\nmutex n
action ab() { lock m; lock n; unlock n; unlock m; return 0 }
action ba() { lock n; lock m; unlock m; unlock n; return 0 }\n`;
    const r = explore(tiny(text, { actors: { a: ['ab'], b: ['ba'] } }));
    expect(r.deadlocks).toBeGreaterThan(0);
    // both are switched to, begin, take one lock and go to sleep at the other
    expect(r.deadlock!.map((t) => t.kind).filter((k) => k === 'sleep')).toHaveLength(2);
    expect(r.deadlock).toHaveLength(8);
    expect(explore(tiny(text, { actors: { a: ['ab'], b: ['ab'] } })).deadlocks).toBe(0);
  });

  it('lets readers in together and a writer alone', () => {
    const text = `rwsem s\nglobal int 0..2 readers\nglobal bool writing
action reader() { lock read s; readers++; readers--; unlock read s; return 0 }
action writer() { lock s; writing = true; writing = false; unlock s; return 0 }\n`;
    const ask = (question: string): ReturnType<typeof explore> =>
      explore(tiny(text, { cpus: 3, actors: { a: ['reader'], b: ['reader'], c: ['writer'] }, question }));
    expect(ask('never writing and readers > 0').verdict).toBe('holds');
    expect(ask('exists readers == 2').verdict).toBe('holds');
    expect(ask('never oops')).toMatchObject({ deadlocks: 0, errors: 0, complete: true });
  });

  it('waits for a call on another CPU until its handler has run', () => {
    const text =
      'percpu bool done\nfn mark(cpu) { done[cpu] = true }\naction go() { on cpu 1 call mark(); return 0 }\n';
    const r = explore(tiny(text, { actors: { a: ['go'] }, question: 'never returned(a, go, 0) and not done[1]' }));
    expect(r).toMatchObject({ verdict: 'holds', deadlocks: 0, errors: 0, complete: true });
    const way = explore(tiny(text, { actors: { a: ['go'] }, question: 'exists returned(a, go, 0)' })).witness!;
    expect(way.map((t) => t.kind)).toContain('irq');
  });

  it('sees the deadlock of a call to a CPU that spins for the caller with interrupts off', () => {
    const text = `spinlock l\nglobal int 0..9 n\nfn count() { n++ }
action caller() { lock l; on cpu 1 call count(); unlock l; return 0 }
action spinner() { irq off; lock l; unlock l; irq on; return 0 }\n`;
    const r = explore(tiny(text, { actors: { a: ['caller'], b: ['spinner'] } }));
    expect(r.deadlocks).toBeGreaterThan(0);
  });

  it('reports what a text must not do as an error on the way, and goes on', () => {
    const r = explore(
      tiny('mutex m\naction bad() { preempt off; lock m; unlock m; preempt on; return 0 }\n', {
        actors: { a: ['bad'] },
      }),
    );
    expect(r.errors).toBe(1);
    expect(r.error!.message).toMatch(/would sleep where it must not/);
  });

  it('takes every branch of a choice, also in an interrupt, and of a fault that may be', () => {
    const text = `percpu int 0..9 got\nfn pick_one() { var n: int 0..9; n = choose 3..5; got[this] = n }
action go() { on cpu 1 call pick_one(); return 0 }\naction work() { var r: errno; r = step(); return r }\nfn step() { return 0 }\n`;
    for (const n of [3, 4, 5])
      expect(explore(tiny(text, { actors: { a: ['go'] }, question: `exists got[1] == ${n}` })).verdict).toBe('holds');
    const may = (question: string): ReturnType<typeof explore>['verdict'] =>
      explore(tiny(text, { actors: { a: ['work'] }, faults: [{ fn: 'step', returns: -5, maybe: true }], question }))
        .verdict;
    expect(may('exists returned(a, work, -EIO)')).toBe('holds');
    expect(may('exists returned(a, work, 0)')).toBe('holds');
  });
});
