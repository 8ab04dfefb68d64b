/** How much JavaScript stands between a reader and the lanes. */
import { gzipSync } from 'node:zlib';
import { expect, test } from './fixtures.ts';

const MOST_KB = 180;

test('the lanes are there after little JavaScript', async ({ page }) => {
  const scripts = new Map<string, Promise<Buffer>>();
  page.on('response', (response) => {
    if (/\.js$/.test(new URL(response.url()).pathname)) scripts.set(response.url(), response.body());
  });
  // Whatever was asked for before the lanes are drawn counts.
  await page.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector('canvas')) return;
      (window as unknown as { lanesAt: number }).lanesAt = performance.now();
      watch.disconnect();
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  await page.goto('./');
  await expect(page.locator('canvas')).toBeVisible();
  await expect.poll(() => page.evaluate(() => (window as unknown as { lanesAt?: number }).lanesAt)).toBeDefined();
  const before = await page.evaluate(() => {
    const { lanesAt } = window as unknown as { lanesAt: number };
    return performance
      .getEntriesByType('resource')
      .filter((entry) => entry.startTime < lanesAt && entry.name.endsWith('.js'))
      .map((entry) => entry.name);
  });
  expect(before.length).toBeGreaterThan(0);
  let bytes = 0;
  for (const url of before) bytes += gzipSync((await scripts.get(url)) ?? '').length;
  console.log(`first load: ${(bytes / 1000).toFixed(1)} kB of JavaScript in ${before.length} file(s)`);
  expect(bytes / 1000).toBeLessThan(MOST_KB);
});
