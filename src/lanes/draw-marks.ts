/**
 * Instants as marks. Shape and colour both tell the kind: oops a red disc with "!", failure a hatched triangle, warning a
 * hollow triangle, a difference of two timelines a diamond, log line a tick, syscall a hollow square, any other event a hair. Loud ones that would lie over each
 * other become one with a count; a quiet one never hides a loud one.
 */
import { Look, Mark } from '../timeline/columns';
import type { Shown } from './draw-bars';
import { Taken } from './labels';
import { gallopBy, lowerBound } from './search';
import { font, type Scene, type Surface } from './scene';

/** Two quiet marks are never nearer than this (CSS pixels). */
const CELL = 4;
const MOST_COUNTED = 99;
/** How much of a mark is left that does not matter. */
const FADED = 0.3;
/** Two syscalls are never nearer than this (CSS pixels). */
const SQUARES_APART = 8;

/** A mark to be drawn. */
export interface Placed {
  readonly shown: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly instant: number;
  readonly mark: Mark;
  count: number;
  /** Text beside it and where, '' for none. */
  text: string;
  textX: number;
}

const isLoud = (mark: Mark): boolean => mark <= Mark.warning;

/** How far below a strip's edge the middle of a quiet mark is. */
const hang = (mark: Mark, height: number): number => (mark === Mark.syscall ? 2 : 0) + (height >= 18 ? -1 : 0.5);

/** Half the width of a mark, CSS pixels. */
export function radiusOf(mark: Mark, stripHeight: number): number {
  const big = stripHeight >= 18;
  if (mark === Mark.oops) return big ? 10 : 7.5;
  if (mark <= Mark.warning) return big ? 7 : 6;
  if (mark === Mark.differs) return 4;
  return mark === Mark.syscall ? 3 : 1;
}

export class MarkPlacer {
  readonly placed: Placed[] = [];
  readonly taken: Taken[] = [];
  #loud = new Uint8Array(0);
  #from = new Int32Array(0);
  #count = new Int32Array(0);

  /** Finds the marks of all strips, and what room they and their texts take from labels. */
  place(scene: Scene, shown: readonly Shown[]): void {
    this.placed.length = 0;
    for (let s = 0; s < shown.length; s++) {
      const taken = (this.taken[s] ??= new Taken());
      taken.clear();
      const { strip } = shown[s]!;
      if (strip.marks.length > 0) this.#strip(scene, shown[s]!, s, taken);
    }
  }

