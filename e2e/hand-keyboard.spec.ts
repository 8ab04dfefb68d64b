/** The stories by keyboard alone: the palette, menus by key, the lanes by key; nothing is ever clicked. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

/** Runs a command as a user does who knows a few letters of its name. */
async function command(page: Page, query: string, title: string | RegExp): Promise<void> {
  await page.keyboard.press('ControlOrMeta+k');
  const input = page.getByRole('combobox', { name: 'Search commands' });
  await expect(input).toBeFocused();
  await page.keyboard.type(query);
  const first = page.getByRole('option').first();
  await expect(first).toContainText(title);
  await page.keyboard.press('Enter');
  await expect(input).toBeHidden();
}

const litmusHas = (hotlanes: HotlanesPage, line: string | RegExp): Promise<void> =>
  expect.poll(() => hotlanes.litmus()).toMatch(line instanceof RegExp ? line : new RegExp(line));

/** On a machine where time stands still, at the end of what has happened. */
async function emptyMachine(page: Page): Promise<HotlanesPage> {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await command(page, 'empty machine', /^Empty machine/);
  await litmusHas(hotlanes, 'litmus empty');
  await page.keyboard.press('Space');
  await expect(page.getByText('Live, paused')).toBeVisible();
  return hotlanes;
}

async function question(page: Page, hotlanes: HotlanesPage): Promise<void> {
  await command(page, 'start a vm', 'Start a VM');
  await litmusHas(hotlanes, /run vm0 at/);
  await page.keyboard.press('End');
  await command(page, 'arm cpu 4', 'Arm the failing enable on CPU 4');
  await litmusHas(hotlanes, /arm cpu4/);
  await page.keyboard.press('End');
  await command(page, 'hot-add 4', 'Hot-add CPU 4');
  await litmusHas(hotlanes, /hotadd cpu4 at/);
  await page.keyboard.press('End');
  await command(page, 'online 4', 'Take CPU 4 online');
  await litmusHas(hotlanes, /online cpu4 at/);
  await page.keyboard.press('End');
}

test('by keyboard: the question of 2021 from an empty machine, and undo of all of it', async ({ page }) => {
  const hotlanes = await emptyMachine(page);
  const empty = await hotlanes.litmus();
  await question(page, hotlanes);
  await command(page, 'pin vm0.vcpu0 cpu 4', 'Pin vm0.vcpu0 to CPU 4');
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4: #UD at VMPTRLD');
  for (let i = 0; i < 5; i++) await page.keyboard.press('ControlOrMeta+z');
  await expect.poll(() => hotlanes.litmus()).toBe(empty);
  for (let i = 0; i < 5; i++) await page.keyboard.press('ControlOrMeta+Shift+z');
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4: #UD at VMPTRLD');
});

test('by keyboard: the same under v6.3, where the online write is refused', async ({ page }) => {
  const hotlanes = await emptyMachine(page);
  await command(page, 'kernel v6.3', /^Kernel v6\.3/);
  await litmusHas(hotlanes, 'kernel {2}v6.3');
  await question(page, hotlanes);
  await expect(hotlanes.userspace.getByRole('row', { name: /you online cpu4 -EIO/ })).toBeVisible();
  await expect(hotlanes.sentence).toContainText('never oops: holds');
});

test('by keyboard: a TD', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await command(page, 'machine tdx', 'Empty machine with TDX');
  await litmusHas(hotlanes, 'litmus empty-tdx');
  await page.keyboard.press('Space');
  await command(page, 'start a td', 'Start a TD');
  await litmusHas(hotlanes, /run td0 at/);
  await page.keyboard.press('End');
  await expect(hotlanes.userspace.getByRole('row', { name: /you run td0 0/ })).toBeVisible();
});

test('by keyboard: a vCPU is pinned from its row on the lanes', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await command(page, 'step 300', 'Go to step 300');
  await expect(hotlanes.position).toHaveText(/^300 \//);
  await page.evaluate(() => document.querySelector<HTMLElement>('[aria-label="Lanes"]')!.focus());
  const onVcpu = (): Promise<boolean> =>
    page.evaluate(() => {
      const { selection, run } = window.hotlanes!.state();
      const { slices, tracks } = run!.timeline;
      return selection?.kind === 'slice' && tracks[slices.track[selection.index]!]!.name === 'vm0.vcpu1';
    });
  for (let i = 0; i < 40 && !(await onVcpu()); i++) await page.keyboard.press('ArrowDown');
  expect(await onVcpu()).toBe(true);
  await page.keyboard.press('Enter');
  const entry = page.getByRole('menuitem', { name: 'CPU 3', exact: true });
  await expect(entry).toBeVisible();
  for (let i = 0; i < 20 && !(await entry.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await litmusHas(hotlanes, /affine vm0\.vcpu1 to cpu3 at/);
});

test('a key is changed, is kept over a reload, and says where it clashes', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await command(page, 'change keys', 'Change keys');
  const dialog = page.getByRole('dialog', { name: 'Change keys' });
  await dialog.getByRole('searchbox').focus();
  await page.keyboard.type('light or dark');
  await expect(dialog.getByRole('listitem')).toHaveCount(1);
  await dialog.getByRole('button', { name: /^Change/ }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('f');
  await expect(dialog.getByRole('alert')).toContainText('is the key of “Fit everything”');
  await dialog.getByRole('button', { name: /^Change/ }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+X');
  await expect(dialog.locator('kbd')).toHaveText('Shift X');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  const theme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await page.keyboard.press('Shift+X');
  await expect.poll(theme).not.toBe(before);
  await page.waitForTimeout(500);
  await page.reload();
  await expect(page.locator('.litmus-editor .cm-content')).toBeVisible();
  await page.keyboard.press('Shift+X');
  await expect.poll(theme).toBe(before);
});
