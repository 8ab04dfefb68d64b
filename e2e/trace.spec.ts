/** Traces of real kernels: the captures that come along, and files of the user's own. */
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

const capture = (file: string): string => `public/captures/6.1/${file}`;

test('the capture 6.1/s2: the oops, the last exit before it and KVM_RUN#890', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await page.getByRole('button', { name: 'Open a trace' }).click();
  await page.getByRole('menuitem', { name: /6\.1\/s2/ }).click();
  await expect(hotlanes.sentence).toContainText('vcpu-a (198) on CPU 4 died: kernel BUG at arch/x86/kvm/x86.c:511');
  await expect(hotlanes.sentence).toContainText('at 115.493577 s');
  await expect(page.getByTestId('time')).toHaveText('115.493577 s');
  await expect(hotlanes.inspector).toContainText('kernel BUG at arch/x86/kvm/x86.c:511!');

  const cpu = await hotlanes.table('CPU 4');
  expect(cpu.find((row) => row.startsWith('115.493577 s') && /oops/.test(row))).toBeTruthy();
  const vcpu = await hotlanes.table('vCPU vcpu-a (198)');
  const oops = vcpu.findIndex((row) => /oops/.test(row));
  const exits = vcpu.slice(0, oops).filter((row) => row.includes('kvm_userspace_exit'));
  expect(exits.at(-1)).toContain('115.445447 s');

  // From the VMM's log back to the exit that the kernel traced just before it.
  await hotlanes.userspace.getByRole('button', { name: /KVM_RUN#890 / }).click();
  await expect(page.getByTestId('time')).toHaveText('115.445476 s');
  await expect(hotlanes.inspector).toContainText('KVM_RUN#890');
  await page.keyboard.press('ArrowLeft');
  for (let i = 0; i < 5 && !(await hotlanes.inspector.innerText()).includes('kvm_userspace_exit'); i++)
    await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('time')).toHaveText('115.445447 s');
  await expect(hotlanes.inspector).toContainText('KVM_EXIT_HLT');

  await page.getByRole('button', { name: 'Back to the run' }).click();
  await expect(hotlanes.sentence).toContainText('vm0.vcpu0 on CPU 4');
  expect(await hotlanes.litmus()).toContain('litmus kevin-2021-11-30');
});

test('files by the picker: trace, dmesg and VMM log together', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.choose([capture('v2/trace.txt.gz'), capture('v2/dmesg.txt'), capture('v2/vmm.txt')]);
  await expect(hotlanes.sentence).toContainText('on CPU 1 died: kernel BUG');
  await expect(page.getByRole('banner')).toContainText('trace.txt.gz, dmesg.txt, vmm.txt');
});

test('a file by drop', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const base64 = readFileSync(capture('v2/trace.txt.gz')).toString('base64');
  await page.evaluate((data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], 'mine.txt.gz'));
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }, base64);
  await expect(page.getByRole('banner')).toContainText('mine.txt.gz');
  await expect(page.getByRole('banner')).toContainText('Trace');
});

test('a broken file gives one clear message, and broken lines are told by number', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await hotlanes.choose({
    name: 'noise.bin',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from([0, 1, 2, 3, 0, 255, 7, 0]),
  });
  const alert = page.getByRole('alert');
  await expect(alert).toHaveCount(1);
  await expect(alert).toContainText('This could not be opened.');
  await expect(alert).toContainText('noise.bin');
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
  await alert.getByRole('button', { name: 'Close' }).click();
  await expect(alert).toHaveCount(0);

  const lines = [
    '# tracer: nop',
    '           vmm-101     [001] d..2.   100.000001: kvm_entry: vcpu 0, rip 0xfff0',
    'this is no line of a trace',
    '           vmm-101     [001] d..2.   100.000101: kvm_exit: vcpu 0 reason HLT rip 0x10 info1 0x0 info2 0x0',
  ];
  await hotlanes.choose({ name: 'part.txt', mimeType: 'text/plain', buffer: Buffer.from(`${lines.join('\n')}\n`) });
  await expect(hotlanes.sentence).toContainText('1 line not understood');
  await hotlanes.inspector.getByRole('button', { name: /lines? not understood/ }).click();
  const dialog = page.getByRole('dialog', { name: 'What was read' });
  await expect(dialog.getByRole('row', { name: /part\.txt 3 / })).toBeVisible();
});
