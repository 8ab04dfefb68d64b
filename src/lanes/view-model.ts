/**
 * What the lanes show and how that is changed: all of the view that needs no page. The canvas, its frames and the hands on
 * it are in `lanes-view.ts`, which is this class with a host.
 */
import type { Ordinal, Timeline, TrackId } from '../timeline/columns';
import { widestHeader } from './draw-frame-parts';
import { emptyTimeline } from './empty';
import type { Ruler } from './labels';
import { LaneIndex } from './lane-index';
import { densityFor, layOut, type Layout } from './layout';
import { nearestSlice, stepInRows, stepInTime } from './navigate';
import { themes, type ThemeName } from './palette';
import { NO_OVERLAY, rulerHeight, type Overlay } from './overlay';
import { XScale, type Axis } from './scale';
import { spanOf, trackOf, type Item, type Scene } from './scene';
import type { LanesOptions } from './view-types';

/** A track's name across timelines: a run that was made again keeps its folds. */
const keyOf = (timeline: Timeline, track: TrackId): string => {
  const { kind, cpu, name, side = 0 } = timeline.tracks[track]!;
  return `${kind}/${cpu}/${name}/${side}`;
};

/** Room for the scrollbar, CSS pixels. */
const SCROLLBAR = 12;

export abstract class LanesModel {
  protected readonly options: LanesOptions;
  protected themeName: ThemeName;
  protected width = 1;
  protected viewHeight = 1;
  protected dpr = 1;
  protected index = new LaneIndex(emptyTimeline);
  protected layout: Layout = layOut(this.index, { unfolded: new Set(), hidden: () => false, density: 'roomy' });
  protected x: XScale;
  protected hoverItem: Item | null = null;
  protected hoverHeader: TrackId = -1;
  #scrollTop = 0;
  #playhead: number | null = null;
  #reveal: Ordinal | null = null;
  #selection: Item | null = null;
  #overlay: Overlay = NO_OVERLAY;
  #interest: ReadonlySet<TrackId> = new Set();
  #unfolded: ReadonlySet<TrackId> = new Set();
  #shown: Readonly<Record<string, boolean>> = { task: false, lock: false, log: true };
  /** Width of a header column in which no name and no state is cut, CSS pixels. */
  #widest = 0;

  protected abstract readonly ruler: Ruler;
  /** Something that is drawn has changed; `moved` when it is the stretch that is shown. */
  protected abstract changed(moved: boolean): void;
  /** The selection was changed by a key. */
  protected abstract selected(item: Item | null): void;

  protected constructor(options: LanesOptions) {
    this.options = options;
    this.themeName = options.theme ?? 'light';
    this.x = XScale.fit(emptyTimeline, options.axis ?? 'steps', 0, 1);
  }

  // What is shown

  /** Shows a timeline. With `keepView` the stretch shown and the scroll stay (a run made again after an edit). Folds always do. */
  setTimeline(timeline: Timeline, { keepView = false } = {}): void {
    const old = this.index.timeline;
    const wasWhole = this.#isWhole();
    const byKey = timeline.tracks.map((_, t) => keyOf(timeline, t));
    const kept = (tracks: ReadonlySet<TrackId>): Set<TrackId> => {
      const keys = new Set([...tracks].map((t) => keyOf(old, t)));
      return new Set(byKey.flatMap((key, t) => (keys.has(key) ? [t] : [])));
    };
    this.#unfolded = kept(this.#unfolded);
    this.#interest = kept(this.#interest);
    this.#selection = this.hoverItem = null;
    this.hoverHeader = -1;
    this.index = new LaneIndex(timeline);
    // What was found or mattered was so in the timeline before.
    this.#overlay = { ...this.#overlay, kept: null, found: null, doubts: null };
    const { start, end, left, right } = this.x;
    this.x = XScale.fit(timeline, this.axis, left, right);
    if (keepView && !wasWhole && old.length > 0) this.x = this.x.withDomain(start, end);
    else if (!keepView) this.#scrollTop = 0;
    this.#widest = widestHeader(this.index, this.ruler);
    this.#relayout();
  }

  get timeline(): Timeline {
    return this.index.timeline;
  }

  setTheme(theme: ThemeName): void {
    this.themeName = theme;
    this.changed(false);
  }

  get axis(): Axis {
    return this.x.axis;
  }

