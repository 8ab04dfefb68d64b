/**
 * The faults of a litmus text, against a kernel text: which function or which step of the hotplug walk each one strikes, and
 * what it returns there.
 *
 *   fault cpu4 kvm_arch_hardware_enable returns -EIO      a function, or what it was called elsewhere (`also`)
 *   fault cpu4 188 returns -EAGAIN                        a hotplug state by number, constant or runtime name
 *   fault workqueue:online down returns -EIO              in one direction only
 *   fault kvm_online_cpu returns -EIO                     a callback that no function of the text has, by its name
 */
import type { Kernel } from './assemble';
import { didYouMean, TextError } from './errors';
import type { CompiledFault, HotplugState } from './program';
import type { SetupFault } from './setup';

/** What one fault strikes. */
export function resolveFault(
  fault: SetupFault,
  kernel: Kernel,
  states: readonly HotplugState[],
  range: (type: { readonly kind: 'errno' }) => [number, number],
): Omit<CompiledFault, 'hitsCell' | 'armedCell'> {
  const fn = kernel.aliases.get(fault.fn)?.fn ?? fault.fn;
  const strikes = kernel.fns.has(fn) ? [] : steps(fault, kernel, states);
  const returned = kernel.fns.get(fn)?.returns;
  const [lo, hi] =
    returned?.kind === 'int'
      ? [returned.lo, returned.hi]
      : returned?.kind === 'bool'
        ? [0, 1]
        : range({ kind: 'errno' });
  const returns = value(fault, kernel);
  if (returns < lo || returns > hi)
    throw new TextError(fault.place, `${fault.fn} cannot return ${returns}`, `it returns ${lo} to ${hi}`);
  if (fault.direction && strikes.length === 0)
    throw new TextError(fault.fnPlace, `${fault.fn} is a function, and only a hotplug state goes up or down`);
  const { text, cpu, maybe, nth, place, fnPlace } = fault;
  return { text, cpu, fn, returns, maybe, nth, place, fnPlace, steps: strikes };
}

function value({ returns }: SetupFault, kernel: Kernel): number {
  if (typeof returns === 'number') return returns;
  const constant = kernel.consts.get(returns.text);
  if (constant) return constant.value;
  throw new TextError(
    returns.place,
    `${returns.text} is no errno and no constant of ${kernel.name}`,
    didYouMean(returns.text, kernel.consts.keys()) || 'such as -EIO',
  );
}

/** The steps that a name stands for: one where it is a number or a constant, all of that name else. */
function steps(fault: SetupFault, kernel: Kernel, states: readonly HotplugState[]): CompiledFault['steps'] {
  const { fn: name, fnPlace, direction } = fault;
  const found: { state: number; up: boolean }[] = [];
  let known = false;
  for (const s of states) {
    const itself = s.constant === name || s.name === name || String(s.number) === name;
    for (const up of [true, false]) {
      const callback = up ? s.up : s.down;
      // what a function does is failed there, so that all that call it see it
      const opaque = callback === name && (up ? s.upOpaque : s.downOpaque);
      if (!itself && !opaque) continue;
      known = true;
      if (callback !== '' && (!direction || direction === (up ? 'up' : 'down'))) found.push({ state: s.number, up });
    }
  }
  if (known && found.length === 0) {
    const way = direction ? ` on the way ${direction}` : '';
    throw new TextError(fnPlace, `${name} has no callback${way} in ${kernel.name}: nothing there can fail`);
  }
  if (known) return found;
  if (/^\d+$/.test(name))
    throw new TextError(fnPlace, `${kernel.name} has no hotplug state ${name}`, nearest(Number(name), states));
  const names = [
    ...kernel.fns.keys(),
    ...kernel.aliases.keys(),
    ...states.flatMap((s) => [s.constant, s.name, s.up, s.down]),
  ];
  throw new TextError(
    fnPlace,
    `${name} is no function or hotplug state of ${kernel.name}`,
    didYouMean(
      name,
      names.filter((n) => n !== ''),
    ),
  );
}

/** The states next to a number that has none. */
function nearest(number: number, states: readonly HotplugState[]): string {
  const below = states.filter((s) => s.number < number).at(-1);
  const above = states.find((s) => s.number > number);
  return [below, above].flatMap((s) => (s ? [`${s.number} is ${s.name || s.constant}`] : [])).join(', ');
}
