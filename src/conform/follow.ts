/**
 * Follows a capture with the model: for each thing that the capture shows next, the context that it is of is moved until it
 * shows something, and the two are held against each other. Other contexts move only where that one waits for them. So the
 * trace takes every free choice; what the model then does is its own.
 */
import { Head, Run, type Program } from '../language/program';
import { MachineError } from '../machine/machine';
import type { EventTable } from '../timeline/ftrace-events';
import type { Demand, Death } from './demands';
import type { Armed, Derived, Planned } from './derive';
import { cpusWith, endOf, listText, lives } from './readings';
import { LogMatch, type LogView } from './logs';
import { Mover, type Choices } from './mover';
import type { Category, Difference } from './report';
import { SLACK, type Roles } from './roles';
import { describeSeen, inlinedIn, type Seen, type TraceView } from './seen';
import { describeShown, Eye, type Shown } from './shown';
import type { Tally } from './tally';
import type { Arrivals, Way } from './turns';
import type { MachineEvent } from './watched';

/** Most transitions that one demand may take: beyond it the model runs in circles. */
const MAX_MOVES = 4_000;
/** Lines of one context that are looked at to find the common path again. */
const RESYNC = 6;

export interface FollowInput {
  readonly program: Program;
  readonly derived: Derived;
  readonly demands: readonly Demand[];
  readonly view: TraceView;
  readonly arrivals: Arrivals;
  readonly roles: Roles;
  readonly log: LogView;
  readonly table: EventTable;
  readonly tally: Tally;
}

export class Follower implements Choices {
  readonly mover: Mover;
  readonly eye: Eye;
  readonly logs: LogMatch;
  private readonly queues = new Map<number, Shown[]>();
  /** vCPUs whose lines are followed one by one just now. */
  private readonly strict = new Set<number>();
  private readonly begun: Int32Array;
  private readonly done: Uint8Array;
  private tracing = false;
  private modules = true;
  private now = 0;
  private position = 0;
  /** What the model showed last, for the lines around a difference. */
  private readonly recent: string[] = [];
  private readonly known: ReadonlySet<string>;
  private readonly inlined: ReadonlySet<string>;
  /** Cell that counts the actions done, by actor's name. */
  private readonly progressCells: ReadonlyMap<string, number>;
  /** A quiet move collects what it shows; more than silence takes it back. */
  /** The line just now is of another task than the model's, so that its CPU says nothing. */
  private anywhere = false;
  /** The vCPU whose KVM_RUN returns just now. */
  private leaving = -1;
  private quietly: { loud: boolean; heard: { e: MachineEvent; shown: Shown | null }[] } | null = null;
  readonly hits = new Map<number, number>();
  private readonly armedOf: readonly (readonly Armed[])[];
  /** Where the trace has the other tasks next. */
  private readonly routes = new Map<number, { readonly t: number; readonly cpu: number }[]>();
  private readonly routeAt = new Map<number, number>();
  /** The path was lost: no more lines are compared. */
  lost = false;
  /** Lines that were met, each with the step of the model's run that showed it. */
  readonly met: { readonly row: number; readonly step: number }[] = [];
  linesMet = 0;
  reachedT = 0;

  constructor(private readonly input: FollowInput) {
    const { program, derived, view, log } = input;
    this.mover = new Mover(program, this);
    this.eye = new Eye(
      program,
      this.mover.machine,
      view.listed,
      view.lines.some((s) => s.what === 'guest'),
    );
    this.logs = new LogMatch(log);
    this.begun = new Int32Array(program.actors.length);
    this.progressCells = new Map(
      program.groups.flatMap((g) => {
        const found = /^progress\((.*)\)$/.exec(g.name);
        return found ? [[found[1]!, g.base] as const] : [];
      }),
    );
    for (const d of input.demands) {
      if (d.kind !== 'line') continue;
      const x = input.roles.of(d.seen);
      const kind = x < 0 ? '' : program.contexts[x]!.kind;
      if (kind !== 'actor' && kind !== 'kthread') continue;
      let route = this.routes.get(x);
      if (!route) this.routes.set(x, (route = []));
      route.push({ t: d.t, cpu: d.seen.cpu });
    }
    this.done = new Uint8Array(input.demands.length);
    this.known = new Set([...program.frames.map((f) => f.fn), ...program.states.flatMap((s) => [s.up, s.down])]);
    this.inlined = inlinedIn(view.lines, program.frames);
    this.armedOf = program.faults.map((f) =>
      derived.armed.filter((a) => a.cpus.includes(f.cpu) && (a.symbol === f.fn || f.text.includes(` ${a.symbol} `))),
    );
  }

  // ---- what the mover asks

