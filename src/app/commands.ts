/**
 * Everything that a person can do, each once: by key, by button, by menu and by test. A key is written as the event tells
 * it, with `Mod` for Ctrl or Cmd.
 */
import { KERNELS, PROPOSALS } from '../kernels/index';
import { lanes } from './lanes-handle';
import { whenLoaded } from './late';
import { pickFiles } from './picker';
import type { Act } from './store/acts';
import {
  clear,
  openDialog,
  openMenu,
  setTab,
  showPanel,
  toggleAxis,
  togglePanel,
  toggleTheme,
  toMark,
} from './store/page';
import { changeSpeed, stepBy, toFirst, togglePlay, toLast } from './store/player';
import { timelineOf } from './store/state';
import { get } from './store/store';
import { originalOf, redo, toOriginal, undo } from './store/text';

export type CommandGroup = 'Play' | 'View' | 'Lanes' | 'Text' | 'Act' | 'Open';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  readonly keys: readonly string[];
  readonly run: () => void;
  /** False: it makes no sense now. */
  readonly when?: () => boolean;
  /** Not in the list of keys: one of many alike. */
  readonly minor?: boolean;
}

const inRun = (): boolean => get().showing === 'run';
const PAN = 0.2;
const ZOOM = 1.6;

export const commands: readonly Command[] = [
  { id: 'play.toggle', title: 'Play or pause', group: 'Play', keys: ['Space'], run: togglePlay },
  { id: 'play.step', title: 'One step on', group: 'Play', keys: ['ArrowRight'], run: () => stepBy(1) },
  { id: 'play.back', title: 'One step back', group: 'Play', keys: ['ArrowLeft'], run: () => stepBy(-1) },
  { id: 'play.step10', title: 'Ten steps on', group: 'Play', keys: ['Shift+ArrowRight'], run: () => stepBy(10) },
  { id: 'play.back10', title: 'Ten steps back', group: 'Play', keys: ['Shift+ArrowLeft'], run: () => stepBy(-10) },
  { id: 'play.first', title: 'To the start', group: 'Play', keys: ['Home'], run: toFirst },
  { id: 'play.last', title: 'To the end', group: 'Play', keys: ['End'], run: toLast },
  { id: 'play.previousMark', title: 'Previous log line or failure', group: 'Play', keys: ['['], run: () => toMark(-1) },
  { id: 'play.nextMark', title: 'Next log line or failure', group: 'Play', keys: [']'], run: () => toMark(1) },
  { id: 'play.faster', title: 'Faster', group: 'Play', keys: ['+', '='], run: () => changeSpeed(1) },
  { id: 'play.slower', title: 'Slower', group: 'Play', keys: ['-'], run: () => changeSpeed(-1) },

  { id: 'lanes.zoomIn', title: 'Zoom in', group: 'Lanes', keys: ['w'], run: () => lanes.view?.zoomBy(ZOOM) },
  { id: 'lanes.zoomOut', title: 'Zoom out', group: 'Lanes', keys: ['s'], run: () => lanes.view?.zoomBy(1 / ZOOM) },
  { id: 'lanes.left', title: 'Earlier', group: 'Lanes', keys: ['a'], run: () => pan(-PAN) },
  { id: 'lanes.right', title: 'Later', group: 'Lanes', keys: ['d'], run: () => pan(PAN) },
  { id: 'lanes.fit', title: 'Fit everything', group: 'Lanes', keys: ['f'], run: () => lanes.view?.fit() },
  {
    id: 'lanes.fitSelection',
    title: 'Fit the selection',
    group: 'Lanes',
    keys: ['Shift+F'],
    run: () => lanes.view?.fitSelection(),
  },
  {
    id: 'lanes.up',
    title: 'Select the lane above',
    group: 'Lanes',
    keys: ['ArrowUp'],
    run: () => lanes.view?.selectUp(),
  },
  {
    id: 'lanes.down',
    title: 'Select the lane below',
    group: 'Lanes',
    keys: ['ArrowDown'],
    run: () => lanes.view?.selectDown(),
  },
  {
    id: 'lanes.next',
    title: 'Select the next in the lane',
    group: 'Lanes',
    keys: ['.'],
    run: () => lanes.view?.selectNext(),
  },
  {
    id: 'lanes.previous',
    title: 'Select the previous in the lane',
    group: 'Lanes',
    keys: [','],
    run: () => lanes.view?.selectPrev(),
  },
  {
    id: 'lanes.table',
    title: 'The lanes as a table',
    group: 'Lanes',
    keys: ['l'],
    run: () => openDialog('table'),
    when: () => timelineOf(get()) !== null,
  },

  { id: 'view.axis', title: 'Steps or time', group: 'View', keys: ['x'], run: toggleAxis },
  { id: 'view.theme', title: 'Light or dark', group: 'View', keys: ['t'], run: toggleTheme },
  { id: 'view.text', title: 'Litmus text', group: 'View', keys: ['1'], run: () => togglePanel('text') },
  {
    id: 'view.kernel',
    title: 'Litmus text or kernel text',
    group: 'View',
    keys: ['k'],
    run: () => {
      setTab(get().tab === 'litmus' ? 'kernel' : 'litmus');
      showPanel('text');
    },
    when: inRun,
  },
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
  },
  {
    id: 'view.sources',
    title: 'What this run rests on',
    group: 'View',
    keys: ['i'],
    run: () => openDialog('sources'),
    when: () => inRun() && get().run !== null,
  },
  { id: 'view.clear', title: 'Clear the selection', group: 'View', keys: ['Escape'], run: clear },

  { id: 'text.undo', title: 'Undo', group: 'Text', keys: ['Mod+z'], run: undo, when: () => get().past.length > 0 },
  {
    id: 'text.redo',
    title: 'Redo',
    group: 'Text',
    keys: ['Mod+Shift+z', 'Mod+y'],
    run: redo,
    when: () => get().future.length > 0,
  },
  {
    id: 'text.original',
    title: 'Back to the original text',
    group: 'Text',
    keys: [],
    run: toOriginal,
    when: () => originalOf(get()) !== null,
  },
  ...[...KERNELS, ...PROPOSALS].map((name): Command => ({
    id: `text.kernel.${name}`,
    title: `Kernel ${name}`,
    group: 'Text',
    keys: [],
    run: () => act({ kind: 'kernel', name }),
    when: inRun,
    minor: true,
  })),

  {
    id: 'beside.open',
    title: 'Beside another kernel or design',
    group: 'View',
    keys: ['b'],
    run: () => openMenu({ name: 'beside', anchor: besideAnchor() }),
    when: inRun,
  },
  {
    id: 'beside.model',
    title: 'The model beside this trace',
    group: 'View',
    keys: ['Shift+V'],
    run: () => whenLoaded((late) => late.openModel()),
    when: () => !inRun() && get().beside === null,
  },
  {
    id: 'beside.close',
    title: 'Back to one run',
    group: 'View',
    keys: ['Shift+B'],
    run: () => whenLoaded((late) => late.closeBeside()),
    when: () => get().beside !== null,
  },
  {
    id: 'beside.side',
    title: 'The other one of two runs',
    group: 'View',
    keys: ['v'],
    run: () => whenLoaded((late) => late.setSide(get().side === 0 ? 1 : 0)),
    when: () => get().beside !== null,
  },

  { id: 'act.hotadd', title: 'Hot-add a CPU', group: 'Act', keys: [], run: () => act({ kind: 'hotadd' }), when: inRun },
  { id: 'act.startVm', title: 'Start a VM', group: 'Act', keys: [], run: () => act({ kind: 'start-vm' }), when: inRun },

  {
    id: 'open.files',
    title: 'Open a trace from files',
    group: 'Open',
    keys: ['o'],
    run: pickFiles,
  },
  {
    id: 'open.run',
    title: 'Back to the run',
    group: 'Open',
    keys: [],
    run: () => whenLoaded((late) => late.closeTrace()),
    when: () => !inRun(),
  },
];

