import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Look } from '../timeline/columns';
import { LaneIndex } from './lane-index';
import { Columns, LaneWalk, sliceUnder } from './lod';
import { loudness } from './palette';
import { XScale } from './scale';
import { MaxPyramid, gallop, lowerBound } from './search';
import { drawn, timelineOf, type TestSlice } from './testing/text-timeline';

const track = { kind: 'cpu', name: 'CPU 0', parent: -1, cpu: 0, task: '', tid: -1 } as const;

/** Slices without overlap out of gaps and widths. */
const lane = fc.array(fc.record({ gap: fc.nat(5), width: fc.integer({ min: 0, max: 9 }), look: fc.nat(18) }), {
  minLength: 1,
  maxLength: 400,
});
function laid(parts: readonly { gap: number; width: number; look: number }[]): { slices: TestSlice[]; length: number } {
  let at = 0;
  const slices = parts.map(({ gap, width, look }) => {
    const start = at + gap;
    at = start + width;
    return { track: 0, depth: 0, start, end: at, look, name: `s${start}` };
  });
  return { slices, length: at + 1 };
}

describe('searching', () => {
  it('gallops to the same place as a plain search', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1 }), fc.nat(60), (values, wanted) => {
        const column = Int32Array.from(values.sort((a, b) => a - b));
        const plain = lowerBound(column, 0, column.length, wanted);
        if (column[0]! < wanted) expect(gallop(column, 0, column.length, wanted)).toBe(plain);
        expect(plain).toBe([...column].filter((v) => v < wanted).length);
      }),
    );
  });

  it('the pyramid agrees with looking at every value', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 700 }),
        fc.nat(700),
        fc.nat(700),
        fc.nat(255),
        (v, a, b, w) => {
          const from = Math.min(a, b, v.length);
          const to = Math.min(Math.max(a, b), v.length);
          const pyramid = new MaxPyramid(v);
          const range = [...v.slice(from, to)];
          expect(pyramid.max(from, to)).toBe(Math.max(0, ...range));
          const first = range.findIndex((x) => x >= w);
          expect(pyramid.firstAtLeast(from, to, w)).toBe(first < 0 ? -1 : from + first);
        },
      ),
    );
  });
});

describe('a walk along a lane', () => {
  it('shows in every column the loudest narrow slice that begins there, and every wide one as itself', () => {
    const view = fc.record({
      from: fc.double({ min: 0, max: 0.9, noNaN: true }),
      zoom: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(lane, view, fc.boolean(), (parts, { from, zoom }, time) => {
        const { slices, length } = laid(parts);
        const timeUs = Float64Array.from({ length: length + 1 }, (_, i) => Math.floor(i / 3) * 2);
        const t = timelineOf([track], length, slices, [], [], timeUs);
        const index = new LaneIndex(t);
        const whole = XScale.fit(t, time ? 'time' : 'steps', 0, 120);
        const span = (whole.end - whole.start) / zoom;
        const a = whole.start + from * (whole.end - whole.start);
        const scale = whole.withDomain(a, a + span);
        const columns = new Columns(scale, 1, null);
        const walk = new LaneWalk();
        walk.walk(index, 0, columns, 6);
        const wide = new Set(walk.wide.subarray(0, walk.wideCount));
        for (let i = 0; i < t.slices.length; i++) {
          const x0 = scale.x(t.slices.start[i]!);
          const x1 = scale.x(t.slices.end[i]!);
          const seen = x1 > 1e-6 && x0 < 120 - 1e-6;
          // One that only touches the edge of the view may be reported: nothing of it is drawn.
          const outside = x1 < -1e-6 || x0 > 120 + 1e-6;
          if (x1 - x0 >= 6 + 1e-6) {
            if (seen || outside) expect(wide.has(i), `wide slice ${i}`).toBe(seen);
          } else if (x1 - x0 < 6 - 1e-6 && x0 >= 0.001 && x0 < 119.999) {
            // Where a start is on the very edge of a column, either side will do.
            const p = Math.floor(x0);
            const here = Math.max(walk.columns[p]!, walk.columns[Math.max(0, p - 1)]!, walk.columns[p + 1] ?? 0);
            expect(here).toBeGreaterThanOrEqual(loudness[t.slices.look[i]!]!);
          }
        }
      }),
    );
  });

  it('keeps one oops among a hundred thousand quiet slices, at least three pixels wide', () => {
    const slices: TestSlice[] = [];
    for (let i = 0; i < 100_000; i++) {
      slices.push({ track: 0, depth: 0, start: i, end: i + 1, look: i === 77_777 ? Look.oops : Look.guest, name: '' });
    }
    const t = timelineOf([track], 100_000, slices);
    const walk = new LaneWalk();
    walk.walk(new LaneIndex(t), 0, new Columns(XScale.fit(t, 'steps', 0, 100), 1, null), 6);
    expect([...walk.columns].filter((l) => l === loudness[Look.oops]).length).toBe(3);
  });

  it('cuts at the reveal: what comes later is not there', () => {
    const t = drawn('CPU 0 | ready.....kern....fail...... |\nCPU 0 |   irq.. |');
    const index = new LaneIndex(t);
    const scale = XScale.fit(t, 'steps', 0, 600);
    const columns = new Columns(scale, 1, 12);
    const walk = new LaneWalk();
    walk.walk(index, 0, columns, 6);
    expect([...walk.wide.subarray(0, walk.wideCount)]).toEqual([0, 1]);
    expect(columns.x(t.slices.end[1]!)).toBeCloseTo(scale.x(12));
  });
});

describe('what is under a pixel', () => {
  it('is the slice there, within reach of a thin one, and the loudest where many share it', () => {
    const t = drawn('CPU 0 | ready...   kern..........fail |');
    const index = new LaneIndex(t);
    const far = XScale.fit(t, 'steps', 0, 620);
    expect(sliceUnder(index, 0, far, far.x(2), 0)).toBe(0);
    expect(sliceUnder(index, 0, far, far.x(9.5), 3)).toBe(-1);
    expect(sliceUnder(index, 0, far, far.x(8) + 2, 3)).toBe(0);
    const slices: TestSlice[] = [];
    for (let i = 0; i < 5000; i++) {
      slices.push({ track: 0, depth: 0, start: i, end: i + 1, look: i === 2500 ? Look.fail : Look.kern, name: '' });
    }
    const dense = timelineOf([track], 5000, slices);
    const scale = XScale.fit(dense, 'steps', 0, 136);
    expect(sliceUnder(new LaneIndex(dense), 0, scale, scale.x(2500), 3)).toBe(2500);
  });
});
