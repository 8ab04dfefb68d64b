/**
 * One run of a program: a discrete-event simulation that picks, of all that could happen next, what happens first in
 * nominal time. Each CPU has a clock; each step costs its context's CPU some time. The same program, seed and limits
 * give the same run, step for step.
 *
 * Only CPUs and sleepers that something has touched are looked at again, so a run of thousands of idle CPUs costs
 * what the busy ones cost.
 */
import { Head, Hook, Run as RunState, type Program } from '../language/program';
import { cellsRead, evaluator, type Evaluate } from './evaluate';
import { Heap } from './heap';
import { History } from './history';
import { Machine, MachineError, type Transition } from './machine';

export interface RunOptions {
  /** 0: the plain schedule; any other number perturbs costs, placement and free choices, repeatably. */
  readonly seed?: number;
  /** Lets an idle CPU take a task that has waited a while on another (load balancing), as Machine's option does. */
  readonly balance?: boolean;
  /** Most steps taken; the run then ends with `end: 'limit'`. */
  readonly maxSteps?: number;
  /** Goes on at least to this moment, nominal nanoseconds, though nothing new would happen. */
  readonly until?: number;
}

export interface RunResult {
  readonly program: Program;
  readonly history: History;
  /** State before the first step. */
  readonly initial: Int32Array;
  /** The machine in its last state. */
  readonly machine: Machine;
  /** quiet: nothing new would happen; limit: `maxSteps` reached; panic: the host is dead; error: the text did what it must not. */
  readonly end: 'quiet' | 'limit' | 'panic' | 'error';
  readonly error: MachineError | null;
  /** Step at which the question's condition first held (or, for `always`, failed); -1 never. */
  readonly witness: number;
  /** Nanoseconds at the end. */
  readonly duration: number;
}

const IPI_LATENCY = 600;
const TIME_SLICE = 3_000_000;
/** A task that has waited this long moves to a CPU that idles. */
const BALANCE = 2_000_000;
/** A guest that is left alone exits by itself after this long. */
const RESIDENCE = 2_000_000;
/** One that halts does so after this long. */
const UNTIL_HALT = 40_000;
/** After the last act the run goes on this long, so that its consequences show. */
const TAIL = 400_000;
const FOREVER = Number.POSITIVE_INFINITY;

/** mulberry32: a small repeatable generator, enough to perturb a schedule. */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Runs to the end. Never throws for what a text does: that is `end: 'error'`. */
export function run(program: Program, options: RunOptions = {}): RunResult {
  return new Simulation(program, options).advance(options.until ?? 0);
}

/**
 * A run that can go on: each call goes further in the same history, and what it gives is what `run` gives with that `until`.
 * @returns a function of the moment (nominal nanoseconds) to go to at least
 */
export function running(program: Program, options: RunOptions = {}): (until: number) => RunResult {
  const simulation = new Simulation(program, options);
  return (until) => simulation.advance(until);
}

class Simulation {
  private readonly machine: Machine;
  private readonly history: History;
  private readonly initial: Int32Array;
  private readonly heap = new Heap();
  private readonly clock: Float64Array;
  private readonly queued: Float64Array;
  private readonly sliceStart: Float64Array;
  private readonly arrival: Float64Array;
  private readonly readyAt: Float64Array;
  private readonly restUntil: Float64Array;
  private readonly guestSince: Float64Array;
  private readonly turns: Int32Array;
  /** Context by cell, -1 outside contexts; CPU by cell, -1 where it belongs to none. */
  private readonly contextOf: Int32Array;
  private readonly cpuOf: Int32Array;
  private readonly watchers = new Map<number, Set<number>>();
  /** Sleepers whose condition asks about tasks: looked at after every step. */
  private readonly restless = new Set<number>();
  private readonly dirty = new Set<number>();
  private readonly check = new Set<number>();
  private readonly random: (() => number) | null;
  private now = 0;
  private lastAct = 0;
  private frozen = false;

