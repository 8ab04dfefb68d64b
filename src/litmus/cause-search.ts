/** One search for causes: from node to node, each an executed instruction or a transition of the scheduler. */
import { controlOf } from '../language/control';
import { Head, Hook, type Program } from '../language/program';
import type { Because, Cause, CauseParts } from './causes';
import type { Executed } from './dependences';
import { placing } from './reads';
import { rootOf } from './setters';
import { guardCells } from './waits';

/** Place of an instruction in the trace; of a transition ~step. */
type Node = number;

interface Open {
  readonly node: Node;
  /** It stands for the outcome itself, and what it reads is asked for what was not written too. */
  readonly near: boolean;
  /** The step that is told to depend on what is found from here. */
  readonly told: number;
}

/** Instructions after which a context has nothing to do with what it did before. */
const ENDS: ReadonlySet<string> = new Set(['exit', 'ipiend', 'stopend', 'poweroff', 'hookend']);
const WAITS: ReadonlySet<string> = new Set(['await', 'spin', 'ipiwait', 'stopresult']);
const STARTS: ReadonlySet<string> = new Set(['start', 'stop', 'spawn']);

export class CauseSearch {
  private readonly found = new Map<number, Cause>();
  private readonly seen = new Set<Node>();
  private readonly open: Open[] = [];
  /** Branches and waits that were met, by context: of a loop only its last turn counts. */
  private readonly met = new Set<string>();
  private readonly worthy = new Map<Node, boolean>();

  constructor(private readonly p: CauseParts) {}

  run(): Cause[] {
    for (let next = this.open.pop(); next; next = this.open.pop()) {
      if (next.node < 0) this.transition(~next.node);
      else this.instruction(next);
    }
    return [...this.found.values()].sort((a, b) => a.step - b.step);
  }

  /** A step that is the outcome. */
  begin(step: number): void {
    const last = this.p.dependences.of(step).at(-1);
    this.add(last ? last.at : ~step, 'outcome', -1, step, true);
  }

  /** A cell whose value at the end is the outcome. */
  ask(cell: number, done: number): void {
    this.value(cell, done, this.p.index.length, { node: -1, near: true, told: done - 1 });
  }

  private add(node: Node, because: Because, cell: number, of: number, near: boolean, passing = false): void {
    const step = node < 0 ? ~node : this.p.index.stepOf(node);
    if (!passing && !this.found.has(step)) {
      const pc = node < 0 ? -1 : this.p.index.pcAt(node);
      this.found.set(step, { step, pc, because, cell, of });
    }
    if (this.seen.has(node)) return;
    this.seen.add(node);
    this.open.push({ node, near, told: passing ? of : step });
  }

  /**
   * Whoever wrote what a cell held before a place of the trace; and where asked for, what passed by a write of it.
   * @returns whether there was either, of a variable that others see too
   */
  private value(cell: number, step: number, at: number, by: Open, because: Because = 'value'): boolean {
    const node = this.writerBeforeLoop(cell, step, at);
    const local = isLocal(this.p.program, cell);
    if (node !== null) {
      const passing = because === 'value' && this.isPassing(node, cell);
      this.add(node, because, cell, by.told, by.near && local, passing);
    }
    if (!by.near || local) return node !== null && !local;
    const from = node === null ? 0 : node >= 0 ? node + 1 : this.p.index.rangeOf(~node)[1];
    const branch = this.p.omissions.before(cell, from, Math.min(at, this.p.index.length));
    if (branch >= 0) this.add(branch, 'omits', cell, by.told, false);
    return branch >= 0 || node !== null;
  }

  /** As `writer`; of the turns of a loop that counts a variable on only the last, and then what was there before the loop. */
  private writerBeforeLoop(cell: number, step: number, at: number): Node | null {
    const { index, program } = this.p;
    let node = this.writer(cell, step, at);
    if (node === null || node < 0 || isLocal(program, cell) || this.seen.has(node)) return node;
    const key = (n: Node): string => `${index.contextAt(n)} ${index.pcAt(n)} ${cell}`;
    const first = key(node);
    if (!this.met.has(first)) {
      this.met.add(first);
      return node;
    }
    while (node !== null && node >= 0 && key(node) === first) node = this.writer(cell, index.stepOf(node), node);
    return node;
  }

  /** The instruction or transition that last wrote a cell before a place of the trace; null where none did. */
  private writer(cell: number, step: number, at: number): Node | null {
    const { dependences, writes, history } = this.p;
    if (step < history.length) {
      const here = dependences.of(step).findLast((e) => e.at < at && e.written.some((w) => w.cell === cell));
      if (here) return here.at;
    }
    const before = writes.before(cell, step);
    if (before < 0) return null;
    const there = dependences.of(before).findLast((e) => e.written.some((w) => w.cell === cell));
    if (there) return there.at;
    // A local that is set to 0 where its scope ends was written by nobody.
    return history.step(before).kind === 'step' ? null : ~before;
  }

  private executed(node: Node): Executed {
    return this.p.dependences.of(this.p.index.stepOf(node)).find((e) => e.at === node)!;
  }

