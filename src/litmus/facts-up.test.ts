/** Errnos and lines before and around the walk of a CPU: facts 3.4 U1 to U9, 3.5 D8. */
import { describe, expect, it } from 'vitest';
import { ERR, play, type Played } from './testing/play';

const B1 = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192', 'v6.3'];
const B2 = ['v6.12', 'v6.17', 'v7.1', 'v7.3'];
const M = 'intel, cpus 3';

describe.each([...B1, ...B2])('%s, a write to `online`', (kernel) => {
  it('U1: 1 and 0 are words that it knows, any other is -EINVAL and moves nothing (facts 3.4 U1, 9.1)', () => {
    const p = play(kernel, M, 'admin: write_online cpu2 0', '  write_online cpu2 2', '  write_online cpu2 1', '  write_online cpu2 7'); // prettier-ignore
    expect([p.results(), p.probe('active', 2)]).toEqual([[1, ERR.INVAL, 1, ERR.INVAL], 1]);
  });

  it('U4: no node is known for the CPU: -ENODEV, no step runs, no line (facts 3.4 U4)', () => {
    const p = play(
      kernel,
      `${M} + 1 hot-addable`,
      'admin: hotadd cpu3',
      '  online cpu3',
      'hardware cpu3 node_unknown=1',
    );
    expect([p.results(), p.walk(3), p.probe('dev_online', 3)]).toEqual([[0, ERR.NODEV], [], 0]);
    expect(p.log.filter((l) => !l.includes('hot-added'))).toEqual([]);
    // a CPU that is up already is not asked (U3)
    expect(play(kernel, M, 'admin: online cpu2', 'hardware cpu2 node_unknown=1').results()).toEqual([1]);
  });

  it('U5: not in cpu_possible_mask: -EINVAL and the line (facts 3.4 U5)', () => {
    const p = play(kernel, `${M} + 1 hot-addable`, 'admin: hotadd cpu3', '  online cpu3', 'hardware cpu3 impossible=1');
    expect([p.results(), p.walk(3)]).toEqual([[0, ERR.INVAL], []]);
    expect(p.log.at(-1)).toBe("can't online cpu 3 because it is not configured as may-hotadd at boot time");
  });

  it('U5: the memory node of the CPU cannot be had: its errno, no step runs, a retry is possible (facts 3.4 U5)', () => {
    const p = play(kernel, M, 'admin: offline cpu2', '  online cpu2', '  online cpu2', 'fault cpu2 try_online_node returns -ENOMEM once'); // prettier-ignore
    expect(p.results()).toEqual([1, ERR.NOMEM, 1]);
    expect(p.walk(2).filter((s) => s.endsWith(String(ERR.NOMEM)))).toEqual([]);
  });
});

describe('U9: an APIC id that the kernel does not know (facts 3.4 U9-B2a)', () => {
  it.each(B2)('%s: cpu:kick_ap says -EINVAL and why', (kernel) => {
    const p = play(kernel, `${M} + 1 hot-addable`, 'admin: hotadd cpu3', '  online cpu3', 'hardware cpu3 apicid_present=0'); // prettier-ignore
    expect(p.results()).toEqual([0, ERR.INVAL]);
    expect(p.log.at(-1)).toBe('smpboot: CPU 3 APIC ID 3 is not present. Aborting bringup');
    expect(p.walk(3)).toContain(`+${p.number('CPUHP_BP_KICK_AP')} ${ERR.INVAL}`);
  });
});

describe('D8: tasks are left on a CPU that dies (facts 3.5 D8)', () => {
  const pinned = [0, 1, 2, 3].map((v) => `  affine a.vcpu${v} to cpu2`);
  const VM = ['q: modprobe kvm_intel', '  a = create vm, 4 vcpus', '  run a, halting', ...pinned];
  const WORDS = 'Dying CPU not properly vacated!';
  const left = (kernel: string, ...faults: string[]): Played => play(kernel, M, ...VM, '  offline cpu2', ...faults);

  it.each([...B1, ...B2])('%s: never, as long as sched:waitempty waits', (kernel) => {
    const p = left(kernel);
    expect([p.results('q').at(-1), p.log.includes(WORDS)]).toEqual([1, false]);
  });

  it.each([...B1, ...B2])('%s: warned of where nothing pushed them away, and the CPU goes all the same', (kernel) => {
    // neither of the two steps that empty the CPU does its work
    const p = left(kernel, 'fault cpu2 sched_cpu_deactivate returns 0', 'fault cpu2 sched_cpu_wait_empty returns 0');
    expect([p.results('q').at(-1), p.log.filter((l) => l === WORDS)]).toEqual([1, [WORDS]]);
  });
});
