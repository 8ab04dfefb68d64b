/**
 * At run time: what all contexts but one may touch before that one moves again. A context that can go on may touch whatever
 * its code leads to; one that waits joins in when somebody who may go on can write what it waits for; one that is not
 * there, when somebody can start it. Sets of things are rows of 64-bit words in the module's constant data.
 */
import { contains } from '../../language/code';
import { Head, Run } from '../../language/program';
import { cpusOf, is, isCurrent, lives, mayLeave, mayRun, queueCell, readHead, schedulable } from '../compiled/asks';
import { define, fixed, read, zero, type Build, type Scope } from '../compiled/build';
import { sleeps } from '../compiled/guards';
import type { Conflicts } from '../program/conflicts';
import type { Func } from '../wasm/encode';
import {
  br,
  call,
  either,
  get,
  getGlobal,
  i32,
  i64,
  label,
  loop,
  nothing,
  ret,
  set,
  setGlobal,
  when,
  type Op,
} from '../wasm/ops';
import { Sets } from './sets';

/** How a context stands: it takes no part, may go on, waits, or waits and has not gone to sleep yet. */
const Status = { out: 0, free: 1, waits: 2, sleepy: 3 } as const;

export class Closure extends Sets {
  private readonly living: readonly number[];
  private readonly status: number;
  private readonly futures: number;
  private readonly guards: number;
  private readonly added: number;
  private readonly started: number;
  private readonly prepared: number;

  constructor(
    b: Build,
    conflicts: Conflicts,
    /** Whether a context could go on from where it stands. */
    private readonly readyOf: (x: number) => Op,
  ) {
    super(b, conflicts);
    this.living = b.program.contexts.flatMap((_, x) => (lives(b, x) ? [x] : []));
    const each = (name: string): number => this.room(name, this.living.length);
    this.status = each('status');
    this.futures = each('futures');
    this.guards = each('guards');
    this.added = each('added');
    this.started = each('started');
    this.prepared = b.module.global('i32');
  }

  /** The state has changed: what is known of the contexts is no longer true. */
  forget(): Op {
    return setGlobal(this.prepared, zero);
  }

  /** Looks at every context: how it stands, what it may touch, what it waits for. */
  private prepare(): Func {
    const { b } = this;
    return b.shared('closure prepare', () => {
      const func = b.module.declare([], []);
      define(b, func, 0, (scope) => [
        when(getGlobal(this.prepared), ret()),
        setGlobal(this.prepared, i32.const(1)),
        this.possibleCpus(scope),
        this.living.map((x, i) => this.look(scope, x, i)),
      ]);
      return func;
    });
  }

  private setOf(i: number, base: number, value: Op): Op {
    return i32.store(zero, value, base + i * 4);
  }

  private look(scope: Scope, x: number, i: number): Op {
    const { b, conflicts } = this;
    const { machine, contexts, code } = b.program;
    const { kind, cpu } = contexts[x]!;
    const pcs = b.layout.pcs(x);
    const table = (name: string, of: (pc: number) => number): number =>
      b.memory.constants(`${name} ${x}`, () => pcs.map(of));
    const futures = table('futures', (pc) => this.touch(conflicts.future(x, pc)));
    const guards = table('guards', (pc) => {
      const guard = pc === 0 ? null : conflicts.guard(x, pc);
      return guard === null ? 0 : this.bits(guard);
    });
    const sleepy = table('sleepy', (pc) => (sleeps(code[pc]!) ? Status.sleepy : Status.waits));
    const pc = scope.temp();
    const guard = scope.temp();
    const status = (n: Op): Op => this.setOf(i, this.status, n);
    const at = (t: number): Op => i32.load(i32.shl(get(pc), i32.const(2)), t);
    const current: Op = [set(pc, readHead(b, x, Head.pc)), this.setOf(i, this.futures, at(futures))];
    const run = readHead(b, x, Head.run);
    if (kind === 'irq')
      return when(read(b, machine.inIrq + cpu), [current, status(i32.const(Status.free))], status(zero));
    if (kind === 'stopper')
      return when(is(read(b, machine.stopped), x + 1), [current, status(i32.const(Status.free))], status(zero));
    const hooked = fixed(b, contexts[x]!.base + Head.hook) === undefined;
    const inHook = hooked ? readHead(b, x, Head.hook) : zero;
    const waiting: Op = [
      set(guard, at(guards)),
      this.setOf(i, this.guards, get(guard)),
      when(
        i32.eqz(get(guard)),
        status(i32.const(Status.free)),
        when(
          this.readyOf(x),
          status(i32.const(Status.free)),
          status(either(is(run, Run.runnable), at(sleepy), i32.const(Status.waits))),
        ),
      ),
    ];
    return when(
      i32.or(is(run, Run.runnable), is(run, Run.sleeping)),
      [
        current,
        hooked ? when(inHook, status(i32.const(Status.free)), waiting) : waiting,
        when(i32.eqz(get(pc)), status(zero)),
      ],
      status(zero),
    );
  }

