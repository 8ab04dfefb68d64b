/** The cells of a state: which there are, in which order, and what each may hold. */
import type * as Ast from './ast';
import type { Kernel } from './assemble';
import type { Emitter } from './emit';
import { ARGUMENT_MAX } from './emit-calls';
import { TextError, type Place } from './errors';
import { HANDLER_CPU, Head, IrqOff, type CellGroup, type Context, type HotplugState } from './program';
import type { Family } from './scope';
import { LIMITS, type Setup } from './setup';

/** A context before its code is written. */
interface Draft {
  kind: Context['kind'];
  name: string;
  cpu: number;
  thread: number;
  vcpu: number;
  entry: number;
}

export class Cells {
  protected readonly groups: CellGroup[] = [];
  protected readonly drafts: Draft[] = [];
  /** Where each context lies; its cells are no groups, since nobody looks for them by name. */
  protected readonly contextCells: { base: number; ranges: { lo: readonly number[]; hi: readonly number[] } }[] = [];
  /** Where to point when the kernel lacks something: the beginning of its own text. */
  protected readonly top: Place;
  protected width = 0;
  protected cur = 0;
  /** Number of contexts. */
  protected contexts = 0;
  /** Greatest number of a hotplug state. */
  protected readonly lastState: number;

  constructor(
    protected readonly kernel: Kernel,
    protected readonly setup: Setup,
  ) {
    this.top = { file: kernel.files.at(-1) ?? kernel.name, line: 1, column: 1, length: 1 };
    this.lastState = Math.max(0, ...[...kernel.states.values()].map((s) => s.number ?? 0));
  }

  protected group(
    name: string,
    role: CellGroup['role'],
    scope: CellGroup['scope'],
    count: number,
    lo: number,
    hi: number,
    type: string,
    doc: string,
  ): CellGroup {
    const group = { name, role, scope, base: this.width, count, lo, hi, type, doc };
    this.groups.push(group);
    this.grow(count);
    return group;
  }

  protected grow(count: number): void {
    this.width += count;
    if (this.width > LIMITS.cells)
      throw new TextError(this.top, `the machine needs more than ${LIMITS.cells} cells`, 'use fewer CPUs or VMs');
  }

  protected range(type: Ast.TypeName, vcpus: number): [number, number] {
    switch (type.kind) {
      case 'bool':
      case 'mask':
        return [0, 1];
      case 'int':
        return [type.lo, type.hi];
      case 'cpu':
        return [-1, this.setup.cpus - 1];
      case 'vm':
        return [-1, this.setup.vms.length - 1];
      case 'vcpu':
        return [-1, vcpus - 1];
      case 'task':
        return [-1, this.contexts - 1];
      case 'state':
        return [-1, this.lastState];
      case 'errno':
        return [-4095, 4095];
    }
  }

  protected states(registered: Map<string, number>): HotplugState[] {
    const byNumber = new Map<number, string>();
    const states: HotplugState[] = [];
    for (const decl of this.kernel.states.values()) {
      if (decl.number === null)
        throw new TextError(
          decl.place,
          `the state ${decl.constant} has no number`,
          'the table of the release numbers it',
        );
      const twin = byNumber.get(decl.number);
      if (twin !== undefined)
        throw new TextError(decl.place, `${decl.constant} and ${twin} have the same number ${decl.number}`);
      byNumber.set(decl.number, decl.constant);
      let cell = -1;
      if (decl.whenRegistered) {
        cell = this.group(
          `registered(${decl.constant})`,
          'machine',
          'global',
          1,
          0,
          1,
          'bool',
          'its callbacks are installed',
        ).base;
        registered.set(decl.constant, cell);
      }
      const up = decl.up ?? '';
      const down = decl.down ?? '';
      states.push({
        constant: decl.constant,
        number: decl.number,
        name: decl.name ?? '',
        up,
        down,
        instances: decl.times ?? 1,
        registeredCell: cell,
        upOpaque: up !== '' && !this.kernel.fns.has(up),
        downOpaque: down !== '' && !this.kernel.fns.has(down),
      });
    }
    return states.sort((a, b) => a.number - b.number);
  }

