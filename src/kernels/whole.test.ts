import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Kernel } from '../language/assemble';
import { KERNELS, loadKernel, PROPOSALS } from './index';
import { baseOf, eraOf, headFor, headOf, PATCH_FILE, patchedText, patchTo, wholeText } from './whole';

/** A kernel without the places in which its declarations stand. */
function plain(kernel: Kernel): unknown {
  const map = (m: ReadonlyMap<string, unknown>): unknown =>
    Object.fromEntries([...m].sort(([a], [b]) => (a < b ? -1 : 1)));
  const { consts, vars, locks, fns, lets, states, threads, lanes, wiring, aliases } = kernel;
  const all = [consts, vars, locks, fns, lets, states, threads, lanes, wiring, aliases].map(map);
  return JSON.parse(
    JSON.stringify(all, (key, value: unknown) => (key === 'place' || key === 'replace' ? undefined : value)),
  );
}

function kernelOf(name: string, patch?: string): Kernel {
  const loaded = loadKernel(name, patch === undefined ? [] : [{ file: PATCH_FILE, source: patch }]);
  if (!loaded.ok)
    throw new Error(loaded.problems.map((p) => `${p.file}:${p.line}:${p.column} ${p.message}`).join('\n'));
  return loaded.kernel;
}

/** What editing the era's text to `edited` comes to. */
function edit(from: string, change: (text: string) => string) {
  const head = headFor(from, 'mine');
  const base = baseOf(head)!;
  const before = wholeText(from)!;
  const edited = change(before.text);
  return { base, edited, ...patchTo(base, edited, head) };
}

describe.each([...KERNELS])('%s as one text', (name) => {
  it('has every declaration once, each line where it says', () => {
    const whole = wholeText(name)!;
    const keys = whole.items.flatMap((i) =>
      i.what === 'declaration' && !/^(state|release)/.test(i.key) ? [i.key] : [],
    );
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
    const { fns, vars, lets } = kernelOf(name);
    for (const fn of fns.keys()) expect(keys).toContain(`function ${fn}`);
    for (const v of vars.keys()) expect(keys).toContain(`variable ${v}`);
    for (const l of lets.keys()) expect(keys).toContain(`definition ${l}`);
    const lines = whole.text.split('\n');
    expect(whole.origins).toHaveLength(lines.length);
  });

  it('unchanged is no change', () => {
    const { changes } = edit(name, (text) => text);
    expect(changes).toBe(0);
  });
});

describe.each([...PROPOSALS])('%s as a change of its era', (name) => {
  it('becomes a patch that is the same kernel, and comes back as the same text', () => {
    const { text, edited, base } = edit(name, (t) => t);
    expect(headOf(text)).toMatchObject({ name: 'mine', over: eraOf(name) });
    expect(plain(kernelOf('mine', text))).toEqual(plain(kernelOf(name)));
    const again = patchedText(text)!;
    // its heading, where it changes nothing of the era, has the other name
    expect(again.text.replace(/^proposal .*/m, '')).toBe(edited.replace(/^proposal .*/m, ''));
    expect(patchTo(base, again.text, headOf(text)!).text).toBe(text);
  });
});