  /** CPUs on which some task that is not bound may be: by the placement rules, or because one is there. */
  private possibleCpus(scope: Scope): Op {
    const { b, conflicts } = this;
    const floating = schedulable(b).filter((x) => lives(b, x) && b.program.contexts[x]!.allowed >= 0);
    const clear: Op[] = [];
    for (let w = 0; w < this.words; w++) clear.push(i64.store(zero, i64.const(0n), this.cpus + w * 8));
    const { place } = b.program;
    const byTask = [place.user, place.kthread].some((r) =>
      contains(r, (part) => part.op === 'local' && part.slot === 1),
    );
    return [
      clear,
      cpusOf(b).map((c) => {
        const elements = conflicts.ofCpu(c);
        if (elements.every((w) => w === 0)) return nothing;
        const rule = (kind: string): Op => {
          const of = floating.filter((y) => b.program.contexts[y]!.kind === kind);
          // a rule that does not ask which task it is says the same of all
          const asked = byTask ? of : of.slice(0, 1);
          return asked.map((y) => this.placed(scope, y, c)).reduce((a, o) => i32.or(a, o), zero);
        };
        const there = floating
          .map((x) => either(is(readHead(b, x, Head.run), Run.runnable), is(readHead(b, x, Head.cpu), c), zero))
          .reduce((a, o) => i32.or(a, o), zero);
        const any = i32.or(there, i32.or(rule('kthread'), i32.or(rule('user'), rule('actor'))));
        return when(any, this.unite(this.cpus, this.bits(elements)));
      }),
    ];
  }

  /** The placement rule alone: masks change. */
  private placed(scope: Scope, x: number, c: number): Op {
    return mayRun(this.b, scope, x, c, false);
  }

  /** CPU that a context has to itself: none of the contexts bound to it can run before it moves; -1 for none. */
  private holds(): Func {
    const { b } = this;
    return b.shared('closure holds', () => {
      const func = b.module.declare(['i32'], ['i32']);
      define(b, func, 1, (scope) => [
        this.living.map((x) => {
          const { kind, cpu } = b.program.contexts[x]!;
          if (kind === 'stopper') return nothing;
          if (kind === 'irq') return when(is(get(0), x), ret(i32.const(cpu)));
          if (kind === 'idle') return when(is(get(0), x), ret(either(mayLeave(b, x), i32.const(-1), i32.const(cpu))));
          const off = i32.or(readHead(b, x, Head.preempt), readHead(b, x, Head.irqOff));
          return when(
            is(get(0), x),
            ret(either(i32.and(i32.ne(off, zero), isCurrent(b, scope, x)), readHead(b, x, Head.cpu), i32.const(-1))),
          );
        }),
        i32.const(-1),
      ]);
      return func;
    });
  }

  /** Cells of the masks that say which CPUs must be ready for the machine to be stopped, of one CPU. */
  private stopMasks(c: number): number[] {
    const { program, world } = this.b;
    const cells = new Set<number>();
    for (const x of this.living)
      for (const pc of world.at[x]!.keys()) {
        const instr = program.code[pc]!;
        if (instr.op === 'stop' && c < instr.count) cells.add(instr.base + c);
      }
    return [...cells];
  }