  place(x: number): number {
    const route = this.input.arrivals.route.get(x) ?? this.routes.get(x);
    if (!route) return -1;
    let i = this.routeAt.get(x) ?? 0;
    while (i < route.length && route[i]!.t < this.now) i += 1;
    this.routeAt.set(x, i);
    return route[i]?.cpu ?? -1;
  }

  strikes(fault: number): boolean {
    return this.armedOf[fault]!.some((a) => this.now >= a.from && this.now <= a.to);
  }

  mayBegin(actor: number): boolean {
    return this.progress(actor) < this.begun[actor]!;
  }

  followed(x: number): boolean {
    return this.strict.has(x);
  }

  leaves(x: number): boolean {
    return x === this.leaving;
  }

  private progress(actor: number): number {
    const name = this.input.program.actors[actor]!.name;
    const group = this.progressCells.get(name);
    return group === undefined ? 0 : this.mover.machine.s[group]!;
  }

  pending(x: number): boolean {
    return (this.queues.get(x)?.length ?? 0) > 0;
  }

  hear(e: MachineEvent): void {
    const shown = this.shownOf(e);
    if (this.quietly) {
      if (shown) this.quietly.loud = true;
      this.quietly.heard.push({ e, shown });
      return;
    }
    this.take(e, shown);
  }

  private shownOf(e: MachineEvent): Shown | null {
    if (e.kind === 'effect' && e.effect.kind === 'oops') {
      const { context, preempt, irqsOff } = e;
      return { what: 'oops', context, cpu: e.effect.cpu, effect: e.effect, preempt, irqsOff };
    }
    if (!this.tracing) return null;
    const shown = this.eye.see(e, this.modules);
    if (!shown) return null;
    if (shown.what === 'call' && this.inlined.has(`${shown.caller}>${shown.fn}`)) return null;
    const { kind, vcpu } = this.input.program.contexts[shown.context]!;
    const turn =
      shown.what === 'guest' ||
      ('fn' in shown && shown.what !== 'enter' && this.input.roles.turnFunctions.has(shown.fn));
    if (turn && vcpu >= 0 && !this.strict.has(shown.context)) return null;
    // what a VMM's main thread asks of a vCPU beside KVM_RUN is its own affair
    if (turn && kind === 'actor') return null;
    return shown;
  }

  private take(e: MachineEvent, shown: Shown | null): void {
    if (shown) {
      let queue = this.queues.get(shown.context);
      if (!queue) this.queues.set(shown.context, (queue = []));
      queue.push(shown);
      if (shown.what === 'oops') this.tracing = false;
      return;
    }
    if (e.kind !== 'effect') return;
    const { effect } = e;
    if (effect.kind === 'log') this.said(effect.text, e.context);
    if (effect.kind === 'fault') this.hits.set(effect.fault, (this.hits.get(effect.fault) ?? 0) + 1);
  }

  // ---- log lines

  private said(text: string, context: number): void {
    const said = this.inTheirNames(text, context);
    const line = this.logs.meet(said);
    if (this.input.tally.compare('log', line !== null)) return;
    const next = this.logs.next();
    this.differ('log', 'the model prints a line that the kernel did not print', {
      kernel: next ? `dmesg.txt:${next.line}: ${next.text}` : 'no more lines',
      model: said,
    });
  }

  /** Tasks have names and ids of the model's own; the kernel's lines have those of the capture. */
  private inTheirNames(text: string, context: number): string {
    const { program, roles } = this.input;
    let said = text;
    const put = (x: number): void => {
      const task = roles.taskOf(x);
      const c = program.contexts[x];
      if (!c || !task) return;
      const tid = String(task.tid);
      said = said.replace(`${c.name}[${c.tid}]`, `${task.task}[${tid}]`).replace(`process ${c.tid} (${c.name})`, `process ${tid} (${task.task})`); // prettier-ignore
    };
    if (context >= 0) put(context);
    else for (const x of this.mover.machine.floating) put(x);
    return said;
  }

  // ---- moving

  /** Moves context x on CPU `cpu` until it is where it should be. */
  private advance(x: number, until: () => boolean, cpu = -1): boolean {
    for (let n = 0; n < MAX_MOVES; n++) {
      if (until()) return true;
      if (this.pending(x)) return false;
      if (this.mover.move(x, cpu)) continue;
      if (!this.help(x)) return until();
    }
    return false;
  }

