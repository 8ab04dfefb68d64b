import { describe, expect, it } from 'vitest';
import { tiny, tinySetup, wrong, type TinySetup } from './testing/tiny';
import { assemble } from './assemble';
import { compile } from './compile';
import { parseKernel } from './parser';
import { Head } from './program';

const go = (body: string): string => `action go() {\n  ${body}\n}\n`;
const actors = { a: ['go'] };
const said = (declarations: string, body: string): string =>
  wrong(`${declarations}\n${go(body)}`, { actors, vcpus: 2 });

describe('compile', () => {
  it('reports recursion with its cycle', () => {
    expect(wrong(`fn f() { g() }\nfn g() { h() }\nfn h() { f() }\n${go('f()')}`, { actors })).toBe(
      '3:10 f calls itself: f -> g -> h -> f (a program has a bounded depth; use a loop)',
    );
    expect(wrong(`let a = b\nlet b = a\nglobal bool x\n${go('x = a')}`, { actors })).toMatch(/is defined by itself/);
    expect(wrong(`fn up() { start cpu 1 }\nboot up\n${go('start cpu 1')}`, { actors })).toMatch(
      /started by its own boot path/,
    );
  });

  it.each([
    ['global int count0', 'cuont0 = 1', '3:3 cuont0 is not known here (did you mean count0?)'],
    ['global int x', 'x = y', '3:7 y is not known here (did you mean x?)'],
    ['', 'mark()', '2:3 there is no function mark'],
    ['fn mark() { }', 'marc()', '3:3 there is no function marc (did you mean mark?)'],
    ['mutex m', 'lock n', '3:3 there is no lock n (did you mean m?)'],
    ['mutex m', 'lock read m', '3:3 m has no readers (only a rwsem can be locked for reading)'],
    ['fn f(cpu) { }', 'f()', '3:3 f takes 1 value(s), not 0 (fn f(cpu))'],
    ['let l(cpu) = 1\nglobal int x', 'x = l(1, 2)', '4:7 l takes 1 value(s), not 2'],
    ['percpu bool b', 'b = true', '3:3 b is one value per cpu (write b[...])'],
    ['global bool b', 'b[0] = true', '3:3 b is one value, not one per CPU (write b)'],
    ['percpu bool b', 'b[2] = true', '3:5 b has no element 2 (it has 2, from 0)'],
    ['percpu bool b', 'for vcpu in vcpus { b[vcpu] = true }', '3:25 the index of b is a cpu, and this is a vcpu'],
    ['global mask m', 'for vcpu in vcpus { set vcpu in m }', '3:27 what is in m is a cpu, and this is a vcpu'],
    ['fn f(cpu) { }', 'for vcpu in vcpus { f(vcpu) }', '3:25 cpu of f is a cpu, and this is a vcpu'],
    ['global cpu c', 'for vcpu in vcpus { c = vcpu }', '3:27 c is a cpu, and this is a vcpu'],
    ['percpu bool b', 'for vcpu in vcpus { if vcpu == this { } }', '3:31 a vcpu is compared with a cpu'],
    ['global int 0..3 x', 'x = 7', '3:7 x cannot be 7 (it is 0 to 3)'],
    ['', 'var n: int 0..3 = 4', '2:21 n cannot be 4 (it is 0 to 3)'],
    ['fn f() -> int 0..1 { return 2 }', 'var n: int 0..1; n = f()', '1:29 what f returns cannot be 2 (it is 0 to 1)'],
    ['', 'var n: int 0..1; var n: int 0..1', '2:20 n is declared already'],
    ['', 'for x in cpus { }; for x in vcpus { }', '2:22 x is a cpu already'],
    ['', 'break', '2:3 break outside a loop'],
    [
      '',
      'log "%d and %d", 1',
      '2:3 the text has 2 place(s) for values and 1 value(s) follow (%d number, %x hexadecimal, %t task, %v vCPU, %e errno, %S hotplug state)',
    ],
    ['global int 0..99 x', 'x = choose 5..2', '3:3 choose takes a range of 1 to 64 values'],
    [
      'global int 0..9 x',
      'atomic { x = choose 1..2 }',
      '3:12 choose stands in an atomic block (make the choice before the block)',
    ],
    ['', 'spawn worker()', '2:9 there is no thread worker'],
    ['thread worker per vcpu user "%d" runs f\nfn f(vcpu) { }', 'spawn worker()', '4:9 worker takes 1 value(s)'],
    [
      'thread worker per vcpu user "%d" runs f\nfn f(vcpu) { }',
      'allow worker on 0',
      '4:9 worker is one task per vcpu (write worker(...))',
    ],
    [
      'thread worker per vcpu user "%d" runs f\nfn f(vcpu) { }',
      'allow worker(2) on 0',
      '4:9 there is no worker 2 (it has 2, from 0)',
    ],
    [
      'thread worker per vcpu user "%d" runs f\nfn f(vcpu) { }',
      'allow worker(this) on 0',
      '4:16 the index of worker is a vcpu, and this is a cpu',
    ],
    [
      'fn f() { return 1 }\nglobal int x',
      'x = 1 + f()',
      '4:11 f is a function: its value must be stored first (write err = f(...) on a line of its own)',
    ],
    ['fn f(n: int -9999..9999) { }', 'on cpu 1 call f(5)', '1:6 n of f is too wide to be sent to another CPU'],
    [
      'global state st = 0\nstate S 0',
      'invoke up st for this within S',
      '4:3 a callback is invoked for a state and a CPU in variables of the function (store them first)',
    ],
    [
      'let who = this\nlane l(cpu) { off "" when who == cpu }',
      'exit',
      '2:31 nothing runs here: "this" and "self" mean nothing',
    ],
  ])('%s | %s', (declarations, body, message) => {
    const offset = declarations === '' ? 1 : 0; // its line is there, and empty
    const [, line, rest] = /^(\d+):(.*)$/.exec(message)!;
    expect(said(declarations, body)).toBe(`${Number(line) + offset}:${rest}`);
  });

  it('knows what each action takes, and which there are', () => {
    const text = 'action take(cpu) { return 0 }\n';
    expect(wrong(text, { actors: { a: ['tak 1'] } })).toMatch(/has no action tak \(did you mean take\?\)/);
    expect(wrong(text, { actors: { a: ['take'] } })).toMatch(/take takes a cpu/);
    expect(wrong(`${text}fn f() { take(1) }\n${go('f()')}`, { actors })).toMatch(
      /is an action: only a litmus text performs it/,
    );
    expect(wrong(text, { actors: { a: ['take 1'] }, faults: [{ fn: 'tale' }] })).toMatch(
      /tale is no function or hotplug state.*did you mean take/,
    );
  });

  it('says what a kernel lacks', () => {
    const missing = (text: string): string => {
      const parsed = parseKernel(text, 'k.kern');
      if (!parsed.ok) return parsed.problems[0]!.message;
      const compiled = compile(
        assemble('k', () => parsed.text, []),
        tinySetup({}),
      );
      return compiled.ok ? '' : `${compiled.problems[0]!.file} ${compiled.problems[0]!.message}`;
    };
    expect(missing('kernel k\n')).toBe('k.kern the kernel k does not say which function is "init"');
    expect(missing('kernel k\ninit f\nidle f\nfn f() { exit }\n')).toMatch(/does not say where user tasks may run/);
    const places = 'place user where true\nplace percpu where true\nplace kthread where true\n';
    expect(missing(`kernel k\ninit f\nidle f\nfn f() { exit }\n${places}`)).toBe(
      'k.kern the kernel does not name its mask of online CPUs',
    );
    expect(missing(`kernel k\ninit f\nidle f\nfn f() { exit }\nplace user where settled(0)\n`)).toMatch(/placement/);
  });

  it.each([
    [4, 1, [0, 0, 0, 0]],
    [6, 3, [0, 0, 1, 1, 2, 2]],
    [5, 2, [0, 0, 0, 1, 1]],
    [6, 4, [0, 0, 1, 1, 2, 3]],
    [3, 3, [0, 1, 2]],
  ])('%d CPUs in %d packages are split evenly and in order', (cpus, packages, expected) => {
    const p = tiny('let there(cpu) = package(cpu)\nlet many = nr_packages\n', { cpus, packages });
    const { base, count } = p.groups.find((g) => g.name === 'cpu_package')!;
    expect([...p.initial.slice(base, base + count)]).toEqual(expected);
    expect(p.probes.get('there')!.value).toMatchObject({ op: 'cellAt', base, count });
    expect(p.probes.get('many')!.value).toEqual({ op: 'const', value: packages });
  });

  it('sets properties of the hardware before anything runs', () => {
    const text = `hardware percpu bool has_vm = true "CPUID"
hardware int 0..9 pages = 4
param bool p = false
`;
    const of = (name: string, hardware: NonNullable<TinySetup['hardware']>): number[] => {
      const p = tiny(text, { cpus: 3, hardware });
      const g = p.groups.find((group) => group.name === name)!;
      return [...p.initial.slice(g.base, g.base + g.count)];
    };
    expect(of('has_vm', [])).toEqual([1, 1, 1]);
    expect(of('has_vm', [[1, 'has_vm', 0]])).toEqual([1, 0, 1]);
    expect(
      of('has_vm', [
        [-1, 'has_vm', 0],
        [2, 'has_vm', 1],
      ]),
    ).toEqual([0, 0, 1]);
    expect(of('pages', [[-1, 'pages', 9]])).toEqual([9]);
    const wrongly = (...one: readonly [number, string, number]): string => wrong(text, { hardware: [one] });
    expect(wrongly(-1, 'pages', 10)).toMatch(/pages is 0\.\.9, not 10/);
    expect(wrongly(0, 'pages', 1)).toMatch(/pages is one for the whole machine \(write hardware pages=1\)/);
    expect(wrongly(0, 'has_vn', 1)).toMatch(/tiny knows no property has_vn of the hardware \(did you mean has_vm\?\)/);
    expect(wrongly(0, 'p', 1)).toMatch(/knows no property p of the hardware \(it has has_vm, pages\)/);
    expect(parseKernel('part t\nhardware percpu cpu c', 't')).toMatchObject({ ok: false });
  });

  it('does not write out definitions without end', () => {
    const doubling = Array.from({ length: 24 }, (_, i) => `let d${i + 1} = d${i} + d${i}`).join('\n');
    expect(wrong(`let d0 = nr_cpus\nglobal bool x\n${doubling}\n${go('x = d24 == 0')}`, { actors })).toMatch(
      /too long once its definitions/,
    );
    const calls = Array.from({ length: 24 }, (_, i) => `fn f${i + 1}() { f${i}(); f${i}() }`).join('\n');
    expect(wrong(`global bool x\nfn f0() { x = true }\n${calls}\n${go('f24()')}`, { actors })).toMatch(
      /longer than 400000 instructions/,
    );
  });

  it('lets a definition see its own parameters only', () => {
    expect(wrong('let outer(cpu) = inner\nlet inner = cpu\n', {})).toMatch(/cpu is not known here/);
  });

  it('gives callers and callees slots of their own', () => {
    const p = tiny(
      `fn leaf(n: int 0..9) { var m: int 0..9; m = n; return m }
fn mid(n: int 0..9) { var r: errno; r = leaf(n); return r }
action go() { var r: errno; var k: int 0..9 = 3; for cpu in cpus { r = mid(k) }; return r }\n`,
      { actors },
    );
    // by frame: the slots that its instructions write
    const slots = new Map<string, Set<number>>();
    for (const i of p.code) {
      if (i.op !== 'set' || i.frame < 0) continue;
      for (const st of i.stores)
        if (st.at.op === 'local') {
          const owner = st.at.what.includes(' of ') ? st.at.what.split(' of ')[1]! : p.frames[i.frame]!.fn;
          slots.set(owner, (slots.get(owner) ?? new Set()).add(st.at.slot));
        }
    }
    expect([...slots.get('leaf')!].some((s) => slots.get('go')!.has(s))).toBe(false);
  });

  it('bounds every cell, tasks by how many there are', () => {
    const p = tiny(`global task t = none\n${go('t = self')}`, { actors, cpus: 3 });
    const t = p.groups.find((g) => g.name === 't')!;
    expect([t.lo, t.hi]).toEqual([-1, p.contexts.length - 1]);
    for (let i = 0; i < p.width; i++) {
      expect(p.initial[i]!).toBeGreaterThanOrEqual(p.lo[i]!);
      expect(p.initial[i]!).toBeLessThanOrEqual(p.hi[i]!);
    }
    for (const c of p.contexts) expect(c.base + Head.size + c.locals).toBeLessThanOrEqual(p.width);
  });

  it('refuses machines that do not fit', () => {
    expect(wrong('percpu int a\n'.repeat(1), { cpus: 4096 })).toBe('');
  });
});
