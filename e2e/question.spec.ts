/** The question of 30 November 2021, as the page opens on it. */
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

test('opens playing, and ends with the answer', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open({ playing: true });
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  const first = await hotlanes.position.innerText();
  await expect.poll(() => hotlanes.position.innerText()).not.toBe(first);
  await hotlanes.command('play.faster');
  await hotlanes.command('play.faster');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible({ timeout: 30_000 });
  const [at, last] = (await hotlanes.position.innerText()).split(' / ');
  expect(at).toBe(last);
});

test('the answer can be read: online, the failed enable, the migration, the oops', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await expect(hotlanes.sentence).toContainText(
    'vm0.vcpu0 on CPU 4: #UD at VMPTRLD in vmx_vcpu_load_vmcs, BUG in kvm_spurious_fault',
  );
  await expect(hotlanes.sentence).toContainText('the online write of cpu4 had succeeded (returned 1)');
  await expect(hotlanes.sentence).toContainText('never oops: broken');
  await expect(hotlanes.log).toContainText('kvm: enabling virtualization on CPU4 failed');
  await expect(hotlanes.log).toContainText('kernel BUG at arch/x86/kvm/x86.c');
  await expect(hotlanes.userspace.getByRole('row', { name: /admin online cpu4 1/ })).toBeVisible();
  await expect(hotlanes.userspace.getByRole('row', { name: /vm0.vcpu0 KVM_RUN never returns/ })).toBeVisible();

  const cpu = await hotlanes.table('CPU 4');
  expect(cpu.find((row) => row.includes('absent'))).toBeTruthy();
  expect(cpu.find((row) => /going up/.test(row))).toBeTruthy();
  expect(cpu.find((row) => /oops/.test(row))).toBeTruthy();
  const virt = await hotlanes.table('CPU 4, virtualization');
  expect(virt.find((row) => /enable failed, swallowed/.test(row))).toBeTruthy();
  const vcpu = await hotlanes.table('vCPU vm0.vcpu0');
  expect(vcpu.findIndex((row) => /in guest, CPU 1/.test(row))).toBeGreaterThan(-1);
  expect(vcpu.at(-1)).toMatch(/dead/);
});

test('steps back to before the oops and forward again, to the same state', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const toOops = () => hotlanes.userspace.getByRole('button', { name: 'KVM_RUN' }).click();
  await toOops();
  await expect(hotlanes.inspector).toContainText('BUG in kvm_spurious_fault: vm0.vcpu0 is killed');
  await expect(hotlanes.inspector).toContainText('vmx_vcpu_load_vmcs');
  const oops = await hotlanes.read();

  await page.getByRole('button', { name: 'One step back' }).click();
  const before = await hotlanes.read();
  expect(before).not.toEqual(oops);
  expect(oops.userspace).toContain('never returns');
  expect(before.userspace).not.toContain('never returns');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => hotlanes.read()).toEqual(before);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => hotlanes.read()).toEqual(oops);

  await page.keyboard.press('Home');
  await expect(hotlanes.inspector).toContainText('Before the first step');
  await toOops();
  await expect.poll(() => hotlanes.read()).toEqual(oops);
});

test('shows a migration as it happens: the failed enable first, the pin, then the #UD', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.toLogLine(/enabling virtualization on CPU4 failed/);
  await expect(hotlanes.inspector).toContainText('hardware_enable_nolock');
  await expect(hotlanes.inspector).toContainText('kvm_starting_cpu');
  await expect(hotlanes.inspector).toContainText('interrupts off');
  await expect(hotlanes.inspector).toContainText('kvm-e1.kern');
  await hotlanes.userspace.getByRole('button', { name: 'affine vm0.vcpu0 to cpu4' }).click();
  await expect(hotlanes.inspector).toContainText('affine vm0.vcpu0 to cpu4 returns 0');
});

test('keeps the playhead on both axes', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.toLogLine(/enabling virtualization/);
  const before = await hotlanes.read();
  await page.keyboard.press('x');
  await expect(page.getByRole('button', { name: 'Time', exact: true })).toHaveAttribute('aria-pressed', 'true');
  expect(await hotlanes.read()).toEqual(before);
});
