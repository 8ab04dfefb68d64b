/** Cells of the outcome matrix against the fact sheet and the captures; each expectation names where it was read. */
import { describe, expect, it } from 'vitest';
import type { ClassId } from './classes';
import { galleryText } from './gallery';
import { load } from './load';
import { computeCell, computeTextCell, matrixColumns, matrixRows, type Vendor } from './matrix';
import { ROWS } from './matrix-rows';

const E1 = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'];
const E2 = ['v6.3', 'move-to-online'];
const E3 = ['v6.12', 'v6.12.117', 'v6.17', 'v6.18', 'v6.18.15', 'v7.1', 'v7.2', 'v7.3', 'v7.3.4'];
/** TDX comes with kvm_intel (tdx 3.3). */
const TDX_E7 = ['v6.17', 'v6.18', 'v6.18.15'];
/** TDX is up from boot (tdx 3.4). */
const TDX_E8 = ['v7.1', 'v7.2', 'v7.3', 'v7.3.4'];
const TDX = [...TDX_E7, ...TDX_E8];
const NO_TDX = [...E1, 'v6.3', 'v6.12', 'v6.12.117'];
const ALL = [...E1, ...E2, ...E3];
const BOTH: readonly Vendor[] = ['intel', 'amd'];

type Expected = readonly [
  row: string,
  columns: readonly string[],
  vendors: readonly Vendor[],
  id: ClassId,
  errno: string | null,
  line: RegExp,
  fact: string,
];

