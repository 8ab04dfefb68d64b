import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Look, Mark, type Timeline } from './columns';
import { parseGallery } from './gallery';
import { importFiles, type ImportResult } from './import-files';

/**
 * Real captures against what they say of themselves in capture.json, and against naive readings of their text that share
 * no code with the importer. The shipped ones always run; where the project stands beside ../shared/captures all of
 * those run instead.
 */
const repo = join(import.meta.dirname, '../..');
const shipped = join(repo, 'public/captures');
const all = join(repo, '../shared/captures');
const root = existsSync(all) ? all : shipped;

const folders = readdirSync(root, { withFileTypes: true })
  .filter((kernel) => kernel.isDirectory())
  .flatMap((kernel) => readdirSync(join(root, kernel.name)).map((scenario) => `${kernel.name}/${scenario}`))
  .filter((id) => existsSync(join(root, id, 'capture.json')))
  .sort();

interface Expected {
  trace: { files: { file: string; lines: number }[] };
  counts: { trace_lines: number; events: Record<string, number> };
  observed: { died: { t: number; task: string; pid: number; cpu: number; caller: string; bug_at: string }[] };
}
const expected = (id: string): Expected => JSON.parse(readFileSync(join(root, id, 'capture.json'), 'utf8')) as Expected;

const filesOf = (id: string, from = root) =>
  readdirSync(join(from, id)).map((name) => ({ name, data: new Uint8Array(readFileSync(join(from, id, name))) }));

/** Imported once per capture, for all tests. */
const imported = new Map<string, Promise<ImportResult>>();
const importOf = (id: string): Promise<ImportResult> => {
  const known = imported.get(id) ?? importFiles(filesOf(id));
  imported.set(id, known);
  return known;
};

const text = (id: string): string =>
  readdirSync(join(root, id))
    .filter((name) => name.startsWith('trace'))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((name) => gunzipSync(readFileSync(join(root, id, name))).toString())
    .join('');

const trackOf = (t: Timeline, kind: string, name: RegExp | number): number =>
  t.tracks.findIndex((x) => x.kind === kind && (typeof name === 'number' ? x.cpu === name : name.test(x.name)));

const clock = (t: Timeline, ordinal: number): number => (t.timeUs[ordinal]! + t.originUs) / 1e6;

function instants(t: Timeline, wanted: (i: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < t.instants.length; i++) if (wanted(i)) found.push(i);
  return found;
}

it('finds captures to test with', () => {
  expect(folders.length).toBeGreaterThanOrEqual(7);
});

