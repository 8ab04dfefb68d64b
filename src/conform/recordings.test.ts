/** Other recordings of the same scenarios: made by the model as the kernel, and the captured ones as another run has them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import type { FileInput } from '../timeline/read';
import { conform } from './conform';
import { readCaptureFiles } from './files';
import type { ConformReport } from './report';
import { capturesIn, PUBLIC } from './testing/captures';
import { changed, later, renumbered, traced } from './testing/change';
import { record, type Variation } from './testing/rig';
import { RIG_KERNELS, type RigKernel } from './testing/rigs';
import { SCRIPTS, type Script } from './testing/scenarios';

beforeAll(() => loadKernelTexts());

const reportOf = async (files: readonly FileInput[]): Promise<ConformReport> => conform(await readCaptureFiles(files)).report; // prettier-ignore
const told = (r: ConformReport): string[] => r.differences.map((d) => `[${d.category}] ${d.at} ${d.what} | kernel: ${d.kernel} | model: ${d.model}`); // prettier-ignore

const fits = (k: RigKernel, s: Script): boolean => s.vendors.includes(k.vendor) && (!s.onlineOnly || k.online);
const pairs = SCRIPTS.flatMap((s) => RIG_KERNELS.filter((k) => fits(k, s)).map((k) => ({ s, k })));
/** All of them take minutes: HOTLANES_RECORDINGS=SEEDS npx vitest run src/conform/recordings.test.ts */
const seeds = Number(process.env['HOTLANES_RECORDINGS'] ?? 0);
const chosen =
  seeds > 0
    ? pairs.flatMap((p) => Array.from({ length: seeds }, (_, i) => ({ ...p, seed: i + 1 })))
    : pairs.flatMap((p, i) => (i % 4 === 0 && p.s.name !== 's11' ? [{ ...p, seed: 1 }] : []));

describe('captures that the model makes as the kernel', () => {
  it.each(chosen)('$s.name on $k.name, seed $seed: agrees', async ({ s, k, seed }) => {
    const made = record(s, k, { seed });
    const report = await reportOf(made.files);
    expect(told(report)).toEqual([]);
    expect(report.reached.lines).toBe(report.reached.of);
    expect(report.categories.results.compared).toBeGreaterThan(2);
  });

  const script = (name: string): Script => SCRIPTS.find((s) => s.name === name)!;
  const kernel = (name: string): RigKernel => RIG_KERNELS.find((k) => k.name === name)!;
  // an offline and a VM's creation that overlap on one CPU, each about to show something
  it.each([
    ['5.10-amd', 1],
    ['5.10-amd', 3],
    ['6.18-amd', 4],
  ])('acts side by side on %s, seed %i', async (name, seed) => {
    expect(told(await reportOf(record(script('s8'), kernel(name), { seed }).files))).toEqual([]);
  });

  it.each([
    ['other ids', { seed: 3, pids: 4000 }],
    ['other names of processes', { seed: 3, comms: { admin: 'bash', vmm: 'qemu-system-x86' } }],
    ['many turns of the run loop', { seed: 3, turns: 300 }],
    ['much noise', { seed: 3, noise: 0.6 }],
    ['no listing of the states', { seed: 3, withoutStates: true }],
  ] as [string, Variation][])('%s', async (_, how) => {
    for (const name of ['6.1-amd', '7.3-amd']) expect(told(await reportOf(record(script('s4'), kernel(name), how).files))).toEqual([]); // prettier-ignore
    expect(told(await reportOf(record(script('v2'), kernel('6.12-intel'), how).files))).toEqual([]);
  });
});

describe('a made capture with one thing that is not so', () => {
  const script = SCRIPTS.find((s) => s.name === 's3')!;
  const kernel = (name: string): RigKernel => RIG_KERNELS.find((k) => k.name === name)!;
  const nth = (pattern: RegExp, change: (l: string) => string | null): ((l: string) => string | null) => {
    let n = 0;
    return (l) => (pattern.test(l) && ++n === 9 ? change(l) : l);
  };
  it.each(['6.1-amd', '7.3-amd'])('%s: is found', async (name) => {
    const { files } = record(script, kernel(name), { seed: 5 });
    const falsified: FileInput[][] = [
      traced(
        files,
        nth(/cpuhp_exit/, (l) => l.replace('ret: 0', 'ret: -12')),
      ),
      traced(
        files,
        nth(/cpuhp_(multi_)?enter/, () => null),
      ),
      traced(
        files,
        nth(/cpuhp_(multi_)?enter/, (l) => l.replace(/\((\w+)\)/, '(another_callback)')),
      ),
      traced(files, (l) => (/ takedown_cpu <-/.test(l) ? null : l)),
      changed(files, /^dmesg/, (t) => t.replace(/\n.*CPU 3 is now offline/, '')),
      changed(files, /^capture\.json$/, (t) => t.replace(/("do":"offline","cpu":3,"result":)0/, '$1-16')),
    ];
    for (const [i, f] of falsified.entries()) expect([i, (await reportOf(f)).agrees]).toEqual([i, false]);
  });
});

