/** Lines that tell of a death, a hang or a warning, wherever they stand in a log, are held against the model. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { conform } from './conform';
import type { ConformReport } from './report';
import { readCapture } from './testing/captures';
import { tellsOf } from './trouble';

beforeAll(() => loadKernelTexts());

const withLine = async (name: string, line: string): Promise<ConformReport> =>
  conform(await readCapture(name, { files: { 'dmesg.txt': (t) => `${t.trimEnd()}\n[  300.000000] ${line}\n` } }))
    .report;

/** Each as kernels print it. */
const TROUBLES: readonly (readonly [string, string])[] = [
  ['hang', 'watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [vmm:1]'],
  ['hang', 'watchdog: Watchdog detected hard LOCKUP on cpu 1'],
  ['hang', 'NMI watchdog: Watchdog detected hard LOCKUP on cpu 1'],
  ['hang', 'watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 1'],
  ['hang', 'INFO: task wr1:232 blocked for more than 120 seconds.'],
  ['hang', 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'],
  ['hang', 'rcu: INFO: rcu_sched self-detected stall on CPU'],
  ['hang', 'rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... } 21 jiffies s: 5 root: 0x2/.'],
  ['hang', 'BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 30s!'],
  ['hang', 'Freezing user space processes failed after 20.003 seconds (1 tasks refusing to freeze, wq_busy=0):'],
  ['death', 'general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] PREEMPT SMP NOPTI'],
  ['death', 'Kernel panic - not syncing: Fatal exception in interrupt'],
  ['death', 'BUG: unable to handle page fault for address: ffffc900002dbb88'],
  ['death', 'BUG: kernel NULL pointer dereference, address: 0000000000000010'],
  ['death', 'Oops: general protection fault, 0000 [#1] PREEMPT SMP NOPTI'],
  ['death', 'Fixing recursive fault but reboot is needed!'],
  ['death', 'Out of memory: Killed process 195 (vmm) total-vm:3000kB, anon-rss:500kB, file-rss:0kB, shmem-rss:0kB'],
  ['death', 'traps: vmm[195] general protection fault ip:401000 sp:7ffe00000000 error:0 in vmm[401000+1000]'],
  ['warning', 'WARNING: CPU: 1 PID: 0 at arch/x86/kvm/x86.c:11901 kvm_arch_vcpu_load+0x1/0x2 [kvm]'],
  ['warning', 'unchecked MSR access error: WRMSR to 0xc0000080 (tried to write 0x0000000000001d01) at rIP: 0xffffffff (svm_hardware_enable+0x1/0x2)'],
  ['warning', 'BUG: scheduling while atomic: cpuhp/1/19/0x00000002'],
  ['warning', 'WARNING: possible circular locking dependency detected'],
]; // prettier-ignore

describe('a line of trouble that the model does not print', () => {
  it.each(TROUBLES)('%s: %s', async (kind, line) => {
    expect(tellsOf(line)).toBe(kind);
    const report = await withLine('6.12/v2', line);
    expect(report.agrees).toBe(false);
    expect(report.differences[0]!.category).toBe('log');
    expect(report.differences[0]!.what).toContain(kind);
    expect(report.differences[0]!.kernel).toContain(line.slice(0, 7));
  });

  it('is seen within the report of an oops too', async () => {
    const line = 'watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:9]';
    const within = (t: string): string => t.replace(/^(\[.*\]) {2}<TASK>$/m, `$1  <TASK>\n$1 ${line}`);
    const capture = await readCapture('6.1/v2', { files: { 'dmesg.txt': within } });
    expect(capture.dmesg.lines.some((l) => l.text === line)).toBe(true);
    expect(
      conform(capture)
        .report.differences.map((d) => d.kernel)
        .join(),
    ).toContain(line);
  });

  it('the line that opens a warning is no line of its own', async () => {
    const { differences } = await withLine('6.12/v2', '------------[ cut here ]------------\n[  300.000001] WARNING: CPU: 1 PID: 9 at kernel/cpu.c:1 some_function+0x1/0x2'); // prettier-ignore
    expect(differences.map((d) => d.kernel.replace(/^.*?: /, ''))).toEqual(['WARNING: some_function']);
  });

  it('ordinary lines tell of none', () => {
    for (const line of [
      'Speculative Return Stack Overflow: See the documentation for mitigation options.',
      'AMD Zen1 DIV0 bug detected. Disable SMT for full protection.',
      'rcu: Hierarchical SRCU implementation.',
      'mark: no oops: tracing stopped by the script',
      'Freezing user space processes completed (elapsed 0.003 seconds)',
      'faultinj: probe svm_hardware_enable mode=skip cpus=0x10 ret=-5 armed=1: register=0',
      'RIP: 0010:kvm_spurious_fault+0xe/0x10 [kvm]',
    ])
      expect([line, tellsOf(line)]).toEqual([line, null]);
  });
});

describe('what the watchdogs say of a hang that the model has too', () => {
  it('is named, and no difference: the model has no watchdog', async () => {
    // its README: an offline that never returns, and readers that wait for the hotplug lock
    const report = await withLine('6.12/v2lie', 'INFO: task wr1:232 blocked for more than 120 seconds.');
    expect(report.differences).toEqual([]);
    expect(report.warnings.join()).toContain('blocked for more than 120 seconds');
  });

  it('a death is a difference there too', async () => {
    const report = await withLine('6.12/v2lie', 'Kernel panic - not syncing: hung_task: blocked tasks');
    expect(report.agrees).toBe(false);
  });
});
