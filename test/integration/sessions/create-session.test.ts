/** CreateSession over real HTTPS against the strict server. */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/main/node/clock.ts';
import { createNodeHttp } from '../../../src/main/node/http.ts';
import { parseCertificates, type Certificate } from '../../../src/main/roles-anywhere/certificate.ts';
import { signatureFromToken, tokenInput } from '../../../src/main/roles-anywhere/signature.ts';
import { createSession } from '../../../src/main/sessions/create-session.ts';
import { ServerClock } from '../../../src/main/sessions/server-clock.ts';
import type { Account } from '../../../src/shared/model.ts';
import { Authority, type IssuedCertificate } from '../../support/pki/authority.ts';
import { makeTlsIdentity } from '../../support/pki/tls.ts';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import type { FaultInput } from '../../support/roles-anywhere/faults.ts';
import { startServer } from '../../support/roles-anywhere/server.ts';
import { softwareSign } from '../../vectors/software-token.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekey-create-session-'));
const tls = makeTlsIdentity(directory);
const yesterday = new Date(Date.now() - 86_400_000);
const root = Authority.root(join(directory, 'root'), { notBefore: yesterday });
const upper = root.intermediate(join(directory, 'upper'));
const lower = upper.intermediate(join(directory, 'lower'));
const device = root.identity({ name: 'device' });
const server = await startServer({ account: openAccount(root.certificate.pem), tls });
const http = createNodeHttp({ caBundlePath: tls.caFile });

