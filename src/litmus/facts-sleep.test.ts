/** Suspend, restart and kexec with KVM loaded, era by era: facts 3.7, 4.1e, 4.2e, 4.3b5, 4.3e, 6.3 (resume rows) and 7 "reboot". */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const E1 = ['v5.15', 'v6.1'];
const E2 = ['v6.3'];
const E3 = ['v6.12', 'v7.1'];
const ALL = [...E1, ...E2, ...E3];
const M = 'intel, cpus 3';
const LOAD = 'q: modprobe kvm_intel';
const VM = [LOAD, '  a = create vm'];
const EXITING = 'kvm: exiting hardware virtualization';
const WARNING = 'WARNING: virt/kvm/kvm_main.c kvm_resume';
const on = (p: Played): number[] => [0, 1, 2].map((c) => p.probe('virt_on', c));
const oopses = (p: Played): string[] =>
  [...p.r.history.effects.values()].flat().flatMap((e) => (e.kind === 'oops' ? [e.instruction] : []));

describe('suspend (facts 3.7, 4.1e, 4.2e, 4.3e)', () => {
  it.each(ALL)('%s: the last CPU is switched off and on again as well, by the syscore hooks', (kernel) => {
    const p = play(kernel, M, ...VM, '  suspend');
    expect([p.results('q'), on(p)]).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
    // between the two no CPU has it on
    const between = play(kernel, M, ...VM, '  suspend', 'exists vm_count == 1 and suspending and not vmxon[0] and not vmxon[1] and not vmxon[2]'); // prettier-ignore
    expect(between.r.witness).toBeGreaterThan(0);
    const never = play(kernel, M, ...VM, '  suspend', 'exists suspending and not vmxon[0] and 1 in cpu_online_mask');
    expect(never.r.witness).toBe(-1);
  });

  it.each(ALL)('%s: resume, the boot CPU cannot be enabled (facts 6.3 row "resume, boot CPU")', (kernel) => {
    const p = play(kernel, M, ...VM, '  suspend', 'fault cpu0 kvm_arch_hardware_enable returns -EIO time 2');
    expect(p.results('q')).toEqual([0, 0, 0]);
    expect(on(p)).toEqual([0, 1, 1]);
    // the line, and from 6.3 on a warning
    expect(p.log).toContain('kvm: enabling virtualization on CPU0 failed');
    expect(p.log.includes(WARNING)).toBe(!E1.includes(kernel));
  });

  it.each(ALL)(
    '%s: resume, another CPU cannot be enabled (facts 6.3 row "resume from suspend, secondary")',
    (kernel) => {
      const p = play(kernel, M, ...VM, '  suspend', 'fault cpu1 kvm_arch_hardware_enable returns -EFAULT time 2');
      expect(p.results('q')).toEqual([0, 0, 0]);
      expect(p.log).toContain(E1.includes(kernel) ? 'CPU1 is up' : 'Error taking CPU1 up: -5');
      expect([p.probe('active', 1), p.probe('active', 2), p.probe('dev_online', 1)]).toEqual([E1.includes(kernel) ? 1 : 0, 1, 1]); // prettier-ignore
    },
  );

  it.each(ALL)(
    '%s: a CPU that does not come back for another reason: the loop goes on, resume succeeds (facts 3.7)',
    (kernel) => {
      const p = play(kernel, M, LOAD, '  suspend', 'fault cpu1 timers:prepare up returns -ENOMEM');
      expect(p.results('q')).toEqual([0, 0]);
      expect(p.log).toEqual(expect.arrayContaining(['Error taking CPU1 up: -12', 'CPU2 is up']));
    },
  );

  it.each(ALL)('%s: the first hook that fails stops it, and what was suspended is resumed (facts 3.7)', (kernel) => {
    const p = play(kernel, M, ...VM, '  suspend', 'fault syscore_tdx_suspend returns -EIO');
    expect([p.results('q'), on(p)]).toEqual([
      [0, 0, ERR.IO],
      [1, 1, 1],
    ]);
  });
});

describe('restart (facts 4.1e, 4.2e, 4.3e, 7 "reboot")', () => {
  it.each(ALL)('%s: KVM says it, and virtualization goes off on every CPU', (kernel) => {
    for (const how of ['reboot', 'kexec']) {
      const p = play(kernel, M, ...VM, `  ${how}`);
      expect([p.log, on(p), p.value('kvm_rebooting')]).toEqual([[EXITING], [0, 0, 0], 1]);
    }
  });

  it.each([...E1, ...E2])('%s: the notifier is there with no VM, too', (kernel) => {
    expect(play(kernel, M, LOAD, '  reboot').log).toEqual([EXITING]);
    expect(play(kernel, M, LOAD, '  rmmod kvm_intel', '  reboot').log).toEqual([]);
  });

  it.each(E3)('%s: the hook is there while virtualization is wanted', (kernel) => {
    expect(play(kernel, M, LOAD, '  reboot').log).toEqual([EXITING]);
    expect(play(kernel, M, `${LOAD} enable_virt_at_load=0`, '  reboot').log).toEqual([]);
  });

  it.each(ALL)(
    '%s: a vCPU that still runs: what it executes faults and is passed over (facts 4.1e, 5.3 F4a)',
    (kernel) => {
      for (const vendor of ['intel', 'amd']) {
        const p = play(kernel, `${vendor}, cpus 3`, `q: modprobe kvm_${vendor}`, '  a = create vm', '  run a', '  affine a.vcpu0 to cpu1', '  reboot', '  affine a.vcpu0 to cpu2'); // prettier-ignore
        const faults = [...p.r.history.effects.values()].flat().filter((e) => e.kind === 'ud');
        expect([p.results('q').at(-1), oopses(p), faults.length > 0]).toEqual([0, [], true]);
      }
    },
  );

  it.each([...E1, ...E2])('%s: the hole: a VM that is made afterwards switches it on again (facts 4.1e)', (kernel) => {
    const p = play(kernel, M, LOAD, '  reboot', '  a = create vm');
    expect([p.results('q'), on(p)]).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
  });

  it.each(E3)('%s: the hole is closed: -EBUSY, and nothing is on (facts 4.3b5)', (kernel) => {
    const p = play(kernel, M, `${LOAD} enable_virt_at_load=0`, '  reboot', '  a = create vm');
    expect([p.results('q'), on(p)]).toEqual([
      [0, 0, ERR.BUSY],
      [0, 0, 0],
    ]);
  });
});
