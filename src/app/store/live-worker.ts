/** Runs a text and goes on with it: what was made stays, and each piece adds to it. */
import { loadKernelTexts, patchFor } from '../../kernels/index';
import { load } from '../../litmus/load';
import { outcomeOf, type Outcome } from '../../litmus/outcome';
import type { Litmus } from '../../litmus/parse';
import type { HistoryColumns } from '../../machine/history';
import { running, type RunResult } from '../../machine/run';
import type { Timeline } from '../../timeline/columns';
import { timelineOfRun } from '../../timeline/from-run';
import { kernelNamed, SEED } from './run-view';

export interface ToLiveWorker {
  readonly text: string;
  readonly patch: string;
  /** Nanoseconds of the run. */
  readonly until: number;
}

export type FromLiveWorker =
  | {
      readonly type: 'done';
      readonly columns: HistoryColumns;
      readonly initial: Int32Array;
      readonly timeline: Timeline;
      readonly outcome: Outcome;
    }
  | { readonly type: 'failed'; readonly message: string };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToLiveWorker>) => unknown) | null;
  postMessage(message: FromLiveWorker, transfer?: Transferable[]): void;
};

interface Going {
  readonly text: string;
  readonly patch: string;
  readonly litmus: Litmus;
  readonly on: (until: number) => RunResult;
}
let going: Going | null = null;

async function begin({ text, patch }: ToLiveWorker): Promise<Going> {
  await loadKernelTexts();
  const loaded = load(text, 'litmus', { edited: patchFor(kernelNamed(text), patch) });
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message ?? 'The text does not load.');
  return { text, patch, litmus: loaded.litmus, on: running(loaded.program, { seed: SEED }) };
}

scope.onmessage = async ({ data }) => {
  try {
    if (going?.text !== data.text || going.patch !== data.patch) going = await begin(data);
    const { litmus, on } = going;
    const result = on(data.until);
    const columns = result.history.columns();
    const { initial } = result;
    const timeline = timelineOfRun(result, litmus.name);
    const outcome = outcomeOf(result, litmus, SEED);
    scope.postMessage({ type: 'done', columns, initial, timeline, outcome }, [
      ...[...columns.ints, ...columns.floats].map((c) => c.buffer as ArrayBuffer),
    ]);
  } catch (error) {
    going = null;
    scope.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};
