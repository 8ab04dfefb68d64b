/** The hotplug core, row by row: what can fail on the way up and down, what is logged, what is undone (facts 3.4, 3.5, 9.4). */
import { describe, expect, it } from 'vitest';
import { ERR, play } from './testing/play';

const B1 = ['v5.15', 'v6.1', 'v6.1.192', 'v6.3'];
const B2 = ['v6.12', 'v6.12.117', 'v6.17', 'v6.18', 'v7.1', 'v7.2', 'v7.3', 'v7.3.4'];
const MACHINE = 'amd, cpus 3 + 2 hot-addable';

const admin = (kernel: string, lines: readonly string[], ...more: readonly string[]): ReturnType<typeof play> =>
  play(kernel, MACHINE, ...lines.map((a, i) => (i === 0 ? `admin: ${a}` : `       ${a}`)), ...more);
/** Offline, with every step of it undone: no CPU mask has it, and its state is the lowest. */
const isOff = (p: ReturnType<typeof play>, cpu: number): void =>
  expect(['online', 'active', 'hotplug_state'].map((x) => p.probe(x, cpu))).toEqual([0, 0, 0]);

describe.each([...B1, ...B2])('%s, up', (kernel) => {
  it('what is so already succeeds, and nothing is done (facts 3.4 U3)', () => {
    const p = admin(kernel, ['online cpu2']);
    expect([p.results(), p.walk(2), p.log]).toEqual([[1], [], []]);
  });

  it('no memory for the idle task: -ENOMEM before any step (facts 3.4 U7)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2'], 'fault cpu2 idle_thread_get returns -ENOMEM');
    expect(p.results()).toEqual([1, ERR.NOMEM]);
    expect(p.walk(2).filter((s) => s.startsWith('+'))).toEqual([]);
    isOff(p, 2);
  });

  it('RB1, a PREPARE step: its errno, the steps below are undone, a retry is possible (facts 3.4 RB1)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2', 'online cpu2'], 'fault cpu2 timers:prepare up returns -ENOMEM once'); // prettier-ignore
    expect(p.results()).toEqual([1, ERR.NOMEM, 1]);
    const timers = p.number('CPUHP_TIMERS_PREPARE');
    const failed = p.walk(2).indexOf(`+${timers} ${ERR.NOMEM}`);
    const next = p.walk(2)[failed + 1]!;
    expect(next).toMatch(/^-/);
    // the failing step is not undone
    expect(-Number(next)).toBeLessThan(timers);
    expect(admin(kernel, ['offline cpu2', 'online cpu2'], 'fault cpu2 timers:prepare up returns -ENOMEM').probe('dev_online', 2)).toBe(0); // prettier-ignore
  });

  it('RB2, an ONLINE step: its errno; the thread undoes the steps below it, the writer the rest (facts 3.4 RB2)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2'], 'fault cpu2 workqueue:online up returns -ENOMEM');
    expect(p.results()).toEqual([1, ERR.NOMEM]);
    const n = (s: string): number => p.number(`CPUHP_${s}`);
    const steps = p.walk(2);
    const failed = steps.indexOf(`+${n('AP_WORKQUEUE_ONLINE')} ${ERR.NOMEM}`);
    const bringup = steps.indexOf(`+${n('BRINGUP_CPU')} ${ERR.NOMEM}`);
    const between = steps.slice(failed + 1, bringup).map(Number);
    expect(between.every((s) => s < 0 && -s < n('AP_WORKQUEUE_ONLINE') && -s > n('AP_ONLINE_IDLE'))).toBe(true);
    expect(-between.at(-1)!).toBe(n('AP_SCHED_WAIT_EMPTY'));
    // callbacks of the CPU's DYING steps lie inside of cpu:teardown
    expect(steps.slice(bringup + 1)).toContain(`-${n('TEARDOWN_CPU')}`);
    expect(steps).not.toContain(`+${n('AP_ACTIVE')}`);
    expect(p.log.at(-1)).toBe('smpboot: CPU 2 is now offline');
    isOff(p, 2);
  });

  it('a STARTING step may not fail: the write succeeds all the same (facts 3.4 U11)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2'], 'fault cpu2 sched:starting returns -EINVAL');
    expect(p.results()).toEqual([1, 1]);
    const n = p.number('CPUHP_AP_SCHED_STARTING');
    expect(p.log).toContain(
      kernel === 'v5.15'
        ? 'WARNING: kernel/cpu.c notify_cpu_starting'
        : `CPU 2 UP state sched:starting (${n}) failed (-22)`,
    );
  });

  it('an APIC id that cannot be sent to: -EINVAL and its line (facts 3.4 U9)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2'], 'hardware cpu2 apicid_valid=0');
    expect(p.results()).toEqual([1, ERR.INVAL]);
    expect(p.log.at(-1)).toBe(
      B1.includes(kernel) ? 'native_cpu_up: bad cpu 2' : 'smpboot: CPU 2 has invalid APIC ID 2. Aborting bringup',
    );
    isOff(p, 2);
  });

  it('a CPU that does not answer: -EIO and its line (facts 3.4 U9, 7)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2', 'online cpu2'], 'hardware cpu2 cpu_boots=0');
    // it was only kicked: it may be kicked again
    expect(p.results()).toEqual([1, ERR.IO, ERR.IO]);
    expect(p.log.at(-1)).toBe(
      B1.includes(kernel) ? 'smpboot: do_boot_cpu failed(-1) to wakeup CPU#2' : 'CPU2 failed to report alive state',
    );
    isOff(p, 2);
  });

  it('a thread that nosmt forbids: it may come up once and is taken down, then -EPERM (facts 3.4 U6, U15)', () => {
    const p = admin(kernel, ['hotadd cpu3', 'online cpu3', 'online cpu3'], 'hardware cpu3 smt_forbidden=1');
    expect(p.results()).toEqual([0, ERR.CANCELED, ERR.PERM]);
    isOff(p, 3);
  });
});

