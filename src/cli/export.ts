/** `hotlanes export`: a litmus text and its kernel as a model for another checker. */
import { kernelSource } from '../kernels/index';
import { formatProblem } from '../language/errors';
import { toPromela, type Source } from '../language/promela/model';
import { OPENING } from '../litmus/gallery';
import { load } from '../litmus/load';
import { Machine } from '../machine/machine';
import { oneOf, readArguments } from './args';
import { EXIT, InputError, type CliIo } from './io';
import { chosenKernel, litmusText, readPatch } from './run';

export const EXPORT_HELP = `Usage: hotlanes export FILE|NAME --to promela [options] > model.pml

Writes a litmus text and its kernel as a Promela model, for the checker SPIN:
the same states, the same verdict. Its first lines say how it is run, and
docs/promela.md tells more.

  --kernel NAME     on this kernel instead of the one that the text names
  --patch FILE.kern a kernel text of your own, as for hotlanes run
  --to promela      the only format so far, and the default

Exit: 0; 2 for bad input, with file:line:column.
`;

/** Runs the command; `argv` is what follows the word "export". */
export async function exportCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const command = 'export';
  const args = readArguments(argv, { kernel: 'text', patch: 'list', to: 'text' }, command);
  if (args.flags.has('help')) {
    io.stdout.write(EXPORT_HELP);
    return EXIT.ok;
  }
  oneOf(args, 'to', ['promela'], command);
  const [operand, second] = args.operands;
  if (operand === undefined)
    throw new InputError(`export: which litmus text? (a file, or a name such as ${OPENING}; see hotlanes list)`);
  if (second !== undefined) throw new InputError(`export: one text at a time, and ${second} is a second`);

  const { file, text } = await litmusText(operand, io);
  const patches = [];
  for (const patch of args.lists.get('patch') ?? []) patches.push(await readPatch(patch, io));
  const kernel = chosenKernel(args.texts.get('kernel'), patches, command);
  const loaded = load(text, file, { edited: patches, ...(kernel === undefined ? {} : { kernel }) });
  if (!loaded.ok) throw new InputError(loaded.problems.map(formatProblem).join('\n'));

  const machine = new Machine(loaded.program);
  if (machine.bootError) {
    const { place } = loaded.program.code[machine.bootError.pc]!;
    throw new InputError(formatProblem({ ...place, message: machine.bootError.message, suggestion: '' }));
  }
  const own = new Map([[file, text], ...patches.map((p) => [p.file, p.source] as const)]);
  const { name, about } = loaded.litmus;
  io.stdout.write(
    toPromela(loaded.program, machine.s, {
      about: [`${name} on ${loaded.litmus.kernel}, made by hotlanes export`, ...(about ? [about] : [])],
      source: linesOf((path) => own.get(path) ?? kernelSource(path) ?? ''),
    }),
  );
  return EXIT.ok;
}

function linesOf(sourceOf: (file: string) => string): Source {
  const known = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = known.get(file);
    if (!lines) known.set(file, (lines = sourceOf(file).split('\n')));
    // a comment is none within quotes
    return (/^(?:[^"#]|"[^"]*")*/.exec(lines[line - 1] ?? '')?.[0] ?? '').trim();
  };
}
