/** Reading a run and a trace: why, what is selected, search, variables over time, marks. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('why: the steps that mattered, from the button beside the sentence, and back again', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Why?' }).click();
  const panel = page.getByRole('region', { name: 'Step' });
  await expect(panel).toContainText(/\d+ of \d+ steps mattered/);
  const steps = panel.getByRole('list', { name: 'Steps that mattered, in order' });
  await expect(steps).toContainText('admin: hotadd cpu4 begins');
  await expect(steps).toContainText('admin: online cpu4 begins');
  await expect(steps).toContainText(
    'the armed fault strikes: cpu4 kvm_arch_hardware_enable returns -EIO; vmxon[4] stays as it was',
  );
  await expect(steps).toContainText('BUG in kvm_spurious_fault');
  await steps.getByRole('button', { name: /kvm_usage_count = 1/ }).click();
  const { playhead, why, kept } = await page.evaluate(() => {
    const s = window.hotlanes!.state();
    return { playhead: s.playhead, why: s.reading.why!.causes.map((c) => c.step), kept: s.reading.why !== null };
  });
  expect(why).toContain(playhead - 1);
  expect(kept).toBe(true);
  await panel.getByRole('button', { name: 'Show all alike' }).click();
  await expect(panel).not.toContainText('steps mattered');
  // Another text has causes of its own.
  await hotlanes.command('read.why');
  await hotlanes.command('text.kernel.v6.3');
  await expect(panel).not.toContainText('steps mattered');
  await hotlanes.command('read.why');
  await expect(panel.getByRole('combobox', { name: 'Why' })).toContainText('admin: online cpu4 returns -EIO');
});

test('what is selected: its state, why it is so, and its history', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  // The first lane, then down to CPU 4 by key.
  await page.keyboard.press('ArrowDown');
  for (let i = 0; i < 40; i++) {
    if ((await hotlanes.inspector.innerText()).includes('CPU 4 now')) break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('End');
  await expect(hotlanes.inspector).toContainText('CPU 4 now');
  await expect(hotlanes.inspector).toContainText('virtualization off: the enable failed');
  await expect(hotlanes.inspector).toContainText(
    'kvm_arch_hardware_enable returned -EIO, within kvm/cpu:starting of the STARTING section, which may not fail',
  );
  await hotlanes.inspector.getByRole('button', { name: /kvm_arch_hardware_enable returned -EIO/ }).click();
  await expect(hotlanes.inspector).toContainText('the armed fault strikes');
});

test('search: all places, next and previous by key', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('Home');
  await page.keyboard.press('/');
  await page.keyboard.type('enabling virtualization');
  const field = page.getByRole('searchbox', { name: 'Search' });
  await expect(field).toHaveValue('enabling virtualization');
  const status = page.getByRole('status').filter({ hasText: /of \d+ place/ });
  await expect(status).toContainText('1 of');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(field).not.toBeFocused();
  const first = await hotlanes.position.innerText();
  await page.keyboard.press('n');
  await page.keyboard.press('Shift+N');
  await expect(hotlanes.position).toHaveText(first);
  await page.keyboard.press('/');
  await page.keyboard.type('no such words');
  await expect(page.getByText('nothing found')).toBeVisible();
  await field.fill('');
  await expect(page.getByText('nothing found')).toBeHidden();
});

test('variables over time are rows of the lanes, and stay when the text is changed', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Values', exact: true }).click();
  await page.getByRole('searchbox', { name: 'Filter the variables' }).fill('usage');
  await page.getByRole('checkbox', { name: /kvm_usage_count/ }).check();
  expect(await hotlanes.table('variable kvm_usage_count')).toEqual([
    expect.stringMatching(/\| 0 \|/),
    expect.stringMatching(/\| 1 \|/),
  ]);
  await hotlanes.command('text.kernel.v6.3');
  await expect
    .poll(() => page.evaluate(() => window.hotlanes!.state().pinned?.timeline.tracks.at(-1)?.name))
    .toBe('kvm_usage_count');
  await hotlanes.command('read.pin.kvm_usage_count');
  await expect.poll(() => page.evaluate(() => window.hotlanes!.state().pinned)).toBeNull();
});

test('marks and the stretch between them', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.command('play.to.100');
  await page.keyboard.press('m');
  await hotlanes.command('play.to.250');
  await page.keyboard.press('m');
  await page.getByRole('button', { name: 'Marks', exact: true }).click();
  const panel = page.getByRole('region', { name: 'Step' });
  await panel.getByRole('button', { name: /^A to B: 150 steps, / }).click();
  await expect(panel.getByRole('status')).toContainText('Measured: 150 steps, ');
  await page.keyboard.press('(');
  await expect(hotlanes.position).toHaveText(/^100 /);
  // Both axes keep the playhead and the marks.
  await page.keyboard.press('x');
  await expect(hotlanes.position).toHaveText(/^100 /);
  await page.keyboard.press('m');
  await expect(panel.getByRole('button', { name: /^A step/ })).toHaveCount(0);
  await expect(panel.getByRole('button', { name: /^B step 250/ })).toBeVisible();
});

test('a trace is searched too', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.command('open.capture.6.1/s2');
  await expect(page.getByText('Capture 6.1/s2')).toBeVisible();
  await page.keyboard.press('ControlOrMeta+f');
  await page.keyboard.type('kvm_starting_cpu');
  await expect(page.getByRole('status').filter({ hasText: /of [\d,]+ place/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Places found' })).toContainText('kvm_starting_cpu');
});

test('marks and variables on the lanes are there again after a reload', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.command('play.to.100');
  await page.keyboard.press('m');
  await hotlanes.command('read.pin.kvm_usage_count');
  await page.waitForTimeout(600);
  await page.reload();
  await expect
    .poll(() => page.evaluate(() => window.hotlanes?.state().reading.marks))
    .toEqual([{ at: 100, name: 'A' }]);
  await expect
    .poll(() => page.evaluate(() => window.hotlanes!.state().pinned?.timeline.tracks.at(-1)?.name))
    .toBe('kvm_usage_count');
});

for (const theme of ['light', 'dark'] as const)
  test(`no violation of accessibility rules: ${theme}`, async ({ page }) => {
    const hotlanes = new HotlanesPage(page);
    await page.emulateMedia({ colorScheme: theme });
    await hotlanes.open();
    await hotlanes.command('play.to.300');
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowDown');
    const check = async (what: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
      expect(violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual(
        [],
      );
    };
    await check('selected');
    await hotlanes.command('read.why');
    await expect(page.getByText(/steps mattered/)).toBeVisible();
    await check('why');
    await page.keyboard.press('/');
    await page.keyboard.type('kvm');
    await expect(page.getByRole('status').filter({ hasText: /of \d+ place/ })).toBeVisible();
    await check('search');
    await page.keyboard.press('Escape');
    for (const name of ['Values', 'Marks']) {
      await page.getByRole('button', { name, exact: true }).click();
      await check(name);
    }
  });