  /** Finds what all contexts but one (parameter, by its number) may touch before that one moves. */
  close(): Func {
    const { b, conflicts } = this;
    return b.shared('closure', () => {
      const func = b.module.declare(['i32'], []);
      const prepare = this.prepare();
      const add = this.add();
      define(b, func, 1, (scope) => {
        const changed = scope.temp();
        const held = scope.temp();
        const stops = scope.temp();
        const again = label('loop');
        // a CPU that cannot be preempted cannot be stopped either, as long as it is in the mask
        const stopped = cpusOf(b).map((c) => {
          const cells = this.stopMasks(c);
          const all = cells.map((cell) => i32.ne(read(b, cell), zero)).reduce((a, o) => i32.and(a, o), i32.const(1));
          return when(is(get(held), c), set(stops, i32.eqz(all)));
        });
        const stopsAfter = cpusOf(b).map((c) =>
          when(
            i32.and(is(get(held), c), i32.eqz(get(stops))),
            when(this.writesMeet(conflicts.bits(this.stopMasks(c))), [
              set(stops, i32.const(1)),
              set(changed, i32.const(1)),
            ]),
          ),
        );
        const clear: Op[] = [];
        for (let w = 0; w < this.words; w++)
          clear.push(
            i64.store(zero, i64.const(0n), this.writes + w * 8),
            i64.store(zero, i64.const(0n), this.reads + w * 8),
          );
        const n = this.living.length;
        const mark = (base: number, i: number): Op => [
          i32.store(zero, i32.const(1), base + i * 4),
          set(changed, i32.const(1)),
        ];
        const once: Op[] = [];
        const more: Op[] = [];
        this.living.forEach((x, i) => {
          const status = i32.load(zero, this.status + i * 4);
          const { kind, cpu } = b.program.contexts[x]!;
          // its CPU belongs to another until that one moves
          const isItsCpu =
            cpu < 0 || kind === 'irq'
              ? zero
              : kind === 'stopper'
                ? i32.and(is(get(held), cpu), i32.eqz(get(stops)))
                : is(get(held), cpu);
          const isIt = i32.or(is(get(0), x), isItsCpu);
          const join = [call(add.index, i32.load(zero, this.futures + i * 4)), mark(this.added, i)];
          const guard = i32.load(zero, this.guards + i * 4);
          const uniteGuard: Op[] = [];
          for (let w = 0; w < this.words; w++)
            uniteGuard.push(
              i64.store(zero, i64.or(i64.load(zero, this.reads + w * 8), i64.load(guard, w * 8)), this.reads + w * 8),
            );
          once.push(
            when(i32.eqz(isIt), when(is(status, Status.free), join, when(is(status, Status.sleepy), uniteGuard))),
          );
          more.push(
            when(
              i32.eqz(i32.or(i32.load(zero, this.added + i * 4), isIt)),
              when(i32.ge(status, i32.const(Status.waits)), when(this.meets(zero, this.writes, guard, 0), join)),
            ),
          );
          const begins = conflicts.beginning(x);
          const trigger = conflicts.bits([conflicts.things.started(x)]);
          const begin = [call(add.index, i32.const(this.touch(begins))), mark(this.started, i)];
          if (kind === 'irq' && cpu >= 0) once.push(when(read(b, queueCell(b, cpu, 0)), begin));
          more.push(
            when(
              i32.eqz(i32.or(i32.load(zero, this.started + i * 4), isItsCpu)),
              when(this.writesMeet(trigger), begin),
            ),
          );
        });
        const floating = this.living.map((x, i) => ({ x, i })).filter(({ x }) => b.program.contexts[x]!.cpu < 0);
        const place = cpusOf(b).map((c) => {
          const elements = conflicts.ofCpu(c);
          const rule = conflicts.placement(c);
          if (elements.every((w) => w === 0) || rule.every((w) => w === 0)) return nothing;
          const all = this.bits(elements);
          let missing: Op = zero;
          for (let w = 0; w < this.words; w++)
            missing = i32.or(
              missing,
              i64.ne(
                i64.and(i64.xor(i64.load(zero, this.cpus + w * 8), i64.const(-1n)), i64.load(zero, all + w * 8)),
                i64.const(0n),
              ),
            );
          // a task may come there: what those that are not bound touch is more
          return when(
            this.writesMeet(rule),
            when(missing, [
              this.unite(this.cpus, all),
              floating.map(({ i }) =>
                when(i32.load(zero, this.added + i * 4), call(add.index, i32.load(zero, this.futures + i * 4))),
              ),
              floating.map(({ x, i }) =>
                when(
                  i32.load(zero, this.started + i * 4),
                  call(add.index, i32.const(this.touch(conflicts.beginning(x)))),
                ),
              ),
              set(changed, i32.const(1)),
              // the next question begins anew
              this.forget(),
            ]),
          );
        });
        return [
          call(prepare.index),
          set(held, call(this.holds().index, get(0))),
          set(stops, i32.const(1)),
          stopped,
          clear,
          Array.from({ length: n }, (_, i) => [
            i32.store(zero, zero, this.added + i * 4),
            i32.store(zero, zero, this.started + i * 4),
          ]),
          once,
          loop(again, [set(changed, zero), more, place, stopsAfter, when(get(changed), br(again))]),
        ];
      });
      return func;
    });
  }

  /** Adds what the hooks of a task touch, while it could be taken off its CPU. */
  addHooks(x: number): Op {
    const { b } = this;
    if (!b.world.hooked.has(x)) return nothing;
    const touched = this.touch(this.conflicts.hooks(x));
    const off = i32.or(readHead(b, x, Head.preempt), readHead(b, x, Head.irqOff));
    return when(readHead(b, x, Head.notifier), when(i32.eqz(off), call(this.add().index, i32.const(touched))));
  }
}
