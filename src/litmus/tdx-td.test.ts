/** TDs under KVM, v6.16 and later: made, run, moved, ended, against tables 2.1, 6.2 and 6.3 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { E, playTdx, type TdxRun } from './testing/tdx';

const K = 'v6.17';
const LOAD = 'q: modprobe kvm_intel tdx=1';
const CREATE = '   td0 = create td, 2 vcpus';
const RUN = '   run td0, halting';
const play = (lines: readonly string[], machine?: string): TdxRun => playTdx(K, [LOAD, CREATE, ...lines], machine);
const bugged = (t: TdxRun): [number, number] => [t.probe('vm_is_bugged', 0), t.probe('vm_is_dead', 0)];
const INTERNAL_ERROR = 'KVM_RUN: exit reason 17';

describe(`${K}: a TD is made (tdx 6.2)`, () => {
  it('takes an HKID and has its key on every package', () => {
    const t = play([], 'cpus 4, packages 2');
    expect(t.results('q')).toEqual([0, 0]);
    expect([t.probe('hkids_in_use'), t.probe('vm_held', 0)]).toEqual([1, 1]);
  });

  it('no HKID left: -ENOSPC', () => {
    const t = play(['   td1 = create td', 'hardware nr_tdx_keyids=2']);
    expect(t.results('q')).toEqual([0, 0, E.NOSPC]);
    expect(t.probe('hkids_in_use')).toBe(1);
  });

  it('kvm_intel without TDX makes none', () => {
    expect(playTdx(K, ['q: modprobe kvm_intel', CREATE]).results('q')).toEqual([0, E.INVAL]);
  });

  it.each([
    ['MNG.CREATE without entropy', 'TDH_MNG_CREATE returns TDX_RND_NO_ENTROPY', E.AGAIN, 0],
    ['MNG.CREATE with another error', 'TDH_MNG_CREATE returns TDX_OPERAND_BUSY', E.IO, 1],
    [
      'MNG.KEY.CONFIG, entropy of PCONFIG (6.6): not retried',
      'TDH_MNG_KEY_CONFIG returns TDX_KEY_GENERATION_FAILED once',
      E.IO,
      1,
    ],
    ['MNG.ADDCX without entropy', 'TDH_MNG_ADDCX returns TDX_RND_NO_ENTROPY', E.AGAIN, 0],
    ['MNG.INIT, operand invalid', 'TDH_MNG_INIT returns TDX_OPERAND_INVALID', E.INVAL, 0],
    ['MNG.INIT with another error', 'TDH_MNG_INIT returns TDX_OPERAND_BUSY', E.IO, 1],
  ])('step 3 to 5: %s', (_, fault, errno, bug) => {
    const t = play([`fault ${fault}`], 'cpus 4, packages 2');
    expect(t.results('q')).toEqual([0, errno]);
    expect(bugged(t)[0]).toBe(bug);
    // unwound: the HKID is back in the pool
    expect(t.probe('hkids_in_use')).toBe(0);
  });

  it.each(['TDH_VP_CREATE', 'TDH_VP_ADDCX', 'TDH_VP_INIT'])('step 7: %s fails: the VM is bugged, -EIO', (leaf) => {
    const t = play([RUN, `fault ${leaf} returns TDX_OPERAND_BUSY`]);
    expect(t.results('q')).toEqual([0, 0, E.IO]);
    expect(bugged(t)).toEqual([1, 1]);
  });

  it('step 7: VP.INIT associates each vCPU with the CPU of the VMM (tdx 1.5 step 3)', () => {
    const t = playTdx(K, [LOAD, CREATE, RUN], 'cpus 1');
    expect(t.probe('associated', 0, 0) + t.probe('associated', 1, 0)).toBe(2);
  });
});

describe(`${K}: what VP.ENTER came to (tdx 2.1)`, () => {
  const enter = (status: string, more = ''): TdxRun =>
    play([RUN, '   affine td0.vcpu0 to cpu1', '   affine td0.vcpu1 to cpu2', `fault cpu1 TDH_VP_ENTER returns ${status}${more}`]); // prettier-ignore

  it.each([['TDX_SEAMCALL_UD'], ['TDX_SEAMCALL_GP'], ['TDX_SEAMCALL_VMFAILINVALID']])(
    'row TDX_SW_ERROR, %s: INTERNAL_ERROR for this call, the VM is bugged, -EIO for the others',
    (status) => {
      const t = enter(status);
      expect(bugged(t)).toEqual([1, 1]);
      expect(t.told.filter((line) => line === INTERNAL_ERROR)).toHaveLength(1);
      expect(t.told.filter((line) => line === 'KVM_RUN returns -EIO')).toHaveLength(1);
      expect(t.log.filter((line) => line.startsWith('WARNING'))).toHaveLength(1);
    },
  );

  it.each([['TDX_VCPU_ASSOCIATED', '8000070100000000'], ['TDX_INCONSISTENT_MSR', 'c000092000000000'], ['TDX_TSC_ROLLBACK', 'c000070600000000'], ['TDX_NON_RECOVERABLE_TD', '6000000200000000'], ['TDX_NON_RECOVERABLE_VCPU', '4000000100000000']])(
    'row "other error class" and NON_RECOVERABLE, %s: a line, INTERNAL_ERROR, and the VM is not bugged',
    (status, value) => {
      const t = enter(status);
      expect(bugged(t)).toEqual([0, 0]);
      expect(t.told).toContain(INTERNAL_ERROR);
      expect(t.log.at(-1)).toMatch(new RegExp(`TD vp_enter_ret 0x${value}$`));
      expect(t.told).not.toContain('KVM_RUN returns -EIO');
    },
  ); // prettier-ignore

  it('row TDX_OPERAND_BUSY: entered again, nobody hears of it', () => {
    const t = enter('TDX_OPERAND_BUSY', ' once');
    expect(bugged(t)).toEqual([0, 0]);
    expect(t.told.every((line) => line === 'KVM_RUN returns 0')).toBe(true);
    expect(t.probe('td_runs', 0)).toBe(1);
  });

  it.each([
    ['failed-VM-entry bit', 'TDEXIT_FAILED_VMENTRY', 'KVM_RUN: exit reason 9', 0],
    ['triple fault', 'TDEXIT_TRIPLE_FAULT', 'KVM_RUN: exit reason 8', 0],
    ['EXIT_REASON_EPT_MISCONFIG', 'TDEXIT_EPT_MISCONFIG', 'KVM_RUN returns -EIO', 1],
  ])('row %s', (_, status, told, bug) => {
    const t = enter(status);
    expect(t.told).toContain(told);
    expect(bugged(t)[0]).toBe(bug);
  });
});

describe(`${K}: a TD's vCPU moves (tdx 6.3)`, () => {
  const moves = ['   affine td0.vcpu0 to cpu1', '   affine td0.vcpu0 to cpu2'];

  it('is flushed where it was and entered where it goes', () => {
    const t = play([RUN, ...moves]);
    expect(t.results('q')).toEqual([0, 0, 0, 0, 0]);
    expect([t.probe('associated', 0, 2), t.probe('td_runs', 0)]).toEqual([1, 1]);
  });

  it('flush skipped: VP.ENTER is TDX_VCPU_ASSOCIATED, INTERNAL_ERROR, the VM lives', () => {
    const t = play([RUN, ...moves, 'fault TDH_VP_FLUSH returns 0']);
    expect(t.told).toContain(INTERNAL_ERROR);
    expect(bugged(t)).toEqual([0, 0]);
  });

  it('flush on the wrong CPU: TDX_VCPU_NOT_ASSOCIATED is passed over', () => {
    const t = play([RUN, ...moves, 'fault cpu1 TDH_VP_FLUSH returns TDX_VCPU_NOT_ASSOCIATED']);
    expect(bugged(t)).toEqual([0, 0]);
    expect(t.log.join()).not.toContain('TDH_VP_FLUSH');
  });

  it('flush fails: the VM is bugged (tdx 6.6 row VP.FLUSH error)', () => {
    const t = play([RUN, ...moves, 'fault cpu1 TDH_VP_FLUSH returns TDX_OPERAND_BUSY']);
    expect(bugged(t)).toEqual([1, 1]);
    expect(t.log).toContain('kvm_intel: SEAMCALL TDH_VP_FLUSH failed: 0x8000020000000000');
  });

  it('its CPU goes offline: flushed there, and the next load needs no call (tdx 2, 6.5)', () => {
    const t = play([RUN, '   affine td0.vcpu0 to cpu1', '   offline cpu1']);
    expect(t.results('q')).toEqual([0, 0, 0, 0, 1]);
    expect([t.probe('associated', 0, 1), t.probe('td_runs', 0), t.probe('virt_on', 1)]).toEqual([0, 1, 0]);
  });

  it('a CPU without LP.INIT that it could go to is never active (tdx 4.2)', () => {
    const t = play([RUN, 'admin: hotadd cpu3 after run', '   online cpu3', '   affine td0.vcpu0 to cpu3']);
    expect(t.results('admin')).toEqual([0, E.OPNOTSUPP, E.INVAL]);
    expect(t.probe('td_runs', 0)).toBe(1);
  });
});

describe(`${K}: a TD ends (tdx 1.5 step 4, 2)`, () => {
  const moved = [RUN, '   affine td0.vcpu0 to cpu1'];
  it.each(['destroy', 'kill'])(
    '%s: every vCPU flushed, the caches of every package written back, the HKID free again',
    (how) => {
      const t = play([...moved, `   ${how} td0`, '   td1 = create td'], 'cpus 4, packages 2');
      expect(t.results('q').at(-1)).toBe(0);
      expect([t.probe('hkids_in_use'), t.probe('vm_held', 0), t.log.length]).toEqual([1, 0, 1]);
      for (const cpu of [0, 1, 2, 3]) expect(t.probe('associated', 0, cpu)).toBe(0);
    },
  );

  it('a TD that was bugged can be destroyed', () => {
    const t = play([...moved, '   offline cpu2', '   destroy td0', 'fault cpu1 TDH_VP_ENTER returns TDX_SEAMCALL_GP']);
    expect([bugged(t)[1], t.probe('hkids_in_use')]).toEqual([1, 0]);
  });

  it('CACHE.WB that is interrupted is taken up again (tdx 2)', () => {
    const t = play(['   destroy td0', 'fault TDH_PHYMEM_CACHE_WB returns TDX_INTERRUPTED_RESUMABLE once']);
    expect([t.probe('hkids_in_use'), t.log.length]).toEqual([0, 1]);
  });

  it('KEY.FREEID fails: the VM is bugged, the HKID leaks (tdx 2, 6.6)', () => {
    const t = play(['   destroy td0', 'fault TDH_MNG_KEY_FREEID returns TDX_OPERAND_BUSY']);
    expect(t.log.at(-1)).toBe('kvm_intel: tdh_mng_key_freeid() failed. HKID 33 is leaked.');
    expect([bugged(t)[0], t.probe('hkids_in_use')]).toEqual([1, 1]);
  });
});
