import { describe, expect, it } from 'vitest';
import { Head, Run, type Program } from '../language/program';
import { tiny, wrong, type TinySetup } from '../language/testing/tiny';
import type { Effect } from './effects';
import { Machine, MachineError, type MachineOptions, type Transition } from './machine';
import { Cursor } from './history';
import { run } from './run';

/** A machine that a test drives by hand. */
class Bench {
  readonly m: Machine;
  constructor(text: string, setup: TinySetup = {}, options: MachineOptions = {}) {
    this.m = new Machine(tiny(text, setup), options);
  }
  get p(): Program {
    return this.m.program;
  }
  context(name: string): number {
    return this.p.contexts.findIndex((c) => c.name === name);
  }
  value(name: string, i = 0): number {
    return this.m.s[this.p.groups.find((g) => g.name === name)!.base + i]!;
  }
  can(who: string): string[] {
    return this.m
      .enabled()
      .filter((t) => t.context === this.context(who))
      .map((t) => t.kind);
  }
  /** Applies the first transition of that context (and kind); its effects. */
  go(who: string, kind?: Transition['kind'], choice?: number): readonly Effect[] {
    const t = this.m
      .enabled()
      .find(
        (e) =>
          e.context === this.context(who) &&
          (kind === undefined || e.kind === kind) &&
          (choice === undefined || e.choice === choice),
      );
    if (!t) throw new Error(`${who} cannot ${kind ?? 'do anything'}`);
    this.m.apply(t);
    this.m.mark();
    return this.m.effects;
  }
  /** Steps a context until it stands at this kind of instruction. */
  until(who: string, op: string): this {
    for (let i = 0; i < 100; i++) {
      if (this.m.isCurrent(this.context(who)) && this.m.instrOf(this.context(who)).op === op) return this;
      this.go(who);
    }
    throw new Error(`${who} never comes to ${op}`);
  }
  head(who: string, field: number): number {
    return this.m.head(this.context(who), field);
  }
}

/** The error of a run; '' when there is none. */
function error(text: string, setup: TinySetup = { actors: { a: ['go'] } }): string {
  return run(tiny(text, setup)).error?.message ?? '';
}

describe('locks', () => {
  it('hold preemption off while a spinlock is held, and spin where it is taken', () => {
    const b = new Bench('spinlock l\naction go() { lock l; unlock l; return 0 }\n', {
      actors: { a: ['go'], b: ['go'] },
    });
    b.until('a', 'unlock').until('b', 'lock');
    expect(b.head('a', Head.preempt)).toBe(1);
    expect(b.m.preemptible(0)).toBe(false);
    expect(b.can('b')).toEqual([]); // it spins, and gives up nothing
    b.go('a');
    expect(b.m.preemptible(0)).toBe(true);
    expect(b.can('b')).toEqual(['step']);
  });

  it('put a task to sleep at a mutex that is taken, and wake it when it is free', () => {
    const b = new Bench('mutex m\naction go() { lock m; unlock m; return 0 }\n', { actors: { a: ['go'], b: ['go'] } });
    b.until('a', 'unlock').until('b', 'lock');
    expect(b.can('b')).toEqual(['sleep']);
    b.go('b', 'sleep');
    expect(b.head('b', Head.run)).toBe(Run.sleeping);
    expect(b.can('b')).toEqual([]);
    b.go('a');
    expect(b.can('b')).toEqual(['wake', 'wake']); // on either CPU
  });

  it('are given back only by who holds them', () => {
    expect(error('mutex m\naction go() { unlock m; return 0 }\n')).toMatch(/a unlocks m, which it does not hold/);
    expect(error('spinlock l\naction go() { unlock l; return 0 }\n')).toMatch(/does not hold/);
  });
});

describe('sleeping', () => {
  const cases: [string, string][] = [
    ['a mutex with preemption off', 'mutex m\naction go() { preempt off; lock m; unlock m; preempt on; return 0 }'],
    ['a mutex with interrupts off', 'mutex m\naction go() { irq off; lock m; unlock m; irq on; return 0 }'],
    ['a mutex under a spinlock', 'spinlock l\nmutex m\naction go() { lock l; lock m; unlock m; unlock l; return 0 }'],
    [
      'a condition that holds already',
      'global bool x = true\naction go() { preempt off; await x; preempt on; return 0 }',
    ],
    ['a rest', 'action go() { irq off; rest 5; irq on; return 0 }'],
    ['a call on another CPU', 'mutex m\nfn f() { lock m; unlock m }\naction go() { on cpu 1 call f(); return 0 }'],
    ['its own share of a call', 'mutex m\nfn f() { lock m; unlock m }\naction go() { on cpu this call f(); return 0 }'],
  ];
  it.each(cases)('is an error in %s, though it need not wait', (_, text) => {
    expect(error(`${text}\n`)).toMatch(/would sleep where it must not/);
  });

  it('has a preempt count that cannot go below 0', () => {
    expect(error('action go() { preempt on; return 0 }\n')).toMatch(/preempt would become -1/);
  });
});

