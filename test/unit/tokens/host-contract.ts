/** What a token host does, whichever module is in it. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostClient } from '../../../src/main/tokens/host-client.ts';
import type { HostToken, SignMechanism, TokenRef } from '../../../src/main/tokens/host/protocol.ts';

/** One token with the PIN 123456 and these key pairs, each with its public key object. */
export const contractKeys = {
  ec: { id: '01', label: 'ec' },
  rsa: { id: '02', label: 'rsa' },
  /** Always authenticates. */
  strict: { id: '03', label: 'strict' },
} as const;

export interface ContractSubject {
  readonly client: HostClient;
  readonly tokenLabel: string;
  /** DER of the one certificate, whose id and label are those of `ec`. */
  readonly certificate: Uint8Array;
  /** Pulls the token out, and plugs it in again. */
  remove(): void;
  restore(): void;
  dispose(): void;
}

const digest = createHash('sha256').update('message').digest();
const digestInfo = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);

export function describeHostContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`the host contract, ${name}`, () => {
    let subject: ContractSubject;
    let client: HostClient;
    let token: HostToken;

    const look = async (): Promise<HostToken> => {
      const tokens = await client.request('tokens', { fresh: false });
      return tokens.find(({ label }) => label === subject.tokenLabel)!;
    };
    const login = (pin: string | null) => client.request('login', { token, pin });
    const sign = async (
      key: { id: string | null; label: string | null; type: 'EC' | 'RSA' },
      mechanism: SignMechanism = key.type === 'EC' ? 'CKM_ECDSA' : 'CKM_RSA_PKCS',
    ): Promise<Buffer> => {
      const data = (key.type === 'EC' ? digest : digestInfo).toString('base64');
      const { signature } = await client.request('sign', { token, key, mechanism, data });
      return Buffer.from(signature, 'base64');
    };
    const ec = { id: '01', label: null, type: 'EC' } as const;
    const spkiOf = async (id: string): Promise<Buffer> => {
      const { publicKeys } = await client.request('objects', { token });
      return Buffer.from(publicKeys.find((key) => key.id === id)!.spki!, 'base64');
    };
    const isGood = (spki: Buffer, signature: Buffer): boolean =>
      verify(
        'sha256',
        Buffer.from('message'),
        { key: createPublicKey({ key: spki, format: 'der', type: 'spki' }), dsaEncoding: 'ieee-p1363' },
        signature,
      );

    beforeAll(async () => {
      subject = await open();
      client = subject.client;
    });
    beforeEach(async () => {
      void client.end();
      token = await look();
    });
    afterAll(async () => {
      await client.end();
      subject.dispose();
    });

    it('tells what module it is, and tokens without padding', async () => {
      expect((await client.request('open', {})).description).toMatch(/\S$/);
      expect(token).toMatchObject({
        label: subject.tokenLabel,
        loginRequired: true,
        pinInitialised: true,
        pinLocked: false,
        pinHeld: false,
      });
      expect(token.slotDescription).toMatch(/^\S(.*\S)?$/);
      expect(token.manufacturer + token.model + token.serial).not.toMatch(/\s$|\0/);
    });

    it('shows certificates and public keys before login, and no private key', async () => {
      const objects = await client.request('objects', { token });
      expect(objects).toMatchObject({ privateKeys: [], privateVisible: false, unreadable: [] });
      expect(objects.certificates).toEqual([
        { ...contractKeys.ec, value: Buffer.from(subject.certificate).toString('base64') },
      ]);
      expect(objects.publicKeys.map(({ id, type, size }) => [id, type, size]).sort()).toEqual([
        ['01', 'EC', 'P-256'],
        ['02', 'RSA', '2048'],
        ['03', 'EC', 'P-256'],
      ]);
      for (const { spki } of objects.publicKeys) {
        const key = createPublicKey({ key: Buffer.from(spki!, 'base64'), format: 'der', type: 'spki' });
        expect(key.export({ format: 'der', type: 'spki' }).toString('base64')).toBe(spki);
      }
    });

    it('shows private keys after login, and which of them always authenticates', async () => {
      await login('123456');
      const { privateKeys, privateVisible } = await client.request('objects', { token });
      expect(privateVisible).toBe(true);
      expect(
        privateKeys.map(({ id, signs, alwaysAuthenticate }) => [id, signs, alwaysAuthenticate]).sort(),
      ).toEqual([
        ['01', true, false],
        ['02', true, false],
        ['03', true, true],
      ]);
    });

    it('spends one C_Login on a wrong PIN, and none by itself', async () => {
      await expect(login('654321')).rejects.toMatchObject({ code: 'pin-incorrect' });
      await expect(login(null)).rejects.toMatchObject({ code: 'pin-needed' });
      await expect(sign(ec)).rejects.toMatchObject({ code: 'pin-needed' });
      expect(await client.request('counts', {})).toEqual({ sign: 0, login: 1 });
      await login('123456'); // gives the tries back
    });

    it('does not try a PIN of a length the token does not take', async () => {
      await expect(login('123')).rejects.toMatchObject({ code: 'pin-length' });
      expect(await client.request('counts', {})).toEqual({ sign: 0, login: 0 });
    });

    it('holds an accepted PIN and says so', async () => {
      await login('123456');
      expect(await look()).toMatchObject({ pinHeld: true });
      await login(null);
      await login('not looked at');
      expect(await client.request('counts', {})).toEqual({ sign: 0, login: 1 });
    });

    it.each([
      ['EC', ec],
      ['RSA', { id: '02', label: null, type: 'RSA' }],
      ['EC by label', { id: null, label: 'ec', type: 'EC' }],
    ] as const)('signs with one C_Sign: %s', async (_, key) => {
      await login('123456');
      const signature = await sign(key);
      expect(isGood(await spkiOf(key.id ?? '01'), signature)).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 1, login: 1 });
    });

    it('logs in again for each signature of a key that always authenticates', async () => {
      await login('123456');
      const strict = { id: '03', label: null, type: 'EC' } as const;
      expect(isGood(await spkiOf('03'), await sign(strict))).toBe(true);
      expect(isGood(await spkiOf('03'), await sign(strict))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 2, login: 3 });
    });

    it('brings a lost login back with the held PIN', async () => {
      await login('123456');
      await client.request('tokens', { fresh: true });
      expect(isGood(await spkiOf('01'), await sign(ec))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 1, login: 2 });
    });

    it('says which key is not there, and works on', async () => {
      await login('123456');
      await expect(sign({ ...ec, id: '77' })).rejects.toMatchObject({ code: 'key-unknown' });
      await expect(sign({ ...ec, label: 'other' })).rejects.toMatchObject({ code: 'key-unknown' });
      await expect(sign({ ...ec, id: null })).rejects.toMatchObject({ code: 'key-ambiguous' });
      expect(isGood(await spkiOf('01'), await sign(ec))).toBe(true);
    });

    it('answers token-absent for a token nobody has', async () => {
      const other: TokenRef = { ...token, label: 'nobody’s', serial: '0' };
      await expect(client.request('objects', { token: other })).rejects.toMatchObject({
        code: 'token-absent',
      });
      await expect(client.request('login', { token: other, pin: '123456' })).rejects.toMatchObject({
        code: 'token-absent',
      });
      expect(await client.request('counts', {})).toEqual({ sign: 0, login: 0 });
    });

    it('answers token-absent for a token that was pulled out, forgets its PIN and works when it is back', async () => {
      await login('123456');
      subject.remove();
      try {
        await expect(sign(ec)).rejects.toMatchObject({ code: 'token-absent' });
        expect(await look()).toBeUndefined();
        await expect(login('123456')).rejects.toMatchObject({ code: 'token-absent' });
      } finally {
        subject.restore();
      }
      await expect(sign(ec)).rejects.toMatchObject({ code: 'pin-needed' });
      await login('123456');
      expect(isGood(await spkiOf('01'), await sign(ec))).toBe(true);
    });

    it('forgets PINs with its process, and the next one works', async () => {
      await login('123456');
      void client.end();
      await expect(sign(ec)).rejects.toMatchObject({ code: 'pin-needed' });
      expect(await look()).toMatchObject({ pinHeld: false });
      await login('123456');
      expect(isGood(await spkiOf('01'), await sign(ec))).toBe(true);
    });

    it('answers requests in their order, one after the other', async () => {
      await login('123456');
      const signatures = await Promise.all(Array.from({ length: 20 }, () => sign(ec)));
      const spki = await spkiOf('01');
      expect(signatures.every((signature) => isGood(spki, signature))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 20, login: 1 });
    });
  });
}
