/** The kernel's text as an editor: a design made by hand in the page, read, run, undone, kept; by mouse and by keyboard alone. */
import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

/** The kernel's text beside a run. */
class KernelPage extends HotlanesPage {
  readonly kernel: Locator;
  readonly changes: Locator;

  constructor(page: Page) {
    super(page);
    this.kernel = page.getByRole('textbox', { name: /^Text of the kernel/ });
    this.changes = page.getByRole('textbox', { name: /^What .* changes/ });
  }

  async openKernel(): Promise<void> {
    await this.open();
    await this.page.keyboard.press('k');
    // most lines are not broken then, so that Home, End and the arrows are those of a line
    await this.command('kernel.wide');
    await expect(this.kernel).toContainText('part ');
  }

  /** To a name, by the field above the text. */
  async goTo(name: string): Promise<void> {
    await this.page.getByRole('combobox', { name: 'Go to a name' }).fill(name);
    await this.page
      .getByRole('option', { name: new RegExp(`^${name}\\b`) })
      .first()
      .click();
    await expect(this.kernel.or(this.changes)).toBeFocused();
  }

  /** Replaces words of the text, one time after the other, with the editor's own search. */
  async replaceAll(what: string, by: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+f');
    await this.page.getByRole('textbox', { name: 'Find' }).fill(what);
    await this.page.getByRole('textbox', { name: 'Replace' }).fill(by);
    await this.page.getByRole('button', { name: 'replace all' }).click();
    await this.page.keyboard.press('Escape');
  }

  patch(): Promise<string> {
    return this.page.evaluate(() => window.hotlanes!.state().kernelPatch);
  }
}

/** Message 3 of the thread: the callback stands where it may fail, and says so. */
const CALLBACK = `  if kvm_usage_count > 0 { hardware_enable_nolock(cpu) }`;
const REFUSES = `  if kvm_usage_count > 0 {
    hardware_enable_nolock(cpu)
    if not cpu in cpus_hardware_enabled {
      unlock kvm_count_lock
      return -EIO
    }
  }`;

async function moveToOnline(hotlanes: KernelPage): Promise<void> {
  await hotlanes.goTo('kvm_starting_cpu');
  await hotlanes.replaceAll(
    'state CPUHP_AP_KVM_STARTING "kvm/cpu:starting"',
    'state CPUHP_AP_KVM_ONLINE after CPUHP_AP_ONLINE_IDLE "kvm/cpu:online"',
  );
  await hotlanes.replaceAll('register CPUHP_AP_KVM_STARTING', 'register CPUHP_AP_KVM_ONLINE');
  await hotlanes.replaceAll(CALLBACK, REFUSES.replaceAll('\n', '\\n'));
}

test('message 3 by hand: the sentence changes, the difference shows, undo brings all back, a reload keeps it', async ({
  page,
}) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  const text = await hotlanes.litmus();
  const before = await hotlanes.sentence.innerText();
  await moveToOnline(hotlanes);
  // refused, rolled back, and no vCPU was ever there (thread, message 3; the design move-to-online says the same)
  await expect(hotlanes.sentence).toContainText('The online write of cpu4 returns -EIO: kvm/cpu:online');
  await expect(hotlanes.sentence).toContainText('never oops: holds');
  await expect(page.getByRole('button', { name: /^Kernel v5\.15 \+ your change/ })).toBeVisible();
  expect(await hotlanes.litmus()).toBe(text.replace('kernel  v5.15', 'kernel  my-change'));
  const patch = await hotlanes.patch();
  expect(patch).toMatch(/^proposal my-change "your change" over v5\.15\n/);
  expect(patch).toContain('state CPUHP_AP_KVM_ONLINE after CPUHP_AP_ONLINE_IDLE "kvm/cpu:online"');
  expect(patch).toContain('replace fn kvm_starting_cpu(cpu)');

  await page.getByRole('button', { name: 'Changes' }).click();
  await hotlanes.goTo('kvm_starting_cpu');
  await expect(hotlanes.changes.locator('.cm-changedLine').filter({ hasText: 'return -EIO' })).toBeVisible();
  await hotlanes.goTo('kvm_count_lock');
  await expect(
    hotlanes.changes.locator('.cm-deletedChunk').filter({ hasText: 'CPUHP_AP_KVM_STARTING "kvm/cpu:starting"' }),
  ).toBeVisible();
  await expect(hotlanes.changes).toContainText('unchanged lines');
  const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);

  await page.reload();
  await expect(hotlanes.sentence).toContainText('The online write of cpu4 returns -EIO: kvm/cpu:online');
  expect(await hotlanes.patch()).toBe(patch);

  for (let i = 0; i < 12 && (await hotlanes.patch()) !== ''; i++) await hotlanes.command('text.undo');
  await expect(hotlanes.sentence).toContainText('#UD at VMPTRLD');
  expect(await hotlanes.litmus()).toBe(text);
  expect(await hotlanes.sentence.innerText()).toBe(before);
});

