/** `hotlanes conform`: does the model do what a captured kernel did? */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { conform } from '../conform/conform';
import { ConformInputError, readCaptureFiles } from '../conform/files';
import type { ConformReport } from '../conform/report';
import { readArguments } from './args';
import { EXIT, InputError, kindOf, readBytes, type CliIo } from './io';
import { conformSummary, conformTable } from './print-conform';
import { json, paintFor } from './text';

export const CONFORM_HELP = `Usage: hotlanes conform DIR... [options]

Holds the model against a capture of a real kernel: a folder with capture.json,
trace.txt.gz (and trace-2.txt.gz ...), dmesg.txt. Its actions become a litmus
text, its trace leads the model through one schedule, and what the model then
predicts is compared with what the kernel did. Several folders give a table.

  --text            the litmus text that was derived, and nothing else
  --json            the report as data (one object, or a list of several)

A file that holds less (or more) than capture.json counts is no difference, as
it says nothing of the kernel: it stands under "Beware", and the verdict is
"agrees with what is there".

Exit: 0 the model agrees; 1 they differ; 2 a capture cannot be used.
`;

const COMMAND = 'conform';

/** Runs the command; `argv` is what follows the word "conform". */
export async function conformCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const args = readArguments(argv, { text: 'flag', json: 'flag' }, COMMAND);
  if (args.flags.has('help')) {
    io.stdout.write(CONFORM_HELP);
    return EXIT.ok;
  }
  if (args.operands.length === 0)
    throw new InputError('conform: which capture? (the folder that its capture.json is in)');
  const reports: ConformReport[] = [];
  const unusable: string[] = [];
  for (const folder of args.operands) {
    try {
      reports.push(await reportOf(folder, io));
    } catch (error) {
      // one bad folder among many does not lose what the others say
      if (!(error instanceof InputError) || args.operands.length === 1) throw error;
      unusable.push(error.message);
    }
  }
  if (args.flags.has('text')) io.stdout.write(reports.map((r) => r.litmus).join('\n'));
  else if (args.flags.has('json')) io.stdout.write(json(reports.length === 1 ? reports[0] : reports));
  else if (reports.length === 1) io.stdout.write(conformSummary(reports[0]!, paintFor(io.stdout)));
  else io.stdout.write(conformTable(reports, paintFor(io.stdout)));
  if (unusable.length > 0) throw new InputError(unusable.join('\n'));
  return reports.every((r) => r.agrees) ? EXIT.ok : EXIT.broken;
}

async function reportOf(folder: string, io: CliIo): Promise<ConformReport> {
  if (kindOf(folder) !== 'folder') throw new InputError(`${folder}: is a file; conform takes the folder of a capture`);
  const inputs = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(txt|json|gz)$/.test(entry.name))
    .map((entry) => ({ name: join(folder, entry.name), data: readBytes(join(folder, entry.name), io) }));
  try {
    return conform(await readCaptureFiles(inputs)).report;
  } catch (error) {
    if (!(error instanceof ConformInputError)) throw error;
    throw new InputError(`${folder.replace(/\/$/, '')}: ${error.message}`);
  }
}
