/** The command line: picks the command, and turns what cannot be used into one message and exit code 2. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKernelTexts } from '../kernels/index';
import { didYouMean } from '../language/errors';
import { loadGallery } from '../litmus/gallery';
import { EXIT, InputError, type CliIo } from './io';
import { conformCommand } from './conform';
import { exportCommand } from './export';
import { importCommand } from './import';
import { listCommand } from './list';
import { matrixCommand } from './matrix';
import { runCommand } from './run';

export type { CliIo } from './io';

const HELP = `Hotlanes: litmus tests for CPU hotplug.

Usage: hotlanes COMMAND ...

  run FILE|NAME    run a litmus text, say what came of it
  matrix           many questions on many kernels, or all that can fail in one
  import TRACE     read an ftrace text of a real kernel, say what is in it
  conform DIR      hold the model against a capture of a real kernel
  export FILE|NAME write a litmus text and its kernel as a model for SPIN
  list             the litmus texts and kernels that come with Hotlanes

hotlanes COMMAND --help tells more. From a checkout:
  npm run -s hotlanes -- run kevin-2021-11-30
`;

const COMMANDS = ['run', 'matrix', 'import', 'conform', 'export', 'list', 'help'];
const OPTIONS = ['--help', '--version'];

/**
 * Runs one command. Returns the exit code: 0; 1 for a broken `never` or `always`; 2 for bad input; 3 for a run that did
 * not finish.
 */
export async function main(argv: string[], io: CliIo): Promise<number> {
  await Promise.all([loadKernelTexts(), loadGallery()]);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // a place in a file speaks for itself, as a compiler's message does
    const placed = /^[^\n]*:\d+:\d+: /.test(error.message);
    io.stderr.write(`${placed ? '' : 'hotlanes: '}${error.message}\n`);
    return EXIT.badInput;
  }
}

async function dispatch(argv: readonly string[], io: CliIo): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case undefined:
      io.stderr.write(HELP);
      return EXIT.badInput;
    case 'help':
    case '--help':
    case '-h':
      io.stdout.write(HELP);
      return EXIT.ok;
    case '--version':
    case '-V':
      io.stdout.write(`hotlanes ${version()}\n`);
      return EXIT.ok;
    case 'run':
      return runCommand(rest, io);
    case 'import':
      return importCommand(rest, io);
    case 'matrix':
      return matrixCommand(rest, io);
    case 'conform':
      return conformCommand(rest, io);
    case 'export':
      return exportCommand(rest, io);
    case 'list':
      return listCommand(rest, io);
    default: {
      const option = command.startsWith('-');
      const near = didYouMean(command, option ? OPTIONS : COMMANDS) || 'see hotlanes --help';
      throw new InputError(`unknown ${option ? 'option' : 'command'} ${command} (${near})`);
    }
  }
}

/** From the package.json above: one level up for the bundle, two for the source. */
function version(): string {
  for (const up of ['..', '../..']) {
    try {
      const found = JSON.parse(readFileSync(join(import.meta.dirname, up, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'hotlanes' && found.version) return found.version;
    } catch {
      // not there: the next one up
    }
  }
  return 'of an unknown version';
}
