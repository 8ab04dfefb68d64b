/** The designs for a CPU that cannot do SEAMCALL, one text on all of them, against section 5 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { E, playTdx, type TdxRun } from './testing/tdx';

const QEMU = ['qemu: modprobe kvm_intel tdx=1', '      td0 = create td, 2 vcpus', '      run td0'];
const ADMIN = ['admin: hotadd cpu3 after run td0', '       online cpu3', '       affine td0.vcpu0 to cpu3'];
/** A TD runs; a CPU is hot-added and onlined; a vCPU of the TD is moved there. */
const question = (design: string, more: readonly string[] = []): TdxRun =>
  playTdx(design, [...QEMU, ...ADMIN, ...more]);
/** The same with no TD yet: it is made when the CPU is there. */
const later = (design: string): TdxRun =>
  playTdx(design, [
    QEMU[0]!, 'admin: hotadd cpu3 after modprobe', '       online cpu3',
    'vmm: td1 = create td, 1 vcpu after online cpu3', '     run td1, halting', '     affine td1.vcpu0 to cpu3',
  ]); // prettier-ignore
const dead = (t: TdxRun, vm = 0): boolean => t.probe('vm_is_dead', vm) === 1;
const oopses = (t: TdxRun): number => [...t.r.history.effects.values()].flat().filter((e) => e.kind === 'oops').length;

describe('TD1, document only (tdx 5 D1, facts 2.1)', () => {
  it('online returned success; one vCPU touched the CPU, and the whole TD is dead: INTERNAL_ERROR, then -EIO for all', () => {
    const t = question('td1-document', ['       offline cpu2', '       vcpu_ioctl td0.vcpu1']);
    expect(t.results('admin').slice(0, 2)).toEqual([0, 1]);
    expect(t.told).toContain('SEAMCALL: #GP');
    expect(t.told).toContain('KVM_RUN: exit reason 17');
    // the other vCPU, which never was there
    expect(t.results('admin').at(-1)).toBe(E.IO);
    expect([dead(t), t.probe('td_runs', 0), oopses(t)]).toEqual([true, 0, 0]);
    // the only log is the WARN
    expect(t.log.slice(1).filter((line) => !/^WARNING/.test(line))).toEqual([]);
  });
  it('VMXON failed there too: never gets so far, since KVM refuses that CPU', () => {
    const t = question('td1-document', ['fault cpu3 VMXON returns 1']);
    expect(t.results('admin')[1]).toBe(E.IO);
    expect(dead(t)).toBe(false);
  });
  it('a CPU that comes before the TD kills it as well', () => {
    const t = later('td1-document');
    expect([t.results('admin'), dead(t)]).toEqual([[0, 1], true]);
  });
});

describe.each(['v6.17', 'td9-shipped', 'v7.1'])(
  'TD2 and TD9, refuse whenever TDX is up: %s (tdx 5 D2, D9)',
  (kernel) => {
    it('the writer gets -EOPNOTSUPP, without a word in the log; the TD is untouched', () => {
      const t = question(kernel);
      expect(t.results('admin')).toEqual([0, E.OPNOTSUPP, E.INVAL]);
      expect([dead(t), t.probe('td_runs', 0), t.log.length]).toEqual([false, 1, 1]);
    });
    it('message 4 of the thread: the same refusal comes with no TD at all', () => {
      expect(later(kernel).results('admin')).toEqual([0, E.OPNOTSUPP]);
    });
  },
);

