/** How KVM is installed, enabled and disabled, era by era: rows of facts 3.6, 4.0 to 4.3 and 12.9 to 12.11. */
import { describe, expect, it } from 'vitest';
import { load } from './load';
import { run, type RunResult } from '../machine/run';
import { ERR, play, type Played } from './testing/play';
import { always, begun, replay, valueIn } from './testing/steps';

const E1 = ['v5.15', 'v6.1', 'v6.1.192'];
const E2 = ['v6.3'];
const E3 = ['v6.12', 'v6.12.117', 'v6.17', 'v7.1', 'v7.3'];
const M = 'intel, cpus 3';

/** Names of KVM's own hotplug steps that are installed. */
const installed = (p: Played): string[] => {
  // a step without a callback may not be armed (facts 9.1)
  const kvm = p.r.program.states.find((s) => s.name.startsWith('kvm/cpu:'))!;
  return p.value('cpuhp_fail', 1) === kvm.number ? [kvm.name] : [];
};
const arm = (kernel: string): string => `set_fail cpu1 ${E1.includes(kernel) ? 'kvm/cpu:starting' : 'kvm/cpu:online'}`;

describe('when the step is registered (facts 4.0, last column; 9.1)', () => {
  it.each(E1)('%s: from module load, and it is atomic: it cannot be armed', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', `  ${arm(kernel)}`, '  a = create vm', `  ${arm(kernel)}`);
    expect(p.results('q')).toEqual([0, ERR.INVAL, 0, ERR.INVAL]);
  });
  it.each(E2)('%s: from module load to its end', (kernel) => {
    const p = play(kernel, M, `q: ${arm(kernel)}`, '  modprobe kvm_intel', `  ${arm(kernel)}`);
    expect([p.results('q'), installed(p)]).toEqual([[ERR.INVAL, 0, 0], ['kvm/cpu:online']]);
    const gone = play(kernel, M, 'q: modprobe kvm_intel', '  rmmod kvm_intel', `  ${arm(kernel)}`);
    expect(gone.results('q')).toEqual([0, 0, ERR.INVAL]);
  });
  it.each(E3)('%s: while kvm_usage_count is above 0', (kernel) => {
    const lazy = 'q: modprobe kvm_intel enable_virt_at_load=0';
    const p = play(kernel, M, lazy, `  ${arm(kernel)}`, '  a = create vm', `  ${arm(kernel)}`, '  clear_fail cpu1', '  destroy a', `  ${arm(kernel)}`); // prettier-ignore
    expect(p.results('q')).toEqual([0, ERR.INVAL, 0, 0, 0, 0, ERR.INVAL]);
    expect(play(kernel, M, 'q: modprobe kvm_intel', `  ${arm(kernel)}`).results('q')).toEqual([0, 0]);
  });
});

describe('an armed step of KVM (facts 6.3 row "armed `fail`", 3.2)', () => {
  it.each([...E2, ...E3])('%s: -EAGAIN, not -EIO; KVM is not asked, and a retry succeeds', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm', '  offline cpu1', `  ${arm(kernel)}`, '  online cpu1', '  online cpu1'); // prettier-ignore
    expect(p.results('q')).toEqual([0, 0, 1, 0, ERR.AGAIN, 1]);
    expect(p.log.join()).not.toContain('enabling virtualization');
  });
  it.each(E3)('%s: when the state is removed it is a BUG (facts 3.6, corner)', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', `  ${arm(kernel)}`, '  rmmod kvm_intel');
    expect(p.results('q')).toEqual([0, 0, null]);
    const oops = [...p.r.history.effects.values()].flat().filter((e) => e.kind === 'oops');
    expect(oops.map((o) => o.where)).toEqual(['kernel/cpu.c']);
    // which line of the file it is the facts do not tell
    expect(p.log.filter((l) => l.startsWith('kernel BUG at kernel/cpu.c'))).toHaveLength(1);
  });
});

/** Which CPUs enable at the first VM: "cpu, who runs it there", in order. */
function enables(kernel: string): string[] {
  const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm');
  return begun(p.r, 0).concat(begun(p.r, 1), begun(p.r, 2)).filter((b) => b.name.startsWith('kvm/cpu:')).map((b) => `${b.on} ${b.kind} ${b.irqOff ? 'irq off' : 'irq on'}`); // prettier-ignore
}

