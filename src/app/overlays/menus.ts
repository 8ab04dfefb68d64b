/** What each menu offers, as plain data. */
import { kernelLabel, KERNELS, kernelTitle, nameOfPatch, PROPOSALS } from '../../kernels/index';
import { gallery } from '../../litmus/gallery';
import { parseLitmus } from '../../litmus/parse';
import { isArmed as armedNow } from '../commands-act';
import { commandById, keysOf, runCommand, whyNot, type Command } from '../registry';
import { lanes } from '../lanes-handle';
import { failPlaces } from '../../litmus/fail-here';
import { failHere } from '../store/fail';
import { select, setAxis, showPanel } from '../store/page';
import { setSpeed } from '../store/player';
import { scenarioOf } from '../store/text';
import { SPEEDS, type AppState, type MenuName, type OpenMenu } from '../store/state';
import type { GalleryEntry } from '../store/traces';
import { PAIRS, type Pair } from './pairs';

export interface MenuItem {
  readonly label: string;
  /** A second line. */
  readonly about?: string;
  readonly key?: string;
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly mono?: boolean;
  /** Opens a menu of its own instead of doing something. */
  readonly sub?: readonly MenuGroup[];
  readonly run: () => void;
}

export interface MenuGroup {
  readonly title: string;
  readonly items: readonly MenuItem[];
}

export const menuTitle: Record<MenuName, string> = {
  scenario: 'Litmus tests and captures',
  kernel: 'Kernel',
  beside: 'Beside another kernel or design',
  act: 'Act on the machine',
  open: 'Open a trace',
  speed: 'Speed and axis',
  more: 'More',
  cpu: 'CPU',
  vcpu: 'vCPU',
};

const ofCommand = (id: string, label?: string): MenuItem => {
  const command = commandById(id) as Command;
  return {
    label: label ?? command.title,
    ...(keysOf(command)[0] === undefined ? {} : { key: keysOf(command)[0]! }),
    disabled: command.when?.() === false,
    ...(whyNot(command) === '' ? {} : { about: whyNot(command) }),
    run: command.run,
  };
};

/** The texts of the gallery by the group that they name, in the order in which the groups come first. */
function galleryGroups(s: AppState): MenuGroup[] {
  const groups = new Map<string, MenuItem[]>();
  for (const { name, text } of gallery()) {
    const parsed = parseLitmus(text, name);
    const title = (parsed.ok && parsed.litmus.group) || 'Litmus tests';
    const about = parsed.ok ? parsed.litmus.about.replace(/\s+/g, ' ').trim() : '';
    const run = (): void => void runCommand(`open.litmus.${name}`);
    const item = { label: name, about, checked: name === scenarioOf(s), mono: true, run };
    groups.set(title, [...(groups.get(title) ?? []), item]);
  }
  return [...groups].map(([title, items]) => ({ title, items }));
}

const kernelItem = (name: string, s: AppState): MenuItem => ({
  label: name,
  about: kernelTitle(name).replace(`${name}: `, ''),
  checked: name === s.run?.program.kernel,
  mono: true,
  run: () => void runCommand(`text.kernel.${name}`),
});

/** The user's own change of a kernel, where there is one. */
function ownGroup(s: AppState): MenuGroup[] {
  const name = nameOfPatch(s.kernelPatch);
  if (name === '') return [];
  const own: MenuItem = { ...kernelItem(name, s), label: kernelLabel(name, s.kernelPatch), about: '' };
  const more = ['kernel.download', 'kernel.drop'].map((id) => ofCommand(id));
  return [{ title: 'Your own', items: [own, ...more] }];
}

const pairItem = ({ text, beside, about }: Pair): MenuItem => ({
  label: `${text} beside ${beside}`,
  about,
  mono: true,
  run: () => void runCommand(`open.beside.${text} ${beside}`),
});

function besideGroups(s: AppState): MenuGroup[] {
  const item = (name: string): MenuItem => ({
    ...kernelItem(name, s),
    checked: name === s.beside?.kernel,
    disabled: name === s.run?.program.kernel,
    run: () => void runCommand(`beside.${name}`),
  });
  const close = s.beside ? [{ title: 'Now', items: [ofCommand('beside.close')] }] : [];
  const own = nameOfPatch(s.kernelPatch);
  const yours = own === '' ? [] : [{ ...item(own), label: kernelLabel(own, s.kernelPatch), about: '' }];
  return [
    ...close,
    ...(yours.length > 0 ? [{ title: 'Your own', items: yours }] : []),
    { title: 'Beside a kernel', items: KERNELS.map(item) },
    { title: 'Beside a design', items: PROPOSALS.map(item) },
  ];
}

