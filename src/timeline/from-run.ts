/**
 * A simulated run as a timeline. Ordinal k is step k of the run: what a step changes is seen from ordinal k + 1 on, and
 * what it prints is marked at k. A few ordinals after the last step show the state in which the run ended.
 *
 * What a lane's slices are called and how they look is said by the rules of the kernel text (`lane virt(cpu) { ... }`);
 * which task runs where, calls between CPUs and migrations come from the machine. Nothing here knows a kernel.
 */
import { Dying, Head, Run, type Program } from '../language/program';
import type { Effect } from '../machine/effects';
import { evaluator, type Evaluate } from '../machine/evaluate';
import { Machine } from '../machine/machine';
import type { RunResult } from '../machine/run';
import { TimelineBuilder } from './builder';
import { FlowKind, Look, Mark, type LookName, type Ordinal, type Timeline, type TrackId } from './columns';
import { markOfLogLine } from './log-marks';

/** Share of the run's length that is added at the end so that the last state can be seen. */
const TAIL = 0.06;

/** Draws the whole run. `title` is shown as the timeline's name. */
export function timelineOfRun(result: RunResult, title: string): Timeline {
  return new RunDrawing(result, title).draw();
}

interface Rule {
  readonly look: Look;
  readonly label: string;
  readonly args: readonly Evaluate[];
  readonly when: Evaluate | null;
}

/** What a row shows at the moment. */
interface Shown {
  look: Look;
  name: string;
  detail: string;
}

const NOTHING: Shown = { look: Look.off, name: '', detail: '' };

class RunDrawing {
  private readonly program: Program;
  private readonly machine: Machine;
  private readonly b: TimelineBuilder;
  private readonly cpuTracks: {
    group: TrackId;
    hotplug: TrackId;
    virt: TrackId;
    /** Only of a kernel whose text has such a lane. */
    tdx: TrackId | null;
    runs: TrackId;
  }[] = [];
  private readonly vcpuTracks: TrackId[] = [];
  private readonly taskTracks = new Map<number, TrackId>();
  private readonly lockTracks = new Map<number, TrackId>();
  private readonly rules = new Map<string, readonly Rule[]>();
  /** What each (track, depth) shows: key is track * 16 + depth. */
  private readonly shown = new Map<number, Shown>();
  /** Per cell: the CPU whose lanes read it, -1 all of them, -2 none. */
  private readonly reach: Int32Array;
  private readonly contextOf: Int32Array;
  private readonly lockOf = new Map<number, number>();
  private readonly counterOf = new Map<number, number>();
  /** Open callbacks of each CPU's walk, innermost last. */
  private readonly callbacks: { state: number; up: boolean; start: Ordinal; failed: boolean }[][];
  private readonly sent = new Map<string, Ordinal[]>();
  /** Migrations that wait for the task to run at its new place. */
  private readonly moving = new Map<number, { from: number; at: Ordinal; fresh: boolean }>();
  private readonly started = new Set<number>();
  private readonly handler: string[];
  private readonly dying = new Set<number>();

  constructor(
    private readonly result: RunResult,
    title: string,
  ) {
    this.program = result.program;
    this.machine = new Machine(result.program);
    this.machine.load(result.initial);
    this.b = new TimelineBuilder(title, 'run');
    const { program } = this;
    this.reach = new Int32Array(program.width).fill(-2);
    this.contextOf = new Int32Array(program.width).fill(-1);
    this.callbacks = Array.from({ length: program.cpus }, () => []);
    this.handler = new Array<string>(program.cpus).fill('');
    for (const lane of program.lanes) {
      this.rules.set(
        lane.name,
        lane.rules.map((r) => ({
          look: Look[r.look as LookName] ?? Look.unknown,
          label: r.label,
          args: r.args.map((a) => evaluator(a, this.machine.around)),
          when: r.when && evaluator(r.when, this.machine.around),
        })),
      );
    }
    this.makeTracks();
    this.mapCells();
  }

