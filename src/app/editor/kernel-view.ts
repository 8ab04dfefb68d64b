/** The editor of a kernel's text: CodeMirror with what this page adds to it. React and the store are told of through `Host`. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import {
  bracketMatching,
  codeFolding,
  foldEffect,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  unfoldAll,
} from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { search, searchKeymap, highlightSelectionMatches } from '@codemirror/search';
import { Annotation, Compartment, EditorState, Transaction, type Extension, type StateEffect } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap } from '@codemirror/view';
import { PATCH_FILE } from '../../kernels/whole';
import { isHeading } from '../../language/chunks';
import type { KernelDoc, Lines } from './kernel-doc';
import { colours } from './colours';
import { completeKern, type KernNames } from './complete-kern';
import { foldAt, kern } from './kern-language';
import { headingRanges, marking, numbering, setChanged, type RunTo } from './marks';
import { pointing, type Pointing } from './pointed';

export interface Host extends Pointing, KernNames {
  /** Runs a command of the page. */
  readonly command: (id: string) => boolean;
  readonly runTo: RunTo;
  readonly typed: (text: string) => void;
}

/** A change that came from the store and must not go back there. */
export const fromStore = Annotation.define<boolean>();

const numbers = new Compartment();
const diff = new Compartment();
const access = new Compartment();
const name = new Compartment();

/** A part's heading cannot be changed: the text is cut there into what the kernel is made of. */
const guarded = EditorState.changeFilter.of((transaction) =>
  transaction.annotation(fromStore) ? true : headingRanges(transaction.startState.doc),
);

/** Longest text; far above any kernel with a change, and still quick. */
const MOST = 600_000;

export function extensionsOf(
  host: Host,
  shown: { readonly doc: KernelDoc; readonly changes: boolean; readonly writable: boolean },
): Extension[] {
  const at = (view: EditorView): number => view.state.doc.lineAt(view.state.selection.main.head).number;
  return [
    marking(host.runTo),
    numbers.of(numberingOf(shown.doc.lines, host.runTo)),
    foldGutter({ openText: '▾', closedText: '▸' }),
    codeFolding(),
    highlightSpecialChars(),
    drawSelection(),
    kern(),
    colours,
    indentUnit.of('  '),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    // Enter ends a line: a name is taken once it was chosen
    autocompletion({ override: [completeKern(host)], icons: false, selectOnOpen: false }),
    pointing(host),
    guarded,
    EditorState.changeFilter.of((t) => t.newDoc.length <= MOST),
    EditorView.lineWrapping,
    diff.of(diffOf(shown.doc, shown.changes)),
    access.of(accessOf(shown.writable)),
    name.of(labelOf(shown.doc, shown.changes)),
    keymap.of([
      // The page's own undo covers typing and acts alike, in their order.
      { key: 'Mod-z', run: () => host.command('text.undo'), preventDefault: true },
      { key: 'Mod-Shift-z', run: () => host.command('text.redo'), preventDefault: true },
      { key: 'Mod-y', run: () => host.command('text.redo'), preventDefault: true },
      { key: 'Mod-Enter', run: (view) => (host.runTo(at(view), false), true) },
      { key: 'Mod-Shift-Enter', run: (view) => (host.runTo(at(view), true), true) },
      ...closeBracketsKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      // Escape, then Tab, leaves; the page's own Escape is for elsewhere
      { key: 'Escape', run: (view) => (view.setTabFocusMode(2000), true) },
      indentWithTab,
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged && !update.transactions.some((t) => t.annotation(fromStore)))
        host.typed(update.state.doc.toString());
    }),
  ];
}

const accessOf = (writable: boolean): Extension => [
  EditorState.readOnly.of(!writable),
  EditorView.editable.of(writable),
];

const labelOf = ({ kernel }: KernelDoc, changes: boolean): Extension =>
  EditorView.contentAttributes.of({
    'aria-label': changes ? `What ${kernel} changes` : `Text of the kernel ${kernel}`,
    'aria-describedby': 'kernel-editor-keys',
    spellcheck: 'false',
    autocapitalize: 'off',
    tabindex: '0',
  });