describe('calls on other CPUs', () => {
  const text = `percpu int 0..9 hits\npercpu bool off\nfn hit(cpu) { hits[cpu] = hits[cpu] + 1 }
action one(cpu) { on cpu cpu call hit(); return 0 }
action all() { on each cpu in online_mask call hit(); return 0 }
action hold() { irq off; off[this] = true; spin until not off[this]; irq on; return 0 }\n`;

  it('run on every CPU of the mask, here too', () => {
    const r = run(tiny(text, { cpus: 4, actors: { a: ['all'] } }));
    const at = r.program.groups.find((g) => g.name === 'hits')!.base;
    expect([...r.machine.s.subarray(at, at + 4)]).toEqual([1, 1, 1, 1]);
  });

  it('do nothing on a CPU that is not online, and run locally without an interrupt', () => {
    const b = new Bench(text, { cpus: 3, booted: 2, actors: { a: ['one 2', 'one 0'] } });
    while (b.can('a').length > 0) expect(b.go('a').some((e) => e.kind === 'send')).toBe(false);
    expect([0, 1, 2].map((c) => b.value('hits', c))).toEqual([1, 0, 0]);
  });

  it('wait in the queue while interrupts are off, and the sender waits for room', () => {
    const actors = { h: ['hold'], a: ['one 0'], b: ['one 0'], c: ['one 0'], d: ['one 0'], e: ['one 0'] };
    const b = new Bench(text, { cpus: 6, actors });
    b.until('h', 'spin');
    for (const who of ['a', 'b', 'c', 'd']) b.until(who, 'ipiwait');
    b.until('e', 'ipi');
    expect(b.can('irq/0')).toEqual([]);
    expect(b.can('e')).toEqual([]); // four calls wait, which is all that the queue holds
    b.m.s[b.p.groups.find((g) => g.name === 'off')!.base] = 0;
    b.until('h', 'action');
    b.go('irq/0', 'irq');
    expect(b.can('e')).toEqual(['step']);
  });

  it('leave interrupts off where they were off', () => {
    const b = new Bench('fn f() { }\naction go() { irq off; on cpu this call f(); log "x"; irq on; return 0 }\n', {
      actors: { a: ['go'] },
    });
    b.until('a', 'log');
    expect(b.head('a', Head.irqOff)).not.toBe(0);
    b.until('a', 'action');
    expect(b.head('a', Head.irqOff)).toBe(0);
  });

  it('reach their CPU with their values though the sender has died', () => {
    const died = `percpu int 0..9 got\nfn take(cpu, n: int 0..9) { if cpu == 0 { bug "x" }; got[cpu] = n }
action go() { on each cpu in online_mask call take(7); return 0 }\nkilled gone\nfn gone() { exit }\n`;
    const b = new Bench(died, { actors: { a: ['go'] } });
    while (b.head('a', Head.run) === Run.runnable) b.go('a');
    expect(b.head('a', Head.run)).toBe(Run.dead);
    b.go('irq/1', 'irq');
    while (b.can('irq/1').length > 0) b.go('irq/1');
    expect(b.value('got', 1)).toBe(7);
    expect([Head.calls, Head.arg0, Head.arg1, Head.entry].map((f) => b.head('a', f))).toEqual([0, 0, 0, 0]);
  });
});

describe('stop machine', () => {
  it('lets nobody else move, and hands the result to who asked', () => {
    const b = new Bench(
      `global int 0..9 seen\nfn act(cpu) -> errno { seen = 1; seen = 2; return -16 }
action go() { var ret; ret = stop machine online_mask on 1 run act(1); return ret }
action other() { seen = 9; return 0 }\n`,
      { cpus: 3, actors: { a: ['go'], b: ['other'] } },
    );
    b.until('a', 'stop');
    expect(b.can('a')).toEqual(['step']);
    b.go('a');
    while (b.value('machine_stopped') !== 0) {
      const enabled = b.m.enabled();
      expect(enabled.map((t) => b.p.contexts[t.context]!.name)).toEqual(['migration/1']);
      b.go('migration/1');
    }
    while (b.can('a').length > 0) b.go('a');
    expect(b.value('result(a,0)')).toBe(-16);
  });
});