describe('kvm_usage_count 0 -> 1: who enables (facts 12.9)', () => {
  const sent = (r: RunResult, name: string): number[] =>
    [...r.history.effects.values()].flat().flatMap((e) => (e.kind === 'send' && e.name === name ? [e.to] : []));

  it.each([...E1, ...E2])('%s: every online CPU in parallel, by an interrupt; no callback runs', (kernel) => {
    const p = play(kernel, 'intel, cpus 3 + 1 hot-addable', 'q: modprobe kvm_intel', '  a = create vm');
    expect(sent(p.r, 'hardware_enable_nolock').sort()).toEqual([1, 2]);
    expect(enables(kernel)).toEqual([]);
    // 1 -> 0 the same way
    const gone = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm', '  destroy a');
    expect(sent(gone.r, 'hardware_disable_nolock').sort()).toEqual([1, 2]);
  });

  it.each(E3)('%s: one CPU after another, in its hotplug thread, interrupts on', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm', '  destroy a', '  rmmod kvm_intel');
    expect(enables(kernel)).toEqual(['0 percpu irq on', '1 percpu irq on', '2 percpu irq on']);
    const order: string[] = [];
    replay(p.r, (effects) => {
      for (const e of effects)
        if (e.kind === 'callback') order.push(`${e.begin ? '' : 'end '}${e.up ? '+' : '-'}${e.cpu}`);
    });
    expect(order).toEqual(['+', '-'].flatMap((way) => [0, 1, 2].flatMap((c) => [`${way}${c}`, `end ${way}${c}`])));
  });

  it.each(E3)('%s: with the default a VM enables nothing: usage 1 -> 2 (facts 4.3b)', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm');
    expect(p.value('kvm_usage_count')).toBe(2);
    expect(p.walk(1)).toHaveLength(1);
  });
});

describe('an install takes the CPUs that are past the state (facts 3.6)', () => {
  it.each(E3)('%s: one that is offline is passed over, and gets it when it comes', (kernel) => {
    const p = play(kernel, M, 'q: offline cpu1', '  modprobe kvm_intel', '  online cpu1');
    expect(p.results('q')).toEqual([1, 0, 1]);
    const kvm = p.number('CPUHP_AP_KVM_ONLINE');
    expect([0, 1, 2].map((c) => p.walk(c).filter((s) => s === `+${kvm}`).length)).toEqual([1, 1, 1]);
    expect([0, 1, 2].map((c) => p.probe('virt_on', c))).toEqual([1, 1, 1]);
  });
});

describe('whether a CPU can come while virtualization is being enabled (facts 3.6, 4.1b3, 4.2b, 10 row R5)', () => {
  const LINES = ['q: modprobe kvm_intel', '  a = create vm', 'admin: offline cpu1', '       online cpu1', '       offline cpu2', '       online cpu2']; // prettier-ignore

  /** Enabling for the first VM, or for the module, while the caller or anybody holds the hotplug lock. */
  function locked(kernel: string): { with: number; without: number } {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm');
    const lock = p.r.program.locks.find((l) => l.name === 'cpu_hotplug_lock')!.cell;
    const seen = { with: 0, without: 0 };
    always(p.r, (m) => {
      if ([0, 1, 2].some((c) => valueIn(m, 'virt_phase', c) === 1)) seen[m.s[lock] !== 0 ? 'with' : 'without']++;
    });
    return seen;
  }

  it.each(E1)('%s: it can: nobody holds the hotplug lock', (kernel) => {
    expect(locked(kernel)).toMatchObject({ with: 0 });
  });

  it.each([...E2, ...E3])('%s: it cannot: the hotplug lock is held for reading throughout', (kernel) => {
    expect(locked(kernel)).toMatchObject({ without: 0 });
    expect(locked(kernel).with).toBeGreaterThan(0);
  });

  it.each([...E2, ...E3])('%s: under ten schedules every active CPU has it on beside a VM (facts 12.2)', (kernel) => {
    const loaded = load(['litmus t', `kernel ${kernel}`, `machine ${M}`, ...LINES, ''].join('\n'), 't.litmus');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    for (let seed = 1; seed <= 10; seed++) {
      const r = run(loaded.program, { seed });
      expect([seed, r.error]).toEqual([seed, null]);
      expect([0, 1, 2].map((c) => [seed, r.machine.probe('active', c), r.machine.probe('virt_on', c)])).toEqual(Array(3).fill([seed, 1, 1])); // prettier-ignore
    }
  });
});

