/** By keyboard alone, on a small page, in both themes, with nothing from elsewhere. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

for (const theme of ['light', 'dark'] as const)
  test(`no violation of accessibility rules: ${theme}`, async ({ page }) => {
    const hotlanes = new HotlanesPage(page);
    await page.emulateMedia({ colorScheme: theme });
    await hotlanes.open();
    const check = async (what: string): Promise<void> => {
      // A menu lies in no landmark, and its focus guards are hidden on purpose: both belong to the library's way of making one.
      const axe = new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]');
      const { violations } = await (what === 'menu' ? axe.disableRules(['region']) : axe).analyze();
      expect(violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual(
        [],
      );
    };
    await hotlanes.toLogLine(/enabling virtualization/);
    await check('run');
    await page.getByRole('button', { name: 'Act on the machine' }).click();
    await expect(page.getByRole('menuitem', { name: 'Hot-add a CPU' })).toBeVisible();
    await check('menu');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys and colours' })).toBeVisible();
    await check('help');
    await page.keyboard.press('Escape');
    await hotlanes.write('litmus broken\nkernl v5.15\n');
    await expect(hotlanes.problems).toContainText('line 2');
    await check('problem');
    await hotlanes.command('open.capture.6.1/v2');
    await expect(hotlanes.sentence).toContainText('on CPU 1 died');
    await check('trace');
    await hotlanes.command('lanes.table');
    await expect(page.getByRole('dialog', { name: 'The lanes as a table' })).toBeVisible();
    await check('table');
  });

for (const theme of ['light', 'dark'] as const)
  test(`no violation in what is opened over the lanes, nor in two runs: ${theme}`, async ({ page }) => {
    test.slow();
    const hotlanes = new HotlanesPage(page);
    await page.emulateMedia({ colorScheme: theme });
    await hotlanes.open();
    const found: string[] = [];
    const check = async (what: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
      found.push(...violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`));
    };
    for (const view of [
      'view.matrix',
      'view.failures',
      'view.sources',
      'view.keys',
      'view.palette',
      'session.branches',
    ]) {
      await hotlanes.command(view);
      await expect(page.getByRole('dialog')).toBeVisible();
      await page.waitForTimeout(500); // its first rows
      await check(view);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
    }
    await hotlanes.command('beside.v6.3');
    await expect(hotlanes.sentence.getByRole('heading', { level: 2 })).toContainText('returns -EIO');
    await check('beside');
    await page.setViewportSize({ width: 390, height: 844 });
    for (const sheet of ['Text', 'Step', 'Log']) {
      await page.getByRole('navigation', { name: 'Panels' }).getByRole('button', { name: sheet }).click();
      await check(`sheet ${sheet}`);
    }
    expect(found).toEqual([]);
  });

test('by keyboard alone: read the answer, go back, disarm the fault, see the difference', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('Home');
  await expect(hotlanes.position).toHaveText(/^0 \//);
  for (let i = 0; i < 4; i++) await page.keyboard.press(']');
  await expect(hotlanes.inspector).toContainText('kvm: enabling virtualization on CPU4 failed');
  await page.keyboard.press('[');
  await expect(hotlanes.inspector).toContainText('the armed fault strikes');
  await page.keyboard.press('[');
  await expect(hotlanes.inspector).toContainText('Booting Node 0 Processor 4');
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await page.keyboard.press('Space');

  // To the menu of acts by Tab, then by arrow keys.
  const act = page.getByRole('button', { name: 'Act on the machine' });
  for (let i = 0; i < 12 && !(await act.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press('Tab');
  await expect(act).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Hot-add a CPU' })).toBeVisible();
  const item = page.getByRole('menuitem', { name: 'CPU 4' });
  for (let i = 0; i < 12 && !(await item.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  const disarm = page.getByRole('menuitem', { name: /^(current: )?Disarm the failing enable on CPU 4/ });
  await expect(disarm).toBeVisible();
  for (let i = 0; i < 6 && !(await disarm.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(hotlanes.sentence).toContainText('no oops');
  await expect(act).toBeFocused();
  await page.keyboard.press('ControlOrMeta+z');
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');

  // The lanes: a thing is selected, told in words, fitted, and let go.
  await page.keyboard.press('ArrowDown');
  await expect(hotlanes.inspector).toContainText('Selected');
  await page.keyboard.press('Shift+F');
  await page.keyboard.press('f');
  await page.keyboard.press('Escape');
  await expect(hotlanes.inspector).not.toContainText('Selected');
  await page.keyboard.press('t');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('sequentially consistent');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('every command can be run, and none breaks the page', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const ids = await page.evaluate(() => window.hotlanes!.commands().map((c) => c.id));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids.filter((name) => name !== 'open.files')) {
    await hotlanes.command(id);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.keyboard.press('Escape');
  }
  await hotlanes.command('open.litmus.kevin-2021-11-30');
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
});

test('on a phone: the answer, the lanes, the transport; the rest one tap away', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./');
  const hotlanes = new HotlanesPage(page);
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
  await expect(page.locator('canvas')).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeInViewport();
  await expect(hotlanes.inspector).toBeHidden();
  const tabs = page.getByRole('navigation', { name: 'Panels' });
  await tabs.getByRole('button', { name: 'Step' }).click();
  await expect(hotlanes.inspector).toBeInViewport();
  await tabs.getByRole('button', { name: 'Log' }).click();
  await expect(hotlanes.log).toContainText('kernel BUG');
  await tabs.getByRole('button', { name: 'Text' }).click();
  await expect(page.getByRole('textbox', { name: 'Litmus text' })).toBeInViewport();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(390);
});

test('panels can be put away, and the lanes take their room', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const width = async (): Promise<number> => (await page.locator('canvas').boundingBox())!.width;
  const before = await width();
  await page.getByRole('button', { name: 'Put away: Litmus text' }).click();
  await page.getByRole('button', { name: 'Put away: Step' }).click();
  await expect.poll(width).toBeGreaterThan(before + 400);
  await page.keyboard.press('1');
  await page.keyboard.press('2');
  await expect.poll(width).toBe(before);
});
