/** Runs of texts with TDX for tests: what userspace got, what the kernel logged, where the callbacks went. */
import { expect } from 'vitest';
import { run, type RunResult } from '../../machine/run';
import { load } from '../load';

export interface TdxRun {
  readonly r: RunResult;
  /** Results of an actor's actions in order; null where one never returned. */
  results(actor: string): (number | null)[];
  /** Lines of the kernel log, without those of a CPU that comes and goes. */
  readonly log: readonly string[];
  /** What the trace says of KVM_RUN and SEAMCALL, in order. */
  readonly told: readonly string[];
  /** Results of a CPU's hotplug callbacks in order, by name: "+kvm/cpu:online -5". */
  walk(cpu: number): string[];
  probe(name: string, a?: number, b?: number): number;
}

const NOISE = /^smpboot: |has been hot-added$|KB allocated for PAMT$/;

/** `lines` follow a machine line; TDX is on in the BIOS unless a line says otherwise. */
export function playTdx(kernel: string, lines: readonly string[], machine = 'cpus 3 + 1 hot-addable'): TdxRun {
  const text = ['litmus t', `kernel ${kernel}`, `machine intel, ${machine}`, 'hardware tdx_bios=1', ...lines, ''];
  const loaded = load(text.join('\n'), 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const r = run(loaded.program);
  expect(r.error).toBeNull();
  const effects = [...r.history.effects.values()].flat();
  return {
    r,
    results(actor) {
      const index = r.program.actors.findIndex((a) => a.name === actor);
      const out: (number | null)[] = r.program.actors[index]!.actions.map(() => null);
      for (const e of effects) if (e.kind === 'action' && !e.begin && e.actor === index) out[e.index] = e.result;
      return out;
    },
    log: effects.flatMap((e) => (e.kind === 'log' && !NOISE.test(e.text) ? [e.text] : [])),
    told: effects.flatMap((e) => (e.kind === 'trace' && /SEAMCALL|KVM_RUN/.test(e.text) ? [e.text] : [])),
    walk: (cpu) =>
      effects.flatMap((e) => {
        if (e.kind !== 'callback' || e.cpu !== cpu || e.begin) return [];
        const name = r.program.states[r.program.stateByNumber[e.state]!]!.name;
        return [`${e.up ? '+' : '-'}${name}${e.result ? ` ${e.result}` : ''}`];
      }),
    probe: (name, a, b) => r.machine.probe(name, a, b),
  };
}

/** Errnos as results show them. */
export const E = { IO: -5, AGAIN: -11, NOMEM: -12, ACCES: -13, FAULT: -14, BUSY: -16, NODEV: -19, INVAL: -22, NOSPC: -28, OPNOTSUPP: -95 } as const; // prettier-ignore
