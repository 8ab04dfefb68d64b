/** modprobe and rmmod of the vendor modules against the facts: every check with its errno and its line, and what is undone. */
import { describe, expect, it } from 'vitest';
import { ERR, play } from './testing/play';

const STARTING = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'] as const;
const ONLINE = ['v6.3', 'v6.12', 'v6.17', 'v7.3'] as const;
const ALL = [...STARTING, ...ONLINE] as const;
const VENDORS = ['intel', 'amd'] as const;
const each = ALL.flatMap((kernel) => VENDORS.map((vendor) => [kernel, vendor] as const));

/** Whether the tree is v5.15 or older: its lines say less. */
const old = (kernel: string): boolean => kernel === 'v5.10' || kernel === 'v5.15';
const other = (vendor: string): string => (vendor === 'intel' ? 'kvm_amd' : 'kvm_intel');

describe.each(each)('%s on %s', (kernel, vendor) => {
  const MACHINE = `${vendor}, cpus 3`;
  const module = `kvm_${vendor}`;

  it('loads, lets a VM be made, and goes; a second modprobe does nothing (facts 4.1a, 4.2a, 4.3a)', () => {
    const t = play(kernel, MACHINE, `q: modprobe ${module}`, `  modprobe ${module}`, '  a = create vm', '  destroy a', `  rmmod ${module}`, '  b = create vm', `  rmmod ${module}`); // prettier-ignore
    expect(t.results('q')).toEqual([0, 0, 0, 0, 0, ERR.NOENT, ERR.NOENT]);
    for (let c = 0; c < 3; c++) expect(t.probe('virt_on', c)).toBe(0);
  });

  it('a VM holds the module: rmmod says -EAGAIN (captures 6.1/s2)', () => {
    const t = play(kernel, MACHINE, `q: modprobe ${module}`, '  a = create vm', `  rmmod ${module}`, '  destroy a', `  rmmod ${module}`); // prettier-ignore
    expect(t.results('q')).toEqual([0, 0, ERR.AGAIN, 0, 0]);
  });

  it("the other vendor's module: no such hardware, -EOPNOTSUPP (facts 4.1a2, 6.3)", () => {
    const t = play(kernel, MACHINE, `q: modprobe ${other(vendor)}`, '  a = create vm');
    expect(t.results('q')).toEqual([ERR.OPNOTSUPP, ERR.NOENT]);
    if (old(kernel)) expect(t.log.at(-1)).toBe('kvm: no hardware support');
    else if (kernel.startsWith('v6.1') && kernel !== 'v6.17' && kernel !== 'v6.12')
      expect(t.log.at(-1)).toBe(`kvm: no hardware support for '${other(vendor)}'`);
    else if (vendor === 'amd') expect(t.log).toEqual(['kvm_intel: VMX not supported by CPU 0']);
    else if (kernel === 'v6.3') expect(t.log).toEqual(['kvm_amd: SVM not supported by CPU 0, not amd or hygon']);
    else expect(t.log).toEqual(["kvm_amd: CPU 0 isn't AMD or Hygon"]);
  });

  it('no FPU, and from 6.1 on a PAT whose first entry is not WB (facts 4.1a2, 4.2a, 7)', () => {
    const fpu = play(kernel, MACHINE, `q: modprobe ${module}`, 'hardware fpu=0');
    expect(fpu.results('q')).toEqual([ERR.OPNOTSUPP]);
    expect(fpu.log).toEqual(['kvm: inadequate fpu']);
    const pat = play(kernel, MACHINE, `q: modprobe ${module}`, 'hardware pat0_wb=0');
    expect([pat.results('q'), pat.log]).toEqual(old(kernel) ? [[0], []] : [[ERR.IO], ['kvm: host PAT[0] is not WB']]);
  });

  it('CR4 of one CPU has other reserved bits: -EIO without a word (facts 4.1a5, 6.1 row 2)', () => {
    const t = play(kernel, MACHINE, `q: modprobe ${module}`, '  a = create vm', 'hardware cpu2 cr4_rsvd_differ=1');
    expect([t.results('q'), t.log]).toEqual([[ERR.IO, ERR.NOENT], []]);
    expect([t.value('kvm_vendor'), t.value('module_users')]).toEqual([0, 0]);
  });

  it.each([
    ['kvm_irqfd_init', 'facts 4.1a3'],
    ['kvm_mmu_vendor_module_init', "facts 4.1a2 'allocations'"],
    ['kmem_cache_create', 'facts 4.1a7'],
    ['kvm_async_pf_init', 'facts 4.1a7'],
    ['kvm_vfio_ops_init', 'facts 4.1a7'],
    ['misc_register', 'facts 4.1a7'],
    [vendor === 'intel' ? 'alloc_kvm_area' : 'svm_cpu_init', 'facts 4.1a4'],
  ])('%s fails (%s): modprobe prints the errno, all is undone, and the next modprobe succeeds', (fn) => {
    const t = play(kernel, MACHINE, `q: modprobe ${module}`, '  a = create vm', `  modprobe ${module}`, '  b = create vm', `fault ${fn} returns -ENOMEM time 1`); // prettier-ignore
    expect(t.results('q')).toEqual([ERR.NOMEM, ERR.NOENT, 0, 0]);
    expect(t.log).toEqual(fn === 'misc_register' ? ['kvm: misc device register failed'] : []);
  });
});

