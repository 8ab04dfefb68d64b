import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gallery, galleryText } from './gallery';
import { load, type LoadOptions } from './load';
import { parseLitmus } from './parse';

const HEAD = 'litmus t\nkernel v5.15\nmachine intel, cpus 2 + 1 hot-addable\n';
const QEMU = 'qemu: modprobe kvm_intel\n  vm0 = create vm, 2 vcpus\n  run vm0\n';

/** What is wrong, as "line:column message (suggestion)"; '' when nothing is. */
function wrong(text: string): string {
  const loaded = load(text, 't.litmus');
  if (loaded.ok) return '';
  const { line, column, message, suggestion } = loaded.problems[0]!;
  return `${line}:${column} ${message}${suggestion ? ` (${suggestion})` : ''}`;
}

/** By actor: each action as its function and its values. */
function actionsOf(text: string, edited: LoadOptions['edited'] = []): (string | number)[][][] {
  const loaded = load(text, 't.litmus', { edited });
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return loaded.program.actors.map((a) => a.actions.map((x) => [x.fn, ...x.args]));
}

/** A kernel with actions of every kind of parameter. */
const OWN = {
  file: 'own.kern',
  source: `proposal own over v5.15
const weird = 7
action tune(n: int -3..9) { return 0 }
action tune_up(up: bool) { return 0 }
action is_td(vm) { if vm_td[vm] { return 1 }; return 0 }
`,
};

