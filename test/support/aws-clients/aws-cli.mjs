/** The AWS CLI v2, a process for each call, as scripts use it. See README.md. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answer } from './answers.mjs';

const run = promisify(execFile);

/**
 * By its full path: another `aws` (pip's, version 1) may come first on PATH.
 * @param {readonly string[]} args
 * @returns {Promise<unknown>} what it printed. @throws Error with what it said.
 */
async function aws(args) {
  const { stdout } = await run('/usr/bin/aws', args);
  /** @type {unknown} */
  const document = JSON.parse(stdout);
  return document;
}

await answer({
  resolve: async (profile) => {
    const named = profile === undefined ? [] : ['--profile', profile];
    const keys = await aws(['configure', 'export-credentials', ...named]);
    const { AccessKeyId, SecretAccessKey, SessionToken } = /** @type {Record<string, string>} */ (keys);
    return {
      accessKeyId: AccessKeyId ?? '',
      secretAccessKey: SecretAccessKey ?? '',
      sessionToken: SessionToken,
    };
  },
  call: async () => {
    const endpoint = process.env.AWS_ENDPOINT_URL_STS ?? '';
    const identity = await aws([
      '--endpoint-url',
      endpoint,
      '--output',
      'json',
      'sts',
      'get-caller-identity',
    ]);
    const { Arn } = /** @type {{ Arn: string }} */ (identity);
    return { arn: Arn, requestId: null };
  },
});
