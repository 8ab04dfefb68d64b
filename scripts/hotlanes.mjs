#!/usr/bin/env node
/**
 * The command line from a checkout: `npm run -s hotlanes -- run NAME`. Installs and builds what is missing or old, with
 * nothing on stdout but the command's own output, then hands over to src/cli/main.ts in this process.
 */
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { ensureDependencies, SetupError } from './dependencies.mjs';

/** @returns {Promise<typeof import('../src/cli/main.ts')>} */
async function load() {
  ensureDependencies({ quiet: true });
  const sources = ['src', 'package-lock.json', 'scripts/bundle.mjs'];
  const file = await bundle({ entry: 'src/cli/main.ts', file: 'dist-cli/hotlanes.mjs', sources, whole: true });
  return import(pathToFileURL(file).href);
}

// `hotlanes ... | head` closes the pipe early, which is no error.
process.stdout.on('error', (error) => {
  if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE') process.exit();
  console.error(`hotlanes: cannot write: ${error.message}`);
  process.exit(70); // not 1, which is a verdict
});

// npm runs scripts in the project's folder; a FILE argument is meant from where the user is.
const from = process.env.npm_lifecycle_event === 'hotlanes' ? process.env.INIT_CWD : undefined;
if (from && statSync(from, { throwIfNoEntry: false })?.isDirectory()) process.chdir(from);

try {
  const { main } = await load();
  const { stdin, stdout, stderr } = process;
  process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr });
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 70; // not one of the verdicts: the program itself is at fault
}
