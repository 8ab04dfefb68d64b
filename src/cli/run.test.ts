import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { galleryText } from '../litmus/gallery';
import type { RunJson } from './print-run';
import { call, fileOf } from './testing/call';

async function json(argv: readonly string[], stdin = ''): Promise<RunJson & { code: number }> {
  const { code, out, err } = await call(['run', ...argv, '--format', 'json'], stdin);
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as RunJson), code };
}

/** What the real kernel's capture says of the death, where there is one for the text. */
function died(capture: string): { function: string; caller: string; instruction: string; cpu: number; bug_at: string } {
  const text = readFileSync(join(import.meta.dirname, '../../public/captures', capture, 'capture.json'), 'utf8');
  return (JSON.parse(text) as { observed: { died: [ReturnType<typeof died>] } }).observed.died[0];
}

const TEXTS = [
  [
    'kevin-2021-11-30',
    4,
    'vm0.vcpu0',
    { function: 'kvm_spurious_fault', caller: 'vmx_vcpu_load_vmcs', instruction: 'VMPTRLD' },
  ],
  ['debian-6.1-s2', 4, 'a.vcpu0', died('6.1/s2')],
  ['debian-6.1-v2', 1, 'A.vcpu0', died('6.1/v2')],
] as const;

/** The text without its fault lines. */
const sound = (name: string): string => galleryText(name)!.replace(/^fault .*$/m, '');

describe('the three texts', () => {
  it.each(TEXTS)('%s dies on CPU %i as the captures did', async (name, cpu, task, death) => {
    const o = await json([name]);
    expect(o.code).toBe(1);
    const online = o.returns.find((r) => r.action.startsWith('online'));
    expect(online).toMatchObject({ actor: 'admin', result: 1, errno: null });
    expect(o.log.map((l) => l.text)).toContain(`kvm: enabling virtualization on CPU${cpu} failed`);
    expect(o.oops).toHaveLength(1);
    expect(o.oops[0]).toMatchObject({
      cpu,
      task,
      function: death.function,
      caller: death.caller,
      instruction: death.instruction,
    });
    if ('bug_at' in death) expect(o.oops[0]).toMatchObject({ cpu: death.cpu, where: death.bug_at });
    expect(o).toMatchObject({ panic: null, host: 'alive', end: 'quiet', hung: [] });
    expect(o.cpus[cpu]).toMatchObject({
      online: true,
      active: true,
      virtualization: 'failed',
      cpuhp: { name: 'online' },
    });
    expect(o.tasks.find((t) => t.name === task)).toMatchObject({ state: 'dead', cpu });
    expect(o.sentence.headline).toBe(
      `${task} on CPU ${cpu}: #UD at ${death.instruction} in ${death.caller}, BUG in ${death.function}`,
    );
  });

  it.each(TEXTS)('%s without its fault runs on CPU %i', async (name, cpu, task) => {
    const o = await json(['-'], sound(name));
    expect(o.code).toBe(0);
    expect(o).toMatchObject({ oops: [], panic: null, end: 'quiet', hung: [], verdict: { result: 'holds' } });
    expect(o.tasks.find((t) => t.name === task)).toMatchObject({ cpu, guest_cpu: cpu });
    expect(o.cpus[cpu]).toMatchObject({ online: true, virtualization: 'on' });
    expect(o.sentence).toMatchObject({ headline: `${task} runs on CPU ${cpu}; no oops`, tone: 'ok' });
  });
});

describe('formats', () => {
  it('JSON has the fields that scripts rely on', async () => {
    const o = await json(['kevin-2021-11-30', '--seed', '7']);
    expect(o).toMatchObject({
      format: 1,
      litmus: 'kevin-2021-11-30',
      kernel: 'v5.15',
      seed: 7,
      verdict: { how: 'never', text: 'never oops', result: 'broken' },
      panic: null,
    });
    expect(o.steps).toBeGreaterThan(100);
    expect(o.time_us).toBeGreaterThan(100);
    for (const line of o.log) expect(line.time).toBeCloseTo(line.time_us / 1e6, 6);
    expect(o.cpus).toHaveLength(5);
    expect(o.returns.map((r) => r.actor)).toEqual(['qemu', 'qemu', 'qemu', 'admin', 'admin', 'admin']);
  });

  it('dmesg stamps lines as printk does', async () => {
    const { out } = await call(['run', 'kevin-2021-11-30', '--format', 'dmesg']);
    for (const line of out.trimEnd().split('\n')) expect(line).toMatch(/^\[ {4}0\.\d{6}\] \S/);
    expect(out).toMatch(/^\[ {4}0\.000\d{3}\] kvm: enabling virtualization on CPU4 failed$/m);
  });

  it('the summary fits in 80 columns, without colour where nobody looks', async () => {
    const { out } = await call(['run', 'debian-6.1-s2']);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(out).not.toMatch(/\u001b/);
    expect(out.split('\n')[0]).toMatch(/^a\.vcpu0 on CPU 4: #UD at VMSAVE/);
    expect(out).toMatch(/admin {2}online cpu4 +1\n/);
  });

  it('the same seed gives the same output, byte by byte', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(() => call(['run', 'debian-6.1-v2', '--format', 'json', '--seed', '11'])),
    );
    expect(a).toEqual(b);
  });
});

