/** Colours for the words of a litmus text: what begins a line, who acts, what is said to be returned, comments. */
import { RangeSetBuilder, type Extension } from '@codemirror/state';
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from '@codemirror/view';

const mark = (name: string): Decoration => Decoration.mark({ class: `lit-${name}` });

const aboutLine = Decoration.line({ class: 'lit-about-line' });

const marks = {
  word: mark('word'),
  actor: mark('actor'),
  verb: mark('verb'),
  errno: mark('errno'),
  comment: mark('comment'),
  about: mark('about'),
};

const TOKENS =
  /(#.*$)|^(litmus|kernel|machine|fault|maybe|never|always|exists|eventually)\b|^([A-Za-z_][\w-]*:)|(?<![-\w.:])(modprobe|rmmod|create|run|hotadd|online|offline|affine|after|returns|once|time|fault)(?![-\w(:])|(-E[A-Z0-9]+)\b/g;
const kinds = ['comment', 'word', 'actor', 'verb', 'errno'] as const;

function decorate(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const { doc } = view.state;
  // A description may go on over lines, so that every line is looked at; a litmus text is short.
  let quoted = false;
  for (let n = 1; n <= doc.lines; n++) {
    const { from, to, text } = doc.line(n);
    if (quoted || text.trimStart().startsWith('"')) {
      if ((text.split('"').length - 1) % 2 === 1) quoted = !quoted;
      builder.add(from, from, aboutLine);
      if (to > from) builder.add(from, to, marks.about);
      continue;
    }
    for (const match of text.matchAll(TOKENS)) {
      const kind = kinds.find((_, i) => match[i + 1] !== undefined);
      if (kind) builder.add(from + match.index, from + match.index + match[0].length, marks[kind]);
    }
  }
  return builder.finish();
}

export const highlight: Extension = ViewPlugin.fromClass(
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
