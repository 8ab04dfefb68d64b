import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { it } from 'vitest';
import { conform } from './conform';
import { readCaptureFiles } from './files';
const which = (process.env['CAPS'] ?? '6.1/v3').split(',');
it.each(which)(
  '%s',
  async (c) => {
    const dir = `/work/shared/captures/${c}/`;
    const files = readdirSync(dir).map((f) => ({
      name: f.replace(/\.gz$/, ''),
      data: f.endsWith('.gz')
        ? new Uint8Array(gunzipSync(readFileSync(dir + f)))
        : new Uint8Array(readFileSync(dir + f)),
    }));
    const r = conform(await readCaptureFiles(files)).report;
    const n = Number(process.env['N'] ?? 6);
    const counts = Object.entries(r.categories)
      .map(([k, v]) => `${k} ${v.matched}/${v.compared}`)
      .join(', ');
    console.log(
      `== ${c} ${r.kernel} agrees=${r.agrees} ${counts}; ${r.differencesInAll} diffs; reached ${r.reached.lines}/${r.reached.of}\n` +
        r.differences
          .slice(0, n)
          .map((d) => ` ${d.t} [${d.category}] ${d.what}\n    K: ${d.kernel}\n    M: ${d.model}`)
          .join('\n') +
        (process.env['TEXT'] ? r.litmus : ''),
    );
  },
  120000,
);
