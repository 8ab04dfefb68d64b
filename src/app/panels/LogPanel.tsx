import { useEffect, useMemo, useRef, useState } from 'react';
import { Mark, type LogLine } from '../../timeline/columns';
import { clockText, durationText } from '../../lanes/scale';
import { seek } from '../store/player';
import { isPast, placeOf, timelineOf } from '../store/state';
import { get } from '../store/store';
import { SideBadge } from '../ui/SideBadge';
import { useApp } from '../use-app';
import styles from './log.module.css';

const ROW = 20;
/** Rows drawn above and below the view. */
const SPARE = 8;

interface Props {
  readonly source: 'kernel' | 'vmm';
  readonly label: string;
}

/** A log that follows the playhead: what is still to come is dim. Only the lines in view are drawn. */
export function LogLines({ source, label }: Props) {
  const timeline = useApp(timelineOf);
  const trace = useApp((s) => s.showing === 'trace');
  const lines = useMemo(
    () => timeline?.log.filter((l) => (source === 'kernel' ? l.source === 'kernel' : l.source === 'vmm')) ?? [],
    [timeline, source],
  );
  const past = useApp((s) => pastCount(lines, (line) => isPast(s, line.at)));
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // The line that was reached last stays in view.
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const y = Math.max(0, past - 1) * ROW;
    const { scrollTop, clientHeight } = element;
    if (y < scrollTop) element.scrollTop = Math.max(0, y - ROW);
    else if (y + 2 * ROW > scrollTop + clientHeight) element.scrollTop = y + 2 * ROW - clientHeight;
  }, [past, lines]);

  if (!timeline || lines.length === 0)
    return (
      <p className={styles.empty}>{trace ? 'The files hold no such lines.' : 'The kernel logs nothing in this run.'}</p>
    );
  const from = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const to = Math.min(lines.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
  return (
    <div
      ref={list}
      className={styles.list}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      tabIndex={0}
      role="group"
      aria-label={label}
      data-scrolls
    >
      <ol className={styles.lines} style={{ height: lines.length * ROW }}>
        {lines.slice(from, to).map((line, i) => (
          <li key={from + i} style={{ top: (from + i) * ROW }} aria-setsize={lines.length} aria-posinset={from + i + 1}>
            <button
              type="button"
              className={styles.line}
              tabIndex={-1}
              data-loud={line.mark === Mark.oops ? 'oops' : line.mark <= Mark.warning ? 'fail' : ''}
              data-past={from + i < past}
              aria-current={from + i === past - 1 ? 'step' : undefined}
              title={line.text}
              onClick={() => seek(placeOf(get(), line.at))}
            >
              <span className={styles.when}>
                {trace ? clockText(timeline, line.timeUs).replace(' s', '') : durationText(line.timeUs)}
              </span>
              {line.side !== undefined && <SideBadge side={line.side} />}
              <span className={styles.cpu}>{line.cpu >= 0 ? `CPU ${line.cpu}` : ''}</span>
              <span className={styles.text}>{line.text}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Lines lie in the order of time: how many of them are past. */
function pastCount(lines: readonly LogLine[], past: (line: LogLine) => boolean): number {
  let lo = 0;
  let hi = lines.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (past(lines[mid]!)) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
