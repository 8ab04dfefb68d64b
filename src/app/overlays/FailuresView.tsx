import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { FailureCell } from '../../litmus/failures';
import { SCALE, type ClassId } from '../../litmus/classes';
import { CLASS_WORDS } from '../../litmus/class-words';
import { closeDialog } from '../store/page';
import { computeFailures, outcomes, stop } from '../store/outcomes';
import { fetchTexts } from '../store/shelf';
import { get } from '../store/store';
import { openText } from '../store/text';
import { Classes, OutcomeGrid, type GridCell, type GridColumn, type GridRow } from './OutcomeGrid';
import { Progress } from './Progress';
import styles from './outcomes.module.css';

/** Errors that the facts list for the enable steps, and those of the `fail` file and of the core. */
const ERRNOS = ['-EIO', '-EBUSY', '-ENOMEM', '-EINVAL', '-EAGAIN'] as const;
const ALL: readonly ClassId[] = [...SCALE, 'unknown'];
/** With more columns than these a word has no room. */
const WORDS = 10;

/** Every step that can fail, on every CPU: what comes of the text's run when that one fails. */
export function FailuresView() {
  const map = useStore(outcomes, (s) => s.failures);
  const [text] = useState(() => get().text);
  const cpus = useState(() => get().run?.program.cpus ?? 0)[0];
  const [errno, setErrno] = useState<string>('-EIO');
  useEffect(() => {
    void fetchTexts().then((there) => there && computeFailures(text, errno));
    return stop;
  }, [text, errno]);
  const columns = useMemo(
    () => Array.from({ length: cpus }, (_, cpu): GridColumn => ({ name: `CPU ${cpu}`, title: `CPU ${cpu}` })),
    [cpus],
  );
  const mine = map.text === text && map.errno === errno;
  const rows = useMemo(() => (mine ? rowsOf(map.cells, cpus) : []), [mine, map.cells, cpus]);
  return (
    <div className={styles.view}>
      <Progress {...map} what="steps" start={() => computeFailures(text, errno)} stop={stop}>
        <label className={styles.choice}>
          Each returns{' '}
          <select value={errno} onChange={(event) => setErrno(event.target.value)}>
            {ERRNOS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </Progress>
      <p className={styles.base}>
        {mine && map.base
          ? `Without a fault: ${CLASS_WORDS[map.base.class].label}. ${map.base.line}. `
          : 'Steps that the text’s run reaches, each failed alone. '}
        {mine && map.left > 0 && `${map.left.toLocaleString('en')} more steps were not run. `}
        Every failure here is a model fault; those marked f the sysfs fail file could arm as well, with -EAGAIN.
      </p>
      <OutcomeGrid
        label="Failure map"
        corner="Step that fails"
        columns={columns}
        rows={rows}
        empty={mine && map.base ? 'In this run this CPU does not take this step' : 'Not computed yet'}
        letters={cpus > WORDS}
        open={(cell) => {
          closeDialog();
          openText(cell.litmus, 'the text of this cell');
        }}
      />
      <Classes ids={ALL} />
    </div>
  );
}

/** One row per step and time, in the order of the walk: functions of the enable last. */
function rowsOf(cells: readonly FailureCell[], cpus: number): GridRow[] {
  const byStep = new Map<string, (FailureCell | null)[]>();
  for (const cell of cells) {
    const key = `${cell.kind} ${cell.state?.number ?? cell.fn} ${cell.up} ${cell.time}`;
    let row = byStep.get(key);
    if (!row) byStep.set(key, (row = Array.from({ length: cpus }, () => null)));
    row[cell.cpu] = cell;
  }
  const rows = [...byStep].map(([key, row]) => ({ key, row, first: row.find((c) => c !== null)! }));
  rows.sort(
    (x, y) => rank(x.first) - rank(y.first) || x.first.time - y.first.time || x.first.fn.localeCompare(y.first.fn),
  );
  let group = '';
  return rows.map(({ key, row, first }) => {
    const own = groupOf(first);
    const begins = own !== group;
    group = own;
    const time = first.time === 1 ? '' : ` (time ${first.time})`;
    const what = first.state ? first.state.name || first.state.constant : first.fn;
    return {
      key,
      name: `${what}${time}`,
      ...(begins ? { group: own } : {}),
      head: (
        <span className={styles.step} title={first.fn}>
          <code>{what}</code>
          {first.state && <small>{first.state.number}</small>}
          {time !== '' && <small>{time}</small>}
        </span>
      ),
      cells: row.map((cell) => (cell ? cellOf(cell) : null)),
    };
  });
}

const groupOf = ({ kind, up }: FailureCell): string =>
  kind === 'function' ? 'Switching virtualization on' : up ? 'Going up' : 'Going down';

/** Going up by ascending state, going down by descending, then functions. */
const rank = ({ kind, up, state }: FailureCell): number =>
  kind === 'function' ? 20_000 : up ? state!.number : 10_000 - state!.number;

const cellOf = (cell: FailureCell): GridCell => ({
  class: cell.class,
  more: cell.told_errno ?? '',
  line: cell.line,
  details: [cell.fault.replace(/^fault\s+/, '')],
  basis: 'one run, seed 0, not explored',
  ...(cell.sysfs ? { note: { sign: 'f', text: 'the fail file reaches this step' } } : {}),
  litmus: cell.litmus,
});
