/** Kernel and litmus set-up to a checked program: layout of the cells, then the code of every context. */
import type * as Ast from './ast';
import type { Kernel } from './assemble';
import { resolveAction } from './actions';
import { resolveFault } from './faults';
import { Findings, TextError, type Place, type Problem } from './errors';
import { Cells } from './cells';
import { Emitter } from './emit';
import type { Layout } from './layout';
import { Expressions } from './expressions';
import {
  Head,
  Run,
  type CellGroup,
  type CompiledAction,
  type CompiledFault,
  type CompiledLane,
  type Context,
  type Probe,
  type Program,
} from './program';
import { packageOf, settingsOf, type Setting } from './settings';
import type { Setup } from './setup';

export type Compiled =
  { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Compiles; never throws on a wrong text, but reports what is wrong, with places: all that the litmus text names wrongly, or the first problem of the code. */
export function compile(kernel: Kernel, setup: Setup): Compiled {
  try {
    return { ok: true, program: new Compiler(kernel, setup).program() };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: error.problems };
    throw error;
  }
}

/** Depth of a CPU's queue of calls from other CPUs; a sender waits while it is full. */
const QUEUE_DEPTH = 4;
/** Local slots of the scratch context that evaluates lanes and probes. */
const SCRATCH_LOCALS = 4;

