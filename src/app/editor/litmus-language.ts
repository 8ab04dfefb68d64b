/** The language of litmus texts for the editor. */
import { LanguageSupport, StreamLanguage } from '@codemirror/language';

interface State {
  /** Within a description, which may go on over lines. */
  about: boolean;
  /** What the line is of: an action, or what its first word says. */
  line: string;
}

const FIRST = /^(litmus|kernel|machine|hardware|group|look|fault|maybe|never|always|exists|eventually)\b/;
const VERBS = /^(after|returns|once|time|fault|at|arm|disarm)(?![-\w(:])/;

const stream = StreamLanguage.define<State>({
  name: 'litmus',
  startState: () => ({ about: false, line: '' }),
  token(stream, state) {
    if (state.about || (stream.sol() && /^\s*"/.test(stream.string))) {
      state.about = stream.match(/^\s*"?[^"]*"/) === null;
      if (state.about) stream.skipToEnd();
      return 'docString';
    }
    if (stream.sol() && !/^\s/.test(stream.string)) {
      state.line = '';
      const first = stream.match(FIRST) as RegExpMatchArray | null;
      if (first) {
        state.line = first[1]!;
        return 'definitionKeyword';
      }
      if (stream.match(/^[A-Za-z_][\w-]*:/)) {
        state.line = 'begins';
        return 'labelName';
      }
    }
    // an actor's further actions begin with blanks
    if (stream.sol() && /^\s/.test(stream.string) && /^(begins|action)$/.test(state.line)) state.line = 'begins';
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return 'comment';
    if (stream.match(/^"[^"]*"?/)) return 'docString';
    if (stream.match(/^-E[A-Z0-9]+\b/)) return 'atom';
    if (stream.match(/^[\w.]+(?==)/)) return 'variableName';
    if (state.line === 'begins') {
      // "vm0 = create vm": the verb stands behind the name
      if (stream.match(/^\w+\s*=\s*/)) return 'variableName';
      if (stream.match(/^[\w-]+/)) {
        state.line = 'action';
        return 'keyword';
      }
    }
    if (stream.match(VERBS)) return 'keyword';
    if (stream.match(/^[A-Za-z_][\w.:/-]*/)) return 'variableName';
    stream.next();
    return null;
  },
  blankLine: (state) => {
    if (state.line === 'action') state.line = 'begins';
  },
  languageData: { commentTokens: { line: '#' } },
});

export const litmus = (): LanguageSupport => new LanguageSupport(stream);
