import { describe, expect, it } from 'vitest';
import { assemble, type Kernel } from './assemble';
import type { KernelText } from './ast';
import { TextError } from './errors';
import { parseKernel } from './parser';

function join(name: string, ...sources: string[]): Kernel {
  const texts = new Map<string, KernelText>();
  for (const source of sources) {
    const parsed = parseKernel(source, `${texts.size}.kern`);
    if (!parsed.ok) throw new Error(parsed.problems[0]!.message);
    texts.set(parsed.text.name, parsed.text);
  }
  return assemble(name, (n) => texts.get(n), texts.keys());
}
/** file:line:column message (suggestion) */
function wrong(name: string, ...sources: string[]): string {
  try {
    join(name, ...sources);
    return '';
  } catch (e) {
    if (e instanceof TextError) return e.message;
    throw e;
  }
}

describe('assemble', () => {
  it('adds up parts in order, each once', () => {
    const k = join('k', 'part a\nconst A = 1', 'part b : a\nconst B = 2', 'kernel k "K" : a, b\nconst C = 3');
    expect([...k.consts.keys()]).toEqual(['A', 'B', 'C']);
    expect(k.files).toEqual(['0.kern', '1.kern', '2.kern']);
    expect(k.title).toBe('K');
  });

  it('replaces what is there, and only when told to', () => {
    const base = 'kernel k\nfn f() { return 1 }\nlet l = 1\n';
    const k = join('p', base, 'proposal p over k\nreplace fn f() { return 2 }\nreplace let l = 2\n');
    expect(k.fns.get('f')!.place.file).toBe('1.kern');
    expect(wrong('p', base, 'proposal p over k\nfn f() { }')).toBe(
      '1.kern:2:4: the function f is defined already (write "replace" before it to change it)',
    );
    expect(wrong('p', base, 'proposal p over k\nreplace fn g() { }')).toMatch(
      /^1\.kern:2:12: there is no function g to replace/,
    );
    expect(wrong('p', base, 'proposal p over k\nreplace let ll = 2')).toMatch(
      /there is no definition ll to replace \(did you mean l\?\)/,
    );
  });

  it('replaces and takes out whatever has a name', () => {
    const base =
      'kernel k\nglobal int x\nconst C = 1\nspinlock l\nthread t user "t" runs f\nfn f() { }\nsched_in f\nalso g for f\n';
    const k = join(
      'p',
      base,
      'proposal p over k\nreplace global int 0..9 x\nreplace const C = 2\nreplace mutex l\nreplace thread t kthread "t" runs f\n',
    );
    expect(k.vars.get('x')!.type).toEqual({ kind: 'int', lo: 0, hi: 9 });
    expect(k.consts.get('C')!.value).toBe(2);
    expect(k.locks.get('l')!.kind).toBe('mutex');
    expect(k.threads.get('t')!.placement).toBe('kthread');
    const none = join(
      'p',
      base,
      'proposal p over k\nremove global x\nremove const C\nremove mutex l\nremove thread t\nremove fn f\nremove sched_in\nremove also g\n',
    );
    for (const map of [none.vars, none.consts, none.locks, none.threads, none.fns, none.wiring, none.aliases])
      expect(map.size).toBe(0);
    expect(wrong('p', base, 'proposal p over k\nremove fn ff\n')).toBe(
      '1.kern:2:11: there is no function ff to remove (did you mean f?)',
    );
  });

  it('finds all that does not fit together', () => {
    const texts = new Map<string, KernelText>();
    for (const source of [
      'kernel k\nfn f() { }\n',
      'proposal p over k\nfn f() { }\nreplace let l = 1\nremove lane v\n',
    ]) {
      const parsed = parseKernel(source, `${texts.size}.kern`);
      if (parsed.ok) texts.set(parsed.text.name, parsed.text);
    }
    let found: readonly { message: string }[] = [];
    try {
      assemble('p', (n) => texts.get(n), texts.keys());
    } catch (e) {
      if (e instanceof TextError) found = e.problems;
    }
    expect(found.map((p) => p.message)).toEqual([
      'there is no lane v to remove',
      'the function f is defined already',
      'there is no definition l to replace',
    ]);
  });

  it('adds to a state of the table, and takes one out', () => {
    const table = 'part t\nstate A 1 "a"\nstate B 2 "b" up f\n';
    const k = join('k', table, 'kernel k : t\nstate A up g times 3 when registered\nremove state B\n');
    expect([...k.states.values()]).toMatchObject([
      { constant: 'A', number: 1, name: 'a', up: 'g', down: null, times: 3, whenRegistered: true },
    ]);
    expect(wrong('k', table, 'kernel k : t\nremove state BB')).toBe(
      '1.kern:2:14: there is no state BB to remove (did you mean B?)',
    );
  });

  it('puts a part that is swapped in where the one stood that is left out, and further parts after all', () => {
    const texts = [
      'part t1\nstate A 1 "a"\n',
      'part t2\nstate A 3 "a2"\nstate B 4\n',
      'part more\nreplace fn f() { return 2 }\n',
      'part core\nfn f() { return 1 }\n',
      'kernel e "E" : t1, core\nstate A up g when registered\nfn own() { }\n',
    ];
    const k = join('r', ...texts, 'kernel r "R" over e without t1 : t2, more\nreplace fn own() { return 1 }\n');
    expect(k.texts.map((t) => t.name)).toEqual(['t2', 'core', 'e', 'more', 'r']);
    // the era's own line still adds to the state of the other table
    expect(k.states.get('A')).toMatchObject({ number: 3, name: 'a2', up: 'g', whenRegistered: true });
    expect(k.fns.get('f')!.place.file).toBe('2.kern');
    expect(k.fns.get('own')!.place.file).toBe('5.kern');
    expect(k.title).toBe('R');
    const dropped = join('r', ...texts, 'kernel r over e without core, t1 : t2');
    expect(dropped.texts.map((t) => t.name)).toEqual(['t2', 'e', 'r']);
    expect(wrong('r', ...texts, 'kernel r over e without cor')).toBe(
      '5.kern:1:25: e has no part cor (did you mean core?)',
    );
    expect(wrong('r', ...texts, 'kernel r over e without e')).toBe('5.kern:1:25: e has no part e (it has t1, core)');
  });

  it('has the release of the text on top that says one, and all messages', () => {
    const era = 'kernel e\nrelease 6.1.4\n';
    expect(join('e', era)).toMatchObject({ release: '6.1.4', messages: [] });
    expect(join('r', era, 'kernel r over e')).toMatchObject({ release: '6.1.4' });
    expect(join('r', era, 'kernel r over e\nrelease 6.1.192')).toMatchObject({ release: '6.1.192' });
    const part = 'part a\nrelease 6.17\n';
    const design = 'proposal p over e : a\nmessage "1@x"\nmessage "<2.b@y.z>"\n';
    expect(join('p', era, part, design)).toMatchObject({ release: '6.1.4', messages: ['1@x', '2.b@y.z'] });
    expect(wrong('e', 'kernel k\nfn f() { }', 'kernel e over k\nfn f() { }')).toMatch(/defined already/);
  });

  it('says what is built on nothing, on itself, or twice', () => {
    expect(wrong('k', 'kernel k : prt', 'part part1')).toMatch(/^0\.kern:1:12: no kernel text is called prt/);
    expect(wrong('a', 'part a : b', 'part b : a')).toBe('1.kern:1:10: a is built on itself');
    expect(wrong('a', 'part a : a')).toBe('0.kern:1:10: a is built on itself');
    expect(wrong('v5.51', 'kernel v5.15')).toBe('v5.51:1:1: no kernel text is called v5.51 (did you mean v5.15?)');
    expect(wrong('k', 'kernel k\nglobal int x\nglobal int x')).toBe('0.kern:3:12: the variable x is defined twice');
    expect(wrong('k', 'part a\nglobal int x', 'kernel k : a\nglobal int x')).toBe(
      '1.kern:2:12: the variable x is defined already (write "replace" before it to change it)',
    );
  });
});