  constructor(
    private readonly program: Program,
    private readonly options: RunOptions,
  ) {
    this.machine = new Machine(program, { balance: options.balance ?? false });
    this.initial = this.machine.s.slice();
    this.history = new History(program);
    const n = program.cpus;
    const contexts = program.contexts.length;
    this.clock = new Float64Array(n);
    this.queued = new Float64Array(n + contexts).fill(FOREVER);
    this.sliceStart = new Float64Array(n);
    this.arrival = new Float64Array(n);
    this.readyAt = new Float64Array(contexts);
    this.restUntil = new Float64Array(contexts);
    this.guestSince = new Float64Array(contexts).fill(-1);
    this.turns = new Int32Array(contexts);
    this.contextOf = new Int32Array(program.width).fill(-1);
    this.cpuOf = new Int32Array(program.width).fill(-1);
    program.contexts.forEach((c, x) => this.contextOf.fill(x, c.base, c.base + Head.size + c.locals));
    for (const g of program.groups) {
      if (g.scope !== 'cpu') continue;
      const per = g.count / n;
      for (let i = 0; i < g.count; i++) this.cpuOf[g.base + i] = Math.floor(i / per);
    }
    program.contexts.forEach((c, x) => c.allowed >= 0 && this.contextOf.fill(x, c.allowed, c.allowed + n));
    for (const { context, actions } of program.actors) this.restUntil[context] = actions[0]?.at ?? 0;
    this.random = options.seed ? generator(options.seed) : null;
  }

  private witness = -1;
  private begun = false;
  private end: RunResult['end'] = 'quiet';
  private error: MachineError | null = null;

  /** Goes on until nothing new would happen, at least to a moment (nanoseconds). */
  advance(until: number): RunResult {
    const { machine, history, program } = this;
    try {
      if (machine.bootError) throw machine.bootError;
      if (!this.begun) this.begin();
      if (this.end === 'quiet') this.end = this.go(until);
    } catch (e) {
      if (!(e instanceof MachineError)) throw e;
      this.error = e;
      this.end = 'error';
    }
    const { end, error, witness } = this;
    const last = history.length ? history.step(history.length - 1).start + history.step(history.length - 1).cost : 0;
    const duration = Math.max(this.now, last, end === 'quiet' ? Math.max(until, this.quietAt) : 0);
    return { program, history, initial: this.initial, machine, end, error, witness, duration };
  }

  private begin(): void {
    this.begun = true;
    for (let c = 0; c < this.program.cpus; c++) if (this.machine.isOn(c)) this.dirty.add(c);
    for (let x = 0; x < this.program.contexts.length; x++) this.check.add(x);
    this.look();
    this.replan();
  }

  /** Has the question's condition become true (or, for `always`, false)? */
  private look(): void {
    const { question } = this.program;
    if (!question || this.witness >= 0) return;
    this.condition ??= evaluator(question.cond, this.machine.around);
    const wanted = question.how === 'always' ? 0 : 1;
    if (this.machine.evaluate(this.condition) === wanted) this.witness = this.history.length;
  }
  private condition: Evaluate | null = null;
  /** When what has not come any more would have come. */
  private quietAt = 0;

  private go(until: number): RunResult['end'] {
    const { machine, history } = this;
    const limit = this.options.maxSteps ?? 200_000;
    for (;;) {
      const event = this.heap.pop();
      if (!event) return 'quiet';
      if (event.time !== this.queued[event.item]) continue;
      if (history.length >= limit) return 'limit';
      // asked while the event is still queued: a sleeper about to be woken has something left to do
      if (event.time >= until && this.quiet(Math.max(this.now, event.time))) {
        this.heap.push(event.time, event.item);
        this.quietAt = event.time;
        return 'quiet';
      }
      this.now = Math.max(this.now, event.time);
      this.queued[event.item] = FOREVER;
      this.fire(event.item, event.time);
      this.look();
      if (machine.s[this.program.machine.panic] !== 0) return 'panic';
      this.replan();
    }
  }

  /** Nothing but guests turning round since a while, each of them at least once. */
  private quiet(now: number): boolean {
    if (now - this.lastAct < TAIL) return false;
    for (const x of this.machine.floating) {
      const run = this.machine.head(x, Head.run);
      if (this.program.contexts[x]!.vcpu < 0) {
        // somebody is about to be woken
        if (run === RunState.sleeping && this.queued[this.program.cpus + x] !== FOREVER) return false;
        // or has its turn when that of another is over
        if (run === RunState.runnable && this.hasTurn(x)) return false;
        continue;
      }
      if (run !== RunState.runnable && run !== RunState.sleeping) continue;
      if (run === RunState.sleeping && this.queued[this.program.cpus + x] === FOREVER) continue;
      if (this.turns[x] === 0 && this.machine.instrOf(x).op !== 'guest') return false;
    }
    return true;
  }

  /** Can go on, on a CPU that runs it or will take it up. */
  private hasTurn(x: number): boolean {
    const { machine } = this;
    const cpu = machine.head(x, Head.cpu);
    if (cpu < 0 || !machine.ready(x)) return false;
    return machine.isCurrent(x) ? machine.top(cpu) === x : machine.preemptible(cpu) && machine.mayRun(x, cpu);
  }

