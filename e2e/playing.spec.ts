/** While it plays nothing on the page moves but the lanes. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

const MANY = `litmus many
kernel  v5.15
machine intel, cpus 63 + 1 hot-addable

qemu:   modprobe kvm_intel
        vm0 = create vm, 8 vcpus
        run vm0
admin:  hotadd cpu63
        online cpu63 after run vm0
        affine vm0.vcpu0 to cpu63
fault   cpu63 kvm_arch_hardware_enable returns -EIO

never   oops
`;

/** Shifts that the browser has seen, as "value: what moved". */
async function watchShifts(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    (window as unknown as { shifts: string[] }).shifts = seen;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const shift = entry as PerformanceEntry & {
          value: number;
          sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
        };
        const moved = shift.sources
          .map(({ node, previousRect: a, currentRect: b }) => {
            const element = node instanceof Element ? node : node?.parentElement;
            return `${element?.className ?? '?'} ${a.x},${a.y},${a.height} to ${b.x},${b.y},${b.height}`;
          })
          .join('; ');
        seen.push(`${shift.value.toFixed(4)}: ${moved}`);
      }
    }).observe({ type: 'layout-shift', buffered: false });
  });
  return () => page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
}

async function playAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    const run = window.hotlanes!.run;
    run('play.first');
    for (let i = 0; i < 4; i++) run('play.faster');
    run('play.toggle');
  });
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible({ timeout: 40_000 });
}

test('no layout shift while playing: the question, 64 CPUs, a trace', async ({ page }) => {
  test.slow();
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open({ playing: true });
  await page.evaluate(() => document.fonts.ready);
  const shifts = await watchShifts(page);

  await playAll(page);
  expect(await shifts()).toEqual([]);

  await hotlanes.write(MANY);
  await expect(hotlanes.sentence).toContainText('on CPU 63');
  const before = (await shifts()).length;
  await playAll(page);
  expect((await shifts()).slice(before)).toEqual([]);

  await hotlanes.command('open.capture.6.1/v2');
  await expect(hotlanes.sentence).toContainText('on CPU 1 died');
  await page.waitForTimeout(600); // what opening it moved is not playing
  const opened = (await shifts()).length;
  await playAll(page);
  expect((await shifts()).slice(opened)).toEqual([]);
});
