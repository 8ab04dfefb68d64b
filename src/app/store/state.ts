/** All that the page knows, as one plain value. Nothing here knows React; what changes it is in the files beside it. */
import type { Problem } from '../../language/errors';
import type { Sentence } from '../../litmus/outcome';
import type { Axis, Item } from '../../lanes/lanes-view';
import type { ThemeName } from '../../lanes/palette';
import type { ImportReport } from '../../timeline/import-files';
import type { FileInput } from '../../timeline/read';
import type { Beside } from '../../timeline/beside';
import type { Ordinal, Timeline } from '../../timeline/columns';
import { NO_SESSION, type Session } from '../session/session';
import { NO_READING, type Reading } from './reading-state';
import type { RunPicture } from './picture';
import type { RunView } from './run-view';

/** A real kernel's trace, as it was opened. */
export interface TraceView {
  /** Folder of a capture that comes with the page ("6.1/s2"); null for files of the user's own. */
  readonly id: string | null;
  readonly title: string;
  /** What to look for, or the files it is made of. */
  readonly about: string;
  readonly timeline: Timeline;
  readonly report: ImportReport;
  /** What it was read from: the model can be led along it. */
  readonly files: readonly FileInput[];
  /** What it shows, in words, and what was read. */
  readonly sentence: Sentence;
  readonly read: string;
  /** The CPU that its sentence is about, or -1. */
  readonly cpu: number;
}

/** Which of two timelines on the same lanes; where there is only one, it is 0. */
export type Side = 0 | 1;

/** A second run on the lanes of the first: the same text on another kernel; or the model beside a real kernel's trace. */
export interface BesideView {
  /** The kernel or design of the second. */
  readonly kernel: string;
  /** What each is called. */
  readonly names: readonly [string, string];
  /** Null while it is being made, and where the text does not run on that kernel: then `problems` says why. */
  readonly joint: Beside | null;
  readonly problems: readonly Problem[];
  /** The second run. */
  readonly run: RunView | null;
  /** Beside a trace: what the comparison says, instead of the run's own outcome. */
  readonly said?: Sentence;
}

/** What is shown beside the lanes can be put away. */
export type PanelName = 'text' | 'step' | 'log';

/** What the panel at the left shows: the litmus text, the kernel's, or what a design changes of it. */
export type TextTab = 'litmus' | 'kernel' | 'patch';

export type Speed = 0.25 | 0.5 | 1 | 2 | 4;
export const SPEEDS: readonly Speed[] = [0.25, 0.5, 1, 2, 4];

/** Something that takes its time, with a way out. */
export interface Work {
  readonly what: string;
  readonly detail: string;
  /** 0 to 1; null when nobody can tell. */
  readonly share: number | null;
  readonly cancel: () => void;
}

export interface Notice {
  readonly tone: 'error' | 'info';
  readonly text: string;
  readonly details: readonly string[];
}

export type ThemeChoice = 'system' | ThemeName;

export type MenuName = 'scenario' | 'kernel' | 'beside' | 'act' | 'open' | 'speed' | 'more' | 'cpu' | 'vcpu';

export interface OpenMenu {
  readonly name: MenuName;
  /** What it hangs on: an element, or a point (CSS pixels in the window). */
  readonly anchor: Element | { readonly x: number; readonly y: number };
  /** CPU or vCPU that it is about. */
  readonly subject?: number;
  /** Step (from 0) of the run that was pointed at, -1 for none. */
  readonly step?: number;
}

/** Free play: simulated time passes. */
export interface Live {
  /** Where it is now, microseconds of the run. */
  readonly us: number;
  /** False: time stands still until it is told to go on. */
  readonly going: boolean;
}

/** Work of an earlier visit. */
export interface Offer {
  /** What it was about, and how much there is of it. */
  readonly title: string;
  readonly steps: number;
  /** Milliseconds since 1970. */
  readonly when: number;
}

/** The tour of the thread. */
export interface TourState {
  /** Which step, from 0. */
  readonly step: number;
  /** All that the user had before it, and has again after it. */
  readonly aside: AppState;
  /** The text that the step began with. */
  readonly opened: string;
}

/** Where the user was in a timeline that is not shown now. */
export interface Place {
  readonly playhead: Ordinal;
  readonly axis: Axis;
}

export type DialogName =
  'help' | 'table' | 'report' | 'matrix' | 'failures' | 'sources' | 'keys' | 'palette' | 'branches';

export interface AppState {
  // The text and what it came to
  readonly text: string;
  /** Scenario of the gallery that the text began as. */
  readonly scenario: string;
  /** Every kernel and every text of the gallery is there; at first only those of the opening picture are. */
  readonly allTexts: boolean;
  readonly problems: readonly Problem[];
  /** The run of the last text that was without problems. */
  readonly run: RunView | null;
  /** What the page opens on, until that run is there. */
  readonly opening: RunPicture | null;
  /** A change of a kernel, as a kernel text with a name of its own, on which a text runs that names it; '' for none. */
  readonly kernelPatch: string;
  /** All that was done, as a tree of texts; `text` and `kernelPatch` are those of the node that is shown. */
  readonly session: Session;
  /** The run goes on in simulated time while somebody acts; null: it does not. */
  readonly live: Live | null;
  /** What an earlier visit left, until it is taken up or put away. */
  readonly offer: Offer | null;
  /** Keys that were changed, by the command's id. */
  readonly keys: Readonly<Record<string, readonly string[]>>;

