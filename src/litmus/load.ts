/** Litmus text to a program that runs: parse, load the kernel it names, compile. */
import { compile } from '../language/compile';
import type { Problem } from '../language/errors';
import type { Program } from '../language/program';
import { loadKernel } from '../kernels/index';
import { parseLitmus, type Litmus } from './parse';

export interface LoadOptions {
  /** Runs on this kernel instead of the one that the text names. */
  readonly kernel?: string;
  /** Kernel texts of the user's own. */
  readonly edited?: readonly { readonly file: string; readonly source: string }[];
}

export type Loaded =
  | { readonly ok: true; readonly litmus: Litmus; readonly program: Program }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Everything that can be wrong with a text comes back as problems, with file, line and column. */
export function load(text: string, file: string, options: LoadOptions = {}): Loaded {
  const parsed = parseLitmus(text, file);
  if (!parsed.ok) return parsed;
  const name = options.kernel ?? parsed.litmus.kernel;
  const loaded = loadKernel(name, options.edited);
  if (!loaded.ok) {
    // an unknown kernel is wrong where the litmus text names it
    return {
      ok: false,
      problems: loaded.problems.map((p) => (p.file === name ? { ...p, ...parsed.litmus.kernelPlace } : p)),
    };
  }
  const compiled = compile(loaded.kernel, parsed.litmus.setup);
  return compiled.ok ? { ok: true, litmus: { ...parsed.litmus, kernel: name }, program: compiled.program } : compiled;
}
