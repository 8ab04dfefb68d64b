import { describe, expect, it } from 'vitest';
import { LaneIndex } from './lane-index';
import { layOut } from './layout';
import { nearestSlice, stepInRows, stepInTime } from './navigate';
import type { Item } from './scene';
import { drawn } from './testing/text-timeline';

const timeline = drawn(`
  CPU 0       | ready.....fail..........     |
  CPU 0       |    '         !               |
  CPU 0 runs  |     kern..     user....      |
  vm0.vcpu0   |         guest...   kern..    |
`);
const index = new LaneIndex(timeline);
const layout = layOut(index, { unfolded: new Set([0]), hidden: () => false, density: 'roomy' });
const name = (item: Item): string => {
  const { slices, instants, strings } = timeline;
  if (item.kind === 'slice') return strings[slices.name[item.index]!]!;
  return item.kind === 'instant' ? strings[instants.name[item.index]!]! : item.kind;
};

function walk(from: Item, move: (item: Item) => Item, steps: number): string[] {
  const names = [name(from)];
  let item = from;
  for (let i = 0; i < steps; i++) names.push(name((item = move(item))));
  return names;
}

describe('the selection by key', () => {
  it('goes through slices and marks of a track in time, there and back, and stays at the ends', () => {
    const there = walk({ kind: 'slice', index: 0 }, (i) => stepInTime(index, i, 1), 4);
    expect(there).toEqual(['ready', 'mark 3', 'fail', 'mark 13', 'mark 13']);
    const back = walk({ kind: 'instant', index: 1 }, (i) => stepInTime(index, i, -1), 4);
    expect(back).toEqual(['mark 13', 'fail', 'mark 3', 'ready', 'ready']);
  });

  it('goes down and up the lanes, to what is there at the same time or nearest to it', () => {
    expect(walk({ kind: 'slice', index: 1 }, (i) => stepInRows(index, layout, i, 1), 3)).toEqual([
      'fail',
      'kern',
      'guest',
      'guest',
    ]);
    expect(walk({ kind: 'slice', index: 4 }, (i) => stepInRows(index, layout, i, -1), 2)).toEqual([
      'guest',
      'kern',
      'ready',
    ]);
  });

  it('begins at the slice nearest to an ordinal', () => {
    const runs = index.lane(1, 0);
    expect([0, 4, 9, 13, 24].map((o) => nearestSlice(index, runs, o))).toEqual([2, 2, 2, 3, 3]);
  });
});