describe('BUG', () => {
  const killed = 'killed gone\nfn gone() { exit }\n';

  it('kills the task with its locks still held, and the host lives', () => {
    const b = new Bench(`${killed}mutex m\naction go() { lock m; bug "here"; unlock m; return 0 }\n`, {
      actors: { a: ['go'], b: ['go'] },
    });
    b.until('a', 'bug');
    expect(b.go('a')).toMatchObject([{ kind: 'oops', where: 'here', killed: true, fn: 'go' }]);
    b.go('a');
    expect(b.head('a', Head.run)).toBe(Run.dead);
    expect(b.value('m')).toBe(b.context('a') + 1);
    b.until('b', 'lock');
    expect(b.can('b')).toEqual(['sleep']);
    expect([b.value('oops'), b.value('panic')]).toEqual([1, 0]);
  });

  it('panics in an interrupt and in the idle task, and then nothing moves, not even an atomic block', () => {
    const irq = run(
      tiny(`${killed}fn f() { bug "x" }\naction go() { on cpu 1 call f(); return 0 }\n`, { actors: { a: ['go'] } }),
    );
    expect(irq.end).toBe('panic');
    const b = new Bench(`${killed}boot up\nfn up() { atomic { bug "x" } }\naction go() { start cpu 1; return 0 }\n`, {
      booted: 1,
      actors: { a: ['go'] },
    });
    b.until('a', 'start').go('a');
    b.go('swapper/1');
    expect(b.value('panic')).toBe(1);
    expect(b.m.enabled()).toEqual([]);
  });

  it('names the instruction whose #UD led to it, and none where there was none', () => {
    const text = `${killed}fn VMX() { fault "VMX"; spurious() }\nfn spurious() { bug "x" }
action go() { VMX(); return 0 }\naction plain() { spurious(); return 0 }\n`;
    const oops = (action: string): unknown =>
      [...run(tiny(text, { actors: { a: [action] } })).history.effects.values()].flat().find((e) => e.kind === 'oops');
    expect(oops('go')).toMatchObject({ fn: 'spurious', caller: 'go', instruction: 'VMX' });
    expect(oops('plain')).toMatchObject({ instruction: '' });
  });
});

describe('preempt notifiers', () => {
  const text = `thread vt per vcpu user "%d" runs body
pervcpu int 0..9 ins\npervcpu int 0..9 outs\nglobal bool x
sched_in come\nsched_out leave
fn come(vcpu) { var n: int 0..9; n = ins[vcpu]; ins[vcpu] = n + 1 }
fn leave(vcpu) { outs[vcpu] = outs[vcpu] + 1 }
fn body(vcpu) { notifier on; loop { await x; x = false } }
action go() { spawn vt(0); return 0 }\n`;

  it('run when their task is switched out and in again, and leave nothing behind in it', () => {
    const b = new Bench(text, { cpus: 1, vcpus: 1, actors: { a: ['go'] } });
    while (b.can('a').length > 0) b.go('a');
    const vcpu = 'vm0.vcpu0';
    b.go(vcpu, 'wake');
    b.until(vcpu, 'await').go(vcpu, 'sleep');
    expect(b.m.currentTask(0)).toBe(b.context(vcpu)); // the hook runs on its behalf, interrupts off
    expect(b.m.takesIrq(0)).toBe(false);
    expect(b.can(vcpu)).toEqual(['step']); // and it cannot be woken meanwhile
    b.go(vcpu);
    expect([b.value('outs'), b.m.currentTask(0)]).toEqual([1, -1]);
    b.m.s[b.p.groups.find((g) => g.name === 'x')!.base] = 1;
    b.go(vcpu, 'wake');
    b.go(vcpu, 'switch');
    expect(b.head(vcpu, Head.preempt)).toBe(1);
    while (b.head(vcpu, Head.hook) !== 0) b.go(vcpu);
    expect([b.value('ins'), b.head(vcpu, Head.preempt)]).toEqual([1, 0]);
    const { base, locals } = b.p.contexts[b.context(vcpu)]!;
    expect([...b.m.s.subarray(base + Head.size, base + Head.size + locals)].every((v) => v === 0)).toBe(true);
  });
});

