import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XScale, axisUnit, durationText, stepText, ticksOf, timeText } from './scale';
import { timelineOf } from './testing/text-timeline';

const track = { kind: 'cpu', name: 'CPU 0', parent: -1, cpu: 0, task: '', tid: -1 } as const;
const run = (times: readonly number[]) => timelineOf([track], times.length - 1, [], [], [], Float64Array.from(times));

/** Ascending times with stretches in which several events share a moment. */
const times = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4000 })), { minLength: 2, maxLength: 300 })
  .map((gaps) => {
    let t = 0;
    return gaps.map((g) => (t += g / 8));
  });
const axes = fc.constantFrom('steps' as const, 'time' as const);
const part = fc.double({ min: 0, max: 1, noNaN: true });

describe('moving', () => {
  it('zooming keeps what is under the cursor there, unless an end of the timeline stops it', () => {
    fc.assert(
      fc.property(times, axes, part, fc.double({ min: 0.2, max: 50, noNaN: true }), (t, axis, at, factor) => {
        const before = XScale.fit(run(t), axis, 100, 900).zoomBy(3, 400);
        const x = 100 + at * 800;
        const after = before.zoomBy(factor, x);
        const [lo, hi] = XScale.limits(before.timeline, axis, 100, 900);
        expect(after.start).toBeGreaterThanOrEqual(lo - 1e-6);
        expect(after.end).toBeLessThanOrEqual(hi + 1e-6 * (hi - lo));
        const free = after.start > lo + 1e-9 && after.end < hi - 1e-9;
        if (free) expect(after.unitAt(x)).toBeCloseTo(before.unitAt(x), 5);
      }),
    );
  });

  it('panning moves by pixels and stops at the ends', () => {
    const scale = XScale.fit(run([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 'steps', 0, 400).zoomBy(2, 200);
    const x = scale.x(5);
    expect(scale.panBy(30).x(5)).toBeCloseTo(x - 30);
    expect(scale.panBy(1e9).end).toBeCloseTo(XScale.limits(scale.timeline, 'steps', 0, 400)[1]);
  });

  it('a fitted view shows every ordinal; no zoom goes beyond the least span', () => {
    fc.assert(
      fc.property(times, axes, (t, axis) => {
        const scale = XScale.fit(run(t), axis, 100, 900);
        for (const o of [0, t.length - 1]) {
          expect(scale.x(o)).toBeGreaterThanOrEqual(100);
          expect(scale.x(o)).toBeLessThanOrEqual(900);
        }
        const least = XScale.leastSpan(scale.timeline, axis, 100, 900);
        const near = scale.zoomBy(1e12, 500);
        expect(near.end - near.start).toBeGreaterThanOrEqual(least * 0.999);
      }),
    );
  });

  it('switching axes keeps the playhead at its place on the screen where the ends allow it', () => {
    fc.assert(
      fc.property(times, part, (t, at) => {
        const timeline = run(t);
        const before = XScale.fit(timeline, 'steps', 100, 900).zoomBy(4, 500);
        const [first, last] = before.ordinals();
        const playhead = Math.round(first + at * (last - first));
        fc.pre(before.x(playhead) >= 100 && before.x(playhead) <= 900);
        const after = before.switchAxis('time', playhead);
        const [lo, hi] = XScale.limits(timeline, 'time', 100, 900);
        const width = (hi - lo) * 1e-6;
        if (after.start > lo + width && after.end < hi - width)
          expect(after.x(playhead)).toBeCloseTo(before.x(playhead), 3);
        // Wherever the ends do push it, it stays in view.
        expect(after.x(playhead)).toBeGreaterThanOrEqual(100 - 1e-6);
        expect(after.x(playhead)).toBeLessThanOrEqual(900 + 1e-6);
      }),
    );
  });
});

describe('from a pixel to an event', () => {
  it('finds again the event that was drawn there', () => {
    fc.assert(
      fc.property(times, axes, part, (t, axis, at) => {
        const scale = XScale.fit(run(t), axis, 0, 1000).zoomBy(5, at * 1000);
        const [first, last] = scale.ordinals();
        for (let o = first; o <= last; o++) {
          const found = scale.ordinalAt(scale.x(o) + 1e-9);
          if (axis === 'steps') expect(found).toBe(o);
          else expect(t[found]! - t[o]!).toBeCloseTo(0, 6);
        }
      }),
    );
  });
});

describe('the axis', () => {
  it('has ticks that never touch, ascending, inside the view', () => {
    fc.assert(
      fc.property(
        times,
        axes,
        fc.integer({ min: 60, max: 2000 }),
        fc.integer({ min: 1, max: 400 }),
        (t, axis, width, zoom) => {
          const scale = XScale.fit(run(t), axis, 0, width).zoomBy(zoom, width / 3);
          const measure = (text: string) => text.length * 7;
          const ticks = ticksOf(scale, measure);
          for (let i = 1; i < ticks.length; i++) {
            const [a, b] = [ticks[i - 1]!, ticks[i]!];
            if (ticks.length > 2) expect(a.x + measure(a.text) / 2).toBeLessThan(b.x - measure(b.text) / 2);
          }
          expect(new Set(ticks.map((tick) => tick.text)).size).toBe(ticks.length);
        },
      ),
    );
  });

  it('counts whole steps, and has no half of one', () => {
    const scale = XScale.fit(run([0, 1, 2, 3, 4]), 'steps', 0, 2000);
    expect(ticksOf(scale, (t) => t.length * 7).map((t) => t.text)).toEqual(['0', '1', '2', '3', '4']);
    expect(axisUnit(scale)).toBe('step');
    expect(stepText(1234567)).toBe('1\u2009234\u2009567');
  });

  it('has the unit that suits the stretch, and the source clock for a trace', () => {
    const second = run([0, 1e6, 2e6]);
    const whole = XScale.fit(second, 'time', 0, 600);
    expect(axisUnit(whole)).toBe('ms');
    expect(axisUnit(whole.zoomBy(1e4, 300))).toBe('µs');
    const trace = { ...second, source: 'trace' as const, originUs: 115e6 };
    expect(axisUnit(XScale.fit(trace, 'time', 0, 600))).toBe('seconds');
    expect(timeText(trace, 493577, 1)).toBe('115.493577 s');
    expect(timeText(second, 12.5, 0.5)).toBe('12.5 µs');
    expect([0.85, 12.5, 3200, 1.25e6].map(durationText)).toEqual(['850 ns', '12.5 µs', '3.2 ms', '1.25 s']);
  });

  it('has round numbers on the clock of a trace, not on ours', () => {
    const trace = { ...run([0, 1e6]), source: 'trace' as const, originUs: 115_493_577 };
    const texts = ticksOf(XScale.fit(trace, 'time', 0, 800), (t) => t.length * 7).map((t) => t.text);
    expect(texts.every((text) => /^11[56]\.\d$/.test(text))).toBe(true);
  });
});