describe.each(folders)('%s', (id) => {
  it('loses no line: events and bad lines are the data lines, and the counts are those of capture.json', async () => {
    const { report } = await importOf(id);
    const { counts } = expected(id);
    const naive = text(id)
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#')).length;
    expect(report.dataLines).toBe(naive);
    expect(report.events + report.badLines).toBe(report.dataLines);
    expect(report.bad).toEqual([]);
    expect(report.dataLines).toBe(counts.trace_lines);
    expect(report.counts).toEqual(counts.events);
  });

  it('pairs enter and exit of every hotplug step into a slice', async () => {
    const { timeline: t, report } = await importOf(id);
    // The naive reading: one stack per task.
    const open = new Map<string, { key: string; start: number }[]>();
    const pairs: string[] = [];
    let unpaired = 0;
    const place = stampedOrdinals(t);
    for (const line of text(id).split('\n')) {
      const found =
        /-(\d+) +(?:\([ \d-]+\) )?\[\d+\] \S+ +(\d+\.\d+): cpuhp_(multi_enter|enter|exit): +cpu: (\d+) .*step: +(\d+)/.exec(
          line,
        );
      if (!found) continue;
      const [, task, stamp, what, cpu, step] = found;
      const key = `${Number(cpu)} ${step}`;
      const stack = open.get(task!) ?? [];
      open.set(task!, stack);
      if (what !== 'exit') stack.push({ key, start: Number(stamp) });
      else if (stack.at(-1)?.key === key) pairs.push(`${key} ${stack.pop()!.start} ${Number(stamp)}`);
      else unpaired++;
    }
    for (const stack of open.values()) unpaired += stack.length;
    const drawn: string[] = [];
    const s = t.slices;
    for (let i = 0; i < s.length; i++) {
      const track = t.tracks[s.track[i]!]!;
      const detail = t.strings[s.detail[i]!]!;
      if (track.kind !== 'hotplug' || s.depth[i] === 0 || !/ret -?\w+$/.test(detail)) continue;
      drawn.push(`${track.cpu} ${/^step (\d+)/.exec(detail)![1]} ${clock(t, s.start[i]!)} ${clock(t, s.end[i]!)}`);
    }
    expect(place).toBe(true);
    expect(drawn.sort()).toEqual(pairs.sort());
    expect(report.notes.filter((note) => /cpuhp_(enter|exit) of step/.test(note)).length).toBe(unpaired);
  });

  it('never shows two things running on one CPU at once, nor any overlap in a row', async () => {
    const { timeline: t } = await importOf(id);
    const s = t.slices;
    const ends = new Map<number, number>();
    for (let i = 0; i < s.length; i++) {
      const row = s.track[i]! * 256 + s.depth[i]!;
      if (s.end[i]! <= s.start[i]!) throw new Error(`slice ${i} is empty`);
      if (s.start[i]! < (ends.get(row) ?? 0))
        throw new Error(`overlap on ${t.tracks[s.track[i]!]!.name} at ${s.start[i]}`);
      ends.set(row, s.end[i]!);
    }
    for (let i = 1; i <= t.length; i++) if (t.timeUs[i]! < t.timeUs[i - 1]!) throw new Error(`time goes back at ${i}`);
  });

  it('begins and ends what runs where the switches are, and guests where they are entered', async () => {
    const { timeline: t } = await importOf(id);
    const s = t.slices;
    const starts = new Set<string>();
    const ends = new Set<string>();
    for (let i = 0; i < s.length; i++) {
      const track = t.tracks[s.track[i]!]!;
      if (track.kind !== 'runs' || s.depth[i] !== 0) continue;
      const name = s.look[i] === Look.guest ? 'guest' : t.strings[s.name[i]!]!;
      starts.add(`${track.cpu} ${clock(t, s.start[i]!)} ${name}`);
      ends.add(`${track.cpu} ${clock(t, s.end[i]!)}`);
    }
    const missing: string[] = [];
    const current = new Map<number, string>(); // the task that is known to run, by CPU
    for (const line of text(id).split('\n')) {
      if (line.startsWith('# tracer')) current.clear();
      const found = /-(\d+) +(?:\([ \d-]+\) )?\[(\d+)\] \S+ +(\d+\.\d+): (\w+)/.exec(line);
      if (!found) continue;
      const [cpu, stamp] = [Number(found[2]), Number(found[3])];
      const known = current.get(cpu) === found[1];
      current.set(cpu, found[1]!);
      if (found[4] === 'kvm_entry' && !starts.has(`${cpu} ${stamp} guest`)) missing.push(line);
      const task = /sched_switch: prev_comm=.* prev_pid=(\d+) .* ==> next_comm=(.*) next_pid=(\d+)/.exec(line);
      if (!task) continue;
      const [, prevPid, next, nextPid] = task;
      current.set(cpu, nextPid!);
      if (nextPid !== '0' && !starts.has(`${cpu} ${stamp} ${next}`)) missing.push(line);
      if (prevPid !== '0' && known && !ends.has(`${cpu} ${stamp}`)) missing.push(line);
    }
    expect(missing).toEqual([]);
  });

  it('places every death on its CPU and its task, at the moment that capture.json tells', async () => {
    const { timeline: t } = await importOf(id);
    const { died } = expected(id).observed;
    const oopses = instants(t, (i) => t.instants.mark[i] === Mark.oops);
    const onCpus = oopses.filter((i) => t.tracks[t.instants.track[i]!]!.kind === 'cpu');
    expect(onCpus.map((i) => t.tracks[t.instants.track[i]!]!.cpu)).toEqual(died.map((d) => d.cpu));
    onCpus.forEach((i, n) => {
      const death = died[n]!;
      expect(clock(t, t.instants.at[i]!)).toBeCloseTo(death.t, 5);
      const said = t.strings[t.instants.text[i]!]!;
      expect(said).toContain(`kernel BUG at ${death.bug_at}`);
      expect(said).toContain(`called from ${death.caller}+`);
      expect(said).toContain(`${death.task} (${death.pid}) on CPU ${death.cpu}`);
      const onTask = oopses.find(
        (k) => t.instants.at[k] === t.instants.at[i] && t.tracks[t.instants.track[k]!]!.tid === death.pid,
      );
      expect(onTask).toBeDefined();
    });
  });

  it('knows a dead task as dead to the end', async () => {
    const { timeline: t } = await importOf(id);
    const s = t.slices;
    for (const { pid } of expected(id).observed.died) {
      const track = t.tracks.findIndex((x) => x.tid === pid);
      const own = [...s.track.keys()].filter((i) => s.track[i] === track);
      expect(s.look[own.at(-1)!]).toBe(Look.oops);
      expect(s.end[own.at(-1)!]).toBe(t.length);
    }
  });

  it('puts children behind their parents, and every reference within bounds', async () => {
    const { timeline: t } = await importOf(id);
    let group = -1;
    t.tracks.forEach((track, i) => {
      if (track.parent < 0) group = i;
      else expect(track.parent).toBe(group);
    });
    for (const column of [t.instants.name, t.instants.text, t.slices.name, t.slices.detail, t.flows.name])
      for (const string of column) if (t.strings[string] === undefined) throw new Error(`no string ${string}`);
    for (let i = 0; i < t.flows.length; i++) if (t.flows.end[i]! < t.flows.start[i]!) throw new Error(`flow ${i}`);
  });
});

