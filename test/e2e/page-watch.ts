/** What pages of the app do wrong without anybody seeing it: breaches of their policy, and errors nobody caught. */
import type { Page } from 'playwright-core';
import type { RunningApp } from '../support/desktop/app.ts';

/** Chromium's words for what a policy kept from happening. */
const breach = /Content Security Policy|Trusted ?Type|Refused to /;

export class PageWatch {
  /** One sentence each; a test file ends with none. */
  readonly complaints: string[] = [];

  /** Watches every page of the app, from the first on. */
  watch({ electron }: RunningApp): void {
    for (const page of electron.windows()) this.#listen(page);
    electron.on('window', (page) => this.#listen(page));
  }

  #listen(page: Page): void {
    const where = (): string => page.url().split('/').slice(2, 3).join();
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' || breach.test(text)) this.complaints.push(`${where()}: ${text}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`${where()}: ${String(error)}`));
    // An event tells what the console may only have said before anybody listened.
    const report = 'a breach of the policy: ';
    const collect = (prefix: string): void => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
        console.error(`${prefix}${effectiveDirective} ${blockedURI}`),
      );
    };
    // The page may be gone already, as a PIN window that was answered.
    void page.evaluate(collect, report).catch(() => undefined);
    void page.addInitScript(collect, report).catch(() => undefined);
  }
}
