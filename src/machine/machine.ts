/**
 * The machine: CPUs, tasks, locks, interrupts and memory; nothing of Linux. It holds one state, says which transitions
 * are enabled in it, and applies one. Every write is journalled, so that a caller can undo or keep it as history.
 *
 * A transition is one of
 *   step    the context on top of a CPU executes one statement (with a choice, where the statement has several)
 *   sleep   the current task finds that it must wait, and gives up its CPU
 *   irq     a CPU takes the first call in its queue
 *   wake    a sleeping task whose condition has become true is placed on a CPU
 *   switch  an idle CPU takes up a runnable task
 *   preempt the current task is put aside
 *   push    a runnable task that is not running moves to another CPU
 *   adrift  a task that no CPU may take any more has its affinity mask reset to all CPUs
 */
import { errnoName } from '../language/errno';
import { Head, Run, type Instr, type Program, type StoreAt } from '../language/program';
import type { Effect } from './effects';
import { evaluator, OutOfRange, type Evaluate, type Surroundings } from './evaluate';

export type TransitionKind = 'step' | 'sleep' | 'irq' | 'wake' | 'switch' | 'preempt' | 'push' | 'adrift';

/** `context`: who; `cpu`: where (to); `choice`: value chosen, 0 where there is nothing to choose. */
export interface Transition {
  readonly kind: TransitionKind;
  readonly context: number;
  readonly cpu: number;
  readonly choice: number;
}

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

/** Longest run of glue and atomic instructions in one step; beyond it the text loops without letting anyone else run. */
const MAX_GLUE = 20_000;

interface Compiled {
  readonly cond: Evaluate | null;
  readonly values: readonly Evaluate[];
  readonly indexes: readonly (Evaluate | null)[];
}

export class Machine {
  /** The state: `program.width` cells, then scratch. */
  readonly s: Int32Array;
  /** Writes since the last `mark()`: cell, old value, cell, old value, ... */
  readonly journal: number[] = [];
  /** Effects of the last transition, when `watch` is on. */
  effects: Effect[] = [];
  watch = true;
  /** Nominal nanoseconds that the last transition took. */
  cost = 0;

  readonly around: Surroundings;
  private readonly compiled: Compiled[];
  private readonly bases: Int32Array;
  private readonly kinds: readonly string[];
  private readonly irqOf: number;
  private readonly idleOf: number;
  private readonly stopperOf: number;
  private readonly placeUser: Evaluate;
  private readonly placePercpu: Evaluate;
  private readonly placeKthread: Evaluate;
  /** Contexts that the scheduler may move. */
  readonly floating: readonly number[];
  /** Per-CPU kthreads by CPU. */
  readonly bound: readonly (readonly number[])[];
  /** Last instruction that took #UD, by context; for the oops report only. */
  private readonly lastUd = new Map<number, string>();
  private readonly scratchIndex: number;

  constructor(readonly program: Program) {
    this.s = program.initial.slice();
    const n = program.contexts.length;
    this.bases = new Int32Array(n + 1);
    program.contexts.forEach((c, i) => (this.bases[i] = c.base));
    this.bases[n] = program.scratch;
    this.scratchIndex = n;
    this.kinds = program.contexts.map((c) => c.kind);
    this.idleOf = 1;
    this.irqOf = 1 + program.cpus;
    this.stopperOf = 1 + 2 * program.cpus;
    this.floating = program.contexts.flatMap((c, i) => (c.allowed >= 0 ? [i] : []));
    const bound: number[][] = Array.from({ length: program.cpus }, () => []);
    program.contexts.forEach((c, i) => c.kind === 'percpu' && bound[c.cpu]!.push(i));
    this.bound = bound;
    this.around = {
      bases: this.bases,
      ask: this.asks(),
      nextState: (s, up, from, target) => this.nextState(s, up, from, target),
    };
    this.placeUser = evaluator(program.place.user, this.around);
    this.placePercpu = evaluator(program.place.percpu, this.around);
    this.placeKthread = evaluator(program.place.kthread, this.around);
    this.compiled = program.code.map((i) => this.compileInstr(i));
    this.boot();
  }

  // ---- state access

  head(x: number, field: number): number {
    return this.s[this.bases[x]! + field]!;
  }

  instrOf(x: number): Instr {
    return this.program.code[this.head(x, Head.pc)]!;
  }

  /** Forgets the journal: what was written before can no longer be undone from here. */
  mark(): void {
    this.journal.length = 0;
  }

  /** Takes back every write since the last mark. */
  undo(): void {
    const { journal, s } = this;
    for (let i = journal.length - 2; i >= 0; i -= 2) s[journal[i]!] = journal[i + 1]!;
    journal.length = 0;
  }

  /** Puts the machine into a state that was saved: at least `program.width` cells. */
  load(state: ArrayLike<number>): void {
    for (let i = 0; i < this.program.width; i++) this.s[i] = state[i]!;
    this.mark();
  }

