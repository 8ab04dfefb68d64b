/** `hotlanes import`: reads what a real kernel wrote, and says what is in it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importFiles, type ImportResult } from '../timeline/import-files';
import { ImportError, type FileInput, type FileKind } from '../timeline/read';
import { oneOf, readArguments, type Arguments } from './args';
import { EXIT, InputError, kindOf, readBytes, type CliIo } from './io';
import { importDmesg, importJson, importSummary } from './print-import';
import { paintFor } from './text';

export const IMPORT_HELP = `Usage: hotlanes import TRACE... [options]

Reads ftrace texts as tracefs writes them (several: the buffers of one capture),
plain or gzipped; - is stdin. A folder stands for the capture in it.

  --dmesg FILE             the kernel log of the same run
  --vmm FILE               the log of the VMM
  --capture FILE|FOLDER    capture.json, or the folder it is in
  --format F               summary (default), json, or dmesg: the kernel's lines
                           on the clock of the trace

Exit: 0; 2 when a file cannot be read or is not what it should be.
`;

/** A file with what it must be; undefined: what the import can use. */
interface Wanted {
  readonly file: string;
  readonly kinds: readonly FileKind[] | undefined;
  readonly as: string;
}

/** Runs the command; `argv` is what follows the word "import". */
export async function importCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const command = 'import';
  const args = readArguments(argv, { dmesg: 'text', vmm: 'text', capture: 'text', format: 'text' }, command);
  if (args.flags.has('help')) {
    io.stdout.write(IMPORT_HELP);
    return EXIT.ok;
  }
  const format = oneOf(args, 'format', ['summary', 'json', 'dmesg'], command);
  const wanted = whatIsWanted(args);
  if (wanted.length === 0)
    throw new InputError('import: which trace? (an ftrace text, plain or gzipped, or - for stdin)');
  const result = await read(wanted, io);
  check(wanted, result);
  if (format === 'json') io.stdout.write(importJson(result));
  else if (format === 'dmesg') io.stdout.write(importDmesg(result));
  else io.stdout.write(importSummary(result, paintFor(io.stdout)));
  return EXIT.ok;
}

function whatIsWanted(args: Arguments): Wanted[] {
  const wanted: Wanted[] = [];
  for (const operand of args.operands) {
    if (operand !== '-' && kindOf(operand) === 'folder') wanted.push(...filesOf(operand));
    else wanted.push({ file: operand, kinds: ['ftrace', 'dmesg', 'vmm'], as: 'a trace' });
  }
  const dmesg = args.texts.get('dmesg');
  if (dmesg !== undefined) wanted.push({ file: plain(dmesg), kinds: ['dmesg'], as: 'a kernel log' });
  const vmm = args.texts.get('vmm');
  if (vmm !== undefined) wanted.push({ file: plain(vmm), kinds: ['vmm'], as: 'a log of the VMM' });
  const capture = args.texts.get('capture');
  if (capture !== undefined) {
    if (kindOf(capture) === 'file') wanted.push({ file: capture, kinds: ['capture'], as: CAPTURE });
    else if (args.operands.length === 0) wanted.push(...filesOf(capture));
    else wanted.push({ file: plain(join(capture, 'capture.json')), kinds: ['capture'], as: CAPTURE });
  }
  return wanted;
}

function plain(file: string): string {
  if (file !== '-' && kindOf(file) === 'folder') throw new InputError(`${file}: is a folder`);
  return file;
}

/** The files of a capture's folder, whatever of them the import can use. */
function filesOf(folder: string): Wanted[] {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(txt|json|log|gz)$/.test(entry.name))
    .map((entry) => ({ file: join(folder, entry.name), kinds: undefined, as: '' }));
  if (files.length === 0) throw new InputError(`${folder}: no trace, log or capture.json in this folder`);
  return files;
}

async function read(wanted: readonly Wanted[], io: CliIo): Promise<ImportResult> {
  const inputs = wanted.map(({ file }): FileInput => ({
    name: file === '-' ? 'stdin' : file,
    data: readBytes(file, io),
  }));
  try {
    return await importFiles(inputs);
  } catch (error) {
    if (error instanceof ImportError) throw new InputError(error.message);
    throw error;
  }
}

/** What the import only notes is an error for a file that was named on purpose. */
function check(wanted: readonly Wanted[], { report }: ImportResult): void {
  wanted.forEach(({ file, kinds, as }, i) => {
    const found = report.files[i]?.kind;
    if (kinds && found && !kinds.includes(found))
      throw new InputError(`${file === '-' ? 'stdin' : file}: is no${as.slice(1)} but ${KIND[found]}`);
  });
  for (const { file, as } of wanted) {
    const left = as === CAPTURE && report.notes.find((note) => note.startsWith(`${file}: `) && / left out$/.test(note));
    if (left) throw new InputError(left.replace(/; left out$/, ''));
  }
}

const CAPTURE = 'a capture.json';

const KIND: Readonly<Record<FileKind, string>> = {
  ftrace: 'an ftrace text',
  dmesg: 'a kernel log',
  vmm: 'a log of the VMM',
  capture: 'JSON',
  states: 'a list of hotplug states',
  empty: 'empty',
  binary: 'binary',
  unknown: 'some other text',
};
