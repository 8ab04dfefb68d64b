/** What a reader laid over the picture, drawn: places found, marks, a measured stretch, and what rests on no source. */
import type { Shown } from './draw-bars';
import { doubtsOf, rulerHeight } from './overlay';
import { gallop, lowerBound } from './search';
import { font, plotOf, type Scene, type Surface } from './scene';

/** Two places found are never drawn nearer than this, CSS pixels. */
const APART = 5;

/** Dots under what was concluded, dashes under what nobody has told: along the lower edge of the bar. */
export function paintDoubts(scene: Scene, { pen }: Surface, shown: readonly Shown[]): void {
  const { doubts } = scene.overlay;
  if (!doubts) return;
  const { left, right } = plotOf(scene);
  const stop = scene.reveal ?? Infinity;
  pen.strokeStyle = scene.theme.ink;
  pen.lineWidth = 1.5;
  for (const { strip, y } of shown) {
    if (strip.height < 10 || strip.lane < 0) continue;
    const [first, end] = doubtsOf(doubts, strip.track, strip.depth);
    const [from] = scene.scale.ordinals();
    let reached = -Infinity;
    for (let i = lowerBound(doubts.end, first, end, from + 1); i < end; i++) {
      if (doubts.start[i]! >= stop) break;
      const x0 = Math.max(left, scene.scale.x(doubts.start[i]!), reached);
      const x1 = Math.min(right, scene.scale.x(Math.min(stop, doubts.end[i]!)) - 1);
      if (x0 > right) break;
      if (x1 - x0 < 3) continue;
      reached = x1;
      pen.setLineDash(doubts.how[i] === 2 ? [5, 3] : [1.5, 2.5]);
      pen.beginPath();
      pen.moveTo(x0 + 1, y + strip.height - 1.5);
      pen.lineTo(x1 - 1, y + strip.height - 1.5);
      pen.stroke();
    }
  }
  pen.setLineDash([]);
}

/** A small wedge over each place found, on its row; the one that is shown is larger. */
export function paintFound(scene: Scene, { pen }: Surface, shown: readonly Shown[]): void {
  const { found } = scene.overlay;
  if (!found || found.at.length === 0) return;
  const { left, right } = plotOf(scene);
  const top = new Map<number, number>();
  for (const { strip, y } of shown) if (!top.has(strip.track)) top.set(strip.track, y);
  const [from, to] = scene.scale.ordinals();
  const last = new Map<number, number>();
  const first = lowerBound(found.at, 0, found.at.length, from);
  const end = lowerBound(found.at, first, found.at.length, to + 1);
  const { rowOf, rows } = scene.layout;
  pen.fillStyle = scene.theme.accent;
  for (let i = first; i < end;) {
    const x = scene.scale.x(found.at[i]!);
    const track = found.track[i]!;
    const row = track < 0 ? undefined : rows[rowOf[track] ?? -1];
    const y = track < 0 ? undefined : (top.get(track) ?? (row && top.get(row.track)));
    if (y !== undefined && x - (last.get(track) ?? -Infinity) >= APART && x >= left && x <= right) {
      last.set(track, x);
      wedge(pen, x, y - 1, 3.5);
    }
    // Where very many are, those of one pixel are passed over at once.
    i = end - first > 20_000 ? gallop(found.at, i, end, Math.ceil(ordinalAfter(scene, x))) : i + 1;
  }
  const { current } = found;
  if (current < 0) return;
  const x = scene.scale.x(found.at[current]!);
  const track = found.track[current]!;
  const row = track < 0 ? undefined : rows[rowOf[track] ?? -1];
  const y = track < 0 ? undefined : (top.get(track) ?? (row && top.get(row.track)));
  if (y !== undefined && x >= left && x <= right) {
    pen.fillStyle = scene.theme.ground;
    wedge(pen, x, y + 1, 8.5);
    pen.fillStyle = scene.theme.accent;
    wedge(pen, x, y, 6.5);
  }
}

const ordinalAfter = (scene: Scene, x: number): number => scene.scale.ordinalAt(x + 1) + 1;

function wedge(pen: Surface['pen'], x: number, y: number, half: number): void {
  pen.beginPath();
  pen.moveTo(x - half, y - half);
  pen.lineTo(x + half, y - half);
  pen.lineTo(x, y + half * 0.8);
  pen.closePath();
  pen.fill();
}