  /**
   * Moves somebody else, so that x may go on (-1: nobody in particular): first those whose turn it is anyway, then those
   * whom x waits for, and tasks of userspace only where nothing else is left.
   */
  private help(x: number): boolean {
    const { machine } = this.mover;
    const { contexts, actors } = this.input.program;
    for (const y of x < 0 ? [] : this.mover.waitsFor(x)) if (y !== x && this.quiet(y)) return true;
    for (const kind of ['irq', 'stopper', 'idle', 'percpu', 'kthread'])
      for (let y = 0; y < contexts.length; y++) if (y !== x && contexts[y]!.kind === kind && this.quiet(y)) return true;
    // tasks that may no longer be where they are
    for (const y of machine.floating)
      if (y !== x && machine.head(y, Head.run) === Run.runnable && !machine.mayRun(y, machine.head(y, Head.cpu)) && this.quiet(y)) return true; // prettier-ignore
    if (x < 0) return false;
    // whoever holds up somebody that holds up this one
    for (let y = 0; y < contexts.length; y++)
      if (y !== x && machine.head(y, Head.run) === Run.runnable)
        for (const w of this.mover.waitsFor(y)) if (w !== x && w !== y && this.quiet(w)) return true;
    for (const { context } of actors) if (context !== x && this.quiet(context)) return true;
    for (let y = 0; y < contexts.length; y++) if (y !== x && contexts[y]!.vcpu >= 0 && this.quiet(y)) return true;
    return false;
  }

  /**
   * Lets the acts that are under way go on until this holds: their stamps are not so fine that one of them could not have
   * begun a little before.
   */
  private actsGoOn(until: () => boolean): void {
    const { demands, program } = this.input;
    for (let i = this.position; i < demands.length && demands[i]!.t <= this.now + SLACK && !until(); i++) {
      const d = demands[i]!;
      if (d.kind === 'begin') this.begun[d.planned.actor] = Math.max(this.begun[d.planned.actor]!, d.planned.index + 1);
    }
    for (let n = 0; n < 400 && !until(); n++) {
      let moved = false;
      for (const { context } of program.actors) if (!until() && this.quiet(context)) moved = true;
      if (!moved && !this.help(-1)) return;
    }
  }

  /** Moves y by one transition, if that shows nothing. */
  private quiet(y: number): boolean {
    if (this.pending(y) || this.quietly) return false;
    const { machine } = this.mover;
    const length = this.mover.taken.length;
    const standing = machine.saveStanding();
    const heard = (this.quietly = { loud: false, heard: [] as { e: MachineEvent; shown: Shown | null }[] });
    let moved: boolean;
    try {
      const { kind } = this.input.program.contexts[y]!;
      const where = kind === 'actor' || kind === 'kthread' ? this.place(y) : -1;
      moved = this.mover.move(y, this.mover.isFree(where, y) ? where : -1);
    } finally {
      this.quietly = null;
    }
    if (!moved) return false;
    if (heard.loud) {
      this.mover.rewind(length);
      machine.restoreStanding(standing);
      return false;
    }
    for (const { e, shown } of heard.heard) this.take(e, shown);
    return true;
  }

  /** Lets everything happen that nobody sees. */
  settle(): void {
    for (let n = 0; n < MAX_MOVES && this.help(-1); n++);
  }

  // ---- demands

  follow(): void {
    const { demands } = this.input;
    for (this.position = 0; this.position < demands.length; this.position++) {
      if (this.done[this.position]) continue;
      try {
        this.meet(demands[this.position]!);
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        this.quietly = null;
        const { place } = this.input.program.code[error.pc]!;
        this.differ('not modelled', 'the kernel text does what no kernel may do', {
          kernel: '',
          model: `${place.file}:${place.line}: ${error.message}`,
        });
        this.lost = true;
        return;
      }
    }
  }

  private meet(demand: Demand): void {
    this.now = this.mover.now = demand.t;
    switch (demand.kind) {
      case 'tracing':
        this.settle();
        if (demand.on) this.guestsRun();
        this.tracing = demand.on;
        if (!demand.on) this.settle();
        return;
      case 'begin':
        this.begun[demand.planned.actor] = Math.max(this.begun[demand.planned.actor]!, demand.planned.index + 1);
        return;
      case 'end':
        return this.ended(demand.planned);
      case 'line':
        if (!this.lost) this.line(demand.seen);
        return;
      case 'death':
        return this.died(demand.death);
      case 'adrift':
        return this.adrift(demand);
      case 'reading':
        return this.read(demand.reading);
    }
  }

