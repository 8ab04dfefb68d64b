/**
 * Runs Spin on a model: writes it to a folder, has Spin make a verifier of it, compiles that and reads what it says.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Whether the machine has what it takes: spin and gcc. */
export function hasSpin() {
  return ['spin', 'gcc'].every((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined);
}

/**
 * What pan says.
 *
 * @typedef {object} PanReport
 * @property {number} states stored; one of them is the state before the boot
 * @property {number} transitions
 * @property {boolean} complete the whole space was searched
 * @property {boolean} question a state was met that decides the question
 * @property {boolean} textError the text did what no machine can
 * @property {boolean} hung a task can never come to its end
 * @property {boolean} cycle an acceptance cycle: `eventually` is broken
 * @property {number} vector bytes
 * @property {number} seconds of user CPU in pan alone
 * @property {string} output
 */

/**
 * Has Spin write the verifier of a model, and compiles it.
 *
 * @param {string} folder where everything is written; made if it is not there
 * @param {string} model
 * @param {readonly string[]} defines for gcc, as in ['-DSAFETY']
 * @param {string} [optimise]
 * @returns {Promise<string>} the verifier
 */
export async function compileModel(folder, model, defines, optimise = '-O1') {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.pml'), model);
  await exec('spin', ['-o2', '-a', 'model.pml'], { cwd: folder, maxBuffer: 1 << 26 });
  const args = [optimise, '-w', '-DVECTORSZ=8192', ...defines, '-o', 'pan', 'pan.c'];
  await exec('gcc', args, { cwd: folder, maxBuffer: 1 << 26 });
  return join(folder, 'pan');
}

/**
 * @param {string} pan
 * @param {readonly string[]} args
 * @returns {Promise<PanReport>}
 */
export async function runPan(pan, args) {
  const { stdout } = await exec(pan, [...args], { cwd: join(pan, '..'), maxBuffer: 1 << 28 }).catch(
    (/** @type {{ stdout?: string, message: string }} */ error) => {
      if (error.stdout === undefined) throw error;
      return { stdout: error.stdout };
    },
  );
  return readPan(stdout);
}

/**
 * @param {string} output
 * @returns {PanReport}
 */
export function readPan(output) {
  const violated = [...output.matchAll(/assertion violated (.*) \(at depth/g)].map(([, what = '']) =>
    what.replace(/[()\s]/g, ''),
  );
  const number = (/** @type {RegExp} */ pattern) => Number((pattern.exec(output)?.[1] ?? '0').replace('+', ''));
  return {
    states: number(/^\s*([\d.e+]+) states, stored/m),
    transitions: number(/^\s*([\d.e+]+) transitions/m),
    complete:
      /states, stored/.test(output) && !/Search not completed|max search depth too small|out of memory/.test(output),
    question: violated.some((what) => what !== 'sound'),
    textError: violated.includes('sound') || /out of bounds|block in d_step|blocking sel/i.test(output),
    hung: /invalid end state \(/.test(output),
    cycle: /acceptance cycle/.test(output),
    vector: number(/State-vector (\d+) byte/),
    seconds: number(/elapsed time ([\d.]+) seconds/),
    output,
  };
}