describe.each(ALL)('%s, Intel: what one CPU says at load (facts 4.1a5, 4.2a, 6.1 rows 3-6)', (kernel) => {
  const starting = (STARTING as readonly string[]).includes(kernel);
  const lastLine = (property: string): [number | null, string | undefined] => {
    const t = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', `hardware ${property}`);
    return [t.results('q')[0]!, t.log.at(-1)];
  };

  it('a boot CPU without VMX: identification has taken it from all, and no CPU has the hardware', () => {
    const [result, line] = lastLine('cpu2 cpu_vmx=0');
    // up to 6.2 the flag of boot_cpu_data is asked first (facts 4.1a2); from 6.3 on the CPU that lacks it
    if (starting) expect([result, /disabled by bios/.test(line!)]).toEqual([ERR.OPNOTSUPP, true]);
    else expect([result, line]).toEqual([ERR.IO, 'kvm_intel: VMX not supported by CPU 2']);
  });

  it('the CPU that loads has its VMX switched off by firmware: -EOPNOTSUPP (facts 6.1 row 4, 6.5)', () => {
    const [result, line] = lastLine('feat_ctl=2');
    expect(result).toBe(ERR.OPNOTSUPP);
    if (old(kernel)) expect(line).toBe('kvm: disabled by bios');
    else if (starting) expect(line).toBe("kvm: support for 'kvm_intel' disabled by bios");
    else if (kernel === 'v7.3')
      expect(line).toBe('kvm_intel: VMX not fully enabled on CPU 0.  Check kernel logs and/or BIOS'); // prettier-ignore
    else expect(line).toBe('kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0');
  });

  it('the MSR cannot be read: no VMX, and no line of identification (facts 6.5)', () => {
    const t = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', 'hardware feat_ctl=3');
    expect(t.results('q')).toEqual([ERR.OPNOTSUPP]);
    expect(t.log).toHaveLength(1);
    if (!starting) expect(t.log).toEqual(['kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0']);
  });

  it('no VMCS configuration can be built on another CPU: -EIO', () => {
    const [result, line] = lastLine('cpu2 vmcs_config=3');
    expect([result, line]).toEqual([ERR.IO, starting ? undefined : 'kvm_intel: Failed to setup VMCS config on CPU 2']);
  });

  it('nor on the CPU that loads: -EIO (facts 4.1a4)', () => {
    expect(lastLine('vmcs_config=3')[0]).toBe(ERR.IO);
  });

  it.each([1, 2])('another configuration (%d) on another CPU: -EIO and a line', (config) => {
    const [result, line] = lastLine(`cpu2 vmcs_config=${config}`);
    expect(result).toBe(ERR.IO);
    if (starting) expect(line).toBe('kvm: CPU 2 feature inconsistency!');
    else if (kernel === 'v7.3') expect(line).toMatch(/^  Offset .*, CPU2 = /);
    else expect(line).toBe('kvm_intel: Inconsistent VMCS config on CPU 2');
  });

  it('enlightened VMCSs are used only where every CPU has a VP-assist page (facts 4.1a1)', () => {
    expect(lastLine('enlightened_vmcs=1')).toEqual([0, 'KVM: vmx: using Hyper-V Enlightened VMCS']);
    const t = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', 'hardware enlightened_vmcs=1', 'hardware cpu1 vp_assist_page=0'); // prettier-ignore
    expect([t.results('q'), t.log]).toEqual([[0], []]);
  });
});

describe.each(STARTING)('%s: the callback is installed without calls (facts 4.1a6)', (kernel) => {
  it('VMX is off everywhere after the load; -EBUSY where the state is taken', () => {
    const t = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel');
    for (let c = 0; c < 3; c++) expect(t.probe('virt_on', c)).toBe(0);
    const taken = play(kernel, 'intel, cpus 3', 'q: modprobe kvm_intel', 'fault cpuhp_setup_state_nocalls returns -EBUSY'); // prettier-ignore
    expect(taken.results('q')).toEqual([ERR.BUSY]);
  });
});

describe.each(['v6.12', 'v6.17', 'v7.3'])('%s: virtualization is on from the load (facts 4.3a, 6.3)', (kernel) => {
  const MACHINE = 'intel, cpus 3';

  it('on every CPU; with enable_virt_at_load=0 on none', () => {
    const on = play(kernel, MACHINE, 'q: modprobe kvm_intel');
    const off = play(kernel, MACHINE, 'q: modprobe kvm_intel enable_virt_at_load=0');
    for (let c = 0; c < 3; c++) expect([on.probe('virt_on', c), off.probe('virt_on', c)]).toEqual([1, 0]);
  });

  it('one CPU fails: -EIO, the CPUs before it are switched off again, the module is gone', () => {
    const t = play(kernel, MACHINE, 'q: modprobe kvm_intel', '  rmmod kvm_intel', 'fault cpu1 vmx_enable_virtualization_cpu returns -EFAULT'); // prettier-ignore
    expect(t.results('q')).toEqual([ERR.IO, ERR.NOENT]);
    const kvm = t.number('CPUHP_AP_KVM_ONLINE');
    expect([0, 1, 2].map((c) => t.walk(c))).toEqual([[`+${kvm}`, `-${kvm}`], [`+${kvm} ${ERR.IO}`], []]);
  });

  it('/dev/kvm does not appear: virtualization is switched off again', () => {
    const t = play(kernel, MACHINE, 'q: modprobe kvm_intel', 'fault misc_register returns -ENOMEM');
    expect([t.results('q'), t.probe('virt_on', 0), t.probe('virt_on', 2)]).toEqual([[ERR.NOMEM], 0, 0]);
  });
});
