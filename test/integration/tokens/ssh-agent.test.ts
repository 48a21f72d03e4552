/** Keys in a real ssh-agent of OpenSSH. */
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSshAgent } from '../../../src/main/node/ssh-agent-socket.ts';
import type { Files } from '../../../src/main/ports.ts';
import { unsealed, type Signer } from '../../../src/main/tokens/signer.ts';
import { SshAgentKeys } from '../../../src/main/tokens/ssh-agent-keys.ts';
import { Authority, type Identity } from '../../support/pki/authority.ts';
import type { KeyKind } from '../../support/pki/keys.ts';
import { SshAgent } from '../../support/ssh-agent/ssh-agent.ts';
import { fastClock } from '../../unit/tokens/doubles.ts';

const message = Buffer.from('message');
const files: Files = {
  read: async (path) => (existsSync(path) ? readFileSync(path) : null),
  edit: () => Promise.reject(new Error('nothing here writes')),
};
let directory: string;
let authority: Authority;
const identities = new Map<KeyKind, Identity>();
let agent: SshAgent;
let keys: SshAgentKeys;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekey-ssh-'));
  authority = Authority.root(join(directory, 'ca'));
  for (const key of ['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-4096'] as const) {
    identities.set(key, authority.identity({ subject: `/CN=${key}`, holder: { key } }));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let agents = 0;
beforeEach(async () => {
  agent = await SshAgent.start(join(directory, `agent${String((agents += 1))}`));
  keys = new SshAgentKeys({ agent: createSshAgent(agent.socket), files, clock: fastClock() });
});
afterEach(() => agent.stop());

const identity = (kind: KeyKind): Identity => identities.get(kind)!;

/** Adds a key. @returns what names it. */
function add(kind: KeyKind, ...flags: string[]): string {
  const before = agent.fingerprintsOrNone();
  agent.add(identity(kind).privateKeyPem, ...flags);
  const [added] = agent.fingerprints().filter((each) => !before.includes(each));
  return `ssh-agent:${added ?? 'none'}`;
}

async function find(key: string, certificate: string | null): Promise<Signer> {
  const attempt = await keys.find(key, { keys: [key], certificate, intermediates: null, pkcs11Lib: null });
  if ('absent' in attempt) throw attempt.absent;
  return unsealed(attempt.signer);
}

const isBy = (kind: KeyKind, signature: Uint8Array): boolean =>
  verify('sha256', message, createPublicKey(identity(kind).pem), signature);

describe('a key in an ssh-agent', () => {
  it.each<KeyKind>(['P-256', 'RSA-2048', 'RSA-4096'])('signs: %s', async (kind) => {
    add('P-384'); // it is not the only one
    const key = add(kind);
    const signer = await find(key, identity(kind).file);
    expect(signer.key).toEqual({
      uri: key,
      token: null,
      hardware: false,
      touch: 'unknown',
      alwaysAuthenticate: false,
    });
    expect(signer.readyWithoutHuman()).toBe(true);
    await signer.unlock(null);
    for (let i = 0; i < 20; i++) expect(isBy(kind, await signer.sign(message))).toBe(true);
  });

  it('takes the issuers beside its certificate along', async () => {
    const both = join(directory, 'both.pem');
    writeFileSync(both, authority.certificate.pem + identity('P-256').pem);
    const signer = await find(add('P-256'), both);
    expect(signer.certificate.subject).toBe('CN=P-256');
    expect(signer.issuers.map(({ subject }) => subject)).toEqual(['C=ZZ, O=Test, CN=Test Root']);
  });

  it.each<[KeyKind, RegExp]>([
    ['P-384', /SHA-256 alone.*SHA-384.*P-384/],
    ['P-521', /SHA-256 alone.*SHA-512.*P-521/],
  ])('is refused before anything is signed where its curve has another hash: %s', async (kind, words) => {
    await expect(find(add(kind), identity(kind).file)).rejects.toMatchObject({
      code: 'key-unsupported',
      message: expect.stringMatching(words) as string,
    });
  });

  it('is refused where AWS does not know its kind', async () => {
    agent.generate('ed25519');
    const [fingerprint] = agent.fingerprints();
    await expect(find(`ssh-agent:${fingerprint!}`, identity('P-256').file)).rejects.toMatchObject({
      code: 'key-unsupported',
      message: expect.stringMatching(/ssh-ed25519, which IAM Roles Anywhere does not take/) as string,
    });
  });

  it.each<[string, () => string | null, string]>([
    ['no certificate is named', () => null, 'cert-missing'],
    ['its certificate’s file is missing', () => '/nowhere/c.pem', 'file-unreadable'],
    ['the certificate is another key’s', () => identity('RSA-2048').file, 'cert-key-mismatch'],
    ['the certificate is on a token', () => 'pkcs11:token=work', 'account-invalid'],
  ])('is refused where %s', async (_, certificate, code) => {
    await expect(find(add('P-256'), certificate())).rejects.toMatchObject({ code });
  });

  it('is missed once it is removed, also by who found it before', async () => {
    const key = add('P-256');
    const other = add('RSA-2048');
    const signer = await find(key, identity('P-256').file);
    agent.remove(identity('P-256').privateKeyPem);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ssh-agent-refused' });
    await expect(find(key, identity('P-256').file)).rejects.toMatchObject({
      code: 'ssh-key-missing',
      message: expect.stringContaining(key.slice('ssh-agent:'.length)) as string,
    });
    expect(isBy('RSA-2048', await (await find(other, identity('RSA-2048').file)).sign(message))).toBe(true);
  });

  it('is missed while the agent is locked, which is said, and is back afterwards', async () => {
    const key = add('P-256');
    const signer = await find(key, identity('P-256').file);
    agent.setLocked(true);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ssh-agent-refused' });
    await expect(find(key, identity('P-256').file)).rejects.toMatchObject({
      code: 'ssh-key-missing',
      message: expect.stringMatching(/locked/) as string,
      remedy: expect.stringContaining('ssh-add -X') as string,
    });
    agent.setLocked(false);
    expect(isBy('P-256', await signer.sign(message))).toBe(true);
  });

  it('says that no agent is there once it was killed, before and behind the search', async () => {
    const key = add('P-256');
    const signer = await find(key, identity('P-256').file);
    await agent.stop();
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ssh-agent-missing' });
    await expect(find(key, identity('P-256').file)).rejects.toMatchObject({ code: 'ssh-agent-missing' });
  });

  it('says that no agent is known where no address is', async () => {
    keys = new SshAgentKeys({ agent: createSshAgent(null), files, clock: fastClock() });
    await expect(find('ssh-agent:SHA256:x', null)).rejects.toMatchObject({
      code: 'ssh-agent-missing',
      message: expect.stringContaining('SSH_AUTH_SOCK') as string,
    });
  });
});

describe('a key that is confirmed before each use', () => {
  /** Waits until the agent asks a person. */
  const asked = async (): Promise<void> => {
    while (!agent.hasAsked) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('signs once the person allows it, however long that takes', async () => {
    const signer = await find(add('P-256', '-c'), identity('P-256').file);
    agent.forgetAnswer();
    const signing = signer.sign(message);
    await asked();
    agent.answer('yes');
    expect(isBy('P-256', await signing)).toBe(true);
  });

  it('does not sign where the person refuses', async () => {
    const signer = await find(add('P-256', '-c'), identity('P-256').file);
    agent.forgetAnswer();
    const signing = signer.sign(message);
    signing.catch(() => undefined);
    await asked();
    agent.answer('');
    await expect(signing).rejects.toMatchObject({ code: 'ssh-agent-refused' });
  });

  it('is not waited for once nobody needs the signature', async () => {
    const signer = await find(add('P-256', '-c'), identity('P-256').file);
    agent.forgetAnswer();
    const unneeded = new AbortController();
    const human = {
      prompts: { ask: async () => null },
      accounts: [],
      askedBy: '',
      unneeded: unneeded.signal,
    };
    const signing = signer.sign(message, human);
    signing.catch(() => undefined);
    await asked();
    unneeded.abort();
    await expect(signing).rejects.toMatchObject({ code: 'cancelled' });
  });
});
