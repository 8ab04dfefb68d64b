import type { Sentence as Said, Tone } from '../../litmus/outcome';
import { pictureOf, type AppState } from '../store/state';
import { useApp } from '../use-app';
import { around } from '../late';
import { CommandButton } from '../ui/CommandButton';
import { Fragment, lazy, Suspense } from 'react';
import styles from './sentence.module.css';

const Basis = lazy(() => around.then((m) => ({ default: m.Basis })));
const BesideSentence = lazy(() => around.then((m) => ({ default: m.BesideSentence })));

export const sign: Record<Tone, string> = { oops: '!', fail: '!', ok: '✓', unknown: '?' };
export const word: Record<Tone, string> = { oops: 'Oops', fail: 'Failure', ok: 'No failure', unknown: 'Unknown' };

/** A part of the sentence that is a kernel's name is set as such. */
const CODE = /(\b[a-z]\w*_\w+\b|\bvm\w*\.vcpu\d+\b|\b[\w./-]+\.c:\d+\b|\bKVM_\w+\b|\bVM[A-Z]{3,}\b)/;

export function Kernelish({ text }: { readonly text: string }) {
  return text.split(CODE).map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
}

function verdictOf(s: AppState): { text: string; broken: boolean } | null {
  const verdict = s.showing === 'run' ? pictureOf(s)?.verdict : undefined;
  if (!verdict || verdict.how === '') return null;
  const result = { holds: 'holds', broken: 'broken', seen: 'seen', 'not seen': 'not seen', none: 'not known' }[
    verdict.result
  ];
  return { text: `${verdict.text}: ${result}`, broken: verdict.result === 'broken' };
}

/** The answer, before anything else; of two runs, both. */
export function Sentence() {
  const pair = useApp((s) => s.beside !== null);
  return pair ? (
    <Suspense fallback={<One />}>
      <BesideSentence />
    </Suspense>
  ) : (
    <One />
  );
}

function One() {
  const run = useApp(pictureOf);
  const trace = useApp((s) => (s.showing === 'trace' ? s.trace : null));
  const stale = useApp((s) => s.showing === 'run' && s.problems.length > 0);
  const text = useApp((s) => verdictOf(s)?.text ?? '');
  const broken = useApp((s) => verdictOf(s)?.broken ?? false);
  const seed = run?.seed ?? 0;
  const said: Said | null = (trace ?? run)?.sentence ?? null;
  return (
    <section className={styles.sentence} aria-label="Outcome" data-tone={said?.tone ?? 'unknown'}>
      {said && (
        <span className={styles.disc} role="img" aria-label={word[said.tone]}>
          {sign[said.tone]}
        </span>
      )}
      <div className={styles.words} aria-live="polite">
        <h1 className={styles.headline}>
          {said ? <Kernelish text={said.headline} /> : stale ? 'The text has an error' : 'Nothing has run yet'}
        </h1>{' '}
        <p className={styles.details}>
          {said?.details.map((detail, i) => (
            <Fragment key={i}>
              {i > 0 && ' · '}
              <span>
                <Kernelish text={detail} />
              </span>
            </Fragment>
          ))}
        </p>
      </div>{' '}
      {!trace && (said?.tone === 'oops' || said?.tone === 'fail') && (
        <CommandButton id="read.why" kind="plain" label="Why?" className={styles.why} />
      )}{' '}
      <div className={styles.verdict}>
        {text !== '' && (
          <>
            <span className={broken ? styles.broken : styles.holds}>{text}</span>{' '}
            {stale ? (
              <span className={styles.stale}>of the text before its error</span>
            ) : (
              <span
                className={styles.dim}
                title="Another schedule may end otherwise: one run shows what can happen, not all that can."
              >
                one run, seed {seed}
              </span>
            )}
          </>
        )}
        {trace ? (
          <span className={styles.dim}>{trace.read}</span>
        ) : (
          <Suspense fallback={null}>
            <Basis />
          </Suspense>
        )}
      </div>
    </section>
  );
}
