/**
 * Labels in bars: whole, or shortened at a word with an ellipsis, or not at all. Never over an edge, never over each other.
 */
import type { Measure } from './pen';

const MOST_CACHED = 20_000;
const LEAST_LETTERS = 3;

/** Widths of texts, each measured once. */
export class Ruler {
  readonly #measure: Measure;
  readonly #byFont = new Map<string, Map<string, number>>();

  constructor(measure: Measure) {
    this.#measure = measure;
  }

  /** Width in CSS pixels. */
  width(text: string, font: string): number {
    let widths = this.#byFont.get(font);
    if (!widths) this.#byFont.set(font, (widths = new Map()));
    let width = widths.get(text);
    if (width === undefined) {
      if (widths.size >= MOST_CACHED) widths.clear();
      width = this.#measure(text, font);
      widths.set(text, width);
    }
    return width;
  }

  /** The text if it fits in `room` CSS pixels, else as many whole words of it as do and an ellipsis, else ''. */
  fit(text: string, font: string, room: number): string {
    if (room < 8 || text === '') return '';
    // No face is narrower than this: a long name in a sliver is not even measured.
    if (text.length * 3 <= room || this.width(text, font) <= room) {
      if (this.width(text, font) <= room) return text;
    }
    const breaks = wordEnds(text);
    let lo = 0;
    let hi = breaks.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.width(shortened(text, breaks[mid]!), font) <= room) lo = mid + 1;
      else hi = mid;
    }
    return lo === 0 ? '' : shortened(text, breaks[lo - 1]!);
  }

  /** Like `fit`, but cut within a word rather than left out: a row must have a name. */
  clip(text: string, font: string, room: number): string {
    const whole = this.fit(text, font, room);
    if (whole !== '') return whole;
    for (let n = text.length - 1; n > 0; n--) {
      const cut = `${text.slice(0, n)}…`;
      if (this.width(cut, font) <= room) return cut;
    }
    return '';
  }
}

const shortened = (text: string, end: number): string => `${text.slice(0, end).replace(/[\s,:;(_-]+$/, '')}…`;

/** Ends of the words of a text, ascending, without the last. A kernel identifier's words are apart by `_`. */
function wordEnds(text: string): number[] {
  const ends: number[] = [];
  for (let i = LEAST_LETTERS; i < text.length - 1; i++) {
    const c = text[i]!;
    const apart = c === ' ' || c === '_' || c === '/' || c === ':' || c === ',';
    if (apart && /[\p{L}\p{N})\]]/u.test(text[i - 1]!)) ends.push(i);
  }
  return ends;
}

/** Stretches of a strip that are taken by marks and their texts; [from, to) CSS pixels, by from. */
export class Taken {
  #spans: [number, number][] = [];

  clear(): void {
    this.#spans.length = 0;
  }

  add(from: number, to: number): void {
    this.#spans.push([from, to]);
  }

  get size(): number {
    return this.#spans.length;
  }

  /** Is all of [from, to) free? */
  free(from: number, to: number): boolean {
    return this.#spans.every(([a, b]) => to <= a || from >= b);
  }

  /** The leftmost free stretch of [from, to) at least `wanted` wide, else the widest. */
  gap(from: number, to: number, wanted: number): [number, number] {
    if (this.#spans.length === 0) return [from, to];
    this.#spans.sort((p, q) => p[0] - q[0]);
    let best: [number, number] = [from, from];
    let at = from;
    for (const [a, b] of [...this.#spans, [to, to] as [number, number]]) {
      const end = Math.min(a, to);
      if (end - at > best[1] - best[0]) best = [at, end];
      if (best[1] - best[0] >= wanted || at >= to) return best;
      at = Math.max(at, b);
    }
    return best;
  }
}
