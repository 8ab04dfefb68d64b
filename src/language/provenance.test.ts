import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble';
import { parseKernel } from './parser';
import { originOf, parseProvenance } from './provenance';

const NONE = { facts: [], tdx: [], captures: [], messages: [], inferred: false, unknown: false, notes: [] };

describe('parseProvenance', () => {
  it.each([
    ['', NONE],
    ['kernel/cpu.c; facts 3.2', { ...NONE, file: 'kernel/cpu.c', facts: ['3.2'] }],
    [
      'kvm_create_vm, virt/kvm/kvm_main.c:1180 in 6.1.4; facts 4.1b7, 5.3 F3-F4b; captures 6.1/s2, 6.1/v2; inferred',
      {
        ...NONE,
        fn: 'kvm_create_vm',
        file: 'virt/kvm/kvm_main.c',
        line: 1180,
        release: '6.1.4',
        facts: ['4.1b7', '5.3 F3-F4b'],
        captures: ['6.1/s2', '6.1/v2'],
        inferred: true,
      },
    ],
    ['arch/x86/kvm/x86.c:507 in v6.1.4', { ...NONE, file: 'arch/x86/kvm/x86.c', line: 507, release: '6.1.4' }],
    ['SDM; facts 6.1 row 11', { ...NONE, file: 'SDM', facts: ['6.1 row 11'] }],
    [
      'TDX module; tdx 2.3, 6.1 step 5; unknown',
      { ...NONE, file: 'TDX module', tdx: ['2.3', '6.1 step 5'], unknown: true },
    ],
    ['model: the VMM makes its vCPUs', { ...NONE, file: 'model', notes: ['the VMM makes its vCPUs'] }],
    ['message 3; messages 4, 7', { ...NONE, messages: [3, 4, 7] }],
    // what has no section of its own is of the one before; commas inside parentheses separate nothing
    [
      'kernel/cpu.c; facts 3.4 U16, RB2, 3.5 RB3',
      { ...NONE, file: 'kernel/cpu.c', facts: ['3.4 U16', '3.4 RB2', '3.5 RB3'] },
    ],
    [
      'kernel/cpu.c; facts 3.5 D2 (6.12..6.19, 6.1.192)',
      { ...NONE, file: 'kernel/cpu.c', facts: ['3.5 D2 (6.12..6.19, 6.1.192)'] },
    ],
    [
      'cpuhp_thread_fun in single mode, kernel/cpu.c',
      { ...NONE, fn: 'cpuhp_thread_fun', file: 'kernel/cpu.c', notes: ['in single mode'] },
    ],
    [
      'kvm_init, kvm_init_virtualization, virt/kvm/kvm_main.c',
      { ...NONE, fn: 'kvm_init', file: 'virt/kvm/kvm_main.c', notes: ['kvm_init_virtualization'] },
    ],
    ["the loop of a VMM's vCPU thread", { ...NONE, notes: ["the loop of a VMM's vCPU thread"] }],
    ['constructor; facts', { ...NONE, notes: ['constructor', 'facts'] }],
  ])('%j', (source, expected) => {
    expect(parseProvenance(source)).toEqual(expected);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseProvenance(text)));
  });
});

describe('originOf', () => {
  it('says which text has a function, and in which tree it was read', () => {
    const texts = [
      'part a\nfn f() "x/a.c:3" { }\nfn h() "x/h.c in 6.9" { }\n',
      'part b\nrelease 6.17\nfn g() "x/b.c" { }\n',
      'kernel k : a, b\nrelease 6.1.4\nfn own() { }\n',
      'kernel r over k\nrelease 6.1.192\nreplace fn own() "model" { }\n',
    ].map((source, i) => {
      const parsed = parseKernel(source, `${i}.kern`);
      if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
      return parsed.text;
    });
    const kernel = (name: string): ReturnType<typeof assemble> =>
      assemble(name, (n) => texts.find((t) => t.name === n), []);
    const of = (name: string, fn: string): unknown[] => {
      const origin = originOf(kernel(name), fn)!;
      return [origin.text, origin.place.line, origin.release, origin.provenance.file];
    };
    expect(of('k', 'f')).toEqual(['a', 2, '6.1.4', 'x/a.c']);
    // a part has the release of the kernel that it is in, unless it or its function says another
    expect(of('r', 'f')).toEqual(['a', 2, '6.1.192', 'x/a.c']);
    expect(of('r', 'g')).toEqual(['b', 3, '6.17', 'x/b.c']);
    expect(of('r', 'h')).toEqual(['a', 3, '6.9', 'x/h.c']);
    expect(of('k', 'own')).toEqual(['k', 3, '6.1.4', undefined]);
    expect(of('r', 'own')).toEqual(['r', 3, '6.1.192', 'model']);
    expect(originOf(kernel('k'), 'nosuch')).toBeNull();
  });
});
