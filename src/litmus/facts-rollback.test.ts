/** A step that fails while its CPU is rolled back: facts 3.2, 3.4 RB1 and RB2, 3.5 RB3 and D11. */
import { describe, expect, it } from 'vitest';
import { load } from './load';
import { run } from '../machine/run';
import { ERR, play } from './testing/play';

const ALL = ['v5.10', 'v5.15', 'v6.1', 'v6.1.192', 'v6.3', 'v6.12', 'v6.17', 'v7.1', 'v7.3'];
const M = 'intel, cpus 3';
const THREAD = 'WARNING: kernel/cpu.c cpuhp_thread_fun';

describe.each(ALL)('%s', (kernel) => {
  it('RB2: a teardown that fails in the hotplug thread is warned of; what comes then nobody has told (facts 3.4 RB2 1)', () => {
    const text = ['litmus t', `kernel ${kernel}`, `machine ${M}`, 'admin: offline cpu2', '  online cpu2', 'fault cpu2 workqueue:online up returns -ENOMEM once', 'fault cpu2 smpboot/threads:online down returns -EIO time 2', '']; // prettier-ignore
    const loaded = load(text.join('\n'), 't.litmus');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    const r = run(loaded.program);
    expect(r.error?.message).toBe('a step fails while its CPU is rolled back: not modelled');
    expect([...r.history.effects.values()].flat().flatMap((e) => (e.kind === 'log' ? [e.text] : []))).toContain(THREAD);
  });

  it('RB2, RB3: what fails a second time goes the same way as the first time (facts 3.4 U7, 3.5 D3)', () => {
    for (const [way, fault] of [
      ['online', 'workqueue:online up'],
      ['offline', 'workqueue:online down'],
    ] as const) {
      const first = way === 'online' ? ['admin: offline cpu2', '  online cpu2'] : ['admin: offline cpu2'];
      const walk = (n: number): string[] =>
        play(kernel, M, ...first, ...Array<string>(n).fill(`  ${way} cpu2`), `fault cpu2 ${fault} returns -ENOMEM`).walk(2); // prettier-ignore
      const [once, twice] = [walk(0), walk(1)];
      const before = way === 'online' ? play(kernel, M, 'admin: offline cpu2').walk(2).length : 0;
      expect(once.length).toBeGreaterThan(before);
      expect(twice.slice(once.length)).toEqual(once.slice(before));
    }
  });

  it('RB3: a startup that fails while the CPU is brought back: it stops there, and can be taken down (facts 3.2, 3.5 RB3)', () => {
    const faults = ['fault cpu2 smpboot/threads:online down returns -EIO once', 'fault cpu2 workqueue:online up returns -ENOMEM once']; // prettier-ignore
    const p = play(kernel, M, 'admin: offline cpu2', ...faults);
    expect([p.results(), p.log]).toEqual([[ERR.IO], [THREAD]]);
    expect([p.value('cpuhp_state', 2), p.probe('online', 2), p.probe('active', 2)]).toEqual([p.number('CPUHP_AP_WORKQUEUE_ONLINE'), 1, 0]); // prettier-ignore
    expect(play(kernel, M, 'admin: offline cpu2', '  offline cpu2', '  online cpu2', ...faults).results()).toEqual([ERR.IO, 1, 1]); // prettier-ignore
  });
});

// 5.10 walks otherwise, and nothing of it that fails was captured (captures 5.10/s4)
describe.each(ALL.filter((k) => k !== 'v5.10'))('%s, steps that another CPU runs', (kernel) => {
  it('RB1: a PREPARE teardown that fails is only warned of; the errno is that of the online (facts 3.4 RB1)', () => {
    const faults = ['fault cpu2 timers:prepare up returns -ENOMEM once', 'fault cpu2 smpcfd:prepare down returns -EIO time 2']; // prettier-ignore
    const p = play(kernel, M, 'admin: offline cpu2', '  online cpu2', ...faults);
    expect(p.results()).toEqual([1, ERR.NOMEM]);
    expect(p.log.at(-1)).toBe('WARNING: kernel/cpu.c _cpu_up');
    // the step that failed is off, what is below it was not undone (facts 3.2)
    expect(p.value('cpuhp_state', 2)).toBe(p.number('CPUHP_SMPCFD_PREPARE') - 1);
  });

  it('D11: a teardown below cpu:teardown that fails is warned of (facts 3.5 D11)', () => {
    const p = play(kernel, M, 'admin: offline cpu2', 'fault cpu2 smpcfd:prepare down returns -EIO');
    expect([p.results(), p.log.at(-1), p.probe('online', 2)]).toEqual([[ERR.IO], 'DEAD callback error for CPU2', 0]);
  });
});

it('5.10: what fails on the way down in PREPARE was never captured, and a run says so (captures 5.10/s4)', () => {
  const text = ['litmus t', 'kernel v5.10', `machine ${M}`, 'admin: offline cpu2', 'fault cpu2 smpcfd:prepare down returns -EIO', '']; // prettier-ignore
  const loaded = load(text.join('\n'), 't.litmus');
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  expect(run(loaded.program).error?.message).toBe('5.10: a step that fails on the way down was never captured');
});
