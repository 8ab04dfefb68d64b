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
