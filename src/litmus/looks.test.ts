/** What the `look` lines of the gallery say is really to be seen in the run: a claim, and the fact that it rests on. */
import { describe, expect, it } from 'vitest';
import { Head, Run } from '../language/program';
import { Machine, type Transition, type TransitionKind } from '../machine/machine';
import { run, type RunResult } from '../machine/run';
import { addFault } from './edit';
import { gallery, galleryText } from './gallery';
import { load } from './load';
import { outcomeOf, type Outcome } from './outcome';

interface Seen {
  readonly r: RunResult;
  readonly o: Outcome;
  /** Functions in which steps were taken, with their CPU, in order: `tdx_flush_vp 1`. */
  readonly fns: readonly string[];
  readonly log: readonly string[];
  readonly results: Readonly<Record<string, readonly (number | null)[]>>;
  /** Callbacks with an error or without, in order: `+kvm/cpu:online 2 -5`. */
  readonly callbacks: readonly string[];
  /** Lines of the trace: `SEAMCALL: #GP`. */
  readonly told: readonly string[];
}

function look(name: string, kernel?: string, fault?: string, seed = 0): Seen {
  const text = fault === undefined ? galleryText(name)! : addFault(galleryText(name)!, fault);
  const loaded = load(text, name, kernel === undefined ? {} : { kernel });
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  const r = run(loaded.program, { seed });
  const o = outcomeOf(r, loaded.litmus, seed);
  const fns: string[] = [];
  const told: string[] = [];
  const callbacks: string[] = [];
  for (let i = 0; i < r.history.length; i++) {
    const { kind, pc, cpu } = r.history.step(i);
    const fn = kind === 'step' ? `${r.program.frames[r.program.code[pc]!.frame]?.fn ?? ''} ${cpu}` : '';
    if (fn !== '' && fns.at(-1) !== fn) fns.push(fn);
    for (const e of r.history.effects.get(i) ?? []) {
      if (e.kind === 'trace') told.push(`${e.text} ${e.cpu}`);
      if (e.kind !== 'callback' || e.begin) continue;
      const state = r.program.states[r.program.stateByNumber[e.state]!]!;
      callbacks.push(`${e.up ? '+' : '-'}${state.name} ${e.cpu}${e.result ? ` ${e.result}` : ''}`);
    }
  }
  const results: Record<string, (number | null)[]> = {};
  for (const { actor, result } of o.returns) (results[actor] ??= []).push(result);
  return { r, o, fns, told, callbacks, log: o.log.map((l) => l.text), results };
}

/** The first of these in the list, in this order. */
function inOrder(list: readonly string[], ...wanted: readonly string[]): void {
  let at = -1;
  for (const w of wanted) {
    const next = list.indexOf(w, at + 1);
    expect([w, next > at]).toEqual([w, true]);
    at = next;
  }
}

const EFFORT: readonly TransitionKind[] = ['step', 'irq', 'wake', 'switch', 'sleep', 'push', 'adrift', 'preempt'];

/** Takes steps by hand: of those that are enabled and allowed the first, until `done`. False: none is left before that. */
function drive(m: Machine, allowed: (t: Transition) => boolean, done: () => boolean): boolean {
  for (let i = 0; i < 5_000; i++) {
    if (done()) return true;
    const next = m
      .enabled()
      .filter(allowed)
      .sort((a, b) => EFFORT.indexOf(a.kind) - EFFORT.indexOf(b.kind))[0];
    if (!next) return false;
    m.apply(next);
    m.mark();
  }
  return false;
}

/** These do nothing, but may be moved out of the way. */
const holding =
  (...held: readonly number[]) =>
  (t: Transition): boolean =>
    !held.includes(t.context) || t.kind === 'preempt' || t.kind === 'push';

/** cpu1 comes up as far as kvm_starting_cpu; then the first VM is made; then cpu1 goes on. False: it cannot be so. */
function createsInTheWindow(kernel: string): boolean {
  // steps are taken by hand here: no moment, and no third CPU
  const text = galleryText('lost-enable')!.replace('at 362 us', 'after offline cpu1').replace('cpus 3', 'cpus 2');
  const loaded = load(text, 'lost-enable', { kernel });
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  const { program } = loaded;
  const m = new Machine(program);
  const context = (name: string): number => program.contexts.findIndex((c) => c.name === name);
  const [boot, qemu, admin, swapper] = ['boot', 'qemu', 'admin', 'swapper/1'].map(context);
  const starting = program.states.find((st) => st.name.startsWith('kvm/cpu'))!.number;
  const offline = drive(m, holding(qemu!, admin!), () => m.head(boot!, Head.run) === Run.none);
  const window = offline && drive(m, holding(qemu!), () => m.probe('hotplug_state', 1) > starting);
  const created = program.groups.find((g) => g.name === 'vm_created')!.base;
  const made = window && drive(m, holding(swapper!), () => m.s[created] !== 0);
  return made && drive(m, holding(qemu!), () => m.probe('active', 1) !== 0) && m.probe('virt_on', 1) === 0; // prettier-ignore
}

