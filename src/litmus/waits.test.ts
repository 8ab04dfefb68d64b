import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { Head, Run } from '../language/program';
import { Replay } from '../machine/replay';
import { run, type RunResult } from '../machine/run';
import { gallery, galleryText, loadGallery } from './gallery';
import { load } from './load';
import { standOf, waitChain, waitOf, whyNotOn } from './waits';

beforeAll(() => Promise.all([loadKernelTexts(), loadGallery()]));

function runOf(text: string): RunResult {
  const loaded = load(text, 'litmus');
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return run(loaded.program, { maxSteps: 20_000 });
}

const KEVIN = (): string => galleryText('kevin-2021-11-30')!;
const contextOf = ({ program }: RunResult, name: string): number => program.contexts.findIndex((c) => c.name === name);

describe('why a context does not go on', () => {
  it('is said of each that the machine lets take no step, and of no other', () => {
    for (const { name, text } of gallery().filter((_, i) => i % 3 === 0)) {
      const result = runOf(text);
      const { program, history, initial } = result;
      const replay = new Replay(history, initial);
      const every = Math.max(1, Math.floor(history.length / 25));
      for (let done = 0; done <= history.length; done += every) {
        const machine = replay.at(done);
        const enabled = machine.enabled();
        if (machine.s[program.machine.panic] !== 0) break;
        program.contexts.forEach((context, x) => {
          const wait = waitOf(machine, x);
          const where = `${name}, ${done} steps done, ${context.name}: ${wait?.kind ?? 'nothing'}`;
          const steps = enabled.some((t) => t.kind === 'step' && t.context === x);
          const alive = [Run.runnable, Run.sleeping].includes(machine.head(x, Head.run) as 1 | 2);
          if (steps || !alive) expect(wait, where).toBeNull();
          else if (context.kind !== 'idle' && context.kind !== 'init' && machine.instrOf(x).op !== 'guest')
            // What is on its way out of the scheduler has no guard of its own.
            if (machine.head(x, Head.hook) === 0) expect(wait, where).not.toBeNull();
          expect(wait?.what ?? 'x', where).not.toMatch(/undefined|NaN|^$/);
        });
      }
    }
  });

  it('names the action that the text says to wait for', () => {
    const result = runOf(KEVIN());
    const replay = new Replay(result.history, result.initial);
    const admin = contextOf(result, 'admin');
    const kinds = new Set<string>();
    for (let done = 0; done < result.history.length; done++) {
      const wait = waitOf(replay.at(done), admin);
      if (wait?.kind === 'action') expect(wait.what).toBe('qemu: run vm0');
      if (wait) kinds.add(wait.kind);
    }
    // It also waits for the hotplug thread of CPU 4 (facts 3.4 U16-U19).
    expect(kinds).toContain('action');
    expect(kinds).toContain('condition');
  });

  it('follows what a task waits for to its end: a dead thread, whose work nobody does any more', () => {
    // Captures 6.12/v2lie: VMXOFF takes #UD in cpuhp/1, and whoever waits for it waits for ever.
    const result = runOf(galleryText('enable-lies-offline')!);
    const { waits, cycle } = waitChain(result.machine, contextOf(result, 'admin'));
    expect(cycle).toBe(false);
    expect(waits.map((w) => result.program.contexts[w.context]!.name)).toEqual(['admin', 'kworker/0:0']);
    expect(waits[1]!.what).toBe('cpuhp_done[1] is false');
    const last = waits[1]!.on[0]!;
    expect(result.program.contexts[last]!.name).toBe('cpuhp/1');
    expect(standOf(result.machine, last)).toBe('dead');
  });

  it('names the holder of a lock', () => {
    const result = runOf(
      KEVIN()
        .replace('admin:  hotadd cpu4', 'other:  offline cpu3 after hotadd cpu4\nadmin:  hotadd cpu4')
        .replace('online cpu4 after run vm0', 'online cpu4'),
    );
    const replay = new Replay(result.history, result.initial);
    const said = new Set<string>();
    for (let done = 0; done < result.history.length; done++)
      for (const name of ['other', 'admin']) {
        const wait = waitOf(replay.at(done), contextOf(result, name));
        if (wait?.kind === 'lock') said.add(`${name}: ${wait.what}`);
      }
    // Both writes take device_hotplug_lock (facts 3.1): whoever comes second waits for the other.
    expect([...said].join('; ')).toMatch(/(other|admin): device_hotplug_lock, held by (admin|other)/);
  });

  it('says which mask keeps a task from a CPU', () => {
    const result = runOf(KEVIN());
    const replay = new Replay(result.history, result.initial);
    const vcpu = contextOf(result, 'vm0.vcpu0');
    const atStart = replay.at(0);
    // The scheduler takes user tasks only on active CPUs (facts 3.4 U18): CPU 4 is not there yet.
    expect(whyNotOn(atStart, vcpu, 4)?.text).toBe('cpu_active_mask[4] is false');
    expect(whyNotOn(atStart, vcpu, 1)).toBeNull();
    // At the end it is pinned to CPU 4, which is active.
    const atEnd = replay.at(result.history.length);
    expect(whyNotOn(atEnd, vcpu, 4)).toBeNull();
    expect(whyNotOn(atEnd, vcpu, 1)?.text).toBe('its affinity mask leaves CPU 1 out');
  });
});
