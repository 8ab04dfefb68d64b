/** Who could ever change a cell: the contexts whose code stores into it. For a wait that names no holder. */
import { Head, Run, type Code, type Program, type StoreAt } from '../language/program';
import { namesOf } from '../language/names';
import type { Machine } from '../machine/machine';

const roots = new WeakMap<Program, ReadonlyMap<number, readonly number[]>>();

/** Outermost frame of each call: tells one entry of the program from another. */
export function rootOf(program: Program, frame: number): number {
  let at = frame;
  while (at >= 0 && program.frames[at]!.parent >= 0) at = program.frames[at]!.parent;
  return at;
}

/** Contexts by the outermost frame of the code that they run. */
function contextsByRoot(program: Program): ReadonlyMap<number, readonly number[]> {
  const known = roots.get(program);
  if (known) return known;
  const found = new Map<number, number[]>();
  program.contexts.forEach(({ entry, kind, thread }, x) => {
    if (kind === 'irq' || kind === 'stopper' || kind === 'idle') return;
    const frame = program.code[program.threads[thread]?.entry ?? entry]?.frame;
    if (frame === undefined) return;
    const root = rootOf(program, frame);
    const list = found.get(root);
    if (list) list.push(x);
    else found.set(root, [x]);
  });
  roots.set(program, found);
  return found;
}

/** A value that a store always writes; null where it depends. */
const constant = (value: Code): number | null => (value.op === 'const' ? value.value : null);

const hits = (at: StoreAt, cell: number): boolean =>
  at.op === 'cell' ? at.at === cell : at.op === 'cellAt' && cell >= at.base && cell < at.base + at.count;

/**
 * The tasks that could write what is wanted into a cell, other than `except`, as far as it is clear who: where some always write
 * such a value only these, and of many alike the one that belongs to the same CPU. Empty where the texts leave it open.
 */
export function settersOf(
  machine: Machine,
  cell: number,
  except: number,
  wanted: (value: number) => boolean,
): number[] {
  const { program } = machine;
  const perhaps = new Set<number>();
  const surely = new Set<number>();
  for (const instr of program.code) {
    if (instr.op !== 'set') continue;
    for (const { at, value } of instr.stores) {
      const always = hits(at, cell) ? constant(value) : null;
      if (!hits(at, cell) || (always !== null && !wanted(always))) continue;
      for (const x of contextsByRoot(program).get(rootOf(program, instr.frame)) ?? [])
        if (x !== except) (always === null ? perhaps : surely).add(x);
    }
  }
  const owners = surely.size > 0 ? surely : perhaps;
  const group = namesOf(program).groupOf(cell);
  const cpu = group?.scope === 'cpu' ? Math.floor((cell - group.base) / (group.count / program.cpus)) : -1;
  const begun = [...owners].filter((x) => machine.head(x, Head.run) !== Run.none);
  const near = begun.filter(
    (x) => program.contexts[x]!.kind !== 'percpu' || cpu < 0 || program.contexts[x]!.cpu === cpu,
  );
  const bound = near.filter((x) => cpu >= 0 && program.contexts[x]!.cpu === cpu);
  const said = bound.length > 0 ? bound : near;
  return said.length === 1 ? said : [];
}