const MOVE = `proposal may-refuse "KVM's callback in the ONLINE section, where it may fail" over v5.15

remove state CPUHP_AP_KVM_STARTING
state CPUHP_AP_KVM_STARTING after CPUHP_AP_ONLINE_IDLE "kvm/cpu:online" up kvm_starting_cpu down kvm_dying_cpu when registered

replace fn hardware_enable_nolock(cpu) "the error is handed on" {
  var ret
  if cpu in cpus_hardware_enabled { return 0 }
  atomic { set cpu in cpus_hardware_enabled; virt_phase[cpu] = 1 }
  ret = kvm_arch_hardware_enable(cpu)
  if ret != 0 {
    atomic { clear cpu in cpus_hardware_enabled; virt_phase[cpu] = 3 }
    hardware_enable_failed++
    log "kvm: enabling virtualization on CPU%d failed", cpu
    return ret
  }
  virt_phase[cpu] = 2
  return 0
}

replace fn kvm_starting_cpu(cpu) "may refuse the CPU" {
  var ret
  lock kvm_count_lock
  if kvm_usage_count > 0 { ret = hardware_enable_nolock(cpu) }
  unlock kvm_count_lock
  return ret
}
`;

describe('a kernel text of the user', () => {
  it('that lets the callback fail changes the run', async () => {
    const o = await json(['kevin-2021-11-30', '--patch', fileOf('move.kern', MOVE)]);
    expect(o).toMatchObject({ code: 0, kernel: 'may-refuse', oops: [], panic: null, hung: [], end: 'quiet' });
    expect(o.returns.find((r) => r.fn === 'online')).toMatchObject({ result: -5, errno: '-EIO' });
    expect(o.cpus[4]).toMatchObject({ present: true, online: false, active: false, cpuhp: { name: 'offline' } });
    expect(o.log.map((l) => l.text)).toContain('kvm: enabling virtualization on CPU4 failed');
    expect(o.sentence.headline).toBe('The online write of cpu4 returns -EIO: kvm/cpu:online (state 150) failed');
  });

  it('is not run where --kernel names another', async () => {
    const patch = fileOf('move.kern', MOVE);
    expect(await json(['kevin-2021-11-30', '--patch', patch, '--kernel', 'v5.15'])).toMatchObject({
      code: 1,
      kernel: 'v5.15',
    });
    expect(await json(['kevin-2021-11-30', '--patch', patch, '--kernel', 'may-refuse'])).toMatchObject({ code: 0 });
  });

  it('among several needs --kernel', async () => {
    const [a, b] = [fileOf('a.kern', MOVE), fileOf('b.kern', MOVE.replace('may-refuse', 'other'))];
    const { code, err } = await call(['run', 'kevin-2021-11-30', '--patch', a, '--patch', b]);
    expect([code, err]).toEqual([2, expect.stringContaining('--kernel: may-refuse, other')]);
    expect(await json(['kevin-2021-11-30', '--patch', a, '--patch', b, '--kernel', 'other'])).toMatchObject({
      kernel: 'other',
    });
  });

  it('that does what no machine can is told by file, line and column', async () => {
    const file = fileOf(
      'sleepy.kern',
      'proposal sleepy over v5.15\nreplace fn kvm_starting_cpu(cpu) {\n  await cpu in cpu_active_mask\n  return 0\n}\n',
    );
    const { code, err } = await call(['run', 'kevin-2021-11-30', '--patch', file]);
    expect(code).toBe(2);
    expect(err).toMatch(/sleepy\.kern:3:3: swapper\/4 would sleep where it must not/);
  });
});