/** Stamps can stand for ordinals in a comparison only if they ascend. */
const stampedOrdinals = (t: Timeline): boolean => t.timeUs.every((time, i) => i === 0 || time >= t.timeUs[i - 1]!);

/** The capture that the page opens; its facts by hand, from the text of the trace. */
describe('6.1/s2, as shipped', () => {
  const result = importFiles(filesOf('6.1/s2', shipped));

  it('has the oops on CPU 4 at its console event, and what came before it', async () => {
    const { timeline: t } = await result;
    const [oops] = instants(t, (i) => t.instants.mark[i] === Mark.oops && t.instants.track[i] === trackOf(t, 'cpu', 4));
    const at = t.instants.at[oops!]!;
    expect(clock(t, at)).toBe(115.493577);
    const vcpu = trackOf(t, 'vcpu', /^vcpu-a/);
    const before = (name: RegExp) =>
      instants(
        t,
        (i) => t.instants.at[i]! < at && t.instants.track[i] === vcpu && name.test(t.strings[t.instants.name[i]!]!),
      ).at(-1)!;
    expect(clock(t, t.instants.at[before(/^kvm_userspace_exit$/)]!)).toBe(115.445447);
    const run = before(/^KVM_RUN/);
    expect(t.strings[t.instants.name[run]!]).toBe('KVM_RUN#890');
    expect(t.instants.mark[run]).toBe(Mark.syscall);
    expect(t.instants.at[run]!).toBeGreaterThan(t.instants.at[before(/^kvm_userspace_exit$/)]!);
    const after = instants(
      t,
      (i) => t.instants.at[i]! > at && t.instants.track[i] === vcpu && /^KVM_RUN/.test(t.strings[t.instants.name[i]!]!),
    );
    expect(after).toEqual([]);
  });

  it('tells the failed enable on CPU 4 behind its return, though the console event is missing in the trace', async () => {
    const { timeline: t } = await result;
    const line = t.log.find((l) => l.text === 'kvm: enabling virtualization on CPU4 failed')!;
    expect(line.cpu).toBe(4);
    expect(line.mark).toBe(Mark.failure);
    expect(clock(t, line.at)).toBe(110.519192); // kvm_arch_hardware_enable_ret ... ret=-5
    const rows = [...t.slices.track.keys()].filter((i) => t.slices.track[i] === trackOf(t, 'virt', 4));
    expect(rows.map((i) => t.slices.look[i])).toContain(Look.fail);
    const summary = [...t.slices.track.keys()].filter((i) => t.slices.track[i] === trackOf(t, 'cpu', 4));
    const names = summary.map((i) => t.strings[t.slices.name[i]!]);
    expect(names.slice(0, 7)).toEqual([
      'unknown',
      'absent',
      'present',
      'going up: PREPARE',
      'going up: STARTING',
      'going up: ONLINE',
      'online, virtualization off',
    ]);
  });

  it('draws the migration of the vCPU to CPU 4', async () => {
    const { timeline: t } = await result;
    const f = t.flows;
    const moves = [...f.kind.keys()].filter(
      (i) => t.strings[f.name[i]!] === 'vcpu-a' && f.toTrack[i] === trackOf(t, 'runs', 4),
    );
    expect(moves.map((i) => [clock(t, f.start[i]!), clock(t, f.end[i]!)])).toEqual([[115.483383, 115.484865]]);
  });

  it('keeps the order of the kernel log', async () => {
    const { timeline: t } = await result;
    const lines = t.log.filter((l) => l.source === 'kernel').map((l) => l.text);
    const file = readFileSync(join(shipped, '6.1/s2/dmesg.txt'), 'utf8').split('\n').filter(Boolean);
    expect(lines).toEqual(file.map((line) => line.replace(/^\[ *\d+\.\d+\] /, '')));
    for (let i = 1; i < t.log.length; i++) expect(t.log[i]!.at).toBeGreaterThanOrEqual(t.log[i - 1]!.at);
  });
});

