/** Acts at a moment of the run, and faults that come and go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { run, running, type RunResult } from '../machine/run';
import { gallery } from './gallery';
import { addActs, hotAdd, startVm } from './hand';
import { load } from './load';
import { outcomeOf } from './outcome';
import { parseLitmus } from './parse';
import { play } from './testing/play';

/** What a step did and when, in words that hold for another program of the same text too. */
function steps({ history, program }: RunResult): string[] {
  return Array.from({ length: history.length }, (_, i) => {
    const { kind, context, cpu, choice, start, cost, pc } = history.step(i);
    const { file, line } = program.code[pc]!.place;
    return `${start}+${cost} ${kind} ${program.contexts[context]!.name} on ${cpu}: ${choice} at ${file}:${file.endsWith('kern') ? line : ''}`;
  });
}

function runOf(text: string, seed = 0, maxSteps = 20_000): RunResult {
  const loaded = load(text, 't');
  if (!loaded.ok) throw new Error(`${JSON.stringify(loaded.problems)}\n${text}`);
  return run(loaded.program, { seed, maxSteps });
}

const ACTS: readonly ((text: string) => { text: string; actions: string[] })[] = [
  (text) => ({ text, actions: ['offline cpu1'] }),
  (text) => ({ text, actions: ['online cpu1', 'offline cpu0'] }),
  (text) => ({ text, actions: ['arm cpu1 kvm_arch_hardware_enable returns -EIO once'] }),
  (text) => ({ text, actions: ['arm workqueue:online returns -EIO'] }),
  (text) => ({ text, actions: ['arm workqueue:online down returns -EBUSY'] }),
  (text) => ({ text, actions: ['suspend'] }),
  (text) => ({ text, actions: ['reboot'] }),
  (text) => ({ text, actions: startVm(text, 'vm', true) }),
];

describe('up to an act at a moment the run is the same as without it', () => {
  for (const { name, text } of gallery())
    it(name, () => {
      fc.assert(
        fc.property(
          fc.nat(1_000_000),
          fc.nat({ max: ACTS.length - 1 }),
          fc.constantFrom(0, 0, 3),
          (where, which, seed) => {
            // a fault may lead where the model ends: what counts is what came before
            const before = runOf(text, seed);
            const all = steps(before);
            const n = where % (all.length + 1);
            const at = n === 0 ? 0 : Math.floor(before.history.step(n - 1).start) + 1;
            const act = ACTS[which]!(text);
            const after = runOf(addActs(act.text, act.actions, at), seed);
            expect(steps(after).slice(0, n)).toEqual(all.slice(0, n));
            // and it is done then, where the host lives
            const began = [...after.history.effects].find(([, list]) =>
              list.some((e) => e.kind === 'action' && e.begin && after.program.actors[e.actor]!.name === 'you'),
            );
            if (began) expect(after.history.step(began[0]).start).toBeGreaterThanOrEqual(at);
            else if (after.end === 'quiet' && before.end !== 'limit') expect(at).toBeGreaterThan(after.duration);
          },
        ),
        { numRuns: 6, seed: 1 },
      );
    });

  it('also where it is a hot-add beyond the room there was', () => {
    for (const { text } of gallery().slice(0, 6)) {
      const before = runOf(text);
      const all = steps(before);
      const n = all.length >> 1;
      const add = hotAdd(text);
      const after = runOf(addActs(add.text, add.actions, Math.floor(before.history.step(n - 1).start) + 1));
      expect(steps(after).slice(0, n)).toEqual(all.slice(0, n));
    }
  });
});

describe('a run that goes on', () => {
  it('is the same whether it goes there in one go or in several, and begins as the one that ends', () => {
    for (const { text } of gallery().slice(0, 8)) {
      const loaded = load(text, 't');
      if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
      const ended = run(loaded.program);
      const until = ended.duration + 6_000_000;
      const whole = run(loaded.program, { until, maxSteps: 50_000 });
      const on = running(loaded.program, { maxSteps: 50_000 });
      let result = on(0);
      const first = steps(result);
      for (let t = 0; t <= until; t += 2_500_000) result = on(t);
      result = on(until);
      expect(steps(result)).toEqual(steps(whole));
      expect(first).toEqual(steps(ended));
      expect(steps(whole).slice(0, first.length)).toEqual(first);
      if (whole.end === 'quiet') expect([whole.duration, result.duration].every((d) => d >= until)).toBe(true);
      expect(result.duration).toBe(whole.duration);
      expect(result.end).toBe(whole.end);
    }
  });
  it('keeps running guests', () => {
    const { history } = play(
      'v5.15',
      'intel, cpus 2',
      'q: modprobe kvm_intel',
      '   vm0 = create vm, 1 vcpu',
      '   run vm0',
    ).r;
    const text =
      'litmus t\nkernel v5.15\nmachine intel, cpus 2\nq: modprobe kvm_intel\n   vm0 = create vm, 1 vcpu\n   run vm0\n';
    const loaded = load(text, 't');
    if (!loaded.ok) throw new Error('the text does not load');
    // a guest that is left alone exits every 2 ms
    const turns = run(loaded.program, { until: 50_000_000 }).history.length - history.length;
    expect(turns).toBeGreaterThan(24);
  });
});

