/** The PIN window as a person uses it. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { until } from '../support/desktop/until.ts';

const address = 'app://pin-window/';

export class PinWindow {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** The one that asks, as soon as it does: one that was answered stays for a moment. */
  static async of(app: RunningApp): Promise<PinWindow> {
    const page = await until(async () => {
      for (const each of app.electron.windows()) {
        if (!each.url().startsWith(address)) continue;
        // It may be closing at this moment.
        const fields = each.locator('input[type=password]:not([readonly])');
        if ((await fields.count().catch(() => 0)) > 0) return each;
      }
      return null;
    }, 'a PIN window that asks');
    page.setDefaultTimeout(10_000);
    return new PinWindow(page);
  }

  /** The one that tells of a touch, as soon as it does. */
  static async ofTouch(app: RunningApp, timeoutMs = 10_000): Promise<PinWindow> {
    const page = await until(
      async () => {
        for (const each of app.electron.windows()) {
          if (!each.url().startsWith(address)) continue;
          const told = each.getByRole('dialog', { name: /^Touch the token / });
          if ((await told.count().catch(() => 0)) > 0) return each;
        }
        return null;
      },
      'a window that tells of a touch',
      timeoutMs,
    );
    page.setDefaultTimeout(10_000);
    return new PinWindow(page);
  }

  /** How many are open. */
  static count({ electron }: RunningApp): number {
    return electron.windows().filter((page) => page.url().startsWith(address)).length;
  }

  get field(): Locator {
    return this.page.locator('input[type=password]');
  }

  /** The wish to have the PIN remembered. */
  get remember(): Locator {
    return this.page.getByRole('checkbox', { name: 'Remember this PIN' });
  }

  /** Everything it says. */
  text(): Promise<string> {
    return this.page.locator('main').innerText();
  }

  /** The element with the focus, with the name and description a screen reader says. */
  focused(): Promise<{ readonly type: string; readonly name: string; readonly description: string }> {
    return this.page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement;
      const said = (attribute: string): string =>
        (element.getAttribute(attribute) ?? '')
          .split(' ')
          .map((id) => document.getElementById(id)?.textContent ?? '')
          .join(' ');
      return { type: element.type, name: said('aria-labelledby'), description: said('aria-describedby') };
    });
  }

  /** Types a PIN and presses Enter. */
  async enter(pin: string): Promise<void> {
    await this.field.fill(pin);
    await this.press('Enter');
  }

  /** Presses a key where the focus is; the window may be gone before the key is let go. */
  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key).catch(() => undefined);
  }

  /** Clicks a button, with which the window may be gone before the click is over. */
  async click(name: string): Promise<void> {
    const button = this.page.getByRole('button', { name });
    await button.waitFor();
    await button.click().catch(() => undefined);
  }

  async closed(): Promise<void> {
    await expect.poll(() => this.page.isClosed()).toBe(true);
  }
}
