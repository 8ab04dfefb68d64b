import { expect, test } from './fixtures.ts';

test('the page loads', async ({ page }) => {
  await page.goto('./');
  await expect(page).toHaveTitle(/Hotlanes/);
  await expect(page.locator('#root')).not.toBeEmpty();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test('a page that errs or asks for something elsewhere is found out', async ({ page, problems }) => {
  await page.goto('./');
  await page.evaluate(async () => {
    console.error('said so');
    setTimeout(() => {
      throw new Error('thrown');
    });
    await fetch('https://elsewhere.example/').catch(() => undefined);
  });
  await expect.poll(() => problems.join('\n')).toContain('console: said so');
  await expect.poll(() => problems.join('\n')).toContain('error: Error: thrown');
  await expect.poll(() => problems.join('\n')).toContain('request to elsewhere: https://elsewhere.example/');
  problems.length = 0;
});
