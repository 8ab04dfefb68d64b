/** What is there before anything was fetched. */
import { expect, it, vi } from 'vitest';

it('the kernel that the page opens with needs nothing that has to be fetched', async () => {
  vi.resetModules();
  const { hasAllKernelTexts, isThere, loadKernelTexts } = await import('../kernels/index');
  const { gallery, loadGallery } = await import('./gallery');
  const kernel = /^kernel\s+(\S+)/m.exec(gallery()[0]!.text)![1]!;
  expect([hasAllKernelTexts(), isThere(kernel), isThere('v6.12'), gallery().length]).toEqual([false, true, false, 1]);
  await Promise.all([loadKernelTexts(), loadGallery()]);
  expect([hasAllKernelTexts(), isThere(kernel), isThere('v6.12')]).toEqual([true, true, true]);
  expect(gallery().length).toBeGreaterThan(1);
});

it('that kernel is the same program before and after: only columns and comments came later', async () => {
  vi.resetModules();
  const { loadKernelTexts } = await import('../kernels/index');
  const { gallery } = await import('./gallery');
  const { load } = await import('./load');
  const program = (): string => {
    const loaded = load(gallery()[0]!.text, 't.litmus');
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    return JSON.stringify(loaded.program, (key, value: unknown) =>
      key === 'column' || key === 'length' ? undefined : value,
    );
  };
  const before = program();
  await loadKernelTexts();
  expect(program()).toBe(before);
});
