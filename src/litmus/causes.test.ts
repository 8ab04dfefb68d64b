import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { Head } from '../language/program';
import { Replay, Trace } from '../machine/replay';
import { run } from '../machine/run';
import { Causes, type Cause } from './causes';
import { Dependences } from './dependences';
import { gallery, galleryText, loadGallery } from './gallery';
import { load } from './load';
import { outcomeOf, type Outcome } from './outcome';
import { outsetOf, subjectsOf, type Subject } from './why';

beforeAll(() => Promise.all([loadKernelTexts(), loadGallery()]));

function runOf(text: string) {
  const loaded = load(text, 'litmus');
  if (!loaded.ok) throw new Error(`${loaded.problems[0]!.message}\n${text}`);
  const result = run(loaded.program, { maxSteps: 20_000 });
  const replay = new Replay(result.history, result.initial);
  const trace = new Trace(replay);
  const outcome = outcomeOf(result, loaded.litmus);
  const causes = new Causes(result.history, result.initial, { replay, trace });
  const why = (pick: (s: Subject) => boolean): Cause[] => {
    const subject = subjectsOf(outcome).find(pick);
    if (!subject) throw new Error('nothing to ask about');
    return causes.of(outsetOf(replay, subject));
  };
  return { ...result, outcome, replay, trace, why };
}

type Ran = ReturnType<typeof runOf>;

const KEVIN = (): string => galleryText('kevin-2021-11-30')!;

/** The actions of the text whose beginning is among the causes. */
function actsOf({ history, program }: Ran, causes: readonly Cause[]): string[] {
  return causes.flatMap(({ step }) =>
    (history.effects.get(step) ?? []).flatMap((e) =>
      e.kind === 'action' && e.begin ? [program.actors[e.actor]!.actions[e.index]!.text] : [],
    ),
  );
}

const cpusOf = ({ history }: Ran, causes: readonly Cause[]): number[] =>
  [...new Set(causes.map((c) => history.step(c.step).cpu))].sort();

describe('the question of 2021: why the BUG', () => {
  let ran: Ran;
  let causes: Cause[];
  beforeAll(() => {
    ran = runOf(KEVIN());
    causes = ran.why((s) => s.kind === 'oops');
  });

  it('holds the hot-add, the online write, the VM, and the pinning', () => {
    expect(new Set(actsOf(ran, causes))).toEqual(
      new Set([
        'modprobe kvm_intel',
        'vm0 = create vm, 2 vcpus',
        'run vm0',
        'hotadd cpu4',
        'online cpu4',
        'affine vm0.vcpu0 to cpu4',
      ]),
    );
  });

  it('holds the fault: what was not written counts too', () => {
    const { step } = ran.outcome.log.find((l) => /enabling virtualization on CPU4 failed/.test(l.text))!;
    const omits = causes.find((c) => c.because === 'omits')!;
    // The enable on CPU 4 is the last that could have switched it on (facts 4.1b4, 4.1c).
    expect(ran.history.step(omits.step).cpu).toBe(4);
    expect(omits.step).toBeLessThanOrEqual(step);
    expect(ran.program.frames[ran.program.code[omits.pc]!.frame]!.fn).toBe('kvm_arch_hardware_enable');
  });

  it('ends with VMPTRLD, and holds the move to CPU 4', () => {
    const last = causes.at(-1)!;
    expect(last.step).toBe(ran.outcome.oops[0]!.step);
    const fns = causes.map((c) => (c.pc < 0 ? '' : ran.program.frames[ran.program.code[c.pc]!.frame]!.fn));
    expect(fns).toContain('VMPTRLD');
    const moves = causes.filter((c) => ran.history.step(c.step).kind === 'push');
    expect(moves.map((c) => ran.history.step(c.step).cpu)).toEqual([4]);
  });

  it('is a small part of the run, and leaves out CPUs 2 and 3 and the other vCPU', () => {
    expect(causes.length).toBeLessThan(ran.history.length / 6);
    expect(cpusOf(ran, causes)).not.toContain(2);
    expect(cpusOf(ran, causes)).not.toContain(3);
    const other = ran.program.contexts.findIndex((c) => c.name === 'vm0.vcpu1');
    expect(causes.some((c) => ran.history.step(c.step).context === other)).toBe(false);
  });

  it('leaves out an actor that has nothing to do with it', () => {
    const text = KEVIN()
      .replace('cpus 4 + 1 hot-addable', 'cpus 6 + 1 hot-addable')
      .replaceAll('cpu4', 'cpu6')
      .replace('fault ', 'other:  offline cpu5 after online cpu6\n        online cpu5\nfault ');
    const more = runOf(text);
    const found = more.why((s) => s.kind === 'oops');
    expect(actsOf(more, found)).toContain('online cpu6');
    expect(actsOf(more, found)).not.toContain('offline cpu5');
    expect(actsOf(more, found)).not.toContain('online cpu5');
  });
});

