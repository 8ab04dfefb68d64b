/** One pass over the steps of a run for all that they showed to the outside. */
import { errnoName } from '../language/errno';
import type { Program } from '../language/program';
import type { Effect } from '../machine/effects';
import { Cursor } from '../machine/history';
import type { Machine } from '../machine/machine';
import type { RunResult } from '../machine/run';
import type {
  ActionOutcome,
  FailedCallback,
  LogOutcome,
  OopsOutcome,
  RunOutcome,
  Virtualization,
  VmOutcome,
  WentOff,
} from './outcome';

/** A hotplug state by its number. */
export function stateName(program: Program, number: number): { number: number; name: string; dynamic: boolean } {
  const state = program.states[program.stateByNumber[number] ?? -1];
  // those of a capture have their slot's number in the constant; that of TDX has none that anybody read (facts 8)
  const dynamic = state !== undefined && /_DYN_[A-Z]/.test(state.constant);
  return { number, name: state ? state.name || state.constant : String(number), dynamic };
}

/** The step at which KVM ended a VM, and what was done there. */
export function endOfVm(result: RunResult, vm: number): VmOutcome['ended'] {
  const { program, history } = result;
  const group = program.groups.find((g) => g.name === 'vm_dead' && g.scope === 'vm');
  if (!group) return null;
  const past = new Past(result);
  const dead = (step: number): boolean => past.at(step + 1, (machine) => machine.s[group.base + vm] !== 0);
  // it stays so: the first step after which it is
  let [low, high] = [0, history.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (dead(middle)) high = middle;
    else low = middle + 1;
  }
  const step = history.step(low);
  let frame = step.kind === 'step' ? program.code[step.pc]!.frame : -1;
  const inner = (fn: string): boolean => /^[A-Z_]+$/.test(fn) || fn === 'kvm_vm_bugged';
  while (frame >= 0 && inner(program.frames[frame]!.fn)) frame = program.frames[frame]!.parent;
  return {
    task: program.contexts[step.context]?.name ?? '',
    cpu: step.cpu,
    function: program.frames[frame]?.fn ?? '',
    step: low,
  };
}

/** Whether virtualization is on, and how it came to be off. */
export function virtualizationOf(machine: Machine, cpu: number): Virtualization | null {
  const { probes } = machine.program;
  if (!probes.has('virt_on')) return null;
  if (machine.probe('virt_on', cpu) !== 0) return 'on';
  if (machine.probe('virt_lied', cpu) !== 0) return 'lied';
  if (probes.has('virt_lost') && machine.probe('virt_lost', cpu) !== 0) return 'lost';
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
  readonly wentOff: WentOff[];
  readonly notes: string[];
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
        call: null,
        enable_failed: [],
      })),
    ),
    log: [],
    oops: [],
    panic: null,
    runs: [],
    migrations: [],
    failedCallbacks: [],
    wentOff: [],
    notes: [],
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
  /** By context: the system call that failed last, and with what. */
  const lastCall = new Map<number, { readonly call: string; readonly errno: string }>();
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
            const told = lastCall.get(s.context);
            const call = told && told.errno === errno ? told.call : null;
            lastCall.delete(s.context);
            seen.returns[at] = { ...before, result: e.result, errno, step, time_us, call, enable_failed };
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
            task: context.kind === 'irq' ? past.at(step + 1, (machine) => currentOn(machine, e.cpu)) : context.name,
            interrupt: context.kind === 'irq',
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
          // panic() says so itself, whatever led to it
          seen.log.push({ time_us, cpu: e.cpu, text: `Kernel panic - not syncing: ${e.why}`, step });
          break;
        case 'callback':
          if (!e.begin && e.result !== 0)
            seen.failedCallbacks.push({
              cpu: e.cpu,
              state: stateName(program, e.state),
              up: e.up,
              errno: errnoName(e.result),
              armed: false,
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
          if (said) {
            const of = program.contexts[s.context]!.vcpu;
            const why = past.at(step + 1, (machine) => whyItEnds(machine, of, said.exit_reason));
            seen.runs.push({ task: name(s.context), cpu: e.cpu, ...said, ...why, step });
          }
          const [, call, errno] = /^(KVM_(?!RUN\b)\w+) returns (-E\w+)$/.exec(e.text) ?? [];
          if (call && errno) lastCall.set(s.context, { call, errno });
          const [, what] = /^(VMX|SVM) goes off$/.exec(e.text) ?? [];
          const [, note] = /^note: (.*)$/.exec(e.text) ?? [];
          if (note) seen.notes.push(note);
          if (what) seen.wentOff.push({ cpu: e.cpu, what: what as WentOff['what'], step, time_us });
          const [, cpu, at] = /^CPU(\d+) hotplug\/fail: step (\d+)$/.exec(e.text) ?? [];
          if (at)
            seen.failedCallbacks.push({
              cpu: Number(cpu),
              state: stateName(program, Number(at)),
              up: past.at(step + 1, (machine) => machine.probe('hotplug_state', Number(cpu)) === Number(at)),
              errno: '-EAGAIN',
              armed: true,
              step,
            });
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

/** The task that an interrupt on a CPU struck. */
function currentOn({ program, s }: Machine, cpu: number): string {
  return program.contexts[s[program.machine.cur + cpu]! - 1]?.name ?? '';
}

/** What stands in kvm_run beside the exit reason. */
function whyItEnds(
  machine: Machine,
  vcpu: number,
  reason: number | null,
): Pick<RunOutcome, 'entry_failure' | 'status'> {
  const value = (name: string): number | null => {
    const group = machine.program.groups.find((g) => g.name === name && g.scope === 'vcpu');
    return group && vcpu >= 0 ? machine.s[group.base + vcpu]! >>> 0 : null;
  };
  const status = reason === 17 ? value('vp_enter_ret') : null;
  return {
    entry_failure: reason === 9 ? value('run_entry_failure') : null,
    status: status === null || status === 0 ? null : wholeStatus(status),
  };
}

/** A cell holds the upper half of RAX; the three values that Linux puts there itself differ in the lower one (tdx 1.2). */
function wholeStatus(upper: number): string {
  const own = new Map([
    [0x8000ff06, '0x8000ff0000000006'],
    [0x8000ff0d, '0x8000ff000000000d'],
    [0x8000ffff, '0x8000ff00ffff0000'],
  ]);
  return own.get(upper) ?? `0x${upper.toString(16).padStart(8, '0')}00000000`;
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