describe('a death inside the scheduler', () => {
  // captures 6.1/v2c: the dying task is switched out, its hook faults, and the run queue lock is never given back
  const text = `thread vt per vcpu user "%d" runs body
thread k per cpu percpu "k/%d" runs bound
percpu bool y\nglobal int 0..9 said
sched_out leave\nkilled die
fn leave(vcpu) { bug "second" }
fn die() { if irqs_disabled(self) { said = said + 1; irq on }; while preempt_count(self) > 0 { preempt on }; yield; exit }
fn body(vcpu) { preempt off; notifier on; bug "first" }
fn bound() { loop { await y[this]; y[this] = false } }
action go() { spawn vt(0); spawn k(0); spawn k(1); return 0 }
action wake() { await dead(vt(0)); for cpu in cpus { y[cpu] = true }; return 0 }
action move() { allow vt(0) on 0; return 0 }\n`;
  const vcpu = 'vm0.vcpu0';
  /** The vCPU thread dies on CPU 1 while its hook runs. */
  const dead = (...actions: readonly string[]): Bench => {
    const b = new Bench(text, { cpus: 2, vcpus: 1, actors: { a: ['go', ...actions] } });
    b.go('a', 'switch');
    while (b.head(vcpu, Head.run) === Run.none) b.go('a');
    for (const k of ['k/0', 'k/1']) while (b.head(k, Head.run) === Run.none) b.go('a');
    const wake = b.m.enabled().find((t) => t.context === b.context(vcpu) && t.cpu === 1)!;
    b.m.apply(wake);
    b.m.mark();
    b.go(vcpu, 'switch');
    while (b.head(vcpu, Head.run) !== Run.dead) b.go(vcpu);
    return b;
  };

  it('lets the dying task sleep with its notifier on, and runs the way out again for the second BUG', () => {
    const b = dead();
    expect([b.value('oops'), b.value('said')]).toEqual([2, 1]);
    expect(b.m.isCurrent(b.context(vcpu))).toBe(true);
    expect([b.m.rqHeld(0), b.m.rqHeld(1), b.m.takesIrq(1)]).toEqual([false, true, false]);
  });

  it('stops whoever has to place a task there', () => {
    const b = dead('wake');
    while (!b.value('y', 1)) b.go('a');
    const wakes = b.m.enabled().filter((t) => t.context === b.context('k/1'));
    expect(wakes).toEqual([{ kind: 'wake', context: b.context('k/1'), cpu: 1, choice: 1 }]);
    b.m.apply(wakes[0]!);
    b.m.mark();
    expect(b.m.spinsOnRq(0)).toBe(true);
    expect(b.m.enabled().filter((t) => t.kind !== 'wake')).toEqual([]);
    expect(b.can('k/1')).toEqual([]);
  });

  it('stops whoever changes the affinity of a task that is there', () => {
    const b = dead('move');
    b.until('a', 'allow').go('a');
    expect(b.m.spinsOnRq(0)).toBe(true);
    expect(b.can('a')).toEqual([]);
  });

  it('is an end of the run that takes the whole host', () => {
    for (let seed = 0; seed < 20; seed++) {
      const r = run(tiny(text, { cpus: 2, vcpus: 1, actors: { a: ['go', 'wake'] } }), { seed });
      expect([r.error, r.end]).toEqual([null, 'quiet']);
      const m = r.machine;
      const held = [0, 1].filter((c) => m.rqHeld(c));
      expect(held.length).toBe(1);
      // the kthread of that CPU is woken, and can be placed nowhere else
      expect(m.spinsOnRq(1 - held[0]!)).toBe(true);
    }
  });
});