test('the same by keyboard alone, with a typo on the way', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await page.getByRole('combobox', { name: 'Go to a name' }).focus();
  await page.keyboard.type('kvm_starting_cpu');
  await page.keyboard.press('Enter');
  await expect(hotlanes.kernel).toBeFocused();
  // to the callback's line, by the editor's own search
  await page.keyboard.press('ControlOrMeta+f');
  await page.keyboard.type('{ hardware_enable_nolock(cpu) }');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('panik "CPU%d is without virtualization", cpu');
  await expect(hotlanes.problems).toContainText('did you mean panic?');
  await expect(hotlanes.problems).toContainText('your change, line 6');
  await expect(page.locator('.kernel-host .cm-lintRange-error')).toHaveText('panik');
  await expect(hotlanes.sentence).toContainText('of the text before its error');
  await page.keyboard.press('Escape'); // the list of names
  await page.keyboard.press('Home');
  for (let i = 0; i < 5; i++) await page.keyboard.press('Delete');
  await page.keyboard.type('panic');
  await expect(hotlanes.problems).toBeEmpty();
  await expect(hotlanes.sentence).toContainText('panic');
  await expect(hotlanes.sentence).toContainText('CPU4 is without virtualization');
  // Escape, then Tab, leaves the text
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  await expect(hotlanes.kernel).not.toBeFocused();
  for (let i = 0; i < 12 && (await hotlanes.patch()) !== ''; i++) await page.keyboard.press('ControlOrMeta+z');
  expect(await hotlanes.patch()).toBe('');
  await expect(hotlanes.sentence).toContainText('#UD at VMPTRLD');
  await expect(hotlanes.kernel).not.toContainText('is without virtualization"');
});

test('a name is completed, told of, and gone to; a line is run to', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await hotlanes.goTo('kvm_starting_cpu');
  const call = hotlanes.kernel.locator('.cm-line').filter({ hasText: '{ hardware_enable_nolock(cpu) }' }).first();
  const at = await call.evaluate((line) => {
    const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const i = node.textContent!.indexOf('hardware_enable_nolock');
      if (i < 0) continue;
      const range = document.createRange();
      range.setStart(node, i + 3);
      range.setEnd(node, i + 4);
      const { x, y, height } = range.getBoundingClientRect();
      return { x, y: y + height / 2 };
    }
    throw new Error('the call is not there');
  });
  await page.mouse.move(at.x, at.y);
  const card = page.locator('.kern-card');
  await expect(card).toContainText('fn hardware_enable_nolock(cpu) -> errno');
  await expect(card.getByRole('link', { name: /kvm_main\.c/ })).toHaveAttribute(
    'href',
    /elixir\.bootlin\.com\/linux\/v5\.15\.16\/source/,
  );
  await expect(card).toContainText('facts 4.1b4');
  await page.mouse.move(5, 5);
  await page.mouse.click(at.x, at.y);
  await page.keyboard.press('F12');
  await expect(page.locator('.kernel-host .cm-content')).toBeFocused();
  await page.keyboard.press('ControlOrMeta+i');
  await expect(card).toContainText('kvm-e1.kern:');
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();

  // the value where the playhead is: the failed enable was counted, and all else has virtualization on
  await hotlanes.goTo('cpus_hardware_enabled');
  await page.keyboard.press('ControlOrMeta+i');
  await expect(card).toContainText('now 0-3');
  await page.keyboard.press('Escape');

  await hotlanes.goTo('kvm_starting_cpu');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('lock kvm_l');
  await expect(page.locator('.cm-tooltip-autocomplete li').first()).toHaveText(/^kvm_lock/);
  // a list that has just come takes no keys yet
  await page.waitForTimeout(200);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(hotlanes.kernel).toContainText('lock kvm_lock');
  await hotlanes.command('kernel.drop');
  await expect.poll(() => hotlanes.patch()).toBe('');

  // to the line where the enable fails: forwards from the start it is the CPU that was hot-added
  await hotlanes.command('play.first');
  await hotlanes.goTo('hardware_enable_nolock');
  // the heading does nothing by itself: the first line below that does is meant
  await page.keyboard.press('ControlOrMeta+Enter');
  const marked = hotlanes.kernel.locator('.kern-now, .kern-also');
  await expect(marked.filter({ hasText: 'var ret' })).toBeVisible();
  // a click beside a line does the same
  const line = hotlanes.kernel.locator('.cm-line').filter({ hasText: 'if cpu in cpus_hardware_enabled { return 0 }' });
  const { y } = (await line.first().boundingBox())!;
  const { x, width } = (await page.locator('.kernel-host .cm-lineNumbers').boundingBox())!;
  await page.mouse.click(x + width / 2, y + 8);
  await expect(marked.filter({ hasText: 'if cpu in cpus_hardware_enabled' })).toBeVisible();
  await expect(hotlanes.position).not.toHaveText(/^0 /);
});

