/**
 * A litmus text as lines, for those who change it: what each line is, whose action it has, and putting lines in and taking
 * them out without touching the others. A text with an error in it has lines too.
 */

type LineKind = 'blank' | 'about' | 'directive' | 'action' | 'fault' | 'other';

export interface Line {
  readonly raw: string;
  /** Without its comment. */
  readonly code: string;
  readonly kind: LineKind;
  /** Name of the actor whose action it is. */
  readonly actor: string;
  /** Words of the directive, the action or the fault, without the actor's name. */
  readonly words: readonly string[];
  /** Column (from 0) at which those words begin. */
  readonly column: number;
}

const DEFAULT_COLUMN = 8;

const withoutComment = (raw: string): string => {
  let quoted = false;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === '"') quoted = !quoted;
    else if (raw[i] === '#' && !quoted) return raw.slice(0, i);
  }
  return raw;
};

const split = (code: string): string[] => [...code.matchAll(/,|=|\+|[^\s,=+]+/g)].map((m) => m[0]);

export function scan(text: string): Line[] {
  let actor = '';
  let last: LineKind = 'blank';
  let quoted = false;
  return text.split('\n').map((raw): Line => {
    const code = withoutComment(raw.replace(/\r$/, ''));
    const line = (kind: LineKind, column: number, whose = ''): Line => {
      if (kind !== 'blank') last = kind;
      return { raw, code, kind, actor: whose, words: split(code.slice(column)), column };
    };
    const first = /\S/.exec(code)?.index ?? -1;
    if (quoted || code[first] === '"') {
      const quotes = code.split('"').length - 1;
      if (quotes % 2 === 1) quoted = !quoted;
      return line('about', Math.max(0, first));
    }
    if (first < 0) return line('blank', 0);
    const named = /^([A-Za-z_][\w-]*):/.exec(code);
    if (named) {
      actor = named[1]!;
      const after = code.slice(named[0].length);
      const at = /\S/.exec(after);
      return line('action', at ? named[0].length + at.index : code.length, actor);
    }
    if (first > 0 && last === 'action') return line('action', first, actor);
    if (first > 0 && last === 'fault') return line('fault', first);
    if (first > 0) return line('other', first);
    return line(/^(maybe\s+)?fault\b/.test(code) ? 'fault' : 'directive', 0);
  });
}

export const join = (lines: readonly string[]): string => lines.join('\n');

export function insert(lines: readonly Line[], at: number, added: readonly string[]): string {
  const raws = lines.map((l) => l.raw);
  raws.splice(at, 0, ...added);
  return join(raws);
}

export const lastIndex = (lines: readonly Line[], holds: (line: Line) => boolean): number => lines.findLastIndex(holds);

/** Adds actions at the end of an actor's; the actor comes after the others when there is none of that name. */
export function addActions(lines: readonly Line[], actor: string, actions: readonly string[]): string {
  const own = lines.filter((l) => l.kind === 'action' && l.actor === actor);
  const column = (own.find((l) => l.words.length > 0) ?? lines.find((l) => l.kind === 'action' && l.words.length > 0))
    ?.column;
  const indent = column ?? DEFAULT_COLUMN;
  if (own.length > 0) {
    const at = lastIndex(lines, (l) => l.kind === 'action' && l.actor === actor) + 1;
    return insert(
      lines,
      at,
      actions.map((a) => ' '.repeat(indent) + a),
    );
  }
  const block = actions.map((a, i) =>
    i === 0 ? `${`${actor}:`.padEnd(Math.max(indent, actor.length + 2))}${a}` : ' '.repeat(indent) + a,
  );
  const after = lastIndex(lines, (l) => l.kind === 'action');
  if (after >= 0) return insert(lines, after + 1, block);
  const machine = lastIndex(lines, (l) => l.words[0] === 'machine' || l.words[0] === 'kernel');
  return insert(lines, machine + 1, ['', ...block]);
}

export const isAction = (line: Line, ...verbs: readonly string[]): boolean =>
  line.kind === 'action' &&
  (verbs.includes(line.words[0]!) || (line.words[1] === '=' && verbs.includes(line.words[2]!)));
