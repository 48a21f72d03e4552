/** Judges a page by axe-core, in both themes. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds in one theme: rule, and the elements it is broken by. */
async function findings(page: Page): Promise<string[]> {
  // By the debugger, which no policy of the page binds.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    // By its name in the page: an import would be the test's own.
    const { run } = Reflect.get(globalThis, 'axe') as typeof axe;
    const { violations } = await run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
    );
  });
}

/** What axe finds, in light and dark; empty where nothing is wrong. */
export async function axeFindings(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // Colours may fade from one theme to the other.
    await page.evaluate(async () => {
      await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    });
    found.push(...(await findings(page)).map((finding) => `${colorScheme}: ${finding}`));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}
