/** Many runs at once: the outcome matrix and the failure map, by mouse and by keyboard. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

const violations = async (page: import('@playwright/test').Page): Promise<string[]> => {
  // The first rows are like all others, and the key below has every class: a thousand cells would take minutes.
  const axe = new AxeBuilder({ page }).include('[role=dialog]').exclude('tbody tr:nth-child(n + 12)');
  const { violations: found } = await axe.analyze();
  return found.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
};

test('the matrix is computed while one looks, and a click opens the run of a cell', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Matrix' }).click();
  const dialog = page.getByRole('dialog', { name: /^Outcome matrix/ });
  const grid = dialog.getByRole('grid', { name: 'Outcome matrix' });
  // v5.15 swallows the failing enable and its thread dies, v6.3 refuses the CPU (facts 4.1c, 4.2c).
  const refused = grid.getByRole('gridcell', { name: /^v6\.3, kevin-2021-11-30 on VMX: refused -EIO/ });
  await expect(refused).toBeVisible({ timeout: 45_000 });
  await expect(grid.getByRole('gridcell', { name: /^v5\.15, kevin-2021-11-30 on VMX: thread dies/ })).toBeVisible();
  await refused.hover();
  await expect(dialog.getByTestId('told')).toContainText('one run, seed 0, not explored');
  await expect(dialog.getByTestId('told')).toContainText('The online write of cpu4 returns -EIO');
  await refused.click();
  await expect(dialog).toBeHidden();
  expect(await hotlanes.litmus()).toMatch(/^kernel\s+v6\.3$/m);
  await expect(hotlanes.sentence).toContainText('The online write of cpu4 returns -EIO');
});

test('the matrix by keyboard: stop, move, open; what was computed is kept', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('g');
  const dialog = page.getByRole('dialog', { name: /^Outcome matrix/ });
  const status = dialog.getByRole('status');
  await expect(status).toContainText(/^Running: [1-9]/, { timeout: 45_000 });
  await dialog.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(status).toContainText('Stopped');
  const count = async (): Promise<number> => Number(/(\d+) of/.exec((await status.textContent()) ?? '')?.[1]);
  const before = await count();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await page.keyboard.press('g');
  await expect.poll(count, { timeout: 45_000 }).toBeGreaterThan(before);
  // The row of the text that is open is computed first; from its cell on v5.15 one to the right, and opened.
  const cell = dialog.getByRole('gridcell', { name: /^v5\.15, kevin-2021-11-30 on VMX: thread dies/ });
  await cell.focus();
  await page.keyboard.press('ArrowRight');
  const next = dialog.getByRole('gridcell', { name: /^v6\.1, kevin-2021-11-30 on VMX: thread dies/ });
  await expect(next).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: 'Kernel v6.1' })).toBeVisible();
});

test('the failure map of a text: a cell runs the text with that step failing', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Failures' }).click();
  const dialog = page.getByRole('dialog', { name: /^Failure map/ });
  const grid = dialog.getByRole('grid', { name: 'Failure map' });
  // A step of the ONLINE section may fail, and the CPU is rolled back (facts 3.4).
  const cell = grid.getByRole('gridcell', { name: /^CPU 4, workqueue:online: refused -EIO/ });
  await expect(cell).toBeVisible({ timeout: 45_000 });
  await cell.click();
  await expect(dialog).toBeHidden();
  expect(await hotlanes.litmus()).toMatch(/^fault\s+cpu4 CPUHP_AP_WORKQUEUE_ONLINE up returns -EIO/m);
  await expect(hotlanes.sentence).toContainText('-EIO');
});

for (const theme of ['light', 'dark'] as const)
  test(`the tables of outcomes break no rule of accessibility: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    const hotlanes = new HotlanesPage(page);
    await hotlanes.open();
    await hotlanes.command('view.failures');
    await expect(page.getByRole('gridcell', { name: /workqueue:online: refused/ })).toBeVisible({ timeout: 45_000 });
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await hotlanes.command('view.matrix');
    await expect(page.locator('[role=gridcell][data-class=thread-dies]').first()).toBeVisible({ timeout: 45_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    expect(await violations(page)).toEqual([]);
  });
