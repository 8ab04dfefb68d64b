/** The page as a user reads it, for all stories. */
import { expect, type FileChooser, type Locator, type Page } from '@playwright/test';

export interface Reading {
  readonly position: string;
  readonly inspector: string;
  readonly log: string[];
  readonly userspace: string;
}

export class HotlanesPage {
  readonly sentence: Locator;
  readonly inspector: Locator;
  readonly position: Locator;
  readonly log: Locator;
  readonly userspace: Locator;
  readonly text: Locator;
  readonly problems: Locator;

  constructor(readonly page: Page) {
    page.on('filechooser', () => undefined);
    this.sentence = page.getByRole('region', { name: 'Outcome' });
    this.inspector = page.getByTestId('inspector');
    this.position = page.getByTestId('position');
    this.log = page.getByRole('region', { name: 'Kernel log' });
    this.userspace = page.getByRole('region', { name: /^Userspace/ });
    this.text = page.getByRole('textbox', { name: 'Litmus text' });
    this.problems = page.getByRole('status', { name: 'Problems of the text' });
  }

  /** Opens files as a user does by key. The chooser is watched from before the page is there: later would be a race. */
  async choose(files: Parameters<FileChooser['setFiles']>[0]): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.keyboard.press('o');
    await (await chooser).setFiles(files);
  }

  /** Opens the page, at rest and with its editor. */
  async open({ playing = false } = {}): Promise<void> {
    await this.page.emulateMedia({ reducedMotion: playing ? 'no-preference' : 'reduce' });
    await this.page.goto('./');
    await expect(this.sentence).toContainText('kvm_spurious_fault');
    await expect(this.page.locator('.litmus-editor .cm-content')).toBeVisible();
  }

  command(id: string): Promise<boolean> {
    return this.page.evaluate((name) => window.hotlanes!.run(name), id);
  }

  /** The text as it is in the store. */
  litmus(): Promise<string> {
    return this.page.evaluate(() => window.hotlanes!.state().text);
  }

  /** To the step after which the log line is there. */
  async toLogLine(text: string | RegExp): Promise<void> {
    await this.log.getByRole('button', { name: text }).click();
  }

  /** Everything around the lanes that follows the playhead. */
  async read(): Promise<Reading> {
    return {
      position: await this.position.innerText(),
      inspector: await this.inspector.innerText(),
      log: await this.log
        .getByRole('button')
        .evaluateAll((lines) => lines.map((line) => `${line.getAttribute('data-past')} ${line.textContent}`)),
      userspace: await this.userspace.innerText(),
    };
  }

  /** Rows of the table behind a lane, as text. */
  async table(lane: string): Promise<string[]> {
    await this.command('lanes.table');
    const dialog = this.page.getByRole('dialog', { name: 'The lanes as a table' });
    await dialog.getByRole('combobox', { name: 'Lane' }).selectOption({ label: lane });
    const rows = await dialog.locator('tbody tr').allInnerTexts();
    await this.page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    return rows.map((row) => row.replaceAll('\t', ' | '));
  }

  /** Replaces the whole text, as by typing. */
  async write(text: string): Promise<void> {
    await this.text.click();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.insertText(text);
  }
}
