/**
 * Where the faults of a guided run struck. While a capture is followed each fault is a choice (`maybe fault`); afterwards
 * it is known which call on which CPU it was, and the text says so.
 */
import type { Program } from '../language/program';
import type { Armed } from './armed';
import type { Taken } from './mover';

/** Calls of a fault's function at which it struck, counted from 1, with the moment of each. */
export function strikesOf(program: Program, taken: readonly Taken[]): { readonly nth: number; readonly t: number }[][] {
  const asked = program.faults.map(() => 0);
  const strikes = program.faults.map((): { nth: number; t: number }[] => []);
  const byText = new Map(program.faults.map((f, i) => [f.text, i]));
  for (const { transition, pc, t } of taken) {
    const instr = program.code[pc]!;
    if (instr.op !== 'choose' || transition.kind !== 'step') continue;
    const fault = byText.get(instr.why);
    if (fault === undefined) continue;
    asked[fault]! += 1;
    if (transition.choice === 1) strikes[fault]!.push({ nth: asked[fault]!, t });
  }
  return strikes;
}

/** The derived text with its faults as they struck: `once`, or `time 2`, one line for each. */
export function settledText(text: string, program: Program, taken: readonly Taken[]): string {
  const strikes = strikesOf(program, taken);
  const lines = text.split('\n').flatMap((line) => {
    const fault = program.faults.findIndex((f) => f.text === line.trim());
    if (fault < 0) return [line];
    const plain = line.replace(/^maybe /, '');
    return strikes[fault]!.length === 0
      ? []
      : strikes[fault]!.map(({ nth }) => `${plain} ${nth === 1 ? 'once' : `time ${nth}`}`);
  });
  return lines.join('\n');
}

/** How often an armed fault struck. */
export function hitsOf(program: Program, strikes: ReturnType<typeof strikesOf>, armed: Armed): number {
  return program.faults.reduce(
    (n, f, i) =>
      armed.cpus.includes(f.cpu) && f.text.includes(` ${armed.symbol} `)
        ? n + strikes[i]!.filter(({ t }) => t >= armed.from && t <= armed.to).length
        : n,
    0,
  );
}
