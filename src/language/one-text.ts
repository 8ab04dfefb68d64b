/**
 * A kernel as one text to read and to edit: the texts that it is made of, one after the other, each declaration once. What
 * a later text replaces stands where the earlier one had it; what it removes is not there. A release and a part have a
 * heading and what is new in them below it; what a proposal adds stands beside what it changes.
 */
import { chunksOf, type Chunk } from './chunks';

export interface Source {
  readonly file: string;
  readonly source: string;
}

/** Where a line comes from; `shift` is how many characters more it has there ("replace "). */
export interface Origin {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly shift: number;
}

/** A piece of the text. */
export interface Item {
  readonly what: 'heading' | 'declaration' | 'comment';
  readonly key: string;
  readonly file: string;
  readonly lines: readonly string[];
  readonly origins: readonly Origin[];
  /** Blank lines above it. */
  readonly gap: number;
}

export interface OneText {
  readonly text: string;
  /** By line of the text, from 0; null for the blank ones between pieces. */
  readonly origins: readonly (Origin | null)[];
  readonly items: readonly Item[];
}

/** The texts in the order in which a kernel is assembled: `Kernel.texts`. */
export function oneText(sources: readonly Source[]): OneText {
  let items: Item[] = [];
  for (const source of sources) items = withText(items, source);
  return joined(items);
}

function joined(items: readonly Item[]): OneText {
  const lines: string[] = [];
  const origins: (Origin | null)[] = [];
  for (const [k, item] of items.entries()) {
    // a comment stays one of its own, and does not become that of what follows it
    const least = items[k - 1]?.what === 'comment' ? 1 : 0;
    const gap = lines.length === 0 ? 0 : Math.max(least, item.gap);
    for (let i = 0; i < gap; i++) {
      lines.push('');
      origins.push(null);
    }
    lines.push(...item.lines);
    origins.push(...item.origins);
  }
  return { text: `${lines.join('\n')}\n`, origins: [...origins, null], items };
}

/** Adds a text to those before it. */
function withText(before: readonly Item[], { file, source }: Source): Item[] {
  const lines = source.split('\n');
  const chunks = chunksOf(lines);
  return /^proposal\s/.test(source.trimStart())
    ? withPatch(before, chunks, lines, file)
    : withPart(before, chunks, lines, file);
}

/** What is new in a part or a release stands under its heading, at the end. */
function withPart(before: readonly Item[], chunks: readonly Chunk[], lines: readonly string[], file: string): Item[] {
  const items = [...before];
  chunks.forEach((chunk, i) => {
    if (chunk.what === 'removal') {
      for (const at of removedBy(items, chunk)) items.splice(at, 1);
      return;
    }
    const item = itemOf(chunk, lines, file, chunk.first - (chunks[i - 1]?.end ?? 0));
    const at = chunk.what === 'declaration' ? placeFor(before, item) : -1;
    const there = at < 0 ? -1 : items.indexOf(before[at]!);
    // its blank lines are those of what it stands for
    if (there >= 0) items[there] = { ...item, gap: items[there]!.gap };
    else items.push(item);
  });
  return items;
}

