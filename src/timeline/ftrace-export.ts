/**
 * A run as ftrace text: the lines that tracefs `trace` (and `trace_pipe`) would have had, had the machine been a real one.
 *
 *            cpuhp/4-26      [004] .....     0.110534: cpuhp_enter: cpu: 0004 target: 236 step: 158 (irq_affinity_online_cpu)
 *             <idle>-0       [004] d..2.     0.110518: kvm_starting_cpu <-cpuhp_invoke_callback
 *
 * What tracing cannot see is not there (`visible.ts`): no callbacks of the STARTING and DYING steps, no console lines of a CPU
 * that does not count as online, nothing behind an oops. What the model has not is not made up: a function has no offset, a
 * guest no address. Times are the run's nominal ones, in microseconds; two lines of one step have the same.
 */
import { Head, Run, type Program } from '../language/program';
import type { Transition } from '../machine/machine';
import type { RunResult } from '../machine/run';
import { Eye, type Shown, type Traced } from './visible';
import { WatchedMachine, type MachineEvent } from './watched';

/** A task as the trace names it. `tgid`: its process, -1 for the idle task. */
export interface TraceTask {
  readonly comm: string;
  readonly pid: number;
  readonly tgid: number;
}

export type TraceGroup = 'cpuhp' | 'sched' | 'kvm' | 'ipi' | 'console';

export interface FtraceOptions {
  /** Functions that the function tracer and return probes show; every one of the text where it is left out. */
  readonly traced?: Traced;
  /** Groups of events that are switched on; all where it is left out. */
  readonly events?: ReadonlySet<TraceGroup>;
  /** The column of the option record-tgid. */
  readonly tgid?: boolean;
  /** The fifth column of the flags, which is there from v6.1 on. */
  readonly migrateDisable?: boolean;
  /** Names of tasks; the model's own where it is left out. `undefined` for one that has no other. */
  readonly taskOf?: (context: number) => TraceTask | undefined;
}

const ALL: ReadonlySet<TraceGroup> = new Set(['cpuhp', 'sched', 'kvm', 'ipi', 'console']);
const IDLE: TraceTask = { comm: '<idle>', pid: 0, tgid: -1 };
/** Vector of CALL_FUNCTION_SINGLE on x86. */
const VECTOR = 251;
const cpuText = (cpu: number): string => String(cpu).padStart(4, '0');
const wide = (n: number): string => String(n).padStart(3);

/** Applies transitions to a machine, and hands on the lines that a trace would get from each. */
export class TraceWriter {
  readonly machine: WatchedMachine;
  /** tracing_on: an oops clears it. */
  on = true;
  private readonly program: Program;
  private readonly eye: Eye;
  private readonly events: ReadonlySet<TraceGroup>;
  private readonly running: Int32Array;
  private now = 0;

  constructor(
    program: Program,
    private readonly options: FtraceOptions,
    /** Takes each line, in order. */
    private readonly line: (text: string, cpu: number) => void,
    /** Hears everything that the machine tells, traced or not. */
    private readonly also: (e: MachineEvent) => void = () => undefined,
  ) {
    this.program = program;
    this.machine = new WatchedMachine(program);
    this.machine.mark();
    this.events = options.events ?? ALL;
    this.eye = new Eye(program, this.machine, options.traced ?? everyFunction(program), this.events.has('kvm'));
    this.running = Int32Array.from({ length: program.cpus }, (_, c) => this.current(c));
    this.machine.listener = (e) => this.hear(e);
  }

  /** Applies an enabled transition at a time, microseconds. */
  apply(t: Transition, time: number): void {
    this.now = time;
    this.machine.apply(t);
    for (let c = 0; c < this.program.cpus; c++) if (this.current(c) !== this.running[c]) this.switched(c);
    this.machine.mark();
  }

  /** The head of a trace file: its columns. */
  static head(options: FtraceOptions, cpus: number): string[] {
    const tgid = options.tgid ? '   TGID    ' : '';
    const five = options.migrateDisable ?? true;
    return ['# tracer: function', '#', `# entries-in-buffer/entries-written: -/-   #P:${cpus}`, '#', `#           TASK-PID    ${tgid} CPU#  ${five ? '|||||' : '||||'}  TIMESTAMP  FUNCTION`]; // prettier-ignore
  }

  private current(cpu: number): number {
    return this.machine.s[this.program.machine.cur + cpu]! - 1;
  }

  private hear(e: MachineEvent): void {
    this.also(e);
    if (!this.on) return;
    const shown = this.eye.see(e, true);
    if (shown) this.show(shown);
    if (e.kind !== 'effect') return;
    const { effect } = e;
    switch (effect.kind) {
      case 'oops':
        this.on = false;
        return;
      case 'log':
        if (this.events.has('console') && this.counts(effect.cpu)) this.write(effect.cpu, `console: ${effect.text}`);
        return;
      case 'trace': {
        const vcpu = this.program.contexts[e.context]?.vcpu ?? -1;
        if (this.events.has('kvm') && vcpu >= 0 && effect.text.startsWith('kvm_exit'))
          this.write(effect.cpu, `kvm_exit: vcpu ${this.numberOf(vcpu)} reason unknown`);
        return;
      }
      case 'migrate':
        if (this.events.has('sched') && this.machine.head(effect.context, Head.run) !== Run.none) {
          const { comm, pid } = this.task(effect.context);
          this.write(
            this.counts(effect.from) ? effect.from : effect.to,
            `sched_migrate_task: comm=${comm} pid=${pid} prio=120 orig_cpu=${effect.from} dest_cpu=${effect.to}`,
          );
        }
        return;
      case 'deliver':
      case 'handled':
        if (this.events.has('ipi'))
          this.write(
            effect.cpu,
            `call_function_single_${effect.kind === 'deliver' ? 'entry' : 'exit'}: vector=${VECTOR}`,
            true,
          );
        return;
      case 'ended':
        if (this.events.has('sched')) {
          const { comm, pid } = this.task(effect.context);
          this.write(effect.cpu, `sched_process_exit: comm=${comm} pid=${pid} prio=120`);
        }
        return;
      default:
        return;
    }
  }

