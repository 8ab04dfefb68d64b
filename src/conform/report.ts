/**
 * What `conform` says of a capture, as data. Version 1; a field that is added later does not change it.
 *
 *     categories   callbacks   compared 158  matched 158
 *     taken        who runs where: 16398 lines of the scheduler; order of concurrent acts: 3
 *     differences  the first one first, with both sides' lines
 */

/** What is predicted by the model and held against the capture. */
export type Category =
  | 'callbacks' // hotplug callbacks: step, function, target, state, return value, per CPU in order
  | 'contexts' // the task, or the interrupt, that ran them, and its CPU where that is bound
  | 'functions' // functions of KVM and of the hotplug core: entered
  | 'returns' // and what their return probes gave
  | 'results' // what userspace got: 0 or an errno, or no return at all
  | 'deaths' // who died, where, on which instruction, with which preempt_count
  | 'log' // lines of KVM and of the hotplug core
  | 'readings' // online masks, virtualization, states and targets, modules, threads, liveness
  | 'end'; // the host at the end

export interface Count {
  compared: number;
  matched: number;
}

/** A place where the two part. */
export interface Difference {
  readonly category: Category | 'not modelled';
  /** In one sentence. */
  readonly what: string;
  /** Microseconds of the trace's clock; NaN where none is known. */
  readonly t: number;
  /** The CPU that it is about, -1 where it is about none. */
  readonly cpu: number;
  /** File and line of the capture, '' where it has none. */
  readonly at: string;
  /** What the kernel did and what the model does; '' for nothing. */
  readonly kernel: string;
  readonly model: string;
  /** Lines around it: the kernel's before, the model's before, the kernel's after. */
  readonly around: {
    readonly kernel: readonly string[];
    readonly model: readonly string[];
    readonly after: readonly string[];
  };
  /** Steps of the model's run at that moment. */
  readonly step: number;
}

export interface ConformReport {
  readonly format: 'hotlanes-conform';
  readonly version: 1;
  readonly capture: {
    readonly kernel: string;
    readonly release: string;
    readonly scenario: string;
    readonly title: string;
  };
  /** Kernel text that was run; `exact`: of that release, not only of its series. */
  readonly kernel: string;
  readonly exact: boolean;
  readonly agrees: boolean;
  readonly categories: Readonly<Record<Category, Count>>;
  /** Taken from the capture, not predicted. */
  readonly taken: readonly { readonly what: string; readonly count: number }[];
  readonly uncompared: readonly { readonly what: string; readonly count: number }[];
  readonly assumptions: readonly string[];
  /** What a reader must know before relying on the verdict: files that are not whole, watchdogs that the model has not. */
  readonly warnings: readonly string[];
  /** At most 40, the first ones. */
  readonly differences: readonly Difference[];
  readonly differencesInAll: number;
  /** How far the trace was followed: lines met of those to be compared, and the moment reached. */
  readonly reached: { readonly lines: number; readonly of: number; readonly t: number };
  /** The litmus text derived from the capture, its faults as they struck. */
  readonly litmus: string;
  readonly steps: number;
}

export const CATEGORIES: readonly Category[] = [
  'callbacks',
  'contexts',
  'functions',
  'returns',
  'results',
  'deaths',
  'log',
  'readings',
  'end',
];

export const KEPT_DIFFERENCES = 40;
