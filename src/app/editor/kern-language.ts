/** The language of kernel texts for the editor: what each word is, and what can be folded. */
import { foldService, LanguageSupport, StreamLanguage, type StringStream } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';
import { ERRNO } from '../../language/errno';
import { isHeading } from '../../language/chunks';
import { ASKING, DECLARING, DOING, TYPED } from '../../language/words';

interface State {
  /** A heading, a declaration's first line, or anything else. */
  line: 'heading' | 'declaration' | 'other';
  /** The name that is declared comes next. */
  names: boolean;
  depth: number;
}

const NAMING: ReadonlySet<string> = new Set([
  'fn',
  'action',
  'let',
  'lane',
  'thread',
  'const',
  'state',
  'spinlock',
  'mutex',
  'rwsem',
]);
const has = (words: object, word: string): boolean => Object.hasOwn(words, word);

function word(stream: StringStream, state: State, first: boolean): string | null {
  const text = stream.current();
  if (first && has(DECLARING, text)) {
    state.line = 'declaration';
    state.names = NAMING.has(text);
    return 'definitionKeyword';
  }
  if (state.line === 'declaration' && state.depth === 0) {
    if (has(DECLARING, text)) {
      state.names = NAMING.has(text);
      return 'definitionKeyword';
    }
    if (state.names) {
      state.names = false;
      return 'variableName.definition';
    }
    if (/^(over|without|per|runs|up|down|after|when|registered|times|cost|user|percpu|kthread|where)$/.test(text))
      return 'keyword';
  }
  if (has(TYPED, text) && !/^(cpu|vm|vcpu|task)$/.test(text)) return 'typeName';
  if (has(ERRNO, text)) return 'atom';
  if (state.depth > 0 && has(DOING, text)) return 'keyword';
  if (/^(and|or|not|in|this|self|none|true|false|else|each|until|machine|run|call|within|read|when)$/.test(text))
    return 'keyword';
  if (has(ASKING, text) && stream.peek() === '(') return 'variableName.function';
  return 'variableName';
}

const stream = StreamLanguage.define<State>({
  name: 'kern',
  startState: () => ({ line: 'other', names: false, depth: 0 }),
  token(stream, state) {
    if (stream.sol()) {
      const heading = isHeading(stream.string);
      state.line = heading ? 'heading' : 'other';
      state.names = false;
      // a declaration begins at the edge, whatever was left open above
      if (heading || /^[a-z]/.test(stream.string)) state.depth = 0;
    }
    const first = stream.sol();
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^"[^"]*"?/)) return state.line === 'other' && state.depth > 0 ? 'string' : 'docString';
    if (state.line === 'heading') {
      stream.match(/^[^"#]+/);
      return 'heading';
    }
    if (stream.match(/^(0x[0-9A-Fa-f]+|\d+)\b/)) return 'number';
    if (stream.match(/^[A-Za-z_]\w*/)) return word(stream, state, first);
    const sign = stream.next();
    if (sign === '{') state.depth += 1;
    else if (sign === '}') state.depth = Math.max(0, state.depth - 1);
    return sign === '{' || sign === '}' ? 'brace' : 'operator';
  },
  languageData: {
    commentTokens: { line: '#' },
    closeBrackets: { brackets: ['(', '[', '{', '"'] },
    indentOnInput: /^\s*\}$/,
  },
  indent: (state, after) => Math.max(0, state.depth - (/^\s*\}/.test(after) ? 1 : 0)) * 2,
});

/** A block from its opening brace to the closing one, and a part from its heading to the next. */
export function foldAt(state: EditorState, from: number): { from: number; to: number } | null {
  const { doc } = state;
  const line = doc.lineAt(from);
  if (isHeading(line.text)) {
    let last = line.number;
    for (let n = line.number + 1; n <= doc.lines && !isHeading(doc.line(n).text); n++)
      if (doc.line(n).text.trim() !== '') last = n;
    return last > line.number ? { from: line.to, to: doc.line(last).to } : null;
  }
  if (!/\{\s*(#.*)?$/.test(line.text)) return null;
  const edge = /^\s*/.exec(line.text)![0];
  for (let n = line.number + 1; n <= doc.lines; n++) {
    const { text, from: start } = doc.line(n);
    if (text.startsWith(`${edge}}`))
      return { from: line.from + line.text.lastIndexOf('{') + 1, to: start + edge.length };
    if (text.trim() !== '' && !text.startsWith(edge)) return null;
  }
  return null;
}

export const kern = (): LanguageSupport =>
  new LanguageSupport(stream, [foldService.of((state, from) => foldAt(state, from))]);
