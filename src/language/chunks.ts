/**
 * A kernel text cut into its declarations, by lines and without parsing: a text with errors in it is cut too, and each
 * error stays in the piece that it is in. Comments right above a declaration are its own.
 */
import { DECLARATIONS, NAMED_AS, WIRING } from './tokens';

/** A piece of a text: lines [first, end), from 0. What it declares begins at line `at`. */
export interface Chunk {
  readonly what: 'heading' | 'declaration' | 'removal' | 'comment';
  /** What is declared, or removed: "function kvm_online_cpu", "state CPUHP_ONLINE", "wiring sched_in". '' for a comment. */
  readonly key: string;
  readonly first: number;
  readonly at: number;
  readonly end: number;
}

const HEADING = /^(part|kernel|proposal)\s/;
const DECLARES = /^(?:replace\s+)?([a-z_]+)\b(.*)$/;
const WORDS: ReadonlySet<string> = new Set(DECLARATIONS);

export const isHeading = (line: string): boolean => HEADING.test(line);

export function chunksOf(lines: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  const blank = (i: number): boolean => (lines[i] ?? '').trim() === '';
  const comment = (i: number): boolean => /^\s*#/.test(lines[i] ?? '');
  const begins = (i: number): boolean => HEADING.test(lines[i] ?? '') || keyAt(lines[i] ?? '') !== null;
  for (let i = 0; i < lines.length;) {
    if (blank(i)) {
      i += 1;
      continue;
    }
    const first = i;
    while (comment(i)) i += 1;
    if (i > first && !begins(i)) {
      chunks.push({ what: 'comment', key: '', first, at: first, end: i });
      continue;
    }
    const at = i;
    const line = lines[at]!;
    const heading = HEADING.test(line);
    i = heading ? at + 1 : endOf(lines, at);
    // what is no declaration belongs to the one above, whose error it is
    while (i < lines.length && !heading && !blank(i) && !comment(i) && !begins(i)) i += 1;
    const key = heading ? headingName(line) : (keyAt(line) ?? '');
    const what = heading ? 'heading' : /^remove\s/.test(line) ? 'removal' : 'declaration';
    chunks.push({ what, key, first, at, end: i });
  }
  return chunks;
}

const headingName = (line: string): string => /^\w+\s+([^\s":]*)/.exec(line)?.[1] ?? '';

/** What the declaration or removal that begins with this line speaks of; null where none begins there. */
function keyAt(line: string): string | null {
  const [, word, rest] = DECLARES.exec(line) ?? [];
  if (word === undefined || rest === undefined || !WORDS.has(word)) return null;
  return word === 'remove' ? keyOf(...split(rest)) : keyOf(word, rest);
}

function split(text: string): [string, string] {
  const [, word = '', rest = ''] = /^\s*(\w+)\b(.*)$/.exec(text) ?? [];
  return [word, rest];
}

function keyOf(word: string, rest: string): string {
  const [name] = split(rest);
  if (word === 'state') return `state ${name}`;
  if (word === 'also') return `other name ${name}`;
  if (WIRING.has(word)) return `wiring ${word}${word === 'place' ? ` ${name}` : ''}`;
  if (!Object.hasOwn(NAMED_AS, word)) return word;
  const kind = NAMED_AS[word]!;
  if (kind !== 'variable') return `${kind} ${name}`;
  // its type stands before the name
  const before = rest.replace(/[="#].*$/, '');
  return `variable ${/([A-Za-z_]\w*)\s*$/.exec(before)?.[1] ?? ''}`;
}

/** Behind the last line of a declaration: the line itself, or the one that closes its braces. */
function endOf(lines: readonly string[], at: number): number {
  let depth = 0;
  for (let i = at; i < lines.length; i++) {
    // a brace that is not closed ends where the next declaration begins
    if (i > at && (keyAt(lines[i]!) !== null || HEADING.test(lines[i]!))) return trimmed(lines, at, i);
    depth += balance(lines[i]!);
    if (depth <= 0) return i + 1;
  }
  return trimmed(lines, at, lines.length);
}

/** Without the blank lines and comments before `end`, which are not of the declaration that was left open. */
function trimmed(lines: readonly string[], at: number, end: number): number {
  let last = end;
  while (last > at + 1 && /^(\s*|#.*)$/.test(lines[last - 1]!)) last -= 1;
  return last;
}

/** Braces opened less those closed, outside strings and comments. */
function balance(line: string): number {
  let open = 0;
  let quoted = false;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === '#') break;
    else if (c === '{') open += 1;
    else if (c === '}') open -= 1;
  }
  return open;
}
