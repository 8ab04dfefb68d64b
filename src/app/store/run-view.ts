/** A run as the page holds it: what it came to, how it is drawn, and a cursor that gives the state at any step. */
import type { Program } from '../../language/program';
import { kernelLabel, patchFor, putUpPatch } from '../../kernels/index';
import { load } from '../../litmus/load';
import { outcomeOf, sentence, type Outcome } from '../../litmus/outcome';
import type { Litmus } from '../../litmus/parse';
import { Cursor, type History } from '../../machine/history';
import { run } from '../../machine/run';
import type { Problem } from '../../language/errors';
import type { CpuId, Timeline } from '../../timeline/columns';
import { timelineOfRun } from '../../timeline/from-run';
import type { RunPicture } from './picture';

export interface RunView extends RunPicture {
  readonly litmus: Litmus;
  readonly program: Program;
  readonly history: History;
  readonly cursor: Cursor;
  readonly outcome: Outcome;
  /** The change of a kernel that it ran on; '' for a kernel that is shipped. */
  readonly patch: string;
}

export type Made =
  { readonly ok: true; readonly view: RunView } | { readonly ok: false; readonly problems: readonly Problem[] };

/** The schedule that is shown; said beside the verdict, since another one may end otherwise. */
export const SEED = 0;

/**
 * Text to run, at once and in this thread.
 * @param kernel instead of the one that the text names
 * @param patch the user's own kernel, which counts where it is that one
 * @param until goes on at least to this moment, nanoseconds
 */
export function makeRun(text: string, file: string, kernel?: string, patch = '', until = 0): Made {
  const edited = patchFor(kernel ?? kernelNamed(text), patch);
  const loaded = load(text, file, { edited, ...(kernel === undefined ? {} : { kernel }) });
  if (!loaded.ok) return loaded;
  const result = run(loaded.program, { seed: SEED, until });
  const outcome = outcomeOf(result, loaded.litmus, SEED);
  return {
    ok: true,
    view: viewOf({
      litmus: loaded.litmus,
      program: loaded.program,
      history: result.history,
      initial: result.initial,
      timeline: timelineOfRun(result, loaded.litmus.name),
      outcome,
      patch: edited.length > 0 ? patch : '',
    }),
  };
}

/** The kernel that a litmus text names; '' where it does not get so far. */
export const kernelNamed = (text: string): string => /^kernel\s+(\S+)/m.exec(text)?.[1] ?? '';

export interface RunParts {
  readonly litmus: Litmus;
  readonly program: Program;
  readonly history: History;
  readonly initial: Int32Array;
  readonly timeline: Timeline;
  readonly outcome: Outcome;
  readonly patch: string;
}

export function viewOf({ initial, ...parts }: RunParts): RunView {
  // Places of the run are in it.
  if (parts.patch !== '') putUpPatch(parts.patch);
  const { litmus, program, history, outcome } = parts;
  const { vendor, booted, cpus } = litmus.setup;
  return {
    ...parts,
    cursor: new Cursor(history, initial),
    name: litmus.name,
    kernelLabel: kernelLabel(program.kernel, parts.patch),
    machine: { vendor, booted, cpus },
    steps: history.length,
    seed: outcome.seed,
    verdict: outcome.verdict,
    sentence: sentence(outcome),
    cpu: cpuOfInterest(outcome, program),
  };
}

/** The CPU that the story is about: where somebody died, else where something failed, else one that was added. */
function cpuOfInterest(outcome: Outcome, program: Program): CpuId {
  const oops = outcome.oops[0];
  if (oops) return oops.cpu;
  const failed = outcome.cpus.find(
    (c) => c.virtualization === 'failed' || c.virtualization === 'lied' || c.virtualization === 'lost',
  );
  if (failed) return failed.cpu;
  const callback = outcome.failed_callbacks[0];
  if (callback) return callback.cpu;
  const fault = program.faults.find((f) => f.cpu >= 0);
  if (fault) return fault.cpu;
  return program.cpus > program.booted ? program.booted : -1;
}
