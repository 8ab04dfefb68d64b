/**
 * Makes a fresh clone ready, and does nothing in a ready one. npm runs it before `start`, `test` and the others, when
 * nothing is installed yet.
 *
 *     node scripts/setup.mjs            dependencies
 *     node scripts/setup.mjs browser    dependencies, and a Chromium for the browser tests
 */
import { ensureDependencies, SetupError } from './dependencies.mjs';

async function ensureBrowser() {
  const { findChromium, installChromium } = await import('./chromium.mjs');
  const found = (await findChromium()) ?? (await installChromium());
  if (!found) {
    throw new SetupError(
      'The browser tests need Chromium, Chrome or Edge, and none was found or could be installed.\n' +
        'Install one, or set CHROMIUM_PATH to its executable.',
    );
  }
  console.error(`Browser for the tests: ${found.path}`);
}

try {
  ensureDependencies();
  if (process.argv[2] === 'browser') await ensureBrowser();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