  /** Only hands a value on, from local to local: nothing that a reader would look at. */
  private isPassing(node: Node, cell: number): boolean {
    if (node < 0) return false;
    const { program, index } = this.p;
    if (program.code[index.pcAt(node)]!.op !== 'set') return false;
    const written = this.executed(node).written.find((w) => w.cell === cell);
    return (
      written !== undefined &&
      isLocal(program, cell) &&
      written.value >= 0 &&
      written.from.every((c) => isLocal(program, c))
    );
  }

  private instruction(by: Open): void {
    const { index, program } = this.p;
    const executed = this.executed(by.node);
    const step = index.stepOf(by.node);
    const instr = program.code[executed.pc]!;
    const values = executed.written.flatMap((w) => w.from);
    const cells = new Set([...executed.read, ...values]);
    let shared = false;
    for (const cell of cells) if (this.value(cell, step, by.node, by)) shared = true;
    if (instr.op === 'action' && instr.begin) this.after(by.node, by.told);
    else this.control(executed, step, { ...by, near: by.near && !shared });
  }

  /** From one branch to the one that led to it, past those that only let things go on, up to where the context came from. */
  private control({ at, context, pc }: Executed, step: number, by: Open): void {
    const { index, program } = this.p;
    const control = controlOf(program);
    const { frame } = program.code[pc]!;
    const root = rootOf(program, frame);
    const callers = new Set(chainOf(program, frame));
    /** The loop of a thread, or the body of an action. */
    const outer = (f: number): boolean =>
      callers.has(f) &&
      (f === root || (program.contexts[context]!.kind === 'actor' && program.frames[f]!.parent === root));
    let wanted = control[pc]!;
    for (let i = index.before(at); i >= 0; i = index.before(i)) {
      const here = index.pcAt(i);
      const instr = program.code[here]!;
      if (rootOf(program, instr.frame) !== root) continue;
      if (ENDS.has(instr.op)) break;
      if (instr.op === 'action') {
        if (instr.begin) this.add(i, 'acts', -1, by.told, false);
        return;
      }
      if (WAITS.has(instr.op) && outer(instr.frame) && this.waited(i, context, here, by.told)) return;
      if (!wanted.includes(here)) continue;
      wanted = control[here]!.filter((b) => b !== here);
      if (!callers.has(instr.frame)) continue;
      const key = `${context} ${here}`;
      if (this.seen.has(i)) return;
      if (this.met.has(key) || !this.matters(i, by.near)) continue;
      this.met.add(key);
      this.add(i, 'decides', -1, by.told, by.near);
      return;
    }
    this.entered(context, step, at, root, by.told);
  }

  /** A wait that somebody else ended; true where it is the one at the top of a thread's loop, behind which nothing matters. */
  private waited(node: Node, context: number, pc: number, of: number): boolean {
    const { program, index } = this.p;
    const key = `${context} ${pc}`;
    if (this.met.has(key)) return false;
    const step = index.stepOf(node);
    const ended = this.executed(node).read.filter((cell) => this.isForeign(this.writer(cell, step, node), context));
    if (ended.length === 0) return false;
    this.met.add(key);
    this.add(node, 'wakes', ended[0]!, of, false);
    return program.frames[program.code[pc]!.frame]!.parent < 0 && program.contexts[context]!.kind !== 'actor';
  }

  /** `after` of an action: the wait that stands before it. */
  private after(begin: Node, of: number): void {
    const { index, program } = this.p;
    for (let i = index.before(begin); i >= 0; i = index.before(i)) {
      const { op } = program.code[index.pcAt(i)]!;
      if (op === 'action') return;
      if (op === 'await') this.add(i, 'wakes', -1, of, false);
    }
  }

  /** Who made the context begin what it is in: a call, a spawn, a switch that ran its hook, a BUG. */
  private entered(context: number, step: number, at: Node, root: number, of: number): void {
    const { program, history, writes, dependences, index } = this.p;
    const { base, kind } = program.contexts[context]!;
    const rootAt = (pc: number): number => (pc === 0 ? -2 : rootOf(program, program.code[pc]!.frame));
    const { hooks } = program;
    if (root === rootAt(hooks.in) || root === rootAt(hooks.out)) {
      const cell = base + Head.hook;
      for (let k = writes.before(cell, step + 1); k >= 0; k = writes.before(cell, k)) {
        if (writes.valueAfter(cell, k) === Hook.none) continue;
        const own = dependences.of(k).findLast((e) => e.context === context && e.at < at);
        this.add(history.step(k).kind === 'step' && own ? own.at : ~k, 'places', base + Head.cpu, of, false);
        return;
      }
      return;
    }
    if (root === rootAt(hooks.killed)) {
      for (let i = index.before(at); i >= 0; i = index.before(i))
        if (program.code[index.pcAt(i)]!.op === 'bug') {
          this.add(i, 'decides', -1, of, false);
          return;
        }
    }
    if (kind === 'actor' || kind === 'init') return;
    // Someone else wrote where it is to begin.
    const cell = base + Head.pc;
    for (let k = writes.before(cell, step + 1); k >= 0; k = writes.before(cell, k)) {
      const info = history.step(k);
      if (info.kind === 'irq' && info.context === context) {
        this.add(~k, 'calls', -1, of, false);
        return;
      }
      if (info.kind !== 'step' || info.context === context) continue;
      const by = dependences.of(k).findLast((e) => e.context === info.context && STARTS.has(program.code[e.pc]!.op));
      if (!by) continue;
      this.add(by.at, 'calls', -1, of, false);
      return;
    }
  }

