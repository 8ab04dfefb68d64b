/** Each era against the rows of the fact sheet (kernel facts 6.3, 12): what userspace gets, and what is where afterwards. */
import { describe, expect, it } from 'vitest';
import { load } from './load';
import { run, type RunResult } from '../machine/run';

function play(kernel: string, vendor: string, lines: readonly string[]): RunResult {
  const text = ['litmus t', `kernel ${kernel}`, `machine ${vendor}, cpus 3 + 1 hot-addable`, ...lines, ''].join('\n');
  const loaded = load(text, 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const result = run(loaded.program);
  expect(result.error).toBeNull();
  return result;
}

/** Results of an actor's actions in order; null where one never returned. */
function results(r: RunResult, actor: string): (number | null)[] {
  const index = r.program.actors.findIndex((a) => a.name === actor);
  const out: (number | null)[] = r.program.actors[index]!.actions.map(() => null);
  for (const effects of r.history.effects.values())
    for (const e of effects) if (e.kind === 'action' && !e.begin && e.actor === index) out[e.index] = e.result;
  return out;
}

function log(r: RunResult): string[] {
  return [...r.history.effects.values()].flatMap((effects) =>
    effects.flatMap((e) => (e.kind === 'log' ? [e.text] : [])),
  );
}

/** Callbacks of a CPU in order: "+136" began upwards, "-149" downwards, with the result where it is not 0. */
function walk(r: RunResult, cpu: number): string[] {
  return [...r.history.effects.values()].flatMap((effects) =>
    effects.flatMap((e) =>
      e.kind === 'callback' && e.cpu === cpu && !e.begin
        ? [`${e.up ? '+' : '-'}${e.state}${e.result ? ` ${e.result}` : ''}`]
        : [],
    ),
  );
}

const vm = (vendor: string): string[] => [
  `qemu: modprobe ${vendor === 'intel' ? 'kvm_intel' : 'kvm_amd'}`,
  '      vm0 = create vm',
  '      run vm0',
];
const bad = 'fault cpu3 kvm_arch_hardware_enable returns -EIO';
const EIO = -5;
const EBUSY = -16;
const EINVAL = -22;

const STARTING = ['v5.15', 'v6.1', 'v6.1.192'];
// message 3 of the thread as a patch over v5.15 behaves as what was merged for v6.3
const ONLINE = ['move-to-online', 'v6.3', 'v6.12'];
/** Virtualization is switched on by the first VM, and KVM_CREATE_VM says EBUSY where it fails (facts 6.3). */
const ON_DEMAND = [...STARTING, 'move-to-online', 'v6.3'];

describe.each(['intel', 'amd'])('on %s', (vendor) => {
  describe.each(ON_DEMAND)('%s', (kernel) => {
    it('first VM with one CPU failing: KVM_CREATE_VM says EBUSY, whatever the cause, and every CPU is off again (facts 6.3)', () => {
      const r = play(kernel, vendor, [...vm(vendor), 'fault cpu1 kvm_arch_hardware_enable returns -EIO']);
      expect(results(r, 'qemu')[1]).toBe(EBUSY);
      expect(log(r)).toContain('kvm: enabling virtualization on CPU1 failed');
      for (let c = 0; c < 3; c++) expect(r.machine.probe('virt_on', c)).toBe(0);
    });

    it('no VM yet: the bad CPU goes online, and the first VM is then refused (facts 6.3, 4.2c)', () => {
      const r = play(kernel, vendor, [
        ...vm(vendor).slice(0, 1),
        'admin: hotadd cpu3',
        '       online cpu3 after modprobe',
        'q2: vm1 = create vm after online cpu3',
        bad,
      ]);
      expect(results(r, 'admin')).toEqual([0, 1]);
      expect(results(r, 'q2')).toEqual([EBUSY]);
    });
  });

  describe.each([...STARTING, ...ONLINE])('%s', (kernel) => {
    it('offline and online again with a VM running: virtualization goes and comes with the CPU (captures */s3, v1)', () => {
      const r = play(kernel, vendor, [
        ...vm(vendor),
        'admin: offline cpu2 after run vm0',
        '       online cpu2',
        '       affine vm0.vcpu0 to cpu2',
      ]);
      expect(results(r, 'admin')).toEqual([1, 1, 0]);
      expect(r.machine.probe('virt_on', 2)).toBe(1);
      expect(r.machine.probe('loaded', 0, 2)).toBe(1);
    });
  });

  it.each(STARTING)('%s: the online write succeeds, the vCPU dies there (facts 6.3, FINDINGS section 0)', (kernel) => {
    const r = play(kernel, vendor, [
      ...vm(vendor),
      'admin: hotadd cpu3',
      '       online cpu3 after run vm0',
      '       affine vm0.vcpu0 to cpu3',
      bad,
    ]);
    expect(results(r, 'admin')).toEqual([0, 1, 0]);
    expect(walk(r, 3).every((step) => !step.includes(' '))).toBe(true);
    const oops = [...r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
    expect(oops).toHaveLength(1);
    // VMX faults when the vCPU is loaded, SVM before the entry (facts 5.2 V5, 5.5 S2)
    expect(oops[0]).toMatchObject({
      cpu: 3,
      fn: 'kvm_spurious_fault',
      instruction: vendor === 'intel' ? 'VMPTRLD' : 'VMSAVE',
      killed: true,
    });
  });

  it.each(ONLINE)(
    '%s: the online write fails with EIO, the CPU rolls back, and no vCPU can go there (facts 12.6)',
    (kernel) => {
      const r = play(kernel, vendor, [
        ...vm(vendor),
        'admin: hotadd cpu3',
        '       online cpu3 after run vm0',
        '       affine vm0.vcpu0 to cpu3',
        bad,
      ]);
      expect(results(r, 'admin')).toEqual([0, EIO, EINVAL]);
      const number = (constant: string): number => r.program.states.find((s) => s.constant === constant)!.number;
      const steps = walk(r, 3);
      const kvm = steps.indexOf(`+${number('CPUHP_AP_KVM_ONLINE')} ${EIO}`);
      const bringup = steps.indexOf(`+${number('CPUHP_BRINGUP_CPU')} ${EIO}`);
      const takedown = steps.indexOf(`-${number('CPUHP_TEARDOWN_CPU')}`);
      expect(kvm).toBeGreaterThan(0);
      expect(bringup).toBe(kvm + 1);
      expect(takedown).toBeGreaterThan(bringup);
      expect(steps).not.toContain(`+${number('CPUHP_AP_ACTIVE')}`);
      expect(log(r).slice(-2)).toEqual([
        'kvm: enabling virtualization on CPU3 failed',
        'smpboot: CPU 3 is now offline',
      ]);
      expect([r.machine.probe('online', 3), r.machine.probe('active', 3), r.machine.probe('hotplug_state', 3)]).toEqual(
        [0, 0, 0],
      );
    },
  );

  it.each(ONLINE)('%s: a retry without the fault succeeds (facts 12.12)', (kernel) => {
    const r = play(kernel, vendor, [
      ...vm(vendor),
      'admin: hotadd cpu3',
      '       online cpu3 after run vm0',
      '       online cpu3',
      '       affine vm0.vcpu0 to cpu3',
      `${bad} once`,
    ]);
    expect(results(r, 'admin')).toEqual([0, EIO, 1, 0]);
    expect(r.machine.probe('loaded', 0, 3)).toBe(1);
  });

  describe('v6.12', () => {
    const lazy = (v: string): string[] =>
      vm(v).map((line) => line.replace(/(modprobe \w+)/, '$1 enable_virt_at_load=0'));

    it('by default virtualization is on from module load, and the bad CPU is refused with no VM at all (facts 6.3, captures 6.12/s5)', () => {
      const r = play('v6.12', vendor, [
        vm(vendor)[0]!,
        'admin: hotadd cpu3',
        '       online cpu3 after modprobe',
        'q2: vm1 = create vm after online cpu3',
        bad,
      ]);
      expect(results(r, 'admin')).toEqual([0, EIO]);
      expect(results(r, 'q2')).toEqual([0]);
    });

    it('the module does not load where a CPU cannot be enabled: -EIO (facts 6.3)', () => {
      const r = play('v6.12', vendor, [...vm(vendor), 'fault cpu1 kvm_arch_hardware_enable returns -EBUSY']);
      expect(results(r, 'qemu')).toEqual([EIO, -2, -2]);
      for (let c = 0; c < 3; c++) expect(r.machine.probe('virt_on', c)).toBe(0);
    });

    it('enable_virt_at_load=0: the bad CPU goes online, then KVM_CREATE_VM says EIO and lower CPUs are undone (captures 6.12/s5_evl0, v3b)', () => {
      const r = play('v6.12', vendor, [
        lazy(vendor)[0]!,
        'admin: hotadd cpu3',
        '       online cpu3 after modprobe',
        'q2: vm1 = create vm after online cpu3',
        bad,
      ]);
      expect(results(r, 'admin')).toEqual([0, 1]);
      expect(results(r, 'q2')).toEqual([EIO]);
      for (let c = 0; c < 4; c++) expect(r.machine.probe('virt_on', c)).toBe(0);
      const kvm = r.program.states.find((s) => s.constant === 'CPUHP_AP_KVM_ONLINE')!.number;
      expect(walk(r, 3).at(-1)).toBe(`+${kvm} ${EIO}`);
      expect(walk(r, 0)).toEqual([`+${kvm}`, `-${kvm}`]);
    });

    it('a lying enable brings the BUG back, and taking that CPU down wedges the hotplug lock (captures 6.12/v2lie)', () => {
      if (vendor !== 'intel') return;
      const r = play('v6.12', vendor, [
        ...vm(vendor),
        'admin: offline cpu2 after run vm0',
        '  online cpu2',
        '  affine vm0.vcpu0 to cpu2',
        '  offline cpu2',
        'late: vm1 = create vm after affine',
        'fault cpu2 vmx_enable_virtualization_cpu returns 0 time 2',
      ]);
      const oops = [...r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
      expect(oops.map((o) => [o.instruction, o.caller])).toEqual([
        ['VMPTRLD', 'vmx_vcpu_load_vmcs'],
        ['VMXOFF', 'vmx_disable_virtualization_cpu'],
      ]);
      expect(results(r, 'admin')).toEqual([1, 1, 0, null]);
      expect(r.machine.s[r.program.locks.find((l) => l.name === 'cpu_hotplug_lock')!.cell]).not.toBe(0);
    });
  });
});
