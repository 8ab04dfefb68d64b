/** A table of outcomes: a class per cell as word and colour, told in a line when it is pointed at, and run when it is opened. */
import { memo, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { CLASS_WORDS } from '../../litmus/class-words';
import type { ClassId } from '../../litmus/classes';
import styles from './outcomes.module.css';

export interface GridCell {
  readonly class: ClassId;
  /** Under the word: an errno, mostly. */
  readonly more: string;
  readonly line: string;
  readonly details: readonly string[];
  /** How often it was run, and with what. */
  readonly basis: string;
  /** Something special about it, said by a sign and in words. */
  readonly note?: { readonly sign: string; readonly text: string };
  readonly litmus: string;
}

export interface GridColumn {
  readonly name: string;
  readonly title: string;
  /** The first of another kind: a line is drawn before it. */
  readonly begins?: boolean;
}

export interface GridRow {
  readonly key: string;
  /** What the row is called, for eyes and for ears. */
  readonly head: ReactNode;
  readonly name: string;
  /** Above it a heading of the group that begins here. */
  readonly group?: string;
  readonly cells: readonly (GridCell | null)[];
}

interface Props {
  readonly label: string;
  readonly corner: string;
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
  /** Why a cell has nothing in it. */
  readonly empty: string;
  /** Only the letter of each class: there are many columns. */
  readonly letters?: boolean;
  readonly open: (cell: GridCell) => void;
}

interface At {
  readonly row: number;
  readonly column: number;
}

export function OutcomeGrid({ label, corner, columns, rows, empty, letters = false, open }: Props) {
  const [at, setAt] = useState<At>({ row: 0, column: 0 });
  const [hover, setHover] = useState<At | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const wants = useRef(false);
  useEffect(() => {
    if (!wants.current) return;
    wants.current = false;
    table.current?.querySelector<HTMLElement>(`[data-at="${at.row} ${at.column}"]`)?.focus();
  }, [at]);
  const told = hover ?? at;
  const cell = rows[told.row]?.cells[told.column] ?? null;
  const onKey = (event: KeyboardEvent): void => {
    const by: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -columns.length],
      End: [0, columns.length],
      PageUp: [-8, 0],
      PageDown: [8, 0],
    };
    const here = rows[at.row]?.cells[at.column];
    if ((event.key === 'Enter' || event.key === ' ') && here) {
      event.preventDefault();
      open(here);
    }
    const step = by[event.key];
    if (!step) return;
    event.preventDefault();
    wants.current = true;
    setHover(null);
    setAt({
      row: Math.min(rows.length - 1, Math.max(0, at.row + step[0])),
      column: Math.min(columns.length - 1, Math.max(0, at.column + step[1])),
    });
  };
  return (
    <>
      <div className={styles.scroll} onMouseLeave={() => setHover(null)}>
        <table
          ref={table}
          className={styles.grid}
          data-letters={letters}
          role="grid"
          aria-label={label}
          aria-rowcount={rows.length + 1}
          aria-colcount={columns.length + 1}
          onKeyDown={onKey}
        >
          <thead>
            <tr>
              <th scope="col" className={styles.corner}>
                {corner}
              </th>
              {columns.map((c) => (
                <th key={c.name} scope="col" title={c.title} data-begins={c.begins === true}>
                  <code>{c.name}</code>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <Row
                key={row.key}
                row={row}
                r={r}
                columns={columns}
                empty={empty}
                focus={at.row === r ? at.column : -1}
                setAt={setAt}
                setHover={setHover}
                open={open}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Told row={rows[told.row]} column={columns[told.column]} cell={cell} empty={empty} open={open} />
    </>
  );
}

interface RowProps {
  readonly row: GridRow;
  readonly r: number;
  readonly columns: readonly GridColumn[];
  readonly empty: string;
  readonly focus: number;
  readonly setAt: (at: At) => void;
  readonly setHover: (at: At) => void;
  readonly open: (cell: GridCell) => void;
}

const Row = memo(function Row({ row, r, columns, empty, focus, setAt, setHover, open }: RowProps) {
  return (
    <>
      {row.group !== undefined && (
        <tr className={styles.group}>
          <th scope="rowgroup" colSpan={1}>
            {row.group}
          </th>
          <td colSpan={columns.length} />
        </tr>
      )}
      <tr>
        <th scope="row">{row.head}</th>
        {row.cells.map((cell, c) => (
          <td
            key={c}
            role="gridcell"
            tabIndex={focus === c ? 0 : -1}
            data-at={`${r} ${c}`}
            data-class={cell?.class}
            data-begins={columns[c]!.begins === true}
            aria-label={cell ? saying(row, columns[c]!, cell) : `${columns[c]!.name}, ${row.name}: ${empty}`}
            onFocus={() => setAt({ row: r, column: c })}
            onMouseEnter={() => setHover({ row: r, column: c })}
            onClick={() => cell && open(cell)}
          >
            {cell && <Mark cell={cell} />}
          </td>
        ))}
      </tr>
    </>
  );
});

const saying = (row: GridRow, column: GridColumn, { class: id, more, line }: GridCell): string =>
  `${column.name}, ${row.name}: ${CLASS_WORDS[id].label}${more === '' ? '' : ` ${more}`}. ${line}`;

function Mark({ cell }: { readonly cell: GridCell }) {
  const { code, label } = CLASS_WORDS[cell.class];
  return (
    <span className={styles.mark}>
      <b className={styles.code}>{code}</b>
      <span className={styles.word}>{label}</span>
      {cell.more !== '' && <small>{cell.more}</small>}
      {cell.note && <i className={styles.note}>{cell.note.sign}</i>}
    </span>
  );
}

interface ToldProps {
  readonly row: GridRow | undefined;
  readonly column: GridColumn | undefined;
  readonly cell: GridCell | null;
  readonly empty: string;
  readonly open: (cell: GridCell) => void;
}

/** What the cell says that is pointed at or has the focus. */
function Told({ row, column, cell, empty, open }: ToldProps) {
  return (
    <div className={styles.told} data-testid="told">
      {row && column && (
        <p className={styles.where}>
          <b>{row.name}</b> · <code>{column.name}</code>
          {cell && ` · ${cell.basis}`}
          {cell?.note && ` · ${cell.note.text}`}
        </p>
      )}
      {cell ? (
        <>
          <p className={styles.line}>
            <b>{CLASS_WORDS[cell.class].label}</b> ({CLASS_WORDS[cell.class].meaning}): {cell.line}
            {cell.details.length > 0 && <span className={styles.details}> · {cell.details.join(' · ')}</span>}
          </p>
          <button type="button" className={styles.open} onClick={() => open(cell)}>
            {cell.class === 'na' ? 'Open the text' : 'Open this run'}
          </button>
        </>
      ) : (
        <p className={styles.line}>{empty}</p>
      )}
    </div>
  );
}

/** All classes with their colours: the key to a table. */
export function Classes({ ids }: { readonly ids: readonly ClassId[] }) {
  return (
    <ul className={styles.classes} aria-label="What the cells mean">
      {ids.map((id) => (
        <li key={id} title={CLASS_WORDS[id].meaning}>
          <span className={styles.swatch} data-class={id}>
            <b className={styles.code}>{CLASS_WORDS[id].code}</b>
          </span>
          {CLASS_WORDS[id].label}
        </li>
      ))}
    </ul>
  );
}
