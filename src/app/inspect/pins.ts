/** Variables over time: as rows of the lanes, and as a list of their changes. */
import { namesOf, setText, type Variable } from '../../language/names';
import { Writes } from '../../machine/writes';
import type { ValueTrack } from '../../timeline/with-tracks';
import type { RunView } from '../store/run-view';

const known = new WeakMap<RunView['history'], Writes>();

/** Which steps wrote what, made once for as long as the run does not grow. */
export function writesOf(run: RunView): Writes {
  let made = known.get(run.history);
  if (!made || made.length !== run.history.length) known.set(run.history, (made = new Writes(run.history)));
  return made;
}

/** One row: the cells whose values it shows, and how. */
interface Shown {
  readonly name: string;
  readonly cells: readonly number[];
  readonly text: (read: (cell: number) => number) => string;
  readonly level: ((read: (cell: number) => number) => number) | null;
}

const isNumber = ({ group, count }: Variable): boolean =>
  count === 1 && group.role === 'var' && (group.type === 'bool' || group.type.startsWith('int'));

function shownAs(run: RunView, variable: Variable): Shown {
  const names = namesOf(run.program);
  const { base, count, name } = variable;
  return {
    name,
    cells: Array.from({ length: count }, (_, i) => base + i),
    text: (read) => (count > 1 ? setText(count, (i) => read(base + i) !== 0) : names.valueOf(variable, read)),
    level: isNumber(variable) ? (read) => read(base) : null,
  };
}

/** Most rows that one name may stand for. */
const MOST = 8;

/**
 * The rows that a name stands for: "kvm_usage_count"; "vmxon[4]"; of "vmxon", which each CPU has, the set of CPUs on which it is
 * true; of what is no truth, the elements that change in this run.
 */
function rowsOf(run: RunView, name: string): Shown[] {
  const names = namesOf(run.program);
  const own = /^(.*)\[[^\]]*\](\[\d+\])?$/.exec(name);
  if (own) return names.variablesNamed(own[1]!).flatMap((v) => (v.name === name ? [shownAs(run, v)] : []));
  const all = names.variablesNamed(name);
  const [first] = all;
  if (!first) return [];
  if (all.length === 1) return [shownAs(run, first)];
  if (first.group.type === 'bool' && first.group.scope === 'cpu' && all.length === run.program.cpus) {
    const { base } = first.group;
    const cells = all.map((v) => v.base);
    return [{ name, cells, text: (read) => setText(cells.length, (i) => read(base + i) !== 0), level: null }];
  }
  const writes = writesOf(run);
  return all
    .filter((v) => writes.of(v.base).length > 0)
    .slice(0, MOST)
    .map((v) => shownAs(run, v));
}

export interface Changed {
  /** Step (from 0) that made it so; -1: so from the start. */
  readonly step: number;
  readonly text: string;
  readonly level: number;
}

/** The values of some cells over the run, each with the step that made it so. */
function changesOf(run: RunView, { cells, text, level }: Omit<Shown, 'name'>): Changed[] {
  const writes = writesOf(run);
  const steps = new Set<number>();
  for (const cell of cells) for (const step of writes.of(cell)) steps.add(step);
  const values = new Map<number, number>();
  run.cursor.seek(0);
  for (const cell of cells) values.set(cell, run.cursor.s[cell]!);
  const read = (cell: number): number => values.get(cell) ?? 0;
  const found: Changed[] = [{ step: -1, text: text(read), level: level?.(read) ?? 0 }];
  for (const step of [...steps].sort((a, b) => a - b)) {
    run.history.changes(step, (cell, _before, after) => {
      if (values.has(cell)) values.set(cell, after);
    });
    const next = { step, text: text(read), level: level?.(read) ?? 0 };
    if (next.text !== found.at(-1)!.text) found.push(next);
  }
  return found;
}

/** The changes of a variable, by the name of one of its elements or of a mask; empty for what is none. */
export function historyOf(run: RunView, name: string): Changed[] {
  const [first] = rowsOf(run, name);
  return first ? changesOf(run, first) : [];
}

/** Rows for the lanes. @param placeOf where the lanes show what a step did */
export function valueTracks(run: RunView, name: string, placeOf: (step: number) => number, side?: 0 | 1): ValueTrack[] {
  return rowsOf(run, name).map((row) => {
    const changes = changesOf(run, row);
    return {
      name: row.name,
      at: changes.map(({ step }) => (step < 0 ? 0 : placeOf(step) + 1)),
      text: changes.map((c) => c.text),
      level: row.level ? changes.map((c) => c.level) : null,
      ...(side === undefined ? {} : { side }),
    };
  });
}

/** Variables of which something changes in the run, by name, in the order of the texts; masks and locks too. */
export function changingNames(run: RunView): string[] {
  const writes = writesOf(run);
  const names: string[] = [];
  for (const group of run.program.groups) {
    if (group.role !== 'var' && group.role !== 'lock') continue;
    let changes = false;
    for (let cell = group.base; cell < group.base + group.count && !changes; cell++)
      changes = writes.of(cell).length > 0;
    if (changes) names.push(group.name);
  }
  return names;
}
