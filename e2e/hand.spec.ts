/** Acting by hand: with the mouse, from an empty machine, and all of it taken back. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

// all rows of the opening machine at once
test.use({ viewport: { width: 1440, height: 900 } });

/** Clicks through a menu. */
async function choose(page: Page, ...items: readonly (string | RegExp)[]): Promise<void> {
  // a menu that an entry opened comes after the one that it is in
  for (const [i, name] of items.entries()) await page.getByRole('menu').nth(i).getByRole('menuitem', { name }).click();
}

const act = async (page: Page, ...items: readonly (string | RegExp)[]): Promise<void> => {
  await page.getByRole('button', { name: 'Act on the machine' }).click();
  await choose(page, ...items);
};

/** An empty machine, with time standing still. */
async function emptyMachine(page: Page, which: RegExp, kernel?: string): Promise<HotlanesPage> {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: /^Litmus test/ }).click();
  await choose(page, which);
  await expect(page.getByRole('status').filter({ hasText: /^Live$/ })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Live, paused' })).toBeVisible();
  if (kernel !== undefined) {
    await page.getByRole('button', { name: /^Kernel v/ }).click();
    await page
      .getByRole('menuitem')
      .filter({ has: page.getByText(kernel, { exact: true }) })
      .click();
    await expect.poll(() => hotlanes.litmus()).toContain(`kernel  ${kernel}\n`);
  }
  return hotlanes;
}

/** To where an action has returned, as userspace saw it. */
const after = async (hotlanes: HotlanesPage, action: string): Promise<void> => {
  const entry = hotlanes.userspace.getByRole('button', { name: action });
  await entry.click();
};

/** The question of 2021, up to the online write of CPU 4. */
async function question(page: Page, hotlanes: HotlanesPage): Promise<void> {
  await act(page, /^Start a VM/);
  await after(hotlanes, 'run vm0');
  await act(page, 'CPU 4', /^Arm the failing enable/);
  await after(hotlanes, 'arm cpu4');
  await act(page, 'CPU 4', 'Hot-add CPU 4');
  await after(hotlanes, 'hotadd cpu4');
  await act(page, 'CPU 4', 'Take CPU 4 online');
  await after(hotlanes, 'online cpu4');
}

test('the question of 2021 from an empty machine, undone to the last act and done again', async ({ page }) => {
  const hotlanes = await emptyMachine(page, /^Empty machine(?! with)/);
  const empty = await hotlanes.litmus();
  await question(page, hotlanes);
  await expect(hotlanes.userspace.getByRole('row', { name: /you online cpu4 1/ })).toBeVisible();
  await act(page, 'vm0.vcpu0', 'CPU 4');
  await page.keyboard.press('End');
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4: #UD at VMPTRLD');
  await expect(hotlanes.sentence).toContainText('never oops: broken');
  const text = await hotlanes.litmus();
  for (const line of [
    'you:    modprobe kvm_intel at',
    'vm0 = create vm, 1 vcpu at',
    'run vm0 at',
    'arm cpu4 kvm_arch_hardware_enable returns -EIO at',
    'hotadd cpu4 at',
    'online cpu4 at',
    'affine vm0.vcpu0 to cpu4 at',
  ])
    expect(text).toContain(line);

  // five acts, each one undone by one key
  for (let i = 0; i < 5; i++) await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => hotlanes.litmus()).toBe(empty);
  for (let i = 0; i < 5; i++) await page.getByRole('button', { name: 'Redo' }).click();
  await expect.poll(() => hotlanes.litmus()).toBe(text);
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4: #UD at VMPTRLD');
});

test('the same under v6.3: the online write is refused, and nobody dies', async ({ page }) => {
  const hotlanes = await emptyMachine(page, /^Empty machine(?! with)/, 'v6.3');
  await question(page, hotlanes);
  await expect(hotlanes.userspace.getByRole('row', { name: /you online cpu4 -EIO/ })).toBeVisible();
  await page.keyboard.press('End');
  await expect(hotlanes.sentence).toContainText('never oops: holds');
});

test('a TD by hand, which a machine without TDX refuses in words', async ({ page }) => {
  const hotlanes = await emptyMachine(page, /^Empty machine with TDX/);
  await act(page, /^Start a TD/);
  await after(hotlanes, 'run td0');
  await expect.poll(() => hotlanes.litmus()).toContain('modprobe kvm_intel tdx=1 at');
  await expect(hotlanes.userspace.getByRole('row', { name: /you td0 = create td, 1 vcpu 0/ })).toBeVisible();

  await page.getByRole('button', { name: /^Litmus test/ }).click();
  await choose(page, /^Empty machine(?! with)/);
  await page.getByRole('button', { name: 'Act on the machine' }).click();
  const entry = page.getByRole('menuitem', { name: /^Start a TD/ });
  await expect(entry).toBeDisabled();
  await expect(entry).toContainText('v5.15 does not know TDX');
});

/** The middle of a row's name on the lanes, in the window. */
async function nameOf(page: Page, kind: string, name: string): Promise<{ x: number; y: number }> {
  const row = await page.evaluate(
    ([k, n]) => {
      const view = window.hotlanes!.lanes.view!;
      return view.rowBox(view.timeline.tracks.findIndex((t) => t.kind === k && t.name === n))!;
    },
    [kind, name],
  );
  const box = (await page.locator('canvas').boundingBox())!;
  return { x: box.x + 60, y: box.y + row.top + row.height / 2 };
}

