import { seek } from '../store/player';
import { placeOf, timelineOf, type BesideView, type Side } from '../store/state';
import { get } from '../store/store';
import { CommandButton } from '../ui/CommandButton';
import { Icon } from '../ui/Icon';
import { MenuButton } from '../ui/MenuButton';
import { SideBadge } from '../ui/SideBadge';
import { useApp } from '../use-app';
import type { Sentence as Said } from '../../litmus/outcome';
import type { ReactNode } from 'react';
import { Basis, BasisBeside } from './Basis';
import { Kernelish, sign, word } from './Sentence';
import styles from './beside.module.css';

/** Both outcomes, one under the other, and where the two runs part. */
export function BesideSentence() {
  const first = useApp((s) => (s.showing === 'trace' ? s.trace : s.run)?.sentence ?? null);
  const trace = useApp((s) => s.showing === 'trace');
  const beside = useApp((s) => s.beside);
  if (!beside || !first) return null;
  return (
    <section className={styles.pair} aria-label="Outcome">
      <div className={styles.lines} aria-live="polite">
        <Line side={0} name={beside.names[0]} said={first}>
          {!trace && <Basis />}
        </Line>
        <Line
          side={1}
          name={beside.names[1]}
          said={beside.said ? { ...beside.said, details: [] } : (beside.run?.sentence ?? without(beside))}
        >
          <BasisBeside />
        </Line>
        <Parting beside={beside} />
      </div>
      <div className={styles.actions}>
        {!trace && (
          <MenuButton menu="beside" label="Beside another kernel or design">
            Beside
          </MenuButton>
        )}
        <CommandButton id="beside.close">
          <Icon name="close" />
        </CommandButton>
      </div>
    </section>
  );
}

/** What stands for the outcome of a run that there is not, or not yet. */
function without({ kernel, problems }: BesideView): Said {
  const [problem] = problems;
  if (!problem) return { headline: `Running on ${kernel} …`, details: [], tone: 'unknown' };
  const hint = problem.suggestion === '' ? [] : [problem.suggestion];
  return { headline: `The text does not run on ${kernel}: ${problem.message}`, details: hint, tone: 'unknown' };
}

interface LineProps {
  readonly side: Side;
  readonly name: string;
  readonly said: Said;
  /** What it rests on. */
  readonly children: ReactNode;
}

function Line({ side, name, said, children }: LineProps) {
  const Heading = side === 0 ? 'h1' : 'h2';
  return (
    <div className={styles.line} data-tone={said.tone}>
      <SideBadge side={side} name={name} />
      <span className={styles.disc} role="img" aria-label={word[said.tone]}>
        {sign[said.tone]}
      </span>
      <div className={styles.words} title={[said.headline, ...said.details].join(' · ')}>
        <Heading className={styles.headline}>
          <Kernelish text={said.headline} />
        </Heading>{' '}
        <span className={styles.details}>
          <Kernelish text={said.details.join(' · ')} />
        </span>
      </div>
      {children}
    </div>
  );
}

function Parting({ beside: { joint, said } }: { readonly beside: BesideView }) {
  const timeline = useApp(timelineOf);
  const at = timeline?.parting;
  if (!joint) return null;
  const counts = said?.details.join(' · ') ?? '';
  if (at === undefined && said !== undefined) return <p className={styles.parting}>{counts}</p>;
  if (at === undefined)
    return <p className={styles.parting}>Nothing differs: the same callbacks, log lines and results on both.</p>;
  const place = placeOf(get(), at);
  return (
    <p className={styles.parting}>
      <button type="button" className={styles.part} onClick={() => seek(place)}>
        They part at {get().showing === 'run' ? 'step' : 'event'} {place.toLocaleString('en')}
      </button>
      : <Kernelish text={joint.parting?.text ?? ''} />
      {counts !== '' && ` · ${counts}`}
    </p>
  );
}
