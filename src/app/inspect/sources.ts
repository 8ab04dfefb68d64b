/** Where a function was read, as links and words: nothing is fetched, a link only leads there. */
import type { Kernel } from '../../language/assemble';
import type { Program } from '../../language/program';
import { originOf, parseProvenance, SOURCES, type Origin } from '../../language/provenance';
import { kernelText, loadKernel } from '../../kernels/index';
import { TREES_READ } from '../../kernels/list';
import type { RunView } from '../store/run-view';
import { THREAD } from './thread';

/**
 * How sure it is. read: in the source that is named; model: it stands for something that the model leaves out; inferred:
 * concluded, not read; unknown: nobody has told.
 */
export type Standing = 'read' | 'model' | 'inferred' | 'unknown';

/** A sign and words for each: no colour is needed to tell them apart. */
export const STANDING: Readonly<
  Record<Standing, { readonly sign: string; readonly word: string; readonly text: string }>
> = {
  read: { sign: '', word: 'read', text: 'read in the source named here' },
  model: { sign: '□', word: 'model', text: 'stands for something that the model leaves out' },
  inferred: { sign: '≈', word: 'inferred', text: 'concluded, not read in a source' },
  unknown: { sign: '?', word: 'unknown', text: 'nothing tells what the kernel does here' },
};

export interface Link {
  readonly text: string;
  readonly url: string;
}

export interface SourceView {
  /** As the kernel text calls it. */
  readonly name: string;
  readonly standing: Standing;
  /** The kernel's function at its release, and the file that it is in; null where it is no function of the tree. */
  readonly ident: Link | null;
  readonly file: Link | null;
  /** SDM, APM, TDX module: a document that has no link. */
  readonly document: string;
  readonly release: string;
  /** "4.1c", "tdx 3.2". */
  readonly facts: readonly string[];
  /** As "6.1/s2". */
  readonly captures: readonly string[];
  readonly messages: readonly Link[];
  readonly notes: readonly string[];
  /** The text that declares it. */
  readonly text: string;
}

const ELIXIR = 'https://elixir.bootlin.com/linux';

export const loreUrl = (id: string): string => `https://lore.kernel.org/all/${encodeURIComponent(id)}/`;

const kernels = new Map<string, { readonly text: unknown; readonly kernel: Kernel }>();

/** The kernel that a program was made of; null where it cannot be had any more. */
export function kernelOf({ kernel: name }: Program): Kernel | null {
  // The user's own kernel has one name and many texts.
  const text = kernelText(name);
  const known = kernels.get(name);
  if (known && known.text === text) return known.kernel;
  const loaded = loadKernel(name);
  if (loaded.ok) kernels.set(name, { text, kernel: loaded.kernel });
  return loaded.ok ? loaded.kernel : null;
}

/** Where a function of a run's kernel comes from; null for one that it does not have. */
export function sourceOf(program: Program, fn: string): SourceView | null {
  const kernel = kernelOf(program);
  const origin = kernel && originOf(kernel, fn);
  return origin && sourceView(origin);
}

export function sourceView({ name, text, provenance: p, release }: Origin): SourceView {
  const document = p.file !== undefined && SOURCES.includes(p.file) ? p.file : '';
  const tree = document === '' && p.file !== undefined && release !== '' ? p.file : null;
  // a release that nobody read: a function of its own is what a capture of it showed, any other is that of the era that it patches
  const seen = p.captures.some((capture) => release.startsWith(`${capture.split('/')[0]}.`));
  const guessed = tree !== null && !TREES_READ.includes(release) && !seen;
  const at = p.line === undefined ? '' : `#L${p.line}`;
  return {
    name,
    standing: p.unknown ? 'unknown' : p.inferred || guessed ? 'inferred' : document === 'model' ? 'model' : 'read',
    ident: tree === null ? null : { text: p.fn ?? name, url: `${ELIXIR}/v${release}/A/ident/${p.fn ?? name}` },
    file: tree === null ? null : { text: tree, url: `${ELIXIR}/v${release}/source/${tree}${at}` },
    document: document === 'model' ? '' : document,
    release,
    facts: [...p.facts, ...p.tdx.map((section) => `tdx ${section}`)],
    captures: p.captures,
    messages: p.messages.flatMap((n) => {
      const id = THREAD[n - 1];
      return id === undefined ? [] : [{ text: `message ${n}`, url: loreUrl(id) }];
    }),
    notes: guessed ? [...p.notes, `no tree of ${release} was read: as in the era that it patches`] : p.notes,
    text,
  };
}

/** Where a design was proposed; none for a kernel. */
export function messagesOf(program: Program): Link[] {
  return (kernelOf(program)?.messages ?? []).map((id) => {
    const n = THREAD.indexOf(id);
    return { text: n >= 0 ? `message ${n + 1}` : id, url: loreUrl(id) };
  });
}

/** How sure the words behind a variable are. */
export function standingOf(doc: string): Standing {
  const { inferred, unknown } = parseProvenance(doc);
  return unknown ? 'unknown' : inferred ? 'inferred' : 'read';
}

const used = new WeakMap<RunView, readonly string[]>();

/** Every function that the run has been in, in the order of first use. */
export function functionsOf(run: RunView): readonly string[] {
  const known = used.get(run);
  if (known) return known;
  const { history, program } = run;
  const seen = new Uint8Array(program.frames.length);
  const names = new Set<string>();
  for (let k = 0; k < run.steps; k++) {
    const { kind, pc } = history.step(k);
    if (kind !== 'step') continue;
    const chain: string[] = [];
    for (let f = program.code[pc]?.frame ?? -1; f >= 0 && seen[f] === 0; f = program.frames[f]!.parent) {
      seen[f] = 1;
      chain.push(program.frames[f]!.fn);
    }
    // The caller was there before what it called.
    for (const fn of chain.reverse()) names.add(fn);
  }
  const list = [...names];
  used.set(run, list);
  return list;
}

/** All that a run rests on; functions that no text declares (the machine's own) have no source. */
export function sourcesOf(run: RunView): SourceView[] {
  return functionsOf(run).flatMap((fn) => sourceOf(run.program, fn) ?? []);
}
