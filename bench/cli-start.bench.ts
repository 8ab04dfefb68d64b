import { spawnSync } from 'node:child_process';
import { bench } from './harness.ts';

// Tells on stderr what the process used, when it ends.
const tell = "data:text/javascript,process.on('exit',()=>process.stderr.write('user='+process.cpuUsage().user+';'))";

/** Milliseconds of user CPU of a Node of its own. */
function child(...args: string[]): number {
  const { stderr } = spawnSync(process.execPath, ['--import', tell, ...args], { encoding: 'utf8' });
  const used = /user=(\d+);/.exec(stderr)?.[1];
  if (used === undefined) throw new Error(stderr);
  return Number(used) / 1000;
}

await bench({
  name: 'cli-start',
  ours: () => child('scripts/hotlanes.mjs', 'list'),
  against: { name: 'node alone', run: () => child('-e', '0') },
});
