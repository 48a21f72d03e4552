import { describe, expect, it } from 'vitest';
import { PromptGroup, readyAlone, type PrepareSigner } from '../../../src/main/sessions/prompt-group.ts';
import type { Human, SealedKey, Signer, SignerKey } from '../../../src/main/tokens/signer.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { account as sample } from './create-session-world.ts';

const requester = { prompts: { ask: () => Promise.resolve(null) }, askedBy: 'rolekey connect' };
/** Of accounts that go on waiting. */
const never = new AbortController().signal;
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
    unlock: async (human) => {
      if (human === null) throw new AppError('pin-needed');
      const { accounts, askedBy } = human;
      unlocked.push({ key: key.token?.label ?? key.uri ?? '', accounts: [...accounts], askedBy });
    },
    sign: () => Promise.reject(new Error('not asked for')),
  });
  return { unlocked, signer };
}

const seal = (signer: Signer): SealedKey => ({
  sealed: true,
  key: signer.key,
  unlock: (human) => signer.unlock(human),
});

const onToken = (label: string, serial = label) => ({
  uri: `pkcs11:token=${label}`,
  token: { label, serial },
});

describe('a group', () => {
  it('asks for a token with the labels of all its accounts, and for each token apart', async () => {
    const { unlocked, signer } = keys();
    const group = new PromptGroup(requester, ['a', 'b', 'c'].map(named));
    const prepare: PrepareSigner = async ({ id }) => signer(onToken(id === 'b' ? 'U' : 'T'));
    await Promise.all(['a', 'b', 'c'].map((id) => group.ready(prepare, named(id), never)));
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
    const a = group.ready(
      async () => {
        await slow.promise;
        return signer(onToken('T'));
      },
      named('a'),
      never,
    );
    const b = group.ready(async () => signer(onToken('T')), named('b'), never);
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
    await Promise.all(
      Object.keys(of).map((id) => group.ready(async () => signer(of[id]!), named(id), never)),
    );
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
    const first = group.ready(async () => signer(onToken('T')), named('a'), never);
    const second = group.ready(
      async () => {
        await slow.promise;
        return signer(onToken('T'));
      },
      named('b'),
      never,
    );
    await settle();
    expect(unlocked).toEqual([]);
    slow.open();
    await Promise.all([first, second]);
    expect(unlocked[0]!.accounts).toEqual(['Label a', 'Label b']);
  });

  it('does not wait for who is skipped, nor for who cannot be prepared', async () => {
    const { unlocked, signer } = keys();
    const group = new PromptGroup(requester, ['a', 'b', 'c'].map(named));
    const failed = group.ready(() => Promise.reject(new AppError('cert-expired')), named('a'), never);
    const ready = group.ready(async () => signer(onToken('T')), named('b'), never);
    await expect(failed).rejects.toMatchObject({ code: 'cert-expired' });
    expect(unlocked).toEqual([]);
    group.skip();
    await ready;
    expect(unlocked.map(({ accounts }) => accounts)).toEqual([['Label b']]);
  });

  it('asks nobody where a key is ready', async () => {
    const { unlocked, signer } = keys(true);
    await new PromptGroup(requester, [named('a')]).ready(async () => signer(onToken('T')), named('a'), never);
    expect(unlocked).toEqual([]);
  });

  it('looks at a sealed key again once it is open, and has its certificate checked only then', async () => {
    const { unlocked, signer } = keys(true);
    const inFile = signer({ uri: '/k.p12' });
    const sealed = seal(inFile);
    const prepared: string[] = [];
    const prepare: PrepareSigner = async ({ id }) => {
      prepared.push(id);
      return unlocked.length === 0 ? sealed : signer({ uri: '/k.p12' });
    };
    const group = new PromptGroup(requester, ['a', 'b'].map(named));
    const [a, b] = await Promise.all(['a', 'b'].map((id) => group.ready(prepare, named(id), never)));
    expect(a).toHaveProperty('certificate');
    expect(b).toHaveProperty('certificate');
    expect(unlocked[0]).toMatchObject({ key: '/k.p12', accounts: ['Label a', 'Label b'] });
    expect(prepared).toEqual(['a', 'b', 'a', 'b']);
  });

  it('refuses what is wrong with the certificate of a sealed key once it is open', async () => {
    const { unlocked, signer } = keys();
    const inFile = signer({ uri: '/k.p12' });
    const prepare: PrepareSigner = async () => {
      if (unlocked.length > 0) throw new AppError('cert-expired');
      return seal(inFile);
    };
    const ready = new PromptGroup(requester, [named('a')]).ready(prepare, named('a'), never);
    await expect(ready).rejects.toMatchObject({ code: 'cert-expired' });
  });

  it('needs a person for a key that was locked again at once', async () => {
    const { signer } = keys();
    const inFile = signer({ uri: '/k.p12' });
    const prepare: PrepareSigner = async () => seal(inFile);
    const ready = new PromptGroup(requester, [named('a')]).ready(prepare, named('a'), never);
    await expect(ready).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(readyAlone(prepare, named('a'))).rejects.toMatchObject({ code: 'pin-needed' });
  });
});

