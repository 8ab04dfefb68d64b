/** What an instruction does: one statement of the text in one context, and the hooks and deaths that come with it. */
import { Dying, Head, Hook, IrqOff, Run, type Instr, type Program, type StoreAt } from '../language/program';
import type { Effect } from './effects';
import { OutOfRange, type Evaluate } from './evaluate';
import { format, show } from './format';
import { Guards, MachineError } from './guards';

/** Longest run of glue and atomic instructions in one step; beyond it the text loops without letting anyone else run. */
const MAX_GLUE = 20_000;

/** Head cells that a context loses when it ends, and those of the call that it has sent. */
const OWN = [
  Head.pc,
  Head.run,
  Head.preempt,
  Head.irqOff,
  Head.notifier,
  Head.hook,
  Head.resume,
  Head.peer,
  Head.dying,
];
const CALL = [Head.arg0, Head.arg1, Head.entry];

export class Execution extends Guards {
  /** Effects of the last transition, when `watch` is on. */
  effects: Effect[] = [];
  watch = true;
  /** Nominal nanoseconds that the last transition took. */
  cost = 0;
  /** The instruction that takes #UD in a frame. */
  private readonly udOf: ReadonlyMap<number, string>;

  constructor(program: Program) {
    super(program);
    this.udOf = new Map(program.code.flatMap((i) => (i.op === 'ud' ? [[i.frame, i.instruction]] : [])));
  }

  protected store(at: StoreAt, index: Evaluate | null, x: number, value: number): void {
    if (at.op === 'cell') this.put(at.at, value);
    else if (at.op === 'local') {
      if (value < at.lo || value > at.hi)
        throw new OutOfRange(`${at.what} would become ${value}, outside its range ${at.lo}..${at.hi}`);
      this.put(this.bases[x]! + Head.size + at.slot, value);
    } else {
      const i = index!(this.s, x);
      if (i < 0 || i >= at.count) throw new OutOfRange(`${at.what}[${i}] does not exist`);
      this.put(at.base + i, value);
    }
  }

  protected effect(e: Effect): void {
    if (this.watch) this.effects.push(e);
  }

  protected sleep(x: number, c: number): void {
    this.mightSleep(x);
    this.setHead(x, Head.run, Run.sleeping);
    this.leave(x, c);
    this.cost = 1_000;
  }

  /** The current task gives up its CPU; its hook runs first, on its behalf. */
  protected leave(x: number, c: number): void {
    if (this.head(x, Head.notifier) !== 0 && this.program.hooks.out !== 0 && this.head(x, Head.hook) === Hook.none) {
      this.setHead(x, Head.irqOff, this.head(x, Head.irqOff) | IrqOff.hook);
      this.enterHook(x, Hook.out, this.program.hooks.out);
      return;
    }
    this.put(this.program.machine.cur + c, this.idleOf + c + 1);
  }

  protected enterHook(x: number, which: number, entry: number): void {
    this.setHead(x, Head.resume, this.head(x, Head.pc));
    this.setHead(x, Head.pc, entry);
    this.setHead(x, Head.hook, which);
    this.put(this.bases[x]! + Head.size + this.program.hooks.locals, Math.max(0, this.program.contexts[x]!.vcpu));
    this.settle(x);
  }

  /** Runs glue until the context stands at an instruction that others can see. */
  protected settle(x: number): void {
    for (let i = 0; this.instrOf(x).glue; i++) {
      if (i > MAX_GLUE) throw new MachineError('a loop that never lets anyone else run', this.head(x, Head.pc), x);
      this.execute(x, 0);
    }
  }

  protected step(x: number, choice: number): void {
    let { atomic } = this.instrOf(x);
    this.execute(x, choice);
    for (let i = 0; ; i++) {
      const instr = this.instrOf(x);
      // glue outside the block ends it, so that the next turn of a loop is a step of its own
      if (instr.atomic !== atomic) atomic = 0;
      if (!instr.glue && (atomic === 0 || this.s[this.program.machine.panic] !== 0 || !this.ready(x))) return;
      if (i > MAX_GLUE) {
        const why = atomic === 0 ? 'a loop that never lets anyone else run' : 'an atomic block that does not end';
        throw new MachineError(why, this.head(x, Head.pc), x);
      }
      this.execute(x, 0);
    }
  }

