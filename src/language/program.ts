/**
 * The checked program: data that every runner reads (stepper, simulator, explorer, Promela printer).
 *
 * A state of the machine is one row of cells, its width fixed when the program is compiled:
 *
 *     cells   | kvm_usage_count | online[0] online[1] .. | lock owner .. | context 0: pc run cpu .. locals | context 1 ..
 *     range   | 0..15           | 0..1                   | 0..contexts   | known for each cell             |
 *
 * Calls are expanded in place (recursion is an error), so a pc alone tells the whole call stack (`frames`).
 * A context is anything that can execute: a task, a CPU's idle task and boot path, its interrupt, its stopper.
 */
import type { Place } from './errors';
import type { BinaryOp } from './ast';

/** Expression over cells. `local` is relative to the context that evaluates it; `call` is its argument block. */
export type Code =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'cell'; readonly at: number }
  | {
      readonly op: 'cellAt';
      readonly base: number;
      readonly count: number;
      readonly index: Code;
      readonly what: string;
    }
  | { readonly op: 'local'; readonly slot: number }
  /** An instance of a declared thread: context `first` + index. */
  | {
      readonly op: 'instance';
      readonly first: number;
      readonly count: number;
      readonly index: Code;
      readonly what: string;
    }
  | { readonly op: 'this' }
  | { readonly op: 'self' }
  | { readonly op: 'not' | 'minus'; readonly of: Code }
  | { readonly op: 'bin'; readonly how: BinaryOp; readonly left: Code; readonly right: Code }
  /** Number of set cells in base..base+count-1. */
  | { readonly op: 'count'; readonly base: number; readonly count: number }
  /** First index >= from that is set, or -1. */
  | { readonly op: 'firstFrom'; readonly base: number; readonly count: number; readonly from: Code }
  /** Next hotplug state above `from` (or below, going down) with a callback in that direction, else `target`. */
  | { readonly op: 'nextState'; readonly up: boolean; readonly from: Code; readonly target: Code }
  /** What the machine knows of tasks and CPUs. */
  | { readonly op: 'ask'; readonly what: Ask; readonly of: Code; readonly also: Code };

/**
 * running(task, cpu): it is the current task there. tasks_on(cpu): runnable tasks placed there, its own kthreads excepted.
 * alive(task): started and not ended. settled(task): it is on a CPU that its mask and the placement rule allow, or not runnable.
 * cpu_of(task). vcpu_of(task): the vCPU that it is the thread of, -1 for none. need_resched(cpu): the current task must leave, or another is waiting there. irq_pending(cpu).
 * preempt_count(task), irqs_disabled(task). actors_busy(): other actors that are in the kernel.
 * has_up(state), has_down(state): the step has a callback in that direction, and it is installed.
 * instances(state): how often that callback runs, once for each instance of the state.
 */
export type Ask =
  | 'running'
  | 'tasks_on'
  | 'alive'
  | 'settled'
  | 'cpu_of'
  | 'vcpu_of'
  | 'need_resched'
  | 'irq_pending'
  | 'dead'
  | 'sleeping'
  | 'preempt_count'
  | 'irqs_disabled'
  | 'actors_busy'
  | 'in_guest'
  | 'has_up'
  | 'has_down'
  | 'instances';

export interface Store {
  readonly at: StoreAt;
  readonly value: Code;
}
export type StoreAt =
  | { readonly op: 'cell'; readonly at: number }
  | {
      readonly op: 'cellAt';
      readonly base: number;
      readonly count: number;
      readonly index: Code;
      readonly what: string;
    }
  /** Slots are shared, so what may go into one is known only here: `what` must stay within lo..hi. */
  | { readonly op: 'local'; readonly slot: number; readonly lo: number; readonly hi: number; readonly what: string };

/** A call's first argument that stands for the CPU on which its handler runs; below anything a text can send. */
export const HANDLER_CPU = -4096;

/**
 * Why a CPU takes no interrupts: the text said so, or it runs its own share of a call to other CPUs, or it switches
 * from one task to the next. Several may hold at once, and the end of one does not end the others.
 */
export const IrqOff = { text: 1, call: 2, hook: 4 } as const;

