/** A run in a worker of its own. Cancelling ends the worker; a worker that dies is told apart from a text that is wrong. */
import { History } from '../../machine/history';
import { viewOf, type Made } from './run-view';
import type { FromRunWorker, ToRunWorker } from './run-worker';

/** What is run: text, the user's own kernel ('' for none), and the moment (nanoseconds) to which it goes on at least. */
export function runInWorker(job: ToRunWorker, signal: AbortSignal): Promise<Made> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./run-worker.ts', import.meta.url), { type: 'module', name: 'run' });
    const end = (): void => worker.terminate();
    signal.addEventListener('abort', end, { once: true });
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message || 'The worker died; the machine is perhaps too large for the memory at hand.'));
    };
    worker.onmessage = ({ data }: MessageEvent<FromRunWorker>) => {
      end();
      if (data.type === 'failed') reject(new Error(data.message));
      else if (data.type === 'problems') resolve({ ok: false, problems: data.problems });
      else {
        const { columns, program, ...parts } = data.parts;
        resolve({ ok: true, view: viewOf({ ...parts, program, history: History.of(program, columns) }) });
      }
    };
    worker.postMessage(job);
  });
}
