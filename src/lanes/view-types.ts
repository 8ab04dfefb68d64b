/** What a page gives to the lanes and hears from them. */
import type { Ordinal, TrackId } from '../timeline/columns';
import type { Phase } from './gestures';
import type { Hit } from './hit';
import type { Density } from './layout';
import type { ThemeName } from './palette';
import type { Axis } from './scale';
import type { Item } from './scene';

export interface LanesOptions {
  readonly theme?: ThemeName;
  readonly axis?: Axis;
  /** Height of the axis and width of the header column, CSS pixels; the width follows the host's when not given. */
  readonly axisHeight?: number;
  readonly headerWidth?: number;
  /** One line or three per folded CPU; by the number of CPUs when not given. */
  readonly density?: Density;
  /** Which names open their actions when clicked; the others fold and unfold, as the sign beside every name does. */
  readonly opensActions?: (hit: Hit) => boolean;
  /** Which things can be dragged away, e.g. a vCPU to another CPU. Then `drag` tells where to. */
  readonly draggable?: (hit: Hit) => boolean;
}

export interface LanesEvents {
  /** The pointer is on something else, or left (`hit` null). Client coordinates, for a tooltip. */
  hover: { readonly hit: Hit | null; readonly clientX: number; readonly clientY: number };
  /** A click or a selection key; null where nothing is. */
  select: { readonly item: Item | null };
  /** The playhead was dragged, or the axis pressed. The view has moved it already. */
  seek: { readonly ordinal: Ordinal; readonly phase: Phase };
  fold: { readonly track: TrackId; readonly folded: boolean };
  /** The view shows another stretch: [first, last] ordinals, and CSS pixels scrolled down. */
  range: { readonly axis: Axis; readonly first: Ordinal; readonly last: Ordinal; readonly scrollTop: number };
  /** Right button, long press, or the actions of a header. */
  context: { readonly hit: Hit; readonly clientX: number; readonly clientY: number };
  drag: {
    readonly from: Hit;
    readonly to: Hit;
    readonly phase: Phase;
    readonly clientX: number;
    readonly clientY: number;
  };
}
