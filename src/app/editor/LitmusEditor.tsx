import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap } from '@codemirror/commands';
import { lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { search, searchKeymap } from '@codemirror/search';
import { Annotation, EditorState, Transaction } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Problem } from '../../language/errors';
import { MAX_LITMUS } from '../../litmus/parse';
import { runCommand } from '../commands';
import { FILE } from '../store/runner';
import { app, get } from '../store/store';
import { refuseText, setText } from '../store/text';
import { currentLines, linesUnderWay, setCurrentLines } from './current-lines';
import { editor } from './handle';
import { aboutLines } from './about-lines';
import { colours } from './colours';
import { completeLitmus } from './complete-litmus';
import { litmus } from './litmus-language';
import { litmusNames, litmusPointing } from './litmus-names';
import { pointing } from './pointed';
import './editor.css';
import './kernel-editor.css';

/** A change that came from the store and must not go back there. */
const fromStore = Annotation.define<boolean>();

const command = (id: string) => (): boolean => {
  runCommand(id);
  return true;
};

/** A text beyond the limit is kept out, and the page says so. */
function fits(transaction: Transaction): boolean {
  const length = transaction.newDoc.length;
  if (length <= MAX_LITMUS) return true;
  let added = 0;
  transaction.changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => (added += inserted.length));
  const what = transaction.isUserEvent('input.paste') ? 'the paste' : 'the change';
  refuseText(
    added > MAX_LITMUS
      ? `${what} has ${added.toLocaleString('en')}`
      : `with ${what} it would have ${length.toLocaleString('en')}`,
  );
  return false;
}

const extensions = [
  lineNumbers(),
  drawSelection(),
  litmus(),
  colours,
  aboutLines,
  currentLines,
  search({ top: true }),
  autocompletion({ override: [completeLitmus(litmusNames)], icons: false, selectOnOpen: false }),
  // kernels and states have signs in their names that other words have not
  pointing(litmusPointing, /[A-Za-z_][\w./:-]*/g),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({
    'aria-label': 'Litmus text',
    spellcheck: 'false',
    autocapitalize: 'off',
    tabindex: '0',
  }),
  // The page's own undo covers typing and acts alike, in their order.
  keymap.of([
    { key: 'Mod-z', run: command('text.undo'), preventDefault: true },
    { key: 'Mod-Shift-z', run: command('text.redo'), preventDefault: true },
    { key: 'Mod-y', run: command('text.redo'), preventDefault: true },
    ...completionKeymap,
    ...searchKeymap,
    ...lintKeymap,
    {
      key: 'Escape',
      run: (view) => {
        view.contentDOM.blur();
        return true;
      },
    },
    ...defaultKeymap,
  ]),
  EditorState.changeFilter.of(fits),
  EditorView.updateListener.of((update) => {
    if (!update.docChanged || update.transactions.some((t) => t.annotation(fromStore))) return;
    setText(update.state.doc.toString(), 'typed');
  }),
];

export default function LitmusEditor() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Whoever was typing into the plain field goes on typing.
    const plain = document.querySelector<HTMLTextAreaElement>('textarea[aria-label="Litmus text"]');
    const typing = plain !== null && document.activeElement === plain ? plain.selectionStart : null;
    const view = new EditorView({
      parent: host.current!,
      state: EditorState.create({ doc: get().text, extensions }),
    });
    if (typing !== null) {
      view.focus();
      view.dispatch({ selection: { anchor: Math.min(typing, view.state.doc.length) } });
    }
    editor.goTo = (line, column) => {
      const { doc } = view.state;
      const at = doc.line(Math.min(line, doc.lines));
      view.focus();
      view.dispatch({ selection: { anchor: Math.min(at.to, at.from + column - 1) }, scrollIntoView: true });
    };
    view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, get().problems)));
    const stops = [
      app.subscribe(
        (s) => s.text,
        (text) => take(view, text),
      ),
      app.subscribe(
        (s) => s.problems,
        (problems) => {
          view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, problems)));
        },
      ),
      app.subscribe(linesUnderWay, (lines) => view.dispatch({ effects: setCurrentLines.of(lines) }), {
        equalityFn: (a, b) => a.length === b.length && a.every((n, i) => n === b[i]),
        fireImmediately: true,
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      editor.goTo = null;
      view.destroy();
    };
  }, []);
  return <div ref={host} className="litmus-editor" />;
}

/** The store's text into the editor; only what differs is changed, so that the cursor stays where it is. */
function take(view: EditorView, text: string): void {
  const old = view.state.doc.toString();
  if (old === text) return;
  let from = 0;
  while (from < old.length && old[from] === text[from]) from++;
  let end = 0;
  while (end < Math.min(old.length, text.length) - from && old[old.length - 1 - end] === text[text.length - 1 - end])
    end++;
  view.dispatch({
    changes: { from, to: old.length - end, insert: text.slice(from, text.length - end) },
    annotations: [fromStore.of(true), Transaction.addToHistory.of(false)],
    effects: EditorView.scrollIntoView(Math.min(from, text.length), { y: 'nearest' }),
    filter: false,
  });
}

function diagnosticsOf(state: EditorState, problems: readonly Problem[]): Diagnostic[] {
  return problems
    .filter((p) => p.file === FILE && p.line <= state.doc.lines)
    .map((p) => {
      const line = state.doc.line(p.line);
      const from = Math.min(line.to, line.from + p.column - 1);
      const to = Math.min(line.to, from + p.length);
      // A problem of nothing at all (the end of a line) still needs a place to be seen at.
      return {
        from: from === to && from > line.from ? from - 1 : from,
        to,
        severity: 'error',
        message: p.suggestion === '' ? p.message : `${p.message} (${p.suggestion})`,
      };
    });
}
