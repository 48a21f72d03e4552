import { describe, expect, it } from 'vitest';
import { PromptGroup, readyAlone, type PrepareSigner } from '../../../src/main/sessions/prompt-group.ts';
import type { Signer, SignerKey } from '../../../src/main/tokens/signer.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { account as sample } from './create-session-world.ts';

const requester = { prompts: { ask: () => Promise.resolve(null) }, askedBy: 'rolekey connect' };
const named = (id: string): Account => ({ ...sample, id, label: `Label ${id}` });

interface Unlocked {
  readonly key: string;
  readonly accounts: readonly string[];
  readonly askedBy: string;
}

/** Keys that remember who was told to wait when they were unlocked. */
function keys(ready = false) {
  const unlocked: Unlocked[] = [];
  const signer = (key: Partial<SignerKey>): Signer => ({
    key: { uri: 'uri', token: null, hardware: true, touch: 'never', alwaysAuthenticate: false, ...key },
    certificate: {} as Signer['certificate'],
    issuers: [],
    readyWithoutHuman: () => ready,
    unlock: async ({ accounts, askedBy }) => {
      unlocked.push({ key: key.token?.label ?? key.uri ?? '', accounts: [...accounts], askedBy });
    },
    sign: () => Promise.reject(new Error('not asked for')),
  });
  return { unlocked, signer };
}

const onToken = (label: string, serial = label) => ({
  uri: `pkcs11:token=${label}`,
  token: { label, serial },
});

describe('a group', () => {
  it('asks for a token with the labels of all its accounts, and for each token apart', async () => {
    const { unlocked, signer } = keys();
    const group = new PromptGroup(requester, ['a', 'b', 'c'].map(named));
    const prepare: PrepareSigner = async ({ id }) => signer(onToken(id === 'b' ? 'U' : 'T'));
    await Promise.all(['a', 'b', 'c'].map((id) => group.ready(prepare, named(id))));
    expect(unlocked).toEqual([
      { key: 'T', accounts: ['Label a', 'Label c'], askedBy: 'rolekey connect' },
      { key: 'U', accounts: ['Label b'], askedBy: 'rolekey connect' },
      { key: 'T', accounts: ['Label a', 'Label c'], askedBy: 'rolekey connect' },
    ]);
  });

  it('names accounts in the order they were named, whichever key was found first', async () => {
    const { unlocked, signer } = keys();
    const group = new PromptGroup(requester, ['a', 'b'].map(named));
    const slow = new Gate();
    const a = group.ready(async () => {
      await slow.promise;
      return signer(onToken('T'));
    }, named('a'));
    const b = group.ready(async () => signer(onToken('T')), named('b'));
    await settle();
    slow.open();
    await Promise.all([a, b]);
    expect(unlocked.map(({ accounts }) => accounts)).toEqual([
      ['Label a', 'Label b'],
      ['Label a', 'Label b'],
    ]);
  });

  it('tells tokens of one name apart by their serial, and files by their path', async () => {
    const { unlocked, signer } = keys();
    const of: Record<string, Partial<SignerKey>> = {
      a: onToken('T', '1'),
      b: onToken('T', '2'),
      c: { uri: '/k1.pem' },
      d: { uri: '/k2.pem' },
    };
    const group = new PromptGroup(requester, ['a', 'b', 'c', 'd'].map(named));
    await Promise.all(Object.keys(of).map((id) => group.ready(async () => signer(of[id]!), named(id))));
    expect(unlocked.map(({ accounts }) => accounts)).toEqual([
      ['Label a'],
      ['Label b'],
      ['Label c'],
      ['Label d'],
    ]);
  });

  it('waits until every account was looked at before anybody is asked', async () => {
    const { unlocked, signer } = keys();
    const slow = new Gate();
    const group = new PromptGroup(requester, ['a', 'b'].map(named));
    const first = group.ready(async () => signer(onToken('T')), named('a'));
    const second = group.ready(async () => {
      await slow.promise;
      return signer(onToken('T'));
    }, named('b'));
    await settle();
    expect(unlocked).toEqual([]);
    slow.open();
    await Promise.all([first, second]);
    expect(unlocked[0]!.accounts).toEqual(['Label a', 'Label b']);
  });

  it('does not wait for who is skipped, nor for who cannot be prepared', async () => {
    const { unlocked, signer } = keys();
    const group = new PromptGroup(requester, ['a', 'b', 'c'].map(named));
    const failed = group.ready(() => Promise.reject(new AppError('cert-expired')), named('a'));
    const ready = group.ready(async () => signer(onToken('T')), named('b'));
    await expect(failed).rejects.toMatchObject({ code: 'cert-expired' });
    expect(unlocked).toEqual([]);
    group.skip();
    await ready;
    expect(unlocked.map(({ accounts }) => accounts)).toEqual([['Label b']]);
  });

  it('asks nobody where a key is ready', async () => {
    const { unlocked, signer } = keys(true);
    await new PromptGroup(requester, [named('a')]).ready(async () => signer(onToken('T')), named('a'));
    expect(unlocked).toEqual([]);
  });
});

describe('alone', () => {
  it('a key that is ready is used', async () => {
    const { signer } = keys(true);
    const key = signer(onToken('T'));
    expect(await readyAlone(async () => key, named('a'))).toBe(key);
  });

  it.each([
    ['its PIN', 'never', 'pin-needed'],
    ['a touch', 'always', 'touch-needed'],
  ] as const)('a key that needs %s is not, and says so', async (_, touch, code) => {
    const { unlocked, signer } = keys();
    const prepare: PrepareSigner = async () => signer({ ...onToken('T'), touch });
    await expect(readyAlone(prepare, named('a'))).rejects.toMatchObject({ code });
    expect(unlocked).toEqual([]);
  });
});
