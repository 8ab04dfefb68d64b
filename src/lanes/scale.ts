/**
 * Where an ordinal is on the screen, on either axis, and how the view of it moves.
 *
 *     axis     u (the axis' own unit)       x (CSS pixels from the host's left edge)
 *     steps    the ordinal itself           left + (u - start) / (end - start) * (right - left)
 *     time     timeUs[ordinal]              the same
 */
import { tickStep } from 'd3';
import type { Ordinal, Timeline } from '../timeline/columns';
import { lowerBound } from './search';

export type Axis = 'steps' | 'time';

/** Room at the ends of a fitted view (CSS pixels): the disc of an oops in the last step must not be cut. */
const PAD_LEFT = 10;
const PAD_RIGHT = 26;
/** As far in as one can go: this many pixels per step, or per `FINEST_US`. */
const MOST_PX_PER_STEP = 160;
const FINEST_US = 0.05;

/** Position on an axis of an ordinal, which may be fractional (a playhead between two steps). */
export function unitOf(timeline: Timeline, axis: Axis, ordinal: number): number {
  if (axis === 'steps') return ordinal;
  const { timeUs, length } = timeline;
  const o = Math.min(Math.max(ordinal, 0), length);
  const i = Math.floor(o);
  const t = timeUs[i] ?? 0;
  return i === o || i >= length ? t : t + (timeUs[i + 1]! - t) * (o - i);
}

/** [first, last] of an axis; never empty. */
export function extentOf(timeline: Timeline, axis: Axis): [number, number] {
  const a = unitOf(timeline, axis, 0);
  const b = unitOf(timeline, axis, timeline.length);
  return b > a ? [a, b] : [a, a + 1];
}

export class XScale {
  readonly timeline: Timeline;
  readonly axis: Axis;
  readonly left: number;
  readonly right: number;
  readonly start: number;
  readonly end: number;
  /** CSS pixels per unit. */
  readonly k: number;

  private constructor(timeline: Timeline, axis: Axis, left: number, right: number, start: number, end: number) {
    this.timeline = timeline;
    this.axis = axis;
    this.left = left;
    this.right = Math.max(right, left + 1);
    this.start = start;
    this.end = end;
    this.k = (this.right - this.left) / (end - start);
  }

  /** A view of the whole timeline between `left` and `right` (CSS pixels). */
  static fit(timeline: Timeline, axis: Axis, left: number, right: number): XScale {
    const [a, b] = XScale.limits(timeline, axis, left, right);
    return new XScale(timeline, axis, left, right, a, b);
  }

  /** The widest domain there is: the extent and the padding at its ends. */
  static limits(timeline: Timeline, axis: Axis, left: number, right: number): [number, number] {
    const [a, b] = extentOf(timeline, axis);
    const width = Math.max(right - left, PAD_LEFT + PAD_RIGHT + 1);
    const perPx = (b - a) / (width - PAD_LEFT - PAD_RIGHT);
    return [a - PAD_LEFT * perPx, b + PAD_RIGHT * perPx];
  }

  /** The narrowest span of units that is allowed. */
  static leastSpan(timeline: Timeline, axis: Axis, left: number, right: number): number {
    const [a, b] = XScale.limits(timeline, axis, left, right);
    const width = Math.max(1, right - left);
    return Math.min(b - a, (width / MOST_PX_PER_STEP) * (axis === 'steps' ? 1 : FINEST_US));
  }

  /** This view with another domain, brought within the limits: first its span, then its place. */
  withDomain(start: number, end: number): XScale {
    const [lo, hi] = XScale.limits(this.timeline, this.axis, this.left, this.right);
    const least = XScale.leastSpan(this.timeline, this.axis, this.left, this.right);
    const asked = end - start;
    const span = Math.min(hi - lo, Math.max(least, asked));
    // Keep the middle where the span had to change.
    let a = span === asked ? start : (start + end - span) / 2;
    if (a + span > hi) a = hi - span;
    if (a < lo) a = lo;
    return new XScale(this.timeline, this.axis, this.left, this.right, a, a + span);
  }

