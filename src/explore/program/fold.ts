/**
 * Expressions made smaller by what is known where they stand: cells that never change, locals with one value, the context
 * that evaluates. The result reads the same in every state that can be there; what would be an error stays one.
 */
import { constant, fold as foldValues } from '../../language/code';
import type { Code, Context, Program } from '../../language/program';

/** A value that is not known. Nothing in a program is that large. */
export const UNKNOWN = 0x7fffffff;

export interface Known {
  readonly program: Program;
  /** Value of a cell that never changes, UNKNOWN for others. */
  readonly cell: (at: number) => number;
  /** Value of a local slot here, UNKNOWN where it may have several. */
  readonly local: (slot: number) => number;
  /** Context that evaluates; -1 where no context does (a question, a placement rule). */
  readonly self: number;
}

const yes = (b: boolean): Code => constant(b ? 1 : 0);

export function fold(code: Code, known: Known): Code {
  const { program } = known;
  const read = (at: number): Code => {
    const value = known.cell(at);
    return value === UNKNOWN ? { op: 'cell', at } : constant(value);
  };
  switch (code.op) {
    case 'const':
      return code;
    case 'cell':
      return read(code.at);
    case 'cellAt': {
      const index = fold(code.index, known);
      if (index.op === 'const' && index.value >= 0 && index.value < code.count) return read(code.base + index.value);
      return { ...code, index };
    }
    case 'local': {
      const value = known.local(code.slot);
      return value === UNKNOWN ? code : constant(value);
    }
    case 'instance': {
      const index = fold(code.index, known);
      if (index.op === 'const' && index.value >= 0 && index.value < code.count)
        return constant(code.first + index.value);
      return { ...code, index };
    }
    case 'this': {
      const context = program.contexts[known.self];
      return context && context.cpu >= 0 ? constant(context.cpu) : code;
    }
    case 'self':
      return known.self < 0 ? code : constant(known.self);
    case 'not': {
      const of = fold(code.of, known);
      return of.op === 'const' ? yes(of.value === 0) : { ...code, of };
    }
    case 'minus': {
      const of = fold(code.of, known);
      return of.op === 'const' ? constant(-of.value) : { ...code, of };
    }
    case 'bin':
      return binary(code, known);
    case 'count':
      return counted(code, known);
    case 'firstFrom':
      return { ...code, from: fold(code.from, known) };
    case 'nextState':
      return { ...code, from: fold(code.from, known), target: fold(code.target, known) };
    case 'ask':
      return asked({ ...code, of: fold(code.of, known), also: fold(code.also, known) }, known);
  }
}

function binary(code: Extract<Code, { op: 'bin' }>, known: Known): Code {
  const left = fold(code.left, known);
  // the right side is not looked at where the left decides
  if (left.op === 'const') {
    if (code.how === 'and' && left.value === 0) return constant(0);
    if (code.how === 'or' && left.value !== 0) return constant(1);
  }
  const right = fold(code.right, known);
  if (left.op === 'const' && right.op === 'const') return constant(foldValues(code.how, left.value, right.value));
  return { ...code, left, right };
}

function counted(code: Extract<Code, { op: 'count' }>, known: Known): Code {
  let sum = 0;
  for (let i = 0; i < code.count; i++) {
    const value = known.cell(code.base + i);
    if (value === UNKNOWN) return code;
    sum += value;
  }
  return constant(sum);
}

function asked(code: Extract<Code, { op: 'ask' }>, known: Known): Code {
  const { program } = known;
  if (code.of.op !== 'const') return code;
  const of = code.of.value;
  const context: Context | undefined = program.contexts[of];
  const state = program.states[program.stateByNumber[of] ?? -1];
  switch (code.what) {
    case 'vcpu_of':
      return constant(of < 0 ? -1 : context!.vcpu);
    case 'instances':
      return constant(state?.instances ?? 0);
    case 'has_up':
    case 'has_down': {
      if (!state || (code.what === 'has_up' ? state.up : state.down) === '') return constant(0);
      const installed = state.registeredCell < 0 ? 1 : known.cell(state.registeredCell);
      return installed === UNKNOWN
        ? { op: 'bin', how: '!=', left: { op: 'cell', at: state.registeredCell }, right: constant(0) }
        : yes(installed !== 0);
    }
    case 'running':
    case 'alive':
    case 'dead':
    case 'sleeping':
    case 'in_guest':
    case 'irqs_disabled':
      return of < 0 ? constant(0) : code;
    case 'settled':
      return of < 0 ? constant(1) : code;
    case 'preempt_count':
      return of < 0 ? constant(0) : code;
    case 'cpu_of':
      return of < 0 ? constant(-1) : context!.cpu >= 0 ? constant(context!.cpu) : code;
    default:
      return code;
  }
}
