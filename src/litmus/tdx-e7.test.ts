/** TDX as kvm_intel brings it up (v6.16 to v7.0): module load, hot-add, offline, against tables 4.3, 6.1, 6.4 to 6.6 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { E, playTdx, type TdxRun } from './testing/tdx';

const LOAD = 'q: modprobe kvm_intel tdx=1';
const K = 'v6.17';
const OK_LOG = ['virt/tdx: module initialized'];
const play = (lines: readonly string[], machine?: string): TdxRun => playTdx(K, lines, machine);
const online3 = ['admin: hotadd cpu3 after modprobe', '       online cpu3'];
const td = ['   td0 = create td, 1 vcpu', '   run td0, halting'];

describe(`${K}: kvm_intel loads with tdx=1 (tdx 6.1 E7)`, () => {
  it('VMX on every CPU, LP.INIT on every CPU in its hotplug thread, then the module: one key per package', () => {
    const t = play([LOAD], 'cpus 4, packages 2');
    expect(t.results('q')).toEqual([0]);
    expect(t.log).toEqual(OK_LOG);
    for (const cpu of [0, 1, 2, 3]) {
      expect(t.walk(cpu)).toEqual(['+kvm/cpu:online', '+kvm/cpu/tdx:online']);
      expect([t.probe('lp_init', cpu), t.probe('virt_on', cpu)]).toEqual([1, 1]);
    }
    expect(t.probe('tdx_ready')).toBe(1);
  });

  it('rmmod takes the state out without callbacks, and VMX goes off (tdx 7.7)', () => {
    const t = play([LOAD, '   rmmod kvm_intel']);
    expect(t.results('q')).toEqual([0, 0]);
    expect(t.walk(1)).toEqual(['+kvm/cpu:online', '+kvm/cpu/tdx:online', '-kvm/cpu:online']);
    expect(t.probe('virt_on', 1)).toBe(0);
  });

  it('loaded again: LP.INIT and the module are not done a second time (tdx 1.3)', () => {
    const t = play([LOAD, '   rmmod kvm_intel', '   modprobe kvm_intel']);
    expect(t.results('q')).toEqual([0, 0, 0]);
    expect(t.log).toEqual(OK_LOG);
  });

  it('without tdx=1 nothing of it runs', () => {
    const t = play(['q: modprobe kvm_intel']);
    expect([t.results('q'), t.log, t.walk(0), t.probe('tdx_ready')]).toEqual([[0], [], ['+kvm/cpu:online'], 0]);
  });

  it.each([
    ['hardware tdx_ept=0', 'kvm_intel: EPT is required for TDX'],
    ['hardware tdx_tdp_mmu=0', 'kvm_intel: TDP MMU and MMIO caching and EPT A/D bit is required for TDX'],
    ['hardware tdx_apicv=0', 'kvm_intel: APICv is required for TDX'],
    ['hardware tdx_osxsave=0', 'kvm_intel: tdx: OSXSAVE is required for TDX'],
    ['hardware tdx_movdir64b=0', 'kvm_intel: tdx: MOVDIR64B is required for TDX'],
    ['hardware tdx_selfsnoop=0', 'kvm_intel: Self-snoop is required for TDX'],
    ['hardware tdx_bios=0', 'kvm_intel: tdx: no TDX private KeyIDs available'],
    ['hardware nr_tdx_keyids=1', 'kvm_intel: tdx: no TDX private KeyIDs available'],
  ])('%s: a prerequisite is missing: one line, and it loads without TDX (facts 4.4, 7; tdx 3.3)', (hardware, line) => {
    const t = play([hardware, LOAD, '   td0 = create td']);
    expect([t.results('q'), t.log]).toEqual([[0, E.INVAL], [line]]);
    expect(t.walk(0)).toEqual(['+kvm/cpu:online']);
  });

  it('enable_virt_at_load=0 is another one (facts 11 J)', () => {
    const t = play(['q: modprobe kvm_intel tdx=1 enable_virt_at_load=0']);
    expect([t.results('q'), t.log]).toEqual([[0], ['kvm_intel: tdx: tdx requires kvm.enable_virt_at_load=1']]);
  });

  it('fewer vCPUs per TD than present CPUs: -EINVAL, the load fails (tdx 3.3)', () => {
    const t = play(['hardware tdx_max_vcpu_per_td=2', LOAD]);
    expect(t.results('q')).toEqual([E.INVAL]);
    expect(t.log.at(-1)).toBe('kvm_intel: Disable TDX: MAX_VCPU_PER_TD (2) smaller than number of logical CPUs (3).');
  });
});

/** [row of tdx 6.6, what is wrong, what modprobe says, the log] */
const FAILURES: readonly (readonly [string, readonly string[], number, readonly string[]])[] = [
  ['VMXON faults on CPU k', ['fault cpu1 VMXON returns 1'], E.IO, ['WARNING', 'WARNING: arch/x86/kvm/vmx/vmx.c kvm_cpu_vmxon', 'kvm: enabling virtualization on CPU1 failed']],
  ['module not loaded', ['hardware tdx_module_loaded=0'], 0, ['virt/tdx: module not loaded']],
  ['SYS.INIT error', ['hardware tdx_sys_state=3'], E.IO, ['virt/tdx: SEAMCALL (0x0000000000000021) failed: 0xc000050000000000']],
  ['LP.INIT fails on CPU k', ['hardware cpu2 tdx_odd_msr=59'], E.IO, ['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc00009200000003b']],
  ['LP.INIT fails on CPU k: CPUID', ['hardware cpu2 tdx_odd_cpuid=1'], E.IO, ['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc000090200000000']],
  ['LP.INIT entropy', ['fault cpu1 TDH_SYS_LP_INIT returns TDX_RND_NO_ENTROPY'], E.IO, ['virt/tdx: SEAMCALL (0x0000000000000023) failed: 0x8000020300000000']],
  ['LP.INIT entropy, once: tried again', ['fault cpu1 TDH_SYS_LP_INIT returns TDX_RND_NO_ENTROPY once'], 0, OK_LOG],
  ['one counted CPU not there, strict', ['hardware cpu3 mcheck_counted=1'], E.IO, ['virt/tdx: SEAMCALL (0x000000000000002d) failed: 0xc000050c00000000', 'virt/tdx: module initialization failed (-5)']],
  ['the same on a relaxed module', ['hardware cpu3 mcheck_counted=1', 'hardware tdx_strict=0'], 0, OK_LOG],
  ['KEY.CONFIG PCONFIG entropy: not retried', ['fault TDH_SYS_KEY_CONFIG returns TDX_KEY_GENERATION_FAILED once'], E.IO, ['virt/tdx: SEAMCALL (0x000000000000001f) failed: 0x8000080000000000', 'virt/tdx: module initialization failed (-5)']],
  ['PAMT alloc', ['fault tdmrs_set_up_pamt_all returns -ENOMEM'], E.NOMEM, ['virt/tdx: module initialization failed (-12)']],
  ['TDMR exhaustion', ['hardware tdx_tdmrs_suffice=0'], E.NOSPC, ['virt/tdx: initialization failed: TDMRs exhausted.', 'virt/tdx: module initialization failed (-28)']],
  ['RBP clobber module', ['hardware tdx_no_rbp_mod=0'], E.INVAL, ['virt/tdx: frame pointer (RBP) clobber bug present, upgrade TDX module', 'virt/tdx: module initialization failed (-22)']],
]; // prettier-ignore

