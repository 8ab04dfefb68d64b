import { useEffect, useRef } from 'react';
import { loreUrl } from '../inspect/sources';
import { lanes } from '../lanes-handle';
import { runCommand } from '../registry';
import { timelineOf } from '../store/state';
import { placeIn } from '../store/tour';
import { TOUR } from '../store/tour-steps';
import { CommandButton } from '../ui/CommandButton';
import { useApp } from '../use-app';
import ui from '../ui/ui.module.css';
import styles from './tour.module.css';

/** A step of the tour: what to look at, and one thing to change. The page under it is as live as ever. */
export default function Tour() {
  const at = useApp((s) => s.tour?.step ?? -1);
  // What is said there is of the text as it was opened.
  const asOpened = useApp((s) => s.tour?.opened === s.text);
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus({ preventScroll: true }), []);
  const step = TOUR[at];
  if (!step) return null;
  return (
    <section ref={box} className={styles.tour} aria-label="Tour of the thread" data-tour tabIndex={-1}>
      <div className={styles.words} aria-live="polite">
        <h2 className={styles.title}>
          <span className={styles.count}>
            {at + 1} of {TOUR.length}
          </span>{' '}
          {step.title}
        </h2>
        <p className={styles.says}>
          {step.says.join(' ')}{' '}
          <span className={styles.mails}>
            {step.mails.map(([name, id]) => (
              <a key={id} href={loreUrl(id)} target="_blank" rel="noreferrer noopener">
                {name} ↗
              </a>
            ))}
          </span>
        </p>
      </div>
      <div className={styles.actions}>
        <button
          type="button"
          className={`${ui.button} ${ui.plain} ${styles.change}`}
          onClick={() => step.change.commands.forEach(runCommand)}
        >
          {step.change.label}
        </button>
        <span className={styles.go}>
          <CommandButton id="tour.back" kind="plain" label="Back" disabled={at === 0} />
          <CommandButton id="tour.next" kind="plain" label="Next" disabled={at === TOUR.length - 1} />
          <CommandButton id="tour.leave" kind="plain" label="Leave" />
        </span>
      </div>
      <progress className={styles.progress} max={TOUR.length} value={at + 1} aria-label="Step of the tour" />
      {asOpened && <Pointer words={step.at} here={step.here} />}
    </section>
  );
}

/** Points at a mark on the lanes, wherever these are moved to. */
function Pointer({ words, here }: { readonly words: string; readonly here: string }) {
  const timeline = useApp(timelineOf);
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let frame = 0;
    const index = timeline ? placeIn(timeline, words) : -1;
    const place = (): void => {
      frame = requestAnimationFrame(place);
      const view = lanes.view;
      const el = mark.current;
      if (!el) return;
      const row = view && view.timeline === timeline && index >= 0 ? rowOf(index) : null;
      const box = view?.canvas.getBoundingClientRect();
      const x = view && row ? view.scale().x(timeline!.instants.at[index]!) : -1;
      const shown = view && row && box && x >= view.scale().left && x <= box.width;
      el.style.visibility = shown ? 'visible' : 'hidden';
      if (!shown) return;
      const left = Math.round(box.left + x);
      el.dataset.left = String(left > window.innerWidth - 260 || x > box.width * 0.66);
      el.style.transform = `translate(${left}px, ${Math.round(box.top + row.top + row.height / 2)}px)`;
    };
    const rowOf = (instant: number): { top: number; height: number } | null => {
      // A row that is folded away is told by its CPU's.
      for (let track = timeline!.instants.track[instant]!; track >= 0; track = timeline!.tracks[track]!.parent) {
        const row = lanes.view!.rowBox(track);
        if (row) return row;
      }
      return null;
    };
    place();
    return () => cancelAnimationFrame(frame);
  }, [timeline, words]);
  return (
    <div ref={mark} className={styles.pointer} style={{ visibility: 'hidden' }}>
      <span className={styles.ring} aria-hidden="true" />
      <span className={styles.here}>{here}</span>
    </div>
  );
}