  private ended(planned: Planned): void {
    const { program, roles, tally } = this.input;
    const x = roles.actorContext(planned.actor);
    const over = (): boolean => this.progress(planned.actor) > planned.index;
    if (!this.advance(x, over) && !this.lost && this.tracing) this.early(x, over);
    const act = planned.act;
    if (!over()) {
      if (this.lost) return;
      const shown = this.queues.get(x)?.[0];
      this.queues.delete(x);
      tally.compare('results', false);
      this.differ('results', `${planned.words}: the call has returned, and in the model it does not`, {
        kernel: act ? `returned ${act.result}` : 'returned',
        model: shown ? `shows first: ${describeShown(program, shown)}` : this.mover.why(x),
      });
      this.lost = true;
      return;
    }
    if (act?.do === 'rmmod' && act.result === 0) this.modules = false;
    if (!this.tracing && !this.lost) this.guestsRun();
    if (!act || act.result === null) return;
    const result = this.mover.machine.s[program.actors[planned.actor]!.actions[planned.index]!.resultCell]!;
    // a write returns how many bytes it took
    const got = result > 0 ? 0 : result;
    if (tally.compare('results', got === act.result)) return;
    this.differ('results', `${planned.words}: another result`, { kernel: String(act.result), model: String(got) });
  }

  /** Where nobody looks the vCPUs are in their guests, each on the CPU where it is seen next. */
  private guestsRun(): void {
    const { machine } = this.mover;
    this.input.program.contexts.forEach((c, x) => {
      if (c.vcpu < 0) return;
      const there = (): boolean => machine.instrOf(x).op === 'guest' && machine.isCurrent(x);
      const place = this.place(x);
      if (lives(machine, x) && !this.pending(x)) this.advance(x, () => there() && (place < 0 || machine.head(x, Head.cpu) === place || !machine.mayRun(x, place)), place); // prettier-ignore
      if (there()) this.park(x);
    });
  }

  /** Lines that stand a little behind the end of an action and must come before it: stamps of the two have not the same clock. */
  private early(x: number, over: () => boolean): void {
    const { demands } = this.input;
    for (let i = this.position + 1; i < demands.length && demands[i]!.t < this.now + SLACK; i++) {
      const d = demands[i]!;
      if (this.done[i] || d.kind !== 'line') continue;
      this.done[i] = 1;
      this.line(d.seen);
      if (this.lost || this.advance(x, over)) return;
    }
  }

  private line(seen: Seen): void {
    const { roles, tally } = this.input;
    const x = this.contextOf(seen);
    this.linesMet += 1;
    this.reachedT = seen.t;
    if ((seen.what === 'call' || seen.what === 'ret') && !this.known.has(seen.fn)) {
      tally.compare(seen.what === 'call' ? 'functions' : 'returns', false);
      tally.differOnce(`fn ${seen.fn}`, this.difference('not modelled', `the text has no function ${seen.fn}`, { kernel: describeSeen(seen), model: '' }, seen)); // prettier-ignore
      return;
    }
    if (x < 0 && 'fn' in seen && roles.turnFunctions.has(seen.fn) && /^kvm-nx-lpage/.test(seen.comm))
      return tally.leave('turns of the run loop');
    if (x < 0 && roles.isVmm(seen) && 'fn' in seen && (roles.turnFunctions.has(seen.fn) || seen.fn === 'kvm_dev_ioctl'))
      return tally.leave('ioctls of the VMM beside KVM_RUN');
    if (x < 0) {
      tally.differOnce(`who ${seen.comm}`, this.difference('not modelled', `a task that the derived text has not: ${seen.comm}-${seen.tid}`, { kernel: describeSeen(seen), model: '' }, seen)); // prettier-ignore
      return;
    }
    const context = this.input.program.contexts[x]!;
    if (context.kind === 'actor') {
      if ('fn' in seen && seen.what !== 'enter' && roles.turnFunctions.has(seen.fn))
        return tally.leave('turns of the run loop');
    }
    const action = context.kind === 'actor' || context.vcpu >= 0 ? roles.actionOf(seen) : null;
    if (action) this.begun[action.actor] = Math.max(this.begun[action.actor]!, action.index + 1);
    if (context.vcpu >= 0 && seen.what !== 'guest' && !('fn' in seen && roles.turnFunctions.has(seen.fn)))
      this.leaveLoop(x);
    const way = this.input.arrivals.kept.get(seen.row);
    if (way && context.vcpu >= 0 && !this.arrive(x, way, seen)) return;
    this.meetLine(x, seen);
    if (seen.what === 'guest' && !this.pending(x)) this.park(x);
  }

  /** A vCPU that has come to a CPU turns round there until it leaves: in the guest, or out of KVM_RUN, as it does leave. */
  private park(x: number): void {
    const { machine } = this.mover;
    this.strict.delete(x);
    const route = this.input.arrivals.route.get(x);
    const next = route?.find((r) => r.t > this.now);
    if (next?.way === 'sched_in') return;
    const vcpu = this.input.program.contexts[x]!.vcpu;
    const halts = this.input.program.halting[this.input.program.vcpus[vcpu]!.vm]!;
    if (!next && !halts) return;
    this.leaving = x;
    this.advance(x, () => this.outside(x));
    if (halts) this.advance(x, () => machine.head(x, Head.run) === Run.sleeping);
    this.leaving = -1;
  }

