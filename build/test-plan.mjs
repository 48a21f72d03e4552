/** Which tests are run: all, or the end-to-end tests alone, and what the lack of an Electron leaves out. */

const endToEnd = 'test/e2e/';

/**
 * @typedef {object} TestPlan
 * @property {string[] | null} vitest arguments that choose the projects; null: there is nothing to run.
 * @property {string[]} announcements lines for the tester, before anything runs.
 * @property {number} skipped how much of what was asked for is left out.
 * @property {number} failed how much of it is wrong already.
 * @property {(path: string) => boolean} includes whether a test file is to be run, by its path in the checkout.
 */

/**
 * The end-to-end tests are the only ones that may be missing, also in CI: where no Electron can be had. One that was
 * named and is none is a mistake, which must not pass for that.
 * @param {object} request
 * @param {boolean} request.onlyEndToEnd
 * @param {import('../test/support/electron/find-electron.mjs').NoElectron | { description: string }} request.electron what was found, or why none.
 * @returns {TestPlan}
 */
export function planTests({ onlyEndToEnd, electron }) {
  const found = 'description' in electron;
  /** @param {string} path */
  const isEndToEnd = (path) => path.startsWith(endToEnd);
  const mistake = !found && electron.mistake;
  return {
    vitest: projects(onlyEndToEnd, found),
    announcements: [
      found
        ? `End-to-end tests run on ${electron.description}`
        : `${mistake ? '✗' : 'SKIPPED'} e2e: ${electron.reason}`,
    ],
    skipped: found || mistake ? 0 : 1,
    failed: mistake ? 1 : 0,
    includes: (path) => (isEndToEnd(path) ? found : !onlyEndToEnd),
  };
}

/**
 * @param {boolean} onlyEndToEnd
 * @param {boolean} found
 */
function projects(onlyEndToEnd, found) {
  if (onlyEndToEnd) return found ? ['--project=e2e'] : null;
  return found ? [] : ['--project=!e2e'];
}