describe('TD3, tdx_usage_count (message 7 of the thread; tdx 5 D3)', () => {
  it.each(['td3-usage-count', 'td3-usage-count-scan'])('%s: refused while a TD runs', (design) => {
    const t = question(design);
    expect(t.results('admin')[1]).toBe(E.OPNOTSUPP);
    expect(dead(t)).toBe(false);
  });
  it('no TD: the CPU is let in, and the first TD then meets it as with documentation only', () => {
    const t = later('td3-usage-count');
    expect(t.results('admin')).toEqual([0, 1]);
    expect(t.results('vmm')[0]).toBe(0);
    expect(dead(t)).toBe(true);
  });
  it('with a scan the first TD is refused instead, until that CPU is offline again', () => {
    const t = later('td3-usage-count-scan');
    expect([t.results('admin'), t.results('vmm')[0]]).toEqual([[0, 1], E.BUSY]);
    const away = playTdx('td3-usage-count-scan', ['q: modprobe kvm_intel tdx=1', '   hotadd cpu3', '   online cpu3', '   td0 = create td', '   offline cpu3', '   td1 = create td']); // prettier-ignore
    expect(away.results('q')).toEqual([0, 0, 1, E.BUSY, 1, 0]);
  });
});

describe('TD4, KVM_BUG_ON in sched_in (message 2 of the thread; tdx 5 D4)', () => {
  it('the TD is killed before any SEAMCALL there: -EIO', () => {
    const t = question('td4-bug-in-sched-in', ['       offline cpu2', '       vcpu_ioctl td0.vcpu1']);
    expect(t.told).not.toContain('SEAMCALL: #GP');
    expect(t.told).not.toContain('KVM_RUN: exit reason 17');
    expect(t.told).toContain('KVM_RUN returns -EIO');
    expect(t.results('admin').at(-1)).toBe(E.IO);
    expect([dead(t), oopses(t)]).toEqual([true, 0]);
  });
});

describe('TD5a, a cpuset without that CPU (tdx 5 D5a, facts 11 B)', () => {
  it('the CPU is there, the vCPU may not go to it alone (-EINVAL), and the TD does not meet it', () => {
    const t = question('td5a-pin', ['       offline cpu2', '       offline cpu1']);
    expect(t.results('admin')).toEqual([0, 1, E.INVAL, 1, 1]);
    expect([dead(t), t.probe('td_runs', 0), t.probe('active', 3)]).toEqual([false, 1, 1]);
    expect(t.probe('associated', 0, 0) + t.probe('associated', 1, 0)).toBe(2);
  });
  it('a plain VM may go there', () => {
    const t = playTdx('td5a-pin', [...QEMU, ...ADMIN.slice(0, 2), 'vmm: a = create vm after online cpu3', '     run a', '     affine a.vcpu0 to cpu3']); // prettier-ignore
    expect(t.results('vmm')).toEqual([0, 0, 0]);
  });
  it('hole: somebody adds the CPU to the cpuset: as with documentation only', () => {
    const t = playTdx('td5a-pin', [...QEMU, ...ADMIN.slice(0, 2), '       cpuset_add cpu3', ADMIN[2]!]);
    expect([t.results('admin').slice(0, 4), dead(t)]).toEqual([[0, 1, 0, 0], true]);
  });
  it('hole: every CPU of the cpuset goes away: the TD may go anywhere, and meets it', () => {
    const t = playTdx('td5a-pin', ['qemu: modprobe kvm_intel tdx=1', '      td0 = create td, 1 vcpu', '      run td0', 'admin: hotadd cpu2 after run td0', '       online cpu2', '       offline cpu1', '       set_target cpu0 offline', 'hardware tdx_strict=1'], 'cpus 2 + 1 hot-addable'); // prettier-ignore
    expect([t.results('admin').slice(0, 3), dead(t)]).toEqual([[0, 1, 1], true]);
  });
});

describe('TD5b, the kernel keeps the TD away (tdx 5 D5b)', () => {
  it('sched_setaffinity to that CPU alone is -EINVAL for a vCPU of the TD; the CPU is there, and a plain VM may go', () => {
    const t = playTdx('td5b-restricted-affinity', [...QEMU, ...ADMIN, 'vmm: a = create vm after online cpu3', '     run a', '     affine a.vcpu0 to cpu3']); // prettier-ignore
    expect(t.results('admin')).toEqual([0, 1, E.INVAL]);
    expect(t.results('vmm')).toEqual([0, 0, 0]);
    expect([dead(t), t.probe('td_runs', 0), t.probe('active', 3)]).toEqual([false, 1, 1]);
  });
  it('nor does the scheduler put it there by itself', () => {
    const t = playTdx('td5b-restricted-affinity', [...QEMU, ...ADMIN.slice(0, 2), '       offline cpu1', '       offline cpu2']); // prettier-ignore
    expect(t.results('admin')).toEqual([0, 1, 1, 1]);
    expect([dead(t), t.probe('associated', 0, 0) + t.probe('associated', 1, 0)]).toEqual([false, 2]);
  });
});