const EIO = -5;
const EBUSY = -16;

const CLAIMS: Readonly<Record<string, (name: string) => void>> = {
  // facts 6.3, 5.3
  'kevin-2021-11-30': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1, 0]);
    expect(s.o.oops).toMatchObject([{ instruction: 'VMPTRLD', cpu: 4, vcpu: true, killed: true }]);
  },
  // captures 6.1/s2
  'debian-6.1-s2': (name) => {
    const s = look(name);
    expect(s.log).toContain('kvm: enabling virtualization on CPU4 failed');
    expect(s.o.oops).toMatchObject([{ instruction: 'VMSAVE', cpu: 4 }]);
    expect(s.told.filter((t) => t.startsWith('kvm_entry') && t.endsWith(' 4'))).toEqual([]);
  },
  // captures 6.1/v2
  'debian-6.1-v2': (name) => {
    const s = look(name);
    expect(s.o.migrations.findLast((m) => m.task === 'A.vcpu0')).toMatchObject({ from: 0, to: 1 });
    expect(s.o.oops).toMatchObject([{ instruction: 'VMPTRLD', cpu: 1 }]);
    expect(s.told.filter((t) => t.startsWith('KVM_RUN returns'))).toEqual([]);
  },
  // facts 4.3c, 5.2 V3-V5
  'plain-vm': (name) => {
    const s = look(name);
    inOrder(s.callbacks, '+kvm/cpu:online 2', '+sched:active 2');
    const old = s.fns.find((fn) => fn.startsWith('__loaded_vmcs_clear '))!;
    expect(old.endsWith(' 2')).toBe(false);
    inOrder(s.fns, old, 'VMPTRLD 2');
  },
  // facts 4.1d, 4.2d
  'offline-online': (name) => {
    inOrder(look(name, 'v5.15').callbacks, '-sched:active 2', '-kvm/cpu:starting 2', '+kvm/cpu:starting 2');
    inOrder(look(name, 'v6.3').callbacks, '-sched:active 2', '-sched:waitempty 2', '-kvm/cpu:online 2', '+kvm/cpu:online 2'); // prettier-ignore
  },
  // captures 6.1/s7
  'pinned-cpu-goes': (name) => {
    const s = look(name);
    expect(s.log.some((line) => /^process \d+ \(vm0\.vcpu0\) no longer affine to cpu2$/.test(line))).toBe(true);
    expect(s.o.affinity_lost).toMatchObject([{ task: 'vm0.vcpu0', cpu: 2 }]);
    expect(s.o.tasks.find((t) => t.vcpu)?.cpu).not.toBe(2);
  },
  // facts 6.3
  'bad-cpu-at-load': (name) => {
    for (const kernel of ['v5.15', 'v6.3']) expect(look(name, kernel).results['qemu']).toEqual([0, EBUSY, -2]);
    for (const kernel of ['v6.12', 'v7.3']) expect(look(name, kernel).results['qemu']).toEqual([EIO, -2, -2]);
  },
  // facts 6.3; captures 6.1/s5, 6.12/s5
  'bad-cpu-no-vm': (name) => {
    const old = look(name, 'v6.1');
    expect([old.results['admin'], old.results['qemu']]).toEqual([[0, 0, 1], [EBUSY, -2]]); // prettier-ignore
    const now = look(name, 'v6.12');
    expect([now.results['admin'], now.results['qemu']]).toEqual([[0, 0, EIO], [0, 0]]); // prettier-ignore
  },
  // facts 6.3
  'bad-cpu-with-vm': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1]);
    expect(s.log.filter((line) => line.includes('virtualization'))).toEqual(['kvm: enabling virtualization on CPU2 failed']); // prettier-ignore
    expect(s.o.cpus[2]).toMatchObject({ active: true, virtualization: 'failed' });
  },
  // facts 4.1b8
  'bad-cpu-between-vms': (name) => {
    const s = look(name);
    expect(s.results['qemu2']).toEqual([0, 0, 0]);
    expect(s.o.oops).toMatchObject([{ task: 'vm1.vcpu0', cpu: 2 }]);
  },
  // facts 5.6: the line numbers by tree
  'enable-lies': (name) => {
    const where = ['v5.15', 'v6.1', 'v6.3', 'v6.12'].map((kernel) => {
      const s = look(name, kernel);
      expect(s.results['admin']).toEqual([0, 1, 0]);
      expect(s.log.join('\n')).not.toContain('enabling virtualization');
      return s.o.oops[0]!.where;
    });
    expect(where).toEqual([497, 507, 510, 712].map((line) => `arch/x86/kvm/x86.c:${line}`));
  },
  // captures 6.12/v2lie
  'enable-lies-offline': (name) => {
    const s = look(name);
    expect(s.o.oops.map((o) => [o.task, o.instruction])).toEqual([['A.vcpu0', 'VMPTRLD'], ['cpuhp/1', 'VMXOFF']]); // prettier-ignore
    expect(s.results['admin']).toEqual([1, 1, 0, null]);
    const lock = s.r.program.locks.find((l) => l.name === 'cpu_hotplug_lock')!;
    expect(s.r.machine.s[lock.cell]).not.toBe(0);
  },
  // captures 6.1/v2c
  'second-victim': (name) => {
    const s = look(name);
    expect(s.o.oops.map((o) => [o.task, o.instruction])).toEqual([['A.vcpu0', 'VMPTRLD'], ['B.vcpu0', 'VMPTRLD'], ['B.vcpu0', 'VMREAD']]); // prettier-ignore
    expect(s.o.hung.find((h) => h.waits === 'runqueue')).toMatchObject({ lock: 'run queue lock of CPU 1', holder: 'B.vcpu0', holder_dead: true }); // prettier-ignore
    expect(s.o.host).toBe('hung');
  },
  // facts 4.1b5, b9
  'bad-cpu-after-vms': (name) => {
    const s = look(name);
    expect([s.results['admin'], s.results['qemu2']]).toEqual([[0, 1], [EBUSY, -2]]); // prettier-ignore
    inOrder(s.callbacks, '+kvm/cpu:starting 2', '+sched:active 2');
    const before = s.o.log.findIndex((l) => l.text === 'kvm: enabling virtualization on CPU2 failed');
    expect(s.o.log[before]!.step).toBeGreaterThan(s.o.returns.find((r) => r.fn === 'online')!.step);
  },
  // facts 6.5; captures of 6.1, s5n
  'cpu-without-virt': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 0, 1, 1]);
    expect(s.results['qemu']).toEqual([EBUSY, -2]);
    expect(s.log.filter((line) => /err EOPNOTSUPP on \d$/.test(line)).length).toBe(2);
    expect(s.o.cpus[2]).toMatchObject({ online: false });
  },
  // facts 5.4 G4-G5, 4.2b
  'cpu-incompatible': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1, 0]);
    expect(s.o.cpus[2]).toMatchObject({ active: true, virtualization: 'on' });
    expect(s.o.kvm_run).toMatchObject([{ cpu: 2, exit_reason: 9 }]);
    expect(look(name, 'v6.3').results['admin']).toEqual([0, EIO, -22]);
  },
  // facts 5.3; message 5
  'vmx-goes-off': (name) => {
    const s = look(name);
    expect(s.o.oops).toMatchObject([{ instruction: 'VMRESUME', cpu: 1, killed: true }]);
    expect(s.log.join('\n')).not.toContain('kernel BUG at');
    const vmxe = s.r.program.groups.find((g) => g.name === 'cr4_vmxe')!;
    expect([s.r.machine.s[vmxe.base + 1], s.o.cpus[1]!.virtualization]).toEqual([1, 'lost']);
  },
  'vmx-goes-off-asleep': (name) => {
    const s = look(name);
    expect(s.o.oops).toMatchObject([{ instruction: 'VMCLEAR', cpu: 1, killed: false }]);
    expect(s.o.panic).toBe('Fatal exception in interrupt');
  },
  // facts 4.1 R1-R3; message 8
  'compat-race': (name) => {
    const s = look(name);
    expect(s.results['qemu']![0]).toBe(0);
    expect(s.o.cpus[1]).toMatchObject({ active: true });
    expect(s.o.kvm_run).toMatchObject([{ cpu: 1, exit_reason: 9 }]);
    for (const seed of [1, 2]) expect(look(name, undefined, undefined, seed).results['qemu']![0]).toBe(EIO);
  },
  // facts 4.1 R5, 4.2c
  'lost-enable': (name) => {
    const s = look(name);
    expect([s.o.verdict.result, s.log]).toEqual([
      'seen',
      expect.not.arrayContaining([expect.stringContaining('failed')]),
    ]);
    expect(s.o.cpus[1]).toMatchObject({ active: true, virtualization: 'off' });
    expect(look(name, 'v6.3').o.verdict.result).toBe('not seen');
    expect(createsInTheWindow('v5.15')).toBe(true);
    expect(createsInTheWindow('v6.1')).toBe(true);
    expect(createsInTheWindow('v6.3')).toBe(false);
  },
  // captures 6.1/s9, 6.12/s9, 7.3/s9
  'suspend-resume-fails': (name) => {
    for (const kernel of ['v6.1', 'v6.12', 'v7.3']) {
      const s = look(name, kernel);
      expect(s.results['admin']![0]).toBe(0);
      expect(s.log).toContain(kernel === 'v6.1' ? 'CPU2 is up' : 'Error taking CPU2 up: -5');
      expect(s.o.oops.length).toBe(kernel === 'v6.1' ? 1 : 0);
    }
  },
  // facts 4.1e "Emergency restart", 4.2e, 4.3e
  'panic-restart': (name) => {
    for (const [kernel, on] of [
      ['v5.15', 1],
      ['v6.1', 1],
      ['v6.3', 0],
      ['v6.12', 0],
      ['v7.3', 0],
    ] as const) {
      const s = look(name, kernel);
      expect(s.o.panic).toBe('sysrq triggered crash');
      expect([kernel, ...[0, 1, 2].map((c) => s.r.machine.probe('virt_on', c))]).toEqual([kernel, on, on, on]);
      expect(s.o.verdict.result).toBe(on ? 'seen' : 'not seen');
      const rebooting = s.r.program.groups.find((g) => g.name === 'kvm_rebooting')!;
      expect([kernel, s.r.machine.s[rebooting.base]]).toEqual([kernel, ['v6.12', 'v7.3'].includes(kernel) ? 1 : 0]);
    }
  },
  // facts 4.1e, 5.3 F4a
  'reboot-with-vm': (name) => {
    for (const kernel of ['v5.15', 'v6.3', 'v7.3']) {
      const s = look(name, kernel);
      const faults = [...s.r.history.effects.values()].flat().filter((e) => e.kind === 'ud');
      expect([s.o.host, s.o.oops, faults.length > 0]).toEqual(['restarted', [], true]);
      expect(s.o.cpus.map((c) => c.virtualization)).toEqual(['off', 'off']);
      expect(s.log).toContain('kvm: exiting hardware virtualization');
    }
  },
  // facts 9.1; captures 6.12/s6
  'fail-file': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1, 0, -11, 1]);
    expect(s.callbacks.filter((c) => c.startsWith('+kvm/cpu:online 2'))).toHaveLength(2);
    expect(s.o.cpus[2]).toMatchObject({ active: true });
  },
  // facts 9.1; captures 6.1/s6
  'fail-file-starting': (name) => expect(look(name).results['admin']).toEqual([0, 1, -22, 1]),
  // facts 5.3, 5.7 row 1
  'message-2-vmptrld': (name) => {
    const s = look(name);
    expect(s.o.oops).toMatchObject([{ instruction: 'VMPTRLD', task: 'vm0.vcpu0' }]);
    expect(s.log.join('\n')).not.toContain('WARNING');
    expect(s.o.tasks.find((t) => t.name === 'vm0.vcpu1')).toMatchObject({ state: 'in guest', cpu: 1 });
  },
  // facts 5.5 S1, S2
  'message-2-vmrun': (name) => {
    const s = look(name);
    inOrder(s.fns, 'kvm_arch_vcpu_load 2', 'VMSAVE 2');
    expect(s.fns).not.toContain('VMRUN 2');
    expect(s.o.oops).toMatchObject([{ instruction: 'VMSAVE' }]);
  },
  // message 3; facts 12.6
  'message-3-online': (name) => {
    const s = look(name);
    expect(s.callbacks).toContain(`+kvm/cpu:online 2 ${EIO}`);
    expect(s.results['admin']).toEqual([0, EIO, -22]);
    expect(s.o.verdict.result).toBe('holds');
  },
  // tdx 4.3 E7
  'message-4-tdx-loaded': (name) => {
    const s = look(name);
    inOrder(s.callbacks, '+kvm/cpu:online 2', '+kvm/cpu/tdx:online 2 -95', '-kvm/cpu:online 2');
    expect(s.told.some((t) => t.startsWith('SEAMCALL: #GP') && t.endsWith(' 2'))).toBe(true);
    expect(s.results['admin']).toEqual([0, 0, -95]);
    expect(s.log.join('\n')).not.toContain('SEAMCALL');
  },
  // tdx 6.3
  'td-plain': (name) => {
    const s = look(name);
    const flush = s.fns.findIndex((fn) => fn.startsWith('tdx_flush_vp ') && fn !== 'tdx_flush_vp 2');
    expect(flush).toBeGreaterThan(-1);
    expect(s.fns.indexOf('tdx_vcpu_run 2')).toBeGreaterThan(flush);
    expect(s.o.verdict.result).toBe('seen');
  },
  // tdx 6.5
  'td-offline-online': (name) => {
    const s = look(name);
    inOrder(s.fns, 'tdx_disable_virtualization_cpu 2', 'VMXOFF 2', 'VMXON 2');
    expect(s.results['admin']).toEqual([1, 1, 0]);
    const fired = (time: number): number =>
      look(name, undefined, `fault cpu2 TDH_SYS_LP_INIT returns 0 time ${time}`).o.faults[0]!.fired;
    expect([fired(1), fired(2)]).toEqual([1, 0]);
  },
  // tdx 4.3 E7, 7.4
  'td-hotadd-no-td': (name) => {
    const s = look(name);
    expect(s.told.some((t) => t.startsWith('SEAMCALL: #GP') && t.endsWith(' 2'))).toBe(true);
    expect(s.log.join('\n')).not.toContain('SEAMCALL');
    expect(s.results['admin']).toEqual([0, -95, -22]);
  },
  // tdx 4.3 E7, 5 D1
  'td-hotadd-running': (name) => {
    expect(look(name).results['admin']).toEqual([0, -95, -22]);
    expect(look(name).o.vms).toMatchObject([{ dead: false }]);
    const s = look(name, 'td1-document');
    expect(s.results['admin']).toEqual([0, 1, 0]);
    expect(s.o.kvm_run[0]).toMatchObject({ cpu: 2, exit_reason: 17 });
  },
  // tdx 4.3 E7, 5 D3
  'td-first-after-bad': (name) => {
    expect(look(name).results['admin']).toEqual([0, -95]);
    expect(look(name, 'td3-usage-count').results['qemu2']).toEqual([0, 0, 0]);
    expect(look(name, 'td3-usage-count-scan').results['qemu2']).toEqual([EBUSY, -2, -3]);
  },
  // tdx 4.3 E7, E8
  'td-hotadd-without-kvm': (name) => {
    expect(look(name, 'v6.17').results['admin']).toEqual([0, 1]);
    expect(look(name).results['admin']).toEqual([0, -95]);
  },
  // tdx 6.5 (b), (c)
  'td-last-of-package': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([1, EBUSY]);
    expect(s.log.at(-1)).toContain('TDX requires all packages to have an online CPU.');
    expect(s.o.tasks.find((t) => t.vcpu)).toMatchObject({ cpu: 0 });
  },
  // tdx 6.2 steps 2, 4
  'td-package-gone': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1, 1, EIO, 1, 0]);
    expect(s.log).toContain('kvm_intel: All packages need to have online CPU to create TD. Online CPU and retry.');
    const fired = [0, 1, 2, 3].map(
      (cpu) => look(name, undefined, `fault cpu${cpu} TDH_MNG_KEY_CONFIG returns 0 once`).o.faults[0]!.fired,
    );
    expect(fired).toEqual([1, 0, 0, 1]);
  },
  // message 7; tdx 5 D3
  'message-7-while-running': (name) => {
    const s = look(name);
    expect(s.results['admin']).toEqual([0, 1, 0, -95]);
    const refused = s.told.filter((t) => t.startsWith('SEAMCALL: #GP')).map((t) => t.slice(-1));
    expect([...new Set(refused)]).toEqual(['2', '3']);
    expect(s.o.verdict.result).toBe('holds');
  },
  // message 7; tdx 5 D3, 2.1
  'message-7-first-td': (name) => {
    const s = look(name);
    expect(s.results['qemu']).toEqual([0, 0, 0]);
    expect(s.o.kvm_run[0]).toMatchObject({ task: 'td0.vcpu0', cpu: 2, exit_reason: 17 });
    expect(s.o.vms).toMatchObject([{ name: 'td0', dead: true }]);
  },
};

describe('what the look lines say', () => {
  it.each(gallery().map((g) => g.name))('%s', (name) => {
    expect(Object.keys(CLAIMS)).toContain(name);
    CLAIMS[name]!(name);
  });
});
