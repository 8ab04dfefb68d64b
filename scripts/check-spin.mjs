/**
 * npm run check:spin [-- --limit N] [NAME ...]: the gallery in the explorer and in Spin, as a table. A text with more
 * states than the limit (200000 unless told) is only handed to Spin and gcc, to see that they take it.
 * Fails where the two disagree, and where spin or gcc is missing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { compileModel, hasSpin, runPan } from './spin.mjs';

if (!hasSpin()) {
  console.error('spin and gcc are needed: apt-get install spin gcc');
  process.exit(2);
}

const args = process.argv.slice(2);
const at = args.indexOf('--limit');
const limit = at < 0 ? 200_000 : Number(args.splice(at, 2)[1]);
if (!Number.isInteger(limit) || limit < 1) {
  console.error('--limit needs a number of states');
  process.exit(2);
}

const sources = ['src', 'package-lock.json', 'scripts/bundle.mjs'];
const file = await bundle({ entry: 'src/cli/spin-cases.ts', file: 'dist-cli/spin-cases.mjs', sources, whole: true });
const { spinCases } = /** @type {typeof import('../src/cli/spin-cases.ts')} */ (await import(pathToFileURL(file).href));

/** @param {readonly (string | number)[]} cells */
const row = (cells) => {
  const widths = [26, 16, 12, 12, 22, 22, 8, 8];
  console.log(
    cells
      .map((c, i) => String(c).padEnd(widths[i] ?? 0))
      .join(' ')
      .trimEnd(),
  );
};

/**
 * @param {string} how
 * @param {boolean} decided a state that decides the question was met
 * @param {boolean} wrong the text did what no machine can
 * @param {boolean} hung
 */
function says(how, decided, wrong, hung) {
  const answer = how === '' ? '-' : decided === (how === 'exists') ? 'holds' : 'violated';
  // what was not found is not ruled out where a step had no end
  const verdict = wrong && !decided && how !== '' ? 'unknown' : answer;
  return [verdict, ...(wrong ? ['error'] : []), ...(hung ? ['hung'] : [])].join(', ');
}

const folder = mkdtempSync(join(tmpdir(), 'hotlanes-spin-'));
let wrong = 0;
row(['text', 'kernel', 'states here', 'states SPIN', 'here', 'SPIN', 's here', 's pan']);
try {
  for await (const { name, kernel, how, model, ours, seconds } of spinCases(limit, args)) {
    const safety = how !== 'eventually';
    const pan = await compileModel(folder, model, safety ? ['-DSAFETY', '-DNOREDUCE'] : ['-DNOREDUCE'], '-O0');
    if (!ours.complete || !safety) {
      row([name, kernel, `> ${limit}`, 'compiled', '-', '-', seconds.toFixed(1)]);
      continue;
    }
    const theirs = await runPan(pan, ['-c0', '-m10000000']);
    const decided = ours.verdict === (how === 'exists' ? 'holds' : 'violated');
    const here = says(how, decided, ours.errors > 0, ours.deadlocks > 0);
    const there = says(how, theirs.question, theirs.textError, theirs.hung);
    const same = here === there && theirs.complete && (ours.errors > 0 || theirs.states === ours.states + 1);
    if (!same) wrong += 1;
    row([
      name,
      kernel,
      ours.states,
      theirs.states,
      here,
      there,
      seconds.toFixed(1),
      theirs.seconds,
      same ? '' : 'DIFFERENT',
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`SPIN counts the state before the boot too, and what a step that is an error of the text leaves behind.`);
process.exitCode = wrong === 0 ? 0 : 1;
