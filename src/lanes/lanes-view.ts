/**
 * The lanes as one canvas in a host element. Knows no framework: the page calls methods and listens to events.
 *
 *     const view = new LanesView(host, { theme: 'light' });
 *     view.setTimeline(timeline);
 *     view.on('seek', ({ ordinal }) => player.seek(ordinal));
 *     view.setPlayhead(159);
 */
import type { Ordinal, Timeline, TrackId } from '../timeline/columns';
import { describeTimeline } from './describe';
import { scrollbarOf } from './draw-frame-parts';
import { FramePainter } from './draw';
import { Emitter } from './emitter';
import { emptyTimeline } from './empty';
import { Gestures, type GestureTarget, type Phase } from './gestures';
import { hitTest, type Hit } from './hit';
import { Ruler } from './labels';
import { LaneIndex } from './lane-index';
import { widestHeader } from './draw-frame-parts';
import { densityFor, layOut, type Density, type Layout } from './layout';
import { nearestSlice, stepInRows, stepInTime } from './navigate';
import { themes, type ThemeName } from './palette';
import { XScale, type Axis } from './scale';
import { sameItem, spanOf, trackOf, type Item, type Scene } from './scene';
import { CanvasSurface } from './surface';

export type { Axis } from './scale';
export type { Hit } from './hit';
export type { Item } from './scene';

export interface LanesOptions {
  readonly theme?: ThemeName;
  readonly axis?: Axis;
  /** Height of the axis and width of the header column, CSS pixels; the width follows the host's when not given. */
  readonly axisHeight?: number;
  readonly headerWidth?: number;
  /** One line or three per folded CPU; by the number of CPUs when not given. */
  readonly density?: Density;
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

/** A track's name across timelines: a run that was made again keeps its folds. */
const keyOf = (timeline: Timeline, track: TrackId): string => {
  const { kind, cpu, name } = timeline.tracks[track]!;
  return `${kind}/${cpu}/${name}`;
};

export class LanesView implements GestureTarget {
  readonly canvas: HTMLCanvasElement;
  readonly #host: HTMLElement;
  readonly #options: LanesOptions;
  readonly #events = new Emitter<LanesEvents>();
  readonly #surface: CanvasSurface;
  readonly #ruler: Ruler;
  readonly #painter = new FramePainter();
  readonly #gestures: Gestures;
  readonly #resized: ResizeObserver;
  #theme: ThemeName;
  #width = 1;
  #height = 1;
  #dpr = 0;
  #index = new LaneIndex(emptyTimeline);
  #layout: Layout;
  #scale: XScale;
  #scrollTop = 0;
  #playhead: number | null = null;
  #reveal: Ordinal | null = null;
  #hover: Item | null = null;
  #hoverHeader: TrackId = -1;
  #selection: Item | null = null;
  #interest: ReadonlySet<TrackId> = new Set();
  #unfolded = new Set<TrackId>();
  #shown: Record<string, boolean> = { task: false, lock: false, log: true };
  #frame = 0;
  #rangeChanged = false;
  /** Width of a header column in which no name and no state is cut, CSS pixels. */
  #widest = 0;

