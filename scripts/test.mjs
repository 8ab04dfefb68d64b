/**
 * Every check of the project, one stage after the other, each showing its own output; then the sum of all, as the last
 * line: `N passed, N failed`. A stage that fails does not keep the next ones from running: one run tells all there is
 * to mend. Fails also when a stage that has tests ran none, and when a runner fails without naming a test.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromExit, fromPlaywright, fromVitest, lastLine, sum } from './counts.mjs';
import { root } from './dependencies.mjs';
import { hasSpin } from './spin.mjs';

const reports = mkdtempSync(join(tmpdir(), 'hotlanes-test-'));
const unitReport = join(reports, 'unit.json');
const browserReport = join(reports, 'browser.json');

/**
 * @param {string} title
 * @param {string[]} args a script under node_modules, and its arguments
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>} the exit code
 */
async function stage(title, [script, ...args], env = {}) {
  console.log(`\n== ${title}`);
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, 'node_modules', String(script)), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  console.log(
    `== ${title}: ${code === 0 ? 'ok' : `failed (exit ${code})`}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  return code;
}

/** @param {string} path */
function report(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // the runner broke before it wrote one: its exit code tells
  }
}

/** @type {import('./counts.mjs').Counts[]} */
const counts = [];
counts.push(fromExit(await stage('types', ['typescript/bin/tsc', '--noEmit'])));
counts.push(fromExit(await stage('lint', ['eslint/bin/eslint.js', '.', '--max-warnings', '0'])));
counts.push(fromExit(await stage('format', ['prettier/bin/prettier.cjs', '--check', '.'])));

const unitArgs = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${unitReport}`];
const unitExit = await stage('unit and property tests', ['vitest/vitest.mjs', ...unitArgs]);
counts.push(fromVitest(report(unitReport), unitExit));

const built = await stage('build', ['vite/bin/vite.js', 'build']);
counts.push(fromExit(built));

if (built === 0) {
  const browserEnv = { PLAYWRIGHT_JSON_OUTPUT_FILE: browserReport };
  const browserExit = await stage(
    'browser tests',
    ['@playwright/test/cli.js', 'test', '--reporter=list,json'],
    browserEnv,
  );
  counts.push(fromPlaywright(report(browserReport), browserExit));
} else {
  console.log('\n== browser tests: not run, there is nothing built to run them on');
  counts.push(fromPlaywright(undefined, 1));
}

if (!hasSpin() && process.env.REQUIRE_SPIN !== '1') console.log('\nskipped: spin (apt-get install spin gcc)');
rmSync(reports, { recursive: true, force: true });
const total = sum(counts);
console.log(`\n${lastLine(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;