  // A trace
  readonly trace: TraceView | null;
  readonly showing: 'run' | 'trace';
  readonly elsewhere: Place | null;

  // A second run
  readonly beside: BesideView | null;
  /** Whose step is told beside the lanes. */
  readonly side: Side;

  // Time
  /** Of a run: how many steps are done. Of a trace: the event that it is at. */
  readonly playhead: Ordinal;
  readonly playing: boolean;
  /** What is later than the playhead is not shown yet. */
  readonly unfolding: boolean;
  readonly speed: Speed;
  readonly axis: Axis;
  readonly selection: Item | null;
  /** What a reader asked for: marks, rows of variables, a search, causes. */
  readonly reading: Reading;
  /** The timeline with the rows of variables that were asked for, and the one that it was made of. */
  readonly pinned: { readonly of: Timeline; readonly timeline: Timeline } | null;

  // The page
  readonly themeChoice: ThemeChoice;
  readonly systemTheme: ThemeName;
  readonly panels: Readonly<Record<PanelName, boolean>>;
  readonly tab: TextTab;
  /** The text has more room than the lanes would leave it. */
  readonly wide: boolean;
  /** On a narrow page one panel at a time lies over the lanes. */
  readonly sheet: PanelName | null;
  readonly menu: OpenMenu | null;
  readonly dialog: DialogName | null;
  readonly tour: TourState | null;
  readonly work: Work | null;
  readonly notice: Notice | null;
}

export const initialState: AppState = {
  text: '',
  scenario: '',
  allTexts: false,
  problems: [],
  run: null,
  opening: null,
  kernelPatch: '',
  session: NO_SESSION,
  live: null,
  offer: null,
  keys: {},
  trace: null,
  showing: 'run',
  elsewhere: null,
  beside: null,
  side: 0,
  playhead: 0,
  playing: false,
  unfolding: false,
  speed: 1,
  axis: 'steps',
  selection: null,
  reading: NO_READING,
  pinned: null,
  themeChoice: 'system',
  systemTheme: 'light',
  panels: { text: true, step: true, log: true },
  tab: 'litmus',
  wide: false,
  sheet: null,
  menu: null,
  dialog: null,
  tour: null,
  work: null,
  notice: null,
};

/** What is shown of the run, also while the run itself is still to come. */
export const pictureOf = (s: AppState): RunPicture | null => s.run ?? s.opening;

/** The timeline as it was made, without rows of variables. */
export const bareTimelineOf = (s: AppState): Timeline | null =>
  s.beside?.joint?.timeline ?? (s.showing === 'trace' ? s.trace?.timeline : pictureOf(s)?.timeline) ?? null;

export const timelineOf = (s: AppState): Timeline | null => {
  const bare = bareTimelineOf(s);
  return s.pinned !== null && s.pinned.of === bare ? s.pinned.timeline : bare;
};

/** The last place of the playhead: after a run's last step, at a trace's last event. */
export const lastOf = (s: AppState): Ordinal => {
  if (s.showing === 'trace') return Math.max(0, (timelineOf(s)?.length ?? 1) - 1);
  return s.beside?.joint?.steps ?? pictureOf(s)?.steps ?? 0;
};

/**
 * Where the playhead shows an event of the timeline. In a run the playhead counts steps that are done: after step n (from 1,
 * ordinal n - 1) it is n, so that what lies before the line has happened. In a trace it is at the event itself.
 */
export const placeOf = (s: AppState, event: Ordinal): Ordinal => (s.showing === 'run' ? event + 1 : event);

/** Has this event of the timeline happened where the playhead is? */
export const isPast = (s: AppState, event: Ordinal): boolean => placeOf(s, event) <= s.playhead;

/** The run whose step is told: a trace beside a run has none of its own. */
export const runOf = (s: AppState, side: Side = s.side): RunView | null =>
  side === 1 ? (s.beside?.run ?? null) : s.showing === 'run' ? s.run : null;

/** Where the playhead shows a step (from 0) of the run of one side. */
export const placeOfStep = (s: AppState, step: number, side: Side = 0): Ordinal =>
  placeOf(s, s.beside?.joint?.at[side][step] ?? step);

/** How many steps of the run of one side are done where the playhead is; of a trace, which of its events that is at. */
export const stepsDone = (s: AppState, side: Side = s.side): number => {
  const done = s.beside?.joint?.done[side];
  if (done === undefined) return s.playhead;
  if (s.showing === 'run') return done[s.playhead]!;
  const past = done[s.playhead + 1]!;
  return side === 0 ? Math.max(0, past - 1) : past;
};

export const themeOf = (s: AppState): ThemeName => (s.themeChoice === 'system' ? s.systemTheme : s.themeChoice);
