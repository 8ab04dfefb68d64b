/**
 * The outcome matrix: questions down, kernels and designs across, each cell the outcome of running the row's text on the
 * column's kernel. Nothing in a cell is written by hand: what it says is the class and the sentence of that one run.
 *
 *                      v5.15         v6.3           v6.12
 *   fails-no-vm intel  VM refused    VM refused     refused -EIO
 *
 * A row's text is a text of the gallery, so a cell can be opened as a run: `litmus` is exactly what was run.
 */
import { KERNELS, PROPOSALS, kernelText, kernelTitle } from '../kernels/index';
import { run } from '../machine/run';
import { classLine } from './class-words';
import { classOf, type ClassId } from './classes';
import { setKernel, setVendor } from './edit';
import { galleryText } from './gallery';
import { load } from './load';
import { outcomeOf, sentence, type Verdict } from './outcome';
import { parseLitmus, type Litmus } from './parse';
import { ROWS, type Vendor } from './matrix-rows';

export type { Vendor } from './matrix-rows';

export interface MatrixRow {
  readonly name: string;
  /** The question, as the text's description asks it. */
  readonly question: string;
  /** Its group in the gallery. */
  readonly group: string;
  readonly vendors: readonly Vendor[];
}

export interface MatrixColumn {
  readonly name: string;
  readonly kind: 'kernel' | 'design';
  readonly title: string;
  /** The kernel that a design or a release is a patch over, '' where it stands by itself. */
  readonly over: string;
  /** Another configuration of the same release (`v6.1.192-cloud`): it differs in its hotplug states only. */
  readonly flavour: boolean;
}

/** Plain data: it may go to another thread, a file or a link. */
export interface MatrixCell {
  readonly row: string;
  readonly column: string;
  readonly vendor: Vendor;
  readonly class: ClassId;
  /** The outcome in one sentence, in the kernel's words; why the question makes no sense there, where it makes none. */
  readonly line: string;
  readonly details: readonly string[];
  /** The error that decided the class, and the action that was told; null: none was told. */
  readonly errno: string | null;
  readonly told: string | null;
  /** Where the kernel says that it died, such as `arch/x86/kvm/x86.c:511`. */
  readonly where: string | null;
  readonly verdict: Verdict | null;
  /** What was run, and how: one run, until it is explored. */
  readonly litmus: string;
  readonly seed: number;
  readonly steps: number;
  readonly explored: false;
}

/** The rows whose texts are there, in their order; `loadGallery` brings them. */
export function matrixRows(): MatrixRow[] {
  return ROWS.flatMap(({ text: name, vendors }) => {
    const text = galleryText(name);
    const parsed = text === undefined ? null : parseLitmus(text, `${name}.litmus`);
    return parsed?.ok ? [{ name, question: parsed.litmus.about, group: parsed.litmus.group, vendors }] : [];
  });
}

/** All columns: kernels, oldest first, then designs. `loadKernelTexts` brings them. */
export function matrixColumns(): MatrixColumn[] {
  return [...KERNELS, ...PROPOSALS].map((name) => {
    const text = kernelText(name);
    const design = text?.kind === 'proposal';
    return {
      name,
      kind: design ? 'design' : 'kernel',
      title: kernelTitle(name),
      over: text?.over?.name ?? '',
      flavour: !design && name.includes('-'),
    };
  });
}

/** Runs a row's text on a column's kernel. Needs `loadGallery` and `loadKernelTexts`; throws for a row that is not there. */
export function computeCell(row: string, column: string, vendor: Vendor, seed = 0): MatrixCell {
  const text = galleryText(row);
  if (text === undefined) throw new Error(`no text of the gallery is called ${row}`);
  return computeTextCell(row, text, column, vendor, seed);
}

/** The same for a text that is no row. */
export function computeTextCell(row: string, text: string, column: string, vendor: Vendor, seed = 0): MatrixCell {
  const litmus = setKernel(setVendor(text, vendor), column);
  const cell = { row, column, vendor, litmus, seed, explored: false } as const;
  const file = `${row}.litmus`;
  const loaded = load(litmus, file);
  if (!loaded.ok) {
    const [problem = '', ...details] = loaded.problems.map((p) => p.message);
    // what the column's kernel lacks makes the question senseless there; a text that no kernel takes is simply wrong
    const own = loaded.problems[0]?.file === file ? onItsOwnKernel(text, file) : null;
    const line = own && asksForTdx(own) ? `no TDX in this kernel: ${problem}` : problem;
    return { ...cell, ...NO_RUN, class: own ? 'na' : 'unknown', line, details };
  }
  const outcome = outcomeOf(run(loaded.program, { seed, maxSteps: MAX_STEPS }), loaded.litmus, seed);
  const found = classOf(outcome);
  const { id, errno, action, oops } = found;
  const { headline, details } = sentence(outcome);
  const line = classLine(outcome, found);
  return {
    ...cell,
    class: id,
    line,
    details: line === headline ? details : [headline, ...details],
    errno,
    told: action?.actor ?? null,
    where: oops?.where ?? null,
    verdict: outcome.verdict.how === '' ? null : outcome.verdict,
    steps: outcome.steps,
  };
}

/** Many times what the texts need. A run that is not at rest by then goes round in circles. */
const MAX_STEPS = 20_000;

const NO_RUN = { errno: null, told: null, where: null, verdict: null, steps: 0 } as const;

let last: { readonly text: string; readonly litmus: Litmus | null } | null = null;

/** The text as it loads on the kernel that it names; null where it does not. Remembered for the row's next cell. */
function onItsOwnKernel(text: string, file: string): Litmus | null {
  if (last?.text !== text) {
    const loaded = load(text, file);
    last = { text, litmus: loaded.ok ? loaded.litmus : null };
  }
  return last.litmus;
}

const asksForTdx = ({ setup }: Litmus): boolean =>
  setup.vms.some((vm) => vm.td) || setup.hardware.some((h) => h.name.startsWith('tdx_'));
