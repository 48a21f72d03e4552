/** Public keys as SSH writes them, from ssh-keygen: a judge of what the product makes of them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The blob of a public key in PEM (SubjectPublicKeyInfo), and its fingerprint, by ssh-keygen. */
export function openSshKey(publicPem: string): { readonly blob: Buffer; readonly fingerprint: string } {
  const directory = mkdtempSync(join(tmpdir(), 'rolekey-ssh-'));
  try {
    const pem = join(directory, 'key.pem');
    writeFileSync(pem, publicPem);
    const line = keygen(['-i', '-m', 'PKCS8', '-f', pem]);
    const file = join(directory, 'key.pub');
    writeFileSync(file, line);
    return {
      blob: Buffer.from(line.split(' ')[1] ?? '', 'base64'),
      fingerprint: keygen(['-l', '-f', file]).split(' ')[1] ?? '',
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function keygen(args: readonly string[]): string {
  const run = spawnSync('ssh-keygen', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${run.stderr}`);
  return run.stdout;
}
