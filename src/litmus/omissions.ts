/**
 * What was not done: the last branch that, had it gone the other way, would have led to a write of a cell. A value that is still what
 * it was has no writer to point at; the reason is this branch.
 *
 *     if the fault strikes { return -EIO }     <- it went this way
 *     vmxon[this] = true                       <- and the cell is what it was
 */
import { controlOf, successors } from '../language/control';
import type { Program, StoreAt } from '../language/program';
import { evaluator } from '../machine/evaluate';
import type { Machine } from '../machine/machine';
import type { Replay } from '../machine/replay';
import { targetOf } from './dependences';
import type { TraceIndex } from './trace-index';

/** Instructions tried on the way that was not taken. */
const MOST = 600;

export class Omissions {
  private readonly past = new Map<number, ReadonlySet<number>>();

  constructor(
    private readonly program: Program,
    private readonly index: TraceIndex,
    private readonly replay: Replay,
  ) {}

  /**
   * The last instruction before `until` (a place in the trace) and not before `from` that was such a branch; -1 where there was none.
   */
  before(cell: number, from: number, until: number): number {
    const branches = this.branchesPast(cell);
    if (branches.size === 0) return -1;
    for (let i = until - 1; i >= from; i--) if (branches.has(this.index.pcAt(i)) && this.passedBy(i, cell)) return i;
    return -1;
  }

  /** Branches that decide over some write of this cell. */
  private branchesPast(cell: number): ReadonlySet<number> {
    const known = this.past.get(cell);
    if (known) return known;
    const control = controlOf(this.program);
    const found = new Set<number>();
    const open = this.program.code.flatMap((instr, pc) =>
      instr.op === 'set' && instr.stores.some(({ at }) => hits(at, cell)) ? [pc] : [],
    );
    while (open.length > 0)
      for (const branch of control[open.pop()!]!)
        if (!found.has(branch)) {
          found.add(branch);
          open.push(branch);
        }
    this.past.set(cell, found);
    return found;
  }

  /** Would the other way of this branch have left another value in the cell? */
  private passedBy(i: number, cell: number): boolean {
    const step = this.index.stepOf(i);
    const pc = this.index.pcAt(i);
    let at = this.index.rangeOf(step)[0];
    let would = false;
    const machine = this.replay.at(step);
    this.replay.step(step, {
      before: (context, here) => {
        if (at++ === i) {
          const went = whereTo(machine, this.program, context, here);
          const ways = successors(this.program, here).filter((to) => to !== went);
          would = ways.some((to) => this.tried(machine, context, to, pc, cell));
        }
      },
    });
    return would;
  }

  /** Follows the code from there as it would go now, and takes back what it wrote. */
  private tried(machine: Machine, x: number, start: number, branch: number, cell: number): boolean {
    const { s } = machine;
    const value = s[cell]!;
    const written: [cell: number, before: number][] = [];
    const control = controlOf(this.program);
    const within = new Set<number>([branch]);
    const put = (to: number, now: number): void => {
      if (to < 0) return;
      written.push([to, s[to]!]);
      s[to] = now;
    };
    try {
      let pc = start;
      for (let n = 0; n < MOST; n++) {
        const hangs = control[pc]!.some((b) => within.has(b));
        // Where both ways are one again nothing hangs on the branch any more.
        if (!hangs && pc !== start) break;
        const instr = this.program.code[pc]!;
        if (instr.op === 'set') {
          const asker = { machine, context: x };
          const values = instr.stores.map((st) => evaluator(st.value, machine.around)(s, x));
          instr.stores.forEach((st, k) => put(targetOf(asker, st.at), values[k]!));
          if (s[cell] !== value) return true;
        }
        if (instr.op === 'bug' || instr.op === 'panic' || instr.op === 'fail') break;
        if ((instr.op === 'await' || instr.op === 'spin') && evaluator(instr.cond, machine.around)(s, x) === 0) break;
        const next = whereTo(machine, this.program, x, pc);
        if (next < 0) break;
        if (instr.op === 'branch' || instr.op === 'switch') within.add(pc);
        pc = next;
      }
    } catch {
      // What cannot be evaluated tells nothing.
    } finally {
      for (const [to, before] of written.reverse()) s[to] = before;
    }
    return false;
  }
}

/** Where a context goes on from an instruction, in this state. */
function whereTo(machine: Machine, program: Program, x: number, pc: number): number {
  const instr = program.code[pc]!;
  if (instr.op === 'branch')
    return evaluator(instr.cond, machine.around)(machine.s, x) !== 0 ? instr.next : instr.otherwise;
  if (instr.op === 'switch')
    return instr.cases.get(evaluator(instr.on, machine.around)(machine.s, x)) ?? instr.otherwise;
  return successors(program, pc)[0] ?? -1;
}

const hits = (at: StoreAt, cell: number): boolean =>
  at.op === 'cell' ? at.at === cell : at.op === 'cellAt' && cell >= at.base && cell < at.base + at.count;
