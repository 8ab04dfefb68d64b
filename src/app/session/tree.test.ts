import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  continued,
  forkPoint,
  gone,
  grown,
  linesOf,
  MOST_CHARACTERS,
  MOST_NODES,
  redoTarget,
  undoTarget,
} from './tree';
import { hereOf, NO_SESSION, rooted, type Change, type Session } from './session';

const change = (text: string, at: number | null = null): Change => ({
  text,
  patch: '',
  scenario: 's',
  label: text,
  when: 0,
  at,
});
const after = (session: Session, ...changes: readonly Change[]): Session =>
  changes.reduce((s, c) => grown(s, c).session, session);
const undo = (s: Session): Session => gone(s, undoTarget(s));
const redo = (s: Session): Session => gone(s, redoTarget(s));
const textOf = (s: Session): string => hereOf(s)!.text;

describe('a session', () => {
  it('goes back and forth along what was done', () => {
    let s = after(NO_SESSION, change('a'), change('b'), change('c'));
    expect(textOf(s)).toBe('c');
    s = undo(undo(s));
    expect([textOf(s), undoTarget(s)]).toEqual(['a', -1]);
    expect(undo(s)).toBe(s);
    s = redo(redo(s));
    expect([textOf(s), redoTarget(s)]).toEqual(['c', -1]);
  });

  it('keeps what was undone when something else is done, and redo follows what was there last', () => {
    let s = after(NO_SESSION, change('a'), change('b'));
    const b = s.here;
    s = after(undo(s), change('c'));
    expect([...s.nodes.values()].map((n) => n.text)).toEqual(['a', 'b', 'c']);
    expect(textOf(redo(undo(s)))).toBe('c');
    s = undo(gone(s, b));
    expect(textOf(s)).toBe('a');
    expect(textOf(redo(s))).toBe('b');
  });

  it('forks where acts in the past leave the later ones behind; undo leads back to these', () => {
    let s = after(rooted(change('base')), change('1', 1), change('2', 2), change('3', 3));
    const third = s.here;
    const fork = forkPoint(s, 1.5);
    expect(s.nodes.get(fork)!.text).toBe('1');
    s = grown(s, change('1.5', 1.5), fork).session;
    expect(hereOf(s)!.parent).toBe(fork);
    expect(undo(s).here).toBe(third);
    expect(textOf(redo(undo(s)))).toBe('1.5');
    expect(forkPoint(s, 0)).toBe(0);
    expect(forkPoint(s, 9)).toBe(s.here);
    const lines = linesOf(s).map(
      ({ node, depth, leaves }) => `${'  '.repeat(depth)}${leaves ? '+' : '|'} ${node.text}`,
    );
    expect(lines).toEqual(['+ base', '| 1', '  + 1.5', '| 2', '| 3']);
  });

  it('joins what is typed in one go', () => {
    const s = continued(after(rooted(change('a')), change('ab')), { text: 'abc', patch: '', when: 1 });
    expect(s.nodes.size).toBe(2);
    expect([textOf(s), textOf(undo(s))]).toEqual(['abc', 'a']);
  });

  it('has a limit: the oldest end of a branch goes first, then the beginning', () => {
    let s = after(rooted(change('r')), change('old branch'));
    s = undo(s);
    let trimmed = 0;
    for (let i = 0; i < MOST_NODES; i++) {
      const next = grown(s, change(`${i}`));
      s = next.session;
      trimmed += next.trimmed;
    }
    expect(trimmed).toBe(2);
    expect(s.nodes.size).toBe(MOST_NODES);
    expect([...s.nodes.values()].some((n) => n.text === 'old branch' || n.text === 'r')).toBe(false);
    expect(textOf(s)).toBe(`${MOST_NODES - 1}`);
    for (let i = 0; i < MOST_NODES; i++) s = undo(s);
    expect(textOf(s)).toBe('0');
  });

  it('has a limit on the size of all texts', () => {
    const big = 'x'.repeat(MOST_CHARACTERS / 4);
    const s = after(rooted(change(big)), ...Array.from({ length: 6 }, (_, i) => change(big + i)));
    expect([...s.nodes.values()].reduce((n, { text }) => n + text.length, 0)).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(textOf(s)).toBe(`${big}5`);
  });

  it('never loses a text by undo, redo, leaps and changes, and every node is listed once', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('change' as const), at: fc.option(fc.nat(9)) }),
      fc.record({ do: fc.constantFrom('undo' as const, 'redo' as const) }),
      fc.record({ do: fc.constant('leap' as const), to: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let s = rooted(change('root'));
        const made = ['root'];
        for (const what of steps) {
          if (what.do === 'change') {
            made.push(`${made.length}`);
            s = grown(s, change(made.at(-1)!, what.at), what.at === null ? s.here : forkPoint(s, what.at)).session;
          } else if (what.do === 'leap') s = gone(s, [...s.nodes.keys()][what.to % s.nodes.size]!);
          else {
            const from = s.here;
            const there = what.do === 'undo' ? undo(s) : redo(s);
            // what was undone can be done again, and the other way round
            if (what.do === 'undo' && there.here !== from) expect(redo(there).here).toBe(from);
            s = there;
          }
        }
        expect([...s.nodes.values()].map((n) => n.text)).toEqual(made);
        expect(
          linesOf(s)
            .map((l) => l.node.id)
            .sort((a, b) => a - b),
        ).toEqual([...s.nodes.keys()]);
      }),
    );
  });
});