  /** The thread has left its loop: what it did there last is no longer followed. */
  private leaveLoop(x: number): void {
    this.strict.delete(x);
    const { turnFunctions } = this.input.roles;
    const left = (this.queues.get(x) ?? []).filter(
      (s) => s.what !== 'guest' && !('fn' in s && turnFunctions.has(s.fn)),
    );
    this.queues.set(x, left);
  }

  /** Not in KVM_RUN, as far as the scheduler can tell. */
  private outside(x: number): boolean {
    const { machine } = this.mover;
    return machine.head(x, Head.notifier) === 0 && machine.head(x, Head.preempt) === 0;
  }

  /** A CPU takes calls from others out of its idle loop too: once it is online, that is what its idle task does. */
  private contextOf(seen: Seen): number {
    const { roles, program } = this.input;
    const x = roles.of(seen);
    const last = this.killed(seen);
    this.anywhere = last >= 0;
    if (last >= 0) return last;
    const flushed = seen.what === 'call' && /flush_smp_call_function/.test(seen.caller);
    const idles = x >= 0 && program.contexts[x]!.kind === 'idle' && this.mover.machine.instrOf(x).op === 'idle';
    return flushed || idles ? roles.irq + seen.cpu : x;
  }

  /**
   * A line of a VMM that was killed. Which of its threads is the last one, and closes the files, is taken: in the model it is
   * that of a vCPU.
   */
  private killed(seen: Seen): number {
    const { roles, derived, tally } = this.input;
    if (seen.irq || !('fn' in seen) || seen.what === 'enter' || roles.turnFunctions.has(seen.fn)) return -1;
    // the worker of a VM is a thread of its VMM too, and may be the last
    const worker = /^kvm-nx-lpage/.test(seen.comm);
    const vmm = worker ? this.lastKilled(seen.t) : roles.vmmOfTask(seen.tid);
    if (!vmm || !derived.planned.some((p) => p.act?.do === 'kill' && p.act.from['task'] === vmm && p.t <= seen.t))
      return -1;
    const own = roles.of(seen);
    const last = roles.vcpusOf(vmm).find((x) => lives(this.mover.machine, x));
    if (last === undefined || last === own) return -1;
    tally.take('which thread of a killed VMM is the last');
    return last;
  }

  private lastKilled(t: number): string {
    const kill = this.input.derived.planned.findLast((p) => p.act?.do === 'kill' && p.t <= t);
    return String(kill?.act?.from['task'] ?? '');
  }

  private meetLine(x: number, seen: Seen): void {
    const { tally, program } = this.input;
    const cpu = this.boundTo(x) || this.anywhere ? -1 : seen.cpu;
    for (let tries = 0; tries <= RESYNC; tries++) {
      if (!this.advance(x, () => this.pending(x), cpu)) {
        tally.compare(categoryOf(seen), false);
        this.differ(categoryOf(seen), 'the kernel goes on where the model does not', { kernel: describeSeen(seen), model: this.mover.why(x) }, seen); // prettier-ignore
        this.lost = true;
        return;
      }
      const shown = this.queues.get(x)!.shift()!;
      if (sameKind(seen, shown)) {
        this.compare(seen, shown);
        return;
      }
      if (this.undone(seen)) {
        // the injection lets the body run and takes back what it did; the model has it not run at all
        this.queues.get(x)!.unshift(shown);
        tally.take('lines of a function whose work was undone by the injection');
        return;
      }
      if (shown.what === 'ret' && shown.optional) continue;
      tally.compare(categoryOf(seen), false);
      this.differ(
        categoryOf(seen),
        'the two show something else',
        { kernel: describeSeen(seen), model: describeShown(program, shown) },
        seen,
      );
      // one of the two may have the line a little later
      if (this.comesLater(x, shown)) {
        this.queues.get(x)!.unshift(shown);
        return;
      }
    }
    this.lost = true;
  }

  /** A line from within a function that the injection undoes just then, on that CPU. */
  private undone(seen: Seen): boolean {
    if (seen.what !== 'call' && seen.what !== 'ret') return false;
    const { derived, program } = this.input;
    return derived.armed.some(
      (a) =>
        a.mode === 'undo' &&
        a.cpus.includes(seen.cpu) &&
        seen.t >= a.from &&
        seen.t <= a.to &&
        program.frames.some((f) => f.fn === seen.fn && under(program, f.parent, a.symbol)),
    );
  }

