import { Fragment, lazy, Suspense, type ReactNode } from 'react';
import { durationText } from '../../lanes/scale';
import { sourceOf, standingOf } from '../inspect/sources';
import { stepView, type StackLine, type StepView } from '../inspect/step';
import type { RunView } from '../store/run-view';
import { whenLoaded } from '../late';
import { togglePin } from '../store/reading';
import { placeOfStep, runOf, stepsDone, type Side } from '../store/state';
import { get } from '../store/store';
import { seek } from '../store/player';
import { Panel } from '../ui/Panel';
import { SideBadge } from '../ui/SideBadge';
import { useApp } from '../use-app';
import { Differences } from './Differences';
import { ReadTabs } from './ReadTabs';
import { SearchPanel } from './SearchPanel';
import { Subject } from './Subject';
import { Source, StandingMark } from './Source';
import { TraceInspector } from './TraceInspector';
import styles from './inspector.module.css';

const WhyPanel = lazy(() => import('./WhyPanel').then((m) => ({ default: m.WhyPanel })));
const ValuesPanel = lazy(() => import('./ValuesPanel').then((m) => ({ default: m.ValuesPanel })));
const MarksPanel = lazy(() => import('./MarksPanel').then((m) => ({ default: m.MarksPanel })));

const OTHERS = { why: <WhyPanel />, search: <SearchPanel />, values: <ValuesPanel />, marks: <MarksPanel /> };

/** What the step at the playhead is, does and changes; behind it why it came so, a search, variables over time, marks. */
export function Inspector() {
  const trace = useApp((s) => (s.showing === 'trace' ? s.trace : null));
  const side = useApp((s) => s.side);
  const run = useApp((s) => runOf(s));
  const names = useApp((s) => (s.beside?.run ? s.beside.names : null));
  const tab = useApp((s) => s.reading.tab);
  const ofTrace = trace !== null && side === 0;
  return (
    <Panel
      title={ofTrace ? 'Event' : 'Step'}
      name="step"
      heading={<ReadTabs event={ofTrace} />}
      actions={names && tab === 'step' && <Sides names={names} side={side} />}
      className={styles.inspector}
    >
      {tab === 'step' || (tab === 'why' && ofTrace) ? (
        <div className={styles.body} data-testid="inspector">
          {ofTrace ? <TraceInspector trace={trace} /> : run && <StepInspector run={run} />}
        </div>
      ) : (
        <Suspense fallback={null}>{OTHERS[tab]}</Suspense>
      )}
    </Panel>
  );
}

/** Whose step is told. */
function Sides({ names, side }: { readonly names: readonly [string, string]; readonly side: Side }) {
  return (
    <span className={styles.sides} role="group" aria-label="Whose step">
      {names.map((name, i) => (
        <button
          key={i}
          type="button"
          aria-pressed={side === i}
          title={name}
          onClick={() => whenLoaded((late) => late.setSide(i as Side))}
        >
          <SideBadge side={i as Side} name={name} />
        </button>
      ))}
    </span>
  );
}

/**
 * What is about the step itself above, what is about the whole state below: the one changes its length with every step,
 * and the other must not move for it.
 */
export function Halves({ upper, lower }: { readonly upper: ReactNode; readonly lower: ReactNode }) {
  // While it plays each part keeps its place, as long as its text is or as short.
  const playing = useApp((s) => s.playing);
  return (
    <>
      <div
        className={styles.upper}
        tabIndex={0}
        role="group"
        aria-label="Details"
        data-playing={playing || undefined}
        data-scrolls
      >
        <Fragment key={String(playing)}>{upper}</Fragment>
      </div>
      <div className={styles.lower} tabIndex={0} role="group" aria-label="State" data-scrolls>
        {lower}
      </div>
    </>
  );
}

function StepInspector({ run }: { readonly run: RunView }) {
  const done = useApp((s) => stepsDone(s));
  const step = stepView(run, done);
  return (
    <Halves
      upper={
        <>
          <Subject />
          <Where step={step} />
          <Happened step={step} />
          <Changed step={step} />
          <Stack step={step} run={run} />
        </>
      }
      lower={
        <>
          <Differences />
          <Variables step={step} />
        </>
      }
    />
  );
}

