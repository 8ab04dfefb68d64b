/** What a litmus text sets before anything runs: module parameters, properties of the machine, which CPU is in which package. */
import type { Kernel } from './assemble';
import { didYouMean, TextError, type Findings, type Place } from './errors';
import type { CellGroup } from './program';
import type { Setup } from './setup';

/** A value for the cells from..to-1. */
export interface Setting {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** The values that the text gives, in its order. What it names wrongly is noted in `findings`. */
export function settingsOf(
  kernel: Kernel,
  setup: Setup,
  variables: ReadonlyMap<string, { readonly group: CellGroup }>,
  findings: Findings,
): Setting[] {
  const found: Setting[] = [];
  const set = (name: string, value: number, place: Place, cpu: number): void => {
    const { base, count, lo, hi } = variables.get(name)!.group;
    if (value < lo || value > hi) throw new TextError(place, `${name} is ${lo}..${hi}, not ${value}`);
    found.push(cpu < 0 ? { from: base, to: base + count, value } : { from: base + cpu, to: base + cpu + 1, value });
  };
  for (const { name, value, place } of setup.params)
    findings.attempt(() => {
      if (!kernel.vars.get(name)?.param) {
        const known = [...kernel.vars.values()].filter((v) => v.param).map((v) => v.name);
        throw new TextError(place, `${kernel.name} has no parameter ${name}`, didYouMean(name, known) || listOf(known));
      }
      set(name, value, place, -1);
    });
  for (const { cpu, name, value, place } of setup.hardware)
    findings.attempt(() => {
      const decl = kernel.vars.get(name);
      if (!decl?.hardware) {
        const known = [...kernel.vars.values()].filter((v) => v.hardware).map((v) => v.name);
        throw new TextError(
          place,
          `${kernel.name} knows no property ${name} of the hardware`,
          didYouMean(name, known) || listOf(known),
        );
      }
      if (cpu >= 0 && decl.scope !== 'cpu')
        throw new TextError(place, `${name} is one for the whole machine`, `write hardware ${name}=${value}`);
      set(name, value, place, cpu);
    });
  return found;
}

/** CPUs are split evenly and in order: where they cannot be, the first packages have one more. */
export function packageOf(cpu: number, { cpus, packages }: Setup): number {
  const small = Math.floor(cpus / packages);
  const inLarge = (cpus % packages) * (small + 1);
  return cpu < inLarge ? Math.floor(cpu / (small + 1)) : (cpus % packages) + Math.floor((cpu - inLarge) / small);
}

/** What may be set, for a message: `it has a, b`. */
function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
}
