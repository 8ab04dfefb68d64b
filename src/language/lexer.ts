/** Kernel text to tokens. A newline ends a statement and is a token; `#` starts a comment. */
import { TextError, type Place } from './errors';

export type TokenKind = 'name' | 'number' | 'string' | 'op' | 'newline' | 'end';

export interface Token extends Place {
  readonly kind: TokenKind;
  readonly text: string;
}

const OPERATORS = [
  '..',
  '==',
  '!=',
  '<=',
  '>=',
  '++',
  '--',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ',',
  ':',
  ';',
  '=',
  '<',
  '>',
  '+',
  '-',
  '!',
  '*',
  '.',
];
const SCAN = /[ \t\r]+|#[^\n]*|(\n)|([A-Za-z_][A-Za-z0-9_]*)|(0x[0-9A-Fa-f]{1,8}(?!\w)|\d+)|"([^"\n]*)"/y;

/** Longest text accepted, in characters: far above any kernel text, small enough to stay instant. */
export const MAX_TEXT = 400_000;

export function tokenize(text: string, file: string): Token[] {
  if (text.length > MAX_TEXT) {
    throw new TextError(
      { file, line: 1, column: 1, length: 1 },
      `text of ${text.length} characters is longer than ${MAX_TEXT}`,
    );
  }
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  const place = (length: number): Place => ({ file, line, column: at - lineStart + 1, length: Math.max(1, length) });
  while (at < text.length) {
    SCAN.lastIndex = at;
    const match = SCAN.exec(text);
    if (match) {
      const [whole, newline, name, number, string] = match;
      if (newline) {
        tokens.push({ kind: 'newline', text: '\n', ...place(1) });
        at += 1;
        line += 1;
        lineStart = at;
        continue;
      }
      if (name !== undefined) tokens.push({ kind: 'name', text: name, ...place(name.length) });
      else if (number !== undefined) {
        if (number.startsWith('0x')) {
          // 32 bits, with a sign, as they lie in a cell
          tokens.push({ kind: 'number', text: String(Number(number) | 0), ...place(number.length) });
          at += whole.length;
          continue;
        }
        if (number.length > 9)
          throw new TextError(
            place(number.length),
            `the number ${number} is too large`,
            'values have at most 9 digits',
          );
        tokens.push({ kind: 'number', text: number, ...place(number.length) });
      } else if (string !== undefined) tokens.push({ kind: 'string', text: string, ...place(whole.length) });
      at += whole.length;
      continue;
    }
    const op = OPERATORS.find((o) => text.startsWith(o, at));
    if (!op) {
      const what = text[at]!;
      const hint =
        what === '"'
          ? 'a string ends on the line it starts on'
          : what === '&' || what === '|'
            ? 'write "and", "or"'
            : '';
      throw new TextError(place(1), `unexpected character ${JSON.stringify(what)}`, hint);
    }
    tokens.push({ kind: 'op', text: op, ...place(op.length) });
    at += op.length;
  }
  tokens.push({ kind: 'newline', text: '\n', ...place(1) });
  tokens.push({ kind: 'end', text: 'end of text', ...place(1) });
  return tokens;
}