/** Where the slice of a hotplug step is drawn, in the window: the first that a CPU's way up has. */
async function firstStepOf(page: Page, cpu: number): Promise<{ x: number; y: number }> {
  const at = await page.evaluate((c) => {
    const view = window.hotlanes!.lanes.view!;
    const { tracks, slices } = view.timeline;
    const track = tracks.findIndex((t) => t.kind === 'hotplug' && t.cpu === c);
    const row = view.rowBox(track)!;
    for (let i = 0; i < slices.length; i++) {
      if (slices.track[i] !== track || slices.depth[i] !== 1) continue;
      const x = view.scale().x((slices.start[i]! + slices.end[i]!) / 2);
      for (let y = row.top; y < row.top + row.height; y++) {
        const { item } = view.hitAt(x, y, 1);
        if (item?.kind === 'slice' && item.index === i) return { x, y };
      }
    }
    throw new Error('there is none');
  }, cpu);
  const box = (await page.locator('canvas').boundingBox())!;
  return { x: box.x + at.x, y: box.y + at.y };
}

test('a vCPU is dragged to a CPU, which pins it there; Escape and a place that is none leave it', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('Home');
  await hotlanes.userspace.getByRole('button', { name: 'run vm0' }).click();
  const text = await hotlanes.litmus();
  const from = await nameOf(page, 'vcpu', 'vm0.vcpu1');
  const to = await nameOf(page, 'cpu', 'CPU 3');
  const drag = async (): Promise<void> => {
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + 8, from.y - 12, { steps: 3 });
    await page.mouse.move(to.x, to.y, { steps: 5 });
    await expect(page.getByText('vm0.vcpu1 → CPU 3')).toBeVisible();
  };
  await drag();
  await page.keyboard.press('Escape');
  await expect(page.getByText('vm0.vcpu1 → CPU 3')).toHaveCount(0);
  await page.mouse.up();
  expect(await hotlanes.litmus()).toBe(text);

  await drag();
  await page.mouse.up();
  await expect.poll(() => hotlanes.litmus()).toContain('you:    affine vm0.vcpu1 to cpu3 at');
  await page.keyboard.press('ControlOrMeta+z');
  await expect.poll(() => hotlanes.litmus()).toBe(text);
});

test('a step is failed where it is seen', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.write((await hotlanes.litmus()).replace(/fault .*\n/, ''));
  await expect(hotlanes.sentence).toContainText('no oops');
  const { x, y } = await firstStepOf(page, 4);
  await page.mouse.click(x, y, { button: 'right' });
  await expect(page.getByText(/^Fail here, at step/)).toBeVisible();
  const [place] = await page.getByRole('menuitem').allInnerTexts();
  await page.getByRole('menuitem', { name: place! }).first().click();
  await page.getByRole('menuitem', { name: '-EIO', exact: true }).click();
  await expect.poll(() => hotlanes.litmus()).toMatch(/you: {4}arm cpu4 CPUHP_\w+ up returns -EIO once at/);
  await page.keyboard.press('End');
  await expect(hotlanes.userspace.getByRole('row', { name: /admin online cpu4 -EIO/ })).toBeVisible();
});

test('acting in the past begins a branch, and the one that was left can be gone to', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const run = (id: string): Promise<boolean> => hotlanes.command(id);
  await run('play.to.100');
  await run('act.offline.3');
  await run('play.to.300');
  await run('act.offline.2');
  const left = await hotlanes.litmus();
  await run('play.to.200');
  await run('act.suspend');
  expect(await hotlanes.litmus()).not.toContain('offline cpu2');
  await run('session.branches');
  const dialog = page.getByRole('dialog', { name: /^Branches/ });
  await expect(dialog.getByRole('listitem')).toHaveCount(4);
  await expect(dialog.getByText(/leaves after .offline cpu3/)).toBeVisible();
  await dialog.getByRole('button', { name: /^offline cpu2 at/ }).click();
  await expect(dialog).toBeHidden();
  expect(await hotlanes.litmus()).toBe(left);
});

test('time goes on in free play, guests run, and what is done lands where time is', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.command('open.empty');
  const us = (): Promise<number> => page.evaluate(() => window.hotlanes!.state().live?.us ?? -1);
  await expect.poll(us).toBeGreaterThan(200);
  await hotlanes.command('act.startVm');
  for (let i = 0; i < 3; i++) await hotlanes.command('play.faster');
  // beyond what was made at first, so that it was made longer
  await expect.poll(us, { timeout: 40_000 }).toBeGreaterThan(9000);
  const steps = await page.evaluate(() => window.hotlanes!.state().playhead);
  await expect.poll(() => page.evaluate(() => window.hotlanes!.state().playhead)).toBeGreaterThan(steps);
  await page.keyboard.press('Space');
  const still = await us();
  await page.waitForTimeout(400);
  expect(await us()).toBe(still);
  await hotlanes.command('act.offline.2');
  const line = /offline cpu2 at ([\d.]+) ms/.exec(await hotlanes.litmus());
  expect(Number(line![1]) * 1000).toBeGreaterThanOrEqual(still);
  expect(Number(line![1]) * 1000).toBeLessThan(still * 1.03);
});