function capturesGroup(captures: readonly GalleryEntry[] | null): MenuGroup {
  const items = captures?.map((c) => ({
    label: `${c.id} · Linux ${c.kernel}, ${c.vendor}`,
    about: c.look,
    run: () => void runCommand(`open.capture.${c.id}`),
  }));
  return { title: 'Captured from real kernels', items: items ?? [] };
}

export function groupsOf(menu: OpenMenu, s: AppState, captures: readonly GalleryEntry[] | null): readonly MenuGroup[] {
  switch (menu.name) {
    case 'scenario':
      return [
        ...galleryGroups(s),
        { title: 'Free play', items: [entry('open.empty'), entry('open.emptyTdx')] },
        { title: 'Side by side', items: PAIRS.map(pairItem) },
        { title: 'Many runs at once', items: [ofCommand('view.matrix'), ofCommand('view.failures')] },
        capturesGroup(captures),
      ];
    case 'open':
      return [
        {
          title: 'Your own',
          items: [
            {
              ...ofCommand('open.files', 'Choose files …'),
              about:
                'trace.txt, dmesg.txt, vmm.txt, capture.json; several at once, gzip too. Or a .litmus text. Or drop them on the page.',
            },
          ],
        },
        capturesGroup(captures),
      ];
    case 'kernel':
      return [
        ...ownGroup(s),
        { title: 'Run the text on', items: KERNELS.map((name) => kernelItem(name, s)) },
        { title: 'Designs from the list', items: PROPOSALS.map((name) => kernelItem(name, s)) },
        {
          title: 'Two runs on the same lanes',
          items: [opening('Beside another kernel or design …', besideGroups(s))],
        },
      ];
    case 'beside':
      return besideGroups(s);
    case 'speed':
      return [
        {
          title: 'Speed',
          items: SPEEDS.map((speed) => ({
            label: `${speed}×`,
            checked: speed === s.speed,
            run: () => setSpeed(speed),
          })),
        },
        {
          title: 'Axis',
          items: (['steps', 'time'] as const).map((axis) => ({
            label: axis === 'time' ? 'Time' : s.showing === 'trace' ? 'Events' : 'Steps',
            checked: axis === s.axis,
            run: () => setAxis(axis),
          })),
        },
      ];
    case 'act':
      return actGroups(s);
    case 'cpu':
      return cpuGroups(s, menu.subject ?? 0, menu.step);
    case 'vcpu':
      return vcpuGroups(s, menu.subject ?? 0, menu.step);
    case 'more':
      return moreGroups(s);
  }
}

/** What a wide page has as buttons, and what needs a key there. */
function moreGroups(s: AppState): MenuGroup[] {
  const run = s.showing === 'run';
  const on: MenuItem[] = [
    opening(`Kernel ${s.run?.program.kernel ?? ''}`, groupsOf({ name: 'kernel', anchor: document.body }, s, null)),
    opening('Beside another kernel or design', besideGroups(s)),
  ];
  const tables = ['view.matrix', 'view.failures', ...(run ? ['view.sources'] : []), 'lanes.table'];
  const rest = ['tour.start', 'view.palette', 'session.branches', 'view.help'];
  return [
    ...(run ? [{ title: 'The run', items: on }] : []),
    { title: 'Tables', items: tables.map((id) => entry(id)) },
    { title: 'The page', items: rest.flatMap((id) => (commandById(id) ? [entry(id)] : [])) },
  ];
}

/** More entries than this are of no use in a menu: the text takes any. */
const MOST = 12;

const cpusOf = (s: AppState): number[] => Array.from({ length: Math.min(s.run?.program.cpus ?? 0, MOST) }, (_, c) => c);

const opening = (label: string, sub: readonly MenuGroup[]): MenuItem => ({ label, sub, run: () => undefined });

/** A command as an entry; one that makes no sense now says why. */
const entry = (id: string, more: Partial<MenuItem> = {}): MenuItem => ({
  ...ofCommand(id),
  run: () => void runCommand(id),
  ...more,
});