  /** Steps or time; the playhead, if in view, keeps its place on the screen where the ends allow it. */
  setAxis(axis: Axis): void {
    if (axis !== this.axis) this.setScale(this.x.switchAxis(axis, this.#playhead ?? 0));
  }

  /**
   * Moves the playhead; fractions are between two events. Headers tell the state there.
   * @param follow moves the view along when the playhead would leave it
   */
  setPlayhead(ordinal: number | null, { follow = false } = {}): void {
    this.#playhead = ordinal;
    if (follow && ordinal !== null) {
      const { left, right } = this.x;
      const x = this.x.x(ordinal);
      if (x < left || x > right - 20) this.panBy(x - (left + (right - left) * (x < left ? 0.6 : 0.35)));
    }
    this.changed(false);
  }

  get playhead(): number | null {
    return this.#playhead;
  }

  /** Draws only what has happened: events up to and with this ordinal, bars cut at it. null draws all. */
  setReveal(ordinal: Ordinal | null): void {
    this.#reveal = ordinal;
    this.changed(false);
  }

  setSelection(item: Item | null): void {
    this.#selection = item;
    this.changed(false);
  }

  get selection(): Item | null {
    return this.#selection;
  }

  /** Lights the rows of these tracks (a CPU lights its whole group). */
  setInterest(tracks: Iterable<TrackId>): void {
    this.#interest = new Set(tracks);
    this.changed(false);
  }

  /** Lays something over the picture, instead of what lay there; what is not given stays. */
  setOverlay(overlay: Partial<Overlay>): void {
    const tall = rulerHeight(this.#overlay);
    this.#overlay = { ...this.#overlay, ...overlay };
    this.index.keep(this.#overlay.kept);
    if (rulerHeight(this.#overlay) !== tall) this.#relayout();
    this.changed(false);
  }

  get overlay(): Overlay {
    return this.#overlay;
  }

  setFolded(track: TrackId, folded: boolean): void {
    if (folded === this.isFolded(track)) return;
    const unfolded = new Set(this.#unfolded);
    if (folded) unfolded.delete(track);
    else unfolded.add(track);
    this.#unfolded = unfolded;
    this.#relayout();
  }

  isFolded(track: TrackId): boolean {
    return !this.#unfolded.has(track);
  }

  /** Shows or hides all lanes of a kind. Tasks and locks are hidden at first. */
  setShown(kind: 'task' | 'lock' | 'log', shown: boolean): void {
    this.#shown = { ...this.#shown, [kind]: shown };
    this.#relayout();
  }

  // Moving

  /** Shows [first, last] (ordinals) exactly, as far as the limits allow. */
  setRange(first: Ordinal, last: Ordinal): void {
    this.setScale(this.x.withDomain(this.x.unitAt(this.x.x(first)), this.x.unitAt(this.x.x(last))));
  }

  /** The whole timeline. */
  fit(): void {
    this.setScale(XScale.fit(this.timeline, this.axis, this.x.left, this.x.right));
  }

  /** The selected thing with some room around it; the whole timeline when nothing is selected. */
  fitSelection(): void {
    if (this.#selection === null) this.fit();
    else {
      this.setScale(this.x.fitRange(...spanOf(this.index, this.#selection)));
      this.revealSelection();
    }
  }

  /** 2 shows half as much. Around the playhead if it is in view, else the middle. @param x CSS pixels from the host's left */
  zoomBy(factor: number, x?: number): void {
    const { left, right } = this.x;
    const playhead = this.#playhead === null ? -1 : this.x.x(this.#playhead);
    const around = x ?? (playhead >= left && playhead <= right ? playhead : (left + right) / 2);
    this.setScale(this.x.zoomBy(factor, around));
  }

  /** To later times by CSS pixels; negative to earlier. */
  panBy(px: number): void {
    this.setScale(this.x.panBy(px));
  }

  /** CSS pixels of the view, for panning by a part of it. */
  get viewWidth(): number {
    return this.x.right - this.x.left;
  }

  /** Down by CSS pixels; returns whether there was anywhere to go. */
  scrollBy(px: number): boolean {
    const before = this.#scrollTop;
    this.#scrollTo(before + px);
    return this.#scrollTop !== before;
  }

  /** Brings the row of a track into view. */
  revealTrack(track: TrackId): void {
    const row = this.layout.rows[this.layout.rowOf[track] ?? -1];
    if (!row) return;
    const view = this.viewHeight - this.axisHeight;
    if (row.y < this.#scrollTop) this.#scrollTo(row.y - 8);
    else if (row.y + row.height > this.#scrollTop + view) this.#scrollTo(row.y + row.height - view + 8);
  }

  /** Brings the selected thing into view, both ways. */
  revealSelection(): void {
    if (this.#selection === null) return;
    this.revealTrack(trackOf(this.index, this.#selection));
    if (this.#selection.kind === 'track') return;
    const [from, to] = spanOf(this.index, this.#selection);
    const { left, right } = this.x;
    const a = this.x.x(from);
    if (this.x.x(to) < left + 8 || a > right - 8) this.panBy(a - (left + (right - left) * 0.3));
  }

  // Selecting by key

  /** The next slice or mark of the same lane. */
  selectNext(): void {
    this.#step((item) => stepInTime(this.index, item, 1));
  }
  selectPrev(): void {
    this.#step((item) => stepInTime(this.index, item, -1));
  }
  /** The slice of the lane above at the same time. */
  selectUp(): void {
    this.#step((item) => stepInRows(this.index, this.layout, item, -1));
  }
  selectDown(): void {
    this.#step((item) => stepInRows(this.index, this.layout, item, 1));
  }

  #step(move: (item: Item) => Item): void {
    const item = this.#selection ? move(this.#selection) : this.#firstItem();
    if (!item) return;
    this.#selection = item;
    this.revealSelection();
    this.changed(false);
    this.selected(item);
  }

  /** Where a selection by key begins: on the first lane, at the playhead. */
  #firstItem(): Item | null {
    for (const row of this.layout.rows) {
      for (const { lane } of row.strips) {
        if (lane >= 0) return { kind: 'slice', index: nearestSlice(this.index, lane, Math.floor(this.#playhead ?? 0)) };
      }
    }
    return null;
  }

  // Inside

  protected get axisHeight(): number {
    return (this.options.axisHeight ?? 26) + rulerHeight(this.#overlay);
  }

  get #headerWidth(): number {
    if (this.options.headerWidth !== undefined) return this.options.headerWidth;
    // On a phone the lanes need the room more than the names do.
    const [least, most] = this.width < 520 ? [88, this.width * 0.29] : [128, Math.min(210, this.width * 0.2)];
    return Math.max(least, Math.min(this.#widest, most));
  }

  protected get scrollTop(): number {
    return this.#scrollTop;
  }

  /** The view as it is now, for drawing and for hit-testing. */
  protected scene(): Scene {
    return {
      width: this.width,
      height: this.viewHeight,
      dpr: this.dpr,
      theme: themes[this.themeName],
      index: this.index,
      layout: this.layout,
      scale: this.x,
      headerWidth: this.x.left,
      axisHeight: this.axisHeight,
      scrollTop: this.#scrollTop,
      playhead: this.#playhead,
      reveal: this.#reveal,
      hover: this.hoverItem,
      hoverHeader: this.hoverHeader,
      selection: this.#selection,
      interest: this.#interest,
      overlay: this.#overlay,
      ruler: this.ruler,
    };
  }

  protected setScale(scale: XScale): void {
    this.x = scale;
    this.changed(true);
  }

  /** The host has another size. CSS pixels. */
  protected resizeTo(width: number, height: number, dpr: number): void {
    this.width = Math.max(1, width);
    this.viewHeight = Math.max(1, height);
    this.dpr = dpr;
    this.#fitRange();
    this.#scrollTo(this.#scrollTop);
  }

  #scrollTo(top: number): void {
    const most = Math.max(0, this.layout.height - (this.viewHeight - this.axisHeight));
    this.#scrollTop = Math.min(most, Math.max(0, top));
    this.changed(true);
  }

  #relayout(): void {
    this.layout = layOut(this.index, {
      unfolded: this.#unfolded,
      hidden: (t) => this.#shown[this.timeline.tracks[t]!.kind] === false,
      density: this.options.density ?? densityFor(this.index),
    });
    this.#fitRange();
    this.#scrollTo(this.#scrollTop);
  }

  #isWhole(): boolean {
    const [lo, hi] = XScale.limits(this.timeline, this.axis, this.x.left, this.x.right);
    return this.x.start <= lo && this.x.end >= hi;
  }

  /** The plot ends where the scrollbar begins, if there is one. A view of everything stays one. */
  #fitRange(): void {
    const overflows = this.layout.height > this.viewHeight - this.axisHeight;
    const left = Math.round(this.#headerWidth);
    const right = this.width - (overflows ? SCROLLBAR : 0);
    this.setScale(this.#isWhole() ? XScale.fit(this.timeline, this.axis, left, right) : this.x.withRange(left, right));
  }
}