describe('litmus text', () => {
  it('reads actors, actions, noise words, after, faults and the question', () => {
    const parsed = parseLitmus(galleryText('kevin-2021-11-30')!, 't');
    if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
    const { setup, about } = parsed.litmus;
    expect(about).toMatch(/^KVM cannot enable virtualization on a hot-added CPU\. What does/);
    expect(actionsOf(galleryText('kevin-2021-11-30')!)).toEqual([
      [
        ['modprobe', 1],
        ['create_vm', 0],
        ['run', 0],
      ],
      [
        ['hotadd', 4],
        ['online', 4],
        ['affine', 0, 4],
      ],
    ]);
    expect(setup.actors[1]!.actions[1]!.after).toEqual({ actor: 0, index: 2 });
    expect(setup.faults).toMatchObject([{ cpu: 4, fn: 'kvm_arch_hardware_enable', returns: -5, maybe: false, nth: 0 }]);
  });

  it('finds an action by its words, and reads each operand by its type', () => {
    const head = 'litmus t\nkernel own\nmachine intel, cpus 2\n';
    const lines = [
      'td0 = create td, 2 vcpus',
      'set_fail cpu1 workqueue:online',
      'set fail on cpu1, CPUHP_AP_WORKQUEUE_ONLINE',
      'set_fail to cpu0 at 37',
      'tune -2',
      'tune weird',
      'suspend after set fail cpu1',
      'tune up yes',
      'tune_up 0',
      'is td td0 after set_fail 37',
      'affine td0.vcpu1 to any',
    ];
    const text = `${head}a:\n${lines.map((l) => `  ${l}\n`).join('')}`;
    const states = load(text, 't', { edited: [OWN] });
    if (!states.ok) throw new Error(states.problems[0]!.message);
    const workqueue = states.program.states.find((s) => s.constant === 'CPUHP_AP_WORKQUEUE_ONLINE')!;
    expect(workqueue.name).toBe('workqueue:online');
    expect(actionsOf(text, [OWN])).toEqual([
      [
        ['create_vm', 0],
        ['set_fail', 1, workqueue.number],
        ['set_fail', 1, workqueue.number],
        ['set_fail', 0, 37],
        ['tune', -2],
        ['tune', 7],
        ['suspend'],
        ['tune_up', 1],
        ['tune_up', 0],
        ['is_td', 0],
        ['affine', 1, -1],
      ],
    ]);
    expect(states.litmus.setup.vms).toEqual([{ name: 'td0', vcpus: 2, spins: false, halts: false, td: true }]);
    const parsed = parseLitmus(text, 't');
    expect(parsed.ok && parsed.litmus.setup.actors[0]!.actions.map((x) => x.after?.index ?? -1)).toEqual([
      -1, -1, -1, -1, -1, -1, 1, -1, -1, 3, -1,
    ]);
  });

  it.each([
    ['set_fial cpu1 37', '4:4 the kernel own has no action set_fial (did you mean set_fail?)'],
    ['tune upp 1', '4:4 tune takes an int (write tune INT)'],
    ['st fail cpu1 37', '4:4 the kernel own has no action st (did you mean set_fail?)'],
    ['zzz', '4:4 the kernel own has no action zzz (it has: affine VCPU CPU, clear fail CPU, create vcpu VCPU, '],
    ['set_fail cpu1', '4:4 set_fail takes a cpu and a state (write set fail CPU STATE)'],
    ['set_fail cpu1 workqueue:onlin', '4:18 workqueue:onlin is not known here (did you mean workqueue:online?)'],
    ['set_fail one 37', '4:13 one is not known here (a cpu is written cpu1)'],
    ['set_fail 2 37', '4:13 cpu of set_fail cannot be 2 (it is 0 to 1)'],
    ['set_fail cpu2 37', '4:13 there is no CPU 2: the machine has 2, counted from 0'],
    ['tune 10', '4:9 n of tune cannot be 10 (it is -3 to 9)'],
    ['tune up maybe', '4:12 maybe is not known here (write yes or no)'],
    ['td0 = create tdd', '4:17 tdd cannot be created (vm0 = create vm, or td0 = create td)'],
  ])('action %j', (action, message) => {
    const loaded = load(`litmus t\nkernel own\nmachine intel, cpus 2\na: ${action}`, 't', { edited: [OWN] });
    const p = loaded.ok ? null : loaded.problems[0]!;
    const got = p ? `${p.line}:${p.column} ${p.message}${p.suggestion ? ` (${p.suggestion})` : ''}` : '';
    expect(got.startsWith(message) ? message : got).toBe(message);
  });

  it('finds the nth action of the same words behind `after`', () => {
    const text = `${HEAD}a: offline cpu1\n online cpu1\n offline cpu1\nb: offline cpu0 after offline cpu1 time 2\n`;
    const parsed = parseLitmus(text, 't');
    expect(parsed.ok && parsed.litmus.setup.actors[1]!.actions[0]!.after).toEqual({ actor: 0, index: 2 });
  });

  it('reads its place in the gallery, and what to look for', () => {
    const parsed = parseLitmus(`${HEAD}group "Offline and online"\nlook "one, # two"\nlook " three "\n`, 't');
    expect(parsed.ok && [parsed.litmus.group, parsed.litmus.look]).toEqual([
      'Offline and online',
      ['one, # two', 'three'],
    ]);
    const bare = parseLitmus(HEAD, 't');
    expect(bare.ok && [bare.litmus.group, bare.litmus.look]).toEqual(['', []]);
  });

  it('reads what is set of the hardware: of one CPU, or of all', () => {
    const text = `${HEAD}hardware cpu2 svm=0, x = yes\nhardware strict=False\nhardware cpu2=7\n`;
    const parsed = parseLitmus(text, 't');
    if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
    expect(parsed.litmus.setup.hardware.map((h) => [h.cpu, h.name, h.value])).toEqual([
      [2, 'svm', 0],
      [2, 'x', 1],
      [-1, 'strict', 0],
      [-1, 'cpu2', 7],
    ]);
  });

  it('is the same text with CRLF, with comments, and with lines that go on', () => {
    const plain = parseLitmus(HEAD + QEMU + 'fault cpu1 vmx_hardware_enable returns -EIO once\nnever oops\n', 't');
    const crlf = parseLitmus(
      (HEAD + QEMU + 'fault cpu1 vmx_hardware_enable returns -EIO once\nnever oops\n').replaceAll('\n', '\r\n'),
      't',
    );
    const more = parseLitmus(
      `# top\n${HEAD}  # indented\n\n${QEMU}fault cpu1 vmx_hardware_enable # why\n  returns -EIO\n  once\nnever oops # ?\n`,
      't',
    );
    if (!plain.ok || !crlf.ok || !more.ok) throw new Error('must parse');
    const bare = (p: typeof plain): unknown =>
      JSON.parse(
        JSON.stringify(p.litmus.setup, (key, value: unknown) => (['place', 'text'].includes(key) ? undefined : value)),
      );
    expect(bare(crlf)).toEqual(bare(plain));
    expect(JSON.stringify(bare(more)).replace(/"line":\d+/g, '')).toBe(
      JSON.stringify(bare(plain)).replace(/"line":\d+/g, ''),
    );
  });

  it('keeps a # in a description, on its second line too', () => {
    const parsed = parseLitmus(`litmus t\n"one # two\n three # four"\nkernel v5.15\nmachine intel\n`, 't');
    expect(parsed.ok && parsed.litmus.about).toBe('one # two three # four');
  });

  it.each([
    ['', '1:1 a litmus text begins with "litmus NAME"'],
    ['litmus', '1:1 "litmus" is followed by the name of the test'],
    ['litmus a b', '1:10 unexpected b'],
    ['litmus a\n', '1:1 the text names no kernel (add a line "kernel v5.15")'],
    [
      'litmus a\nkernel v5.15',
      '1:1 the text describes no machine (add a line "machine intel, cpus 4 + 1 hot-addable")',
    ],
    ['litmus a\nkernel v5.51\nmachine intel', '2:8 no kernel text is called v5.51 (did you mean v5.15?)'],
    ['litmus a\n"never closed\n', '1:1 the description is not closed (a quote is missing)'],
    ['litmus a\n"closed" more', '2:1 nothing may follow the description on its line'],
    ['litmus a\nkernel v5.15\nmachine intl', '3:9 intl says nothing of a machine (did you mean intel?)'],
    ['litmus a\nkernel v5.15\nmachine intel, cpus 0', '3:21 a machine has at least one CPU'],
    ['litmus a\nkernel v5.15\nmachine intel, cpus 5000', '3:21 5000 is more than 4096, the most that is supported'],
    ['litmus a\nkernel v5.15\nmachine intel, packages 0', '3:25 a machine has at least one package'],
    [
      'litmus a\nkernel v5.15\nmachine intel, packages 4, cpus 2 + 1 hot-addable',
      '3:25 4 packages need as many CPUs, and the machine has 3 (write packages 3, or give it more CPUs)',
    ],
    ['litmus a\nkernel v5.15\nmachine intel\nmachine amd', '4:1 the machine is described twice'],
    [`${HEAD}nevr oops`, '4:1 nevr begins no line of a litmus text (did you mean never?)'],
    [`${HEAD}never`, '4:1 "never" is followed by a condition (such as oops, or loaded(vm0.vcpu0, 4))'],
    [`${HEAD}never oops\nnever panic`, '5:1 a text asks one question'],
    [`${HEAD}never ooops`, '4:7 ooops is not known here (did you mean oops?)'],
    [`${HEAD}never online(4) and`, '4:20 expected a value, found the end of the line'],
    [`${HEAD}never online(vm0)\n${QEMU}`, '4:7 cpu of online is a cpu, and this is a vm'],
    [`${HEAD}admin: onlin cpu1`, '4:8 the kernel v5.15 has no action onlin (did you mean online?)'],
    [`${HEAD}admin: online cpu7`, '4:15 there is no CPU 7: the machine has 3, counted from 0'],
    [`${HEAD}admin: online`, '4:8 online takes a cpu (write online CPU)'],
    [`${HEAD}${QEMU}admin: online vm0`, '7:15 online takes a cpu here, not a vm'],
    [`${HEAD}${QEMU}admin: affine vm0 to cpu1`, '7:15 affine takes a vcpu here, not a vm'],
    [`${HEAD}${QEMU}admin: affine vm0.vcpu2 to cpu1`, '7:15 vm0 has 2 vCPU(s), counted from 0'],
    [`${HEAD}${QEMU}admin: run vm1`, '7:12 vm1 is not known here (did you mean vm0?)'],
    [`${HEAD}${QEMU}admin: run constructor`, '7:12 constructor is not known here'],
    [`${HEAD}admin: create vm`, '4:8 the VM needs a name (vm0 = create vm, 2 vcpus)'],
    [`${HEAD}admin: x = online cpu1`, '4:10 only a VM gets a name (vm0 = create vm, 2 vcpus)'],
    [`${HEAD}${QEMU}  vm0 = create vm`, '7:3 vm0 is made twice'],
    [`${HEAD}a: v = create vm, 65 vcpus`, '4:19 65 is more than 64, the most that is supported'],
    [
      `${HEAD}admin: online cpu1 after`,
      '4:20 "after" is followed by an action of another actor (online cpu4 after run vm0)',
    ],
    [`${HEAD}admin: online cpu1 after rnu vm0`, '4:26 no action "rnu vm0" in this text'],
    [
      `${HEAD}a: online cpu1\nb: offline cpu1 after online cpu1 time 2`,
      '5:23 this is done 1 time(s) in this text, not 2',
    ],
    [`${HEAD}admin: online cpu1 after offline cpu1\n  offline cpu1`, '4:26 this action comes later in the same actor'],
    [`${HEAD}maybe oops`, '4:7 "maybe" is followed by "fault"'],
    [
      `${HEAD}fault`,
      '4:1 a fault names a function or a hotplug state (fault cpu4 kvm_arch_hardware_enable returns -EIO)',
    ],
    [`${HEAD}group Offline`, '4:1 "group" is followed by a text in quotes (group "...")'],
    [`${HEAD}group "a"\ngroup "b"`, '5:1 a text is in one group'],
    [`${HEAD}look "a" b`, '4:1 "look" is followed by a text in quotes'],
    [`${HEAD}look "a"\nlook "b"\nlook "c"`, '6:1 a text says in at most 2 lines what to look for'],
    [`${HEAD}hardware`, '4:1 a property and its value are missing (hardware cpu4 cpu_svm=0)'],
    [`${HEAD}hardware cpu1`, '4:1 a property and its value are missing (hardware cpu4 cpu_svm=0)'],
    [`${HEAD}hardware cpu3 x=1`, '4:10 there is no CPU 3: the machine has 3, counted from 0'],
    [`${HEAD}hardware x`, '4:10 x needs a value (x=0)'],
    [`${HEAD}hardware x=maybe`, '4:12 x needs a value (such as 0, 1, yes or no)'],
    [`${HEAD}hardware x=1 y=2`, '4:14 unexpected y (a comma stands between two properties)'],
    [`${HEAD}hardware x=1,`, '4:13 a property is missing after the comma'],
    [`${HEAD}hardware nosuch=1`, '4:10 v5.15 knows no property nosuch of the hardware'],
    [`${HEAD}fault vmx_hardware_enable`, '4:7 a fault says what is returned (fault vmx_hardware_enable returns -EIO)'],
    [`${HEAD}fault vmx_hardware_enable returns -EOI`, '4:35 -EOI is no errno (did you mean EIO?)'],
    [`${HEAD}fault vmx_hardware_enable returns constructor`, '4:35 constructor is no errno and no constant of v5.15'],
    [
      `${HEAD}fault vmx_hardware_enable returns -EIO twice`,
      '4:40 unexpected twice (a fault ends with its value, "once", or "time 2")',
    ],
    [`${HEAD}fault cpu1 188 sideways returns -EIO`, '4:16 a fault says what is returned'],
    [`${HEAD}fault cpu1 9999 returns -EIO`, '4:12 v5.15 has no hotplug state 9999 ('],
    [`${HEAD}fault CPUHP_AP_ONLINE_IDLE returns -EIO`, '4:7 CPUHP_AP_ONLINE_IDLE has no callback in v5.15'],
    [`${HEAD}fault vmx_hardware_enable returns -EIO time 0`, '4:45 times count from 1'],
    [
      `${HEAD}fault vmx_hardwear_enable returns -EIO`,
      '4:7 vmx_hardwear_enable is no function or hotplug state of v5.15 (did you mean vmx_hardware_enable?)',
    ],
    ['litmus t\n' + '#'.repeat(70_000), '1:1 a litmus text has at most 65536 characters, this one 70009'],
  ])('%j', (text, message) => {
    const got = wrong(text);
    expect(got.startsWith(message) ? message : got).toBe(message);
  });

  it('reports what is wrong in several lines at once, at most ten', () => {
    const places = (text: string, edited: LoadOptions['edited'] = []): string[] => {
      const loaded = load(text, 't.litmus', { edited });
      return loaded.ok ? [] : loaded.problems.map((p) => `${p.line}:${p.column}`);
    };
    const lines = `${HEAD}machin intel\nfault cpu1\nadmin: x = online cpu1\n  online cpu1 after\nnever oops )\n`;
    expect(places(lines)).toEqual(['4:1', '6:10', '8:12']);
    // what only the whole text tells, then what only the kernel tells
    expect(places(`${HEAD}fault cpu1 f\nadmin: online cpu1 after\n  online cpu2 after nosuch\n`)).toEqual([
      '5:20',
      '6:21',
      '4:12',
    ]);
    expect(
      places(`${HEAD}hardware x=1\nadmin: onlin cpu1\n  online cpu9\n  online cpu1\nfault nosuch returns -EIO\n`),
    ).toEqual(['5:8', '6:10', '8:7', '4:10']);
    expect(places(HEAD + 'nosuch\n'.repeat(30)).length).toBe(10);
    expect(places('')).toEqual(['1:1']);
  });

  it('bounds actors, actions, VMs and faults', () => {
    const many = (n: number, line: (i: number) => string): string =>
      Array.from({ length: n }, (_, i) => line(i)).join('\n');
    expect(wrong(HEAD + many(17, (i) => `a${i}: online cpu1`))).toBe('20:1 a text has at most 16 actors');
    expect(wrong(`${HEAD}a:\n` + many(257, () => '  online cpu1'))).toBe('261:3 a text has at most 256 actions');
    expect(wrong(`${HEAD}a:\n` + many(17, (i) => `  v${i} = create vm`))).toBe('21:3 a text has at most 16 VMs');
    expect(wrong(HEAD + many(65, () => 'fault cpu1 vmx_hardware_enable returns -EIO'))).toBe(
      '68:1 a text has at most 64 faults',
    );
  });

  it('places what is wrong inside a question where it stands in the text', () => {
    const loaded = load('litmus t\nkernel v5.15\nmachine intel, cpus 2\nnever "', 't');
    expect(loaded.ok ? [] : loaded.problems).toMatchObject([{ line: 4, column: 7 }]);
  });

  it('reports a place inside any text, and throws on none', () => {
    const words = fc.constantFrom(
      'litmus',
      'kernel',
      'v5.15',
      'machine',
      'intel',
      'cpus',
      '4',
      '+',
      '\n',
      '\n',
      '\n  ',
      'a:',
      'online',
      'cpu1',
      'after',
      '=',
      ',',
      '"',
      '#',
      'fault',
      'returns',
      '-EIO',
      'never',
      'oops',
      '(',
      ')',
      'vm0',
      'create',
      'any',
      '__proto__',
    );
    const placed = (text: string): void => {
      const loaded = load(text, 't');
      if (loaded.ok) return;
      const lines = text.split('\n');
      for (const p of loaded.problems) {
        if (p.file !== 't') continue;
        expect(p.line).toBeGreaterThanOrEqual(1);
        expect(p.line).toBeLessThanOrEqual(lines.length);
        expect(p.column).toBeGreaterThanOrEqual(1);
        expect(p.column).toBeLessThanOrEqual(lines[p.line - 1]!.length + 1);
      }
    };
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), placed));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (w) => placed(w.join(' '))),
      { numRuns: 500 },
    );
    const text = galleryText('kevin-2021-11-30')!;
    const edit = fc.tuple(fc.nat(text.length), fc.nat(10), fc.array(words, { maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let damaged = text;
        for (const [at, cut, put] of edits) damaged = damaged.slice(0, at) + put.join(' ') + damaged.slice(at + cut);
        placed(damaged);
      }),
      { numRuns: 150 },
    );
  });

  it.each(gallery().map((g) => g.name))('%s loads', (name) => {
    expect(wrong(galleryText(name)!)).toBe('');
  });
});
