/**
 * Every interleaving, breadth first, over the machine's own stepper: kept plain, because faster searches are held against
 * it. States are told apart by their cells alone; log, cost and history are no part of them.
 */
import type { Program } from '../language/program';
import { evaluator } from '../machine/evaluate';
import { Machine, MachineError, type Transition } from '../machine/machine';
import { packer } from './pack';
import { isStuck } from './stuck';

export interface ExploreOptions {
  /** Most states that are kept; the search then ends with `complete: false`. */
  readonly maxStates?: number;
  /** Called once for each state, with the machine in it. What it writes is not kept. */
  readonly onState?: (machine: Machine, enabled: readonly Transition[]) => void;
}

/** A transition with the names that it is known by. */
export interface NamedTransition extends Transition {
  /** Task, CPU's idle task, interrupt or stopper that moves. */
  readonly who: string;
  /** Function and line at which it stood before. */
  readonly fn: string;
  readonly file: string;
  readonly line: number;
  readonly op: string;
}

export interface Exploration {
  readonly states: number;
  /** Transitions between states, those that lead to an error not counted. */
  readonly transitions: number;
  /** Steps of the longest of all shortest ways to a state. */
  readonly depth: number;
  /** All states were visited. */
  readonly complete: boolean;
  /** States in which nothing can happen though a task has not come to its end. */
  readonly deadlocks: number;
  /** Transitions in which the text did what it must not. */
  readonly errors: number;
  /** The first of them. */
  readonly error: MachineError | null;
  /**
   * What the search says of the question: it holds or is violated, or the search ended before it could say. `eventually`
   * needs a search for cycles, which this is not; null then, and where the text asks nothing.
   */
  readonly verdict: 'holds' | 'violated' | 'unknown' | null;
  /** Shortest way to a state that decides the question: that `exists` asks for, that `never` or `always` rules out. */
  readonly witness: readonly NamedTransition[] | null;
  readonly deadlock: readonly NamedTransition[] | null;
}

export function explore(program: Program, { maxStates = 200_000, onState }: ExploreOptions = {}): Exploration {
  const machine = new Machine(program);
  machine.watch = false;
  const pack = packer(program);
  const { question } = program;
  const decides = question && evaluator(question.cond, machine.around);
  const wanted = question?.how === 'always' ? 0 : 1;

  const keys: string[] = [];
  const seen = new Set<string>();
  /** How each state was first reached. */
  const parents: number[] = [];
  const by: (Transition | null)[] = [];
  let transitions = 0;
  let deadlocks = 0;
  let errors = 0;
  let error: MachineError | null = machine.bootError;
  let witness = -1;
  let deadlock = -1;
  let complete = true;

  const visit = (parent: number, transition: Transition | null): void => {
    const key = pack.toKey(machine.s);
    if (seen.has(key)) return;
    if (keys.length >= maxStates) {
      complete = false;
      return;
    }
    seen.add(key);
    keys.push(key);
    parents.push(parent);
    by.push(transition);
    if (decides && witness < 0 && machine.evaluate(decides) === wanted) witness = keys.length - 1;
  };

  machine.mark();
  visit(-1, null);
  for (let i = 0; i < keys.length; i++) {
    pack.fromKey(keys[i]!, machine.s);
    machine.mark();
    const enabled = machine.enabled();
    onState?.(machine, enabled);
    if (enabled.length === 0 && isStuck(machine)) {
      deadlocks += 1;
      if (deadlock < 0) deadlock = i;
    }
    for (const transition of enabled) {
      try {
        machine.apply(transition);
        transitions += 1;
        visit(i, transition);
      } catch (e) {
        if (!(e instanceof MachineError)) throw e;
        errors += 1;
        error ??= e;
      }
      machine.undo();
    }
  }

  const way = (to: number): NamedTransition[] => {
    const steps: Transition[] = [];
    for (let i = to; parents[i]! >= 0; i = parents[i]!) steps.unshift(by[i]!);
    return named(program, steps);
  };
  let depth = 0;
  const depths = new Int32Array(keys.length);
  for (let i = 1; i < keys.length; i++) depth = Math.max(depth, (depths[i] = depths[parents[i]!]! + 1));

  return {
    states: keys.length,
    transitions,
    depth,
    complete,
    deadlocks,
    errors,
    error,
    verdict: verdict(question?.how, witness >= 0, complete && error === null),
    witness: witness < 0 ? null : way(witness),
    deadlock: deadlock < 0 ? null : way(deadlock),
  };
}

function verdict(
  how: 'never' | 'always' | 'exists' | 'eventually' | undefined,
  decided: boolean,
  whole: boolean,
): Exploration['verdict'] {
  if (how === undefined || how === 'eventually') return null;
  if (decided) return how === 'exists' ? 'holds' : 'violated';
  if (!whole) return 'unknown';
  return how === 'exists' ? 'violated' : 'holds';
}

/** Replays transitions from the first state and gives each its names. */
export function named(program: Program, transitions: readonly Transition[]): NamedTransition[] {
  const machine = new Machine(program);
  return transitions.map((t) => {
    const instr = machine.instrOf(t.context);
    machine.apply(t);
    machine.mark();
    return {
      ...t,
      who: program.contexts[t.context]!.name,
      fn: program.frames[instr.frame]?.fn ?? '',
      file: instr.place.file,
      line: instr.place.line,
      op: instr.op,
    };
  });
}
