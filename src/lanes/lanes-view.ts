/**
 * The lanes as one canvas in a host element. Knows no framework: the page calls methods and listens to events.
 *
 *     const view = new LanesView(host, { theme: 'light' });
 *     view.setTimeline(timeline);
 *     view.on('seek', ({ ordinal }) => player.seek(ordinal));
 *     view.setPlayhead(159);
 */
import type { Timeline, TrackId } from '../timeline/columns';
import { FramePainter } from './draw';
import { scrollbarOf } from './draw-frame-parts';
import { Emitter } from './emitter';
import type { Gestures, GestureTarget, Phase } from './gestures';
import type { Hit, hitTest } from './hit';
import { Ruler } from './labels';
import { themes, type ThemeName } from './palette';
import type { XScale } from './scale';
import { sameItem, type Item } from './scene';
import { CanvasSurface } from './surface';
import { LanesModel } from './view-model';
import type { LanesEvents, LanesOptions } from './view-types';

export type { Axis } from './scale';
export type { Hit } from './hit';
export type { Item } from './scene';
export type { LanesEvents, LanesOptions } from './view-types';

export class LanesView extends LanesModel implements GestureTarget {
  readonly canvas: HTMLCanvasElement;
  protected readonly ruler: Ruler;
  readonly #host: HTMLElement;
  readonly #events = new Emitter<LanesEvents>();
  readonly #surface: CanvasSurface;
  readonly #painter = new FramePainter();
  #gestures: Gestures | null = null;
  #hitTest: typeof hitTest | null = null;
  readonly #resized: ResizeObserver;
  #frame = 0;
  #moved = false;
  #destroyed = false;

