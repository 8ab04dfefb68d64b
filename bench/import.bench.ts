/**
 * Importing a trace: the text of the 6.1/s2 capture, repeated to about 50 MB, to a finished timeline. Held against the
 * least that any importer in this language would do: split the text into lines and run one regular expression over each.
 * The figure is bytes of text per second; the text has about 7,500 lines per MB.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { bench } from './harness.ts';
import { importFiles } from '../src/timeline/import-files.ts';

const text = gunzipSync(readFileSync('public/captures/6.1/s2/trace.txt.gz')).toString();
const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const span = 16; // seconds that one repetition takes

/** The lines once more, `round` spans later, so that time goes on. */
const later = (round: number): string =>
  lines
    .map((line) =>
      line.replace(/ (\d+)(\.\d{6}): /, (_, s: string, us: string) => ` ${Number(s) + round * span}${us}: `),
    )
    .join('\n') + '\n';

const rounds = Math.round(50e6 / text.length);
const long = Array.from({ length: rounds }, (_, round) => later(round)).join('');
const bytes = new TextEncoder().encode(long);

const lineForm = /^\s*(.+?)-(\d+)\s+(?:\(\s*([-\d]+)\)\s+)?\[(\d+)\]\s+(\S+)\s+(\d+\.\d+): (.*)$/;

/** The peer: what it finds, so that no optimiser may leave it out. */
function splitAndMatch(): number {
  let found = 0;
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const match = lineForm.exec(line);
    if (match) found += match[7]!.length;
  }
  return found;
}

await bench({
  name: 'import',
  work: { amount: bytes.length, unit: 'B' },
  ours: async () => {
    const { report } = await importFiles([{ name: 'trace.txt', data: bytes }]);
    if (report.events !== lines.length * rounds) throw new Error(`${report.events} events of ${lines.length * rounds}`);
  },
  against: { name: 'split, one regex per line', run: () => void splitAndMatch() },
});
