/**
 * The model, led by a capture: which of its contexts moves, where tasks run, when a fault strikes and when an action begins
 * is taken from the trace; what a context then shows is kept until it is held against a line.
 */
import { Head, Run, type Program } from '../language/program';
import type { Demand } from './demands';
import type { Armed } from './armed';
import type { Derived } from './derive';
import { Differ } from './differ';
import { LogMatch, type LogView } from './logs';
import { Mover, type Choices } from './mover';
import { SLACK, type Roles } from './roles';
import { inlinedIn, type TraceView } from './seen';
import { describeShown, Eye, type Shown } from '../timeline/visible';
import { Kind, type EventTable } from '../timeline/ftrace-events';
import { isIn, type Window } from './pace';
import type { Tally } from './tally';
import type { Arrivals } from './turns';
import type { MachineEvent } from '../timeline/watched';

/** Most transitions that one demand may take: beyond it the model runs in circles. */
const MAX_MOVES = 4_000;

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
  /** Demands before which acts that are under way go on by themselves. */
  readonly windows: readonly Window[];
}

/** Transitions that only put a task somewhere, and the most of them before it can take a step. */
const PLACING: ReadonlySet<string> = new Set(['preempt', 'switch', 'push', 'wake']);
const MAX_PLACING = 6;

/** What is heard on a move that must show nothing. */
type Quietly = { readonly e: MachineEvent; readonly shown: Shown | null }[];

export class Lead implements Choices {
  readonly mover: Mover;
  readonly eye: Eye;
  readonly logs: LogMatch;
  readonly differ: Differ;
  /** What each context showed that no line was held against yet. */
  readonly queues = new Map<number, Shown[]>();
  /** vCPUs whose lines are followed one by one just now. */
  readonly strict = new Set<number>();
  /** How many of its actions each actor may have begun by now. */
  readonly begun: Int32Array;
  tracing = false;
  /** Modules are loaded, so that functions in them can be named. */
  modules = true;
  now = 0;
  /** The demand that is met just now. */
  position = 0;
  /** The vCPU whose KVM_RUN returns just now. */
  leaving = -1;
  /** The path was lost: no more lines are compared. */
  lost = false;
  /** How often each fault of the text struck. */
  readonly hits = new Map<number, number>();
  /** What the capture armed, for each fault of the text. */
  readonly armedOf: readonly (readonly Armed[])[];
  private quietly: Quietly | null = null;
  private readonly inlined: ReadonlySet<string>;
  /** Cell that counts the actions done, by actor's name. */
  private readonly progressCells: ReadonlyMap<string, number>;
  /** Where the trace has the tasks other than vCPUs next. */
  private readonly routes = new Map<number, { readonly t: number; readonly cpu: number }[]>();
  private readonly routeAt = new Map<number, number>();

  constructor(readonly input: FollowInput) {
    const { program, derived, view, log, demands, table, tally } = input;
    this.differ = new Differ(demands, table, tally, this);
    this.mover = new Mover(program, this);
    const guests = view.lines.some((s) => s.what === 'guest');
    this.eye = new Eye(program, this.mover.machine, view.listed, guests);
    this.logs = new LogMatch(log);
    this.begun = new Int32Array(program.actors.length);
    this.progressCells = new Map(
      program.groups.flatMap((g) => {
        const found = /^progress\((.*)\)$/.exec(g.name);
        return found ? [[found[1]!, g.base] as const] : [];
      }),
    );
    this.findRoutes();
    this.inlined = inlinedIn(view.lines, program.frames);
    this.armedOf = program.faults.map((f) =>
      derived.armed.filter((a) => a.cpus.includes(f.cpu) && (a.symbol === f.fn || f.text.includes(` ${a.symbol} `))),
    );
  }

  /** Where the tasks other than vCPUs are: by their lines, and by all else that the trace shows of the same processes. */
  private findRoutes(): void {
    const { program, roles, demands, table } = this.input;
    const contextOf = new Map<number, number>();
    for (const d of demands) {
      if (d.kind !== 'line' || d.seen.irq || d.seen.tid <= 0) continue;
      const x = roles.of(d.seen);
      const kind = x < 0 ? '' : program.contexts[x]!.kind;
      if (kind === 'actor') contextOf.set(d.seen.tid, x);
      else if (kind === 'kthread') this.seenAt(x, d.t, d.seen.cpu);
    }
    for (let row = 0; row < table.length; row++) {
      const next = table.kind.data[row] === Kind.switch ? contextOf.get(table.b.data[row]!) : undefined;
      const x = next ?? contextOf.get(table.hardirq.data[row] !== 0 ? -1 : table.tid.data[row]!);
      if (x !== undefined) this.seenAt(x, table.time.data[row]!, table.cpu.data[row]!);
    }
  }

  private seenAt(x: number, t: number, cpu: number): void {
    let route = this.routes.get(x);
    if (!route) this.routes.set(x, (route = []));
    route.push({ t, cpu });
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

  progress(actor: number): number {
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
      this.quietly.push({ e, shown });
      return;
    }
    this.take(e, shown);
  }

