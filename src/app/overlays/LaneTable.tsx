import { useState } from 'react';
import { describeAt, describeMark, describeTrack, laneTable } from '../../lanes/describe';
import type { Timeline, TrackId } from '../../timeline/columns';
import { closeDialog, select } from '../store/page';
import { timelineOf } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import ui from '../ui/ui.module.css';
import styles from './overlays.module.css';

/** Rows at once. */
const PAGE = 200;

/** The lane to begin with: the selected one, else the one with the loudest thing on it. */
function firstTrack(timeline: Timeline): TrackId {
  const { selection } = get();
  if (selection?.kind === 'slice') return timeline.slices.track[selection.index]!;
  if (selection?.kind === 'instant') return timeline.instants.track[selection.index]!;
  if (selection?.kind === 'track') return selection.track;
  const { instants } = timeline;
  let loudest = 0;
  for (let i = 1; i < instants.length; i++) if (instants.mark[i]! < instants.mark[loudest]!) loudest = i;
  return instants.length > 0 ? instants.track[loudest]! : 0;
}

/** What a lane shows, in words: for who cannot see it, and for who wants to copy it. */
export function LaneTable() {
  const timeline = useApp(timelineOf);
  const axis = useApp((s) => s.axis);
  const playhead = useApp((s) => s.playhead);
  const [first, setFirst] = useState<number | null>(null);
  const [track, setTrack] = useState(() => (timeline ? firstTrack(timeline) : 0));
  if (!timeline) return null;
  const all = laneTable(timeline, track, 0, timeline.length, Infinity);
  // It begins where the playhead is, with something of what was before.
  const near = Math.max(0, all.findLastIndex((row) => row.start <= playhead) - PAGE / 2);
  const from = Math.max(0, Math.min(first ?? near, all.length - PAGE));
  const rows = all.slice(from, from + PAGE);
  return (
    <>
      <label className={styles.pick}>
        Lane{' '}
        <select
          value={track}
          onChange={(event) => {
            setTrack(Number(event.target.value));
            setFirst(null);
          }}
        >
          {timeline.tracks.map((_, t) => (
            <option key={t} value={t}>
              {describeTrack(timeline, t)}
            </option>
          ))}
        </select>
      </label>
      {all.length > PAGE && (
        <span className={styles.pages}>
          <button
            type="button"
            className={`${ui.button} ${ui.plain}`}
            disabled={from === 0}
            onClick={() => setFirst(Math.max(0, from - PAGE))}
          >
            Earlier
          </button>
          {from + 1} to {Math.min(from + PAGE, all.length)} of {all.length.toLocaleString('en')}
          <button
            type="button"
            className={`${ui.button} ${ui.plain}`}
            disabled={from + PAGE >= all.length}
            onClick={() => setFirst(from + PAGE)}
          >
            Later
          </button>
        </span>
      )}
      <table className={styles.table}>
        <caption className="visually-hidden">{describeTrack(timeline, track)}</caption>
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th>What</th>
            <th>Meaning</th>
            <th>Detail</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.kind} ${row.index}`}>
              <td>
                <button
                  type="button"
                  className={styles.place}
                  onClick={() => {
                    closeDialog();
                    select({ kind: row.kind, index: row.index });
                  }}
                >
                  {(row.kind === 'instant' ? describeMark : describeAt)(timeline, row.start, axis)}
                </button>
              </td>
              <td className={styles.nowrap}>{row.kind === 'slice' ? describeAt(timeline, row.end, axis) : ''}</td>
              <td>{row.name}</td>
              <td>{row.means}</td>
              <td>{row.detail === row.name ? '' : row.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p>This lane is empty.</p>}
    </>
  );
}
