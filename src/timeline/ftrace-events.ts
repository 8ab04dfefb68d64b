import { ByteStrings } from './bytes';
import { Bytes, Floats, Ints } from './grow';

/**
 * What a line of an ftrace text can be, and what its columns `a` .. `e` then hold. "id" is an id in `EventTable.strings`.
 *
 * | kind         | a            | b         | c         | d             | e             |
 * |--------------|--------------|-----------|-----------|---------------|---------------|
 * | other        |              |           |           |               |               |
 * | cpuhpEnter   | cpu          | target    | step      | callback id   | 1 if "multi"  |
 * | cpuhpExit    | cpu          | state     | step      |               | ret           |
 * | switch       | prev pid     | next pid  | prev comm | next comm     | state id      |
 * | migrate      | pid          | orig cpu  | dest cpu  | comm id       |               |
 * | fork         | parent pid   | child pid | comm id   | child comm id |               |
 * | exec         | pid          | old pid   |           | filename id   |               |
 * | exit         | pid          |           |           | comm id       |               |
 * | wakeup       | pid          | target cpu|           | comm id       |               |
 * | kvmEntry     | vcpu         |           |           |               |               |
 * | kvmExit      | vcpu         |           |           | reason id     |               |
 * | userExit     |              |           |           | reason id     |               |
 * | vectorEntry  | vector       |           |           | class id      |               |
 * | vectorExit   | vector       |           |           | class id      |               |
 * | ipiCpu       | target cpu   |           |           |               | 1 if to run a function |
 * | ipiMask      |              |           |           | mask id       | 1 if to run a function |
 * | console      | stamp, s or -1 | stamp, us |         | text id       |               |
 * | mark         |              |           |           | text id       |               |
 * | func         |              |           |           | function id   | caller id     |
 * | probe        |              |           |           | probe name id |               |
 * | probeRet     |              |           | 1 if ret is known | name without `_ret` id | ret |
 * | lost         | cpu          | how many  |           |               |               |
 */
export const Kind = {
  other: 0,
  cpuhpEnter: 1,
  cpuhpExit: 2,
  switch: 3,
  migrate: 4,
  fork: 5,
  exec: 6,
  exit: 7,
  wakeup: 8,
  kvmEntry: 9,
  kvmExit: 10,
  userExit: 11,
  vectorEntry: 12,
  vectorExit: 13,
  ipiCpu: 14,
  ipiMask: 15,
  console: 16,
  mark: 17,
  func: 18,
  probe: 19,
  probeRet: 20,
  lost: 21,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A buffer (one trace file): which rows of the table are its own. */
export interface TraceFile {
  readonly name: string;
  /** First row and the row after the last one. */
  readonly from: number;
  to: number;
}

/** The events of all buffers, in line order: one row per event. */
export class EventTable {
  readonly strings = new ByteStrings();
  readonly files: TraceFile[] = [];
  readonly kind = new Bytes();
  /** Microseconds of the trace's clock. */
  readonly time = new Floats();
  readonly cpu = new Ints();
  /** The task that the line names (current on that CPU at that moment); 0 is idle. */
  readonly tid = new Ints();
  /** Its comm as the line prints it: the last one known when the trace was read, not the one at the time. */
  readonly comm = new Ints();
  readonly name = new Ints();
  /** What stands behind "name: ", where it is worth keeping; 0 where the columns say it all. */
  readonly text = new Ints();
  readonly line = new Ints();
  /** 1 if the line was written in a hard interrupt (`h` or `H` in the flags), on top of the task that it names. */
  readonly hardirq = new Bytes();
  readonly a = new Ints();
  readonly b = new Ints();
  readonly c = new Ints();
  readonly d = new Ints();
  readonly e = new Ints();
  /** Threads that the TGID column shows to be part of a process: surely not kernel threads. */
  readonly userThreads = new Set<number>();

  get length(): number {
    return this.kind.length;
  }

  /** The file and line number of a row, for messages. */
  place(row: number): string {
    const file = this.files.find((f) => row < f.to) ?? this.files.at(-1);
    return `${file?.name ?? '?'}:${this.line.data[row]}`;
  }
}

/** Empty columns for a row whose kind needs none. */
export interface Args {
  kind: Kind;
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  /** Keep the text of the line? */
  keepText: boolean;
}
