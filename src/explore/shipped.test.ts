/** What must hold in every state of the shipped kernels, on texts small enough to be explored here. */
import { describe, expect, it } from 'vitest';
import { Head, IrqOff, Run } from '../language/program';
import { load } from '../litmus/load';
import type { Machine, Transition } from '../machine/machine';
import { explore } from './bfs';

const UP = 'admin: hotadd cpu1\n  online cpu1\n';
const VM = 'qemu: modprobe kvm_intel\n  vm0 = create vm, 1 vcpu\n  run vm0\n';

function text(kernel: string, machine: string, ...lines: string[]): string {
  return [`litmus t`, `kernel ${kernel}`, `machine ${machine}`, ...lines].join('\n');
}

/** Looks at one state; throws where something is wrong. */
function check(machine: Machine, enabled: readonly Transition[]): void {
  const { program, s } = machine;
  const m = program.machine;
  const fail = (what: string): never => {
    throw new Error(what);
  };
  const active = program.groups.find((g) => g.name === 'cpu_active_mask')!.base;
  const stopped = s[m.stopped]!;
  for (let i = 0; i < program.width; i++)
    if (s[i]! < program.lo[i]! || s[i]! > program.hi[i]!) fail(`cell ${i} is ${s[i]!}`);
  // who is current somewhere, is so on one CPU and believes it
  const places = new Map<number, number>();
  for (let c = 0; c < program.cpus; c++) {
    const x = s[m.cur + c]! - 1;
    if (x < 0) continue;
    if (places.has(x)) fail(`${program.contexts[x]!.name} is on two CPUs`);
    places.set(x, c);
    if (machine.head(x, Head.cpu) !== c) fail(`${program.contexts[x]!.name} runs on CPU ${c} and thinks otherwise`);
  }
  // a spinlock has one owner, who is on a CPU and cannot be preempted
  for (const lock of program.locks) {
    const value = s[lock.cell]!;
    if (lock.mode !== 'spin' || value === 0) continue;
    const owner = value - 1;
    if (machine.head(owner, Head.run) === Run.dead) continue;
    if (machine.head(owner, Head.preempt) === 0) fail(`${lock.name} is held with preemption on`);
    const { kind, cpu } = program.contexts[owner]!;
    const runs =
      kind === 'irq' ? s[m.inIrq + cpu] !== 0 : kind === 'stopper' ? stopped === owner + 1 : places.has(owner);
    if (!runs) fail(`${lock.name} is held by ${program.contexts[owner]!.name}, which does not run`);
  }
  for (const t of enabled) {
    const { kind, allowed } = program.contexts[t.context]!;
    // user tasks are put on active CPUs, where their mask lets them
    if ((kind === 'user' || kind === 'actor') && (t.kind === 'switch' || t.kind === 'wake' || t.kind === 'push')) {
      if (s[active + t.cpu] === 0 || s[allowed + t.cpu] === 0) fail(`${t.kind} to CPU ${t.cpu}, which may not be`);
    }
    // while the machine is stopped only the stopper moves
    if (stopped !== 0 && t.context !== stopped - 1) fail(`${program.contexts[t.context]!.name} moves in stop_machine`);
    if (t.kind === 'irq' && machine.head(s[m.cur + t.cpu]! - 1, Head.irqOff) !== 0)
      fail('an interrupt while they are off');
  }
  // the stopper has interrupts off
  if (stopped !== 0 && (machine.head(stopped - 1, Head.irqOff) & IrqOff.text) === 0)
    fail('the stopper takes interrupts');
  // a context that has ended has left nothing in its locals
  program.contexts.forEach(({ base, locals, kind }, x) => {
    if (machine.head(x, Head.run) !== Run.none || kind === 'init') return;
    for (let i = base + Head.size; i < base + Head.size + locals; i++) if (s[i] !== 0) fail(`a local of ${x} is left`);
  });
  // undo gives back exactly what was there, scratch apart
  const before = s.slice(0, program.width);
  for (const t of enabled) {
    machine.apply(t);
    machine.undo();
    for (let i = 0; i < program.width; i++) if (s[i] !== before[i]) fail(`undo of ${t.kind} changed cell ${i}`);
  }
}

describe('every state of', () => {
  it.each([
    ['v5.15: a CPU is hot-added and taken online', text('v5.15', 'intel, cpus 1 + 1 hot-addable', UP), 1_000],
    ['v5.15: a CPU is taken offline', text('v5.15', 'intel, cpus 2', 'admin: offline cpu1'), 100],
    ['v6.1.192: a CPU is taken offline by a kworker', text('v6.1.192', 'intel, cpus 2', 'admin: offline cpu1'), 100],
    ['v5.15: a VM runs', text('v5.15', 'intel, cpus 2', VM), 200],
    ['v6.1, AMD: a VM runs', text('v6.1', 'amd, cpus 2', VM.replace('kvm_intel', 'kvm_amd')), 200],
  ])('%s', (_, source, least) => {
    const loaded = load(source, 't');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    const r = explore(loaded.program, { onState: check });
    expect(r).toMatchObject({ complete: true, errors: 0, deadlocks: 0 });
    expect(r.states).toBeGreaterThan(least);
  });

  it.each([
    ['v5.15', 'intel', 'kvm_intel'],
    ['v6.1', 'amd', 'kvm_amd'],
    ['v6.1.192', 'intel', 'kvm_intel'],
  ])('the first 4,000 of a hot-add beside a VM: %s on %s', (kernel, vendor, module) => {
    const source = text(kernel, `${vendor}, cpus 1 + 1 hot-addable`, UP, VM.replace('kvm_intel', module));
    const loaded = load(source, 't');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    expect(explore(loaded.program, { onState: check, maxStates: 4_000 })).toMatchObject({
      states: 4_000,
      errors: 0,
      deadlocks: 0,
    });
  });
});
