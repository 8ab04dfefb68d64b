/**
 * What of a program can happen at all: the instructions that each context can come to, the values that its locals have
 * there, and the cells that change. Found by following the code from the state after boot with everything taken as
 * constant until a write to it is met, so what is not found cannot happen in any run.
 */
import { HANDLER_CPU, Head, IrqOff, type Code, type Instr, type Program, type StoreAt } from '../../language/program';
import { fold, UNKNOWN, type Known } from './fold';

/** Slots of locals, then what is known of the context itself. */
export type Env = Int32Array;
/** Offsets behind the locals. */
export const Fact = { preempt: 0, irqOff: 1, notifier: 2, size: 3 } as const;

export interface Reach {
  readonly program: Program;
  /** Cells after boot. */
  readonly start: Int32Array;
  /** By context and pc: what is known before the instruction; absent where it is never executed. */
  readonly at: readonly ReadonlyMap<number, Env>[];
  /** Value of a cell that never changes, else UNKNOWN. */
  readonly cell: (at: number) => number;
  /** pcs at which a handler of a call from another CPU begins. */
  readonly handlers: readonly number[];
  /** Some task may have its hooks run. */
  readonly hooked: ReadonlySet<number>;
}

export function reach(program: Program, start: Int32Array): Reach {
  return new Walk(program, start).result();
}

/** What is known where an instruction of a context stands. */
export function knownAt(world: Pick<Reach, 'program' | 'cell'>, self: number, env: Env | null): Known {
  return { program: world.program, cell: world.cell, local: (slot) => env?.[slot] ?? UNKNOWN, self };
}

class Walk {
  private readonly at: Map<number, Env>[];
  private readonly changes: Uint8Array;
  /** Instructions that were looked at with a cell taken as constant. */
  private readonly readers = new Map<number, Set<number>>();
  private readonly work: number[] = [];
  private readonly handlers = new Set<number>();
  private readonly hooked = new Set<number>();
  private reading = -1;
  private readonly cell = (at: number): number => {
    if (this.changes[at] !== 0) return UNKNOWN;
    if (this.reading >= 0) {
      let set = this.readers.get(at);
      if (!set) this.readers.set(at, (set = new Set()));
      set.add(this.reading);
    }
    return this.start[at]!;
  };

  constructor(
    private readonly program: Program,
    private readonly start: Int32Array,
  ) {
    this.at = program.contexts.map(() => new Map<number, Env>());
    this.changes = new Uint8Array(program.width);
  }

  result(): Reach {
    const { program, start } = this;
    program.contexts.forEach((context, x) => {
      const pc = start[context.base + Head.pc]!;
      if (context.kind === 'init' || pc === 0) return;
      const env = this.env(x, (slot) => start[context.base + Head.size + slot]!);
      env[context.locals + Fact.preempt] = start[context.base + Head.preempt]!;
      env[context.locals + Fact.irqOff] = start[context.base + Head.irqOff]!;
      env[context.locals + Fact.notifier] = start[context.base + Head.notifier]!;
      this.enter(x, pc, env);
    });
    const n = program.code.length;
    while (this.work.length > 0) {
      const item = this.work.pop()!;
      this.reading = item;
      this.follow(Math.floor(item / n), item % n);
      this.reading = -1;
    }
    this.standing();
    const { changes } = this;
    return {
      program,
      start,
      at: this.at,
      cell: (at) => (changes[at] !== 0 ? UNKNOWN : start[at]!),
      handlers: [...this.handlers],
      hooked: this.hooked,
    };
  }

  /** What the machine itself writes, of every context that can do anything. */
  private standing(): void {
    const { program } = this;
    const m = program.machine;
    program.contexts.forEach((context, x) => {
      if (this.at[x]!.size === 0) return;
      const fields: number[] = [Head.pc, Head.run];
      if (context.allowed >= 0) fields.push(Head.cpu);
      if (this.hooked.has(x)) fields.push(Head.hook, Head.resume, Head.preempt, Head.irqOff);
      for (const field of fields) this.changes[context.base + field] = 1;
    });
    for (let c = 0; c < program.cpus; c++) this.changes[m.cur + c] = 1;
  }

  private env(x: number, slot: (i: number) => number): Env {
    const { locals } = this.program.contexts[x]!;
    const env = new Int32Array(locals + Fact.size);
    for (let i = 0; i < locals; i++) env[i] = slot(i);
    return env;
  }

  /** Comes to an instruction with this knowledge; what was known there before and differs is known no more. */
  private enter(x: number, pc: number, env: Env): void {
    const before = this.at[x]!.get(pc);
    if (!before) {
      this.at[x]!.set(pc, env.slice());
      this.work.push(x * this.program.code.length + pc);
      return;
    }
    let less = false;
    for (let i = 0; i < env.length; i++)
      if (before[i] !== UNKNOWN && before[i] !== env[i]) {
        before[i] = UNKNOWN;
        less = true;
      }
    if (less) this.work.push(x * this.program.code.length + pc);
  }

