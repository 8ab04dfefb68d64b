/** Computes many outcomes, one by one: cells of the matrix, points of a failure map. The client ends it by ending the worker. */
import { loadKernelTexts, putUpPatch } from '../../kernels/index';
import { computeFailureMap, type FailureCell, type FailureMap } from '../../litmus/failures';
import { loadGallery } from '../../litmus/gallery';
import { computeCell, type MatrixCell, type Vendor } from '../../litmus/matrix';

export type ToOutcomesWorker =
  | {
      readonly job: 'matrix';
      readonly todo: readonly { readonly row: string; readonly column: string; readonly vendor: Vendor }[];
    }
  | { readonly job: 'failures'; readonly text: string; readonly errno: string; readonly patch: string };

export type FromOutcomesWorker =
  | { readonly type: 'cells'; readonly cells: readonly MatrixCell[] }
  | { readonly type: 'points'; readonly cells: readonly FailureCell[]; readonly done: number; readonly of: number }
  | { readonly type: 'map'; readonly base: FailureMap['base']; readonly left: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string };

/** The page is told this often, milliseconds: each cell by itself would draw the table a thousand times. */
const EVERY = 120;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<ToOutcomesWorker>) => void) | null;
  postMessage(message: FromOutcomesWorker): void;
};

scope.onmessage = ({ data }) => {
  work(data).then(
    () => scope.postMessage({ type: 'done' }),
    (error: unknown) =>
      scope.postMessage({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
};

async function work(asked: ToOutcomesWorker): Promise<void> {
  await Promise.all([loadGallery(), loadKernelTexts()]);
  if (asked.job === 'matrix') matrix(asked.todo);
  else {
    putUpPatch(asked.patch);
    failures(asked.text, asked.errno);
  }
}

function matrix(todo: Extract<ToOutcomesWorker, { job: 'matrix' }>['todo']): void {
  let cells: MatrixCell[] = [];
  let told = performance.now();
  for (const { row, column, vendor } of todo) {
    cells.push(computeCell(row, column, vendor));
    if (performance.now() - told < EVERY) continue;
    scope.postMessage({ type: 'cells', cells });
    cells = [];
    told = performance.now();
  }
  scope.postMessage({ type: 'cells', cells });
}

function failures(text: string, errno: string): void {
  let cells: FailureCell[] = [];
  let told = performance.now();
  const map = computeFailureMap(text, { errno }, (done, of, cell) => {
    if (cell) cells.push(cell);
    if (performance.now() - told < EVERY && done < of) return;
    scope.postMessage({ type: 'points', cells, done, of });
    cells = [];
    told = performance.now();
  });
  if ('problems' in map) throw new Error(map.problems[0] ?? 'The text does not run.');
  scope.postMessage({ type: 'map', base: map.base, left: map.left });
}
