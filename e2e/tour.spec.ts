/** The tour of the thread: seven live runs, by mouse and by keyboard, and the user's own work after it. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('seven steps by keyboard alone; what was there before is there again', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('Home');
  await hotlanes.command('act.fault.4');
  await expect(hotlanes.sentence).toContainText('no oops');
  const own = await hotlanes.litmus();

  await page.keyboard.press('Shift+H');
  const tour = page.getByRole('region', { name: 'Tour of the thread' });
  await expect(tour).toContainText('1 of 7');
  await expect(page.getByText('the enable fails, and nobody is told', { exact: true })).toBeVisible();
  // It is a run like any other: its end, and the one thing to change (facts 4.1c, 4.2c).
  await page.keyboard.press('End');
  await expect(hotlanes.position).toHaveText(/^(\d+) \/ \1$/);
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
  await tour.getByRole('button', { name: 'Now pick v6.3' }).press('Enter');
  await expect(hotlanes.sentence).toContainText('returns -EIO');
  await expect(page.getByText('the enable fails, and nobody is told', { exact: true })).toBeHidden();

  for (let step = 2; step <= 7; step++) {
    await page.keyboard.press('PageDown');
    await expect(tour).toContainText(`${step} of 7`);
    expect(await page.evaluate(() => window.hotlanes!.state().selection?.kind)).toBe('instant');
    if (step !== 3) continue;
    await tour.getByRole('button', { name: 'Now let the enable succeed' }).press('Enter');
    await expect(hotlanes.sentence.getByRole('heading', { level: 1 })).not.toContainText('-EIO');
    await expect(hotlanes.sentence.getByRole('heading', { level: 2 })).not.toContainText('BUG');
  }
  await expect(tour.getByRole('button', { name: 'Next' })).toBeDisabled();
  await page.keyboard.press('PageUp');
  await expect(tour).toContainText('6 of 7');
  await page.keyboard.press('Shift+Q');
  await expect(tour).toBeHidden();
  expect(await hotlanes.litmus()).toBe(own);
  await expect(hotlanes.sentence).toContainText('no oops');
  await page.keyboard.press('ControlOrMeta+z');
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
});

test('a reload on the tour brings back the user’s own work', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('Home');
  await hotlanes.command('act.fault.4');
  await expect(hotlanes.sentence).toContainText('no oops');
  await hotlanes.command('tour.start');
  const tour = page.getByRole('region', { name: 'Tour of the thread' });
  await tour.getByRole('button', { name: 'Next' }).click();
  await expect(tour).toContainText('2 of 7');
  await page.waitForTimeout(1500); // what is kept is kept a moment later
  await page.reload();
  await expect(hotlanes.sentence).toContainText('no oops');
  await expect(tour).toBeHidden();
});

for (const theme of ['light', 'dark'] as const)
  test(`readable by all, on a phone too: ${theme}`, async ({ page }) => {
    const hotlanes = new HotlanesPage(page);
    await page.emulateMedia({ colorScheme: theme });
    await hotlanes.open();
    await hotlanes.command('tour.start');
    await expect(page.getByRole('region', { name: 'Tour of the thread' })).toContainText('1 of 7');
    const check = async (): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
    };
    await check();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.keyboard.press('PageDown');
    await page.keyboard.press('PageDown');
    await expect(page.getByRole('button', { name: 'Leave' })).toBeInViewport();
    await expect(page.locator('canvas')).toBeInViewport({ ratio: 0.9 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await check();
  });
