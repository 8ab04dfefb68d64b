/** All that a frame is drawn from. A plain value: the view makes it, the drawing functions and the hit test read it. */
import type { Ordinal, TrackId } from '../timeline/columns';
import type { Ruler } from './labels';
import type { LaneIndex } from './lane-index';
import type { Layout } from './layout';
import type { Overlay } from './overlay';
import type { Theme } from './palette';
import { fonts } from './palette';
import type { Hatches, Pen, Raster } from './pen';
import type { XScale } from './scale';

/** What can be pointed at and selected. Indices are into the timeline's columns. */
export type Item =
  | { readonly kind: 'slice'; readonly index: number }
  | { readonly kind: 'instant'; readonly index: number }
  | { readonly kind: 'flow'; readonly index: number }
  | { readonly kind: 'track'; readonly track: TrackId };

export const sameItem = (a: Item | null, b: Item | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.kind === b.kind &&
    (a.kind === 'track' ? a.track === (b as typeof a).track : a.index === (b as typeof a).index));

export interface Scene {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
  readonly theme: Theme;
  readonly index: LaneIndex;
  readonly layout: Layout;
  readonly scale: XScale;
  /** Width of the header column and height of the axis, CSS pixels. */
  readonly headerWidth: number;
  readonly axisHeight: number;
  /** CSS pixels of the content above the view. */
  readonly scrollTop: number;
  /** null draws none. */
  readonly playhead: number | null;
  readonly reveal: Ordinal | null;
  readonly hover: Item | null;
  /** Track whose header the pointer is on. */
  readonly hoverHeader: TrackId;
  readonly selection: Item | null;
  /** Groups or lanes that are lit. */
  readonly interest: ReadonlySet<TrackId>;
  readonly overlay: Overlay;
  readonly ruler: Ruler;
}

/** Where a scene is drawn to. */
export interface Surface {
  readonly pen: Pen;
  readonly hatches: Hatches;
  readonly raster: Raster;
}

export const font = {
  bar: `11px ${fonts.text}`,
  small: `10.5px ${fonts.text}`,
  mono: `10.5px ${fonts.mono}`,
  name: `600 13px ${fonts.text}`,
  nameSmall: `600 12px ${fonts.text}`,
  state: `11px ${fonts.text}`,
  axis: `11px ${fonts.text}`,
  flag: `600 11px ${fonts.text}`,
  bang: `700 13px ${fonts.text}`,
  bangSmall: `700 10px ${fonts.text}`,
  alarm: `700 11px ${fonts.text}`,
  count: `600 9.5px ${fonts.text}`,
} as const;

/** The part of the plot where rows are: right of the headers, under the axis. */
export function plotOf(scene: Scene): { left: number; top: number; right: number; bottom: number } {
  return { left: scene.headerWidth, top: scene.axisHeight, right: scene.scale.right, bottom: scene.height };
}

/** The track an item is on; for an arrow the one that it comes from. */
export function trackOf(index: LaneIndex, item: Item): TrackId {
  const { slices, instants, flows } = index.timeline;
  if (item.kind === 'slice') return slices.track[item.index]!;
  if (item.kind === 'instant') return instants.track[item.index]!;
  return item.kind === 'flow' ? flows.fromTrack[item.index]! : item.track;
}

/** When an item begins and ends; for a track the whole timeline. */
export function spanOf(index: LaneIndex, item: Item): [Ordinal, Ordinal] {
  const { slices, instants, flows, length } = index.timeline;
  if (item.kind === 'slice') return [slices.start[item.index]!, slices.end[item.index]!];
  if (item.kind === 'instant') return [instants.at[item.index]!, instants.at[item.index]!];
  return item.kind === 'flow' ? [flows.start[item.index]!, flows.end[item.index]!] : [0, length];
}
