/** Two runs on the same lanes: by mouse, by keyboard, on a phone. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('the 2021 question on v5.15 beside v6.3: both outcomes, where they part, each one’s step', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Beside another kernel or design' }).click();
  await page.getByRole('menuitem', { name: /^v6\.3 / }).click();
  // The one swallows the failure, the other refuses the CPU (facts 4.1c, 4.2c).
  await expect(hotlanes.sentence.getByRole('heading', { level: 1 })).toContainText('BUG in kvm_spurious_fault');
  await expect(hotlanes.sentence.getByRole('heading', { level: 2 })).toContainText('returns -EIO');
  await expect(hotlanes.userspace.getByRole('row', { name: /online cpu4/ })).toContainText('-EIO');

  await page.getByRole('button', { name: /They part at step/ }).click();
  await expect(hotlanes.position).not.toHaveText(/^(\d+) \/ \1$/);
  const side = page.getByRole('group', { name: 'Whose step' });
  await side.getByRole('button', { name: 'B v6.3' }).click();
  await expect(hotlanes.inspector).toContainText('kvm/cpu:online (state 152), CPU 4 up: -EIO');
  await side.getByRole('button', { name: 'A v5.15' }).click();
  await expect(hotlanes.inspector).not.toContainText('kvm/cpu:online (state 152)');
  // A difference in the list leads to its place.
  await hotlanes.inspector.getByRole('button', { name: /admin: online cpu4: done on v5.15, -EIO on v6.3/ }).click();
  await expect(hotlanes.inspector).toContainText('Where they differ');

  // The rows behind the canvas say whose they are.
  expect((await hotlanes.table('CPU 4 of v6.3')).join('\n')).toContain('rolling back');
  expect((await hotlanes.table('CPU 4 of v5.15')).join('\n')).not.toContain('rolling back');
  expect((await hotlanes.table('where they differ')).length).toBeGreaterThan(5);

  // An act before the first step changes both.
  await page.keyboard.press('Home');
  await hotlanes.command('act.fault.4');
  await expect(hotlanes.sentence.getByRole('heading', { level: 2 })).toContainText('no oops');
  await page.getByRole('button', { name: 'Back to one run' }).click();
  await expect(hotlanes.sentence.getByRole('heading')).toHaveCount(1);
});

test('beside, by keyboard alone', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('b');
  const item = page.getByRole('menuitem', { name: /^move-to-online / });
  await expect(item).toBeVisible();
  for (let i = 0; i < 40 && !(await item.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(hotlanes.sentence).toContainText('move-to-online');
  await page.keyboard.press('Home');
  await page.keyboard.press(']');
  await expect(hotlanes.position).not.toHaveText(/^0 /);
  await page.keyboard.press('v');
  await expect(page.getByRole('button', { name: 'B move-to-online' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Shift+B');
  await expect(hotlanes.sentence.getByRole('heading')).toHaveCount(1);
});

for (const theme of ['light', 'dark'] as const)
  test(`two runs break no rule of accessibility: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    const hotlanes = new HotlanesPage(page);
    await hotlanes.open();
    await hotlanes.command('beside.v6.3');
    await expect(hotlanes.sentence).toContainText('They part');
    const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
    expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
  });

test('two runs on a phone: both outcomes and the lanes, and no wider than the page', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./');
  const hotlanes = new HotlanesPage(page);
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
  await hotlanes.command('beside.v6.3');
  await expect(hotlanes.sentence).toContainText('They part');
  await expect(page.locator('canvas')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test('a capture with the model beside it: the counts, the same death, and each side’s own events', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.command('open.capture.6.1/v2');
  await expect(hotlanes.sentence).toContainText('on CPU 1 died');
  await page.getByRole('button', { name: 'Model beside it' }).click();
  const model = hotlanes.sentence.getByRole('heading', { level: 2 });
  await expect(model).toContainText('The model of v6.1.192', { timeout: 45_000 });
  await expect(hotlanes.sentence).toContainText(/[\d,]+ of [\d,]+ compared things match/);
  await expect(hotlanes.sentence).toContainText('taken from the trace, not predicted');
  // vcpu0 dies on CPU 1 at VMPTRLD, on both (captures 6.1/v2).
  expect((await hotlanes.table('CPU 1 of captured')).join('\n')).toContain('kernel BUG');
  expect((await hotlanes.table('CPU 1 of model')).join('\n')).toContain('BUG in kvm_spurious_fault');
  await page.keyboard.press('v');
  await expect(page.getByRole('button', { name: 'B model' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('region', { name: 'Step' })).toContainText(/Step [\d,]+/);
  await page.keyboard.press('v');
  await expect(page.getByRole('region', { name: 'Event' })).toContainText(/Event [\d,]+/);
  await page.keyboard.press('Shift+B');
  await expect(hotlanes.sentence.getByRole('heading')).toHaveCount(1);
  await page.getByRole('button', { name: 'Back to the run' }).click();
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
});
