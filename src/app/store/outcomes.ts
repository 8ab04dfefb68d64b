/**
 * The outcome matrix and the failure map as far as they are computed: kept while the page lives, worked on only while
 * somebody looks.
 */
import { createStore } from 'zustand/vanilla';
import type { FailureCell, FailureMap } from '../../litmus/failures';
import { app } from './store';
import { matrixColumns, matrixRows, type MatrixCell, type MatrixColumn, type Vendor } from '../../litmus/matrix';
import type { FromOutcomesWorker, ToOutcomesWorker } from './outcomes-worker';

/** A question on a vendor, with its cells by column. */
export interface MatrixLine {
  readonly name: string;
  readonly question: string;
  readonly group: string;
  readonly vendor: Vendor;
  readonly cells: readonly (MatrixCell | null)[];
}

interface Progress {
  readonly running: boolean;
  readonly done: number;
  readonly of: number;
  /** Why it ended, where it failed. */
  readonly error: string;
}

export interface Outcomes {
  readonly matrix: Progress & { readonly columns: readonly MatrixColumn[]; readonly lines: readonly MatrixLine[] };
  readonly failures: Progress & {
    readonly text: string;
    readonly errno: string;
    /** The user's own kernel. */
    readonly patch: string;
    readonly cells: readonly FailureCell[];
    /** The run without a fault; null until all is computed. */
    readonly base: FailureMap['base'] | null;
    readonly left: number;
  };
}

const IDLE: Progress = { running: false, done: 0, of: 0, error: '' };

export const outcomes = createStore<Outcomes>(() => ({
  matrix: { ...IDLE, columns: [], lines: [] },
  failures: { ...IDLE, text: '', errno: '-EIO', patch: '', cells: [], base: null, left: 0 },
}));

const get = outcomes.getState;
const setMatrix = (change: Partial<Outcomes['matrix']>): void =>
  outcomes.setState((s) => ({ matrix: { ...s.matrix, ...change } }));
const setFailures = (change: Partial<Outcomes['failures']>): void =>
  outcomes.setState((s) => ({ failures: { ...s.failures, ...change } }));

/** A core is left to the page; more than these would heat the room for little. */
const MOST_WORKERS = 4;

let workers: Worker[] = [];

/** One worker for each piece of work; `hear` is told "done" once, when all are. */
function start(pieces: readonly ToOutcomesWorker[], hear: (message: FromOutcomesWorker) => void): void {
  stop();
  const own = (workers = pieces.map(
    () => new Worker(new URL('./outcomes-worker.ts', import.meta.url), { type: 'module', name: 'outcomes' }),
  ));
  let left = own.length;
  const fail = (message: string): void => {
    end();
    hear({ type: 'failed', message });
  };
  own.forEach((worker, i) => {
    worker.onmessage = ({ data }: MessageEvent<FromOutcomesWorker>) => {
      if (workers !== own) return;
      if (data.type === 'failed') fail(data.message);
      else if (data.type !== 'done') hear(data);
      else if (--left === 0) {
        end();
        hear(data);
      }
    };
    worker.onerror = (event) => {
      if (workers === own) fail(event.message || 'The worker died.');
    };
    worker.postMessage(pieces[i]);
  });
}

function end(): void {
  for (const worker of workers) worker.terminate();
  workers = [];
}

/** Stops what is being computed; what there is stays. */
export function stop(): void {
  end();
  if (get().matrix.running) setMatrix({ running: false });
  if (get().failures.running) setFailures({ running: false });
}

/** Computes the cells that are not there yet. @param scenario the row to begin with */
export function computeMatrix(scenario: string): void {
  if (get().matrix.lines.length === 0) {
    const columns = matrixColumns();
    const lines = matrixRows().flatMap(({ vendors, ...row }) =>
      vendors.map((vendor) => ({ ...row, vendor, cells: columns.map(() => null) })),
    );
    setMatrix({ columns, lines, of: columns.length * lines.length });
  }
  const { columns, lines, done, of } = get().matrix;
  if (done === of) return;
  // What is looked at anyway comes first.
  const first = (line: MatrixLine): number => (line.name === scenario ? 0 : 1);
  const todo = [...lines]
    .sort((x, y) => first(x) - first(y))
    .flatMap(({ name, vendor, cells }) =>
      cells.flatMap((cell, i) => (cell ? [] : [{ row: name, column: columns[i]!.name, vendor }])),
    );
  const share = Math.min(MOST_WORKERS, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
  const pieces = Array.from({ length: share }, (_, w) => todo.filter((_cell, i) => i % share === w));
  start(
    pieces.map((piece) => ({ job: 'matrix', todo: piece })),
    (message) => {
      if (message.type === 'cells') putCells(message.cells);
      else if (message.type === 'done') setMatrix({ running: false });
      else if (message.type === 'failed') setMatrix({ running: false, error: message.message });
    },
  );
  setMatrix({ running: true, error: '' });
}

function putCells(cells: readonly MatrixCell[]): void {
  const { columns, lines, done } = get().matrix;
  const place = new Map(columns.map(({ name }, i) => [name, i]));
  const next = [...lines];
  for (const cell of cells) {
    const at = next.findIndex((l) => l.name === cell.row && l.vendor === cell.vendor);
    const line = next[at];
    if (line) next[at] = { ...line, cells: line.cells.with(place.get(cell.column)!, cell) };
  }
  setMatrix({ lines: next, done: done + cells.length });
}

/** Fails every step that the text's run reaches, one at a time. */
export function computeFailures(text: string, errno: string): void {
  const { failures } = get();
  const patch = app.getState().kernelPatch;
  if (failures.text === text && failures.errno === errno && failures.patch === patch && failures.base) return;
  start([{ job: 'failures', text, errno, patch }], (message) => {
    if (message.type === 'points')
      setFailures({ cells: [...get().failures.cells, ...message.cells], done: message.done, of: message.of });
    else if (message.type === 'map') setFailures({ base: message.base, left: message.left });
    else if (message.type === 'done') setFailures({ running: false });
    else if (message.type === 'failed') setFailures({ running: false, error: message.message });
  });
  setFailures({ ...IDLE, running: true, text, errno, patch, cells: [], base: null, left: 0 });
}