  #strip(scene: Scene, { strip, y }: Shown, s: number, taken: Taken): void {
    const first = this.placed.length;
    const { scale } = scene;
    // Cells stand still in the axis' own unit: while panning no mark jumps to another cell.
    const cell = CELL / scale.k;
    const c0 = Math.floor(scale.start / cell) - 2;
    const cells = Math.ceil((scale.right - scale.left) / CELL) + 5;
    if (this.#loud.length < cells) {
      this.#loud = new Uint8Array(cells);
      this.#from = new Int32Array(cells);
      this.#count = new Int32Array(cells);
    }
    const [used0, used1] = this.#fillCells(scene, strip.marks, c0, cells, cell);
    if (used0 > used1) return;
    let previous: Placed | null = null;
    let square: Placed | null = null;
    for (let c = used0; c <= used1; c++) {
      const loud = this.#loud[c]!;
      if (loud === 0) continue;
      this.#loud[c] = 0;
      const mark = (255 - loud) as Mark;
      if (strip.loudOnly && !isLoud(mark)) continue;
      const instant = this.#from[c]!;
      const x = scale.x(scene.index.timeline.instants.at[instant]!);
      const radius = radiusOf(mark, strip.height);
      const quiet = !isLoud(mark);
      const middle = strip.height / 2;
      const place: Placed = {
        shown: s,
        x,
        // Quiet marks hang at the lower edge, where they do not run through a label.
        y: y + (quiet ? strip.height + hang(mark, strip.height) : middle),
        radius,
        instant,
        mark,
        count: quiet ? 1 : this.#count[c]!,
        text: '',
        textX: 0,
      };
      if (!quiet && previous !== null && x - previous.x < previous.radius + radius - 3) {
        if (previous.mark <= mark) {
          previous.count += previous.mark === mark ? place.count : 0;
          continue;
        }
        this.placed.splice(this.placed.lastIndexOf(previous), 1);
      }
      if (mark === Mark.syscall) {
        // Squares in a row would run together: a full one stands for several.
        if (square !== null && x - square.x < SQUARES_APART) {
          square.count++;
          continue;
        }
        square = place;
      }
      if (!quiet) previous = place;
      this.placed.push(place);
    }
    for (let i = first; i < this.placed.length; i++) {
      const p = this.placed[i]!;
      if (isLoud(p.mark)) taken.add(p.x - p.radius - 2, p.x + p.radius + 2 + (p.count > 1 ? 8 : 0));
    }
    this.#texts(scene, strip.track, s, shown1(strip.height), first, taken);
  }

  /** The loudest mark of each cell over all the tracks of a strip; returns the range of cells that hold one. */
  #fillCells(scene: Scene, tracks: readonly number[], c0: number, cells: number, cell: number): [number, number] {
    const { index, scale } = scene;
    const { at } = index.timeline.instants;
    const order = index.instantOrder;
    let lo = cells;
    let hi = -1;
    const leftmost = scale.ordinalAt(scale.left - 12);
    for (const track of tracks) {
      const from = index.firstInstant[track]!;
      const to = index.firstInstant[track + 1]!;
      if (from === to) continue;
      let i = at[order[from]!]! >= leftmost ? from : gallopBy(at, order, from, to, leftmost);
      while (i < to) {
        const o = at[order[i]!]!;
        const u = scale.axis === 'steps' ? o : index.timeline.timeUs[o]!;
        const c = Math.floor(u / cell) - c0;
        if (c >= cells || (scene.reveal !== null && o > scene.reveal)) break;
        const nextOrdinal = firstFrom(scene, (c + 1 + c0) * cell, o + 1);
        const stop = scene.reveal === null ? nextOrdinal : Math.min(nextOrdinal, Math.floor(scene.reveal) + 1);
        const next = Math.max(i + 1, gallopBy(at, order, i, to, stop));
        if (c >= 0) {
          const loud = index.instantLoud.max(i, next);
          const mark = (255 - loud) as Mark;
          if (loud > this.#loud[c]!) {
            this.#loud[c] = loud;
            this.#from[c] = order[index.instantLoud.firstAtLeast(i, next, loud)]!;
            this.#count[c] = 0;
          }
          if (loud === this.#loud[c] && isLoud(mark)) this.#count[c]! += countAtLeast(scene, i, next, loud);
          if (c < lo) lo = c;
          if (c > hi) hi = c;
        }
        i = next;
      }
    }
    return [lo, hi];
  }

  /** An oops says what it is beside its disc, if there is room; a line of the log lane too. */
  #texts(scene: Scene, track: number, s: number, face: string, first: number, taken: Taken): void {
    const { index, ruler, scale } = scene;
    const { strings, instants } = index.timeline;
    const { kind } = index.timeline.tracks[track]!;
    const isLog = kind === 'log' || kind === 'differs';
    for (let i = first; i < this.placed.length; i++) {
      const p = this.placed[i]!;
      if (p.mark !== Mark.oops && !isLog) continue;
      if (p.mark >= Mark.event && isLog) continue;
      const whole = strings[isLog ? instants.text[p.instant]! : instants.name[p.instant]!]!;
      const font1 = p.mark === Mark.oops ? font.alarm : face;
      const from = p.x + p.radius + 4 + (p.count > 1 ? 8 : 0);
      let until = scale.right - 4;
      for (let j = i + 1; j < this.placed.length; j++) {
        const next = this.placed[j]!;
        if (next.shown !== s) break;
        if (!isLoud(next.mark) && !isLog) continue;
        until = Math.min(until, next.x - next.radius - 4);
        break;
      }
      if (p.x < scale.left - p.radius || from >= until) continue;
      if (!isLog) {
        // On a bar that is itself an oops the bar says it; and no text lies over where another slice begins.
        const { start, look, end } = index.timeline.slices;
        const lane = index.lane(track, 0);
        const at = instants.at[p.instant]!;
        const next = lane < 0 ? 0 : lowerBound(start, index.laneSlice[lane]!, index.laneSlice[lane + 1]!, at + 1);
        const here = next - 1;
        if (lane >= 0 && here >= index.laneSlice[lane]! && end[here]! > at && look[here] === Look.oops) continue;
        if (lane >= 0 && next < index.laneSlice[lane + 1]!) {
          // A sliver directly at the disc does not count: what matters is what the text would cover.
          if (scale.x(start[next]!) > from || look[next] === Look.oops)
            until = Math.min(until, scale.x(start[next]!) - 2);
          else if (next + 1 < index.laneSlice[lane + 1]!) until = Math.min(until, scale.x(start[next + 1]!) - 2);
        }
        if (from >= until) continue;
      }
      const text = ruler.fit(whole, font1, until - from - 8);
      const width = ruler.width(text, font1) + 8;
      if (text === '' || !taken.free(from, from + width)) continue;
      p.text = text;
      p.textX = from + 4;
      taken.add(from, from + width);
    }
  }
}

const shown1 = (height: number): string => (height >= 18 ? font.bar : font.small);

