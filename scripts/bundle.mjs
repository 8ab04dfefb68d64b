/**
 * Makes one plain JavaScript file for Node out of TypeScript that uses Vite's imports (texts with `?raw`, globs), when
 * the file is older than what it is made from. The command line and the benchmarks run from such files.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bareTexts } from './bare-texts.mjs';
import { root } from './dependencies.mjs';

/**
 * The latest change under a path. A folder counts too: its time changes when a file in it comes or goes.
 * @param {string} path
 * @returns {number}
 */
function changed(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, changed(join(path, name))), stat.mtimeMs);
}

/**
 * @param {object} options
 * @param {string} options.entry
 * @param {string} options.file where the bundle goes
 * @param {string[]} options.sources files and folders it is made from
 * @param {boolean} [options.whole] take the packages into the bundle too; node's own modules never are
 * @returns {Promise<string>} the absolute path of the bundle
 */
export async function bundle({ entry, file, sources, whole = false }) {
  const target = join(root, file);
  const made = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? -1;
  const began = Date.now();
  if (sources.every((source) => changed(join(root, source)) < made)) return target;

  const { build, createLogger } = await import('vite');
  // Vite speaks on stdout, which belongs to the bundle's own output.
  const logger = createLogger('warn');
  logger.warn = logger.warnOnce = logger.error = (message) => console.error(message);
  // Built aside and moved into place, so that another process never runs half a file.
  const aside = join(dirname(target), `.making-${process.pid}`);
  try {
    await build({
      root,
      configFile: false,
      plugins: [bareTexts()],
      logLevel: 'warn', // the progress lines do not ask the logger
      customLogger: logger,
      publicDir: false,
      ssr: { noExternal: whole ? true : [] },
      build: {
        ssr: join(root, entry),
        outDir: aside,
        target: 'node20',
        minify: false,
        rolldownOptions: { output: { entryFileNames: 'bundle.mjs', codeSplitting: false } },
      },
    });
    // As old as its sources were when it began: a change made meanwhile is seen the next time.
    utimesSync(join(aside, 'bundle.mjs'), new Date(began), new Date(began));
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(aside, 'bundle.mjs'), target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return target;
}