describe(`${K}: what can fail at load (tdx 6.6)`, () => {
  it.each(FAILURES)('row "%s"', (_, wrong, errno, log) => {
    const t = play([LOAD, ...wrong]);
    expect(t.results('q')).toEqual([errno]);
    expect(t.log.map((line) => line.replace(/^VMXON faulted.*/, 'WARNING'))).toEqual(log);
    // a failed load leaves nothing behind: no state, VMX off
    const left = errno === 0 && !wrong[0]!.includes('loaded') ? ['+kvm/cpu:online', '+kvm/cpu/tdx:online'] : null;
    if (left) expect(t.walk(0)).toEqual(left);
    for (const cpu of [0, 1, 2]) expect(t.probe('virt_on', cpu)).toBe(errno === 0 ? 1 : 0);
  });

  it('row "package without online CPU": SYS.CONFIG passes on a relaxed module, TDMR.INIT is not ready', () => {
    const t = play(['hardware tdx_strict=0', 'q: offline cpu2', '   offline cpu3', '   modprobe kvm_intel tdx=1'], 'cpus 4, packages 2'); // prettier-ignore
    expect(t.results('q')).toEqual([1, 1, E.IO]);
    expect(t.log).toEqual(['virt/tdx: SEAMCALL (0x0000000000000024) failed: 0xc000050500000000', 'virt/tdx: module initialization failed (-5)']); // prettier-ignore
  });

  it('row "one counted CPU offline, strict"', () => {
    const t = play(['q: offline cpu2', '   modprobe kvm_intel tdx=1']);
    expect(t.results('q')).toEqual([1, E.IO]);
    expect(t.log[0]).toBe('virt/tdx: SEAMCALL (0x000000000000002d) failed: 0xc000050c00000000');
  });

  it('rows "SYS.INIT error" and "module init": what failed stays failed until the machine boots again', () => {
    const cached = play([LOAD, '   modprobe kvm_intel', 'fault TDH_SYS_INIT returns TDX_SYS_BUSY once']);
    expect(cached.results('q')).toEqual([E.IO, E.IO]);
    expect(cached.log).toHaveLength(1);
    const module = play([LOAD, '   modprobe kvm_intel', 'fault TDH_SYS_KEY_CONFIG returns TDX_SYS_BUSY once']);
    expect(module.results('q')).toEqual([E.IO, E.INVAL]);
  });

  it('row "LP.INIT fails on CPU k": the CPUs before it are taken back, those after it never asked (tdx 6.1 4b)', () => {
    const t = play([LOAD, 'hardware cpu1 tdx_odd_msr=59']);
    expect(t.walk(0)).toEqual(['+kvm/cpu:online', '+kvm/cpu/tdx:online', '-kvm/cpu/tdx:online', '-kvm/cpu:online']);
    expect(t.walk(1)).toEqual(['+kvm/cpu:online', `+kvm/cpu/tdx:online ${E.IO}`, '-kvm/cpu:online']);
    expect(t.walk(2)).toEqual(['+kvm/cpu:online', '-kvm/cpu:online']);
  });
});

