/** What is around the lanes: ground and grid, the header column, the axis with the playhead, the scrollbar. */
import { Look, type Ordinal, type TrackId } from '../timeline/columns';
import type { Ruler } from './labels';
import type { LaneIndex } from './lane-index';
import { rowsBetween, type Row } from './layout';
import { rulerHeight } from './overlay';
import { lookOfLoudness } from './palette';
import { axisUnit, durationText, stepText, ticksOf, timeText, type Tick } from './scale';
import { font, plotOf, trackOf, type Scene, type Surface } from './scene';

/** Rows on the screen, with their top in CSS pixels from the host's top. */
export function shownRows(scene: Scene): { readonly row: Row; readonly y: number }[] {
  const { layout, scrollTop, axisHeight, height } = scene;
  const [first, end] = rowsBetween(layout, scrollTop, scrollTop + height - axisHeight);
  return layout.rows.slice(first, end).map((row) => ({ row, y: row.y - scrollTop + axisHeight }));
}

/** The state of a track at an ordinal: its slice there. */
export function stateAt(scene: Scene, track: TrackId, ordinal: Ordinal): { text: string; look: number } | null {
  const { index } = scene;
  const last = Math.max(0, index.timeline.length - 1);
  const slice = index.sliceAt(index.lane(track, 0), Math.min(last, Math.max(0, Math.floor(ordinal))));
  if (slice < 0) return null;
  const { name, look } = index.timeline.slices;
  return { text: index.timeline.strings[name[slice]!]!, look: look[slice]! };
}

/** Is a row one that is lit: of interest, or of the group of the selected thing? */
function isLit(scene: Scene, row: Row): boolean {
  const group = row.group >= 0 ? scene.layout.rows[row.group]!.track : row.track;
  return scene.interest.has(group) || scene.interest.has(row.track);
}

/** Ground, lit rows, grid. */
export function paintGround(scene: Scene, { pen }: Surface, ticks: readonly Tick[]): void {
  const { theme, width, height } = scene;
  pen.fillStyle = theme.ground;
  pen.fillRect(0, 0, width, height);
  const rows = shownRows(scene);
  for (const { row, y } of rows) {
    if (!isLit(scene, row)) continue;
    pen.fillStyle = theme.lit;
    const last = row.group >= 0 || !row.foldable || row.folded ? 0 : 8;
    pen.fillRect(0, y, width, row.height + last);
  }
  if (scene.selection !== null) {
    const at = scene.layout.rowOf[trackOf(scene.index, scene.selection)]!;
    for (const { row, y } of rows) {
      if (scene.layout.rows[at] !== row) continue;
      pen.fillStyle = theme.selected;
      pen.globalAlpha = 0.6;
      pen.fillRect(0, y, width, row.height);
      pen.globalAlpha = 1;
    }
  }
  const plot = plotOf(scene);
  pen.fillStyle = theme.line;
  for (const tick of ticks) {
    if (tick.x >= plot.left) pen.fillRect(Math.round(tick.x), plot.top, 1, plot.bottom - plot.top);
  }
  for (const { row, y } of rows) if (row.divider) pen.fillRect(0, Math.round(y - 4), width, 1);
}

/** Names and states, left of the lanes. */
export function paintHeaders(scene: Scene, { pen }: Surface): void {
  const { theme, headerWidth, axisHeight, height, ruler } = scene;
  pen.save();
  pen.beginPath();
  pen.rect(0, axisHeight, headerWidth, height - axisHeight);
  pen.clip();
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const { row, y } of shownRows(scene)) {
    const hovered = scene.hoverHeader === row.track;
    const actions = hovered && row.kind !== 'child' ? 20 : 0;
    const room = headerWidth - 8 - actions;
    if (row.foldable) paintChevron(scene, pen, row, y, hovered);
    const { side } = scene.index.timeline.tracks[row.track]!;
    const x = HEADER_LEFT + (side === undefined || row.kind === 'child' ? 0 : BADGE + 5);
    if (row.kind === 'child' || row.kind === 'small') {
      const middle = row.strips[0] ? row.strips[0].y - row.y + row.strips[0].height / 2 : row.height / 2;
      pen.font = font.state;
      pen.fillStyle = theme.dim;
      pen.fillText(ruler.clip(row.title, font.state, room - x), x, y + middle + 0.5);
      if (x > HEADER_LEFT) paintBadge(scene, pen, side as 0 | 1, y + middle);
      continue;
    }
    const state = scene.playhead === null ? null : stateAt(scene, row.track, Math.ceil(scene.playhead));
    const loud = state === null ? theme.dim : stateColour(scene, state.look);
    pen.fillStyle = theme.ink;
    const nameFont = row.oneLine ? font.nameSmall : font.name;
    const name = ruler.clip(row.title, nameFont, room - x);
    pen.font = nameFont;
    if (row.oneLine) {
      const middle = y + row.strips[0]!.y - row.y + row.strips[0]!.height / 2 + 0.5;
      pen.fillText(name, x, middle);
      const used = x + ruler.width(name, nameFont) + 8;
      const text = state === null ? '' : ruler.fit(state.text, font.state, room - used);
      pen.font = font.state;
      pen.fillStyle = loud;
      pen.fillText(text, used, middle);
    } else {
      pen.fillText(name, x, y + 13.5);
      if (state !== null) {
        pen.font = font.state;
        pen.fillStyle = loud;
        pen.fillText(ruler.clip(state.text, font.state, headerWidth - 4 - x), x, y + 30);
      }
    }
    if (x > HEADER_LEFT)
      paintBadge(
        scene,
        pen,
        side as 0 | 1,
        row.oneLine ? y + row.strips[0]!.y - row.y + row.strips[0]!.height / 2 : y + 13.5,
      );
    if (actions > 0) {
      pen.fillStyle = theme.dim;
      const middle = row.oneLine ? y + row.height / 2 : y + 14;
      for (const dx of [-5, 0, 5]) {
        pen.beginPath();
        pen.arc(headerWidth - 14 + dx, middle, 1.4, 0, 2 * Math.PI);
        pen.fill();
      }
    }
  }
  pen.restore();
  pen.fillStyle = theme.line;
  pen.fillRect(headerWidth - 1, axisHeight, 1, height - axisHeight);
}