  /** One instruction. */
  protected execute(x: number, choice: number): void {
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
        if (instr.mode !== 'spin') this.mightSleep(x);
        if (instr.mode === 'read') this.put(cell, s[cell]! + 1);
        else this.put(cell, instr.mode === 'write' ? -(x + 1) : x + 1);
        if (instr.mode === 'spin') this.setHead(x, Head.preempt, this.head(x, Head.preempt) + 1);
        break;
      }
      case 'unlock':
        this.unlock(instr, x, pc);
        break;
      case 'await':
        this.mightSleep(x);
        break;
      case 'spin':
      case 'idle':
        break;
      case 'irq': {
        if (instr.on && this.head(x, Head.dying) === Dying.held) {
          this.standStill(x, cpu);
          return;
        }
        const off = this.head(x, Head.irqOff);
        this.setHead(x, Head.irqOff, instr.on ? off & ~instr.why : off | instr.why);
        break;
      }
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
        const left = this.head(sender, Head.calls) - 1;
        this.setHead(sender, Head.calls, left);
        if (left === 0) for (const field of CALL) this.setHead(sender, field, 0);
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
        this.setHead(idle, Head.irqOff, IrqOff.text);
        this.settle(idle);
        break;
      }
      case 'poweroff':
        this.put(this.program.machine.cur + cpu, 0);
        this.reset(x);
        return;
      case 'stop': {
        this.mightSleep(x);
        const stopper = this.stopperOf + value(instr.args.length);
        const args = instr.args.map((_, i) => value(i));
        const base = this.bases[stopper]! + Head.size;
        this.put(this.program.machine.stopped, stopper + 1);
        args.forEach((a, i) => this.put(base + 1 + i, a));
        this.setHead(stopper, Head.pc, instr.entry);
        this.setHead(stopper, Head.run, Run.runnable);
        this.setHead(stopper, Head.irqOff, IrqOff.text);
        this.setHead(stopper, Head.peer, x + 1);
        this.settle(stopper);
        break;
      }
      case 'stopend': {
        const result = s[this.bases[x]! + Head.size]!;
        this.setHead(this.head(x, Head.peer) - 1, Head.arg0, result);
        this.reset(x);
        this.put(this.program.machine.stopped, 0);
        return;
      }
      case 'stopresult': {
        const result = this.head(x, Head.arg0);
        this.setHead(x, Head.arg0, 0);
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
        const task = this.program.contexts[value(0)];
        if (!task) throw new OutOfRange('there is no such task to allow anywhere');
        const { allowed } = task;
        if (allowed < 0) throw new MachineError(`${task.name} has no affinity mask`, pc, x);
        const on = this.head(value(0), Head.cpu);
        if (on >= 0 && this.rqHeld(on)) {
          this.spinForRq(value(0), on, cpu);
          return;
        }
        const only = instr.cpu ? value(1) : -1;
        for (let c = 0; c < this.program.cpus; c++) this.put(allowed + c, only < 0 || only === c ? 1 : 0);
        break;
      }
      case 'guest':
        if (instr.at) this.store(instr.at, compiled.indexes[0] ?? null, x, choice);
        break;
      case 'yield':
        this.mightSleep(x);
        this.setHead(x, Head.pc, next);
        this.leave(x, cpu);
        return;
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
        this.setHead(x, Head.hook, Hook.none);
        if (which === Hook.out) {
          this.setHead(x, Head.irqOff, this.head(x, Head.irqOff) & ~IrqOff.hook);
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

  protected unlock(instr: Extract<Instr, { op: 'unlock' }>, x: number, pc: number): void {
    const lock = this.program.locks[instr.lock]!;
    const value = this.s[lock.cell]!;
    const held = instr.mode === 'read' ? value > 0 : value === (instr.mode === 'write' ? -(x + 1) : x + 1);
    if (!held)
      throw new MachineError(`${this.program.contexts[x]!.name} unlocks ${lock.name}, which it does not hold`, pc, x);
    this.put(lock.cell, instr.mode === 'read' ? value - 1 : 0);
    if (instr.mode === 'spin') this.setHead(x, Head.preempt, this.head(x, Head.preempt) - 1);
  }

  protected send(instr: Extract<Instr, { op: 'ipi' }>, pc: number, x: number, cpu: number): void {
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

  protected spawn(thread: number, arg: number, cpu: number, pc: number, x: number): void {
    const t = this.program.threads[thread]!;
    const y = t.contexts[arg];
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
  protected reset(x: number): void {
    const { base, locals } = this.program.contexts[x]!;
    for (let i = 0; i < locals; i++) this.put(base + Head.size + i, 0);
    for (const field of OWN) this.setHead(x, field, 0);
    // what it sent to other CPUs outlives it until they have taken it
    if (this.head(x, Head.calls) === 0) for (const field of CALL) this.setHead(x, field, 0);
  }

  protected exit(x: number, cpu: number): void {
    if (this.head(x, Head.dying) === Dying.held) {
      this.standStill(x, cpu);
      return;
    }
    const dead = this.head(x, Head.dying) !== Dying.no;
    const kind = this.kinds[x];
    this.reset(x);
    if (kind === 'init') return;
    this.setHead(x, Head.run, dead ? Run.dead : Run.none);
    this.effect({ kind: 'ended', context: x, cpu, dead });
    if (this.s[this.program.machine.cur + cpu] === x + 1)
      this.put(this.program.machine.cur + cpu, this.idleOf + cpu + 1);
  }

  protected panic(cpu: number, why: string): void {
    this.put(this.program.machine.panic, 1);
    this.effect({ kind: 'panic', cpu, why });
  }

  /** A BUG: the host panics where no task can be killed; otherwise the task dies with its locks held. */
  protected bug(x: number, cpu: number, instr: Extract<Instr, { op: 'bug' }>): void {
    const { oops } = this.program.machine;
    this.put(oops, Math.min(3, this.s[oops]! + 1));
    const kind = this.kinds[x]!;
    const inInterrupt = kind === 'irq';
    const killed = !inInterrupt && kind !== 'idle';
    const [fn, caller] = this.callers(instr.frame);
    this.effect({
      kind: 'oops',
      cpu,
      context: x,
      fn,
      caller,
      instruction: this.faulted(instr.frame),
      where: this.format(instr.format, this.compiled[this.head(x, Head.pc)]!.values, x),
      killed,
    });
    if (!killed) {
      this.panic(cpu, inInterrupt ? 'Fatal exception in interrupt' : 'Attempted to kill the idle task!');
      return;
    }
    if (kind === 'stopper') {
      // the others wait for it in stop_machine, interrupts off, and nobody will ever answer
      this.setHead(x, Head.pc, 0);
      this.setHead(x, Head.run, Run.dead);
      this.effect({ kind: 'ended', context: x, cpu, dead: true });
      return;
    }
    const held = this.head(x, Head.hook) === Hook.out;
    if (this.program.hooks.killed === 0 || (this.head(x, Head.dying) !== Dying.no && !held)) {
      // nothing is said of how a task ends here, or it died again on its way out
      this.standStill(x, cpu);
      if (!held) this.put(this.program.machine.cur + cpu, this.idleOf + cpu + 1);
      return;
    }
    this.setHead(x, Head.irqOff, this.head(x, Head.irqOff) === 0 ? 0 : IrqOff.text);
    this.setHead(x, Head.resume, 0);
    this.setHead(x, Head.hook, Hook.none);
    this.setHead(x, Head.dying, held ? Dying.held : Dying.yes);
    this.setHead(x, Head.pc, this.program.hooks.killed);
    this.settle(x);
  }

  /** A task that does nothing any more. Inside the scheduler: its CPU neither, and its run queue lock is never given back. */
  private standStill(x: number, cpu: number): void {
    this.setHead(x, Head.pc, 0);
    this.setHead(x, Head.run, Run.dead);
    this.effect({ kind: 'ended', context: x, cpu, dead: true });
  }

  /** CPU `by` has to place a task on CPU c, or to take it from there, and c's run queue lock is never given back. */
  protected spinForRq(x: number, c: number, by: number): void {
    this.setHead(x, Head.cpu, c);
    this.put(this.program.machine.rqWait + by, x + 1);
    this.cost = 300;
  }

  /** The instruction whose #UD led here: that of the nearest caller that stands for an instruction. */
  private faulted(frame: number): string {
    for (let f = frame; f >= 0; f = this.program.frames[f]!.parent) {
      const instruction = this.udOf.get(f);
      if (instruction !== undefined) return instruction;
    }
    return '';
  }

  /** The function of this frame and its caller; names in capitals are instructions and macros, and are passed over. */
  protected callers(frame: number): [fn: string, caller: string] {
    const { frames } = this.program;
    const names: string[] = [];
    for (let f = frame; f >= 0 && names.length < 2; f = frames[f]!.parent) {
      const { fn } = frames[f]!;
      if (fn !== fn.toUpperCase()) names.push(fn);
    }
    return [names[0] ?? '', names[1] ?? ''];
  }

  /** Text of a log or trace line: see `show` for what stands for a value. */
  format(text: string, values: readonly Evaluate[], x: number): string {
    return format(
      this.program,
      text,
      values.map((v) => v(this.s, x)),
    );
  }

  show(letter: string, value: number): string {
    return show(this.program, letter, value);
  }
}
