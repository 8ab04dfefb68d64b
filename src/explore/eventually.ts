/**
 * `eventually`: is there a way on which it never comes? Either one that ends, or one that goes round for ever and is fair:
 *
 *   - a context, a CPU's interrupts and the placing of a task act in the end where they always could (weak fairness);
 *   - a task that waits for its CPU and could have it again and again has it in the end, whoever else runs there, and does a
 *     step on it where it need not wait for anything else.
 *
 * The second is more than weak fairness, and what a scheduler owes: without it a task could starve beside another for ever,
 * or be put aside each time that its turn has come. A lock or a condition that comes and goes may be missed for ever.
 * The states are those that the search kept, without reductions; where the condition holds none of them goes on.
 */
import { Head, Run, type Program } from '../language/program';
import type { Transition } from '../machine/machine';
import { KINDS } from './compiled/transitions';
import type { Engine } from './compiled/engine';
import { mayWait } from './program/rests';

/** A way that never comes to it: from the first state, and then, unless it ends there, round and round. */
export interface Lasso {
  readonly stem: readonly Transition[];
  readonly round: readonly Transition[];
}

/** Who acts: numbers of contexts, of CPUs' interrupts and placings of tasks. */
interface Edge {
  readonly to: number;
  readonly by: number;
}

export function neverComes(program: Program, engine: Engine): Lasso | null {
  return new Rounds(program, engine).find();
}

class Rounds {
  private readonly contexts: number;
  private readonly tasks: readonly number[];

  constructor(
    private readonly program: Program,
    private readonly engine: Engine,
  ) {
    this.contexts = program.contexts.length;
    this.tasks = program.contexts.flatMap(({ kind }, x) =>
      ['user', 'actor', 'kthread', 'percpu'].includes(kind) ? [x] : [],
    );
  }

  find(): Lasso | null {
    const { engine } = this;
    const all = Array.from({ length: engine.states }, (_, i) => i);
    for (const s of all) {
      if (this.comes(s)) continue;
      if (engine.edges(s).length === 0) return { stem: engine.way(s), round: [] };
    }
    return this.fair(all.filter((s) => !this.comes(s)));
  }

  private readonly known = new Map<number, boolean>();
  private comes(s: number): boolean {
    let known = this.known.get(s);
    if (known === undefined) this.known.set(s, (known = this.engine.comes(s)));
    return known;
  }

  private edgesOf(s: number, within: ReadonlySet<number> | null): Edge[] {
    const edges = this.engine.edges(s);
    const out: Edge[] = [];
    for (let i = 0; i < edges.length; i += 2) {
      const to = edges[i]!;
      if (within && !within.has(to)) continue;
      out.push({ to, by: this.agent(edges[i + 1]!) });
    }
    return out;
  }

  private agent(code: number): number {
    const kind = KINDS[code & 7]!;
    const x = (code >> 3) & 0x1fff;
    switch (kind) {
      case 'step':
      case 'sleep':
      case 'irq':
        return x;
      // a scheduler that puts a task aside does it for another
      case 'preempt':
        return -1;
      case 'switch':
      case 'wake':
      case 'push':
      case 'adrift':
        return this.contexts + x;
    }
  }

  /** Looks for a fair round among these states, and in what is left of them without those in which somebody is passed over. */
  private fair(states: readonly number[]): Lasso | null {
    for (const part of this.components(states)) {
      const within = new Set(part);
      const acts = new Set<number>();
      /** Who could act in every state. */
      let always = new Set<number>();
      const waits = new Map<number, number[]>();
      const runs = new Set<number>();
      const turns = new Map<number, number[]>();
      for (const s of part) {
        const edges = this.edgesOf(s, null);
        const able = new Set(edges.map((e) => e.by));
        always = s === part[0] ? able : new Set([...always].filter((a) => able.has(a)));
        for (const e of edges) if (within.has(e.to)) acts.add(e.by);
        for (const by of able)
          if (by >= 0 && by < this.contexts && this.free(by)) turns.set(by, [...(turns.get(by) ?? []), s]);
        for (const x of this.tasks) {
          if (!this.waiting(x)) runs.add(x);
          else if (this.couldRun(x, edges)) waits.set(x, [...(waits.get(x) ?? []), s]);
        }
      }
      if ([...always].some((by) => by >= 0 && !acts.has(by))) continue;
      const passed = [...[...waits].filter(([x]) => !runs.has(x)), ...[...turns].filter(([x]) => !acts.has(x))];
      if (passed.length > 0) {
        const out = new Set(passed.flatMap(([, at]) => at));
        const found = this.fair(part.filter((s) => !out.has(s)));
        if (found) return found;
        continue;
      }
      return this.lasso(part, within);
    }
    return null;
  }