  /** The same domain on another width. */
  withRange(left: number, right: number): XScale {
    return new XScale(this.timeline, this.axis, left, right, this.start, this.end).withDomain(this.start, this.end);
  }

  /** Zoomed by `factor` (2 shows half as much) with what is at `x` staying there. */
  zoomBy(factor: number, x: number): XScale {
    const least = XScale.leastSpan(this.timeline, this.axis, this.left, this.right);
    const [lo, hi] = XScale.limits(this.timeline, this.axis, this.left, this.right);
    const span = Math.min(hi - lo, Math.max(least, (this.end - this.start) / factor));
    const u = this.unitAt(x);
    const a = u - ((x - this.left) / (this.right - this.left)) * span;
    return this.withDomain(a, a + span);
  }

  /** Moved so that what was at x is at x - px. */
  panBy(px: number): XScale {
    const du = px / this.k;
    return this.withDomain(this.start + du, this.end + du);
  }

  /** A view of [from, to] (ordinals) with a tenth of it as room on each side. */
  fitRange(from: Ordinal, to: Ordinal): XScale {
    const a = unitOf(this.timeline, this.axis, from);
    const b = unitOf(this.timeline, this.axis, to);
    const room = (b - a) * 0.1 || 1;
    return this.withDomain(a - room, b + room);
  }

  /** The same stretch on the other axis; a `keep` ordinal that is in view stays at its place where the limits allow it. */
  switchAxis(axis: Axis, keep: number): XScale {
    if (axis === this.axis) return this;
    const { timeline } = this;
    const at = (unit: number) => this.#fractionalOrdinal(unit);
    const [lo, hi] = extentOf(timeline, this.axis);
    // Padding beyond the ends has no ordinal: a view of everything stays a view of everything.
    if (this.start <= lo && this.end >= hi) return XScale.fit(timeline, axis, this.left, this.right);
    const a = unitOf(timeline, axis, at(Math.max(lo, this.start)));
    const b = unitOf(timeline, axis, at(Math.min(hi, this.end)));
    const base = XScale.fit(timeline, axis, this.left, this.right);
    const span = Math.max(b - a, XScale.leastSpan(timeline, axis, this.left, this.right));
    const f = (this.x(keep) - this.left) / (this.right - this.left);
    if (f < 0 || f > 1) return base.withDomain(a, a + span);
    const start = unitOf(timeline, axis, keep) - f * span;
    return base.withDomain(start, start + span);
  }

  /** CSS pixel of an ordinal. */
  x(ordinal: number): number {
    return this.left + (unitOf(this.timeline, this.axis, ordinal) - this.start) * this.k;
  }

  /** Unit at a CSS pixel. */
  unitAt(x: number): number {
    return this.start + (x - this.left) / this.k;
  }

  /** The event at or last before a pixel, 0..length. On the step axis the nearest step, which is what a hand means. */
  ordinalAt(x: number): Ordinal {
    const { length, timeUs } = this.timeline;
    const u = this.unitAt(x);
    if (this.axis === 'steps') return Math.min(length, Math.max(0, Math.round(u)));
    return Math.max(0, Math.min(length, lowerBound(timeUs, 0, length + 1, u + 1e-9) - 1));
  }