function Variables({ step }: { readonly step: StepView }) {
  const pins = useApp((s) => s.reading.pins);
  return step.variables.map(({ title, values }) => (
    <Section key={title} title={title}>
      <dl className={styles.values}>
        {values.map((v) => (
          <div key={v.name} className={v.changed ? styles.changed : undefined} title={v.doc || undefined}>
            <dt>
              <button
                type="button"
                className={styles.name}
                aria-pressed={pins.includes(v.name)}
                title={`${pins.includes(v.name) ? 'Take off' : 'Pin to'} the lanes`}
                onClick={() => togglePin(v.name)}
              >
                {v.name}
              </button>{' '}
              <StandingMark standing={standingOf(v.doc)} short />
            </dt>
            <dd>
              {v.set > 0 ? (
                <button
                  key={v.value}
                  type="button"
                  className={styles.name}
                  title={`Set in step ${v.set.toLocaleString('en')}: go there`}
                  onClick={() => seek(placeOfStep(get(), v.set - 1, get().side))}
                >
                  {v.value}
                </button>
              ) : (
                <span key={v.value}>{v.value}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  ));
}

interface SectionProps {
  readonly title: string;
  /** Which of the parts that have a place of their own while it plays. */
  readonly part?: 'where' | 'happened' | 'changed' | 'stack';
  readonly children: ReactNode;
}

export function Section({ title, part, children }: SectionProps) {
  return (
    <section className={styles.section} data-part={part}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Where({ step }: { readonly step: StepView }) {
  return (
    <Section part="where" title={step.number === 0 ? 'Start' : `Step ${step.number.toLocaleString('en')}`}>
      {step.number > 0 && (
        <p key={step.number} className={styles.where}>
          <b>CPU {step.cpu}</b> · <code>{step.task}</code> · {durationText(step.timeUs)}
          {step.context.length > 0 && <span className={styles.context}>{step.context.join(', ')}</span>}
        </p>
      )}
    </Section>
  );
}

function Stack({ step, run }: { readonly step: StepView; readonly run: RunView }) {
  const [inner, ...callers] = step.stack;
  if (!inner) return null;
  const source = sourceOf(run.program, inner.fn);
  return (
    <Section part="stack" title="Stack">
      <div key={step.number} className={styles.innermost}>
        <code>{inner.fn}</code>
        {source && <StandingMark standing={source.standing} />}
      </div>
      {step.line && (
        <div className={styles.line}>
          <span className={styles.source}>
            {step.line.file}:{step.line.line}
          </span>
          <code>{step.line.text}</code>
        </div>
      )}
      {source && <Source source={source} />}
      <ol className={styles.stack} aria-label="Callers, the nearest first">
        {callers.map((call, i) => (
          <li key={i}>
            <Call {...call} run={run} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Call({ fn, source, run }: StackLine & { readonly run: RunView }) {
  return (
    <>
      <code>{fn}</code>
      <StandingMark standing={sourceOf(run.program, fn)?.standing ?? 'read'} short />
      {source !== '' && <span className={styles.source}>{source}</span>}
    </>
  );
}

function Happened({ step }: { readonly step: StepView }) {
  if (step.events.length === 0) return null;
  return (
    <Section part="happened" title="What happened">
      <ul className={styles.events}>
        {step.events.map(({ text, loud }, i) => (
          <li key={i} data-loud={loud}>
            {text}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Changed({ step }: { readonly step: StepView }) {
  if (step.changes.length === 0) return null;
  return (
    <Section part="changed" title="What changed">
      <dl key={step.number} className={styles.values}>
        {step.changes.map((c) => (
          <div key={c.name} className={styles.changed} title={c.doc || undefined}>
            <dt>
              {c.name} <StandingMark standing={standingOf(c.doc)} short />
            </dt>
            <dd>
              {c.before} → {c.after}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
