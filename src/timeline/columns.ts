/**
 * The timeline: what a simulated run, a witness or a real trace becomes, and all that lanes, exports and
 * comparisons read. Data is columns (one typed array per field), never an object per event.
 *
 * Every position is the *ordinal* of an event in the timeline's own order, so that the same columns serve two axes:
 *
 *     ordinal   0      1      2      3            a run: the step's index; a trace: the event's line order
 *     timeUs    0.0    1.5    1.5    4.0          ascending, microseconds since the timeline's origin
 *     slice     [-- 0 .. 2 --)      [3 .. 4)      start inclusive, end exclusive, both ordinals
 *
 * On the step axis x is the ordinal itself; on the time axis it is `timeUs[ordinal]`. `timeUs` has `length + 1`
 * entries: the last one is the end of the run, so that an end ordinal always has a time.
 */

import type { Levels } from './with-tracks';

declare const unit: unique symbol;
/** Microseconds since the timeline's origin (`Timeline.originUs` gives the source clock's value there). */
export type TimeUs = number & { readonly [unit]?: 'us' };
/** Position in the timeline's order of events. */
export type Ordinal = number & { readonly [unit]?: 'ordinal' };
/** Index into `Timeline.strings`; 0 is always the empty string. */
export type StringId = number & { readonly [unit]?: 'string' };
/** Index into `Timeline.tracks`. */
export type TrackId = number & { readonly [unit]?: 'track' };
/** Logical CPU number as the kernel counts it. */
export type CpuId = number & { readonly [unit]?: 'cpu' };

/**
 * What a row of the lanes shows.
 *
 * | kind       | one per            | slices mean                                                    |
 * |------------|--------------------|----------------------------------------------------------------|
 * | cpu        | CPU (group header) | the CPU's state at a glance                                    |
 * | hotplug    | CPU, child of cpu  | sections (depth 0) and single steps of the walk (depth 1)      |
 * | virt       | CPU, child of cpu  | virtualization off / on / failed / unknown                     |
 * | tdx        | CPU, child of cpu  | TDX not initialised / initialised / refused                    |
 * | runs       | CPU, child of cpu  | what runs there: tasks at depth 0, interrupts over them at 1   |
 * | vcpu       | vCPU thread        | in guest, in the kernel, runnable, blocked, dead               |
 * | task       | other task         | same, for an actor or a kthread asked for                      |
 * | lock       | lock               | held by whom                                                   |
 * | value      | variable asked for | its values; added by `with-tracks.ts`                          |
 * | log        | machine            | console and dmesg lines that belong to no CPU                  |
 * | differs    | pair of timelines  | none; its marks are where the two are not the same             |
 */
export type TrackKind =
  'differs' | 'cpu' | 'hotplug' | 'virt' | 'tdx' | 'runs' | 'vcpu' | 'task' | 'lock' | 'value' | 'log';

/** A row. `parent` is -1 at the top; children follow their parent directly. */
export interface Track {
  readonly kind: TrackKind;
  readonly name: string;
  readonly parent: TrackId;
  /** The CPU it belongs to, or -1. */
  readonly cpu: CpuId;
  /** The task it follows (name as in the run or trace), or ''. */
  readonly task: string;
  /** Thread id where one is known, else -1. */
  readonly tid: number;
  /** Of two timelines on the same lanes: which one it is of, an index into `Timeline.sides`. */
  readonly side?: 0 | 1;
}

/** The fixed meanings of colour (and pattern): one value per class, stored in a byte. Order is part of no format. */
export const Look = {
  off: 0, // absent, offline, idle ground
  prep: 1, // PREPARE section
  start: 2, // STARTING section
  onl: 3, // ONLINE section
  ready: 4, // online and active
  virt: 5, // virtualization on
  fail: 6, // failed and swallowed (hatched)
  lie: 7, // an enable that reported success and left it off (hatched the other way)
  guest: 8, // guest running
  kern: 9, // user task in the kernel
  user: 10, // user task in user space
  kth: 11, // kthread; a task between CPUs
  irq: 12, // interrupt or IPI handler
  wait: 13, // runnable or blocked
  oops: 14, // BUG, dead
  tdx: 15, // TDX initialised
  refused: 16, // refused (hatched): TDX, or a hotplug that rolled back
  present: 17, // present, not online
  unknown: 18, // the source does not tell
  value: 19, // a value of a variable
} as const;
export type LookName = keyof typeof Look;
export type Look = (typeof Look)[LookName];