class Compiler extends Cells {
  program(): Program {
    const { kernel, setup } = this;
    const vcpus = setup.vms.flatMap((vm, v) =>
      Array.from({ length: vm.vcpus }, (_, i) => ({ name: `${vm.name}.vcpu${i}`, vm: v, index: i })),
    );
    const n = setup.cpus;

    const instances = (t: Ast.ThreadDecl): number => (t.per === 'cpu' ? n : t.per === 'vcpu' ? vcpus.length : 1);
    const threadCount = [...kernel.threads.values()].reduce((sum, t) => sum + instances(t), 0);
    const contextsMax = (this.contexts = 1 + 3 * n + threadCount + setup.actors.length);

    // 1. variables
    const domain = { global: 1, cpu: n, vm: setup.vms.length, vcpu: vcpus.length } as const;
    const variables = new Map<string, { group: CellGroup; scope: Ast.VarDecl['scope']; type: Ast.TypeName }>();
    const builtin = (scope: Ast.VarDecl['scope'], name: string, type: Ast.TypeName, doc: string): Ast.VarDecl => ({
      scope,
      type,
      name,
      initial: null,
      param: false,
      hardware: false,
      doc,
      place: NOWHERE,
    });
    const declared = [
      builtin('vcpu', 'vcpu_vm', { kind: 'vm' }, 'VM that the vCPU belongs to'),
      builtin('vm', 'vm_spins', { kind: 'bool' }, 'the guest never leaves by itself'),
      builtin('vm', 'vm_halts', { kind: 'bool' }, 'the guest halts after each exit, and its VMM sleeps'),
      builtin('vm', 'vm_td', { kind: 'bool' }, 'the VM is a trusted domain'),
      builtin('cpu', 'cpu_package', { kind: 'int', lo: 0, hi: 255 }, 'package of the CPU'),
      ...kernel.vars.values(),
    ];
    for (const decl of declared) {
      if (variables.has(decl.name))
        throw new TextError(decl.place, `${decl.name} is a variable of the machine`, 'choose another name');
      const mask = decl.type.kind === 'mask';
      if (mask && decl.scope !== 'global') throw new TextError(decl.place, 'only a global can be a mask');
      const [lo, hi] = this.range(decl.type, vcpus.length);
      const group = this.group(
        decl.name,
        'var',
        decl.scope === 'global' && mask ? 'cpu' : decl.scope,
        mask ? n : domain[decl.scope],
        lo,
        hi,
        typeText(decl.type),
        decl.doc,
      );
      variables.set(decl.name, { group, scope: decl.scope, type: decl.type });
    }
    // 2. locks: spinlock and mutex hold the owner + 1; a rwsem the readers, or -(owner + 1)
    const locks = [...kernel.locks.values()].map((lock) => {
      const mode = lock.kind === 'spinlock' ? ('spin' as const) : lock.kind;
      const group = this.group(
        lock.name,
        'lock',
        'global',
        1,
        mode === 'rwsem' ? -contextsMax : 0,
        contextsMax,
        lock.kind,
        '',
      );
      return { name: lock.name, mode, cell: group.base };
    });
    // 3. the machine's own
    const machine = {
      cur: this.group(
        'current',
        'machine',
        'cpu',
        n,
        0,
        contextsMax,
        'task',
        'context that the CPU runs, + 1; 0: powered off',
      ).base,
      inIrq: this.group('in_irq', 'machine', 'cpu', n, 0, 1, 'bool', 'an interrupt is being handled').base,
      queue: this.group(
        'call_queue',
        'machine',
        'cpu',
        n * QUEUE_DEPTH,
        0,
        contextsMax,
        'task',
        'calls from other CPUs, sender + 1',
      ).base,
      queueDepth: QUEUE_DEPTH,
      stopped: this.group(
        'machine_stopped',
        'machine',
        'global',
        1,
        0,
        contextsMax,
        'task',
        'stopper that runs while all CPUs stand still, + 1',
      ).base,
      oops: this.group('oops', 'machine', 'global', 1, 0, 3, 'int 0..3', 'BUGs so far, at most 3 counted').base,
      panic: this.group('panic', 'machine', 'global', 1, 0, 1, 'bool', 'the host panicked').base,
      rqWait: this.group(
        'rq_wait',
        'machine',
        'cpu',
        n,
        0,
        contextsMax,
        'task',
        'task that it must place on a run queue whose lock is held for ever, + 1',
      ).base,
    };
    this.cur = machine.cur;
    const early = setup.vms.filter((vm) => !vm.late).length;
    const beginWith = { vm: early, vcpu: vcpus.filter((v) => v.vm < early).length };
    const counter = (name: string, most: number): number =>
      this.group(name, 'machine', 'global', 1, 0, most, 'int', 'made by now, or made by the text without a moment')
        .base;
    const there =
      early === setup.vms.length
        ? null
        : { vm: counter('vms_there', setup.vms.length), vcpu: counter('vcpus_there', vcpus.length) };
    // 4. hotplug states
    const registered = new Map<string, number>();
    const states = this.states(registered);
    const range = (type: Ast.TypeName): [number, number] => this.range(type, vcpus.length);
    const findings = new Findings();
    // 5. results and progress of actors, fault counters
    const actors = setup.actors.map((actor, a) => ({
      name: actor.name,
      progress: this.group(
        `progress(${actor.name})`,
        'machine',
        'global',
        1,
        0,
        actor.actions.length,
        'int',
        'actions done',
      ).base,
      actions: actor.actions.flatMap((action, i): CompiledAction[] => {
        const resolved = action.arms
          ? { fn: { name: action.words[0]!.text }, args: [] }
          : findings.attempt(() => resolveAction(action, { kernel, setup, states, range }));
        if (!resolved) return [];
        const { fn, args } = resolved;
        const result = this.group(
          `result(${actor.name},${i})`,
          'machine',
          'global',
          1,
          -4095,
          4095,
          'errno',
          action.text,
        );
        const { text, place, at } = action;
        return [{ fn: fn.name, text, args, place, resultCell: result.base, at }];
      }),
      index: a,
    }));
    const faults = setup.faults.flatMap((fault): CompiledFault[] => {
      const resolved = findings.attempt(() => resolveFault(fault, kernel, states, range));
      if (!resolved) return [];
      const hits = (): number =>
        this.group(`hits(${fault.fn})`, 'machine', 'global', 1, 0, fault.nth, 'int', fault.text).base;
      const armed = (): number =>
        this.group(`armed(${fault.fn})`, 'machine', 'global', 1, 0, 1, 'bool', fault.text).base;
      const armedCell = fault.armed === null ? -1 : armed();
      return [{ ...resolved, hitsCell: fault.nth > 0 ? hits() : -1, armedCell }];
    });
    const settings = settingsOf(kernel, setup, variables, findings);
    findings.stop();
    // 6. contexts: numbers now, cells when their locals are known
    this.draft('init', 'init', -1);
    const perCpu = (kind: 'idle' | 'irq' | 'stopper', label: (c: number) => string): number => {
      const first = this.drafts.length;
      for (let c = 0; c < n; c++) this.draft(kind, label(c), c);
      return first;
    };
    const idleFirst = perCpu('idle', (c) => `swapper/${c}`);
    const irqFirst = perCpu('irq', (c) => `irq/${c}`);
    const stopperFirst = perCpu('stopper', (c) => `migration/${c}`);
    const threads = [...kernel.threads.values()].map((decl, t) => {
      const first = this.drafts.length;
      const count = instances(decl);
      for (let i = 0; i < count; i++) {
        const name = decl.per === 'vcpu' ? vcpus[i]!.name : decl.label.replace('%d', String(i));
        const kind = decl.placement === 'user' ? ('user' as const) : decl.placement;
        this.draft(kind, name, decl.placement === 'percpu' ? i : -1, t, decl.per === 'vcpu' ? i : -1);
      }
      return { name: decl.name, placement: decl.placement, first, count, decl };
    });
    const actorFirst = this.drafts.length;
    for (const actor of actors) this.draft('actor', actor.name, -1);

    // 7. code
    const layout: Layout = {
      kernel,
      setup,
      variables,
      locks: new Map(locks.map((l) => [l.name, l])),
      states,
      registered,
      threads: new Map(threads.map((t) => [t.name, t])),
      threadIndex: new Map(threads.map((t, i) => [t.name, i])),
      vcpus,
      actors,
      machine,
      there,
      range,
      contexts: contextsMax,
    };
    const expressions = new Expressions(layout);
    const emitter = new Emitter(layout, expressions, faults);
    const wire = (what: string): Ast.FnDecl => {
      const wiring = kernel.wiring.get(what);
      if (!wiring)
        throw new TextError(
          this.top,
          `the kernel ${kernel.name} does not say which function is "${what}"`,
          `add a line "${what} f"`,
        );
      return emitter.fn(wiring.value, wiring.place);
    };
    const entries = {
      init: emitter.root('init', wire('init'), 'exit'),
      idle: emitter.root('idle', wire('idle'), 'exit'),
      threads: threads.map((t) => emitter.root('task', emitter.fn(t.decl.call, t.decl.place), 'exit')),
      actors: actors.map((_, a) => emitter.actor(a)),
    };
    // hooks run on top of a user task: their locals lie beyond those of any task
    const beyond = emitter.widthOf('task');
    const hook = (what: string, end: 'hookend' | 'exit'): number =>
      kernel.wiring.has(what) ? emitter.root('task', wire(what), end, beyond) : 0;
    const hooks = {
      in: hook('sched_in', 'hookend'),
      out: hook('sched_out', 'hookend'),
      killed: hook('killed', 'exit'),
      affinityLost: kernel.wiring.get('affinity_lost')?.value ?? 'process %d (%t) no longer affine to cpu%d',
      locals: beyond,
    };
    const place = Object.fromEntries(
      (['user', 'percpu', 'kthread'] as const).map((who) => {
        const wiring = kernel.wiring.get(`place ${who}`);
        if (!wiring?.cond)
          throw new TextError(
            this.top,
            `the kernel ${kernel.name} does not say where ${who} tasks may run`,
            `add a line "place ${who} where ..."`,
          );
        return [who, expressions.placement(wiring.cond)];
      }),
    ) as Program['place'];
    const online = kernel.wiring.get('online');
    const onlineGroup = online && variables.get(online.value);
    if (!onlineGroup || onlineGroup.type.kind !== 'mask')
      throw new TextError(
        online?.place ?? this.top,
        'the kernel does not name its mask of online CPUs',
        'add a line "online cpu_online_mask"',
      );

    const lanes = [...kernel.lanes.values()].map((lane): CompiledLane => {
      const per = lane.param.type.kind;
      if (per !== 'cpu' && per !== 'vcpu') throw new TextError(lane.param.place, 'a lane is of a CPU or of a vCPU');
      return {
        name: lane.name,
        per,
        rules: lane.rules.map((rule) => ({
          look: rule.look,
          label: rule.label,
          args: rule.labelArgs.map((arg) => expressions.withParams([lane.param], arg)),
          when: rule.when ? expressions.withParams([lane.param], rule.when) : null,
        })),
      };
    });
    const probes = new Map<string, Probe>();
    for (const def of kernel.lets.values()) {
      // what depends on who runs can be asked only by a function
      const value = def.params.length > 2 ? null : expressions.fromOutside(def.params, def.value);
      if (!value) continue;
      probes.set(def.name, {
        params: def.params.map((p) => p.type.kind),
        value,
        doc: def.doc,
      });
    }
    const question = setup.question && {
      how: setup.question.how,
      text: setup.question.text,
      cond: expressions.question(setup.question.expr),
    };

    // 8. cells of the contexts
    const contexts = this.layoutContexts(emitter, entries, { idleFirst, irqFirst, stopperFirst, actorFirst }, threads);
    const hi = new Int32Array(this.width);
    const lo = new Int32Array(this.width);
    for (const g of this.groups) {
      lo.fill(g.lo, g.base, g.base + g.count);
      hi.fill(g.hi, g.base, g.base + g.count);
    }
    for (const { base, ranges } of this.contextCells) {
      lo.set(ranges.lo, base);
      hi.set(ranges.hi, base);
    }
    const stateByNumber = new Int32Array((states.at(-1)?.number ?? 0) + 1).fill(-1);
    states.forEach((s, i) => (stateByNumber[s.number] = i));
    const initial = new Int32Array(this.width + SCRATCH_LOCALS);
    this.initialise(initial, variables, settings, contexts, vcpus, expressions);
    faults.forEach((f, i) => f.armedCell >= 0 && (initial[f.armedCell] = setup.faults[i]!.armed ? 1 : 0));
    if (there) {
      initial[there.vm] = beginWith.vm;
      initial[there.vcpu] = beginWith.vcpu;
    }
    // who waits for a moment sleeps from the start: nothing shows of it before
    actors.forEach(({ actions }, a) => {
      if ((actions[0]?.at ?? null) === null) return;
      const { base, entry } = contexts[actorFirst + a]!;
      initial[base + Head.pc] = emitter.code[entry]!.next;
      initial[base + Head.run] = Run.sleeping;
    });

    return {
      kernel: kernel.name,
      cpus: n,
      booted: setup.booted,
      vcpus,
      vms: setup.vms.map((vm) => vm.name),
      code: emitter.code,
      frames: emitter.frames,
      contexts,
      groups: this.groups,
      width: this.width,
      cells: this.width + SCRATCH_LOCALS,
      scratch: this.width - Head.size,
      lo,
      hi,
      initial,
      locks,
      states,
      stateByNumber,
      threads: threads.map((t, i) => ({
        name: t.name,
        placement: t.placement,
        contexts: Array.from({ length: t.count }, (_, k) => t.first + k),
        entry: entries.threads[i]!,
      })),
      actors: actors.map((a) => ({ name: a.name, context: actorFirst + a.index, actions: a.actions })),
      faults,
      place,
      hooks,
      machine,
      lanes,
      question,
      online: onlineGroup.group.base,
      spinning: setup.vms.map((vm) => vm.spins),
      halting: setup.vms.map((vm) => vm.halts),
      probes,
    };
  }

