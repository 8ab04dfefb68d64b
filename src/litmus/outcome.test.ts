import { describe, expect, it } from 'vitest';
import { run, type RunOptions } from '../machine/run';
import { galleryText } from './gallery';
import { load } from './load';
import { outcomeOf, sentence, type Outcome } from './outcome';

const KEVIN = galleryText('kevin-2021-11-30')!;
const FAULT = 'fault   cpu4 kvm_arch_hardware_enable returns -EIO';

function outcome(text: string, options: RunOptions = {}, kernel?: string, patch?: string): Outcome {
  const loaded = load(text, 'test.litmus', {
    ...(kernel === undefined ? {} : { kernel }),
    ...(patch === undefined ? {} : { edited: [{ file: 'test.kern', source: patch }] }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return outcomeOf(run(loaded.program, options), loaded.litmus, options.seed);
}

/** The whole sentence as lines: tone, headline, details. */
const said = (o: Outcome): string[] => {
  const s = sentence(o);
  return [`${s.tone}: ${s.headline}`, ...s.details];
};

describe('every schedule of these texts comes to the same', () => {
  it.each(['kevin-2021-11-30', 'debian-6.1-s2', 'debian-6.1-v2'])('%s, 50 seeds', (name) => {
    const loaded = load(galleryText(name)!, name);
    if (!loaded.ok) throw new Error('does not load');
    const plain = outcomeOf(run(loaded.program), loaded.litmus);
    for (let seed = 1; seed <= 50; seed++) {
      const o = outcomeOf(run(loaded.program, { seed }), loaded.litmus, seed);
      expect([seed, o.end, o.error, o.panic, o.hung]).toEqual([seed, 'quiet', null, null, []]);
      expect([seed, sentence(o)]).toEqual([seed, sentence(plain)]);
      expect(o.oops.map(({ time_us: _t, step: _s, ...rest }) => rest)).toEqual(
        plain.oops.map(({ time_us: _t, step: _s, ...rest }) => rest),
      );
      expect(o.returns.map((r) => r.result)).toEqual(plain.returns.map((r) => r.result));
    }
  });
});

describe('the sentence says what the run shows', () => {
  const without = KEVIN.replace(FAULT, '');
  const faulty = (fault: string): string => KEVIN.replace(FAULT, fault);
  const refused = (headline: string): string[] => [
    `fail: The online write of cpu4 returns ${headline}`,
    'CPU 4 is offline',
    'admin: affine vm0.vcpu0 to cpu4 returns -EINVAL',
    'vm0.vcpu0 runs on CPU 1, vm0.vcpu1 runs on CPU 2; no oops',
  ];

  it.each<[string, string, string[]]>([
    [
      'the question of 2021',
      KEVIN,
      [
        'oops: vm0.vcpu0 on CPU 4: #UD at VMPTRLD in vmx_vcpu_load_vmcs, BUG in kvm_spurious_fault',
        'the online write of cpu4 had succeeded (returned 1)',
        'the enable had failed on CPU 4 and nobody was told',
        'KVM_RUN never returns',
        'vm0 is never destroyed, since the dead thread keeps a reference: the module stays in use',
        'the host lives',
      ],
    ],
    ['no fault', without, ['ok: vm0.vcpu0 runs on CPU 4; no oops', 'CPU 4 is online and active']],
    [
      'an enable that lies',
      KEVIN.replace('returns -EIO', 'returns 0'),
      [
        'oops: vm0.vcpu0 on CPU 4: #UD at VMPTRLD in vmx_vcpu_load_vmcs, BUG in kvm_spurious_fault',
        'the online write of cpu4 had succeeded (returned 1)',
        'the enable on CPU 4 had reported success, and virtualization was off',
        'KVM_RUN never returns',
        'vm0 is never destroyed, since the dead thread keeps a reference: the module stays in use',
        'the host lives',
      ],
    ],
    [
      'nobody goes there',
      KEVIN.replace(/ +affine .*\n/, ''),
      ['fail: CPU 4 is online without virtualization: the enable failed; its online write had succeeded', 'no oops'],
    ],
    [
      'a PREPARE state',
      faulty('fault cpu4 timers:prepare returns -ENOMEM'),
      refused('-ENOMEM: timers:prepare (state 67) failed'),
    ],
    [
      'the first state',
      faulty('fault cpu4 threads:prepare returns -ENOMEM'),
      refused('-ENOMEM: threads:prepare (state 1) failed'),
    ],
    [
      'an ONLINE state',
      faulty('fault cpu4 workqueue:online returns -ENOMEM'),
      refused('-ENOMEM: workqueue:online (state 189) failed'),
    ],
    ['the bring-up', faulty('fault cpu4 cpu:bringup returns -EIO'), refused('-EIO: cpu:bringup (state 90) failed')],
    [
      'a STARTING state, which ends the section',
      faulty('fault cpu4 sched:starting returns -EINVAL'),
      [
        'oops: vm0.vcpu0 on CPU 4: #UD at VMPTRLD in vmx_vcpu_load_vmcs, BUG in kvm_spurious_fault',
        'the online write of cpu4 had succeeded (returned 1)',
        'virtualization was off on CPU 4, and no enable had failed there',
        'KVM_RUN never returns',
        'vm0 is never destroyed, since the dead thread keeps a reference: the module stays in use',
        'the host lives',
        'sched:starting (state 93) failed on CPU 4 (-EINVAL) and nobody was told',
      ],
    ],
    [
      'the first VM',
      KEVIN.replace('fault   cpu4', 'fault   cpu2'),
      [
        'fail: KVM_CREATE_VM of vm0 returns -EBUSY: the enable failed on CPU 2',
        'qemu: run vm0 returns -ENOENT',
        'admin: affine vm0.vcpu0 to cpu4 returns -ESRCH',
        'no oops',
      ],
    ],
    [
      'the wrong module',
      without.replace('kvm_intel', 'kvm_amd').replace(/ +affine .*\n/, ''),
      [
        'fail: qemu: modprobe kvm_amd returns -EOPNOTSUPP',
        'KVM_CREATE_VM of vm0 returns -ENOENT',
        'qemu: run vm0 returns -ENOENT',
        'no oops',
      ],
    ],
    [
      'a module in use',
      without.replace('affine vm0.vcpu0 to cpu4', 'rmmod kvm_intel'),
      ['fail: admin: rmmod kvm_intel returns -EAGAIN', 'vm0.vcpu0 runs on CPU 1, vm0.vcpu1 runs on CPU 2; no oops'],
    ],
    [
      'a CPU that is taken off again',
      without.replace('to cpu4', 'to cpu4\n        offline cpu4'),
      [
        'ok: vm0.vcpu0 runs on CPU 0; no oops',
        'CPU 4 is offline',
        'vm0.vcpu0 lost its affinity when it had to leave CPU 4',
      ],
    ],
    [
      'the last CPU',
      'litmus x\nkernel v5.15\nmachine intel, cpus 2\nadmin: offline cpu0\n       offline cpu1\n',
      ['fail: The offline write of cpu1 returns -EBUSY', 'CPU 1 is online and active', 'no oops'],
    ],
    [
      'a CPU that is not there',
      KEVIN.replace('hotadd cpu4\n        ', ''),
      [
        'fail: The online write of cpu4 returns -ENOENT',
        'CPU 4 is not present',
        'admin: affine vm0.vcpu0 to cpu4 returns -EINVAL',
        '"fault cpu4 kvm_arch_hardware_enable returns -EIO" never fired',
        'vm0.vcpu0 runs on CPU 1, vm0.vcpu1 runs on CPU 2; no oops',
      ],
    ],
    [
      'two that wait for each other',
      'litmus x\nkernel v6.1\nmachine intel, cpus 2\na: offline cpu1 after online cpu1\nb: online cpu1 after offline cpu1\n',
      [
        'fail: a: offline cpu1 never begins: a waits for "b: online cpu1"; b waits for "a: offline cpu1"; so none of them goes on',
        'b: online cpu1 never begins: b waits for "a: offline cpu1"; a waits for "b: online cpu1"; so none of them goes on',
        'no oops',
      ],
    ],
    [
      'a stopper that dies',
      KEVIN.replace('kvm_arch_hardware_enable returns -EIO', 'vmx_hardware_enable returns 0').replace(
        'affine vm0.vcpu0 to cpu4',
        'offline cpu4',
      ),
      [
        'oops: migration/4 on CPU 4: #UD at VMXOFF in vmx_hardware_disable, BUG in kvm_spurious_fault; all CPUs stand still for it: the host hangs',
        'the online write of cpu4 had succeeded (returned 1)',
        'the enable on CPU 4 had reported success, and virtualization was off',
      ],
    ],
    [
      'nothing to do',
      'litmus x\nkernel v5.15\nmachine intel, cpus 2\n',
      ['ok: Nothing happens: the text has no actions'],
    ],
  ])('%s', (_, text, lines) => {
    expect(said(outcome(text))).toEqual(lines);
  });

  it('a broken question has a word, also where all went well', () => {
    const o = outcome('litmus x\nkernel v5.15\nmachine intel, cpus 2\nadmin: offline cpu1\nnever not online(1)\n');
    expect(said(o)).toEqual(['fail: CPU 1 is offline; no oops', 'never not online(1): broken']);
  });

  it('a cut run does not tell', () => {
    const o = outcome(KEVIN, { maxSteps: 60 });
    expect(sentence(o)).toMatchObject({ headline: 'Not finished after 60 steps; no oops so far', tone: 'unknown' });
    expect(o.verdict).toMatchObject({ result: 'none', step: -1 });
    expect(o.hung).toEqual([]);
  });

  it('a text that sleeps where it must not is at fault itself', () => {
    const o = outcome(
      KEVIN,
      {},
      'sleepy',
      'proposal sleepy over v5.15\nreplace fn kvm_starting_cpu(cpu) {\n  await cpu in cpu_active_mask\n  return 0\n}\n',
    );
    expect(o.error?.place).toEqual({ file: 'test.kern', line: 3, column: 3, length: 5 });
    expect(sentence(o).tone).toBe('unknown');
    expect(sentence(o).headline).toMatch(/^The kernel text does what no machine can: swapper\/4 would sleep/);
  });
});

describe('who hangs', () => {
  const BIG_LOCK = `proposal big-lock over v5.15
replace fn kvm_arch_vcpu_ioctl_run(vcpu) {
  lock kvm_lock
  vcpu_load(vcpu)
  vcpu_run(vcpu)
  vcpu_put(vcpu)
  unlock kvm_lock
}
`;
  const text = KEVIN.replace('2 vcpus', '1 vcpu').replace(
    FAULT,
    `ops:    vm1 = create vm, 1 vcpu after affine vm0.vcpu0
        run vm1
bob:    offline cpu4 after create vm1
${FAULT}`,
  );

  it('waits for a lock whose holder is dead, and others wait for it', () => {
    const o = outcome(text, {}, 'big-lock', BIG_LOCK);
    expect(o.hung).toMatchObject([
      {
        task: 'ops',
        waits: 'lock',
        lock: 'kvm_lock',
        holder: 'vm0.vcpu0',
        holder_dead: true,
        function: 'kvm_create_vm',
      },
      { task: 'bob', waits: 'action', on: ['ops: vm1 = create vm, 1 vcpu'], holder: 'ops', holder_dead: false },
    ]);
    expect(said(o).slice(5)).toEqual([
      'the host lives, but not all of it:',
      'ops: vm1 = create vm, 1 vcpu never returns: ops waits in kvm_create_vm for kvm_lock, held by vm0.vcpu0, which is dead',
      'bob: offline cpu4 never begins: bob waits for "ops: vm1 = create vm, 1 vcpu"; ops waits in kvm_create_vm for kvm_lock, held by vm0.vcpu0, which is dead',
    ]);
  });

  it('is nobody where kthreads wait for work', () => {
    expect(outcome(KEVIN.replace(FAULT, '')).hung).toEqual([]);
  });
});

describe('the data', () => {
  const o = outcome(KEVIN);

  it('is plain: it survives JSON', () => {
    expect(JSON.parse(JSON.stringify(o))).toEqual(o);
  });

  it('points at steps: returns and log lines ascend, the oops breaks the question', () => {
    const steps = o.returns.map((r) => [r.began, r.step] as const);
    for (const [began, step] of steps) expect(step).toBeGreaterThan(began);
    expect(o.log.map((l) => l.step)).toEqual([...o.log.map((l) => l.step)].sort((a, b) => a - b));
    expect(o.verdict.step).toBe(o.oops[0]!.step);
  });

  it('asks about the past without leaving a trace in the machine', () => {
    const loaded = load(KEVIN, 'test.litmus');
    if (!loaded.ok) throw new Error('does not load');
    const result = run(loaded.program);
    const before = result.machine.s.slice(0, loaded.program.width);
    outcomeOf(result, loaded.litmus);
    expect(result.machine.s.slice(0, loaded.program.width)).toEqual(before);
  });

  it('tells which migration led to the death', () => {
    expect(o.migrations.filter((m) => m.task === 'vm0.vcpu0').at(-1)).toMatchObject({ to: 4 });
  });

  it('knows the virtualization of the CPU at the moment of the oops, not at the end', () => {
    const repaired = outcome(
      KEVIN.replace('to cpu4', 'to cpu4\n        offline cpu4\n        online cpu4').replace(
        'returns -EIO',
        'returns -EIO once',
      ),
    );
    expect(repaired.oops[0]).toMatchObject({ virtualization: 'failed' });
    expect(repaired.cpus[4]).toMatchObject({ virtualization: 'on' });
  });
});
