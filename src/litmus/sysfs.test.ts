/** The files hotplug/fail, hotplug/target and online of a CPU (facts 9.1; captures 6.1/s6, 6.12/s6). */
import { describe, expect, it } from 'vitest';
import { ERR, play } from './testing/play';

const AMD = 'amd, cpus 4 + 2 hot-addable, packages 3';
const VM = ['vmm: modprobe kvm_amd', '     a = create vm', '     run a, halting'];

/** What captures 6.1/s6 and 6.12/s6 did: kernel, KVM's state, a state of the STARTING section. */
describe.each([
  ['v6.1.192', 'kvm/cpu:starting', ERR.INVAL],
  ['v6.12.117', 'kvm/cpu:online', 0],
])('%s', (kernel, kvm, armed) => {
  const admin = (...actions: string[]): ReturnType<typeof play> =>
    play(kernel, AMD, ...VM, ...actions.map((a, i) => (i === 0 ? `admin: ${a} after run a` : `       ${a}`)));

  it.each(['workqueue:online', 'sched:active', 'hrtimers:prepare', 'workqueue:prepare'])(
    'up: an armed %s fails once with EAGAIN, and without an event (captures 6.1/s6, 6.12/s6)',
    (state) => {
      const p = admin('offline cpu3', `set_fail cpu3 ${state}`, 'online cpu3', 'online cpu3');
      expect(p.results()).toEqual([1, 0, ERR.AGAIN, 1]);
      expect([p.probe('hotplug_fail', 3), p.probe('hotplug_state', 3)]).toEqual([-1, p.number('CPUHP_ONLINE')]);
      const step = p.r.program.states.find((s) => s.name === state)!.number;
      // it runs in the second attempt only; the first one shows no step that failed but the writer's, if that was waiting
      expect(p.walk(3).filter((s) => s.startsWith(`+${step}`))).toEqual([`+${step}`]);
      const waits = step > p.number('CPUHP_BRINGUP_CPU') ? [`+${p.number('CPUHP_BRINGUP_CPU')} ${ERR.AGAIN}`] : [];
      expect(p.walk(3).filter((s) => s.includes(' '))).toEqual(waits);
    },
  );

  it.each(['workqueue:online', 'sched:active', 'smpboot/threads:online'])(
    'down: an armed %s fails once with EAGAIN, and the CPU is whole again (captures 6.1/s6, 6.12/s6)',
    (state) => {
      const p = admin(`set_fail cpu3 ${state}`, 'offline cpu3');
      expect(p.results()).toEqual([0, ERR.AGAIN]);
      expect(p.probe('hotplug_state', 3)).toBe(p.number('CPUHP_ONLINE'));
      expect([p.probe('online', 3), p.probe('active', 3), p.probe('dev_online', 3)]).toEqual([1, 1, 1]);
      expect(p.walk(3).filter((s) => s.includes(' '))).toEqual([]);
      expect(admin(`set_fail cpu3 ${state}`, 'offline cpu3', 'offline cpu3').results()).toEqual([0, ERR.AGAIN, 1]);
    },
  );

  it("KVM's own state can be armed only where it is not atomic (captures 6.1/s6: 138 EINVAL; 6.12/s6: 148)", () => {
    const up = admin('offline cpu3', `set_fail cpu3 ${kvm}`, 'online cpu3');
    expect(up.results()).toEqual([1, armed, armed === 0 ? ERR.AGAIN : 1]);
    const down = admin(`set_fail cpu3 ${kvm}`, 'offline cpu3');
    expect(down.results()).toEqual([armed, armed === 0 ? ERR.AGAIN : 1]);
  });

  it('what may not be armed: a STARTING step, a PREPARE step while the CPU is up, a step without a callback (facts 9.1)', () => {
    const p = admin(
      'set_fail cpu3 RCU/tree:dying',
      'set_fail cpu3 workqueue:prepare',
      'set_fail cpu3 ap:online',
      'set_fail cpu3 CPUHP_AP_X86_HPET_ONLINE',
      'set_fail cpu3 workqueue:online',
      'clear_fail cpu3',
      'offline cpu3',
    );
    expect(p.results()).toEqual([ERR.INVAL, ERR.INVAL, ERR.INVAL, ERR.INVAL, 0, 0, 1]);
  });

  it('target: 0 and the top work, a number between is refused, and `online` is not told (captures 6.1/s6, 6.12/s6)', () => {
    const down = admin('set_target cpu3 offline');
    expect(down.results()).toEqual([0]);
    expect(['hotplug_state', 'hotplug_target', 'online', 'dev_online'].map((x) => down.probe(x, 3))).toEqual([0, 0, 0, 1]); // prettier-ignore
    const p = admin('set_target cpu3 offline', 'set_target cpu3 workqueue:online', 'set_target cpu3 online');
    expect(p.results()).toEqual([0, ERR.INVAL, 0]);
    expect(['hotplug_state', 'hotplug_target'].map((x) => p.probe(x, 3))).toEqual(Array(2).fill(p.number('CPUHP_ONLINE'))); // prettier-ignore
  });

  it('`online` shows what it showed: a write of 1 does nothing, 0 and then 1 repairs (facts 9.1)', () => {
    const p = admin('set_target cpu3 offline', 'online cpu3', 'offline cpu3', 'online cpu3');
    expect(p.results()).toEqual([0, 1, 1, 1]);
    expect(p.probe('hotplug_state', 3)).toBe(p.number('CPUHP_ONLINE'));
    expect(admin('set_target cpu3 offline', 'online cpu3').probe('hotplug_state', 3)).toBe(0);
  });

  it('a hot-added CPU has no hotplug/ directory (captures 6.1/s1, 6.12/s1)', () => {
    const p = admin('hotadd cpu4', 'online cpu4', 'set_fail cpu4 workqueue:online', 'set_target cpu4 offline');
    expect(p.results()).toEqual([0, 1, ERR.NOENT, ERR.NOENT]);
  });

  it('the target of the boot CPU: 0 up to 6.2, the top state later (captures 6.1/s3, 6.12/s3; facts 9.1)', () => {
    const p = admin('online cpu3');
    const top = p.number('CPUHP_ONLINE');
    expect([p.probe('hotplug_state', 0), p.probe('hotplug_target', 0)]).toEqual([top, kernel === 'v6.1.192' ? 0 : top]);
    expect([p.probe('hotplug_state', 1), p.probe('hotplug_target', 1)]).toEqual([top, top]);
  });
});

