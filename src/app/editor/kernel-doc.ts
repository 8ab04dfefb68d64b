/** What the kernel's editor shows: a kernel as one text, what it is a change of, and where each of its lines is told elsewhere. */
import type { Place } from '../../language/errors';
import type { OneText, Origin } from '../../language/one-text';
import type { MadePatch, PatchHead } from '../../language/patch-of';
import { nameOfPatch } from '../../kernels/index';
import { baseOf, eraOf, headOf, patchedText, patchTo, wholeText } from '../../kernels/whole';
import { newHead } from '../store/kernel-change';

export interface KernelDoc {
  /** The kernel, the design or the change that it is. */
  readonly kernel: string;
  readonly text: string;
  /** What a change of it would say before its first declaration; of a change, what it says. */
  readonly head: PatchHead;
  /** Is it a change already, and not a text that is shipped? */
  readonly own: boolean;
  /** What a change is made of. */
  readonly base: OneText;
  /** What it is shown to differ from: the kernel below. */
  readonly era: OneText;
  readonly lines: Lines;
}

const shipped = new Map<string, Pick<KernelDoc, 'base' | 'era' | 'text' | 'head' | 'lines'> | null>();

/** Null where there is no such kernel, or it cannot be put together. */
export function docOf(kernel: string, patch: string): KernelDoc | null {
  if (patch === '' || nameOfPatch(patch) !== kernel) {
    if (!shipped.has(kernel)) shipped.set(kernel, shippedDoc(kernel));
    const doc = shipped.get(kernel);
    return doc ? { ...doc, kernel, own: false } : null;
  }
  const head = headOf(patch);
  if (!head) return null;
  const base = baseOf(head);
  const era = wholeText(head.over);
  const whole = patchedText(patch);
  if (!base || !era || !whole) return null;
  return { kernel, own: true, head, base, era, text: whole.text, lines: new Lines(whole.origins) };
}

function shippedDoc(kernel: string): Pick<KernelDoc, 'base' | 'era' | 'text' | 'head' | 'lines'> | null {
  const whole = wholeText(kernel);
  const era = eraOf(kernel) === kernel ? whole : wholeText(eraOf(kernel));
  const head = newHead(kernel);
  const base = eraOf(kernel) === kernel ? whole : baseOf(head);
  if (!whole || !era || !base) return null;
  return { head, base, era, text: whole.text, lines: new Lines(whole.origins) };
}

/** The change that makes `edited` of it. */
export const changeTo = (doc: KernelDoc, edited: string): MadePatch => patchTo(doc.base, edited, doc.head);

/** Lines of the one text, and where they are in the texts that it is made of; both count from 1. */
export class Lines {
  private byPlace: Map<string, number> | null = null;

  constructor(private readonly origins: readonly (Origin | null)[]) {}

  /** Null for a blank line between two pieces. */
  originOf(line: number): Origin | null {
    return this.origins[line - 1] ?? null;
  }

  /** -1 where the text does not show it. */
  lineOf(file: string, line: number): number {
    if (!this.byPlace) {
      this.byPlace = new Map();
      this.origins.forEach((o, i) => o && this.byPlace!.set(`${o.line} ${o.file}`, i + 1));
    }
    return this.byPlace.get(`${line} ${file}`) ?? -1;
  }

  /** A place in a text, as line and column here; null where it is not shown. */
  shown({ file, line, column }: Pick<Place, 'file' | 'line' | 'column'>): { line: number; column: number } | null {
    const at = this.lineOf(file, line);
    return at < 0 ? null : { line: at, column: Math.max(1, column - this.originOf(at)!.shift) };
  }
}
