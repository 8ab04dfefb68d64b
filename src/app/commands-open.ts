/** Commands that open something: texts, kernels, captures, files, a second run. */
import { KERNELS, kernelTitle, PROPOSALS } from '../kernels/index';
import { gallery } from '../litmus/gallery';
import { parseLitmus } from '../litmus/parse';
import { pickFiles } from './picker';
import type { Command, CommandFamily } from './registry';
import { act } from './store/acts';
import { closeBeside, openBeside, setSide } from './store/beside';
import { openLitmus } from './store/litmus';
import { openModel } from './store/model-beside';
import { openDialog, openMenu, setTab, showPanel } from './store/page';
import { get } from './store/store';
import { capturesNow, closeTrace, openCapture } from './store/traces';

const inRun = (): boolean => get().showing === 'run';
const A_TRACE = 'a trace is shown: go back to the run first';

export const openCommands: readonly Command[] = [
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
    reason: () => A_TRACE,
  },
  {
    id: 'view.sources',
    title: 'What this run rests on',
    group: 'View',
    keys: ['i'],
    run: () => openDialog('sources'),
    when: () => inRun() && get().run !== null,
    reason: () => 'there is no run',
  },
  {
    id: 'beside.open',
    title: 'Beside another kernel or design',
    group: 'View',
    keys: ['b'],
    run: () => openMenu({ name: 'beside', anchor: besideAnchor() }),
    when: inRun,
    reason: () => A_TRACE,
  },
  {
    id: 'beside.model',
    title: 'The model beside this trace',
    group: 'View',
    keys: ['Shift+V'],
    run: () => void openModel(),
    when: () => !inRun() && get().beside === null,
    reason: () => (inRun() ? 'no trace is shown' : 'it is there already'),
  },
  {
    id: 'beside.close',
    title: 'Back to one run',
    group: 'View',
    keys: ['Shift+B'],
    run: closeBeside,
    when: () => get().beside !== null,
    reason: () => 'there is only one',
  },
  {
    id: 'beside.side',
    title: 'The other one of two runs',
    group: 'View',
    keys: ['v'],
    run: () => setSide(get().side === 0 ? 1 : 0),
    when: () => get().beside !== null,
    reason: () => 'there is only one',
  },
  { id: 'open.files', title: 'Open a trace from files', group: 'Open', keys: ['o'], run: pickFiles },
  {
    id: 'open.run',
    title: 'Back to the run',
    group: 'Open',
    keys: [],
    run: closeTrace,
    when: () => !inRun(),
    reason: () => 'it is shown',
  },
];

/** The button that opens that menu, or where it would be. */
const besideAnchor = (): Element =>
  document.querySelector('[aria-haspopup="menu"][data-menu="beside"]') ?? document.body;

const one = (group: Command['group'], id: string, title: string, about: string, run: () => void): Command => ({
  id,
  title,
  group,
  keys: [],
  run,
  about,
  minor: true,
});

const litmus = (name: string, about = ''): Command =>
  one('Open', `open.litmus.${name}`, `Litmus test ${name}`, about, () => void openLitmus(name));

const kernel = (name: string): Command => ({
  ...one('Text', `text.kernel.${name}`, `Kernel ${name}`, kernelTitle(name), () => act({ kind: 'kernel', name })),
  when: inRun,
  reason: () => A_TRACE,
});

const beside = (name: string): Command => ({
  ...one('View', `beside.${name}`, `Beside ${name}`, kernelTitle(name), () => void openBeside(name)),
  when: inRun,
  reason: () => A_TRACE,
});

const capture = (id: string, about = ''): Command =>
  one('Open', `open.capture.${id}`, `Capture ${id}`, about, () => openCapture(id));

const kernels = (): readonly string[] => [...KERNELS, ...PROPOSALS];

export const openFamilies: readonly CommandFamily[] = [
  {
    prefix: 'open.litmus.',
    of: (name) => litmus(name),
    list: () =>
      gallery().map(({ name, text }) => {
        const parsed = parseLitmus(text, name);
        return litmus(name, parsed.ok ? parsed.litmus.about.replace(/\s+/g, ' ') : '');
      }),
  },
  {
    // a text of the gallery, and a second kernel on the same lanes
    prefix: 'open.beside.',
    of: (rest) => {
      const [name, other] = rest.split(' ');
      return name && other
        ? one('Open', `open.beside.${rest}`, `${name} beside ${other}`, '', () => void openLitmus(name, other))
        : undefined;
    },
    list: () => [],
  },
  {
    prefix: 'text.kernel.',
    of: (name) => (kernels().includes(name) ? kernel(name) : undefined),
    list: () => kernels().map(kernel),
  },
  { prefix: 'beside.', of: (name) => beside(name), list: () => kernels().map(beside) },
  {
    prefix: 'open.capture.',
    of: (id) => capture(id),
    list: () => capturesNow().map(({ id, kernel: of, look }) => capture(id, `Linux ${of}: ${look}`)),
  },
];
