/** The kernel's editor on the page: what it shows follows the store, and what is typed goes there. */
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { loadKernel, patchFor } from '../../kernels/index';
import { headOf, PATCH_FILE } from '../../kernels/whole';
import type { Kernel } from '../../language/assemble';
import type { Origin } from '../../language/one-text';
import type { Program } from '../../language/program';
import { cpuLinesAt, linesOfStep } from '../inspect/cpu-lines';
import { linesAt } from '../inspect/kernel-text';
import { allProblems } from '../../litmus/all-problems';
import { FILE } from '../store/runner';
import { functionsOf } from '../inspect/sources';
import { tellOf } from '../inspect/told';
import { valueAt } from '../inspect/value-at';
import { nextVisit } from '../inspect/visits';
import { runCommand } from '../registry';
import type { RunView } from '../store/run-view';
import { putPatch, shownKernel } from '../store/kernel-change';
import { seek } from '../store/player';
import { placeOfStep, runOf, stepsDone, type AppState } from '../store/state';
import { app, get, set } from '../store/store';
import { kernelEditor, type Spot } from './handle';
import { changeTo, docOf, Lines, type KernelDoc } from './kernel-doc';
import { extensionsOf, foldTo, showDoc, showLines, type Host } from './kernel-view';
import { NO_MARKS, setMarks, type Marks } from './marks';
import { createStore } from 'zustand/vanilla';

interface Shown {
  doc: KernelDoc;
  /** The change in the store that it shows. */
  patch: string;
}

const writableIn = (s: AppState): boolean => s.showing === 'run' && s.side === 0;

/** What the editor shows, and the names that it has; null while it is not there, or where the kernel cannot be put together. */
export const shownDoc = createStore<{ readonly doc: KernelDoc | null; readonly kernel: () => Kernel | null }>(() => ({
  doc: null,
  kernel: () => null,
}));

/** Names are read again this long (ms) after they were: putting a kernel together takes as long as a keystroke may. */
const NAMES_MS = 700;

/** Puts the editor into an element; call what comes back to take it out again. @param changes only what is changed */
export function mountKernelEditor(parent: HTMLElement, changes: boolean): () => void {
  const first = get();
  const doc = docOf(shownKernel(first), first.kernelPatch) ?? docOf(first.run?.program.kernel ?? '', first.kernelPatch);
  shownDoc.setState({ doc });
  if (!doc) return () => undefined;
  const shown: Shown = { doc, patch: first.kernelPatch };
  const own = hostOf(() => made, shown, changes);
  shownDoc.setState({ kernel: own.kernel });
  const made: EditorView = new EditorView({
    parent,
    state: EditorState.create({
      doc: doc.text,
      extensions: extensionsOf(own, { doc, changes, writable: writableIn(first) }),
    }),
  });
  showLines(made, own, doc, changes);
  kernelEditor.goTo = (where) => goTo(made, shown, where, own.kernel);
  kernelEditor.fold = (to) => {
    const s = get();
    const run = runOf(s) ?? s.run;
    const names = new Set(to === 'run' && run ? functionsOf(run) : []);
    foldTo(made, to === 'run' ? (name) => names.has(name) : to);
  };
  const wanted = kernelEditor.wanted;
  kernelEditor.wanted = null;
  const mark = (reveal: boolean): void => {
    const marks = marksIn(get(), shown);
    const { doc: text } = made.state;
    const effects = [setMarks.of(marks)];
    const to = marks.now >= 1 && marks.now <= text.lines ? text.line(marks.now).from : -1;
    made.dispatch({
      effects: reveal && to >= 0 ? [...effects, EditorView.scrollIntoView(to, { y: 'nearest', yMargin: 80 })] : effects,
    });
  };
  if (wanted !== null) goTo(made, shown, wanted, own.kernel);
  mark(wanted === null && !changes);
  const stops = [
    app.subscribe(
      (s) => [shownKernel(s), s.kernelPatch, writableIn(s)] as const,
      ([kernel, patch, writable]) => {
        const same = kernel === shown.doc.kernel && (!shown.doc.own || patch === shown.patch);
        const next = same ? shown.doc : docOf(kernel, patch);
        // a name that is no kernel yet: what is shown stays
        if (!next) return;
        shown.doc = next;
        shown.patch = patch;
        if (!same || made.state.readOnly === writable) showDoc(made, own, next, { changes, writable });
        shownDoc.setState({ doc: next });
        mark(false);
      },
      { equalityFn: (a, b) => a.every((value, i) => value === b[i]) },
    ),
    app.subscribe(
      (s) => [s.run, runOf(s), stepsDone(s)] as const,
      () => mark(!made.hasFocus || get().playing),
      { equalityFn: (a, b) => a.every((value, i) => value === b[i]) },
    ),
    app.subscribe(
      (s) => [s.problems, s.run] as const,
      () => made.dispatch(setDiagnostics(made.state, diagnosticsIn(made.state, get(), shown.doc.lines))),
      { equalityFn: (a, b) => a[0] === b[0] && a[1] === b[1], fireImmediately: true },
    ),
  ];
  stops.push(moreProblems());
  return () => {
    for (const stop of stops) stop();
    kernelEditor.goTo = null;
    kernelEditor.fold = null;
    made.destroy();
  };
}

