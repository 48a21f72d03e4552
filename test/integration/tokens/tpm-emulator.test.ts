/** The emulated TPM, judged by the real tools alone. */
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { Tpm, type TpmToken } from '../../support/tpm/tpm.ts';

const directory = mkdtempSync(join(tmpdir(), 'tpm-emulator-'));
let tpm: Tpm;
let token: TpmToken;

beforeAll(async () => {
  tpm = await Tpm.create();
  token = tpm.token('emulated');
  token.generateKey('P-256', { id: '01', label: 'p-256' });
  token.generateKey('P-384', { id: '02', label: 'p-384' });
  token.generateKey('RSA-2048', { id: '03', label: 'rsa' });
});

afterAll(async () => {
  await tpm.dispose();
  rmSync(directory, { recursive: true, force: true });
});

function pkcs11Tool(...args: string[]): string {
  return tpm.run('pkcs11-tool', ['--module', tpm.module, '--token-label', token.label, ...args]);
}

function signatureOf(id: string, mechanism: string): Buffer {
  const output = tpm.file('signature');
  const format = mechanism.startsWith('ECDSA') ? ['--signature-format', 'openssl'] : [];
  const files = ['--input-file', tpm.file('message', 'message'), '--output-file', output];
  pkcs11Tool(
    '--login',
    '--pin',
    token.pin,
    '--sign',
    '--id',
    id,
    '--mechanism',
    mechanism,
    ...format,
    ...files,
  );
  return readFileSync(output);
}

const isGood = (id: string, signature: Buffer): boolean =>
  verify('sha256', Buffer.from('message'), createPublicKey(token.publicKey({ id })), signature);

describe('the emulated TPM', () => {
  it.each([
    ['P-256', '01', 'ECDSA-SHA256'],
    ['P-384', '02', 'ECDSA-SHA256'],
    ['RSA-2048', '03', 'SHA256-RSA-PKCS'],
  ])('signs with a key that was made in it: %s', (_, id, mechanism) => {
    expect(isGood(id, signatureOf(id, mechanism))).toBe(true);
  });

  it('shows a certificate beside its key', () => {
    const { pem: certificate } = Authority.root(join(directory, 'ca')).issue({
      holder: { publicKey: token.publicKey({ id: '01' }) },
    });
    token.addCertificate(certificate, { id: '01' });
    const output = tpm.file('read.der');
    pkcs11Tool('--read-object', '--type', 'cert', '--id', '01', '--output-file', output);
    expect(new X509Certificate(readFileSync(output)).toString()).toBe(
      new X509Certificate(certificate).toString(),
    );
  });

  it('counts wrong PINs for all of its tokens together, locks after three, and is cleared by its owner', () => {
    const other = tpm.token('other', '654321');
    expect(token.login('000001')).toBe(false);
    expect(other.login('000002')).toBe(false);
    expect(token.login('000003')).toBe(false);
    expect(tpm.wrongPins()).toBe(3);
    expect(token.login(token.pin)).toBe(false);
    expect(other.login(other.pin)).toBe(false);
    tpm.clearLockout();
    expect(tpm.wrongPins()).toBe(0);
    expect(token.login(token.pin)).toBe(true);
    expect(other.login(other.pin)).toBe(true);
  });

  it('goes away and comes back with its keys, and with no wrong PIN counted for that', async () => {
    const before = signatureOf('01', 'ECDSA-SHA256');
    await tpm.stop();
    expect(token.login(token.pin)).toBe(false);
    await tpm.start();
    expect(tpm.wrongPins()).toBe(0);
    expect(isGood('01', signatureOf('01', 'ECDSA-SHA256'))).toBe(true);
    expect(isGood('01', before)).toBe(true);
  });

  it('leaves no process and no file behind', async () => {
    const own = await Tpm.create();
    own.token('short-lived');
    const running = own.processIds;
    expect(running).toHaveLength(2);
    await own.dispose();
    expect(running.filter((pid) => existsSync(`/proc/${String(pid)}`))).toEqual([]);
    expect(existsSync(own.store)).toBe(false);
  });
});
