/** One frame, back to front. Reads a scene, draws on a surface, keeps nothing but its scratch memory. */
import { BarPainter, type Shown } from './draw-bars';
import { paintFlows } from './draw-flows';

import {
  paintAxis,
  paintGround,
  paintHeaders,
  paintParting,
  paintPlayhead,
  paintScrollbar,
  shownRows,
  ticks,
} from './draw-frame-parts';
import { MarkPlacer, paintMarks } from './draw-marks';
import { extras } from './extras';
import { plotOf, type Item, type Scene, type Surface } from './scene';

export class FramePainter {
  readonly #bars = new BarPainter();
  readonly #marks = new MarkPlacer();

  /** Draws all of a scene. */
  paint(scene: Scene, surface: Surface): void {
    const { pen } = surface;
    pen.setTransform(scene.dpr, 0, 0, scene.dpr, 0, 0);
    const marks = ticks(scene);
    paintGround(scene, surface, marks);
    const shown: Shown[] = [];
    for (const { row, y } of shownRows(scene)) {
      for (const strip of row.strips) shown.push({ strip, y: y + strip.y - row.y });
    }
    surface.hatches.moveTo(scene.scale.x(0), scene.axisHeight - scene.scrollTop);
    this.#bars.collect(scene, surface, shown);
    this.#marks.place(scene, shown);

    const plot = plotOf(scene);
    pen.save();
    pen.beginPath();
    pen.rect(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
    pen.clip();
    this.#bars.paint(scene, surface, shown);
    extras.painters?.overBars(scene, surface, shown);
    paintFlows(scene, surface);
    paintParting(scene, surface);
    // Over the arrows: a line through a word would cost the word.
    this.#bars.paintLabels(scene, surface, shown, this.#marks.taken);
    paintPlayhead(scene, surface);
    paintMarks(scene, surface, this.#marks.placed);
    extras.painters?.overMarks(scene, surface, shown);
    paintOutline(scene, surface, shown, scene.hover, false);
    paintOutline(scene, surface, shown, scene.selection, true);
    pen.restore();

    paintHeaders(scene, surface);
    paintScrollbar(scene, surface);
    paintAxis(scene, surface, marks);
    extras.painters?.overAxis(scene, surface);
  }
}

/** A frame around the slice or mark that is hovered (thin) or selected (strong). */
function paintOutline(
  scene: Scene,
  { pen }: Surface,
  shown: readonly Shown[],
  item: Item | null,
  strong: boolean,
): void {
  if (item === null || item.kind === 'track' || item.kind === 'flow') return;
  const { slices, instants } = scene.index.timeline;
  const isSlice = item.kind === 'slice';
  const track = isSlice ? slices.track[item.index]! : instants.track[item.index]!;
  for (const { strip, y } of shown) {
    if (isSlice ? strip.track !== track || strip.depth !== slices.depth[item.index] : !strip.marks.includes(track))
      continue;
    const from = isSlice ? slices.start[item.index]! : instants.at[item.index]!;
    const to = isSlice ? slices.end[item.index]! : from;
    if (scene.reveal !== null && from > scene.reveal) return;
    const cut = scene.reveal === null ? Infinity : scene.scale.x(scene.reveal);
    const around = isSlice ? 0 : 9;
    const x0 = Math.max(scene.headerWidth - 6, scene.scale.x(from) - around);
    const x1 = Math.min(scene.scale.right + 6, cut, scene.scale.x(to) - (isSlice ? 1 : 0)) + around;
    pen.strokeStyle = strong ? scene.theme.accent : scene.theme.ink;
    pen.lineWidth = strong ? 2 : 1.25;
    pen.beginPath();
    pen.roundRect(x0 - 0.5, y - 0.5, Math.max(3, x1 - x0) + 1, strip.height + 1, 3.5);
    pen.stroke();
    if (!isSlice) return;
  }
}
