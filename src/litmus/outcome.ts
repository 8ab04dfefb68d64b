/**
 * What a run came to, as plain data: for the CLI's JSON, and for the page. Nothing in it is a guess: what the run does
 * not show is null or an empty list.
 *
 * A `step` is the index of the history's step that did it; the state that shows it is the one after that step
 * (`cursor.seek(step + 1)`). Times are microseconds since the start of the run.
 */
import type { Place } from '../language/errors';
import { Head, Run, type ContextKind } from '../language/program';
import type { Machine } from '../machine/machine';
import type { RunResult } from '../machine/run';
import { hungTasks, placeOf, type Hung } from './hung';
import type { Litmus } from './parse';
import { endOfVm, readHistory, stateName, virtualizationOf, type Seen } from './seen';

export type { Hung } from './hung';
export { sentence, type Sentence, type Tone } from './sentence';

export interface Verdict {
  /** '' where the text asks nothing. */
  readonly how: 'never' | 'always' | 'exists' | 'eventually' | '';
  readonly text: string;
  /** What this one run says. `none`: no question, or the run was cut before it could tell. */
  readonly result: 'holds' | 'broken' | 'seen' | 'not seen' | 'none';
  /** Step that broke it or showed it; -1 where none did, or where it was so from the start. */
  readonly step: number;
}

/** lied: the enable reported success and left it off; lost: it was on, and went off by itself. */
export type Virtualization = 'on' | 'off' | 'failed' | 'lied' | 'lost';

/** A CPU at the end of the run. Null: the kernel text has no word for it. */
export interface CpuOutcome {
  readonly cpu: number;
  /** Online when the run begins. */
  readonly booted: boolean;
  readonly present: boolean | null;
  readonly online: boolean | null;
  readonly active: boolean | null;
  readonly cpuhp: { readonly number: number; readonly name: string } | null;
  readonly virtualization: Virtualization | null;
  /** LP.INIT was done on it; null: TDX is not up. */
  readonly tdx: boolean | null;
}

export type TaskState = 'in guest' | 'in the kernel' | 'runnable' | 'sleeping' | 'dead' | 'not started' | 'ended';

/** A task at the end of the run. */
export interface TaskOutcome {
  readonly name: string;
  readonly kind: ContextKind;
  readonly tid: number;
  readonly vcpu: boolean;
  readonly state: TaskState;
  /** Where it is, or was last; null before it starts. */
  readonly cpu: number | null;
  /** CPU on which it last ran a guest, or null. */
  readonly guest_cpu: number | null;
}

/** An action of the litmus text, and what it returned to userspace. */
export interface ActionOutcome {
  readonly actor: string;
  readonly action: string;
  /** Its verb as the kernel text declares it, and the numbers it was given (a CPU, a VM, a vCPU). */
  readonly fn: string;
  readonly args: readonly number[];
  /** Null when it never returned. */
  readonly result: number | null;
  /** `-EIO`; null for a result that is no error. */
  readonly errno: string | null;
  /** Step at which it began; -1: it never did. */
  readonly began: number;
  /** Step at which it returned; -1: it never did. */
  readonly step: number;
  readonly time_us: number | null;
  /** The system call that failed, where the action makes several. */
  readonly call: string | null;
  /** Online CPUs whose enable counts as failed when it returned an error. */
  readonly enable_failed: readonly number[];
}

export interface WentOff {
  readonly cpu: number;
  readonly what: 'VMX' | 'SVM';
  readonly step: number;
  readonly time_us: number;
}

/** A VM at the end of the run. Null: the kernel text has no word for it. */
export interface VmOutcome {
  readonly name: string;
  /** Somebody still refers to it. */
  readonly held: boolean | null;
  /** KVM has ended it: every KVM_RUN and ioctl on it returns -EIO. */
  readonly dead: boolean | null;
  /** Where KVM ended it, and which task did it there. */
  readonly ended: {
    readonly task: string;
    readonly cpu: number;
    readonly function: string;
    readonly step: number;
  } | null;
}

export interface LogOutcome {
  readonly time_us: number;
  readonly cpu: number;
  readonly text: string;
  readonly step: number;
}

