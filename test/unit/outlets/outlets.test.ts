import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigFile } from '../../../src/main/outlets/config-file.ts';
import type { CredentialsContent, CredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import { createOutlets } from '../../../src/main/outlets/outlets.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account, Outlet } from '../../../src/shared/model.ts';
import { sampleAccount } from '../accounts/sample.ts';

const expiresAt = Date.UTC(2026, 3, 14, 10, 0, 0);
const published = {
  credentials: { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' },
  expiresAt: expiresAt + 700,
};

/** Both AWS files, remembering what they are asked. */
function world() {
  const asked: (readonly [what: string, ...arguments_: unknown[]])[] = [];
  const state = {
    result: { changed: true, tightened: false },
    contents: [] as CredentialsContent[],
    failure: null as AppError | null,
    tightenings: 0,
    adopting: new Set<string>(),
  };
  const remember =
    <Answer>(what: string, answer: () => Answer) =>
    async (...given: unknown[]): Promise<Answer> => {
      asked.push([what, ...given]);
      if (state.failure !== null) throw state.failure;
      return answer();
    };
  const nothing = { path: '/x', before: null, after: null };
  const credentialsFile: CredentialsFile = {
    put: remember('credentials.put', () => state.result),
    remove: remember('credentials.remove', () => state.result),
    managed: remember('credentials.managed', () => []),
    contents: remember('credentials.contents', () => state.contents),
    tidy: remember('credentials.tidy', () => undefined),
    previewPut: remember('credentials.previewPut', () => nothing),
    previewRemove: remember('credentials.previewRemove', () => nothing),
  };
  const configFile: ConfigFile = {
    put: remember('config.put', () => state.result),
    remove: remember('config.remove', () => state.result),
    managed: remember('config.managed', () => []),
    previewPut: remember('config.previewPut', () => nothing),
    previewRemove: remember('config.previewRemove', () => nothing),
  };
  const outlets = createOutlets({
    credentialsFile,
    configFile,
    mayAdopt: (id) => state.adopting.has(id),
    onTightened: () => (state.tightenings += 1),
  });
  return { outlets, asked, state };
}

const account = (outlet: Outlet, more: Partial<Account> = {}): Account => ({
  ...sampleAccount('a', { outlet, awsProfile: 'work' }),
  ...more,
});
const allOutlets = ['credential-process', 'credentials-file', 'container-endpoint', 'none'] as const;

describe('publish', () => {
  it('writes the credentials file, with the time of expiry in whole seconds', async () => {
    const { outlets, asked } = world();
    await outlets.publish(account('credentials-file'), published);
    const credentials = { ...published.credentials, expiration: '2026-04-14T10:00:00Z' };
    expect(asked).toEqual([
      ['credentials.put', [{ accountId: 'a', profile: 'work', credentials, adopt: false }]],
    ]);
  });

  it.each(['credential-process', 'container-endpoint', 'none'] as const)(
    'of %s touches no file',
    async (outlet) => {
      const { outlets, asked } = world();
      await outlets.publish(account(outlet), published);
      expect(asked).toEqual([]);
    },
  );

  it('of many accounts is one write', async () => {
    const { outlets, asked } = world();
    const many = Array.from({ length: 100 }, (_, n) => account('credentials-file', { id: `a${String(n)}` }));
    await Promise.all(many.map((each) => outlets.publish(each, published)));
    expect(asked.map(([what]) => what)).toEqual(['credentials.put']);
    expect(asked[0]![1]).toHaveLength(100);
  });

  it('takes over only what it may', async () => {
    const { outlets, asked, state } = world();
    state.adopting.add('a');
    await outlets.publish(account('credentials-file'), published);
    expect(asked).toMatchObject([['credentials.put', [{ accountId: 'a', adopt: true }]]]);
  });

  it('tells when permissions were taken away', async () => {
    const { outlets, state } = world();
    await outlets.publish(account('credentials-file'), published);
    expect(state.tightenings).toBe(0);
    state.result = { changed: true, tightened: true };
    await outlets.publish(account('credentials-file'), published);
    expect(state.tightenings).toBe(1);
  });

  it('hands a refusal on', async () => {
    const { outlets, state } = world();
    state.failure = new AppError('disk-full');
    await expect(outlets.publish(account('credentials-file'), published)).rejects.toMatchObject({
      code: 'disk-full',
    });
  });
});

describe('withdraw', () => {
  it('takes the section out of the credentials file, and leaves its lines of the user', async () => {
    const { outlets, asked } = world();
    await Promise.all(['a', 'b'].map((id) => outlets.withdraw(account('credentials-file', { id }))));
    expect(asked).toEqual([['credentials.remove', ['a', 'b']]]);
  });

  it.each(['credential-process', 'container-endpoint', 'none'] as const)(
    'of %s touches no file',
    async (outlet) => {
      const { outlets, asked } = world();
      await outlets.withdraw(account(outlet));
      expect(asked).toEqual([]);
    },
  );
});

describe('settle', () => {
  it('gives an account its section of the config file', async () => {
    const { outlets, asked, state } = world();
    state.adopting.add('a');
    await outlets.settle(account('credential-process', { profileRegion: 'eu-west-2' }), null);
    expect(asked).toEqual([
      [
        'config.put',
        [{ accountId: 'a', profile: 'work', profileRegion: 'eu-west-2', formerRegion: null, adopt: true }],
      ],
    ]);
  });

  it('tells what region was written before', async () => {
    const { outlets, asked } = world();
    const former = account('credential-process', { profileRegion: 'eu-west-1' });
    await outlets.settle(account('credential-process'), former);
    expect(asked).toMatchObject([['config.put', [{ profileRegion: null, formerRegion: 'eu-west-1' }]]]);
  });

  it.each(['credentials-file', 'container-endpoint', 'none'] as const)(
    'takes it away for %s',
    async (outlet) => {
      const { outlets, asked } = world();
      await outlets.settle(account(outlet), account('credential-process', { profileRegion: 'eu-west-1' }));
      expect(asked).toEqual([['config.remove', [{ accountId: 'a', profileRegion: 'eu-west-1' }]]]);
    },
  );

  it.each(
    allOutlets
      .filter((outlet) => outlet !== 'credential-process')
      .flatMap((outlet) => [null, ...allOutlets].map((former) => [outlet, former] as const)),
  )('to %s from %s writes no credentials', async (outlet, former) => {
    const { outlets, asked } = world();
    await outlets.settle(account(outlet), former === null ? null : account(former));
    expect(asked.filter(([what]) => what.startsWith('credentials.'))).toEqual([]);
    expect(asked).toHaveLength(former === 'credential-process' ? 1 : 0);
  });
});

describe('preview', () => {
  const puts = ['config.previewPut', 'credentials.previewPut'];

  it.each<[Outlet, Outlet | null, string[]]>([
    ['credential-process', null, ['config.previewPut']],
    ['credentials-file', null, ['credentials.previewPut']],
    ['container-endpoint', null, []],
    ['none', null, []],
    ['credential-process', 'credential-process', ['config.previewPut']],
    ['credentials-file', 'credentials-file', ['credentials.previewPut']],
    ['credential-process', 'credentials-file', ['config.previewPut', 'credentials.previewRemove']],
    ['credentials-file', 'credential-process', ['config.previewRemove', 'credentials.previewPut']],
    ['container-endpoint', 'credential-process', ['config.previewRemove']],
    ['none', 'credentials-file', ['credentials.previewRemove']],
    ['none', 'container-endpoint', []],
  ])('of %s that was %s looks at each file it would change', async (outlet, former, looks) => {
    const { outlets, asked } = world();
    const previews = await outlets.preview(account(outlet), former && account(former), true);
    expect(previews).toHaveLength(looks.length);
    expect(asked.map(([what]) => what)).toEqual(looks);
    for (const [what, entries] of asked) {
      if (puts.includes(what))
        expect(entries).toMatchObject([{ accountId: 'a', profile: 'work', adopt: true }]);
    }
  });
});

describe('forget', () => {
  it('takes every trace away, one write for each file', async () => {
    const { outlets, asked } = world();
    const oneOfEach = allOutlets.map((outlet, index) => account(outlet, { id: 'abcd'[index]! }));
    await outlets.forget([...oneOfEach, account('credentials-file', { id: 'e' })]);
    expect(asked).toEqual([
      ['credentials.remove', ['b', 'e'], { forget: true }],
      ['config.remove', [{ accountId: 'a', profileRegion: null, forget: true }]],
    ]);
  });

  it('touches no file for accounts that are in none', async () => {
    const { outlets, asked } = world();
    await outlets.forget([account('none'), account('container-endpoint')]);
    expect(asked).toEqual([]);
  });
});

describe('what was left', () => {
  it('is what the credentials file holds, with its end as a time', async () => {
    const { outlets, state } = world();
    const credentials = { ...published.credentials, expiration: '2026-04-14T10:00:00Z' };
    state.contents = [{ accountId: 'a', credentials }];
    expect(await outlets.left()).toEqual([{ accountId: 'a', credentials: published.credentials, expiresAt }]);
  });

  it.each(['', 'soon', '2026-99-14T10:00:00Z'])(
    'with an end of %j has none that is to come',
    async (expiration) => {
      const { outlets, state } = world();
      state.contents = [{ accountId: 'a', credentials: { ...published.credentials, expiration } }];
      const [left] = await outlets.left();
      expect(left!.expiresAt > 0).toBe(false);
    },
  );

  it('is cleared in one write, and no write where there is nothing', async () => {
    const { outlets, asked } = world();
    await outlets.clear([]);
    await outlets.clear(['a', 'b']);
    expect(asked).toEqual([['credentials.remove', ['a', 'b']]]);
  });
});

// A file that holds what nobody serves, or nothing where somebody does, is what must not be.
describe('the last word counts, however slow the disk is', () => {
  /** The credentials file as a list of accounts; each write takes as many turns as it is told. */
  function slowWorld(turns: readonly number[]) {
    const held = new Set<string>();
    const waits = [...turns];
    const write = async (change: () => void) => {
      for (let turn = waits.shift() ?? 0; turn > 0; turn -= 1) await Promise.resolve();
      change();
      return { changed: true, tightened: false };
    };
    const credentialsFile = {
      put: (entries: readonly { accountId: string }[]) =>
        write(() => entries.forEach(({ accountId }) => held.add(accountId))),
      remove: (ids: readonly string[]) => write(() => ids.forEach((id) => held.delete(id))),
    } as unknown as CredentialsFile;
    const outlets = createOutlets({
      credentialsFile,
      configFile: {} as ConfigFile,
      mayAdopt: () => false,
      onTightened: () => undefined,
    });
    return { held, outlets };
  }

  const slowness = fc.array(fc.nat(30), { minLength: 10, maxLength: 10 });
  const words = fc.array(
    fc.record({ id: fc.constantFrom('a', 'b'), publishes: fc.boolean(), pause: fc.nat(10) }),
    {
      minLength: 1,
      maxLength: 10,
    },
  );

  it('for every account', async () => {
    await fc.assert(
      fc.asyncProperty(slowness, words, async (turns, said) => {
        const { held, outlets } = slowWorld(turns);
        const work: Promise<void>[] = [];
        for (const { id, publishes, pause } of said) {
          const one = account('credentials-file', { id });
          work.push(publishes ? outlets.publish(one, published) : outlets.withdraw(one));
          for (let turn = 0; turn < pause; turn += 1) await Promise.resolve();
        }
        await Promise.all(work);
        for (const id of ['a', 'b']) {
          const last = said.findLast((each) => each.id === id);
          expect(held.has(id), id).toBe(last?.publishes === true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
