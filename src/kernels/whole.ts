/** A kernel as one text, and changes to it as a patch: what an editor of the kernel shows, and what it keeps. */
import { oneText, type OneText } from '../language/one-text';
import { patchOf, type MadePatch, type PatchHead } from '../language/patch-of';
import { parseKernel } from '../language/parser';
import type { KernelText } from '../language/ast';
import { kernelSource, kernelText, loadKernel } from './index';
import { OWN } from './shelf';

/** What a patch is called where a place in it is told. */
export const PATCH_FILE = OWN;

/** The text of a kernel or a design; null where it cannot be put together. @param patch a text of the user's own */
export function wholeText(name: string, patch?: string): OneText | null {
  const loaded = loadKernel(name, patch === undefined ? [] : [{ file: PATCH_FILE, source: patch }]);
  return loaded.ok ? sourcesOf(loaded.kernel.texts, patch) : null;
}

function sourcesOf(texts: readonly { readonly file: string }[], patch: string | undefined): OneText {
  return oneText(texts.map(({ file }) => ({ file, source: (file === PATCH_FILE ? patch : kernelSource(file)) ?? '' })));
}

/** The kernel that a design is a patch over, through all designs between. */
export function eraOf(name: string): string {
  const text = kernelText(name);
  return text?.kind === 'proposal' && text.over ? eraOf(text.over.name) : name;
}

/** How a change begins: over the kernel itself, or with all that a design changes of its era. */
export function headFor(from: string, name: string): PatchHead {
  const text = kernelText(from);
  if (text?.kind !== 'proposal' || !text.over)
    return { name, title: '', over: from, without: [], bases: [], messages: [] };
  const below = headFor(text.over.name, name);
  // parts that stand for others come first, in their order
  const swaps = text.without.length;
  const own = text.bases.map((b) => b.name);
  const at = below.without.length;
  return {
    name,
    title: `${from}, changed`,
    over: below.over,
    without: [...below.without, ...text.without.map((w) => w.name)],
    bases: [...below.bases.slice(0, at), ...own.slice(0, swaps), ...below.bases.slice(at), ...own.slice(swaps)],
    messages: [...below.messages, ...text.messages],
  };
}

/** What a patch says of itself; null where its first line has an error. */
export function headOf(patch: string): PatchHead | null {
  const lines = patch.split('\n');
  const parsed = parseKernel(lines.filter((line, i) => i === 0 || /^message\s/.test(line)).join('\n'), PATCH_FILE);
  if (!parsed.ok || parsed.text.over === null) return null;
  const { name, title, over, without, bases, messages }: KernelText = parsed.text;
  const names = (list: readonly { readonly name: string }[]): string[] => list.map((n) => n.name);
  return { name, title, over: over!.name, without: names(without), bases: names(bases), messages };
}

/** The kernel as a patch finds it: with the parts that it swaps, without its declarations. */
export function baseOf(head: PatchHead): OneText | null {
  return wholeText(head.name, patchText(head, null));
}

/** The patch that makes `edited` of the kernel that `base` is. */
export const patchTo = (base: OneText, edited: string, head: PatchHead): MadePatch =>
  patchOf(base, edited, head, PATCH_FILE);

/** A patch with nothing but its head, or with another head. */
export function patchText(head: PatchHead, patch: string | null): string {
  const [first = ''] = patchOf({ text: '', origins: [], items: [] }, '', head, PATCH_FILE).text.split('\n');
  return patch === null ? `${first}\n` : [first, ...patch.split('\n').slice(1)].join('\n');
}

/** A name for a change that no shipped text has. */
export function freeName(wanted: string): string {
  const name =
    wanted
      .trim()
      .toLowerCase()
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[^a-z]+|[-.]+$/g, '') || 'my-change';
  const there = kernelText(name);
  return there && there.file !== PATCH_FILE ? freeName(`my-${name}`) : name;
}

/** The shown title cannot hold what would end it. */
export const plainTitle = (title: string): string => title.replace(/["\n\r]/g, "'").trim();

/** The text of a patched kernel; null where the patch's head is wrong. */
export function patchedText(patch: string): OneText | null {
  const head = headOf(patch);
  const base = head && baseOf(head);
  if (!base) return null;
  const era = wholeSources(head);
  return era && oneText([...era, { file: PATCH_FILE, source: patch }]);
}

function wholeSources(head: PatchHead): { file: string; source: string }[] | null {
  const loaded = loadKernel(head.name, [{ file: PATCH_FILE, source: patchText(head, null) }]);
  if (!loaded.ok) return null;
  return loaded.kernel.texts.flatMap(({ file }) =>
    file === PATCH_FILE ? [] : [{ file, source: kernelSource(file) ?? '' }],
  );
}