describe('the module loads while CPUs come and go (facts 4.1a "Races")', () => {
  const seen = (kernel: string, question: string, ...lines: string[]): boolean =>
    play(kernel, M, ...lines, `exists ${question}`).r.witness >= 0;

  it('R4: up to 6.2 /dev/kvm is there before suspend and resume are told of it; from 6.3 on it comes last', () => {
    const window = (kernel: string): boolean =>
      seen(kernel, 'kvm_loaded and not kvm_syscore_registered', 'q: modprobe kvm_intel');
    expect([...E1, ...E2, ...E3].map(window)).toEqual([true, true, true, ...Array(E2.length + E3.length).fill(false)]);
  });

  it.each(E1)('%s: R2, R3: a CPU that was offline then is never checked', (kernel) => {
    const p = play(kernel, M, 'q: offline cpu2', '  modprobe kvm_intel', '  a = create vm', '  online cpu2', 'hardware cpu2 cr4_rsvd_differ=1'); // prettier-ignore
    expect([p.results('q'), p.probe('virt_on', 2)]).toEqual([[1, 0, 0, 1], 1]);
  });

  it.each(E2)('%s: each enable checks it: the first VM is refused until it is offline again (facts 4.2c)', (kernel) => {
    const p = play(kernel, M, 'q: offline cpu2', '  modprobe kvm_intel', '  online cpu2', '  a = create vm', '  offline cpu2', '  b = create vm', 'hardware cpu2 cr4_rsvd_differ=1'); // prettier-ignore
    expect(p.results('q')).toEqual([1, 0, 1, ERR.BUSY, 1, 0]);
  });

  it.each(E3)('%s: it cannot come online at all while the module is loaded (facts 4.3c)', (kernel) => {
    const p = play(kernel, M, 'q: offline cpu2', '  modprobe kvm_intel', '  online cpu2', '  a = create vm', '  rmmod kvm_intel', '  destroy a', '  rmmod kvm_intel', '  online cpu2', 'hardware cpu2 cr4_rsvd_differ=1'); // prettier-ignore
    expect(p.results('q')).toEqual([1, 0, ERR.IO, 0, ERR.AGAIN, 0, 0, 1]);
  });
});

describe('what the hook of a CPU looks at (facts 12.10, 12.11, 4.1d)', () => {
  it.each([...E1, ...E2])('%s: with no VM it switches nothing', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  offline cpu2', '  online cpu2');
    expect([p.results('q'), p.probe('virt_on', 2)]).toEqual([[0, 1, 1], 0]);
  });
  it.each(E3)('%s: that it is called is enough', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  offline cpu2', '  online cpu2');
    expect([p.results('q'), p.probe('virt_on', 2)]).toEqual([[0, 1, 1], 1]);
  });
  it.each(E1)('%s: a CPU that never was enabled is left alone on its way down', (kernel) => {
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm', '  offline cpu2', '  online cpu2', '  offline cpu2', 'fault cpu2 vmx_hardware_enable returns -EIO time 2'); // prettier-ignore
    expect(p.results('q')).toEqual([0, 0, 1, 1, 1]);
    expect([...p.r.history.effects.values()].flat().filter((e) => e.kind === 'oops')).toEqual([]);
  });
  it.each([...E1, ...E2, ...E3])('%s: a CPU that is on is not switched on again', (kernel) => {
    // the second VMXON would find CR4.VMXE set: -EBUSY (facts 6.1 row 7)
    const p = play(kernel, M, 'q: modprobe kvm_intel', '  a = create vm', '  b = create vm', '  destroy a', '  c = create vm'); // prettier-ignore
    expect([p.results('q'), p.log]).toEqual([[0, 0, 0, 0, 0], []]);
  });
});

describe('locks (facts 12.13, 4.1b2, 4.2b, 4.3b)', () => {
  /** Locks that are held while some CPU is being switched on: at the first VM or the load, and at an online beside a VM. */
  function held(kernel: string, ...lines: string[]): Set<string> {
    const p = play(kernel, M, ...lines);
    const out = new Set<string>();
    let from = lines.length > 2;
    always(p.r, (m) => {
      if (valueIn(m, 'cpuhp_state', 2) === 0) from = false;
      const switching = [0, 1, 2].some((c) => valueIn(m, 'virt_phase', c) === 1);
      if (switching && !from) for (const l of p.r.program.locks) if (m.s[l.cell] !== 0) out.add(l.name);
    });
    return out;
  }
  const first = ['q: modprobe kvm_intel', '  a = create vm'];
  const online = [...first, '  offline cpu2', '  online cpu2'];

  it.each(E1)('%s: kvm_count_lock, here and there', (kernel) => {
    expect(held(kernel, ...first)).toContain('kvm_count_lock');
    expect(held(kernel, ...online)).toContain('kvm_count_lock');
  });
  it.each(E2)('%s: kvm_lock inside of cpu_hotplug_lock, here and there', (kernel) => {
    for (const lines of [first, online]) {
      expect(held(kernel, ...lines)).toContain('kvm_lock');
      expect(held(kernel, ...lines)).toContain('cpu_hotplug_lock');
    }
  });
  it.each(E3)('%s: kvm_usage_lock outside of cpu_hotplug_lock; a hotplug callback takes no lock of KVM', (kernel) => {
    expect(held(kernel, ...first)).toContain('kvm_usage_lock');
    const there = held(kernel, ...online);
    expect(there).not.toContain('kvm_usage_lock');
    expect(there).not.toContain('kvm_lock');
    expect(there).toContain('cpu_hotplug_lock');
  });
});
