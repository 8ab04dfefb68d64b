/** Whatever is selected on the lanes of a run: how it stands now, why so, and what it went through. As plain data. */
import { errnoName } from '../../language/errno';
import { Head, Run, type Program } from '../../language/program';
import type { Virtualization } from '../../litmus/outcome';
import { virtualizationOf } from '../../litmus/seen';
import { standOf, waitChain, waitOf, whyNotOn, type Wait } from '../../litmus/waits';
import { contextName } from '../../litmus/words';
import type { Item } from '../../lanes/lanes-view';
import { durationText } from '../../lanes/scale';
import type { Machine } from '../../machine/machine';
import type { Timeline } from '../../timeline/columns';
import type { RunView } from '../store/run-view';
import { writesOf } from './pins';
import { replayOf } from './visits';

/** A line; a click on it goes to `step` (from 1, as the playhead counts), where it has one. */
export interface Line {
  readonly text: string;
  readonly step?: number;
  readonly loud?: 'fail' | 'oops';
}

export interface SubjectView {
  readonly title: string;
  /** Name of a variable that can be pinned to the lanes as a row, or ''. */
  readonly pin: string;
  readonly now: readonly Line[];
  readonly why: readonly Line[];
  readonly history: readonly Line[];
}

/** Changes that are listed; of more only those around now. */
const MOST = 40;

const clock = (run: RunView, step: number): string => durationText(run.history.step(step).start / 1000);

/** "since step 812 (1.31 ms)". */
const since = (run: RunView, step: number): string =>
  step < 0 ? 'from the start' : `since step ${(step + 1).toLocaleString('en')} (${clock(run, step)})`;

/** The step at which a context came to where it stands, or -1. */
function arrived(run: RunView, x: number, done: number): number {
  const { base } = run.program.contexts[x]!;
  return Math.max(...[Head.pc, Head.run].map((field) => writesOf(run).before(base + field, done)));
}

/** Why a context does not go on, to the end of the chain; each with since when. */
export function waitLines(run: RunView, machine: Machine, x: number, done: number): Line[] {
  const { waits, cycle } = waitChain(machine, x);
  const lines: Line[] = waits.map((wait) => {
    const step = sinceOf(run, wait, done);
    return {
      text: `${contextName(run.program, wait.context)} waits for ${wait.what}, ${since(run, step)}`,
      ...(step >= 0 ? { step: step + 1 } : {}),
    };
  });
  const last = waits.at(-1);
  if (cycle) lines.push({ text: 'Each waits for the next: a deadlock', loud: 'oops' });
  else if (last?.on[0] !== undefined) {
    const end = last.on[0];
    const dead = machine.head(end, Head.run) === Run.dead;
    const step = arrived(run, end, done);
    lines.push({
      text: `${contextName(run.program, end)} is ${dead ? 'dead' : standOf(machine, end).replace(/^runs/, 'running')}, ${since(run, step)}`,
      ...(step >= 0 ? { step: step + 1 } : {}),
      ...(dead ? { loud: 'oops' as const } : {}),
    });
  }
  return lines;
}

/** Since when: a lock since it was taken by whoever has it; anything else since the task came there. */
function sinceOf(run: RunView, wait: Wait, done: number): number {
  const [cell] = wait.cells;
  if (wait.kind === 'lock' && cell !== undefined) return writesOf(run).before(cell, done);
  return arrived(run, wait.context, done);
}

/** All that a CPU waits for or lacks. */
function cpuView(run: RunView, machine: Machine, cpu: number, done: number): SubjectView {
  const { program } = run;
  const now: Line[] = [];
  const ask = (name: string): boolean | null => (program.probes.has(name) ? machine.probe(name, cpu) !== 0 : null);
  for (const name of ['present', 'online', 'active']) {
    const is = ask(name);
    if (is !== null) now.push({ text: `${is ? '' : 'not '}${name}` });
  }
  const virtualization = virtualizationOf(machine, cpu);
  if (virtualization !== null) {
    const words: Readonly<Record<Virtualization, string>> = {
      on: 'on',
      lost: 'off: it was lost',
      off: 'off',
      failed: 'off: the enable failed',
      lied: 'off, though the enable reported success',
    };
    const bad = virtualization === 'failed' || virtualization === 'lied';
    now.push({ text: `virtualization ${words[virtualization]}`, ...(bad ? { loud: 'fail' as const } : {}) });
  }
  const top = machine.top(cpu);
  if (top >= 0) now.push({ text: machine.instrOf(top).op === 'idle' ? 'idle' : `runs ${contextName(program, top)}` });
  for (const x of machine.waiting(cpu)) now.push({ text: `${contextName(program, x)} is runnable here` });
  const why = [...failureOf(run, cpu, done), ...cannot(run, machine, cpu, done)];
  if (top >= 0) why.push(...waitLines(run, machine, top, done));
  return { title: `CPU ${cpu}`, pin: '', now, why, history: [] };
}