/** How long (ms) a text with an error is left alone before all other errors in it are looked for. */
const LOOK_MS = 400;

/** The compiler stops at the first wrong function: what is wrong in the others is told a little later. */
function moreProblems(): () => void {
  let wait: ReturnType<typeof setTimeout> | undefined;
  const look = (problems: AppState['problems']): void => {
    clearTimeout(wait);
    if (!problems.some((p) => p.file === PATCH_FILE)) return;
    wait = setTimeout(() => {
      const s = get();
      if (s.problems !== problems) return;
      const all = allProblems(s.text, FILE, { file: PATCH_FILE, source: s.kernelPatch });
      if (all.length > problems.length) set({ problems: all });
    }, LOOK_MS);
  };
  look(get().problems);
  const stop = app.subscribe((s) => s.problems, look);
  return () => {
    clearTimeout(wait);
    stop();
  };
}

/** What the editor needs of the page. */
function hostOf(view: () => EditorView, shown: Shown, changes: boolean): Host {
  let names: { kernel: string; patch: string; found: Kernel | null; when: number } | null = null;
  const kernel = (): Kernel | null => {
    const { doc, patch } = shown;
    const now = performance.now();
    if (names?.kernel === doc.kernel && (names.patch === patch || now - names.when < NAMES_MS)) return names.found;
    const loaded = loadKernel(doc.kernel, patchFor(doc.kernel, patch));
    // while there is an error in it, the names are those from before
    const found = loaded.ok ? loaded.kernel : (names?.found ?? fallback(doc));
    names = { kernel: doc.kernel, patch, found, when: now };
    return found;
  };
  const run = () => {
    const s = get();
    const shownRun = runOf(s) ?? s.run;
    return shownRun && shownRun.program.kernel === shown.doc.kernel ? { run: shownRun, done: stepsDone(s) } : null;
  };
  const host: Host = {
    kernel,
    command: runCommand,
    tell: (name) => {
      const all = kernel();
      return all && tellOf(all, name);
    },
    valueNow: (name) => {
      const now = run();
      return now && (valueAt(now.run, name, now.done)?.text ?? null);
    },
    goTo: ({ place }) => place !== null && goTo(view(), shown, place, kernel),
    runTo: (line, back) => {
      const now = run();
      const declares = (n: number): boolean => /^[a-z]/.test(view().state.doc.line(n).text);
      const origin = now && codeFrom(now.run, shown.doc.lines, line, declares);
      const at = origin && now && nextVisit(now.run, origin.file, origin.line, now.done, back ? -1 : 1);
      if (at !== null && at !== undefined) seek(at === 0 ? 0 : placeOfStep(get(), at - 1, get().side));
      else {
        const text = back
          ? 'Before here no step of this run is at that line.'
          : 'From here on no step of this run comes to that line.';
        set({ notice: { tone: 'info', text, details: back ? [] : ['Shift and a click looks for it before here.'] } });
      }
    },
    typed: (text) => {
      const { doc } = shown;
      const before = get().kernelPatch;
      const made = changeTo(doc, text);
      const lines = new Lines(made.origins);
      const takes = !doc.own && before !== '' ? headOf(before) : null;
      shown.doc = { ...doc, own: true, kernel: doc.head.name, text, lines };
      shown.patch = made.text;
      putPatch(made.text, doc.head.name, 'changed the kernel', true);
      if (takes) {
        const about = `Your change over ${takes.over} is put away for this one; undo brings it back.`;
        set({ notice: { tone: 'info', text: about, details: [] } });
      }
      showLines(view(), host, shown.doc, changes);
      shownDoc.setState({ doc: shown.doc });
    },
  };
  return host;
}

