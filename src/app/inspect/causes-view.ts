/** The causes of an outcome as a reader wants them: a list in words, and what of the lanes is kept while the rest is faded. */
import { Causes, type Cause } from '../../litmus/causes';
import { cellLabel, codeText, contextName, unmet, type Unmet } from '../../litmus/words';
import { outsetOf, type Subject } from '../../litmus/why';
import { namesOf } from '../../language/names';
import { Head } from '../../language/program';
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
  const effects = (history.effects.get(cause.step) ?? []).flatMap((e) => effectWords(program, e));
  const loudest = effects.find((e) => e.loud === 'oops') ?? effects.find((e) => e.loud === 'fail');
  const instr = program.code[cause.pc];
  const text = info.kind !== 'step' ? schedulerWords(info, contextName(program, x)) : (told(run, cause) ?? '');
  const shown = loudest && loudest.text !== text ? (text === '' ? loudest.text : `${loudest.text}: ${text}`) : text;
  return {
    step: cause.step,
    who: contextName(program, x),
    cpu: info.cpu,
    fn: instr && info.kind === 'step' && instr.op !== 'action' ? (program.frames[instr.frame]?.fn ?? '') : '',
    text: shown,
    because: BECAUSE[cause.because],
    loud: loudest?.loud ?? '',
  };
}

/** "kvm_usage_count is 1, kvm_loaded is true". */
const listed = (parts: readonly Unmet[]): string => parts.map((p) => `${p.text} is ${p.is}`).join(', ');

/** What the instruction of a cause did, told at the moment at which it did it. */
function told(run: RunView, cause: Cause): string | null {
  const { program } = run;
  const instr = program.code[cause.pc];
  if (!instr) return null;
  const replay = replayOf(run);
  const machine = replay.at(cause.step);
  const names = namesOf(program);
  let text: string | null = null;
  const source = (): string =>
    (kernelSource(instr.place.file) ?? '').split('\n')[instr.place.line - 1]?.trim().replace(/\s+/g, ' ') ?? '';
  replay.step(cause.step, {
    before: (context, pc) => {
      if (pc !== cause.pc || text !== null) return;
      const asker = { machine, context };
      switch (instr.op) {
        case 'branch': {
          const missing = unmet(asker, instr.cond);
          const present = unmet(asker, instr.cond, false);
          const parts = missing.length > 0 ? missing : present;
          text = listed(parts) || codeText(asker, instr.cond);
          return;
        }
        case 'await':
        case 'spin':
          text = `goes on: ${listed(unmet(asker, instr.cond, false)) || codeText(asker, instr.cond)}`;
          return;
        case 'action': {
          const actor = program.actors[instr.actor]!;
          const { text: action } = actor.actions[instr.index]!;
          text = `${actor.name}: ${action} ${instr.begin ? 'begins' : 'is done'}`;
          return;
        }
        case 'ipi':
          text = `calls ${instr.name} on other CPUs`;
          return;
        case 'start':
          text = 'starts the CPU';
          return;
        case 'spawn':
          text = 'starts a task';
          return;
        default:
          // Told by what it writes, once it has.
          return;
      }
    },
    after: (context, pc, from) => {
      if (pc !== cause.pc || text !== null) return;
      const own = program.contexts[context]!;
      const written: string[] = [];
      for (let i = from; i < machine.journal.length; i += 2) {
        const cell = machine.journal[i]!;
        if (cell >= own.base && cell < own.base + Head.size + own.locals) continue;
        const variable = names.variableAt(cell);
        const group = names.groupOf(cell);
        if (!variable || !group) continue;
        const bit = variable.count > 1;
        const value = bit ? String(machine.s[cell] !== 0) : names.valueOf(variable, (c) => machine.s[c]!);
        written.push(`${bit ? cellLabel(program, cell) : variable.name} = ${value}`);
      }
      text = written.length > 0 ? written.slice(0, 4).join(', ') : source();
    },
  });
  return text;
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
    if (!mine(slices.track[i]!)) continue;
    if (track.kind === 'value') {
      kept.slices[i] = 1;
      continue;
    }
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
