/**
 * What a trace would show of the model's steps. It knows what tracing can see (facts 9.2): callbacks only from a CPU that
 * counts as online, functions only where they were asked for, nothing after an oops until somebody switches it on again.
 */
import type { Effect } from '../machine/effects';
import type { Program } from '../language/program';
import type { MachineEvent, WatchedMachine } from './watched';

/** Functions that are traced. */
export interface Traced {
  /** Those whose entry the trace shows. */
  readonly calls: ReadonlySet<string>;
  /** Those whose return a probe shows. */
  readonly rets: ReadonlySet<string>;
}

/** An event of the model that the trace has to show, or a death. Names are those of a real trace's lines. */
export type Shown = { readonly context: number; readonly cpu: number } & (
  | {
      readonly what: 'enter';
      readonly about: number;
      readonly target: number;
      readonly step: number;
      readonly fn: string;
    }
  | {
      readonly what: 'exit';
      readonly about: number;
      readonly state: number;
      readonly step: number;
      readonly ret: number;
    }
  | { readonly what: 'call'; readonly fn: string; readonly caller: string }
  | { readonly what: 'ret'; readonly fn: string; readonly result: number | null; readonly optional: boolean }
  | { readonly what: 'guest' }
  | {
      readonly what: 'oops';
      readonly effect: Extract<Effect, { kind: 'oops' }>;
      readonly preempt: number;
      readonly irqsOff: boolean;
    }
);

/** The pair of events that the writer has around its kick of the CPU's thread is of no callback (facts 9.2 rule 3). */
const KICK = 'cpuhp_kick_ap_work';

export class Eye {
  private readonly target: number;
  private readonly state: number;
  /** st->state before the kick, by context. */
  private readonly kicked = new Map<number, { about: number; step: number }>();

  constructor(
    private readonly program: Program,
    private readonly machine: WatchedMachine,
    private readonly listed: Traced,
    /** The trace shows guest entries. */
    private readonly entries: boolean,
  ) {
    const base = (name: string): number => program.groups.find((g) => g.name === name)?.base ?? -1;
    this.target = base('cpuhp_target');
    this.state = base('cpuhp_state');
  }

  stateOf(cpu: number): number {
    return this.state < 0 ? -1 : this.machine.s[this.state + cpu]!;
  }

  targetOf(cpu: number): number {
    return this.target < 0 ? -1 : this.machine.s[this.target + cpu]!;
  }

  private online(cpu: number): boolean {
    return this.machine.s[this.program.online + cpu] !== 0;
  }

  /** What the trace shows of an event while tracing is on; null for nothing. `modules`: KVM's functions can be seen. */
  see(e: MachineEvent, modules: boolean): Shown | null {
    const { context } = e;
    if (e.kind === 'effect') return this.effect(context, e.effect);
    const { cpu, fn } = e;
    if (fn === KICK) {
      if (e.kind === 'call') {
        const about = e.argument;
        const step = this.stateOf(about);
        this.kicked.set(context, { about, step });
        return { what: 'enter', context, cpu, about, target: this.targetOf(about), step, fn };
      }
      const kick = this.kicked.get(context);
      if (!kick) return null;
      return {
        what: 'exit',
        context,
        cpu,
        about: kick.about,
        state: this.stateOf(kick.about),
        step: kick.step,
        ret: e.result ?? 0,
      };
    }
    if (!modules && this.ofModule(e.frame)) return null;
    if (e.kind === 'call')
      return this.listed.calls.has(fn) ? { what: 'call', context, cpu, fn, caller: this.callerOf(e.frame) } : null;
    return this.listed.rets.has(fn) ? { what: 'ret', context, cpu, fn, result: e.result, optional: e.injected } : null;
  }

  private callerOf(frame: number): string {
    const { parent } = this.program.frames[frame]!;
    return parent < 0 ? '' : this.program.frames[parent]!.fn;
  }

  /** Function of a module, by the file that it was read in. */
  private ofModule(frame: number): boolean {
    return /\bkvm\b|kvm_main|vmx|svm/.test(this.program.frames[frame]!.source);
  }

  private effect(context: number, effect: Effect): Shown | null {
    switch (effect.kind) {
      case 'callback': {
        if (!this.online(effect.on)) return null;
        const about = effect.cpu;
        const step = effect.state;
        if (effect.begin) {
          const st = this.program.states[this.program.stateByNumber[step] ?? -1];
          const fn = (effect.up ? st?.up : st?.down) ?? '';
          return { what: 'enter', context, cpu: effect.on, about, target: this.targetOf(about), step, fn };
        }
        return { what: 'exit', context, cpu: effect.on, about, state: this.stateOf(about), step, ret: effect.result };
      }
      case 'trace':
        return this.entries && effect.text.startsWith('kvm_entry') ? { what: 'guest', context, cpu: effect.cpu } : null;
      default:
        return null;
    }
  }
}

/** How an event of the model is written in a report: as the trace would have it. */
export function describeShown(program: Program, e: Shown): string {
  const who = `${program.contexts[e.context]?.name ?? '?'} [${String(e.cpu).padStart(3, '0')}]`;
  const cpu = (n: number): string => String(n).padStart(4, '0');
  switch (e.what) {
    case 'enter':
      return `${who} cpuhp_enter: cpu: ${cpu(e.about)} target: ${e.target} step: ${e.step} (${e.fn})`;
    case 'exit':
      return `${who} cpuhp_exit: cpu: ${cpu(e.about)} state: ${e.state} step: ${e.step} ret: ${e.ret}`;
    case 'call':
      return `${who} ${e.fn}`;
    case 'ret':
      return `${who} ${e.fn} returns ${e.result ?? '?'}`;
    case 'guest':
      return `${who} kvm_entry`;
    case 'oops':
      return `${who} dies in ${e.effect.fn} <-${e.effect.caller} at ${e.effect.instruction}`;
  }
}
