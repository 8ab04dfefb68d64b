/**
 * Who runs which step of a way up or down, with which locks, and what holds then: the columns "who / ctx" and "locks" of the
 * tables of facts 3.4 and 3.5, and the table of facts 4.0.
 */
import { describe, expect, it } from 'vitest';
import { play, type Played } from './testing/play';
import { always, begun, replay, valueIn, type Begun } from './testing/steps';

const B1 = ['v5.15', 'v6.1', 'v6.1.192', 'v6.3'];
const B2 = ['v6.12', 'v6.12.117', 'v6.17', 'v6.18.15', 'v7.1', 'v7.2', 'v7.3', 'v7.3.4'];
const STARTING = ['v5.15', 'v6.1', 'v6.1.192'];
/** Facts 3.5 D2: who does the rest of an offline. */
const KWORKER = ['v6.1.192', 'v6.12', 'v6.12.117', 'v6.17', 'v6.18.15'];
/** Those that a write to `online` takes first (facts 3.1). */
const LOCKS = ['device_hotplug_lock', 'cpu_add_remove_lock', 'cpu_hotplug_lock'];

const wentDownAndUp = (kernel: string, ...more: string[]): Played =>
  play(kernel, 'intel, cpus 3', 'qemu: modprobe kvm_intel', '      a = create vm', '      run a', '      affine a.vcpu0 to cpu2', 'admin: offline cpu2 after affine', '       online cpu2', ...more); // prettier-ignore