afterAll(async () => {
  await http.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

beforeEach(() => {
  server.requests.length = 0;
  server.faults.clear();
  server.clockOffsetSeconds = 0;
  server.account = openAccount(root.certificate.pem);
});

const account: Account = {
  id: 'reader',
  label: 'Reader',
  group: null,
  favourite: false,
  roleArn: 'arn:aws:iam::123456789012:role/team/Reader',
  profileArn: 'arn:aws:rolesanywhere:eu-west-2:123456789012:profile/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d',
  trustAnchorArn:
    'arn:aws:rolesanywhere:eu-west-2:123456789012:trust-anchor/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d',
  region: 'eu-west-2',
  sessionDuration: 3600,
  roleSessionName: null,
  keys: ['pkcs11:token=x'],
  certificate: null,
  intermediates: null,
  pkcs11Lib: null,
  awsProfile: 'reader',
  profileRegion: null,
  outlet: 'credential-process',
  endpoint: server.url,
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
  source: { kind: 'local' },
};

function certificateOf({ pem }: IssuedCertificate): Certificate {
  return parseCertificates(Buffer.from(pem))[0]!;
}

function signerOf(issued: IssuedCertificate, issuers: readonly IssuedCertificate[] = []) {
  const certificate = certificateOf(issued);
  const key = createPrivateKey(issued.privateKeyPem!);
  const signer = {
    certificate,
    issuers: issuers.map(certificateOf),
    signatures: 0,
    sign: async (message: Uint8Array) => {
      signer.signatures++;
      const keyType = certificate.keyType!;
      return signatureFromToken(keyType, softwareSign(key, tokenInput(keyType, message)));
    },
  };
  return signer;
}

function connect(signer = signerOf(device), change: Partial<Account> = {}) {
  const options = {
    account: { ...account, ...change },
    signer,
    environment: { rolesAnywhereUrl: null, useFips: false, useDualstack: false },
  };
  return createSession(options, { clock: systemClock, http }, new ServerClock(systemClock));
}

describe('is accepted', () => {
  it.each(['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-4096'] as const)('with a %s key', async (key) => {
    const session = await connect(signerOf(root.identity({ holder: { key } })));
    expect(session.credentials.accessKeyId).toBe(server.requests[0]!.accessKeyId);
    expect(session.assumedRoleArn).toBe(server.requests[0]!.assumedRoleArn);
    expect(Math.abs(session.expiresAt - Date.now() - 3_600_000)).toBeLessThan(5_000);
    expect(Math.abs(session.clockOffsetMs)).toBeLessThan(2_000);
  });

  it('with two intermediates, whatever their order', async () => {
    const leaf = lower.identity();
    const issuers = [root.certificate, upper.certificate, lower.certificate, device];
    await connect(signerOf(leaf, issuers));
    await connect(signerOf(leaf, issuers.toReversed()));
    expect(server.requests.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted']);
  });

  it.each([
    ['a role with = in its name', { roleArn: 'arn:aws:iam::123456789012:role/a=b,c@d+e' }],
    ['a role with an odd path', { roleArn: "arn:aws:iam::123456789012:role/a:b'(c)!*~&?#%25/d/Reader" }],
    ['a session name', { roleSessionName: 'pat+1=2,3.4@5-6_7' }],
    ['the shortest session', { sessionDuration: 900 }],
    ['the longest session', { sessionDuration: 43_200 }],
  ] satisfies [string, Partial<Account>][])('with %s', async (_, change) => {
    await connect(signerOf(device), change);
    expect(server.requests).toMatchObject([{ verdict: 'accepted', status: 201 }]);
  });

  it('with a serial number whose high bit is set', async () => {
    await connect(signerOf(root.identity({ serial: 'f000000000000000000000000000000001' })));
    expect(server.requests).toMatchObject([{ verdict: 'accepted' }]);
  });
});

describe('is sent again with the same signature', () => {
  it.each(['before-reading', 'before-answer', 'mid-answer'] as const)(
    'after a connection lost %s',
    async (when) => {
      server.faults.add({ kind: 'drop', when, times: 2 });
      const signer = signerOf(device);
      await connect(signer);
      expect(signer.signatures).toBe(1);
      expect(server.requests).toHaveLength(3);
      expect(new Set(server.requests.map(({ signature }) => signature)).size).toBe(1);
    },
  );
});

describe('is signed a second time', () => {
  it.each([600, -600, 7200])('for a clock that is %d seconds off, and accepted', async (seconds) => {
    server.clockOffsetSeconds = seconds;
    const signer = signerOf(root.identity({ notBefore: yesterday }));
    const session = await connect(signer);
    expect(signer.signatures).toBe(2);
    expect(server.requests.map(({ verdict }) => verdict)).toEqual(['refused', 'accepted']);
    expect(Math.abs(session.clockOffsetMs - seconds * 1000)).toBeLessThan(2_000);
  });
});

describe('fails with its own code', () => {
  it.each([
    [{ kind: 'throttle' }, 'aws-throttled'],
    [{ kind: 'throttle', retryAfterSeconds: 7 }, 'aws-throttled'],
    [{ kind: 'error', status: 500 }, 'aws-failed'],
    [{ kind: 'error', status: 503 }, 'aws-failed'],
    [{ kind: 'redirect', location: 'https://example.com/' }, 'response-invalid'],
    [{ kind: 'garbage' }, 'response-invalid'],
    [{ kind: 'html' }, 'response-invalid'],
    [{ kind: 'nothing' }, 'response-invalid'],
    [{ kind: 'empty-credential-set' }, 'response-invalid'],
    [{ kind: 'spoiled-field', field: 'secretAccessKey' }, 'response-invalid'],
    [{ kind: 'spoiled-field', field: 'sessionToken', as: 'empty' }, 'response-invalid'],
    [{ kind: 'spoiled-field', field: 'expiration', as: 'null' }, 'response-invalid'],
    [{ kind: 'spoiled-field', field: 'roleArn' }, 'response-invalid'],
    [{ kind: 'other-role', roleArn: 'arn:aws:iam::123456789012:role/Writer' }, 'identity-mismatch'],
  ] satisfies [FaultInput, string][])('%j', async (fault, code) => {
    server.faults.add(fault);
    const signer = signerOf(device);
    await expect(connect(signer)).rejects.toMatchObject({ code });
    expect(signer.signatures).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('a revoked certificate', async () => {
    const revoked = root.identity();
    root.revoke(revoked);
    server.account = openAccount(root.certificate.pem, [root.crl().pem]);
    await expect(connect(signerOf(revoked))).rejects.toMatchObject({
      code: 'aws-access-denied',
      message: expect.stringContaining('revoked') as string,
      requestId: expect.any(String) as string,
    });
  });

  it('a missing intermediate', async () => {
    await expect(connect(signerOf(lower.identity()))).rejects.toMatchObject({
      code: 'aws-access-denied',
      message: expect.stringContaining('intermediates are missing') as string,
    });
  });

  it('a certificate of another key', async () => {
    const signer = signerOf(device);
    const other = signerOf(root.identity());
    await expect(connect({ ...signer, sign: other.sign })).rejects.toMatchObject({
      code: 'aws-invalid-signature',
    });
  });

  it('a server whose certificate is not trusted', async () => {
    const strict = createNodeHttp({ caBundlePath: root.certificate.file });
    const attempt = createSession(
      {
        account,
        signer: signerOf(device),
        environment: { rolesAnywhereUrl: null, useFips: false, useDualstack: false },
      },
      { clock: systemClock, http: strict },
      new ServerClock(systemClock),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'tls-untrusted' });
    await strict.close();
  });
});
