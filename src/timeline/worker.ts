import { importFiles, transferables } from './import-files';
import type { FromWorker, ToWorker } from './worker-client';

/**
 * The import in a worker of its own: takes one order, reports, and is then done. Cancelling is ending the worker.
 * The only file of this folder that touches `self`.
 */
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
};

let reported = 0;

scope.onmessage = ({ data }) => {
  const order = importFiles(data.files, data.options, (progress) => {
    // A message per chunk would keep the page busier than the import does.
    const now = performance.now();
    if (now - reported < 50 && progress.phase === 'reading') return;
    reported = now;
    scope.postMessage({ type: 'progress', progress });
  });
  order.then(
    (result) => scope.postMessage({ type: 'done', result }, transferables(result.timeline)),
    (error: unknown) =>
      scope.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};

scope.postMessage({ type: 'ready' });
