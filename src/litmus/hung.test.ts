/** The host that hangs for a run queue lock: captures 6.1/v2c. Only that somebody waits for the death is told by this test's text. */
import { expect, it } from 'vitest';
import { run } from '../machine/run';
import { load } from './load';
import { outcomeOf, sentence } from './outcome';

const V2C = {
  file: 'v2c.kern',
  source: `proposal v2c over v6.1.192
action wait_dead(vcpu) "model" { await dead(vcpu_thread(vcpu)); return 0 }
`,
};

const text = (last: string): string => `litmus v2c
kernel v2c
machine intel, cpus 2
qemu:   modprobe kvm_intel
        vm0 = create vm, 1 vcpu
        create_vcpu vm0.vcpu0
        run_main vm0 on cpu1, 3 after online cpu1
admin:  offline cpu1 after create_vcpu vm0.vcpu0
        online cpu1
${last}
fault   cpu1 vmx_hardware_enable returns -EIO time 2
`;

const outcome = (last: string): ReturnType<typeof outcomeOf> => {
  const loaded = load(text(last), 't.litmus', { edited: [V2C] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  return outcomeOf(run(loaded.program), loaded.litmus);
};

it('a VMM that is switched out while it dies takes its CPU (captures 6.1/v2c: BUG #2, BUG #3, "exited with irqs disabled")', () => {
  const o = outcome('');
  expect(o.oops.map((oops) => [oops.task, oops.cpu, oops.instruction])).toEqual([
    ['vm0.vcpu0', 1, 'VMPTRLD'],
    ['vm0.vcpu0', 1, 'VMREAD'],
  ]);
  expect(o.log.map((l) => l.text.replace(/\[\d+\]/, '')).filter((l) => l.startsWith('note'))).toEqual([
    'note: vm0.vcpu0 exited with preempt_count 1',
    'note: vm0.vcpu0 exited with irqs disabled',
  ]);
  expect([o.host, o.stuck_cpus]).toEqual(['alive', [1]]);
  expect(sentence(o).details).toContain('CPU 1 does nothing any more');
});

it('and the host, as soon as somebody has to place a task there (captures 6.1/v2c: both CPUs in queued_spin_lock_slowpath)', () => {
  // the way down wakes cpuhp/1
  const o = outcome('        wait dead vm0.vcpu0\n        offline cpu1');
  expect([o.end, o.host, o.stuck_cpus]).toEqual(['quiet', 'hung', [0, 1]]);
  const spins = o.hung.filter((h) => h.waits === 'runqueue');
  expect(spins).toMatchObject([
    { cpu: 0, lock: 'run queue lock of CPU 1', holder: 'vm0.vcpu0', holder_dead: true, on: ['cpuhp/1'] },
  ]);
  const { headline, details } = sentence(o);
  expect(headline).toMatch(/; all CPUs wait for the run queue lock of CPU 1: the host hangs$/);
  expect(details.join('\n')).toMatch(
    /spins on CPU 0 for the run queue lock of CPU 1, held by vm0\.vcpu0, which is dead/,
  );
});