describe('load balancing', () => {
  // three actors on two CPUs: c waits behind a
  const text = 'action go() { return 0 }\naction spin() { spin until false; return 0 }\n';
  const actors = { a: ['spin'], b: ['go'], c: ['go'] };
  it('lets an idle CPU take a task that waits elsewhere, where the machine is asked to', () => {
    for (const balance of [true, false]) {
      const b = new Bench(text, { actors }, { balance });
      b.go('a', 'switch');
      b.until('a', 'spin');
      expect(b.can('c')).toEqual([]); // b could run on CPU 1
      b.go('b', 'switch');
      while (b.head('b', Head.run) === Run.runnable) b.go('b');
      expect(b.can('c')).toEqual(balance ? ['push'] : []);
      if (!balance) continue;
      b.go('c', 'push');
      expect([b.head('c', Head.cpu), b.can('c')]).toEqual([1, ['switch']]);
    }
  });
  it('leaves a task where it must be, and what runs', () => {
    const pinned = `${text}action pin() { allow self on this; return 0 }\n`;
    const b = new Bench(pinned, { actors: { a: ['pin', 'go'], b: ['go'], c: ['pin', 'go'] } }, { balance: true });
    b.go('c', 'switch');
    while (b.m.instrOf(b.context('c')).op !== 'action' || b.head('c', Head.hook) !== 0) b.go('c');
    for (let i = 0; i < 3; i++) b.go('c');
    expect(b.can('c')).not.toContain('push');
  });
  it('happens in a run only after a while', () => {
    // a works for long enough, b is away, c waits behind a
    const work = 'global int 0..9999 n\naction work() { while n < TURNS { n++ }; return 0 }\n';
    const moves = (turns: number, balance = true): string[] => {
      const r = run(tiny(`const TURNS = ${turns}\n${text}${work}`, { actors: { a: ['work'], b: ['go'], c: ['go'] } }), {
        balance,
      });
      expect([r.error, r.end]).toEqual([null, 'quiet']);
      return [...r.history.effects.values()].flat().flatMap((e) => (e.kind === 'migrate' ? [`${e.from} ${e.to}`] : []));
    };
    expect(moves(9999)).toEqual(['0 1']);
    expect(moves(10)).toEqual([]);
    expect(moves(9999, false)).toEqual([]);
  });
});

describe('a task that spins', () => {
  it('loses its CPU to those that wait, who may be what it spins for', () => {
    const text = `global bool x\naction spin() { spin until x; return 0 }\naction go() { x = true; return 0 }\n`;
    const r = run(tiny(text, { cpus: 1, actors: { a: ['spin'], b: ['go'] } }));
    expect(r.program.actors.map((a) => r.machine.head(a.context, Head.run))).toEqual([Run.none, Run.none]);
  });
});

describe('yield', () => {
  it('gives up the CPU and stays runnable', () => {
    const b = new Bench('global int 0..9 n\naction go() { n = 1; yield; n = 2; return 0 }\n', {
      cpus: 1,
      actors: { a: ['go', 'go'] },
    });
    b.until('a', 'yield').go('a');
    expect([b.m.currentTask(0), b.head('a', Head.run)]).toEqual([-1, Run.runnable]);
    expect(run(b.p).error).toBeNull();
    expect(error('action go() { preempt off; yield; return 0 }\n')).toMatch(/would sleep where it must not/);
  });
});

describe('stop machine on the own CPU', () => {
  it('runs there while its caller waits', () => {
    const text = `global int 0..9 n
fn all() { n = 3; return 2 }
action go() { var r: errno; r = stop machine online_mask on this run all(); n = n + r; return n }
`;
    const r = run(tiny(text, { cpus: 2, actors: { a: ['go'] } }));
    expect([r.error, r.machine.s[r.program.groups.find((g) => g.name === 'n')!.base]]).toEqual([null, 5]);
  });
});

