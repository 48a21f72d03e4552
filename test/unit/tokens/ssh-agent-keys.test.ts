/** What a real ssh-agent cannot be told to do; the rest is in test/integration/tokens/ssh-agent.test.ts. */
import { createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SshAgent } from '../../../src/main/ports.ts';
import { AppError, isAppError } from '../../../src/shared/errors.ts';
import { unsealed, type Signer } from '../../../src/main/tokens/signer.ts';
import { SshAgentKeys } from '../../../src/main/tokens/ssh-agent-keys.ts';
import { openSshKey } from '../../support/ssh-agent/open-ssh-key.ts';
import { makeCertificate, type Made } from '../roles-anywhere/make-certificate.ts';
import { fastClock, filesOf } from './doubles.ts';
import { account, pem } from './world.ts';

const message = Buffer.from('message');
let rsa: Made;
let ec: Made;

beforeAll(async () => {
  rsa = await makeCertificate({ subject: 'CN=rsa', rsa: true });
  ec = await makeCertificate({ subject: 'CN=ec' });
});

const string = (bytes: Uint8Array | string): Buffer => {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};
const signature = (format: string, bytes: Uint8Array): Buffer =>
  Buffer.concat([Uint8Array.of(14), string(Buffer.concat([string(format), string(bytes)]))]);

/** An agent with one key that answers whatever it is told to a sign request. */
function agentWith(made: Made, answer: () => Uint8Array): { agent: SshAgent; name: string } {
  const publicPem = made.publicKey.export({ format: 'pem', type: 'spki' }) as string;
  const { blob, fingerprint } = openSshKey(publicPem);
  const one = Buffer.from('0c00000001', 'hex');
  return {
    name: `ssh-agent:${fingerprint}`,
    agent: {
      exchange: async (request) =>
        request[0] === 11 ? Buffer.concat([one, string(blob), string('comment')]) : answer(),
    },
  };
}

async function signerOf(made: Made, answer: () => Uint8Array): Promise<Signer> {
  const { agent, name } = agentWith(made, answer);
  const keys = new SshAgentKeys({ agent, clock: fastClock(), files: filesOf({ '/c.pem': pem(made) }) });
  const attempt = await keys.find(name, { ...account(name), certificate: '/c.pem' });
  if ('absent' in attempt) throw attempt.absent;
  return unsealed(attempt.signer);
}

describe('a signature of an ssh-agent', () => {
  it('of RSA may have lost its leading zeros', async () => {
    // About one in 256 begins with one.
    let whole = Buffer.alloc(0);
    let text = message;
    for (let i = 0; whole[0] !== 0 || whole.length === 0; i++) {
      text = Buffer.from(`message ${String(i)}`);
      whole = sign('sha256', text, rsa.privateKey);
    }
    const signer = await signerOf(rsa, () => signature('rsa-sha2-256', whole.subarray(1)));
    const signed = await signer.sign(text);
    const key = createPublicKey(rsa.publicKey.export({ format: 'pem', type: 'spki' }));
    expect(verify('sha256', text, key, signed)).toBe(true);
    expect(signed).toHaveLength(256);
  }, 30_000);

  it.each<[string, () => Made, () => Uint8Array, string, RegExp]>([
    [
      'RSA with SHA-1, of an agent that does not know better',
      () => rsa,
      () => signature('ssh-rsa', sign('sha1', message, rsa.privateKey)),
      'key-unsupported',
      /ssh-rsa, which AWS does not take/,
    ],
    [
      'RSA longer than the key',
      () => rsa,
      () => signature('rsa-sha2-256', Buffer.alloc(257, 1)),
      'token-failed',
      /did not answer as it should/,
    ],
    [
      'over something else',
      () => rsa,
      () => signature('rsa-sha2-256', sign('sha256', Buffer.from('other'), rsa.privateKey)),
      'cert-key-mismatch',
      /./,
    ],
    [
      'by the wrong kind of key',
      () => ec,
      () => signature('rsa-sha2-256', sign('sha256', message, rsa.privateKey)),
      'key-unsupported',
      /rsa-sha2-256/,
    ],
    [
      'in words that are no words',
      () => ec,
      () => signature('\u202eevil\n', Buffer.alloc(1)),
      'key-unsupported',
      /signed with \?+evil\?,/,
    ],
    ['that is none', () => ec, () => Uint8Array.of(12), 'token-failed', /./],
    ['that is refused', () => ec, () => Uint8Array.of(5), 'ssh-agent-refused', /did not sign/],
    [
      'that does not come',
      () => ec,
      () => {
        throw new AppError('timed-out');
      },
      'ssh-agent-refused',
      /within 60 seconds/,
    ],
  ])('is not used: %s', async (_, made, answer, code, words) => {
    const signer = await signerOf(made(), answer);
    await expect(signer.sign(message)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words) as string,
    });
  });

  it('is good or an error with a code, whatever the agent says', async () => {
    let said: Uint8Array = new Uint8Array();
    const signer = await signerOf(ec, () => said);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 120 }),
          fc.uint8Array({ maxLength: 90 }).map((bytes) => signature('ecdsa-sha2-nistp256', bytes)),
        ),
        async (bytes) => {
          said = bytes;
          const error: unknown = await signer.sign(message).catch((reason: unknown) => reason);
          expect(isAppError(error)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('an ssh-agent that does not tell its keys in time counts as none', async () => {
  const agent: SshAgent = { exchange: () => Promise.reject(new AppError('timed-out')) };
  const keys = new SshAgentKeys({ agent, clock: fastClock(), files: filesOf({}) });
  const name = `ssh-agent:SHA256:${'A'.repeat(43)}`;
  expect(await keys.find(name, account(name))).toMatchObject({ absent: { code: 'ssh-agent-missing' } });
});

it('an ssh-agent that does not speak its protocol is told', async () => {
  const agent: SshAgent = { exchange: async () => Buffer.from('HTTP/1.1 400 Bad Request') };
  const keys = new SshAgentKeys({ agent, clock: fastClock(), files: filesOf({}) });
  const name = `ssh-agent:SHA256:${'A'.repeat(43)}`;
  await expect(keys.find(name, account(name))).rejects.toMatchObject({ code: 'token-failed' });
});