  /** In the state looked at last, where it can do a step: it does not stand at something that it could have to wait for. */
  private free(x: number): boolean {
    const { program, engine } = this;
    const pc = engine.compiled.layout.pcs(x)[engine.cell(program.contexts[x]!.base + Head.pc)]!;
    return !mayWait(program.code[pc]!);
  }

  /** Of the state looked at last. */
  private waiting(x: number): boolean {
    const { engine, program } = this;
    const { base } = program.contexts[x]!;
    const c = engine.cell(base + Head.cpu);
    if (engine.cell(base + Head.run) !== Run.runnable || c < 0) return false;
    return engine.cell(program.machine.cur + c) !== x + 1;
  }

  /** Its CPU could be given to it: it idles, or its task can be put aside. */
  private couldRun(x: number, edges: readonly Edge[]): boolean {
    if (edges.some((e) => e.by === this.contexts + x)) return true;
    return edges.some((e) => e.by === -1) && this.engine.preempts(x);
  }

  /** Strongly connected parts in which one can go round. */
  private components(states: readonly number[]): number[][] {
    const within = new Set(states);
    const index = new Map<number, number>();
    const low = new Map<number, number>();
    const open: number[] = [];
    const isOpen = new Set<number>();
    const found: number[][] = [];
    for (const root of states) {
      if (index.has(root)) continue;
      const path: { readonly s: number; readonly next: readonly number[]; at: number }[] = [];
      const enter = (s: number): void => {
        index.set(s, index.size);
        low.set(s, index.get(s)!);
        open.push(s);
        isOpen.add(s);
        path.push({ s, next: this.edgesOf(s, within).map((e) => e.to), at: 0 });
      };
      enter(root);
      while (path.length > 0) {
        const top = path.at(-1)!;
        const to = top.next[top.at++];
        if (to !== undefined) {
          if (!index.has(to)) enter(to);
          else if (isOpen.has(to)) low.set(top.s, Math.min(low.get(top.s)!, index.get(to)!));
          continue;
        }
        path.pop();
        const up = path.at(-1);
        if (up) low.set(up.s, Math.min(low.get(up.s)!, low.get(top.s)!));
        if (low.get(top.s) !== index.get(top.s)) continue;
        const part: number[] = [];
        for (let s = -1; s !== top.s;) {
          s = open.pop()!;
          isOpen.delete(s);
          part.push(s);
        }
        if (part.length > 1 || top.next.includes(top.s)) found.push(part);
      }
    }
    return found;
  }

  /** A way through every state of the part, from its first and back. */
  private lasso(part: readonly number[], within: ReadonlySet<number>): Lasso {
    const { engine } = this;
    const first = part.reduce((a, s) => (s < a ? s : a));
    const stem = engine.path(first);
    const round = [first];
    const left = new Set(part);
    left.delete(first);
    // the nearest state that was not visited yet, again and again; then home
    while (left.size > 0) {
      const leg = this.nearest(round.at(-1)!, (s) => left.has(s), within);
      for (const s of leg) left.delete(s);
      round.push(...leg);
    }
    round.push(...this.nearest(round.at(-1)!, (s) => s === first, within));
    const stemSteps = engine.along(stem);
    return { stem: stemSteps, round: engine.along([...stem, ...round.slice(1)]).slice(stemSteps.length) };
  }

  /** States after `from` on a shortest way of at least one step to such a state. */
  private nearest(from: number, wanted: (s: number) => boolean, within: ReadonlySet<number>): number[] {
    const before = new Map<number, number>();
    const queue = [from];
    for (const s of queue)
      for (const { to } of this.edgesOf(s, within)) {
        if (before.has(to)) continue;
        before.set(to, s);
        if (wanted(to)) {
          const way = [to];
          while (before.get(way[0]!) !== from) way.unshift(before.get(way[0]!)!);
          return way;
        }
        queue.push(to);
      }
    throw new Error('a round without a way back');
  }
}
