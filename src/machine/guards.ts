/** Whether the instruction at which a context stands can be executed now, and in which ways. Reads, never writes. */
import { Head, Hook, type Instr, type Program, type StoreAt } from '../language/program';
import { evaluator, OutOfRange, type Evaluate } from './evaluate';
import { Scheduling } from './scheduling';

/** The text did what no machine can: an index out of range, a value out of its range, sleeping with interrupts off. */
export class MachineError extends Error {
  constructor(
    message: string,
    readonly pc: number,
    readonly context: number,
  ) {
    super(message);
    this.name = 'MachineError';
  }
}

/** The expressions of one instruction, compiled. */
interface Compiled {
  readonly cond: Evaluate | null;
  readonly values: readonly Evaluate[];
  /** Index of each target that is an element; null where it is none. */
  readonly indexes: readonly (Evaluate | null)[];
}

export class Guards extends Scheduling {
  protected readonly compiled: readonly Compiled[];

  constructor(program: Program) {
    super(program);
    this.compiled = program.code.map((i) => this.compileInstr(i));
  }

  protected compileInstr(instr: Instr): Compiled {
    const ev = (code: Parameters<typeof evaluator>[0]): Evaluate => evaluator(code, this.around);
    const at = (target: StoreAt | null): (Evaluate | null)[] => [target?.op === 'cellAt' ? ev(target.index) : null];
    const none: Compiled = { cond: null, values: [], indexes: [] };
    switch (instr.op) {
      case 'set':
        return {
          cond: null,
          values: instr.stores.map((st) => ev(st.value)),
          indexes: instr.stores.flatMap((st) => at(st.at)),
        };
      case 'branch':
      case 'await':
      case 'spin':
      case 'idle':
        return { ...none, cond: ev(instr.cond) };
      case 'switch':
        return { ...none, values: [ev(instr.on)] };
      case 'choose':
      case 'pick':
      case 'stopresult':
        return { ...none, indexes: at(instr.at) };
      case 'log':
      case 'warn':
      case 'panic':
      case 'trace':
      case 'fail':
      case 'bug':
      case 'spawn':
        return { ...none, values: instr.args.map(ev) };
      case 'ipi':
        return { ...none, values: [...instr.args.map(ev), ...(instr.cpu ? [ev(instr.cpu)] : [])] };
      case 'start':
        return { ...none, values: [ev(instr.cpu)] };
      case 'stop':
        return { ...none, values: [...instr.args.map(ev), ev(instr.cpu)] };
      case 'allow':
        return { ...none, values: [ev(instr.task), ...(instr.cpu ? [ev(instr.cpu)] : [])] };
      case 'guest':
        return { ...none, values: [ev(instr.vcpu)], indexes: at(instr.at) };
      case 'begin':
        return { ...none, values: [ev(instr.state), ev(instr.cpu)] };
      case 'end':
        return { cond: null, values: [ev(instr.state), ev(instr.cpu), ev(instr.result)], indexes: at(instr.at) };
      case 'action':
        return { ...none, cond: instr.when && ev(instr.when), values: [ev(instr.result)] };
      default:
        return none;
    }
  }

  /** Whether the instruction at which a context stands can be executed now. */
  ready(x: number): boolean {
    const pc = this.head(x, Head.pc);
    const instr = this.program.code[pc]!;
    const { s } = this;
    switch (instr.op) {
      case 'lock': {
        const value = s[this.program.locks[instr.lock]!.cell]!;
        return instr.mode === 'read' ? value >= 0 : value === 0;
      }
      case 'await':
      case 'spin':
      case 'idle':
        return this.guarded(x, pc, () => this.compiled[pc]!.cond!(s, x)) !== 0;
      case 'action': {
        const { cond } = this.compiled[pc]!;
        return !cond || this.guarded(x, pc, () => cond(s, x)) !== 0;
      }
      case 'ipi':
        return this.targets(instr, pc, x).every((c) => s[this.queueAt(c, this.program.machine.queueDepth - 1)] === 0);
      case 'ipiwait':
        return this.head(x, Head.calls) === 0;
      case 'stop':
        return this.canStop(instr, pc, x);
      case 'stopresult':
        return s[this.program.machine.stopped] === 0;
      case 'guest':
        return this.guestLeaves(x).length > 0;
      case 'pick':
        for (let i = 0; i < instr.count; i++) if (s[instr.base + i] !== 0) return true;
        return false;
      default:
        return true;
    }
  }