  private show(s: Shown): void {
    const { cpu } = s;
    const irq = this.program.contexts[s.context]!.kind === 'irq';
    const line = (text: string): void => this.write(cpu, text, irq, s.context);
    switch (s.what) {
      case 'enter': {
        if (!this.events.has('cpuhp')) return;
        const state = this.program.states[this.program.stateByNumber[s.step] ?? -1];
        const multi = state !== undefined && state.instances > 1 ? 'cpuhp_multi_enter' : 'cpuhp_enter';
        line(`${multi}: cpu: ${cpuText(s.about)} target: ${wide(s.target)} step: ${wide(s.step)} (${s.fn})`);
        return;
      }
      case 'exit':
        if (this.events.has('cpuhp'))
          line(`cpuhp_exit:  cpu: ${cpuText(s.about)}  state: ${wide(s.state)} step: ${wide(s.step)} ret: ${s.ret}`);
        return;
      case 'call':
        line(`${s.fn} <-${s.caller || (irq ? '__flush_smp_call_function_queue' : 'do_syscall_64')}`);
        return;
      case 'ret':
        if (s.result !== null) line(`${s.fn}_ret: (0x0 <- ${s.fn}) ret=${s.result}`);
        return;
      case 'guest':
        line(`kvm_entry: vcpu ${this.numberOf(this.program.contexts[s.context]!.vcpu)}, rip 0x0`);
        return;
      case 'oops':
        return;
    }
  }

  /** A CPU goes from one task to another. */
  private switched(c: number): void {
    const from = this.running[c]!;
    const to = this.current(c);
    this.running[c] = to;
    if (!this.on || !this.events.has('sched') || from === to || from < 0 || to < 0) return;
    const [a, b] = [this.taskOnLane(from, c), this.taskOnLane(to, c)];
    const run = this.machine.head(from, Head.run);
    const state = run === Run.sleeping ? 'S' : run === Run.dead || run === Run.none ? 'X' : 'R';
    this.write(c, `sched_switch: prev_comm=${a.comm} prev_pid=${a.pid} prev_prio=120 prev_state=${state} ==> next_comm=${b.comm} next_pid=${b.pid} next_prio=120`, false, from); // prettier-ignore
  }

  /** The idle task has a name of its own in sched_switch. */
  private taskOnLane(x: number, cpu: number): TraceTask {
    const task = this.task(x);
    return task === IDLE ? { ...IDLE, comm: `swapper/${cpu}` } : task;
  }

  private task(x: number): TraceTask {
    const context = this.program.contexts[x];
    if (!context || context.kind === 'idle' || context.kind === 'init') return IDLE;
    const named = this.options.taskOf?.(x);
    if (named) return named;
    const comm = context.kind === 'stopper' ? `migration/${context.cpu}` : context.name;
    const pid = context.tid > 0 ? context.tid : 10_000 + x;
    return { comm: comm.slice(0, 15), pid, tgid: pid };
  }

  private numberOf(vcpu: number): number {
    const { vcpus } = this.program;
    return vcpus.slice(0, vcpu).filter((v) => v.vm === vcpus[vcpu]!.vm).length;
  }

  private counts(cpu: number): boolean {
    return cpu >= 0 && this.machine.s[this.program.online + cpu] !== 0;
  }

  /** `by`: who writes it; who runs on that CPU where it is left out. */
  private write(cpu: number, text: string, irq = false, by = -1): void {
    if (!this.on) return;
    const { program, machine, options } = this;
    const kind = program.contexts[by]?.kind;
    const x = by >= 0 && kind !== 'irq' ? by : this.current(cpu);
    const who = x < 0 ? IDLE : this.task(x);
    const body = by >= 0 ? by : x;
    const off = irq || (body >= 0 && machine.head(body, Head.irqOff) !== 0);
    const preempt = body < 0 ? 0 : machine.head(body, Head.preempt);
    const flags = `${off ? 'd' : '.'}.${irq ? 'h' : '.'}${preempt > 0 ? Math.min(preempt, 9) : '.'}${(options.migrateDisable ?? true) ? '.' : ''}`;
    const tgid = options.tgid ? ` (${(who.tgid < 0 ? '-------' : String(who.tgid)).padStart(7)})` : '';
    const us = Math.round(this.now);
    const stamp = `${String(Math.floor(us / 1e6)).padStart(5)}.${String(us % 1e6).padStart(6, '0')}`;
    this.line(
      `${who.comm.padStart(16)}-${String(who.pid).padEnd(7)}${tgid} [${String(cpu).padStart(3, '0')}] ${flags} ${stamp}: ${text}`,
      cpu,
    );
  }
}

function everyFunction(program: Program): Traced {
  const all = new Set(program.frames.map((f) => f.fn));
  return { calls: all, rets: all };
}

/** The whole run as ftrace text. */
export function ftraceText(result: RunResult, options: FtraceOptions = {}): string {
  const { program, history } = result;
  const lines = TraceWriter.head(options, program.cpus);
  const writer = new TraceWriter(program, options, (line) => void lines.push(line));
  for (let k = 0; k < history.length; k++) {
    const { kind, context, cpu, choice, start } = history.step(k);
    writer.apply({ kind, context, cpu, choice }, start / 1000);
  }
  return `${lines.join('\n')}\n`;
}
