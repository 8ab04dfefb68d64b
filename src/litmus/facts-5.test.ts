/** How a vCPU gets onto a CPU, and what a death there leaves: facts 5.1, 5.2, 5.6, 12.3 to 12.5; who is asked at rmmod: 4.1e, 4.2. */
import { describe, expect, it } from 'vitest';
import { Head, Run } from '../language/program';
import { run } from '../machine/run';
import { load } from './load';
import { ERR, play, type Played } from './testing/play';
import { always, valueIn } from './testing/steps';

const E1 = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192'];
const ALL = [...E1, 'v6.3', 'v6.12', 'v6.17', 'v7.1', 'v7.3'];
const M = 'cpus 3';

/** Function of the innermost frame of each step, with its CPU, in order. */
const fns = ({ r }: Played): string[] =>
  Array.from({ length: r.history.length }, (_, i) => {
    const { kind, pc, cpu } = r.history.step(i);
    return kind === 'step' ? `${r.program.frames[r.program.code[pc]!.frame]?.fn ?? ''} ${cpu}` : '';
  });
const effects = (p: Played) => [...p.r.history.effects.values()].flat();
const oopses = (p: Played): string[] => effects(p).flatMap((e) => (e.kind === 'oops' ? [`${e.instruction} on CPU ${e.cpu}`] : [])); // prettier-ignore
const sent = (p: Played): string[] => effects(p).flatMap((e) => (e.kind === 'send' ? [`${e.name} ${e.to}`] : []));

/** Time for a vCPU to be where it was sent: another CPU goes and comes. */
const PAUSE = ['  offline cpu2', '  online cpu2'];
const on1 = (vendor: string): string[] => [`q: modprobe kvm_${vendor}`, '  a = create vm', '  run a, spinning', '  affine a.vcpu0 to cpu1', ...PAUSE]; // prettier-ignore
/** A vCPU runs on CPU 1, and then on CPU 2. */
const moves = (kernel: string, vendor: string): Played =>
  play(kernel, `${vendor}, ${M}`, ...on1(vendor), '  affine a.vcpu0 to cpu2', '  offline cpu1', '  online cpu1');

describe.each(ALL)('%s, Intel: a VMCS goes from CPU to CPU (facts 5.2)', (kernel) => {
  const p = moves(kernel, 'intel');

  it('V3: by an interrupt on the CPU that has it, which clears it there', () => {
    expect(sent(p)).toContain('__loaded_vmcs_clear 1');
    const steps = fns(p);
    expect(steps.lastIndexOf('VMCLEAR 1')).toBeLessThan(steps.lastIndexOf('VMPTRLD 2'));
    expect(steps.lastIndexOf('VMCLEAR 1')).toBeGreaterThan(0);
    expect([p.value('loaded_vmcs_cpu'), p.value('loaded_vmcs_list'), p.value('current_vmcs', 2), p.value('vmcs_pointer', 2)]).toEqual([2, 2, 0, 0]); // prettier-ignore
    expect([p.value('current_vmcs', 1), p.value('vmcs_pointer', 1)]).toEqual([-1, -1]);
  });

  it('V5 before V6: VMPTRLD, then VMWRITE', () => {
    const steps = fns(p);
    expect(steps.indexOf('VMPTRLD 2')).toBeGreaterThan(0);
    expect(steps.indexOf('VMPTRLD 2')).toBeLessThan(steps.indexOf('VMWRITE 2'));
  });

  it('V3: a CPU that has gone offline has cleared it by itself: nobody is called', () => {
    const lines = [...on1('intel'), '  stop a'];
    const clears = (t: Played): number => sent(t).filter((s) => s.startsWith('__loaded_vmcs_clear')).length;
    // stopped on CPU 1, it runs again elsewhere
    const there = play(
      kernel,
      `intel, ${M}`,
      ...lines,
      '  run a, spinning',
      '  affine a.vcpu0 to cpu2',
      '  offline cpu0',
    );
    const gone = play(
      kernel,
      `intel, ${M}`,
      ...lines,
      '  offline cpu1',
      '  run a, spinning',
      '  affine a.vcpu0 to cpu2',
    );
    const before = play(kernel, `intel, ${M}`, ...lines);
    expect(before.value('loaded_vmcs_cpu')).toBe(1);
    expect([gone.results('q').at(-3), gone.value('loaded_vmcs_list') === 1]).toEqual([1, false]);
    expect(clears(there)).toBeGreaterThan(clears(before));
    // the one call is that from CPU 0 to CPU 2, if it began there
    expect(
      sent(gone)
        .slice(sent(before).length)
        .filter((s) => s.endsWith('_clear 1')),
    ).toEqual([]);
  });

  it('the shortcut: a vCPU that comes back to the CPU where it is current executes nothing', () => {
    const steps = fns(p);
    // it has entered its guest there more than once
    expect(steps.filter((s) => s === 'VMRESUME 2').length).toBeGreaterThan(1);
    expect(steps.filter((s) => s === 'VMPTRLD 2')).toHaveLength(1);
  });
});

