/** The real surface: a 2D canvas, its hatch patterns, and the off-screen picture for lanes that are too busy for shapes. */
import type { LookStyle, Theme } from './palette';
import type { Fill, Hatches, Raster } from './pen';

/** Distance of hatch lines along an axis, CSS pixels. */
const PERIOD = 7;

class PatternHatches implements Hatches {
  readonly #fills: Fill[];
  readonly #size: number;
  readonly #dpr: number;

  constructor(ctx: CanvasRenderingContext2D, theme: Theme, dpr: number) {
    this.#dpr = dpr;
    this.#size = Math.max(4, Math.round(PERIOD * dpr));
    this.#fills = theme.looks.map((style) => this.#pattern(ctx, style));
  }

  #pattern(ctx: CanvasRenderingContext2D, style: LookStyle): Fill {
    if (!style.hatch) return '';
    const size = this.#size;
    const tile = document.createElement('canvas');
    tile.width = tile.height = size;
    const pen = tile.getContext('2d')!;
    pen.strokeStyle = style.hatch.colour;
    pen.globalAlpha = style.fill === '' ? 1 : 0.62;
    pen.lineWidth = size * 0.24;
    pen.beginPath();
    // Three parallels, so that the tile's corners join with its neighbours.
    for (const shift of [-size, 0, size]) {
      if (style.hatch.lean === 'rise') {
        pen.moveTo(shift - size, 2 * size);
        pen.lineTo(shift + 2 * size, -size);
      } else {
        pen.moveTo(shift - size, -size);
        pen.lineTo(shift + 2 * size, 2 * size);
      }
    }
    pen.stroke();
    return ctx.createPattern(tile, 'repeat') ?? '';
  }

  lines(look: number): Fill {
    return this.#fills[look] ?? '';
  }

  moveTo(x: number, y: number): void {
    const period = this.#size / this.#dpr;
    const matrix = new DOMMatrix([1 / this.#dpr, 0, 0, 1 / this.#dpr, x % period, y % period]);
    for (const fill of this.#fills) if (typeof fill !== 'string') fill.setTransform(matrix);
  }
}

class CanvasRaster implements Raster {
  readonly #target: CanvasRenderingContext2D;
  readonly #canvas = document.createElement('canvas');
  readonly #ctx = this.#canvas.getContext('2d')!;
  #image = new ImageData(1, 1);
  #words = new Uint32Array(this.#image.data.buffer);
  #columns = 0;
  #lines = 0;

  constructor(target: CanvasRenderingContext2D) {
    this.#target = target;
  }

  reset(): void {
    this.#lines = 0;
  }

  line(columns: number): Uint32Array {
    const capacity = this.#image.height;
    if (columns !== this.#image.width || this.#lines === capacity) this.#grow(columns, Math.max(32, this.#lines * 2));
    this.#columns = columns;
    const from = this.#lines++ * columns;
    return this.#words.subarray(from, from + columns).fill(0);
  }

  #grow(columns: number, lines: number): void {
    const old = this.#words;
    const keep = columns === this.#image.width ? this.#lines * columns : 0;
    this.#image = new ImageData(columns, lines);
    this.#words = new Uint32Array(this.#image.data.buffer);
    this.#words.set(old.subarray(0, keep));
    this.#canvas.width = columns;
    this.#canvas.height = lines;
  }

  flush(): void {
    if (this.#lines > 0) this.#ctx.putImageData(this.#image, 0, 0, 0, 0, this.#columns, this.#lines);
  }

  draw(n: number, x: number, y: number, width: number, height: number): void {
    this.#target.imageSmoothingEnabled = false;
    this.#target.drawImage(this.#canvas, 0, n, this.#columns, 1, x, y, width, height);
  }
}

/** A canvas as a surface. Hatches are made again when theme or pixel ratio change. */
export class CanvasSurface {
  readonly pen: CanvasRenderingContext2D;
  readonly raster: Raster;
  hatches: Hatches;

  constructor(canvas: HTMLCanvasElement, theme: Theme, dpr: number) {
    const pen = canvas.getContext('2d', { alpha: false });
    if (!pen) throw new Error('this browser has no 2D canvas');
    this.pen = pen;
    this.raster = new CanvasRaster(pen);
    this.hatches = new PatternHatches(pen, theme, dpr);
  }

  restyle(theme: Theme, dpr: number): void {
    this.hatches = new PatternHatches(this.pen, theme, dpr);
  }

  /** Width of a text in CSS pixels. */
  measure(text: string, font: string): number {
    this.pen.font = font;
    return this.pen.measureText(text).width;
  }
}
