/**
 * Arrows from lane to lane. An interrupt is a thin blue curve, a migration a strong one, a wakeup a dotted one. They leave a lane
 * to the right and arrive from the left, so that the direction is seen without the head.
 */
import { FlowKind } from '../timeline/columns';
import { lowerBound } from './search';
import { trackOf, spanOf, plotOf, type Scene, type Surface } from './scene';

/** More than this on the screen is a scribble: then only those next to the playhead and of the selection are drawn. */
const MOST = 120;
const NEAR = 24;

/** An arrow's ends and control points, CSS pixels. */
export interface Curve {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  /** How far the control points are from their ends. */
  readonly bow: number;
}

/** Where an arrow is, or null where one of its lanes is hidden or both ends are on one strip. */
export function curveOf(scene: Scene, flow: number): Curve | null {
  const { flows } = scene.index.timeline;
  const { top, bottom, interrupts } = scene.layout;
  const from = flows.fromTrack[flow]!;
  const to = flows.toTrack[flow]!;
  const dy = scene.axisHeight - scene.scrollTop;
  const y0 = (top[from]! + bottom[from]!) / 2 + dy;
  // An IPI ends where its handler is drawn, not at the task that it interrupts.
  const handler = flows.kind[flow] === FlowKind.ipi ? interrupts[to]! : NaN;
  const y1 = (Number.isNaN(handler) ? (top[to]! + bottom[to]!) / 2 : handler) + dy;
  if (Number.isNaN(y0) || Number.isNaN(y1) || y0 === y1 || from === to) return null;
  const x0 = scene.scale.x(flows.start[flow]!);
  const x1 = scene.scale.x(flows.end[flow]!);
  const bow = Math.max(10, Math.min(Math.abs(x1 - x0) / 2, 60), Math.min(26, Math.abs(y1 - y0) / 4));
  return { x0, y0, x1, y1, bow };
}

/** Point at t (0..1) of a curve. */
export function pointOn(curve: Curve, t: number): [number, number] {
  const { x0, y0, x1, y1, bow } = curve;
  const s = 1 - t;
  const a = s * s * s;
  const b = 3 * s * s * t;
  const c = 3 * s * t * t;
  const d = t * t * t;
  return [a * x0 + b * (x0 + bow) + c * (x1 - bow) + d * x1, (a + b) * y0 + (c + d) * y1];
}

/** The arrows of a frame, and whether some were left out. */
export function visibleFlows(scene: Scene): { readonly flows: readonly number[]; readonly faded: boolean } {
  const { scale, index, reveal } = scene;
  const { flows } = index.timeline;
  const plot = plotOf(scene);
  const [first, last] = scale.ordinals();
  const limit = reveal === null ? Infinity : reveal;
  const seen = (flow: number): boolean => {
    if (flows.end[flow]! > limit) return false;
    const c = curveOf(scene, flow);
    // An arrow that only passes by, from above the view to below it, says nothing here.
    const inView = (y: number): boolean => y >= plot.top && y <= plot.bottom;
    return c !== null && (inView(c.y0) || inView(c.y1));
  };
  const all: number[] = [];
  let tried = 0;
  index.flowsIn(first, last, (flow) => {
    if (seen(flow)) all.push(flow);
    return ++tried < MOST * 8 && all.length <= MOST;
  });
  if (all.length <= MOST && tried < MOST * 8) return { flows: all, faded: all.length > NEAR * 2 };

  // Too many: the few next to the playhead, and those of what is selected.
  const chosen = new Set<number>();
  if (scene.playhead !== null && scene.playhead >= first && scene.playhead <= last) {
    const at = lowerBound(flows.start, 0, flows.length, Math.floor(scene.playhead) + 1);
    for (const [from, direction, wanted] of [
      [at - 1, -1, 4],
      [at, 1, 2],
    ] as const) {
      let found = 0;
      for (let i = from; i >= 0 && i < flows.length && Math.abs(i - from) < MOST && found < wanted; i += direction) {
        if (!seen(i)) continue;
        chosen.add(i);
        found++;
      }
    }
  }
  if (scene.selection !== null && scene.selection.kind !== 'track') {
    const [a, b] = spanOf(index, scene.selection);
    const own = trackOf(index, scene.selection);
    let found = 0;
    let looked = 0;
    index.flowsIn(Math.max(first, a - 1), Math.min(last, b + 1), (flow) => {
      if ((flows.fromTrack[flow] === own || flows.toTrack[flow] === own) && seen(flow)) {
        chosen.add(flow);
        found++;
      }
      return found < NEAR && ++looked < MOST * 8;
    });
  }
  return { flows: [...chosen], faded: false };
}

/** Draws the arrows; those of the selected or hovered item stand out. */
export function paintFlows(scene: Scene, surface: Surface): void {
  const { pen } = surface;
  const { theme, index, selection, hover } = scene;
  const { flows } = index.timeline;
  const { flows: visible, faded } = visibleFlows(scene);
  const lit = new Set<number>();
  for (const item of [selection, hover]) if (item?.kind === 'flow') lit.add(item.index);
  const focus = selection === null || selection.kind === 'flow' ? -1 : trackOf(index, selection);
  for (const flow of lit.size > 0 ? [...visible.filter((f) => !lit.has(f)), ...lit] : visible) {
    const curve = curveOf(scene, flow);
    if (!curve) continue;
    const kind = flows.kind[flow] as FlowKind;
    const strong = lit.has(flow);
    const related = flows.fromTrack[flow] === focus || flows.toTrack[flow] === focus;
    const colour = kind === FlowKind.migration ? theme.migration : kind === FlowKind.ipi ? theme.ipi : theme.faint;
    const out = scene.index.kept !== null && scene.index.kept.flows[flow] !== 1 && !strong;
    pen.globalAlpha = out ? 0.12 : strong || related || !faded ? 1 : kind === FlowKind.migration ? 0.7 : 0.35;
    pen.strokeStyle = colour;
    pen.lineWidth = (kind === FlowKind.migration ? 1.75 : 1.1) + (strong ? 1 : 0);
    if (kind === FlowKind.wakeup) pen.setLineDash([2, 3]);
    const head = kind === FlowKind.migration ? 7 : 4.5;
    pen.beginPath();
    pen.moveTo(curve.x0, curve.y0);
    // The line ends inside the head, whose tip is on the lane.
    pen.bezierCurveTo(curve.x0 + curve.bow, curve.y0, curve.x1 - curve.bow, curve.y1, curve.x1 - head * 0.6, curve.y1);
    pen.stroke();
    if (kind === FlowKind.wakeup) pen.setLineDash([]);
    pen.fillStyle = colour;
    pen.beginPath();
    pen.moveTo(curve.x1, curve.y1);
    pen.lineTo(curve.x1 - head, curve.y1 - head * 0.5);
    pen.lineTo(curve.x1 - head, curve.y1 + head * 0.5);
    pen.closePath();
    pen.fill();
  }
  pen.globalAlpha = 1;
}
