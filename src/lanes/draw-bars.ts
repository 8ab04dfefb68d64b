/** Slices: shapes with labels where they are wide, columns of the loudest where they are not. */
import type { Taken } from './labels';
import type { Strip } from './layout';
import { Columns, LaneWalk } from './lod';
import { MATTERS } from './lane-index';
import { loudness, rgbaWord, type Theme } from './palette';
import { font, type Scene, type Surface } from './scene';

/** From this width (CSS pixels) a slice is a shape with its own edges. */
const SHAPE = 6;
/** Narrower than this a label says nothing. */
const LABEL = 20;
/** Room at a label's ends, CSS pixels; the lesser where that lets it stand whole. */
const PAD = 6;
const LEAST_PAD = 2.5;
/** A strip with more stretches than this becomes a line of the raster. */
const MOST_RUNS = 160;
const RADIUS = 3;
/** How much of a faded bar, and of its label, is left. */
const FADED = 0.24;
const FADED_LABEL = 0.5;
/** Bit of a run that is faded, over the strip (20 bits) and the look (5). */
const FADE = 1 << 25;
const LOOKS = 31;

/** A strip on the screen in this frame. */
export interface Shown {
  readonly strip: Strip;
  /** CSS pixels from the host's top. */
  readonly y: number;
}

/** A list of integers that grows and is used again in every frame. */
class Ints {
  data = new Int32Array(1024);
  length = 0;

  push(a: number, b: number, c: number): void {
    if (this.length + 3 > this.data.length) {
      const grown = new Int32Array(this.data.length * 2);
      grown.set(this.data);
      this.data = grown;
    }
    this.data[this.length++] = a;
    this.data[this.length++] = b;
    this.data[this.length++] = c;
  }
}

/** So much of one colour over another, as one word. */
function mixed(over: number, under: number, share: number): number {
  let word = 0xff << 24;
  for (const shift of [0, 8, 16]) {
    const a = (over >> shift) & 0xff;
    const b = (under >> shift) & 0xff;
    word |= Math.round(a * share + b * (1 - share)) << shift;
  }
  return word >>> 0;
}

export class BarPainter {
  readonly #walk = new LaneWalk();
  /** (shown strip, slice, -) */
  readonly #shapes = new Ints();
  /** (shown strip | look << 20 | FADE, first column, end column) */
  readonly #runs = new Ints();
  /** (shown strip, raster line, -) */
  readonly #lines = new Ints();
  /** (shown strip | look << 20, first column, end column): hatches over raster lines */
  readonly #hatched = new Ints();
  readonly #words = new Map<Theme, Uint32Array>();
  readonly #faded = new Map<Theme, Uint32Array>();
  #columns: Columns | null = null;

