/** One pass over the steps of a run for all that they showed to the outside. */
import { errnoName } from '../language/errno';
import type { Program } from '../language/program';
import type { Effect } from '../machine/effects';
import { Cursor } from '../machine/history';
import type { Machine } from '../machine/machine';
import type { RunResult } from '../machine/run';
import type { ActionOutcome, FailedCallback, LogOutcome, OopsOutcome, RunOutcome, Virtualization } from './outcome';

/** A hotplug state by its number. */
export function stateName(program: Program, number: number): { number: number; name: string } {
  const state = program.states[program.stateByNumber[number] ?? -1];
  return { number, name: state ? state.name || state.constant : String(number) };
}

/** Whether virtualization is on, and how it came to be off. */
export function virtualizationOf(machine: Machine, cpu: number): Virtualization | null {
  const { probes } = machine.program;
  if (!probes.has('virt_on')) return null;
  if (machine.probe('virt_on', cpu) !== 0) return 'on';
  if (machine.probe('virt_lied', cpu) !== 0) return 'lied';
  if (machine.probe('virt_failed', cpu) !== 0) return 'failed';
  return 'off';
}

function failedEnables(machine: Machine): number[] {
  const cpus: number[] = [];
  for (let cpu = 0; cpu < machine.program.cpus; cpu++)
    if (machine.probe('online', cpu) !== 0 && virtualizationOf(machine, cpu) === 'failed') cpus.push(cpu);
  return cpus;
}

/** What the steps showed. */
export interface Seen {
  readonly returns: ActionOutcome[];
  readonly log: LogOutcome[];
  readonly oops: OopsOutcome[];
  panic: string | null;
  readonly runs: RunOutcome[];
  readonly migrations: { task: string; from: number; to: number; step: number; time_us: number }[];
  readonly failedCallbacks: FailedCallback[];
  readonly affinityLost: { task: string; cpu: number; step: number }[];
  readonly fired: number[];
  /** Contexts that ended without being killed. */
  readonly ended: Set<number>;
  /** CPU of the last guest instruction, by context. */
  readonly guestCpu: Map<number, number>;
}

/** Reads all steps once. */
export function readHistory(result: RunResult): Seen {
  const { program, history } = result;
  const seen: Seen = {
    returns: program.actors.flatMap((actor) =>
      actor.actions.map((action) => ({
        actor: actor.name,
        action: action.text,
        fn: action.fn,
        args: action.args,
        result: null,
        errno: null,
        began: -1,
        step: -1,
        time_us: null,
        enable_failed: [],
      })),
    ),
    log: [],
    oops: [],
    panic: null,
    runs: [],
    migrations: [],
    failedCallbacks: [],
    affinityLost: [],
    fired: program.faults.map(() => 0),
    ended: new Set(),
    guestCpu: new Map(),
  };
  const firstAction = program.actors.map((_, a) =>
    program.actors.slice(0, a).reduce((n, actor) => n + actor.actions.length, 0),
  );
  const lastUd = new Map<number, Extract<Effect, { kind: 'ud' }>>();
  const name = (x: number): string => program.contexts[x]?.name ?? '';
  const past = new Past(result);
  for (let step = 0; step < history.length; step++) {
    const s = history.step(step);
    if (s.kind === 'step' && program.code[s.pc]!.op === 'guest') seen.guestCpu.set(s.context, s.cpu);
    const time_us = s.start / 1000;
    for (const e of history.effects.get(step) ?? []) {
      switch (e.kind) {
        case 'action': {
          const at = firstAction[e.actor]! + e.index;
          const before = seen.returns[at]!;
          const errno = e.result < 0 ? errnoName(e.result) : null;
          if (e.begin) seen.returns[at] = { ...before, began: step };
          else {
            const enable_failed = errno === null ? [] : past.at(step + 1, failedEnables);
            seen.returns[at] = { ...before, result: e.result, errno, step, time_us, enable_failed };
          }
          break;
        }
        case 'log':
          seen.log.push({ time_us, cpu: e.cpu, text: e.text, step });
          break;
        case 'ud':
          lastUd.set(e.context, e);
          break;
        case 'oops': {
          // an older #UD of this task that was swallowed is not the cause of this BUG
          const ud = lastUd.get(e.context);
          const context = program.contexts[e.context]!;
          seen.oops.push({
            cpu: e.cpu,
            task: context.name,
            vcpu: context.vcpu >= 0,
            function: e.fn,
            caller: e.caller,
            instruction: ud && ud.instruction === e.instruction && ud.fn === e.caller ? e.instruction : '',
            where: e.where,
            killed: e.killed,
            virtualization: past.at(step + 1, (machine) => virtualizationOf(machine, e.cpu)),
            step,
            time_us,
          });
          break;
        }
        case 'panic':
          seen.panic ??= e.why;
          break;
        case 'callback':
          if (!e.begin && e.result !== 0)
            seen.failedCallbacks.push({
              cpu: e.cpu,
              state: stateName(program, e.state),
              up: e.up,
              errno: errnoName(e.result),
              step,
            });
          break;
        case 'migrate': {
          const { kind } = program.contexts[e.context]!;
          if (kind === 'user' || kind === 'actor')
            seen.migrations.push({ task: name(e.context), from: e.from, to: e.to, step, time_us });
          break;
        }
        case 'affinity':
          seen.affinityLost.push({ task: name(e.context), cpu: e.cpu, step });
          break;
        case 'fault':
          seen.fired[e.fault] = seen.fired[e.fault]! + 1;
          break;
        case 'ended':
          if (!e.dead) seen.ended.add(e.context);
          break;
        case 'trace': {
          const said = kvmRun(e.text);
          if (said) seen.runs.push({ task: name(s.context), cpu: e.cpu, ...said, step });
          break;
        }
        case 'send':
        case 'deliver':
        case 'handled':
          break;
      }
    }
  }
  return seen;
}

/** What KVM_RUN told the VMM, where it was not to go on: the kernel text says it as a trace line. */
function kvmRun(text: string): Pick<RunOutcome, 'errno' | 'exit_reason'> | null {
  const [, errno, reason] = /^KVM_RUN(?: returns (-E\w+)|: exit reason (\d+))$/.exec(text) ?? [];
  // a signal, or the freezer: the VMM calls again
  if (errno === '-EINTR' || errno === '-EAGAIN') return null;
  if (errno) return { errno, exit_reason: null };
  return reason ? { errno: null, exit_reason: Number(reason) } : null;
}

/** Asks about a state of the past: the machine is put into it, asked, and put back. */
class Past {
  private cursor: Cursor | null = null;

  constructor(private readonly result: RunResult) {}

  at<T>(position: number, question: (machine: Machine) => T): T {
    const { machine, history, initial, program } = this.result;
    this.cursor ??= new Cursor(history, initial);
    this.cursor.seek(position);
    const now = machine.s.slice(0, program.width);
    machine.load(this.cursor.s);
    try {
      return question(machine);
    } finally {
      machine.load(now);
    }
  }
}
