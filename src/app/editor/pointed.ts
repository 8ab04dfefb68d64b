/** What is told of a name that is pointed at, by mouse or by key, and going to where it is declared. */
import { StateEffect, StateField, type EditorState, type Extension } from '@codemirror/state';
import { EditorView, hoverTooltip, keymap, showTooltip, type Tooltip } from '@codemirror/view';
import { STANDING, type Link } from '../inspect/sources';
import type { Told } from '../inspect/told';

export interface Pointing {
  /** What a name is; null for one that is unknown here. */
  readonly tell: (name: string) => Told | null;
  /** The value that it has now, where it is a variable. */
  readonly valueNow: (name: string) => string | null;
  /** To where it is declared; false where there is no such place. */
  readonly goTo: (told: Told) => boolean;
}

/** A name at a position, and whether it is one of the text: not in a comment, not in a string. */
export function nameAt(
  state: EditorState,
  pos: number,
  word = /[A-Za-z_]\w*/g,
): { from: number; to: number; name: string } | null {
  const line = state.doc.lineAt(pos);
  const at = pos - line.from;
  const code = line.text.replace(/"[^"]*"/g, (s) => ' '.repeat(s.length)).replace(/#.*$/, '');
  for (const match of code.matchAll(word))
    if (match.index <= at && at <= match.index + match[0].length)
      return { from: line.from + match.index, to: line.from + match.index + match[0].length, name: match[0] };
  return null;
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function link({ text, url }: Link): HTMLElement {
  const a = document.createElement('a');
  a.href = url;
  a.target = '_blank';
  a.rel = 'noopener noreferrer';
  a.textContent = `${text} ↗`;
  return a;
}

/** Few lines: how it is declared, what it is, its value, where it was read. */
export function card(told: Told, value: string | null): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'kern-card';
  dom.append(element('code', 'kern-card-sign', told.signature));
  if (told.about !== '') dom.append(element('p', '', told.about));
  if (value !== null) dom.append(element('p', 'kern-card-now', `now ${value}`));
  const { source, place } = told;
  if (source) {
    const line = document.createElement('p');
    for (const [i, to] of [source.ident, source.file].filter((l) => l !== null).entries()) {
      if (i > 0) line.append(' in ');
      line.append(link(to));
    }
    if (source.document !== '') line.append(source.document);
    if (source.release !== '' && source.file) line.append(element('span', 'kern-card-dim', ` Linux ${source.release}`));
    if (line.childNodes.length > 0) dom.append(line);
    if (source.standing !== 'read') {
      const { sign, word, text } = STANDING[source.standing];
      dom.append(element('p', '', `${sign} ${word}: ${text}`));
    }
    for (const message of source.messages) {
      const at = document.createElement('p');
      at.append(link(message));
      dom.append(at);
    }
    const also = [
      ...(source.facts.length > 0 ? [`facts ${source.facts.join(', ')}`] : []),
      ...(source.captures.length > 0 ? [`captured: ${source.captures.join(', ')}`] : []),
      ...source.notes,
    ];
    if (also.length > 0) dom.append(element('p', 'kern-card-dim', also.join('; ')));
  }
  if (place) {
    const at = `${place.file.replace(/^kernels\/(\w+\/)?/, '')}:${place.line}`;
    dom.append(element('p', 'kern-card-dim', `${at} (F12 goes there)`));
  }
  return dom;
}

const setTold = StateEffect.define<Tooltip | null>();

/** Told by key, until Escape or the next change. */
const toldField = StateField.define<Tooltip | null>({
  create: () => null,
  update(value, transaction) {
    let next = transaction.docChanged || transaction.selection ? null : value;
    for (const effect of transaction.effects) if (effect.is(setTold)) next = effect.value;
    return next;
  },
  provide: (field) => showTooltip.from(field),
});

export function pointing(with_: Pointing, word?: RegExp): Extension {
  const at = (state: EditorState, pos: number) => {
    const found = nameAt(state, pos, word);
    const told = found && with_.tell(found.name);
    return found && told ? { ...found, told } : null;
  };
  const tooltip = (state: EditorState, pos: number): Tooltip | null => {
    const found = at(state, pos);
    if (!found) return null;
    const value = with_.valueNow(found.name);
    return { pos: found.from, end: found.to, above: true, create: () => ({ dom: card(found.told, value) }) };
  };
  const goFrom = (view: EditorView, pos: number): boolean => {
    const found = at(view.state, pos);
    return found !== null && with_.goTo(found.told);
  };
  return [
    toldField,
    hoverTooltip((view, pos) => tooltip(view.state, pos), { hoverTime: 350 }),
    keymap.of([
      { key: 'F12', run: (view) => goFrom(view, view.state.selection.main.head), preventDefault: true },
      {
        key: 'Mod-i',
        preventDefault: true,
        run: (view) => {
          const shown = tooltip(view.state, view.state.selection.main.head);
          const found = at(view.state, view.state.selection.main.head);
          const value = found && with_.valueNow(found.name);
          const words = found
            ? `${found.told.signature}. ${found.told.about}${value ? `. Now ${value}` : ''}`
            : 'Nothing is known of this.';
          view.dispatch({ effects: [setTold.of(shown), EditorView.announce.of(words)] });
          return true;
        },
      },
      {
        key: 'Escape',
        run: (view) => {
          if (view.state.field(toldField) === null) return false;
          view.dispatch({ effects: setTold.of(null) });
          return true;
        },
      },
    ]),
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        if (!(event.ctrlKey || event.metaKey) || event.button !== 0) return false;
        const pos = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (pos === null || !goFrom(view, pos)) return false;
        event.preventDefault();
        return true;
      },
    }),
  ];
}