/** Slices, sorted by (track, depth, start); within one (track, depth) they never overlap. */
export interface Slices {
  readonly length: number;
  readonly track: Int32Array;
  readonly depth: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly look: Uint8Array;
  readonly name: Int32Array;
  /** A second line of detail (StringId; 0 for none), e.g. "state 138, ret 0". */
  readonly detail: Int32Array;
}

/** What kind of mark an instant is; the loudest first. */
export const Mark = {
  oops: 0, // BUG, oops, panic
  failure: 1, // a failure, swallowed or not
  warning: 2,
  differs: 3, // of two timelines: the other one has nothing like it, or another result
  log: 4, // a line of the kernel log
  syscall: 5, // what userspace saw: a return value, a KVM_RUN return
  event: 6, // any other event of a trace
  note: 7, // trace markers, lost events, file boundaries
} as const;
export type MarkName = keyof typeof Mark;
export type Mark = (typeof Mark)[MarkName];

/** Instants, sorted by (at). `name` is short ("kvm_userspace_exit"), `text` whole. */
export interface Instants {
  readonly length: number;
  readonly at: Int32Array;
  readonly track: Int32Array;
  readonly mark: Uint8Array;
  readonly name: Int32Array;
  readonly text: Int32Array;
}

export const FlowKind = { ipi: 0, migration: 1, wakeup: 2 } as const;
export type FlowKind = (typeof FlowKind)[keyof typeof FlowKind];

/** Arrows from lane to lane, sorted by (start). */
export interface Flows {
  readonly length: number;
  readonly kind: Uint8Array;
  readonly name: Int32Array;
  readonly fromTrack: Int32Array;
  readonly start: Int32Array;
  readonly toTrack: Int32Array;
  readonly end: Int32Array;
}

/** A variable over time: the value from `at` on. Samples of all counters in one table, sorted by (counter, at). */
export interface Counters {
  readonly names: readonly string[];
  readonly length: number;
  readonly counter: Int32Array;
  readonly at: Int32Array;
  readonly value: Float64Array;
}

/** One line of a log (kernel log or VMM log), in its own order; `at` places it among the events. */
export interface LogLine {
  readonly at: Ordinal;
  readonly timeUs: TimeUs;
  /** -1 where it is not known which CPU printed it. */
  readonly cpu: CpuId;
  readonly text: string;
  readonly mark: Mark;
  readonly source: 'kernel' | 'vmm' | 'marker';
  /** As of a track. */
  readonly side?: 0 | 1;
}

/** A line that could not be understood: reported, skipped, never fatal. Lines count from 1. */
export interface BadLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

export interface Timeline {
  readonly title: string;
  readonly source: 'run' | 'trace';
  /** Number of ordinals. */
  readonly length: number;
  /** `length + 1` entries, ascending. */
  readonly timeUs: Float64Array;
  /** What the source clock read at time 0, microseconds. A trace's 115.493577 s is (115.493577e6 - originUs). */
  readonly originUs: number;
  readonly strings: readonly string[];
  readonly tracks: readonly Track[];
  readonly slices: Slices;
  readonly instants: Instants;
  readonly flows: Flows;
  readonly counters: Counters;
  readonly log: readonly LogLine[];
  /** Rows of variables whose values are numbers, by track; absent where there are none. */
  readonly levels?: ReadonlyMap<TrackId, Levels>;
  /** Where two timelines lie on the same lanes (`beside.ts`): what they are called. */
  readonly sides?: readonly [string, string];
  /** The first ordinal at which they are not the same; absent where they are. */
  readonly parting?: Ordinal;
}
