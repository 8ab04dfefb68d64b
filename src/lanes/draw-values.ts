/** Variables whose values are numbers: a line of steps over a quiet fill, with the value where there is room. */
import { Look } from '../timeline/columns';
import type { Shown } from './draw-bars';
import { gallop, lowerBound } from './search';
import { font, plotOf, type Scene, type Surface } from './scene';

const PAD = 3;

export function paintValues(scene: Scene, { pen }: Surface, shown: readonly Shown[]): void {
  for (const one of shown) if (one.strip.line) paintLine(scene, pen, one);
}

function paintLine(scene: Scene, pen: Surface['pen'], { strip, y }: Shown): void {
  const { index, scale, theme, ruler } = scene;
  const levels = index.timeline.levels?.get(strip.track);
  if (!levels || strip.lane < 0) return;
  const { start, end, name } = index.timeline.slices;
  const plot = plotOf(scene);
  const stop = scene.reveal ?? Infinity;
  const from = index.laneSlice[strip.lane]!;
  const to = index.laneSlice[strip.lane + 1]!;
  const [firstOrdinal, lastOrdinal] = scale.ordinals();
  const bottom = y + strip.height - 1;
  const heightOf = (i: number): number =>
    bottom -
    PAD -
    ((levels.level[i - levels.first]! - levels.lo) / (levels.hi - levels.lo)) * (strip.height - 2 * PAD - 1);
  const begin = lowerBound(end, from, to, firstOrdinal + 1);
  let before: number | null = null;
  let free = -Infinity;
  for (let i = begin; i < to && start[i]! <= lastOrdinal && start[i]! < stop;) {
    const x0 = Math.max(plot.left, scale.x(start[i]!));
    const x1 = Math.min(plot.right, scale.x(Math.min(stop, end[i]!)));
    let top = heightOf(i);
    let low = top;
    let next = i + 1;
    // Narrower than a pixel: all that share it become one stroke from the least to the most.
    if (x1 - x0 < 1 && next < to) {
      next = Math.max(next, gallop(start, i, to, scale.ordinalAt(x0 + 1) + 1));
      for (let j = i + 1; j < next; j++) {
        top = Math.min(top, heightOf(j));
        low = Math.max(low, heightOf(j));
      }
    }
    const right = Math.max(x0 + 1, next < to ? Math.min(plot.right, scale.x(start[next]!)) : x1);
    pen.fillStyle = theme.looks[Look.value]!.fill;
    pen.fillRect(x0, top, right - x0, bottom - top);
    pen.fillStyle = theme.accent;
    pen.fillRect(x0, top - 0.75, right - x0, Math.max(1.5, low - top + 1.5));
    if (before !== null) pen.fillRect(x0 - 0.75, Math.min(before, top) - 0.75, 1.5, Math.abs(before - top) + 1.5);
    before = heightOf(next - 1);
    const text = index.timeline.strings[name[i]!]!;
    const width = ruler.width(text, font.small);
    if (right - x0 >= width + 6 && x0 >= free) {
      // Over the line where there is room, else under it.
      const above = top - y >= 11;
      pen.font = font.small;
      pen.textAlign = 'left';
      pen.textBaseline = 'middle';
      pen.fillStyle = theme.ink;
      pen.fillText(text, x0 + 3, above ? top - 6 : Math.min(bottom - 5, top + 8));
      free = x0 + width + 8;
    }
    i = next;
  }
}
