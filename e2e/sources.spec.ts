/** Where things were read: links and marks in the inspector, the kernel's text beside the litmus text, the gallery's groups. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('a step says where its function was read, and links lead out only when they are followed', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.toLogLine(/enabling virtualization on CPU4 failed/);
  const ident = hotlanes.inspector.getByRole('link', { name: /^hardware_enable_nolock/ });
  await expect(ident).toHaveAttribute(
    'href',
    'https://elixir.bootlin.com/linux/v5.15.16/A/ident/hardware_enable_nolock',
  );
  await expect(ident).toHaveAttribute('target', '_blank');
  await expect(ident).toHaveAttribute('rel', /noopener/);
  const file = hotlanes.inspector.getByRole('link', { name: /^virt\/kvm\/kvm_main\.c/ });
  await expect(file).toHaveAttribute('href', /\/linux\/v5\.15\.16\/source\/virt\/kvm\/kvm_main\.c/);

  // All functions of the run in one table; those that nobody read are told by a word.
  await page.getByRole('button', { name: /rests on \d+ functions/ }).click();
  const dialog = page.getByRole('dialog', { name: 'What this run rests on' });
  await expect(dialog.getByRole('row', { name: /^model run / })).toBeVisible();
  await expect(dialog.getByRole('link', { name: /^kernel\/cpu\.c/ }).first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).include('[role=dialog]').analyze();
  expect(violations.map((v) => v.id)).toEqual([]);
});

test('the kernel’s text follows the playhead; a design shows what it changes and where it was proposed', async ({
  page,
}) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.keyboard.press('k');
  const text = page.getByRole('textbox', { name: 'Text of the kernel v5.15' });
  await hotlanes.toLogLine(/enabling virtualization on CPU4 failed/);
  await expect(text).toContainText('fn hardware_enable_nolock(cpu)');
  const now = text.locator('[aria-current=step]');
  await expect(now).toBeInViewport();
  // one step, of which this is the first line: the CPU is taken out of the mask, and the line is logged
  await expect(now).toHaveText('      clear cpu in cpus_hardware_enabled');
  await page.keyboard.press('ArrowRight');
  await expect(now).not.toHaveText(/clear cpu/);
  await expect(now).toBeInViewport();

  await hotlanes.command('text.kernel.td4-bug-in-sched-in');
  await page.getByRole('group', { name: 'Text' }).getByRole('button', { name: 'Changes' }).click();
  const patch = page.getByRole('textbox', { name: 'What td4-bug-in-sched-in changes' });
  await expect(page.getByRole('link', { name: /^message 2/ })).toHaveAttribute(
    'href',
    'https://lore.kernel.org/all/3d3296f0-9245-40f9-1b5a-efffdb082de9%40redhat.com/',
  );
  await expect(patch.locator('.cm-changedLine').first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).exclude('[data-base-ui-focus-guard]').analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
});

test('the gallery is grouped, and a text says what to look for', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: /^Litmus test: / }).click();
  const group = page.getByRole('group', { name: 'Trusted domains' });
  await group.getByRole('menuitem', { name: /^td-hotadd-running/ }).click();
  await expect(hotlanes.sentence).toContainText('cpu2');
  const look = page.getByText('on v6.17 the online write fails, and the TD does not notice', { exact: true });
  await expect(look).toBeVisible();
  await page.getByRole('button', { name: 'Put away: Look for' }).click();
  await expect(look).toBeHidden();
});

test('a trusted domain on a hot-added CPU: v6.17 beside the design that only documents', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: /^Litmus test: / }).click();
  await page.getByRole('menuitem', { name: /^td-hotadd-running beside td1-document/ }).click();
  // The callback that does LP.INIT refuses the CPU; the design lets it in, and the TD's vCPU ends there.
  await expect(hotlanes.sentence.getByRole('heading', { level: 1 })).toContainText('The online write of cpu2 returns');
  await expect(hotlanes.sentence.getByRole('heading', { level: 2 })).toContainText('td0.vcpu0 on CPU 2');
  await expect(hotlanes.sentence).toContainText('They part at step');
  expect((await hotlanes.table('CPU 2 of td1-document')).join('\n')).toContain('online');
});