describe('the captures of the repository, as another run would have them', () => {
  const filesOf = (name: string): FileInput[] => readdirSync(join(PUBLIC, name)).map((f) => ({ name: f, data: readFileSync(join(PUBLIC, name, f)) })); // prettier-ignore
  const names = capturesIn(PUBLIC);

  it.each(names)('%s with other ids, an hour later, with lines of other processes', async (name) => {
    const moved = later(renumbered(filesOf(name), 7000), 3600);
    let n = 0;
    const noisy = traced(moved, (l) => {
      const [, cpu, flags, t] = /\[(\d{3})\] +(\S+) +(\d+\.\d{6}): /.exec(l) ?? [];
      if (cpu === undefined || n++ % 17 !== 0) return l;
      return [
        l,
        `            bash-31999   [${cpu}] ${flags!}  ${t!}: sched_wakeup: comm=bash pid=31999 prio=120 target_cpu=000`,
      ];
    });
    const ids = name.includes('/v') ? noisy : traced(moved, (l) => l);
    expect(told(await reportOf(ids))).toEqual([]);
  });

  it.each(names)('%s without what only steers', async (name) => {
    const bare = traced(filesOf(name), (l) => (/: (sched_(switch|migrate_task|process_)|call_function|reschedule|ipi_|tracing_mark)/.test(l) ? null : l)); // prettier-ignore
    expect(told(await reportOf(bare))).toEqual([]);
  });

  it('without states.txt and vmm.txt', async () => {
    const files = filesOf('6.1/v2').filter((f) => !/^(states|vmm)/.test(f.name));
    expect(told(await reportOf(files))).toEqual([]);
  });

  it('a buffer that has lost its beginning is compared from where all CPUs have one', async () => {
    let n = 0;
    const lost = changed(filesOf('6.12/v2'), /^trace\.txt/, (text) =>
      text
        .split('\n')
        .filter((l) => l.startsWith('#') || ++n > 12)
        .flatMap((l, i, all) => (i > 0 && all[i - 1]!.startsWith('#') && !l.startsWith('#') ? ['CPU:0 [LOST 40 EVENTS]', l] : [l]))
        .join('\n'),
    ); // prettier-ignore
    const report = await reportOf(lost);
    expect(told(report)).toEqual([]);
    expect(report.uncompared).toContainEqual({ what: 'events lost before the buffer begins', count: 40 });
  });

  it('events lost in the middle are said', async () => {
    let n = 0;
    const lost = traced(filesOf('6.12/v2'), (l) => (++n === 900 ? [l, 'CPU:0 [LOST 7 EVENTS]'] : l));
    expect(told(await reportOf(lost)).join()).toContain('lost events');
  });
});

describe('what is not understood is said and counted', () => {
  const base = (): FileInput[] => readdirSync(join(PUBLIC, '6.1/v2')).map((f) => ({ name: f, data: readFileSync(join(PUBLIC, '6.1/v2', f)) })); // prettier-ignore
  type Json = { actions: Record<string, unknown>[]; observed: Record<string, unknown>; trace: Record<string, unknown> };
  const edited = (change: (c: Json) => void): FileInput[] =>
    changed(base(), /^capture\.json$/, (t) => {
      const capture = JSON.parse(t) as Json;
      change(capture);
      return JSON.stringify(capture);
    });

  it.each([
    [
      'a mask of several CPUs',
      (c: Json) => (c.actions.findLast((a) => a['do'] === 'affine' && 'tid' in a)!['cpus'] = '0-1'),
      'a mask of several CPUs',
    ],
    [
      'a CPU that the machine has not',
      (c: Json) => (c.actions.find((a) => a['do'] === 'offline')!['cpu'] = 9),
      'there is no CPU 9',
    ],
    [
      'a fault of a function that the text has not',
      (c: Json) => (c.actions.find((a) => a['do'] === 'arm_fault')!['symbol'] = 'some_function'),
      'no function some_function',
    ],
    [
      'a write to another file',
      (c: Json) => c.actions.push({ ...c.actions.at(-1)!, do: 'write', file: '/sys/x', value: '1' }),
      'a file that the model has not',
    ],
    [
      'the death of a VMM that made no VM',
      (c: Json) => (c.actions.find((a) => a['do'] === 'kill')!['task'] = 'vmm-Z'),
      'no VM of that process',
    ],
    [
      'a vCPU beyond all limits',
      (c: Json) => (c.actions.find((a) => a['do'] === 'create_vcpu')!['vcpu'] = 900),
      'more than 64',
    ],
  ] as [string, (c: Json) => void, string][])('%s', async (_, change, message) => {
    const report = await reportOf(edited(change));
    expect(report.agrees).toBe(false);
    expect(told(report).join('\n')).toContain(message);
  });

  it.each([
    ['observed.alive', (c: Json) => (c.observed['alive'] = 5)],
    ['observed.liveness', (c: Json) => (c.observed['liveness'] = [null])],
    ['trace.functions', (c: Json) => (c.trace['functions'] = 'all')],
    ['actions', (c: Json) => delete c.actions.find((a) => a['do'] === 'read_state')!['cpus']],
  ] as [string, (c: Json) => void][])('a wrong %s is named', async (field, change) => {
    await expect(reportOf(edited(change))).rejects.toThrow(`capture.json: ${field}`);
  });

  it('a trace that was cut off is named', async () => {
    const cut = base().map((f) => (f.name === 'trace.txt.gz' ? { name: f.name, data: (f.data as Uint8Array).slice(0, 4000) } : f)); // prettier-ignore
    await expect(reportOf(cut)).rejects.toThrow('trace.txt.gz: ');
  });

  it('a CPU that never appeared asks nothing of the model', async () => {
    const report = await reportOf(
      edited((c) => c.actions.unshift({ t: 20, t_end: 20.1, actor: 'admin', do: 'hotadd', cpu: 2, svm: 'on', result: 0, appeared: false, traced: false })), // prettier-ignore
    );
    expect(told(report)).toEqual([]);
    expect(report.taken.map((x) => x.what).join()).toContain('none appeared');
  });
});