/** The last callback or enable that failed on a CPU, and what that meant where it stood. */
function failureOf(run: RunView, cpu: number, done: number): Line[] {
  const { program, history } = run;
  const number = (constant: string): number => program.states.find((s) => s.constant === constant)?.number ?? Infinity;
  const open: { state: number; up: boolean }[] = [];
  let said: Line | null = null;
  for (let k = 0; k < done; k++)
    for (const e of history.effects.get(k) ?? []) {
      if (e.kind === 'callback' && e.cpu === cpu) {
        if (e.begin) open.push({ state: e.state, up: e.up });
        else {
          open.pop();
          if (e.result < 0) {
            const state = program.states[program.stateByNumber[e.state] ?? -1];
            said = {
              text: `${state?.name || state?.constant || e.state} returned ${errnoName(e.result)} in step ${k + 1}`,
              step: k + 1,
              loud: 'fail',
            };
          }
        }
      } else if (e.kind === 'fault' && e.cpu === cpu) {
        const fault = program.faults[e.fault];
        const at = open.at(-1);
        const inside = at ? program.states[program.stateByNumber[at.state] ?? -1] : undefined;
        const starting =
          at !== undefined &&
          at.up &&
          at.state > number('CPUHP_BRINGUP_CPU') &&
          at.state < number('CPUHP_AP_ONLINE_IDLE');
        const where = inside
          ? `, within ${inside.name || inside.constant}${starting ? ' of the STARTING section, which may not fail' : ''}`
          : '';
        const returned = fault
          ? `${fault.fn} returned ${fault.returns < 0 ? errnoName(fault.returns) : fault.returns}`
          : 'a fault struck';
        said = { text: `since step ${k + 1} (${clock(run, k)}): ${returned}${where}`, step: k + 1, loud: 'fail' };
      }
    }
  return said ? [said] : [];
}

/** What keeps the CPU from being taken offline or online now. */
function cannot(run: RunView, machine: Machine, cpu: number, done: number): Line[] {
  const { program } = run;
  const lines: Line[] = [];
  const online = program.probes.has('online') ? machine.probe('online', cpu) !== 0 : null;
  const present = program.probes.has('present') ? machine.probe('present', cpu) !== 0 : null;
  if (present === false) lines.push({ text: 'It cannot be taken online: it is not present' });
  if (online === true) {
    const others = Array.from({ length: program.cpus }, (_, c) => c).filter(
      (c) => c !== cpu && machine.probe('online', c) !== 0,
    );
    if (others.length === 0) lines.push({ text: 'It cannot be taken offline: it is the last one that is online' });
  }
  for (const { name, cell } of program.locks) {
    if (!/hotplug|add_remove/.test(name) || machine.s[cell] === 0) continue;
    const value = machine.s[cell]!;
    const step = writesOf(run).before(cell, done);
    const holder =
      value > 0 && name === 'cpu_hotplug_lock'
        ? value === 1
          ? 'a reader'
          : `${value} readers`
        : contextName(program, Math.abs(value) - 1);
    lines.push({
      text: `Whoever takes it online or offline now waits for ${name}, held by ${holder} ${since(run, step)}`,
      ...(step >= 0 ? { step: step + 1 } : {}),
    });
  }
  return lines;
}

function taskView(run: RunView, machine: Machine, x: number, done: number): SubjectView {
  const { program } = run;
  const context = program.contexts[x]!;
  const now: Line[] = [];
  const wait = waitOf(machine, x);
  const at = arrived(run, x, done);
  now.push({
    text: `${wait ? `waits, ${since(run, at)}` : `${standOf(machine, x)}, ${since(run, at)}`}`,
    ...(at >= 0 ? { step: at + 1 } : {}),
  });
  const fn = program.frames[machine.instrOf(x).frame]?.fn;
  if (fn && machine.head(x, Head.pc) !== 0) now.push({ text: `in ${fn}` });
  for (const { name, cell, mode } of program.locks) {
    const value = machine.s[cell]!;
    if (value === 0 || (mode === 'rwsem' && value > 0) || Math.abs(value) - 1 !== x) continue;
    const step = writesOf(run).before(cell, done);
    now.push({ text: `holds ${name} ${since(run, step)}`, ...(step >= 0 ? { step: step + 1 } : {}) });
  }
  const why = waitLines(run, machine, x, done);
  const alive = machine.head(x, Head.run) === Run.runnable || machine.head(x, Head.run) === Run.sleeping;
  if (alive && context.allowed >= 0)
    for (let c = 0; c < Math.min(program.cpus, 64); c++) {
      const not = whyNotOn(machine, x, c);
      if (not) why.push({ text: `may not run on CPU ${c}: ${not.text}` });
    }
  return { title: contextName(program, x), pin: '', now, why, history: [] };
}