/** The button that opens that menu, or where it would be. */
const besideAnchor = (): Element =>
  document.querySelector('[aria-haspopup="menu"][data-menu="beside"]') ?? document.body;

/** False where there is nothing to act on. What comes of it is seen in the text. */
function act(what: Act): boolean {
  if (!inRun()) return false;
  whenLoaded((late) => late.act(what));
  return true;
}

function pan(share: number): void {
  const view = lanes.view;
  view?.panBy(view.viewWidth * share);
}

const byId = new Map(commands.map((c) => [c.id, c]));
const byKey = new Map(commands.flatMap((c) => c.keys.map((key) => [key, c] as const)));

export const commandById = (id: string): Command | undefined => byId.get(id);
export const commandFor = (key: string): Command | undefined => byKey.get(key);

/** Keys of a command, as a person reads them. */
export const keyText = (key: string): string =>
  key
    .replace('Mod', /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl')
    .replace('ArrowLeft', '←')
    .replace('ArrowRight', '→')
    .replace('ArrowUp', '↑')
    .replace('ArrowDown', '↓')
    .split('+')
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
    .replace(/^ ?$/, '+');

/**
 * Runs a command by its id. Besides those of the list: `open.litmus.NAME`, `open.capture.6.1/s2`, `beside.KERNEL`,
 * `open.beside.NAME KERNEL` (a text of the gallery, and a second kernel on the same lanes), `act.online.4`, `act.offline.1`,
 * `act.fault.4`, `act.pin.0.4` (vCPU 0 to CPU 4), `act.pin.0.any`.
 */
export function runCommand(id: string): boolean {
  const command = byId.get(id);
  if (command) {
    if (command.when?.() === false) return false;
    command.run();
    return true;
  }
  const litmus = /^open\.litmus\.(.+)$/.exec(id);
  if (litmus) {
    whenLoaded((late) => late.openLitmus(litmus[1]!));
    return true;
  }
  const pair = /^open\.beside\.(\S+) (\S+)$/.exec(id);
  if (pair) {
    whenLoaded((late) => late.openLitmus(pair[1]!, pair[2]!));
    return true;
  }
  const beside = /^beside\.(.+)$/.exec(id);
  if (beside) {
    if (!inRun()) return false;
    whenLoaded((late) => late.openBeside(beside[1]!));
    return true;
  }
  const capture = /^open\.capture\.(.+)$/.exec(id);
  if (capture) {
    whenLoaded((late) => late.openCapture(capture[1]!));
    return true;
  }
  const onCpu = /^act\.(online|offline|fault)\.(\d+)$/.exec(id);
  if (onCpu) return act({ kind: onCpu[1] as 'online' | 'offline' | 'fault', cpu: Number(onCpu[2]) });
  const pin = /^act\.pin\.(\d+)\.(\d+|any)$/.exec(id);
  if (pin) return act({ kind: 'pin', vcpu: Number(pin[1]), cpu: pin[2] === 'any' ? -1 : Number(pin[2]) });
  return false;
}
