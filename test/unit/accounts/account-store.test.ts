import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountStore } from '../../../src/main/accounts/account-store.ts';
import { createAccountStore } from '../../../src/main/accounts/account-store.ts';
import type { Settings } from '../../../src/main/accounts/settings.ts';
import { emptySettings } from '../../../src/main/accounts/settings.ts';
import type { SettingsFile } from '../../../src/main/ports.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { sampleAccount } from './sample.ts';

/** A file in memory that counts its writes and can be edited in between, as by hand. */
class MemoryFile implements SettingsFile<Settings> {
  readonly path = '/config.json';
  document: Settings | undefined;
  writes = 0;
  /** Runs before a write looks at the file. */
  interference: (() => void) | null = null;
  #seen: Settings | undefined;

  /** Thrown by the next reads. */
  failure: AppError | null = null;

  read(): Settings | undefined {
    if (this.failure !== null) throw this.failure;
    return (this.#seen = this.document);
  }

  write(document: Settings): void {
    this.interference?.();
    if (this.document !== this.#seen) throw new AppError('file-busy');
    this.document = document;
    this.writes += 1;
  }
}

let file: MemoryFile;
let store: AccountStore;
const [a, b, c] = ['a', 'b', 'c'].map((id) => sampleAccount(id)) as [never, never, never];
const ids = (): string[] => store.list().map((account) => account.id);
const code = (expected: string, message: string): Error =>
  expect.objectContaining({ code: expected, message }) as Error;

beforeEach(() => {
  file = new MemoryFile();
  store = createAccountStore(file);
});

describe('accounts', () => {
  it('are none where there is no file, and reading makes none', () => {
    expect(store.list()).toEqual([]);
    expect(() => store.get('a')).toThrow(code('account-unknown', 'There is no account "a".'));
    expect(file.document).toBeUndefined();
  });

  it('are added at the end, several with one write', () => {
    store.add([b], false);
    store.add([c, a], false);
    expect(ids()).toEqual(['b', 'c', 'a']);
    expect(store.get('c')).toEqual(c);
    expect(file.writes).toBe(2);
  });

  it('keep their place when replaced', () => {
    store.add([a, b, c], false);
    store.replace({ ...sampleAccount('b'), label: 'new' }, false);
    expect(store.list().map(({ id, label }) => `${id} ${label}`)).toEqual(['a a', 'b new', 'c c']);
    expect(file.writes).toBe(2);
  });

  it('are removed together, answered in file order', () => {
    store.add([a, b, c], false);
    expect(store.remove(['c', 'a', 'c']).map(({ id }) => id)).toEqual(['a', 'c']);
    expect(ids()).toEqual(['b']);
    expect(file.writes).toBe(2);
  });

  it.each([
    [
      'adding an ID that is there',
      () => store.add([sampleAccount('a', { awsProfile: 'x' })], false),
      'account-exists',
      'There is an account a already.',
    ],
    [
      'adding one ID twice',
      () => store.add([c, c], false),
      'account-exists',
      'There is an account c already.',
    ],
    [
      'adding an AWS profile that is there',
      () => store.add([sampleAccount('d', { awsProfile: 'a' })], false),
      'account-exists',
      'Accounts a and d cannot both have the AWS profile a.',
    ],
    [
      'adding one good and one bad',
      () => store.add([c, sampleAccount('a')], false),
      'account-exists',
      'There is an account a already.',
    ],
    [
      'moving onto an AWS profile that is there',
      () => store.replace(sampleAccount('a', { awsProfile: 'b' }), false),
      'account-exists',
      'Accounts a and b cannot both have the AWS profile b.',
    ],
    [
      'replacing what is not there',
      () => store.replace(c, false),
      'account-unknown',
      'There is no account "c".',
    ],
    [
      'removing one there and one not',
      () => store.remove(['a', 'zz']),
      'account-unknown',
      'There is no account "zz".',
    ],
  ])('stay as they are after %s', (_what, act, expected, message) => {
    store.add([a, b], false);
    const before = file.document;
    expect(act).toThrow(code(expected, message));
    expect(file.document).toBe(before);
    expect(file.writes).toBe(1);
  });

  it('name an unknown ID on one line, whatever it holds', () => {
    expect(() => store.get('x\n\u001b[2J')).toThrow(
      code('account-unknown', 'There is no account "x\\n\\u001b[2J".'),
    );
  });
});

describe('what is remembered beside them', () => {
  it('is which modules were confirmed, each as it was then', () => {
    store.confirmedModules.add('/m.so', '1'.repeat(64));
    store.confirmedModules.add('/n.so', '2'.repeat(64));
    expect(store.confirmedModules.has('/m.so', '1'.repeat(64))).toBe(true);
    expect(store.confirmedModules.has('/m.so', '2'.repeat(64))).toBe(false);
    store.confirmedModules.add('/m.so', '3'.repeat(64));
    expect(store.confirmedModules.has('/m.so', '1'.repeat(64))).toBe(false);
    expect(store.confirmedModules.has('/m.so', '3'.repeat(64))).toBe(true);
    expect(file.document?.confirmedModules).toHaveLength(2);
  });

  it('is which AWS files were created; nothing new is not written', () => {
    store.createdFiles.add('/c');
    store.createdFiles.add('/c');
    expect(store.createdFiles.has('/c')).toBe(true);
    store.createdFiles.delete('/d');
    expect(file.writes).toBe(1);
    store.createdFiles.delete('/c');
    expect(store.createdFiles.has('/c')).toBe(false);
    expect(file.document).toEqual(emptySettings);
  });

  it('is whose credentials could not be taken away, as long as there is the account', () => {
    store.add([a], false);
    store.unemptied.add('a');
    store.unemptied.add('b');
    store.unemptied.add('b');
    expect(store.unemptied.list()).toEqual(['a', 'b']);
    store.unemptied.delete('b');
    expect(store.unemptied.list()).toEqual(['a']);
    store.remove(['a']);
    expect(file.document).toEqual(emptySettings);
  });

  it('is which tokens’ PINs are in the keyring, each once, until it is taken away', () => {
    const token = (serial: string, isForgotten = false) => ({
      ...{ serial, label: 'work', manufacturer: 'M', model: 'X', isForgotten },
    });
    store.rememberedTokens.put(token('1'));
    store.rememberedTokens.put(token('2'));
    store.rememberedTokens.put(token('1', true));
    expect(store.rememberedTokens.list()).toEqual([token('2'), token('1', true)]);
    store.rememberedTokens.delete(token('2'));
    const { writes } = file;
    store.rememberedTokens.delete(token('2'));
    expect(file.writes).toBe(writes);
    expect(store.rememberedTokens.list()).toEqual([token('1', true)]);
    store.rememberedTokens.delete(token('1'));
    expect(file.document).toEqual(emptySettings);
  });

  it('outlives changes of accounts, and the other way round', () => {
    store.createdFiles.add('/c');
    store.add([a], false);
    store.confirmedModules.add('/m.so', '1'.repeat(64));
    store.remove(['a']);
    expect(file.document).toEqual({
      ...emptySettings,
      createdFiles: ['/c'],
      confirmedModules: [{ path: '/m.so', sha256: '1'.repeat(64) }],
    });
  });
});

describe('leave to take over a section', () => {
  it('is for the account and the AWS profile it was given for', () => {
    store.add([a], true);
    store.add([b], false);
    expect([store.adoptions.has('a'), store.adoptions.has('b')]).toEqual([true, false]);
    store.replace(sampleAccount('a', { label: 'new' }), false);
    expect(store.adoptions.has('a')).toBe(true);
    store.replace(sampleAccount('a', { awsProfile: 'other' }), false);
    expect(store.adoptions.has('a')).toBe(false);
    store.replace(a, false);
    expect(store.adoptions.has('a')).toBe(true);
  });

  it('can be given with an edit, and is kept once', () => {
    store.add([a], false);
    store.replace(a, true);
    store.replace(a, true);
    expect(store.adoptions.has('a')).toBe(true);
    expect(file.document?.adoptions).toEqual([{ account: 'a', awsProfile: 'a' }]);
  });

  it('ends with the account', () => {
    store.add([a, b], true);
    store.remove(['a']);
    store.add([a], false);
    expect([store.adoptions.has('a'), store.adoptions.has('b')]).toEqual([false, true]);
  });

  it('is nobody’s that is not there', () => {
    expect(() => store.adoptions.has('a')).toThrow(expect.objectContaining({ code: 'account-unknown' }));
  });
});

it('accounts are refused together before anything is stored', () => {
  expect(() => store.refuseClash([a, b, sampleAccount('c', { awsProfile: 'b' })])).toThrow(
    code('account-exists', 'Accounts b and c cannot both have the AWS profile b.'),
  );
  store.refuseClash([a, b, c]);
  expect(file.document).toBeUndefined();
});

describe('a file edited by hand', () => {
  it('is read anew', () => {
    store.add([a], false);
    file.document = { ...emptySettings, accounts: [b, c] };
    expect(ids()).toEqual(['b', 'c']);
  });

  it.each(['config-unreadable', 'config-newer'] as const)(
    'that is %s now is told, and breaks nothing that runs',
    (reason) => {
      store.add([a], true);
      store.createdFiles.add('/c');
      store.confirmedModules.add('/m.so', '1'.repeat(64));
      const before = file.document;
      file.failure = new AppError(reason);
      expect(store.get('a')).toEqual(a);
      expect(store.adoptions.has('a')).toBe(true);
      expect(store.createdFiles.has('/c')).toBe(true);
      expect(store.confirmedModules.has('/m.so', '1'.repeat(64))).toBe(true);
      for (const act of [() => store.list(), () => store.add([b], false), () => store.remove(['a'])]) {
        expect(act).toThrow(expect.objectContaining({ code: reason }));
      }
      expect(file.document).toBe(before);
      file.failure = null;
      file.document = { ...emptySettings, accounts: [b] };
      expect(() => store.get('a')).toThrow(expect.objectContaining({ code: 'account-unknown' }));
    },
  );

  it('that never could be read is told', () => {
    file.failure = new AppError('config-unreadable');
    expect(() => store.get('a')).toThrow(expect.objectContaining({ code: 'config-unreadable' }));
  });

  it('in the very moment of a change loses neither', () => {
    store.add([a], false);
    file.interference = () => {
      file.interference = null;
      file.document = { ...emptySettings, accounts: [a, b] };
    };
    store.add([c], false);
    expect(ids()).toEqual(['a', 'b', 'c']);
  });

  it('again and again is told', () => {
    file.interference = () => (file.document = { ...emptySettings });
    expect(() => store.add([a], false)).toThrow(expect.objectContaining({ code: 'file-busy' }));
  });

  it('that takes the ID of a change in the same moment is told', () => {
    file.interference = () => (file.document = { ...emptySettings, accounts: [a] });
    expect(() => store.add([a], false)).toThrow(code('account-exists', 'There is an account a already.'));
  });
});
