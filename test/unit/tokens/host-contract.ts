/** What a token host does, whichever module is in it. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostClient } from '../../../src/main/tokens/host-client.ts';
import type { KeyInfo } from '../../../src/shared/model.ts';
import type { HostToken, SignMechanism, TokenRef } from '../../../src/main/tokens/host/protocol.ts';

/** A key pair as the module shows it. */
export interface ContractKey {
  /** CKA_ID, hex. */
  readonly id: string;
  /** CKA_LABEL of the private key. */
  readonly label: string;
  readonly type: 'EC' | 'RSA';
  readonly size: KeyInfo['size'];
  /** CKA_SIGN of the private key; true where it is not said. */
  readonly signs?: boolean;
}

/** The key pairs of a token whose maker lets everything be chosen. */
export const contractKeys = {
  ec: { id: '01', label: 'ec', type: 'EC', size: 'P-256' },
  rsa: { id: '02', label: 'rsa', type: 'RSA', size: '2048' },
  strict: { id: '03', label: 'strict', type: 'EC', size: 'P-256' },
} as const satisfies Record<string, ContractKey>;

/** A token with the PIN 123456 and these key pairs, each with its public key object. */
export interface ContractSubject {
  readonly client: HostClient;
  readonly tokenLabel: string;
  readonly keys: {
    /** A P-256 key. */
    readonly ec: ContractKey;
    readonly rsa: ContractKey;
    /** Always authenticates. */
    readonly strict: ContractKey;
    /** What the module shows besides. */
    readonly others?: readonly ContractKey[];
  };
  readonly certificates: readonly { id: string; label: string; der: Uint8Array }[];
  /** False where the token does not say how long its PINs are: only a try tells. */
  readonly tellsPinLength?: false;
  /** False where the token is built in: a module that shows it without asking it does not miss it. */
  readonly showsAbsence?: false;
  /** Pulls the token out, and plugs it in again. */
  remove(): void | Promise<void>;
  restore(): void | Promise<void>;
  dispose(): void | Promise<void>;
}

const digest = createHash('sha256').update('message').digest();
const digestInfo = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);

export function describeHostContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`the host contract, ${name}`, () => {
    let subject: ContractSubject;
    let client: HostClient;
    let token: HostToken;
    let keys: ContractSubject['keys'];

    const allKeys = (): ContractKey[] => [keys.ec, keys.rsa, keys.strict, ...(keys.others ?? [])];
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
    const byId = ({ id, type }: ContractKey) => ({ id, label: null, type });
    const byLabel = ({ label, type }: ContractKey) => ({ id: null, label, type });
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
      ({ client, keys } = subject);
    });
    beforeEach(async () => {
      void client.end();
      token = await look();
    });
    afterAll(async () => {
      await client.end();
      await subject.dispose();
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
      const byItsId = (one: { id: string }, other: { id: string }): number => one.id.localeCompare(other.id);
      expect([...objects.certificates].sort(byItsId)).toEqual(
        [...subject.certificates]
          .sort(byItsId)
          .map(({ id, label, der }) => ({ id, label, value: Buffer.from(der).toString('base64') })),
      );
      expect(objects.publicKeys.map(({ id, type, size }) => [id, type, size]).sort()).toEqual(
        allKeys()
          .map(({ id, type, size }) => [id, type, size])
          .sort(),
      );
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
      ).toEqual(
        allKeys()
          .map((key) => [key.id, key.signs ?? true, key === keys.strict])
          .sort(),
      );
    });

    it('spends one C_Login on a wrong PIN, and none by itself', async () => {
      await expect(login('654321')).rejects.toMatchObject({ code: 'pin-incorrect' });
      await expect(login(null)).rejects.toMatchObject({ code: 'pin-needed' });
      await expect(sign(byId(keys.ec))).rejects.toMatchObject({ code: 'pin-needed' });
      expect(await client.request('counts', {})).toEqual({ sign: 0, login: 1 });
      await login('123456'); // gives the tries back
    });

    it('does not try a PIN of a length the token does not take', async () => {
      if (subject.tellsPinLength === false) {
        await expect(login('123')).rejects.toMatchObject({ code: 'pin-incorrect' });
        return;
      }
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
      ['EC', 'ec', byId],
      ['RSA', 'rsa', byId],
      ['EC by label', 'ec', byLabel],
    ] as const)('signs with one C_Sign: %s', async (_, name, named) => {
      await login('123456');
      const signature = await sign(named(keys[name]));
      expect(isGood(await spkiOf(keys[name].id), signature)).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 1, login: 1 });
    });

    it('logs in again for each signature of a key that always authenticates', async () => {
      await login('123456');
      const spki = await spkiOf(keys.strict.id);
      expect(isGood(spki, await sign(byId(keys.strict)))).toBe(true);
      expect(isGood(spki, await sign(byId(keys.strict)))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 2, login: 3 });
    });

    it('brings a lost login back with the held PIN', async () => {
      await login('123456');
      await client.request('tokens', { fresh: true });
      expect(isGood(await spkiOf(keys.ec.id), await sign(byId(keys.ec)))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 1, login: 2 });
    });

    it('says which key is not there, and works on', async () => {
      await login('123456');
      const ec = byId(keys.ec);
      await expect(sign({ ...ec, id: '77' })).rejects.toMatchObject({ code: 'key-unknown' });
      await expect(sign({ ...ec, label: 'other' })).rejects.toMatchObject({ code: 'key-unknown' });
      await expect(sign({ ...ec, id: null })).rejects.toMatchObject({ code: 'key-ambiguous' });
      expect(isGood(await spkiOf(keys.ec.id), await sign(byId(keys.ec)))).toBe(true);
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
      await subject.remove();
      if (subject.showsAbsence === false) {
        // It is the same one when it is back: nobody else's took its place.
        await expect(sign(byId(keys.ec))).rejects.toMatchObject({ code: 'token-failed' });
        await expect(login(null)).rejects.toMatchObject({ code: 'token-failed' });
        await subject.restore();
        expect(isGood(await spkiOf(keys.ec.id), await sign(byId(keys.ec)))).toBe(true);
        return;
      }
      try {
        await expect(sign(byId(keys.ec))).rejects.toMatchObject({ code: 'token-absent' });
        expect(await look()).toBeUndefined();
        await expect(login('123456')).rejects.toMatchObject({ code: 'token-absent' });
      } finally {
        await subject.restore();
      }
      await expect(sign(byId(keys.ec))).rejects.toMatchObject({ code: 'pin-needed' });
      await login('123456');
      expect(isGood(await spkiOf(keys.ec.id), await sign(byId(keys.ec)))).toBe(true);
    });

    it('forgets PINs with its process, and the next one works', async () => {
      await login('123456');
      void client.end();
      await expect(sign(byId(keys.ec))).rejects.toMatchObject({ code: 'pin-needed' });
      expect(await look()).toMatchObject({ pinHeld: false });
      await login('123456');
      expect(isGood(await spkiOf(keys.ec.id), await sign(byId(keys.ec)))).toBe(true);
    });

    it('answers requests in their order, one after the other', async () => {
      await login('123456');
      const signatures = await Promise.all(Array.from({ length: 20 }, () => sign(byId(keys.ec))));
      const spki = await spkiOf(keys.ec.id);
      expect(signatures.every((signature) => isGood(spki, signature))).toBe(true);
      expect(await client.request('counts', {})).toEqual({ sign: 20, login: 1 });
    });
  });
}
