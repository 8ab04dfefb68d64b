import { useMemo } from 'react';
import { subjectsOf, type Subject } from '../../litmus/why';
import { causeLine } from '../inspect/causes-view';
import { seek } from '../store/player';
import { askWhy, endWhy, runsOf } from '../store/reading';
import { placeOf, runOf, stepsDone } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import styles from './reading.module.css';

/** The steps that an outcome depends on, in order; the rest of the run is faded on the lanes. */
export function WhyPanel() {
  const run = useApp((s) => runOf(s) ?? s.run);
  const why = useApp((s) => s.reading.why);
  const done = useApp((s) => stepsDone(s));
  const texts = useApp((s) => s.allTexts);
  const subjects = useMemo(() => (run ? subjectsOf(run.outcome) : []), [run]);
  const lines = useMemo(() => (why && texts ? why.causes.map((c) => causeLine(why.run, c)) : []), [why, texts]);
  if (!run) return null;
  if (subjects.length === 0)
    return (
      <p className={styles.empty}>
        Nothing failed in this run, and its question has no witness: there is nothing to explain. Arm a failure on a
        CPU, or open another text.
      </p>
    );
  const reached = lines.findLastIndex((l) => l.step < done);
  return (
    <div className={styles.body}>
      <div className={styles.bar}>
        <label className={styles.field}>
          <span>Why</span>
          <select
            value={why ? subjects.findIndex((s) => s.text === why.subject.text) : -1}
            onChange={(event) => {
              const subject: Subject | undefined = subjects[Number(event.target.value)];
              if (subject) askWhy(subject);
            }}
          >
            {!why && <option value={-1}>choose what is to be explained</option>}
            {subjects.map((subject, i) => (
              <option key={i} value={i}>
                {subject.text}
              </option>
            ))}
          </select>
        </label>
        {why ? (
          <p className={styles.count}>
            {why.causes.length} of {why.run.steps.toLocaleString('en')} steps mattered; the rest is faded.{' '}
            <button type="button" className={styles.link} onClick={endWhy}>
              Show all alike
            </button>
          </p>
        ) : (
          <p className={styles.count}>
            <button type="button" className={styles.go} onClick={() => askWhy()}>
              Why: {subjects[0]!.text}
            </button>
          </p>
        )}
      </div>
      {why && (
        <ol className={styles.causes} tabIndex={0} aria-label="Steps that mattered, in order" data-scrolls>
          {lines.map((line, i) => (
            <li key={line.step}>
              <button
                type="button"
                data-loud={line.loud}
                data-past={line.step < done}
                aria-current={i === reached ? 'step' : undefined}
                title={`${line.fn === '' ? '' : `${line.fn}; `}${line.because}`}
                onClick={() => goTo(line.step)}
              >
                <span className={styles.where}>
                  <span className={styles.who}>
                    {(line.step + 1).toLocaleString('en')} · CPU {line.cpu} · {line.who}
                  </span>
                  <span className={styles.because}>{line.because}</span>
                </span>
                <span className={styles.what}>
                  {line.fn !== '' && <code>{line.fn}</code>} {line.text}
                </span>
              </button>
            </li>
          ))}
          <li className={styles.note}>
            Found backwards from the outcome: who wrote what was read, what decided, who called, woke and placed it, and
            what was left undone. It is thinned out for reading, and no proof that nothing else mattered.
          </li>
        </ol>
      )}
    </div>
  );
}

function goTo(step: number): void {
  const s = get();
  const of = runsOf(s).find(({ run }) => run.history === s.reading.why?.run.history);
  seek(placeOf(s, of?.placeOf(step) ?? step));
}