  /** Value of a `let` for these parameters, e.g. probe('online', 4). */
  probe(name: string, a = 0, b = 0): number {
    const probe = this.program.probes.get(name);
    if (!probe) return 0;
    return this.evaluate(this.probeOf(name, probe.value), a, b);
  }

  /** Evaluates with the parameters as locals of the scratch context. */
  evaluate(fn: Evaluate, a = 0, b = 0): number {
    const at = this.program.scratch + Head.size;
    this.s[at] = a;
    this.s[at + 1] = b;
    return fn(this.s, this.scratchIndex);
  }

  private readonly probes = new Map<string, Evaluate>();
  private probeOf(name: string, code: Program['place']['user']): Evaluate {
    let fn = this.probes.get(name);
    if (!fn) this.probes.set(name, (fn = evaluator(code, this.around)));
    return fn;
  }

  private put(cell: number, value: number): void {
    const old = this.s[cell]!;
    if (old === value) return;
    const { lo, hi } = this.program;
    if (value < lo[cell]! || value > hi[cell]!) {
      const group = this.program.groups.find((g) => cell >= g.base && cell < g.base + g.count)!;
      throw new OutOfRange(`${group.name} would become ${value}, outside its range ${group.lo}..${group.hi}`);
    }
    this.journal.push(cell, old);
    this.s[cell] = value;
  }

  private setHead(x: number, field: number, value: number): void {
    this.put(this.bases[x]! + field, value);
  }

  private store(at: StoreAt, index: Evaluate | null, x: number, value: number): void {
    if (at.op === 'cell') this.put(at.at, value);
    else if (at.op === 'local') this.put(this.bases[x]! + Head.size + at.slot, value);
    else {
      const i = index!(this.s, x);
      if (i < 0 || i >= at.count) throw new OutOfRange(`${at.what}[${i}] does not exist`);
      this.put(at.base + i, value);
    }
  }

  // ---- compiled expressions

