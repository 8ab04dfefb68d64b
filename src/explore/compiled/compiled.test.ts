/** The compiled search against the plain one: the same states, transitions, depth, deadlocks, errors and witness. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Program } from '../../language/program';
import { tiny } from '../../language/testing/tiny';
import { load } from '../../litmus/load';
import { Machine } from '../../machine/machine';
import { explore, type Exploration } from '../bfs';
import { randomProgram, randomText } from '../testing/random';
import { Engine } from './engine';

/** Both searches; the states of the plain one as strings. */
function both(program: Program, maxStates = 4_000): { plain: Exploration; states: Set<string>; engine: Engine } {
  const states = new Set<string>();
  const plain = explore(program, {
    maxStates,
    onState: (m) => states.add(m.s.slice(0, program.width).join()),
  });
  const engine = new Engine(program, new Machine(program), { maxStates });
  while (engine.run(1_000));
  return { plain, states, engine };
}

function agree(program: Program, maxStates?: number): Exploration {
  const { plain, states, engine } = both(program, maxStates);
  expect(engine.complete).toBe(plain.complete);
  if (!plain.complete) {
    expect(engine.states).toBe(plain.states);
    return plain;
  }
  expect({
    states: engine.states,
    transitions: engine.transitions,
    depth: engine.depth,
    deadlocks: engine.deadlocks,
    errors: engine.errors,
    witness: engine.witness < 0 ? null : engine.way(engine.witness).length,
    deadlock: engine.firstDeadlock < 0 ? null : engine.way(engine.firstDeadlock).length,
  }).toEqual({
    states: plain.states,
    transitions: plain.transitions,
    depth: plain.depth,
    deadlocks: plain.deadlocks,
    errors: plain.errors,
    witness: plain.witness?.length ?? null,
    deadlock: plain.deadlock?.length ?? null,
  });
  for (let i = 0; i < engine.states; i++) expect(states.has(engine.state(i).join())).toBe(true);
  return plain;
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

describe('the compiled search', () => {
  it('counts two tasks and a spinlock as one counts them by hand', () => {
    const lock = 'spinlock l\naction crit() { lock l; unlock l; return 0 }\n';
    const { engine } = both(tiny(lock, { actors: { a: ['crit'], b: ['crit'] } }));
    // see bfs.test.ts
    expect([engine.states, engine.transitions, engine.depth, engine.deadlocks]).toEqual([48, 80, 12, 0]);
  });

  it('agrees with the plain search on random texts', () => {
    let whole = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(997), { minLength: 40, maxLength: 160 }), (row) => {
        const random = randomProgram(row);
        fc.pre(random !== null);
        try {
          if (agree(random!).complete) whole += 1;
        } catch (error) {
          throw new Error(randomText(row).text, { cause: error });
        }
      }),
      { numRuns: 150 },
    );
    // most of them are small enough to be seen whole
    expect(whole).toBeGreaterThan(100);
  }, 240_000);

  it.each([
    ['v5.15: a CPU is hot-added and taken online', text('v5.15', 'intel, cpus 1 + 1 hot-addable', UP)],
    ['v5.15: a CPU is taken offline', text('v5.15', 'intel, cpus 2', 'admin: offline cpu1')],
    ['v6.1.192: by a kworker', text('v6.1.192', 'intel, cpus 2', 'admin: offline cpu1')],
    ['v5.15: a VM runs', text('v5.15', 'intel, cpus 2', VM, 'never oops')],
    ['v6.12: a VM runs', text('v6.12', 'intel, cpus 2', VM, 'exists kvm_loaded')],
    ['v6.1, AMD: a VM runs', text('v6.1', 'amd, cpus 2', VM.replace('kvm_intel', 'kvm_amd'))],
    ['v5.15: a BUG', text('v5.15', 'intel, cpus 2', VM, 'fault cpu1 VMXON returns 1', 'never oops')],
  ])('%s', (_, source) => {
    expect(agree(program(source), 10_000).complete).toBe(true);
  });

  it('grows its tables without losing a state', () => {
    const source = text('v5.15', 'intel, cpus 2', VM.replace('1 vcpu', '2 vcpus'));
    const p = program(source);
    const { plain, engine } = both(p, 50_000);
    expect(engine.states).toBe(plain.states);
    expect(engine.transitions).toBe(plain.transitions);
    const again = new Set<string>();
    for (let i = 0; i < engine.states; i++) again.add(engine.state(i).join());
    expect(again.size).toBe(plain.states);
  }, 60_000);

  it('ends where the memory ends, and says so', () => {
    const p = program(text('v5.15', 'intel, cpus 1 + 1 hot-addable', UP, VM));
    const engine = new Engine(p, new Machine(p), { maxBytes: 3_000_000 });
    while (engine.run(10_000));
    expect(engine.outOfMemory).toBe(true);
    expect(engine.complete).toBe(false);
    expect(engine.bytes).toBeLessThanOrEqual(3_000_000);
    expect(engine.states).toBeGreaterThan(10_000);
  });
});
