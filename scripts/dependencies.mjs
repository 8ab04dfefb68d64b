/**
 * The dependencies that package.json names: whether this Node will do, whether they are installed, and installing them.
 * Plain Node, no packages, since it runs when there are none.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = join(root, 'node_modules', '.setup-stamp');

/** A problem that the reader can do something about: shown without a stack. */
export class SetupError extends Error {}

/**
 * Whether `version` (as in process.versions.node) is in `range`, which uses only `^a.b.c`, `>=a.b.c` and `||`.
 * @param {string} version
 * @param {string} range
 */
export function satisfies(version, range) {
  const have = version.split('.').map(Number);
  return range.split('||').some((part) => {
    const match = /^\s*(\^|>=)(\d+)\.(\d+)\.(\d+)\s*$/.exec(part);
    if (!match) throw new SetupError(`package.json: engines.node: cannot read "${part.trim()}"`);
    const want = match.slice(2).map(Number);
    if (match[1] === '^' && have[0] !== want[0]) return false;
    const differs = want.findIndex((n, i) => n !== have[i]);
    return differs === -1 || Number(have[differs]) > Number(want[differs]);
  });
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (satisfies(process.versions.node, engines.node)) return;
  throw new SetupError(
    `Hotlanes needs Node ${engines.node}; this is Node ${process.versions.node} (${process.execPath}).`,
  );
}

/** What the installed dependencies depend on. */
function currentStamp() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const platform = `${process.version} ${process.platform} ${process.arch}`;
  return createHash('sha256').update(lock).update(platform).digest('hex');
}

/** Whether someone ran `npm install` or `npm ci` by hand: npm's own note of what it installed agrees with the lock. */
function installedByHand() {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(stampFile) || !existsSync(note)) return false;
  const have = JSON.parse(readFileSync(note, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(want).every((path) => {
    if (path === '') return true;
    return have[path] ? have[path].version === want[path].version : want[path].optional === true;
  });
}

/**
 * Runs npm, the very one that runs us where there is one.
 * @param {string[]} args
 * @param {import('node:child_process').StdioOptions} stdio
 */
function npm(args, stdio) {
  const self = process.env.npm_execpath;
  const [command, before, shell] =
    self && /\.c?js$/.test(self) ? [process.execPath, [self], false] : ['npm', [], process.platform === 'win32'];
  return spawnSync(command, [...before, ...args], { cwd: root, stdio, shell }).status === 0;
}

/**
 * Installs what the lock says, unless that was done. Says so on stderr, and keeps npm off stdout when `quiet`, so that
 * a command's own output stays clean.
 */
export function ensureDependencies({ quiet = false } = {}) {
  checkNode();
  const stamp = currentStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  if (!installedByHand()) {
    console.error('Installing dependencies (npm ci) ...');
    // The loglevel is explicit because `npm run -s` hands its silence down, and a failure must be readable.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', `--loglevel=${quiet ? 'error' : 'warn'}`];
    if (!npm(args, ['ignore', quiet ? 2 : 'inherit', 'inherit'])) {
      throw new SetupError('npm ci failed; its message is above.');
    }
  }
  writeFileSync(stampFile, stamp);
}
