import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { galleryText } from '../litmus/gallery';
import { load } from '../litmus/load';
import { run } from '../machine/run';
import { beside, type Anchor, type Beside } from './beside';
import { TimelineBuilder } from './builder';
import { Look, Mark, type Timeline } from './columns';
import { timelineOfRun } from './from-run';
import { storyOf } from './happenings';
import { match } from './match';

/** A CPU that is ready from step `ready` on, in so many steps of 1 us. */
function small(steps: number, ready: number, source: Timeline['source'] = 'run'): Timeline {
  const b = new TimelineBuilder('small', source);
  const cpu = b.track({ kind: 'cpu', name: 'CPU 0', cpu: 0 });
  for (let k = 0; k < steps; k++) b.tick(k);
  b.slice(cpu, 0, 0, ready, Look.off, 'off');
  b.slice(cpu, 0, ready, steps, Look.ready, 'ready');
  b.instant(ready - 1, cpu, Mark.event, 'the step that made it ready');
  return b.finish(steps);
}

const bars = ({ tracks, slices, strings }: Timeline, side: 0 | 1): [string, number, number][] => {
  const found: [string, number, number][] = [];
  for (let i = 0; i < slices.length; i++)
    if (tracks[slices.track[i]!]!.side === side)
      found.push([strings[slices.name[i]!]!, slices.start[i]!, slices.end[i]!]);
  return found;
};

describe('two timelines on the same lanes', () => {
  const a = small(6, 3);
  const b = small(10, 7);
  const both = beside(a, b, [{ a: 2, b: 6 }], { names: ['A', 'B'] });

  it('rows stand in pairs', () => {
    expect(both.timeline.tracks.map((t) => [t.name, t.side])).toEqual([
      ['CPU 0', 0],
      ['CPU 0', 1],
    ]);
  });

  it('an anchor is at one place, what lies before it is stretched, what comes after is not', () => {
    expect([...both.at[0]]).toEqual([0, 3, 6, 7, 8, 9, 10]);
    expect([...both.at[1]]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(both.steps).toBe(10);
  });

  it('what a step changes is seen directly after it, and the last state to the end of both', () => {
    expect(bars(both.timeline, 0)).toEqual([
      ['off', 0, 7],
      ['ready', 7, 10],
    ]);
    expect(bars(both.timeline, 1)).toEqual([
      ['off', 0, 7],
      ['ready', 7, 10],
    ]);
  });

  it('knows how much of each side is done at a place', () => {
    expect([0, 1, 3, 4, 7, 10].map((at) => both.done[0][at])).toEqual([0, 1, 1, 2, 3, 6]);
    expect([0, 1, 3, 4, 7, 10].map((at) => both.done[1][at])).toEqual([0, 1, 3, 4, 7, 10]);
  });

  it("keeps a trace's clock", () => {
    const trace = small(6, 3, 'trace');
    const model = small(10, 7);
    const joint = beside(trace, model, [{ a: 2, b: 6 }], { names: ['captured', 'model'], clock: 'a' });
    for (let k = 0; k < trace.length; k++)
      expect(joint.timeline.timeUs[joint.at[0][k]!]).toBeCloseTo(trace.timeUs[k]!, 9);
    expect(bars(joint.timeline, 0)[1]).toEqual(['ready', 7, 10]);
    // A playhead at the event shows what the step that matches it has done.
    expect(bars(joint.timeline, 1)[1]![1]).toBe(6);
  });

  it('marks differences on both rows and in a row of their own, and where the two part', () => {
    const marked = beside(a, b, [{ a: 2, b: 6 }], {
      names: ['A', 'B'],
      differences: [
        { a: 4, b: 9, cpu: 0, text: 'another result' },
        { b: 1, cpu: 0, text: 'a step more', minor: true },
      ],
    });
    const { instants, tracks } = marked.timeline;
    const found = [...Array(instants.length).keys()]
      .filter((i) => instants.mark[i] === Mark.differs)
      .map((i) => [tracks[instants.track[i]!]!.kind, tracks[instants.track[i]!]!.side, instants.at[i]]);
    expect(found).toEqual([
      ['differs', undefined, 1],
      ['differs', undefined, 8],
      ['cpu', 0, 8],
      ['cpu', 1, 9],
    ]);
    expect(marked.timeline.parting).toBe(8);
  });

  it('refuses anchors that do not ascend', () => {
    const twice: Anchor[] = [
      { a: 2, b: 6 },
      { a: 2, b: 7 },
    ];
    expect(() => beside(a, b, twice, { names: ['A', 'B'] })).toThrow(RangeError);
    expect(() => beside(a, b, [{ a: 6, b: 2 }], { names: ['A', 'B'] })).toThrow(RangeError);
  });

  it('never loses the order of either side, whatever the anchors', () => {
    const pairs = fc.uniqueArray(fc.nat(19), { maxLength: 12 }).map((list) => list.sort((x, y) => x - y));
    fc.assert(
      fc.property(pairs, pairs, fc.constantFrom('a' as const, 'slower' as const), (x, y, clock) => {
        const anchors = x.slice(0, y.length).map((n, i) => ({ a: n, b: y[i]! }));
        const joint = beside(small(20, 5), small(20, 9), anchors, { names: ['A', 'B'], clock });
        for (const at of joint.at) for (let k = 1; k < at.length; k++) expect(at[k]! > at[k - 1]!).toBe(true);
        for (const { a: p, b: q } of anchors) expect(joint.at[0][p]).toBe(joint.at[1][q]);
        const { timeUs } = joint.timeline;
        for (let k = 1; k < timeUs.length; k++) expect(timeUs[k]! >= timeUs[k - 1]!).toBe(true);
      }),
    );
  });
});

describe('a text on two kernels', () => {
  const names = ['v5.15', 'v6.3'] as const;
  let joint: Beside;
  beforeAll(async () => {
    await loadKernelTexts();
    const sides = names.map((kernel) => {
      const loaded = load(galleryText('kevin-2021-11-30')!, 'kevin', { kernel });
      if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
      const result = run(loaded.program, { seed: 0 });
      const timeline = timelineOfRun(result, kernel);
      return { timeline, steps: result.history.length, story: storyOf(loaded.program, result.history, timeline) };
    });
    const [a, b] = [sides[0]!, sides[1]!];
    const { anchors, differences } = match(a.story, b.story, names);
    joint = beside(a.timeline, b.timeline, anchors, { names, differences, steps: [a.steps, b.steps] });
  });

  it('parts where the one swallows the failure and the other refuses the CPU (facts 4.1c, 4.2c)', () => {
    const { parting } = joint;
    expect(parting!.text).toBe('only on v6.3: kvm/cpu:online of CPU 4, up, -EIO');
    expect(joint.timeline.parting).toBe(parting!.at);
    // Whatever differs before went well: steps that only one of them has.
    for (const d of joint.differences.filter((d) => d.at < parting!.at)) expect(d.quiet, d.text).toBe(true);
  });

  it('tells the difference that userspace sees: the write of the online file', () => {
    expect(joint.differences.map((d) => d.text)).toContain('admin: online cpu4: done on v5.15, -EIO on v6.3');
  });
});