/** First ordinal >= `from` whose unit is at least u. */
function firstFrom(scene: Scene, u: number, from: number): number {
  if (scene.scale.axis === 'steps') return Math.max(from, Math.ceil(u));
  const { timeUs, length } = scene.index.timeline;
  let lo = from;
  let step = 1;
  while (lo + step <= length && timeUs[lo + step]! < u) {
    lo += step;
    step *= 2;
  }
  let hi = Math.min(length + 1, lo + step + 1);
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (timeUs[mid]! < u) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

function countAtLeast(scene: Scene, from: number, to: number, loud: number): number {
  let count = 0;
  for (let i = from; i < to && count < MOST_COUNTED; count++) {
    i = scene.index.instantLoud.firstAtLeast(i, to, loud) + 1;
    if (i === 0) break;
  }
  return count;
}

/** Paints what was placed: quiet ones first, the oops last and over all. */
export function paintMarks(scene: Scene, surface: Surface, placed: readonly Placed[]): void {
  const kept = scene.index.kept?.instants;
  const { pen } = surface;
  const fade = (p: Placed): void => void (pen.globalAlpha = kept && kept[p.instant] !== 1 ? FADED : 1);
  for (const p of placed) {
    if (isLoud(p.mark)) continue;
    fade(p);
    paintQuiet(scene, surface, p);
  }
  for (const mark of [Mark.warning, Mark.failure, Mark.oops]) {
    for (const p of placed) {
      // The words beside it have a ground of their own, drawn in full.
      if (p.mark !== mark) continue;
      fade(p);
      paintLoud(scene, surface, p);
    }
  }
  pen.globalAlpha = 1;
}

function paintQuiet({ theme }: Scene, { pen }: Surface, p: Placed): void {
  if (p.mark === Mark.differs) {
    pen.beginPath();
    pen.moveTo(p.x, p.y - 4);
    pen.lineTo(p.x + 4, p.y);
    pen.lineTo(p.x, p.y + 4);
    pen.lineTo(p.x - 4, p.y);
    pen.closePath();
    pen.fillStyle = theme.ground;
    pen.fill();
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 1.5;
    pen.stroke();
  } else if (p.mark === Mark.syscall) {
    pen.fillStyle = p.count > 1 ? theme.ink : theme.ground;
    pen.fillRect(p.x - 2.5, p.y - 2.5, 5, 5);
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 1;
    pen.strokeRect(p.x - 2.5, p.y - 2.5, 5, 5);
  } else if (p.mark === Mark.log) {
    pen.fillStyle = theme.ink;
    pen.fillRect(p.x - 1, p.y - 4, 2, 7);
  } else {
    pen.fillStyle = theme.faint;
    pen.fillRect(p.x - 0.5, p.y - 1, 1, p.mark === Mark.note ? 5 : 3);
  }
  if (p.text !== '') {
    pen.font = font.small;
    pen.textAlign = 'left';
    pen.textBaseline = 'middle';
    pen.fillStyle = theme.dim;
    pen.fillText(p.text, p.textX, p.y - 6);
  }
}

function paintLoud({ theme, ruler }: Scene, { pen, hatches }: Surface, p: Placed): void {
  const { x, y, radius: r } = p;
  pen.textBaseline = 'middle';
  if (p.mark === Mark.oops) {
    const style = theme.looks[Look.oops]!;
    if (p.text !== '') {
      const width = ruler.width(p.text, font.alarm);
      pen.fillStyle = theme.ground;
      const { globalAlpha } = pen;
      pen.globalAlpha = globalAlpha * 0.92;
      pen.beginPath();
      pen.roundRect(p.textX - 3, y - 8, width + 6, 16, 3);
      pen.fill();
      pen.globalAlpha = globalAlpha;
      pen.font = font.alarm;
      pen.textAlign = 'left';
      pen.fillStyle = theme.alarm;
      pen.fillText(p.text, p.textX, y + 0.5);
    }
    pen.fillStyle = theme.ground;
    pen.beginPath();
    pen.arc(x, y, r + 1.5, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = style.fill;
    pen.beginPath();
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = style.ink;
    pen.font = r >= 9 ? font.bang : font.bangSmall;
    pen.textAlign = 'center';
    pen.fillText('!', x, y + 0.5);
  } else {
    const style = theme.looks[Look.fail]!;
    pen.beginPath();
    pen.moveTo(x, y - r);
    pen.lineTo(x + r, y + r - 1.5);
    pen.lineTo(x - r, y + r - 1.5);
    pen.closePath();
    pen.strokeStyle = theme.ground;
    pen.lineWidth = 4;
    pen.stroke();
    pen.fillStyle = p.mark === Mark.failure ? style.fill : theme.ground;
    pen.fill();
    if (p.mark === Mark.failure) {
      pen.fillStyle = hatches.lines(Look.fail);
      pen.fill();
    }
    // A ring of ground sets it off from a bar of its own colour.
    pen.strokeStyle = theme.warn;
    pen.lineWidth = 1.25;
    pen.stroke();
  }
  if (p.count > 1) {
    const text = p.count > MOST_COUNTED ? `${MOST_COUNTED}+` : String(p.count);
    pen.fillStyle = theme.ground;
    pen.beginPath();
    pen.roundRect(x + r - 1.5, y - r - 2, ruler.width(text, font.count) + 5, 11, 3);
    pen.fill();
    pen.font = font.count;
    pen.textAlign = 'left';
    pen.fillStyle = p.mark === Mark.oops ? theme.alarm : theme.warn;
    pen.fillText(text, x + r + 1, y - r + 4);
  }
  if (p.text !== '' && p.mark !== Mark.oops) {
    pen.font = font.small;
    pen.textAlign = 'left';
    pen.fillStyle = theme.warn;
    pen.fillText(p.text, p.textX, y + 0.5);
  }
}