  /** Whether the trace has that line of the model's among the next ones of this task. */
  private comesLater(x: number, shown: Shown): boolean {
    const { demands, roles } = this.input;
    for (let i = this.position + 1, seen = 0; i < demands.length && seen < RESYNC; i++) {
      const d = demands[i]!;
      if (d.kind !== 'line' || roles.of(d.seen) !== x) continue;
      seen += 1;
      if (sameKind(d.seen, shown)) return true;
    }
    return false;
  }

  private boundTo(x: number): boolean {
    const { kind } = this.input.program.contexts[x]!;
    return kind === 'idle' || kind === 'irq' || kind === 'stopper' || kind === 'percpu';
  }

  private compare(seen: Seen, shown: Shown): void {
    this.met.push({ row: seen.row, step: this.mover.taken.length - 1 });
    const { tally, program } = this.input;
    const bad: string[] = [];
    const check = (category: Category, name: string, a: number | string | null, b: number | string | null): void => {
      if (!tally.compare(category, a === b)) bad.push(name);
    };
    let category: Category = categoryOf(seen);
    if (seen.what === 'enter' && shown.what === 'enter') {
      // a callback of a module that had gone when the trace was read
      const nameless = seen.fn.startsWith('0x');
      if (nameless) tally.leave('nameless addresses');
      const fn = nameless || seen.fn === shown.fn;
      const same = seen.target === shown.target && fn && seen.about === shown.about;
      if (!tally.compare('callbacks', same))
        bad.push(!fn ? 'callback' : seen.target !== shown.target ? 'target' : 'CPU');
      if (!this.anywhere) check('contexts', 'CPU that runs it', seen.cpu, shown.cpu);
    } else if (seen.what === 'exit' && shown.what === 'exit') {
      const same = seen.state === shown.state && seen.ret === shown.ret && seen.about === shown.about;
      if (!tally.compare('callbacks', same))
        bad.push(seen.ret !== shown.ret ? 'ret' : seen.state !== shown.state ? 'state' : 'CPU');
    } else if (seen.what === 'ret' && shown.what === 'ret') {
      if (seen.result === null || shown.result === null) tally.leave('return values that one of the two does not tell');
      // which of the two probes on an injected function is first decides what the other one reads
      else if (shown.optional && seen.result !== shown.result) tally.take('return values of an injected function');
      else check('returns', 'return value', seen.result, shown.result);
    } else {
      tally.compare('functions', true);
      if (!this.anywhere) check('contexts', 'CPU', seen.cpu, shown.cpu);
      category = 'contexts';
    }
    const model = describeShown(program, shown);
    this.recent.push(model);
    if (this.recent.length > 4) this.recent.shift();
    if (bad.length > 0) this.differ(category, `another ${bad.join(', ')}`, { kernel: describeSeen(seen), model }, seen);
  }

  /** Brings a vCPU thread to where it comes to another CPU from: out of KVM_RUN, or preempted in it. */
  private arrive(x: number, way: Way, seen: Seen): boolean {
    const { machine } = this.mover;
    this.strict.delete(x);
    // it may have been taken away again before it entered the guest
    this.queues.delete(x);
    this.leaving = way === 'load' ? x : -1;
    const outside = (): boolean => this.outside(x);
    const inside = (): boolean => machine.head(x, Head.notifier) !== 0 && !machine.isCurrent(x) && machine.head(x, Head.run) === Run.runnable; // prettier-ignore
    const there =
      way === 'load' ? this.advance(x, outside) : this.advance(x, () => machine.instrOf(x).op === 'guest' || inside());
    this.leaving = -1;
    if (!machine.mayRun(x, seen.cpu)) this.actsGoOn(() => machine.mayRun(x, seen.cpu));
    if (there && way === 'sched_in' && !inside()) this.switchOut(x, inside);
    this.strict.add(x);
    if (way === 'load' ? outside() : inside()) {
      this.input.tally.take('how a vCPU came to a CPU (switched in, or with a new KVM_RUN)');
      return true;
    }
    this.differ(
      'contexts',
      `the vCPU's thread cannot come to CPU ${seen.cpu}`,
      { kernel: describeSeen(seen), model: this.mover.why(x) },
      seen,
    );
    return false;
  }

  /** The host takes the CPU from a vCPU in the guest. */
  private switchOut(x: number, out: () => boolean): void {
    const { machine } = this.mover;
    const c = machine.head(x, Head.cpu);
    if (machine.instrOf(x).op === 'guest') this.mover.apply({ kind: 'step', context: x, cpu: c, choice: 0 });
    for (let n = 0; n < 200 && !out(); n++) {
      if (machine.isCurrent(x) && machine.preemptible(c) && machine.head(x, Head.hook) === 0)
        this.mover.apply({ kind: 'preempt', context: x, cpu: c, choice: 0 }); // prettier-ignore
      else if (!this.mover.move(x) && !this.help(x)) return;
    }
  }

