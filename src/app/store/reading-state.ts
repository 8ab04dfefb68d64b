/** What a reader of the picture has asked for: kept apart from the picture, as plain values. */
import type { Cause } from '../../litmus/causes';
import type { Subject } from '../../litmus/why';
import type { PlaceMark } from '../../lanes/overlay';
import type { RunView } from './run-view';

/** What the panel at the right tells. */
export type ReadTab = 'step' | 'why' | 'search' | 'values' | 'marks';

/** What was found: columns, by place. */
export interface Hits {
  readonly length: number;
  /** Ordinal of the timeline. */
  readonly at: Int32Array;
  readonly track: Int32Array;
  /** One of `HitKind`. */
  readonly kind: Uint8Array;
  /** Line of the log, slice, instant or step, by kind. */
  readonly index: Int32Array;
}

export const HitKind = { log: 0, slice: 1, instant: 2, step: 3 } as const;

export interface Search {
  readonly query: string;
  readonly hits: Hits | null;
  /** Which one is shown, -1 for none. */
  readonly current: number;
  /** False while it still looks. */
  readonly done: boolean;
}

/** Why something came about: the steps that it depends on. */
export interface Why {
  readonly run: RunView;
  readonly subject: Subject;
  readonly causes: readonly Cause[];
}

export interface Reading {
  readonly tab: ReadTab;
  /** Places of the playhead, by letter. */
  readonly marks: readonly PlaceMark[];
  /** Two places of the playhead between which is measured. */
  readonly span: readonly [from: number, to: number] | null;
  /** Variables that are rows of the lanes, by name. */
  readonly pins: readonly string[];
  readonly search: Search | null;
  readonly why: Why | null;
}

export const NO_READING: Reading = { tab: 'step', marks: [], span: null, pins: [], search: null, why: null };