function numberingOf(lines: Lines, runTo: RunTo): Extension {
  return numbering((n) => String(lines.originOf(n)?.line ?? ''), runTo);
}

function diffOf(doc: KernelDoc, shown: boolean): Extension {
  if (!shown) return [];
  return unifiedMergeView({
    original: doc.era.text,
    mergeControls: (type, action) => {
      const button = document.createElement('button');
      button.type = 'button';
      if (type === 'accept') button.hidden = true;
      else {
        button.className = 'kern-revert';
        button.textContent = 'Take back';
        button.addEventListener('click', action);
      }
      return button;
    },
    collapseUnchanged: { margin: 3, minSize: 6 },
    diffConfig: { scanLimit: 1000, timeout: 400 },
    syntaxHighlightDeletions: true,
  });
}

/** Puts another text, or another way to show it, into a view. What was folded and where the cursor is stays where the text is alike. */
export function showDoc(
  view: EditorView,
  host: Host,
  doc: KernelDoc,
  { changes, writable }: { changes: boolean; writable: boolean },
): void {
  replaceText(view, doc.text);
  view.dispatch({
    effects: [diff.reconfigure(diffOf(doc, changes)), access.reconfigure(accessOf(writable))],
  });
  showLines(view, host, doc, changes);
}

/** After a change: the lines have other numbers, and the text may be another kernel's. */
export function showLines(view: EditorView, host: Host, doc: KernelDoc, changes: boolean): void {
  const { lines } = doc;
  const changed = (n: number): boolean => isOwnLine(lines, n);
  view.dispatch({
    effects: [
      numbers.reconfigure(numberingOf(lines, host.runTo)),
      name.reconfigure(labelOf(doc, changes)),
      setChanged.of(changed),
    ],
  });
}

const isOwnLine = (lines: Lines, n: number): boolean => lines.originOf(n)?.file === PATCH_FILE;

/** Only what differs is changed, so that the cursor stays where it is. */
function replaceText(view: EditorView, text: string): void {
  const old = view.state.doc.toString();
  if (old === text) return;
  let from = 0;
  while (from < old.length && old[from] === text[from]) from++;
  let end = 0;
  const most = Math.min(old.length, text.length) - from;
  while (end < most && old[old.length - 1 - end] === text[text.length - 1 - end]) end++;
  const to = text.length - end;
  view.dispatch({
    changes: { from, to: old.length - end, insert: text.slice(from, to) },
    annotations: [fromStore.of(true), Transaction.addToHistory.of(false)],
    // a small change is looked at; another kernel begins where the playhead is
    ...(to - from < 4000 ? { effects: EditorView.scrollIntoView(from, { y: 'nearest', yMargin: 60 }) } : {}),
    filter: false,
  });
}

/** What stays open: everything, the headings alone, or the functions that `keeps` names. */
export function foldTo(view: EditorView, keeps: 'all' | 'headings' | ((name: string) => boolean)): void {
  unfoldAll(view);
  if (keeps === 'all') return;
  const { doc } = view.state;
  const effects: StateEffect<unknown>[] = [];
  // a part of which nothing stays is folded whole, else its functions one by one
  let part: { from: number; to: number } | null = null;
  let inPart: { from: number; to: number }[] = [];
  let kept = false;
  const close = (): void => {
    if (part && !kept) effects.push(foldEffect.of(part));
    else effects.push(...inPart.map((range) => foldEffect.of(range)));
  };
  for (let n = 1; n <= doc.lines; n++) {
    const { text, from } = doc.line(n);
    if (isHeading(text)) {
      close();
      part = foldAt(view.state, from);
      inPart = [];
      kept = false;
      continue;
    }
    const name = /^(?:fn|action) (\w+)/.exec(text)?.[1];
    if (name === undefined || keeps === 'headings') continue;
    const range = foldAt(view.state, from);
    if (keeps(name)) kept = true;
    else if (range) inPart.push(range);
  }
  close();
  view.dispatch({ effects });
}