describe('an upstream kernel, with CONFIG_CPU_HOTPLUG_STATE_CONTROL (facts 9.1)', () => {
  const at = (kernel: string, ...actions: string[]): ReturnType<typeof play> =>
    play(kernel, 'intel, cpus 3', ...actions.map((a, i) => (i === 0 ? `admin: ${a}` : `       ${a}`)));

  it.each(['v5.15', 'v6.1', 'v6.3', 'v6.12', 'v7.3'])('%s: a CPU stops at any step that may be a target', (kernel) => {
    // the step that equals the target stays up
    const online = at(kernel, 'set_target cpu2 workqueue:online');
    expect(online.results()).toEqual([0]);
    expect(online.probe('hotplug_state', 2)).toBe(online.number('CPUHP_AP_WORKQUEUE_ONLINE'));
    expect([online.probe('online', 2), online.probe('active', 2)]).toEqual([1, 0]);
    expect(online.walk(2)).not.toContain(`-${online.number('CPUHP_AP_WORKQUEUE_ONLINE')}`);

    const back = at(kernel, 'set_target cpu2 workqueue:online', 'set_target cpu2 sched:active');
    expect([back.probe('hotplug_state', 2), back.probe('active', 2)]).toEqual([back.number('CPUHP_AP_ACTIVE'), 1]);

    const prepare = at(kernel, 'offline cpu2', 'set_target cpu2 timers:prepare', 'online cpu2');
    expect(prepare.results()).toEqual([1, 0, 1]);
    expect(prepare.walk(2).filter((s) => s === `+${prepare.number('CPUHP_TIMERS_PREPARE')}`)).toHaveLength(1);
    expect(prepare.probe('hotplug_state', 2)).toBe(prepare.number('CPUHP_ONLINE'));
  });

  it.each(['v6.1', 'v6.12'])('%s: steps that may not be a target', (kernel) => {
    const p = at(kernel, 'set_target cpu2 threads:prepare', 'set_target cpu2 cpu:bringup', 'set_target cpu2 ap:offline', 'set_target cpu2 cpu:teardown', 'set_target cpu2 CPUHP_AP_ONLINE_IDLE', 'set_target cpu2 CPUHP_AP_X86_HPET_ONLINE'); // prettier-ignore
    expect(p.results()).toEqual(Array(6).fill(ERR.INVAL));
    expect(p.walk(2)).toEqual([]);
  });

  it('a target that is reached: 5.15 marks the CPU as dying, later kernels do nothing', () => {
    const dying = (kernel: string): number => at(kernel, 'set_target cpu2 online').r.machine.probe('dying', 2);
    expect(['v5.15', 'v6.1', 'v6.12'].map(dying)).toEqual([1, 0, 0]);
    expect(at('v5.15', 'set_target cpu2 online', 'offline cpu2', 'online cpu2').probe('dying', 2)).toBe(0);
    expect(at('v5.15', 'set_target cpu2 online').walk(2)).toEqual([]);
  });
});
