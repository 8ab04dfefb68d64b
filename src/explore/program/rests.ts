/**
 * Where a context can stand between two steps. A step runs on through glue and through the atomic block that it began in,
 * so of the instructions that can be executed only some are ever a state's pc.
 */
import { Head, type Instr, type Program } from '../../language/program';
import { fold } from './fold';
import { knownAt, type Reach } from './reach';

/** Contexts with the same code: each has the same pcs and the same cells. */
export function classOf(program: Program, x: number): string {
  const { kind, thread } = program.contexts[x]!;
  return kind === 'actor' ? `actor ${x}` : thread >= 0 ? `thread ${thread}` : kind;
}

/** Instructions that may follow this one in the same context, with what is known there. */
export function successors(world: Reach, x: number, pc: number): readonly number[] {
  const { program } = world;
  const instr = program.code[pc]!;
  const known = knownAt(world, x, world.at[x]!.get(pc) ?? null);
  switch (instr.op) {
    case 'branch': {
      const cond = fold(instr.cond, known);
      if (cond.op === 'const') return [cond.value !== 0 ? instr.next : instr.otherwise];
      return [instr.next, instr.otherwise];
    }
    case 'switch': {
      const on = fold(instr.on, known);
      if (on.op === 'const') return [instr.cases.get(on.value) ?? instr.otherwise];
      return [...new Set([...instr.cases.values(), instr.otherwise])];
    }
    case 'nop':
      return pc === 0 ? [] : [instr.next];
    case 'exit':
    case 'poweroff':
    case 'ipiend':
    case 'stopend':
    case 'hookend':
    case 'panic':
    case 'bug':
    case 'fail':
      return [];
    default:
      return [instr.next];
  }
}

/** It may have to wait, also in the middle of an atomic block. */
export function mayWait(instr: Instr): boolean {
  switch (instr.op) {
    case 'lock':
    case 'await':
    case 'spin':
    case 'idle':
    case 'ipi':
    case 'ipiwait':
    case 'stop':
    case 'stopresult':
    case 'guest':
    case 'pick':
      return true;
    case 'action':
      return instr.when !== null;
    default:
      return false;
  }
}

/** pcs between steps by class of contexts, ascending; 0 is among them. */
export function rests(world: Reach): ReadonlyMap<string, readonly number[]> {
  const { program } = world;
  const found = new Map<string, Set<number>>();
  program.contexts.forEach((context, x) => {
    if (world.at[x]!.size === 0) return;
    const key = classOf(program, x);
    let set = found.get(key);
    if (!set) found.set(key, (set = new Set([0])));
    for (const pc of restsOf(world, x)) set.add(pc);
    // a context that boot has left at an instruction where it would not rest by itself
    set.add(world.start[context.base + Head.pc]!);
  });
  return new Map([...found].map(([key, set]) => [key, [...set].sort((a, b) => a - b)]));
}

function restsOf(world: Reach, x: number): Set<number> {
  const { program } = world;
  const { code } = program;
  const out = new Set<number>();
  const seen = new Set<number>();
  const work: (readonly [pc: number, atomic: number])[] = [];
  /** The context comes to pc while a step of it runs that began in this atomic block. */
  const come = (pc: number, atomic: number): void => {
    const instr = code[pc]!;
    const still = instr.atomic === atomic ? atomic : 0;
    if (!instr.glue && (still === 0 || mayWait(instr))) stand(pc);
    if (instr.glue || still !== 0) goOn(pc, still);
  };
  const stand = (pc: number): void => {
    if (out.has(pc)) return;
    out.add(pc);
    goOn(pc, code[pc]!.atomic);
  };
  const goOn = (pc: number, atomic: number): void => {
    const key = pc * 2 + (atomic !== 0 ? 1 : 0);
    if (seen.has(key)) return;
    seen.add(key);
    work.push([pc, atomic]);
  };
  const run = (): void => {
    while (work.length > 0) {
      const [pc, atomic] = work.pop()!;
      const instr = code[pc]!;
      for (const to of successors(world, x, pc)) {
        come(to, atomic);
        // it may be taken off its CPU first, and comes to the next instruction when it is back
        if (instr.op === 'rest' || instr.op === 'yield') {
          out.add(to);
          come(to, 0);
        }
      }
      if (instr.op === 'panic' || instr.op === 'bug') out.add(pc);
    }
  };
  for (const pc of entries(world, x)) {
    come(pc, 0);
    run();
  }
  out.delete(0);
  return out;
}

/** Where the code of a context begins, each time that it does. */
function entries(world: Reach, x: number): number[] {
  const { program } = world;
  const context = program.contexts[x]!;
  const { hooks } = program;
  const at = world.at[x]!;
  const all: number[] = [world.start[context.base + Head.pc]!];
  if (context.kind === 'irq') all.push(...world.handlers);
  if (context.thread >= 0) all.push(program.threads[context.thread]!.entry);
  if (world.hooked.has(x)) all.push(hooks.in, hooks.out);
  all.push(hooks.killed);
  for (const instr of program.code) {
    if (instr.op === 'start' && context.kind === 'idle') all.push(instr.entry);
    if (instr.op === 'stop' && context.kind === 'stopper') all.push(instr.entry);
  }
  return [...new Set(all)].filter((pc) => pc !== 0 && at.has(pc));
}
