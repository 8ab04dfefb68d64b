/** `hotlanes matrix`: questions against kernels and designs; `--failures`: one question against everything that can fail. */
import { ERRNO } from '../language/errno';
import { didYouMean } from '../language/errors';
import { setVendor } from '../litmus/edit';
import { computeFailureMap } from '../litmus/failures';
import { galleryText } from '../litmus/gallery';
import {
  computeTextCell,
  matrixColumns,
  matrixRows,
  type MatrixCell,
  type MatrixColumn,
  type MatrixRow,
  type Vendor,
} from '../litmus/matrix';
import { parseLitmus } from '../litmus/parse';
import { readArguments, wholeNumber, type Arguments } from './args';
import { EXIT, InputError, type CliIo } from './io';
import { failuresJson, failuresTable } from './print-failures';
import { matrixJson, matrixTable } from './print-matrix';
import { litmusText } from './run';
import { paintFor } from './text';

export const MATRIX_HELP = `Usage: hotlanes matrix [options]
       hotlanes matrix --failures FILE|NAME [options]

Runs each question on each kernel and design and says what comes of it; with
--failures, fails every step that a text's run reaches, each alone.

  --rows A,B        these texts (files, or names of the gallery); default: all
                    that are questions of the matrix
  --kernels A,B     these kernels and designs; default: all but those that are
                    another flavour of a release. With --failures one;
                    default: the one that the text names
  --vendor V        intel or amd; default: both, where both make sense
  --seed N          another schedule, repeatable; 0 (default) is the plain one
  --errno E         --failures: what a step returns; default EIO
  --max N           --failures: most runs; default 4000
  --width N         widest line; default 100
  --json            data instead of a table

Exit: 0; 2 for bad input.
`;

const COMMAND = 'matrix';
const VENDORS: readonly Vendor[] = ['intel', 'amd'];

/** Runs the command; `argv` is what follows the word "matrix". */
export async function matrixCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const texts = ['rows', 'kernels', 'vendor', 'seed', 'width', 'failures', 'errno', 'max'];
  const args = readArguments(
    argv,
    { ...Object.fromEntries(texts.map((name) => [name, 'text' as const])), json: 'flag' },
    COMMAND,
  );
  if (args.flags.has('help')) {
    io.stdout.write(MATRIX_HELP);
    return EXIT.ok;
  }
  const operand = args.operands[0];
  if (operand !== undefined) throw new InputError(`${COMMAND}: takes no ${operand} (texts are named by --rows)`);
  const seed = wholeNumber(args, 'seed', [0, 2 ** 32 - 1], COMMAND) ?? 0;
  const width = wholeNumber(args, 'width', [40, 1000], COMMAND) ?? 100;
  const failures = args.texts.get('failures');
  if (failures !== undefined) return failureMap(failures, args, seed, width, io);
  for (const name of ['errno', 'max'])
    if (args.texts.has(name)) throw new InputError(`${COMMAND}: --${name} belongs to --failures`);

  const columns = chosenColumns(args);
  const vendors = chosenVendors(args);
  const chosen = await chosenRows(args, io);
  const cells: MatrixCell[] = [];
  const asked = chosen.flatMap(({ row, text }) =>
    row.vendors
      .filter((v) => vendors.includes(v))
      .flatMap((vendor) => columns.map((column) => ({ row, text, vendor, column }))),
  );
  for (const { row, text, vendor, column } of asked) {
    cells.push(computeTextCell(row.name, text, column.name, vendor, seed));
    progress(cells.length, asked.length, io);
  }
  const matrix = { rows: chosen.map((c) => c.row), columns, cells };
  io.stdout.write(
    args.flags.has('json') ? matrixJson(matrix) : matrixTable(matrix, vendors, width, paintFor(io.stdout)),
  );
  return EXIT.ok;
}

async function failureMap(operand: string, args: Arguments, seed: number, width: number, io: CliIo): Promise<number> {
  if (args.texts.has('rows')) throw new InputError(`${COMMAND}: --failures is of one text, and takes no --rows`);
  const [kernel, second] = args.texts.has('kernels') ? chosenColumns(args).map((c) => c.name) : [];
  if (second !== undefined) throw new InputError(`${COMMAND}: --failures is of one kernel, and ${second} is a second`);
  const [vendor] = args.texts.has('vendor') ? chosenVendors(args) : [];
  const { text } = await litmusText(operand, io);
  const map = computeFailureMap(
    vendor === undefined ? text : setVendor(text, vendor),
    {
      ...(kernel === undefined ? {} : { kernel }),
      errno: chosenErrno(args),
      seed,
      maxPoints: wholeNumber(args, 'max', [1, 100_000], COMMAND) ?? 4000,
    },
    (done, of) => progress(done, of, io),
  );
  if (!('cells' in map)) throw new InputError(`${operand}: ${map.problems.join('\n')}`);
  io.stdout.write(args.flags.has('json') ? failuresJson(map) : failuresTable(map, width, paintFor(io.stdout)));
  return EXIT.ok;
}

/** Where a person waits: how far it is, on one line that is gone at the end. */
function progress(done: number, of: number, { stderr }: CliIo): void {
  if ((stderr as { isTTY?: boolean }).isTTY !== true) return;
  stderr.write(done < of ? `\r${done} of ${of} runs` : `\r${' '.repeat(30)}\r`);
}

const listed = (args: Arguments, name: string): string[] | undefined =>
  args.texts
    .get(name)
    ?.split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '');

function chosenColumns(args: Arguments): MatrixColumn[] {
  const all = matrixColumns();
  const names = listed(args, 'kernels');
  return names
    ? names.map((name) => {
        const column = all.find((c) => c.name === name);
        if (column) return column;
        const known = all.map((c) => c.name);
        throw new InputError(
          `${COMMAND}: no kernel is called ${name} (${didYouMean(name, known) || `there are ${known.join(', ')}`})`,
        );
      })
    : all.filter((c) => !c.flavour);
}

function chosenVendors(args: Arguments): readonly Vendor[] {
  const given = args.texts.get('vendor');
  if (given === undefined) return VENDORS;
  const vendor = VENDORS.find((v) => v === given);
  if (!vendor) throw new InputError(`${COMMAND}: --vendor ${given} is not known (one of ${VENDORS.join(', ')})`);
  return [vendor];
}

interface ChosenRow {
  readonly row: MatrixRow;
  readonly text: string;
}

async function chosenRows(args: Arguments, io: CliIo): Promise<ChosenRow[]> {
  const known = matrixRows();
  const names = listed(args, 'rows');
  if (!names) return known.map((row) => ({ row, text: galleryText(row.name)! }));
  const chosen: ChosenRow[] = [];
  for (const name of names) {
    const { file, text } = await litmusText(name, io);
    const row = known.find((r) => r.name === name && galleryText(name) === text);
    const parsed = parseLitmus(text, file);
    if (!parsed.ok) throw new InputError(`${file}: ${parsed.problems[0]!.message}`);
    const { about: question, group, setup } = parsed.litmus;
    chosen.push({ row: row ?? { name: parsed.litmus.name, question, group, vendors: [setup.vendor] }, text });
  }
  return chosen;
}

function chosenErrno(args: Arguments): string {
  const given = (args.texts.get('errno') ?? 'EIO').replace(/^-/, '');
  if (Object.hasOwn(ERRNO, given)) return `-${given}`;
  throw new InputError(
    `${COMMAND}: --errno ${given} is not known (${didYouMean(given, Object.keys(ERRNO)) || 'such as EIO'})`,
  );
}