  /** A cell may come to hold this value. */
  private write(cell: number, value: number): void {
    if (this.changes[cell] !== 0 || value === this.start[cell]) return;
    this.changes[cell] = 1;
    for (const item of this.readers.get(cell) ?? []) this.work.push(item);
    this.readers.delete(cell);
  }

  private setHead(x: number, field: number, value: number = UNKNOWN): void {
    this.write(this.program.contexts[x]!.base + field, value);
  }

  private follow(x: number, pc: number): void {
    const { program } = this;
    const m = program.machine;
    const instr = program.code[pc]!;
    const env = this.at[x]!.get(pc)!;
    const known: Known = { program, cell: this.cell, local: (slot) => env[slot]!, self: x };
    const value = (code: Code): number => {
      const small = fold(code, known);
      return small.op === 'const' ? small.value : UNKNOWN;
    };
    const out = env.slice();
    const fact = program.contexts[x]!.locals;
    const go = (to: number): void => {
      if (instr.clear) for (let i = instr.clear[0]; i < instr.clear[1]; i++) out[i] = 0;
      this.enter(x, to, out);
    };
    const add = (field: number, amount: number): void => {
      if (out[field] !== UNKNOWN) out[field] = out[field]! + amount;
    };
    const store = (at: StoreAt | null, v: number): void => {
      if (!at) return;
      if (at.op === 'local') {
        out[at.slot] = v;
        this.write(program.contexts[x]!.base + Head.size + at.slot, v);
      } else if (at.op === 'cell') this.write(at.at, v);
      else {
        const index = value(at.index);
        if (index === UNKNOWN) for (let i = 0; i < at.count; i++) this.write(at.base + i, v);
        else if (index >= 0 && index < at.count) this.write(at.base + index, v);
      }
    };
    switch (instr.op) {
      case 'set': {
        const values = instr.stores.map((st) => value(st.value));
        instr.stores.forEach((st, i) => store(st.at, values[i]!));
        return go(instr.next);
      }
      case 'branch': {
        const cond = value(instr.cond);
        if (cond !== 0) go(instr.next);
        if (cond === 0 || cond === UNKNOWN) go(instr.otherwise);
        return;
      }
      case 'switch': {
        const on = value(instr.on);
        if (on !== UNKNOWN) return go(instr.cases.get(on) ?? instr.otherwise);
        for (const to of instr.cases.values()) go(to);
        return go(instr.otherwise);
      }
      case 'choose':
      case 'pick':
        store(instr.at, instr.op === 'choose' && instr.lo === instr.hi ? instr.lo : UNKNOWN);
        return go(instr.next);
      case 'guest':
        store(instr.at, UNKNOWN);
        return go(instr.next);
      case 'end':
        store(instr.at, value(instr.result));
        return go(instr.next);
      case 'stopresult':
        store(instr.at, UNKNOWN);
        return go(instr.next);
      case 'lock':
      case 'unlock': {
        this.write(program.locks[instr.lock]!.cell, UNKNOWN);
        if (instr.mode === 'spin') {
          this.setHead(x, Head.preempt);
          add(fact + Fact.preempt, instr.op === 'lock' ? 1 : -1);
        }
        return go(instr.next);
      }
      case 'preempt':
        this.setHead(x, Head.preempt);
        add(fact + Fact.preempt, instr.on ? -1 : 1);
        return go(instr.next);
      case 'irq': {
        this.setHead(x, Head.irqOff);
        const off = out[fact + Fact.irqOff]!;
        if (off !== UNKNOWN) out[fact + Fact.irqOff] = instr.on ? off & ~instr.why : off | instr.why;
        return go(instr.next);
      }
      case 'notifier':
        this.setHead(x, Head.notifier, instr.on ? 1 : 0);
        out[fact + Fact.notifier] = instr.on ? 1 : 0;
        if (instr.on) this.hook(x);
        return go(instr.next);
      case 'fired':
        if (instr.hitsCell >= 0) this.write(instr.hitsCell, UNKNOWN);
        return go(instr.next);
      case 'action':
        if (!instr.begin) {
          this.write(instr.resultCell, value(instr.result));
          this.write(instr.progressCell, UNKNOWN);
        }
        return go(instr.next);
      case 'panic':
        this.write(m.panic, 1);
        return;
      case 'bug':
        return this.bug(x);
      case 'ipi':
        this.send(instr, x, value);
        return go(instr.next);
      case 'start': {
        const c = value(instr.cpu);
        for (let k = 0; k < program.cpus; k++)
          if (c === UNKNOWN || c === k) {
            const idle = 1 + k;
            this.setHead(idle, Head.irqOff, IrqOff.text);
            const fresh = this.env(idle, () => UNKNOWN);
            fresh[program.contexts[idle]!.locals + Fact.irqOff] = IrqOff.text;
            this.enter(idle, instr.entry, fresh);
          }
        return go(instr.next);
      }
      case 'stop': {
        const c = value(instr.cpu);
        this.write(m.stopped, UNKNOWN);
        this.setHead(x, Head.arg0);
        for (let k = 0; k < program.cpus; k++)
          if (c === UNKNOWN || c === k) {
            const stopper = 1 + 2 * program.cpus + k;
            const args = instr.args.map(value);
            args.forEach((a, i) => this.write(program.contexts[stopper]!.base + Head.size + 1 + i, a));
            for (const field of [Head.irqOff, Head.peer]) this.setHead(stopper, field);
            const fresh = this.env(stopper, (slot) => (slot === 0 ? 0 : (args[slot - 1] ?? 0)));
            fresh[program.contexts[stopper]!.locals + Fact.irqOff] = IrqOff.text;
            this.enter(stopper, instr.entry, fresh);
          }
        return go(instr.next);
      }
      case 'spawn': {
        const arg = instr.args.length > 0 ? value(instr.args[0]!) : 0;
        program.threads[instr.thread]!.contexts.forEach((y, i) => {
          if (arg === UNKNOWN || arg === i) this.spawn(y, program.threads[instr.thread]!.entry, i);
        });
        return go(instr.next);
      }
      case 'allow': {
        const y = value(instr.task);
        program.contexts.forEach(({ allowed }, z) => {
          if (allowed < 0 || (y !== UNKNOWN && y !== z)) return;
          for (let c = 0; c < program.cpus; c++) this.write(allowed + c, UNKNOWN);
        });
        return go(instr.next);
      }
      // they go nowhere else: back to a place where the task has been, or to its end
      case 'ipiend':
      case 'stopend':
      case 'hookend':
      case 'exit':
      case 'poweroff':
      case 'fail':
        return;
      case 'nop':
        if (pc !== 0) go(instr.next);
        return;
      default:
        return go(instr.next);
    }
  }