describe('bad input: exit 2, nothing on stdout, one clear message', () => {
  const text = galleryText('kevin-2021-11-30')!;
  it.each([
    ['a wrong verb', text.replace('online cpu4', 'onlin cpu4'), /^stdin:11:9: .*onlin.*\(did you mean online\?\)$/m],
    [
      'an unknown kernel',
      text.replace('v5.15', 'v5.16'),
      /^stdin:4:9: no kernel text is called v5\.16 \(did you mean v5\.15\?\)$/m,
    ],
    ['no such CPU', text.replace('hotadd cpu4', 'hotadd cpu5'), /^stdin:10:16: there is no CPU 5/m],
    ['a wrong errno', text.replace('-EIO', '-EOI'), /^stdin:\d+:\d+: -EOI is no errno \(did you mean EIO\?\)$/m],
    [
      'a wrong fault',
      text.replace('kvm_arch_hardware_enable', 'kvm_arch_hardwar_enable'),
      /^stdin:13:14: .*did you mean kvm_arch_hardware_enable/m,
    ],
    ['a wrong question', text.replace('never   oops', 'never   oopsy'), /^stdin:15:\d+: .*oopsy/m],
    ['nothing', '', /^stdin:1:1: /m],
    ['binary', '\0\u0001\u0002', /^stdin:1:1: /m],
  ])('%s', async (_, stdin, message) => {
    const { code, out, err } = await call(['run', '-'], stdin);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    [
      'a kernel text with a wrong word',
      'proposal p over v5.15\nfn f(cpu) {\n  awiat cpu == 1\n}\n',
      /x\.kern:3:3: .*did you mean await/,
    ],
    [
      'a kernel over none',
      'proposal p over v5.51\n',
      /x\.kern:1:17: no kernel text is called v5\.51 \(did you mean v5\.15\?\)/,
    ],
    ['something else', '{"a": 1}', /x\.kern:1:1: a kernel text begins with/],
  ])('%s', async (_, source, message) => {
    const { code, out, err } = await call(['run', 'kevin-2021-11-30', '--patch', fileOf('x.kern', source)]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  it.each([
    [['run'], /which litmus text/],
    [['run', 'kevin-2021-11-31'], /no such file, and none in the gallery \(did you mean kevin-2021-11-30\?\)/],
    [['run', 'kevin-2021-11-30', 'x'], /one text at a time/],
    [['run', 'kevin-2021-11-30', '--sead', '3'], /unknown option --sead \(did you mean --seed\?\)/],
    [['run', 'kevin-2021-11-30', '--seed'], /--seed needs a value/],
    [['run', 'kevin-2021-11-30', '--seed', '--format', 'json'], /--seed needs a value/],
    [['run', 'kevin-2021-11-30', '--seed', '1.5'], /no whole number/],
    [['run', 'kevin-2021-11-30', '--seed', '1', '--seed', '2'], /given twice/],
    [['run', 'kevin-2021-11-30', '--format', 'jsn'], /did you mean json\?/],
    [['run', 'kevin-2021-11-30', '--kernel', 'v6.2'], /no kernel is called v6\.2 \(did you mean v6\.\d/],
    [['run', 'kevin-2021-11-30', '--patch', '/nowhere/x.kern'], /\/nowhere\/x\.kern: no such file/],
    [['run', tmp()], /is a folder/],
    [['rnu'], /unknown command rnu \(did you mean run\?\)/],
    [['--vresion'], /unknown option --vresion \(did you mean --version\?\)/],
    [['list', 'x'], /list: takes no x/],
    [['list', '--format', 'dmesg'], /one of summary, json/],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await call(argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

function tmp(): string {
  return join(fileOf('x', ''), '..');
}

describe('exit codes', () => {
  const asked = (question: string): string => galleryText('kevin-2021-11-30')!.replace('never   oops', question);
  it.each([
    ['exists oops', 0, 'seen'],
    ['exists panic', 0, 'not seen'],
    ['eventually online(4)', 0, 'seen'],
    ['never panic', 0, 'holds'],
    ['never online(4)', 1, 'broken'],
    ['always not oops', 1, 'broken'],
    ['always present(0)', 0, 'holds'],
  ])('%s: %i', async (question, code, result) => {
    expect(await json(['-'], asked(question))).toMatchObject({ code, verdict: { result } });
  });

  it('3 and no verdict where the run is cut before it can tell', async () => {
    const o = await json(['kevin-2021-11-30', '--max-steps', '50']);
    expect(o).toMatchObject({ code: 3, end: 'limit', steps: 50, verdict: { result: 'none' } });
    expect(o.sentence).toMatchObject({ headline: 'Not finished after 50 steps; no oops so far', tone: 'unknown' });
  });

  it('--help and --version', async () => {
    expect(await call(['--help'])).toMatchObject({ code: 0, err: '' });
    expect((await call(['run', '--help'])).out).toMatch(/--patch FILE\.kern/);
    expect((await call(['--version'])).out).toMatch(/^hotlanes \d+\.\d+\.\d+\n$/);
    expect(await call([])).toMatchObject({ code: 2, out: '' });
  });

  it('list names the texts and the kernels', async () => {
    const { code, out } = await call(['list']);
    expect(code).toBe(0);
    for (const name of ['kevin-2021-11-30', 'debian-6.1-s2', 'debian-6.1-v2', 'v5.15', 'v6.1.192'])
      expect(out).toContain(name);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const data = JSON.parse((await call(['list', '--format', 'json'])).out) as {
      litmus: unknown[];
      kernels: unknown[];
    };
    expect(data.litmus[0]).toMatchObject({ name: 'kevin-2021-11-30', kernel: 'v5.15' });
  });
});
