/** The causes of an outcome as a reader wants them: a list in words, and what of the lanes is kept while the rest is faded. */
import { Causes, type Cause } from '../../litmus/causes';
import { cellLabel, codeText, contextName, unmet, type Unmet } from '../../litmus/words';
import { outsetOf, type Subject } from '../../litmus/why';
import { namesOf, setText } from '../../language/names';
import { Head, type Instr } from '../../language/program';
import { valueOf, type Asker } from '../../litmus/reads';
import type { Effect } from '../../machine/effects';
import type { Machine } from '../../machine/machine';
import { kernelSource } from '../../kernels/index';
import type { Kept } from '../../lanes/overlay';
import type { Timeline } from '../../timeline/columns';
import type { RunView } from '../store/run-view';
import { effectWords, schedulerWords } from './step';
import { replayOf, traceOf } from './visits';

const known = new WeakMap<RunView['history'], { readonly length: number; readonly causes: Causes }>();

/** The steps that a subject depends on. */
export function causesOf(run: RunView, subject: Subject): readonly Cause[] {
  let made = known.get(run.history);
  if (!made || made.length !== run.history.length) {
    const replay = replayOf(run);
    run.cursor.seek(0);
    const causes = new Causes(run.history, run.cursor.s, { replay, trace: traceOf(run) });
    known.set(run.history, (made = { length: run.history.length, causes }));
  }
  return made.causes.of(outsetOf(replayOf(run), subject));
}

/** A line of the list. */
export interface CauseLine {
  /** Step from 0. */
  readonly step: number;
  /** "admin", "swapper/4". */
  readonly who: string;
  readonly cpu: number;
  readonly fn: string;
  readonly text: string;
  /** "decides", in words a reader knows. */
  readonly because: string;
  readonly loud: 'oops' | 'fail' | '';
}

const BECAUSE: Record<Cause['because'], string> = {
  outcome: 'what is asked about',
  value: 'wrote what was read',
  decides: 'decided what came next',
  omits: 'passed by what would have changed it',
  calls: 'sent or started it',
  places: 'put it there',
  wakes: 'ended a wait',
  acts: 'the action',
};

export function causeLine(run: RunView, cause: Cause): CauseLine {
  const { program, history } = run;
  const info = history.step(cause.step);
  const x = info.context;
  const instr = program.code[cause.pc];
  const effects = effectsOf(run, cause).flatMap((e) => effectWords(program, e));
  const loudest = effects.find((e) => e.loud === 'oops') ?? effects.find((e) => e.loud === 'fail');
  const said = info.kind === 'step' ? told(run, cause) : schedulerWords(info, contextName(program, x));
  const left = cause.because === 'omits' ? `${cellLabel(program, cause.cell)} stays as it was` : said;
  const text = [loudest?.text ?? '', left].filter((part) => part !== '').join('; ');
  return {
    step: cause.step,
    who: contextName(program, x),
    cpu: info.cpu,
    fn: instr && info.kind === 'step' && instr.op !== 'action' ? (program.frames[instr.frame]?.fn ?? '') : '',
    text: text === '' && instr ? sourceLine(instr.place) : text,
    because: BECAUSE[cause.because],
    loud: loudest?.loud ?? '',
  };
}

/** What a step showed to the outside; of a branch that leads to a fault, which strikes a moment later, that too. */
function effectsOf({ history }: RunView, { step, because }: Cause): readonly Effect[] {
  const own = history.effects.get(step) ?? [];
  if (because !== 'omits') return own;
  const { context } = history.step(step);
  for (let k = step; k < Math.min(step + 20, history.length); k++) {
    if (history.step(k).context !== context) continue;
    const struck = (history.effects.get(k) ?? []).filter((e) => e.kind === 'fault');
    if (struck.length > 0) return struck;
    if (k > step) break;
  }
  return own;
}

const sourceLine = ({ file, line }: { readonly file: string; readonly line: number }): string =>
  ((kernelSource(file) ?? '').split('\n')[line - 1] ?? '')
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/^atomic \{ (.*) \}$/, '$1');

/** "kvm_usage_count is 1, kvm_loaded is true". */
const listed = (parts: readonly Unmet[]): string =>
  parts
    .filter((p) => !/^-?\d+$/.test(p.text))
    .map((p) => `${p.text} is ${p.is}`)
    .join(', ');

/** What the instruction of a cause did, told at the moment at which it did it; '' where its line says it best. */
function told(run: RunView, cause: Cause): string {
  const { program, history } = run;
  const instr = program.code[cause.pc];
  if (!instr) return '';
  const replay = replayOf(run);
  const machine = replay.at(cause.step);
  const own = history.step(cause.step).context;
  let text: string | null = null;
  replay.step(cause.step, {
    before: (context, pc) => {
      if (pc === cause.pc && text === null)
        text = context === own ? before({ machine, context }, instr) : `starts ${contextName(program, context)}`;
    },
    after: (context, pc, from) => {
      if (pc === cause.pc && text === null) text = written(machine, context, from);
    },
  });
  return text ?? '';
}

