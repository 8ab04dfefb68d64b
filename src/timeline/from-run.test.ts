import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { setKernel } from '../litmus/edit';
import { galleryText, loadGallery } from '../litmus/gallery';
import { load } from '../litmus/load';
import { run } from '../machine/run';
import { FlowKind, Look, Mark, type Timeline } from './columns';
import { timelineOfRun } from './from-run';

function drawn(name: string, change: (text: string) => string = (t) => t, seed = 0): Timeline {
  const loaded = load(change(galleryText(name)!), `${name}.litmus`);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return timelineOfRun(run(loaded.program, { seed }), name);
}

/** Slices of a row, in order: "name" of every slice at that depth. */
function row(
  t: Timeline,
  kind: string,
  of: string,
  depth = 0,
): { name: string; look: number; start: number; end: number }[] {
  const track = t.tracks.findIndex(
    (tr) => tr.kind === kind && (tr.name === of || (tr.cpu >= 0 && `CPU ${tr.cpu}` === of)),
  );
  const out = [];
  for (let i = 0; i < t.slices.length; i++) {
    if (t.slices.track[i] !== track || t.slices.depth[i] !== depth) continue;
    out.push({
      name: t.strings[t.slices.name[i]!]!,
      look: t.slices.look[i]!,
      start: t.slices.start[i]!,
      end: t.slices.end[i]!,
    });
  }
  return out;
}

describe('timeline of a run', () => {
  const t = drawn('kevin-2021-11-30');

  it('tells the story of CPU 4 on its group row', () => {
    expect(row(t, 'cpu', 'CPU 4').map((s) => s.name)).toEqual([
      'absent',
      'present, offline',
      'going up: PREPARE',
      'going up: STARTING',
      'going up, virtualization failed',
      'online, no virtualization',
    ]);
  });

  it('keeps virtualization of CPU 4 failed from the fault to the end, and the others on', () => {
    expect(row(t, 'virt', 'CPU 4').at(-1)).toMatchObject({ look: Look.fail, end: t.length });
    for (const cpu of ['CPU 0', 'CPU 1', 'CPU 2', 'CPU 3']) {
      expect(row(t, 'virt', cpu).map((s) => s.look)).toEqual([Look.off, Look.off, Look.virt]);
    }
  });

  it('walks every section in the order of the sheet (facts 3.4), one slice per callback', () => {
    const steps = [...row(t, 'hotplug', 'CPU 4', 1), ...row(t, 'hotplug', 'CPU 4', 2)]
      .sort((a, b) => a.start - b.start)
      .map((s) => s.name);
    expect(steps.indexOf('smpboot_create_threads')).toBeLessThan(steps.indexOf('bringup_cpu'));
    expect(steps.indexOf('bringup_cpu')).toBeLessThan(steps.indexOf('kvm_starting_cpu'));
    expect(steps.indexOf('kvm_starting_cpu')).toBeLessThan(steps.indexOf('smpboot_unpark_threads'));
    expect(steps.at(-1)).toBe('sched_cpu_activate');
  });

  it('shows one arrow to each CPU that the first VM enables, and the migration to CPU 4', () => {
    const flows = Array.from({ length: t.flows.length }, (_, i) => ({
      kind: t.flows.kind[i],
      name: t.strings[t.flows.name[i]!],
      to: t.tracks[t.flows.toTrack[i]!]!.cpu,
    }));
    expect(
      flows
        .filter((f) => f.name === 'hardware_enable_nolock')
        .map((f) => f.to)
        .sort(),
    ).toEqual([1, 2, 3]);
    expect(flows.filter((f) => f.kind === FlowKind.migration && f.name === 'vm0.vcpu0')).toEqual([
      { kind: FlowKind.migration, name: 'vm0.vcpu0', to: 4 },
    ]);
  });

  it('marks the oops on the CPU and on the vCPU, and ends with the vCPU dead', () => {
    const marks = Array.from({ length: t.instants.length }, (_, i) => i).filter(
      (i) => t.instants.mark[i] === Mark.oops,
    );
    expect(marks.map((i) => t.tracks[t.instants.track[i]!]!.name).sort()).toEqual(['CPU 4', 'vm0.vcpu0']);
    expect(row(t, 'vcpu', 'vm0.vcpu0').at(-1)).toMatchObject({ look: Look.oops, end: t.length });
  });

  it('never draws two tasks at once on a CPU, under any schedule', () => {
    for (const name of ['kevin-2021-11-30', 'debian-6.1-s2', 'debian-6.1-v2']) {
      // the builder throws where slices of a row overlap
      for (let seed = 1; seed <= 20; seed++) expect(drawn(name, undefined, seed).length).toBeGreaterThan(100);
    }
  });

  it('has no failure and no oops to show without the fault', () => {
    const fine = drawn('kevin-2021-11-30', (text) => text.replace(/^fault.*$/m, ''));
    expect([...fine.instants.mark].filter((m) => m === Mark.oops || m === Mark.failure)).toEqual([]);
    expect([...fine.slices.look].filter((l) => l === Look.fail || l === Look.oops)).toEqual([]);
  });
});

describe('a run of a trusted domain', () => {
  beforeAll(async () => {
    await Promise.all([loadKernelTexts(), loadGallery()]);
  });

  it('has a row of TDX on each CPU: up where the module was told of it, not on the CPU that came later (tdx 1.7, 3.5)', () => {
    const t = drawn('td-hotadd-running', (text) => setKernel(text, 'td1-document'));
    expect(row(t, 'tdx', 'CPU 0').at(-1)).toMatchObject({ look: Look.tdx, end: t.length });
    expect(row(t, 'tdx', 'CPU 2').map((s) => s.look)).not.toContain(Look.tdx);
  });

  it('has none where the kernel knows no TDX', () => {
    expect(drawn('kevin-2021-11-30').tracks.filter((track) => track.kind === 'tdx')).toEqual([]);
  });
});
