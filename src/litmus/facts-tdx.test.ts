/** What each step of the bring-up may come to, as the host sees it: status column of tdx 1.3, on the eras that call it. */
import { describe, expect, it } from 'vitest';
import { E, playTdx } from './testing/tdx';

/** Leaf, its number (tdx 1.3), and a status that the module has for it there, with its value (tdx 1.4). */
const ROWS: readonly (readonly [leaf: string, number: string, status: string, value: string])[] = [
  ['TDH_SYS_INIT', '21', 'TDX_SYS_BUSY', '8000020200000000'],
  ['TDH_SYS_LP_INIT', '23', 'TDX_SYS_BUSY', '8000020200000000'],
  ['TDH_SYS_LP_INIT', '23', 'TDX_INVALID_PKG_ID', 'c000090600000000'],
  ['TDH_SYS_LP_INIT', '23', 'TDX_SYS_LP_INIT_DONE', 'c000050300000000'],
  ['TDH_SYS_RD', '22', 'TDX_SYS_LP_INIT_NOT_DONE', 'c000050200000000'],
  ['TDH_SYS_CONFIG', '2d', 'TDX_SYS_CONFIG_NOT_PENDING', 'c000050c00000000'],
  ['TDH_SYS_KEY_CONFIG', '1f', 'TDX_SYS_BUSY', '8000020200000000'],
  ['TDH_SYS_KEY_CONFIG', '1f', 'TDX_KEY_CONFIGURED', '0000081500000000'],
  ['TDH_SYS_TDMR_INIT', '24', 'TDX_OPERAND_BUSY', '8000020000000000'],
  ['TDH_SYS_TDMR_INIT', '24', 'TDX_SYS_NOT_READY', 'c000050500000000'],
  ['TDH_SYS_TDMR_INIT', '24', 'TDX_TDMR_ALREADY_INITIALIZED', '00000a0300000000'],
  ['TDH_SYS_LP_INIT', '23', 'TDX_INCOMPATIBLE_SEAM_CAPABILITIES', 'c000050d00000000'],
  ['TDH_SYS_LP_INIT', '23', 'TDX_LIMIT_CPUID_MAXVAL_SET', 'c000090100000000'],
  ['TDH_SYS_KEY_CONFIG', '1f', 'TDX_KEY_GENERATION_FAILED', '8000080000000000'],
];

describe.each(ROWS)('%s (leaf 0x%s) returns %s (tdx 1.3)', (leaf, number, status, value) => {
  const LINE = `virt/tdx: SEAMCALL (0x00000000000000${number}) failed: 0x${value}`;

  it('v6.17: the status in the log, -EIO, kvm_intel does not load, VMX is off again', () => {
    const t = playTdx('v6.17', ['q: modprobe kvm_intel tdx=1', `fault ${leaf} returns ${status}`]);
    expect([t.results('q'), t.log[0]]).toEqual([[E.IO], LINE]);
    for (const cpu of [0, 1, 2]) expect(t.probe('virt_on', cpu)).toBe(0);
  });

  it.each(['v7.1', 'v7.3'])('%s: the same at boot; TDX is off, KVM loads without it and makes no TD', (kernel) => {
    const t = playTdx(kernel, ['q: modprobe kvm_intel tdx=1', '   td0 = create td', '   vm1 = create vm', `fault ${leaf} returns ${status}`]); // prettier-ignore
    expect([t.results('q'), t.log[0]]).toEqual([[0, E.INVAL, 0], LINE]);
  });
});

describe('LP.INIT, the ninth package (tdx 1.3)', () => {
  it('v6.17: the CPU with package id 8 fails the load, and those before it are taken back', () => {
    const t = playTdx('v6.17', ['q: modprobe kvm_intel tdx=1'], 'cpus 9, packages 9');
    expect(t.results('q')).toEqual([E.IO]);
    expect(t.log).toEqual(['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc000090600000000']);
    for (let cpu = 0; cpu < 9; cpu++) expect(t.probe('virt_on', cpu)).toBe(0);
  });
});

describe('PCONFIG is busy on the package of a CPU (tdx 1.3, 1.4: operand KET, 187)', () => {
  it.each(['v6.17', 'v7.3'])('%s: TDX_OPERAND_BUSY with the operand, not tried again', (kernel) => {
    const t = playTdx(kernel, ['q: modprobe kvm_intel tdx=1', 'hardware cpu2 pconfig_fails=2'], 'cpus 4, packages 2');
    expect(t.results('q')).toEqual([kernel === 'v6.17' ? E.IO : 0]);
    expect(t.log[0]).toBe('virt/tdx: SEAMCALL (0x000000000000001f) failed: 0x80000200000000bb');
  });
});

describe('where BIOS has TDX on (tdx 3.2)', () => {
  it.each(['v6.17', 'v7.1', 'v7.3'])('%s: ACPI S3 is gone: no CPU goes down for a suspend', (kernel) => {
    const t = playTdx(kernel, ['q: modprobe kvm_intel', '   suspend']);
    expect(t.results('q')).toEqual([0, E.INVAL]);
    expect(t.log.join()).not.toContain('Disabling non-boot CPUs');
    const off = playTdx(kernel, ['hardware tdx_bios=0', 'q: modprobe kvm_intel', '   suspend']);
    expect(off.results('q')).toEqual([0, 0]);
  });
  it.each(['v6.17', 'v7.1'])('%s: hibernation that is not switched off leaves the host without TDX', (kernel) => {
    const t = playTdx(kernel, [
      'q: modprobe kvm_intel tdx=1',
      '   td0 = create td',
      'hardware hibernation_available=1',
    ]);
    expect(t.results('q')).toEqual([0, E.INVAL]);
    expect(t.log).toEqual([kernel === 'v6.17' ? 'kvm_intel: tdx: no TDX private KeyIDs available' : 'virt/tdx: TDX not supported by the host platform']); // prettier-ignore
  });
});

describe('LP.SHUTDOWN (tdx 1.3, 3.2, 6.1 E3/E2)', () => {
  it('the series of 2022 call it on every CPU where the bring-up fails, and it does nothing: -EFAULT and the line', () => {
    const t = playTdx('tdx-v4', ['q: modprobe kvm_intel tdx=1', '   td0 = create td', 'fault TDH_SYS_CONFIG returns TDX_SYS_BUSY']); // prettier-ignore
    expect(t.results('q').at(-1)).toBe(E.FAULT);
    expect(t.log.at(-1)).toBe('Failed to initialize TDX module.  Shut it down.');
    const { r } = t;
    const called = new Set<number>();
    for (let i = 0; i < r.history.length; i++) {
      const { kind, pc, cpu } = r.history.step(i);
      if (kind !== 'step') continue;
      for (let f = r.program.code[pc]!.frame; f >= 0; f = r.program.frames[f]!.parent)
        if (r.program.frames[f]!.fn === 'TDH_SYS_LP_SHUTDOWN') called.add(cpu);
    }
    expect([...called].sort()).toEqual([0, 1, 2]);
  });
});

it.each(['v6.17', 'v7.1'])('%s: the slots of AP_ONLINE_DYN are all taken: -ENOSPC (facts 3.6)', (kernel) => {
  const t = playTdx(kernel, ['q: modprobe kvm_intel tdx=1', 'fault cpuhp_setup_tdx_online returns -ENOSPC']);
  // in v6.17 the load fails with it; later TDX is simply not there
  expect(t.results('q')).toEqual([kernel === 'v6.17' ? E.NOSPC : 0]);
  for (const cpu of [0, 1, 2]) expect(t.probe('virt_on', cpu)).toBe(kernel === 'v6.17' ? 0 : 1);
});
