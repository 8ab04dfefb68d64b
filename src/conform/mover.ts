/**
 * Moves one context of the model: whatever must happen first so that it can take its next step (a CPU must be found or
 * freed, a call must be taken, a lock given back) is done by the machine's own transitions. Where a task runs is decided by
 * the caller; all else follows from the text.
 */
import { Head, Hook, Run, type Program } from '../language/program';
import type { Transition } from '../machine/machine';
import { WatchedMachine, type MachineEvent } from '../timeline/watched';

/** A transition that was taken, with all that it takes to draw it. */
export interface Taken {
  readonly transition: Transition;
  readonly pc: number;
  /** Microseconds of the trace's clock. */
  readonly t: number;
}

/** What decides where the text leaves it open. */
export interface Choices {
  /** Where a task that may be placed anywhere goes; -1 where nothing is known. */
  place(x: number): number;
  /** Does the fault of this text strike now? */
  strikes(fault: number): boolean;
  /** May this actor begin its next action? */
  mayBegin(actor: number): boolean;
  /** This vCPU's KVM_RUN returns to userspace before the thread goes elsewhere. */
  leaves(x: number): boolean;
  /** Hears what the machine shows. */
  hear(e: MachineEvent): void;
  /** This context's lines are followed one by one: nobody takes its CPU meanwhile. */
  followed(x: number): boolean;
  /** Something that this context showed has not been met yet: it must not go on. */
  pending(x: number): boolean;
}

export class Mover {
  readonly machine: WatchedMachine;
  readonly taken: Taken[] = [];
  /** Cells and their old values, for all transitions taken: the way back. */
  private readonly undoLog: number[] = [];
  private readonly marks: number[] = [];
  private readonly actorOf = new Map<number, number>();
  private readonly maybe = new Map<string, number>();
  now = 0;

  constructor(
    readonly program: Program,
    private readonly choices: Choices,
  ) {
    this.machine = new WatchedMachine(program);
    this.machine.mark();
    this.machine.listener = (e) => this.choices.hear(e);
    program.actors.forEach((a, i) => this.actorOf.set(a.context, i));
    program.faults.forEach((f, i) => f.maybe && this.maybe.set(f.text, i));
  }

  /** Applies a transition; the caller knows that it is possible. */
  apply(transition: Transition): void {
    const { machine } = this;
    const pc = machine.head(transition.context, Head.pc);
    machine.apply(transition);
    this.taken.push({ transition, pc, t: this.now });
    this.marks.push(this.undoLog.length);
    for (const v of machine.journal) this.undoLog.push(v);
    machine.mark();
  }

  private take(kind: Transition['kind'], context: number, cpu: number, choice = 0): true {
    this.apply({ kind, context, cpu, choice });
    if (kind === 'step') this.fallAsleep(context, cpu);
    return true;
  }

  /** A task that has come to where it must wait sleeps at once, before anybody takes its CPU away. */
  private fallAsleep(x: number, c: number): void {
    const { machine } = this;
    if (machine.program.contexts[x]!.allowed < 0 && this.kindOf(x) !== 'percpu') return;
    const instr = machine.instrOf(x);
    if (!machine.sleeps(instr) || machine.ready(x) || !machine.isCurrent(x) || !machine.preemptible(c)) return;
    if (this.choices.pending(x) || this.waitsToBegin(x)) return;
    this.apply({ kind: 'sleep', context: x, cpu: c, choice: 0 });
  }

  /** Goes back to where `taken` had this length. */
  rewind(length: number): void {
    const { s } = this.machine;
    while (this.taken.length > length) {
      this.taken.pop();
      const from = this.marks.pop()!;
      for (let i = this.undoLog.length - 2; i >= from; i -= 2) s[this.undoLog[i]!] = this.undoLog[i + 1]!;
      this.undoLog.length = from;
    }
  }

  private head(x: number, field: number): number {
    return this.machine.head(x, field);
  }

  kindOf(x: number): string {
    return this.program.contexts[x]!.kind;
  }

  /** Whether this actor stands before an action that it may not begin yet, or has none left. */
  private waitsToBegin(x: number): boolean {
    const actor = this.actorOf.get(x);
    if (actor === undefined || this.head(x, Head.hook) !== Hook.none) return false;
    return !this.choices.mayBegin(actor) && this.machine.functionsOf(x).length <= 1;
  }

  /**
   * Takes one transition that brings context x nearer to its next step, on CPU `cpu` where that is given (-1: anywhere).
   * False: it cannot move; somebody else has to.
   */
  move(x: number, cpu = -1, depth = 0): boolean {
    const { machine, program } = this;
    const { s } = machine;
    if (this.choices.pending(x) || s[program.machine.panic] !== 0 || depth > 6) return false;
    const stopped = s[program.machine.stopped]!;
    const context = program.contexts[x]!;
    if (stopped !== 0 && stopped !== x + 1) return false;
    switch (context.kind) {
      case 'irq':
        return this.moveIrq(x, context.cpu, depth);
      case 'stopper':
        return stopped === x + 1 && this.step(x, context.cpu);
      case 'idle':
        if (s[program.machine.cur + context.cpu] !== x + 1 || this.head(x, Head.run) !== Run.runnable) return false;
        if (s[program.machine.inIrq + context.cpu] !== 0)
          return this.moveIrq(machine.top(context.cpu), context.cpu, depth);
        return this.step(x, context.cpu);
      case 'init':
        return false;
      default:
        return this.moveTask(x, cpu, depth);
    }
  }

