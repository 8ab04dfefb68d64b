import { describe, expect, it } from 'vitest';
import { loadKernel } from '../kernels/index';
import { run } from '../machine/run';
import { errnosOf, failPlaces } from './fail-here';
import { galleryText } from './gallery';
import { load } from './load';

const kernelOf = (name: string) => {
  const loaded = loadKernel(name);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return loaded.kernel;
};

const runOf = (text: string) => {
  const loaded = load(text, 't');
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return run(loaded.program);
};

describe('what a function may return', () => {
  it('is what the facts list for it: enabling on Intel (facts 6, rows 7 and 11)', () => {
    expect(errnosOf(kernelOf('v5.15'), 'vmx_hardware_enable')).toEqual(expect.arrayContaining(['-EBUSY', '-EFAULT']));
  });
  it('goes up from what it calls', () => {
    const kernel = kernelOf('v6.3');
    expect(errnosOf(kernel, 'kvm_online_cpu')).toContain('-EIO');
  });
});

describe('places where a run can fail', () => {
  const kevin = runOf(galleryText('kevin-2021-11-30')!.replace(/fault .*\n/, ''));
  const stepOf = (fn: string, cpu: number): number => {
    for (let i = 0; i < kevin.history.length; i++) {
      const s = kevin.history.step(i);
      if (s.cpu === cpu && kevin.program.frames[kevin.program.code[s.pc]!.frame]?.fn === fn) return i;
    }
    return -1;
  };
  it('are the functions of the step, the innermost first', () => {
    const step = stepOf('hardware_enable_nolock', 4);
    expect(step).toBeGreaterThan(0);
    const inside = stepOf('VMX_ENABLE', 4);
    const places = failPlaces(kevin.program, kevin.history, inside);
    const names = places.map((p) => p.place);
    expect(names.indexOf('vmx_hardware_enable')).toBeGreaterThanOrEqual(0);
    expect(names.indexOf('vmx_hardware_enable')).toBeLessThan(names.indexOf('kvm_arch_hardware_enable'));
    for (const { before } of places) expect(before).toBeLessThan(inside);
  });
  it('are the hotplug step that begins there, on its CPU and its way', () => {
    const [step] = [...kevin.history.effects].find(([, list]) =>
      list.some((e) => e.kind === 'callback' && e.begin && e.up && e.cpu === 4),
    )!;
    expect(failPlaces(kevin.program, kevin.history, step)[0]).toMatchObject({ cpu: 4, direction: 'up', before: step });
  });
  it('are none before the first step and after the last', () => {
    expect(failPlaces(kevin.program, kevin.history, -1)).toEqual([]);
    expect(failPlaces(kevin.program, kevin.history, kevin.history.length)).toEqual([]);
  });
});
