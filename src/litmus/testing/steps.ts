/** A run looked at step by step, for tests: each hotplug callback with who runs it and what holds at that moment. */
import { Head, Run, type ContextKind } from '../../language/program';
import { Cursor } from '../../machine/history';
import { Machine } from '../../machine/machine';
import type { Effect } from '../../machine/effects';
import type { RunResult } from '../../machine/run';

/** A hotplug callback that begins. */
export interface Begun {
  readonly name: string;
  readonly number: number;
  readonly up: boolean;
  readonly cpu: number;
  /** The CPU that runs it, the kind of context there, and the context's name. */
  readonly on: number;
  readonly kind: ContextKind;
  readonly context: string;
  readonly irqOff: boolean;
  readonly online: boolean;
  readonly active: boolean;
  readonly dying: boolean;
  /** Locks that somebody holds, by name, in the order in which the text declares them. */
  readonly locks: readonly string[];
  /** User tasks that are on the CPU that comes or goes. */
  readonly users: readonly string[];
}

/** Calls back after every step that shows something, with the machine in the state of then. */
export function replay(
  r: RunResult,
  each: (effects: readonly Effect[], machine: Machine, context: number) => void,
): void {
  const machine = new Machine(r.program);
  const cursor = new Cursor(r.history, r.initial);
  for (let i = 0; i < r.history.length; i++) {
    const effects = r.history.effects.get(i);
    if (!effects) continue;
    cursor.seek(i + 1);
    machine.load(cursor.s);
    each(effects, machine, r.history.step(i).context);
  }
}

/** Calls back after every step, for what must hold always. */
export function always(r: RunResult, each: (machine: Machine, step: number) => void): void {
  const machine = new Machine(r.program);
  const cursor = new Cursor(r.history, r.initial);
  for (let i = 1; i <= r.history.length; i++) {
    cursor.seek(i);
    machine.load(cursor.s);
    each(machine, i);
  }
}

/** Every hotplug callback of a CPU that begins, in order. */
export function begun(r: RunResult, cpu: number): Begun[] {
  const out: Begun[] = [];
  const { contexts, locks, states } = r.program;
  replay(r, (effects, m, context) => {
    for (const e of effects) {
      if (e.kind !== 'callback' || !e.begin || e.cpu !== cpu) continue;
      const users = contexts.flatMap((c, x) =>
        (c.kind === 'user' || c.kind === 'actor') && m.head(x, Head.run) !== Run.none && m.head(x, Head.cpu) === cpu ? [c.name] : [],
      ); // prettier-ignore
      out.push({
        name: states.find((s) => s.number === e.state)!.name,
        number: e.state,
        up: e.up,
        cpu,
        on: e.on,
        kind: contexts[context]!.kind,
        context: contexts[context]!.name,
        irqOff: m.head(context, Head.irqOff) !== 0,
        online: m.probe('online', cpu) === 1,
        active: m.probe('active', cpu) === 1,
        dying: m.probe('dying', cpu) === 1,
        locks: locks.flatMap((l) => (m.s[l.cell] !== 0 ? [l.name] : [])),
        users,
      });
    }
  });
  return out;
}

/** A variable of the kernel text, in the machine's state of then. */
export function valueIn(m: Machine, name: string, index = 0): number {
  const group = m.program.groups.find((g) => g.name === name);
  if (!group) throw new Error(`the text has no variable ${name}`);
  return m.s[group.base + index]!;
}
