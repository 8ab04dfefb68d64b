/** Painters that come only when something is laid over the picture: the first picture does without. */
import type { Shown } from './draw-bars';
import type { Scene, Surface } from './scene';

export interface Extras {
  /** Over the bars, under words and marks. */
  readonly overBars: (scene: Scene, surface: Surface, shown: readonly Shown[]) => void;
  /** Over the marks. */
  readonly overMarks: (scene: Scene, surface: Surface, shown: readonly Shown[]) => void;
  /** Over the axis. */
  readonly overAxis: (scene: Scene, surface: Surface) => void;
}

/** Filled by `draw-extras.ts` when it is loaded. */
export const extras: { painters: Extras | null } = { painters: null };
