/** What the lanes need of a 2D canvas. A test gives a recorder instead and asks what was drawn. */

export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'save'
  | 'restore'
  | 'setTransform'
  | 'beginPath'
  | 'rect'
  | 'roundRect'
  | 'arc'
  | 'moveTo'
  | 'lineTo'
  | 'bezierCurveTo'
  | 'closePath'
  | 'clip'
  | 'fill'
  | 'stroke'
  | 'fillRect'
  | 'strokeRect'
  | 'fillText'
  | 'setLineDash'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
>;

export type Fill = string | CanvasPattern;

/** Hatches as fills; a canvas makes patterns of them, a test names. */
export interface Hatches {
  /** The fill that draws only the lines of a look's hatch, '' where it has none. */
  lines(look: number): Fill;
  /** Lets the hatch travel with what it lies on. CSS pixels. */
  moveTo(x: number, y: number): void;
}

/** Many narrow slices as one picture: each busy strip is a line of pixels, stretched to the strip's height. */
export interface Raster {
  /** Takes a line `columns` device pixels wide, to be filled with `rgbaWord`s; it is clear at first. */
  line(columns: number): Uint32Array;
  /** Sends the lines taken so far to the picture, once per frame. */
  flush(): void;
  /** Draws line n (in the order taken) at a place. CSS pixels. */
  draw(n: number, x: number, y: number, width: number, height: number): void;
  /** Forgets all lines: a new frame. */
  reset(): void;
}

export type Measure = (text: string, font: string) => number;
