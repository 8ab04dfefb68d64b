/** The kernels, as texts: `list.ts` names them, `shelf.ts` keeps their sources, this parses them and joins them to a kernel. */
import { assemble, type Kernel } from '../language/assemble';
import type { KernelText } from '../language/ast';
import { TextError, type Problem } from '../language/errors';
import { parseKernel } from '../language/parser';
import { headingOf, namesOf, OWN, putUpOwn, sourceAt } from './shelf';

export { KERNELS, PROPOSALS } from './list';
export { hasAllKernelTexts, loadKernelTexts } from './shelf';

/** What was parsed, and of which source: the whole text takes the place of the bare one when it comes. */
const parsed = new Map<string, { readonly source: string; readonly text: KernelText }>();

/** A shipped text by name. One that does not parse is a defect of this program and throws. */
export function kernelText(name: string): KernelText | undefined {
  const heading = headingOf(name);
  if (!heading) return undefined;
  const source = sourceAt(heading.path)!;
  const known = parsed.get(name);
  if (known?.source === source) return known.text;
  const result = parseKernel(source, fileOf(heading.path));
  if (!result.ok) throw new TextError(result.problems[0]!, result.problems[0]!.message, result.problems[0]!.suggestion);
  parsed.set(name, { source, text: result.text });
  return result.text;
}

/** Name of the kernel that a patch makes; '' where its first line says none. */
export const nameOfPatch = (patch: string): string => /^(?:proposal|kernel)\s+([^\s":]+)/.exec(patch)?.[1] ?? '';

/** What a kernel is called where it is shown: "v5.15", "v5.15 + your change". */
export function kernelLabel(name: string, patch: string): string {
  if (patch === '' || nameOfPatch(patch) !== name) return name;
  const [, title = name, over = ''] = /^\w+ [^\s":]+(?: "([^"]*)")?(?: over ([^\s:]+))?/.exec(patch) ?? [];
  return `${over} + ${title}`;
}

/** A patch of the user's own, where this kernel is the one that it makes: for `loadKernel`. */
export const patchFor = (
  kernel: string,
  patch: string,
): readonly { readonly file: string; readonly source: string }[] =>
  patch !== '' && nameOfPatch(patch) === kernel ? [{ file: OWN, source: patch }] : [];

/**
 * Puts up the user's own patch beside the shipped texts, so that what is told of a run on it (its title, its lines, where they
 * were read) is found like that of any other kernel. One at a time; a text that does not parse, or that has a shipped name, is not taken.
 */
export function putUpPatch(patch: string): void {
  const name = nameOfPatch(patch);
  const there = headingOf(name);
  if ((there && there.path !== OWN) || sourceAt(OWN) === patch || !parseKernel(patch, OWN).ok) return;
  putUpOwn(patch);
}

/** All texts that are there, by name. */
export function kernelTexts(): ReadonlyMap<string, KernelText> {
  return new Map(namesOf('part', 'kernel', 'proposal').map((name) => [name, kernelText(name)!]));
}

/** Whether a kernel and all that it is made of are there, so that it can be loaded now. */
export function isThere(name: string): boolean {
  return kernelText(name)?.bases.every((base) => isThere(base.name)) ?? false;
}

/** The line in which a kernel or a proposal says what it is; '' for an unknown one. */
export function kernelTitle(name: string): string {
  return headingOf(name)?.title ?? '';
}

/** Source of a text by its file name as problems report it (`kernels/parts/vmx.kern`). */
export function kernelSource(file: string): string | undefined {
  return sourceAt(file.replace('kernels/', './'));
}

function fileOf(path: string): string {
  return path.replace('./', 'kernels/');
}

export type LoadedKernel =
  { readonly ok: true; readonly kernel: Kernel } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * A kernel by name. `edited` holds texts of the user's own: each stands for the shipped text of the same name, or is a
 * new one (a proposal that patches an era). They are data and are parsed like any other.
 */
export function loadKernel(
  name: string,
  edited: readonly { readonly file: string; readonly source: string }[] = [],
): LoadedKernel {
  const own = new Map<string, KernelText>();
  for (const { file, source } of edited) {
    const result = parseKernel(source, file);
    if (!result.ok) return result;
    own.set(result.text.name, result.text);
  }
  try {
    return {
      ok: true,
      kernel: assemble(name, (n) => own.get(n) ?? kernelText(n), [...own.keys(), ...namesOf('kernel', 'proposal')]),
    };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: error.problems };
    throw error;
  }
}
