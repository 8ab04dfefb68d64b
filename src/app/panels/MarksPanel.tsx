import { clockText, durationText } from '../../lanes/scale';
import { clearMarks, measure, removeMark, spanText, toggleMark } from '../store/reading';
import { seek } from '../store/player';
import { timelineOf } from '../store/state';
import { get } from '../store/store';
import { Icon } from '../ui/Icon';
import { useApp } from '../use-app';
import styles from './reading.module.css';

/** Marks with their place and what lies between them. */
export function MarksPanel() {
  const marks = useApp((s) => s.reading.marks);
  const span = useApp((s) => s.reading.span);
  const playhead = useApp((s) => s.playhead);
  const timeline = useApp(timelineOf);
  const trace = useApp((s) => s.showing === 'trace');
  const here = marks.some((m) => m.at === playhead);
  const timeOf = (at: number): string =>
    !timeline
      ? ''
      : trace
        ? clockText(timeline, timeline.timeUs[at] ?? 0)
        : durationText(timeline.timeUs[Math.max(0, at - 1)] ?? 0);
  return (
    <div className={styles.body}>
      <div className={styles.bar}>
        <div className={styles.buttons}>
          <button type="button" className={styles.go} onClick={toggleMark}>
            {here ? 'Take the mark here away' : 'Set a mark here'} <kbd>M</kbd>
          </button>
          {marks.length > 0 && (
            <button type="button" className={styles.link} onClick={clearMarks}>
              all away
            </button>
          )}
        </div>
        <p className={styles.count} role="status">
          {span ? `Measured: ${spanText(get(), ...span)}` : ''}
        </p>
      </div>
      {marks.length === 0 ? (
        <p className={styles.empty}>
          M sets a mark where the playhead is. Shift+M measures from the nearest mark to the playhead, in steps and in
          time.
        </p>
      ) : (
        <ol className={styles.marks}>
          {marks.map((mark, i) => {
            const before = marks[i - 1];
            return (
              <li key={mark.name}>
                <button
                  type="button"
                  className={styles.place}
                  aria-current={mark.at === playhead}
                  onClick={() => seek(mark.at)}
                >
                  <b>{mark.name}</b> {trace ? 'event' : 'step'} {mark.at.toLocaleString('en')}
                  <span className={styles.because}>{timeOf(mark.at)}</span>
                </button>
                {before && (
                  <button
                    type="button"
                    className={styles.between}
                    aria-pressed={span?.[0] === before.at && span[1] === mark.at}
                    title={`Measure from ${before.name} to ${mark.name}`}
                    onClick={() => measure(before.at, mark.at)}
                  >
                    {before.name} to {mark.name}: {spanText(get(), before.at, mark.at)}
                  </button>
                )}
                <button
                  type="button"
                  className={styles.drop}
                  aria-label={`Take mark ${mark.name} away`}
                  onClick={() => removeMark(mark.name)}
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}