  /** The state in which nothing has run: initial values, boot CPUs idle, actors ready. The `init` function runs next. */
  private initialise(
    state: Int32Array,
    variables: ReadonlyMap<string, { group: CellGroup; scope: Ast.VarDecl['scope']; type: Ast.TypeName }>,
    settings: readonly Setting[],
    contexts: readonly Context[],
    vcpus: readonly { vm: number }[],
    expressions: Expressions,
  ): void {
    const fill = (name: string, value: (i: number) => number): void => {
      const { group } = variables.get(name)!;
      for (let i = 0; i < group.count; i++) state[group.base + i] = value(i);
    };
    for (const decl of this.kernel.vars.values()) {
      if (!decl.initial) continue;
      const value = expressions.constant(decl.initial);
      const { group } = variables.get(decl.name)!;
      if (value < group.lo || value > group.hi)
        throw new TextError(decl.place, `the initial value ${value} is outside ${group.lo}..${group.hi}`);
      state.fill(value, group.base, group.base + group.count);
    }
    for (const { from, to, value } of settings) state.fill(value, from, to);
    fill('vcpu_vm', (i) => vcpus[i]!.vm);
    fill('vm_spins', (i) => (this.setup.vms[i]!.spins ? 1 : 0));
    fill('vm_halts', (i) => (this.setup.vms[i]!.halts ? 1 : 0));
    fill('vm_td', (i) => (this.setup.vms[i]!.td ? 1 : 0));
    fill('cpu_package', (c) => packageOf(c, this.setup));
    let actors = 0;
    for (const [index, context] of contexts.entries()) {
      const b = context.base;
      state[b + Head.cpu] = context.cpu;
      if (context.allowed >= 0) state.fill(1, context.allowed, context.allowed + this.setup.cpus);
      const booted = context.kind === 'idle' && context.cpu < this.setup.booted;
      if (context.kind === 'init' || context.kind === 'actor' || booted) {
        state[b + Head.pc] = context.entry;
        state[b + Head.run] = Run.runnable;
      }
      if (booted) state[this.cur + context.cpu] = index + 1;
      if (context.kind === 'actor') state[b + Head.cpu] = actors++ % this.setup.booted;
    }
  }
}

export const NOWHERE: Place = { file: '', line: 1, column: 1, length: 1 };

function typeText(type: Ast.TypeName): string {
  return type.kind === 'int' ? `int ${type.lo}..${type.hi}` : type.kind;
}