  draw(): Timeline {
    const { history, duration } = this.result;
    const { b, machine } = this;
    const steps = history.length;
    for (let k = 0; k < steps; k++) b.tick(history.step(k).start / 1000);
    const tail = Math.max(6, Math.round(steps * TAIL));
    // A run that went on though nothing happened any more ends later than its last step.
    const last = steps === 0 ? 0 : history.step(steps - 1).start + history.step(steps - 1).cost;
    b.tick(Math.min(last, duration) / 1000);
    for (let i = 1; i < tail; i++) b.tick((duration * (1 + (TAIL * i) / tail)) / 1000);

    this.redrawAll(0);
    const cpus = new Set<number>();
    for (let k = 0; k < steps; k++) {
      cpus.clear();
      let everything = false;
      let tasks = false;
      history.changes(k, (cell, before, after) => {
        machine.s[cell] = after;
        const x = this.contextOf[cell]!;
        if (x >= 0) {
          tasks = true;
          const { base } = this.program.contexts[x]!;
          const cpu = machine.s[base + Head.cpu]!;
          if (cpu >= 0) cpus.add(cpu);
          if (cell === base + Head.cpu && before >= 0) cpus.add(before);
          return;
        }
        const lock = this.lockOf.get(cell);
        if (lock !== undefined) this.drawLock(lock, after, k + 1);
        const counter = this.counterOf.get(cell);
        if (counter !== undefined) b.sample(counter, Math.min(k + 1, b.length - 1), after);
        const reach = this.reach[cell]!;
        if (reach === -1) everything = true;
        else if (reach >= 0) {
          cpus.add(reach);
          tasks = true;
        }
      });
      for (const effect of history.effects.get(k) ?? []) this.effect(effect, k);
      if (everything) this.redrawAll(k + 1);
      else {
        for (const c of cpus) this.drawCpu(c, k + 1);
        if (tasks) this.drawTasks(k + 1);
      }
    }
    this.finishCallbacks(steps);
    this.finishMoves(steps);
    return b.finish((duration * (1 + TAIL)) / 1000);
  }

  // ---- rows

  private makeTracks(): void {
    const { b, program } = this;
    for (let c = 0; c < program.cpus; c++) {
      const group = b.track({ kind: 'cpu', name: `CPU ${c}`, cpu: c, rank: c });
      this.cpuTracks.push({
        group,
        hotplug: b.track({ kind: 'hotplug', name: 'hotplug', cpu: c, parent: group }),
        virt: b.track({ kind: 'virt', name: 'virtualization', cpu: c, parent: group }),
        tdx: this.rules.has('tdx') ? b.track({ kind: 'tdx', name: 'TDX', cpu: c, parent: group }) : null,
        runs: b.track({ kind: 'runs', name: 'runs', cpu: c, parent: group }),
      });
    }
    program.contexts.forEach((context, x) => {
      const spec = { name: context.name, task: context.name, tid: context.tid };
      if (context.vcpu >= 0) this.vcpuTracks[context.vcpu] = b.track({ kind: 'vcpu', ...spec, rank: 10_000 });
      else if (context.kind === 'actor') this.taskTracks.set(x, b.track({ kind: 'task', ...spec, rank: 20_000 }));
    });
    program.locks.forEach((lock, i) => {
      this.lockOf.set(lock.cell, i);
      this.lockTracks.set(i, b.track({ kind: 'lock', name: lock.name, rank: 30_000 }));
    });
  }

  private mapCells(): void {
    const { program } = this;
    for (const g of program.groups) {
      if (g.role === 'var' && g.scope === 'global') {
        this.reach[g.base] = -1;
        if (g.count === 1 && g.type.startsWith('int')) this.counterOf.set(g.base, this.b.counter(g.name));
      } else if (g.scope === 'cpu' && g.role !== 'context') {
        const per = g.count / program.cpus;
        for (let i = 0; i < g.count; i++) this.reach[g.base + i] = Math.floor(i / per);
      } else if (g.scope === 'vcpu' || g.scope === 'vm') this.reach.fill(-1, g.base, g.base + g.count);
    }
    const { stopped } = program.machine;
    this.reach[stopped] = -1;
    program.contexts.forEach((c, x) => this.contextOf.fill(x, c.base, c.base + Head.size + c.locals));
    for (const [cell, counter] of this.counterOf) this.b.sample(counter, 0, this.result.initial[cell]!);
  }

