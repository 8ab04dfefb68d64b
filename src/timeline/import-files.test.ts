import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble';
import { FtraceReader } from './ftrace-import';
import { importFiles, transferables } from './import-files';
import { detect, limits, type FileInput } from './read';
import { importInWorker, type FromWorker, type ToWorker, type WorkerLike } from './worker-client';

const folder = join(import.meta.dirname, '../../public/captures/6.1/v2');
const stored = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const trace = gunzipSync(stored('trace.txt.gz'));
const bytes = (text: string) => new TextEncoder().encode(text);
const one = (data: FileInput['data'], name = 'trace.txt') => importFiles([{ name, data }]);

const line = (cpu: number, us: number, rest: string): string =>
  `  task-${cpu + 10} [00${cpu}] .....  ${(us / 1e6).toFixed(6)}: ${rest}`;

describe('what a file is, its content tells', () => {
  it.each([
    ['trace-2.txt.gz', 'ftrace'],
    ['dmesg.txt', 'dmesg'],
    ['vmm.txt', 'vmm'],
    ['capture.json', 'capture'],
    ['states.txt', 'states'],
  ])('%s', (name, kind) => {
    const data = stored(name);
    expect(detect(data[0] === 0x1f ? gunzipSync(data) : data).kind).toBe(kind);
  });

  it('nothing, bytes, and prose', () => {
    expect(detect(new Uint8Array(0)).kind).toBe('empty');
    expect(detect(Uint8Array.of(0x7f, 69, 76, 70, 0, 0, 1)).kind).toBe('binary');
    expect(detect(bytes('Dear list,\nthis is no trace.\n')).kind).toBe('unknown');
    expect(detect(bytes('  \n\n')).kind).toBe('empty');
  });
});

describe('importFiles', () => {
  it('reads the same from bytes, gzip, a Blob, a stream, and pieces', async () => {
    const of = async (data: FileInput['data']) => (await one(data)).report.counts;
    const expected = await of(trace);
    expect(await of(stored('trace.txt.gz'))).toEqual(expected);
    expect(await of(new Blob([trace]))).toEqual(expected);
    expect(await of(new Blob([gzipSync(trace)]).stream())).toEqual(expected);
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < trace.length; at += 777) yield trace.subarray(at, at + 777);
      await Promise.resolve();
    };
    expect(await of(pieces())).toEqual(expected);
    // A gzip of two members, as `cat a.gz b.gz` makes them.
    const two = Buffer.concat([gzipSync(trace.subarray(0, 100_000)), gzipSync(trace.subarray(100_000))]);
    expect(await of(new Uint8Array(two))).toEqual(expected);
  });

  it('orders buffers by their stamps, not by their names', async () => {
    const { timeline, report } = await importFiles([
      { name: 'a.txt', data: stored('trace-2.txt.gz') },
      { name: 'b.txt', data: stored('trace.txt.gz') },
    ]);
    expect(timeline.originUs).toBe(43243023);
    expect(report.notes.join()).toMatch(/b\.txt ends; what lies before a\.txt/);
  });

  it('shows what a gzip that is cut off still gives, and says so', async () => {
    const whole = stored('trace.txt.gz');
    const { report } = await one(whole.subarray(0, whole.length >> 1), 't.gz');
    expect(report.events).toBeGreaterThan(500);
    expect(report.events + report.badLines).toBe(report.dataLines);
    expect(report.notes.join()).toMatch(/t\.gz: the gzip is cut off/);
    const broken = Uint8Array.from(whole);
    broken.fill(0xff, 5000, 5100);
    expect((await one(broken, 't.gz')).report.notes.join()).toMatch(/t\.gz: the gzip is/);
  });

  it.each([
    ['an empty file', new Uint8Array(0), /no trace, kernel log or VMM log.*t: empty/],
    ['a binary file', Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256), /t: binary/],
    ['prose', bytes('Dear list,\n'), /t: no ftrace text/],
    ['a header without events', bytes('# tracer: nop\n#\n'), /no trace/],
    ['a header and rubbish', bytes('# tracer: nop\n#\nrubbish\n'), /no event in t: 1 lines.*line 3: no \[CPU\] column/],
    ['half a gzip header', Uint8Array.of(0x1f, 0x8b), /cut off/],
  ])('refuses %s with a reason', async (_, data, why) => {
    await expect(one(data, 't')).rejects.toThrow(why);
  });

  it('leaves out a capture.json that is none, and goes on', async () => {
    const { report, timeline } = await importFiles([
      { name: 'trace.txt', data: trace },
      { name: 'capture.json', data: bytes('{"format": 7}') },
    ]);
    expect(report.notes.join()).toMatch(/capture\.json: format: .*left out/);
    expect(timeline.length).toBeGreaterThan(2000);
  });

  it('makes a timeline of a kernel log alone', async () => {
    const { timeline } = await importFiles([{ name: 'dmesg.txt', data: stored('dmesg.txt') }]);
    expect(timeline.length).toBe(442);
    expect(timeline.log.length).toBe(442);
    expect(timeline.tracks.some((t) => t.kind === 'vcpu' || t.tid === 157)).toBe(true);
  });

  it('stops when it is told to', async () => {
    const control = new AbortController();
    const promise = importFiles([{ name: 't', data: trace }], { signal: control.signal }, () => control.abort());
    await expect(promise).rejects.toThrow('cancelled');
  });

  it('keeps its limits', async () => {
    const many = Array.from({ length: limits.files + 1 }, (_, i) => ({ name: `${i}`, data: trace }));
    await expect(importFiles(many)).rejects.toThrow(/at most 64/);
  });

  it('takes a line that breaks in the middle, and CRLF', async () => {
    const text = trace.toString();
    const plain = await one(bytes(text));
    const crlf = await one(bytes(text.replaceAll('\n', '\r\n')));
    expect(crlf.report.counts).toEqual(plain.report.counts);
    const lines = text.split('\n');
    lines[1000] = lines[1000]!.slice(0, 30);
    const { report } = await one(bytes(lines.join('\n')));
    expect(report.bad).toMatchObject([{ file: 'trace.txt', line: 1001 }]);
    expect(report.events).toBe(plain.report.events - 1);
  });

  it('takes 100 MB as it comes, without holding the text', async () => {
    const lines = trace
      .toString()
      .split('\n')
      .filter((l) => l !== '' && !l.startsWith('#'));
    const size = 100e6;
    let made = 0;
    let rounds = 0;
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      for (; made < size; rounds++) {
        const round = bytes(
          lines
            .map((l) => l.replace(/ (\d+)(\.\d{6}): /, (_, s, us) => ` ${Number(s) + rounds * 4}${us}: `))
            .join('\n') + '\n',
        );
        made += round.length;
        yield round;
      }
      await Promise.resolve();
    };
    const before = process.memoryUsage().rss;
    const { report, timeline } = await one(stream());
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    expect(report.events).toBe(lines.length * rounds);
    expect(timeline.length).toBe(report.events + 1); // and the end of the trace
    expect(grown).toBeLessThan(800);
  });

  it('stands any number of steps and handlers that never end', async () => {
    const text = Array.from({ length: 2000 }, (_, i) =>
      line(0, i, i % 2 ? `cpuhp_enter: cpu: 0003 target: 9 step: ${i} (f)` : `v${i}_entry: vector=${i}`),
    );
    const { report } = await one(bytes(text.join('\n')));
    expect(report.events).toBe(2000);
    expect(report.notes.length).toBeLessThan(300);
  });

  it('tells a stamp that goes back by keeping the line order', async () => {
    const text = [line(0, 5e6, 'a: x'), line(1, 4e6, 'b: x'), line(0, 6e6, 'c: x')].join('\n');
    const { timeline } = await one(bytes(text));
    expect([...timeline.timeUs.subarray(0, 3)]).toEqual([0, 0, 1e6]);
  });

  it('hands over every column without copying', async () => {
    const { timeline } = await one(trace);
    const buffers = transferables(timeline);
    expect(buffers.length).toBe(1 + 7 + 5 + 6 + 3);
    const moved = structuredClone(timeline, { transfer: buffers });
    expect(moved.length).toBe(timeline.length);
    expect(timeline.timeUs.length).toBe(0);
  });
});

