/**
 * Runs the benchmarks: `npm run bench`, or `npm run bench NAME` for the rows with NAME in their name. What a row is and
 * how to add one: bench/harness.ts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { root } from './dependencies.mjs';

const filter = process.argv.slice(2, 3);
const names = readdirSync(join(root, 'bench')).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
let rows = 0;
console.log(['row'.padEnd(20), 'figure'.padEnd(18), 'against'.padEnd(44), 'ratio'.padStart(8)].join('  '));
for (const name of names) {
  const sources = ['src', 'bench', 'package-lock.json', 'scripts/bundle.mjs'];
  const file = await bundle({ entry: `bench/${name}.bench.ts`, file: `dist-bench/${name}.mjs`, sources });
  const { status, stdout } = spawnSync(process.execPath, [file, ...filter], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  rows += stdout.split('\n').filter(Boolean).length;
  if (status !== 0) process.exitCode = 1;
}
if (rows === 0 && filter.length > 0) {
  console.error(`No row has "${filter[0]}" in its name.`);
  process.exitCode = 2;
}
