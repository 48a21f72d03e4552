/** Which tests may be skipped where: test/allowed-skips.txt, lines of `FILE | NAME | REASON`. */

/**
 * @typedef {{ file: string, name: string, reason: string }} AllowedSkip
 *   `file` relative to the checkout; `name` is how the test's full name (describes first) begins.
 */

/**
 * @param {string} text the list; `#` begins a comment line.
 * @returns {AllowedSkip[]}
 * @throws {Error} for a line without all three.
 */
export function parseAllowedSkips(text) {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [file = '', name = '', reason = '', ...rest] = line.split('|').map((part) => part.trim());
      if (file === '' || name === '' || reason === '' || rest.length > 0) {
        throw new Error(`test/allowed-skips.txt: not FILE | NAME | REASON: ${line}`);
      }
      return { file, name, reason };
    });
}

/**
 * @param {readonly AllowedSkip[]} allowed
 * @param {string} file
 * @param {string} fullName
 * @returns {AllowedSkip | undefined} the first entry that speaks of the test.
 */
export function findAllowedSkip(allowed, file, fullName) {
  return allowed.find((entry) => entry.file === file && fullName.trim().startsWith(entry.name));
}
