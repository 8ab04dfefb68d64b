/**
 * Which steps of a context others cannot tell the moment of, and what a context may still touch from where it stands.
 *
 * A step is a mover where nothing that another context does before it, while it waits to be done, is changed by doing it
 * first, as long as the two touch nothing in common. What they touch is held against each other at run time (`reduce.ts`).
 *
 *     both    reads and writes only
 *     left    besides lets others in: a CPU takes interrupts again, may be taken away, a spinlock is free
 *     right   besides keeps others out: may be done as late as the step after it
 *     none    anything else: it starts or calls others, chooses, sleeps, ends
 */
import type { Instr } from '../../language/program';
import { noAccess, Footprints, type Access } from './footprint';
import { UNKNOWN } from './fold';
import { Fact, type Reach } from './reach';
import { mayWait, successors } from './rests';

export type Mover = 'both' | 'left' | 'right' | 'none';

/** One step from one place of a context. */
export interface Step {
  readonly mover: Mover;
  readonly access: Access;
  /** A spinlock that the step takes or gives back and does nothing else with: those who spin for it do not come in its way. */
  readonly spinlock: number;
  /** Where it ends, at rest. */
  readonly ends: ReadonlySet<number>;
}

export class Movers {
  readonly footprints: Footprints;

  constructor(readonly world: Reach) {
    this.footprints = new Footprints(world);
  }

  /** What the guard of the instruction reads; null where it never waits, or may go on as others are scheduled. */
  guard(x: number, pc: number): ReadonlySet<number> | null {
    const { code } = this.world.program;
    const instr = code[pc]!;
    const t = this.footprints.things;
    if (!mayWait(instr) || ['guest', 'ipi', 'ipiwait', 'stop', 'stopresult'].includes(instr.op)) return null;
    const into = noAccess();
    this.footprints.of(x, pc, into);
    const reads = new Set([...into.reads, ...into.thisReads]);
    if (reads.has(-1)) return null;
    for (const scheduled of [t.runnable, t.current, t.guest, t.actors]) if (reads.has(scheduled)) return null;
    return reads;
  }

  /** What a step from here reads and writes, and which way it may be moved. */
  step(x: number, from: number): Step {
    const { world } = this;
    const { program } = world;
    const { code, contexts } = program;
    const access = noAccess();
    const ends = new Set<number>();
    const seen = new Set<string>();
    const ops: Instr[] = [];
    const work: (readonly [pc: number, atomic: number])[] = [[from, code[from]!.atomic]];
    while (work.length > 0) {
      const [pc, atomic] = work.pop()!;
      const key = `${pc} ${atomic !== 0}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const instr = code[pc]!;
      this.footprints.of(x, pc, access);
      ops.push(instr);
      for (const to of successors(world, x, pc)) {
        const next = code[to]!;
        const still = next.atomic === atomic ? atomic : 0;
        if (!next.glue && (still === 0 || mayWait(next))) ends.add(to);
        if (next.glue || still !== 0) {
          work.push([to, still]);
          // whether it goes on or stops depends on what the guard reads
          if (!next.glue && mayWait(next)) this.footprints.of(x, to, access);
        }
      }
    }
    const spins = ops.filter((o) => (o.op === 'lock' || o.op === 'unlock') && o.mode === 'spin');
    const alone = spins.length === 1 && ops.every((o) => o.glue || o === spins[0]);
    const spinlock = alone ? program.locks[(spins[0] as Extract<Instr, { op: 'lock' }>).lock]!.cell : -1;
    return { mover: this.mover(x, from, ops, ends, access, contexts[x]!.locals), access, spinlock, ends };
  }

  private mover(
    x: number,
    from: number,
    ops: readonly Instr[],
    ends: ReadonlySet<number>,
    access: Access,
    facts: number,
  ): Mover {
    const { world } = this;
    const { program } = world;
    const t = this.footprints.things;
    const before = world.at[x]!.get(from);
    if (!before || from === 0) return 'none';
    let left = false;
    let right = false;
    for (const instr of ops) {
      switch (instr.op) {
        case 'set':
        case 'branch':
        case 'switch':
        case 'nop':
        case 'opaque':
        case 'log':
        case 'warn':
        case 'trace':
        case 'begin':
        case 'end':
        case 'fired':
        case 'ud':
        case 'await':
        case 'spin':
        case 'ipiwait':
        case 'action':
          break;
        case 'lock':
        case 'unlock':
          if (instr.mode !== 'spin') break;
          if (instr.op === 'lock') right = true;
          else left = true;
          break;
        case 'irq':
          // a task that died inside the scheduler stands still there
          if (instr.on && this.killed(x).has(from)) return 'none';
          if (instr.on) left = true;
          else right = true;
          break;
        case 'preempt':
          if (instr.on) left = true;
          else right = true;
          break;
        case 'notifier': {
          // it counts when the task is taken off its CPU: that cannot be before the step, or not after it, or neither
          const before = this.pinned(x, from);
          const after = [...ends].every((to) => this.pinned(x, to));
          if (!before && !after) return 'none';
          if (!before) right = true;
          if (!after) left = true;
          break;
        }
        // the CPU goes on with what it did before, and who waits for the call has one less to wait for
        case 'ipiend':
          left = true;
          break;
        // the task goes on where it was, or is off its CPU at last
        case 'hookend':
          left = true;
          access.writes.add(t.current);
          break;
        default:
          return 'none';
      }
    }
    // an actor's place is seen where others ask who is in the kernel; entering the guest is seen where they ask for that
    for (const to of ends) if (program.code[to]!.op === 'guest') access.writes.add(t.guest);
    if (program.contexts[x]!.kind === 'actor') {
      const waits = (pc: number): boolean => ['await', 'action'].includes(program.code[pc]!.op);
      if (waits(from) || [...ends].some(waits)) access.writes.add(t.actors);
    }
    for (const scheduled of [t.runnable, t.current, t.actors]) if (access.reads.has(scheduled)) return 'none';
    if (access.reads.has(t.guest)) return 'none';
    if (left && right) {
      // done and undone within one step
      const fact = (env: Int32Array | undefined, f: number): number => env?.[facts + f] ?? UNKNOWN;
      const same = [...ends].every((to) => {
        const after = world.at[x]!.get(to);
        return [Fact.preempt, Fact.irqOff].every(
          (f) => fact(before, f) !== UNKNOWN && fact(before, f) === fact(after, f),
        );
      });
      return same && ends.size > 0 ? 'both' : 'none';
    }
    return left ? 'left' : right ? 'right' : 'both';
  }

  private readonly killedPcs = new Map<number, ReadonlySet<number>>();
  /** pcs of a task on its way out. */
  private killed(x: number): ReadonlySet<number> {
    let found = this.killedPcs.get(x);
    if (!found) {
      const set = new Set<number>();
      const work = [this.world.program.hooks.killed];
      while (work.length > 0) {
        const pc = work.pop()!;
        if (set.has(pc) || !this.world.at[x]!.has(pc)) continue;
        set.add(pc);
        work.push(...successors(this.world, x, pc));
      }
      this.killedPcs.set(x, (found = set));
    }
    return found;
  }

  /** Nobody can take the CPU from the context here. */
  private pinned(x: number, pc: number): boolean {
    const { world } = this;
    const { locals } = world.program.contexts[x]!;
    const env = world.at[x]!.get(pc);
    if (!env) return false;
    const is = (f: number): boolean => env[locals + f] !== UNKNOWN && env[locals + f] !== 0;
    return is(Fact.preempt) || is(Fact.irqOff);
  }
}
