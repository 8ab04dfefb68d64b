/** One step of a run as the inspector shows it: plain data out of the history and the state after the step. */
import { errnoName } from '../../language/errno';
import { Head, Run, type Context, type Program } from '../../language/program';
import { kernelSource } from '../../kernels/index';
import type { Effect } from '../../machine/effects';
import type { StepInfo } from '../../machine/history';
import type { RunView } from '../store/run-view';
import { writesOf } from './pins';
import { namesOf, type Variable } from '../../language/names';

export interface StackLine {
  readonly fn: string;
  /** Source and fact of the function, as its text names them. */
  readonly source: string;
}

export interface Change {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly doc: string;
}

export interface Value {
  readonly name: string;
  readonly value: string;
  readonly doc: string;
  readonly changed: boolean;
  /** The step (from 1) that made it so; 0: it is so from the start, or the run is too long to tell. */
  readonly set: number;
}

export interface StepView {
  /** From 1; 0 is the state before the first. */
  readonly number: number;
  readonly timeUs: number;
  readonly cpu: number;
  readonly task: string;
  /** Whose context, and what it may not do: "interrupts off", "boot path of the CPU". */
  readonly context: readonly string[];
  /** Innermost first; empty where the step is the scheduler's. */
  readonly stack: readonly StackLine[];
  readonly line: { readonly file: string; readonly line: number; readonly text: string } | null;
  /** What happened, in words, beside what was written. */
  readonly events: readonly { readonly text: string; readonly loud: 'oops' | 'fail' | '' }[];
  readonly changes: readonly Change[];
  readonly variables: readonly { readonly title: string; readonly values: readonly Value[] }[];
}

/** Steps of a run up to which every value tells where it was set. */
const MOST_TOLD = 50_000;

const movingOf = new WeakMap<RunView, readonly Variable[]>();

/** The variables of which some element changes in this run, in the order of the texts: the others would be noise. */
function moving(run: RunView): readonly Variable[] {
  const known = movingOf.get(run);
  if (known) return known;
  const of = namesOf(run.program);
  const groups = new Set<Variable['group']>();
  for (let step = 0; step < run.steps; step++)
    run.history.changes(step, (cell) => {
      const variable = of.variableAt(cell);
      if (variable) groups.add(variable.group);
    });
  const list: Variable[] = [];
  for (const { base, count } of groups) {
    for (let cell = base; cell < base + count;) {
      const variable = of.variableAt(cell)!;
      list.push(variable);
      cell = variable.base + variable.count;
    }
  }
  list.sort((a, b) => a.base - b.base);
  movingOf.set(run, list);
  return list;
}

/** The machine before anything has happened. */
function startView(run: RunView): StepView {
  run.cursor.seek(0);
  return {
    number: 0,
    timeUs: 0,
    cpu: -1,
    task: '',
    context: [],
    stack: [],
    line: null,
    events: [{ text: 'Before the first step', loud: '' }],
    changes: [],
    variables: variablesAt(run, 0, 0, new Map(), (cell) => run.cursor.s[cell]!),
  };
}

/** @param number the step, from 1, as the playhead counts them */
export function stepView(run: RunView, number: number): StepView {
  if (number < 1 || run.steps === 0) return startView(run);
  const { program, history, cursor } = run;
  const step = Math.min(number, run.steps) - 1;
  const info = history.step(step);
  const context = program.contexts[info.context]!;
  cursor.seek(step);
  const before = cursor.s.slice(context.base, context.base + Head.size);
  const changed = new Map<number, { variable: Variable; before: number[] }>();
  const notes: Change[] = [];
  history.changes(step, (cell, old, now) => {
    const variable = namesOf(program).variableAt(cell);
    if (variable && !changed.has(variable.base)) {
      const was = Array.from({ length: variable.count }, (_, i) => cursor.s[variable.base + i]!);
      changed.set(variable.base, { variable, before: was });
    }
    const note = contextChange(program, info, cell, old, now);
    if (note) notes.push(note);
  });
  cursor.seek(step + 1);
  const now = (cell: number): number => cursor.s[cell]!;
  const changes = [...changed.values()].map(({ variable, before: was }) => ({
    name: variable.name,
    before: namesOf(program).valueOf(variable, (cell) => was[cell - variable.base]!),
    after: namesOf(program).valueOf(variable, now),
    doc: variable.doc,
  }));
  const instr = program.code[info.pc];
  const executes = info.kind === 'step' && instr !== undefined;
  return {
    number: step + 1,
    timeUs: info.start / 1000,
    cpu: info.cpu,
    task: taskName(context),
    context: contextWords(context, before, now(context.base + Head.irqOff), now(context.base + Head.preempt)),
    stack: executes ? stackOf(program, instr.frame) : [],
    line: executes ? lineOf(instr.place.file, instr.place.line) : null,
    events: [
      ...(executes ? [] : [{ text: schedulerWords(info, taskName(context)), loud: '' as const }]),
      ...(history.effects.get(step) ?? []).flatMap((e) => effectWords(program, e)),
    ],
    changes: [...changes, ...notes],
    variables: variablesAt(run, info.cpu, step + 1, changed, now),
  };
}