  // ---- what the model shows

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

  private said(text: string, context: number): void {
    const said = this.inTheirNames(text, context);
    const line = this.logs.meet(said);
    if (this.input.tally.compare('log', line !== null)) return;
    const next = this.logs.next();
    this.differ.tell('log', 'the model prints a line that the kernel did not print', {
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
  advance(x: number, until: () => boolean, cpu = -1): boolean {
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
  help(x: number): boolean {
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
    for (const { context } of actors) if (context !== x && this.goOn(context)) return true;
    for (let y = 0; y < contexts.length; y++) if (y !== x && contexts[y]!.vcpu >= 0 && this.goOn(y)) return true;
    return false;
  }

  /**
   * Lets the acts that are under way go on until this holds: their stamps are not so fine that one of them could not have
   * begun a little before.
   */
  actsGoOn(until: () => boolean): void {
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

  /** In a window, acts that are under way go on as far as nobody sees it. */
  othersGoOn(): void {
    const { program, windows } = this.input;
    if (!isIn(windows, this.position)) return;
    for (const [i, { context }] of program.actors.entries()) {
      if (this.progress(i) >= this.begun[i]!) continue;
      for (let n = 0; n < MAX_MOVES && (this.quiet(context) || this.helpQuietly(context)); n++);
    }
  }

  /** Moves whom x waits for, but no other actor. */
  private helpQuietly(x: number): boolean {
    for (const y of this.mover.waitsFor(x)) if (y !== x && this.quiet(y)) return true;
    return this.help(-1);
  }

  /**
   * Moves y until it has taken a step, if that shows nothing. That it gets a CPU is worth nothing by itself: two who would
   * show something next would take one from each other for ever.
   */
  private goOn(y: number): boolean {
    const { machine, taken } = this.mover;
    const length = taken.length;
    const standing = machine.saveStanding();
    for (let n = 0; n < MAX_PLACING; n++) {
      const moved = this.quiet(y);
      if (taken.slice(length).some(({ transition: { kind } }) => !PLACING.has(kind))) return true;
      if (!moved) break;
    }
    this.mover.rewind(length);
    machine.restoreStanding(standing);
    return false;
  }

  /** Moves y by one transition, if that shows nothing. */
  quiet(y: number): boolean {
    return this.tryMove(y) === 'moved';
  }

  /** What y would show with its next transition; null where it shows nothing, or cannot move. */
  wouldShow(y: number): Shown | null {
    const tried = this.tryMove(y);
    return typeof tried === 'object' ? tried : null;
  }

  /** Why x does not go on, and whoever else would go on if the kernel did. */
  why(x: number): string {
    const { program } = this.input;
    const other = program.contexts.findIndex(({ vcpu }, y) => y !== x && vcpu < 0 && this.nextOf(y) !== null);
    const ready = other < 0 ? '' : `; ready to go on: ${describeShown(program, this.nextOf(other)!)}`;
    return `${this.mover.why(x)}${ready}`;
  }

  /** What a context shows next, if that is its next transition. */
  nextOf(y: number): Shown | null {
    return this.queues.get(y)?.[0] ?? this.wouldShow(y);
  }

  /** One transition of y; one that shows something is taken back, and says what. */
  private tryMove(y: number): 'moved' | 'stands' | Shown {
    if (this.pending(y) || this.quietly) return 'stands';
    const { machine } = this.mover;
    const length = this.mover.taken.length;
    const standing = machine.saveStanding();
    const heard: Quietly = (this.quietly = []);
    let moved: boolean;
    try {
      const { kind } = this.input.program.contexts[y]!;
      const where = kind === 'actor' || kind === 'kthread' ? this.place(y) : -1;
      moved = this.mover.move(y, this.mover.isFree(where, y) ? where : -1);
    } finally {
      this.quietly = null;
    }
    if (!moved) return 'stands';
    const loud = heard.find(({ shown }) => shown !== null)?.shown;
    if (loud) {
      this.mover.rewind(length);
      machine.restoreStanding(standing);
      return loud;
    }
    for (const { e, shown } of heard) this.take(e, shown);
    return 'moved';
  }

  /** Lets everything happen that nobody sees. */
  settle(): void {
    for (let n = 0; n < MAX_MOVES && this.help(-1); n++);
  }

  /** From here on only what userspace saw is compared, as where nothing was traced. */
  lose(): void {
    this.lost = true;
    this.tracing = false;
    // who has died is still told at the end
    for (const [x, queue] of this.queues)
      this.queues.set(
        x,
        queue.filter((s) => s.what === 'oops'),
      );
    this.strict.clear();
  }

  /** A move was broken off. */
  interrupted(): void {
    this.quietly = null;
  }

  boundTo(x: number): boolean {
    const { kind } = this.input.program.contexts[x]!;
    return kind === 'idle' || kind === 'irq' || kind === 'stopper' || kind === 'percpu';
  }
}
