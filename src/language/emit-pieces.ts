/** Instructions, frames and local slots: the pieces that code is written from. */
import type * as Ast from './ast';
import { didYouMean, TextError, type Place } from './errors';
import { isLocal } from './code';
import type { Expressions } from './expressions';
import type { Layout } from './layout';
import type { Code, CompiledFault, Frame, Instr, InstrBase, StoreAt } from './program';
import type { Family, Scope } from './scope';
import { LIMITS } from './setup';

/** Nominal cost of one step by kind, nanoseconds. They give a run its rhythm; nothing is predicted by them. */
const COST: Partial<Record<Instr['op'], number>> = {
  set: 200,
  branch: 100,
  lock: 300,
  unlock: 100,
  irq: 100,
  preempt: 50,
  log: 4_000,
  warn: 20_000,
  bug: 60_000,
  ipi: 1_500,
  ipiwait: 500,
  start: 40_000,
  stop: 10_000,
  spawn: 20_000,
  opaque: 9_000,
  guest: 1_000,
  action: 5_000,
  fired: 300,
  ud: 2_000,
};

/** What a callback or an action returns. */
export const RESULT: Ast.TypeName = { kind: 'errno' };

export class Pieces {
  readonly code: Instr[] = [];
  readonly frames: Frame[] = [];
  protected readonly families = new Map<Family, { lo: number; hi: number }[]>();

  constructor(
    protected readonly layout: Layout,
    protected readonly expressions: Expressions,
    protected readonly faults: readonly CompiledFault[],
  ) {
    // pc 0 is "nowhere"
    this.push({
      op: 'nop',
      place: { file: '', line: 1, column: 1, length: 1 },
      frame: -1,
      glue: false,
      atomic: 0,
      cost: 0,
      clear: null,
      next: 0,
    });
  }

  slots(family: Family): readonly { lo: number; hi: number }[] {
    return this.families.get(family) ?? [];
  }

  widthOf(family: Family): number {
    return this.slots(family).length;
  }

  fn(name: string, place: Place): Ast.FnDecl {
    const fn = this.layout.kernel.fns.get(name);
    if (!fn)
      throw new TextError(place, `there is no function ${name}`, didYouMean(name, this.layout.kernel.fns.keys()));
    return fn;
  }

  protected push(instr: Instr): number {
    if (this.code.length >= LIMITS.code)
      throw new TextError(
        instr.place,
        `the program is longer than ${LIMITS.code} instructions`,
        'calls are expanded in place: call fewer functions from loops of actions',
      );
    this.code.push(instr);
    return this.code.length - 1;
  }

  protected base(place: Place, frame: number, more: Partial<InstrBase>): Omit<InstrBase, 'next'> {
    return { place, frame, glue: false, atomic: 0, cost: 0, clear: null, ...more };
  }

  protected make(op: Instr['op'], place: Place, scope: Scope, more: Partial<InstrBase> = {}): Omit<InstrBase, 'next'> {
    return this.base(place, scope.frame, { atomic: scope.atomic, cost: scope.cost || (COST[op] ?? 150), ...more });
  }

  protected frame(fn: string, parent: number, place: Place, source: string): number {
    this.frames.push({ fn, parent, place, source });
    return this.frames.length - 1;
  }

  /** Marks a slot as used and widens its range. */
  protected slot(family: Family, slot: number, type: Ast.TypeName): number {
    let slots = this.families.get(family);
    if (!slots) this.families.set(family, (slots = []));
    while (slots.length <= slot) slots.push({ lo: 0, hi: 0 });
    const [lo, hi] = this.layout.range(type);
    const s = slots[slot]!;
    s.lo = Math.min(s.lo, lo);
    // one more than the last: where a loop over all CPUs, VMs or vCPUs ends
    s.hi = Math.max(s.hi, type.kind === 'cpu' || type.kind === 'vm' || type.kind === 'vcpu' ? hi + 1 : hi);
    return slot;
  }

  /** A slot as the place where a value of this type goes. */
  protected local(slot: number, type: Ast.TypeName, what: string): Extract<StoreAt, { op: 'local' }> {
    const [lo, hi] = this.layout.range(type);
    return { op: 'local', slot, lo, hi, what };
  }

  protected value(e: Ast.Expr, scope: Scope, type: Ast.TypeName, what: string): Code {
    return this.expressions.value(e, scope.locals, type, what);
  }

  protected expr(e: Ast.Expr, scope: Scope): Code {
    return this.expressions.code(e, scope.locals);
  }

  protected assign(at: StoreAt, value: Code, place: Place, scope: Scope, next: number): number {
    const glue = at.op === 'local' && isLocal(value);
    return this.push({ op: 'set', stores: [{ at, value }], ...this.make('set', place, scope, { glue }), next });
  }

  protected stateNumber(constant: string, place: Place): number {
    const state = this.layout.states.find((st) => st.constant === constant);
    if (!state)
      throw new TextError(
        place,
        `there is no hotplug state ${constant}`,
        didYouMean(
          constant,
          this.layout.states.map((st) => st.constant),
        ),
      );
    return state.number;
  }

  /** `for v in vcpus`: all things of a kind, in order, where no mask has that name. */
  protected domain(name: string): { of: 'cpu' | 'vm' | 'vcpu'; count: number } | null {
    if (this.layout.variables.has(name)) return null;
    if (name === 'cpus') return { of: 'cpu', count: this.layout.setup.cpus };
    if (name === 'vms') return { of: 'vm', count: this.layout.setup.vms.length };
    if (name === 'vcpus') return { of: 'vcpu', count: this.layout.vcpus.length };
    return null;
  }
}
