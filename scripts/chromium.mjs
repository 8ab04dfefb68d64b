/**
 * Finds a Chromium for the browser tests, or installs one. Needs the dependencies; shared by the set-up and by
 * playwright.config.ts, so that both speak of the same browser.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, SetupError } from './dependencies.mjs';

/**
 * @typedef {object} Found
 * @property {string} path
 * @property {boolean} own Playwright's own: it knows best how to start that one, so no path is given to it.
 */

const namesOnPath = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
];

/** Where installers put them when they are not on the PATH. */
function wellKnownPlaces() {
  if (process.platform === 'darwin') {
    return ['Chromium', 'Google Chrome', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === 'win32') {
    const bases = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA];
    const tails = ['Chromium\\Application\\chrome.exe', 'Google\\Chrome\\Application\\chrome.exe'];
    tails.push('Microsoft\\Edge\\Application\\msedge.exe');
    return bases.flatMap((base) => (base ? tails.map((tail) => join(base, tail)) : []));
  }
  return [];
}

/**
 * A browser may be there and yet not start, for want of a shared library. (On Windows `--version` opens a window.)
 * @param {string} path
 */
function starts(path) {
  if (!existsSync(path)) return false;
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

async function playwrightsOwn() {
  const { chromium } = await import('@playwright/test');
  const path = chromium.executablePath();
  return path && starts(path) ? { path, own: true } : undefined;
}

function systemBrowser() {
  const places = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = namesOnPath.flatMap((name) => places.map((place) => join(place, name)));
  const path = [...candidates, ...wellKnownPlaces()].find(starts);
  return path ? { path, own: false } : undefined;
}

/** @returns {Promise<Found | undefined>} */
export async function findChromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (!existsSync(chosen)) throw new SetupError(`CHROMIUM_PATH is ${chosen}, and there is no such file.`);
    return { path: chosen, own: false };
  }
  return (await playwrightsOwn()) ?? systemBrowser();
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function run(command, args, env = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 10 * 60_000 };
  return spawnSync(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

/** @returns {Promise<Found | undefined>} */
export async function installChromium() {
  console.error('No Chromium found: trying Playwright to install one ...');
  const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  // Its own default waits long for a host that cannot be reached.
  const patience = process.env.PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT ?? '15000';
  run(process.execPath, [cli, 'install', 'chromium'], { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: patience });
  const own = await playwrightsOwn();
  if (own) return own;

  const maySystemInstall =
    process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!maySystemInstall) return undefined;
  console.error('That gave none that starts: trying apt-get ...');
  const quietly = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update'], quietly);
  run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], quietly);
  return systemBrowser();
}
