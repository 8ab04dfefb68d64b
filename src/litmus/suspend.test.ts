/** Suspend, resume and restart (facts 3.7; captures 6.1/s9, 6.12/s9, 7.3/s9). */
import { describe, expect, it } from 'vitest';
import { play } from './testing/play';

const AMD = 'amd, cpus 4 + 2 hot-addable, packages 3';
const VM = ['vmm: modprobe kvm_amd', '     a = create vm', '     run a, halting', '     affine a.vcpu0 to cpu1'];
const GO = ['admin: pm_test processors after affine a.vcpu0', '       suspend'];

/** The lines of one suspend at the processors level, as dmesg has them (those of the platform and the freezer left out). */
function lines(order: readonly number[], cpu3: readonly string[]): string[] {
  const up = (cpu: number): string[] => [`smpboot: Booting Node 0 Processor ${cpu} APIC 0x${cpu}`, `CPU${cpu} is up`];
  return [
    'PM: suspend entry (deep)',
    'Disabling non-boot CPUs ...',
    ...order.map((cpu) => `smpboot: CPU ${cpu} is now offline`),
    'PM: suspend debug: Waiting for 5 second(s).',
    'Enabling non-boot CPUs ...',
    ...(order[0] === 1 ? ['x86: Booting SMP configuration:'] : []),
    ...up(1),
    ...up(2),
    'smpboot: Booting Node 0 Processor 3 APIC 0x3',
    ...cpu3,
    'PM: suspend exit',
  ];
}

describe.each([
  ['v6.1.192', [1, 2, 3], ['kvm: enabling virtualization on CPU3 failed', 'CPU3 is up']],
  ['v6.12.117', [3, 2, 1], ['kvm: enabling virtualization on CPU3 failed', 'smpboot: CPU 3 is now offline', 'Error taking CPU3 up: -5']], // prettier-ignore
  ['v7.3.4', [3, 2, 1], ['kvm: enabling virtualization on CPU3 failed', 'smpboot: CPU 3 is now offline', 'Error taking CPU3 up: -5']], // prettier-ignore
])('%s', (kernel, order, failing) => {
  const refused = kernel !== 'v6.1.192';

  it('every other CPU goes and comes back, tasks frozen: a pinned vCPU keeps its CPU (captures s9)', () => {
    const p = play(kernel, AMD, ...VM, ...GO, '       affine a.vcpu0 to cpu3', 'exists loaded(a.vcpu0, 3)');
    expect(p.results()).toEqual([0, 0, 0]);
    // no "no longer affine": a frozen task is not moved
    expect(p.log).toEqual(lines(order, ['CPU3 is up']));
    for (const cpu of [0, 1, 2, 3]) expect([p.probe('virt_on', cpu), p.probe('active', cpu)]).toEqual([1, 1]);
    expect(p.r.witness).toBeGreaterThan(0);
  });

  it('the enable fails on one CPU at resume (captures s9)', () => {
    const p = play(kernel, AMD, ...VM, ...GO, 'fault cpu3 kvm_arch_hardware_enable returns -EIO time 2');
    expect(p.results()).toEqual([0, 0]);
    expect(p.log).toEqual(lines(order, failing));
    expect([p.probe('online', 3), p.probe('virt_on', 3)]).toEqual([refused ? 0 : 1, 0]);
    // the device core was not told: `online` reads 1 either way
    expect(p.probe('dev_online', 3)).toBe(1);
  });

  it('a write of 1 afterwards does nothing; 0 and then 1 repairs (captures s9)', () => {
    const fault = 'fault cpu3 kvm_arch_hardware_enable returns -EIO time 2';
    const one = play(kernel, AMD, ...VM, ...GO, '       online cpu3', fault);
    expect([one.results(), one.probe('online', 3)]).toEqual([[0, 0, 1], refused ? 0 : 1]);
    const p = play(kernel, AMD, ...VM, ...GO, '       online cpu3', '       offline cpu3', '       online cpu3', fault);
    expect(p.results()).toEqual([0, 0, 1, 1, 1]);
    expect([p.probe('online', 3), p.probe('virt_on', 3)]).toEqual([1, 1]);
  });

  if (refused) return;
  it('6.1: the vCPU that is then pinned there dies (captures 6.1/s9)', () => {
    const p = play(kernel, AMD, ...VM, ...GO, '       affine a.vcpu0 to cpu3', 'fault cpu3 kvm_arch_hardware_enable returns -EIO time 2'); // prettier-ignore
    const oops = [...p.r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
    expect(oops).toMatchObject([{ cpu: 3, instruction: 'VMSAVE' }]);
  });
});

describe.each(['v5.15', 'v6.1', 'v6.3', 'v6.12', 'v7.3'])('%s', (kernel) => {
  const MACHINE = 'intel, cpus 3';

  it('the whole way: no wait for the test, and the CPUs come back', () => {
    const p = play(kernel, MACHINE, 'admin: suspend');
    expect(p.results()).toEqual([0]);
    expect(p.log.filter((line) => /^PM|non-boot|is up/.test(line))).toEqual([
      'PM: suspend entry (deep)',
      'Disabling non-boot CPUs ...',
      'Enabling non-boot CPUs ...',
      'CPU1 is up',
      'CPU2 is up',
      'PM: suspend exit',
    ]);
  });

  it('a CPU that cannot be taken down stops it: its errno, and those that were down come back (facts 3.7)', () => {
    const p = play(kernel, MACHINE, 'admin: suspend', 'fault cpu1 workqueue:online down returns -EBUSY');
    expect(p.results()).toEqual([-16]);
    expect(p.log).toEqual(expect.arrayContaining(['Error taking CPU1 down: -16', 'Non-boot CPUs are not disabled']));
    for (const cpu of [1, 2]) expect(p.probe('active', cpu)).toBe(1);
  });

  it('a wakeup event stops it (facts 7)', () => {
    const p = play(kernel, MACHINE, 'admin: suspend', 'hardware wakeup_pending=1');
    expect(p.log.slice(1, 4)).toEqual(['Disabling non-boot CPUs ...', 'Wakeup pending. Abort CPU freeze', 'Non-boot CPUs are not disabled']); // prettier-ignore
    expect(p.walk(1)).toEqual([]);
  });

  it('no CPU comes or goes by sysfs once the machine is on its way to a restart (facts 3.4 U6)', () => {
    const p = play(
      kernel,
      MACHINE,
      'admin: offline cpu2',
      '       reboot',
      '       online cpu2',
      '       offline cpu1',
    );
    expect(p.results()).toEqual([1, 0, -16, -16]);
  });

  it('a running guest is stopped too, and goes on', () => {
    const p = play(kernel, MACHINE, 'vmm: modprobe kvm_intel', '  a = create vm', '  run a, spinning', '  affine a.vcpu0 to cpu2', 'admin: suspend after affine', 'exists in_guest_on(a.vcpu0, 2)'); // prettier-ignore
    expect(p.results()).toEqual([0]);
    expect(p.log.join('\n')).not.toContain('no longer affine');
    expect([p.probe('virt_on', 2), p.probe('loaded', 0, 2)]).toEqual([1, 1]);
  });
});
