/**
 * The steps of a run that an outcome depends on, found backwards from it: who wrote what was read, what decided that it was read, who
 * called, woke, started or placed whoever did it. What only let things go on as usual (a callback that returned 0, a lock that was
 * free) is no cause.
 *
 *     step      1 write a    2 write b    3 if b == 0     4 oops if a != 0
 *     causes    yes          no           no              yes, the outcome
 *
 * It is a slice as debuggers make it, thinned out for reading: not a proof that nothing else mattered.
 */
import type { Program } from '../language/program';
import type { History } from '../machine/history';
import { Replay, Trace } from '../machine/replay';
import { Writes } from '../machine/writes';
import { CauseSearch } from './cause-search';
import { Dependences } from './dependences';
import { Omissions } from './omissions';
import { TraceIndex } from './trace-index';

/**
 * Why a step is among the causes. outcome: it is what is asked about; value: it wrote what was read; decides: a branch that led there;
 * omits: a branch past a write that would have changed it; calls: it sent the call, or started or spawned who did it; places: it put the
 * task where it ran; wakes: it ended a wait; acts: the action of the litmus text that all of it is part of.
 */
export type Because = 'outcome' | 'value' | 'decides' | 'omits' | 'calls' | 'places' | 'wakes' | 'acts';

export interface Cause {
  readonly step: number;
  /** The instruction that counts, of all that the step executed; -1 of a transition of the scheduler. */
  readonly pc: number;
  readonly because: Because;
  /** The cell that was read, -1 where it is none. */
  readonly cell: number;
  /** The step that depends on this one; itself for the outcome. */
  readonly of: number;
}

/** Where the search begins: steps, and cells whose value when `done` steps were done is what is asked about. */
export interface Outset {
  readonly steps: readonly number[];
  readonly cells: readonly number[];
  readonly done: number;
}

/** What a search looks things up in. */
export interface CauseParts {
  readonly program: Program;
  readonly history: History;
  readonly replay: Replay;
  readonly index: TraceIndex;
  readonly writes: Writes;
  readonly dependences: Dependences;
  readonly omissions: Omissions;
}

/** A run to be asked for causes; what is found for one question serves the next. */
export class Causes {
  private readonly parts: CauseParts;

  constructor(
    history: History,
    initial: ArrayLike<number>,
    { replay = new Replay(history, initial), trace }: { readonly replay?: Replay; readonly trace?: Trace } = {},
  ) {
    const whole = trace ?? new Trace(replay);
    whole.extend();
    const index = new TraceIndex(whole);
    const { program } = history;
    this.parts = {
      program,
      history,
      replay,
      index,
      writes: new Writes(history),
      dependences: new Dependences(replay, whole),
      omissions: new Omissions(program, index, replay),
    };
  }

  /** Steps that the outcome depends on, in order, each once with the first reason that was found. */
  of({ steps, cells, done }: Outset): Cause[] {
    const search = new CauseSearch(this.parts);
    for (const step of steps) search.begin(step);
    for (const cell of cells) search.ask(cell, done);
    return search.run();
  }
}
