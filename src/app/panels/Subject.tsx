import { describeItem } from '../../lanes/describe';
import { doubtAt } from '../../lanes/overlay';
import type { Item } from '../../lanes/lanes-view';
import { FlowKind, type Timeline } from '../../timeline/columns';
import { sourceOf, STANDING, type SourceView } from '../inspect/sources';
import { rowHistory, subjectView, type Line } from '../inspect/subject';
import { lanes } from '../lanes-handle';
import type { RunView } from '../store/run-view';
import { seek } from '../store/player';
import { togglePin } from '../store/reading';
import { select } from '../store/page';
import { placeOf, placeOfStep, runOf, stepsDone, timelineOf } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import { Section } from './Inspector';
import { Source } from './Source';
import styles from './inspector.module.css';
import own from './reading.module.css';

/** What is selected on the lanes: how it stands, why so, and what it went through. */
export function Subject() {
  const item = useApp((s) => s.selection);
  const timeline = useApp(timelineOf);
  const axis = useApp((s) => s.axis);
  const run = useApp((s) => runOf(s));
  const playing = useApp((s) => s.playing);
  const done = useApp((s) => stepsDone(s));
  const playhead = useApp((s) => s.playhead);
  const pins = useApp((s) => s.reading.pins);
  if (!item || !timeline || !exists(timeline, item)) return null;
  const source = run && callbackOf(timeline, item, run);
  const doubt = doubtOf(timeline, item);
  // Looking through all that is there is for the eye at rest.
  const view = run && !playing ? subjectView(run, timeline, item, done) : null;
  const history = playing || item.kind === 'flow' ? [] : rowHistory(timeline, item, playhead);
  return (
    <>
      <Section title="Selected">
        <p className={styles.selected}>{describeItem(timeline, item, axis)}</p>
        {doubt !== null && <p className={own.doubt}>{doubt}</p>}
        {source && <Source source={source} />}
        <Ends timeline={timeline} item={item} />
        {view && view.pin !== '' && (
          <button type="button" className={own.link} onClick={() => togglePin(view.pin)}>
            {pins.includes(view.pin) ? 'Take off the lanes' : 'Pin to the lanes'}
          </button>
        )}
      </Section>
      {view && <Lines title={`${view.title} now`} lines={view.now} />}
      {view && <Lines title="Why" lines={view.why} />}
      {view && view.history.length > 0 ? (
        <Lines title="History" lines={view.history} done={done} />
      ) : (
        history.length > 1 && <Row rows={history} playhead={playhead} />
      )}
    </>
  );
}

const exists = ({ slices, instants, flows, tracks }: Timeline, item: Item): boolean =>
  item.kind === 'slice'
    ? item.index < slices.length
    : item.kind === 'instant'
      ? item.index < instants.length
      : item.kind === 'flow'
        ? item.index < flows.length
        : item.track < tracks.length;

/** Says that a bar rests on what nobody has read, in the words of its mark. */
function doubtOf(timeline: Timeline, item: Item): string | null {
  if (item.kind !== 'slice') return null;
  const { track, depth, start, end } = timeline.slices;
  const doubts = lanes.view?.timeline === timeline ? lanes.view.overlay.doubts : null;
  const how = doubtAt(doubts, track[item.index]!, depth[item.index]!, start[item.index]!, end[item.index]!);
  if (how === 0) return null;
  const { sign, word, text } = STANDING[how === 2 ? 'unknown' : 'inferred'];
  return `${sign} ${word}: part of it is ${text}`;
}

/** A step of the hotplug walk is called like its callback: where that was read. */
function callbackOf(timeline: Timeline, item: Item, { program }: RunView): SourceView | null {
  if (item.kind !== 'slice' || timeline.slices.depth[item.index] === 0) return null;
  if (timeline.tracks[timeline.slices.track[item.index]!]!.kind !== 'hotplug') return null;
  return sourceOf(program, timeline.strings[timeline.slices.name[item.index]!]!);
}

/** The two ends of an arrow, to go to; of an interrupt the call that sent it. */
function Ends({ timeline, item }: { readonly timeline: Timeline; readonly item: Item }) {
  const { flows, slices, tracks } = timeline;
  if (item.kind === 'flow') {
    return (
      <p className={own.ends}>
        <To place={placeOf(get(), flows.start[item.index]!)} text="Where it was sent" />
        <To place={placeOf(get(), flows.end[item.index]!)} text="Where it arrived" />
      </p>
    );
  }
  if (item.kind !== 'slice' || slices.depth[item.index] === 0) return null;
  const track = slices.track[item.index]!;
  if (tracks[track]!.kind !== 'runs') return null;
  let found = -1;
  for (let i = 0; i < flows.length; i++)
    if (flows.kind[i] === FlowKind.ipi && flows.toTrack[i] === track && flows.end[i]! <= slices.start[item.index]!)
      found = i;
  if (found < 0) return null;
  return (
    <p className={own.ends}>
      <button type="button" className={own.link} onClick={() => select({ kind: 'flow', index: found })}>
        The call that sent it
      </button>
    </p>
  );
}

function To({ place, text }: { readonly place: number; readonly text: string }) {
  return (
    <button type="button" className={own.link} onClick={() => seek(place)}>
      {text}
    </button>
  );
}

function Lines({
  title,
  lines,
  done = -1,
}: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly done?: number;
}) {
  if (lines.length === 0) return null;
  const now = lines.findLastIndex((l) => l.step !== undefined && l.step <= done);
  return (
    <Section title={title}>
      <ul className={styles.events}>
        {lines.map(({ text, step, loud }, i) => (
          <li key={i} data-loud={loud}>
            {step === undefined ? (
              text
            ) : (
              <button
                type="button"
                className={own.line}
                aria-current={i === now ? 'step' : undefined}
                title={`Go to step ${step}`}
                onClick={() => seek(placeOfStep(get(), step - 1, get().side))}
              >
                {text}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What the row of the lanes went through. */
function Row({ rows, playhead }: { readonly rows: ReturnType<typeof rowHistory>; readonly playhead: number }) {
  return (
    <Section title="History">
      <ol className={styles.events}>
        {rows.map(({ text, at, end }) => (
          <li key={at}>
            <button
              type="button"
              className={own.line}
              aria-current={at <= playhead && playhead < end ? 'step' : undefined}
              onClick={() => seek(at)}
            >
              <span className={own.number}>{at.toLocaleString('en')}</span> {text}
            </button>
          </li>
        ))}
      </ol>
    </Section>
  );
}
