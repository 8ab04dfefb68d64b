/** The outcome matrix as a table for a mail or a terminal, and as JSON. */
import { CLASS_WORDS } from '../litmus/class-words';
import { SCALE, severity, type ClassId } from '../litmus/classes';
import type { MatrixCell, MatrixColumn, MatrixRow, Vendor } from '../litmus/matrix';
import { columns as aligned, json, wrap, type Paint } from './text';

/** `hotlanes matrix --json`, format 1. Fields are only ever added. */
export interface MatrixJson {
  readonly format: 1;
  readonly rows: readonly MatrixRow[];
  readonly columns: readonly MatrixColumn[];
  /** Every class that a cell may have, from harmless to worst; `severity` -1: not on the scale. */
  readonly classes: readonly ClassJson[];
  readonly cells: readonly MatrixCell[];
}

export interface ClassJson {
  readonly id: ClassId;
  readonly severity: number;
  readonly code: string;
  readonly label: string;
  readonly meaning: string;
}

export const CLASSES_JSON: readonly ClassJson[] = ([...SCALE, 'unknown', 'na'] as const).map((id) => ({
  id,
  severity: severity(id),
  ...CLASS_WORDS[id],
}));

export type Matrix = Pick<MatrixJson, 'rows' | 'columns' | 'cells'>;

export function matrixJson(matrix: Matrix): string {
  return json({ format: 1, ...matrix, classes: CLASSES_JSON } satisfies MatrixJson);
}

/**
 * Words where they fit into the width, else a letter for each cell under a flight of headings. Kernels first, designs in
 * tables of their own, and as many tables as the width needs.
 */
export function matrixTable(matrix: Matrix, vendors: readonly Vendor[], width: number, paint: Paint): string {
  const words = wordTable(matrix, vendors);
  const fits = words.every((line) => line.length <= width);
  const lines = fits ? words : codeTables(matrix, vendors, width, paint);
  return `${[...lines, '', ...legend(matrix, vendors, fits, width)].join('\n')}\n`;
}

/** What a cell is in a few words: `refused -EIO`. */
function inWords(cell: MatrixCell): string {
  const { label } = CLASS_WORDS[cell.class];
  return cell.errno === null || cell.class === 'na' ? label : `${label} ${cell.errno}`;
}

const find = ({ cells }: Matrix, row: string, column: string, vendor: Vendor): MatrixCell | undefined =>
  cells.find((c) => c.row === row && c.column === column && c.vendor === vendor);

/** A line for each row; two where the vendors differ in some cell. */
function wordTable(matrix: Matrix, vendors: readonly Vendor[]): string[] {
  const { rows, columns } = matrix;
  const lines: string[][] = [['', '', ...columns.map((c) => c.name)]];
  for (const row of rows) {
    const asked = row.vendors.filter((v) => vendors.includes(v));
    const said = asked.map((vendor) =>
      columns.map((c) => {
        const cell = find(matrix, row.name, c.name, vendor);
        return cell ? inWords(cell) : '';
      }),
    );
    const alike = said.every((cells) => cells.join('\n') === said[0]!.join('\n'));
    if (asked.length === vendors.length && alike && said[0]) lines.push([row.name, '', ...said[0]]);
    else asked.forEach((vendor, i) => lines.push([i === 0 ? row.name : '', vendor, ...said[i]!]));
  }
  return aligned(lines, '');
}

/** Most columns of a table that is `width` wide, where each takes three places. */
function codeTables(matrix: Matrix, vendors: readonly Vendor[], width: number, paint: Paint): string[] {
  const first = Math.max(...matrix.rows.map((r) => r.name.length)) + 2;
  const most = Math.max(1, Math.floor((width - first) / 3));
  const out: string[] = [];
  for (const kind of ['kernel', 'design'] as const) {
    let rest = matrix.columns.filter((c) => c.kind === kind);
    while (rest.length > 0) {
      // as many as have room for their names in the flight too
      let take = Math.min(most, rest.length);
      while (take > 1 && first + 3 * (take - 1) + rest[take - 1]!.name.length > width) take -= 1;
      if (out.length > 0) out.push('');
      out.push(...codeTable(matrix, rest.slice(0, take), vendors, first, paint));
      rest = rest.slice(take);
    }
  }
  return out;
}

function codeTable(
  matrix: Matrix,
  columns: readonly MatrixColumn[],
  vendors: readonly Vendor[],
  first: number,
  paint: Paint,
): string[] {
  const flight = columns.map((c, i) => ' '.repeat(first) + '|  '.repeat(i) + c.name);
  const lines = matrix.rows.map((row) => {
    const cells = columns.map(({ name }) => {
      const codes = vendors.flatMap((vendor) => {
        if (!row.vendors.includes(vendor)) return [];
        const cell = find(matrix, row.name, name, vendor);
        return cell ? [cell.class] : [];
      });
      return letters(codes, paint);
    });
    return (row.name.padEnd(first) + cells.join('')).trimEnd();
  });
  return [...flight, ...lines];
}

/** One letter where the vendors agree, else one for each, in three places. */
function letters(classes: readonly ClassId[], paint: Paint): string {
  const ids = classes.every((id) => id === classes[0]) ? classes.slice(0, 1) : classes;
  return ids.map((id) => colour(id, paint)(CLASS_WORDS[id].code)).join('') + ' '.repeat(3 - ids.length);
}

/** As the sentence of a run is coloured: red where somebody dies, yellow where something is refused or lost. */
export function colour(id: ClassId, paint: Paint): (text: string) => string {
  if (id === 'na') return paint.dim;
  if (id === 'works') return paint.green;
  return severity(id) >= severity('vm-dies') ? paint.red : paint.yellow;
}

function legend(matrix: Matrix, vendors: readonly Vendor[], words: boolean, width: number): string[] {
  const seen = CLASSES_JSON.filter((c) => matrix.cells.some((cell) => cell.class === c.id));
  const label = Math.max(...seen.map((c) => c.label.length));
  const lines = words
    ? []
    : seen.flatMap((c) => wrap(c.meaning, width, `${c.code}  ${c.label.padEnd(label)}  `, ' '.repeat(label + 5)));
  const two = !words && vendors.length > 1 ? ' Two letters: Intel, then AMD.' : '';
  lines.push(...(words ? [] : ['']), ...wrap(`Each cell is one run, not yet explored.${two}`, width));
  const unknown = new Map<string, MatrixCell[]>();
  for (const c of matrix.cells) if (c.class === 'unknown') unknown.set(c.line, [...(unknown.get(c.line) ?? []), c]);
  for (const [line, cells] of unknown) {
    const of = (name: (c: MatrixCell) => string): string => [...new Set(cells.map(name))].join(', ');
    lines.push(...wrap(`${of((c) => c.row)} on ${of((c) => c.column)}: ${line}`, width, '? ', '  '));
  }
  return lines;
}
