/** The machine as it is where the playhead is: variables of the kernel text by name, faults, what has not returned. */
import type { CellGroup, Program } from '../../language/program';
import { lastOf, stepsDone, type AppState } from './state';
import type { RunView } from './run-view';

const groups = new WeakMap<Program, ReadonlyMap<string, CellGroup>>();

function groupOf(program: Program, name: string): CellGroup | undefined {
  let known = groups.get(program);
  if (!known) groups.set(program, (known = new Map(program.groups.map((g) => [g.name, g]))));
  return known.get(name);
}

export interface Now {
  readonly run: RunView;
  /** Steps that are done. */
  readonly done: number;
  /** Nothing comes after it. */
  readonly atEnd: boolean;
  /** A variable, or one element of it; undefined where the kernel text has none of that name. */
  readonly value: (name: string, index?: number) => number | undefined;
  /** Is it armed? A fault that no action arms or disarms always is. */
  readonly armed: (fault: number) => boolean;
}

/** Of the run that acts go to: the first of two. Null while there is none, or a trace is shown. */
export function nowOf(s: AppState): Now | null {
  const { run } = s;
  if (s.showing !== 'run' || run === null) return null;
  const done = stepsDone(s, 0);
  run.cursor.seek(done);
  const { program, cursor } = run;
  return {
    run,
    done,
    atEnd: s.playhead >= lastOf(s),
    value: (name, index = 0) => {
      const group = groupOf(program, name);
      return group && index >= 0 && index < group.count ? cursor.s[group.base + index] : undefined;
    },
    armed: (fault) => {
      const { armedCell } = program.faults[fault]!;
      return armedCell < 0 || cursor.s[armedCell] !== 0;
    },
  };
}

/** Has this actor begun something there that has not returned? */
export function isBusy({ run, done }: Now, actor: string): boolean {
  return run.outcome.returns.some(
    (r) => r.actor === actor && r.began >= 0 && r.began < done && (r.step < 0 || r.step >= done),
  );
}