const HEADER_LEFT = 18;
const BADGE = 14;

/** Which of two timelines a row is of: A is hollow, B is full. */
function paintBadge({ theme }: Scene, pen: Surface['pen'], side: 0 | 1, middle: number): void {
  pen.beginPath();
  pen.roundRect(HEADER_LEFT + 0.5, middle - 6.5, BADGE - 1, 13, 3);
  pen.fillStyle = side === 0 ? theme.ground : theme.dim;
  pen.fill();
  pen.strokeStyle = theme.dim;
  pen.lineWidth = 1;
  pen.stroke();
  pen.font = font.count;
  pen.textAlign = 'center';
  pen.fillStyle = side === 0 ? theme.dim : theme.ground;
  pen.fillText(side === 0 ? 'A' : 'B', HEADER_LEFT + BADGE / 2, middle + 0.5);
  pen.textAlign = 'left';
}

/** How wide the header column must be for no name and no state of a CPU or vCPU to be cut, CSS pixels. */
export function widestHeader(index: LaneIndex, ruler: Ruler): number {
  const { tracks, slices, strings } = index.timeline;
  const states = new Set<number>();
  let widest = 0;
  tracks.forEach(({ kind, name }, t) => {
    if (kind !== 'cpu' && kind !== 'vcpu') return;
    widest = Math.max(widest, ruler.width(name, font.name));
    const lane = index.lane(t, 0);
    // The names of states are few; of a lane with thousands of slices the first ones have them all.
    if (lane < 0) return;
    const from = index.laneSlice[lane]!;
    for (let i = from; i < Math.min(from + 500, index.laneSlice[lane + 1]!); i++) states.add(slices.name[i]!);
  });
  for (const id of states) widest = Math.max(widest, ruler.width(strings[id]!, font.state));
  return Math.ceil(widest) + HEADER_LEFT + 8 + (index.timeline.sides ? BADGE + 5 : 0);
}

function stateColour(scene: Scene, look: number): string {
  if (look === Look.oops) return scene.theme.alarm;
  return look === Look.fail || look === Look.lie || look === Look.refused ? scene.theme.warn : scene.theme.dim;
}

function paintChevron(scene: Scene, pen: Surface['pen'], row: Row, y: number, hovered: boolean): void {
  const cx = 9;
  const cy = row.oneLine ? y + row.strips[0]!.y - row.y + row.strips[0]!.height / 2 : y + 13.5;
  pen.strokeStyle = hovered ? scene.theme.ink : scene.theme.faint;
  pen.lineWidth = 1.4;
  pen.beginPath();
  if (row.folded) {
    pen.moveTo(cx - 1.5, cy - 3.5);
    pen.lineTo(cx + 2, cy);
    pen.lineTo(cx - 1.5, cy + 3.5);
  } else {
    pen.moveTo(cx - 3.5, cy - 1.5);
    pen.lineTo(cx, cy + 2);
    pen.lineTo(cx + 3.5, cy - 1.5);
  }
  pen.stroke();
}

/** Ticks of the frame, measured in the axis' face. */
export function ticks(scene: Scene): Tick[] {
  return ticksOf(scene.scale, (text) => scene.ruler.width(text, font.axis));
}

/** What the playhead's flag says. In a run it tells of the step that is done: its number, or when it began. */
export function flagText(scene: Scene): string {
  const { scale, playhead } = scene;
  if (playhead === null) return '';
  if (scale.axis === 'steps') return stepText(Math.floor(playhead));
  const { timeline } = scale;
  // Between two steps time is what passes.
  if (!Number.isInteger(playhead)) return durationText(scale.unitAt(scale.x(playhead)));
  if (timeline.source === 'run') return durationText(timeline.timeUs[Math.max(0, Math.floor(playhead) - 1)] ?? 0);
  return timeText(timeline, scale.unitAt(scale.x(playhead)), Math.max(1, 2 / scale.k), false);
}

