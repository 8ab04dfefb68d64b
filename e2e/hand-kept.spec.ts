/** Nothing is lost: a reload goes on, a new tab offers what was left, tabs do not overwrite each other, bad data is told. */
import { expect, test } from './fixtures.ts';
import { HotlanesPage } from './page.ts';

const acted = async (hotlanes: HotlanesPage, ...ids: readonly string[]): Promise<void> => {
  for (const id of ids) await hotlanes.command(id);
  await hotlanes.page.waitForTimeout(600);
};

test('a reload keeps the branches, the place and the way back', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await acted(hotlanes, 'play.to.100', 'act.offline.3', 'play.to.300', 'act.offline.2', 'play.to.200', 'act.suspend');
  const text = await hotlanes.litmus();
  await page.reload();
  await expect(page.locator('.litmus-editor .cm-content')).toBeVisible();
  expect(await hotlanes.litmus()).toBe(text);
  await expect(hotlanes.position).toHaveText(/^200 \//);
  await hotlanes.command('text.undo');
  expect(await hotlanes.litmus()).toContain('offline cpu2');
  await hotlanes.command('text.undo');
  await hotlanes.command('text.undo');
  expect(await hotlanes.litmus()).not.toContain('you:');
});

test('a new tab offers what was left, and two tabs keep their own', async ({ page, context }) => {
  const first = new HotlanesPage(page);
  await first.open();
  await acted(first, 'act.offline.3');

  // while the tab lives its work is its own
  const other = new HotlanesPage(await context.newPage());
  await other.open();
  await acted(other, 'act.offline.2');
  await expect(other.page.getByRole('status', { name: 'Work of an earlier visit' })).toHaveCount(0);
  await page.reload();
  await expect(page.locator('.litmus-editor .cm-content')).toBeVisible();
  expect(await first.litmus()).toContain('offline cpu3');
  expect(await first.litmus()).not.toContain('offline cpu2');

  await page.close();
  const third = new HotlanesPage(await context.newPage());
  await third.open();
  const offer = third.page.getByRole('status', { name: 'Work of an earlier visit' });
  await expect(offer).toContainText('kevin-2021-11-30, 1 change');
  await offer.getByRole('button', { name: 'Continue' }).click();
  await expect(offer).toHaveCount(0);
  await expect.poll(() => third.litmus()).toContain('offline cpu3');
});

test('what cannot be read is told, and the page begins anew', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  await acted(hotlanes, 'act.offline.3');
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const open = indexedDB.open('keyval-store');
        open.onerror = () => reject(new Error('no database'));
        open.onsuccess = () => {
          const store = open.result.transaction('keyval', 'readwrite').objectStore('keyval');
          const keys = store.getAllKeys();
          keys.onsuccess = () => {
            for (const key of keys.result)
              if (String(key).startsWith('session/1/')) store.put({ version: 1, nodes: [{ id: 0 }], here: 7 }, key);
          };
          store.transaction.oncomplete = () => {
            open.result.close();
            resolve();
          };
        };
      }),
  );
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('cannot be read');
  await expect(hotlanes.sentence).toContainText('kvm_spurious_fault');
  expect(await hotlanes.litmus()).not.toContain('you:');
});

test('the text that an older version kept comes along, once', async ({ page }) => {
  const hotlanes = new HotlanesPage(page);
  await hotlanes.open();
  const changed = (await hotlanes.litmus()).replace(/fault .*\n/, '# my own remark\n');
  await page.evaluate((text) => {
    sessionStorage.clear();
    localStorage.setItem('hotlanes/1', JSON.stringify({ text, scenario: 'kevin-2021-11-30', themeChoice: 'dark' }));
  }, changed);
  await page.reload();
  await expect.poll(() => hotlanes.litmus()).toBe(changed);
  expect(await page.evaluate(() => localStorage.getItem('hotlanes/1'))).toBeNull();
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
});
