/**
 * Hands on the canvas: wheel, mouse, pen, fingers. d3's zoom recognises drag, pinch and ctrl-wheel; what it does not know of
 * (the axis, the playhead, the scrollbar, headers, dragging a thing) is done here. The target decides what comes of it.
 */
import { pointer, select, zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3';
import type { Hit } from './hit';
import { XScale } from './scale';

export type Phase = 'start' | 'move' | 'end' | 'cancel';

/** What gestures act on. Points are CSS pixels from the host's left and top. */
export interface GestureTarget {
  hitAt(x: number, y: number, reach: number): Hit;
  scale(): XScale;
  height(): number;
  setDomain(start: number, end: number): void;
  panBy(px: number): void;
  /** Returns whether there was anywhere to go. */
  scrollBy(px: number): boolean;
  /** Puts the scrollbar's thumb under the pointer: moved by px along the bar. */
  dragScrollbar(px: number): void;
  seekTo(x: number, phase: Phase): void;
  hovered(hit: Hit | null, event: PointerEvent): void;
  clicked(hit: Hit, event: MouseEvent): void;
  doubleClicked(hit: Hit): void;
  context(hit: Hit, event: MouseEvent): void;
  /** May what was hit be dragged away (a vCPU to another CPU)? Then it is not a pan. */
  draggable(hit: Hit): boolean;
  dragged(from: Hit, to: Hit, phase: Phase, event: PointerEvent): void;
}

const MOVED = 4;
const reachOf = (event: Event): number =>
  (event as PointerEvent).pointerType === 'touch' || event.type.startsWith('touch') ? 12 : 4;

type Held = 'seek' | 'maybe-seek' | 'scrollbar' | 'header' | 'drag' | 'maybe-drag' | null;

export class Gestures {
  readonly #canvas: HTMLCanvasElement;
  readonly #target: GestureTarget;
  readonly #zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  readonly #abort = new AbortController();
  #syncing = false;
  #lastK = 1;
  #lastY = 0;
  #held: Held = null;
  #downHit: Hit | null = null;
  #downX = 0;
  #downY = 0;
  #lastPointerY = 0;
  #moved = false;
  /** The last move of what is dragged. */
  #last: PointerEvent | null = null;

  constructor(canvas: HTMLCanvasElement, target: GestureTarget) {
    this.#canvas = canvas;
    this.#target = target;
    canvas.style.touchAction = 'none';
    this.#zoom = zoom<HTMLCanvasElement, unknown>()
      .filter((event: Event) => this.#isForZoom(event))
      .wheelDelta((event: WheelEvent) => {
        // A notch of a wheel and the fine steps of a pinch come as the same event; neither may leap.
        const delta = -event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.01);
        return Math.min(0.5, Math.max(-0.5, delta));
      })
      .extent(() => {
        const { left, right } = target.scale();
        return [
          [left, 0],
          [right, target.height()],
        ];
      })
      .clickDistance(MOVED)
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => this.#zoomed(event));
    select(canvas).call(this.#zoom).on('dblclick.zoom', null);
    this.sync();

    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      passive = true,
    ): void => canvas.addEventListener(type, listener, { signal: this.#abort.signal, passive });
    on('wheel', (event) => this.#wheel(event), false);
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event, 'end'));
    on('pointercancel', (event) => this.#up(event, 'cancel'));
    on('pointerleave', (event) => {
      if (this.#held === null) target.hovered(null, event);
    });
    on('click', (event) => {
      if (!this.#moved) target.clicked(this.#hit(event), event);
    });
    on('dblclick', (event) => target.doubleClicked(this.#hit(event)));
    on(
      'contextmenu',
      (event) => {
        event.preventDefault();
        target.context(this.#hit(event), event);
      },
      false,
    );
  }

  destroy(): void {
    this.#abort.abort();
    select(this.#canvas).on('.zoom', null);
  }

  /** Tells d3 where the view is, after it was moved by other means than a gesture. */
  sync(): void {
    const scale = this.#target.scale();
    const [lo, hi] = XScale.limits(scale.timeline, scale.axis, scale.left, scale.right);
    const least = XScale.leastSpan(scale.timeline, scale.axis, scale.left, scale.right);
    const k = (hi - lo) / (scale.end - scale.start);
    const width = scale.right - scale.left;
    const x = scale.left - k * (scale.left + ((scale.start - lo) / (hi - lo)) * width);
    this.#zoom.scaleExtent([1, (hi - lo) / least]).translateExtent([
      [scale.left, -Infinity],
      [scale.right, Infinity],
    ]);
    this.#syncing = true;
    select(this.#canvas).call(this.#zoom.transform, zoomIdentity.translate(x, this.#lastY).scale(k));
    this.#syncing = false;
  }

  #zoomed({ transform }: D3ZoomEvent<HTMLCanvasElement, unknown>): void {
    const { k, y } = transform;
    const dy = y - this.#lastY;
    const zoomed = Math.abs(k / this.#lastK - 1) > 1e-9;
    this.#lastK = k;
    this.#lastY = y;
    if (this.#syncing) return;
    const scale = this.#target.scale();
    const [lo, hi] = XScale.limits(scale.timeline, scale.axis, scale.left, scale.right);
    const perPx = (hi - lo) / (scale.right - scale.left);
    const start = lo + (transform.invertX(scale.left) - scale.left) * perPx;
    const end = lo + (transform.invertX(scale.right) - scale.left) * perPx;
    this.#target.setDomain(start, end);
    // Lanes have no vertical zoom; only a drag moves them up and down.
    if (!zoomed && dy !== 0) this.#target.scrollBy(-dy);
  }

  #at(event: Event): [number, number] {
    const touch = (event as TouchEvent).changedTouches?.[0];
    return pointer(touch ?? event, this.#canvas);
  }

  #hit(event: Event): Hit {
    const [x, y] = this.#at(event);
    return this.#target.hitAt(x, y, reachOf(event));
  }

  #isForZoom(event: Event): boolean {
    const hit = this.#hit(event);
    if (event.type === 'wheel') {
      const { ctrlKey, metaKey } = event as WheelEvent;
      return (ctrlKey || metaKey) && (hit.region === 'plot' || hit.region === 'axis');
    }
    if (event instanceof MouseEvent && (event.button !== 0 || event.ctrlKey)) return false;
    // A second finger always makes a pinch, wherever the first one was.
    if (event.type.startsWith('touch') && (event as TouchEvent).touches.length > 1) return hit.region === 'plot';
    return hit.region === 'plot' && this.#holdFor(hit, event) === null;
  }

  /** What a press on this would begin, other than a pan. */
  #holdFor(hit: Hit, event: Event): Held {
    if (hit.region === 'axis') return 'seek';
    if (hit.region === 'scrollbar') return 'scrollbar';
    if (hit.region === 'header' || hit.region === 'corner') {
      // A finger on a name scrolls.
      return hit.item && reachOf(event) < 12 && this.#target.draggable(hit) ? 'maybe-drag' : 'header';
    }
    if (hit.item && this.#target.draggable(hit)) return 'maybe-drag';
    // A finger is too broad to mean the line: it takes the flag.
    return hit.onPlayhead && reachOf(event) < 12 ? 'maybe-seek' : null;
  }

  #down(event: PointerEvent): void {
    const [x, y] = this.#at(event);
    if (!event.isPrimary) {
      this.#held = null;
      return;
    }
    this.#moved = false;
    this.#downX = x;
    this.#downY = this.#lastPointerY = y;
    if (event.button !== 0) return;
    this.#downHit = this.#target.hitAt(x, y, reachOf(event));
    this.#held = this.#holdFor(this.#downHit, event);
    if (this.#held === null) return;
    this.#canvas.setPointerCapture(event.pointerId);
    if (this.#held === 'seek') this.#target.seekTo(x, 'start');
  }

  #move(event: PointerEvent): void {
    const [x, y] = this.#at(event);
    if (Math.hypot(x - this.#downX, y - this.#downY) > MOVED && event.buttons !== 0) this.#moved = true;
    const dy = y - this.#lastPointerY;
    this.#lastPointerY = y;
    if (this.#held === null) {
      if (event.buttons === 0 && event.pointerType !== 'touch') this.#target.hovered(this.#hit(event), event);
      return;
    }
    if (this.#moved && this.#held === 'maybe-seek') {
      this.#held = 'seek';
      this.#target.seekTo(x, 'start');
    } else if (this.#moved && this.#held === 'maybe-drag') {
      this.#held = 'drag';
      window.addEventListener('keydown', this.#onKey, { capture: true, signal: this.#abort.signal });
      this.#target.dragged(this.#downHit!, this.#hit(event), 'start', event);
    }
    if (this.#held === 'seek') this.#target.seekTo(x, 'move');
    else if (this.#held === 'scrollbar') this.#target.dragScrollbar(dy);
    else if (this.#held === 'drag') {
      this.#last = event;
      this.#target.dragged(this.#downHit!, this.#hit(event), 'move', event);
    } else if (this.#held === 'header' && this.#moved) this.#target.scrollBy(-dy);
  }

  #up(event: PointerEvent, phase: 'end' | 'cancel'): void {
    const [x] = this.#at(event);
    if (this.#held === 'seek') this.#target.seekTo(x, phase);
    else if (this.#held === 'drag') {
      window.removeEventListener('keydown', this.#onKey, { capture: true });
      this.#target.dragged(this.#downHit!, this.#hit(event), phase, event);
    }
    this.#held = null;
  }

  /** Escape takes a drag back. */
  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.#held !== 'drag' || !this.#last) return;
    event.preventDefault();
    event.stopPropagation();
    this.#up(this.#last, 'cancel');
  };

  #wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault(); // else the page zooms where d3 does not take it
      return;
    }
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? this.#target.height() : 1;
    const sideways = event.shiftKey && event.deltaX === 0;
    const dx = (sideways ? event.deltaY : event.deltaX) * unit;
    const dy = sideways ? 0 : event.deltaY * unit;
    if (Math.abs(dx) > Math.abs(dy)) this.#target.panBy(dx);
    else if (!this.#target.scrollBy(dy)) return; // then the page around may scroll
    event.preventDefault();
  }
}
