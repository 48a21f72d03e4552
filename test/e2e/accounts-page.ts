/** The window of the accounts as a person uses it. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export class AccountsPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(10_000); // well below a test's own limit, so that it says what was not there
  }

  /** An account's row, by its label. */
  row(label: string): Locator {
    return this.page.getByRole('listitem', { name: label, exact: true });
  }

  /** What an account's state says in words. */
  says(label: string, headline: string | RegExp): Promise<void> {
    return this.row(label).getByRole('paragraph').filter({ hasText: headline }).first().waitFor();
  }

  isConnected(label: string): Promise<void> {
    return this.says(label, /^Connected, renews by itself; (59 min|1 h) left$/);
  }

  isNotConnected(label: string): Promise<void> {
    return this.says(label, /^Not connected$/);
  }

  /** A button of an account's row, by what a screen reader says: “Connect: dev”. */
  button(what: string, label: string): Locator {
    return this.page.getByRole('button', { name: `${what}: ${label}`, exact: true });
  }

  /** The dialog that adds an account. */
  get dialog(): Locator {
    return this.page.getByRole('dialog', { name: 'Add account' });
  }

  /** A field of the dialog, by the beginning of its name. */
  field(name: string): Locator {
    return this.dialog.getByRole('textbox', { name: new RegExp(`^${name}`) });
  }

  get submit(): Locator {
    return this.dialog.getByRole('button', { name: 'Add account' });
  }

  /** Opens the dialog and waits until it has read the command line. */
  async paste(line: string): Promise<void> {
    await this.page.getByRole('button', { name: /^(Paste a command line|Add account)$/ }).click();
    await this.field('Command line').fill(line);
    await this.wasRead();
  }

  wasRead(): Promise<void> {
    return this.dialog.getByText('The fields below were filled in from it.').waitFor();
  }

  /** Presses Tab until that element has the focus. @throws Error where it never has. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    for (let presses = 0; presses < 80; presses += 1) {
      if (await hasFocus(target)) return;
      await this.page.keyboard.press(key);
    }
    throw new Error(`${key} does not lead to ${String(target)}.`);
  }

  async hasFocus(target: Locator): Promise<void> {
    await expect.poll(() => hasFocus(target)).toBe(true);
  }
}

function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}