describe('other outcomes', () => {
  it('an errno comes from the callback that returned it, on the CPU where it did', () => {
    // Facts 4.2c: from v6.3 on the step is in the ONLINE section and the online write fails.
    const ran = runOf(KEVIN().replace('kernel  v5.15', 'kernel  v6.3'));
    const causes = ran.why((s) => s.kind === 'errno' && /online cpu4/.test(s.text));
    const struck = causes.filter((c) => (ran.history.effects.get(c.step) ?? []).some((e) => e.kind === 'fault'));
    expect(struck).toHaveLength(1);
    expect(actsOf(ran, causes)).toContain('online cpu4');
    expect(actsOf(ran, causes)).toContain('hotadd cpu4');
    expect(cpusOf(ran, causes)).not.toContain(3);
  });

  it('a hung task leads to the thread that died with its work', () => {
    // Captures 6.12/v2lie: VMXOFF takes #UD in cpuhp/1.
    const ran = runOf(galleryText('enable-lies-offline')!);
    const causes = ran.why((s) => s.kind === 'hung' && /admin/.test(s.text));
    const steps = new Set(causes.map((c) => c.step));
    const death = ran.outcome.oops.find((o) => o.task === 'cpuhp/1')!;
    expect(steps).toContain(death.step);
    expect(causes.length).toBeLessThan(ran.history.length / 3);
  });

  it("the question's witness is the step that broke it", () => {
    const ran = runOf(KEVIN());
    const causes = ran.why((s) => s.kind === 'question');
    expect(causes.map((c) => c.step)).toContain(ran.outcome.verdict.step);
  });
});

/** Every write that a told step read, found the naive way, is told too, but for the earlier turns of a loop. */
function missing(ran: Ran, causes: readonly Cause[]): string[] {
  const { history, program, replay, trace } = ran;
  const dependences = new Dependences(replay, trace);
  const local = new Uint8Array(program.width);
  for (const { base, locals } of program.contexts) local.fill(1, base, base + Head.size + locals);
  const told = new Set(causes.map((c) => c.step));
  const writers = new Set(causes.map((c) => `${history.step(c.step).context} ${c.pc}`));
  const lost: string[] = [];
  for (const cause of causes) {
    if (cause.pc < 0) continue;
    const executed = dependences.of(cause.step).find((e) => e.pc === cause.pc)!;
    const instr = program.code[cause.pc]!;
    // A lock that was free says nothing of who had it before.
    if (instr.op === 'lock' || instr.op === 'unlock') continue;
    for (const cell of new Set([...executed.read, ...executed.written.flatMap((w) => w.from)])) {
      if (local[cell] === 1) continue;
      if (dependences.of(cause.step).some((e) => e.at < executed.at && e.written.some((w) => w.cell === cell)))
        continue;
      let writer = -1;
      for (let k = 0; k < cause.step; k++)
        history.changes(k, (at) => {
          if (at === cell) writer = k;
        });
      if (writer < 0 || told.has(writer)) continue;
      const by = dependences.of(writer).findLast((e) => e.written.some((w) => w.cell === cell));
      if (by && writers.has(`${by.context} ${by.pc}`)) continue;
      lost.push(`step ${cause.step} reads cell ${cell}, written in step ${writer}`);
    }
  }
  return lost;
}

it('every write that reached the outcome is told, in texts of the gallery that come to something', () => {
  let asked = 0;
  for (const { name, text } of gallery().filter((_, i) => i % 2 === 0)) {
    const ran = runOf(text);
    const outcome: Outcome = ran.outcome;
    for (const subject of subjectsOf(outcome).slice(0, 2)) {
      asked++;
      const causes = ran.why((s) => s.text === subject.text);
      const about = `${name}: ${subject.text}`;
      expect(causes.length, about).toBeGreaterThan(1);
      expect(causes.at(-1)!.step, about).toBeLessThan(ran.history.length);
      expect(missing(ran, causes), about).toEqual([]);
      // In order, each step once, and each leads to the outcome.
      const steps = causes.map((c) => c.step);
      expect(steps, about).toEqual([...new Set(steps)].sort((a, b) => a - b));
      const known = new Set(steps);
      for (const cause of causes) expect(known.has(cause.of), `${about}: ${cause.step} of ${cause.of}`).toBe(true);
    }
  }
  expect(asked).toBeGreaterThan(10);
}, 120_000);