  private died(death: Death): void {
    const { tally, program, roles } = this.input;
    const x = this.victim(death);
    const kernel = `${death.task} (${death.pid}) on CPU ${death.cpu}: ${death.instruction} in ${death.caller}, ${death.fn}, ${death.where}`;
    if (x < 0) {
      tally.compare('deaths', false);
      this.differ('deaths', `nobody of the derived text is ${death.task} (${death.pid})`, { kernel, model: '' });
      return;
    }
    void roles;
    const dies = (): boolean => (this.queues.get(x) ?? []).some((s) => s.what === 'oops');
    const queue = (): Shown[] => this.queues.get(x) ?? [];
    const cpu = this.boundTo(x) ? -1 : death.cpu;
    for (let n = 0; n < 400 && !dies(); n++) {
      if (queue().length > 0) {
        // functions on the way to the fault that no line of the trace shows any more
        const [first] = queue();
        if (first!.what === 'enter' || first!.what === 'exit') break;
        queue().shift();
        continue;
      }
      if (!this.advance(x, () => queue().length > 0, cpu)) break;
    }
    const at = queue().findIndex((s) => s.what === 'oops');
    const shown = queue()[at];
    if (shown?.what !== 'oops') {
      tally.compare('deaths', false);
      this.differ('deaths', `${death.task} dies, and in the model it does not`, { kernel, model: this.mover.why(x) });
      this.lost = true;
      return;
    }
    queue().splice(0, at + 1);
    // what it says and does on its way out
    for (let n = 0; n < 200 && lives(this.mover.machine, x) && this.mover.move(x); n++);
    const { effect } = shown;
    const bad: string[] = [];
    const check = (name: string, a: unknown, b: unknown): void => {
      if (!tally.compare('deaths', a === b)) bad.push(name);
    };
    check('CPU', death.cpu, effect.cpu);
    check('function', death.fn, effect.fn);
    check('caller', death.caller, effect.caller);
    check('instruction', death.instruction, effect.instruction);
    check('place of the BUG', death.where, effect.where);
    if (death.preempt !== null) check('preempt_count', death.preempt, shown.preempt);
    if (death.irqsOff !== null) check('interrupts off', death.irqsOff, shown.irqsOff);
    if (bad.length === 0) return;
    const model = `${program.contexts[x]!.name} on CPU ${effect.cpu}: ${effect.instruction} in ${effect.caller}, ${effect.fn}, ${effect.where}; preempt_count ${shown.preempt}, interrupts ${shown.irqsOff ? 'off' : 'on'}`; // prettier-ignore
    this.differ('deaths', `another ${bad.join(', ')}`, { kernel: `${kernel}; preempt_count ${death.preempt ?? '?'}, interrupts ${death.irqsOff ? 'off' : 'on'}`, model }); // prettier-ignore
  }

