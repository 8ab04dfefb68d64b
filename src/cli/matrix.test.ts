import { describe, expect, it } from 'vitest';
import { galleryText } from '../litmus/gallery';
import type { FailuresJson } from './print-failures';
import type { MatrixJson } from './print-matrix';
import { call, fileOf } from './testing/call';

const SMALL = ['--rows', 'bad-cpu-no-vm,kevin-2021-11-30', '--kernels', 'v6.1,v6.12'];

async function matrix(...argv: string[]): Promise<MatrixJson> {
  const { code, out, err } = await call(['matrix', ...argv, '--json']);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as MatrixJson;
}

describe('hotlanes matrix', () => {
  it('says in words what userspace gets (facts 6.3)', async () => {
    const { out } = await call(['matrix', ...SMALL]);
    const [head, ...rows] = out.split('\n');
    expect(head!.trim().split(/\s+/)).toEqual(['v6.1', 'v6.12']);
    expect(rows.slice(0, 2).map((line) => line.split(/ {2,}/))).toEqual([
      ['bad-cpu-no-vm', 'VM refused -EBUSY', 'refused -EIO'],
      ['kevin-2021-11-30', 'thread dies', 'refused -EIO'],
    ]);
    expect(out).toContain('Each cell is one run, not yet explored.');
  });

  it('has a line for each vendor where they differ (captures 6.12/v2lie is Intel)', async () => {
    const { out } = await call(['matrix', '--rows', 'enable-lies-offline', '--kernels', 'v6.1,v6.12']);
    expect(out.split('\n').slice(1, 3).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['enable-lies-offline', 'intel', 'host dies', 'hang'],
      ['amd', 'thread dies', 'thread dies'],
    ]); // prettier-ignore
  });

  it('keeps to its width: letters under a flight of headings, with a legend of the classes that occur', async () => {
    const argv = [
      'matrix',
      '--rows',
      'bad-cpu-no-vm,enable-lies-offline',
      '--kernels',
      'v5.15,v6.1,v6.3,v6.12,move-to-online',
    ];
    const { out } = await call([...argv, '--width', '60']); // prettier-ignore
    const lines = out.split('\n');
    for (const line of lines) expect([line, line.length <= 60]).toEqual([line, true]);
    expect(lines.slice(0, 6).map((line) => line.trim())).toEqual([
      'v5.15',
      '|  v6.1',
      '|  |  v6.3',
      '|  |  |  v6.12',
      'bad-cpu-no-vm        v  v  v  r',
      'enable-lies-offline  PT PT HT HT',
    ]);
    // a design has a table of its own
    expect(lines[7]!.trim()).toBe('move-to-online');
    expect(lines.filter((line) => /^[rvHTP] {2}/.test(line)).map((line) => line[0])).toEqual(['r', 'v', 'T', 'H', 'P']);
  });

  it('is at most 100 wide with every kernel and design', async () => {
    const { out } = await call(['matrix', '--rows', 'plain-vm']);
    const [table] = out.split('\n\n.  works');
    for (const line of table!.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(out).toContain('v5.15');
    expect(out).not.toContain('-cloud');
  });

  it('JSON: rows, columns, classes, and a cell for each of them, with the text that was run', async () => {
    const m = await matrix(...SMALL, '--vendor', 'amd', '--seed', '4');
    expect(m.format).toBe(1);
    expect(m.rows.map((r) => r.name)).toEqual(['bad-cpu-no-vm', 'kevin-2021-11-30']);
    expect(m.columns.map((c) => [c.name, c.kind])).toEqual([['v6.1', 'kernel'], ['v6.12', 'kernel']]); // prettier-ignore
    expect(m.cells).toHaveLength(4);
    expect(m.cells[2]).toMatchObject({ row: 'kevin-2021-11-30', column: 'v6.1', vendor: 'amd', class: 'thread-dies', seed: 4, explored: false }); // prettier-ignore
    const again = await call(['run', '-', '--seed', '4', '--format', 'json'], m.cells[2]!.litmus);
    expect((JSON.parse(again.out) as { sentence: { headline: string } }).sentence.headline).toBe(m.cells[2]!.line);
    expect(m.classes.map((c) => c.severity).sort((a, b) => a - b)[0]).toBe(-1);
    expect(m.classes.find((c) => c.id === 'thread-dies')).toMatchObject({ code: 'T', label: 'thread dies' });
  });

  it('a row may be a file', async () => {
    const file = fileOf('mine.litmus', galleryText('plain-vm')!.replace('litmus plain-vm', 'litmus mine'));
    const m = await matrix('--rows', file, '--kernels', 'v6.12');
    expect(m.cells.map((c) => [c.row, c.vendor, c.class])).toEqual([['mine', 'intel', 'works']]);
  });
});

describe('hotlanes matrix --failures', () => {
  it('prints steps down, CPUs across, and what the fail file could do (facts 9.1, captures 6.12/s6)', async () => {
    const { code, out } = await call(['matrix', '--failures', 'offline-online', '--kernels', 'v6.12', '--errno', '-EAGAIN'.slice(1)]); // prettier-ignore
    expect(code).toBe(0);
    const line = (start: RegExp): string => out.split('\n').find((l) => start.test(l))!;
    expect(line(/^offline-online on/)).toContain('each step failed alone with -EAGAIN');
    expect(line(/^\+ 189 workqueue:online/)).toMatch(/ r\*$/);
    expect(line(/^- +62 timers:prepare/)).toMatch(/ c$/);
    expect(line(/^- 140 smpcfd:dying/)).toMatch(/ \.$/);
    expect(line(/^k no KVM/)).toContain('modprobe kvm_intel returns -EAGAIN');
    for (const l of out.split('\n')) expect(l.length).toBeLessThanOrEqual(100);
  });

  it('JSON: the points with their runs', async () => {
    const { out } = await call([
      'matrix',
      '--failures',
      'kevin-2021-11-30',
      '--vendor',
      'amd',
      '--max',
      '16',
      '--json',
    ]);
    const map = JSON.parse(out) as FailuresJson;
    expect(map).toMatchObject({ format: 1, kernel: 'v5.15', errno: '-EIO', base: { class: 'works' }, explored: false });
    expect(map.left).toBeGreaterThan(0);
    const cell = map.cells.find((c) => c.state?.name === 'kvm/cpu:starting')!;
    expect(cell).toMatchObject({ cpu: 4, up: true, class: 'thread-dies', sysfs: false });
    expect(cell.litmus).toContain('machine amd');
  });
});

describe('bad input: exit 2, nothing on stdout, one clear message', () => {
  it.each([
    [['--kernels', 'v6.13'], /no kernel is called v6\.13 \(did you mean v6\.1\d?\?\)/],
    [['--rows', 'plain-wm'], /did you mean plain-vm\?/],
    [['--vendor', 'arm'], /--vendor arm is not known \(one of intel, amd\)/],
    [['plain-vm'], /takes no plain-vm \(texts are named by --rows\)/],
    [['--errno', 'EIO'], /--errno belongs to --failures/],
    [['--failures', 'plain-vm', '--rows', 'x'], /takes no --rows/],
    [['--failures', 'plain-vm', '--kernels', 'v6.1,v6.3'], /v6\.3 is a second/],
    [['--failures', 'plain-vm', '--errno', 'EOI'], /--errno EOI is not known/],
    [['--jsno'], /unknown option --jsno \(did you mean --json\?\)/],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await call(['matrix', ...argv]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
