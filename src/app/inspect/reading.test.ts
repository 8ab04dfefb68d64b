import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../../kernels/index';
import { galleryText, loadGallery } from '../../litmus/gallery';
import { subjectsOf } from '../../litmus/why';
import { makeRun, type RunView } from '../store/run-view';
import { withTracks } from '../../timeline/with-tracks';
import { causeLine, causesOf, keptOf } from './causes-view';
import { doubtsOf, stepDoubts } from './doubts';
import { changingNames, historyOf, valueTracks } from './pins';
import { rowHistory, subjectView } from './subject';
import { valueAt } from './value-at';

beforeAll(() => Promise.all([loadKernelTexts(), loadGallery()]));

function viewOf(text: string): RunView {
  const made = makeRun(text, 'litmus');
  if (!made.ok) throw new Error(made.problems[0]!.message);
  return made.view;
}

const KEVIN = (): string => galleryText('kevin-2021-11-30')!;
const own = (step: number): number => step;
const trackNamed = ({ timeline }: RunView, kind: string, name: string): number =>
  timeline.tracks.findIndex((t) => t.kind === kind && (t.name === name || t.cpu === Number(name)));

describe('variables over time', () => {
  let run: RunView;
  beforeAll(() => void (run = viewOf(KEVIN())));

  it('have at each step the value that the state has', () => {
    for (const name of ['kvm_usage_count', 'cpus_hardware_enabled', 'vmxon[4]', 'vmxon[1]', 'kvm_lock']) {
      const changes = historyOf(run, name);
      expect(changes.length, name).toBeGreaterThan(0);
      for (let done = 0; done <= run.steps; done += 13) {
        const now = changes.findLast((c) => c.step < done)!;
        const [base, element] = /^([^[]*)(?:\[(.*)\])?$/.exec(name)!.slice(1);
        const value = valueAt(run, base!, done)!;
        const is = element === undefined ? value.text : value.values.find((v) => v.owner === element)!.value;
        expect(now.text, `${name} after ${done}`).toBe(is);
      }
    }
  });

  it('are rows: numbers with a level, a mask in words, truths of all CPUs as the set where they hold', () => {
    const [count] = valueTracks(run, 'kvm_usage_count', own);
    // One VM (facts 4.1b): from 0 to 1, and it stays.
    expect(count!.text).toEqual(['0', '1']);
    expect(count!.level).toEqual([0, 1]);
    const [on] = valueTracks(run, 'vmxon', own);
    expect([on!.text[0], on!.text.at(-1)]).toEqual(['empty', '0-3']);
    expect(on!.level).toBeNull();
    expect(valueTracks(run, 'nothing', own)).toEqual([]);
    const names = changingNames(run);
    expect(names).toEqual(expect.arrayContaining(['kvm_usage_count', 'vmxon', 'cpu_hotplug_lock']));
    expect(names).not.toContain('efer_svme');
    const grown = withTracks(run.timeline, [count!, on!]);
    expect(grown.tracks.at(-1)!.name).toBe('vmxon');
  });
});

describe('what is selected', () => {
  let run: RunView;
  beforeAll(() => void (run = viewOf(KEVIN())));

  it('of a CPU without virtualization: since when, and that the section may not fail', () => {
    const track = trackNamed(run, 'cpu', '4');
    const view = subjectView(run, run.timeline, { kind: 'track', track }, run.steps)!;
    expect(view.title).toBe('CPU 4');
    expect(view.now.map((l) => l.text)).toEqual(
      expect.arrayContaining(['online', 'virtualization off: the enable failed']),
    );
    const why = view.why.map((l) => l.text).join('\n');
    // Facts 4.1c: the callback is in the STARTING section.
    expect(why).toMatch(
      /since step \d+ \([\d.]+ µs\): kvm_arch_hardware_enable returned -EIO, within kvm\/cpu:starting of the STARTING section, which may not fail/,
    );
    const before = subjectView(run, run.timeline, { kind: 'track', track }, 0)!;
    expect(before.now.map((l) => l.text)).toContain('not present');
    expect(before.why.map((l) => l.text)).toContain('It cannot be taken online: it is not present');
  });

  it('of a task: what it waits for, held by whom, since when', () => {
    const wedged = viewOf(galleryText('enable-lies-offline')!);
    const track = trackNamed(wedged, 'task', 'admin');
    const view = subjectView(wedged, wedged.timeline, { kind: 'track', track }, wedged.steps)!;
    const lines = view.why.map((l) => l.text);
    expect(lines[0]).toMatch(/^admin waits for cpu_down_work is CPU 1, wanted none, since step \d+/);
    expect(lines[1]).toMatch(/^kworker\/0:0 waits for cpuhp_done\[1\] is false, since step \d+/);
    expect(lines[2]).toMatch(/^cpuhp\/1 is dead, since step \d+/);
    for (const line of view.why.slice(0, 3)) expect(line.step).toBeGreaterThan(0);
  });

  it('of a vCPU that is pinned: which CPUs are left out, and by what', () => {
    const { step } = run.outcome.returns.find((r) => /affine/.test(r.action))!;
    const track = trackNamed(run, 'vcpu', 'vm0.vcpu0');
    const view = subjectView(run, run.timeline, { kind: 'track', track }, step + 1)!;
    expect(view.why.map((l) => l.text)).toContain('may not run on CPU 1: its affinity mask leaves CPU 1 out');
  });

  it('of a lock: who has it, and each change of hands', () => {
    const track = run.timeline.tracks.findIndex((t) => t.kind === 'lock' && t.name === 'cpu_hotplug_lock');
    const changes = historyOf(run, 'cpu_hotplug_lock').slice(1);
    for (const { step, text } of changes) {
      const view = subjectView(run, run.timeline, { kind: 'track', track }, step + 1)!;
      expect(view.now[0]!.text).toContain(text.replace('held by ', ''));
    }
    const view = subjectView(run, run.timeline, { kind: 'track', track }, run.steps)!;
    expect(view.history.length).toBe(changes.length);
  });

  it('has its row as history, around now', () => {
    const track = trackNamed(run, 'cpu', '4');
    const rows = rowHistory(run.timeline, { kind: 'track', track }, run.steps);
    expect(rows[0]!.text).toBe('absent');
    expect(rows.map((r) => r.text)).toContain('online, no virtualization');
    for (let i = 1; i < rows.length; i++) expect(rows[i]!.at).toBe(rows[i - 1]!.end);
  });
});

describe('the causes on the lanes', () => {
  it('are told in words, and keep the bars of the story and no other', () => {
    const run = viewOf(KEVIN());
    const causes = causesOf(run, subjectsOf(run.outcome)[0]!);
    const lines = causes.map((c) => causeLine(run, c));
    const all = lines.map((l) => `${l.who}: ${l.text}`).join('\n');
    expect(all).toContain('admin: admin: hotadd cpu4 begins');
    expect(all).toMatch(/swapper\/4: .*the armed fault strikes: cpu4 kvm_arch_hardware_enable returns -EIO/);
    expect(all).toContain('kvm_usage_count is 1');
    expect(all).toContain('vmxon[4] is false');
    for (const line of lines) expect(line.text).not.toMatch(/undefined|NaN|^$/);

    const { timeline } = run;
    const kept = keptOf(run, timeline, causes, own);
    const nameOf = (i: number): string => {
      const { cpu, kind, name } = timeline.tracks[timeline.slices.track[i]!]!;
      return `${kind} ${cpu >= 0 ? cpu : name}: ${timeline.strings[timeline.slices.name[i]!]!}`;
    };
    const names = [...kept.slices].flatMap((is, i) => (is === 1 ? [nameOf(i)] : []));
    expect(names).toEqual(expect.arrayContaining(['virt 4: off: the enable failed, swallowed', 'runs 4: vm0.vcpu0']));
    expect(names.some((n) => n.startsWith('runs 3'))).toBe(false);
    expect(names.some((n) => n.startsWith('vcpu vm0.vcpu1'))).toBe(false);
  });
});

describe('what nobody has read', () => {
  it('is marked on the lanes where the steps of such functions are, and nowhere else', () => {
    // TDX's life cycle is inferred in places (facts sheet [M], [L]).
    const run = viewOf(galleryText('td-plain')!);
    const steps = stepDoubts(run);
    expect(steps.some((how) => how > 0)).toBe(true);
    const doubts = doubtsOf(run, run.timeline, own);
    const covered = new Uint8Array(run.steps);
    for (let i = 0; i < doubts.length; i++) {
      expect(doubts.end[i]!).toBeGreaterThan(doubts.start[i]!);
      const { kind, cpu } = run.timeline.tracks[doubts.track[i]!]!;
      if (kind !== 'runs') continue;
      for (let k = doubts.start[i]!; k < Math.min(run.steps, doubts.end[i]!); k++)
        if (run.history.step(k).cpu === cpu) {
          covered[k] = 1;
          expect(steps[k], `step ${k}`).toBe(doubts.how[i]);
        }
    }
    for (let k = 0; k < run.steps; k++) expect(covered[k], `step ${k}`).toBe(steps[k]! > 0 ? 1 : 0);
  });
});
