/** The names that a litmus text can use: those of the kernel that it runs on, and what was read of the text itself. */
import { kernelTitle, nameOfPatch } from '../../kernels/index';
import type { Kernel } from '../../language/assemble';
import { kernelOf } from '../inspect/sources';
import { tellOf, type Told } from '../inspect/told';
import { valueAt } from '../inspect/value-at';
import { stepsDone } from '../store/state';
import { get } from '../store/store';
import type { LitmusNames } from './complete-litmus';
import { goInKernel } from './handle';
import type { Pointing } from './pointed';

const kernel = (): Kernel | null => {
  const { run, allTexts } = get();
  return run && allTexts ? kernelOf(run.program) : null;
};

export const litmusNames: LitmusNames = {
  kernel,
  own: () => nameOfPatch(get().kernelPatch),
  litmus: () => get().run?.litmus ?? null,
};

/** A kernel, a hotplug state by any of its names, or what the kernel's text has under that name. */
function tell(name: string): Told | null {
  const all = kernel();
  if (!all) return null;
  const title = kernelTitle(name);
  if (title !== '') return { name, kind: 'word', signature: `kernel ${name}`, about: title, source: null, place: null };
  const state = [...all.states.values()].find((s) => s.name === name);
  return tellOf(all, state?.constant ?? name);
}

export const litmusPointing: Pointing = {
  tell,
  valueNow: (name) => {
    const s = get();
    return s.run && s.showing === 'run' ? (valueAt(s.run, name, stepsDone(s, 0))?.text ?? null) : null;
  },
  goTo: ({ name, place }) => {
    if (!place) return false;
    goInKernel(name);
    return true;
  },
};