describe('properties', () => {
  const short = bytes(trace.toString().split('\n').slice(0, 700).join('\n'));
  const whole = (chunks: Uint8Array[]) => {
    const reader = new FtraceReader();
    reader.begin('t');
    for (const chunk of chunks) reader.feed(chunk);
    reader.end();
    return { reader, ...assemble({ title: 't', table: reader.table }) };
  };

  it('however the text is cut into chunks, the timeline is the same', () => {
    const expected = whole([short]).timeline;
    fc.assert(
      fc.property(fc.array(fc.nat(short.length), { maxLength: 60 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), short.length];
        const chunks = at.slice(1).map((end, i) => short.subarray(at[i], end));
        expect(whole(chunks).timeline).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('whatever is done to its bytes, every data line is an event or a bad line, and nothing throws', () => {
    const change = fc.record({
      at: fc.nat(short.length - 1),
      length: fc.nat(40),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 80 }), (changes) => {
        const text = Uint8Array.from(short);
        for (const { at, length, byte } of changes) text.fill(byte, at, at + length);
        const { reader, timeline } = whole([text]);
        expect(reader.events + reader.badLines).toBe(reader.dataLines);
        expect(timeline.timeUs.length).toBe(timeline.length + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('lines in any order, dropped or doubled, make a timeline all the same', () => {
    const lines = short.length > 0 ? new TextDecoder().decode(short).split('\n') : [];
    fc.assert(
      fc.property(fc.array(fc.nat(lines.length - 1), { maxLength: 400 }), (picks) => {
        const { reader } = whole([bytes(picks.map((i) => lines[i]).join('\n'))]);
        expect(reader.events + reader.badLines).toBe(reader.dataLines);
      }),
      { numRuns: 100 },
    );
  });

  it('events of any sense and order never break the rules of the columns', () => {
    const task = fc.integer({ min: 0, max: 4 });
    const cpu = fc.integer({ min: 0, max: 3 });
    const event = fc.oneof(
      fc
        .tuple(task, task)
        .map(
          ([a, b]) =>
            `sched_switch: prev_comm=t${a} prev_pid=${a} prev_prio=1 prev_state=S ==> next_comm=t${b} next_pid=${b} next_prio=1`,
        ),
      fc
        .tuple(task, cpu, cpu)
        .map(([t, a, b]) => `sched_migrate_task: comm=t${t} pid=${t} prio=1 orig_cpu=${a} dest_cpu=${b}`),
      fc.constantFrom(
        'kvm_entry: vcpu 0, rip 0x1',
        'kvm_exit: vcpu 0 reason hlt rip 0x1',
        'kvm_userspace_exit: reason X (5)',
      ),
      fc.constantFrom(
        'reschedule_entry: vector=253',
        'reschedule_exit: vector=253',
        'call_function_entry: vector=252',
        'call_function_exit: vector=252',
      ),
      cpu.map((c) => `ipi_send_cpu: cpu=${c} callsite=x callback=0x0`),
      fc
        .tuple(cpu, fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 5, 9))
        .map(([c, s, t]) => `cpuhp_enter: cpu: 000${c} target: ${t} step: ${s} (f)`),
      fc
        .tuple(cpu, fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, -5))
        .map(([c, s, r]) => `cpuhp_exit:  cpu: 000${c}  state: ${s} step: ${s} ret: ${r}`),
      fc
        .tuple(cpu, fc.constantFrom('bringup_cpu', 'takedown_cpu'))
        .map(([c, f]) => `cpuhp_enter: cpu: 000${c} target: 9 step: 5 (${f})`),
      fc.constantFrom(
        'kvm_arch_hardware_enable_ret: (a <- b) ret=-5',
        'kvm_arch_hardware_enable_ret: (a <- b) ret=0',
        'kvm_dying_cpu <-x',
      ),
      fc.constantFrom(
        'console: kernel BUG at x.c:1!',
        'console: CPU2 has been hot-added',
        'console: smpboot: CPU 1 is now offline',
      ),
      fc.constantFrom(
        'sched_process_exit: comm=t1 pid=1 prio=1',
        'sched_process_exec: filename=/x/y pid=2 old_pid=2',
        'LOST',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cpu, task, event), { maxLength: 120 }), (events) => {
        const text = events.map(([c, t, e], i) =>
          e === 'LOST'
            ? `CPU:${c} [LOST 3 EVENTS]`
            : `  ${t === 4 ? 'cpuhp/1' : `t${t}`}-${t} [00${c}] ..... 1.${String(i).padStart(6, '0')}: ${e}`,
        );
        const { timeline: t } = whole([bytes(text.join('\n'))]);
        expect(t.length).toBeGreaterThanOrEqual(events.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('importInWorker', () => {
  /** Runs the worker's side in this thread, with messages cloned as between threads. */
  const fake = (behaviour: 'works' | 'dies' | 'will not start'): (() => WorkerLike) => {
    return () => {
      if (behaviour === 'will not start') throw new Error('no workers here');
      const worker: WorkerLike = {
        onmessage: null,
        onerror: null,
        terminate: () => (worker.onmessage = null),
        postMessage: (order: ToWorker) => {
          if (behaviour === 'dies') {
            worker.onerror?.({ message: 'out of memory' } as ErrorEvent);
            return;
          }
          const say = (data: FromWorker) => worker.onmessage?.({ data } as MessageEvent<FromWorker>);
          importFiles(order.files, order.options, (progress) => say({ type: 'progress', progress })).then(
            (result) => say({ type: 'done', result }),
            (error: Error) => say({ type: 'failed', message: error.message }),
          );
        },
      };
      queueMicrotask(() => worker.onmessage?.({ data: { type: 'ready' } } as MessageEvent<FromWorker>));
      return worker;
    };
  };
  const files = [{ name: 'trace.txt', data: trace }];

  it('gives what importFiles gives, with progress', async () => {
    const seen: number[] = [];
    const result = await importInWorker(files, { title: 'T' }, (p) => seen.push(p.bytes), fake('works'));
    expect(result.timeline.title).toBe('T');
    expect(seen.at(-1)).toBe(trace.length);
  });

  it('runs here where no worker starts', async () => {
    const { report } = await importInWorker(files, {}, undefined, fake('will not start'));
    expect(report.dataLines).toBe(2216);
  });

  it('tells of an error, of a death, and of being cancelled', async () => {
    await expect(importInWorker([{ name: 'x', data: bytes('hm') }], {}, undefined, fake('works'))).rejects.toThrow(
      /no trace/,
    );
    await expect(importInWorker(files, {}, undefined, fake('dies'))).rejects.toThrow(/out of memory/);
    const control = new AbortController();
    const promise = importInWorker(files, { signal: control.signal }, undefined, fake('works'));
    control.abort();
    await expect(promise).rejects.toThrow('cancelled');
  });
});