describe("TD6, LP.INIT in KVM's own callback (messages 3, 8, 9 of the thread; tdx 5 D6)", () => {
  it("refused by kvm/cpu:online with KVM's errno and line", () => {
    const t = question('td6-compat-callback');
    expect(t.results('admin')).toEqual([0, E.IO, E.INVAL]);
    expect(t.log.at(-1)).toBe('kvm: enabling virtualization on CPU3 failed');
    expect(t.walk(3)).toContain(`+kvm/cpu:online ${E.IO}`);
    expect([dead(t), t.probe('virt_on', 3)]).toEqual([false, 0]);
  });
  it('the last CPU of a package with a TD stays all the same', () => {
    const t = playTdx('td6-compat-callback', ['q: modprobe kvm_intel tdx=1', '   td0 = create td', '   offline cpu2', '   offline cpu3'], 'cpus 4, packages 2'); // prettier-ignore
    expect(t.results('q')).toEqual([0, 0, 1, E.BUSY]);
  });
});

describe('TD7, ACPI says no (tdx 3.2, 5 D7)', () => {
  it('a: hot-add is -EINVAL with the BIOS-bug line, the CPU never is present; the TD is untouched', () => {
    const t = playTdx('td7a-acpi-refuses', [...QEMU, ADMIN[0]!]);
    expect(t.results('admin')).toEqual([E.INVAL]);
    expect(t.log.at(-1)).toBe("[BIOS bug]: Platform doesn't support ACPI CPU hotplug.  New CPU ignored.");
    expect([t.probe('present', 3), dead(t)]).toEqual([0, false]);
  });
  it('a: hot-removal kills what did it', () => {
    const t = playTdx('td7a-acpi-refuses', [...QEMU, 'admin: hotremove cpu2 after run td0']);
    expect(t.log).toContain("Platform doesn't support ACPI CPU hotplug. BUG().");
    expect([t.results('admin'), oopses(t)]).toEqual([[null], 1]);
  });
  it('b: nothing is said', () => {
    const t = playTdx('td7b-no-acpi-hotplug', [...QEMU, ADMIN[0]!]);
    expect([t.probe('present', 3), t.log.length, dead(t)]).toEqual([0, 1, false]);
  });
  it('c: the host is down', () => {
    const t = playTdx('td7c-acpi-panics', [...QEMU, ADMIN[0]!]);
    expect(t.r.machine.s[t.r.program.machine.panic]).toBe(1);
  });
  it.each(['td7a-acpi-refuses', 'td7b-no-acpi-hotplug', 'td7c-acpi-panics', 'td8-trust-bios'])(
    '%s: where BIOS has TDX off, CPUs come and go',
    (design) => {
      const t = playTdx(design, ['hardware tdx_bios=0', 'q: hotadd cpu3', '   online cpu3', '   hotremove cpu3']);
      expect([t.results('q'), t.probe('present', 3)]).toEqual([[0, 1, 0], 0]);
    },
  );
});

describe('TD8, BIOS never does it (tdx 4.1, 5 D8)', () => {
  it('a BIOS that keeps the promise', () => {
    const t = playTdx('td8-trust-bios', [...QEMU, ADMIN[0]!, 'hardware bios_keeps_promise=1']);
    expect([t.probe('present', 3), dead(t)]).toEqual([0, false]);
  });
  it('a BIOS that breaks it: as documented only', () => {
    expect(dead(question('td8-trust-bios'))).toBe(true);
  });
});