  /** First and last ordinal of the view, both within 0..length. */
  ordinals(): [Ordinal, Ordinal] {
    const { length } = this.timeline;
    return [
      Math.max(0, Math.floor(this.#fractionalOrdinal(this.start))),
      Math.min(length, Math.ceil(this.#fractionalOrdinal(this.end))),
    ];
  }

  #fractionalOrdinal(unit: number): number {
    const { length, timeUs } = this.timeline;
    if (this.axis === 'steps') return Math.min(length, Math.max(0, unit));
    const i = lowerBound(timeUs, 0, length + 1, unit);
    if (i === 0) return 0;
    if (i > length) return length;
    const gap = timeUs[i]! - timeUs[i - 1]!;
    return gap > 0 ? i - 1 + (unit - timeUs[i - 1]!) / gap : i;
  }
}

export interface Tick {
  readonly x: number;
  readonly text: string;
}

/** Thousands apart by a thin space, so that 1,000 and 1.000 are not mistaken for each other. */
export function stepText(step: number): string {
  return String(Math.round(step)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009');
}

/** What unit the labels of an axis are in. */
export function axisUnit(scale: XScale, ticks = 8): string {
  if (scale.axis === 'steps') return scale.timeline.source === 'trace' ? 'event' : 'step';
  if (absolute(scale)) return 'seconds';
  return timeUnit(tickStep(scale.start, scale.end, ticks)).name;
}

const absolute = (scale: XScale): boolean => scale.timeline.source === 'trace';

function timeUnit(stepUs: number): { name: string; us: number } {
  if (stepUs >= 1e6) return { name: 's', us: 1e6 };
  if (stepUs >= 1e3) return { name: 'ms', us: 1e3 };
  return { name: 'µs', us: 1 };
}

/**
 * A place on the axis in words: "step 159"; "12.5 µs" since the run's beginning; "115.493577 s" by a trace's own clock.
 * @param stepUs how finely (microseconds); decides unit and decimals
 */
export function timeText(timeline: Timeline, us: number, stepUs: number, withUnit = true): string {
  if (timeline.source === 'trace') {
    const decimals = Math.min(9, Math.max(0, Math.ceil(6 - Math.log10(Math.max(stepUs, 1e-3)) - 1e-9)));
    return ((timeline.originUs + us) / 1e6).toFixed(decimals) + (withUnit ? ' s' : '');
  }
  const unit = timeUnit(stepUs);
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(stepUs / unit.us) - 1e-9)));
  return (us / unit.us).toFixed(decimals) + (withUnit ? ` ${unit.name}` : '');
}

/** A length of time in words: "850 ns", "12.5 µs", "3.2 ms", "1.25 s". */
export function durationText(us: number): string {
  const digits = (v: number) => String(Number(v.toPrecision(3)));
  if (us < 1 && us > 0) return `${digits(us * 1e3)} ns`;
  if (us < 1e3) return `${digits(us)} µs`;
  if (us < 1e6) return `${digits(us / 1e3)} ms`;
  return us < 1e9 ? `${digits(us / 1e6)} s` : `${Math.round(us / 1e6)} s`;
}

/**
 * Ticks of the axis that fit without touching: their number follows from the width of the widest label.
 * @param measure width of a label, CSS pixels
 */
export function ticksOf(scale: XScale, measure: (text: string) => number): Tick[] {
  const width = scale.right - scale.left;
  // A trace's clock counts from boot: round numbers are round on that clock.
  const origin = scale.axis === 'time' && absolute(scale) ? scale.timeline.originUs : 0;
  for (let count = Math.max(2, Math.floor(width / 70)); count >= 1; count--) {
    let step = tickStep(scale.start, scale.end, count);
    if (scale.axis === 'steps') step = Math.max(1, step);
    const ticks: Tick[] = [];
    let widest = 0;
    const first = Math.ceil((scale.start + origin) / step);
    const last = Math.floor((scale.end + origin) / step);
    for (let i = first; i <= last && i - first < 400; i++) {
      const v = i * step - origin;
      if (v < -1e-9 * step && !origin) continue;
      const text = scale.axis === 'steps' ? stepText(v) : timeText(scale.timeline, v, step, false);
      widest = Math.max(widest, measure(text));
      ticks.push({ x: scale.left + (v - scale.start) * scale.k, text });
    }
    const gap = step * scale.k;
    if (gap >= widest + 16 || count === 1) return ticks;
  }
  return [];
}

/** Seconds of a trace's own clock, as its lines tell them. */
export const clockText = (t: Timeline, us: number): string => `${((us + t.originUs) / 1e6).toFixed(6)} s`;
