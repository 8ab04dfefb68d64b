/** Commands on the kernel's text: a change of it, what it changes, and the way to a name. */
import { KERNELS, kernelTitle, nameOfPatch, PROPOSALS } from '../kernels/index';
import { setKernel } from '../litmus/edit';
import { goInKernel, kernelEditor } from './editor/handle';
import type { Command, CommandFamily } from './registry';
import { beginFrom, copyChange, downloadChange, dropChange, onOwn } from './store/kernel-change';
import { setTab, showPanel } from './store/page';
import { get, set } from './store/store';
import { change } from './store/text';

const inRun = (): boolean => get().showing === 'run';
const changed = (): boolean => inRun() && get().kernelPatch !== '';
const NOTHING = 'no kernel is changed: type into the kernel’s text, or begin from a design';

const onChange = (id: string, title: string, run: () => void, more: Partial<Command> = {}): Command => ({
  id: `kernel.${id}`,
  title,
  group: 'Kernel',
  keys: [],
  run,
  when: changed,
  reason: () => (inRun() ? NOTHING : 'a trace is shown: go back to the run first'),
  ...more,
});

const folding = (to: 'run' | 'headings' | 'all', title: string): Command => ({
  id: `kernel.fold.${to}`,
  title,
  group: 'Kernel',
  keys: [],
  run: () => kernelEditor.fold?.(to),
  when: () => kernelEditor.fold !== null,
  reason: () => 'the kernel’s text is not shown',
});

export const kernelCommands: readonly Command[] = [
  {
    id: 'kernel.changes',
    title: 'What the kernel changes of the one below',
    group: 'Kernel',
    keys: ['Shift+K'],
    run: () => {
      setTab(get().tab === 'patch' ? 'kernel' : 'patch');
      showPanel('text');
    },
    when: inRun,
    reason: () => 'a trace is shown: go back to the run first',
  },
  {
    id: 'kernel.wide',
    title: 'More room for the text',
    group: 'Kernel',
    keys: ['Shift+W'],
    run: () => set({ wide: !get().wide }),
  },
  folding('run', 'Fold what this run is not in'),
  folding('headings', 'Fold all parts of the kernel’s text'),
  folding('all', 'Unfold the kernel’s text'),
  onChange('copy', 'Copy the change of the kernel', () => void copyChange(), { about: 'as a kernel text' }),
  onChange('download', 'Save the change of the kernel', downloadChange, {
    about: 'a .kern file, as hotlanes run --patch takes it',
  }),
  onChange('drop', 'Let go of the change of the kernel', dropChange, {
    about: 'the kernel as it is shipped; undo brings the change back',
  }),
  onChange('run', 'Run the text on the changed kernel', runOnOwn, {
    when: () => changed() && !onOwn(get()),
    reason: () => (changed() ? 'it runs there' : NOTHING),
  }),
];

function runOnOwn(): void {
  const { text, kernelPatch } = get();
  change({ text: setKernel(text, nameOfPatch(kernelPatch)) }, { label: `kernel ${nameOfPatch(kernelPatch)}` });
}

const begin = (name: string): Command => ({
  id: `kernel.begin.${name}`,
  title: `Begin a change from ${name}`,
  group: 'Kernel',
  keys: [],
  about: kernelTitle(name),
  minor: true,
  when: inRun,
  reason: () => 'a trace is shown: go back to the run first',
  run: () => {
    beginFrom(name);
    setTab('patch');
    showPanel('text');
  },
});

const known = (name: string): boolean => [...KERNELS, ...PROPOSALS].some((k) => k === name);

const goto = (name: string): Command => ({
  id: `kernel.goto.${name}`,
  title: `Go to ${name} in the kernel’s text`,
  group: 'Kernel',
  keys: [],
  minor: true,
  when: inRun,
  reason: () => 'a trace is shown: go back to the run first',
  run: () => goInKernel(name),
});

export const kernelFamilies: readonly CommandFamily[] = [
  {
    prefix: 'kernel.begin.',
    of: (name) => (known(name) ? begin(name) : undefined),
    list: () => [...KERNELS, ...PROPOSALS].map(begin),
  },
  // listed by the editor itself: there are hundreds
  { prefix: 'kernel.goto.', of: (name) => (/^\w+$/.test(name) ? goto(name) : undefined), list: () => [] },
];
