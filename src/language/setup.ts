/** What a litmus text tells the compiler: the machine's size, who acts, what fails, what is asked. */
import type { Expr } from './ast';
import type { Place } from './errors';

export interface SetupVm {
  readonly name: string;
  readonly vcpus: number;
  /** The guest never leaves by itself. */
  readonly spins: boolean;
  /** The guest halts after each exit, and its VMM sleeps. */
  readonly halts: boolean;
  /** A trusted domain. */
  readonly td: boolean;
  /** Made at a moment of the run: until then nothing knows of it. Such VMs come after the others. */
  readonly late?: boolean;
}

/** A word of a litmus text. */
export interface Word {
  readonly text: string;
  readonly place: Place;
}

export interface SetupAction {
  /** The name of one of the kernel text's actions, perhaps in several words, and what it is done to (actions.ts). */
  readonly words: readonly Word[];
  readonly text: string;
  readonly place: Place;
  /** Waits until this other action (actor index, action index) is done. */
  readonly after: { readonly actor: number; readonly index: number } | null;
  /** Does not begin before this moment of a run (nominal nanoseconds); null: whenever its turn comes. */
  readonly at: number | null;
  /** It arms or disarms these faults (indices into the setup's), and is no action of the kernel text; null: it is one. */
  readonly arms: { readonly on: boolean; readonly faults: readonly number[] } | null;
  /** The VM (index into the setup's) that it makes. */
  readonly makes?: number;
}

export interface SetupFault {
  /** -1: on any CPU. */
  readonly cpu: number;
  /** A function of the kernel text, or a hotplug state by constant, runtime name or number. */
  readonly fn: string;
  /** Only on this way through a hotplug state; null: on both. */
  readonly direction: 'up' | 'down' | null;
  /** Where the text names the function. */
  readonly fnPlace: Place;
  /** A number, or the name of a constant of the kernel text. */
  readonly returns: number | Word;
  readonly maybe: boolean;
  /** Fires only on the nth time (from 1); 0: always. */
  readonly nth: number;
  /** Is it armed when the run begins, where actions arm and disarm it? null: it always is. */
  readonly armed: boolean | null;
  readonly text: string;
  readonly place: Place;
}

export interface Setup {
  /** Possible CPUs. */
  readonly cpus: number;
  /** CPUs online when the run begins: 0..booted-1. */
  readonly booted: number;
  /** CPUs that are there when the run begins: 0..present-1; those from `booted` on were left offline. */
  readonly present: number;
  readonly packages: number;
  readonly vendor: 'intel' | 'amd';
  readonly vms: readonly SetupVm[];
  readonly actors: readonly {
    readonly name: string;
    readonly actions: readonly SetupAction[];
    readonly place: Place;
  }[];
  readonly faults: readonly SetupFault[];
  /** Module parameters that the text sets. */
  readonly params: readonly { readonly name: string; readonly value: number; readonly place: Place }[];
  /** Properties of the machine that the text sets, in its order; cpu -1: of every CPU, or of the whole machine. */
  readonly hardware: readonly {
    readonly cpu: number;
    readonly name: string;
    readonly value: number;
    readonly place: Place;
  }[];
  readonly question: {
    readonly how: 'never' | 'always' | 'exists' | 'eventually';
    readonly expr: Expr;
    readonly text: string;
  } | null;
}

/** Limits on a machine, so that a text from outside cannot ask for a state that does not fit in memory. */
export const LIMITS = {
  cpus: 4096,
  vms: 16,
  vcpus: 64,
  actors: 16,
  actions: 256,
  faults: 64,
  /** Latest moment that an action can wait for, nominal nanoseconds. */
  time: 1000e9,
  code: 400_000,
  cells: 8_000_000,
} as const;
