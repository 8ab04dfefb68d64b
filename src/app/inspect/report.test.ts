import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { importFiles } from '../../timeline/import-files';
import { notUnderstood, reportLine } from './report';

const read = (name: string) => new Uint8Array(readFileSync(`public/captures/6.12/v2/${name}`));

it('says that a gzip is cut off', async () => {
  const { timeline, report } = await importFiles([
    { name: 'trace.txt.gz', data: read('trace.txt.gz').subarray(0, 20_000) },
  ]);
  expect(reportLine(report, timeline.log.length)).toMatch(
    /^[\d,]+ events, (\d+ lines? not understood, )?the gzip is cut off$/,
  );
});

it('counts the lines of a log that comes without a trace', async () => {
  const { timeline, report } = await importFiles([{ name: 'dmesg.txt', data: read('dmesg.txt') }]);
  expect(timeline.log.length).toBeGreaterThan(100);
  expect(reportLine(report, timeline.log.length)).toBe(`${timeline.log.length} log lines`);
});

it('one is one', () => {
  expect(notUnderstood(1)).toBe('1 line not understood');
  expect(notUnderstood(1200)).toBe('1,200 lines not understood');
});