export interface OopsOutcome {
  readonly cpu: number;
  /** What was current there, also where an interrupt struck. */
  readonly task: string;
  readonly interrupt: boolean;
  readonly vcpu: boolean;
  readonly function: string;
  readonly caller: string;
  /** Instruction that took #UD, '' where the BUG has another cause. */
  readonly instruction: string;
  readonly where: string;
  /** False: the host panicked instead of killing a task. */
  readonly killed: boolean;
  /** Of that CPU at that moment. */
  readonly virtualization: Virtualization | null;
  readonly step: number;
  readonly time_us: number;
}

/** A KVM_RUN that told its VMM something else than to go on: an error, or an exit reason that ends the VM. */
export interface RunOutcome {
  readonly task: string;
  readonly cpu: number;
  readonly errno: string | null;
  /** KVM_EXIT_SHUTDOWN 8, KVM_EXIT_FAIL_ENTRY 9, KVM_EXIT_INTERNAL_ERROR 17. */
  readonly exit_reason: number | null;
  /** Of a KVM_EXIT_FAIL_ENTRY: fail_entry.hardware_entry_failure_reason. */
  readonly entry_failure: number | null;
  /** What a TDH.VP.ENTER that failed completed with, as RAX has it; data[0] of a KVM_EXIT_INTERNAL_ERROR. */
  readonly status: string | null;
  readonly step: number;
}

/** A hotplug callback that returned an error, or one that the `fail` file kept from being called. */
export interface FailedCallback {
  readonly cpu: number;
  /** dynamic: it has the first slot that was free, and no fact tells which one that is. */
  readonly state: { readonly number: number; readonly name: string; readonly dynamic: boolean };
  readonly up: boolean;
  readonly errno: string;
  /** By cpuN/hotplug/fail: the callback was not called. */
  readonly armed: boolean;
  readonly step: number;
}

export interface Outcome {
  readonly litmus: string;
  readonly kernel: string;
  readonly seed: number;
  readonly verdict: Verdict;
  readonly steps: number;
  readonly time_us: number;
  readonly end: RunResult['end'];
  readonly error: { readonly message: string; readonly place: Place } | null;
  readonly cpus: readonly CpuOutcome[];
  readonly tasks: readonly TaskOutcome[];
  readonly returns: readonly ActionOutcome[];
  readonly log: readonly LogOutcome[];
  readonly oops: readonly OopsOutcome[];
  readonly kvm_run: readonly RunOutcome[];
  readonly panic: string | null;
  /** hung: all CPUs stand still for a stopper that is dead, or hold and spin for a run queue lock. */
  readonly host: 'alive' | 'hung' | 'panicked' | 'restarted';
  /** CPUs that do nothing any more: their task died inside the scheduler, or they spin for the run queue lock of such a CPU. */
  readonly stuck_cpus: readonly number[];
  /** Migrations of tasks that userspace knows: vCPU threads and actors. */
  readonly migrations: readonly {
    readonly task: string;
    readonly from: number;
    readonly to: number;
    readonly step: number;
    readonly time_us: number;
  }[];
  readonly hung: readonly Hung[];
  /** Virtualization that was on and went off by itself. */
  readonly went_off: readonly WentOff[];
  readonly failed_callbacks: readonly FailedCallback[];
  /** Tasks whose affinity mask the scheduler took away, with the CPU they had to leave. */
  readonly affinity_lost: readonly { readonly task: string; readonly cpu: number; readonly step: number }[];
  /** How often each fault of the text fired. */
  readonly faults: readonly { readonly text: string; readonly fired: number }[];
  readonly vms: readonly VmOutcome[];
  /** What a kernel text has to say of the run beside what it does. */
  readonly notes: readonly string[];
}