describe.each(ALL)('%s: a load (facts 5.1 P1, P2; 12.3)', (kernel) => {
  it.each(['intel', 'amd'])(
    'on %s: preemption is off and interrupts are on; no guest is entered before it',
    (vendor) => {
      const p = moves(kernel, vendor);
      let loads = 0;
      let inGuest = 0;
      const x = p.r.program.contexts.findIndex((c) => c.name === 'a.vcpu0');
      let last = -1;
      always(p.r, (m) => {
        const loaded = valueIn(m, 'vcpu_loaded', 0);
        if (loaded !== last && loaded >= 0) {
          expect(m.head(x, Head.irqOff)).toBe(0);
          // on AMD nothing comes between this and the end of the notifier: it is one step
          if (vendor === 'intel') expect(m.head(x, Head.preempt)).toBeGreaterThan(0);
          loads++;
        }
        last = loaded;
        for (let c = 0; c < 3; c++) {
          if (m.probe('in_guest_on', 0, c) !== 1) continue;
          inGuest++;
          expect([m.probe('loaded', 0, c), m.probe('virt_on', c)]).toEqual([1, 1]);
          if (vendor === 'intel') expect(valueIn(m, 'vmcs_pointer', c)).toBe(0);
        }
      });
      expect([loads > 1, inGuest > 0]).toEqual([true, true]);
    },
  );
});