test('a change begins from a design, has a name, goes out as a file, and lies beside the kernel below', async ({
  page,
}) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await hotlanes.command('kernel.begin.bug-the-vm');
  await expect(page.getByRole('button', { name: 'Kernel v5.15 + bug-the-vm, changed' })).toBeVisible();
  await expect(hotlanes.changes).toContainText('VM_CANNOT_BE_HERE');
  const name = page.getByRole('textbox', { name: 'Name of the change' });
  await name.fill('Bug it early');
  await name.press('Enter');
  await expect.poll(() => hotlanes.litmus()).toContain('kernel  bug-it-early\n');
  await expect(page.getByRole('button', { name: 'Kernel v5.15 + Bug it early' })).toBeVisible();
  // what the design comes to (facts 11 A2-A4): no oops, the VM is ended
  await expect(hotlanes.sentence).toContainText('never oops: holds');

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('bug-it-early.kern');
  expect(await readFile(await file.path(), 'utf8')).toBe(await hotlanes.patch());

  await hotlanes.command('beside.v5.15');
  await expect(hotlanes.sentence).toContainText('They part at step');
  await hotlanes.command('beside.close');
  await page.getByRole('button', { name: 'Drop' }).click();
  await expect.poll(() => hotlanes.patch()).toBe('');
  await expect(hotlanes.sentence).toContainText('#UD at VMPTRLD');
  await hotlanes.command('text.undo');
  await expect(page.getByRole('button', { name: 'Kernel v5.15 + Bug it early' })).toBeVisible();
});

test('what is wrong in several functions is marked in each; what the run is not in can be folded', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await hotlanes.goTo('kvm_starting_cpu');
  await hotlanes.replaceAll('  if kvm_usage_count > 0 { hardware_enable_nolock(cpu) }', '  lock kvm_no_lock');
  await hotlanes.goTo('kvm_arch_hardware_disable');
  await hotlanes.replaceAll('{ vmx_hardware_disable(cpu) }', '{ vmx_hardware_disabel(cpu) }');
  await expect(hotlanes.problems.getByRole('button')).toHaveCount(2);
  await expect(hotlanes.problems).toContainText('did you mean vmx_hardware_disable?');
  await hotlanes.problems.getByRole('button').filter({ hasText: 'your change' }).first().click();
  await expect(page.locator('.kernel-host .cm-lintRange-error').first()).toBeInViewport();
  await hotlanes.command('kernel.drop');
  await expect(hotlanes.problems).toBeEmpty();

  await hotlanes.command('kernel.fold.run');
  await hotlanes.goTo('kvm_starting_cpu');
  await expect(hotlanes.kernel).toContainText('unlock kvm_count_lock');
  await hotlanes.goTo('hardware_disable_all');
  // going there unfolds nothing but what is gone to
  await expect(hotlanes.kernel.locator('.cm-foldPlaceholder').first()).toBeVisible();
});