  /** A statement that waits by giving up the CPU. */
  sleeps(instr: Instr): boolean {
    return instr.op === 'await' || instr.op === 'action' || (instr.op === 'lock' && instr.mode !== 'spin');
  }

  /** Like might_sleep(): what may wait must stand where waiting is allowed, even when it need not wait this time. */
  protected mightSleep(x: number): void {
    const kind = this.kinds[x]!;
    const interrupt = kind === 'irq' || kind === 'stopper';
    const hook = this.head(x, Head.hook);
    if (
      !interrupt &&
      kind !== 'idle' &&
      this.head(x, Head.preempt) === 0 &&
      this.head(x, Head.irqOff) === 0 &&
      hook !== Hook.out
    )
      return;
    const why = interrupt ? 'in an interrupt' : kind === 'idle' ? 'in the idle task' : 'interrupts or preemption off';
    throw new MachineError(
      `${this.program.contexts[x]!.name} would sleep where it must not (${why})`,
      this.head(x, Head.pc),
      x,
    );
  }

  protected guarded(x: number, pc: number, f: () => number): number {
    try {
      return f();
    } catch (error) {
      if (error instanceof OutOfRange) throw new MachineError(error.message, pc, x);
      throw error;
    }
  }

  /** How a vCPU can leave the guest now: 0 because the host needs the CPU, 1 by itself. */
  guestLeaves(x: number): number[] {
    const c = this.head(x, Head.cpu);
    const ways: number[] = [];
    const pending = this.s[this.queueAt(c, 0)] !== 0;
    if (pending || this.needResched(c)) ways.push(0);
    const vcpu = this.program.contexts[x]!.vcpu;
    const vm = vcpu < 0 ? -1 : this.program.vcpus[vcpu]!.vm;
    if (vm < 0 || !this.program.spinning[vm]) ways.push(1);
    return ways;
  }

  protected targets(instr: Extract<Instr, { op: 'ipi' }>, pc: number, x: number): number[] {
    const here = this.head(x, Head.cpu);
    const online = (c: number): boolean => this.s[this.program.online + c] !== 0;
    if (instr.cpu) {
      const c = this.compiled[pc]!.values.at(-1)!(this.s, x);
      return c >= 0 && c < this.program.cpus && online(c) ? [c] : [];
    }
    const found: number[] = [];
    for (let c = 0; c < instr.mask!.count; c++)
      if (c !== here && this.s[instr.mask!.base + c] !== 0 && online(c)) found.push(c);
    return found;
  }

  protected canStop(instr: Extract<Instr, { op: 'stop' }>, pc: number, x: number): boolean {
    const m = this.program.machine;
    if (this.s[m.stopped] !== 0) return false;
    const target = this.compiled[pc]!.values.at(-1)!(this.s, x);
    const here = this.head(x, Head.cpu);
    if (target < 0 || target >= this.program.cpus)
      throw new OutOfRange(`there is no CPU ${target} to stop the machine on`);
    for (let c = 0; c < instr.count; c++) {
      if (this.s[instr.base + c] === 0) continue;
      // calls that were sent are taken before interrupts go off everywhere
      if (this.s[this.queueAt(c, 0)] !== 0) return false;
      if (this.s[m.inIrq + c] !== 0) return false;
      if (c === target && c !== here && (this.currentTask(c) >= 0 || !this.preemptible(c))) return false;
      // the caller waits for its own CPU's stopper like any other
      if (c !== target && c !== here && !this.preemptible(c) && !this.spinsFor(c)) return false;
    }
    return true;
  }

  /** A CPU in the guest leaves it for its stopper. */
  protected spinsFor(c: number): boolean {
    const x = this.currentTask(c);
    return x >= 0 && this.inGuest(this.s, x) && !this.spinsOnRq(c);
  }
}
