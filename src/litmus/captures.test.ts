/**
 * The kernel texts against what real kernels did: each expectation is read from a capture (public/captures, or the raw set
 * where one is named) or from a row of the kernel facts.
 */
import { describe, expect, it } from 'vitest';
import { run, type RunResult } from '../machine/run';
import { load } from './load';

function play(kernel: string, machine: string, ...lines: readonly string[]): RunResult {
  const loaded = load(['litmus t', `kernel ${kernel}`, `machine ${machine}`, ...lines, ''].join('\n'), 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  return run(loaded.program);
}

type Effects = RunResult['history']['effects'] extends ReadonlyMap<number, readonly (infer E)[]> ? E : never;

const effects = (r: RunResult): Effects[] => [...r.history.effects.values()].flat();
const log = (r: RunResult): string[] => effects(r).flatMap((e) => (e.kind === 'log' ? [e.text] : []));
const results = (r: RunResult): (number | null)[] =>
  effects(r).flatMap((e) => (e.kind === 'action' && !e.begin ? [e.result] : []));
const oopses = (r: RunResult): string[] =>
  effects(r).flatMap((e) => (e.kind === 'oops' ? [`${e.instruction} in ${e.caller} on CPU ${e.cpu}`] : []));

/** Callbacks of a CPU, without those that a trace cannot show (facts 9.2: the STARTING and DYING steps). */
function walk(r: RunResult, cpu: number, silent: readonly [number, number]): string {
  const steps = effects(r).flatMap((e) =>
    e.kind === 'callback' && e.cpu === cpu && !e.begin && (e.state <= silent[0] || e.state >= silent[1])
      ? [`${e.up ? '+' : '-'}${e.state}${e.result ? ` ${e.result}` : ''}`]
      : [],
  );
  return steps.join(' ');
}

const AMD = 'amd, cpus 4 + 2 hot-addable, packages 3';
const VM = ['vmm: modprobe kvm_amd', '     a = create vm', '     run a, halting'];
/** cpu:bringup and cpu:teardown of 6.1.192. */
const SILENT = [91, 153] as const;

/** 6.1/s3 (instances and all: three of trace/RB:prepare, two of block/bio:dead) and every clean offline and online of 6.1/s6. */
const DOWN_DEAD =
  '-153 -91 -70 -68 -65 -64 -59 -50 -46 -34 -33 -32 -31 -29 -28 -27 -24 -23 -23 -22 -21 -16 -15 -13 -11 -9 -2';
const DOWN = `-235 -234 -212 -210 -209 -202 -200 -199 -197 -196 -162 -156 -155 ${DOWN_DEAD}`;
const UP_PREPARE = '+1 +2 +33 +40 +41 +43 +46 +47 +50 +59 +62 +62 +62 +64 +65 +68';
const UP = `${UP_PREPARE} +156 +158 +162 +196 +197 +198 +199 +200 +201 +202 +204 +205 +207 +208 +209 +210 +211 +212 +234 +235 +91`;

describe('the order of hotplug steps on v6.1.192', () => {
  // those traces begin after the load of the module, which runs x86/kvm/clk:online on each CPU (6.1/s8)
  const s6 = (...lines: string[]): string =>
    walk(play('v6.1.192', AMD, ...VM, ...lines), 3, SILENT).replace(/^\+234 /, '');

  it('offline and online of a boot CPU (6.1/s3)', () => {
    expect(s6('admin: offline cpu3 after run a', '       online cpu3')).toBe(`${DOWN} ${UP}`);
  });

  it('an ONLINE step fails on the way up (6.1/s6, workqueue:online)', () => {
    const steps = s6('admin: offline cpu3 after run a', '       online cpu3', 'fault cpu3 workqueue_online_cpu returns -EAGAIN'); // prettier-ignore
    const back = `-196 -162 -156 -155 +91 -11 ${DOWN_DEAD}`;
    expect(steps).toBe(`${DOWN} ${UP_PREPARE} +156 +158 +162 +196 +197 -11 ${back}`);
  });

  it('a PREPARE step fails on the way up (6.1/s6, hrtimers:prepare)', () => {
    const steps = s6('admin: offline cpu3 after run a', '       online cpu3', 'fault cpu3 hrtimers_prepare_cpu returns -EAGAIN'); // prettier-ignore
    const back = '-34 -33 -32 -31 -29 -28 -27 -24 -23 -23 -22 -21 -16 -15 -13 -11 -9 -2';
    expect(steps).toBe(`${DOWN} +1 +2 +33 +40 +41 +43 -11 ${back}`);
  });

  it('an ONLINE step fails on the way down (6.1/s6, workqueue:online)', () => {
    const steps = s6('admin: offline cpu3 after run a', 'fault cpu3 workqueue_offline_cpu returns -EAGAIN');
    const back = '+198 +199 +200 +201 +202 +204 +205 +207 +208 +209 +210 +211 +212 +234 +235';
    expect(steps).toBe(`-235 -234 -212 -210 -209 -202 -200 -199 -197 -11 ${back}`);
  });
});

describe('what fails where nothing may fail', () => {
  const offline = (kernel: string, fault: string, ...more: string[]): RunResult =>
    play(kernel, 'amd, cpus 3', 'a: offline cpu2', ...more, `fault cpu2 ${fault} returns -EINVAL`);

  it.each(['v5.15', 'v6.1', 'v6.1.192', 'v6.3', 'v6.12'])(
    '%s: below cpu:teardown the errno is returned with a warning, and nobody waits for ever (facts 3.5 D11)',
    (kernel) => {
      const r = offline(kernel, 'timers_dead_cpu', 'b: offline cpu1 after offline cpu2');
      expect(r.error).toBeNull();
      expect(results(r)).toEqual([-22, 1]);
      expect(log(r)).toContain('DEAD callback error for CPU2');
    },
  );

  it('a DYING step: 5.15 warns and skips the rest, later kernels log the step and go on (facts 3.5 D8, 7)', () => {
    const old = offline('v5.15', 'smpcfd_dying_cpu');
    expect([results(old), log(old)[0]]).toEqual([[1], 'WARNING: kernel/cpu.c take_cpu_down']);
    expect(walk(old, 2, [-1, 0])).not.toContain('-93');
    const now = offline('v6.1', 'smpcfd_dying_cpu');
    expect(results(now)).toEqual([1]);
    expect(log(now)[0]).toMatch(/^CPU 2 DOWN state .* failed \(-22\)$/);
    expect(walk(now, 2, [-1, 0])).toContain('-95');
  });

  it('an error of the way back is warned of (facts 3.4 RB1)', () => {
    const r = play('v6.1.192', 'amd, cpus 3', 'a: offline cpu2', '   online cpu2', 'fault cpu2 timers_prepare_cpu returns -ENOMEM', 'fault cpu2 rcutree_dead_cpu returns -EINVAL time 2'); // prettier-ignore
    expect(results(r)).toEqual([1, -12]);
    expect(log(r).at(-1)).toBe('WARNING: kernel/cpu.c _cpu_up');
  });

  it('an ONLINE step that fails during its rollback ends the run as not modelled (facts 3.4 RB2)', () => {
    const r = play('v6.1.192', 'amd, cpus 3', 'a: offline cpu2', '   online cpu2', 'fault cpu2 workqueue_online_cpu returns -ENOMEM', 'fault cpu2 lockup_detector_offline_cpu returns -EINVAL time 2'); // prettier-ignore
    expect(r.error?.message).toContain('not modelled');
    expect(log(r)).toContain('WARNING: kernel/cpu.c cpuhp_thread_fun');
  });
});

describe('hot-add and sysfs', () => {
  it('two device checks at once: both CPUs are added (facts 9.4)', () => {
    const r = play('v6.1.192', AMD, 'a: hotadd cpu4', '   online cpu4', 'b: hotadd cpu5', '   online cpu5');
    expect(results(r).sort()).toEqual([0, 0, 1, 1]);
    expect(log(r)).toEqual(expect.arrayContaining(['CPU4 has been hot-added', 'CPU5 has been hot-added']));
  });

  it('says what the 6.1 kernel said, in its order (6.1/s2: dmesg lines 376 to 387)', () => {
    const r = play('v6.1.192', AMD, ...VM, 'admin: hotadd cpu4 after run a', '       online cpu4', 'fault cpu4 svm_hardware_enable returns -EIO'); // prettier-ignore
    expect(log(r)).toEqual([
      'CPU4 has been hot-added',
      'smpboot: Booting Node 0 Processor 4 APIC 0x4',
      'kvm: enabling virtualization on CPU4 failed',
      'Will online and init hotplugged CPU: 4',
    ]);
  });

  it('cpu0 stays: from v6.5 on it has no online file (facts 3.5 D1); before, as with cpu0_hotplug (facts 9.3)', () => {
    expect(results(play('v6.12', 'intel, cpus 2', 'a: offline cpu0'))).toEqual([-2]);
    expect(results(play('v6.3', 'intel, cpus 2', 'a: offline cpu0'))).toEqual([1]);
  });
});

describe('faulting instructions', () => {
  it('the second oops of a host says so: 6.12/v2lie counts [#1], [#2]', () => {
    const r = play('v6.12', 'intel, cpus 2', 'vmm: modprobe kvm_intel', '     A = create vm', '     run A, spinning', '     affine A.vcpu0 to cpu0', 'admin: offline cpu1 after affine', '  online cpu1', '  affine A.vcpu0 to cpu1', '  offline cpu1', 'fault cpu1 vmx_enable_virtualization_cpu returns 0 time 2'); // prettier-ignore
    expect(oopses(r)).toEqual([
      'VMPTRLD in vmx_vcpu_load_vmcs on CPU 1',
      'VMXOFF in vmx_disable_virtualization_cpu on CPU 1',
    ]);
    const die = log(r).filter((line) => line.includes('invalid opcode'));
    expect(die.map((line) => line.slice(0, 33))).toEqual(['Oops: invalid opcode: 0000 [#1] P', 'Oops: invalid opcode: 0000 [#2] P']); // prettier-ignore
  });

  it('a VMXOFF that faults leaves CR4.VMXE clear (facts 5.3, 6.4)', () => {
    const r = play('v6.12', 'intel, cpus 3', 'q: modprobe kvm_intel', '   offline cpu2', 'fault cpu2 VMXON returns 0', 'exists cr4_vmxe[2]'); // prettier-ignore
    expect(oopses(r)).toEqual(['VMXOFF in vmx_disable_virtualization_cpu on CPU 2']);
    expect(r.machine.probe('virt_on', 2)).toBe(0);
  });

  it('the VM entry has its own ud2: an oops without the line "kernel BUG at" (facts 5.3)', () => {
    const r = play('v6.1', 'intel, cpus 3', 'q: modprobe kvm_intel', '   a = create vm', '   run a, spinning', 'fault VMPTRLD returns 0', 'fault VMWRITE returns 0', 'fault VMCLEAR returns 0', 'fault vmx_hardware_enable returns 0'); // prettier-ignore
    expect(oopses(r)).toEqual([expect.stringContaining('VMRESUME in vmx_vcpu_run')]);
    expect(log(r).join('\n')).not.toContain('kernel BUG at');
  });
});

describe('counters of KVM hold what a machine may have', () => {
  it.each(['v5.15', 'v6.1.192', 'move-to-online', 'v6.3'])('%s: 80 CPUs that all fail', (kernel) => {
    const r = play(kernel, 'intel, cpus 80', 'q: modprobe kvm_intel', '   a = create vm', 'fault kvm_arch_hardware_enable returns -EIO'); // prettier-ignore
    expect([r.error, results(r)]).toEqual([null, [0, -16]]);
  });

  it.each(['v5.15', 'v6.3', 'v6.12'])('%s: 16 VMs', (kernel) => {
    const vms = Array.from({ length: 16 }, (_, i) => `   v${i} = create vm`);
    const r = play(kernel, 'intel, cpus 2', 'q: modprobe kvm_intel', ...vms);
    expect([r.error, results(r).every((x) => x === 0)]).toEqual([null, true]);
  });
});