describe(`${K}: a CPU is hot-added (tdx 4.3 row E7, 6.4)`, () => {
  it('#GP: -EOPNOTSUPP and not a word in the log; the CPU rolls back, VMX off; a running TD does not notice', () => {
    const t = play([LOAD, ...td, 'admin: hotadd cpu3 after run td0', '       online cpu3']);
    expect(t.results('admin')).toEqual([0, E.OPNOTSUPP]);
    expect(t.log).toEqual(OK_LOG);
    expect(t.told).toContain('SEAMCALL: #GP');
    const walk = t.walk(3);
    const refused = walk.indexOf(`+kvm/cpu/tdx:online ${E.OPNOTSUPP}`);
    expect(refused).toBeGreaterThan(walk.indexOf('+kvm/cpu:online'));
    expect(walk.indexOf('-kvm/cpu:online')).toBeGreaterThan(refused);
    expect(walk).not.toContain('+sched:active');
    expect([t.probe('online', 3), t.probe('virt_on', 3), t.probe('td_runs', 0)]).toEqual([0, 0, 1]);
  });

  it('SEAMRR happens to be valid: -EIO, and the status in the log', () => {
    const t = play([LOAD, ...online3, 'hardware cpu3 seamrr_late=1']);
    expect(t.results('admin')).toEqual([0, E.IO]);
    expect(t.log.at(-1)).toBe('virt/tdx: SEAMCALL (0x0000000000000023) failed: 0xc000050b00000000');
  });

  it('refused though no TD ever ran; kvm_intel without tdx lets it in; so does a kernel whose TDX failed', () => {
    expect(play([LOAD, ...online3]).results('admin')).toEqual([0, E.OPNOTSUPP]);
    expect(play(['q: modprobe kvm_intel', ...online3]).results('admin')).toEqual([0, 1]);
    expect(play([LOAD, ...online3, 'hardware tdx_module_loaded=0']).results('admin')).toEqual([0, 1]);
  });

  it('an enable that lies: LP.INIT finds no VMX (-EACCES), and the way back dies of VMXOFF (tdx 1.7; captures 6.12/v2lie)', () => {
    const t = play([LOAD, ...online3, 'fault cpu3 vmx_enable_virtualization_cpu returns 0']);
    expect(t.told).toContain('SEAMCALL: #UD');
    expect(t.walk(3)).toContain(`+kvm/cpu/tdx:online ${E.ACCES}`);
    const oops = [...t.r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
    expect(oops.map((o) => o.instruction)).toEqual(['VMXOFF']);
    expect(t.results('admin')).toEqual([0, null]);
  });

  it('a boot CPU comes back without a SEAMCALL (tdx 6.5)', () => {
    const t = play([
      LOAD,
      '   offline cpu1',
      '   online cpu1',
      'fault cpu1 TDH_SYS_LP_INIT returns TDX_SYS_BUSY time 2',
    ]);
    expect(t.results('q')).toEqual([0, 1, 1]);
    expect(t.probe('virt_on', 1)).toBe(1);
  });

  it('a boot CPU that was offline at load: a relaxed module takes its LP.INIT at the first online (tdx 6.5)', () => {
    const relaxed = ['hardware tdx_strict=0', 'q: offline cpu2', '   modprobe kvm_intel tdx=1', '   online cpu2'];
    const t = play(relaxed);
    expect([t.results('q'), t.probe('lp_init', 2)]).toEqual([[1, 0, 1], 1]);
  });
});

describe(`${K}: the last CPU of a package (tdx 6.5)`, () => {
  const two = 'cpus 4, packages 2';
  it('with a TD: -EBUSY and a warning, and the CPU stays; its sibling may go', () => {
    const t = play([LOAD, '   td0 = create td', '   offline cpu2', '   offline cpu3'], two);
    expect(t.results('q')).toEqual([0, 0, 1, E.BUSY]);
    expect(t.log.at(-1)).toBe('kvm_intel: TDX requires all packages to have an online CPU. Delete all TDs in order to offline all CPUs of a package.'); // prettier-ignore
    expect([t.probe('active', 3), t.probe('virt_on', 3)]).toEqual([1, 1]);
  });
  it('without a TD it goes; then no TD can be made until it is back (tdx 6.2 step 2)', () => {
    const t = play([LOAD, '   offline cpu2', '   offline cpu3', '   td0 = create td', '   online cpu3', '   td1 = create td'], two); // prettier-ignore
    expect(t.results('q')).toEqual([0, 1, 1, E.IO, 1, 0]);
    expect(t.log.at(-1)).toBe('kvm_intel: All packages need to have online CPU to create TD. Online CPU and retry.');
  });
  it('the check is of any TD, not of one that ever was on that package', () => {
    const t = play([LOAD, ...td, '   affine td0.vcpu0 to cpu0', '   offline cpu2', '   offline cpu3'], two);
    expect(t.results('q').at(-1)).toBe(E.BUSY);
  });
  it('CACHE.WB fails on a package: the HKID leaks, and the last CPU of a package never goes again (tdx 6.6)', () => {
    const t = play([LOAD, '   td0 = create td', '   destroy td0', '   offline cpu2', '   offline cpu3', 'fault cpu2 TDH_PHYMEM_CACHE_WB returns TDX_WBCACHE_RESUME_ERROR'], two); // prettier-ignore
    expect(t.results('q')).toEqual([0, 0, 0, 1, E.BUSY]);
    expect(t.log).toContain('kvm_intel: tdh_mng_key_freeid() failed. HKID 33 is leaked.');
  });
  it('after the TD is gone it may', () => {
    const t = play([LOAD, '   td0 = create td', '   destroy td0', '   offline cpu2', '   offline cpu3'], two);
    expect(t.results('q')).toEqual([0, 0, 0, 1, 1]);
    expect(t.log).toEqual(OK_LOG);
  });
});
