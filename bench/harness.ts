/**
 * The benchmarks: `npm run bench`, or `npm run bench NAME` for the rows with NAME in their name.
 *
 * A row is a claim with its evidence: a figure, what it is held against, and the ratio, all measured in one run, since
 * the machine is never the same twice. To add one, write `bench/NAME.bench.ts` (several rows may share a file):
 *
 *     import { bench } from './harness.ts';
 *
 *     const text = readFileSync('public/captures/...');
 *     await bench({
 *       name: 'import',
 *       work: { amount: 1e6, unit: 'event' },          // of one run; without it the figure is ms of one run
 *       ours: () => importTrace(text),                 // timed by the harness: user CPU of this process
 *       against: { name: 'split into lines only', run: () => text.split('\n') },      // a peer,
 *       // against: { name: 'one frame', limitMs: 16.7 },                             // or a limit
 *       atLeast: 0.5,                                  // optional: a lower ratio fails the command
 *     });
 *
 * The ratio is peer / ours (or limit / ours) in time: above 1 ours is the faster, or within the limit.
 *
 * Times are user CPU, not the clock, so that a busy machine does not count. A side whose work happens in another process
 * (a browser, a command) measures it itself and returns milliseconds of CPU. Each side runs once to warm up, then the
 * sides take turns, and the medians count. Every file runs in a process of its own, from the project's folder. What
 * prepares the input goes before the call of `bench`; what must be prepared anew for each run goes into `before`.
 */

type Run = () => unknown;

export interface Row {
  readonly name: string;
  readonly work?: { readonly amount: number; readonly unit: string };
  /** Runs before each run of either side, not timed. */
  readonly before?: () => unknown;
  /** Returns nothing that matters, or the milliseconds of CPU it took when it measured them itself. */
  readonly ours: Run;
  readonly against: { readonly name: string; readonly run: Run } | { readonly name: string; readonly limitMs: number };
  readonly repeats?: number;
  readonly atLeast?: number;
}

/** Milliseconds of user CPU of one run. */
async function once(row: Row, run: Run): Promise<number> {
  await row.before?.();
  const start = process.cpuUsage();
  const own = await run();
  const used = process.cpuUsage(start).user / 1000;
  return typeof own === 'number' ? own : used;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** 3 digits that matter, and the prefix that keeps them short: 1234567 is '1.23 M'. */
function short(value: number): string {
  const [scale, prefix] =
    value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' k'] : [1, ' '];
  const scaled = value / scale;
  return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(3)}${prefix}`;
}

function figure(row: Row, ms: number): string {
  return row.work ? `${short(row.work.amount / (ms / 1000))}${row.work.unit}s/s` : `${short(ms)}ms`;
}

/** Measures the row and prints it, unless the command asked for others. */
export async function bench(row: Row): Promise<void> {
  const filter = process.argv[2];
  if (filter !== undefined && !row.name.includes(filter)) return;

  const { against } = row;
  const repeats = row.repeats ?? 7;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = -1; i < repeats; i++) {
    const our = await once(row, row.ours);
    const their = 'limitMs' in against ? against.limitMs : await once(row, against.run);
    if (i < 0) continue; // the warm-up
    ours.push(our);
    theirs.push(their);
  }

  const our = median(ours);
  const their = median(theirs);
  const ratio = their / our;
  const spread = `${short(Math.min(...ours))}to ${short(Math.max(...ours))}ms, ${repeats} runs`;
  const versus = `${against.name} ${figure(row, their)}`;
  const tooLow = row.atLeast !== undefined && !(ratio >= row.atLeast);
  const verdict = tooLow ? `  BELOW ${row.atLeast}x` : '';
  const cells = [
    row.name.padEnd(20),
    figure(row, our).padEnd(18),
    versus.padEnd(44),
    `${ratio.toFixed(2)}x`.padStart(8),
  ];
  console.log(`${cells.join('  ')}  (${spread})${verdict}`);
  if (tooLow) process.exitCode = 1;
}
