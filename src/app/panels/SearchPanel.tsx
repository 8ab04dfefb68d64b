import { useEffect, useMemo, useRef, useState } from 'react';
import { hitText, MOST_HITS } from '../inspect/search';
import { find, haystackOf, nextHit, placeOfHit, toHit } from '../store/reading';
import { timelineOf } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import styles from './reading.module.css';

const ROW = 38;
const SPARE = 6;
/** Typing is searched after so long a pause, milliseconds. */
const PAUSE = 120;

/** Search over steps, functions, log lines, tasks and hotplug steps; only the results in view are made. */
export function SearchPanel() {
  const search = useApp((s) => s.reading.search);
  const timeline = useApp(timelineOf);
  const trace = useApp((s) => s.showing === 'trace');
  const [text, setText] = useState(search?.query ?? '');
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const hits = search?.hits ?? null;
  const current = search?.current ?? -1;

  useEffect(() => {
    if (text === (get().reading.search?.query ?? '')) return;
    const wait = setTimeout(() => find(text), PAUSE);
    return () => clearTimeout(wait);
  }, [text]);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [hits]);
  useEffect(() => {
    const element = list.current;
    if (!element || current < 0) return;
    const y = current * ROW;
    if (y < element.scrollTop) element.scrollTop = Math.max(0, y - ROW);
    else if (y + ROW > element.scrollTop + element.clientHeight) element.scrollTop = y + 2 * ROW - element.clientHeight;
  }, [current, hits]);

  const hay = useMemo(() => (timeline ? haystackOf(get()) : null), [timeline]);
  const from = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const to = Math.min(hits?.length ?? 0, Math.ceil((view.top + view.height) / ROW) + SPARE);
  return (
    <div className={styles.body}>
      <div className={styles.bar}>
        <input
          data-search
          type="search"
          className={styles.input}
          placeholder={trace ? 'event, task, log line …' : 'function, line, task, log line …'}
          aria-label="Search"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              if (text !== get().reading.search?.query) find(text);
              else nextHit(event.shiftKey ? -1 : 1);
            } else if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <p className={styles.count} role="status">
          {status(search?.query ?? '', hits?.length ?? null, current, search?.done ?? true)}
        </p>
      </div>
      {hits && hits.length > 0 && hay && (
        <div
          ref={list}
          className={styles.hits}
          tabIndex={0}
          role="group"
          aria-label="Places found"
          data-scrolls
          onScroll={(event) =>
            setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
          }
        >
          {/* Browsers draw no element taller than this; so many are counted, not scrolled to. */}
          <ol style={{ height: Math.min(hits.length * ROW, 8_000_000) }}>
            {Array.from({ length: Math.max(0, to - from) }, (_, k) => {
              const i = from + k;
              const { kind, where, text: what } = hitText(hay, hits, i);
              return (
                <li key={i} style={{ top: i * ROW, height: ROW }} aria-setsize={hits.length} aria-posinset={i + 1}>
                  <button
                    type="button"
                    tabIndex={-1}
                    aria-current={i === current}
                    title={what}
                    onClick={() => toHit(i)}
                  >
                    <span className={styles.where}>
                      <span className={styles.who}>
                        {placeOfHit(get(), hits, i).toLocaleString('en')} · {where}
                      </span>
                      <span className={styles.because}>{kind}</span>
                    </span>
                    <span className={styles.one}>{what}</span>
                  </button>
                </li>
              );
            })}
          </ol>
        </div>
      )}
      {hits === null && (
        <p className={styles.empty}>
          Words of a function, of a line of the kernel text, of a task, of a hotplug step or of the log: all places that
          hold them get a mark on the lanes. Enter or N goes to the next, Shift+Enter or Shift+N back.
        </p>
      )}
    </div>
  );
}

function status(query: string, hits: number | null, current: number, done: boolean): string {
  if (query.trim() === '') return '';
  if (!done) return 'looking …';
  if (!hits) return 'nothing found';
  const most = hits >= MOST_HITS ? 'the first ' : '';
  return `${current >= 0 ? `${(current + 1).toLocaleString('en')} of ` : ''}${most}${hits.toLocaleString('en')} place${hits === 1 ? '' : 's'}`;
}