/** Conditions and calls are told as they stand before; null: what it writes tells it. */
function before(asker: Asker, instr: Instr): string | null {
  const { program } = asker.machine;
  switch (instr.op) {
    case 'branch': {
      const missing = unmet(asker, instr.cond);
      return listed(missing.length > 0 ? missing : unmet(asker, instr.cond, false));
    }
    case 'await':
    case 'spin':
      return `goes on: ${listed(unmet(asker, instr.cond, false)) || codeText(asker, instr.cond)}`;
    case 'switch': {
      const state = program.states[program.stateByNumber[valueOf(asker, instr.on)] ?? -1];
      return state ? `comes to ${state.name || state.constant}` : '';
    }
    case 'action': {
      const actor = program.actors[instr.actor]!;
      const { text } = actor.actions[instr.index]!;
      return `${actor.name}: ${text} ${instr.begin ? 'begins' : 'is done'}`;
    }
    case 'ipi':
      return `calls ${instr.name} on other CPUs`;
    case 'start':
      return `starts CPU ${valueOf(asker, instr.cpu)}`;
    case 'spawn':
      return 'starts a task';
    default:
      return null;
  }
}

/** The variables that an instruction wrote, with their values. */
function written(machine: Machine, context: number, from: number): string {
  const { program, journal, s } = machine;
  const names = namesOf(program);
  const own = program.contexts[context]!;
  const parts = new Set<string>();
  for (let i = from; i < journal.length; i += 2) {
    const cell = journal[i]!;
    if (cell >= own.base && cell < own.base + Head.size + own.locals) continue;
    const group = names.groupOf(cell);
    const variable = names.variableAt(cell);
    const allowed = group && /^(.*):allowed$/.exec(group.name);
    if (allowed) parts.add(`affinity of ${allowed[1]} = ${setText(group.count, (k) => s[group.base + k] !== 0)}`);
    else if (variable && variable.count > 1) parts.add(`${cellLabel(program, cell)} = ${s[cell] !== 0}`);
    else if (variable) parts.add(`${variable.name} = ${names.valueOf(variable, (c) => s[c]!)}`);
  }
  return [...parts].slice(0, 4).join(', ');
}

/** What of the lanes is not faded: bars that a told step opened or that were running it, its marks and its arrows. */
export function keptOf(
  run: RunView,
  timeline: Timeline,
  causes: readonly Cause[],
  placeOf: (step: number) => number,
  side?: 0 | 1,
): Kept {
  const { slices, instants, flows, tracks } = timeline;
  const told = new Uint8Array(timeline.length + 2);
  const where = new Map<number, { cpu: number; task: string }>();
  for (const { step } of causes) {
    const at = placeOf(step);
    told[at] = 1;
    const { cpu, context } = run.history.step(step);
    where.set(at, { cpu, task: contextName(run.program, context) });
  }
  const places = [...where.keys()].sort((a, b) => a - b);
  const last = places.at(-1) ?? -1;
  const lastCpu = where.get(last)?.cpu ?? -1;
  const kept = {
    slices: new Uint8Array(slices.length),
    instants: new Uint8Array(instants.length),
    flows: new Uint8Array(flows.length),
  };
  const mine = (track: number): boolean => tracks[track]!.side === side;
  for (let i = 0; i < slices.length; i++) {
    const track = tracks[slices.track[i]!]!;
    if (track.kind === 'value') {
      kept.slices[i] = 1;
      continue;
    }
    if (!mine(slices.track[i]!)) continue;
    const start = slices.start[i]!;
    // What a step does is seen from the next place on.
    if (start > 0 && told[start - 1] === 1) kept.slices[i] = 1;
    else if (holdsOutcome(track, start, slices.end[i]!, last, lastCpu)) kept.slices[i] = 1;
    else if (runsHere(track, start, slices.end[i]!, places, where)) kept.slices[i] = 1;
  }
  for (let i = 0; i < instants.length; i++) kept.instants[i] = mine(instants.track[i]!) ? told[instants.at[i]!]! : 0;
  for (let i = 0; i < flows.length; i++)
    kept.flows[i] =
      mine(flows.fromTrack[i]!) &&
      (told[flows.start[i]!] === 1 || told[flows.end[i]!] === 1 || told[flows.end[i]! - 1] === 1)
        ? 1
        : 0;
  return kept;
}

/** The state in which the outcome found its CPU. */
const holdsOutcome = (
  { kind, cpu }: Timeline['tracks'][number],
  start: number,
  end: number,
  at: number,
  on: number,
): boolean => (kind === 'cpu' || kind === 'virt' || kind === 'tdx') && cpu === on && start <= at && at < end;

function runsHere(
  { kind, cpu, name }: Timeline['tracks'][number],
  start: number,
  end: number,
  places: readonly number[],
  where: ReadonlyMap<number, { readonly cpu: number; readonly task: string }>,
): boolean {
  if (kind !== 'runs' && kind !== 'vcpu' && kind !== 'task') return false;
  let lo = 0;
  let hi = places.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (places[mid]! < start) lo = mid + 1;
    else hi = mid;
  }
  for (; lo < places.length && places[lo]! < end; lo++) {
    const here = where.get(places[lo]!)!;
    if (kind === 'runs' ? here.cpu === cpu : here.task === name) return true;
  }
  return false;
}
