/** A trace, or a log, that is not all of what capture.json counts is told, wherever the lines are gone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import type { FileInput } from '../timeline/read';
import { conform } from './conform';
import { readCaptureFiles } from './files';
import type { ConformReport } from './report';
import { capturesIn, PUBLIC } from './testing/captures';
import { changed, traced } from './testing/change';

beforeAll(() => loadKernelTexts());

const filesOf = (name: string): FileInput[] => readdirSync(join(PUBLIC, name)).map((f) => ({ name: f, data: readFileSync(join(PUBLIC, name, f)) })); // prettier-ignore
const reportOf = async (files: readonly FileInput[]): Promise<ConformReport> => conform(await readCaptureFiles(files)).report; // prettier-ignore
const TITLE = /^#/;

describe('a capture that is not whole', () => {
  it.each(capturesIn(PUBLIC))('%s is whole', async (name) => {
    expect((await reportOf(filesOf(name))).warnings).toEqual([]);
  });

  it('a trace that ends early', async () => {
    const cut = changed(filesOf('6.12/v2'), /^trace\.txt/, (t) => t.split('\n').slice(0, 2500).join('\n'));
    const { warnings } = await reportOf(cut);
    // capture.json: 4,134 lines in that buffer; 2,500 of the text are its head of 12 and 2,488 events
    expect(warnings.join('\n')).toMatch(/trace\.txt\.gz: holds 2,488 of the 4,134 events that capture\.json counts/);
  });

  it('lines of the run loop that are gone in the middle, by the names of their events', async () => {
    const gone = changed(filesOf('6.12/v2'), /^trace\.txt/, (t) => t.split('\n').filter((l, i) => !(i >= 1500 && i < 1800) || TITLE.test(l)).join('\n')); // prettier-ignore
    const { warnings } = await reportOf(gone);
    expect(warnings.join('\n')).toMatch(/trace\.txt\.gz: holds 3,834 of the 4,134 events/);
    expect(warnings.join('\n')).toMatch(/kvm_entry \d+ of 958/);
  });

  it('one event in the place of another', async () => {
    let n = 0;
    const other = traced(filesOf('6.12/v2'), (l) => (/: kvm_exit: /.test(l) && ++n === 40 ? l.replace(/: kvm_exit: .*/, ': sched_migrate_task: comm=sh pid=9 prio=120 orig_cpu=0 dest_cpu=0') : l)); // prettier-ignore
    const { warnings } = await reportOf(other);
    expect(warnings.join('\n')).toMatch(/kvm_exit 957 of 958/);
    expect(warnings.join('\n')).toMatch(/sched_migrate_task 10 of 9/);
  });

  it('a log that is shorter', async () => {
    const cut = changed(filesOf('6.12/v2'), /^dmesg/, (t) => t.replace(/\n.*Disabled fast string operations/, ''));
    expect((await reportOf(cut)).warnings.join('\n')).toMatch(/dmesg\.txt: holds 374 of the 375 lines/);
  });

  it('capture.json that counts nothing says nothing', async () => {
    const silent = changed(filesOf('6.12/v2'), /^capture\.json$/, (t) => {
      const capture = JSON.parse(t) as { counts: unknown; trace: { files: unknown[] } };
      capture.counts = {};
      return JSON.stringify(capture);
    });
    expect((await reportOf(silent)).warnings).toEqual([]);
  });
});
