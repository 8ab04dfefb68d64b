/** A canvas that remembers instead of drawing, so that a test in Node can ask what was drawn and where. */
import { LaneIndex } from '../lane-index';
import { Ruler } from '../labels';
import { layOut, type Density } from '../layout';
import { NO_OVERLAY } from '../overlay';
import { themes } from '../palette';
import type { Pen } from '../pen';
import { XScale, type Axis } from '../scale';
import type { Scene, Surface } from '../scene';
import type { Timeline } from '../../timeline/columns';

export interface DrawnText {
  readonly text: string;
  /** Left and right edge, and the middle of the line. CSS pixels. */
  readonly left: number;
  readonly right: number;
  readonly y: number;
  readonly font: string;
  readonly colour: string;
}
export interface DrawnRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: string;
}
export interface DrawnPath {
  readonly op: 'fill' | 'stroke';
  readonly style: string;
  readonly points: readonly (readonly [number, number])[];
  readonly arcs: readonly { readonly x: number; readonly y: number; readonly r: number }[];
}

/** Every letter is 6 px wide: exact, and wider than a real face would be. */
export const letterWidth = 6;
export const measure = (text: string): number => text.length * letterWidth;

/** The least a mock of the pen must do; colours are kept as they are when something is drawn. */
export class Recorder {
  readonly texts: DrawnText[] = [];
  readonly rects: DrawnRect[] = [];
  readonly paths: DrawnPath[] = [];
  readonly rasterLines: Uint32Array[] = [];
  readonly rasterDraws: { n: number; x: number; y: number; width: number; height: number }[] = [];
  calls = 0;

  readonly surface: Surface;

  constructor() {
    let points: [number, number][] = [];
    let arcs: { x: number; y: number; r: number }[] = [];
    const state = { fillStyle: '', strokeStyle: '', font: '', textAlign: 'left' };
    const styles = state as unknown as Pen;
    const count = (): void => {
      this.calls++;
    };
    const pen: Record<string, unknown> = {
      beginPath: () => {
        points = [];
        arcs = [];
      },
      moveTo: (x: number, y: number) => points.push([x, y]),
      lineTo: (x: number, y: number) => points.push([x, y]),
      bezierCurveTo: (_a: number, _b: number, _c: number, _d: number, x: number, y: number) => points.push([x, y]),
      rect: (x: number, y: number, w: number, h: number) => points.push([x, y], [x + w, y + h]),
      roundRect: (x: number, y: number, w: number, h: number) => points.push([x, y], [x + w, y + h]),
      arc: (x: number, y: number, r: number) => arcs.push({ x, y, r }),
      fill: () => {
        count();
        this.paths.push({ op: 'fill', style: state.fillStyle, points: [...points], arcs: [...arcs] });
      },
      stroke: () => {
        count();
        this.paths.push({ op: 'stroke', style: state.strokeStyle, points: [...points], arcs: [...arcs] });
      },
      fillRect: (x: number, y: number, width: number, height: number) => {
        count();
        this.rects.push({ x, y, width, height, fill: state.fillStyle });
      },
      strokeRect: count,
      fillText: (text: string, x: number, y: number) => {
        count();
        const width = measure(text);
        const left = state.textAlign === 'center' ? x - width / 2 : x;
        this.texts.push({ text, left, right: left + width, y, font: state.font, colour: state.fillStyle });
      },
    };
    for (const name of ['save', 'restore', 'setTransform', 'closePath', 'clip', 'setLineDash']) pen[name] = () => {};
    for (const name of ['fillStyle', 'strokeStyle', 'font', 'textAlign'] as const) {
      Object.defineProperty(pen, name, {
        get: () => styles[name],
        set: (value: string) => {
          state[name] = value;
        },
      });
    }
    let taken = 0;
    this.surface = {
      pen: pen as unknown as Pen,
      hatches: { lines: (look) => `hatch:${look}`, moveTo: () => {} },
      raster: {
        reset: () => {
          taken = 0;
          this.rasterLines.length = 0;
          this.rasterDraws.length = 0;
        },
        line: (columns) => (this.rasterLines[taken++] = new Uint32Array(columns)),
        flush: () => {},
        draw: (n, x, y, width, height) => {
          count();
          this.rasterDraws.push({ n, x, y, width, height });
        },
      },
    };
  }
}

export interface SceneSpec {
  readonly timeline: Timeline;
  readonly width?: number;
  readonly height?: number;
  readonly dpr?: number;
  readonly axis?: Axis;
  readonly unfolded?: readonly number[];
  readonly density?: Density;
  /** A part of the whole: where it begins (0..1) and how many times it is enlarged. */
  readonly from?: number;
  readonly zoom?: number;
}

/** A scene without a view around it. Tasks and locks are shown. */
export function sceneOf(spec: SceneSpec, more: Partial<Scene> = {}): Scene {
  const { timeline, width = 800, height = 600, axis = 'steps' } = spec;
  const index = new LaneIndex(timeline);
  const headerWidth = 120;
  const layout = layOut(index, {
    unfolded: new Set(spec.unfolded ?? []),
    hidden: () => false,
    density: spec.density ?? 'roomy',
  });
  const whole = XScale.fit(timeline, axis, headerWidth, width);
  const span = (whole.end - whole.start) / (spec.zoom ?? 1);
  const start = whole.start + (spec.from ?? 0) * (whole.end - whole.start);
  return {
    width,
    height,
    dpr: spec.dpr ?? 1,
    theme: themes.light,
    index,
    layout,
    scale: whole.withDomain(start, start + span),
    headerWidth,
    axisHeight: 26,
    scrollTop: 0,
    playhead: null,
    reveal: null,
    hover: null,
    hoverHeader: -1,
    selection: null,
    interest: new Set(),
    overlay: NO_OVERLAY,
    ruler: new Ruler(measure),
    ...more,
  };
}