it('6.1/s2: after the hole the CPU that had failed does not read as healthy', async () => {
  const { timeline: t } = await importFiles(filesOf('6.1/s2', shipped));
  const rows = (kind: string) =>
    [...t.slices.track.keys()]
      .filter((i) => t.slices.track[i] === trackOf(t, kind, 4) && t.slices.depth[i] === 0)
      .map((i) => ({
        start: t.slices.start[i]!,
        end: t.slices.end[i]!,
        look: t.slices.look[i],
        name: t.strings[t.slices.name[i]!]!,
      }));
  const blind = rows('virt').find((s) => s.name === 'not traced')!;
  const during = rows('cpu').filter((s) => s.start < blind.end && s.end > blind.start);
  expect(during.map((s) => s.look)).toEqual([Look.unknown, Look.unknown]);
  expect(during.at(-1)).toMatchObject({ name: 'online, virtualization not traced', end: blind.end });
});

describe('6.12/v2lie, as shipped', () => {
  it('tells the lie, and the step that never ends', async () => {
    const { timeline: t, report } = await importFiles(filesOf('6.12/v2lie', shipped));
    const looks = [...t.slices.track.keys()]
      .filter((i) => t.slices.track[i] === trackOf(t, 'virt', 1))
      .map((i) => t.slices.look[i]);
    expect(looks).toContain(Look.lie);
    expect(report.notes.some((n) => /kvm_offline_cpu.* has no exit/.test(n))).toBe(true);
  });
});

it('lists the shipped captures with their files', () => {
  const entries = parseGallery(readFileSync(join(shipped, 'index.json'), 'utf8'));
  const onDisk = readdirSync(shipped, { withFileTypes: true })
    .filter((kernel) => kernel.isDirectory())
    .flatMap((kernel) => readdirSync(join(shipped, kernel.name)).map((scenario) => `${kernel.name}/${scenario}`));
  expect(entries.map((entry) => entry.id).sort()).toEqual(onDisk.sort());
  for (const entry of entries)
    expect(entry.files.map((f) => f.name).sort()).toEqual(readdirSync(join(shipped, entry.id)).sort());
});
