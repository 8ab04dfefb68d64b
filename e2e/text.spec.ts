/** Changing the text: by typing, by buttons, and back again. */
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('without the fault there is no oops; undo brings it back', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const text = await hotlanes.litmus();
  await hotlanes.write(text.replace(/fault .*\n/, ''));
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 runs on CPU 4; no oops');
  await expect(hotlanes.sentence).toContainText('never oops: holds');
  await expect(hotlanes.log).not.toContainText('kernel BUG');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
  expect(await hotlanes.litmus()).toBe(text);
});

test('a typo is an error in its place, with a suggestion; the run before it stays', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const text = await hotlanes.litmus();
  await hotlanes.write(text.replace('online cpu4 after', 'onlin cpu4 after'));
  await expect(hotlanes.problems).toContainText('line 11');
  await expect(hotlanes.problems).toContainText('did you mean online?');
  await expect(page.locator('.cm-lintRange-error')).toHaveText(/^onlin/);
  await expect(hotlanes.sentence).toContainText('of the text before its error');
  await expect(hotlanes.log).toContainText('kernel BUG');
  await hotlanes.problems.getByRole('button').click();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await page.keyboard.type('online');
  await expect(hotlanes.problems).toBeEmpty();
  expect(await hotlanes.litmus()).toBe(text);
});

test('a button writes its line, and the run changes', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  // before the first step a fault is a line without a moment
  await page.keyboard.press('Home');
  await page.getByRole('button', { name: 'Act on the machine' }).click();
  await page.getByRole('menuitem', { name: 'CPU 4' }).click();
  await page.getByRole('menuitem', { name: 'Disarm the failing enable on CPU 4' }).click();
  await expect(hotlanes.sentence).toContainText('no oops');
  expect(await hotlanes.litmus()).not.toContain('fault');

  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'Act on the machine' }).click();
  await page.getByRole('menuitem', { name: 'Hot-add a CPU' }).click();
  await expect.poll(() => hotlanes.litmus()).toContain('you:    hotadd cpu5 at ');
  await expect(page.getByText('intel, 4 + 2 CPUs')).toBeVisible();
  await expect(hotlanes.log).toContainText('CPU5 has been hot-added');
  await hotlanes.command('act.online.5');
  await hotlanes.command('act.startVm');
  await hotlanes.command('act.pin.1.5');
  await expect.poll(() => hotlanes.litmus()).toContain('affine vm0.vcpu1 to cpu5 at ');
  await expect.poll(() => hotlanes.litmus()).toContain('run vm1 at ');
  await expect(hotlanes.sentence).toContainText('vm0.vcpu1 runs on CPU 5');
  await hotlanes.command('text.original');
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
});

test('the actions of a CPU are at its name on the lanes', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const canvas = page.locator('canvas');
  await canvas.click({ position: { x: 40, y: 45 } });
  await page.getByRole('menuitem', { name: 'Take CPU 0 offline' }).click();
  await expect.poll(() => hotlanes.litmus()).toContain('offline cpu0');
});

test('the work is there again after a reload, and the original can be had back', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const original = await hotlanes.litmus();
  const changed = original.replace(/fault .*\n/, '# my own remark\n');
  await hotlanes.write(changed);
  await expect(hotlanes.sentence).toContainText('no oops');
  await page.reload();
  await expect(hotlanes.sentence).toContainText('no oops');
  expect(await hotlanes.litmus()).toBe(changed);
  await page.getByRole('button', { name: 'Original' }).click();
  await expect(hotlanes.sentence).toContainText('BUG in kvm_spurious_fault');
  expect(await hotlanes.litmus()).toBe(original);
});

test('another kernel and another scenario', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Kernel v5.15' }).click();
  await page
    .getByRole('menuitem')
    .filter({ has: page.getByText('v6.1', { exact: true }) })
    .click();
  await expect.poll(() => hotlanes.litmus()).toContain('kernel  v6.1\n');
  await expect(hotlanes.log).toContainText('kernel BUG');
  await page.getByRole('button', { name: /^Litmus test/ }).click();
  await page.getByRole('menuitem', { name: /debian-6.1-s2/ }).click();
  await expect(hotlanes.sentence).toContainText('#UD at VMSAVE in svm_prepare_switch_to_guest');
});

test('thousands of CPUs do not freeze the page', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const text = await hotlanes.litmus();
  await page.evaluate(() => {
    const gaps = { longest: 0, before: performance.now() };
    (window as unknown as { gaps: typeof gaps }).gaps = gaps;
    const tick = (): void => {
      const now = performance.now();
      gaps.longest = Math.max(gaps.longest, now - gaps.before);
      gaps.before = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await hotlanes.write(text.replace('cpus 4 + 1', 'cpus 4000 + 1').replaceAll('cpu4', 'cpu4000'));
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4000: #UD at VMPTRLD', { timeout: 40_000 });
  const longest = await page.evaluate(() => (window as unknown as { gaps: { longest: number } }).gaps.longest);
  console.log(`longest frame with 4,001 CPUs: ${Math.round(longest)} ms`);
  expect(longest).toBeLessThan(6000);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await expect(hotlanes.inspector).toContainText('Before the first step');
});
