import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { SCALE, type ClassId } from '../../litmus/classes';
import type { MatrixCell } from '../../litmus/matrix';
import { closeDialog } from '../store/page';
import { computeMatrix, outcomes, stop, type MatrixLine } from '../store/outcomes';
import { fetchTexts } from '../store/shelf';
import { get } from '../store/store';
import { openText, scenarioOf } from '../store/text';
import { Classes, OutcomeGrid, type GridCell, type GridColumn, type GridRow } from './OutcomeGrid';
import { Progress } from './Progress';
import styles from './outcomes.module.css';

const VENDOR = { intel: 'VMX', amd: 'SVM' } as const;
const ALL: readonly ClassId[] = [...SCALE, 'unknown', 'na'];

const begin = (): void => computeMatrix(scenarioOf(get()));

/** Every question on every kernel and design: what came of it. */
export function MatrixView() {
  const matrix = useStore(outcomes, (s) => s.matrix);
  const { columns, lines } = matrix;
  useEffect(() => {
    void fetchTexts().then((there) => there && begin());
    return stop;
  }, []);
  const heads = useMemo(
    () =>
      columns.map(({ name, title, kind }, i): GridColumn => ({
        name,
        title,
        begins: kind === 'design' && columns[i - 1]?.kind === 'kernel',
      })),
    [columns],
  );
  const rows = lines.map((line, i) => rowOf(line, lines[i - 1]));
  return (
    <div className={styles.view}>
      <Progress {...matrix} what="outcomes" start={begin} stop={stop} />
      <OutcomeGrid
        label="Outcome matrix"
        corner="Question"
        columns={heads}
        rows={rows}
        empty="Not computed yet"
        open={(cell) => {
          closeDialog();
          openText(cell.litmus, 'the text of this cell');
        }}
      />
      <Classes ids={ALL} />
    </div>
  );
}

const rowsOf = new WeakMap<MatrixLine, GridRow>();

/** The same line gives the same row, so that of hundreds only those are drawn again that have changed. */
function rowOf(line: MatrixLine, before: MatrixLine | undefined): GridRow {
  const known = rowsOf.get(line);
  if (known) return known;
  const row = makeRow(line, before);
  rowsOf.set(line, row);
  return row;
}

function makeRow(line: MatrixLine, before: MatrixLine | undefined): GridRow {
  const { name, question, group, vendor, cells } = line;
  const again = before?.name === name;
  return {
    key: `${name} ${vendor}`,
    name: `${name} on ${VENDOR[vendor]}`,
    ...(group !== '' && group !== before?.group ? { group } : {}),
    head: (
      <span className={styles.question} title={question}>
        <code className={again ? styles.again : undefined}>{name}</code> <span>{VENDOR[vendor]}</span>
        {!again && <small>{question}</small>}
      </span>
    ),
    cells: cells.map((cell) => (cell ? cellOf(cell) : null)),
  };
}

const cellOf = (cell: MatrixCell): GridCell => ({
  class: cell.class,
  more: cell.errno ?? '',
  line: cell.line,
  details: cell.details,
  basis: cell.class === 'na' ? 'not run' : `one run, seed ${cell.seed}, not explored`,
  litmus: cell.litmus,
});