/** What the run came to. `seed` is the one it was run with. */
export function outcomeOf(result: RunResult, litmus: Litmus, seed = 0): Outcome {
  const { program, history, machine } = result;
  const seen = readHistory(result);
  const ask = (name: string, of: number): boolean | null =>
    program.probes.has(name) ? machine.probe(name, of) !== 0 : null;
  const restarted = ask('machine_stopped', 0) === true;
  return {
    litmus: litmus.name,
    kernel: program.kernel,
    seed,
    verdict: verdictOf(result),
    steps: history.length,
    time_us: result.duration / 1000,
    end: result.end,
    error: result.error && {
      message: result.error.message,
      place: placeOf(program, result.error.pc),
    },
    cpus: Array.from({ length: program.cpus }, (_, cpu) => ({
      cpu,
      booted: cpu < program.booted,
      present: ask('present', cpu),
      online: ask('online', cpu),
      active: ask('active', cpu),
      cpuhp: program.probes.has('hotplug_state') ? stateName(program, machine.probe('hotplug_state', cpu)) : null,
      virtualization: virtualizationOf(machine, cpu),
      tdx: ask('tdx_ready', 0) === true ? ask('lp_init', cpu) : null,
    })),
    tasks: tasksOf(result, seen),
    returns: seen.returns,
    log: seen.log,
    oops: seen.oops,
    kvm_run: seen.runs,
    panic: seen.panic,
    host: seen.panic !== null ? 'panicked' : hangsWhole(result) ? 'hung' : restarted ? 'restarted' : 'alive',
    stuck_cpus: stuckCpus(machine),
    migrations: seen.migrations,
    // where every CPU was stopped nobody is waited for
    hung: result.end === 'quiet' && !restarted ? hungTasks(result, seen.returns) : [],
    went_off: seen.wentOff,
    failed_callbacks: seen.failedCallbacks,
    affinity_lost: seen.affinityLost,
    faults: program.faults.map((f, i) => ({ text: f.text, fired: seen.fired[i]! })),
    vms: program.vms.map((name, vm) => {
      const dead = vmDead(machine, vm);
      return { name, held: ask('vm_held', vm), dead, ended: dead ? endOfVm(result, vm) : null };
    }),
    notes: seen.notes,
  };
}

function vmDead(machine: Machine, vm: number): boolean | null {
  const group = machine.program.groups.find((g) => g.name === 'vm_dead' && g.scope === 'vm');
  return group ? machine.s[group.base + vm] !== 0 : null;
}

/** All CPUs stand still for a dead stopper, or each holds or spins for a run queue lock that is never given back. */
function hangsWhole({ program, machine }: RunResult): boolean {
  const stopper = machine.s[program.machine.stopped]! - 1;
  if (stopper >= 0) return machine.head(stopper, Head.run) === Run.dead;
  const stuck = stuckCpus(machine).length;
  return stuck > 0 && stuck === Array.from({ length: program.cpus }).filter((_, c) => machine.isOn(c)).length;
}

function stuckCpus(machine: Machine): number[] {
  return Array.from({ length: machine.program.cpus }, (_, cpu) => cpu).filter(
    (cpu) => machine.rqHeld(cpu) || machine.spinsOnRq(cpu),
  );
}

function verdictOf({ program, witness, end }: RunResult): Verdict {
  const { question } = program;
  if (!question) return { how: '', text: '', result: 'none', step: -1 };
  const { how, text } = question;
  const step = witness - 1 < 0 ? -1 : witness - 1;
  if (how === 'exists' || how === 'eventually')
    return { how, text, result: witness >= 0 ? 'seen' : cut(end) ? 'none' : 'not seen', step };
  return { how, text, result: witness >= 0 ? 'broken' : cut(end) ? 'none' : 'holds', step };
}

/** The run does not tell what would have come next. */
function cut(end: RunResult['end']): boolean {
  return end === 'limit' || end === 'error';
}

function tasksOf({ program, machine }: RunResult, seen: Seen): TaskOutcome[] {
  const tasks: TaskOutcome[] = [];
  program.contexts.forEach((context, x) => {
    if (!['user', 'actor', 'kthread', 'percpu'].includes(context.kind)) return;
    const run = machine.head(x, Head.run);
    const state = taskState(machine, x, run, seen.ended.has(x));
    tasks.push({
      name: context.name,
      kind: context.kind,
      tid: context.tid,
      vcpu: context.vcpu >= 0,
      state,
      cpu: state === 'not started' ? null : machine.head(x, Head.cpu),
      guest_cpu: state === 'in guest' ? machine.head(x, Head.cpu) : (seen.guestCpu.get(x) ?? null),
    });
  });
  return tasks;
}

function taskState(machine: Machine, x: number, run: number, ended: boolean): TaskState {
  if (run === Run.dead) return 'dead';
  if (run === Run.none) return ended ? 'ended' : 'not started';
  if (run === Run.sleeping) return 'sleeping';
  if (!machine.isCurrent(x)) return 'runnable';
  return machine.instrOf(x).op === 'guest' ? 'in guest' : 'in the kernel';
}
