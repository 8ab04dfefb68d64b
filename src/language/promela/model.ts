/**
 * A checked program as a Promela model: one process per context, whose steps are those of the machine.
 *
 * A state of the model is a state of the machine: the processes have no control of their own (each is one loop of
 * `d_step`s), and what they share is the machine's cells, apart from those that never change. So Spin, which reductions
 * leave alone, stores as many states as the explorer finds, and the one before the boot.
 */
import type { Program } from '../program';
import { cells, Codes, RUNNABLE, SLEEPING } from './codes';
import { and, atom, eq, isFalse, isTrue, not, num, or, type Expr } from './expr';
import { layOut } from './layout';
import { reach, type Family } from './reach';
import { SchedulingOptions } from './scheduling';
import { Steps, type Source } from './steps';
import { Vars, type Env, type Variable } from './vars';

export type { Source };

export interface ModelOptions {
  /** First lines of the model, as a comment. */
  readonly about?: readonly string[];
  readonly source?: Source;
}

/** `start`: the cells as they are when `init` has run. */
export function toPromela(
  program: Program,
  start: Int32Array,
  { about = [], source = () => '' }: ModelOptions = {},
): string {
  const found = reach(program, start);
  const vars = new Vars(program, start, found);
  const codes = new Codes(vars);
  const steps = new Steps(codes, source);
  const scheduling = new SchedulingOptions(codes, steps);
  const processes = found.families.flatMap((f) => processOf(f, vars, codes, steps, scheduling));
  const question = questionOf(program, codes);
  const rest = restOf(program, vars, codes);
  const boot = bootOf(vars, processes);
  return [
    ...comment([...about, '', ...HOW, ...readingOf(program)]),
    '',
    ...constants(vars),
    '',
    '/* The machine and the kernel: a state is what is in here. */',
    ...vars.variables.map(declaration),
    '/* The machine has booted, and the text has not yet done what no machine can. */',
    'bit sound;',
    ...(steps.remembers
      ? ['/* Within a step: it has not yet left the atomic block that it began in. */', 'bit joined;']
      : []),
    ...cells(vars.temporaries).map((k) => `int before_${k};`),
    '',
    'inline text_error() { sound = 0; assert(sound) }',
    '',
    ...codes.macros.flatMap(define),
    '',
    ...question,
    ...processes.flatMap((p) => [...p.lines, '']),
    ...rest,
    '',
    ...boot,
    '',
  ].join('\n');
}

const HOW = [
  'spin -o2 -a FILE && gcc -O2 -DSAFETY -DNOREDUCE -DVECTORSZ=8192 -o pan pan.c && ./pan -m1000000',
  '-o2 keeps variables that are written and never read: without it Spin joins states that differ in nothing else.',
];

/** What Spin's answers mean for the question of the text. */
function readingOf(program: Program): string[] {
  const { question } = program;
  const common = [
    '"invalid end state": a task that can never come to its end. "assertion violated sound": the text did what no machine can.',
  ];
  if (!question) return common;
  if (question.how === 'eventually')
    return [
      `Question: ${question.text}. Build without -DSAFETY and run ./pan -a -f -m1000000: an acceptance cycle is a run in which it never comes.`,
      ...common,
    ];
  const answer = question.how === 'exists' ? 'is a run that shows it: the answer is yes' : 'is a run that breaks it';
  return [...common, `Question: ${question.text}. Any other "assertion violated" ${answer}.`];
}

const comment = (lines: readonly string[]): string[] => [
  '/*',
  ...lines.map((l) => ` * ${l}`.trimEnd().replace(/\*\/$/, '*')),
  ' */',
];

function constants(vars: Vars): string[] {
  return [
    '/* Contexts: whatever can execute. A cell that holds one holds its number + 1, 0 for none. */',
    ...vars.contextNames.map((name, x) => `#define ${name} ${x}`),
    '',
    '/* States of a context; scheduling hooks that it is in. */',
    '#define RUNNABLE 1',
    '#define SLEEPING 2',
    '#define DEAD 3',
    '#define OUT 1',
    '#define IN 2',
  ];
}

const declaration = ({ name, type, size, about }: Variable): string =>
  `${type} ${name}${size > 0 ? `[${size}]` : ''};${about ? ` /* ${about.replace(/\*\//g, '')} */` : ''}`;