/** Where an instruction came from: its line and the chain of calls that it stands in. */
export interface InstrBase {
  readonly place: Place;
  readonly frame: number;
  /** Runs together with the step before it: touches nothing that another context can see. */
  readonly glue: boolean;
  /** Number of the `atomic { }` that it stands in, 0 for none: a step goes on while the next one has the same. */
  readonly atomic: number;
  /** Nominal nanoseconds. */
  readonly cost: number;
  /** Local slots that end here, set to 0 so that equal states are equal. */
  readonly clear: readonly [from: number, to: number] | null;
  next: number;
}

export type LockMode = 'spin' | 'mutex' | 'read' | 'write';

export type Instr = InstrBase &
  (
    | { readonly op: 'set'; readonly stores: readonly Store[] }
    | { readonly op: 'branch'; readonly cond: Code; readonly otherwise: number }
    | {
        readonly op: 'switch';
        readonly on: Code;
        readonly cases: ReadonlyMap<number, number>;
        readonly otherwise: number;
      }
    | { readonly op: 'choose'; readonly at: StoreAt; readonly lo: number; readonly hi: number; readonly why: string }
    | { readonly op: 'pick'; readonly at: StoreAt; readonly base: number; readonly count: number }
    | { readonly op: 'lock'; readonly lock: number; readonly mode: LockMode }
    | { readonly op: 'unlock'; readonly lock: number; readonly mode: LockMode }
    | { readonly op: 'await' | 'spin' | 'idle'; readonly cond: Code }
    /** `why`: one of IrqOff. */
    | { readonly op: 'irq'; readonly on: boolean; readonly why: number }
    | { readonly op: 'preempt' | 'notifier'; readonly on: boolean }
    | {
        readonly op: 'log' | 'warn' | 'panic' | 'trace' | 'fail';
        readonly format: string;
        readonly args: readonly Code[];
      }
    | { readonly op: 'ud'; readonly instruction: string }
    | { readonly op: 'bug'; readonly format: string; readonly args: readonly Code[] }
    /** Send an IPI that runs `entry` with `args`; `each` sends to every CPU of the mask but this one. */
    | {
        readonly op: 'ipi';
        readonly cpu: Code | null;
        readonly mask: { readonly base: number; readonly count: number } | null;
        readonly entry: number;
        readonly args: readonly Code[];
        readonly name: string;
      }
    /** Wait, spinning, until all calls that this context sent have run. */
    | { readonly op: 'ipiwait' }
    | { readonly op: 'ipiend' }
    | { readonly op: 'start'; readonly cpu: Code; readonly entry: number }
    | { readonly op: 'poweroff' }
    | {
        readonly op: 'stop';
        readonly base: number;
        readonly count: number;
        readonly cpu: Code;
        readonly entry: number;
        readonly args: readonly Code[];
      }
    | { readonly op: 'stopend' }
    /** Copy the result that the stopper left with the context that waited for it. */
    | { readonly op: 'stopresult'; readonly at: StoreAt | null }
    | { readonly op: 'spawn'; readonly thread: number; readonly args: readonly Code[] }
    | { readonly op: 'exit' }
    /** Gives up the CPU and stays runnable. */
    | { readonly op: 'yield' }
    | { readonly op: 'allow'; readonly task: Code; readonly cpu: Code | null }
    | { readonly op: 'guest'; readonly vcpu: Code; readonly at: StoreAt | null }
    /** Sleeps so long; `until`: and, in a run, at least to that moment (nominal nanoseconds). */
    | { readonly op: 'rest'; readonly us: number; readonly until?: number }
    | { readonly op: 'begin'; readonly up: boolean; readonly state: Code; readonly cpu: Code }
    | { readonly op: 'opaque' }
    | {
        readonly op: 'end';
        readonly up: boolean;
        readonly state: Code;
        readonly cpu: Code;
        readonly result: Code;
        readonly at: StoreAt | null;
      }
    | { readonly op: 'fired'; readonly fault: number; readonly hitsCell: number }
    | { readonly op: 'hookend' }
    | {
        readonly op: 'action';
        readonly actor: number;
        readonly index: number;
        readonly begin: boolean;
        /** Begins only while this holds; null: at once. */
        readonly when: Code | null;
        readonly result: Code;
        readonly resultCell: number;
        readonly progressCell: number;
      }
    | { readonly op: 'nop' }
  );

