/** Reductions leave out states and keep what is said of them: each alone, and all together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Program } from '../../language/program';
import { tiny } from '../../language/testing/tiny';
import { load } from '../../litmus/load';
import { evaluator } from '../../machine/evaluate';
import { Machine } from '../../machine/machine';
import { Engine } from '../compiled/engine';
import { ALL_REDUCTIONS, NO_REDUCTIONS, type Reductions } from '../compiled/module';
import { randomProgram, randomText } from '../testing/random';

const SETS: Readonly<Record<string, Reductions>> = {
  ...Object.fromEntries(Object.keys(NO_REDUCTIONS).map((name) => [name, { ...NO_REDUCTIONS, [name]: true }])),
  all: ALL_REDUCTIONS,
};

function search(program: Program, reductions: Reductions, maxStates = 60_000): Engine {
  const engine = new Engine(program, new Machine(program), { maxStates, reductions });
  while (engine.run(10_000));
  return engine;
}

/** What is said of the states. */
function said(e: Engine): object {
  return { complete: e.complete, decided: e.witness >= 0, deadlock: e.deadlocks > 0, error: e.errors > 0 };
}

/** Each way that a search found is one that the machine can go, and it leads where it should. */
function goes(program: Program, e: Engine): void {
  const follow = (to: number): Machine => {
    const machine = new Machine(program);
    for (const t of e.way(to)) {
      const same = machine
        .enabled()
        .some((u) => u.kind === t.kind && u.context === t.context && u.cpu === t.cpu && u.choice === t.choice);
      if (!same) throw new Error(`${t.kind} of ${program.contexts[t.context]!.name} cannot happen there`);
      machine.apply(t);
      machine.mark();
    }
    return machine;
  };
  if (e.witness >= 0) {
    const { cond, how } = program.question!;
    const machine = follow(e.witness);
    expect(machine.evaluate(evaluator(cond, machine.around))).toBe(how === 'always' ? 0 : 1);
  }
  if (e.firstDeadlock >= 0) expect(follow(e.firstDeadlock).enabled()).toEqual([]);
}

function agree(program: Program, full: Engine): void {
  for (const [name, reductions] of Object.entries(SETS)) {
    const reduced = search(program, reductions);
    expect([name, said(reduced)]).toEqual([name, said(full)]);
    expect(reduced.states).toBeLessThanOrEqual(full.states);
    goes(program, reduced);
  }
}

const text = (kernel: string, machine: string, ...lines: string[]): string =>
  ['litmus t', `kernel ${kernel}`, `machine ${machine}`, ...lines].join('\n');
const UP = 'admin: hotadd cpu1\n  online cpu1\n';
const VM = 'qemu: modprobe kvm_intel\n  vm0 = create vm, 1 vcpu\n  run vm0\n';

function program(source: string): Program {
  const loaded = load(source, 't');
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return loaded.program;
}

describe('reductions', () => {
  it('keep the verdict, the deadlocks and the errors of random texts', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(997), { minLength: 40, maxLength: 160 }), (row) => {
        const random = randomProgram(row);
        fc.pre(random !== null);
        const full = search(random!, NO_REDUCTIONS, 6_000);
        if (!full.complete) return;
        seen += 1;
        try {
          agree(random!, full);
        } catch (error) {
          throw new Error(randomText(row).text, { cause: error });
        }
      }),
      { numRuns: 120 },
    );
    expect(seen).toBeGreaterThan(60);
  }, 300_000);

  it.each([
    ['a CPU is hot-added and taken online', text('v5.15', 'intel, cpus 1 + 1 hot-addable', UP, 'exists online(1)')],
    ['a CPU is taken offline', text('v5.15', 'intel, cpus 2', 'admin: offline cpu1', 'always online(1)')],
    ['a VM runs', text('v5.15', 'intel, cpus 2', VM, 'never oops')],
    [
      'a vCPU is loaded where VMXON failed',
      text('v5.15', 'intel, cpus 2', VM, 'fault cpu1 VMXON returns 1', 'never oops'),
    ],
    ['a VM runs on v6.12', text('v6.12', 'intel, cpus 2', VM, 'never oops')],
  ])(
    'keep what is said of a kernel: %s',
    (_, source) => {
      const p = program(source);
      agree(p, search(p, NO_REDUCTIONS));
    },
    60_000,
  );

  it('see the lost update, and the two locks taken in both orders', () => {
    const lost = tiny('global int 0..9 x\naction inc() { var old: int 0..9; old = x; x = old + 1; return 0 }\n', {
      actors: { a: ['inc'], b: ['inc'] },
      question: 'never x == 1 and returned(a, inc, 0) and returned(b, inc, 0)',
    });
    agree(lost, search(lost, NO_REDUCTIONS));
    const locks = tiny(
      `mutex m\nmutex n
action ab() { lock m; lock n; unlock n; unlock m; return 0 }
action ba() { lock n; lock m; unlock m; unlock n; return 0 }\n`,
      { actors: { a: ['ab'], b: ['ba'] } },
    );
    const full = search(locks, NO_REDUCTIONS);
    expect(full.deadlocks).toBeGreaterThan(0);
    agree(locks, full);
  });

  it('leave most of the states of a hot-add beside a VM out', () => {
    const p = program(text('v5.15', 'intel, cpus 1 + 1 hot-addable', UP, VM));
    const full = search(p, NO_REDUCTIONS, 2_000_000);
    const reduced = search(p, ALL_REDUCTIONS);
    expect(said(reduced)).toEqual(said(full));
    expect(full.states / reduced.states).toBeGreaterThan(15);
  }, 60_000);
});
