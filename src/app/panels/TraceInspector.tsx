import { Mark } from '../../timeline/columns';
import { clockText } from '../../lanes/scale';
import { eventsAt, stateAt } from '../inspect/trace';
import { openDialog } from '../store/page';
import { stepsDone, type TraceView } from '../store/state';
import { useApp } from '../use-app';
import { Differences } from './Differences';
import { Halves, Section } from './Inspector';
import { Subject } from './Subject';
import styles from './inspector.module.css';

/** What a trace holds at the playhead, and what it is made of. */
export function TraceInspector({ trace }: { readonly trace: TraceView }) {
  const at = useApp((s) => stepsDone(s, 0));
  const playing = useApp((s) => s.playing);
  const { timeline, report } = trace;
  const events = eventsAt(timeline, at);
  // Looking through all slices is for the eye at rest.
  const states = playing ? [] : stateAt(timeline, at);
  const upper = (
    <>
      <Subject />
      <Section title={`Event ${at.toLocaleString('en')}`}>
        <p className={styles.where}>
          <code>{clockText(timeline, timeline.timeUs[at]!)}</code>
        </p>
        <ul className={styles.events}>
          {events.map((e) => (
            <li key={e.index} data-loud={e.mark === Mark.oops ? 'oops' : e.mark === Mark.failure ? 'fail' : ''}>
              <code>{e.what}</code>
              <span className={styles.more}>
                {[e.tracks.join(', '), ...e.more].map((part, i) => (
                  <span key={i}>{part}</span>
                ))}
              </span>
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
  const lower = (
    <>
      <Differences />
      {states.length > 0 && (
        <Section title="At this moment">
          <dl className={styles.values}>
            {states.map((s, i) => (
              <div key={i} title={s.detail || undefined}>
                <dt>{s.cpu}</dt>
                <dd>{s.what}</dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      {/* It stands lower where the states above it are told. */}
      <Section key={String(playing)} title="Files">
        <ul className={styles.files}>
          {report.files.map((f) => (
            <li key={f.name}>
              <code>{f.name}</code> <span className={styles.source}>{f.kind}</span>
            </li>
          ))}
        </ul>
        {(report.badLines > 0 || report.notes.length > 0) && (
          <button type="button" className={styles.link} onClick={() => openDialog('report')}>
            {report.badLines > 0
              ? `${report.badLines.toLocaleString('en')} line${report.badLines === 1 ? '' : 's'} not understood`
              : `${report.notes.length} notes on the import`}
          </button>
        )}
      </Section>
    </>
  );
  return <Halves upper={upper} lower={lower} />;
}