  private show(track: TrackId, depth: number, at: Ordinal, next: Shown | null): void {
    const key = track * 16 + depth;
    const now = this.shown.get(key) ?? NOTHING;
    const then = next ?? NOTHING;
    if (now.name === then.name && now.look === then.look && now.detail === then.detail) return;
    this.b.close(track, depth, at);
    this.shown.set(key, then);
    if (then !== NOTHING && at < this.b.length) this.b.open(track, depth, at, then.look, then.name, then.detail);
  }

  private byRules(lane: string, index: number): Shown | null {
    for (const rule of this.rules.get(lane) ?? []) {
      if (rule.when && this.machine.evaluate(rule.when, index) === 0) continue;
      let i = 0;
      const name = rule.label.replace(/%([a-zA-Z])/g, (_, letter: string) =>
        this.machine.show(letter, this.machine.evaluate(rule.args[i++]!, index)),
      );
      return name ? { look: rule.look, name, detail: '' } : null;
    }
    return null;
  }

  private redrawAll(at: Ordinal): void {
    for (let c = 0; c < this.program.cpus; c++) this.drawCpu(c, at);
    this.drawTasks(at);
  }

  private drawCpu(c: number, at: Ordinal): void {
    const tracks = this.cpuTracks[c]!;
    this.show(tracks.group, 0, at, this.byRules('cpu', c));
    this.show(tracks.hotplug, 0, at, this.byRules('hotplug', c));
    this.show(tracks.virt, 0, at, this.byRules('virt', c));
    if (tracks.tdx !== null) this.show(tracks.tdx, 0, at, this.byRules('tdx', c));
    this.show(tracks.runs, 0, at, this.runs(c));
    const inIrq = this.machine.s[this.program.machine.inIrq + c] !== 0;
    this.show(
      tracks.runs,
      1,
      at,
      inIrq ? { look: Look.irq, name: this.handler[c]! || 'IPI', detail: 'call from another CPU' } : null,
    );
  }

  /** The task that a CPU runs; null while it idles or is off. */
  private runs(c: number): Shown | null {
    const { program, machine } = this;
    const m = program.machine;
    const stopped = machine.s[m.stopped]!;
    if (stopped !== 0 && machine.s[program.online + c] !== 0) {
      const acts = program.contexts[stopped - 1]!.cpu === c;
      return {
        look: acts ? Look.kth : Look.wait,
        name: `migration/${c}`,
        detail: acts ? 'stopper, interrupts off' : 'stands still for stop_machine',
      };
    }
    if (stopped !== 0 && program.contexts[stopped - 1]!.cpu === c)
      return { look: Look.kth, name: `migration/${c}`, detail: 'stopper, interrupts off' };
    const x = machine.s[m.cur + c]! - 1;
    if (x < 0) return null;
    const context = program.contexts[x]!;
    if (context.kind === 'idle')
      return machine.instrOf(x).op === 'idle'
        ? null
        : { look: Look.kth, name: context.name, detail: 'the boot path of the CPU, in its idle task' };
    if (machine.head(x, Head.dying) !== Dying.no)
      return { look: Look.oops, name: context.name, detail: 'killed by a BUG' };
    if (context.kind === 'percpu' || context.kind === 'kthread')
      return { look: Look.kth, name: context.name, detail: '' };
    const guest = machine.instrOf(x).op === 'guest';
    return {
      look: guest ? Look.guest : Look.kern,
      name: context.name,
      detail: guest ? 'in the guest' : 'in the kernel',
    };
  }

  private drawTasks(at: Ordinal): void {
    this.vcpuTracks.forEach((track, v) => this.show(track, 0, at, this.byRules('vcpu', v)));
    for (const [x, track] of this.taskTracks) this.show(track, 0, at, this.taskState(x));
    for (const [x, move] of this.moving) {
      const cpu = this.machine.head(x, Head.cpu);
      if (!this.machine.isCurrent(x)) continue;
      this.moving.delete(x);
      this.arrow(x, move, cpu, at);
    }
  }