  // ---- events

  private fire(item: number, time: number): void {
    const n = this.program.cpus;
    if (item >= n) {
      const x = item - n;
      if (this.machine.head(x, Head.run) === RunState.sleeping && this.machine.ready(x)) this.wake(x, time);
      else this.check.add(x);
      return;
    }
    const plan = this.plan(item);
    if (!plan) return;
    if (plan.time > time) {
      this.enqueue(item, plan.time);
      return;
    }
    this.apply(plan.transition, time, item);
  }

  private wake(x: number, time: number): void {
    const cpu = this.choosePlace(x);
    if (cpu >= 0 && this.machine.rqHeld(cpu)) this.spin(x, cpu, time);
    else if (cpu >= 0) this.apply({ kind: 'wake', context: x, cpu, choice: 0 }, time, -1);
    else if (this.program.contexts[x]!.kind !== 'percpu')
      this.apply({ kind: 'adrift', context: x, cpu: this.machine.head(x, Head.cpu), choice: 0 }, time, -1);
  }

  /** Whoever did the last step wakes x on a CPU whose run queue lock is never given back. */
  private spin(x: number, cpu: number, time: number): void {
    const placers = this.machine.placers();
    const by = placers.includes(this.lastCpu) ? this.lastCpu : placers[0];
    if (by !== undefined) this.apply({ kind: 'wake', context: x, cpu, choice: by + 1 }, time, by);
  }

  /** The CPU of the last time where it is idle, else the idlest one that may take the task. */
  private choosePlace(x: number): number {
    const { machine } = this;
    const allowed = machine.allowedCpus(x);
    if (allowed.length <= 1) return allowed[0] ?? -1;
    const before = machine.head(x, Head.cpu);
    const load = (c: number): number => machine.waiting(c).length + (machine.currentTask(c) >= 0 ? 1 : 0);
    const fresh = this.program.contexts[x]!.vcpu >= 0 && this.turns[x] === 0;
    let best = -1;
    let bestLoad = FOREVER;
    for (const c of allowed) {
      const l = load(c) - (c === before && !fresh ? 0.5 : 0) + (this.random ? this.random() * 0.4 : 0);
      if (l < bestLoad) {
        bestLoad = l;
        best = c;
      }
    }
    return best;
  }

  private apply(t: Transition, time: number, cpu: number): void {
    const { machine } = this;
    const pc = machine.head(t.context, Head.pc);
    machine.apply(t);
    // the history must know what the step took in this run
    if (this.random) machine.cost *= 0.6 + 0.8 * this.random();
    const done = time + machine.cost;
    if (cpu >= 0) this.clock[cpu] = done;
    this.note(t, time, done);
    const { journal } = machine;
    for (let i = 0; i < journal.length; i += 2) this.touched(journal[i]!, journal[i + 1]!);
    this.history.record(machine, t, pc, time);
    this.now = time;
    if (cpu >= 0) this.dirty.add((this.lastCpu = cpu));
    this.wakeTime = done;
  }

  private wakeTime = 0;
  /** CPU of the last step. */
  private lastCpu = 0;

  /** Times that are no part of the state. */
  private note(t: Transition, time: number, done: number): void {
    const { machine, program } = this;
    const x = t.context;
    const context = program.contexts[x]!;
    if (t.kind === 'wake' || t.kind === 'push') this.readyAt[x] = done;
    if (t.kind === 'preempt') this.readyAt[x] = done;
    if (t.kind === 'switch') this.sliceStart[t.cpu] = done;
    if (t.kind === 'step') {
      const instr = program.code[this.pcBefore(x)]!;
      if (instr.op === 'rest') this.restUntil[x] = Math.max(done + instr.us * 1000, instr.until ?? 0);
      if (instr.op === 'guest' && context.vcpu >= 0) this.guestSince[x] = -1;
    }
    for (const e of machine.effects) {
      if (e.kind === 'send') this.arrival[e.to] = done + IPI_LATENCY;
      if (e.kind === 'oops' || e.kind === 'action' || e.kind === 'migrate' || e.kind === 'ended') this.act(time);
    }
    if (context.vcpu < 0 && (t.kind === 'step' || t.kind === 'wake')) this.act(time);
  }

  private act(time: number): void {
    this.lastAct = time;
    this.turns.fill(0);
  }

  /** pc of the instruction that the last transition of x began with, from the journal; its present pc where it did not move. */
  private pcBefore(x: number): number {
    const cell = this.program.contexts[x]!.base + Head.pc;
    const { journal } = this.machine;
    for (let i = 0; i < journal.length; i += 2) if (journal[i] === cell) return journal[i + 1]!;
    return this.machine.s[cell]!;
  }