function actGroups(s: AppState): MenuGroup[] {
  const vcpus = s.run?.program.vcpus.slice(0, MOST) ?? [];
  const vms = s.run?.program.vms.slice(0, MOST) ?? [];
  const groups: MenuGroup[] = [
    {
      title: 'The machine',
      items: ['hotadd', 'load', 'unload', 'startVm', 'startTd', 'suspend', 'reboot'].map((id) => entry(`act.${id}`)),
    },
    {
      title: 'On a CPU',
      items: cpusOf(s).map((cpu) => opening(`CPU ${cpu}`, [{ title: `CPU ${cpu}`, items: onCpu(cpu) }])),
    },
  ];
  if (vcpus.length > 0)
    groups.push({ title: 'Pin a vCPU', items: vcpus.map((v, i) => opening(v.name, [pinGroup(s, i)])) });
  if (vms.length > 0) groups.push({ title: 'VMs', items: vms.map((_, vm) => entry(`act.kill.${vm}`)) });
  return groups;
}

function onCpu(cpu: number): MenuItem[] {
  const isArmed = armedNow(cpu);
  return [
    entry(`act.hotadd.${cpu}`),
    entry(`act.hotremove.${cpu}`),
    entry(`act.online.${cpu}`),
    entry(`act.offline.${cpu}`),
    entry(`act.fault.${cpu}`, { about: 'kvm_arch_hardware_enable returns -EIO', checked: isArmed }),
  ];
}

/** What could fail at the step that was pointed at: each opens the errnos that it may return. */
function failGroup(s: AppState, step = -1): MenuGroup[] {
  const { run } = s;
  if (!run || step < 0 || step >= run.steps) return [];
  const places = failPlaces(run.program, run.history, step);
  if (places.length === 0) return [];
  const items = places.map((place) =>
    opening(place.title, [
      {
        title: `${place.title} returns, this once`,
        items: place.errnos.map((errno) => ({ label: errno, mono: true, run: () => failHere(place, errno) })),
      },
    ]),
  );
  return [
    { title: `Fail here, at step ${(step + 1).toLocaleString('en')}`, items: items.map((i) => ({ ...i, mono: true })) },
  ];
}

/** Selects the row, so that the panel beside the lanes tells of it. */
const details = (kind: string, which: (track: { name: string; cpu: number }) => boolean): MenuItem => ({
  label: 'Details',
  run: () => {
    const track = lanes.view?.timeline.tracks.findIndex((t) => t.kind === kind && which(t)) ?? -1;
    if (track < 0) return;
    select({ kind: 'track', track });
    showPanel('step');
  },
});

function cpuGroups(s: AppState, cpu: number, step?: number): MenuGroup[] {
  const vcpus = s.run?.program.vcpus.slice(0, MOST) ?? [];
  const view = lanes.view;
  // Of two runs both rows.
  const tracks = view?.timeline.tracks.flatMap((t, i) => (t.kind === 'cpu' && t.cpu === cpu ? [i] : [])) ?? [];
  const fold = (folded: boolean): void => tracks.forEach((track) => view?.setFolded(track, folded));
  const groups: MenuGroup[] = [...failGroup(s, step), { title: `CPU ${cpu}`, items: onCpu(cpu) }];
  if (vcpus.length > 0)
    groups.push({
      title: 'Pin here',
      items: vcpus.map((v, i) => entry(`act.pin.${i}.${cpu}`, { label: v.name, mono: true })),
    });
  if (view && tracks.length > 0)
    groups.push({
      title: 'Lanes',
      items: [
        tracks.some((track) => view.isFolded(track))
          ? { label: 'Unfold its rows', run: () => fold(false) }
          : { label: 'Fold its rows', run: () => fold(true) },
        details('cpu', (t) => t.cpu === cpu),
      ],
    });
  return groups;
}

function vcpuGroups(s: AppState, vcpu: number, step?: number): MenuGroup[] {
  const of = s.run?.program.vcpus[vcpu];
  if (!of) return [];
  return [
    ...failGroup(s, step),
    pinGroup(s, vcpu),
    { title: 'Its VM', items: [entry(`act.kill.${of.vm}`)] },
    { title: 'Lanes', items: [details('vcpu', (t) => t.name === of.name)] },
  ];
}

function pinGroup(s: AppState, vcpu: number): MenuGroup {
  const name = s.run?.program.vcpus[vcpu]?.name ?? '';
  return {
    title: `Pin ${name} to`,
    items: [
      ...cpusOf(s).map((cpu) => entry(`act.pin.${vcpu}.${cpu}`, { label: `CPU ${cpu}` })),
      entry(`act.pin.${vcpu}.any`, { label: 'any CPU' }),
    ],
  };
}
