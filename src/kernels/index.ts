/** The kernels, as texts. To add one: write `eras/NAME.kern` (or `proposals/NAME.kern`) and name it in the list below. */
import { assemble, type Kernel } from '../language/assemble';
import type { KernelText } from '../language/ast';
import { TextError, type Problem } from '../language/errors';
import { parseKernel } from '../language/parser';

/** Kernels that a litmus text may name, oldest first. */
export const KERNELS = ['v5.15', 'v6.1', 'v6.1.192', 'v6.3', 'v6.12'] as const;

/** Designs from the list, each a patch over one of the kernels. */
export const PROPOSALS = ['move-to-online'] as const;

const sources: Readonly<Record<string, string>> = import.meta.glob('./**/*.kern', {
  query: '?raw',
  import: 'default',
  eager: true,
});

interface Heading {
  readonly path: string;
  readonly kind: KernelText['kind'];
  readonly title: string;
}

/** What each text says of itself on its first line; only the texts that are asked for are parsed whole. */
const headings = new Map<string, Heading>();
for (const [path, source] of Object.entries(sources)) {
  const match = /^(part|kernel|proposal) (\S+)(?: "([^"]*)")?/.exec(source);
  if (match) headings.set(match[2]!, { path, kind: match[1] as Heading['kind'], title: match[3] ?? '' });
}

const parsed = new Map<string, KernelText>();

/** A shipped text by name. One that does not parse is a defect of this program and throws. */
export function kernelText(name: string): KernelText | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const heading = headings.get(name);
  if (!heading) return undefined;
  const result = parseKernel(sources[heading.path]!, fileOf(heading.path));
  if (!result.ok) throw new TextError(result.problems[0]!, result.problems[0]!.message, result.problems[0]!.suggestion);
  parsed.set(name, result.text);
  return result.text;
}

/** All shipped texts, by name. */
export function kernelTexts(): ReadonlyMap<string, KernelText> {
  return new Map([...headings.keys()].map((name) => [name, kernelText(name)!]));
}

/** The line in which a kernel or a proposal says what it is; '' for an unknown one. */
export function kernelTitle(name: string): string {
  return headings.get(name)?.title ?? '';
}

/** Source of a text by its file name as problems report it (`kernels/parts/vmx.kern`). */
export function kernelSource(file: string): string | undefined {
  return sources[file.replace('kernels/', './')];
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
  const known = [...headings].flatMap(([n, h]) => (h.kind === 'part' ? [] : [n]));
  try {
    return { ok: true, kernel: assemble(name, (n) => own.get(n) ?? kernelText(n), [...own.keys(), ...known]) };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}
