import type { ActionOutcome } from '../../litmus/outcome';
import { seek } from '../store/player';
import { isPast, placeOf, type AppState } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import styles from './log.module.css';

/** What each action returned, and the calls that never did. */
export function Returns() {
  const run = useApp((s) => s.run);
  useApp((s) => s.playhead);
  if (!run) return null;
  const s = get();
  const { returns, oops, hung } = run.outcome;
  const dead = oops.filter((o) => o.killed && o.vcpu);
  if (returns.length === 0) return <p className={styles.empty}>The text has no actions.</p>;
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="Actions and what they returned" data-scrolls>
      <table className={styles.returns}>
        <thead className="visually-hidden">
          <tr>
            <th>Who</th>
            <th>Action</th>
            <th>Result</th>
          </tr>
        </thead>
        <tbody>
          {returns.map((r, i) => (
            <Row key={i} who={r.actor} what={r.action} {...resultOf(s, r)} />
          ))}
          {dead.map((o, i) => (
            <Row
              key={`dead ${i}`}
              who={o.task}
              what="KVM_RUN"
              text={isPast(s, o.step) ? 'never returns' : ''}
              loud={isPast(s, o.step) ? 'oops' : ''}
              past={isPast(s, o.step)}
              at={o.step}
            />
          ))}
          {hung
            .filter((h) => h.action === '' || h.action === null)
            .map((h, i) => (
              <Row
                key={`hung ${i}`}
                who={h.task}
                what={`waits in ${h.function}`}
                text="hangs"
                loud="fail"
                past
                at={run.steps - 1}
              />
            ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly who: string;
  readonly what: string;
  readonly text: string;
  readonly loud: 'oops' | 'fail' | '';
  readonly past: boolean;
  /** Step that did it; -1 where none did. */
  readonly at: number;
}

function Row({ who, what, text, loud, past, at }: RowProps) {
  return (
    <tr data-past={past} data-loud={loud}>
      <td className={styles.who}>{who}</td>
      <td>
        <button type="button" className={styles.what} disabled={at < 0} onClick={() => seek(placeOf(get(), at))}>
          {what}
        </button>
      </td>
      <td className={styles.result}>{text}</td>
    </tr>
  );
}

function resultOf(s: AppState, r: ActionOutcome): Omit<RowProps, 'who' | 'what'> {
  if (r.step >= 0 && isPast(s, r.step)) {
    const text = r.errno ?? (r.result === 0 ? '0' : `${r.result}`);
    return { text, loud: r.errno ? 'fail' : '', past: true, at: r.step };
  }
  const begun = r.began >= 0 && isPast(s, r.began);
  const never = r.step < 0 && s.run !== null && s.playhead >= s.run.steps;
  if (never) return { text: begun ? 'never returns' : 'never begins', loud: 'oops', past: true, at: r.began };
  return { text: begun ? 'running' : '', loud: '', past: begun, at: begun || r.step < 0 ? r.began : r.step };
}
