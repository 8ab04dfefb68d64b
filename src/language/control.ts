/**
 * Which branch decides whether an instruction is executed: control dependence, from the post-dominators of the code.
 *
 *     0 branch c -> 1, 3        1 and 2 are decided by 0; 3 is executed either way
 *     1 set        2 set
 *     3 set
 */
import type { Instr, Program } from './program';

const ENDS: ReadonlySet<Instr['op']> = new Set([
  'exit',
  'ipiend',
  'stopend',
  'poweroff',
  'hookend',
  'bug',
  'panic',
  'fail',
]);

/** Where execution may go on from an instruction, within the code of its own context. */
export function successors(program: Program, pc: number): readonly number[] {
  const instr = program.code[pc]!;
  if (ENDS.has(instr.op)) return [];
  if (instr.op === 'branch') return [instr.next, instr.otherwise];
  if (instr.op === 'switch') return [...new Set([...instr.cases.values(), instr.otherwise])];
  // What stands for nothing at all, at 0, leads nowhere.
  return instr.next === pc || pc === 0 ? [] : [instr.next];
}

const known = new WeakMap<Program, readonly (readonly number[])[]>();

/** By pc: the branches on which it depends directly, at most one of which was taken last. */
export function controlOf(program: Program): readonly (readonly number[])[] {
  const made = known.get(program);
  if (made) return made;
  const control = dependences(program);
  known.set(program, control);
  return control;
}

function dependences(program: Program): number[][] {
  const count = program.code.length;
  const end = count;
  const next: (readonly number[])[] = program.code.map((_, pc) => successors(program, pc));
  const before: number[][] = Array.from({ length: count + 1 }, () => []);
  next.forEach((list, pc) => list.forEach((to) => before[to]!.push(pc)));
  const order = backwards(next, before, end);
  const joined = new Set(before[end]);
  const place = new Int32Array(count + 1).fill(-1);
  order.forEach((pc, i) => (place[pc] = i));
  const immediate = new Int32Array(count + 1).fill(-1);
  immediate[end] = end;
  const common = (a: number, b: number): number => {
    let [p, q] = [a, b];
    while (p !== q) {
      while (place[p]! > place[q]!) p = immediate[p]!;
      while (place[q]! > place[p]!) q = immediate[q]!;
    }
    return p;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const pc of order) {
      if (pc === end) continue;
      let found = -1;
      for (const to of joined.has(pc) ? [...next[pc]!, end] : next[pc]!) {
        if (immediate[to] === -1) continue;
        found = found === -1 ? to : common(to, found);
      }
      if (found === -1 || immediate[pc] === found) continue;
      immediate[pc] = found;
      changed = true;
    }
  }
  const control: number[][] = Array.from({ length: count }, () => []);
  next.forEach((list, pc) => {
    if (list.length < 2) return;
    for (const to of list)
      for (let at = to; at !== immediate[pc] && at !== end && at !== -1; at = immediate[at]!) {
        if (control[at]!.includes(pc)) break;
        control[at]!.push(pc);
      }
  });
  return control;
}

/** All instructions from the end back, each before those that lead to it. A loop without an end is joined to it where it begins. */
function backwards(next: readonly (readonly number[])[], before: number[][], end: number): number[] {
  next.forEach((list, pc) => {
    if (list.length === 0) before[end]!.push(pc);
  });
  const seen = new Uint8Array(end + 1);
  const sweep = (from: number): void => {
    const stack = [from];
    seen[from] = 1;
    while (stack.length > 0)
      for (const pc of before[stack.pop()!]!)
        if (seen[pc] === 0) {
          seen[pc] = 1;
          stack.push(pc);
        }
  };
  sweep(end);
  for (let pc = end - 1; pc >= 0; pc--) {
    if (seen[pc] !== 0) continue;
    before[end]!.push(pc);
    sweep(pc);
  }
  return postorder(before, end).reverse();
}

function postorder(before: readonly number[][], end: number): number[] {
  const seen = new Uint8Array(end + 1);
  const order: number[] = [];
  const stack: [pc: number, at: number][] = [[end, 0]];
  seen[end] = 1;
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const to = before[top[0]]![top[1]++];
    if (to === undefined) {
      order.push(top[0]);
      stack.pop();
    } else if (seen[to] === 0) {
      seen[to] = 1;
      stack.push([to, 0]);
    }
  }
  return order;
}