  private compileInstr(instr: Instr): Compiled {
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
        return { ...none, values: [ev(instr.result)] };
      default:
        return none;
    }
  }

  private asks(): Surroundings['ask'] {
    const run = (s: Int32Array, x: number): number => s[this.bases[x]! + Head.run]!;
    return {
      running: (s, x, c) => +(x >= 0 && s[this.program.machine.cur + c] === x + 1),
      tasks_on: (s, c) =>
        this.floating.filter((x) => run(s, x) === Run.runnable && s[this.bases[x]! + Head.cpu] === c).length,
      alive: (s, x) => +(x >= 0 && run(s, x) !== Run.none && run(s, x) !== Run.dead),
      dead: (s, x) => +(x >= 0 && run(s, x) === Run.dead),
      sleeping: (s, x) => +(x >= 0 && run(s, x) === Run.sleeping),
      settled: (s, x) => +(x < 0 || run(s, x) !== Run.runnable || this.mayRun(x, s[this.bases[x]! + Head.cpu]!)),
      cpu_of: (s, x) => (x < 0 ? -1 : s[this.bases[x]! + Head.cpu]!),
      need_resched: (_s, c) => +this.needResched(c),
      irq_pending: (s, c) => +(s[this.program.machine.queue + c * this.program.machine.queueDepth] !== 0),
      preempt_count: (s, x) => s[this.bases[x]! + Head.preempt]!,
      in_guest: (s, x) => +(x >= 0 && this.inGuest(s, x)),
      has_up: (s, st) => +this.hasCallback(s, st, true),
      has_down: (s, st) => +this.hasCallback(s, st, false),
    };
  }

  private inGuest(s: Int32Array, x: number): boolean {
    const b = this.bases[x]!;
    const c = s[b + Head.cpu]!;
    return (
      s[b + Head.run] === Run.runnable &&
      this.program.code[s[b + Head.pc]!]!.op === 'guest' &&
      c >= 0 &&
      s[this.program.machine.cur + c] === x + 1
    );
  }

  private hasCallback(s: Int32Array, number: number, up: boolean): boolean {
    const st = this.program.states[this.program.stateByNumber[number] ?? -1];
    return st !== undefined && (up ? st.up : st.down) !== '' && (st.registeredCell < 0 || s[st.registeredCell] !== 0);
  }

  private nextState(s: Int32Array, up: boolean, from: number, target: number): number {
    const { states } = this.program;
    const has = (st: (typeof states)[number]): boolean =>
      (up ? st.up : st.down) !== '' && (st.registeredCell < 0 || s[st.registeredCell] !== 0);
    if (up) {
      for (const st of states) if (st.number > from && st.number <= target && has(st)) return st.number;
      return Math.max(from, target);
    }
    // downwards the step `from` itself is torn down; the answer is the next one that has something to do
    for (let i = states.length - 1; i >= 0; i--) {
      const st = states[i]!;
      if (st.number <= from && st.number > target && has(st)) return st.number;
    }
    return Math.min(from, target);
  }

  // ---- who runs

  /** Context that executes on a CPU now: its interrupt, its current task, or its stopper; -1 when nothing does. */
  top(c: number): number {
    const { s } = this;
    const m = this.program.machine;
    if (s[m.panic] !== 0) return -1;
    const stopped = s[m.stopped]!;
    if (stopped !== 0) return this.program.contexts[stopped - 1]!.cpu === c ? stopped - 1 : -1;
    if (s[m.inIrq + c] !== 0) return this.irqOf + c;
    return s[m.cur + c]! - 1;
  }

  /** Current task of a CPU, -1 when it idles or is off. */
  currentTask(c: number): number {
    const x = this.s[this.program.machine.cur + c]! - 1;
    return x < 0 || this.kinds[x] === 'idle' ? -1 : x;
  }

  isOn(c: number): boolean {
    return this.s[this.program.machine.cur + c] !== 0;
  }

  takesIrq(c: number): boolean {
    const m = this.program.machine;
    if (this.s[m.stopped] !== 0 || this.s[m.inIrq + c] !== 0 || this.s[m.panic] !== 0) return false;
    const x = this.s[m.cur + c]! - 1;
    return x >= 0 && this.head(x, Head.irqOff) === 0;
  }

  preemptible(c: number): boolean {
    const m = this.program.machine;
    if (this.s[m.stopped] !== 0 || this.s[m.inIrq + c] !== 0 || this.s[m.panic] !== 0) return false;
    const x = this.s[m.cur + c]! - 1;
    if (x < 0) return false;
    if (this.kinds[x] === 'idle') return this.instrOf(x).op === 'idle';
    return this.head(x, Head.preempt) === 0 && this.head(x, Head.irqOff) === 0 && this.head(x, Head.hook) === 0;
  }

  /** May this task run on that CPU: affinity mask and placement rule. */
  mayRun(x: number, c: number): boolean {
    if (c < 0) return false;
    const context = this.program.contexts[x]!;
    const at = this.program.scratch + Head.size;
    this.s[at] = c;
    if (context.kind === 'percpu') return context.cpu === c && this.placePercpu(this.s, this.scratchIndex) !== 0;
    if (this.s[context.allowed + c] === 0) return false;
    return (context.kind === 'kthread' ? this.placeKthread : this.placeUser)(this.s, this.scratchIndex) !== 0;
  }

  /** Runnable tasks on a CPU that are not running. */
  waiting(c: number): number[] {
    const found: number[] = [];
    const cur = this.s[this.program.machine.cur + c]! - 1;
    const look = (x: number): void => {
      const b = this.bases[x]!;
      if (x !== cur && this.s[b + Head.run] === Run.runnable && this.s[b + Head.cpu] === c) found.push(x);
    };
    this.bound[c]!.forEach(look);
    this.floating.forEach(look);
    return found;
  }

  needResched(c: number): boolean {
    const x = this.currentTask(c);
    if (x >= 0 && !this.mayRun(x, c)) return true;
    return this.waiting(c).some((y) => this.mayRun(y, c));
  }

  /** CPUs that may take this task. */
  allowedCpus(x: number): number[] {
    const context = this.program.contexts[x]!;
    if (context.kind === 'percpu') return this.mayRun(x, context.cpu) ? [context.cpu] : [];
    const cpus: number[] = [];
    for (let c = 0; c < this.program.cpus; c++) if (this.mayRun(x, c)) cpus.push(c);
    return cpus;
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
    return instr.op === 'await' || (instr.op === 'lock' && instr.mode !== 'spin');
  }

  private guarded(x: number, pc: number, f: () => number): number {
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

  private queueAt(c: number, slot: number): number {
    const m = this.program.machine;
    return m.queue + c * m.queueDepth + slot;
  }

  private targets(instr: Extract<Instr, { op: 'ipi' }>, pc: number, x: number): number[] {
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

  private canStop(instr: Extract<Instr, { op: 'stop' }>, pc: number, x: number): boolean {
    const m = this.program.machine;
    if (this.s[m.stopped] !== 0) return false;
    const target = this.compiled[pc]!.values.at(-1)!(this.s, x);
    const here = this.head(x, Head.cpu);
    for (let c = 0; c < instr.count; c++) {
      if (this.s[instr.base + c] === 0) continue;
      if (this.s[m.inIrq + c] !== 0) return false;
      if (c === target && (this.currentTask(c) >= 0 || !this.preemptible(c))) return false;
      // the caller waits for its own CPU's stopper like any other
      if (c !== target && c !== here && !this.preemptible(c) && !this.spinsFor(c)) return false;
    }
    return true;
  }

  /** A CPU in the guest leaves it for its stopper. */
  private spinsFor(c: number): boolean {
    const x = this.currentTask(c);
    return x >= 0 && this.inGuest(this.s, x);
  }

  // ---- transitions

  /** Everything that can happen next, in a fixed order. */
  enabled(): Transition[] {
    const out: Transition[] = [];
    const { s } = this;
    const m = this.program.machine;
    if (s[m.panic] !== 0) return out;
    for (let c = 0; c < this.program.cpus; c++) {
      if (this.takesIrq(c) && s[this.queueAt(c, 0)] !== 0)
        out.push({ kind: 'irq', context: this.irqOf + c, cpu: c, choice: 0 });
      const x = this.top(c);
      if (x >= 0) this.stepsOf(x, c, out);
      if (!this.preemptible(c)) continue;
      const task = this.currentTask(c);
      const others = this.waiting(c).filter((y) => this.mayRun(y, c));
      if (task >= 0 && (others.length > 0 || !this.mayRun(task, c)))
        out.push({ kind: 'preempt', context: task, cpu: c, choice: 0 });
      if (task < 0) for (const y of others) out.push({ kind: 'switch', context: y, cpu: c, choice: 0 });
    }
    if (s[m.stopped] !== 0) return out;
    for (const x of [...this.floating, ...this.bound.flat()]) {
      const run = this.head(x, Head.run);
      if (run === Run.sleeping && this.head(x, Head.hook) === 0 && this.ready(x)) this.placings('wake', x, out);
      if (run === Run.runnable && !this.isCurrent(x) && !this.mayRun(x, this.head(x, Head.cpu)))
        this.placings('push', x, out);
    }
    return out;
  }

  isCurrent(x: number): boolean {
    const c = this.head(x, Head.cpu);
    return c >= 0 && this.s[this.program.machine.cur + c] === x + 1;
  }

  private placings(kind: 'wake' | 'push', x: number, out: Transition[]): void {
    const cpus = this.allowedCpus(x);
    for (const cpu of cpus) out.push({ kind, context: x, cpu, choice: 0 });
    if (cpus.length === 0 && this.program.contexts[x]!.kind !== 'percpu' && this.masked(x))
      out.push({ kind: 'adrift', context: x, cpu: this.head(x, Head.cpu), choice: 0 });
  }

  /** Its affinity mask leaves out some CPU. */
  private masked(x: number): boolean {
    const { allowed } = this.program.contexts[x]!;
    for (let c = 0; c < this.program.cpus; c++) if (this.s[allowed + c] === 0) return true;
    return false;
  }

  private stepsOf(x: number, cpu: number, out: Transition[]): void {
    const instr = this.instrOf(x);
    const step = (choice: number): void => void out.push({ kind: 'step', context: x, cpu, choice });
    switch (instr.op) {
      case 'nop':
        if (this.head(x, Head.pc) !== 0) step(0);
        return;
      case 'choose':
        for (let v = instr.lo; v <= instr.hi; v++) step(v);
        return;
      case 'pick':
        for (let i = 0; i < instr.count; i++) if (this.s[instr.base + i] !== 0) step(i);
        return;
      case 'guest':
        for (const way of this.guestLeaves(x)) step(way);
        return;
      default:
        if (this.ready(x)) step(0);
        else if (this.sleeps(instr) && this.head(x, Head.run) === Run.runnable)
          out.push({ kind: 'sleep', context: x, cpu, choice: 0 });
    }
  }

  /** Applies an enabled transition. Throws MachineError where the text does what it must not. */
  apply(t: Transition): void {
    this.effects = [];
    this.cost = 0;
    const { context: x, cpu: c } = t;
    try {
      switch (t.kind) {
        case 'step':
          this.step(x, t.choice);
          break;
        case 'sleep':
          this.sleep(x, c);
          break;
        case 'irq':
          this.takeIrq(c);
          break;
        case 'wake':
          this.place(x, c);
          this.setHead(x, Head.run, Run.runnable);
          this.cost = 1_500;
          break;
        case 'switch':
          this.switchTo(x, c);
          break;
        case 'preempt':
          this.leave(x, c);
          this.cost = 1_000;
          break;
        case 'push':
          this.place(x, c);
          this.cost = 2_000;
          break;
        case 'adrift': {
          const { allowed } = this.program.contexts[x]!;
          for (let i = 0; i < this.program.cpus; i++) this.put(allowed + i, 1);
          this.effect({ kind: 'affinity', context: x, cpu: c });
          this.effect({ kind: 'log', cpu: c, level: 'info', text: this.affinityLost(x, c) });
          break;
        }
      }
    } catch (error) {
      if (error instanceof OutOfRange) throw new MachineError(error.message, this.head(x, Head.pc), x);
      throw error;
    }
  }

  private affinityLost(x: number, c: number): string {
    const { name, tid } = this.program.contexts[x]!;
    return this.program.hooks.affinityLost.replace('%d', String(tid)).replace('%t', name).replace('%d', String(c));
  }

  private effect(e: Effect): void {
    if (this.watch) this.effects.push(e);
  }

  private place(x: number, c: number): void {
    const from = this.head(x, Head.cpu);
    if (from !== c) {
      this.setHead(x, Head.cpu, c);
      if (from >= 0) this.effect({ kind: 'migrate', context: x, from, to: c });
    }
  }

  private sleep(x: number, c: number): void {
    const kind = this.kinds[x]!;
    if (
      kind === 'irq' ||
      kind === 'idle' ||
      kind === 'stopper' ||
      this.head(x, Head.preempt) > 0 ||
      this.head(x, Head.irqOff) > 0 ||
      this.head(x, Head.hook) === 1
    ) {
      throw new MachineError(
        `${this.program.contexts[x]!.name} would sleep where it must not (${kind === 'irq' ? 'in an interrupt' : 'interrupts or preemption off'})`,
        this.head(x, Head.pc),
        x,
      );
    }
    this.setHead(x, Head.run, Run.sleeping);
    this.leave(x, c);
    this.cost = 1_000;
  }

  /** The current task gives up its CPU; its hook runs first, on its behalf. */
  private leave(x: number, c: number): void {
    if (this.head(x, Head.notifier) !== 0 && this.program.hooks.out !== 0 && this.head(x, Head.hook) === 0) {
      this.enterHook(x, 1, this.program.hooks.out);
      this.setHead(x, Head.irqOff, 1);
      return;
    }
    this.put(this.program.machine.cur + c, this.idleOf + c + 1);
  }

  private enterHook(x: number, which: number, entry: number): void {
    this.setHead(x, Head.resume, this.head(x, Head.pc));
    this.setHead(x, Head.pc, entry);
    this.setHead(x, Head.hook, which);
    this.put(this.bases[x]! + Head.size + this.program.hooks.locals, Math.max(0, this.program.contexts[x]!.vcpu));
    this.settle(x);
  }

  private switchTo(x: number, c: number): void {
    this.put(this.program.machine.cur + c, x + 1);
    this.cost = 1_200;
    if (this.head(x, Head.notifier) !== 0 && this.program.hooks.in !== 0 && this.head(x, Head.hook) === 0) {
      this.setHead(x, Head.preempt, this.head(x, Head.preempt) + 1);
      this.enterHook(x, 2, this.program.hooks.in);
    }
  }

  private takeIrq(c: number): void {
    const m = this.program.machine;
    const sender = this.s[this.queueAt(c, 0)]! - 1;
    for (let i = 0; i + 1 < m.queueDepth; i++) this.put(this.queueAt(c, i), this.s[this.queueAt(c, i + 1)]!);
    this.put(this.queueAt(c, m.queueDepth - 1), 0);
    const x = this.irqOf + c;
    const context = this.program.contexts[x]!;
    this.put(m.inIrq + c, 1);
    this.setHead(x, Head.run, Run.runnable);
    this.setHead(x, Head.peer, sender + 1);
    this.setHead(x, Head.pc, this.head(sender, Head.entry));
    const args = [this.head(sender, Head.arg0), this.head(sender, Head.arg1)];
    for (let i = 0; i < Math.min(2, context.locals); i++)
      this.put(
        context.base + Head.size + i,
        args[i] === -2
          ? c
          : Math.max(
              this.program.lo[context.base + Head.size + i]!,
              Math.min(args[i]!, this.program.hi[context.base + Head.size + i]!),
            ),
      );
    this.cost = 800;
    if (this.watch)
      this.effect({
        kind: 'deliver',
        cpu: c,
        sender,
        name: this.program.frames[this.program.code[this.head(x, Head.pc)]!.frame]?.fn ?? '',
      });
    this.settle(x);
  }

  /** Runs glue until the context stands at an instruction that others can see. */
  private settle(x: number): void {
    for (let i = 0; this.instrOf(x).glue; i++) {
      if (i > MAX_GLUE) throw new MachineError('a loop that never lets anyone else run', this.head(x, Head.pc), x);
      this.execute(x, 0);
    }
  }

  private step(x: number, choice: number): void {
    const { atomic } = this.instrOf(x);
    this.execute(x, choice);
    this.settle(x);
    for (let i = 0; atomic !== 0 && this.instrOf(x).atomic === atomic && this.ready(x); i++) {
      if (i > MAX_GLUE) throw new MachineError('an atomic block that does not end', this.head(x, Head.pc), x);
      this.execute(x, 0);
      this.settle(x);
    }
  }

  /** One instruction. */
  private execute(x: number, choice: number): void {
    const { s } = this;
    const pc = this.head(x, Head.pc);
    const instr = this.program.code[pc]!;
    const compiled = this.compiled[pc]!;
    const cpu = this.head(x, Head.cpu);
    const value = (i: number): number => compiled.values[i]!(s, x);
    this.cost += instr.cost;
    let next = instr.next;
    switch (instr.op) {
      case 'nop':
      case 'opaque':
      case 'ipiwait':
        break;
      case 'set': {
        const values = compiled.values.map((v) => v(s, x));
        instr.stores.forEach((st, i) => this.store(st.at, compiled.indexes[i] ?? null, x, values[i]!));
        break;
      }
      case 'branch':
        if (compiled.cond!(s, x) === 0) next = instr.otherwise;
        break;
      case 'switch':
        next = instr.cases.get(value(0)) ?? instr.otherwise;
        break;
      case 'choose':
      case 'pick':
        this.store(instr.at, compiled.indexes[0] ?? null, x, choice);
        break;
      case 'lock': {
        const { cell } = this.program.locks[instr.lock]!;
        if (instr.mode === 'read') this.put(cell, s[cell]! + 1);
        else this.put(cell, instr.mode === 'write' ? -(x + 1) : x + 1);
        if (instr.mode === 'spin') this.setHead(x, Head.preempt, this.head(x, Head.preempt) + 1);
        break;
      }
      case 'unlock':
        this.unlock(instr, x, pc);
        break;
      case 'await':
      case 'spin':
      case 'idle':
        break;
      case 'irq':
        this.setHead(x, Head.irqOff, instr.on ? 0 : 1);
        break;
      case 'preempt':
        this.setHead(x, Head.preempt, this.head(x, Head.preempt) + (instr.on ? -1 : 1));
        break;
      case 'notifier':
        this.setHead(x, Head.notifier, instr.on ? 1 : 0);
        break;
      case 'log':
      case 'warn':
        this.effect({
          kind: 'log',
          cpu,
          level: instr.op === 'warn' ? 'warn' : 'info',
          text: this.format(instr.format, compiled.values, x),
        });
        break;
      case 'trace':
        this.effect({ kind: 'trace', cpu, text: this.format(instr.format, compiled.values, x) });
        break;
      case 'fail':
        throw new MachineError(this.format(instr.format, compiled.values, x), pc, x);
      case 'panic':
        this.panic(cpu, this.format(instr.format, compiled.values, x));
        return;
      case 'ud':
        this.lastUd.set(x, instr.instruction);
        this.effect({ kind: 'ud', cpu, context: x, instruction: instr.instruction, fn: this.callers(instr.frame)[0] });
        break;
      case 'bug':
        this.bug(x, cpu, instr);
        return;
      case 'ipi':
        this.send(instr, pc, x, cpu);
        break;
      case 'ipiend': {
        const sender = this.head(x, Head.peer) - 1;
        this.setHead(sender, Head.calls, this.head(sender, Head.calls) - 1);
        this.put(this.program.machine.inIrq + cpu, 0);
        this.effect({ kind: 'handled', cpu, sender });
        this.reset(x);
        return;
      }
      case 'start': {
        const c = value(0);
        if (c < 0 || c >= this.program.cpus) throw new OutOfRange(`there is no CPU ${c} to start`);
        if (s[this.program.machine.cur + c] !== 0)
          throw new MachineError(`CPU ${c} is started and runs already`, pc, x);
        const idle = this.idleOf + c;
        this.put(this.program.machine.cur + c, idle + 1);
        this.setHead(idle, Head.pc, instr.entry);
        this.setHead(idle, Head.run, Run.runnable);
        this.setHead(idle, Head.irqOff, 1);
        this.settle(idle);
        break;
      }
      case 'poweroff':
        this.put(this.program.machine.cur + cpu, 0);
        this.reset(x);
        return;
      case 'stop': {
        const stopper = this.stopperOf + value(instr.args.length);
        const args = instr.args.map((_, i) => value(i));
        const base = this.bases[stopper]! + Head.size;
        this.put(this.program.machine.stopped, stopper + 1);
        args.forEach((a, i) => this.put(base + 1 + i, a));
        this.setHead(stopper, Head.pc, instr.entry);
        this.setHead(stopper, Head.run, Run.runnable);
        this.setHead(stopper, Head.irqOff, 1);
        this.setHead(x, Head.peer, stopper + 1);
        this.settle(stopper);
        break;
      }
      case 'stopend': {
        const result = s[this.bases[x]! + Head.size]!;
        this.reset(x);
        this.setHead(x, Head.arg0, result);
        this.put(this.program.machine.stopped, 0);
        return;
      }
      case 'stopresult': {
        const stopper = this.head(x, Head.peer) - 1;
        const result = this.head(stopper, Head.arg0);
        this.setHead(stopper, Head.arg0, 0);
        this.setHead(x, Head.peer, 0);
        if (instr.at) this.store(instr.at, compiled.indexes[0] ?? null, x, result);
        break;
      }
      case 'spawn':
        this.spawn(instr.thread, instr.args.length ? value(0) : 0, cpu, pc, x);
        break;
      case 'exit':
        this.exit(x, cpu);
        return;
      case 'allow': {
        const { allowed } = this.program.contexts[value(0)]!;
        if (allowed < 0) throw new MachineError(`${this.program.contexts[value(0)]!.name} has no affinity mask`, pc, x);
        const only = instr.cpu ? value(1) : -1;
        for (let c = 0; c < this.program.cpus; c++) this.put(allowed + c, only < 0 || only === c ? 1 : 0);
        break;
      }
      case 'guest':
        if (instr.at) this.store(instr.at, compiled.indexes[0] ?? null, x, choice);
        break;
      case 'rest':
        this.setHead(x, Head.pc, next);
        this.sleep(x, cpu);
        return;
      case 'begin':
        this.effect({
          kind: 'callback',
          begin: true,
          up: instr.up,
          state: value(0),
          cpu: value(1),
          on: cpu,
          result: 0,
        });
        break;
      case 'end': {
        const result = value(2);
        this.effect({ kind: 'callback', begin: false, up: instr.up, state: value(0), cpu: value(1), on: cpu, result });
        if (instr.at) this.store(instr.at, compiled.indexes[0] ?? null, x, result);
        break;
      }
      case 'fired':
        if (instr.hitsCell >= 0) this.put(instr.hitsCell, s[instr.hitsCell]! + 1);
        this.effect({ kind: 'fault', cpu, fault: instr.fault });
        break;
      case 'hookend': {
        const which = this.head(x, Head.hook);
        this.put(this.bases[x]! + Head.size + this.program.hooks.locals, 0);
        this.setHead(x, Head.pc, this.head(x, Head.resume));
        this.setHead(x, Head.resume, 0);
        this.setHead(x, Head.hook, 0);
        if (which === 1) {
          this.setHead(x, Head.irqOff, 0);
          this.put(this.program.machine.cur + cpu, this.idleOf + cpu + 1);
        } else this.setHead(x, Head.preempt, this.head(x, Head.preempt) - 1);
        return;
      }
      case 'action': {
        const result = value(0);
        if (!instr.begin) {
          this.put(instr.resultCell, result);
          this.put(instr.progressCell, instr.index + 1);
        }
        this.effect({ kind: 'action', actor: instr.actor, index: instr.index, begin: instr.begin, result });
        break;
      }
    }
    if (instr.clear)
      for (let slot = instr.clear[0]; slot < instr.clear[1]; slot++) this.put(this.bases[x]! + Head.size + slot, 0);
    this.setHead(x, Head.pc, next);
  }

  private unlock(instr: Extract<Instr, { op: 'unlock' }>, x: number, pc: number): void {
    const lock = this.program.locks[instr.lock]!;
    const value = this.s[lock.cell]!;
    const held = instr.mode === 'read' ? value > 0 : value === (instr.mode === 'write' ? -(x + 1) : x + 1);
    if (!held)
      throw new MachineError(`${this.program.contexts[x]!.name} unlocks ${lock.name}, which it does not hold`, pc, x);
    this.put(lock.cell, instr.mode === 'read' ? value - 1 : 0);
    if (instr.mode === 'spin') this.setHead(x, Head.preempt, this.head(x, Head.preempt) - 1);
  }

  private send(instr: Extract<Instr, { op: 'ipi' }>, pc: number, x: number, cpu: number): void {
    const targets = this.targets(instr, pc, x);
    if (targets.length === 0) return;
    const { values } = this.compiled[pc]!;
    this.setHead(x, Head.arg0, instr.args.length > 0 ? values[0]!(this.s, x) : 0);
    this.setHead(x, Head.arg1, instr.args.length > 1 ? values[1]!(this.s, x) : 0);
    this.setHead(x, Head.entry, instr.entry);
    this.setHead(x, Head.calls, targets.length);
    for (const c of targets) {
      let slot = 0;
      while (this.s[this.queueAt(c, slot)] !== 0) slot += 1;
      this.put(this.queueAt(c, slot), x + 1);
      this.effect({ kind: 'send', from: cpu, to: c, context: x, name: instr.name });
    }
  }

  private spawn(thread: number, arg: number, cpu: number, pc: number, x: number): void {
    const t = this.program.threads[thread]!;
    const y = t.contexts[t.contexts.length > 1 ? arg : 0];
    if (y === undefined) throw new OutOfRange(`there is no ${t.name} ${arg}`);
    const run = this.head(y, Head.run);
    if (run === Run.runnable || run === Run.sleeping)
      throw new MachineError(`${this.program.contexts[y]!.name} runs already`, pc, x);
    const context = this.program.contexts[y]!;
    for (let i = 0; i < context.locals; i++) this.put(context.base + Head.size + i, 0);
    for (const field of [Head.preempt, Head.irqOff, Head.notifier, Head.hook, Head.resume]) this.setHead(y, field, 0);
    if (context.allowed >= 0) for (let c = 0; c < this.program.cpus; c++) this.put(context.allowed + c, 1);
    if (context.locals > 0 && t.contexts.length > 0 && (context.vcpu >= 0 || context.kind === 'percpu'))
      this.put(context.base + Head.size, arg);
    // a new task is woken like one that slept
    this.setHead(y, Head.pc, t.entry);
    this.setHead(y, Head.run, Run.sleeping);
    this.setHead(y, Head.cpu, context.cpu >= 0 ? context.cpu : cpu);
    this.settle(y);
  }

  /** A context that ends and will begin anew elsewhere in the text. */
  private reset(x: number): void {
    const { base, locals } = this.program.contexts[x]!;
    for (let i = 0; i < locals; i++) this.put(base + Head.size + i, 0);
    for (const field of [
      Head.pc,
      Head.run,
      Head.preempt,
      Head.irqOff,
      Head.notifier,
      Head.hook,
      Head.resume,
      Head.arg0,
      Head.arg1,
      Head.peer,
    ])
      this.setHead(x, field, 0);
  }

  private exit(x: number, cpu: number): void {
    const dead = this.head(x, Head.hook) === 3;
    const kind = this.kinds[x];
    this.reset(x);
    if (kind === 'init') return;
    this.setHead(x, Head.run, dead ? Run.dead : Run.none);
    this.effect({ kind: 'ended', context: x, cpu, dead });
    if (this.s[this.program.machine.cur + cpu] === x + 1)
      this.put(this.program.machine.cur + cpu, this.idleOf + cpu + 1);
  }

  private panic(cpu: number, why: string): void {
    this.put(this.program.machine.panic, 1);
    this.effect({ kind: 'panic', cpu, why });
  }

  /** A BUG: the host panics where no task can be killed; otherwise the task dies with its locks held. */
  private bug(x: number, cpu: number, instr: Extract<Instr, { op: 'bug' }>): void {
    const { oops } = this.program.machine;
    this.put(oops, Math.min(3, this.s[oops]! + 1));
    const kind = this.kinds[x]!;
    const inInterrupt = kind === 'irq' || kind === 'stopper';
    const killed = !inInterrupt && kind !== 'idle';
    const [fn, caller] = this.callers(instr.frame);
    this.effect({
      kind: 'oops',
      cpu,
      context: x,
      fn,
      caller,
      instruction: this.lastUd.get(x) ?? '',
      where: instr.where,
      killed,
    });
    if (!killed) {
      this.panic(cpu, inInterrupt ? 'Fatal exception in interrupt' : 'Attempted to kill the idle task!');
      return;
    }
    const stuck = this.head(x, Head.hook) === 1;
    const preempt = this.head(x, Head.preempt);
    if (stuck || this.program.hooks.killed === 0) {
      // dead inside the scheduler: the run queue lock is never given back, and its CPU does nothing any more
      this.setHead(x, Head.pc, 0);
      this.setHead(x, Head.run, Run.dead);
      this.effect({ kind: 'ended', context: x, cpu, dead: true });
      if (!stuck) this.put(this.program.machine.cur + cpu, this.idleOf + cpu + 1);
      return;
    }
    this.setHead(x, Head.notifier, 0);
    this.setHead(x, Head.irqOff, 0);
    this.setHead(x, Head.resume, 0);
    this.setHead(x, Head.preempt, preempt);
    this.setHead(x, Head.hook, 3);
    this.setHead(x, Head.pc, this.program.hooks.killed);
    this.settle(x);
  }

  /** The function of this frame and its caller; names in capitals are instructions and macros, and are passed over. */
  private callers(frame: number): [fn: string, caller: string] {
    const { frames } = this.program;
    const names: string[] = [];
    for (let f = frame; f >= 0 && names.length < 2; f = frames[f]!.parent) {
      const { fn } = frames[f]!;
      if (fn !== fn.toUpperCase()) names.push(fn);
    }
    return [names[0] ?? '', names[1] ?? ''];
  }

  /** Text of a log or trace line: %d number, %x hexadecimal, %t task, %p its id, %v vCPU, %e errno, %S hotplug state. */
  format(format: string, values: readonly Evaluate[], x: number): string {
    let i = 0;
    return format.replace(/%([a-zA-Z])/g, (_, letter: string) => this.show(letter, values[i++]!(this.s, x)));
  }

  show(letter: string, value: number): string {
    switch (letter) {
      case 'x':
        return value.toString(16);
      case 't':
        return this.program.contexts[value]?.name ?? 'none';
      case 'p':
        return String(this.program.contexts[value]?.tid ?? 0);
      case 'v':
        return this.program.vcpus[value]?.name ?? 'none';
      case 'e':
        return errnoName(value);
      case 'S': {
        const st = this.program.states[this.program.stateByNumber[value] ?? -1];
        return st ? st.name || st.constant : String(value);
      }
      default:
        return String(value);
    }
  }

  /** Runs `init` to its end, before anything else: its steps are no part of a run. */
  private boot(): void {
    try {
      this.settle(0);
      for (let i = 0; this.head(0, Head.run) === Run.runnable; i++) {
        if (i > 1_000_000) throw new MachineError('init does not end', this.head(0, Head.pc), 0);
        if (!this.ready(0)) throw new MachineError('init waits', this.head(0, Head.pc), 0);
        this.step(0, 0);
      }
      this.program.contexts.forEach((c, x) => this.head(x, Head.pc) !== 0 && c.kind !== 'init' && this.settle(x));
    } catch (error) {
      if (error instanceof OutOfRange) throw new MachineError(error.message, this.head(0, Head.pc), 0);
      throw error;
    }
    this.mark();
    this.effects = [];
  }
}