describe('userspace', () => {
  const text = (boots: boolean): string =>
    `global bool booting\nglobal int 0..3 n\nuserspace when not booting\ninit boots\n` +
    `fn boots() { bring_up(); ${boots ? 'booting = true; spawn k()' : ''} }\n` +
    `thread k kthread "k" runs boot_fn\nfn boot_fn() { n = 2; booting = false }\naction go() { n++; return n }\n`;
  it('begins when what boots on its own is done', () => {
    const b = new Bench(text(true), { actors: { a: ['go'], b: ['go'] } });
    expect(b.can('a')).not.toContain('step');
    const r = run(tiny(text(true), { actors: { a: ['go'] } }));
    expect([r.error, r.machine.s[r.program.groups.find((g) => g.name === 'n')!.base]]).toEqual([null, 3]);
  });
  it('is frozen between its actions and in its own waits, and goes on later', () => {
    const frozen = `global bool freezing\nglobal bool x\nglobal int 0..9 n\nglobal bool all\nuserspace when not freezing
fn freeze() { freezing = true; await actors_busy() == 0; all = true }
fn kernel() { n = 1; n = 2; return 0 }
action suspend() { freeze(); x = true; n = 5; freezing = false; return 0 }
action work() { kernel(); await x; n = 7; return 0 }\n`;
    for (let seed = 0; seed < 20; seed++) {
      const r = run(tiny(frozen, { actors: { a: ['suspend'], b: ['work', 'work'] } }), { seed });
      expect([r.error, r.end]).toEqual([null, 'quiet']);
      const values = (name: string): number[] => {
        const { base } = r.program.groups.find((g) => g.name === name)!;
        const cursor = new Cursor(r.history, r.initial);
        return Array.from({ length: r.history.length + 1 }, (_, i) => {
          cursor.seek(i);
          return cursor.s[base]!;
        });
      };
      // from the moment when all are frozen until they are let go, only the one that froze them writes
      const all = values('all').indexOf(1);
      const end = values('freezing').lastIndexOf(1);
      expect(all).toBeGreaterThan(0);
      const n = values('n');
      expect(n.slice(all, end + 1).filter((value, i, of) => i > 0 && value !== of[i - 1])).toEqual([5]);
      expect(n.at(-1)).toBe(7);
    }
  });
  it('costs no step where nothing does', () => {
    const without = text(false).replace('userspace when not booting', '');
    const steps = (t: string): number => run(tiny(t, { actors: { a: ['go'] } })).history.length;
    expect(steps(text(false))).toBe(steps(without));
  });
});

describe('words', () => {
  it('are 32 bits, written in hexadecimal and printed as eight digits', () => {
    const b = new Bench(
      'const HIGH = 0xC000050B\nfn f() -> word { return HIGH }\n' +
        'action go() { var status; status = f(); if status == 0xc000050b { log "0x%X%X %X", status, 0, 0x7FFFFFFF }; return 0 }\n',
      { actors: { a: ['go'] } },
    );
    expect(b.until('a', 'log').go('a')).toContainEqual(
      expect.objectContaining({ kind: 'log', text: '0xc000050b00000000 7fffffff' }),
    );
  });
});

describe('affinity', () => {
  const text = `action pin(cpu) { allow self on cpu; return 0 }\naction off(cpu) { clear cpu in online_mask; return 0 }\naction wait() { await false; return 0 }\n`;

  it('sends a task away from a CPU that it may not be on', () => {
    const b = new Bench(text, { cpus: 3, actors: { a: ['pin 2'] } });
    b.until('a', 'allow').go('a');
    expect(b.can('a')).toEqual(['step', 'preempt']);
    b.go('a', 'preempt');
    expect(b.m.enabled().filter((t) => t.kind === 'push')).toMatchObject([{ cpu: 2 }]);
  });

  it('resets the mask of a task that no CPU may take, and says so', () => {
    const b = new Bench(text, { cpus: 3, actors: { a: ['pin 2'], b: ['off 2'] } });
    b.until('a', 'allow').go('a');
    b.go('a', 'preempt');
    while (b.can('b').length > 0) b.go('b');
    expect(b.can('a')).toEqual(['adrift']);
    expect(b.go('a', 'adrift')).toMatchObject([
      { kind: 'affinity' },
      { kind: 'log', text: expect.stringMatching(/process \d+ \(a\) no longer affine to cpu0/) as string },
    ]);
    expect(b.can('a')).toContain('switch'); // it stands on CPU 0, which may take it again
  });

  it('asks placement rules inside a question without spoiling its parameters', () => {
    const b = new Bench(`let both(task, cpu) = settled(task) and running(task, cpu)\naction go() { return 0 }\n`, {
      cpus: 2,
      actors: { x: ['go'], a: ['go'] },
    });
    b.until('a', 'action'); // on CPU 1
    expect(b.m.probe('both', b.context('a'), 1)).toBe(1);
    expect(b.m.probe('both', b.context('a'), 0)).toBe(0);
  });
});

