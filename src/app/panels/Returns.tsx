import type { ActionOutcome } from '../../litmus/outcome';
import type { RunView } from '../store/run-view';
import { seek } from '../store/player';
import { placeOfStep, stepsDone, type AppState, type Side } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import { SideBadge } from '../ui/SideBadge';
import styles from './log.module.css';

/** What each action returned, and the calls that never did; of two runs the results of both. */
export function Returns() {
  const run = useApp((s) => s.run);
  const other = useApp((s) => s.beside?.run ?? null);
  const names = useApp((s) => s.beside?.names ?? null);
  useApp((s) => s.playhead);
  if (!run) return null;
  const s = get();
  const { returns } = run.outcome;
  if (returns.length === 0) return <p className={styles.empty}>The text has no actions.</p>;
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="Actions and what they returned" data-scrolls>
      <table className={styles.returns}>
        <thead className={other ? undefined : 'visually-hidden'}>
          <tr>
            <th>
              <span className="visually-hidden">Who</span>
            </th>
            <th>
              <span className="visually-hidden">Action</span>
            </th>
            <th className={styles.result}>
              {other && names ? <SideBadge side={0} name={names[0]} short /> : 'Result'}
            </th>
            {other && names && (
              <th className={styles.result}>
                <SideBadge side={1} name={names[1]} short />
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {returns.map((r, i) => {
            const b = other?.outcome.returns[i];
            const results = [resultOf(s, run, r, 0), ...(other && b ? [resultOf(s, other, b, 1)] : [])];
            return <Row key={i} who={r.actor} what={r.action} results={results} />;
          })}
          {never(s, run, 0, other !== null)}
          {other && never(s, other, 1, true)}
        </tbody>
      </table>
    </div>
  );
}

/** Calls of which userspace hears no more: of a vCPU's thread that died, of one that waits for ever. */
function never(s: AppState, { outcome, steps }: RunView, side: Side, pair: boolean) {
  const at = (result: Result): (Result | null)[] => (pair ? (side === 0 ? [result, null] : [null, result]) : [result]);
  const done = stepsDone(s, side);
  return [
    ...outcome.oops
      .filter((o) => o.killed && o.vcpu)
      .map((o, i) => {
        const past = o.step < done;
        const result = {
          text: past ? 'never returns' : '',
          loud: past ? ('oops' as const) : ('' as const),
          past,
          place: placeOfStep(s, o.step, side),
        };
        return <Row key={`dead ${side} ${i}`} who={o.task} what="KVM_RUN" results={at(result)} />;
      }),
    ...outcome.hung
      .filter((h) => h.action === '' || h.action === null)
      .map((h, i) => {
        const place = placeOfStep(s, steps - 1, side);
        const result = { text: 'hangs', loud: 'fail' as const, past: true, place };
        return <Row key={`hung ${side} ${i}`} who={h.task} what={`waits in ${h.function}`} results={at(result)} />;
      }),
  ];
}

interface Result {
  readonly text: string;
  readonly loud: 'oops' | 'fail' | '';
  readonly past: boolean;
  /** Where the playhead shows it; -1 where nothing did it. */
  readonly place: number;
}

interface RowProps {
  readonly who: string;
  readonly what: string;
  /** One per run; null where the row is not about that one. */
  readonly results: readonly (Result | null)[];
}

function Row({ who, what, results }: RowProps) {
  const place = Math.max(-1, ...results.map((r) => r?.place ?? -1));
  const first = results.find((r) => r !== null && r.place >= 0)?.place ?? place;
  return (
    <tr data-past={results.some((r) => r?.past)}>
      <td className={styles.who}>{who}</td>
      <td>
        <button type="button" className={styles.what} title={what} disabled={place < 0} onClick={() => seek(first)}>
          {what}
        </button>
      </td>
      {results.map((r, i) => (
        <td key={i} className={styles.result} data-loud={r?.loud}>
          {/* Another word, not the same one moved. */}
          <span key={r?.text}>{r?.text}</span>
        </td>
      ))}
    </tr>
  );
}

function resultOf(s: AppState, run: RunView, r: ActionOutcome, side: Side): Result {
  const done = stepsDone(s, side);
  const place = (step: number): number => (step < 0 ? -1 : placeOfStep(s, step, side));
  if (r.step >= 0 && r.step < done) {
    const text = r.errno ?? (r.result === 0 ? '0' : `${r.result}`);
    return { text, loud: r.errno ? 'fail' : '', past: true, place: place(r.step) };
  }
  const begun = r.began >= 0 && r.began < done;
  if (r.step < 0 && done >= run.steps)
    return { text: begun ? 'never returns' : 'never begins', loud: 'oops', past: true, place: place(r.began) };
  const next = begun || r.step < 0 ? r.began : r.step;
  return { text: begun ? 'running' : '', loud: '', past: begun, place: place(next) };
}