const coded = new WeakMap<Program, ReadonlySet<string>>();

/** The line, or where it holds no code the next one below that does, in the same piece of the text. */
function codeFrom({ program }: RunView, lines: Lines, line: number, declares: (n: number) => boolean): Origin | null {
  let code = coded.get(program);
  if (!code) {
    const places = [...program.code.map((c) => c.place), ...program.frames.map((f) => f.place)];
    coded.set(program, (code = new Set(places.map((p) => `${p.line} ${p.file}`))));
  }
  const first = lines.originOf(line);
  // a declaration's own line is where it ends: what it does begins below
  for (let n = declares(line) ? line + 1 : line; ; n++) {
    const origin = lines.originOf(n);
    if (!origin || origin.file !== first?.file) return first;
    if (code.has(`${origin.line} ${origin.file}`)) return origin;
  }
}

function fallback({ head }: KernelDoc): Kernel | null {
  const loaded = loadKernel(head.over);
  return loaded.ok ? loaded.kernel : null;
}

/** To a place of a text, or to where a name is declared. False where it is not shown. */
function goTo(view: EditorView, { doc }: Shown, where: Spot | string, kernel: () => Kernel | null): boolean {
  const all = typeof where === 'string' ? kernel() : null;
  const place = typeof where === 'string' ? all && tellOf(all, where)?.place : where;
  const at = place ? doc.lines.shown(place) : null;
  if (!at || at.line > view.state.doc.lines) return false;
  const line = view.state.doc.line(at.line);
  const pos = Math.min(line.to, line.from + at.column - 1);
  view.focus();
  view.dispatch({ selection: { anchor: pos }, effects: EditorView.scrollIntoView(pos, { y: 'center' }) });
  return true;
}

function marksIn(s: AppState, { doc, patch }: Shown): Marks {
  const run = runOf(s) ?? s.run;
  if (!run || run.program.kernel !== doc.kernel) return NO_MARKS;
  const done = stepsDone(s);
  // lines of a change that is newer than the run are not those that the run was on
  const stale = run.patch !== '' && run.patch !== patch;
  const line = (file: string, n: number): number => (stale && file === PATCH_FILE ? -1 : doc.lines.lineOf(file, n));
  const [now, ...calls] = linesAt(run, done).map((p) => line(p.file, p.line));
  const cpus = new Map<number, number[]>();
  for (const at of cpuLinesAt(run, done)) {
    const n = line(at.file, at.line);
    if (n > 0) cpus.set(n, [...(cpus.get(n) ?? []), at.cpu]);
  }
  const also = [...new Set(linesOfStep(run, done).map((p) => line(p.file, p.line)))].filter((n) => n > 0);
  return { now: now ?? -1, also, calls: calls.filter((n) => n > 0), cpus };
}

/** Problems of the text, and where the run went wrong, at their places. */
function diagnosticsIn(state: EditorState, s: AppState, lines: Lines): Diagnostic[] {
  const wrong = s.run?.outcome.error;
  const all = [
    ...s.problems,
    ...(wrong && s.problems.length === 0 ? [{ ...wrong.place, message: wrong.message, suggestion: '' }] : []),
  ];
  return all.flatMap((p) => {
    const at = lines.shown(p);
    if (!at || at.line > state.doc.lines) return [];
    const line = state.doc.line(at.line);
    const from = Math.min(line.to, line.from + at.column - 1);
    const to = Math.min(line.to, from + p.length);
    return [
      {
        from: from === to && from > line.from ? from - 1 : from,
        to,
        severity: 'error' as const,
        message: p.suggestion === '' ? p.message : `${p.message} (${p.suggestion})`,
      },
    ];
  });
}