describe.each([...B1, ...B2])('%s, down', (kernel) => {
  it('what is so already succeeds; the last CPU stays: -EBUSY (facts 3.5 D1, D3)', () => {
    expect(admin(kernel, ['offline cpu2', 'offline cpu2']).results()).toEqual([1, 1]);
    const last = admin(kernel, ['offline cpu1', 'offline cpu2', 'offline cpu0']);
    // cpu0 of a later kernel has no file to write to (facts 3.5 D1: 6.5+)
    expect(last.results()).toEqual([1, 1, B1.includes(kernel) ? ERR.BUSY : ERR.NOENT]);
    expect(last.probe('active', 0)).toBe(1);
  });

  it('a platform that forbids it: -EOPNOTSUPP (facts 3.5 D2)', () => {
    expect(admin(kernel, ['offline cpu2'], 'hardware offline_forbidden=1').results()).toEqual([ERR.OPNOTSUPP]);
  });

  it('RB3, an ONLINE step: its errno; what was undone is done again, and the CPU is whole (facts 3.5 RB3)', () => {
    const p = admin(kernel, ['offline cpu2', 'offline cpu2'], 'fault cpu2 workqueue:online down returns -EBUSY once');
    expect(p.results()).toEqual([ERR.BUSY, 1]);
    const steps = p.walk(2);
    const workqueue = p.number('CPUHP_AP_WORKQUEUE_ONLINE');
    const failed = steps.indexOf(`-${workqueue} ${ERR.BUSY}`);
    const again = steps.slice(failed + 1, steps.indexOf(`+${p.number('CPUHP_AP_ACTIVE')}`) + 1).map(Number);
    expect(again.length).toBeGreaterThan(1);
    expect(again.every((s) => s > workqueue)).toBe(true);
    const once = admin(kernel, ['offline cpu2'], 'fault cpu2 workqueue:online down returns -EBUSY');
    expect(['online', 'active', 'dying', 'dev_online'].map((x) => once.probe(x, 2))).toEqual([1, 1, 0, 1]);
  });

  it('RB4, the CPU refuses at the last moment: -ENOSPC, its line, and the CPU is whole (facts 3.5 D7, RB4)', () => {
    const p = admin(kernel, ['offline cpu2'], 'hardware cpu2 irq_vectors=40', 'hardware irq_vectors_free=12');
    expect(p.results()).toEqual([ERR.NOSPC]);
    expect(p.log).toEqual(['CPU 2 has 40 vectors, 12 available. Cannot disable CPU']);
    const steps = p.walk(2);
    const refused = steps.indexOf(`-${p.number('CPUHP_TEARDOWN_CPU')} ${ERR.NOSPC}`);
    expect(steps.slice(refused + 1).every((s) => s.startsWith('+'))).toBe(true);
    expect(steps.at(-1)).toBe(`+${p.number('CPUHP_AP_ACTIVE')}`);
    expect(['online', 'active', 'dying', 'dev_online'].map((x) => p.probe(x, 2))).toEqual([1, 1, 0, 1]);
  });

  it('a CPU that does not say that it is dead: its line, and the write succeeds (facts 3.5 D10, 7)', () => {
    const p = admin(kernel, ['offline cpu2', 'online cpu2'], 'hardware cpu2 cpu_dies=0');
    const one = B1.includes(kernel);
    expect(p.log[0]).toBe(one ? "smpboot: CPU 2 didn't die..." : 'CPU2 failed to report dead state');
    // the two-step bring-up does not kick a CPU in that state (facts 3.4 U9-B2a)
    expect(p.results()).toEqual([1, one ? 1 : ERR.AGAIN]);
  });
});

