/** Runs of texts for tests: what each action returned, what the kernel logged, which steps a CPU went through. */
import { expect } from 'vitest';
import { run, type RunResult } from '../../machine/run';
import { load } from '../load';

export interface Played {
  readonly r: RunResult;
  /** Results of an actor's actions in order; null where one never returned. */
  results(actor?: string): (number | null)[];
  readonly log: readonly string[];
  /** Callbacks of a CPU in order, by number: "+136" upwards, "-149" downwards, with the result where it is not 0. */
  walk(cpu: number): string[];
  probe(name: string, a?: number, b?: number): number;
  /** A variable of the kernel text. */
  value(name: string, index?: number): number;
  number(constant: string): number;
}

/** A text on `kernel`: `machine` is what follows that word, `lines` are actors, faults and properties. */
export function play(kernel: string, machine: string, ...lines: readonly string[]): Played {
  const text = ['litmus t', `kernel ${kernel}`, `machine ${machine}`, ...lines, ''].join('\n');
  const loaded = load(text, 't.litmus');
  if (!loaded.ok) throw new Error(`${JSON.stringify(loaded.problems[0])}\n${text}`);
  const r = run(loaded.program);
  expect(r.error).toBeNull();
  const effects = [...r.history.effects.values()].flat();
  return {
    r,
    results(actor = 'admin') {
      const index = r.program.actors.findIndex((a) => a.name === actor);
      const out: (number | null)[] = r.program.actors[index]!.actions.map(() => null);
      for (const e of effects) if (e.kind === 'action' && !e.begin && e.actor === index) out[e.index] = e.result;
      return out;
    },
    log: effects.flatMap((e) => (e.kind === 'log' ? [e.text] : [])),
    walk: (cpu) =>
      effects.flatMap((e) =>
        e.kind === 'callback' && e.cpu === cpu && !e.begin
          ? [`${e.up ? '+' : '-'}${e.state}${e.result ? ` ${e.result}` : ''}`]
          : [],
      ),
    probe: (name, a, b) => r.machine.probe(name, a, b),
    value(name, index = 0) {
      const group = r.program.groups.find((g) => g.name === name);
      if (!group) throw new Error(`the text has no variable ${name}`);
      return r.machine.s[group.base + index]!;
    },
    number: (constant) => r.program.states.find((s) => s.constant === constant)!.number,
  };
}

/** Errnos as results show them. */
export const ERR = { PERM: -1, NOENT: -2, IO: -5, AGAIN: -11, NOMEM: -12, BUSY: -16, EXIST: -17, NODEV: -19, INVAL: -22, NOSPC: -28, OPNOTSUPP: -95, CANCELED: -125 } as const; // prettier-ignore
