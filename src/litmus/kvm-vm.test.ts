/** VMs from KVM_CREATE_VM to the last reference: what is undone when a step fails, and what stays when a thread died (facts 4.1b, 5.6). */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const STARTING = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'] as const;
const ALL = [...STARTING, 'v6.3', 'v6.12', 'v6.17', 'v7.3'] as const;
const VENDORS = ['intel', 'amd'] as const;
const each = ALL.flatMap((kernel) => VENDORS.map((vendor) => [kernel, vendor] as const));
/** Virtualization is on only while there is a VM. */
const lazy = (kernel: string): string => (/^v(5|6\.[13])/.test(kernel) && !/^v6\.1[278]/.test(kernel) ? '' : ' enable_virt_at_load=0'); // prettier-ignore

const oopses = (t: Played): string[] =>
  [...t.r.history.effects.values()].flat().flatMap((e) => (e.kind === 'oops' ? [`${e.instruction} in ${e.caller}`] : [])); // prettier-ignore
const on = (t: Played): number[] => [0, 1, 2].map((c) => t.probe('virt_on', c));

describe.each(each)('%s on %s', (kernel, vendor) => {
  const MACHINE = `${vendor}, cpus 3`;
  const load = `q: modprobe kvm_${vendor}${lazy(kernel)}`;

  it('the first VM switches virtualization on, the last one off (facts 12.9)', () => {
    const first = play(kernel, MACHINE, load, '  a = create vm', '  b = create vm');
    const one = play(kernel, MACHINE, load, '  a = create vm', '  b = create vm', '  destroy a');
    const none = play(kernel, MACHINE, load, '  a = create vm', '  b = create vm', '  destroy a', '  destroy b');
    expect([first, one, none].map(on)).toEqual([[1, 1, 1], [1, 1, 1], [0, 0, 0]]); // prettier-ignore
    expect([first, one, none].map((t) => t.value('module_users'))).toEqual([2, 1, 0]);
  });

  it.each(['kvm_arch_init_vm', 'kvm_init_mmu_notifier', 'kvm_arch_post_init_vm'])(
    '%s fails: that errno, and virtualization is off again (facts 4.1b1, b7)',
    (fn) => {
      const t = play(kernel, MACHINE, load, '  a = create vm', '  b = create vm', `fault ${fn} returns -ENOMEM time 1`);
      expect(t.results('q')).toEqual([0, ERR.NOMEM, 0]);
      expect(on(t)).toEqual([1, 1, 1]);
      const alone = play(kernel, MACHINE, load, '  a = create vm', `fault ${fn} returns -ENOMEM`);
      expect([on(alone), alone.value('module_users')]).toEqual([[0, 0, 0], 0]);
    },
  );

  it('the second VM does not look whether the first one failed somewhere later (facts 4.1b8)', () => {
    const t = play(kernel, `${vendor}, cpus 3 + 1 hot-addable`, load, '  a = create vm', 'admin: hotadd cpu3 after create vm', '  online cpu3', '  b = create vm', 'fault cpu3 kvm_arch_hardware_enable returns -EIO'); // prettier-ignore
    expect(t.results('admin').at(-1)).toBe(0);
  });

  it('stop: the threads end, the VM stays, and can run again; kill: all goes (captures 6.1/s5, 6.1/s2)', () => {
    const t = play(kernel, MACHINE, load, '  a = create vm, 2 vcpus', '  run a', '  stop a', '  run a', '  stop a', 'k: kill a after stop a time 2'); // prettier-ignore
    expect([t.results('q'), t.results('k')]).toEqual([[0, 0, 0, 0, 0, 0], [0]]);
    expect([on(t), t.probe('vm_held', 0), t.value('module_users')]).toEqual([[0, 0, 0], 0, 0]);
  });

  it('kill while its threads run: the last of them closes the files, and is who destroys the VM (captures 6.1/s2, trace after the oops)', () => {
    const t = play(kernel, MACHINE, load, '  a = create vm, 2 vcpus', '  run a', '  kill a', `  rmmod kvm_${vendor}`);
    expect(t.results('q').slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect([on(t), t.probe('vm_held', 0)]).toEqual([[0, 0, 0], 0]);
  });

  it('create_vcpu comes before run, once (facts 5.1 P3; captures 6.1/v3)', () => {
    const t = play(kernel, MACHINE, load, '  create_vcpu a.vcpu0', '  a = create vm', '  create_vcpu a.vcpu0', '  create_vcpu a.vcpu0', '  run a', '  stop a', '  destroy a'); // prettier-ignore
    expect(t.results('q')).toEqual([0, ERR.NOENT, 0, 0, ERR.EXIST, 0, 0, 0]);
    expect(on(t)).toEqual([0, 0, 0]);
  });
});

describe.each(STARTING.flatMap((k) => VENDORS.map((v) => [k, v] as const)))(
  '%s on %s: a vCPU thread has died',
  (kernel, vendor) => {
    const died = [`qemu: modprobe kvm_${vendor}`, '  a = create vm', '  run a', 'admin: offline cpu2 after run a', '  online cpu2', '  affine a.vcpu0 to cpu2']; // prettier-ignore
    const FAULT = 'fault cpu2 kvm_arch_hardware_enable returns -EIO time 2';
    const MACHINE = `${vendor}, cpus 3`;

    it('its VMM is killed, and the VM leaks: virtualization stays on, the module cannot go (facts 5.6; captures 6.1/s2)', () => {
      const t = play(
        kernel,
        MACHINE,
        ...died,
        '  vcpu_ioctl a.vcpu0',
        'late: kill a after affine',
        `  rmmod kvm_${vendor}`,
        FAULT,
      );
      expect(oopses(t)).toHaveLength(1);
      expect(t.results('late')).toEqual([0, ERR.AGAIN]);
      expect([t.probe('virt_on', 0), t.probe('virt_on', 1), t.probe('vm_held', 0)]).toEqual([1, 1, 1]);
      // another ioctl on that vCPU waits for vcpu->mutex
      expect(t.results('admin').at(-1)).toBeNull();
    });

    it('the CPU is repaired by offline and online, and another VM runs there (captures 6.1/s2, 6.1/v2)', () => {
      const t = play(kernel, MACHINE, ...died, '  offline cpu2', '  online cpu2', '  b = create vm', '  run b', '  affine b.vcpu0 to cpu2', FAULT); // prettier-ignore
      expect(t.results('admin')).toEqual([1, 1, 0, 1, 1, 0, 0, 0]);
      expect([oopses(t).length, t.probe('virt_on', 2), t.probe('loaded', 1, 2)]).toEqual([1, 1, 1]);
    });
  },
);

describe('a VMM with one thread', () => {
  const alive = ['q: modprobe kvm_intel', '  a = create vm', '  b = create vm', '  run_main b on cpu1, 3'];

  it.each(ALL)('%s: runs its vCPU itself, exits, and the VM is gone (captures 6.1/v3)', (kernel) => {
    const t = play(kernel, 'intel, cpus 2', ...alive);
    expect(t.results('q')).toEqual([0, 0, 0, 0]);
    expect([t.value('module_users'), oopses(t)]).toEqual([1, []]);
  });

  const dies = (kernel: string, vendor: string): Played =>
    play(kernel, `${vendor}, cpus 2`, `q: modprobe kvm_${vendor}`, '  a = create vm', '  c = create vm', '  create_vcpu c.vcpu0', 'vmm: run_main c on cpu1, 3 after online cpu1', 'admin: offline cpu1 after create_vcpu c.vcpu0', '  online cpu1', 'fault cpu1 kvm_arch_hardware_enable returns -EIO time 2'); // prettier-ignore

  it('6.1.192, Intel: it dies twice, the second time in the scheduler (captures 6.1/v2c)', () => {
    const t = dies('v6.1.192', 'intel');
    expect(oopses(t)).toEqual(['VMPTRLD in vmx_vcpu_load_vmcs', 'VMREAD in vmx_read_guest_seg_ar']);
    expect(
      t.log.filter((l) => /^(note|kernel BUG|invalid)/.test(l)).map((l) => l.replace(/\S+\[\d+\]/, 'vmm')),
    ).toEqual([
      'kernel BUG at arch/x86/kvm/x86.c:511!',
      'invalid opcode: 0000 [#1] PREEMPT SMP',
      'note: vmm exited with preempt_count 1',
      'kernel BUG at arch/x86/kvm/x86.c:511!',
      'invalid opcode: 0000 [#2] PREEMPT SMP',
      'note: vmm exited with irqs disabled',
    ]);
    expect(t.results('vmm')).toEqual([null]);
  });

  it.each(['v6.1', 'v6.1.192'])(
    '%s, AMD: no instruction of the scheduler faults; the teardown waits for ever for kvm->srcu (facts 5.6)',
    (kernel) => {
      const t = dies(kernel, 'amd');
      expect(oopses(t)).toEqual(['VMSAVE in svm_prepare_switch_to_guest']);
      expect(t.results('vmm')).toEqual([null]);
      expect(t.value('kvm_srcu_held', 0) + t.value('kvm_srcu_held', 1)).toBe(1);
      expect(t.value('module_users')).toBe(2);
    },
  );
});
