import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Happening, Story } from './happenings';
import { commonOrder, longestOrder, match } from './match';

/** "cpu 4: prepare, starting=-EIO; log: line" told at 0, 1, 2 ... in that order. */
function story(text: string, callbacks: readonly string[] = []): Story {
  const happenings: Happening[] = [];
  for (const part of text.split(';')) {
    const [sequence = '', list = ''] = part.split(':').map((s) => s.trim());
    for (const entry of list.split(',')) {
      const [key = '', result = ''] = entry.trim().split('=');
      const quiet = result === '' || result === 'done';
      happenings.push({ at: happenings.length, sequence, key, result, cpu: 4, text: key, quiet });
    }
  }
  return { happenings, callbacks: new Set([...happenings.map((h) => h.key), ...callbacks]) };
}

/** By the table that every textbook has. */
function longestByTable(x: readonly string[], y: readonly string[]): number {
  const best = Array.from({ length: x.length + 1 }, () => new Array<number>(y.length + 1).fill(0));
  for (let i = 1; i <= x.length; i++)
    for (let j = 1; j <= y.length; j++)
      best[i]![j] = x[i - 1] === y[j - 1] ? best[i - 1]![j - 1]! + 1 : Math.max(best[i - 1]![j]!, best[i]![j - 1]!);
  return best[x.length]![y.length]!;
}

describe('what two lists have in common', () => {
  it('is a longest common subsequence', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 25 });
    fc.assert(
      fc.property(list, list, (x, y) => {
        const pairs = commonOrder(x, y);
        expect(pairs.length).toBe(longestByTable(x, y));
        pairs.forEach(([i, j], n) => {
          expect(x[i]).toBe(y[j]);
          if (n > 0) expect(i > pairs[n - 1]![0] && j > pairs[n - 1]![1]).toBe(true);
        });
      }),
    );
  });

  it('of pairs that cross, the most that do not are taken', () => {
    const pairs = [
      { a: 0, b: 5 },
      { a: 1, b: 1 },
      { a: 1, b: 2 },
      { a: 2, b: 3 },
      { a: 3, b: 0 },
    ];
    const chain = longestOrder(pairs);
    expect(chain).toHaveLength(2);
    expect(chain[1]).toEqual({ a: 2, b: 3 });
  });
});

describe('two runs', () => {
  const names = ['old', 'new'] as const;

  it('that are the same differ nowhere and are aligned everywhere', () => {
    const told = story('cpu 4: prepare, starting, online=done; log: up');
    const { anchors, differences } = match(told, told, names);
    expect(differences).toEqual([]);
    expect(anchors).toEqual([0, 1, 2, 3].map((n) => ({ a: n, b: n })));
  });

  it('an order that only the schedule made is no difference', () => {
    const { differences } = match(story('cpu 1: x, y; cpu 2: z'), story('cpu 2: z; cpu 1: x, y'), names);
    expect(differences).toEqual([]);
  });

  it('the same step with another result is one difference, told with both results', () => {
    const { anchors, differences } = match(
      story('cpu 4: prepare=done, kvm=done'),
      story('cpu 4: prepare=done, kvm=-EIO'),
      names,
    );
    expect(differences).toMatchObject([{ a: 1, b: 1, cpu: 4, text: 'kvm: done on old, -EIO on new' }]);
    expect(anchors).toHaveLength(2);
  });

  it('what only one side does is told; it is minor where the other kernel does not have that step', () => {
    const { differences } = match(
      story('cpu 4: prepare, active'),
      story('cpu 4: prepare, random; log: line', ['active']),
      names,
    );
    expect(differences.map((d) => [d.text, d.minor])).toEqual([
      ['only on old: active', false],
      ['only on new: random', true],
      ['only on new: line', true],
    ]);
  });
});
