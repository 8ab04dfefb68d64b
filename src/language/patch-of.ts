/**
 * From the text of a whole kernel that was edited to the patch that says the same: a proposal over that kernel, which
 * replaces, adds and removes declarations. The lines are taken as they stand, so that a text with an error in it becomes a
 * patch with that error in it, at a known place.
 */
import { chunksOf, type Chunk } from './chunks';
import type { Item, OneText, Origin } from './one-text';
import { isState, patchOfStates } from './patch-of-states';
import { NAMED_AS } from './tokens';

/** What a patch says before its first declaration. */
export interface PatchHead {
  readonly name: string;
  readonly title: string;
  readonly over: string;
  readonly without: readonly string[];
  /** Parts that it adds; the first stand where those that it does without stood. */
  readonly bases: readonly string[];
  readonly messages: readonly string[];
}

/** A piece of the patch, and the line of the edited text where each of its lines stands (from 0, -1 for none). */
export interface Piece {
  readonly lines: readonly string[];
  readonly at: readonly number[];
}

export interface MadePatch {
  readonly text: string;
  /** How many declarations it changes, adds or removes. */
  readonly changes: number;
  /** By line of the edited text: where it is now, in the patch or in a shipped text. */
  readonly origins: readonly (Origin | null)[];
}

/** Kinds of declarations that `replace` speaks of. */
const NAMED: ReadonlySet<string> = new Set(Object.values(NAMED_AS));

/**
 * @param base the kernel that is patched, with the parts that the patch swaps
 * @param edited its text as it is now
 * @param file what the patch is called in places
 */
export function patchOf(base: OneText, edited: string, head: PatchHead, file: string): MadePatch {
  const lines = edited.split('\n');
  const chunks = chunksOf(lines);
  const origins: (Origin | null)[] = lines.map(() => null);
  const byKey = new Map<string, Item[]>();
  for (const item of base.items) byKey.set(item.key, [...(byKey.get(item.key) ?? []), item]);
  const left = new Set(base.items);
  const known = (chunk: Chunk): Item | undefined => {
    const own = lines.slice(chunk.first, chunk.end);
    return byKey.get(chunk.key)?.find((item) => left.has(item) && same(item.lines, own));
  };

  const changed: Chunk[] = [];
  for (const chunk of chunks) {
    const item = known(chunk);
    if (!item) {
      if (chunk.what !== 'heading') changed.push(chunk);
      continue;
    }
    left.delete(item);
    item.origins.forEach((origin, i) => (origins[chunk.first + i] = origin));
  }

  const keys = new Set(chunks.map((c) => c.key));
  const gone = [...left].filter((i) => i.what === 'declaration');
  const removed = gone.filter((i) => !keys.has(i.key) && !isState(i) && i.key !== 'release');
  const states = patchOfStates(
    base,
    chunks,
    lines,
    changed,
    gone.filter(isState).map((i) => i.key),
  );
  const pieces: Piece[] = [
    ...removed.map((item) => ({ lines: [removal(item)], at: [-1] })),
    ...changed.flatMap((chunk) => {
      if (states.instead.has(chunk)) return states.instead.get(chunk)!;
      // a second one of that name is an error, and is left as it stands
      const stands = gone.some((item) => item.key === chunk.key);
      return [pieceOf(chunk, lines, stands)];
    }),
  ];
  const all = [...states.first, ...pieces];
  const text = [heading(head), ...head.messages.map((id) => `message "${id}"`)];
  for (const [i, piece] of all.entries()) {
    // what follows each other without a blank line does so here too
    const before = all[i - 1];
    const close =
      before !== undefined &&
      declares(piece) &&
      declares(before) &&
      (before.at.at(-1)! < 0 ? piece.at[0]! < 0 : piece.at[0] === before.at.at(-1)! + 1);
    if (!close) text.push('');
    piece.lines.forEach((line, k) => {
      text.push(line);
      const at = piece.at[k]!;
      if (at >= 0) origins[at] = { file, line: text.length, shift: Math.max(0, line.length - lines[at]!.length) };
    });
  }
  return { text: `${text.join('\n')}\n`, changes: all.filter(declares).length, origins };
}

const declares = ({ lines }: Piece): boolean => !lines.every((line) => /^\s*(#|$)/.test(line));

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, i) => line.trimEnd() === b[i]!.trimEnd());

function pieceOf({ what, key, first, at, end }: Chunk, lines: readonly string[], stands: boolean): Piece {
  const [kind = ''] = key.split(' ');
  const named = what === 'declaration' && NAMED.has(kind);
  const own = lines.slice(first, end).map((line, i) => {
    const text = line.trimEnd();
    return i === at - first && named && stands && !/^replace\s/.test(text) ? `replace ${text}` : text;
  });
  return { lines: own, at: own.map((_, i) => first + i) };
}

/** `remove` takes the word that declared it. */
function removal({ key, lines }: Item): string {
  const [kind = '', ...name] = key.split(' ');
  if (kind === 'wiring') return `remove ${name.join(' ')}`;
  const word = /^\w+/.exec(lines.find((line) => !/^\s*#/.test(line)) ?? '')?.[0] ?? '';
  return `remove ${word} ${name.at(-1)}`;
}

function heading({ name, title, over, without, bases }: PatchHead): string {
  const swapped = without.length > 0 ? ` without ${without.join(', ')}` : '';
  const added = bases.length > 0 ? ` : ${bases.join(', ')}` : '';
  return `proposal ${name}${title === '' ? '' : ` "${title}"`} over ${over}${swapped}${added}`;
}