describe('who takes a CPU down (facts 3.5 D2, FINDINGS section 5)', () => {
  const worker = (kernel: string): boolean => {
    const p = admin(kernel, ['offline cpu2']);
    const context = p.r.program.contexts.findIndex((c) => c.name.startsWith('kworker/0:'));
    return context >= 0 && p.r.machine.head(context, 0) !== 0;
  };
  it.each(['v5.10', 'v5.15', 'v6.1', 'v6.3', 'v7.1', 'v7.2', 'v7.3', 'v7.3.4'])('%s: the writer', (kernel) => {
    expect(worker(kernel)).toBe(false);
  });
  it.each(['v6.1.192', 'v6.12', 'v6.12.117', 'v6.17', 'v6.18', 'v6.18.15'])('%s: a kworker elsewhere', (kernel) => {
    expect(worker(kernel)).toBe(true);
    // nobody to do it: -EBUSY
    const isolated = admin(kernel, ['offline cpu2'], 'hardware housekeeping=0', 'hardware cpu2 housekeeping=1');
    expect(isolated.results()).toEqual([ERR.BUSY]);
  });
  it.each(['v7.1', 'v7.3.4'])('%s: with no housekeeping CPU online, -EBUSY (facts 3.5 D3)', (kernel) => {
    expect(admin(kernel, ['offline cpu2'], 'hardware housekeeping=0').results()).toEqual([ERR.BUSY]);
  });
});

