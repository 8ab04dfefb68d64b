/** What one acts with is for everyone: no violation of accessibility rules, in both themes, and room on a phone. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

for (const theme of ['light', 'dark'] as const)
  test(`palette, keys, branches, menus and free play: ${theme}`, async ({ page }) => {
    const hotlanes = new HotlanesPage(page);
    await page.emulateMedia({ colorScheme: theme });
    await hotlanes.open();
    const check = async (what: string, ...without: readonly string[]): Promise<void> => {
      const axe = new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').disableRules([...without]);
      const { violations } = await axe.analyze();
      expect(violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual(
        [],
      );
    };
    await page.keyboard.press('ControlOrMeta+k');
    await expect(page.getByRole('option').first()).toBeVisible();
    await page.keyboard.type('cpu 4');
    await check('palette');
    await page.keyboard.press('Escape');
    await hotlanes.command('view.keys');
    await expect(page.getByRole('dialog', { name: 'Change keys' }).getByRole('listitem').first()).toBeVisible();
    await check('keys');
    await page.keyboard.press('Escape');
    await hotlanes.command('act.offline.3');
    await hotlanes.command('session.branches');
    await expect(page.getByRole('dialog', { name: /^Branches/ }).getByRole('listitem')).toHaveCount(2);
    await check('branches');
    await page.keyboard.press('Escape');
    await page.locator('canvas').click({ button: 'right', position: { x: 60, y: 45 } });
    await expect(page.getByRole('menuitem', { name: /^Hot-remove CPU 0/ })).toBeVisible();
    // a menu lies in no landmark
    await check('menu', 'region');
    await page.keyboard.press('Escape');
    await hotlanes.command('open.empty');
    await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await page.keyboard.press('Space');
    await check('free play');
  });

test('on a phone they fit, and nothing can be scrolled sideways', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const hotlanes = new HotlanesPage(page);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./');
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  const fits = async (): Promise<void> => {
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    for (const box of await page.getByRole('dialog').all()) {
      const { x, width } = (await box.boundingBox())!;
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(390);
    }
  };
  for (const id of ['view.palette', 'view.keys', 'session.branches']) {
    await hotlanes.command(id);
    await expect(page.getByRole('dialog')).toBeVisible();
    await fits();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await hotlanes.command('open.empty');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await fits();
});