const EXPECTED: readonly Expected[] = [
  ['plain-vm', ALL, BOTH, 'works', null, /^vm0\.vcpu0 runs on CPU 2; no oops$/, 'captures */s1'],
  ['offline-online', ALL, BOTH, 'works', null, /^vm0\.vcpu0 runs on CPU 2; no oops$/, 'captures */s3, */v1'],
  ['pinned-cpu-goes', ALL, BOTH, 'works', null, /no oops$/, 'captures */s7'],
  ['bad-cpu-at-load', [...E1, ...E2], BOTH, 'vm-refused', '-EBUSY', /failed on CPU 1$/, 'facts 6.3; captures 6.1/s5, 6.1/v3'],
  ['bad-cpu-at-load', E3, BOTH, 'no-kvm', '-EIO', /^qemu: modprobe kvm_\w+ returns -EIO$/, 'facts 6.3'],
  ['bad-cpu-no-vm', [...E1, ...E2], BOTH, 'vm-refused', '-EBUSY', /failed on CPU 2$/, 'facts 6.3; captures 6.1/s5'],
  ['bad-cpu-no-vm', E3, BOTH, 'refused', '-EIO', /online write of cpu2 returns -EIO: kvm\/cpu:online/, 'facts 6.3; captures 6.12/s5'],
  ['bad-cpu-with-vm', E1, BOTH, 'swallowed', null, /online write had succeeded$/, 'facts 6.3, 4.1c; captures 6.1/s2'],
  ['bad-cpu-with-vm', [...E2, ...E3], BOTH, 'refused', '-EIO', /kvm\/cpu:online/, 'facts 6.3; captures 6.12/s2, 6.12/v2'],
  ['kevin-2021-11-30', E1, ['intel'], 'thread-dies', null, /^vm0\.vcpu0 on CPU 4: #UD at VMPTRLD in vmx_vcpu_load_vmcs/, 'facts 5.3; captures 6.1/v2'],
  ['kevin-2021-11-30', ['v5.10'], ['amd'], 'thread-dies', null, /#UD at CLGI in svm_vcpu_run/, 'captures 5.10/s2'],
  ['kevin-2021-11-30', ['v5.15'], ['amd'], 'thread-dies', null, /#UD at VMSAVE in svm_prepare_guest_switch/, 'facts 5.5 S2'],
  ['kevin-2021-11-30', ['v6.1', 'v6.1.192'], ['amd'], 'thread-dies', null, /#UD at VMSAVE in svm_prepare_switch_to_guest/, 'facts 5.5 S2; captures 6.1/s2'],
  ['kevin-2021-11-30', [...E2, ...E3], BOTH, 'refused', '-EIO', /online write of cpu4 returns -EIO: kvm\/cpu:online/, 'facts 6.3; captures 6.12/s2, 7.3/s2'],
  ['bad-cpu-between-vms', E1, BOTH, 'thread-dies', null, /^vm1\.vcpu0 on CPU 2/, 'facts 4.1b8: later VMs do not look; captures 6.1/s2n'],
  ['bad-cpu-between-vms', [...E2, ...E3], BOTH, 'refused', '-EIO', /online write of cpu2/, 'facts 6.3'],
  ['bad-cpu-after-vms', [...E1, ...E2], BOTH, 'vm-refused', '-EBUSY', /^KVM_CREATE_VM of vm1 returns -EBUSY: the enable failed on CPU 2$/, 'facts 4.1b9, 6.3'],
  ['bad-cpu-after-vms', E3, BOTH, 'refused', '-EIO', /online write of cpu2 returns -EIO/, 'facts 4.3b, 6.3'],
  ['cpu-incompatible', E1, ['intel'], 'vm-dies', null, /^vm0\.vcpu0 on CPU 2: KVM_RUN returns 0 with KVM_EXIT_FAIL_ENTRY \(9\), hardware_entry_failure_reason 7$/, 'facts 4.1c R2, 5.4 G4-G5'],
  ['cpu-incompatible', ['v6.3', ...E3], ['intel'], 'refused', '-EIO', /online write of cpu2 returns -EIO/, 'facts 4.2b, 6.1 row 6'],
  ['cpu-without-virt', ['v6.1', 'v6.1.192'], ['amd'], 'vm-refused', '-EBUSY', /^KVM_CREATE_VM of vm0 returns -EBUSY: the enable failed on CPU 0, 1$/, 'facts 6.5; captures of 6.1, s5n'],
  ['cpu-without-virt', ['v6.12', 'v6.12.117', 'v6.18.15', 'v7.3.4'], ['amd'], 'refused', '-EIO', /online write of cpu2 returns -EIO/, 'facts 6.5; captures 6.12/s2n, 6.18/s2n, 7.3/s2n'],
  ['second-victim', E1, ['intel'], 'host-dies', null, /^A\.vcpu0 on CPU 1: #UD at VMPTRLD.*; then B\.vcpu0 on CPU 1: #UD at VMREAD .*the host hangs$/, 'captures 6.1/v2c'],
  ['second-victim', [...E2, ...E3], BOTH, 'refused', '-EIO', /online write of cpu1 returns -EIO/, 'facts 6.3'],
  ['vmx-goes-off', ALL, ['intel'], 'thread-dies', null, /^vm0\.vcpu0 on CPU 1: #UD at VMRESUME/, 'facts 5.3: VMX lost underneath a vCPU that is current'],
  ['vmx-goes-off-asleep', ALL, ['intel'], 'host-dies', null, /^An interrupt on CPU 1, on top of swapper\/1: #UD at VMCLEAR .*Fatal exception in interrupt$/, 'facts 5.3: VMCLEAR in the IPI of V3'],
  ['reboot-with-vm', ALL, BOTH, 'works', null, /^The machine restarts; no oops$/, 'facts 4.1e, 4.2e, 4.3e: what faults then is swallowed'],
  ['enable-lies', ALL, BOTH, 'thread-dies', null, /on CPU 2: #UD at (VMPTRLD|VMSAVE|CLGI)/, 'facts 5.6; captures 6.1/s2z, 6.12/s2z'],
  ['enable-lies-offline', ['v6.12'], ['intel'], 'hang', null, /^admin: offline cpu1 never returns/, 'captures 6.12/v2lie'],
  ['enable-lies-offline', TDX_E8, BOTH, 'thread-dies', null, /^A\.vcpu0 on CPU 1: #UD at/, 'facts 4.5; captures 7.3/s2z: put_ref warns, and nothing faults'],
  ['suspend-resume-fails', E1, BOTH, 'thread-dies', null, /^vm0\.vcpu0 on CPU 2: #UD at/, 'facts 6.3; captures 6.1/s9'],
  ['suspend-resume-fails', [...E2, ...E3], BOTH, 'cpu-lost', null, /^CPU 2 is offline, and only the log says so: "Error taking CPU2 up: -5"$/, 'facts 6.3; captures 6.12/s9, 7.3/s9'],
  ['fail-file', ['v6.3', ...E3], BOTH, 'refused', '-EAGAIN', /^The online write of cpu2 returns -EAGAIN: kvm\/cpu:online \(state \d+\) was kept from running by hotplug\/fail$/, 'facts 3.2, 6.3, 9.1; captures 6.12/s6'],
  ['fail-file-starting', ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'], BOTH, 'refused', '-EINVAL', /set_fail cpu2 CPUHP_AP_KVM_STARTING returns -EINVAL/, 'facts 6.3, 9.1; captures 6.1/s6'],
  ['td-plain', TDX, ['intel'], 'works', null, /^td0\.vcpu0 runs on CPU 2; no oops$/, 'tdx 6.3'],
  ['td-offline-online', TDX, ['intel'], 'works', null, /^td0\.vcpu0 runs on CPU 2; no oops$/, 'tdx 6.5'],
  ['td-hotadd-no-td', TDX, ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2 .*\/tdx:online/, 'tdx 4.3 E7 to E9'],
  ['td-hotadd-running', TDX, ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2 .*\/tdx:online/, 'tdx 4.3 E7 to E9'],
  ['td-first-after-bad', TDX, ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2/, 'tdx 4.3 E7, 5 D2'],
  ['td-hotadd-without-kvm', TDX_E7, ['intel'], 'broken', null, /^never active\(2\): broken, and nobody was told$/, 'tdx 4.3 E7'],
  ['td-last-of-package', TDX, ['intel'], 'refused', '-EBUSY', /offline write of cpu3 returns -EBUSY/, 'tdx 6.5 (c)'],
  ['td-package-gone', TDX, ['intel'], 'vm-refused', '-EIO', /^KVM_TDX_INIT_VM of td0 returns -EIO: "kvm_intel: All packages need to have online CPU/, 'tdx 6.2 step 2'],
  ['td-hotadd-without-kvm', TDX_E8, ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2 .*virt\/tdx:online/, 'tdx 4.3 E8/E9'],
  ['td-hotadd-running', ['td1-document'], ['intel'], 'vm-dies', null, /CPU 2: TDH\.VP\.ENTER takes #GP, KVM_RUN returns 0 with KVM_EXIT_INTERNAL_ERROR \(17\), suberror 4, data\[0\] 0x8000ff000000000d$/, 'tdx 5 D1, 2.1'],
  ['td-hotadd-running', ['td3-usage-count', 'td3-usage-count-scan'], ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2/, 'tdx 5 D3, count > 0'],
  ['td-hotadd-running', ['td4-bug-in-sched-in'], ['intel'], 'vm-dies', '-EIO', /CPU 2: KVM_RUN returns -EIO$/, 'tdx 5 D4'],
  ['td-hotadd-running', ['td6-compat-callback'], ['intel'], 'refused', '-EIO', /online write of cpu2 .*kvm\/cpu:online/, 'tdx 5 D6'],
  ['td-hotadd-running', ['td7a-acpi-refuses'], ['intel'], 'refused', '-EINVAL', /hotadd cpu2 returns -EINVAL$/, 'tdx 5 D7a'],
  ['td-hotadd-running', ['td7c-acpi-panics'], ['intel'], 'host-dies', null, /^The host panics: /, 'tdx 5 D7c'],
  ['td-hotadd-running', ['td9-shipped'], ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2/, 'tdx 5 D9, D2'],
  ['td-hotadd-no-td', ['td1-document', 'td3-usage-count', 'td3-usage-count-scan', 'td8-trust-bios'], ['intel'], 'swallowed', null, /^CPU 2 is online, and no TD can run there/, 'tdx 5 D1, D3, D8; 1.7'],
  ['td-hotadd-no-td', ['tdx-2021', 'tdx-v1', 'tdx-v6'], ['intel'], 'swallowed', null, /^CPU 2 is online, and no TD can run there/, 'tdx 6.4 E0/E1: no TDX step; 3.2'],
  ['td-hotadd-no-td', ['tdx-v9'], ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2 .*kvm\/cpu:online/, 'tdx 4.3 E5'],
  ['td-hotadd-running', ['td7b-no-acpi-hotplug'], ['intel'], 'refused', '-ENOENT', /^The online write of cpu2 returns -ENOENT$/, 'tdx 5 D7b: ignored, silent'],
  ['td-first-after-bad', ['td7a-acpi-refuses'], ['intel'], 'refused', '-EINVAL', /hotadd cpu2 returns -EINVAL$/, 'tdx 5 D7a: the TD is made'],
  ['td-hotadd-running', ['td2-fail-hotplug'], ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2/, 'tdx 5 D2'],
  ['td-hotadd-running', ['td5a-pin'], ['intel'], 'refused', '-EINVAL', /affine td0\.vcpu0 to cpu2 returns -EINVAL$/, 'tdx 5 D5a: safe while the policy holds'],
  ['kevin-2021-11-30', ['pin-in-userspace'], ['intel'], 'swallowed', null, /^CPU 4 is online without virtualization/, 'facts 11 B: the vCPU is kept off'],
  ['td-hotadd-no-td', ['td9-shipped'], ['intel'], 'refused', '-EOPNOTSUPP', /online write of cpu2/, 'tdx 5 D2: normal VMs also lose it'],
  ['td-first-after-bad', ['td1-document', 'td3-usage-count'], ['intel'], 'vm-dies', null, /KVM_EXIT_INTERNAL_ERROR/, 'tdx 5 D3: D1 reappears'],
  ['td-first-after-bad', ['td3-usage-count-scan'], ['intel'], 'vm-refused', '-EBUSY', /^KVM_TDX_INIT_VM of td0 returns -EBUSY/, 'tdx 5 D3: the scan; the errno is the design\'s own'],
  ['td-plain', NO_TDX, ['intel'], 'na', null, /^no TDX in this kernel: /, 'tdx 3.2: no in-tree caller until v6.16'],
  ['td-hotadd-without-kvm', NO_TDX, ['intel'], 'na', null, /^no TDX in this kernel: /, 'tdx 3.2'],
]; // prettier-ignore

const cases = EXPECTED.flatMap(([row, columns, vendors, ...rest]) =>
  columns.flatMap((column) => vendors.map((vendor) => [row, column, vendor, ...rest] as const)),
);

describe('cells', () => {
  it.each(cases)('%s on %s, %s: %s %s %s (%s)', (row, column, vendor, id, errno, line) => {
    const cell = computeCell(row, column, vendor);
    expect([cell.class, cell.errno, cell.line]).toEqual([id, errno, expect.stringMatching(line)]);
  });

  it('where the kernel says that it died (facts 5.6: BUG line numbers by tree)', () => {
    const where = (column: string): string | null => computeCell('kevin-2021-11-30', column, 'intel').where;
    expect(['v5.10', 'v5.15', 'v6.1', 'v6.1.192'].map(where)).toEqual([
      'arch/x86/kvm/x86.c:435',
      'arch/x86/kvm/x86.c:497',
      'arch/x86/kvm/x86.c:507',
      'arch/x86/kvm/x86.c:511',
    ]);
  });

  it('a cell is one run, of exactly the text that it carries', () => {
    const cell = computeCell('kevin-2021-11-30', 'v6.12', 'amd', 3);
    expect(cell).toMatchObject({ row: 'kevin-2021-11-30', column: 'v6.12', vendor: 'amd', seed: 3, explored: false });
    expect(cell.litmus).toContain('kernel  v6.12\nmachine amd, cpus 4');
    expect(cell.litmus).toContain('modprobe kvm_amd');
    expect(computeTextCell('kevin-2021-11-30', cell.litmus, 'v6.12', 'amd', 3)).toEqual(cell);
    expect(structuredClone(cell)).toEqual(cell);
  });

  it('a question that a kernel has no words for does not apply there, and says why', () => {
    const text = galleryText('plain-vm')!.replace('modprobe kvm_intel', 'modprobe kvm_intel enable_virt_at_load=0');
    expect(computeTextCell('t', text, 'v6.12', 'intel').class).toBe('works');
    const cell = computeTextCell('t', text, 'v6.1', 'intel');
    expect([cell.class, cell.line, cell.steps]).toEqual(['na', 'v6.1 has no parameter enable_virt_at_load', 0]);
  });

  it('a text that is wrong everywhere is not passed off as one that does not apply', () => {
    const text = galleryText('plain-vm')!.replace('create vm', 'make vm');
    expect(computeTextCell('t', text, 'v6.1', 'intel').class).toBe('unknown');
  });
});

describe('rows and columns', () => {
  it('every row is a text of the gallery that runs on the kernel it names', () => {
    expect(matrixRows().map((r) => r.name)).toEqual(ROWS.map((r) => r.text));
    for (const { name, question } of matrixRows()) {
      const loaded = load(galleryText(name)!, name);
      expect([name, loaded.ok, question !== '']).toEqual([name, true, true]);
      if (loaded.ok) expect(loaded.litmus.name).toBe(name);
    }
  });

  it('columns are kernels, then designs with the kernel that they patch', () => {
    const columns = matrixColumns();
    expect(columns.find((c) => c.name === 'v5.15')).toMatchObject({ kind: 'kernel', over: '' });
    expect(columns.find((c) => c.name === 'move-to-online')).toMatchObject({ kind: 'design', over: 'v5.15' });
    const kinds = columns.map((c) => c.kind);
    expect(kinds.lastIndexOf('kernel')).toBeLessThan(kinds.indexOf('design'));
  });
});