function taskName(context: Context): string {
  if (context.kind === 'idle') return `swapper/${context.cpu}`;
  return context.name;
}

function contextWords(context: Context, before: Int32Array, irqOff: number, preempt: number): string[] {
  const words: string[] = [];
  if (context.kind === 'irq') words.push('interrupt');
  if (context.kind === 'stopper') words.push('stop_machine');
  if (context.kind === 'idle') words.push("the CPU's own boot path");
  if (context.kind === 'init') words.push('boot');
  if (context.kind === 'percpu') words.push('per-CPU kthread');
  if (context.kind === 'kthread') words.push('kthread');
  const wasOff = before[Head.irqOff]! > 0;
  if (wasOff || irqOff > 0 || context.kind === 'irq') words.push('interrupts off');
  const count = Math.max(before[Head.preempt]!, preempt);
  if (count > 0) words.push(`preempt_count ${count}`);
  return words;
}

function stackOf(program: Program, frame: number): StackLine[] {
  const stack: StackLine[] = [];
  for (let f = frame; f >= 0; f = program.frames[f]!.parent) {
    const { fn, source } = program.frames[f]!;
    if (stack.at(-1)?.fn !== fn) stack.push({ fn, source: tidy(source) });
  }
  return stack;
}

/** The note of a text names facts by number, which only its authors can look up. */
function tidy(source: string): string {
  return source.replace(/[;,(]?\s*\(?facts? [\d.]+.*$/, '').trim();
}

const linesOf = new Map<string, readonly string[]>();

function lineOf(file: string, line: number): StepView['line'] {
  let lines = linesOf.get(file);
  if (!lines) linesOf.set(file, (lines = (kernelSource(file) ?? '').split('\n')));
  const text = lines[line - 1]?.trim() ?? '';
  return text === '' ? null : { file: file.replace(/^kernels\/(\w+\/)?/, ''), line, text };
}

const runWords = {
  [Run.none]: 'not started',
  [Run.runnable]: 'runnable',
  [Run.sleeping]: 'sleeping',
  [Run.dead]: 'dead',
};

/** A change of the context that stepped, as far as it means something to a reader. */
function contextChange(program: Program, info: StepInfo, cell: number, before: number, after: number): Change | null {
  const context = program.contexts[info.context]!;
  const own = cell - context.base;
  if (own === Head.run) {
    const word = (value: number): string => runWords[value as keyof typeof runWords] ?? String(value);
    // A task that has ended can be started again: to the machine it is as it was before.
    const now = after === Run.none ? 'ended' : word(after);
    return { name: taskName(context), before: word(before), after: now, doc: 'run state' };
  }
  if (own === Head.irqOff)
    return { name: 'interrupts', before: before > 0 ? 'off' : 'on', after: after > 0 ? 'off' : 'on', doc: '' };
  if (own === Head.preempt)
    return { name: 'preempt_count', before: String(before), after: String(after), doc: 'of this task' };
  return null;
}

export function schedulerWords(info: StepInfo, task: string): string {
  switch (info.kind) {
    case 'sleep':
      return `${task} must wait and gives up CPU ${info.cpu}`;
    case 'irq':
      return `CPU ${info.cpu} takes an interrupt`;
    case 'wake':
      return `${task} is woken, on CPU ${info.cpu}`;
    case 'switch':
      return `CPU ${info.cpu} switches to ${task}`;
    case 'preempt':
      return `${task} is preempted on CPU ${info.cpu}`;
    case 'push':
      return `${task} is moved to CPU ${info.cpu}`;
    case 'adrift':
      return `no CPU may take ${task} any more: its affinity mask is reset`;
    case 'step':
      return '';
  }
}

type Event = StepView['events'][number];

export function effectWords(program: Program, e: Effect): Event[] {
  const quiet = (text: string): Event[] => [{ text, loud: '' }];
  const name = (x: number): string => (program.contexts[x] ? taskName(program.contexts[x]) : '?');
  switch (e.kind) {
    case 'log':
      return quiet(`log: ${e.text}`);
    case 'trace':
      return quiet(e.text);
    case 'oops':
      return [
        { text: `BUG in ${e.fn}${e.killed ? `: ${name(e.context)} is killed` : ': the host panics'}`, loud: 'oops' },
      ];
    case 'panic':
      return [{ text: `panic: ${e.why}`, loud: 'oops' }];
    case 'ud':
      return [{ text: `#UD at ${e.instruction}`, loud: 'oops' }];
    case 'callback': {
      const state = program.states[program.stateByNumber[e.state] ?? -1];
      const what = `${state?.name || state?.constant || e.state} (state ${e.state}), CPU ${e.cpu} ${e.up ? 'up' : 'down'}`;
      if (e.begin) return quiet(`begins ${what}`);
      return [{ text: `${what}: ${e.result < 0 ? errnoName(e.result) : 'done'}`, loud: e.result < 0 ? 'fail' : '' }];
    }
    case 'fault':
      return [
        {
          text: `the armed fault strikes: ${(program.faults[e.fault]?.text ?? '').replace(/^(maybe )?fault\s+/, '')}`,
          loud: 'fail',
        },
      ];
    case 'send':
      return quiet(`IPI to CPU ${e.to}: ${e.name}`);
    case 'deliver':
      return quiet(`IPI taken: ${e.name}`);
    case 'migrate':
      return quiet(`${name(e.context)} migrates from CPU ${e.from} to CPU ${e.to}`);
    case 'action': {
      const actor = program.actors[e.actor]!;
      const text = `${actor.name}: ${actor.actions[e.index]!.text}`;
      if (e.begin) return quiet(`${text} begins`);
      const result = e.result < 0 ? errnoName(e.result) : String(e.result);
      return [{ text: `${text} returns ${result}`, loud: e.result < 0 ? 'fail' : '' }];
    }
    case 'ended':
      return quiet(e.dead ? `${name(e.context)} is dead` : `${name(e.context)} ends`);
    case 'affinity':
      return quiet(`${name(e.context)}: affinity mask reset`);
    case 'handled':
      return [];
  }
}

function variablesAt(
  run: RunView,
  cpu: number,
  done: number,
  changed: ReadonlyMap<number, unknown>,
  now: (cell: number) => number,
): StepView['variables'] {
  const { program } = run;
  // A run that goes on is looked through anew each time: not where it is long.
  const writes = run.steps <= MOST_TOLD ? writesOf(run) : null;
  const globals: Value[] = [];
  const here: Value[] = [];
  const guests: Value[] = [];
  for (const variable of moving(run)) {
    const { group, base, count, name, doc } = variable;
    let set = 0;
    for (let cell = base; cell < base + count; cell++) set = Math.max(set, (writes?.before(cell, done) ?? -1) + 1);
    const value: Value = { name, value: namesOf(program).valueOf(variable, now), doc, changed: changed.has(base), set };
    if (count > 1 || group.scope === 'global') globals.push(value);
    else if (group.scope === 'cpu') {
      const per = group.count / program.cpus;
      if (Math.floor((base - group.base) / per) === cpu) here.push(value);
    } else guests.push(value);
  }
  // What the question turns on comes first, the hotplug core's bookkeeping last.
  const rank = ({ name }: Value): number =>
    /^(cr4|vmx|efer|virt|current_vmcs|vmcs|vm_hsave)/.test(name) || /^kvm_|hardware_enable/.test(name) ? 0 : 1;
  globals.sort((a, b) => rank(a) - rank(b));
  here.sort((a, b) => rank(a) - rank(b));
  return [
    { title: 'Kernel', values: globals },
    { title: `CPU ${cpu}`, values: here },
    { title: 'VMs and vCPUs', values: guests },
  ].filter((section) => section.values.length > 0);
}
