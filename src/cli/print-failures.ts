/** The failure map of a litmus text as a table, steps down and CPUs across, and as JSON. */
import { CLASS_WORDS } from '../litmus/class-words';
import type { FailureCell, FailureMap } from '../litmus/failures';
import { CLASSES_JSON, colour, type ClassJson } from './print-matrix';
import { json, wrap, type Paint } from './text';

/** `hotlanes matrix --failures TEXT --json`, format 1. Fields are only ever added. */
export interface FailuresJson extends FailureMap {
  readonly format: 1;
  readonly classes: readonly ClassJson[];
}

export function failuresJson(map: FailureMap): string {
  return json({ format: 1, ...map, classes: CLASSES_JSON } satisfies FailuresJson);
}

/** Steps in the order in which the run reaches them, a letter for each CPU; several times of a step stand side by side. */
export function failuresTable(map: FailureMap, width: number, paint: Paint): string {
  const cpus = [...new Set(map.cells.map((c) => c.cpu))].sort((a, b) => a - b);
  const steps = new Map<string, FailureCell[]>();
  for (const cell of map.cells) steps.set(stepName(cell), [...(steps.get(stepName(cell)) ?? []), cell]);
  const first = Math.max(...[...steps.keys()].map((s) => s.length), 4) + 2;
  const wide = cpus.map((cpu) =>
    Math.max(`CPU ${cpu}`.length, ...[...steps.values()].map((cells) => letters(cells, cpu).length)),
  );
  const lines = [
    ...wrap(`${map.litmus} on ${map.kernel}, seed ${map.seed}: each step failed alone with ${map.errno}`, width),
    ...wrap(`without a failure: ${map.base.line}`, width, '  ', '  '),
    '',
    (' '.repeat(first) + cpus.map((cpu, i) => `CPU ${cpu}`.padEnd(wide[i]! + 2)).join('')).trimEnd(),
    ...[...steps].map(([name, cells]) => {
      const row = cpus.map((cpu, i) => {
        const plain = letters(cells, cpu);
        return painted(cells, cpu, paint) + ' '.repeat(wide[i]! + 2 - plain.length);
      });
      return (name.padEnd(first) + row.join('')).trimEnd();
    }),
    '',
  ];
  for (const { id } of CLASSES_JSON) {
    const cells = map.cells.filter((c) => c.class === id);
    if (cells.length === 0) continue;
    const { code, label } = CLASS_WORDS[id];
    lines.push(...wrap(`${code} ${label}, ${cells.length}: ${cells[0]!.line}`, width, '', '    '));
  }
  lines.push(
    '',
    ...wrap(
      'Model faults, one run each, not yet explored. + and -: the callback up and down; below, functions of the enable. Two letters: the step ran twice, and each time was failed alone. *: the sysfs `fail` file can do it too.',
      width,
    ),
  );
  if (map.left > 0) lines.push(`${map.left} more points were found and not run (--max).`);
  return `${lines.join('\n')}\n`;
}

function stepName({ state, fn, up }: FailureCell): string {
  if (!state) return `      ${fn}`;
  return `${up ? '+' : '-'}${String(state.number).padStart(4)} ${state.name || state.constant}`;
}

const marked = (c: FailureCell, code: string): string => code + (c.sysfs ? '*' : '');

const letters = (cells: readonly FailureCell[], cpu: number): string =>
  cells
    .filter((c) => c.cpu === cpu)
    .map((c) => marked(c, CLASS_WORDS[c.class].code))
    .join('');

const painted = (cells: readonly FailureCell[], cpu: number, paint: Paint): string =>
  cells
    .filter((c) => c.cpu === cpu)
    .map((c) => marked(c, colour(c.class, paint)(CLASS_WORDS[c.class].code)))
    .join('');
