/** Conditions of a compiled program in the words of its texts, with the values that they have at a moment. */
import { namesOf } from '../language/names';
import { Head, type CellGroup, type Code, type Program } from '../language/program';
import { cellsOf, valueOf, type Asker } from './reads';

/** A part of a condition that keeps it from being true. */
export interface Unmet {
  /** "cpu_active_mask[4]", "cpu_hotplug_disabled == 0", "sleeping(qemu)". */
  readonly text: string;
  /** What it is now: "false", "1". */
  readonly is: string;
  /** What would do: "true", "2 or more". */
  readonly wanted: string;
  /** The cells that it reads in this state. */
  readonly cells: readonly number[];
}

const negated: Readonly<Record<string, string>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

/** Name of a context as the lanes call it: "swapper/4", "interrupt on CPU 2", "vm0.vcpu0". */
export function contextName(program: Program, x: number): string {
  const context = program.contexts[x];
  if (!context) return 'none';
  if (context.kind === 'idle') return `swapper/${context.cpu}`;
  if (context.kind === 'irq') return `the interrupt on CPU ${context.cpu}`;
  if (context.kind === 'stopper') return `migration/${context.cpu}`;
  return context.name;
}

/** What a cell is called: "kvm_usage_count", "cpu_active_mask[4]", "run state of vm0.vcpu0". */
export function cellLabel(program: Program, cell: number): string {
  const names = namesOf(program);
  const group = names.groupOf(cell);
  if (group) {
    const variable = names.variableAt(cell);
    if (variable && variable.count === 1) return variable.name;
    const allowed = /^(.*):allowed$/.exec(group.name);
    if (allowed) return `affinity of ${allowed[1]} (CPU ${cell - group.base})`;
    return group.count === 1 ? group.name : `${group.name}[${cell - group.base}]`;
  }
  const x = program.contexts.findIndex((c) => cell >= c.base && cell < c.base + Head.size + c.locals);
  if (x < 0) return '';
  const own = cell - program.contexts[x]!.base;
  const word =
    own === Head.run
      ? 'run state'
      : own === Head.cpu
        ? 'CPU'
        : own === Head.calls
          ? 'calls'
          : own === Head.pc
            ? 'place'
            : '';
  return `${word === '' ? 'a local' : word} of ${contextName(program, x)}`;
}

/** The group of a cell, for the type of its values. */
const typeOf = (program: Program, code: Code): CellGroup | null => {
  if (code.op === 'cell') return namesOf(program).groupOf(code.at);
  if (code.op === 'cellAt') return namesOf(program).groupOf(code.base);
  return null;
};

/** A value as one of this group's is written. */
function valueText(program: Program, group: CellGroup | null, value: number): string {
  if (!group) return String(value);
  return namesOf(program).valueOf({ group, base: 0, count: 1, name: '', doc: '' }, () => value);
}

const isTruth = (program: Program, code: Code): boolean => {
  const group = typeOf(program, code);
  if (group) return group.type === 'bool' || group.type === 'mask';
  return code.op === 'not' || (code.op === 'bin' && !['+', '-'].includes(code.how)) || code.op === 'ask';
};

/** An expression as its text has it, with the elements that it means now. */
export function codeText(asker: Asker, code: Code): string {
  const { machine, context } = asker;
  const { program } = machine;
  switch (code.op) {
    case 'const':
      return String(code.value);
    case 'cell':
      return cellLabel(program, code.at);
    case 'cellAt': {
      const i = valueOf(asker, code.index);
      return i >= 0 && i < code.count ? cellLabel(program, code.base + i) : `${code.what}[${i}]`;
    }
    case 'local':
      return String(valueOf(asker, code));
    case 'instance':
      return contextName(program, valueOf(asker, code));
    case 'this':
      return `CPU ${valueOf(asker, code)}`;
    case 'self':
      return contextName(program, context);
    case 'not':
      return `not ${codeText(asker, code.of)}`;
    case 'minus':
      return `-${codeText(asker, code.of)}`;
    case 'count':
      return `count(${namesOf(program).groupOf(code.base)?.name ?? ''})`;
    case 'firstFrom':
      return `first(${namesOf(program).groupOf(code.base)?.name ?? ''})`;
    case 'nextState':
      return code.up ? 'the next state up' : 'the next state down';
    case 'ask':
      return askText(asker, code);
    case 'bin': {
      const type = typeOf(program, code.left) ?? typeOf(program, code.right);
      const side = (of: Code): string =>
        of.op === 'const' && type ? valueText(program, type, of.value) : codeText(asker, of);
      return `${side(code.left)} ${code.how} ${side(code.right)}`;
    }
  }
}

/** Questions about a CPU; all others are about a task. */
const OF_CPU: ReadonlySet<string> = new Set(['tasks_on', 'need_resched', 'irq_pending']);

function askText(asker: Asker, code: Extract<Code, { op: 'ask' }>): string {
  if (code.what === 'actors_busy') return 'actors_busy()';
  const of = valueOf(asker, code.of);
  if (code.what === 'has_up' || code.what === 'has_down' || code.what === 'instances') return `${code.what}(${of})`;
  const name = OF_CPU.has(code.what) ? `CPU ${of}` : contextName(asker.machine.program, of);
  const also = code.what === 'running' ? `, CPU ${valueOf(asker, code.also)}` : '';
  return `${code.what}(${name}${also})`;
}

/**
 * Which parts of a condition keep it from being what is wanted; empty where nothing does. Of two things that must both hold
 * only those that do not are told.
 */
export function unmet(asker: Asker, code: Code, wanted = true): Unmet[] {
  if ((valueOf(asker, code) !== 0) === wanted) return [];
  if (code.op === 'not') return unmet(asker, code.of, !wanted);
  if (code.op === 'bin' && (code.how === 'and' || code.how === 'or'))
    return [...unmet(asker, code.left, wanted), ...unmet(asker, code.right, wanted)];
  const { program } = asker.machine;
  const cells = cellsOf(asker, code);
  if (code.op === 'bin' && code.how in negated) {
    const type = typeOf(program, code.left) ?? typeOf(program, code.right);
    const [text, is, than] = [
      codeText(asker, code.left),
      valueText(program, type, valueOf(asker, code.left)),
      valueText(program, type, valueOf(asker, code.right)),
    ];
    const how = wanted ? code.how : negated[code.how]!;
    return [{ text, is, wanted: how === '==' ? than : `${how} ${than}`, cells }];
  }
  const value = valueOf(asker, code);
  const truth = isTruth(program, code);
  const is = truth ? String(value !== 0) : valueText(program, typeOf(program, code), value);
  return [{ text: codeText(asker, code), is, wanted: truth ? String(wanted) : wanted ? 'not 0' : '0', cells }];
}
