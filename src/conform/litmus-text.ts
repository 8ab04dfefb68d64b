/** Writes a litmus text: actions of the same actor that overlapped become actors of their own, the order becomes `after`. */
import { errnoName } from '../language/errno';
import type { Act } from './acts';
import type { Planned } from './derive';

/** One action of the text. `act`: what it stands for, null where the text assumes it. */
export interface TextAction {
  readonly act: Act | null;
  readonly verb: string;
  readonly words: string;
  /** Actor of the capture. */
  readonly actor: string;
  readonly t: number;
  readonly tEnd: number | null;
}

export interface Lane {
  readonly name: string;
  readonly actions: readonly TextAction[];
}

/** Actors of the text: an actor does one thing after another, so what overlapped has an actor each (`admin-2`, ...). */
export function actorsOf(actions: readonly TextAction[]): Lane[] {
  const lanes: { name: string; base: string; actions: TextAction[]; free: number }[] = [];
  for (const action of actions) {
    let lane = lanes.find((l) => l.base === action.actor && (l.free <= action.t || again(l.actions.at(-1), action)));
    if (!lane) {
      const nth = lanes.filter((l) => l.base === action.actor).length + 1;
      const base = action.actor.replace(/[^\w-]/g, '-').replace(/^(?![a-zA-Z_])/, 'actor-');
      lane = { name: nth === 1 ? base : `${base}-${nth}`, base: action.actor, actions: [], free: -Infinity };
      lanes.push(lane);
    }
    lane.actions.push(action);
    lane.free = Math.max(lane.free, action.tEnd ?? Infinity);
  }
  return lanes;
}

/** One act that asks for the same thing again. */
function again(last: TextAction | undefined, action: TextAction): boolean {
  return action.act !== null && last?.act === action.act && last.words === action.words;
}

export interface TextParts {
  readonly name: string;
  readonly about: string;
  readonly kernel: string;
  readonly vendor: string;
  readonly booted: number;
  readonly possible: number;
  readonly present: number;
  /** 0: not known. */
  readonly packages: number;
  readonly hardware: readonly string[];
  readonly vms: ReadonlyMap<string, { readonly vcpus: number; readonly halts: boolean }>;
  readonly lanes: readonly Lane[];
  readonly faults: readonly { readonly cpu: number; readonly symbol: string; readonly returns: number }[];
}

/** Where an action waits: behind the one that ended last before it began, where that is another actor's. */
function waitsFor(action: TextAction, lane: Lane, lanes: readonly Lane[]): TextAction | null {
  let last: TextAction | null = null;
  for (const other of lanes)
    for (const a of other.actions)
      if (a !== action && a.tEnd !== null && a.tEnd <= action.t && (!last || a.tEnd >= last.tEnd!)) last = a;
  return last && lane.actions.includes(last) ? null : last;
}

/** `lines`: for each action of `planned`, its line in the text, from 1. */
export function litmusText(parts: TextParts): { text: string; planned: Planned[]; lines: number[] } {
  const lines: string[] = [`litmus ${parts.name}`, ...wrapped(parts.about), `kernel  ${parts.kernel}`];
  const later = parts.possible - parts.present;
  const down = parts.present - parts.booted;
  const machine = [
    parts.vendor,
    `cpus ${parts.booted}${down > 0 ? ` + ${down} offline` : ''}${later > 0 ? ` + ${later} hot-addable` : ''}`,
    ...(parts.packages > 0 ? [`packages ${parts.packages}`] : []),
  ];
  lines.push(`machine ${machine.join(', ')}`);
  for (const h of parts.hardware) lines.push(`hardware ${h}`);
  lines.push('');
  const width = Math.max(...parts.lanes.map((l) => l.name.length + 2), 8);
  const planned: Planned[] = [];
  const at: number[] = [];
  const wordsOf = (a: TextAction): string => describe(a, parts.vms);
  // an action is named behind `after` by its words; where several have the same, by which of them it is
  const all = parts.lanes.flatMap((l) => l.actions);
  const nameFor = (a: TextAction): string => {
    const words = plain(a).split(' ');
    const same = all.filter((b) => words.every((w) => plain(b).split(' ').includes(w)));
    return same.length === 1 ? plain(a) : `${plain(a)} time ${same.indexOf(a) + 1}`;
  };
  parts.lanes.forEach((lane, actor) => {
    lane.actions.forEach((action, index) => {
      const before = waitsFor(action, lane, parts.lanes);
      const after = before ? ` after ${nameFor(before)}` : '';
      const head = index === 0 ? `${lane.name}:`.padEnd(width) : ' '.repeat(width);
      lines.push(`${head}${wordsOf(action)}${after}`);
      const { act, t, tEnd } = action;
      at.push(lines.length);
      planned.push({ act, actor, index, words: wordsOf(action), t, tEnd });
    });
  });
  const said = new Set<string>();
  for (const f of parts.faults) {
    const value = f.returns < 0 ? `-${errnoName(f.returns).replace(/^-/, '')}` : String(f.returns);
    const line = `maybe fault cpu${f.cpu} ${f.symbol} returns ${value}`;
    if (!said.has(line)) lines.push(line);
    said.add(line);
  }
  return { text: `${lines.join('\n')}\n`, planned, lines: at };
}

/** Words of an action by which another one may name it. */
function plain(a: TextAction): string {
  return a.words.replace(/ = create vm$/, ' create vm').replace(/ kvm\.\S+=\S+$/, '');
}

function describe(a: TextAction, vms: TextParts['vms']): string {
  const made = /^(\w+) = create vm$/.exec(a.words);
  if (made) {
    const vcpus = Math.max(1, vms.get(made[1]!)?.vcpus ?? 1);
    return `${a.words}, ${vcpus} vcpu${vcpus > 1 ? 's' : ''}`;
  }
  const run = /^run (\w+)$/.exec(a.words);
  return run && vms.get(run[1]!)?.halts ? `${a.words}, halting` : a.words;
}

function wrapped(about: string): string[] {
  const words = about.replace(/"/g, "'").split(/\s+/);
  const lines: string[] = [];
  let line = '"';
  for (const word of words) {
    if (line.length > 1 && line.length + word.length + 1 > 78) {
      lines.push(line);
      line = ' ';
    }
    line += line === '"' || line === ' ' ? word : ` ${word}`;
  }
  return [...lines, `${line}"`];
}
