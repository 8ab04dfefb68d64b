/** Holds the files of a capture against the model, and hands over the model's run with what was found. */
import { conform } from '../../conform/conform';
import { readCaptureFiles } from '../../conform/files';
import type { ConformReport } from '../../conform/report';
import { loadKernelTexts } from '../../kernels/index';
import type { HistoryColumns } from '../../machine/history';
import type { FileInput } from '../../timeline/read';
import { replay, type Moment } from './replayed';
import type { RunParts } from './run-view';

export interface ToConformWorker {
  readonly files: readonly FileInput[];
  /** What the trace's clock reads at the origin of its timeline. */
  readonly originUs: number;
}

export type FromConformWorker =
  | {
      readonly type: 'done';
      readonly parts: Omit<RunParts, 'history'> & { readonly columns: HistoryColumns };
      readonly moments: readonly Moment[];
      readonly report: ConformReport;
    }
  | { readonly type: 'failed'; readonly message: string };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToConformWorker>) => void) | null;
  postMessage(message: FromConformWorker): void;
};

scope.onmessage = ({ data }) => {
  compare(data).then(
    (message) => scope.postMessage(message),
    (error: unknown) =>
      scope.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};

async function compare({ files, originUs }: ToConformWorker): Promise<FromConformWorker> {
  await loadKernelTexts();
  const result = conform(await readCaptureFiles(files));
  const { parts, moments } = replay(result, originUs);
  const { history, ...rest } = parts;
  return { type: 'done', parts: { ...rest, columns: history.columns() }, moments, report: result.report };
}
