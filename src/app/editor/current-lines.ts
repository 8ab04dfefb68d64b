/** Marks the lines whose actions are under way at the playhead. */
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import { stepsDone, type AppState } from '../store/state';

export const setCurrentLines = StateEffect.define<readonly number[]>();

const line = Decoration.line({ class: 'lit-current' });

export const currentLines: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marked, transaction) {
    let next = marked.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setCurrentLines)) continue;
      const { doc } = transaction.state;
      const ranges = effect.value.filter((n) => n <= doc.lines).map((n) => line.range(doc.line(n).from));
      next = Decoration.set(ranges, true);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Line numbers of those actions; none while the text is not the one that was run. */
export function linesUnderWay(s: AppState): readonly number[] {
  const { run } = s;
  if (!run || s.showing !== 'run' || s.problems.length > 0) return [];
  const past = stepsDone(s, 0);
  const places = run.program.actors.flatMap((actor) => actor.actions.map((a) => a.place.line));
  return run.outcome.returns.flatMap((r, i) => {
    const begun = r.began >= 0 && r.began < past;
    const done = r.step >= 0 && r.step < past;
    return begun && !done && places[i] !== undefined ? [places[i]] : [];
  });
}
