/** Who may run where: affinity masks, the placement rules of the kernel text, preemption. Reads, never writes. */
import { Head, Run, type Program } from '../language/program';
import { evaluator, type Evaluate, type Surroundings } from './evaluate';
import { State } from './state';

export class Scheduling extends State {
  readonly around: Surroundings;
  protected readonly kinds: readonly string[];
  /** First context of each kind that every CPU has one of. */
  protected readonly idleOf: number;
  protected readonly irqOf: number;
  protected readonly stopperOf: number;
  /** Contexts that the scheduler may move. */
  readonly floating: readonly number[];
  /** Per-CPU kthreads by CPU. */
  readonly bound: readonly (readonly number[])[];
  /** Both: all that is ever woken. */
  protected readonly schedulable: readonly number[];
  private readonly placeUser: Evaluate;
  private readonly placePercpu: Evaluate;
  private readonly placeKthread: Evaluate;

  constructor(program: Program) {
    super(program);
    this.kinds = program.contexts.map((c) => c.kind);
    this.idleOf = 1;
    this.irqOf = 1 + program.cpus;
    this.stopperOf = 1 + 2 * program.cpus;
    this.floating = program.contexts.flatMap((c, i) => (c.allowed >= 0 ? [i] : []));
    const bound: number[][] = Array.from({ length: program.cpus }, () => []);
    program.contexts.forEach((c, i) => c.kind === 'percpu' && bound[c.cpu]!.push(i));
    this.bound = bound;
    this.schedulable = [...this.floating, ...bound.flat()];
    this.around = {
      bases: this.bases,
      ask: this.asks(),
      nextState: (s, up, from, target) => this.nextState(s, up, from, target),
    };
    this.placeUser = evaluator(program.place.user, this.around);
    this.placePercpu = evaluator(program.place.percpu, this.around);
    this.placeKthread = evaluator(program.place.kthread, this.around);
  }

  // ---- questions from outside

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

  // ---- questions of the text

  protected asks(): Surroundings['ask'] {
    const run = (s: Int32Array, x: number): number => s[this.bases[x]! + Head.run]!;
    const { cpus } = this.program;
    return {
      running: (s, x, c) => +(x >= 0 && c >= 0 && c < cpus && s[this.program.machine.cur + c] === x + 1),
      tasks_on: (s, c) =>
        this.floating.filter((x) => run(s, x) === Run.runnable && s[this.bases[x]! + Head.cpu] === c).length,
      alive: (s, x) => +(x >= 0 && run(s, x) !== Run.none && run(s, x) !== Run.dead),
      dead: (s, x) => +(x >= 0 && run(s, x) === Run.dead),
      sleeping: (s, x) => +(x >= 0 && run(s, x) === Run.sleeping),
      settled: (s, x) => +(x < 0 || run(s, x) !== Run.runnable || this.mayRun(x, s[this.bases[x]! + Head.cpu]!)),
      vcpu_of: (_s, x) => (x < 0 ? -1 : this.program.contexts[x]!.vcpu),
      cpu_of: (s, x) => (x < 0 ? -1 : s[this.bases[x]! + Head.cpu]!),
      need_resched: (_s, c) => +(c >= 0 && c < cpus && this.needResched(c)),
      irq_pending: (s, c) =>
        +(c >= 0 && c < cpus && s[this.program.machine.queue + c * this.program.machine.queueDepth] !== 0),
      preempt_count: (s, x) => (x < 0 ? 0 : s[this.bases[x]! + Head.preempt]!),
      irqs_disabled: (s, x) => +(x >= 0 && s[this.bases[x]! + Head.irqOff] !== 0),
      actors_busy: (s, self) =>
        this.program.actors.filter((a) => a.context !== self && this.inKernel(s, a.context)).length,
      in_guest: (s, x) => +(x >= 0 && this.inGuest(s, x)),
      has_up: (s, st) => +this.hasCallback(s, st, true),
      has_down: (s, st) => +this.hasCallback(s, st, false),
      instances: (_s, st) => this.program.states[this.program.stateByNumber[st] ?? -1]?.instances ?? 0,
    };
  }

