/** Tasks of which nobody asks on which CPU they were last, while they sleep or are not there. */
import { contains } from '../../language/code';
import { Head, type Code } from '../../language/program';
import { fold, UNKNOWN } from './fold';
import { noAccess, Footprints } from './footprint';
import { expressionsOf, storesOf } from './layout';
import { knownAt, type Reach } from './reach';
import { mayWait, successors } from './rests';

export function forgettable(world: Reach): readonly number[] {
  const { program } = world;
  const asked = new Set<number>();
  const look = (code: Code): void => {
    contains(code, (part) => {
      if (part.op !== 'ask' || part.what !== 'cpu_of') return false;
      const { of } = part;
      if (of.op === 'const') asked.add(of.value);
      else if (of.op === 'instance') for (let i = 0; i < of.count; i++) asked.add(of.first + i);
      else program.contexts.forEach((_, x) => asked.add(x));
      return false;
    });
  };
  const { question } = program;
  if (question) look(fold(question.cond, knownAt(world, -1, null)));
  const footprints = new Footprints(world);
  // a run queue whose lock is held for ever is asked for by the CPU that a task was on
  const held = world.cell(program.machine.rqWait) === UNKNOWN;
  world.at.forEach((envs, x) => {
    const { thread } = program.contexts[x]!;
    const begins = new Set<number>(thread >= 0 ? [program.threads[thread]!.entry] : []);
    for (const [pc] of envs)
      if (program.code[pc]!.op === 'rest') for (const to of successors(world, x, pc)) begins.add(to);
    for (const [pc, env] of envs) {
      const instr = program.code[pc]!;
      const known = knownAt(world, x, env);
      for (const code of expressionsOf(instr)) look(fold(code, known));
      for (const at of storesOf(instr)) if (at.op === 'cellAt') look(fold(at.index, known));
      if (instr.op === 'allow' && held) {
        const task = fold(instr.task, known);
        program.contexts.forEach((_, y) => (task.op !== 'const' || task.value === y) && asked.add(y));
      }
      // it may sleep here, and whether it may go on depends on the CPU that it was on
      const sleeps = instr.op === 'await' || instr.op === 'action' || (instr.op === 'lock' && instr.mode !== 'spin');
      if (!sleeps && !(begins.has(pc) && mayWait(instr))) continue;
      const into = noAccess();
      footprints.of(x, pc, into);
      if (into.thisReads.size > 0) asked.add(x);
    }
  });
  return program.contexts.flatMap((context, x) =>
    context.allowed >= 0 && !asked.has(x) && world.cell(context.base + Head.cpu) === UNKNOWN ? [x] : [],
  );
}
