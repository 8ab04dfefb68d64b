/**
 * Stepping: a run of a machine with 64 CPUs, each but the first taken off and on again while a VM runs. Held against the
 * simplest stepper that the same program allows, the way of the explorer: ask what is enabled, take the first, apply it.
 */
import { bench } from './harness.ts';
import { load } from '../src/litmus/load.ts';
import { Machine } from '../src/machine/machine.ts';
import { run } from '../src/machine/run.ts';

const cpus = 64;
const lines = ['litmus all-off-and-on', 'kernel v5.15', `machine intel, cpus ${cpus}`];
lines.push('vmm: modprobe kvm_intel', '  vm0 = create vm, 2 vcpus', '  run vm0', 'admin: hotadd cpu0 after run vm0');
for (let c = 1; c < cpus; c++) lines.push(`  offline cpu${c}`, `  online cpu${c}`);
lines.push('never oops');
const loaded = load(lines.join('\n'), 'all-off-and-on.litmus');
if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
const { program } = loaded;

/** The peer for as many steps as the run has; without the history that a run keeps. */
function naive(steps: number): void {
  const machine = new Machine(program);
  machine.watch = false;
  for (let i = 0; i < steps; i++) {
    const first = machine.enabled()[0];
    if (!first) throw new Error('the naive stepper comes to its end too early to be compared');
    machine.apply(first);
    machine.mark();
  }
}

const whole = run(program);
if (whole.end !== 'quiet') throw new Error(`the run ends with ${whole.end}: ${whole.error?.message ?? ''}`);
const steps = whole.history.length;

await bench({
  name: 'stepping',
  work: { amount: steps, unit: 'step' },
  ours: () => void run(program), // a number that is returned would count as a time
  against: { name: 'all enabled, first taken', run: () => naive(steps) },
  repeats: 5,
});

// The largest machine that a text may ask for: it must be there in seconds.
const huge = load(
  `litmus huge
kernel v5.15
machine intel, cpus 4095 + 1 hot-addable
qemu: modprobe kvm_intel
  vm0 = create vm, 2 vcpus
  run vm0
admin: hotadd cpu4095
  online cpu4095 after run vm0
  affine vm0.vcpu0 to cpu4095
fault cpu4095 kvm_arch_hardware_enable returns -EIO
never oops`,
  'huge.litmus',
);
if (!huge.ok) throw new Error(huge.problems[0]!.message);
await bench({
  name: 'stepping, 4096 CPUs',
  ours: () => run(huge.program),
  against: { name: 'a few seconds', limitMs: 3000 },
  repeats: 3,
  atLeast: 1,
});
