/** What is offered where: in both texts. */
import { CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { completeKern, localsAt } from './complete-kern';
import { completeLitmus, litmusOf } from './complete-litmus';
import { docOf } from './kernel-doc';

const loaded = loadKernel('v5.15');
if (!loaded.ok) throw new Error('v5.15 does not load');
const { kernel } = loaded;

const labels = (result: CompletionResult | null): string[] => result?.options.map((o) => o.label) ?? [];

describe('in a kernel text', () => {
  const complete = completeKern({ kernel: () => kernel, valueNow: () => null });
  const whole = docOf('v5.15', '')!.text;
  /** A line typed at the top of kvm_starting_cpu; the cursor is at its end. */
  function offered(line: string): string[] {
    const head = 'fn kvm_starting_cpu(cpu) "virt/kvm/kvm_main.c; facts 4.1c" {\n';
    const at = whole.indexOf(head) + head.length;
    const state = EditorState.create({ doc: `${whole.slice(0, at)}${line}\n${whole.slice(at)}` });
    return labels(complete(new CompletionContext(state, at + line.length, true)));
  }

  it('begins a line with statements, functions and what can be set', () => {
    const all = offered('  kv');
    for (const name of ['lock', 'if', 'kvm_usage_count', 'hardware_enable_nolock', 'cpu']) expect(all).toContain(name);
    expect(all).not.toContain('fn');
  });

  it('offers behind a word only what can follow it', () => {
    expect(offered('  lock k')).toEqual([...kernel.locks.keys()]);
    expect(offered('  register CPUHP')).toEqual([...kernel.states.keys()]);
    expect(offered('  return -E')).toContain('-EIO');
    expect(offered('  if kvm_usage_count > 0 and cp')).toContain('cpu');
    expect(offered('gl')).toEqual(expect.arrayContaining(['global', 'fn', 'state']));
    expect(offered('  # comm')).toEqual([]);
    expect(offered('  log "kv')).toEqual([]);
  });

  it('knows the names of the function that is open', () => {
    expect(
      localsAt('fn a(x: int 0..3) {\n}\n\nfn f(cpu, module: int 1..2) "s (t)" {\n  var ret\n  for c in m {\n'),
    ).toEqual(['cpu', 'module', 'ret', 'c']);
  });
});

describe('in a litmus text', () => {
  const text = galleryText('kevin-2021-11-30')!;
  const complete = completeLitmus({ kernel: () => kernel, own: () => 'my-change', litmus: () => litmusOf(text) });
  function offered(line: string): string[] {
    const doc = `${text}\n${line}`;
    return labels(complete(new CompletionContext(EditorState.create({ doc }), doc.length, true)));
  }

  it('offers what a line can begin with', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['fault', 'never', 'admin:', 'qemu:']));
  });

  it('offers kernels, actions, things, functions and errnos where they stand', () => {
    expect(offered('kernel ')).toEqual(expect.arrayContaining(['v5.15', 'bug-the-vm', 'my-change']));
    expect(offered('admin:  ')).toEqual(expect.arrayContaining(['hotadd', 'offline', 'affine']));
    expect(offered('        affine v')).toEqual(expect.arrayContaining(['vm0.vcpu1', 'cpu4', 'any']));
    expect(offered('fault   ')).toEqual(
      expect.arrayContaining(['cpu4', 'kvm_arch_hardware_enable', 'kvm/cpu:starting']),
    );
    expect(offered('fault   cpu4 kvm_arch_hardware_enable ')).toEqual(['returns', 'up', 'down']);
    expect(offered('fault   cpu4 kvm_arch_hardware_enable returns -')).toContain('-EIO');
    expect(offered('never   ')).toEqual(expect.arrayContaining(['oops', 'loaded', 'vm0']));
    expect(offered('hardware cpu4 ')).toContain('cpu_svm=');
    expect(offered('qemu:   modprobe kvm_intel ')).toContain('panic_on_oops=');
  });
});