  private victim(death: Death): number {
    const { roles, derived } = this.input;
    if (/^(cpuhp|migration)\//.test(death.task)) return roles.contextNamed(death.task);
    const byTid = derived.vcpus.find((v) => v.tid === death.pid);
    if (byTid) return roles.contextNamed(byTid.vcpu);
    const main = derived.vcpus.findLast((v) => v.main && v.task === death.task && v.from <= death.t);
    return main ? roles.contextNamed(main.vcpu) : -1;
  }

  private adrift(d: Extract<Demand, { kind: 'adrift' }>): void {
    const { tally, roles, program } = this.input;
    const x = roles.vcpuContext(d.tid, '');
    const { machine } = this.mover;
    const base = x < 0 ? -1 : program.contexts[x]!.allowed;
    const reset = (): boolean =>
      Array.from({ length: program.cpus }, (_, c) => machine.s[base + c]!).every((v) => v !== 0);
    // the CPU must have been taken from it by now; at the latest when it is woken the scheduler finds none
    const bound = roles.contextNamed(`cpuhp/${d.cpu}`);
    for (let n = 0; n < 200 && x >= 0 && machine.allowedCpus(x).length > 0; n++)
      if (!this.help(-1) && !(bound >= 0 && this.mover.move(bound))) break;
    const ok = x >= 0 && (reset() || this.advance(x, reset));
    if (tally.compare('readings', ok)) return;
    this.differ('readings', `the affinity of ${d.task} is reset, and in the model it is not`, { kernel: `no longer affine to cpu${d.cpu}`, model: x < 0 ? '' : this.mover.why(x) }); // prettier-ignore
  }

  private read(reading: Extract<Demand, { kind: 'reading' }>['reading']): void {
    const { tally } = this.input;
    const { machine } = this.mover;
    this.settle();
    // a thread that is on its way out may have gone by now
    if (!this.lost && reading.values.some((v) => v.model(machine) !== v.kernel)) this.threadsEnd();
    for (const value of reading.values) {
      const model = value.model(machine);
      if (value.vmxe !== undefined && model !== value.kernel && this.vmxeSet(value.vmxe)) {
        tally.leave('CR4.VMXE of a CPU where the injection itself has set it');
        continue;
      }
      if (model === null) {
        tally.differOnce(`reading ${value.name.replace(/\d+/g, 'N')}`, this.difference('not modelled', `${reading.what}: the text has nothing for ${value.name}`, { kernel: value.kernel, model: '' })); // prettier-ignore
        continue;
      }
      if (!tally.compare('readings', model === value.kernel))
        this.differ('readings', `${reading.what}: ${value.name}`, { kernel: value.kernel, model });
    }
  }

  /** An injection that has the enable find CR4.VMXE set (captures' README) has struck on this CPU. */
  private vmxeSet(cpu: number): boolean {
    const { program, derived } = this.input;
    return program.faults.some(
      (f, i) =>
        f.cpu === cpu && (this.hits.get(i) ?? 0) > 0 && derived.armed.some((a) => a.mode === 'natural' && a.cpus.includes(cpu) && this.armedOf[i]!.includes(a)), // prettier-ignore
    );
  }

  /** vCPU threads go on for a while, as far as nobody sees it. */
  private threadsEnd(): void {
    this.input.program.contexts.forEach((c, x) => {
      if (c.vcpu < 0 || !lives(this.mover.machine, x)) return;
      for (let n = 0; n < 200 && lives(this.mover.machine, x); n++) if (!this.quiet(x) && !this.help(-1)) return;
    });
  }

  /** What is left at the end: calls that never returned, who is online, and whether the host lives. */
  finish(host: string, online: string): void {
    const { derived, roles, tally } = this.input;
    const { machine } = this.mover;
    if (this.lost) return;
    for (const planned of derived.planned) {
      if (planned.tEnd !== null) continue;
      const over = (): boolean => this.progress(planned.actor) > planned.index;
      const x = roles.actorContext(planned.actor);
      this.advance(x, over);
      if (tally.compare('results', !over())) continue;
      this.differ('results', `${planned.words}: the call never returned, and in the model it does`, {
        kernel: 'never returned',
        model: 'returns',
      });
    }
    this.settle();
    const ends = endOf(machine);
    if (host && !tally.compare('end', ends === host))
      this.differ('end', 'the host at the end', { kernel: host, model: ends });
    if (online && ends === 'alive') {
      const now = listText(cpusWith(machine, (c) => machine.probe('online', c) !== 0));
      if (!tally.compare('end', now === online)) this.differ('end', 'CPUs that are online at the end', { kernel: online, model: now }); // prettier-ignore
    }
  }

  // ---- differences

  differ(category: Difference['category'], what: string, sides: { kernel: string; model: string }, seen?: Seen): void {
    this.input.tally.differ(this.difference(category, what, sides, seen));
  }

  private difference(
    category: Difference['category'],
    what: string,
    sides: { kernel: string; model: string },
    seen?: Seen,
  ): Difference {
    const { demands, table } = this.input;
    const lines = (from: number, step: number): string[] => {
      const found: string[] = [];
      for (let i = from; i >= 0 && i < demands.length && found.length < 3; i += step) {
        const d = demands[i]!;
        if (d.kind === 'line') found.push(describeSeen(d.seen));
      }
      return step < 0 ? found.reverse() : found;
    };
    return {
      category,
      what,
      t: this.now,
      cpu: seen ? ('about' in seen ? seen.about : seen.cpu) : -1,
      at: seen ? table.place(seen.row) : '',
      ...sides,
      around: { kernel: lines(this.position - 1, -1), model: [...this.recent], after: lines(this.position + 1, 1) },
      step: this.mover.taken.length,
    };
  }
}

/** Whether a frame stands in a function, at any depth. */
function under(program: Program, frame: number, fn: string): boolean {
  for (let f = frame; f >= 0; f = program.frames[f]!.parent) if (program.frames[f]!.fn === fn) return true;
  return false;
}

function categoryOf(seen: Seen): Category {
  switch (seen.what) {
    case 'enter':
    case 'exit':
      return 'callbacks';
    case 'ret':
      return 'returns';
    default:
      return 'functions';
  }
}

/** The same thing happens; its values may differ. */
function sameKind(seen: Seen, shown: Shown): boolean {
  if (seen.what !== shown.what) return false;
  if (seen.what === 'enter' || seen.what === 'exit') return (shown as { step: number }).step === seen.step;
  if (seen.what === 'call' || seen.what === 'ret') return (shown as { fn: string }).fn === seen.fn;
  return true;
}