  /** An actor that has entered the kernel: not between two actions, nor in a wait of userspace's own. */
  private inKernel(s: Int32Array, x: number): boolean {
    const { code, frames } = this.program;
    const b = this.bases[x]!;
    const run = s[b + Head.run];
    if (run !== Run.runnable && run !== Run.sleeping) return false;
    const instr = code[s[b + Head.pc]!]!;
    if (instr.op === 'action') return !instr.begin;
    const { parent } = frames[instr.frame]!;
    // what waits for its moment has not begun
    if (instr.op === 'rest' && parent < 0) return false;
    return instr.op !== 'await' || (parent >= 0 && frames[parent]!.parent >= 0);
  }

  protected inGuest(s: Int32Array, x: number): boolean {
    const b = this.bases[x]!;
    const c = s[b + Head.cpu]!;
    return (
      s[b + Head.run] === Run.runnable &&
      this.program.code[s[b + Head.pc]!]!.op === 'guest' &&
      c >= 0 &&
      s[this.program.machine.cur + c] === x + 1
    );
  }

  protected hasCallback(s: Int32Array, number: number, up: boolean): boolean {
    const st = this.program.states[this.program.stateByNumber[number] ?? -1];
    return st !== undefined && (up ? st.up : st.down) !== '' && (st.registeredCell < 0 || s[st.registeredCell] !== 0);
  }

  protected nextState(s: Int32Array, up: boolean, from: number, target: number): number {
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

  /** A task died on this CPU inside the scheduler: the lock of its run queue is never given back. */
  rqHeld(c: number): boolean {
    const { s } = this;
    const m = this.program.machine;
    if (s[m.oops] === 0) return false;
    const x = s[m.cur + c]! - 1;
    return x >= 0 && this.head(x, Head.run) === Run.dead;
  }

  /** This CPU waits, interrupts off, for the lock of a run queue that is never given back. */
  spinsOnRq(c: number): boolean {
    return this.s[this.program.machine.rqWait + c] !== 0;
  }

  /** Some CPU spins because it has to place this task. */
  protected beingPlaced(x: number): boolean {
    const { s } = this;
    const m = this.program.machine;
    if (s[m.oops] === 0) return false;
    for (let c = 0; c < this.program.cpus; c++) if (s[m.rqWait + c] === x + 1) return true;
    return false;
  }

  /** CPUs that could be the one that places a task: each that runs and does not spin. */
  placers(): number[] {
    const found: number[] = [];
    for (let c = 0; c < this.program.cpus; c++)
      if (this.isOn(c) && !this.rqHeld(c) && !this.spinsOnRq(c)) found.push(c);
    return found;
  }

  takesIrq(c: number): boolean {
    const m = this.program.machine;
    if (this.spinsOnRq(c)) return false;
    if (this.s[m.stopped] !== 0 || this.s[m.inIrq + c] !== 0 || this.s[m.panic] !== 0) return false;
    const x = this.s[m.cur + c]! - 1;
    return x >= 0 && this.head(x, Head.irqOff) === 0;
  }

  preemptible(c: number): boolean {
    const m = this.program.machine;
    if (this.spinsOnRq(c)) return false;
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
    if (context.kind === 'percpu') return context.cpu === c && this.placed(this.placePercpu, c, x);
    if (this.s[context.allowed + c] === 0) return false;
    return this.placed(context.kind === 'kthread' ? this.placeKthread : this.placeUser, c, x);
  }

  /** A placement rule for a CPU and a task. The question that leads here may have its own parameters in the scratch context. */
  private placed(rule: Evaluate, c: number, x: number): boolean {
    const at = this.program.scratch + Head.size;
    const [before, after] = [this.s[at]!, this.s[at + 1]!];
    this.s[at] = c;
    this.s[at + 1] = x;
    const may = rule(this.s, this.scratchIndex) !== 0;
    this.s[at] = before;
    this.s[at + 1] = after;
    return may;
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

  isCurrent(x: number): boolean {
    const c = this.head(x, Head.cpu);
    return c >= 0 && this.s[this.program.machine.cur + c] === x + 1;
  }

  /** Its affinity mask leaves out some CPU. */
  protected masked(x: number): boolean {
    const { allowed } = this.program.contexts[x]!;
    for (let c = 0; c < this.program.cpus; c++) if (this.s[allowed + c] === 0) return true;
    return false;
  }
}
