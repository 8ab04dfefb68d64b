/**
 * What happens in a run, as far as it can be held against another run: callbacks of the hotplug walk, what userspace did and
 * got, lines of the log, faults, deaths, and whether virtualization and TDX are on. Where a task was put, and how many steps
 * something took, is not among them: that is the schedule's, and no difference of the kernels.
 */
import { errnoName } from '../language/errno';
import type { Program } from '../language/program';
import type { Effect } from '../machine/effects';
import type { History } from '../machine/history';
import { Look, type CpuId, type Ordinal, type Timeline } from './columns';

export interface Happening {
  readonly at: Ordinal;
  /** What happens of the same sequence is compared in its order: "cpu 4", "actor admin", "log". */
  readonly sequence: string;
  /** Equal keys are the same event. */
  readonly key: string;
  /** How it ended, '' where nothing can be said: two that are the same may have ended differently. */
  readonly result: string;
  /** The CPU that it is about. */
  readonly cpu: CpuId;
  readonly text: string;
  /** The beginning of something whose end is told too: a place to align at, not a difference of its own. */
  readonly begins?: boolean;
  /** A line of the log, or a callback that went well: what it means shows elsewhere, if it means anything. */
  readonly quiet?: boolean;
}

export interface Story {
  readonly happenings: readonly Happening[];
  /** Keys of all callbacks that this kernel's table has: one that the other kernel does not know cannot happen there. */
  readonly callbacks: ReadonlySet<string>;
}

/** All of a run, in order. */
export function storyOf(program: Program, history: History, timeline: Timeline): Story {
  const found: Happening[] = [];
  for (const [at, effects] of history.effects)
    for (const effect of effects) {
      const cpu = history.step(at).cpu;
      const said = say(program, effect, cpu);
      if (said) found.push({ at, ...said });
    }
  found.push(...states(timeline));
  return {
    happenings: found.sort((x, y) => x.at - y.at),
    callbacks: new Set(program.states.flatMap((s) => [keyOf(s, 'up'), keyOf(s, 'down')])),
  };
}

/** By constant, since numbers drift from kernel to kernel; a state that is given out at run time has only a name. */
const keyOf = (state: Program['states'][number], way: 'up' | 'down'): string =>
  `${state.constant || state.name} ${way}`;

function say(program: Program, e: Effect, on: CpuId): Omit<Happening, 'at'> | null {
  switch (e.kind) {
    case 'callback': {
      const state = program.states[program.stateByNumber[e.state] ?? -1];
      if (!state) return null;
      const way = e.up ? 'up' : 'down';
      const name = state.name || state.constant;
      const about = { sequence: `cpu ${e.cpu}`, cpu: e.cpu, text: `${name} of CPU ${e.cpu}, ${way}` };
      const key = keyOf(state, way);
      if (e.begin) return { ...about, key: `${key} begins`, result: '', begins: true };
      return { ...about, key, result: resultText(e.result), quiet: e.result >= 0 };
    }
    case 'action': {
      const actor = program.actors[e.actor]!;
      const { text } = actor.actions[e.index]!;
      const about = { sequence: `actor ${actor.name}`, cpu: on, text: `${actor.name}: ${text}` };
      if (e.begin) return { ...about, key: `${e.index} begins`, result: '', begins: true };
      return { ...about, key: `${e.index}`, result: resultText(e.result) };
    }
    case 'log':
      return { sequence: 'log', key: e.text, result: '', cpu: e.cpu, text: `log: ${e.text}`, quiet: true };
    case 'oops': {
      const name = program.contexts[e.context]!.name;
      const text = `BUG in ${e.fn} on CPU ${e.cpu}, ${name}`;
      return { sequence: `task ${name}`, key: `oops ${e.fn}`, result: '', cpu: e.cpu, text };
    }
    case 'panic':
      return { sequence: 'panic', key: e.why, result: '', cpu: e.cpu, text: `panic: ${e.why}` };
    case 'fault': {
      const { text } = program.faults[e.fault]!;
      return {
        sequence: `cpu ${e.cpu}`,
        key: `fault ${text}`,
        result: '',
        cpu: e.cpu,
        text: `the fault strikes: ${text}`,
      };
    }
    default:
      return null;
  }
}

/** `result < 0` is an errno; a write that succeeds returns how much it wrote, which is no news. */
const resultText = (result: number): string => (result < 0 ? errnoName(result) : 'done');

/** Changes of the rows that tell whether a CPU has virtualization and TDX. */
function states({ tracks, slices, strings }: Timeline): Happening[] {
  const found: Happening[] = [];
  for (let i = 0; i < slices.length; i++) {
    const { kind, cpu } = tracks[slices.track[i]!]!;
    if ((kind !== 'virt' && kind !== 'tdx') || slices.depth[i] !== 0 || slices.start[i] === 0) continue;
    // That it is off needs no saying; that it failed has a look of its own.
    if (slices.look[i] === Look.off) continue;
    const name = strings[slices.name[i]!]!;
    const what = kind === 'virt' ? 'virtualization' : 'TDX';
    found.push({
      // The slice begins after the step that made it so.
      at: slices.start[i]! - 1,
      sequence: `${kind} ${cpu}`,
      key: name,
      result: '',
      cpu,
      text: `CPU ${cpu}, ${what}: ${name}`,
    });
  }
  return found;
}