function define(text: string): string[] {
  const [, head, body] = /^(#define \w+(?:\([^)]*\))?) (\([\s\S]*\))$/.exec(text) ?? [];
  if (head === undefined || body === undefined || text.length <= 118) return [text];
  return [head, ...layOut(body.slice(1, -1), 2)].map((l, i, all) => {
    const inner = i === 0 ? `${l} (` : l;
    return i + 1 < all.length ? `${inner} \\` : `${inner})`;
  });
}

interface Process {
  readonly name: string;
  readonly count: number;
  readonly lines: readonly string[];
}

function processOf(family: Family, vars: Vars, codes: Codes, steps: Steps, scheduling: SchedulingOptions): Process[] {
  if (family.code.length === 0) return [];
  const env = envOf(family, vars);
  const name = vars.name(family.name);
  const options: string[] = [];
  if (family.kind === 'irq') options.push(...scheduling.irq(env));
  options.push(...steps.options(env).map((step) => `:: ${step}`));
  if (vars.isTask(family)) {
    const macro = (wanted: string, which: 'any' | 'sleeps'): Expr => {
      const body = steps.asleep(env, which);
      if (isFalse(body)) return body;
      return atom(codes.macro(wanted, '', family.name, body), 0, 1);
    };
    options.push(
      ...scheduling.task(env, { any: macro(`${name}_waits`, 'any'), sleeps: macro(`${name}_has_to_sleep`, 'sleeps') }),
    );
  }
  if (options.length === 0) return [];
  const parameter = family.count > 1 ? 'byte i' : '';
  return [
    {
      name,
      count: family.count,
      lines: [`proctype ${name}(${parameter}) {`, ...layOut(`do ${options.join(' ')} od`, 2), '}'],
    },
  ];
}

/** A family's process, of which there is one for each of its contexts. */
function envOf(family: Family, vars: Vars): Env {
  const first = vars.context(family.first);
  const one = family.count === 1;
  const i = one ? num(0) : atom('i', 0, family.count - 1);
  const x: Expr = one
    ? first
    : { ...atom(`${first.text} + i`, family.first, family.first + family.count - 1), binds: 3 };
  const bound = family.kind === 'idle' || family.kind === 'irq' || family.kind === 'stopper';
  const cpu = bound ? i : { ...vars.field('cpu', x), lo: 0, hi: vars.program.cpus - 1 };
  return { family, x, i, cpu };
}

/** Where nobody of userspace is left, or the host has panicked, nothing needs to go on. */
function restOf(program: Program, vars: Vars, codes: Codes): string[] {
  const left = program.contexts.flatMap((c, x) => {
    if (c.kind !== 'actor' && c.kind !== 'user') return [];
    const me = vars.context(x);
    const run = vars.field('run', me);
    return [and(or(eq(run, RUNNABLE), eq(run, SLEEPING)), not(codes.inGuest(me)))];
  });
  return [
    '/* Once nobody of userspace is left, or the host has panicked, nothing needs to go on: any other end is one that Spin',
    '   calls invalid. A guest may spin for ever. */',
    'active proctype rest() {',
    ...layOut(`do :: d_step { ${or(not(codes.going), not(or(...left))).text} -> skip } od`, 2),
    '}',
  ];
}

function questionOf(program: Program, codes: Codes): string[] {
  const { question } = program;
  const none = ['inline question() { skip }', ''];
  if (!question) return none;
  const cond = codes.expr(question.cond, codes.rule());
  const sound = atom('sound', 0, 1);
  if (question.how === 'eventually')
    return [...none, `/* ${question.text} */`, ...layOut(`ltl eventually { <> (${and(sound, cond).text}) }`, 0), ''];
  const right = question.how === 'always' ? cond : not(cond);
  const holds = or(right, not(sound));
  return [
    `/* ${question.text}: looked at behind every step. */`,
    'inline question() {',
    ...layOut(isTrue(holds) ? 'skip' : `assert(${holds.text})`, 2),
    '}',
    '',
  ];
}

/** The cells as the machine has them when it has booted, and its processes: one step, before which there is nothing. */
function bootOf(vars: Vars, processes: readonly Process[]): string[] {
  const values = vars.variables.flatMap(({ name, size, start }) =>
    start.flatMap((v, i) => (v === 0 ? [] : [`${name}${size > 0 ? `[${i}]` : ''} = ${v}`])),
  );
  const runs = processes.flatMap((p) =>
    p.count > 1 ? cells(p.count).map((i) => `run ${p.name}(${i})`) : [`run ${p.name}()`],
  );
  return ['init {', '  atomic {', ...layOut([...values, ...runs, 'sound = 1', 'question()'].join('; '), 4), '  }', '}'];
}
