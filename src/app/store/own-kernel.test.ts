/** A run on a kernel of the user's own: where the text names it, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { setKernel } from '../../litmus/edit';
import { galleryText } from '../../litmus/gallery';
import { kernelSource, kernelTitle } from '../../kernels/index';
import { baseOf, headFor, patchTo } from '../../kernels/whole';
import { originOf } from '../../language/provenance';
import { kernelOf } from '../inspect/sources';
import { linesAt } from '../inspect/kernel-text';
import { makeRun } from './run-view';

const TEXT = galleryText('kevin-2021-11-30')!;
const head = { ...headFor('v5.15', 'mine'), title: 'your change' };
const base = baseOf(head)!;
/** Another line in the callback. */
const patched = (line: string, more: (text: string) => string = (t) => t): string =>
  patchTo(
    base,
    more(base.text.replace('  if kvm_usage_count > 0 { hardware_enable_nolock(cpu) }\n', `  ${line}\n`)),
    head,
  ).text;
/** Message 3: the callback stands where it may fail. */
const moved = (text: string): string =>
  text
    .replace('state CPUHP_AP_KVM_STARTING "', 'state CPUHP_AP_KVM_ONLINE after CPUHP_AP_ONLINE_IDLE "')
    .replaceAll('register CPUHP_AP_KVM_STARTING', 'register CPUHP_AP_KVM_ONLINE');

describe('a change of a kernel', () => {
  const patch = patched('if kvm_usage_count > 0 { unlock kvm_count_lock; return -EIO }', moved);

  it('is run where the text names it', () => {
    const shipped = makeRun(TEXT, 'litmus', undefined, patch);
    expect(shipped.ok && shipped.view.program.kernel).toBe('v5.15');
    expect(shipped.ok && shipped.view.patch).toBe('');
    const own = makeRun(setKernel(TEXT, 'mine'), 'litmus', undefined, patch);
    if (!own.ok) throw new Error(own.problems[0]!.message);
    expect(own.view.patch).toBe(patch);
    expect(own.view.program.kernel).toBe('mine');
    expect(shipped.ok && shipped.view.sentence.headline).toContain('#UD at VMPTRLD');
    // the hotplug is refused, and no vCPU was ever there (thread, message 3)
    expect(own.view.sentence.headline).toMatch(/online write of cpu4 returns -EIO/);
    expect(kernelTitle('mine')).toBe('your change');
    // places of the run are lines of the patch, also after it was changed
    const line = patch.split('\n').findIndex((l) => l.includes('return -EIO')) + 1;
    const places = Array.from({ length: own.view.steps }, (_, k) => linesAt(own.view, k + 1)[0]);
    expect(places.some((p) => p?.file === 'your change' && p.line === line)).toBe(true);
    expect(kernelSource('your change')!.split('\n')[line - 1]).toContain('return -EIO');
    expect(originOf(kernelOf(own.view.program)!, 'kvm_starting_cpu')!.provenance.facts).toEqual(['4.1c']);
    const next = makeRun(
      setKernel(TEXT, 'mine'),
      'litmus',
      undefined,
      patched('if kvm_usage_count > 3 { return -EIO }'),
    );
    expect(next.ok && kernelOf(next.view.program)!.fns.get('kvm_starting_cpu')!.source).toContain('4.1c');
    expect(kernelSource('your change')).toContain('> 3');
  });

  it('with an error in it says where; without it, its name is unknown', () => {
    const wrong = makeRun(setKernel(TEXT, 'mine'), 'litmus', undefined, patched('if kvm_usage_count > {'));
    expect(wrong.ok ? [] : wrong.problems.map((p) => p.file)).toEqual(['your change']);
    const missing = makeRun(setKernel(TEXT, 'nobodys'), 'litmus', undefined, '');
    expect(missing.ok || missing.problems[0]).toMatchObject({
      file: 'litmus',
      message: 'no kernel text is called nobodys',
    });
  });
});