  /** Does a branch tell more than that things went on as usual? What the outcome itself hangs on always does. */
  private matters(node: Node, near: boolean): boolean {
    const { program, index } = this.p;
    const step = index.stepOf(node);
    const context = index.contextAt(node);
    return this.executed(node).read.some((cell) =>
      isLocal(program, cell)
        ? this.isWorth(cell, step, node)
        : near || this.isForeign(this.writer(cell, step, node), context),
    );
  }

  /** Written by another context than this one. */
  private isForeign(writer: Node | null, context: number): boolean {
    if (writer === null) return false;
    return writer < 0 ? true : this.p.index.contextAt(writer) !== context;
  }

  /** Does what a local holds come from somewhere: from a variable that another wrote, or from an error, or from a choice? */
  private isWorth(cell: number, step: number, at: Node): boolean {
    const { program, index } = this.p;
    const writer = this.writer(cell, step, at);
    if (writer === null || writer < 0) return false;
    const known = this.worthy.get(writer);
    if (known !== undefined) return known;
    this.worthy.set(writer, false);
    const where = index.stepOf(writer);
    const context = index.contextAt(writer);
    const written = this.executed(writer).written.find((w) => w.cell === cell)!;
    const chosen = (): boolean => {
      const pc = index.pcAt(writer);
      const { frame } = program.code[pc]!;
      return written.value !== 0 && controlOf(program)[pc]!.some((b) => program.code[b]!.frame === frame);
    };
    const own =
      written.from.length === 0
        ? written.value < 0 || chosen()
        : written.from.some((c) =>
            isLocal(program, c)
              ? this.isWorth(c, where, writer)
              : this.isForeign(this.writer(c, where, writer), context),
          );
    this.worthy.set(writer, own);
    return own;
  }

  private transition(step: number): void {
    const { history, replay, program, index } = this.p;
    const { kind, context: x, cpu } = history.step(step);
    const { base } = program.contexts[x]!;
    const first = index.rangeOf(step)[0];
    const by: Open = { node: -1, near: false, told: step };
    const on = (cells: Iterable<number>, because: Because): void => {
      for (const cell of new Set(cells)) this.value(cell, step, first, by, because);
    };
    const places = (to: number): number[] => {
      const cells: number[] = [];
      placing(replay.at(step), x, to, (cell) => cells.push(cell));
      return cells;
    };
    switch (kind) {
      case 'wake':
        on(guardCells(replay.at(step), x), 'wakes');
        on(places(cpu), 'places');
        return;
      case 'push':
        on([...places(cpu), ...places(replay.at(step).head(x, Head.cpu))], 'places');
        return;
      case 'switch':
        on([base + Head.cpu], 'places');
        return;
      case 'preempt': {
        const machine = replay.at(step);
        const waiting = machine.waiting(cpu).map((y) => program.contexts[y]!.base + Head.cpu);
        on(machine.mayRun(x, cpu) ? waiting : places(cpu), 'places');
        return;
      }
      case 'adrift':
        for (let c = 0; c < program.cpus; c++) on(places(c), 'places');
        return;
      case 'irq':
        this.sender(step, cpu);
        return;
      case 'sleep':
      case 'step':
        return;
    }
  }

  /** The step that sent the call which a CPU takes. */
  private sender(step: number, cpu: number): void {
    const { history, dependences, program } = this.p;
    const taken = (history.effects.get(step) ?? []).find((e) => e.kind === 'deliver' && e.cpu === cpu);
    if (taken?.kind !== 'deliver') return;
    for (let k = step - 1; k >= 0; k--) {
      const effects = history.effects.get(k) ?? [];
      if (!effects.some((e) => e.kind === 'send' && e.to === cpu && e.context === taken.sender)) continue;
      const by = dependences.of(k).findLast((e) => e.context === taken.sender && program.code[e.pc]!.op === 'ipi');
      if (by) this.add(by.at, 'calls', -1, step, false);
      return;
    }
  }
}

/** A frame and those that called it. */
function chainOf(program: Program, frame: number): number[] {
  const chain: number[] = [];
  for (let f = frame; f >= 0; f = program.frames[f]!.parent) chain.push(f);
  return chain;
}

const locals = new WeakMap<Program, Uint8Array>();

/** A local of a context, or a header field that only it and the machine use. */
function isLocal(program: Program, cell: number): boolean {
  let known = locals.get(program);
  if (!known) {
    known = new Uint8Array(program.width);
    for (const { base, locals: count } of program.contexts) known.fill(1, base, base + Head.size + count);
    locals.set(program, known);
  }
  return known[cell] === 1;
}