describe('a moment in a text', () => {
  const action = (line: string) => {
    const parsed = parseLitmus(`litmus t\nkernel v5.15\nmachine intel, cpus 2\n\na: online cpu1\nb: ${line}\n`, 't');
    return parsed.ok ? parsed.litmus.setup.actors[1]!.actions[0]! : parsed.problems[0]!.message;
  };
  it('is read in each unit, joined or not, before or after what it waits for', () => {
    expect(action('offline cpu1 at 1.2 ms')).toMatchObject({ at: 1_200_000, after: null, text: 'offline cpu1' });
    expect(action('offline cpu1 at 812.301us')).toMatchObject({ at: 812_301 });
    expect(action('offline cpu1 at 1 s after online cpu1')).toMatchObject({ at: 1e9, after: { actor: 0, index: 0 } });
    expect(action('offline cpu1 after online cpu1 at 5 ns')).toMatchObject({ at: 5, after: { actor: 0, index: 0 } });
    expect(action('offline cpu1')).toMatchObject({ at: null });
  });
  it('has a unit, and an end', () => {
    expect(action('offline cpu1 at 1.2')).toContain('1.2 of what');
    expect(action('offline cpu1 at 2000 s')).toContain('no 2000 s');
    expect(action('at 2 ms')).toContain('missing');
  });
});

describe('a fault that is armed in the run', () => {
  const M = 'intel, cpus 2 + 1 hot-addable';
  const BUSY = ['a: hotadd cpu2', '   online cpu2', '   offline cpu2', '   online cpu2'];
  it('strikes from then on, and not when it is disarmed (facts 3: an errno of bringup is what the write returns)', () => {
    expect(play('v5.15', M, ...BUSY).results('a')).toEqual([0, 1, 1, 1]);
    const armed = play('v5.15', M, ...BUSY, 'you: arm cpu2 bringup_cpu returns -EIO after offline cpu2');
    expect(armed.results('a')).toEqual([0, 1, 1, -5]);
    const line = play('v5.15', M, ...BUSY, 'fault cpu2 bringup_cpu returns -EIO');
    expect(line.results('a').slice(0, 2)).toEqual([0, -5]);
    const gone = play('v5.15', M, 'fault cpu2 bringup_cpu returns -EIO', 'you: disarm cpu2 bringup_cpu', ...BUSY.map((l) => l.replace('online cpu2', 'online cpu2 after disarm'))); // prettier-ignore
    expect(gone.results('a')).toEqual([0, 1, 1, 1]);
  });
  it('that strikes once is as good as new when it is armed again', () => {
    const text = [
      'a: hotadd cpu2',
      '   arm cpu2 bringup_cpu returns -EIO once',
      '   online cpu2',
      '   online cpu2',
      '   offline cpu2',
      '   arm cpu2 bringup_cpu returns -EIO once',
      '   online cpu2',
    ];
    expect(play('v5.15', M, ...text).results('a')).toEqual([0, 0, -5, 1, 1, 0, -5]);
  });
  it('is told of as a fault of the outcome', () => {
    const r = runOf(
      'litmus t\nkernel v5.15\nmachine intel, cpus 2\n\na: offline cpu1 at 1 ms\nyou: arm cpu1 takedown_cpu returns -EBUSY at 0.5 ms\n',
    );
    const loaded = load('litmus t\nkernel v5.15\nmachine intel, cpus 2\n', 't');
    if (!loaded.ok) throw new Error('the text does not load');
    expect(outcomeOf(r, loaded.litmus).faults).toMatchObject([{ fired: 1 }]);
  });
  it('must be there to be disarmed', () => {
    const parsed = parseLitmus('litmus t\nkernel v5.15\nmachine intel, cpus 2\n\na: disarm cpu1 f\n', 't');
    expect(parsed).toMatchObject({ ok: false, problems: [{ line: 5, message: 'nothing is armed at f' }] });
  });
});
