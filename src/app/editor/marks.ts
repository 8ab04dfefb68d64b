/** What the kernel's editor marks in its text: headings, changed lines, the playhead's line with its calls, and where the CPUs are. */
import {
  RangeSet,
  RangeSetBuilder,
  StateEffect,
  StateField,
  type EditorState,
  type Extension,
  type Text,
} from '@codemirror/state';
import { Decoration, EditorView, gutter, GutterMarker, lineNumbers, type DecorationSet } from '@codemirror/view';
import { isHeading } from '../../language/chunks';
import { cpuRanges } from '../inspect/cpu-lines';

/** Lines of the shown text, from 1. */
export interface Marks {
  /** Of the step at the playhead; -1 for none. */
  readonly now: number;
  /** What the step has executed besides. */
  readonly also: readonly number[];
  /** Of the calls that led there. */
  readonly calls: readonly number[];
  /** CPUs by the line that they are at. */
  readonly cpus: ReadonlyMap<number, readonly number[]>;
}

export const NO_MARKS: Marks = { now: -1, also: [], calls: [], cpus: new Map() };

export const setMarks = StateEffect.define<Marks>();
/** Whether a line is changed; told again after each change. */
export const setChanged = StateEffect.define<(line: number) => boolean>();

const lineOf = (doc: Text, n: number): number => doc.line(n).from;

const now = Decoration.line({ class: 'kern-now', attributes: { 'aria-current': 'step' } });
const also = Decoration.line({ class: 'kern-also' });
const call = Decoration.line({ class: 'kern-call' });
const heading = Decoration.line({ class: 'kern-heading' });
const changed = Decoration.line({ class: 'kern-changed' });

const marksField = StateField.define<{ marks: Marks; decorations: DecorationSet; gutter: RangeSet<GutterMarker> }>({
  create: () => ({ marks: NO_MARKS, decorations: Decoration.none, gutter: RangeSet.empty }),
  update(value, transaction) {
    let next = transaction.docChanged
      ? {
          ...value,
          decorations: value.decorations.map(transaction.changes),
          gutter: value.gutter.map(transaction.changes),
        }
      : value;
    for (const effect of transaction.effects) {
      if (!effect.is(setMarks)) continue;
      const { doc } = transaction.state;
      const there = (n: number): boolean => n >= 1 && n <= doc.lines;
      const marks = effect.value;
      const ranges = [
        ...(there(marks.now) ? [now.range(lineOf(doc, marks.now))] : []),
        ...marks.also.filter((n) => there(n) && n !== marks.now).map((n) => also.range(lineOf(doc, n))),
        ...marks.calls
          .filter((n) => there(n) && n !== marks.now && !marks.also.includes(n))
          .map((n) => call.range(lineOf(doc, n))),
      ];
      const chips = [...marks.cpus]
        .filter(([n]) => there(n))
        .sort(([a], [b]) => a - b)
        .map(([n, cpus]) => new CpuMarker(cpuRanges(cpus)).range(lineOf(doc, n)));
      next = { marks, decorations: Decoration.set(ranges, true), gutter: RangeSet.of(chips) };
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field, (v) => v.decorations),
});

export const marksOf = (state: EditorState): Marks => state.field(marksField).marks;

/** The CPUs that are at a line. */
class CpuMarker extends GutterMarker {
  constructor(private readonly cpus: string) {
    super();
  }
  override eq(other: CpuMarker): boolean {
    return other.cpus === this.cpus;
  }
  override toDOM(): Node {
    const chip = document.createElement('span');
    chip.className = 'kern-cpu';
    chip.textContent = this.cpus;
    chip.title = `CPU ${this.cpus} is here`;
    return chip;
  }
}

const changedField = StateField.define<(line: number) => boolean>({
  create: () => () => false,
  update: (value, { effects }) => effects.reduce((v, e) => (e.is(setChanged) ? e.value : v), value),
});

/** Headings and changed lines, where they can be seen. */
const lineKinds = EditorView.decorations.of((view) => {
  const builder = new RangeSetBuilder<Decoration>();
  const isChanged = view.state.field(changedField);
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      if (isHeading(line.text)) builder.add(line.from, line.from, heading);
      else if (isChanged(line.number)) builder.add(line.from, line.from, changed);
      at = line.to + 1;
    }
  }
  return builder.finish();
});

/** What comes of a click beside a line. */
export type RunTo = (line: number, back: boolean) => void;

const onClick =
  (runTo: RunTo) =>
  (view: EditorView, block: { readonly from: number }, event: Event): boolean => {
    runTo(view.state.doc.lineAt(block.from).number, (event as MouseEvent).shiftKey);
    return true;
  };

export const marking = (runTo: RunTo): Extension => [
  changedField,
  marksField,
  lineKinds,
  gutter({
    class: 'kern-cpus',
    markers: (view) => view.state.field(marksField).gutter,
    initialSpacer: () => new CpuMarker('0-3'),
    domEventHandlers: { mousedown: onClick(runTo) },
  }),
];

/** Line numbers as other parts of the page tell them: made anew for each text, since they are of its files. */
export const numbering = (number: (line: number) => string, runTo: RunTo): Extension =>
  lineNumbers({ formatNumber: number, domEventHandlers: { mousedown: onClick(runTo) } });

/** The headings are what the text is cut at: they stay as they are. */
export function headingRanges(doc: Text): number[] {
  const ranges: number[] = [];
  let at = 0;
  for (const text of doc.iterLines()) {
    if (isHeading(text)) ranges.push(at, at + text.length);
    at += text.length + 1;
  }
  return ranges;
}