  /** Decides what every strip shows. Must come before painting. */
  collect(scene: Scene, surface: Surface, shown: readonly Shown[]): void {
    const view = new Columns(scene.scale, scene.dpr, scene.reveal);
    this.#columns = view;
    for (const list of [this.#shapes, this.#runs, this.#lines, this.#hatched]) list.length = 0;
    surface.raster.reset();
    const walk = this.#walk;
    const fading = scene.index.kept !== null;
    const words = this.#wordsOf(scene.theme, fading);
    const wideFrom = SHAPE * scene.dpr;
    let lines = 0;
    for (let s = 0; s < shown.length; s++) {
      const { strip } = shown[s]!;
      if (strip.lane < 0 || strip.line) continue;
      walk.walk(scene.index, strip.lane, view, wideFrom);
      for (let i = 0; i < walk.wideCount; i++) this.#shapes.push(s, walk.wide[i]!, 0);
      if (walk.first >= walk.last) continue;
      if (walk.runs(MOST_RUNS) < MOST_RUNS) {
        walk.eachRun((from, to, look, matters) =>
          this.#runs.push(s | (look << 20) | (fading && !matters ? FADE : 0), from, to),
        );
        continue;
      }
      const line = surface.raster.line(view.count);
      for (let p = walk.first; p < walk.last; p++) line[p] = words[walk.columns[p]!]!;
      this.#lines.push(s, lines++, 0);
      walk.eachRun((from, to, look) => {
        if (to - from >= wideFrom && scene.theme.looks[look]!.hatch) this.#hatched.push(s | (look << 20), from, to);
      });
    }
    surface.raster.flush();
  }

  /** A pixel of the raster by loudness; where something is faded, what does not matter is mixed with the ground. */
  #wordsOf(theme: Theme, fading: boolean): Uint32Array {
    const known = fading ? this.#faded : this.#words;
    let words = known.get(theme);
    if (!words) {
      words = new Uint32Array(MATTERS + loudness.length + 1);
      theme.looks.forEach((style, look) => {
        const word = rgbaWord(style.fill === '' ? (style.border ?? theme.line) : style.fill);
        words![loudness[look]!] = fading ? mixed(word, rgbaWord(theme.ground), FADED) : word;
        words![loudness[look]! | MATTERS] = word;
      });
      known.set(theme, words);
    }
    return words;
  }

  /** Shapes first, then what is narrow: a sliver of a failure beside a long guest must not be covered. */
  paint(scene: Scene, surface: Surface, shown: readonly Shown[]): void {
    const { pen, hatches, raster } = surface;
    const { dpr, headerWidth: left } = scene;
    const { start, end, look } = scene.index.timeline.slices;
    const kept = scene.index.kept?.slices;
    const view = this.#columns!;
    for (let i = 0; i < this.#shapes.length; i += 3) {
      const { strip, y } = shown[this.#shapes.data[i]!]!;
      const slice = this.#shapes.data[i + 1]!;
      pen.globalAlpha = kept && kept[slice] !== 1 ? FADED : 1;
      // Clipped a little outside of the view, so that a bar that goes on has no round end there.
      const x0 = Math.max(-8 * dpr, Math.round(view.x(start[slice]!)));
      const x1 = Math.min(view.count + 8 * dpr, Math.round(view.x(end[slice]!)));
      this.#bar(scene, surface, look[slice]!, left + x0 / dpr, y, (x1 - x0) / dpr, strip.height);
    }
    pen.globalAlpha = 1;
    for (let i = 0; i < this.#lines.length; i += 3) {
      const { strip, y } = shown[this.#lines.data[i]!]!;
      raster.draw(this.#lines.data[i + 1]!, left, y, view.count / dpr, strip.height);
    }
    for (const list of [this.#runs, this.#hatched]) {
      for (let i = 0; i < list.length; i += 3) {
        const head = list.data[i]!;
        const { strip, y } = shown[head & 0xfffff]!;
        const own = (head >> 20) & LOOKS;
        const style = scene.theme.looks[own]!;
        pen.globalAlpha = head & FADE ? FADED : 1;
        const x = left + list.data[i + 1]! / dpr;
        const width = (list.data[i + 2]! - list.data[i + 1]!) / dpr;
        if (list === this.#runs) {
          pen.fillStyle = style.fill === '' ? (style.border ?? scene.theme.line) : style.fill;
          pen.fillRect(x, y, width, strip.height);
        }
        if (style.hatch && width >= SHAPE) {
          pen.fillStyle = hatches.lines(own);
          pen.fillRect(x, y, width, strip.height);
        }
      }
    }
    pen.globalAlpha = 1;
  }

  #bar(scene: Scene, surface: Surface, look: number, x: number, y: number, width: number, height: number): void {
    const { pen, hatches } = surface;
    const style = scene.theme.looks[look]!;
    // A gap of one pixel keeps two slices of one look apart.
    const w = Math.max(1, width - 1);
    const radius = Math.min(RADIUS, height / 2, w / 2);
    if (style.border) {
      pen.strokeStyle = style.border;
      pen.lineWidth = 1;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      pen.roundRect(x + 0.5, y + 0.5, Math.max(1, w - 1), Math.max(1, height - 1), radius);
      pen.stroke();
      pen.setLineDash([]);
    }
    if (style.fill === '' && !style.hatch) return;
    pen.beginPath();
    pen.roundRect(x, y, w, height, radius);
    if (style.fill !== '') {
      pen.fillStyle = style.fill;
      pen.fill();
    }
    if (style.hatch) {
      pen.fillStyle = hatches.lines(look);
      pen.fill();
    }
  }

  /** Names in the shapes that have room, beside what `taken` holds of each strip. */
  paintLabels(scene: Scene, surface: Surface, shown: readonly Shown[], taken: readonly Taken[]): void {
    const { pen } = surface;
    const { ruler, theme, headerWidth: left, dpr } = scene;
    const { timeline } = scene.index;
    const { start, end, look, name } = timeline.slices;
    const view = this.#columns!;
    const right = scene.scale.right;
    const kept = scene.index.kept?.slices;
    pen.textAlign = 'left';
    pen.textBaseline = 'middle';
    for (let i = 0; i < this.#shapes.length; i += 3) {
      const s = this.#shapes.data[i]!;
      const { strip, y } = shown[s]!;
      if (!strip.labels) continue;
      const slice = this.#shapes.data[i + 1]!;
      const x0 = Math.max(0, view.x(start[slice]!)) / dpr + left;
      const x1 = Math.min(right, view.x(end[slice]!) / dpr + left - 1);
      if (x1 - x0 < LABEL) continue;
      const text = timeline.strings[name[slice]!]!;
      if (text === '') continue;
      const face = strip.mono ? font.mono : strip.height >= 18 ? font.bar : font.small;
      const wanted = ruler.width(text, face) + 2 * LEAST_PAD;
      const [a, b] = taken[s]!.gap(x0, x1, wanted);
      const fitting = ruler.fit(text, face, b - a - 2 * LEAST_PAD);
      if (fitting === '') continue;
      const width = ruler.width(fitting, face);
      const pad = Math.min(PAD, (b - a - width) / 2);
      const style = theme.looks[look[slice]!]!;
      const middle = y + strip.height / 2;
      pen.globalAlpha = kept && kept[slice] !== 1 ? FADED_LABEL : 1;
      if (style.plate) {
        pen.fillStyle = style.plate;
        pen.beginPath();
        const inset = strip.height >= 18 ? 3 : 1.5;
        const margin = Math.min(pad, PAD - 2);
        pen.roundRect(a + pad - margin, y + inset, width + 2 * margin, strip.height - 2 * inset, 2);
        pen.fill();
      }
      pen.font = face;
      pen.fillStyle = style.ink;
      pen.fillText(fitting, a + pad, middle + 0.5);
    }
    pen.globalAlpha = 1;
  }
}