describe.each([...B1, ...B2])('%s', (kernel) => {
  const p = wentDownAndUp(kernel);
  const n = (s: string): number => p.number(`CPUHP_${s}`);
  const all = begun(p.r, 2);
  /** From the offline write on: what a load of the module runs is before it. */
  const down = all.slice(all.findIndex((b) => b.name === 'sched:active' && !b.up)).filter((b) => !b.up);
  const up = all.slice(all.indexOf(down.at(-1)!) + 1);
  const prepare = up.filter((b) => b.number <= n('BRINGUP_CPU'));
  const starting = up.filter((b) => b.number > n('BRINGUP_CPU') && b.number < n('AP_ONLINE'));
  const online = up.filter((b) => b.number > n('AP_ONLINE_IDLE'));
  const numbers = (steps: readonly Begun[]): number[] => steps.map((b) => b.number);
  const is = (steps: readonly Begun[], want: Partial<Begun>): void => {
    expect(steps.length).toBeGreaterThan(0);
    for (const b of steps) expect(b).toMatchObject(want);
  };

  it('U2, U6, U7: the writer has the locks from the first step to the last (facts 3.4, 3.1)', () => {
    expect(p.results('admin')).toEqual([1, 1]);
    for (const b of [...up, ...down]) expect(b.locks.slice(0, 3)).toEqual(LOCKS);
    for (const lock of p.r.program.locks) expect([lock.name, p.r.machine.s[lock.cell]]).toEqual([lock.name, 0]);
  });

  it('U8: PREPARE steps run one by one in the writer, elsewhere, interrupts on, the CPU not online (facts 3.4)', () => {
    is(prepare, { kind: 'actor', context: 'admin', irqOff: false, online: false, active: false, dying: false });
    expect(prepare.every((b) => b.on !== 2)).toBe(true);
    expect(numbers(prepare)).toEqual(numbers(prepare).sort((a, b) => a - b));
    expect(numbers(prepare).at(-1)).toBe(n('BRINGUP_CPU'));
  });

  it('U9: one step of bring-up, or two: cpu:kick_ap comes before cpu:bringup (facts 3.3)', () => {
    const names = prepare.map((b) => b.name);
    expect(names.slice(-2).includes('cpu:kick_ap')).toBe(B2.includes(kernel));
  });

  it('U11: STARTING steps run in the idle task of the CPU, interrupts off, not yet online (facts 3.4)', () => {
    is(starting, { on: 2, kind: 'idle', irqOff: true, online: false, active: false });
    expect(starting.some((b) => b.name === 'kvm/cpu:starting')).toBe(STARTING.includes(kernel));
  });

  it("U16, U17: ONLINE steps run in the CPU's own hotplug thread, interrupts on, online and not active (facts 3.4)", () => {
    is(online, { on: 2, kind: 'percpu', context: 'cpuhp/2', irqOff: false, online: true, active: false });
    expect(numbers(online)).toEqual(numbers(online).sort((a, b) => a - b));
  });

  it('U17: from 6.3 on the step of KVM is the first of them, below sched:waitempty (facts 3.4, 4.0)', () => {
    expect(online[0]!.name === 'kvm/cpu:online').toBe(!STARTING.includes(kernel));
    if (!STARTING.includes(kernel)) expect(online[0]!.number).toBe(n('AP_SCHED_WAIT_EMPTY') - 1);
  });

  it('U18: sched:active is the last; before it no user task is on the CPU (facts 3.4, 12.1)', () => {
    expect(up.at(-1)!.name).toBe('sched:active');
    for (const b of up) expect(b.users).toEqual([]);
  });

  it('U20: `online` and `state` are told (facts 3.4)', () => {
    expect(['online', 'active', 'dying', 'dev_online', 'hotplug_state'].map((x) => p.probe(x, 2))).toEqual([1, 1, 0, 1, n('ONLINE')]); // prettier-ignore
  });

  it('D4: sched:active is the first to go, and only it finds the CPU active (facts 3.5)', () => {
    expect(down[0]).toMatchObject({ name: 'sched:active', active: true, dying: true });
    is(down.slice(1), { active: false, dying: true });
  });

  it("D4, D5: ONLINE steps are undone in the CPU's hotplug thread, downwards, interrupts on (facts 3.5)", () => {
    const thread = down.filter((b) => b.number > n('AP_ONLINE_IDLE'));
    is(thread, { on: 2, kind: 'percpu', context: 'cpuhp/2', irqOff: false, online: true });
    expect(numbers(thread)).toEqual(numbers(thread).sort((a, b) => b - a));
  });

  it('D5, 12.7: a vCPU that was there is gone when sched:waitempty is done; then KVM switches off (facts 3.5)', () => {
    const wait = down.findIndex((b) => b.name === 'sched:waitempty');
    expect(down[0]!.users).toEqual(['a.vcpu0']);
    for (const b of down.slice(wait + 1)) expect(b.users).toEqual([]);
    if (!STARTING.includes(kernel)) expect(down[wait + 1]!.name).toBe('kvm/cpu:online');
    expect(p.log.filter((l) => l.includes('no longer affine'))).toEqual([expect.stringMatching(/^process \d+ \(a\.vcpu0\) no longer affine to cpu2$/)]); // prettier-ignore
  });

  it('D6, D10, D11: cpu:teardown and what is below it run in who takes the CPU down (facts 3.5 D2)', () => {
    const others = down.filter((b) => b.number <= n('BRINGUP_CPU') || b.number === n('TEARDOWN_CPU'));
    is(others, { irqOff: false, active: false });
    const kinds = new Set(others.map((b) => `${b.kind} ${b.context.replace(/\/.*/, '')}`));
    expect([...kinds]).toEqual([KWORKER.includes(kernel) ? 'kthread kworker' : 'actor admin']);
    expect(others.every((b) => b.on !== 2)).toBe(true);
    expect(others[0]).toMatchObject({ number: n('TEARDOWN_CPU'), online: true });
    is(others.slice(1), { online: false });
  });

  it('D7, D8, 12.8: DYING steps run in the stopper of the CPU, interrupts off, no longer online (facts 3.5)', () => {
    const dying = down.filter((b) => b.number > n('BRINGUP_CPU') && b.number < n('AP_ONLINE'));
    is(dying, { on: 2, kind: 'stopper', irqOff: true, online: false });
    expect(dying.some((b) => b.name === 'kvm/cpu:starting')).toBe(STARTING.includes(kernel));
    expect(numbers(dying)).toEqual(numbers(dying).sort((a, b) => b - a));
  });

  it('D6: while DYING steps run no other CPU does anything (facts 3.5)', () => {
    const h = p.r.history;
    const stopper = p.r.program.contexts.findIndex((c) => c.name === 'migration/2');
    const steps = Array.from({ length: h.length }, (_, i) => i).filter((i) => h.step(i).context === stopper);
    const shown = steps.filter((i) => h.effects.get(i)?.some((e) => e.kind === 'callback'));
    expect(shown.length).toBeGreaterThan(1);
    for (let i = shown[0]!; i <= shown.at(-1)!; i++) expect([i, h.step(i).context]).toEqual([i, stopper]);
  });

  it('D9: the CPU says that it is dead before the steps below cpu:bringup are undone (facts 3.5)', () => {
    const dead = down.findIndex((b) => b.number === n('BRINGUP_CPU'));
    expect(down.slice(dead).every((b) => b.number <= n('BRINGUP_CPU'))).toBe(true);
    let said = -1;
    replay(p.r, (effects, m) => {
      if (effects.some((e) => e.kind === 'callback' && e.begin && !e.up && e.state === n('BRINGUP_CPU'))) said = valueIn(m, 'cpu_dead', 2); // prettier-ignore
    });
    expect(said).toBe(1);
  });

  it('a user task is moved only to a CPU that is active then (facts 3.4 "Placement rule", 12.1)', () => {
    let moves = 0;
    replay(p.r, (effects, m) => {
      for (const e of effects) {
        if (e.kind !== 'migrate' || p.r.program.contexts[e.context]!.kind !== 'user') continue;
        expect([e.to, m.probe('active', e.to)]).toEqual([e.to, 1]);
        moves++;
      }
    });
    expect(moves).toBeGreaterThan(0);
  });

  it('12.2, 12.12: in no state is a CPU active beside a VM with virtualization off', () => {
    always(p.r, (m, step) => {
      if (valueIn(m, 'vm_created', 0) === 0 || STARTING.includes(kernel)) return;
      for (let c = 0; c < 3; c++) if (m.probe('active', c) === 1) expect([step, c, m.probe('virt_on', c)]).toEqual([step, c, 1]); // prettier-ignore
    });
  });

  it('RB2: the dying bit is set while the CPU is rolled back (facts 3.4)', () => {
    const failed = wentDownAndUp(kernel, 'fault cpu2 workqueue:online up returns -ENOMEM');
    const steps = begun(failed.r, 2);
    const at = steps.findIndex((b) => b.name === 'workqueue:online' && b.up);
    is(steps.slice(at + 1), { up: false, dying: true, active: false });
    // 12.12: the flag of KVM is false, the VM is not affected
    expect([failed.probe('virt_on', 2), failed.probe('vm_held', 0), failed.probe('virt_on', 0)]).toEqual([0, 1, 1]);
  });

  it('U7: a state that is reached already is reached: nothing runs, 0 (facts 3.4)', () => {
    const same = play(kernel, 'intel, cpus 3', 'admin: offline cpu2', '       set_target cpu2 offline');
    expect(same.results()).toEqual([1, 0]);
  });
});
