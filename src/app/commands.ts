/**
 * The commands that are there from the start: playing, and what the page's own buttons do. All others come with the parts
 * that they belong to, see `commands-late.ts`.
 */
import { lanes } from './lanes-handle';
import { registerCommands, type Command } from './registry';
import { openDialog, togglePanel, toggleAxis, toggleTheme } from './store/page';
import { changeSpeed, stepBy, toFirst, togglePlay, toLast } from './store/player';
import { get } from './store/store';

export * from './registry';

const inRun = (): boolean => get().showing === 'run';

const commands: readonly Command[] = [
  { id: 'play.toggle', title: 'Play or pause', group: 'Play', keys: ['Space'], run: togglePlay },
  { id: 'play.step', title: 'One step on', group: 'Play', keys: ['ArrowRight'], run: () => stepBy(1) },
  { id: 'play.back', title: 'One step back', group: 'Play', keys: ['ArrowLeft'], run: () => stepBy(-1) },
  { id: 'play.step10', title: 'Ten steps on', group: 'Play', keys: ['Shift+ArrowRight'], run: () => stepBy(10) },
  { id: 'play.back10', title: 'Ten steps back', group: 'Play', keys: ['Shift+ArrowLeft'], run: () => stepBy(-10) },
  { id: 'play.first', title: 'To the start', group: 'Play', keys: ['Home'], run: toFirst },
  { id: 'play.last', title: 'To the end', group: 'Play', keys: ['End'], run: toLast },
  { id: 'play.faster', title: 'Faster', group: 'Play', keys: ['+', '='], run: () => changeSpeed(1) },
  { id: 'play.slower', title: 'Slower', group: 'Play', keys: ['-'], run: () => changeSpeed(-1) },

  { id: 'lanes.fit', title: 'Fit everything', group: 'Lanes', keys: ['f'], run: () => lanes.view?.fit() },

  { id: 'view.axis', title: 'Steps or time', group: 'View', keys: ['x'], run: toggleAxis },
  { id: 'view.theme', title: 'Light or dark', group: 'View', keys: ['t'], run: toggleTheme },
  { id: 'view.text', title: 'Litmus text', group: 'View', keys: ['1'], run: () => togglePanel('text') },
  { id: 'view.step', title: 'Step', group: 'View', keys: ['2'], run: () => togglePanel('step') },
  { id: 'view.log', title: 'Log', group: 'View', keys: ['3'], run: () => togglePanel('log') },
  { id: 'view.help', title: 'Keys and colours', group: 'View', keys: ['?'], run: () => openDialog('help') },
  { id: 'view.matrix', title: 'Outcome matrix', group: 'View', keys: ['g'], run: () => openDialog('matrix') },
  {
    id: 'view.failures',
    title: 'Failure map of this text',
    group: 'View',
    keys: ['Shift+G'],
    run: () => openDialog('failures'),
    when: () => inRun() && get().run !== null,
    reason: () => 'there is no run',
  },
  {
    id: 'view.palette',
    title: 'All commands',
    group: 'View',
    keys: ['Mod+k', 'Mod+Shift+p'],
    run: () => openDialog('palette'),
  },
];

registerCommands(commands);