describe('an account that is abandoned', () => {
  /** The accounts of a group, each on its token, and keys whose unlocking lasts until nobody need be asked. */
  function waiting(tokenOf: Readonly<Record<string, string>>) {
    const { signer } = keys();
    const asked: Human[] = [];
    const ids = Object.keys(tokenOf);
    const aborts = new Map(ids.map((id) => [id, new AbortController()]));
    const slow = new Map(ids.map((id) => [id, new Gate()]));
    const group = new PromptGroup(requester, ids.map(named));
    const ended = ids.map(async (id): Promise<string> => {
      const prepare: PrepareSigner = async () => {
        await slow.get(id)!.promise;
        return { ...signer(onToken(tokenOf[id]!)), unlock };
      };
      const ready = group.ready(prepare, named(id), aborts.get(id)!.signal);
      return ready.then(
        () => 'ready',
        (error: unknown) => (error instanceof AppError ? error.code : 'abandoned'),
      );
    });
    async function unlock(human: Human): Promise<void> {
      asked.push(human);
      const unneeded = human.unneeded!;
      if (!unneeded.aborted) await new Promise((resolve) => unneeded.addEventListener('abort', resolve));
      throw new AppError('pin-needed');
    }
    const isVoid = () => asked.map(({ unneeded }) => unneeded!.aborted);
    const abandon = (id: string) => aborts.get(id)!.abort();
    const prepared = async (...some: string[]) => {
      for (const id of some) slow.get(id)!.open();
      await settle();
    };
    return { asked, isVoid, abandon, prepared, ended: Promise.all(ended) };
  }

  it('makes the question void when it was the last that waited for the token', async () => {
    const { isVoid, abandon, prepared, ended } = waiting({ a: 'T', b: 'T' });
    await prepared('a', 'b');
    abandon('a');
    expect(isVoid()).toEqual([false, false]);
    abandon('b');
    expect(isVoid()).toEqual([true, true]);
    expect(await ended).toEqual(['pin-needed', 'pin-needed']);
  });

  it('leaves the question for another token open', async () => {
    const { isVoid, abandon, prepared } = waiting({ a: 'T', b: 'U' });
    await prepared('a', 'b');
    abandon('a');
    expect(isVoid()).toEqual([true, false]);
  });

  it.each([
    ['while its own key is looked for', [], ['a', 'b']],
    ['while another one’s is', ['a'], ['b']],
    ['while its own is, after the other one’s', ['b'], ['a']],
  ])('%s, is not asked for and not named', async (_, before, after) => {
    const { asked, isVoid, abandon, prepared } = waiting({ a: 'T', b: 'T' });
    await prepared(...before);
    abandon('a');
    await prepared(...after);
    expect(asked.map(({ accounts }) => accounts)).toEqual([['Label b']]);
    expect(isVoid()).toEqual([false]);
    abandon('b');
    expect(isVoid()).toEqual([true]);
  });
});

describe('alone', () => {
  it('a key that is ready is used', async () => {
    const { signer } = keys(true);
    const key = signer(onToken('T'));
    expect(await readyAlone(async () => key, named('a'))).toBe(key);
  });

  it('a key whose PIN is remembered is opened without asking', async () => {
    const { signer } = keys();
    const asked: (Human | null)[] = [];
    const unlock = async (human: Human | null): Promise<void> => void asked.push(human);
    const key = { ...signer(onToken('T')), unlock };
    expect(await readyAlone(async () => key, named('a'))).toBe(key);
    expect(asked).toEqual([null]);
  });

  it('a key that wants a touch is not even opened', async () => {
    const { signer } = keys();
    const unlock = (): Promise<void> => Promise.reject(new Error('opened'));
    const key = { ...signer({ ...onToken('T'), touch: 'cached' }), unlock };
    await expect(readyAlone(async () => key, named('a'))).rejects.toMatchObject({ code: 'touch-needed' });
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
