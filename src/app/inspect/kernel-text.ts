/** The kernel's text as a reader of a run wants it: the functions that the run was in, and what a design changes. */
import { kernelSource, kernelText } from '../../kernels/index';
import { commonOrder } from '../../timeline/match';
import type { Kernel } from '../../language/assemble';
import type { RunView } from '../store/run-view';
import { functionsOf, kernelOf } from './sources';

/** A declaration as it stands in its file. */
export interface Passage {
  readonly name: string;
  readonly file: string;
  /** Of the first line, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** From a line of a file to where what begins there ends: its closing brace, or the line itself. */
export function passageAt(file: string, line: number, name: string): Passage | null {
  const source = kernelSource(file)?.split('\n');
  const first = source?.[line - 1];
  if (!source || first === undefined) return null;
  const end = /\{\s*(#.*)?$/.test(first) ? source.findIndex((text, i) => i >= line && /^\}/.test(text)) : line - 1;
  return { name, file, line, lines: source.slice(line - 1, (end < 0 ? line - 1 : end) + 1) };
}

/** Short name of a file: "kvm-e1.kern". */
export const shortFile = (file: string): string => file.replace(/^kernels\/(\w+\/)?/, '');

/** The functions that a run was in, by file and line, as the run meets the files. */
export function passagesOf(run: RunView): Passage[] {
  const kernel = kernelOf(run.program);
  if (!kernel) return [];
  const byFile = new Map<string, Passage[]>();
  for (const name of functionsOf(run)) {
    const fn = kernel.fns.get(name);
    const passage = fn && passageAt(fn.place.file, fn.place.line, name);
    if (!passage) continue;
    const own = byFile.get(passage.file);
    if (own) own.push(passage);
    else byFile.set(passage.file, [passage]);
  }
  return [...byFile.values()].flatMap((list) => list.sort((a, b) => a.line - b.line));
}

/** Where the playhead's step is in the text, and the calls that led there; empty where no text was executed. */
export function linesAt(run: RunView, done: number): { readonly file: string; readonly line: number }[] {
  if (done < 1) return [];
  const { kind, pc } = run.history.step(Math.min(done, run.steps) - 1);
  const instr = run.program.code[pc];
  if (kind !== 'step' || !instr) return [];
  const found = [instr.place];
  for (let f = instr.frame; f >= 0; f = run.program.frames[f]!.parent)
    if (run.program.frames[f]!.parent >= 0) found.push(run.program.frames[f]!.place);
  return found.map(({ file, line }) => ({ file, line }));
}

/** A line of a patch: taken away, added, or as it was. */
export interface PatchLine {
  readonly sign: '-' | '+' | ' ';
  readonly text: string;
}

export interface Hunk {
  /** "fn kvm_online_cpu", "state CPUHP_AP_KVM_ONLINE". */
  readonly name: string;
  readonly file: string;
  readonly lines: readonly PatchLine[];
}

export interface Patch {
  readonly name: string;
  readonly title: string;
  readonly over: string;
  /** Parts that stand for others: "without kvm-e3: kvm-e4". */
  readonly parts: string;
  /** Comments that stand before the first declaration. */
  readonly about: readonly string[];
  readonly hunks: readonly Hunk[];
}

/** What a design or a release changes of the kernel that it is a patch over; null for a kernel that stands by itself. */
export function patchOf(name: string, base: (over: string) => Kernel | null): Patch | null {
  const text = kernelText(name);
  const over = text?.over?.name;
  const kernel = over === undefined ? null : base(over);
  if (!text || over === undefined || !kernel) return null;
  const hunks: (Hunk & { readonly line: number })[] = [];
  const put = (what: string, line: number, before: readonly string[], after: readonly string[]): void => {
    hunks.push({ name: what, file: text.file, line, lines: lineDiff(before, after) });
  };
  const linesOf = (place: { readonly file: string; readonly line: number } | undefined): readonly string[] =>
    place === undefined ? [] : (passageAt(place.file, place.line, '')?.lines ?? []);
  /** `replace` says only that there was one before: it is no change of the declaration itself. */
  const own = (place: { readonly file: string; readonly line: number }): readonly string[] =>
    linesOf(place).map((line, i) => (i === 0 ? line.replace(/^replace /, '') : line));
  for (const fn of text.fns) put(fn.name, fn.place.line, linesOf(kernel.fns.get(fn.name)?.place), own(fn.place));
  for (const x of text.lets) put(x.name, x.place.line, linesOf(kernel.lets.get(x.name)?.place), own(x.place));
  for (const x of text.lanes)
    put(`lane ${x.name}`, x.place.line, linesOf(kernel.lanes.get(x.name)?.place), own(x.place));
  for (const x of text.consts) put(x.name, x.place.line, linesOf(kernel.consts.get(x.name)?.place), own(x.place));
  for (const x of text.vars) put(x.name, x.place.line, linesOf(kernel.vars.get(x.name)?.place), own(x.place));
  for (const x of text.locks) put(x.name, x.place.line, linesOf(kernel.locks.get(x.name)?.place), own(x.place));
  for (const x of text.states) put(x.constant, x.place.line, [], own(x.place));
  for (const x of text.removedStates) put(x.name, x.place.line, linesOf(kernel.states.get(x.name)?.place), []);
  const source = kernelSource(text.file)?.split('\n') ?? [];
  const first = Math.min(...hunks.map((h) => h.line), source.length + 1);
  return {
    name,
    title: text.title,
    over,
    parts: [
      ...(text.without.length > 0 ? [`without ${text.without.map((p) => p.name).join(', ')}`] : []),
      ...(text.bases.length > 0 ? [`with ${text.bases.map((p) => p.name).join(', ')}`] : []),
    ].join('; '),
    about: source.slice(0, first - 1).flatMap((line) => /^#\s?(.*)$/.exec(line)?.[1] ?? []),
    hunks: hunks.sort((a, b) => a.line - b.line),
  };
}

export function lineDiff(before: readonly string[], after: readonly string[]): PatchLine[] {
  const common = commonOrder(before, after);
  const lines: PatchLine[] = [];
  let i = 0;
  let j = 0;
  for (const [p, q] of [...common, [before.length, after.length] as const]) {
    while (i < p) lines.push({ sign: '-', text: before[i++]! });
    while (j < q) lines.push({ sign: '+', text: after[j++]! });
    if (i < before.length && j < after.length) {
      lines.push({ sign: ' ', text: after[j]! });
      i++;
      j++;
    }
  }
  return lines;
}