function lockView(run: RunView, machine: Machine, lock: number, done: number): SubjectView {
  const { program } = run;
  const { name, cell, mode } = program.locks[lock]!;
  const holderOf = (value: number): string =>
    value === 0
      ? 'free'
      : mode === 'rwsem' && value > 0
        ? value === 1
          ? '1 reader'
          : `${value} readers`
        : contextName(program, Math.abs(value) - 1);
  const value = machine.s[cell]!;
  const step = writesOf(run).before(cell, done);
  const now: Line[] = [
    {
      text: `${value === 0 ? 'free' : `held by ${holderOf(value)}`}, ${since(run, step)}`,
      ...(step >= 0 ? { step: step + 1 } : {}),
    },
  ];
  const why: Line[] = [];
  program.contexts.forEach((_, x) => {
    const wait = waitOf(machine, x);
    if (wait?.kind !== 'lock' || wait.cells[0] !== cell) return;
    const at = arrived(run, x, done);
    why.push({
      text: `${contextName(program, x)} waits for it, ${since(run, at)}`,
      ...(at >= 0 ? { step: at + 1 } : {}),
    });
  });
  const owner = Math.abs(value) - 1;
  if (value !== 0 && !(mode === 'rwsem' && value > 0)) why.push(...waitLines(run, machine, owner, done));
  const writes = [...writesOf(run).of(cell)];
  const history = around(writes, done).map((k) => ({
    text: `step ${(k + 1).toLocaleString('en')} (${clock(run, k)}): ${holderOf(writesOf(run).valueAfter(cell, k))}`,
    step: k + 1,
  }));
  return { title: name, pin: name, now, why, history };
}

/** Those nearest to now, in order. */
function around(steps: readonly number[], done: number): number[] {
  if (steps.length <= MOST) return [...steps];
  const here = steps.findIndex((k) => k >= done);
  const from = Math.max(0, Math.min(steps.length - MOST, (here < 0 ? steps.length : here) - MOST / 2));
  return steps.slice(from, from + MOST);
}

/** The context that a row of the lanes follows, or -1. */
const contextNamed = (program: Program, name: string): number =>
  program.contexts.findIndex((c, x) => c.name === name || contextName(program, x) === name);

/**
 * What is selected, in a run.
 * @param done steps done where the playhead is
 */
export function subjectView(run: RunView, timeline: Timeline, item: Item, done: number): SubjectView | null {
  const { program } = run;
  const machine = replayOf(run).at(Math.min(done, run.steps));
  const track = trackOf(timeline, item);
  const { kind, cpu, name, task } = timeline.tracks[track]!;
  const ofTask = (x: number): SubjectView | null => (x < 0 ? null : taskView(run, machine, x, done));
  if (kind === 'lock') {
    const lock = program.locks.findIndex((l) => l.name === name);
    return lock < 0 ? null : lockView(run, machine, lock, done);
  }
  if (kind === 'vcpu' || kind === 'task') return ofTask(contextNamed(program, task || name));
  // On the row of what runs it is the task that was pointed at, or the interrupt.
  if (kind === 'runs' && item.kind === 'slice') {
    if (timeline.slices.depth[item.index]! > 0) return ofTask(1 + program.cpus + cpu);
    return (
      ofTask(contextNamed(program, timeline.strings[timeline.slices.name[item.index]!]!)) ??
      cpuView(run, machine, cpu, done)
    );
  }
  return cpu < 0 ? null : cpuView(run, machine, cpu, done);
}

function trackOf({ slices, instants, flows }: Timeline, item: Item): number {
  if (item.kind === 'slice') return slices.track[item.index]!;
  if (item.kind === 'instant') return instants.track[item.index]!;
  return item.kind === 'flow' ? flows.toTrack[item.index]! : item.track;
}

/** The bars of a row around a place, as its history: of a run and of a trace alike. */
export function rowHistory(
  timeline: Timeline,
  item: Item,
  at: number,
): { readonly text: string; readonly at: number; readonly end: number }[] {
  const { slices, strings } = timeline;
  const track = trackOf(timeline, item);
  const depth = item.kind === 'slice' ? slices.depth[item.index]! : 0;
  const rows: number[] = [];
  let lo = 0;
  let hi = slices.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (slices.track[mid]! < track) lo = mid + 1;
    else hi = mid;
  }
  let here = -1;
  for (let i = lo; i < slices.length && slices.track[i] === track; i++) {
    if (slices.depth[i] !== depth) continue;
    if (slices.start[i]! <= at) here = rows.length;
    rows.push(i);
  }
  const from = Math.max(0, Math.min(rows.length - MOST, Math.max(0, here) - MOST / 2));
  return rows.slice(from, from + MOST).map((i) => ({
    text: strings[slices.name[i]!]! || 'idle',
    at: slices.start[i]!,
    end: slices.end[i]!,
  }));
}