test('the litmus text completes names and leads into the kernel’s', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.open();
  await hotlanes.text.click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('fault cpu2 kvm_arch_hardware_dis');
  const list = page.locator('.cm-tooltip-autocomplete');
  await expect(list).toContainText('kvm_arch_hardware_disable');
  await page.waitForTimeout(200);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type(' returns -EI');
  await expect(list).toContainText('-EIO');
  await page.keyboard.type('O');
  await expect(hotlanes.problems).toBeEmpty();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+ArrowLeft');
  await page.keyboard.press('Control+ArrowLeft');
  await page.keyboard.press('Control+ArrowLeft');
  await page.keyboard.press('Control+ArrowLeft');
  await page.keyboard.press('ControlOrMeta+i');
  await expect(page.locator('.kern-card')).toContainText('fn kvm_arch_hardware_disable(cpu)');
  await page.keyboard.press('F12');
  await expect(hotlanes.kernel).toBeFocused();
  await expect(
    hotlanes.kernel.locator('.cm-line').filter({ hasText: 'fn kvm_arch_hardware_disable(cpu)' }),
  ).toBeInViewport();
});

test('of two runs the other’s text can be read, and only the first’s be changed', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await hotlanes.command('beside.move-to-online');
  await expect(hotlanes.sentence).toContainText('They part at step');
  await hotlanes.command('beside.side');
  const other = page.getByRole('textbox', { name: 'Text of the kernel move-to-online' });
  await expect(other).toHaveAttribute('contenteditable', 'false');
  await hotlanes.command('kernel.goto.kvm_online_cpu');
  await expect(other).toContainText('fn kvm_online_cpu(cpu)');
  await hotlanes.command('beside.side');
  await expect(page.getByRole('textbox', { name: 'Text of the kernel v5.15' })).toHaveAttribute(
    'contenteditable',
    'true',
  );
});

test('the headings of the parts stay, and what is typed is taken back piece by piece', async ({ page }) => {
  const hotlanes = new KernelPage(page);
  await hotlanes.openKernel();
  await hotlanes.goTo('kvm_usage_count');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await expect(hotlanes.kernel).toContainText('part x86 "What the processor does');
  await expect.poll(() => hotlanes.patch()).toContain('remove fn kvm_starting_cpu');
  await hotlanes.command('text.undo');
  await expect.poll(() => hotlanes.patch()).toBe('');
  await expect(hotlanes.sentence).toContainText('#UD at VMPTRLD');

  await hotlanes.goTo('kvm_starting_cpu');
  await hotlanes.replaceAll(CALLBACK, '  # nothing');
  await page.getByRole('button', { name: 'Changes' }).click();
  await hotlanes.changes.getByRole('button', { name: 'Take back' }).click();
  await expect.poll(() => hotlanes.patch()).not.toContain('# nothing');
  await expect(hotlanes.sentence).toContainText('#UD at VMPTRLD');
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`the kernel’s text breaks no rule of accessibility, and fits a phone: ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    const hotlanes = new KernelPage(page);
    await hotlanes.openKernel();
    const rules = async (what: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
      const found = violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
      expect(found).toEqual([]);
    };
    await hotlanes.goTo('hardware_enable_nolock');
    await rules('text');
    await page.keyboard.press('ControlOrMeta+i');
    await rules('what a name is');
    await page.keyboard.press('Escape');
    await page.keyboard.press('ControlOrMeta+f');
    await page.getByRole('textbox', { name: 'Find' }).fill('kvm_usage_count');
    await rules('search');
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Go to a name' }).fill('kvm_');
    await expect(page.getByRole('option').first()).toBeVisible();
    await rules('names');
    await page.keyboard.press('Escape');
    await hotlanes.command('kernel.begin.bug-the-vm');
    await expect(hotlanes.changes).toContainText('VM_CANNOT_BE_HERE');
    await rules('changes');
    await page.setViewportSize({ width: 390, height: 844 });
    await hotlanes.command('view.text');
    await expect(hotlanes.changes).toBeVisible();
    await rules('phone');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
