import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ImportJson } from './print-import';
import { call, CAPTURES, fileOf } from './testing/call';

interface CaptureJson {
  readonly counts: { readonly events: Readonly<Record<string, number>> };
  readonly observed: {
    readonly died?: readonly { readonly t: number; readonly cpu: number; readonly function: string }[];
  };
}

const found = readdirSync(CAPTURES)
  .flatMap((kernel) =>
    kernel.includes('.') && existsSync(join(CAPTURES, kernel, '.'))
      ? folders(join(CAPTURES, kernel)).map((scenario) => `${kernel}/${scenario}`)
      : [],
  )
  .filter((id) => existsSync(join(CAPTURES, id, 'capture.json')));

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

async function json(argv: readonly string[], stdin?: Uint8Array): Promise<ImportJson> {
  const { code, out, err } = await call(['import', ...argv, '--format', 'json'], stdin);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as ImportJson;
}

describe('every capture', () => {
  it.each(found)('%s: no line is lost, and the counts are those of capture.json', async (id) => {
    const d = await json([join(CAPTURES, id)]);
    const expected = JSON.parse(readFileSync(join(CAPTURES, id, 'capture.json'), 'utf8')) as CaptureJson;
    expect(d.events + d.bad_lines).toBe(d.data_lines);
    const { died = [] } = expected.observed;
    expect(d.oops.map((o) => o.cpu)).toEqual(died.map((death) => death.cpu));
    d.oops.forEach((oops, i) => {
      expect(oops.time).toBeCloseTo(died[i]!.t, 4);
      expect(oops.text).toContain(died[i]!.function);
    });
    for (const [name, n] of Object.entries(expected.counts.events)) expect([name, d.counts[name]]).toEqual([name, n]);
  });
});

const v2 = join(import.meta.dirname, '../../public/captures/6.1/v2');
const trace = join(v2, 'trace.txt.gz');

describe('what is read', () => {
  it('is the same from gzip, plain, and stdin', async () => {
    const a = await json([trace]);
    const plain = gunzipSync(readFileSync(trace));
    const b = await json([fileOf('trace.txt', plain)]);
    const c = await json(['-'], plain);
    expect(b.counts).toEqual(a.counts);
    expect(c.counts).toEqual(a.counts);
    expect(a).toMatchObject({ buffers: 1, cpus: [0, 1], bad_lines: 0, lost_events: 0, oops: [] });
  });

  it('takes further buffers, the logs and capture.json', async () => {
    const d = await json([
      trace,
      join(v2, 'trace-2.txt.gz'),
      ...['--dmesg', join(v2, 'dmesg.txt'), '--vmm', join(v2, 'vmm.txt'), '--capture', v2],
    ]);
    expect(d.buffers).toBe(2);
    expect(d.files.map((f) => f.kind)).toEqual(['ftrace', 'ftrace', 'dmesg', 'vmm', 'capture']);
    expect(d.oops[0]).toMatchObject({ cpu: 1 });
    expect(d.title).toMatch(/^cpu1 re-onlined with the enable skipped/);
  });

  it('tells bad lines by number and goes on', async () => {
    const lines = gunzipSync(readFileSync(trace)).toString('utf8').split('\n');
    lines.splice(20, 0, 'what is this?');
    const file = fileOf('trace.txt', lines.join('\n'));
    const d = await json([file]);
    expect(d.bad_lines).toBe(1);
    expect(d.bad[0]).toMatchObject({ line: 21, text: 'what is this?' });
    const { out } = await call(['import', file]);
    expect(out).toMatch(/bad lines +1\n +\S*trace\.txt:21: /);
  });

  it('prints a summary and a log', async () => {
    const { out } = await call(['import', trace, '--dmesg', join(v2, 'dmesg.txt'), '--capture', v2]);
    expect(out).toMatch(/events +2,216\n/);
    expect(out).toMatch(/CPU 1: kernel BUG at arch\/x86\/kvm\/x86\.c:511!/);
    const dmesg = (await call(['import', trace, '--dmesg', join(v2, 'dmesg.txt'), '--format', 'dmesg'])).out;
    expect(
      dmesg
        .split('\n')
        .filter(Boolean)
        .every((line) => /^\[ *\d+\.\d{6}\] /.test(line)),
    ).toBe(true);
    expect(dmesg).toContain('kvm: enabling virtualization on CPU1 failed');
  });
});

describe('bad input: exit 2, nothing on stdout, one clear message', () => {
  const prose = fileOf('mail.txt', 'Dear list,\nthis is no trace.\n');
  it.each([
    [[], /which trace/],
    [['/nowhere/trace.txt'], /\/nowhere\/trace\.txt: no such file/],
    [[prose], /mail\.txt: no ftrace text/],
    [[trace, prose], /mail\.txt: is no trace but some other text/],
    [[fileOf('empty.txt', '')], /empty\.txt: empty/],
    [[fileOf('x.gz', gzipSync(Buffer.from('\0\0\0\0'))), '--format', 'json'], /x\.gz: binary/],
    [[trace, '--dmesg', join(v2, 'vmm.txt')], /vmm\.txt: is no kernel log but a log of the VMM/],
    [[trace, '--dmesg', '/nowhere/dmesg.txt'], /\/nowhere\/dmesg\.txt: no such file/],
    [[trace, '--dmesg', v2], /is a folder/],
    [[trace, '--capture', fileOf('capture.json', '{"format": 7}')], /capture\.json: format: /],
    [[join(prose, '..')], /no trace, kernel log or VMM log/],
    [[trace, '--dmseg', 'x'], /unknown option --dmseg \(did you mean --dmesg\?\)/],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await call(['import', ...argv]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
