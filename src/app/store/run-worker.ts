/** Runs one text and hands the run over, columns and all. */
import type { Problem } from '../../language/errors';
import { loadKernelTexts, patchFor } from '../../kernels/index';
import { load } from '../../litmus/load';
import { outcomeOf } from '../../litmus/outcome';
import type { HistoryColumns } from '../../machine/history';
import { run } from '../../machine/run';
import { timelineOfRun } from '../../timeline/from-run';
import { kernelNamed, SEED, type RunParts } from './run-view';

export interface ToRunWorker {
  readonly text: string;
  readonly file: string;
  /** The user's own kernel, where it has one. */
  readonly patch: string;
  /** Goes on at least to this moment, nanoseconds. */
  readonly until: number;
}

export type FromRunWorker =
  | { readonly type: 'done'; readonly parts: Omit<RunParts, 'history'> & { readonly columns: HistoryColumns } }
  | { readonly type: 'problems'; readonly problems: readonly Problem[] }
  | { readonly type: 'failed'; readonly message: string };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToRunWorker>) => unknown) | null;
  postMessage(message: FromRunWorker): void;
};

scope.onmessage = async ({ data: { text, file, patch, until } }) => {
  try {
    await loadKernelTexts();
    const edited = patchFor(kernelNamed(text), patch);
    const loaded = load(text, file, { edited });
    if (!loaded.ok) {
      scope.postMessage({ type: 'problems', problems: loaded.problems });
      return;
    }
    const result = run(loaded.program, { seed: SEED, until });
    scope.postMessage({
      type: 'done',
      parts: {
        litmus: loaded.litmus,
        program: loaded.program,
        columns: result.history.columns(),
        initial: result.initial,
        timeline: timelineOfRun(result, loaded.litmus.name),
        outcome: outcomeOf(result, loaded.litmus, SEED),
        patch: edited.length > 0 ? patch : '',
      },
    });
  } catch (error) {
    scope.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};
