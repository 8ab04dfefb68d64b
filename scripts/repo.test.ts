import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './dependencies.mjs';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockEntry>>;
};

// npm leaves out of the lock what it could not fetch for another platform, and then `npm ci` fails on every platform.
test('the lock lists every optional dependency that its packages name', () => {
  const missing: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      // Where Node looks: in the package's own node_modules, then in each one further out.
      const parts = path.split('/node_modules/');
      const places = parts.map(
        (_, i) => `${parts.slice(0, parts.length - i).join('/node_modules/')}/node_modules/${name}`,
      );
      places.push(`node_modules/${name}`);
      if (!places.some((place) => place in lock.packages)) missing.push(`${path}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

test('the lock holds a checksum and no download address', () => {
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  expect(entries.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
});

test('direct dependencies are pinned to exact versions', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, range]) => !/^\d+\.\d+\.\d+$/.test(range),
  );
  expect(loose).toEqual([]);
});

const listed = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
const files = listed.status === 0 ? listed.stdout.split('\0').filter(Boolean) : [];

// Without git (an unpacked archive) there is nothing to ask.
test.skipIf(files.length === 0)(
  'no file in git names a folder of the machine it was made on, or a package registry',
  () => {
    const local = /(?<![\w.\-/*])\/(work|home|root|Users)\/[\w.-]/;
    const hosts = [/\bregistry\.[\w-]+\.[a-z]{2,}\b/, /\bdeb\.debian\.org\b/];
    const mirror = process.env.npm_config_registry;
    if (mirror) hosts.push(new RegExp(new URL(mirror).host.replaceAll('.', '\\.')));

    const found: string[] = [];
    for (const file of files) {
      if (file.startsWith('public/captures/')) continue; // the machines that they were captured on speak there
      const text = readText(file);
      text?.split('\n').forEach((line, i) => {
        if ([local, ...hosts].some((pattern) => pattern.test(line)))
          found.push(`${file}:${i + 1}: ${line.trim().slice(0, 120)}`);
      });
    }
    expect(found).toEqual([]);
  },
);

/** Undefined for what is not text, and for what git lists and is not there just now. */
function readText(file: string): string | undefined {
  try {
    const text = readFileSync(join(root, file), 'utf8');
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