  private taskState(x: number): Shown | null {
    const { machine } = this;
    const cpu = machine.head(x, Head.cpu);
    switch (machine.head(x, Head.run)) {
      case Run.runnable:
        return machine.isCurrent(x)
          ? { look: Look.kern, name: `runs, CPU ${cpu}`, detail: '' }
          : { look: Look.wait, name: `runnable, CPU ${cpu}`, detail: '' };
      case Run.sleeping:
        return { look: Look.off, name: 'waits', detail: this.waitsFor(x) };
      case Run.dead:
        return { look: Look.oops, name: 'dead', detail: '' };
      default:
        return null;
    }
  }

  private waitsFor(x: number): string {
    const instr = this.machine.instrOf(x);
    if (instr.op === 'lock') return `for ${this.program.locks[instr.lock]!.name}`;
    const fn = this.program.frames[instr.frame]?.fn;
    return fn ? `in ${fn}` : '';
  }

  private drawLock(lock: number, value: number, at: Ordinal): void {
    const track = this.lockTracks.get(lock)!;
    let holder = '';
    if (value < 0) holder = this.program.contexts[-value - 1]!.name;
    else if (value > 0)
      holder =
        this.program.locks[lock]!.mode === 'rwsem'
          ? `${value} reader${value > 1 ? 's' : ''}`
          : this.program.contexts[value - 1]!.name;
    this.show(track, 0, at, holder ? { look: Look.kern, name: holder, detail: 'holds it' } : null);
  }

  // ---- effects

  private effect(e: Effect, k: Ordinal): void {
    const { b, program } = this;
    switch (e.kind) {
      case 'log': {
        const mark = e.level === 'warn' ? Mark.warning : markOfLogLine(e.text);
        b.logLine({
          at: k,
          timeUs: this.result.history.step(k).start / 1000,
          cpu: e.cpu,
          text: e.text,
          mark,
          source: 'kernel',
        });
        b.instant(k, this.cpuTracks[e.cpu]!.group, mark === Mark.oops ? Mark.log : mark, 'log', e.text);
        break;
      }
      case 'trace':
        b.instant(k, this.cpuTracks[e.cpu]!.runs, Mark.event, e.text.split(':')[0]!, e.text);
        break;
      case 'oops': {
        const text = `BUG in ${e.fn}, called from ${e.caller}${e.instruction ? ` after #UD at ${e.instruction}` : ''}: ${program.contexts[e.context]!.name} on CPU ${e.cpu}`;
        b.instant(k, this.cpuTracks[e.cpu]!.group, Mark.oops, `BUG in ${e.fn}`, text);
        const track = this.trackOf(e.context);
        if (track !== undefined) b.instant(k, track, Mark.oops, `BUG in ${e.fn}`, text);
        break;
      }
      case 'panic':
        b.instant(k, this.cpuTracks[e.cpu]!.group, Mark.oops, 'panic', `Kernel panic: ${e.why}`);
        break;
      case 'ud':
        b.instant(
          k,
          this.cpuTracks[e.cpu]!.runs,
          Mark.failure,
          `#UD at ${e.instruction}`,
          `${e.instruction} in ${e.fn} took #UD on CPU ${e.cpu}`,
        );
        break;
      case 'fault': {
        const { text } = program.faults[e.fault]!;
        b.instant(k, this.cpuTracks[e.cpu]!.virt, Mark.failure, 'fault', text);
        for (const open of this.callbacks[e.cpu]!) open.failed = true;
        break;
      }
      case 'callback':
        this.callback(e, k);
        break;
      case 'send': {
        const key = `${e.context}>${e.to}`;
        const queue = this.sent.get(key);
        if (queue) queue.push(k);
        else this.sent.set(key, [k]);
        break;
      }
      case 'deliver': {
        this.handler[e.cpu] = e.name;
        const at = this.sent.get(`${e.sender}>${e.cpu}`)?.shift();
        const from = this.machine.head(e.sender, Head.cpu);
        if (at !== undefined && from >= 0)
          b.flow(FlowKind.ipi, e.name, this.cpuTracks[from]!.runs, at, this.cpuTracks[e.cpu]!.runs, k);
        break;
      }
      case 'handled':
        break;
      case 'migrate': {
        const fresh = !this.started.has(e.context);
        const before = this.moving.get(e.context);
        this.moving.set(e.context, { from: before?.from ?? e.from, at: before?.at ?? k, fresh });
        this.started.add(e.context);
        break;
      }
      case 'action':
        this.action(e, k);
        break;
      case 'affinity':
        break;
      case 'ended':
        if (e.dead) this.dying.add(e.context);
        break;
    }
    if (e.kind !== 'migrate' && 'context' in e) this.started.add(e.context);
  }

