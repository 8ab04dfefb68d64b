/** TDX brought up at boot (v7.1 and later), and its module replaced (v7.2): tables 4.3, 6.1, 6.4 to 6.6 and 3.5 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { E, playTdx, type TdxRun } from './testing/tdx';

const OK_LOG = ['virt/tdx: TDX-Module initialized'];
const IDLE = 'q: offline cpu2';
const LOAD = 'q: modprobe kvm_intel tdx=1';
const TDX = '+virt/tdx:online';

describe.each(['v7.1', 'v7.2', 'v7.3'])('%s: at boot (tdx 6.1 E8)', (kernel) => {
  const play = (lines: readonly string[], machine?: string): TdxRun => playTdx(kernel, lines, machine);

  it('VMX and LP.INIT on every CPU, then the module, before userspace begins', () => {
    const t = play([IDLE]);
    expect(t.log).toEqual(OK_LOG);
    expect(t.walk(0)).toEqual([TDX]);
    expect([t.probe('virt_on', 0), t.probe('lp_init', 1), t.probe('tdx_ready')]).toEqual([1, 1, 1]);
  });

  it('without TDX in the BIOS nothing of it runs', () => {
    const t = play(['hardware tdx_bios=0', 'q: modprobe kvm_intel', '   rmmod kvm_intel']);
    expect([t.log, t.walk(0), t.probe('virt_on', 0)]).toEqual([[], ['+kvm/cpu:online', '-kvm/cpu:online'], 0]);
  });

  it('kvm_intel takes a second reference: unloading it leaves VMX on (tdx 3.4)', () => {
    const t = play([LOAD, '   rmmod kvm_intel']);
    expect(t.results('q')).toEqual([0, 0]);
    expect(t.probe('virt_on', 1)).toBe(1);
  });

  it('kvm.enable_virt_at_load=1 is no longer required (tdx 3.4)', () => {
    const t = play(['q: modprobe kvm_intel tdx=1 enable_virt_at_load=0', '   td0 = create td']);
    expect(t.results('q')).toEqual([0, 0]);
  });

  const FAILED = ['virt/tdx: TDX-Module initialization failed (-5)'];
  it.each<[string, string, readonly string[]]>([
    ['module not loaded', 'hardware tdx_module_loaded=0', ['virt/tdx: module not loaded']],
    ['SYS.INIT error', 'hardware tdx_sys_state=3', ['virt/tdx: SEAMCALL (0x0000000000000021) failed: 0xc000050000000000']],
    ['LP.INIT fails on CPU k', 'hardware cpu2 tdx_odd_msr=59', ['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc00009200000003b']],
    ['LP.INIT entropy', 'fault cpu1 TDH_SYS_LP_INIT returns TDX_RND_NO_ENTROPY', ['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0x8000020300000000']],
    ['one counted CPU not there, strict', 'hardware cpu3 mcheck_counted=1', ['virt/tdx: SEAMCALL (0x000000000000002d) failed: 0xc000050c00000000', ...FAILED]],
    ['KEY.CONFIG PCONFIG entropy', 'fault TDH_SYS_KEY_CONFIG returns TDX_KEY_GENERATION_FAILED once', ['virt/tdx: SEAMCALL (0x000000000000001f) failed: 0x8000080000000000', ...FAILED]],
    ['PAMT alloc', 'fault tdmrs_set_up_pamt_all returns -ENOMEM', ['virt/tdx: TDX-Module initialization failed (-12)']],
    ['TDMR exhaustion', 'hardware tdx_tdmrs_suffice=0', ['virt/tdx: initialization failed: TDMRs exhausted.', 'virt/tdx: TDX-Module initialization failed (-28)']],
    ['RBP clobber module', 'hardware tdx_no_rbp_mod=0', ['virt/tdx: frame pointer (RBP) clobber bug present, upgrade TDX module', 'virt/tdx: TDX-Module initialization failed (-22)']],
  ])('row "%s" (tdx 6.6): TDX is off, VMX is off again on every CPU, kvm_intel tdx=1 loads without it, CPUs come and go', (_, wrong, log) => {
    const t = play([wrong, 'q: hotadd cpu3', '   online cpu3', '   modprobe kvm_intel tdx=1', '   rmmod kvm_intel', '   modprobe kvm_intel', '   td0 = create td']);
    expect(t.results('q')).toEqual([0, 1, 0, 0, 0, E.INVAL]);
    expect(t.log).toEqual(log);
    expect(t.walk(3)).not.toContain(TDX);
    expect(t.probe('tdx_ready')).toBe(wrong.includes('sys_state') ? 1 : 0);
  }); // prettier-ignore

  it('row "VMXON faults on CPU k": TDX is off, and kvm_intel does not load either', () => {
    const t = play(['fault cpu1 VMXON returns 1', 'q: modprobe kvm_intel tdx=1']);
    expect(t.results('q')).toEqual([E.IO]);
    expect(t.log[0]).toMatch(/^VMXON faulted, MSR_IA32_FEAT_CTL \(0x3a\) = 0x/);
    expect(t.walk(1)[0]).toBe(`${TDX} ${E.FAULT}`);
    for (const cpu of [0, 1, 2]) expect(t.probe('virt_on', cpu)).toBe(0);
  });

  it('a hot-added CPU is refused with no KVM loaded at all: -EOPNOTSUPP, silent (tdx 4.3 row E8, 6.4)', () => {
    const t = play(['q: hotadd cpu3', '   online cpu3']);
    expect([t.results('q'), t.log]).toEqual([[0, E.OPNOTSUPP], OK_LOG]);
    expect([t.probe('virt_on', 3), t.probe('online', 3)]).toEqual([0, 0]);
  });

  it('with KVM: references 0->1->2->1->0, the log only where the module answered (tdx 6.4)', () => {
    const hot = [LOAD, '   hotadd cpu3', '   online cpu3'];
    expect(play(hot).results('q')).toEqual([0, 0, E.OPNOTSUPP]);
    const t = play([...hot, 'hardware cpu3 seamrr_late=1']);
    expect(t.results('q')).toEqual([0, 0, E.IO]);
    expect(t.log.at(-1)).toBe('virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc000050b00000000');
    expect(t.probe('virt_on', 3)).toBe(0);
  });

  it('offline and online of a boot CPU: VMX goes at the TDX step without KVM, and no SEAMCALL on the way back (tdx 6.5)', () => {
    const t = play(['q: offline cpu2', '   online cpu2', 'fault cpu2 TDH_SYS_LP_INIT returns TDX_SYS_BUSY time 2']);
    expect([t.results('q'), t.probe('virt_on', 2)]).toEqual([[1, 1], 1]);
    expect(play([IDLE]).probe('virt_on', 2)).toBe(0);
  });

  it('the last CPU of a package with a TD: -EBUSY (tdx 6.5)', () => {
    const t = play([LOAD, '   td0 = create td', '   offline cpu2', '   offline cpu3'], 'cpus 4, packages 2');
    expect(t.results('q')).toEqual([0, 0, 1, E.BUSY]);
    expect(t.log.at(-1)).toBe('virt/tdx: TDX requires all packages to have an online CPU. Delete all TDs in order to offline all CPUs of a package.'); // prettier-ignore
  });

  it('a TD runs and moves as before (tdx 6.3)', () => {
    const t = play([LOAD, '   td0 = create td', '   run td0, halting', '   affine td0.vcpu0 to cpu1', '   affine td0.vcpu0 to cpu2']);
    expect([t.results('q'), t.probe('associated', 0, 2)]).toEqual([[0, 0, 0, 0, 0], 1]);
  }); // prettier-ignore
});

describe.each(['v7.1', 'v7.2'])('%s: the machine sleeps or ends (facts 4.5; tdx 3.4, 3.5)', (kernel) => {
  it('the hooks of suspend and resume: VMX goes off and comes back on every CPU, with KVM and without', () => {
    for (const first of ['q: suspend', 'q: modprobe kvm_intel\n   suspend']) {
      const t = playTdx(kernel, ['hardware tdx_disables_s3=0', ...first.split('\n')]);
      expect(t.results('q').at(-1)).toBe(0);
      for (const cpu of [0, 1, 2]) expect([t.probe('virt_on', cpu), t.probe('lp_init', cpu)]).toEqual([1, 1]);
    }
  });

  it('kexec: VMX is off on every CPU; from v7.2 on the next kernel may initialise the module', () => {
    const t = playTdx(kernel, ['q: kexec']);
    for (const cpu of [0, 1, 2]) expect(t.probe('virt_on', cpu)).toBe(0);
    expect(t.probe('tdx_ready')).toBe(kernel === 'v7.1' ? 1 : 0);
  });
});

describe.each(['v7.2', 'v7.3'])('%s: the module is replaced (tdx 3.5)', (kernel) => {
  const td = ['   td0 = create td', '   run td0, halting', '   affine td0.vcpu0 to cpu1'];

  it('with every counted CPU online: the TD goes on', () => {
    const t = playTdx(kernel, [LOAD, ...td, '   tdx_update', '   affine td0.vcpu0 to cpu2']);
    expect(t.results('q').slice(-2)).toEqual([0, 0]);
    expect([t.probe('td_runs', 0), t.probe('tdx_ready')]).toEqual([1, 1]);
  });

  it('with a boot CPU offline: INSTALL never completes, "module not loaded", and every TD is lost', () => {
    const t = playTdx(kernel, [LOAD, ...td, '   offline cpu2', '   tdx_update', '   affine td0.vcpu0 to cpu0']);
    expect(t.results('q').at(-2)).toBe(E.INVAL);
    expect(t.log).toContain('virt/tdx: module not loaded');
    expect([t.probe('vm_is_dead', 0), t.probe('td_runs', 0)]).toEqual([1, 0]);
  });

  it('without TDX there is nothing to replace', () => {
    expect(playTdx(kernel, ['hardware tdx_bios=0', 'q: tdx_update']).results('q')).toEqual([E.NODEV]);
  });
});
