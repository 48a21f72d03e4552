/** What every keyring behind the SecretStore port does, real or in memory. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SecretStore } from '../../../src/main/ports.ts';

export interface StoreUnderTest {
  readonly store: SecretStore;
  /** From now on the keyring is locked, not there, or open again. */
  readonly become: (state: 'open' | 'locked' | 'missing') => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const secrets = ['12345', '123456789', '9'.repeat(256), 'größer€ ' + '\u{1f511}', '"\' $(x) \\n %s {}'];

export function secretStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`a keyring: ${name}`, () => {
    let under: StoreUnderTest;
    let store: SecretStore;
    beforeAll(async () => {
      under = await open();
      ({ store } = under);
    });
    afterAll(() => under.dispose());
    beforeEach(async () => {
      await under.become('open');
      for (const one of ['laptop 0a', 'laptop 0b']) await store.delete(one);
    });

    it('answers null for what was never there, and takes it away without a word', async () => {
      expect(await store.get('laptop 0a')).toBeNull();
      await store.delete('laptop 0a');
    });

    it.each(secrets)('gives back what was kept: %j', async (secret) => {
      await store.set('laptop 0a', secret);
      expect(await store.get('laptop 0a')).toBe(secret);
    });

    it('keeps the latest of a name, and names apart', async () => {
      await store.set('laptop 0a', '1');
      await store.set('laptop 0b', '2');
      await store.set('laptop 0a', '3');
      expect([await store.get('laptop 0a'), await store.get('laptop 0b')]).toEqual(['3', '2']);
      await store.delete('laptop 0a');
      expect([await store.get('laptop 0a'), await store.get('laptop 0b')]).toEqual([null, '2']);
    });

    it.each([
      ['locked', 'keyring-locked'],
      ['missing', 'keyring-missing'],
    ] as const)('that is %s says so to every use, and forgets nothing', async (state, code) => {
      await store.set('laptop 0a', '123456');
      await under.become(state);
      const uses = [
        () => store.get('laptop 0a'),
        () => store.get('laptop 0b'),
        () => store.set('laptop 0a', '1'),
        () => store.set('laptop 0b', '1'),
        () => store.delete('laptop 0a'),
      ];
      for (const use of uses) await expect(use()).rejects.toMatchObject({ code });
      await under.become('open');
      expect(await store.get('laptop 0a')).toBe('123456');
      expect(await store.get('laptop 0b')).toBeNull();
    });
  });
}