  private trackOf(x: number): TrackId | undefined {
    const { vcpu } = this.program.contexts[x]!;
    return vcpu >= 0 ? this.vcpuTracks[vcpu] : this.taskTracks.get(x);
  }

  private action(e: Extract<Effect, { kind: 'action' }>, k: Ordinal): void {
    const actor = this.program.actors[e.actor]!;
    const track = this.taskTracks.get(actor.context);
    if (track === undefined) return;
    const { text } = actor.actions[e.index]!;
    if (e.begin) this.b.instant(k, track, Mark.event, text, `${actor.name} begins: ${text}`);
    else
      this.b.instant(
        k,
        track,
        Mark.syscall,
        text,
        `${actor.name}: ${text} returned ${this.machine.show('e', e.result)}`,
      );
  }

  private arrow(x: number, move: { from: number; at: Ordinal; fresh: boolean }, to: number, at: Ordinal): void {
    if (move.from === to || to < 0) return;
    const kind = move.fresh ? FlowKind.wakeup : FlowKind.migration;
    this.b.flow(
      kind,
      this.program.contexts[x]!.name,
      this.cpuTracks[move.from]!.runs,
      move.at,
      this.cpuTracks[to]!.runs,
      Math.min(at, this.b.length - 1),
    );
  }

  private finishMoves(steps: number): void {
    for (const [x, move] of this.moving) this.arrow(x, move, this.machine.head(x, Head.cpu), steps);
  }

  // ---- the walk: one slice per callback, nested where one step waits for steps of another context

  private callback(e: Extract<Effect, { kind: 'callback' }>, k: Ordinal): void {
    const open = this.callbacks[e.cpu]!;
    if (e.begin) {
      open.push({ state: e.state, up: e.up, start: k + 1, failed: false });
      return;
    }
    const at = open.findLastIndex((o) => o.state === e.state && o.up === e.up);
    if (at < 0) return;
    const [done] = open.splice(at, 1);
    if (e.result !== 0) {
      this.b.instant(
        k,
        this.cpuTracks[e.cpu]!.hotplug,
        Mark.failure,
        `${this.callbackName(e.state, e.up)} returned ${this.machine.show('e', e.result)}`,
        `hotplug step ${e.state} of CPU ${e.cpu} failed`,
      );
    }
    this.sliceOf(e.cpu, done!, at, k + 1, e.result);
  }

  private finishCallbacks(steps: number): void {
    this.callbacks.forEach((open, c) => open.forEach((o, depth) => this.sliceOf(c, o, depth, steps, null)));
  }

  private callbackName(state: number, up: boolean): string {
    const st = this.program.states[this.program.stateByNumber[state]!];
    return (up ? st?.up : st?.down) || st?.name || String(state);
  }

  private sliceOf(
    c: number,
    o: { state: number; up: boolean; start: Ordinal; failed: boolean },
    depth: number,
    end: Ordinal,
    result: number | null,
  ): void {
    const st = this.program.states[this.program.stateByNumber[o.state]!];
    const detail = `state ${o.state} ${st?.name ?? ''}, ${o.up ? 'up' : 'down'}, ${result === null ? 'not finished' : `ret ${this.machine.show('e', result)}`}`;
    const look = o.failed || (result !== null && result !== 0) ? Look.fail : this.sectionLook(o.state);
    this.b.slice(
      this.cpuTracks[c]!.hotplug,
      1 + depth,
      o.start,
      Math.max(end, o.start + 1),
      look,
      this.callbackName(o.state, o.up),
      detail,
    );
  }

  /** Sections by the markers that every state table has (kernel facts, section 8). */
  private sectionLook(state: number): Look {
    const of = (constant: string): number =>
      this.program.states.find((s) => s.constant === constant)?.number ?? Infinity;
    if (state <= of('CPUHP_BRINGUP_CPU')) return Look.prep;
    return state < of('CPUHP_AP_ONLINE_IDLE') ? Look.start : Look.onl;
  }
}
