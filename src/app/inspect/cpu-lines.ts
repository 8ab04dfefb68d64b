/** Where each CPU stands in the text of the kernel. */
import { Head } from '../../language/program';
import { MachineError } from '../../machine/machine';
import type { RunView } from '../store/run-view';
import { replayOf } from './visits';

export interface CpuLine {
  readonly cpu: number;
  /** The task, or the interrupt, that is there. */
  readonly context: string;
  readonly file: string;
  readonly line: number;
}

/** The line that each CPU is at (of a kernel text, or of the litmus text where an actor waits there), once so many steps are done; a CPU that is off, idle, or in userspace has none. */
export function cpuLinesAt(run: RunView, done: number): CpuLine[] {
  const { program, cursor } = run;
  cursor.seek(Math.max(0, done));
  const { s } = cursor;
  const { cur, inIrq } = program.machine;
  const interrupts = new Map(program.contexts.flatMap((c, x) => (c.kind === 'irq' ? [[c.cpu, x] as const] : [])));
  const found: CpuLine[] = [];
  for (let cpu = 0; cpu < program.cpus; cpu++) {
    const runs = s[cur + cpu]! - 1;
    if (runs < 0) continue;
    const x = s[inIrq + cpu] === 0 ? runs : (interrupts.get(cpu) ?? runs);
    const context = program.contexts[x]!;
    const instr = program.code[s[context.base + Head.pc]!];
    // a text is executed only in a function; the idle loop and an actor between two actions are in none
    if (!instr || instr.frame < 0 || instr.op === 'idle' || instr.op === 'action') continue;
    found.push({ cpu, context: context.name, file: instr.place.file, line: instr.place.line });
  }
  return found;
}

/** Every line that the step just done has executed, first to last: what is atomic has several, and so has what is called in it. */
export function linesOfStep(run: RunView, done: number): { readonly file: string; readonly line: number }[] {
  if (done < 1 || done > run.steps) return [];
  const found: { readonly file: string; readonly line: number }[] = [];
  try {
    replayOf(run).step(done - 1, {
      before: (_context, pc) => {
        const instr = run.program.code[pc];
        if (instr && instr.frame >= 0) found.push(instr.place);
      },
    });
  } catch (error) {
    // the step that ended the run with an error of the text: what it did before is there
    if (!(error instanceof MachineError)) throw error;
  }
  return found.map(({ file, line }) => ({ file, line }));
}

/** CPUs in a few characters: "0-3 6". */
export function cpuRanges(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(' ');
}