/** A call as it stands in the program: parent frame -1 is the entry of a context. */
export interface Frame {
  readonly fn: string;
  readonly parent: number;
  /** Where it is called from. */
  readonly place: Place;
  /** Source and fact of the function as its text names them. */
  readonly source: string;
}

/** Run state of a task context. */
export const Run = { none: 0, runnable: 1, sleeping: 2, dead: 3 } as const;

/** What a task runs beside its own code. */
export const Hook = { none: 0, out: 1, in: 2 } as const;

/**
 * yes: a BUG killed the task, and it is on its way out. held: the BUG struck inside the scheduler, so the task holds the run queue
 * lock of its CPU, interrupts off; at the first moment at which it would take an interrupt or let go of the CPU it stands still.
 */
export const Dying = { no: 0, yes: 1, held: 2 } as const;

/** Header cells of every context, in this order; `locals` follow. */
export const Head = {
  pc: 0,
  run: 1,
  cpu: 2,
  preempt: 3,
  /** Reasons (IrqOff) why its CPU takes no interrupts, 0 when it does. */
  irqOff: 4,
  notifier: 5,
  /** One of Hook. */
  hook: 6,
  resume: 7,
  /** Outstanding calls on other CPUs. */
  calls: 8,
  arg0: 9,
  arg1: 10,
  entry: 11,
  /** Interrupt: the sender's context + 1. Stopper: the waiting context + 1, which finds the result in its own arg0. */
  peer: 12,
  /** One of Dying. */
  dying: 13,
  size: 14,
} as const;

export type ContextKind = 'idle' | 'irq' | 'stopper' | 'percpu' | 'kthread' | 'user' | 'actor' | 'init';

export interface Context {
  readonly kind: ContextKind;
  readonly name: string;
  /** The CPU it is bound to, or -1. */
  readonly cpu: number;
  /** Base cell of its header. */
  readonly base: number;
  readonly locals: number;
  /** First cell of its affinity mask (one per CPU), or -1 where it has none (idle, interrupt, stopper, per-CPU). */
  readonly allowed: number;
  /** Declared thread it is an instance of, or -1. */
  readonly thread: number;
  /** vCPU it is the thread of, or -1. */
  readonly vcpu: number;
  readonly entry: number;
  /** Nominal thread id shown on the lanes. */
  readonly tid: number;
}

export type CellRole = 'var' | 'lock' | 'context' | 'machine';

/** A run of cells that belong to one variable. */
export interface CellGroup {
  readonly name: string;
  readonly role: CellRole;
  readonly scope: 'global' | 'cpu' | 'vm' | 'vcpu' | 'context';
  readonly base: number;
  readonly count: number;
  readonly lo: number;
  readonly hi: number;
  readonly type: string;
  readonly doc: string;
}

export interface HotplugState {
  readonly constant: string;
  readonly number: number;
  readonly name: string;
  readonly up: string;
  readonly down: string;
  /** How often its callback runs on one CPU: once for each instance of the state. */
  readonly instances: number;
  /** Cell that says whether it is registered, or -1 when it always is. */
  readonly registeredCell: number;
  readonly upOpaque: boolean;
  readonly downOpaque: boolean;
}

export interface CompiledAction {
  /** Function that performs it, e.g. `online`. */
  readonly fn: string;
  /** As written in the litmus text. */
  readonly text: string;
  readonly args: readonly number[];
  readonly place: Place;
  readonly resultCell: number;
  /** Does not begin before this moment of a run (nominal nanoseconds); null: whenever its turn comes. */
  readonly at: number | null;
}

export interface CompiledFault {
  readonly text: string;
  readonly cpu: number;
  /** The function that it strikes, as the kernel text calls it; where `steps` is not empty, what the litmus text calls them. */
  readonly fn: string;
  /** The steps of the hotplug walk that it strikes. */
  readonly steps: readonly { readonly state: number; readonly up: boolean }[];
  readonly returns: number;
  readonly maybe: boolean;
  /** Only this time, from 1; 0: every time. */
  readonly nth: number;
  readonly place: Place;
  readonly fnPlace: Place;
  /** Counts the calls up to the nth, whoever takes them; -1 where it strikes every time. */
  readonly hitsCell: number;
  /** Says whether it is armed, where actions arm and disarm it; -1: it always is. */
  readonly armedCell: number;
}