  /** @param host an element with a size of its own; the canvas fills it */
  constructor(host: HTMLElement, options: LanesOptions = {}) {
    this.#host = host;
    this.#options = options;
    this.#theme = options.theme ?? 'light';
    this.canvas = document.createElement('canvas');
    this.canvas.style.cssText = 'position:absolute;top:0;left:0;display:block';
    this.canvas.setAttribute('role', 'img');
    if (getComputedStyle(host).position === 'static') host.style.position = 'relative';
    host.append(this.canvas);
    this.#surface = new CanvasSurface(this.canvas, themes[this.#theme], 1);
    this.#ruler = new Ruler((text, font) => this.#surface.measure(text, font));
    this.#layout = layOut(this.#index, { unfolded: new Set(), hidden: () => false, density: 'roomy' });
    this.#scale = XScale.fit(emptyTimeline, options.axis ?? 'steps', 0, 1);
    this.#resize();
    this.#gestures = new Gestures(this.canvas, this);
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(host);
    window.addEventListener('resize', this.#onWindow);
  }

  /** Takes the canvas out and lets go of all listeners. */
  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = -1;
    this.#resized.disconnect();
    window.removeEventListener('resize', this.#onWindow);
    this.#gestures.destroy();
    this.#events.clear();
    this.canvas.remove();
  }

  /** Listens; returns the function that stops it. */
  on<K extends keyof LanesEvents>(event: K, listener: (value: LanesEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  // What is shown

  /** Shows a timeline. With `keepView` the stretch shown, the folds and the scroll stay (a run made again after an edit). */
  setTimeline(timeline: Timeline, { keepView = false } = {}): void {
    const old = this.#index.timeline;
    const unfolded = new Set([...this.#unfolded].map((t) => keyOf(old, t)));
    const interest = new Set([...this.#interest].map((t) => keyOf(old, t)));
    const whole = XScale.limits(old, this.axis, this.#scale.left, this.#scale.right);
    const wasWhole = this.#scale.start <= whole[0] && this.#scale.end >= whole[1];
    this.#index = new LaneIndex(timeline);
    const byKey = timeline.tracks.map((_, t) => keyOf(timeline, t));
    const kept = (keys: ReadonlySet<string>) => new Set(byKey.flatMap((key, t) => (keys.has(key) ? [t] : [])));
    this.#unfolded = kept(unfolded);
    this.#interest = kept(interest);
    this.#selection = this.#hover = null;
    this.#hoverHeader = -1;
    const { start, end, left, right } = this.#scale;
    this.#scale = XScale.fit(timeline, this.axis, left, right);
    if (keepView && !wasWhole && old.length > 0) this.#scale = this.#scale.withDomain(start, end);
    else if (!keepView) this.#scrollTop = 0;
    this.canvas.setAttribute('aria-label', describeTimeline(timeline));
    this.#widest = widestHeader(this.#index, this.#ruler);
    this.#relayout();
  }

  setTheme(theme: ThemeName): void {
    this.#theme = theme;
    this.#surface.restyle(themes[theme], this.#dpr);
    this.#dirty();
  }

  /** Steps or time; the playhead, if in view, keeps its place on the screen where the ends allow it. */
  setAxis(axis: Axis): void {
    if (axis !== this.axis) this.#setScale(this.#scale.switchAxis(axis, this.#playhead ?? 0));
  }

  get axis(): Axis {
    return this.#scale.axis;
  }

  get timeline(): Timeline {
    return this.#index.timeline;
  }

  /**
   * Moves the playhead; fractions are between two events. Headers tell the state there.
   * @param follow moves the view along when the playhead would leave it
   */
  setPlayhead(ordinal: number | null, { follow = false } = {}): void {
    this.#playhead = ordinal;
    if (follow && ordinal !== null) {
      const { left, right } = this.#scale;
      const x = this.#scale.x(ordinal);
      if (x < left || x > right - 20) this.panBy(x - (left + (right - left) * (x < left ? 0.6 : 0.35)));
    }
    this.#dirty();
  }

  /** Draws only what has happened: events up to and with this ordinal, bars cut at it. null draws all. */
  setReveal(ordinal: Ordinal | null): void {
    this.#reveal = ordinal;
    this.#dirty();
  }

  setSelection(item: Item | null): void {
    this.#selection = item;
    this.#dirty();
  }

  get selection(): Item | null {
    return this.#selection;
  }

  /** Lights the rows of these tracks (a CPU lights its whole group). */
  setInterest(tracks: Iterable<TrackId>): void {
    this.#interest = new Set(tracks);
    this.#dirty();
  }

  setFolded(track: TrackId, folded: boolean): void {
    if (folded ? !this.#unfolded.delete(track) : this.#unfolded.has(track)) return;
    if (!folded) this.#unfolded.add(track);
    this.#relayout();
  }

  isFolded(track: TrackId): boolean {
    return !this.#unfolded.has(track);
  }

  /** Shows or hides all lanes of a kind. Tasks and locks are hidden at first. */
  setShown(kind: 'task' | 'lock' | 'log', shown: boolean): void {
    this.#shown[kind] = shown;
    this.#relayout();
  }

  // Moving

  /** Shows [first, last] (ordinals) exactly, as far as the limits allow. */
  setRange(first: Ordinal, last: Ordinal): void {
    const at = (o: Ordinal) => this.#scale.unitAt(this.#scale.x(o));
    this.#setScale(this.#scale.withDomain(at(first), at(last)));
  }

  /** The whole timeline. */
  fit(): void {
    this.#setScale(XScale.fit(this.timeline, this.axis, this.#scale.left, this.#scale.right));
  }

  /** The selected thing with some room around it; the whole timeline when nothing is selected. */
  fitSelection(): void {
    if (this.#selection === null) this.fit();
    else {
      this.#setScale(this.#scale.fitRange(...spanOf(this.#index, this.#selection)));
      this.revealSelection();
    }
  }

  /** 2 shows half as much. Around the playhead if it is in view, else the middle. @param x CSS pixels from the host's left */
  zoomBy(factor: number, x?: number): void {
    const { left, right } = this.#scale;
    const playhead = this.#playhead === null ? -1 : this.#scale.x(this.#playhead);
    const around = x ?? (playhead >= left && playhead <= right ? playhead : (left + right) / 2);
    this.#setScale(this.#scale.zoomBy(factor, around));
  }

  /** To later times by CSS pixels; negative to earlier. */
  panBy(px: number): void {
    this.#setScale(this.#scale.panBy(px));
  }

  /** CSS pixels of the view, for panning by a part of it. */
  get viewWidth(): number {
    return this.#scale.right - this.#scale.left;
  }

  scrollBy(px: number): void {
    this.#scrollTo(this.#scrollTop + px);
  }

  /** Brings the row of a track into view. */
  revealTrack(track: TrackId): void {
    const row = this.#layout.rows[this.#layout.rowOf[track] ?? -1];
    if (!row) return;
    const view = this.#height - this.#axisHeight;
    if (row.y < this.#scrollTop) this.#scrollTo(row.y - 8);
    else if (row.y + row.height > this.#scrollTop + view) this.#scrollTo(row.y + row.height - view + 8);
  }

  /** Brings the selected thing into view, both ways. */
  revealSelection(): void {
    if (this.#selection === null) return;
    this.revealTrack(trackOf(this.#index, this.#selection));
    if (this.#selection.kind === 'track') return;
    const [a, b] = spanOf(this.#index, this.#selection).map((o) => this.#scale.x(o)) as [number, number];
    const { left, right } = this.#scale;
    if (b < left + 8 || a > right - 8) this.panBy(a - (left + (right - left) * 0.3));
  }

  // Selecting by key

  selectNext(): void {
    this.#step((item) => stepInTime(this.#index, item, 1));
  }
  selectPrev(): void {
    this.#step((item) => stepInTime(this.#index, item, -1));
  }
  selectUp(): void {
    this.#step((item) => stepInRows(this.#index, this.#layout, item, -1));
  }
  selectDown(): void {
    this.#step((item) => stepInRows(this.#index, this.#layout, item, 1));
  }

  #step(move: (item: Item) => Item): void {
    const from = this.#selection ?? this.#firstItem();
    if (!from) return;
    const item = this.#selection ? move(from) : from;
    this.#selection = item;
    this.revealSelection();
    this.#dirty();
    this.#events.emit('select', { item });
  }

  /** Where a selection by key begins: on the first lane, at the playhead. */
  #firstItem(): Item | null {
    for (const row of this.#layout.rows) {
      for (const { lane } of row.strips) {
        if (lane >= 0)
          return { kind: 'slice', index: nearestSlice(this.#index, lane, Math.floor(this.#playhead ?? 0)) };
      }
    }
    return null;
  }

  // For gestures

  hitAt(x: number, y: number, reach: number): Hit {
    return hitTest(this.#scene(), x, y, reach);
  }
  scale(): XScale {
    return this.#scale;
  }
  height(): number {
    return this.#height;
  }
  setDomain(start: number, end: number): void {
    this.#scale = this.#scale.withDomain(start, end);
    this.#rangeChanged = true;
    this.#dirty();
  }
  dragScrollbar(px: number): void {
    const bar = scrollbarOf(this.#scene());
    if (bar) this.scrollBy((px * (this.#layout.height - bar.height)) / (bar.height - bar.thumb));
  }
  seekTo(x: number, phase: Phase): void {
    const ordinal = this.#scale.ordinalAt(x);
    this.setPlayhead(ordinal);
    this.#events.emit('seek', { ordinal, phase });
  }
  hovered(hit: Hit | null, { clientX, clientY }: PointerEvent): void {
    const item = hit && hit.region === 'plot' ? hit.item : null;
    const header = hit && hit.region === 'header' ? hit.track : -1;
    this.canvas.style.cursor = cursorOf(hit, this.#options.draggable);
    if (!sameItem(item, this.#hover) || header !== this.#hoverHeader) {
      this.#hover = item;
      this.#hoverHeader = header;
      this.#dirty();
    }
    this.#events.emit('hover', { hit, clientX, clientY });
  }
  clicked(hit: Hit, { clientX, clientY }: MouseEvent): void {
    if (hit.region === 'header' && hit.track >= 0) {
      if (hit.part === 'actions') this.#events.emit('context', { hit, clientX, clientY });
      else this.#toggle(hit);
    } else if (hit.region === 'plot') this.#select(hit.item);
  }
  doubleClicked(hit: Hit): void {
    if (hit.region !== 'plot' || hit.item === null) return;
    this.#select(hit.item);
    this.fitSelection();
  }
  context(hit: Hit, { clientX, clientY }: MouseEvent): void {
    this.#events.emit('context', { hit, clientX, clientY });
  }
  draggable(hit: Hit): boolean {
    return this.#options.draggable?.(hit) ?? false;
  }
  dragged(from: Hit, to: Hit, phase: Phase, { clientX, clientY }: PointerEvent): void {
    this.#events.emit('drag', { from, to, phase, clientX, clientY });
  }

  #select(item: Item | null): void {
    this.#selection = item;
    this.#dirty();
    this.#events.emit('select', { item });
  }

  #toggle(hit: Hit): void {
    const row = this.#layout.rows[this.#layout.rowOf[hit.track]!];
    if (!row?.foldable) {
      this.#select(hit.item);
      return;
    }
    this.setFolded(row.track, !row.folded);
    this.#events.emit('fold', { track: row.track, folded: !row.folded });
  }

  // Inside

  get #axisHeight(): number {
    return this.#options.axisHeight ?? 26;
  }

  get #headerWidth(): number {
    if (this.#options.headerWidth !== undefined) return this.#options.headerWidth;
    if (this.#width < 520) return Math.min(Math.max(88, this.#widest), Math.max(88, this.#width * 0.29));
    return Math.min(Math.max(128, this.#widest), 210, Math.max(128, this.#width * 0.2));
  }

  #scene(): Scene {
    return {
      width: this.#width,
      height: this.#height,
      dpr: this.#dpr,
      theme: themes[this.#theme],
      index: this.#index,
      layout: this.#layout,
      scale: this.#scale,
      headerWidth: this.#scale.left,
      axisHeight: this.#axisHeight,
      scrollTop: this.#scrollTop,
      playhead: this.#playhead,
      reveal: this.#reveal,
      hover: this.#hover,
      hoverHeader: this.#hoverHeader,
      selection: this.#selection,
      interest: this.#interest,
      ruler: this.#ruler,
    };
  }

  #setScale(scale: XScale): void {
    this.#scale = scale;
    this.#rangeChanged = true;
    this.#gestures?.sync();
    this.#dirty();
  }

  #scrollTo(top: number): void {
    const most = Math.max(0, this.#layout.height - (this.#height - this.#axisHeight));
    this.#scrollTop = Math.min(most, Math.max(0, top));
    this.#rangeChanged = true;
    this.#dirty();
  }

  #relayout(): void {
    this.#layout = layOut(this.#index, {
      unfolded: this.#unfolded,
      hidden: (t) => this.#shown[this.timeline.tracks[t]!.kind] === false,
      density: this.#options.density ?? densityFor(this.#index),
    });
    this.#fitRange();
    this.#scrollTo(this.#scrollTop);
  }

  /** The plot ends where the scrollbar begins, if there is one. */
  #fitRange(): void {
    const overflows = this.#layout.height > this.#height - this.#axisHeight;
    const left = Math.round(this.#headerWidth);
    const right = this.#width - (overflows ? 12 : 0);
    const { start, end, left: oldLeft, right: oldRight, timeline, axis } = this.#scale;
    const whole = XScale.limits(timeline, axis, oldLeft, oldRight);
    const fitted = start <= whole[0] && end >= whole[1];
    this.#setScale(fitted ? XScale.fit(timeline, axis, left, right) : this.#scale.withRange(left, right));
  }

  readonly #onWindow = (): void => {
    if (window.devicePixelRatio !== this.#dpr) this.#resize();
  };

  #resize(): void {
    const dpr = window.devicePixelRatio || 1;
    this.#width = Math.max(1, this.#host.clientWidth);
    this.#height = Math.max(1, this.#host.clientHeight);
    if (dpr !== this.#dpr) this.#surface.restyle(themes[this.#theme], dpr);
    this.#dpr = dpr;
    // Whole device pixels, and a CSS size that is exactly theirs: else the browser would scale the picture and blur it.
    this.canvas.width = Math.round(this.#width * dpr);
    this.canvas.height = Math.round(this.#height * dpr);
    this.canvas.style.width = `${this.canvas.width / dpr}px`;
    this.canvas.style.height = `${this.canvas.height / dpr}px`;
    this.#fitRange();
    this.#scrollTo(this.#scrollTop);
    // A canvas that changed its size is blank: it must not be seen so.
    this.drawNow();
  }

  #dirty(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.drawNow());
  }

  /** Draws at once. Only for pictures and measurements; else a frame is drawn when something has changed. */
  drawNow(): void {
    if (this.#frame === -1) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#painter.paint(this.#scene(), this.#surface);
    if (!this.#rangeChanged) return;
    this.#rangeChanged = false;
    const [first, last] = this.#scale.ordinals();
    this.#events.emit('range', { axis: this.axis, first, last, scrollTop: this.#scrollTop });
  }
}

function cursorOf(hit: Hit | null, draggable: LanesOptions['draggable']): string {
  if (!hit) return '';
  if (hit.region === 'axis') return 'ew-resize';
  if (hit.region === 'header') return hit.track >= 0 ? 'pointer' : '';
  if (hit.item && draggable?.(hit)) return 'grab';
  if (hit.onPlayhead && hit.region === 'plot') return 'ew-resize';
  return hit.item ? 'pointer' : '';
}