  protected draft(kind: Context['kind'], name: string, cpu: number, thread = -1, vcpu = -1): void {
    this.drafts.push({ kind, name, cpu, thread, vcpu, entry: 0 });
  }

  protected layoutContexts(
    emitter: Emitter,
    entries: { init: number; idle: number; threads: readonly number[]; actors: readonly number[] },
    first: { idleFirst: number; irqFirst: number; stopperFirst: number; actorFirst: number },
    threads: readonly { first: number; count: number }[],
  ): Context[] {
    this.drafts[0]!.entry = entries.init;
    for (let c = 0; c < this.setup.cpus; c++) this.drafts[first.idleFirst + c]!.entry = entries.idle;
    threads.forEach((t, i) => {
      for (let k = 0; k < t.count; k++) this.drafts[t.first + k]!.entry = entries.threads[i]!;
    });
    entries.actors.forEach((pc, a) => (this.drafts[first.actorFirst + a]!.entry = pc));
    // contexts of one family have the same cells, and there may be thousands of them
    const byFamily = new Map<Family, { lo: number[]; hi: number[] }>();
    for (const family of ['init', 'idle', 'irq', 'stopper', 'task'] as const)
      byFamily.set(family, this.headRanges(emitter, family));
    let tid = 100;
    return this.drafts.map((d): Context => {
      const family =
        d.kind === 'init' || d.kind === 'idle' || d.kind === 'irq' || d.kind === 'stopper' ? d.kind : 'task';
      const ranges = byFamily.get(family)!;
      const base = this.width;
      this.contextCells.push({ base, ranges });
      this.grow(ranges.lo.length);
      const floats = d.kind === 'user' || d.kind === 'actor' || d.kind === 'kthread';
      const allowed = floats
        ? this.group(`${d.name}:allowed`, 'context', 'cpu', this.setup.cpus, 0, 1, 'mask', 'CPUs of its affinity mask')
            .base
        : -1;
      return {
        kind: d.kind,
        name: d.name,
        cpu: d.cpu,
        base,
        locals: ranges.lo.length - Head.size,
        allowed,
        thread: d.thread,
        vcpu: d.vcpu,
        entry: d.entry,
        tid: d.kind === 'idle' || d.kind === 'irq' || d.kind === 'init' ? 0 : tid++,
      };
    });
  }

  /** Ranges of a context's head and locals. */
  protected headRanges(emitter: Emitter, family: Family): { lo: number[]; hi: number[] } {
    const pc = [0, emitter.code.length];
    const argument = [HANDLER_CPU, ARGUMENT_MAX];
    const head: Readonly<Record<Exclude<keyof typeof Head, 'size'>, readonly number[]>> = {
      pc,
      run: [0, 3],
      cpu: [-1, this.setup.cpus - 1],
      preempt: [0, 7],
      irqOff: [0, IrqOff.text | IrqOff.call | IrqOff.hook],
      notifier: [0, 1],
      hook: [0, 2],
      resume: pc,
      calls: [0, this.setup.cpus],
      arg0: argument,
      arg1: argument,
      entry: pc,
      peer: [0, this.contexts],
      dying: [0, 2],
    };
    const ranges: { lo: number[]; hi: number[] } = { lo: [], hi: [] };
    for (const [field, [lo, hi]] of Object.entries(head)) {
      ranges.lo[Head[field as 'pc']] = lo!;
      ranges.hi[Head[field as 'pc']] = hi!;
    }
    for (const { lo, hi } of emitter.slots(family)) {
      ranges.lo.push(Math.min(0, lo));
      ranges.hi.push(Math.max(0, hi));
    }
    return ranges;
  }
}
