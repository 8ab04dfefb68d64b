/** `hotlanes run`: one run of a litmus text, and what it came to. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { didYouMean, formatProblem } from '../language/errors';
import { parseKernel } from '../language/parser';
import { kernelTexts } from '../kernels/index';
import { gallery, galleryText, OPENING } from '../litmus/gallery';
import { load } from '../litmus/load';
import { outcomeOf, sentence } from '../litmus/outcome';
import { run } from '../machine/run';
import { oneOf, readArguments, wholeNumber } from './args';
import { EXIT, InputError, kindOf, readText, type CliIo } from './io';
import { runDmesg, runJson, runSummary } from './print-run';
import { paintFor } from './text';

export const RUN_HELP = `Usage: hotlanes run FILE|NAME [options]

Runs a litmus text once: a file, the name of one in the gallery, or - for stdin.

  --kernel NAME     run on this kernel instead of the one that the text names
  --patch FILE.kern a kernel text of your own: a proposal over a kernel, or one
                    that replaces the shipped text of its name; may be repeated.
                    A single proposal is also the kernel that is run
  --seed N          another schedule, repeatable; 0 (default) is the plain one
  --max-steps N     give up after this many steps (default 200000)
  --format F        summary (default), json, or dmesg

Exit: 0; 1 when a "never" or "always" was broken; 2 for bad input, with
file:line:column; 3 when the run did not finish.
`;

/** Runs the command; `argv` is what follows the word "run". */
export async function runCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const command = 'run';
  const args = readArguments(
    argv,
    { kernel: 'text', patch: 'list', seed: 'text', 'max-steps': 'text', format: 'text' },
    command,
  );
  if (args.flags.has('help')) {
    io.stdout.write(RUN_HELP);
    return EXIT.ok;
  }
  const format = oneOf(args, 'format', ['summary', 'json', 'dmesg'], command);
  const seed = wholeNumber(args, 'seed', [0, 2 ** 32 - 1], command) ?? 0;
  const maxSteps = wholeNumber(args, 'max-steps', [1, 100_000_000], command);
  const [operand, second] = args.operands;
  if (operand === undefined)
    throw new InputError(`run: which litmus text? (a file, or a name such as ${OPENING}; see hotlanes list)`);
  if (second !== undefined) throw new InputError(`run: one text at a time, and ${second} is a second`);

  const { file, text } = await litmusText(operand, io);
  const patches = [];
  for (const patch of args.lists.get('patch') ?? []) patches.push(await readPatch(patch, io));
  const kernel = chosenKernel(args.texts.get('kernel'), patches);
  const loaded = load(text, file, { edited: patches, ...(kernel === undefined ? {} : { kernel }) });
  if (!loaded.ok) throw new InputError(loaded.problems.map(formatProblem).join('\n'));

  const result = run(loaded.program, { seed, ...(maxSteps === undefined ? {} : { maxSteps }) });
  const outcome = outcomeOf(result, loaded.litmus, seed);
  if (format === 'json') io.stdout.write(runJson(outcome, sentence(outcome)));
  else if (format === 'dmesg') io.stdout.write(runDmesg(outcome));
  else io.stdout.write(runSummary(outcome, sentence(outcome), paintFor(io.stdout)));

  if (outcome.error) {
    io.stderr.write(`${formatProblem({ ...outcome.error.place, message: outcome.error.message, suggestion: '' })}\n`);
    return EXIT.badInput;
  }
  if (outcome.verdict.result === 'broken') return EXIT.broken;
  if (outcome.end === 'limit') {
    io.stderr.write(`hotlanes: not finished after ${outcome.steps} steps (--max-steps)\n`);
    return EXIT.notFinished;
  }
  return EXIT.ok;
}

/** A file goes before a name of the gallery; a folder of that name is neither. */
export async function litmusText(operand: string, io: CliIo): Promise<{ file: string; text: string }> {
  if (operand === '-') return { file: 'stdin', text: await readText('-', io) };
  const stat = statSync(operand, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) return { file: operand, text: await readText(operand, io) };
  const text = galleryText(operand);
  if (text !== undefined) return { file: `${operand}.litmus`, text };
  if (stat) throw new InputError(`${operand}: is a folder, no litmus text`);
  const names = gallery().map((g) => g.name);
  const near = didYouMean(basename(operand, '.litmus'), names);
  throw new InputError(`${operand}: no such file, and none in the gallery (${near || `there: ${names.join(', ')}`})`);
}

export interface Patch {
  readonly file: string;
  readonly source: string;
  readonly name: string;
  readonly kind: 'part' | 'kernel' | 'proposal';
}

export async function readPatch(file: string, io: CliIo): Promise<Patch> {
  if (file !== '-' && kindOf(file) === 'folder') throw new InputError(`${file}: is a folder, no kernel text`);
  const source = await readText(file, io);
  const shown = file === '-' ? 'stdin' : file;
  const parsed = parseKernel(source, shown);
  if (!parsed.ok) throw new InputError(parsed.problems.map(formatProblem).join('\n'));
  return { file: shown, source, name: parsed.text.name, kind: parsed.text.kind };
}

/** What `--kernel` says, else the one kernel that was brought along, else undefined: what the litmus text says. */
export function chosenKernel(
  asked: string | undefined,
  patches: readonly Patch[],
  command = 'run',
): string | undefined {
  const own = patches.filter((p) => p.kind !== 'part').map((p) => p.name);
  if (asked !== undefined) {
    const shipped = [...kernelTexts().values()].filter((t) => t.kind !== 'part').map((t) => t.name);
    const known = [...own, ...shipped];
    if (!known.includes(asked))
      throw new InputError(
        `${command}: no kernel is called ${asked} (${didYouMean(asked, known) || `there are ${[...new Set(known)].join(', ')}`})`,
      );
    return asked;
  }
  if (own.length > 1)
    throw new InputError(`${command}: several kernels are brought along (say which with --kernel: ${own.join(', ')})`);
  return own[0];
}