  private spawn(y: number, entry: number, arg: number): void {
    const { program } = this;
    const context = program.contexts[y]!;
    const takes = context.locals > 0 && (context.vcpu >= 0 || context.kind === 'percpu');
    const fresh = this.env(y, (slot) => (slot === 0 && takes ? arg : 0));
    if (takes) this.write(context.base + Head.size, arg);
    this.enter(y, entry, fresh);
  }

  private send(instr: Extract<Instr, { op: 'ipi' }>, x: number, value: (code: Code) => number): void {
    const { program } = this;
    const m = program.machine;
    for (const field of [Head.calls, Head.arg0, Head.arg1, Head.entry]) this.setHead(x, field);
    this.handlers.add(instr.entry);
    const c = instr.cpu ? value(instr.cpu) : UNKNOWN;
    for (let k = 0; k < program.cpus; k++) {
      if (c !== UNKNOWN && c !== k) continue;
      this.write(m.inIrq + k, UNKNOWN);
      for (let i = 0; i < m.queueDepth; i++) this.write(m.queue + k * m.queueDepth + i, UNKNOWN);
      const irq = 1 + program.cpus + k;
      this.setHead(irq, Head.peer);
      const args = instr.args.map((a) => {
        const v = value(a);
        return v === HANDLER_CPU ? k : v;
      });
      const context = program.contexts[irq]!;
      // what is sent is cut to what the handler's slots can hold
      const cut = (v: number, i: number): number => {
        if (v === UNKNOWN) return v;
        const cell = context.base + Head.size + i;
        return Math.max(program.lo[cell]!, Math.min(v, program.hi[cell]!));
      };
      const given = [0, 1].map((i) => (i < context.locals ? cut(args[i] ?? 0, i) : 0));
      given.forEach((v, i) => i < context.locals && this.write(context.base + Head.size + i, v));
      this.enter(
        irq,
        instr.entry,
        this.env(irq, (slot) => given[slot] ?? 0),
      );
    }
  }

  /** Tasks that ask for it have functions run when they leave a CPU and when they are back. */
  private hook(x: number): void {
    const { program } = this;
    const { hooks } = program;
    const { kind, vcpu, locals } = program.contexts[x]!;
    if (kind === 'irq' || kind === 'stopper' || kind === 'idle' || this.hooked.has(x)) return;
    this.hooked.add(x);
    for (const entry of [hooks.in, hooks.out]) {
      if (entry === 0) continue;
      const env = this.env(x, (slot) =>
        slot < hooks.locals ? UNKNOWN : slot === hooks.locals ? Math.max(0, vcpu) : 0,
      );
      env.fill(UNKNOWN, locals);
      this.write(program.contexts[x]!.base + Head.size + hooks.locals, Math.max(0, vcpu));
      this.enter(x, entry, env);
    }
  }

  private bug(x: number): void {
    const { program } = this;
    const m = program.machine;
    const { kind, locals } = program.contexts[x]!;
    this.write(m.oops, UNKNOWN);
    if (kind === 'irq' || kind === 'idle') {
      this.write(m.panic, 1);
      return;
    }
    if (kind === 'stopper') return;
    for (const field of [Head.irqOff, Head.resume, Head.hook, Head.dying]) this.setHead(x, field);
    for (let c = 0; c < program.cpus; c++) this.write(m.rqWait + c, UNKNOWN);
    if (program.hooks.killed === 0) return;
    const env = new Int32Array(locals + Fact.size).fill(UNKNOWN);
    this.enter(x, program.hooks.killed, env);
  }
}