  private touched(cell: number, old: number): void {
    const x = this.contextOf[cell]!;
    if (x >= 0) {
      const base = this.program.contexts[x]!.base;
      const cpu = this.machine.s[base + Head.cpu]!;
      if (cpu >= 0) this.dirty.add(cpu);
      if (cell === base + Head.cpu && old >= 0) this.dirty.add(old);
      if (cell === base + Head.run || cell === base + Head.pc) this.check.add(x);
      // a new mask may send a task away, or let a sleeper be placed
      if (cell >= base + Head.size) this.check.add(x);
    } else {
      const cpu = this.cpuOf[cell]!;
      if (cpu >= 0) this.dirty.add(cpu);
      if (cell === this.program.machine.stopped)
        for (let c = 0; c < this.program.cpus; c++) if (this.machine.isOn(c)) this.dirty.add(c);
    }
    const waiting = this.watchers.get(cell);
    if (!waiting) return;
    for (const y of waiting) {
      this.check.add(y);
      const cpu = this.machine.head(y, Head.cpu);
      if (cpu >= 0) this.dirty.add(cpu);
    }
    this.watchers.delete(cell);
  }

  // ---- planning

  private replan(): void {
    const { machine, program } = this;
    const stopped = machine.s[program.machine.stopped] !== 0;
    if (this.frozen && !stopped) {
      // everybody stood still for as long as the stopper took
      for (let c = 0; c < program.cpus; c++) if (this.clock[c]! < this.now) this.clock[c] = this.now;
      for (const x of this.machine.floating) this.check.add(x);
    }
    this.frozen = stopped;
    for (const x of this.restless) this.check.add(x);
    if (!stopped) {
      for (const x of this.check) this.consider(x);
      this.check.clear();
    }
    for (const c of this.dirty) {
      const plan = this.plan(c);
      if (plan) this.enqueue(c, Math.max(plan.time, this.now));
    }
    this.dirty.clear();
  }

  private enqueue(item: number, time: number): void {
    if (time >= this.queued[item]!) return;
    this.queued[item] = time;
    this.heap.push(time, item);
  }

  /** A sleeper that may be woken, or a runnable task that must move. */
  private consider(x: number): void {
    const { machine, program } = this;
    const context = program.contexts[x]!;
    if (context.allowed < 0 && context.kind !== 'percpu') return;
    const run = machine.head(x, Head.run);
    if (run === RunState.sleeping && machine.head(x, Head.hook) !== Hook.out) {
      this.restless.delete(x);
      if (machine.ready(x)) {
        const at = Math.max(this.wakeTime, this.restUntil[x]!);
        if (machine.allowedCpus(x).length > 0 || context.kind !== 'percpu') this.enqueue(program.cpus + x, at);
        else this.restless.add(x);
      } else this.watch(x);
    } else if (run === RunState.runnable) {
      this.restless.delete(x);
      const cpu = machine.head(x, Head.cpu);
      if (cpu >= 0) this.dirty.add(cpu);
    }
  }

  /** Looks at x again when something that its condition reads has changed. */
  private watch(x: number): void {
    const instr = this.machine.instrOf(x);
    let cells: number[] | null = null;
    if (instr.op === 'lock') cells = [this.program.locks[instr.lock]!.cell];
    else if (instr.op === 'await' || instr.op === 'spin' || instr.op === 'idle')
      cells = cellsRead(instr.cond, this.machine.around, this.machine.s, x);
    else if (instr.op === 'action') cells = instr.when && cellsRead(instr.when, this.machine.around, this.machine.s, x);
    else if (instr.op === 'ipiwait') cells = [this.program.contexts[x]!.base + Head.calls];
    if (!cells) {
      this.restless.add(x);
      return;
    }
    for (const cell of cells) {
      let set = this.watchers.get(cell);
      if (!set) this.watchers.set(cell, (set = new Set()));
      set.add(x);
    }
  }

