import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFiles } from '../../src/main/node/files.ts';
import { createCredentialsFile } from '../../src/main/outlets/credentials-file.ts';
import { duration, measure, row, section } from './measure.ts';

const credentials = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
  secretAccessKey: 'x'.repeat(40),
  sessionToken: 'x'.repeat(800),
};

/** All accounts renewed at once, in a file that holds them already. */
export async function credentialsFileFigures(folder: string): Promise<void> {
  section('Credentials file, one batch');
  let perByte: number | null = null;
  for (const profiles of [1, 100, 1000]) {
    const path = join(folder, `credentials-${String(profiles)}`);
    await writeFile(path, '[personal]\naws_access_key_id = AKIAEXAMPLEEXAMPLE00\n', { mode: 0o600 });
    const file = createCredentialsFile({
      files: createFiles(folder),
      path,
      configPath: join(folder, 'config'),
      createdFiles: { has: () => false, add: () => undefined, delete: () => undefined },
    });
    let round = 0;
    const put = async (): Promise<void> => {
      round += 1;
      const expiration = new Date(round * 1000).toISOString().replace('.000', '');
      await file.put(
        Array.from({ length: profiles }, (_, n) => ({
          accountId: `account-${String(n)}`,
          profile: `account-${String(n)}`,
          credentials: { ...credentials, expiration },
        })),
      );
    };
    const syncs = await countSyncs(put);
    const { median } = await measure(15, put);
    const { size } = await stat(path);
    perByte ??= median / size;
    row(
      `${String(profiles)} profiles, ${(size / 1024).toFixed(0)} KiB`,
      duration(median),
      `${duration((median / size) * 1024)} per KiB, ${String(syncs)} fsync of the file`,
    );
  }
}

/** How often `work` syncs a file's data (not the folder that names it). */
async function countSyncs(work: () => Promise<void>): Promise<number> {
  const handle = await open(process.execPath);
  const prototype = Object.getPrototypeOf(handle) as { sync: () => Promise<void>; stat: typeof handle.stat };
  await handle.close();
  const { sync } = prototype;
  let count = 0;
  prototype.sync = async function (this: typeof handle) {
    if ((await this.stat()).isFile()) count += 1;
    return sync.call(this);
  };
  try {
    await work();
    return count;
  } finally {
    prototype.sync = sync;
  }
}
