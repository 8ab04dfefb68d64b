/** The kernels, as texts. To add one: write `eras/NAME.kern` (or `proposals/NAME.kern`) and name it in `KERNELS`. */
import { assemble, type Kernel } from '../language/assemble';
import type { KernelText } from '../language/ast';
import type { Problem } from '../language/errors';
import { TextError } from '../language/errors';
import { parseKernel } from '../language/parser';

const sources: Readonly<Record<string, string>> = import.meta.glob('./**/*.kern', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Kernels that a litmus text may name, oldest first. */
export const KERNELS = ['v5.15', 'v6.1', 'v6.1.192', 'v6.3', 'v6.12'] as const;

let parsed: Map<string, KernelText> | null = null;

/** All texts by name. A shipped text that does not parse is a defect of this program and throws. */
export function kernelTexts(): ReadonlyMap<string, KernelText> {
  if (parsed) return parsed;
  parsed = new Map();
  for (const [path, source] of Object.entries(sources)) {
    const result = parseKernel(source, path.replace('./', 'kernels/'));
    if (!result.ok)
      throw new TextError(result.problems[0]!, result.problems[0]!.message, result.problems[0]!.suggestion);
    parsed.set(result.text.name, result.text);
  }
  return parsed;
}

/** Source of a text by its file name as problems report it (`kernels/parts/vmx.kern`). */
export function kernelSource(file: string): string | undefined {
  return sources[file.replace('kernels/', './')];
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
  const texts = new Map(kernelTexts());
  for (const { file, source } of edited) {
    const result = parseKernel(source, file);
    if (!result.ok) return result;
    texts.set(result.text.name, result.text);
  }
  try {
    return {
      ok: true,
      kernel: assemble(
        name,
        (n) => texts.get(n),
        [...texts.values()].filter((t) => t.kind !== 'part').map((t) => t.name),
      ),
    };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}
