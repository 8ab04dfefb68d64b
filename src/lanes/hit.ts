/** From a point to what is there. Reads the same scene as the drawing does, so that what is seen is what is hit. */
import type { Ordinal, TrackId } from '../timeline/columns';
import { curveOf, pointOn, visibleFlows } from './draw-flows';
import { flagBox, scrollbarOf } from './draw-frame-parts';
import { MarkPlacer, type Placed } from './draw-marks';
import { rowAt, type Strip } from './layout';
import { sliceUnder } from './lod';
import { plotOf, type Item, type Scene } from './scene';

export type Region = 'corner' | 'axis' | 'header' | 'plot' | 'scrollbar';

export interface Hit {
  readonly region: Region;
  /** What is there, if anything; on a header its track. */
  readonly item: Item | null;
  /** The track whose row is there, or -1. */
  readonly track: TrackId;
  /** The event at or last before the point. */
  readonly ordinal: Ordinal;
  /** On a header: the fold mark, the place of actions at the right, or the rest. */
  readonly part: 'fold' | 'actions' | 'name' | null;
  /** Is the playhead's line or flag within reach? */
  readonly onPlayhead: boolean;
  /** How many marks are drawn as this one. */
  readonly count: number;
}

const placer = new MarkPlacer();

/**
 * @param x CSS pixels from the host's left
 * @param y CSS pixels from the host's top
 * @param reach how far off (CSS pixels) a thin thing is still met: 4 for a mouse, 12 for a finger
 */
export function hitTest(scene: Scene, x: number, y: number, reach = 4): Hit {
  const plot = plotOf(scene);
  const flag = flagBox(scene);
  const bar = scrollbarOf(scene);
  const ordinal = scene.scale.ordinalAt(x);
  const base = { item: null, track: -1, ordinal, part: null, onPlayhead: false, count: 1 } as const;
  if (y < scene.axisHeight) {
    if (x < plot.left && !(flag && x >= flag.left)) return { ...base, region: 'corner' };
    return { ...base, region: 'axis', onPlayhead: flag !== null && x >= flag.left - reach && x <= flag.right + reach };
  }
  if (bar && x >= bar.x - 2) return { ...base, region: 'scrollbar' };

  const contentY = y - scene.axisHeight + scene.scrollTop;
  const at = rowAt(scene.layout, contentY);
  const row = scene.layout.rows[at];
  if (x < plot.left) {
    if (!row) return { ...base, region: 'header' };
    const actions = row.kind !== 'child' && x > plot.left - 26;
    const part = row.foldable && x < 18 ? 'fold' : actions ? 'actions' : 'name';
    return { ...base, region: 'header', track: row.track, item: { kind: 'track', track: row.track }, part };
  }

  const onPlayhead = flag !== null && Math.abs(x - flag.x) <= reach;
  if (!row) return { ...base, region: 'plot', onPlayhead };
  const mark = markAt(scene, row.strips, x, y, reach);
  if (mark) {
    const item: Item = { kind: 'instant', index: mark.instant };
    const track = scene.index.timeline.instants.track[mark.instant]!;
    return { ...base, region: 'plot', item, track, onPlayhead, count: mark.count };
  }
  // An arrow lies over the bars and is thin: it wins only close by.
  const flow = flowAt(scene, x, y, Math.min(reach, 6) * 0.75);
  if (flow >= 0) return { ...base, region: 'plot', item: { kind: 'flow', index: flow }, track: row.track, onPlayhead };
  const strip = stripAt(row.strips, contentY, reach);
  if (!strip) return { ...base, region: 'plot', track: row.track, onPlayhead };
  const slice = sliceUnder(scene.index, strip.lane, scene.scale, x, reach);
  const hidden = scene.reveal !== null && slice >= 0 && scene.index.timeline.slices.start[slice]! >= scene.reveal;
  const item: Item | null = slice >= 0 && !hidden ? { kind: 'slice', index: slice } : null;
  return { ...base, region: 'plot', item, track: strip.track, onPlayhead };
}

/** The strip at a height, or the nearest one within reach. */
function stripAt(strips: readonly Strip[], contentY: number, reach: number): Strip | null {
  let best: Strip | null = null;
  let bestOff = Infinity;
  for (const strip of strips) {
    const off = Math.max(strip.y - contentY, contentY - strip.y - strip.height, 0);
    if (off <= Math.min(reach, 5) && off < bestOff) {
      best = strip;
      bestOff = off;
    }
  }
  return best;
}

function markAt(scene: Scene, strips: readonly Strip[], x: number, y: number, reach: number): Placed | null {
  const shown = strips.map((strip) => ({ strip, y: strip.y - scene.scrollTop + scene.axisHeight }));
  placer.place(scene, shown);
  let best: Placed | null = null;
  let bestOff = Infinity;
  for (const p of placer.placed) {
    const half = Math.max(p.radius, 2);
    const off = Math.hypot(Math.max(0, Math.abs(x - p.x) - half), Math.max(0, Math.abs(y - p.y) - Math.max(half, 3)));
    // Louder first where two are equally near: `placed` is by position, marks by loudness ascend.
    if (off <= reach / 2 && (off < bestOff || (off === bestOff && best !== null && p.mark < best.mark))) {
      best = p;
      bestOff = off;
    }
  }
  return best;
}

function flowAt(scene: Scene, x: number, y: number, reach: number): number {
  let best = -1;
  let bestOff = reach;
  for (const flow of visibleFlows(scene).flows) {
    const curve = curveOf(scene, flow);
    if (!curve) continue;
    const loX = Math.min(curve.x0, curve.x1) - curve.bow - reach;
    const hiX = Math.max(curve.x0, curve.x1) + curve.bow + reach;
    if (x < loX || x > hiX || y < Math.min(curve.y0, curve.y1) - reach || y > Math.max(curve.y0, curve.y1) + reach)
      continue;
    let [px, py] = [curve.x0, curve.y0];
    for (let i = 1; i <= 24; i++) {
      const [qx, qy] = pointOn(curve, i / 24);
      const off = segmentDistance(x, y, px, py, qx, qy);
      if (off < bestOff) {
        bestOff = off;
        best = flow;
      }
      [px, py] = [qx, qy];
    }
  }
  return best;
}

function segmentDistance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
