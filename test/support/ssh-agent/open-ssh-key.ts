/** Public keys as SSH writes them, from ssh-keygen: a judge of what the product makes of them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The blob of a public key in PEM (SubjectPublicKeyInfo), and its fingerprint, by ssh-keygen. */
export function openSshKey(publicPem: string): { readonly blob: Buffer; readonly fingerprint: string } {
  const line = openSshLine(publicPem);
  return {
    blob: Buffer.from(line.split(' ')[1] ?? '', 'base64'),
    fingerprint: withFile(line, (file) => keygen(['-l', '-f', file]).split(' ')[1] ?? ''),
  };
}

/** The same key as a line of an OpenSSH file. */
export function openSshLine(publicPem: string): string {
  return withFile(publicPem, (file) => keygen(['-i', '-m', 'PKCS8', '-f', file]));
}

function withFile<T>(content: string, use: (file: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'rolekey-ssh-'));
  try {
    const file = join(directory, 'key');
    writeFileSync(file, content);
    return use(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function keygen(args: readonly string[]): string {
  const run = spawnSync('ssh-keygen', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${run.stderr}`);
  return run.stdout;
}