/** The flag's box on the axis, or null where the playhead is out of view. CSS pixels. */
export function flagBox(scene: Scene): { x: number; left: number; right: number } | null {
  if (scene.playhead === null) return null;
  const x = scene.scale.x(scene.playhead);
  const plot = plotOf(scene);
  if (x < plot.left - 0.5 || x > plot.right + 0.5) return null;
  const half = Math.max(13, scene.ruler.width(flagText(scene), font.flag) / 2 + 7);
  const left = Math.min(Math.max(x - half, plot.left), Math.max(plot.left, scene.width - 2 * half));
  return { x, left, right: left + 2 * half };
}

/** The playhead through the lanes: over bars and words, but under an oops that strikes just there. */
export function paintPlayhead(scene: Scene, { pen }: Surface): void {
  const flag = flagBox(scene);
  if (flag) paintLine(scene, pen, flag.x, scene.axisHeight, scene.height);
}

/** Where two timelines part: a dashed line through the lanes. */
export function paintParting(scene: Scene, { pen }: Surface): void {
  const { parting } = scene.index.timeline;
  if (parting === undefined || (scene.reveal !== null && parting > scene.reveal)) return;
  const x = Math.round(scene.scale.x(parting));
  pen.fillStyle = scene.theme.ink;
  for (let y = scene.axisHeight; y < scene.height; y += 9) pen.fillRect(x - 0.75, y, 1.5, 5);
}

function paintLine(scene: Scene, pen: Surface['pen'], x: number, top: number, bottom: number): void {
  pen.fillStyle = scene.theme.accent;
  pen.fillRect(Math.round(x * scene.dpr) / scene.dpr - 0.75, top, 1.5, bottom - top);
}

/** The axis over the lanes, with the playhead's flag. */
export function paintAxis(scene: Scene, { pen }: Surface, marks: readonly Tick[]): void {
  const { theme, width, axisHeight, ruler } = scene;
  const plot = plotOf(scene);
  const flag = flagBox(scene);
  /** The axis has a second line where marks are. */
  const first = axisHeight - rulerHeight(scene.overlay);
  const middle = first / 2;
  pen.fillStyle = theme.ground;
  pen.fillRect(0, 0, width, axisHeight);
  pen.fillStyle = theme.dim;
  pen.font = font.axis;
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  pen.fillText(ruler.fit(axisUnit(scene.scale), font.axis, scene.headerWidth - 22), HEADER_LEFT, middle);
  pen.textAlign = 'center';
  for (const tick of marks) {
    const half = ruler.width(tick.text, font.axis) / 2;
    // Not half out of the view, and not under the flag.
    if (tick.x - half < plot.left - 8 || tick.x + half > width - 2) continue;
    if (flag && tick.x + half + 4 > flag.left && tick.x - half - 4 < flag.right) continue;
    pen.fillText(tick.text, tick.x, middle);
  }
  pen.fillStyle = theme.line;
  pen.fillRect(0, axisHeight - 1, width, 1);
  if (flag) {
    pen.fillStyle = theme.accent;
    pen.beginPath();
    pen.roundRect(flag.left, 3, flag.right - flag.left, first - 7, 8);
    pen.fill();
    paintLine(scene, pen, flag.x, first - 4, axisHeight);
    pen.fillStyle = theme.accentInk;
    pen.font = font.flag;
    pen.fillText(flagText(scene), (flag.left + flag.right) / 2, middle - 0.5);
  }
}

/** The scrollbar's track and thumb, or null where everything fits. CSS pixels. */
export function scrollbarOf(
  scene: Scene,
): { x: number; top: number; height: number; thumbTop: number; thumb: number } | null {
  const view = scene.height - scene.axisHeight;
  const { height } = scene.layout;
  if (height <= view) return null;
  const thumb = Math.max(24, (view * view) / height);
  const thumbTop = scene.axisHeight + ((view - thumb) * scene.scrollTop) / (height - view);
  return { x: scene.width - 10, top: scene.axisHeight, height: view, thumbTop, thumb };
}

/** The scrollbar, with a tick at every row that has a failure or an oops in it. */
export function paintScrollbar(scene: Scene, { pen }: Surface): void {
  const bar = scrollbarOf(scene);
  if (!bar) return;
  const { theme, layout } = scene;
  pen.fillStyle = theme.ground;
  pen.fillRect(bar.x - 2, bar.top, 12, bar.height);
  pen.fillStyle = theme.faint;
  pen.globalAlpha = 0.45;
  pen.beginPath();
  pen.roundRect(bar.x + 1, bar.thumbTop + 1, 6, bar.thumb - 2, 3);
  pen.fill();
  pen.globalAlpha = 1;
  // Quieter ones first, so that an oops among a hundred failures is on top.
  for (const look of [Look.lie, Look.fail, Look.oops]) {
    pen.fillStyle = theme.looks[look]!.fill;
    for (let i = 0; i < layout.loud.length; i += 2) {
      if (lookOfLoudness[layout.loud[i + 1]!] !== look) continue;
      pen.fillRect(bar.x, bar.top + (layout.loud[i]! / layout.height) * bar.height - 1, 8, look === Look.oops ? 3 : 2);
    }
  }
}
