import { describe, expect, it } from 'vitest';
import { Look } from '../timeline/columns';
import { counterTrack, withTracks } from '../timeline/with-tracks';
import './draw-extras';
import { FramePainter } from './draw';
import { LaneIndex } from './lane-index';
import { doubtAt, doubtsOf, NO_OVERLAY, type Doubts } from './overlay';
import { Recorder, sceneOf } from './testing/recorder';
import { drawn } from './testing/text-timeline';

const TEXT = `
  CPU 0      | ready.................... |
  CPU 0 runs | kern(a)...kth(b)..oops... |
  vcpu       | guest.....wait..kern..... |
`;

/** Draws a scene of the timeline with something over it. */
function draw(over: Partial<typeof NO_OVERLAY>, timeline = drawn(TEXT), axisHeight = 26) {
  const recorder = new Recorder();
  const scene = sceneOf({ timeline, width: 1000, height: 400 }, { overlay: { ...NO_OVERLAY, ...over }, axisHeight });
  scene.index.keep(scene.overlay.kept);
  new FramePainter().paint(scene, recorder.surface);
  return { recorder, scene };
}

describe('rows of variables', () => {
  const base = drawn(TEXT);
  const more = withTracks(base, [
    { name: 'count', at: [0, 5, 9], text: ['0', '2', '1'], level: [0, 2, 1] },
    { name: 'mask', at: [0, 7], text: ['0-3', '0-4'], level: null },
  ]);

  it('stand below, and what was there keeps its numbers', () => {
    expect(more.tracks.slice(0, base.tracks.length)).toEqual(base.tracks);
    expect([...more.slices.start.slice(0, base.slices.length)]).toEqual([...base.slices.start]);
    expect(more.tracks.slice(base.tracks.length).map((t) => [t.kind, t.name])).toEqual([
      ['value', 'count'],
      ['value', 'mask'],
    ]);
    const rows = Array.from({ length: more.slices.length - base.slices.length }, (_, i) => {
      const k = base.slices.length + i;
      return [more.slices.start[k], more.slices.end[k], more.strings[more.slices.name[k]!]];
    });
    expect(rows).toEqual([
      [0, 5, '0'],
      [5, 9, '2'],
      [9, base.length, '1'],
      [0, 7, '0-3'],
      [7, base.length, '0-4'],
    ]);
    expect(withTracks(base, [])).toBe(base);
  });

  it('are drawn with their values, a higher one higher', () => {
    const { recorder, scene } = draw({}, more);
    for (const text of ['2', '0-3', '0-4']) expect(recorder.texts.map((t) => t.text)).toContain(text);
    const line = recorder.rects.filter((r) => r.fill === scene.theme.accent && r.height === 1.5 && r.width > 20);
    expect(line).toHaveLength(3);
    const [none, two, one] = line;
    expect(two!.y).toBeLessThan(one!.y);
    expect(one!.y).toBeLessThan(none!.y);
  });

  it('come from a counter of the timeline too, the last of several at one place', () => {
    const counters = {
      names: ['other', 'n'],
      length: 5,
      counter: Int32Array.of(0, 1, 1, 1, 1),
      at: Int32Array.of(0, 0, 4, 4, 6),
      value: Float64Array.of(9, 1, 2, 3, 3),
    };
    expect(counterTrack(counters, 'n')).toEqual({ name: 'n', at: [0, 4], level: [1, 3], text: ['1', '3'] });
    expect(counterTrack(counters, 'none')).toBeNull();
  });
});

describe('what does not matter', () => {
  it('is quieter than what does, however narrow', () => {
    const timeline = drawn(TEXT);
    const index = new LaneIndex(timeline);
    const kept = {
      slices: Uint8Array.from({ length: timeline.slices.length }, (_, i) =>
        Number(timeline.slices.look[i] === Look.wait),
      ),
      instants: new Uint8Array(timeline.instants.length),
      flows: new Uint8Array(timeline.flows.length),
    };
    expect(index.drawLoud).toBe(index.sliceLoud);
    index.keep(kept);
    const of = (look: number): number => [...timeline.slices.look].indexOf(look);
    const at = (i: number): number => index.drawLoud.max(i, i + 1);
    // An oops is the loudest of all, but here somebody who waits is what counts.
    expect(at(of(Look.wait))).toBeGreaterThan(at(of(Look.oops)));
    expect(at(of(Look.oops))).toBe(index.sliceLoud.max(of(Look.oops), of(Look.oops) + 1));
    index.keep(null);
    expect(index.drawLoud).toBe(index.sliceLoud);
  });
});

describe('marks and a measured stretch', () => {
  it('stand on the second line of the axis, at their places', () => {
    const { recorder, scene } = draw(
      {
        marks: [
          { at: 3, name: 'A' },
          { at: 12, name: 'B' },
        ],
        span: { from: 3, to: 12, text: '9 steps, 9 µs' },
      },
      drawn(TEXT),
      44,
    );
    for (const [name, at] of [
      ['A', 3],
      ['B', 12],
    ] as const) {
      const flag = recorder.texts.find((t) => t.text === name)!;
      expect((flag.left + flag.right) / 2).toBeCloseTo(scene.scale.x(at), 0);
      expect(flag.y).toBeGreaterThan(26);
      expect(flag.y).toBeLessThan(44);
    }
    const text = recorder.texts.find((t) => t.text === '9 steps, 9 µs')!;
    expect(text.left).toBeGreaterThan(scene.scale.x(3));
    expect(text.right).toBeLessThan(scene.scale.x(12));
  });
});

describe('places that were found', () => {
  it('have a tick on the axis each, and a wedge on their row', () => {
    const { recorder, scene } = draw({
      found: { at: Int32Array.of(2, 10), track: Int32Array.of(-1, 1), current: 1 },
    });
    const ticks = recorder.rects.filter(
      (r) => r.fill === scene.theme.accent && r.y > 15 && r.y < 26 && r.width === 1.5,
    );
    expect(ticks.map((t) => Math.round(t.x + 0.75))).toEqual([2, 10].map((at) => Math.round(scene.scale.x(at))));
    const wedges = recorder.paths.filter(
      (p) => p.op === 'fill' && p.style === scene.theme.accent && p.points.length === 3,
    );
    // The small one on its row, and the large one of the place that is shown.
    expect(wedges).toHaveLength(2);
  });
});

describe('what nobody has read', () => {
  const doubts: Doubts = {
    length: 4,
    track: Int32Array.of(0, 2, 2, 2),
    depth: Uint8Array.of(0, 0, 1, 1),
    start: Int32Array.of(0, 4, 1, 6),
    end: Int32Array.of(2, 6, 3, 9),
    how: Uint8Array.of(1, 2, 1, 2),
  };

  it('is found by lane and place', () => {
    expect(doubtsOf(doubts, 2, 1)).toEqual([2, 4]);
    expect(doubtsOf(doubts, 1, 0)).toEqual([1, 1]);
    expect(doubtAt(doubts, 2, 1, 2, 7)).toBe(2);
    expect(doubtAt(doubts, 2, 1, 3, 6)).toBe(0);
    expect(doubtAt(null, 2, 1, 0, 9)).toBe(0);
  });
});