describe('a change of v5.15', () => {
  const FN = 'fn kvm_starting_cpu(cpu) "virt/kvm/kvm_main.c; facts 4.1c" {\n  lock kvm_count_lock';

  it('of a function replaces it, and its lines are those of the patch', () => {
    const { text, changes, origins, edited } = edit('v5.15', (t) => t.replace(FN, `${FN}\n  # mine`));
    expect(changes).toBe(1);
    expect(text).toContain('proposal mine over v5.15\n\nreplace fn kvm_starting_cpu(cpu)');
    const at = edited.split('\n').indexOf('  # mine');
    expect(origins[at]).toEqual({ file: PATCH_FILE, line: 5, shift: 0 });
    expect(origins[at - 2]).toEqual({ file: PATCH_FILE, line: 3, shift: 8 });
    expect(text.split('\n')[4]).toBe('  # mine');
    expect(patchedText(text)!.text).toBe(edited);
  });

  it('of a function that the era itself replaces is the same kind of patch', () => {
    const { text } = edit('v5.15', (t) => t.replace('  return cpu_down(cpu, target)\n', '  return -EPERM\n'));
    expect(text).toMatch(/^proposal mine over v5\.15\n\n# A target.*\n# keeps .*\nreplace fn cpuhp_move_to_target/);
    expect(kernelOf('mine', text).fns.get('cpuhp_move_to_target')!.place.file).toBe(PATCH_FILE);
  });

  it('takes out, adds, and changes whatever has a name', () => {
    const { text, edited } = edit('v5.15', (t) =>
      t
        .replace(/fn zalloc_cpumask_var\(\)[^}]*\}\n\n/, '')
        .replace('  if ret == 0 { ret = zalloc_cpumask_var() }\n', '')
        .replace('global int 0..31 kvm_usage_count ', 'global int 0..63 kvm_usage_count ')
        .replace('spinlock kvm_count_lock', 'mutex kvm_count_lock\nglobal bool my_flag "mine"'),
    );
    expect(text).toContain('remove fn zalloc_cpumask_var\n');
    expect(text).toContain('replace global int 0..63 kvm_usage_count');
    expect(text).toContain('replace mutex kvm_count_lock\nglobal bool my_flag "mine"\n');
    const kernel = kernelOf('mine', text);
    expect(kernel.fns.has('zalloc_cpumask_var')).toBe(false);
    expect(kernel.locks.get('kvm_count_lock')!.kind).toBe('mutex');
    expect(patchedText(text)!.text).toBe(edited);
  });

  it('moves a state: the enum is as message 3 has it', () => {
    const { text } = edit('v5.15', (t) =>
      t
        .replace(
          'state CPUHP_AP_KVM_STARTING "kvm/cpu:starting" up kvm_starting_cpu down kvm_dying_cpu when registered\n',
          'state CPUHP_AP_KVM_ONLINE after CPUHP_AP_ONLINE_IDLE "kvm/cpu:online" up kvm_starting_cpu down kvm_dying_cpu when registered\n',
        )
        .replace(/register CPUHP_AP_KVM_STARTING/g, 'register CPUHP_AP_KVM_ONLINE')
        .replace(/state CPUHP_AP_KVM_STARTING 136.*\n/, ''),
    );
    const { states } = kernelOf('mine', text);
    const design = kernelOf('move-to-online').states;
    expect(plain({ ...kernelOf('v5.15'), states } as Kernel)).not.toEqual(plain(kernelOf('v5.15')));
    const numbers = (m: Kernel['states']) => [...m.values()].map((s) => `${s.constant} ${s.number}`);
    expect(numbers(states)).toEqual(numbers(design));
  });

  it('that takes something back from a state puts it in again where it was', () => {
    const { text } = edit('v5.15', (t) =>
      t.replace(
        'state CPUHP_AP_SCHED_WAIT_EMPTY 151 "sched:waitempty" down sched_cpu_wait_empty',
        'state CPUHP_AP_SCHED_WAIT_EMPTY 151 "sched:waitempty"',
      ),
    );
    expect(text).toContain(
      'remove state CPUHP_AP_SCHED_WAIT_EMPTY\n\nstate CPUHP_AP_SCHED_WAIT_EMPTY after CPUHP_AP_ONLINE_IDLE "sched:waitempty"\n',
    );
    const before = kernelOf('v5.15').states.get('CPUHP_AP_SCHED_WAIT_EMPTY')!;
    expect(kernelOf('mine', text).states.get('CPUHP_AP_SCHED_WAIT_EMPTY')).toMatchObject({
      number: before.number,
      down: null,
    });
  });

  it('with an error in it has that error at its place in the text', () => {
    const { text, origins, edited } = edit('v5.15', (t) => t.replace(FN, `${FN}\n  if kvm_usage_count > {`));
    const loaded = loadKernel('mine', [{ file: PATCH_FILE, source: text }]);
    const problem = loaded.ok ? null : loaded.problems[0]!;
    expect(problem).not.toBeNull();
    const at = origins.findIndex((o) => o?.file === PATCH_FILE && o.line === problem!.line);
    expect(edited.split('\n')[at]).toBe('  if kvm_usage_count > {');
  });

  it('of any kind comes back as the same patch', () => {
    const whole = wholeText('v5.15')!.text;
    const words = ['{', '}', '\n', 'fn', 'lock', 'cpu', 'state', '=', '#', '"', 'x', '\n\n', 'replace ', 'remove '];
    const change = fc.tuple(fc.nat(1_000_000), fc.nat(40), fc.array(fc.constantFrom(...words), { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const { text, base } = edit('v5.15', () =>
          changes.reduce((t, [where, cut, put]) => {
            const at = where % t.length;
            return t.slice(0, at) + put.join(' ') + t.slice(at + cut);
          }, whole),
        );
        const again = patchedText(text)!;
        // once it has been through a patch it is at rest, whatever was typed
        const second = patchTo(base, again.text, headOf(text)!).text;
        const third = patchTo(base, patchedText(second)!.text, headOf(text)!).text;
        const lines = (t: string): string[] => t.split('\n').filter((line) => line.trim() !== '');
        expect(lines(third)).toEqual(lines(second));
      }),
      { numRuns: 60 },
    );
  });
});
