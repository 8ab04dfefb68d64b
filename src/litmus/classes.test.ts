/** The class of a run, from texts whose runs are known from facts and captures. */
import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { CLASS_WORDS, classLine } from './class-words';
import { classOf, SCALE, severity, type OutcomeClass } from './classes';
import { load } from './load';
import { outcomeOf, type Outcome } from './outcome';

function play(kernel: string, ...lines: readonly string[]): { c: OutcomeClass; o: Outcome; line: string } {
  const text = ['litmus t', `kernel ${kernel}`, 'machine intel, cpus 2 + 1 hot-addable', ...lines, ''].join('\n');
  const loaded = load(text, 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const o = outcomeOf(run(loaded.program), loaded.litmus);
  const c = classOf(o);
  return { c, o, line: classLine(o, c) };
}

const VM = ['q: modprobe kvm_intel', '   vm0 = create vm', '   run vm0', '   affine vm0.vcpu0 to cpu1'];
const COMES = ['admin: hotadd cpu2 after affine vm0.vcpu0 to cpu1', '       online cpu2'];
const BAD = 'fault cpu2 kvm_arch_hardware_enable returns -EIO';

describe('the class of a run', () => {
  it('works', () => {
    expect(play('v6.1', ...VM, ...COMES).c).toMatchObject({ id: 'works', errno: null, step: -1 });
  });

  it('refused: the online write says -EIO, and that pinning there then fails is no news (facts 6.3, 12.6)', () => {
    const { c } = play('v6.12', ...VM, ...COMES, '       affine vm0.vcpu0 to cpu2', BAD);
    expect(c).toMatchObject({ id: 'refused', errno: '-EIO', callback: { cpu: 2, state: { number: 149 } } });
    expect(c.action).toMatchObject({ actor: 'admin', fn: 'online' });
  });

  it('refused: pinning to a CPU that was never there is the news where nothing else failed (facts 12.6)', () => {
    const { c } = play('v6.12', ...VM, '   affine vm0.vcpu0 to cpu2');
    expect(c).toMatchObject({ id: 'refused', errno: '-EINVAL', action: { fn: 'affine' } });
  });

  it('VM refused: -EBUSY, and run without a VM is no news (facts 6.3)', () => {
    const { c } = play('v6.1', ...VM.slice(0, 3), 'fault cpu1 kvm_arch_hardware_enable returns -EIO');
    expect(c).toMatchObject({ id: 'vm-refused', errno: '-EBUSY', action: { fn: 'create_vm' } });
  });

  it('no KVM: -EIO from the module, and the missing /dev/kvm is no news (facts 6.3)', () => {
    const { c, o } = play('v6.12', ...VM.slice(0, 3), 'fault cpu1 kvm_arch_hardware_enable returns -EIO');
    expect(o.returns.map((r) => r.errno)).toEqual(['-EIO', '-ENOENT', '-ENOENT']);
    expect(c).toMatchObject({ id: 'no-kvm', errno: '-EIO', action: { fn: 'modprobe' } });
  });

  it('a vCPU that was never made has no thread to pin: -ESRCH, and nobody hangs', () => {
    const { c, o } = play('v6.12', ...VM, 'fault cpu1 kvm_arch_hardware_enable returns -EIO');
    expect([o.returns.at(-1)?.errno, o.hung]).toEqual(['-ESRCH', []]);
    expect(c.id).toBe('no-kvm');
  });

  it('swallowed: the write succeeds, the CPU has no virtualization (facts 6.3)', () => {
    const { c, o } = play('v6.1', ...VM, ...COMES, BAD);
    expect(o.returns.every((r) => r.errno === null)).toBe(true);
    expect(c).toMatchObject({ id: 'swallowed', cpus: [2], errno: null });
  });

  it('thread dies: with where the kernel says that it was (facts 5.3; x86.c:507 in 6.1.4)', () => {
    const { c } = play('v6.1', ...VM, ...COMES, '       affine vm0.vcpu0 to cpu2', BAD);
    expect(c).toMatchObject({
      id: 'thread-dies',
      vms: ['vm0'],
      oops: { where: 'arch/x86/kvm/x86.c:507', instruction: 'VMPTRLD', cpu: 2 },
    });
  });

  it('hang: who waits for what, the actor before a kworker (captures 6.12/v2lie)', () => {
    const lie = [
      'admin: offline cpu1 after run vm0',
      '   online cpu1',
      '   affine vm0.vcpu0 to cpu1',
      '   offline cpu1',
    ];
    const { c, line } = play(
      'v6.12',
      ...VM.slice(0, 3),
      ...lie,
      'fault cpu1 kvm_arch_hardware_enable returns 0 time 2',
    );
    expect(c).toMatchObject({ id: 'hang', oops: { instruction: 'VMPTRLD' } });
    expect(line).toMatch(/^admin: offline cpu1 never returns: admin waits in cpu_down_maps_locked for /);
  });

  it('host dies: the stopper takes the fault with all CPUs standing still (facts 4.1d, 6.4)', () => {
    const lie = ['admin: offline cpu1 after run vm0', '   online cpu1', '   offline cpu1'];
    const { c } = play('v6.1', ...VM.slice(0, 3), ...lie, 'fault cpu1 kvm_arch_hardware_enable returns 0 time 2');
    expect(c).toMatchObject({ id: 'host-dies', panic: null, oops: { instruction: 'VMXOFF' } });
  });

  it('CPU lost: a DEAD callback fails, the write is told, and the next online does nothing (facts 3.5 D11, 9.1)', () => {
    const down = ['admin: offline cpu1 after affine vm0.vcpu0 to cpu0', '   online cpu1'];
    const { c, o, line } = play(
      'v6.12',
      ...VM.slice(0, 3),
      '   affine vm0.vcpu0 to cpu0',
      ...down,
      'fault cpu1 timers_dead_cpu returns -EINVAL',
    );
    expect(o.returns.slice(-2).map((r) => r.result)).toEqual([-22, 1]);
    expect(c).toMatchObject({ id: 'cpu-lost', cpus: [1] });
    expect(line).toBe('CPU 1 is offline, though its online write succeeded');
  });

  it('VM dies: KVM bugs a TD whose TDH.VP.FLUSH fails, and its KVM_RUN says -EIO (tdx 2, 6.6)', () => {
    const td = ['hardware tdx_bios=1', 'q: modprobe kvm_intel tdx=1', '   td0 = create td', '   run td0'];
    const { c, o, line } = play('v6.17', ...td, 'a: affine td0.vcpu0 to cpu1 after run td0', 'fault TDH_VP_FLUSH returns TDX_OPERAND_BUSY'); // prettier-ignore
    expect(c).toMatchObject({ id: 'vm-dies', vms: ['td0'], errno: '-EIO' });
    expect(line).toMatch(/^td0\.vcpu0 on CPU \d: KVM_RUN returns -EIO$/);
    expect(o.vms).toMatchObject([{ name: 'td0', held: true, dead: true, ended: { function: 'tdx_flush_vp_on_cpu' } }]);
  });

  it('unknown: the run met what the text does not model', () => {
    const { c } = play('v6.1', 'admin: hotadd cpu2', '  online cpu2', 'fault cpu2 workqueue_online_cpu returns -ENOMEM', 'fault cpu2 lockup_detector_offline_cpu returns -EINVAL'); // prettier-ignore
    expect(c.id).toBe('unknown');
  });

  it('unknown: the run was cut, and the line says so', () => {
    const loaded = load('litmus t\nkernel v6.1\nmachine intel, cpus 2\na: offline cpu1\n', 't.litmus');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    const o = outcomeOf(run(loaded.program, { maxSteps: 20 }), loaded.litmus);
    expect([classOf(o).id, classLine(o, classOf(o))]).toEqual(['unknown', expect.stringMatching(/^not finished after 20 steps; /)]); // prettier-ignore
  });
});

describe('the scale', () => {
  it('goes from harmless to worst; two classes are not on it', () => {
    expect(severity('works')).toBe(0);
    expect(severity('host-dies')).toBe(SCALE.length - 1);
    expect(severity('swallowed')).toBeGreaterThan(severity('refused'));
    expect([severity('na'), severity('unknown')]).toEqual([-1, -1]);
  });

  it('has a letter of its own for each class', () => {
    const codes = Object.values(CLASS_WORDS).map((w) => w.code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Object.keys(CLASS_WORDS).sort()).toEqual([...SCALE, 'na', 'unknown'].sort());
  });
});