/** What a patch adds stands behind what it changed last, or before what it changes first; what is known of no place, at the end. */
function withPatch(before: readonly Item[], chunks: readonly Chunk[], lines: readonly string[], file: string): Item[] {
  const items = [...before];
  let behind: Item | null = null;
  /** Where states were taken out: one that comes stands there. */
  let hole: Item | null = null;
  let waiting: Item[] = [];
  /** Puts a piece at an index, and before it what waited for a place. */
  const put = (at: number, item: Item, instead: number): Item => {
    items.splice(at, instead, ...waiting, item);
    waiting = [];
    return item;
  };
  chunks.forEach((chunk, i) => {
    if (chunk.what === 'heading' || /^(message|release)$/.test(chunk.key)) return;
    if (chunk.what === 'removal') {
      for (const at of removedBy(items, chunk)) {
        if (!chunk.key.startsWith('state ')) items.splice(at, 1);
        else if (hole === null) items[at] = hole = { ...items[at]!, key: '', lines: [], origins: [], gap: 0 };
        else items.splice(at, 1);
      }
      return;
    }
    const item = itemOf(chunk, lines, file, chunk.first - (chunks[i - 1]?.end ?? 0));
    const at = chunk.what === 'declaration' ? placeFor(items, item) : commentLike(items, item);
    // a new comment goes with what follows it, and stays apart from it
    if (chunk.what === 'comment' && at < 0) waiting.push({ ...item, gap: Math.max(1, item.gap) });
    else if (at >= 0) behind = put(at, { ...item, gap: items[at]!.gap }, 1);
    else if (hole !== null && chunk.key.startsWith('state ')) put(items.indexOf(hole), { ...item, gap: 0 }, 0);
    else if (behind !== null) behind = put(items.indexOf(behind) + 1, item, 0);
    else waiting.push(item);
  });
  if (behind !== null) items.splice(items.indexOf(behind) + 1, 0, ...waiting);
  else if (waiting.length > 0) {
    const heading = chunks.find((c) => c.what === 'heading');
    items.push(...(heading ? [itemOf(heading, lines, file, 1)] : []), ...waiting);
  }
  return items.filter((item) => item !== hole);
}

/** Pieces that a removal takes out, last first. */
const removedBy = (items: readonly Item[], { key }: Chunk): number[] =>
  items.flatMap((item, i) => (item.what === 'declaration' && item.key === key ? [i] : [])).reverse();

/** What a piece stands for, or -1: a line on a state that says more than the one before it is added to that. */
function placeFor(items: readonly Item[], item: Item): number {
  if (/^(release|message|)$/.test(item.key)) return -1;
  const at = items.findLastIndex((i) => i.what === 'declaration' && i.key === item.key);
  if (at < 0 || !item.key.startsWith('state ')) return at;
  const says = saysOf(item.lines.at(-1)!);
  return items.findLastIndex(
    (i) => i.what === 'declaration' && i.key === item.key && saysOf(i.lines.at(-1)!).every((w) => says.includes(w)),
  );
}

/** The comment that this one was before somebody changed it: half of its lines are there. */
function commentLike(items: readonly Item[], { lines }: Item): number {
  const there = new Set(lines);
  return items.findIndex(
    (i) =>
      i.what === 'comment' &&
      i.lines.length > 0 &&
      i.lines.filter((line) => there.has(line)).length * 2 >= i.lines.length,
  );
}

/** What a line on a state tells of it: its number, its name, callbacks. */
export function saysOf(line: string): string[] {
  const code = line.replace(/"[^"]*"/, ' "" ').replace(/#.*$/, '');
  const [, , ...words] = code.split(/\s+/);
  return words.flatMap((w) =>
    /^\d+$/.test(w) ? ['number'] : w === '""' ? ['name'] : /^(up|down|after|when)$/.test(w) ? [w] : [],
  );
}

function itemOf(chunk: Chunk, lines: readonly string[], file: string, gap: number): Item {
  const own = lines.slice(chunk.first, chunk.end);
  const at = chunk.at - chunk.first;
  const shown = own.map((line, i) => (i === at ? bare(line, chunk) : line));
  return {
    what: chunk.what === 'removal' ? 'declaration' : chunk.what,
    key: chunk.key,
    file,
    lines: shown,
    origins: own.map((line, i) => ({ file, line: chunk.first + i + 1, shift: i === at ? shiftOf(line) : 0 })),
    gap,
  };
}

const shiftOf = (line: string): number => /^replace\s+/.exec(line)?.[0].length ?? 0;

/** Without "replace": there is nothing else of that name. A heading is without what it is built on. */
const bare = (line: string, chunk: Chunk): string =>
  chunk.what === 'heading' ? (/^\w+\s+[^\s":]+(\s+"[^"]*")?/.exec(line)?.[0] ?? line) : line.slice(shiftOf(line));