describe('faults', () => {
  const text =
    'global int 0..9 done\nfn step() { done++; return 0 }\naction go() { var r: errno; r = step(); return r }\n';
  const results = (fault: object, actions = 3): number[] => {
    const r = run(
      tiny(text, { actors: { a: Array.from({ length: actions }, () => 'go') }, faults: [{ fn: 'step', ...fault }] }),
    );
    expect(r.error).toBeNull();
    return r.program.actors[0]!.actions.map((a) => r.machine.s[a.resultCell]!);
  };
  it('fire always, once, or at the nth time', () => {
    expect(results({})).toEqual([-5, -5, -5]);
    expect(results({ nth: 1 })).toEqual([-5, 0, 0]);
    expect(results({ nth: 2 })).toEqual([0, -5, 0]);
  });
  it('are looked at in the order of the text', () => {
    const r = run(
      tiny(text, {
        actors: { a: ['go', 'go'] },
        faults: [
          { fn: 'step', returns: -5, nth: 1 },
          { fn: 'step', returns: -16 },
        ],
      }),
    );
    expect(r.program.actors[0]!.actions.map((a) => r.machine.s[a.resultCell])).toEqual([-5, -16]);
  });
  it('count every call, whichever of them takes it', () => {
    const faults = [
      { fn: 'step', returns: -5, nth: 1 },
      { fn: 'step', returns: -16, nth: 2, cpu: 0 },
      { fn: 'step', returns: -12, nth: 3 },
      { fn: 'step', returns: -22, nth: 1, cpu: 1 },
    ];
    const r = run(
      tiny(text, { cpus: 1, booted: 1, actors: { a: ['go', 'go', 'go', 'go'] }, faults: faults.slice(0, 3) }),
    );
    const of = (result: typeof r): number[] =>
      result.program.actors[0]!.actions.map((a) => result.machine.s[a.resultCell]!);
    expect(of(r)).toEqual([-5, -16, -12, 0]);
    // a fault of another CPU neither strikes nor counts
    const wide = run(tiny(text, { cpus: 2, booted: 1, actors: { a: ['go', 'go'] }, faults: [faults[3]!, faults[0]!] }));
    expect(of(wide)).toEqual([-5, 0]);
    expect(wide.machine.s[wide.program.faults[0]!.hitsCell]).toBe(0);
  });
  it('that might have struck the nth time and did not, do not strike later', () => {
    const maybe = [{ fn: 'step', nth: 2, maybe: true }];
    const program = tiny(text, { actors: { a: ['go', 'go', 'go'] }, faults: maybe });
    const seen = new Set<string>();
    for (let seed = 1; seed < 30; seed++) {
      const { machine } = run(program, { seed });
      seen.add(program.actors[0]!.actions.map((a) => machine.s[a.resultCell]).join());
    }
    expect([...seen].sort()).toEqual(['0,-5,0', '0,0,0']);
  });

  const walk = `state S 3 "s:one" up s_up
state T 5 "s:two" up t_up down t_down
state N 7 "s:none"
const STATUS = 0x80000203
fn s_up(cpu) { return 0 }
fn leaf() -> word { return 0 }
action walk(st, up: bool) {
  var ret
  var cpu: cpu
  if up { ret = invoke up st for cpu within S..N } else { ret = invoke down st for cpu within S..N }
  return ret
}
global word status
action ask() { status = leaf(); return 0 }
`;
  const walked = (...faults: readonly object[]): (number | string)[] => {
    const actors = { a: ['walk S yes', 'walk 5 yes', 'walk s:two no', 'ask'] };
    const r = run(tiny(walk, { actors, faults }));
    const { base } = r.program.groups.find((g) => g.name === 'status')!;
    return [
      r.error?.message ?? '',
      ...r.program.actors[0]!.actions.slice(0, 3).map((a) => r.machine.s[a.resultCell]!),
      r.machine.s[base]!,
    ];
  };
  const at = { file: 't', line: 1, column: 1, length: 1 };
  it('strike a hotplug state by number, constant or name, on both ways or on one', () => {
    expect(walked()).toEqual(['', 0, 0, 0, 0]);
    expect(walked({ fn: '5' })).toEqual(['', 0, -5, -5, 0]);
    expect(walked({ fn: 's:two', direction: 'down' })).toEqual(['', 0, 0, -5, 0]);
    expect(walked({ fn: 'T', direction: 'up' }, { fn: 'S', returns: -11 })).toEqual(['', -11, -5, 0, 0]);
    // a callback that the text does not have, and one that it has
    expect(walked({ fn: 't_up' }, { fn: 's_up', returns: -12 })).toEqual(['', -12, -5, 0, 0]);
    // one state under two names is one state
    expect(walked({ fn: '5', nth: 1 }, { fn: 'T', nth: 2, returns: -12 })).toEqual(['', 0, -5, -12, 0]);
  });
  it('return what their function returns, a constant of the text too', () => {
    const status = { fn: 'leaf', returns: { text: 'STATUS', place: at } };
    expect(walked(status)).toEqual(['', 0, 0, 0, 0x80000203 | 0]);
    const said = (fault: object): string => wrong(walk, { faults: [fault] });
    expect(said({ ...status, fn: 's_up' })).toMatch(/s_up cannot return -2147483133 \(it returns -4095 to 4095\)/);
    expect(said({ fn: 'leaf', returns: { text: 'STATSU', place: at } })).toMatch(
      /STATSU is no errno and no constant of tiny \(did you mean STATUS\?\)/,
    );
  });
  it('are wrong where nothing could fail', () => {
    const said = (fault: object): string => wrong(walk, { faults: [fault] });
    expect(said({ fn: 's:none' })).toMatch(/s:none has no callback in tiny: nothing there can fail/);
    expect(said({ fn: 'S', direction: 'down' })).toMatch(/S has no callback on the way down in tiny/);
    expect(said({ fn: '6' })).toMatch(/tiny has no hotplug state 6 \(5 is s:two, 7 is s:none\)/);
    expect(said({ fn: 'leaf', direction: 'up' })).toMatch(
      /leaf is a function, and only a hotplug state goes up or down/,
    );
  });

  it('may be left to chance, and leave no trace in the state', () => {
    const program = tiny(text, { actors: { a: ['go'] }, faults: [{ fn: 'step', maybe: true }] });
    const outcomes = new Set<number>();
    for (let seed = 1; seed < 20; seed++) {
      const r = run(program, { seed });
      outcomes.add(r.machine.s[program.actors[0]!.actions[0]!.resultCell]!);
    }
    expect([...outcomes].sort()).toEqual([-5, 0]);
  });
});

