/**
 * A program that edits AWS files as the agent does: `node writer.cjs JOB`, JOB being JSON. A failure is one line of JSON
 * on stdout and exit 1.
 */
import { writeSync } from 'node:fs';
import { createFiles } from '../../../src/main/node/files.ts';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import { createCredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import type { CredentialsEntry } from '../../../src/main/outlets/credentials-file.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';
import type { Job } from './job.ts';

function entry(accountId: string, version: number): CredentialsEntry {
  const value = `${accountId}-${String(version)}`;
  return {
    accountId,
    profile: accountId,
    credentials: {
      accessKeyId: `KEY-${value}`,
      secretAccessKey: `SECRET-${value}`,
      sessionToken: `TOKEN-${value}-${'x'.repeat(800)}`,
      expiration: '2026-11-22T12:00:00Z',
    },
  };
}

async function run(job: Job): Promise<void> {
  const files = createFiles(job.runtimeDirectory);
  const { credentials: path, config: configPath } = job;
  const createdFiles = new Set<string>();
  const outlet = createCredentialsFile({ files, path, configPath, createdFiles });
  if (job.cliPath !== undefined) {
    const options = { files, path: configPath, credentialsPath: path, createdFiles, cliPath: job.cliPath };
    await createConfigFile(options).put(
      job.accounts.map((accountId) => ({ accountId, profile: accountId, profileRegion: 'eu-west-2' })),
    );
    return;
  }
  if (job.removes === true && job.rounds === 0) await outlet.remove(job.accounts);
  for (let version = job.first; version < job.first + job.rounds; version += 1) {
    if (job.removes === true) await outlet.remove(job.accounts);
    await outlet.put(job.accounts.map((accountId) => entry(accountId, version)));
    if (version === job.first) writeSync(1, 'begun\n');
  }
}

run(JSON.parse(process.argv[2] ?? '') as Job).catch((error: unknown) => {
  writeSync(1, `${JSON.stringify(toErrorShape(error))}\n`);
  process.exitCode = 1;
});
