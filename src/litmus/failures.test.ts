/** The failure map: its points are what the run reaches, its cells what facts and captures say of such a failure. */
import { describe, expect, it } from 'vitest';
import { computeFailureMap, planFailures, type FailureCell, type FailureMap } from './failures';
import { galleryText } from './gallery';
import { computeTextCell } from './matrix';

function map(name: string, kernel: string, errno = '-EIO'): FailureMap {
  const m = computeFailureMap(galleryText(name)!, { kernel, errno });
  if (!('cells' in m)) throw new Error(m.problems.join('\n'));
  return m;
}

const at = (m: FailureMap, what: string, cpu: number, up = true, time?: number): FailureCell =>
  m.cells.find(
    (c) => c.cpu === cpu && c.up === up && (c.state?.name ?? c.fn) === what && (time === undefined || c.time === time),
  )!;

describe('a CPU is hot-added with a VM running', () => {
  const old = map('kevin-2021-11-30', 'v5.15');
  const late = map('kevin-2021-11-30', 'v6.12');

  it('begins without the faults of the text', () => {
    expect(old.base).toMatchObject({ class: 'works', line: 'vm0.vcpu0 runs on CPU 4; no oops' });
    expect(old.base.litmus).not.toContain('fault');
  });

  it('every step of PREPARE and ONLINE refuses the CPU and the writer is told (facts 3.4 RB1, RB2)', () => {
    for (const m of [old, late])
      for (const c of m.cells) {
        if (c.cpu !== 4 || c.state === null || /^(sched:starting|kvm\/cpu:starting)$/.test(c.state.name)) continue;
        expect([c.state.name, c.class, c.told, c.told_errno]).toEqual([c.state.name, 'refused', 'admin', '-EIO']);
      }
  });

  it('only those callbacks are failed that the run reaches, in its order, each once', () => {
    const numbers = old.cells.flatMap((c) => (c.state ? [c.state.number] : []));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers[0]).toBe(1);
    expect(old.cells.every((c) => c.state === null || c.cpu === 4)).toBe(true);
  });

  it('5.15: an error in the STARTING section ends it before KVM, and a vCPU dies there (facts 3.2, 6.3)', () => {
    expect(at(old, 'sched:starting', 4).class).toBe('thread-dies');
    expect(at(old, 'kvm/cpu:starting', 4).class).toBe('thread-dies');
  });

  it('the enable: of the new CPU kills in 5.15 and is refused in 6.12; of a CPU that is there refuses the VM or the module (facts 6.3)', () => {
    expect(at(old, 'kvm_arch_hardware_enable', 4).class).toBe('thread-dies');
    expect(at(old, 'kvm_arch_hardware_enable', 1)).toMatchObject({ class: 'vm-refused', told_errno: '-EBUSY' });
    expect(at(late, 'kvm_arch_enable_virtualization_cpu', 4)).toMatchObject({ class: 'refused', told_errno: '-EIO' });
    expect(at(late, 'kvm_arch_enable_virtualization_cpu', 1)).toMatchObject({ class: 'no-kvm', told_errno: '-EIO' });
  });

  it('a cell is a run of its own text', () => {
    const cell = at(old, 'kvm_arch_hardware_enable', 4);
    expect(cell.litmus).toContain('fault   cpu4 kvm_arch_hardware_enable returns -EIO once');
    expect(computeTextCell('t', cell.litmus, 'v5.15', 'intel')).toMatchObject({ class: cell.class, line: cell.line });
  });

  it('a CPU that was added has no `fail` file (facts 9.1, captures */s1)', () => {
    expect([...old.cells, ...late.cells].some((c) => c.sysfs)).toBe(false);
  });
});

describe('a CPU goes off and on', () => {
  const m = map('offline-online', 'v6.12');

  it('what the `fail` file reaches (facts 9.1, captures 6.12/s6)', () => {
    expect(at(m, 'workqueue:online', 2).sysfs).toBe(true);
    expect(at(m, 'workqueue:online', 2, false).sysfs).toBe(true);
    expect(at(m, 'timers:prepare', 2).sysfs).toBe(true);
    expect(at(m, 'kvm/cpu:online', 2, true, 2).sysfs).toBe(true);
    // the DEAD side of a PREPARE step: refused while the CPU is up
    expect(at(m, 'timers:prepare', 2, false).sysfs).toBe(false);
    // atomic
    expect(at(m, 'sched:starting', 2).sysfs).toBe(false);
    // run once while it is installed: before that the step has no callback to fail
    expect(at(m, 'kvm/cpu:online', 2, true, 1).sysfs).toBe(false);
  });

  it('the same step is failed each time that it runs (facts 4.3b3, c)', () => {
    expect(at(m, 'kvm/cpu:online', 2, true, 1)).toMatchObject({ class: 'no-kvm', told: 'qemu' });
    expect(at(m, 'kvm/cpu:online', 2, true, 2)).toMatchObject({ class: 'refused', told: 'admin' });
    expect(at(m, 'kvm_arch_enable_virtualization_cpu', 2, true, 2)).toMatchObject({ class: 'refused', told: 'admin' });
    expect(at(m, 'kvm/cpu:online', 2, true, 3)).toBeUndefined();
    expect(at(m, 'kvm_arch_enable_virtualization_cpu', 2, true, 3)).toBeUndefined();
  });

  it('a callback below cpu:teardown fails: the CPU is off, the writer is told that it failed, and the next online does nothing (facts 3.5 D11)', () => {
    expect(at(m, 'timers:prepare', 2, false)).toMatchObject({ class: 'cpu-lost' });
  });

  it('a DYING callback fails: the kernel logs it and goes on (facts 3.5 D8)', () => {
    expect(at(m, 'smpcfd:dying', 2, false).class).toBe('works');
  });
});

it('stops at its budget and says how much is left, and tells its progress', () => {
  const seen: number[] = [];
  const m = computeFailureMap(galleryText('kevin-2021-11-30')!, { maxPoints: 5 }, (done) => seen.push(done));
  const plan = planFailures(galleryText('kevin-2021-11-30')!);
  if (!('cells' in m) || !plan.ok) throw new Error('does not load');
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(m.cells.length).toBe(5);
  expect(m.left).toBe(plan.points.length - 5);
});

it('a text that does not load says so', () => {
  expect(computeFailureMap('litmus t\nkernel v5.15\n')).toMatchObject({ ok: false });
});