  /** @param host an element with a size of its own; the canvas fills it */
  constructor(host: HTMLElement, options: LanesOptions = {}) {
    super(options);
    this.#host = host;
    this.canvas = document.createElement('canvas');
    this.canvas.style.cssText = 'position:absolute;top:0;left:0;display:block';
    this.canvas.setAttribute('role', 'img');
    if (getComputedStyle(host).position === 'static') host.style.position = 'relative';
    host.append(this.canvas);
    this.dpr = 0;
    this.#surface = new CanvasSurface(this.canvas, themes[this.themeName], 1);
    this.ruler = new Ruler((text, font) => this.#surface.measure(text, font));
    this.#resize();
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(host);
    window.addEventListener('resize', this.#onWindow);
    requestAnimationFrame(() => void this.#listen());
  }

  /** The picture comes first: what recognises gestures is fetched behind it. */
  async #listen(): Promise<void> {
    const [{ Gestures }, hit] = await Promise.all([import('./gestures'), import('./hit')]);
    if (this.#destroyed) return;
    this.#hitTest = hit.hitTest;
    this.#gestures = new Gestures(this.canvas, this);
    this.#gestures.sync();
  }

  /** Takes the canvas out and lets go of all listeners. */
  destroy(): void {
    this.#destroyed = true;
    cancelAnimationFrame(this.#frame);
    this.#resized.disconnect();
    window.removeEventListener('resize', this.#onWindow);
    this.#gestures?.destroy();
    this.#events.clear();
    this.canvas.remove();
  }

  /** Listens; returns the function that stops it. */
  on<K extends keyof LanesEvents>(event: K, listener: (value: LanesEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** @param options.steps how many steps or events to tell of, where the timeline goes on a little after its last */
  override setTimeline(timeline: Timeline, options: { keepView?: boolean; steps?: number } = {}): void {
    super.setTimeline(timeline, options);
    // Words for it come behind the picture.
    requestAnimationFrame(() => void this.#describe(timeline, options.steps));
  }

  async #describe(timeline: Timeline, steps?: number): Promise<void> {
    const { describeTimeline } = await import('./describe');
    if (this.timeline === timeline) this.canvas.setAttribute('aria-label', describeTimeline(timeline, steps));
  }

  override setTheme(theme: ThemeName): void {
    this.#surface.restyle(themes[theme], this.dpr);
    super.setTheme(theme);
  }

  /** Draws at once. Only for pictures and measurements; else a frame is drawn when something has changed. */
  drawNow(): void {
    if (this.#destroyed) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#painter.paint(this.scene(), this.#surface);
    if (!this.#moved) return;
    this.#moved = false;
    const [first, last] = this.x.ordinals();
    this.#events.emit('range', { axis: this.axis, first, last, scrollTop: this.scrollTop });
  }

  protected changed(moved: boolean): void {
    if (moved) {
      this.#moved = true;
      this.#gestures?.sync();
    }
    if (this.#frame === 0 && !this.#destroyed) this.#frame = requestAnimationFrame(() => this.drawNow());
  }

  protected selected(item: Item | null): void {
    this.#events.emit('select', { item });
  }

  readonly #onWindow = (): void => {
    if (window.devicePixelRatio !== this.dpr) this.#resize();
  };

  #resize(): void {
    const dpr = window.devicePixelRatio || 1;
    if (dpr !== this.dpr) this.#surface.restyle(themes[this.themeName], dpr);
    this.resizeTo(this.#host.clientWidth, this.#host.clientHeight, dpr);
    // Whole device pixels, and a CSS size that is exactly theirs: else the browser would scale the picture and blur it.
    this.canvas.width = Math.round(this.width * dpr);
    this.canvas.height = Math.round(this.viewHeight * dpr);
    this.canvas.style.width = `${this.canvas.width / dpr}px`;
    this.canvas.style.height = `${this.canvas.height / dpr}px`;
    // A canvas that changed its size is blank: it must not be seen so.
    this.drawNow();
  }

  // What gestures do

  /** Where the row of a track is, CSS pixels from the host's top; null while it is scrolled away. */
  rowBox(track: TrackId): { top: number; height: number } | null {
    const row = this.layout.rows[this.layout.rowOf[track] ?? -1];
    if (!row) return null;
    const top = row.y - this.scrollTop + this.axisHeight;
    return top + row.height > this.axisHeight && top < this.viewHeight ? { top, height: row.height } : null;
  }

  /** What is at a point. CSS pixels from the host's left and top; `reach` is how far off a thin thing still counts. */
  hitAt(x: number, y: number, reach = 4): Hit {
    const nothing: Hit = { region: 'plot', item: null, track: -1, ordinal: 0, part: null, onPlayhead: false, count: 1 };
    return this.#hitTest?.(this.scene(), x, y, reach) ?? nothing;
  }
  scale(): XScale {
    return this.x;
  }
  height(): number {
    return this.viewHeight;
  }
  setDomain(start: number, end: number): void {
    this.setScale(this.x.withDomain(start, end));
  }
  dragScrollbar(px: number): void {
    const bar = scrollbarOf(this.scene());
    if (bar) this.scrollBy((px * (this.layout.height - bar.height)) / (bar.height - bar.thumb));
  }
  seekTo(x: number, phase: Phase): void {
    const ordinal = this.x.ordinalAt(x);
    this.setPlayhead(ordinal);
    this.#events.emit('seek', { ordinal, phase });
  }
  hovered(hit: Hit | null, { clientX, clientY }: PointerEvent): void {
    const item = hit && hit.region === 'plot' ? hit.item : null;
    const header = hit && hit.region === 'header' ? hit.track : -1;
    this.canvas.style.cursor = cursorOf(hit, hit !== null && this.draggable(hit));
    if (!sameItem(item, this.hoverItem) || header !== this.hoverHeader) {
      this.hoverItem = item;
      this.hoverHeader = header;
      this.changed(false);
    }
    this.#events.emit('hover', { hit, clientX, clientY });
  }
  clicked(hit: Hit, { clientX, clientY }: MouseEvent): void {
    if (hit.region === 'plot') this.#select(hit.item);
    if (hit.region !== 'header' || hit.track < 0) return;
    const opens = hit.part === 'actions' || (hit.part === 'name' && (this.options.opensActions?.(hit) ?? false));
    if (opens) this.#events.emit('context', { hit, clientX, clientY });
    else this.#toggle(hit);
  }
  doubleClicked(hit: Hit): void {
    if (hit.region !== 'plot' || hit.item === null) return;
    this.fitSelection(); // the click before it has selected it
  }
  context(hit: Hit, { clientX, clientY }: MouseEvent): void {
    this.#events.emit('context', { hit, clientX, clientY });
  }
  draggable(hit: Hit): boolean {
    return this.options.draggable?.(hit) ?? false;
  }
  dragged(from: Hit, to: Hit, phase: Phase, { clientX, clientY }: PointerEvent): void {
    this.#events.emit('drag', { from, to, phase, clientX, clientY });
  }

  #select(item: Item | null): void {
    this.setSelection(item);
    this.selected(item);
  }

  #toggle(hit: Hit): void {
    const row = this.layout.rows[this.layout.rowOf[hit.track]!];
    if (!row?.foldable) {
      this.#select(hit.item);
      return;
    }
    this.setFolded(row.track, !row.folded);
    this.#events.emit('fold', { track: row.track, folded: !row.folded });
  }
}

function cursorOf(hit: Hit | null, draggable: boolean): string {
  if (!hit) return '';
  if (hit.region === 'axis') return 'ew-resize';
  if (hit.item && draggable) return 'grab';
  if (hit.region === 'header') return hit.track >= 0 ? 'pointer' : '';
  if (hit.onPlayhead && hit.region === 'plot') return 'ew-resize';
  return hit.item ? 'pointer' : '';
}
