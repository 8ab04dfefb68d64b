/** What is left when nothing can happen any more. */
import { Head, Run } from '../language/program';
import type { Machine } from '../machine/machine';

/**
 * Of a state in which nothing is enabled: whether some task can never come to its end. Kthreads wait for work for ever
 * and that is well; a task of userspace that waits for ever hangs, unless it is in the guest: a guest may spin there. After a panic nobody is expected to go on.
 */
export function isStuck(machine: Machine): boolean {
  const { program, s } = machine;
  if (s[program.machine.panic] !== 0) return false;
  return program.contexts.some((context, x) => {
    if (context.kind !== 'actor' && context.kind !== 'user') return false;
    const run = machine.head(x, Head.run);
    if (run !== Run.runnable && run !== Run.sleeping) return false;
    return !(machine.isCurrent(x) && machine.instrOf(x).op === 'guest');
  });
}