describe.each(E1)('%s: what remains of a vCPU thread that died (facts 5.6, 12.4)', (kernel) => {
  const died = (vendor: string, ...more: string[]): Played =>
    play(kernel, `${vendor}, ${M}`, `q: modprobe kvm_${vendor}`, '  a = create vm, 2 vcpus', '  b = create vm', '  run a, halting', '  run b, halting', 'admin: offline cpu2 after run b', '  online cpu2', '  affine a.vcpu0 to cpu2', ...more, 'fault cpu2 kvm_arch_hardware_enable returns -EIO time 2'); // prettier-ignore

  it('Intel: the VMCS is on the list of the bad CPU and current there, and loaded nowhere; vcpu->mutex is held', () => {
    const p = died('intel');
    expect(oopses(p)).toEqual(['VMPTRLD on CPU 2']);
    expect([p.value('loaded_vmcs_list'), p.value('current_vmcs', 2), p.value('loaded_vmcs_cpu'), p.value('vcpu_mutex')]).toEqual([2, 0, -1, 1]); // prettier-ignore
  });

  it.each(['intel', 'amd'])(
    '%s: one thread is dead; the other vCPU and the other VM go on, and so does the CPU',
    (vendor) => {
      const p = died(vendor);
      const dead = p.r.program.contexts.flatMap((c, x) => (p.r.machine.head(x, Head.run) === Run.dead ? [c.name] : []));
      expect(oopses(p)).toHaveLength(1);
      const alive = p.r.program.contexts.flatMap((c, x) => (c.vcpu >= 0 && !dead.includes(c.name) && p.r.machine.head(x, Head.run) !== Run.none ? [c.name] : [])); // prettier-ignore
      expect(alive).toEqual(expect.arrayContaining(['a.vcpu1', 'b.vcpu0']));
      expect([p.probe('active', 2), p.probe('vm_is_dead', 0)]).toEqual([1, 0]);
    },
  );

  it('the thread is gone: its affinity can no longer be set, -ESRCH (facts 5.6)', () => {
    // the other CPU comes and goes first, so that it has died by then
    const pause = ['  offline cpu1', '  online cpu1'];
    const p = died('intel', ...pause, ...pause, ...pause, ...pause, '  affine a.vcpu0 to cpu0');
    expect([oopses(p).length, p.results().at(-1)]).toEqual([1, -3]);
  });

  it.each(['intel', 'amd'])('%s: each further thread that is put there dies, of any VM', (vendor) => {
    const p = died(vendor, '  affine a.vcpu1 to cpu2', '  affine b.vcpu0 to cpu2');
    expect(oopses(p)).toHaveLength(3);
    expect(oopses(p).every((o) => o.endsWith('CPU 2'))).toBe(true);
  });
});

describe.each(ALL)('%s: what a write of 1 to `online` can come to (facts 12.5)', (kernel) => {
  const early = E1.includes(kernel);
  const wake = (fault: string): number | null =>
    play(kernel, `intel, ${M}`, 'q: modprobe kvm_intel', '  a = create vm', '  offline cpu2', '  online cpu2', fault).results('q').at(-1)!; // prettier-ignore

  it.each(['-EIO', '-EBUSY', '-EFAULT'])('an enable that fails with %s: 1 up to 6.2, then always -EIO', (errno) => {
    expect(wake(`fault cpu2 kvm_arch_hardware_enable returns ${errno} time 2`)).toBe(early ? 1 : ERR.IO);
  });
  it('another step that fails: its own errno', () => {
    expect(wake('fault cpu2 workqueue:online up returns -ENOMEM')).toBe(ERR.NOMEM);
  });
});

describe('rmmod (facts 4.1e, 4.2)', () => {
  const asked = (kernel: string): string[] =>
    sent(play(kernel, `intel, ${M}`, 'q: modprobe kvm_intel', '  rmmod kvm_intel')).filter((s) =>
      s.includes('disable'),
    );
  it.each(E1)('%s: every other CPU is asked to switch off, though none is on', (kernel) => {
    expect(asked(kernel).sort()).toEqual(['hardware_disable_nolock 1', 'hardware_disable_nolock 2']);
  });
  it('v6.3: nobody is asked (667a83bf6a30)', () => {
    expect(asked('v6.3')).toEqual([]);
  });
});

describe('the check of an enable, asked of a CPU that is not online (facts 4.2b)', () => {
  it.each(['v6.3', 'v6.12', 'v7.3'])('%s: a warning', (kernel) => {
    const own = `kernel own over ${kernel}\naction check(cpu) "model" { return kvm_x86_check_processor_compatibility(cpu) }\n`;
    const warned = (cpu: number): boolean => {
      const text = `litmus t\nkernel own\nmachine intel, ${M}\nq: offline cpu2\n  check cpu${cpu}\n`;
      const loaded = load(text, 't.litmus', { edited: [{ file: 'own.kern', source: own }] });
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
      return [...run(loaded.program).history.effects.values()].flat().some((e) => e.kind === 'log' && e.text === 'WARNING: arch/x86/kvm/x86.c kvm_x86_check_processor_compatibility'); // prettier-ignore
    };
    expect([warned(2), warned(1)]).toEqual([true, false]);
  });
});