describe('steps', () => {
  it('take an atomic block in one, and each turn of a loop around it in one of its own', () => {
    const b = new Bench('global int 0..99 x\naction go() { loop { atomic { x++; x++ } } }\n', {
      actors: { a: ['go'] },
    });
    b.until('a', 'set');
    b.go('a');
    expect(b.value('x')).toBe(2);
    b.go('a');
    expect(b.value('x')).toBe(4);
  });

  it('go on across an atomic block inside another', () => {
    const b = new Bench('global int 0..9 x\naction go() { atomic { x++; atomic { x++ }; x++ }; return 0 }\n', {
      actors: { a: ['go'] },
    });
    b.until('a', 'set').go('a');
    expect(b.value('x')).toBe(3);
  });

  it('end a loop that lets nobody else run', () => {
    expect(error('action go() { loop { } }\n')).toMatch(/never lets anyone else run/);
    expect(error('global bool x\naction go() { atomic { loop { x = true } } }\n')).toMatch(
      /atomic block that does not end/,
    );
  });

  it('keep values within what their variable may hold, though slots are shared', () => {
    const wide = 'fn wide() { var n: int -99..99; n = -50; return n }\n';
    const narrow = 'global int 0..9 g = 5\nfn narrow() { var n: int 0..3; n = g; return n }\n';
    expect(error(`${wide}${narrow}action go() { wide(); narrow(); return 0 }\n`)).toMatch(
      /n would become 5, outside its range 0..3/,
    );
    expect(error('global int 0..2 g = 2\naction go() { g++; return 0 }\n')).toMatch(
      /g would become 3, outside its range 0..2/,
    );
  });

  it('report an element that does not exist', () => {
    expect(error('percpu bool b\nglobal cpu c = none\naction go() { b[c] = true; return 0 }\n')).toMatch(
      /b\[-1\] does not exist/,
    );
    expect(
      error(
        'thread t per cpu kthread "t/%d" runs f\nfn f() { }\nglobal cpu c = none\naction go() { allow t(c) on 0; return 0 }\n',
      ),
    ).toMatch(/t\(-1\) does not exist/);
  });

  it('report what init does wrong as the end of a run', () => {
    const program = tiny(
      'fn bad() { bad2[nowhere] = true }\npercpu bool bad2\nglobal cpu nowhere = none\nkthreads0 x\n'.replace(
        'kthreads0 x\n',
        'init bad\n',
      ),
    );
    expect(new Machine(program).bootError).toBeInstanceOf(MachineError);
    expect(run(program)).toMatchObject({ end: 'error', error: { message: 'bad2[-1] does not exist' } });
  });
});