/** Ticks of what was found at the lower edge of the axis; marks and the measured stretch on its second line. */
export function paintRuler(scene: Scene, { pen }: Surface): void {
  const { overlay, theme, axisHeight, scale } = scene;
  const plot = plotOf(scene);
  const height = rulerHeight(overlay);
  const middle = axisHeight - height / 2 - 0.5;
  if (height > 0) {
    pen.textBaseline = 'middle';
    pen.textAlign = 'left';
    pen.font = font.state;
    pen.fillStyle = theme.dim;
    pen.fillText('marks', 18, middle);
  }
  pen.save();
  pen.beginPath();
  pen.rect(plot.left - 8, 0, plot.right - plot.left + 16, scene.height);
  pen.clip();
  if (overlay.span) paintSpan(scene, pen, overlay.span, middle, height);
  for (const { at, name } of overlay.marks) {
    const x = scale.x(at);
    if (x < plot.left - 8 || x > plot.right + 8) continue;
    pen.fillStyle = theme.ink;
    for (let y = axisHeight; y < scene.height; y += 6) pen.fillRect(x - 0.5, y, 1, 2.5);
    pen.beginPath();
    pen.roundRect(x - 7, middle - 7, 14, 14, 3);
    pen.fill();
    pen.fillStyle = theme.ground;
    pen.font = font.count;
    pen.textAlign = 'center';
    pen.fillText(name, x, middle + 0.5);
  }
  paintTicks(scene, pen);
  pen.restore();
}

function paintSpan(
  scene: Scene,
  pen: Surface['pen'],
  { from, to, text }: NonNullable<Scene['overlay']['span']>,
  middle: number,
  height: number,
): void {
  const { theme, scale, ruler, axisHeight } = scene;
  const x0 = scale.x(Math.min(from, to));
  const x1 = scale.x(Math.max(from, to));
  pen.fillStyle = theme.accent;
  pen.globalAlpha = 0.1;
  pen.fillRect(x0, axisHeight, x1 - x0, scene.height - axisHeight);
  pen.globalAlpha = 1;
  pen.fillRect(x0, middle - 0.75, x1 - x0, 1.5);
  for (const x of [x0, x1]) pen.fillRect(x - 0.75, middle - height / 2 + 2, 1.5, height - 4);
  const [left, said] = placeOfText(scene, text, x0, x1);
  if (said === '') return;
  const width = ruler.width(said, font.flag) + 10;
  pen.fillStyle = theme.ground;
  pen.fillRect(left, middle - height / 2 + 1, width, height - 2);
  pen.fillStyle = theme.accent;
  pen.font = font.flag;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  pen.fillText(said, left + 5, middle + 0.5);
}

/** Where the words of a stretch stand: in it, else behind or before it, where no mark is; else shortened in it. */
function placeOfText(scene: Scene, text: string, x0: number, x1: number): readonly [left: number, text: string] {
  const { ruler, scale } = scene;
  const plot = plotOf(scene);
  const width = ruler.width(text, font.flag) + 10;
  const marks = scene.overlay.marks.map(({ at }) => scale.x(at));
  const free = (left: number): boolean =>
    left >= plot.left && left + width <= plot.right && marks.every((x) => x + 9 <= left || x - 9 >= left + width);
  const a = Math.max(x0 + 9, plot.left + 2);
  const b = Math.min(x1 - 9, plot.right - 2);
  const inside = (a + b - width) / 2;
  if (b - a >= width && free(inside)) return [inside, text];
  for (const left of [x1 + 10, x0 - 10 - width]) if (free(left)) return [left, text];
  const fitting = ruler.fit(text, font.flag, b - a - 10);
  return [(a + b - ruler.width(fitting, font.flag) - 10) / 2, fitting];
}

function paintTicks(scene: Scene, pen: Surface['pen']): void {
  const { found } = scene.overlay;
  if (!found) return;
  const { scale } = scene;
  const y = scene.axisHeight - 6;
  pen.fillStyle = scene.theme.accent;
  const [from, to] = scale.ordinals();
  const end = lowerBound(found.at, 0, found.at.length, to + 1);
  let last = -Infinity;
  for (let i = lowerBound(found.at, 0, end, from); i < end;) {
    const x = scale.x(found.at[i]!);
    if (x - last >= 1.5) pen.fillRect(x - 0.75, y, 1.5, 5);
    last = x;
    const next = scale.ordinalAt(x + 1);
    i = next > found.at[i]! ? Math.max(i + 1, gallop(found.at, i, end, next)) : i + 1;
  }
}