export interface CompiledRule {
  readonly look: string;
  readonly label: string;
  readonly args: readonly Code[];
  readonly when: Code | null;
}

/** Rules of a lane; its parameter is local slot 0 of the scratch context (`Program.scratch`). */
export interface CompiledLane {
  readonly name: string;
  readonly per: 'cpu' | 'vcpu';
  readonly rules: readonly CompiledRule[];
}

/** A `let` of the text that the page and the CLI may ask for by name; parameters are slots 0, 1 of the scratch context. */
export interface Probe {
  readonly params: readonly string[];
  readonly value: Code;
  readonly doc: string;
}

export interface Program {
  readonly kernel: string;
  readonly cpus: number;
  readonly booted: number;
  readonly vcpus: readonly { readonly name: string; readonly vm: number; readonly index: number }[];
  readonly vms: readonly string[];
  readonly code: readonly Instr[];
  readonly frames: readonly Frame[];
  readonly contexts: readonly Context[];
  /** Variables, locks, the machine's own cells, affinity masks. Heads and locals of contexts are in none. */
  readonly groups: readonly CellGroup[];
  readonly width: number;
  /** Least and greatest value of each cell. */
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly initial: Int32Array;
  readonly locks: readonly {
    readonly name: string;
    readonly mode: 'spin' | 'mutex' | 'rwsem';
    readonly cell: number;
  }[];
  readonly states: readonly HotplugState[];
  /** By number; -1 where no state has it. */
  readonly stateByNumber: Int32Array;
  readonly threads: readonly {
    readonly name: string;
    readonly placement: 'user' | 'percpu' | 'kthread';
    readonly contexts: readonly number[];
    readonly entry: number;
  }[];
  readonly actors: readonly {
    readonly name: string;
    readonly context: number;
    readonly actions: readonly CompiledAction[];
  }[];
  readonly faults: readonly CompiledFault[];
  readonly place: Readonly<Record<'user' | 'percpu' | 'kthread', Code>>;
  readonly hooks: {
    readonly in: number;
    readonly out: number;
    readonly killed: number;
    readonly affinityLost: string;
    /** First local slot of a hook; it holds the vCPU. */ readonly locals: number;
  };
  readonly machine: MachineCells;
  readonly lanes: readonly CompiledLane[];
  readonly question: {
    readonly how: 'never' | 'always' | 'exists' | 'eventually';
    readonly text: string;
    readonly cond: Code;
  } | null;
  /** Base cell of the mask of CPUs that are online, as the text names it. */
  readonly online: number;
  readonly spinning: readonly boolean[];
  /** By VM: its guest runs only a moment and halts. */
  readonly halting: readonly boolean[];
  readonly probes: ReadonlyMap<string, Probe>;
  /** Base of a context that has only locals and is no part of the state: cells `width`.. of every state array. */
  readonly scratch: number;
  /** Cells to allocate for a state array: `width` and the scratch locals. */
  readonly cells: number;
}

/** Cells that belong to the machine itself. */
export interface MachineCells {
  /** current context + 1 per CPU, 0 = powered off. */
  readonly cur: number;
  /** 1 while the CPU's interrupt context is active. */
  readonly inIrq: number;
  /** IPI queue: `depth` slots per CPU, sender + 1 each, first in first out. */
  readonly queue: number;
  readonly queueDepth: number;
  /** stopper context + 1 while the machine is stopped. */
  readonly stopped: number;
  /** BUGs so far (saturating). */
  readonly oops: number;
  readonly panic: number;
  /** By CPU: the task + 1 that it must place on a run queue whose lock is held for ever; it spins, interrupts off. */
  readonly rqWait: number;
}

/** What a cell is called, for a message. */
export function cellName(program: Program, cell: number): string {
  const group = program.groups.find((g) => cell >= g.base && cell < g.base + g.count);
  if (group) return group.count === 1 ? group.name : `${group.name}[${cell - group.base}]`;
  const context = program.contexts.find((c) => cell >= c.base && cell < c.base + Head.size + c.locals);
  if (!context) return `cell ${cell}`;
  const field = Object.entries(Head).find(([, at]) => at === cell - context.base);
  return `${context.name}:${field && field[0] !== 'size' ? field[0] : `local ${cell - context.base - Head.size}`}`;
}
