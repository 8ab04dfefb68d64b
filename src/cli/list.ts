/** `hotlanes list`: the litmus texts of the gallery and the kernels and proposals they may name. */
import { KERNELS, kernelTexts } from '../kernels/index';
import { gallery } from '../litmus/gallery';
import { parseLitmus } from '../litmus/parse';
import { oneOf, readArguments } from './args';
import { EXIT, InputError, type CliIo } from './io';
import { json, paintFor, wrap } from './text';

export const LIST_HELP = `Usage: hotlanes list [--format summary|json]

Names the litmus texts of the gallery and the kernels.
`;

/** Runs the command; `argv` is what follows the word "list". */
export function listCommand(argv: readonly string[], io: CliIo): number {
  const args = readArguments(argv, { format: 'text' }, 'list');
  if (args.flags.has('help')) {
    io.stdout.write(LIST_HELP);
    return EXIT.ok;
  }
  if (args.operands[0] !== undefined) throw new InputError(`list: takes no ${args.operands[0]}`);
  const texts = gallery().map(({ name, text }) => {
    const parsed = parseLitmus(text, `${name}.litmus`);
    const { kernel, about, group, look } = parsed.ok ? parsed.litmus : { kernel: '', about: '', group: '', look: [] };
    return { name, kernel, about, group, look };
  });
  const kernels = [...KERNELS].map((name) => ({ name, title: kernelTexts().get(name)?.title ?? '' }));
  const proposals = [...kernelTexts().values()]
    .filter((t) => t.kind === 'proposal')
    .map(({ name, title, over }) => ({ name, title, over: over?.name ?? '' }));
  if (oneOf(args, 'format', ['summary', 'json'], 'list') === 'json') {
    io.stdout.write(json({ format: 1, litmus: texts, kernels, proposals }));
    return EXIT.ok;
  }
  const paint = paintFor(io.stdout);
  const lines = [
    'Litmus texts (hotlanes run NAME):',
    ...[...new Set(texts.map((t) => t.group))].flatMap((group) => [
      '',
      `  ${group}`,
      ...texts
        .filter((t) => t.group === group)
        .flatMap((t) => [`    ${paint.bold(t.name)}, on ${t.kernel}`, ...wrap(t.about, 80, '      ')]),
    ]),
    '',
    'Kernels (--kernel NAME):',
    '',
    ...kernels.flatMap((k) => [`  ${paint.bold(k.name)}`, ...wrap(k.title, 80, '    ')]),
    ...(proposals.length > 0 ? ['', 'Proposals (--kernel NAME):', ''] : []),
    ...proposals.flatMap((p) => [`  ${paint.bold(p.name)}, over ${p.over}`, ...wrap(p.title, 80, '    ')]),
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}