describe.each(['v5.15', 'v6.1', 'v6.3', 'v6.12', 'v7.3.4'])('%s, firmware (facts 9.4)', (kernel) => {
  const line = `${['v5.15', 'v6.1', 'v6.3'].includes(kernel) ? '' : 'ACPI: '}CPU3 has been hot-added`;

  it('a CPU is added offline; userspace brings it up (A5-A7)', () => {
    const p = admin(kernel, ['hotadd cpu3']);
    expect([p.results(), p.log]).toEqual([[0], [line]]);
    expect(['present', 'online', 'dev_online'].map((x) => p.probe(x, 3))).toEqual([1, 0, 0]);
    expect(admin(kernel, ['hotadd cpu3', 'hotadd cpu3']).results()).toEqual([0, ERR.EXIST]);
  });

  it.each([
    [1, ERR.NODEV],
    [2, ERR.NOSPC],
  ])('tables that do not fit (%i): the CPU gets no number, and its line says so (A4)', (how, errno) => {
    const p = admin(kernel, ['hotadd cpu3'], `hardware cpu3 acpi_map_fails=${how}`);
    expect([p.results(), p.log]).toEqual([[errno], ['Unable to map lapic to logical cpu number']]);
    expect(p.probe('present', 3)).toBe(0);
  });

  it('a CPU is removed: taken down first, then it is gone, and can be added again', () => {
    const p = admin(kernel, ['hotadd cpu3', 'online cpu3', 'hotremove cpu3']);
    expect(p.results()).toEqual([0, 1, 0]);
    expect(['present', 'online', 'active', 'hotplug_state'].map((x) => p.probe(x, 3))).toEqual([0, 0, 0, 0]);
    expect(admin(kernel, ['hotadd cpu3', 'online cpu3', 'hotremove cpu3', 'hotadd cpu3', 'online cpu3']).results()).toEqual([0, 1, 0, 0, 1]); // prettier-ignore
  });

  it('a CPU that cannot be taken down is not removed', () => {
    const p = admin(kernel, ['hotremove cpu2'], 'fault cpu2 workqueue:online down returns -EBUSY');
    expect(p.results()).toEqual([ERR.BUSY]);
    expect([p.probe('present', 2), p.probe('active', 2)]).toEqual([1, 1]);
  });
});

it('the first online of an added CPU says so up to 6.3 (facts 7, 9.4; captures 6.1/s2, 6.12/s1)', () => {
  const say = (kernel: string): number =>
    admin(kernel, ['hotadd cpu3', 'online cpu3', 'offline cpu3', 'online cpu3']).log.filter(
      (line) => line === 'Will online and init hotplugged CPU: 3',
    ).length;
  expect(['v5.10', 'v5.15', 'v6.1', 'v6.1.192', 'v6.1.192-cloud', 'v6.3'].map(say)).toEqual(Array(6).fill(1));
  expect(['v6.12', 'v6.12.117', 'v6.18.15', 'v7.1', 'v7.3.4'].map(say)).toEqual(Array(5).fill(0));
});

it('CPUs that go up at the same time wait for one another, in no order (facts 3.1; captures 6.1/s11)', () => {
  const actors = Array.from({ length: 7 }, (_, i) => `w${i + 1}: online cpu${i + 1}`);
  const boot =
    'boot: offline cpu1\n  offline cpu2\n  offline cpu3\n  offline cpu4\n  offline cpu5\n  offline cpu6\n  offline cpu7';
  const p = play('v6.1.192', 'amd, cpus 8', boot, ...actors.map((a) => `${a} after offline cpu7`));
  for (let i = 1; i < 8; i++) expect(p.results(`w${i}`)).toEqual([1]);
  // one after the other: between the first and the last step of a CPU no other CPU has one
  const steps = [...p.r.history.effects.values()]
    .flat()
    .flatMap((e) => (e.kind === 'callback' && e.up && !e.begin ? [e.cpu] : []));
  expect(steps.filter((cpu, i) => cpu !== steps[i - 1])).toHaveLength(7);
});

it.each([...B1, ...B2])(
  '%s: a CPU that maxcpus= left offline is present, has its hotplug/ files, and comes up (facts 9.3)',
  (kernel) => {
    const p = play(
      kernel,
      'amd, cpus 1 + 2 offline + 1 hot-addable',
      'admin: set_target cpu2 CPUHP_ONLINE',
      '       online cpu1',
    );
    expect(p.results()).toEqual([0, 1]);
    expect([1, 2, 3].map((cpu) => p.probe('online', cpu))).toEqual([1, 1, 0]);
  },
);
