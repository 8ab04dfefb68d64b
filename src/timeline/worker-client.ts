import { importFiles, type ImportOptions, type ImportProgress, type ImportResult } from './import-files';
import { ImportError, type FileInput } from './read';

export interface ToWorker {
  readonly files: readonly FileInput[];
  readonly options: { readonly title?: string };
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: ImportProgress }
  | { readonly type: 'done'; readonly result: ImportResult }
  | { readonly type: 'failed'; readonly message: string };

/** The part of a Worker that is needed here; tests bring their own. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

const startWorker = (): WorkerLike =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'import' }) as unknown as WorkerLike;

/**
 * `importFiles` in a worker, so that the page goes on answering. Files must be Blobs or byte arrays. Where no worker can be
 * started (a page opened from a file may not), the import runs in this thread.
 *
 * @throws ImportError as `importFiles` does; also when the worker dies (out of memory).
 */
export function importInWorker(
  files: readonly FileInput[],
  options: ImportOptions = {},
  onProgress: (progress: ImportProgress) => void = () => {},
  start: () => WorkerLike = startWorker,
): Promise<ImportResult> {
  const { signal, title } = options;
  if (signal?.aborted) return Promise.reject(new ImportError('cancelled'));
  let worker: WorkerLike;
  try {
    worker = start();
  } catch {
    return importFiles(files, options, onProgress);
  }
  return new Promise<ImportResult>((resolve, reject) => {
    let ready = false;
    const end = (): void => {
      worker.terminate();
      signal?.removeEventListener('abort', cancel);
    };
    const cancel = (): void => {
      end();
      reject(new ImportError('cancelled'));
    };
    signal?.addEventListener('abort', cancel);
    worker.onerror = (event) => {
      end();
      if (ready) reject(new ImportError(`the import failed: ${event.message || 'out of memory?'}`));
      else importFiles(files, options, onProgress).then(resolve, reject);
    };
    worker.onmessage = ({ data }) => {
      switch (data.type) {
        case 'ready':
          ready = true;
          worker.postMessage({ files, options: title === undefined ? {} : { title } });
          break;
        case 'progress':
          onProgress(data.progress);
          break;
        case 'done':
          end();
          resolve(data.result);
          break;
        case 'failed':
          end();
          reject(new ImportError(data.message));
          break;
      }
    };
  });
}
