/** A line of the description is not indented like one of actions: it stands at the edge, however often it is broken. */
import { RangeSetBuilder, type Extension } from '@codemirror/state';
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from '@codemirror/view';

const aboutLine = Decoration.line({ class: 'lit-about-line' });

function decorate(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const { doc } = view.state;
  // It may go on over lines, so that every line is looked at; a litmus text is short.
  let quoted = false;
  for (let n = 1; n <= doc.lines; n++) {
    const { from, text } = doc.line(n);
    if (!quoted && !text.trimStart().startsWith('"')) continue;
    if ((text.split('"').length - 1) % 2 === 1) quoted = !quoted;
    builder.add(from, from, aboutLine);
  }
  return builder.finish();
}

export const aboutLines: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
