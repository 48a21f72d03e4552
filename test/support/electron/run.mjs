/** Runs the programs that fetch and unpack, and tells why one did not do its work. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/**
 * What became of a program: `missing` where there is none of that name.
 * @typedef {{ ok: boolean, missing: boolean, output: string, complaint: string }} Outcome
 *   `output` is its stdout, `complaint` the last line it wrote to stderr.
 * @typedef {(command: string, args: readonly string[], folder?: string) => Outcome} Run
 *   `folder` is where it runs.
 */

/** @type {Run} */
export function runProgram(command, args, folder) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    ...(folder === undefined ? {} : { cwd: folder }),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return {
    ok: error === undefined && status === 0,
    missing: error !== undefined && 'code' in error && error.code === 'ENOENT',
    ...(error === undefined ? said(stdout, stderr) : said('', '')), // where it did not run, both are null
  };
}

/**
 * @param {string} stdout
 * @param {string} stderr
 */
function said(stdout, stderr) {
  return { output: stdout.trim(), complaint: stderr.trim().split('\n').at(-1) ?? '' };
}

/**
 * @param {string} file
 * @returns {Promise<string>} its SHA-256 in hexadecimal.
 */
export async function sha256Of(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