  private moveIrq(x: number, c: number, depth: number): boolean {
    const { machine, program } = this;
    const m = program.machine;
    if (machine.s[m.inIrq + c] !== 0) return this.step(x, c);
    if (machine.s[m.queue + c * m.queueDepth] === 0) return false;
    if (machine.takesIrq(c)) return this.take('irq', x, c);
    const current = machine.s[m.cur + c]! - 1;
    return current >= 0 && this.move(current, -1, depth + 1);
  }

  private moveTask(x: number, cpu: number, depth: number): boolean {
    const { machine } = this;
    const run = this.head(x, Head.run);
    if (run !== Run.runnable && run !== Run.sleeping) return false;
    if (this.waitsToBegin(x)) return run === Run.runnable && this.giveWay(x);
    if (run === Run.sleeping) {
      if (this.head(x, Head.hook) === Hook.out || !machine.ready(x)) return false;
      return this.settleOn(x, this.placeFor(x, cpu), 'wake');
    }
    const c = this.head(x, Head.cpu);
    if (machine.isCurrent(x)) return this.moveCurrent(x, c, cpu, depth);
    const wanted = cpu >= 0 && machine.mayRun(x, cpu) ? cpu : machine.mayRun(x, c) ? c : this.placeFor(x, cpu);
    if (wanted !== c) return this.settleOn(x, wanted, 'push');
    return this.takeCpu(x, c, cpu, depth);
  }

  /** A task with nothing to do leaves a CPU where it may no longer be. */
  private giveWay(x: number): boolean {
    const { machine } = this;
    const c = this.head(x, Head.cpu);
    if (machine.mayRun(x, c)) return false;
    if (!machine.isCurrent(x)) return this.settleOn(x, this.placeFor(x, -1), 'push');
    return machine.preemptible(c) && this.take('preempt', x, c);
  }

  private moveCurrent(x: number, c: number, cpu: number, depth: number): boolean {
    const { machine, program } = this;
    if (machine.s[program.machine.inIrq + c] !== 0) return this.moveIrq(machine.top(c), c, depth);
    const percpu = this.kindOf(x) === 'percpu';
    const instr = machine.instrOf(x);
    // what must wait has fallen asleep before anybody takes its CPU away
    if (machine.sleeps(instr) && !machine.ready(x) && machine.preemptible(c)) return this.take('sleep', x, c);
    const elsewhere = !percpu && cpu >= 0 && cpu !== c && machine.mayRun(x, cpu);
    const must = !machine.mayRun(x, c) && !this.choices.leaves(x);
    if ((elsewhere || must) && machine.preemptible(c)) return this.take('preempt', x, c);
    return this.step(x, c);
  }

  /** A runnable task that is on its CPU but does not run: whoever runs there has to make room. */
  private takeCpu(x: number, c: number, cpu: number, depth: number): boolean {
    const { machine, program } = this;
    const m = program.machine;
    if (machine.s[m.inIrq + c] !== 0) return this.moveIrq(machine.top(c), c, depth);
    const current = machine.s[m.cur + c]! - 1;
    if (current < 0) return false;
    // no use of a CPU where it could only spin
    if (!machine.ready(x) && !machine.sleeps(machine.instrOf(x)) && machine.instrOf(x).op !== 'guest') return false;
    if (this.kindOf(current) === 'idle') {
      if (machine.preemptible(c)) return this.take('switch', x, c);
      return this.move(current, -1, depth + 1);
    }
    if (cpu < 0 && this.kindOf(x) !== 'percpu' && !this.isFree(c, x)) {
      const free = this.freeCpu(x);
      if (free >= 0) return this.settleOn(x, free, 'push');
    }
    if (this.choices.followed(current)) return false;
    if (machine.preemptible(c)) return this.take('preempt', current, c);
    return this.leaveGuest(current, c) || this.move(current, -1, depth + 1);
  }

  /** A vCPU in the guest leaves it because the host needs its CPU. */
  private leaveGuest(x: number, c: number): boolean {
    if (this.machine.instrOf(x).op !== 'guest' || this.choices.pending(x)) return false;
    return this.take('step', x, c, 0);
  }

  private settleOn(x: number, to: number, kind: 'wake' | 'push'): boolean {
    if (to >= 0) return this.take(kind, x, to);
    if (this.kindOf(x) === 'percpu' || this.machine.allowedCpus(x).length > 0) return false;
    return this.take('adrift', x, this.head(x, Head.cpu));
  }

