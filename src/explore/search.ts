/**
 * The search of a litmus text: every interleaving, and what it says of the question. It runs in pieces, so that whoever
 * runs it (a worker, the command line) can tell how far it is, stop for a while, and end it.
 */
import type { Program } from '../language/program';
import { hungTasks, type Hung } from '../litmus/hung';
import { Machine, MachineError, type Transition } from '../machine/machine';
import { explore, named, type NamedTransition } from './bfs';
import { Engine } from './compiled/engine';
import { ALL_REDUCTIONS, NO_REDUCTIONS, type Reductions } from './compiled/module';
import { neverComes } from './eventually';

export type { NamedTransition } from './bfs';
export { ALL_REDUCTIONS, NO_REDUCTIONS, type Reductions } from './compiled/module';

export interface SearchOptions {
  /** Most states that are kept. */
  readonly maxStates?: number;
  /** Most bytes of memory for them. */
  readonly maxBytes?: number;
  /** All, unless it is said; `eventually` is asked without. */
  readonly reductions?: Reductions;
  /** Ends when the question is decided, instead of counting all states. */
  readonly untilDecided?: boolean;
}

export interface Progress {
  readonly states: number;
  /** States that were found and not looked at yet. */
  readonly frontier: number;
  readonly depth: number;
  readonly transitions: number;
  /** Memory taken, in bytes. */
  readonly bytes: number;
}

/** A way of a run: the steps that lead there, and those that go round for ever after them. */
export interface Way {
  readonly steps: readonly NamedTransition[];
  readonly round: readonly NamedTransition[];
  /** No way with fewer steps leads there. */
  readonly shortest: boolean;
}

export interface Answer extends Progress {
  /** whole: every state was looked at; decided: it ended with the answer; else what ended it before. */
  readonly end: 'whole' | 'decided' | 'states' | 'memory' | 'stopped';
  /** Null where nothing is asked. `unknown`: no state decides it among those that were seen, and there may be others. */
  readonly verdict: 'holds' | 'violated' | 'unknown' | null;
  /** Of the question: the run that `exists` asks for, or the one that violates the claim. */
  readonly witness: Way | null;
  /** States in which nothing can happen though a task has not come to its end, and a way to the first. */
  readonly deadlocks: number;
  readonly deadlock: (Way & { readonly hung: readonly Hung[] }) | null;
  /** Steps in which the text did what it must not; the first. */
  readonly errors: number;
  readonly error: { readonly message: string; readonly file: string; readonly line: number } | null;
  readonly reductions: Reductions;
}

/** Most states of which `eventually` looks for rounds. */
const MOST_ROUNDS = 300_000;

export class Search {
  private readonly engine: Engine | null;
  private readonly machine: Machine;
  private readonly reductions: Reductions;
  private stopped = false;
  private done = false;

  constructor(
    private readonly program: Program,
    private readonly options: SearchOptions = {},
  ) {
    this.machine = new Machine(program);
    const eventually = program.question?.how === 'eventually';
    this.reductions = eventually ? NO_REDUCTIONS : (options.reductions ?? ALL_REDUCTIONS);
    const { maxStates, maxBytes } = options;
    this.engine = this.machine.bootError
      ? null
      : new Engine(program, this.machine, {
          reductions: this.reductions,
          ...(maxStates === undefined ? {} : { maxStates }),
          ...(maxBytes === undefined ? {} : { maxBytes }),
        });
  }

  /** Looks at up to so many states; false when there is nothing more to do. */
  advance(states: number): boolean {
    if (this.done || !this.engine) return false;
    const decided = this.options.untilDecided === true && this.engine.witness >= 0;
    this.done = decided || this.stopped || !this.engine.run(states);
    return !this.done;
  }

  /** No further piece is begun. */
  stop(): void {
    this.stopped = true;
  }

  progress(): Progress {
    const { engine } = this;
    if (!engine) return { states: 1, frontier: 0, depth: 0, transitions: 0, bytes: 0 };
    return {
      states: engine.states,
      frontier: engine.states - engine.expanded,
      depth: engine.depth,
      transitions: engine.transitions,
      bytes: engine.bytes,
    };
  }

  /** What can be said of the states seen so far. */
  answer(): Answer {
    const { engine, program } = this;
    const { question } = program;
    if (!engine) return this.broken();
    const whole = engine.complete;
    const witness = this.witness(engine);
    const sure = whole && engine.errors === 0;
    const decided = witness !== null;
    return {
      ...this.progress(),
      end: whole ? 'whole' : this.why(engine, decided),
      verdict: !question
        ? null
        : question.how === 'eventually'
          ? this.eventually(engine, decided)
          : decided
            ? question.how === 'exists'
              ? 'holds'
              : 'violated'
            : !sure
              ? 'unknown'
              : question.how === 'exists'
                ? 'violated'
                : 'holds',
      witness,
      deadlocks: engine.deadlocks,
      deadlock: this.deadlock(engine),
      errors: engine.errors,
      error: this.error(engine),
      reductions: this.reductions,
    };
  }

  private why(engine: Engine, decided: boolean): Answer['end'] {
    if (engine.outOfMemory) return 'memory';
    if (engine.left) return 'states';
    return decided && !this.stopped ? 'decided' : 'stopped';
  }

  private plain(): boolean {
    return Object.values(this.reductions).every((on) => !on);
  }

  private way(steps: readonly Transition[], round: readonly Transition[] = []): Way {
    const all = named(this.program, [...steps, ...round]);
    return { steps: all.slice(0, steps.length), round: all.slice(steps.length), shortest: this.plain() };
  }

  private witness(engine: Engine): Way | null {
    if (this.program.question?.how === 'eventually') {
      const lasso = this.rounds(engine) ? neverComes(this.program, engine) : null;
      return lasso && { ...this.way(lasso.stem, lasso.round), shortest: false };
    }
    return engine.witness < 0 ? null : this.way(engine.way(engine.witness));
  }

  private rounds(engine: Engine): boolean {
    return engine.complete && engine.states <= MOST_ROUNDS;
  }

  private eventually(engine: Engine, never: boolean): Answer['verdict'] {
    if (never) return 'violated';
    return this.rounds(engine) && engine.errors === 0 ? 'holds' : 'unknown';
  }

  private deadlock(engine: Engine): Answer['deadlock'] {
    if (engine.firstDeadlock < 0) return null;
    const steps = engine.way(engine.firstDeadlock);
    const machine = new Machine(this.program);
    for (const t of steps) {
      machine.apply(t);
      machine.mark();
    }
    return { ...this.way(steps), hung: hungTasks({ program: this.program, machine }, []) };
  }

  private error(engine: Engine): Answer['error'] {
    return this.said(engine.error()?.error ?? null);
  }

  private said(error: MachineError | null): Answer['error'] {
    if (!error) return null;
    const { file, line } = this.program.code[error.pc]!.place;
    return { message: error.message, file, line };
  }

  /** `init` failed: there is one state, and nothing happens in it. */
  private broken(): Answer {
    const { states, transitions, depth, deadlocks, errors, verdict } = explore(this.program, { maxStates: 1 });
    return {
      states,
      transitions,
      depth,
      frontier: 0,
      bytes: 0,
      end: 'whole',
      verdict,
      witness: null,
      deadlocks,
      deadlock: null,
      errors: Math.max(1, errors),
      error: this.said(this.machine.bootError),
      reductions: this.reductions,
    };
  }
}
