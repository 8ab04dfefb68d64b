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
import { HANDLER_CPU, Head, Hook, Run, type Program } from '../language/program';
import { OutOfRange } from './evaluate';
import { Execution } from './execution';
import { MachineError } from './guards';

export { MachineError };

export type TransitionKind = 'step' | 'sleep' | 'irq' | 'wake' | 'switch' | 'preempt' | 'push' | 'adrift';

/**
 * `context`: who; `cpu`: where (to); `choice`: value chosen, 0 where there is nothing to choose. Of a wake or a push to a CPU whose
 * run queue lock is held for ever: the CPU that places the task, + 1. That CPU spins from then on.
 */
export interface Transition {
  readonly kind: TransitionKind;
  readonly context: number;
  readonly cpu: number;
  readonly choice: number;
}

export interface MachineOptions {
  /** An idle CPU may take a task that waits elsewhere (load balancing). Left out unless asked for: it multiplies the states. */
  readonly balance?: boolean;
}

export class Machine extends Execution {
  /** What went wrong in `init`, before the first step; the machine then does nothing. */
  readonly bootError: MachineError | null;

  constructor(
    program: Program,
    private readonly options: MachineOptions = {},
  ) {
    super(program);
    this.bootError = this.boot();
  }

  /** Everything that can happen next, in a fixed order. */
  enabled(): Transition[] {
    const out: Transition[] = [];
    const { s } = this;
    const m = this.program.machine;
    if (s[m.panic] !== 0 || this.bootError) return out;
    for (let c = 0; c < this.program.cpus; c++) {
      if (this.spinsOnRq(c)) continue;
      if (this.takesIrq(c) && s[this.queueAt(c, 0)] !== 0)
        out.push({ kind: 'irq', context: this.irqOf + c, cpu: c, choice: 0 });
      const x = this.top(c);
      if (x >= 0) this.stepsOf(x, c, out);
      if (!this.preemptible(c)) continue;
      const task = this.currentTask(c);
      const others = this.waiting(c).filter((y) => this.mayRun(y, c));
      if (task >= 0 && (others.length > 0 || !this.mayRun(task, c)))
        out.push({ kind: 'preempt', context: task, cpu: c, choice: 0 });
      if (task < 0 && this.options.balance && others.length === 0) this.pulls(c, out);
      if (task < 0) for (const y of others) out.push({ kind: 'switch', context: y, cpu: c, choice: 0 });
    }
    if (s[m.stopped] !== 0) return out;
    for (const x of this.schedulable) {
      const run = this.head(x, Head.run);
      if ((run === Run.sleeping || run === Run.runnable) && this.beingPlaced(x)) continue;
      if (run === Run.sleeping && this.head(x, Head.hook) !== Hook.out && this.ready(x)) this.placings('wake', x, out);
      if (run === Run.runnable && !this.isCurrent(x) && !this.mayRun(x, this.head(x, Head.cpu)))
        this.placings('push', x, out);
    }
    return out;
  }

  /** Tasks that wait on other CPUs and may run on this one, which idles. */
  private pulls(c: number, out: Transition[]): void {
    for (const y of this.floating) {
      const from = this.head(y, Head.cpu);
      if (this.head(y, Head.run) !== Run.runnable || from === c || this.isCurrent(y) || !this.mayRun(y, c)) continue;
      if (!this.rqHeld(from)) out.push({ kind: 'push', context: y, cpu: c, choice: 0 });
      else if (!this.beingPlaced(y)) out.push({ kind: 'push', context: y, cpu: from, choice: c + 1 });
    }
  }

  private placings(kind: 'wake' | 'push', x: number, out: Transition[]): void {
    const from = this.head(x, Head.cpu);
    // nobody can take it from there
    if (kind === 'push' && this.rqHeld(from)) return;
    const cpus = this.allowedCpus(x);
    for (const cpu of cpus) {
      if (!this.rqHeld(cpu)) out.push({ kind, context: x, cpu, choice: 0 });
      else
        for (const by of kind === 'push' ? [from] : this.placers()) out.push({ kind, context: x, cpu, choice: by + 1 });
    }
    if (cpus.length === 0 && this.program.contexts[x]!.kind !== 'percpu' && this.masked(x))
      out.push({ kind: 'adrift', context: x, cpu: this.head(x, Head.cpu), choice: 0 });
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
          if (t.choice > 0) {
            this.spinForRq(x, c, t.choice - 1);
            break;
          }
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
          if (t.choice > 0) {
            this.spinForRq(x, c, t.choice - 1);
            break;
          }
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

  private place(x: number, c: number): void {
    const from = this.head(x, Head.cpu);
    if (from !== c) {
      this.setHead(x, Head.cpu, c);
      if (from >= 0) this.effect({ kind: 'migrate', context: x, from, to: c });
    }
  }

  private switchTo(x: number, c: number): void {
    this.put(this.program.machine.cur + c, x + 1);
    this.cost = 1_200;
    if (this.head(x, Head.notifier) !== 0 && this.program.hooks.in !== 0 && this.head(x, Head.hook) === Hook.none) {
      this.setHead(x, Head.preempt, this.head(x, Head.preempt) + 1);
      this.enterHook(x, Hook.in, this.program.hooks.in);
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
        args[i] === HANDLER_CPU
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

  /** Runs `init` to its end, before anything else: its steps are no part of a run. */
  private boot(): MachineError | null {
    try {
      this.settle(0);
      for (let i = 0; this.head(0, Head.run) === Run.runnable; i++) {
        if (i > 1_000_000) throw new MachineError('init does not end', this.head(0, Head.pc), 0);
        if (!this.ready(0)) throw new MachineError('init waits', this.head(0, Head.pc), 0);
        this.step(0, 0);
      }
      this.program.contexts.forEach((c, x) => this.head(x, Head.pc) !== 0 && c.kind !== 'init' && this.settle(x));
    } catch (error) {
      if (error instanceof MachineError) return error;
      if (error instanceof OutOfRange) return new MachineError(error.message, this.head(0, Head.pc), 0);
      throw error;
    }
    this.mark();
    this.effects = [];
    return null;
  }
}
