/** Where a run is in the text of its kernel. */
import type { RunView } from '../store/run-view';

/** Short name of a file: "kvm-e1.kern". */
export const shortFile = (file: string): string => file.replace(/^kernels\/(\w+\/)?/, '');

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