  /** What a CPU does next and when; null when it has nothing to do until something changes. */
  private plan(c: number): { time: number; transition: Transition } | null {
    const { machine, program } = this;
    const m = program.machine;
    const clock = Math.max(this.clock[c]!, 0);
    const out = (
      kind: Transition['kind'],
      context: number,
      time: number,
      choice = 0,
      cpu = c,
    ): { time: number; transition: Transition } => ({
      time: Math.max(time, clock),
      transition: { kind, context, cpu, choice },
    });
    if (machine.spinsOnRq(c) || machine.rqHeld(c)) return null;
    const x = machine.top(c);
    let late: ReturnType<typeof out> | null = null;
    if (machine.s[m.stopped] === 0) {
      const pending = machine.s[m.queue + c * m.queueDepth] !== 0;
      if (pending && machine.takesIrq(c)) return out('irq', 1 + program.cpus + c, this.arrival[c]!);
      if (machine.s[m.inIrq + c] === 0) {
        const task = machine.currentTask(c);
        const waiting = machine.waiting(c);
        for (const y of waiting) {
          if (machine.mayRun(y, c)) continue;
          const to = this.choosePlace(y);
          if (to >= 0) return out('push', y, this.readyAt[y]!, machine.rqHeld(to) ? c + 1 : 0, to);
          if (program.contexts[y]!.kind !== 'percpu') return out('adrift', y, this.readyAt[y]!);
        }
        if (task >= 0 && this.options.balance) {
          for (const y of waiting) {
            const idle = clock - this.readyAt[y]! > BALANCE ? this.idleFor(y) : -1;
            if (idle >= 0) return out('push', y, clock, 0, idle);
          }
        }
        if (machine.preemptible(c)) {
          const mustLeave = task >= 0 && !machine.mayRun(task, c);
          const others = waiting.filter((y) => machine.mayRun(y, c));
          if (task < 0 && others.length > 0) {
            const first = others.reduce((a, b) => (this.readyAt[b]! < this.readyAt[a]! ? b : a));
            return out('switch', first, this.readyAt[first]!);
          }
          if (mustLeave) return out('preempt', task, clock);
          const hog =
            task >= 0 && program.contexts[task]!.vcpu >= 0 && others.some((y) => program.contexts[y]!.vcpu < 0);
          if (task >= 0 && others.length > 0 && (hog || clock - this.sliceStart[c]! > TIME_SLICE))
            return out('preempt', task, clock);
          if (task >= 0 && others.length > 0) late = out('preempt', task, this.sliceStart[c]! + TIME_SLICE);
        }
      }
    }
    if (x < 0) return null;
    // one that spins loses its CPU when its time is over
    return this.planStep(x, c, clock, out) ?? late;
  }

  /** A CPU that idles and may take this task; -1 when there is none. */
  private idleFor(x: number): number {
    const { machine } = this;
    if (this.program.contexts[x]!.allowed < 0) return -1;
    return (
      machine
        .allowedCpus(x)
        .find((c) => machine.currentTask(c) < 0 && machine.preemptible(c) && machine.waiting(c).length === 0) ?? -1
    );
  }

  private planStep(
    x: number,
    c: number,
    clock: number,
    out: (
      kind: Transition['kind'],
      context: number,
      time: number,
      choice?: number,
    ) => { time: number; transition: Transition },
  ): { time: number; transition: Transition } | null {
    const { machine } = this;
    const instr = machine.instrOf(x);
    switch (instr.op) {
      case 'nop':
        return machine.head(x, Head.pc) === 0 ? null : out('step', x, clock);
      case 'choose':
        return out(
          'step',
          x,
          clock,
          this.random ? instr.lo + Math.floor(this.random() * (instr.hi - instr.lo + 1)) : instr.hi,
        );
      case 'pick': {
        const set: number[] = [];
        for (let i = 0; i < instr.count; i++) if (machine.s[instr.base + i] !== 0) set.push(i);
        if (set.length === 0) return null;
        return out('step', x, clock, this.random ? set[Math.floor(this.random() * set.length)]! : set[0]!);
      }
      case 'guest': {
        if (this.guestSince[x]! < 0) this.guestSince[x] = clock;
        this.turns[x] = this.turns[x]! + 1;
        const ways = machine.guestLeaves(x);
        if (ways.includes(0)) {
          const pending = machine.s[this.program.machine.queue + c * this.program.machine.queueDepth] !== 0;
          return out('step', x, pending ? this.arrival[c]! : clock, 0);
        }
        return ways.length === 0 ? null : out('step', x, this.guestSince[x]! + this.residence(x), 1);
      }
      default:
        if (machine.ready(x)) return out('step', x, clock);
        if (machine.sleeps(instr) && machine.head(x, Head.run) === RunState.runnable) return out('sleep', x, clock);
        this.watch(x);
        return null;
    }
  }

  private residence(x: number): number {
    const { vcpu } = this.program.contexts[x]!;
    const vm = vcpu < 0 ? -1 : this.program.vcpus[vcpu]!.vm;
    return this.program.halting[vm] ? UNTIL_HALT : RESIDENCE;
  }
}
