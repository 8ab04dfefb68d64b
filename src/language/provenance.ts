/**
 * Where the behaviour of a function was read: the quoted string behind it, taken apart. Pieces are separated by semicolons:
 *
 *   "[function, ]arch/x86/kvm/x86.c[:507][ in 6.1.4]; facts 4.1b, 5.3 F4; tdx 3.3; captures 6.1/s2; message 3; inferred"
 *
 * Instead of a file: SDM, APM, TDX module (the processor's and the module's own documents), or model (what stands for userspace,
 * firmware, or a part of the kernel that is left out). `inferred`: not read, but concluded; `unknown`: nobody has told.
 */
import type { Kernel } from './assemble';
import type { Place } from './errors';

export interface Provenance {
  /** The kernel's function, where it has another name here. */
  readonly fn?: string;
  /** Path in the kernel's tree, or one of SOURCES. */
  readonly file?: string;
  readonly line?: number;
  /** Tree in which that line was read, where it is another one than that of the text. */
  readonly release?: string;
  readonly facts: readonly string[];
  readonly tdx: readonly string[];
  /** As "6.1/s2". */
  readonly captures: readonly string[];
  /** Numbers of messages of the thread. */
  readonly messages: readonly number[];
  readonly inferred: boolean;
  readonly unknown: boolean;
  /** What else the string says. */
  readonly notes: readonly string[];
}

/** What stands in the place of a file of the kernel's tree. */
export const SOURCES: readonly string[] = ['SDM', 'APM', 'TDX module', 'model'];

const FILE =
  /(?:^|[\s,])((?:[\w.-]+\/)+[\w.-]+\.(?:[chS]|rst|txt)|(?:[\w.-]+\/){2,}[\w-]+)(?::(\d+))?(?:\s+in\s+v?(\d[\w.-]*))?/;

/** Takes a source string apart. Never throws: what it does not understand is a note. */
export function parseProvenance(source: string): Provenance {
  const facts: string[] = [];
  const tdx: string[] = [];
  const captures: string[] = [];
  const messages: number[] = [];
  const notes: string[] = [];
  let place: Pick<Provenance, 'fn' | 'file' | 'line' | 'release'> = {};
  let inferred = false;
  let unknown = false;
  for (const raw of split(source, ';')) {
    const piece = raw.trim();
    const [, word, rest] = /^(\w+)\b[\s:]*(.*)$/.exec(piece) ?? [];
    const items = split(rest ?? '', ',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    if ((word === 'facts' || word === 'fact') && items.length) facts.push(...sections(items));
    else if (word === 'tdx' && items.length) tdx.push(...sections(items));
    else if ((word === 'captures' || word === 'capture') && items.length) captures.push(...items);
    else if ((word === 'message' || word === 'messages') && items.every((item) => /^\d+\b/.test(item)) && items.length)
      messages.push(...items.map((item) => Number.parseInt(item, 10)));
    else if (word === 'inferred' || word === 'unknown') {
      if (word === 'inferred') inferred = true;
      else unknown = true;
      if (rest) notes.push(rest);
    } else if (piece !== '') {
      const here = place.file === undefined ? sourceOf(piece) : null;
      if (here) {
        place = here.place;
        if (here.note) notes.push(here.note);
      } else notes.push(piece);
    }
  }
  return { ...place, facts, tdx, captures, messages, inferred, unknown, notes };
}

/** Function, file, line and release of a piece; null where it names no source. */
function sourceOf(piece: string): { place: Pick<Provenance, 'fn' | 'file' | 'line' | 'release'>; note: string } | null {
  const named = SOURCES.find(
    (name) =>
      piece === name || piece.startsWith(`${name}:`) || piece.startsWith(`${name},`) || piece.endsWith(`, ${name}`),
  );
  if (named) {
    const note = piece.replace(named, '').replace(/^[:,\s]+|[,\s]+$/g, '');
    return { place: { file: named }, note };
  }
  const match = FILE.exec(piece);
  if (!match) return null;
  const before = piece.slice(0, match.index).replace(/[,\s]+$/, '');
  const after = piece.slice(match.index + match[0].length).replace(/^[,\s]+/, '');
  // a function, perhaps with words about it
  const fn = /^(?:[A-Za-z]\w*_\w*|_\w+|[A-Za-z]\w*(?=,|$))/.exec(before)?.[0];
  const about = fn === undefined ? before : before.slice(fn.length).replace(/^[,\s]+/, '');
  return {
    place: {
      ...(fn === undefined ? {} : { fn }),
      file: match[1]!,
      ...(match[2] === undefined ? {} : { line: Number(match[2]) }),
      ...(match[3] === undefined ? {} : { release: match[3] }),
    },
    note: [about, after].filter((text) => text !== '').join(', '),
  };
}

/** `3.5 D2`, `RB3`: what has no section of its own is of the one before it. */
function sections(items: readonly string[]): string[] {
  let section = '';
  return items.map((item) => {
    const own = /^\d\S*/.exec(item)?.[0];
    if (own === undefined) return section ? `${section} ${item}` : item;
    section = own;
    return item;
  });
}

/** Splits where the separator stands outside parentheses and quotes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "'" && (quoted || !/\w/.test(text[i - 1] ?? ' '))) quoted = !quoted;
    else if (c === '(') depth += 1;
    else if (c === ')') depth = Math.max(0, depth - 1);
    else if (c === separator && depth === 0 && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** A function of a whole kernel, with all that is known of where it comes from. */
export interface Origin {
  readonly name: string;
  /** Text that declares it (the last one that replaced it), and where. */
  readonly text: string;
  readonly place: Place;
  /** The string as written. */
  readonly source: string;
  readonly provenance: Provenance;
  /** Tree to look its source up in; '' where the texts do not say. */
  readonly release: string;
}

/** Where a function of the kernel comes from; null for an unknown one. */
export function originOf(kernel: Kernel, name: string): Origin | null {
  const fn = kernel.fns.get(name);
  if (!fn) return null;
  const text = kernel.texts.find((t) => t.file === fn.place.file);
  const provenance = parseProvenance(fn.source);
  return {
    name,
    text: text?.name ?? '',
    place: fn.place,
    source: fn.source,
    provenance,
    release: provenance.release ?? text?.release ?? kernel.release,
  };
}
