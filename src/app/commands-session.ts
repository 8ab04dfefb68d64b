/** Commands of the session: back and forth, its branches, the keys. */
import type { Command } from './registry';
import { redoTarget, undoTarget } from './session/tree';
import { openDialog } from './store/page';
import { get } from './store/store';
import { originalOf, redo, toOriginal, undo } from './store/text';

export const sessionCommands: readonly Command[] = [
  {
    id: 'text.undo',
    title: 'Undo',
    group: 'Session',
    keys: ['Mod+z'],
    run: undo,
    when: () => undoTarget(get().session) >= 0,
    reason: () => 'nothing was done yet',
  },
  {
    id: 'text.redo',
    title: 'Redo',
    group: 'Session',
    keys: ['Mod+Shift+z', 'Mod+y'],
    run: redo,
    when: () => redoTarget(get().session) >= 0,
    reason: () => 'nothing was undone',
  },
  {
    id: 'text.original',
    title: 'Back to the original text',
    group: 'Session',
    keys: [],
    run: toOriginal,
    when: () => originalOf(get()) !== null,
    reason: () => 'it is the original, or there is none',
  },
  {
    id: 'session.branches',
    title: 'Branches: all that was done',
    group: 'Session',
    keys: ['Shift+T'],
    run: () => openDialog('branches'),
  },
  { id: 'view.keys', title: 'Change keys', group: 'Session', keys: [], run: () => openDialog('keys') },
];
