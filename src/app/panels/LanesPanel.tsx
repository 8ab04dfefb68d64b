import { useEffect, useRef, useState } from 'react';
import { LanesView, type Hit } from '../../lanes/lanes-view';
import type { Timeline } from '../../timeline/columns';
import { lanes } from '../lanes-handle';
import { lanesDrawn, whenLoaded } from '../late';
import { select } from '../store/page';
import { seek } from '../store/player';
import { bareTimelineOf, lastOf, pictureOf, themeOf, timelineOf, type AppState } from '../store/state';
import { app, get } from '../store/store';
import styles from './lanes.module.css';

/** Beyond this many CPUs no row is unfolded by itself: the picture as a whole says more. */
const MANY = 64;

/** The canvas lives outside React: the store moves it directly, so that playing draws no component. */
export function LanesPanel() {
  const host = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<Tip | null>(null);

  useEffect(() => {
    const view = new LanesView(host.current!, {
      theme: themeOf(get()),
      axis: get().axis,
      opensActions: (hit) => get().showing === 'run' && isOf(hit.track, 'cpu', 'vcpu'),
      draggable: (hit) => get().showing === 'run' && hit.region === 'header' && isOf(hit.track, 'vcpu'),
    });
    lanes.view = view;
    const stops = [...follow(view), ...listen(view, setTip)];
    view.drawNow();
    requestAnimationFrame(lanesDrawn);
    return () => {
      for (const stop of stops) stop();
      lanes.view = null;
      view.destroy();
    };
  }, []);

  return (
    <div className={styles.lanes}>
      {/* Keys for the lanes work on the whole page; focus is for those who come by Tab, and for the menu key. */}
      <div
        ref={host}
        className={styles.host}
        tabIndex={0}
        role="group"
        aria-label="Lanes"
        aria-describedby="lanes-help"
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'ContextMenu') return;
          event.preventDefault();
          const { currentTarget } = event;
          whenLoaded((late) => late.menuOfSelection(currentTarget));
        }}
      />
      <p id="lanes-help" hidden>
        Up and down select a lane, full stop and comma the next and previous thing in it; Enter opens its actions; L
        shows the lanes as a table.
      </p>
      {tip && (
        <div className={styles.tip} style={{ left: tip.x, top: tip.y }} aria-hidden="true">
          {tip.text}
        </div>
      )}
    </div>
  );
}

const isOf = (track: number, ...kinds: readonly string[]): boolean =>
  kinds.includes(timelineOf(get())?.tracks[track]?.kind ?? '');

interface Tip {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

function listen(view: LanesView, setTip: (tip: Tip | null) => void): (() => void)[] {
  let last: Hit | null = null;
  return [
    view.on('seek', ({ ordinal }) => seek(ordinal)),
    view.on('select', ({ item }) => select(item)),
    view.on('context', ({ hit, clientX, clientY }) => {
      setTip(null);
      whenLoaded((late) => late.menuOf(view.timeline, hit, { x: clientX, y: clientY }));
    }),
    view.on('drag', (event) => {
      setTip(null);
      whenLoaded((late) => late.dragVcpu(view, event));
    }),
    view.on('hover', ({ hit, clientX, clientY }) => {
      if (!hit?.item || hit.region !== 'plot') {
        if (last !== null) setTip(null);
        last = null;
        return;
      }
      last = hit;
      const { item, count } = hit;
      const many = count > 1 ? `${count} marks here; the loudest: ` : '';
      void import('../../lanes/describe').then(({ describeItem }) => {
        if (last !== hit) return;
        setTip({
          text: many + describeItem(view.timeline, item, view.axis),
          x: Math.min(clientX + 14, window.innerWidth - 340),
          y: Math.min(clientY + 18, window.innerHeight - 90),
        });
      });
    }),
  ];
}

/** From the store to the lanes. */
function follow(view: LanesView): (() => void)[] {
  let shown: Timeline | null = null;
  /** The same without rows of variables: these come and go, and what is seen stays. */
  let shownBare: Timeline | null = null;
  let source: AppState['showing'] | null = null;
  let scenario = '';
  const timeline = (): void => {
    const s = get();
    const next = timelineOf(s);
    if (next === null || next === shown) return;
    const bare = bareTimelineOf(s);
    const again =
      bare === shownBare ||
      (source === s.showing && scenario === s.scenario && s.showing === 'run' && shown?.sides?.[1] === next.sides?.[1]);
    view.setAxis(s.axis);
    view.setTimeline(next, { keepView: again, ...(s.showing === 'run' ? { steps: lastOf(s) } : {}) });
    const wasShown = shown;
    shown = next;
    shownBare = bare;
    source = s.showing;
    scenario = s.scenario;
    view.setSelection(s.selection);
    light(view, s, again && wasShown !== null);
    playhead();
  };
  const playhead = (): void => {
    const s = get();
    view.setPlayhead(s.playhead, { follow: true });
    view.setReveal(s.unfolding ? s.playhead : null);
    // In the frame in which the transport tells the step, not in the next one.
    if (s.playing) view.drawNow();
  };
  timeline();
  return [
    app.subscribe(timelineOf, timeline),
    app.subscribe((s) => s.playhead, playhead),
    app.subscribe((s) => s.unfolding, playhead),
    app.subscribe(
      (s) => s.axis,
      (axis) => view.setAxis(axis),
    ),
    app.subscribe(themeOf, (theme) => view.setTheme(theme)),
    app.subscribe(
      (s) => s.selection,
      (item) => view.setSelection(item),
    ),
  ];
}

/** The CPU that was lit last: an edit that changes it brings the new one into view. */
let litCpu = -1;

/** Unfolds and lights the CPU that the story is about. After an edit folds stay as they are. */
function light(view: LanesView, s: AppState, again: boolean): void {
  const timeline = view.timeline;
  const cpu = interest(s);
  // Of two runs both rows.
  const groups = timeline.tracks.flatMap((t, i) => (t.kind === 'cpu' && t.cpu === cpu ? [i] : []));
  const [track = -1] = groups;
  if (!again) timeline.tracks.forEach((t, i) => t.kind === 'cpu' && view.setFolded(i, true));
  view.setInterest(groups);
  if (track < 0) return;
  const moved = !again || cpu !== litCpu;
  litCpu = cpu;
  const cpus = timeline.tracks.reduce((n, t) => n + Number(t.kind === 'cpu'), 0);
  if (cpus <= MANY || !again) for (const group of groups) view.setFolded(group, false);
  if (!moved) return;
  // The whole group, and if it does not fit its head.
  timeline.tracks.forEach((t, i) => groups.includes(t.parent) && view.revealTrack(i));
  view.revealTrack(track);
}

/** The CPU that it is about: of two runs the one at which they part. */
function interest(s: AppState): number {
  if (s.showing === 'trace') return s.trace?.cpu ?? -1;
  const parting = s.beside?.joint?.parting;
  if (parting && parting.cpu >= 0) return parting.cpu;
  return pictureOf(s)?.cpu ?? -1;
}
