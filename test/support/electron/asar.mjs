/** Electron's archive format, as far as a folder without folders needs it: a pickled JSON header, then the files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} folder with files only.
 * @returns {Buffer} the archive; the same for the same files.
 */
export function packAsar(folder) {
  /** @type {Record<string, { size: number, offset: string }>} */
  const files = {};
  /** @type {Buffer[]} */
  const contents = [];
  let offset = 0;
  for (const name of readdirSync(folder).sort()) {
    const content = readFileSync(join(folder, name));
    files[name] = { size: content.length, offset: String(offset) };
    contents.push(content);
    offset += content.length;
  }
  return Buffer.concat([header(JSON.stringify({ files })), ...contents]);
}

/**
 * Two pickles: one holds the size of the other, which holds the text, padded to four bytes.
 * @param {string} text
 */
function header(text) {
  const bytes = Buffer.from(text);
  const padded = Math.ceil(bytes.length / 4) * 4;
  const sizes = [4, padded + 8, padded + 4, bytes.length];
  const result = Buffer.alloc(4 * sizes.length + padded);
  sizes.forEach((size, index) => result.writeUInt32LE(size, 4 * index));
  bytes.copy(result, 4 * sizes.length);
  return result;
}