  /** CPU for a task: the one that is asked for, else the one the trace shows next, else where it was, else a free one. */
  private placeFor(x: number, cpu: number): number {
    const { machine } = this;
    if (cpu >= 0 && machine.mayRun(x, cpu)) return cpu;
    const allowed = machine.allowedCpus(x);
    const shown = this.choices.place(x);
    if (shown >= 0 && allowed.includes(shown)) return shown;
    const before = this.head(x, Head.cpu);
    if (allowed.includes(before)) return before;
    return this.freeCpu(x, allowed) >= 0 ? this.freeCpu(x, allowed) : (allowed[0] ?? -1);
  }

  /** Whether a CPU could be taken by this task now. */
  isFree(c: number, x: number): boolean {
    const { machine } = this;
    if (c < 0 || !machine.isOn(c) || !machine.preemptible(c)) return false;
    const current = machine.currentTask(c);
    return current < 0 || current === x || !(this.choices.pending(current) || this.choices.followed(current));
  }

  private freeCpu(x: number, allowed = this.machine.allowedCpus(x)): number {
    const { machine } = this;
    return allowed.find((c) => machine.isOn(c) && machine.currentTask(c) < 0 && machine.preemptible(c) && machine.waiting(c).length === 0) ?? -1; // prettier-ignore
  }

  /** One step of the context on top of its CPU, if its instruction can go on; a task that must wait falls asleep. */
  private step(x: number, c: number): boolean {
    const { machine } = this;
    const instr = machine.instrOf(x);
    switch (instr.op) {
      case 'nop':
        return this.head(x, Head.pc) !== 0 && this.take('step', x, c);
      case 'choose': {
        const fault = this.maybe.get(instr.why);
        return this.take('step', x, c, fault === undefined ? instr.hi : this.choices.strikes(fault) ? 1 : 0);
      }
      case 'pick': {
        for (let i = 0; i < instr.count; i++) if (machine.s[instr.base + i] !== 0) return this.take('step', x, c, i);
        return false;
      }
      case 'guest': {
        const ways = machine.guestLeaves(x);
        const out = this.choices.leaves(x) && ways.includes(1) ? 1 : ways[0];
        return out !== undefined && this.take('step', x, c, out);
      }
      case 'start':
        // a CPU that has said that it is dead is off a moment later
        return !machine.isOn(this.started(x)) && this.take('step', x, c);
      default:
        if (machine.ready(x)) return this.take('step', x, c);
        if (machine.sleeps(instr) && this.head(x, Head.run) === Run.runnable && this.kindOf(x) !== 'idle') {
          this.take('sleep', x, c);
          return true;
        }
        return false;
    }
  }

  /** The CPU that a context is about to start. */
  private started(x: number): number {
    return this.machine.firstValue(x);
  }

  /** Who a context waits for, as far as its instruction tells. */
  waitsFor(x: number): number[] {
    const { machine, program } = this;
    const instr = machine.instrOf(x);
    if (instr.op === 'lock') {
      const value = machine.s[program.locks[instr.lock]!.cell]!;
      return value === 0 ? [] : value > 0 && instr.mode !== 'write' ? [value - 1] : value < 0 ? [-value - 1] : [];
    }
    if (instr.op === 'ipi' || instr.op === 'ipiwait')
      return Array.from({ length: program.cpus }, (_, c) => 1 + program.cpus + c);
    if (instr.op === 'start') return [1 + this.started(x)];
    if (instr.op === 'stop') {
      const m = program.machine;
      const busy: number[] = [];
      for (let c = 0; c < instr.count; c++) {
        if (machine.s[instr.base + c] === 0) continue;
        if (machine.s[m.queue + c * m.queueDepth] !== 0 || machine.s[m.inIrq + c] !== 0)
          busy.push(1 + program.cpus + c);
        const task = machine.currentTask(c);
        if (task >= 0 && task !== x && !machine.preemptible(c) && machine.instrOf(task).op !== 'guest') busy.push(task);
      }
      return busy;
    }
    if (instr.op === 'stopresult') {
      const stopped = machine.s[program.machine.stopped]!;
      return stopped > 0 ? [stopped - 1] : [];
    }
    return [];
  }

  /** In words, why a context does not go on. */
  why(x: number): string {
    const { machine, program } = this;
    const { name } = program.contexts[x]!;
    const run = this.head(x, Head.run);
    const where = (): string => {
      const { place } = machine.instrOf(x);
      const fn = machine.functionsOf(x).at(-1) ?? '';
      return `${fn ? `${fn}, ` : ''}${place.file}:${place.line}`;
    };
    if (run === Run.none) return `${name} does not exist at this moment`;
    if (run === Run.dead) return `${name} is dead`;
    if (this.choices.pending(x)) return `${name} has done something that the trace has not`;
    if (this.waitsToBegin(x)) return `${name} has nothing to do at this moment`;
    const instr = machine.instrOf(x);
    if (instr.op === 'lock') {
      const [owner] = this.waitsFor(x);
      const lock = program.locks[instr.lock]!.name;
      return `${name} waits for ${lock}${owner === undefined ? '' : `, which ${program.contexts[owner]?.name} holds`} (${where()})`;
    }
    return `${name} cannot go on (${instr.op} in ${where()})`;
  }
}
