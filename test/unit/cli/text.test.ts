import { describe, expect, it } from 'vitest';
import {
  accountsTable,
  accountText,
  importText,
  promptText,
  resultLines,
  stateWords,
  statusTable,
  tokensText,
  touchNote,
} from '../../../src/cli/text.ts';
import { relativeReason } from '../../../src/shared/constants.ts';
import {
  activitySchema,
  reasonSchema,
  stateSchema,
  type Account,
  type AccountStatus,
  type KeyInfo,
  type Prompt,
  type State,
  type TokenInfo,
} from '../../../src/shared/model.ts';

const serving = { expiresAt: '2026-04-14T10:05:59Z', renewAt: '2026-04-14T09:35:00Z' };
const error = { code: 'disk-full', message: 'M.', remedy: 'R.', requestId: null } as const;
const idle: State = { activity: 'idle', reason: null, serving: null, retryAt: null, error: null };

/** Every state the schema allows, with times and errors standing for all of their kind. */
const states: State[] = activitySchema.options.flatMap((activity) =>
  [null, ...reasonSchema.options].flatMap((reason) =>
    [null, serving].flatMap((served) =>
      [null, '2026-04-14T09:36:00Z'].flatMap((retryAt) =>
        [null, error].map((failure) => ({ activity, reason, serving: served, retryAt, error: failure })),
      ),
    ),
  ),
);

describe('a state in words', () => {
  it.each<[Partial<State>, string]>([
    [{}, 'not connected'],
    [{ error }, 'ended'],
    [{ serving }, 'connected until 10:05'],
    [{ activity: 'connecting' }, 'connecting'],
    [{ activity: 'connecting', reason: 'touch' }, 'touch the token now'],
    [{ activity: 'renewing', reason: 'touch', serving }, 'connected until 10:05, touch the token now'],
    [{ activity: 'renewing', serving }, 'connected until 10:05, renewing'],
    [{ activity: 'needs-you', reason: 'pin' }, 'needs you: the PIN'],
    [{ activity: 'needs-you', reason: 'pin-locked' }, 'needs you: the PIN is locked'],
    [{ activity: 'needs-you', reason: 'touch', serving }, 'connected until 10:05, needs you: a touch'],
    [{ activity: 'needs-you', reason: 'token-absent' }, 'needs you: plug the token in'],
    [{ activity: 'needs-you', reason: 'certificate' }, 'needs you: the certificate'],
    [{ activity: 'needs-you', reason: 'choose' }, 'needs you: a choice'],
    [{ activity: 'needs-you' }, 'needs you: see the error'],
    [{ activity: 'retrying', retryAt: '2026-04-14T09:36:00Z' }, 'not connected, trying again at 09:36'],
    [{ activity: 'retrying', serving }, 'connected until 10:05, trying again'],
    [{ activity: 'failed', error }, 'failed'],
    [{ activity: 'failed', serving, error }, 'connected until 10:05, failed'],
  ])('%j', (change, words) => {
    expect(stateWords({ ...idle, ...change })).toBe(words);
  });

  it('there are words for every state there can be', () => {
    expect(states).toHaveLength(6 * 7 * 2 * 2 * 2);
    for (const state of states) {
      stateSchema.parse(state);
      expect(stateWords(state), JSON.stringify(state)).toMatch(/^[a-zA-Z0-9:, ]+$/);
    }
  });

  it('what is served is said in every state, and only then', () => {
    for (const state of states) {
      const saysServing = stateWords(state).startsWith('connected');
      expect(saysServing, JSON.stringify(state)).toBe(state.serving !== null);
      expect(stateWords(state).includes('10:05'), JSON.stringify(state)).toBe(state.serving !== null);
    }
  });
});

const status: AccountStatus = {
  account: 'work',
  label: 'Work',
  awsProfile: 'work',
  outlet: 'credential-process',
  state: idle,
  assumedRoleArn: null,
  key: { uri: 'pkcs11:id=%01', token: null, serial: null, hardware: false },
};

describe('the table of states', () => {
  it('says what to do when there are no accounts', () => {
    expect(statusTable([], {})).toMatch(/rolekey accounts add/);
    expect(accountsTable([], {})).toMatch(/rolekey accounts add/);
  });

  it('is aligned, without colours where there is no terminal', () => {
    const text = statusTable(
      [
        { ...status, key: { uri: 'pkcs11:x', token: 'Yubi', serial: '1', hardware: true } },
        { ...status, account: 'a-longer-name', state: { ...idle, serving } },
      ],
      {},
    );
    expect(text).toBe(
      [
        'ACCOUNT        AWS PROFILE  STATE                  KEY',
        'work           work         not connected          Yubi',
        'a-longer-name  work         connected until 10:05  pkcs11:id=%01',
      ].join('\n'),
    );
  });

  it.each([
    ['credential-process', true],
    ['credentials-file', true],
    ['container-endpoint', false],
    ['none', false],
  ] as const)('names the profile where an AWS file does: %s, %j', (outlet, isNamed) => {
    const [, row = ''] = statusTable([{ ...status, awsProfile: 'profile-of-it', outlet }], {}).split('\n');
    expect(row.includes('profile-of-it')).toBe(isNamed);
  });

  it.each([
    [{ uri: 'pkcs11:x', token: 'Soft', serial: '1', hardware: false }, 'Soft (not hardware)'],
    [{ uri: '/k.pem', token: null, serial: null, hardware: false }, '/k.pem (not hardware)'],
  ])('says where a key is no hardware: %j', (key, words) => {
    expect(statusTable([{ ...status, assumedRoleArn: 'arn:x', key }], {}).endsWith(words)).toBe(true);
    const unknown = statusTable([{ ...status, key }], {});
    expect(unknown, 'before it has signed').not.toContain('not hardware');
  });
});

it('says under the table what is wrong and what to do', () => {
  const text = statusTable([status, { ...status, account: 'b', state: { ...idle, error } }], {});
  expect(text.split('\n').slice(3)).toEqual(['b: M. R.']);
});

it('no results are said, too', () => {
  expect(resultLines([])).toMatch(/^There are no accounts/);
  expect(resultLines([], 'Nothing was connected.')).toBe('Nothing was connected.');
});

it('results are one line each', () => {
  expect(
    resultLines([
      { account: 'a', state: idle },
      { account: 'b', state: { ...idle, serving } },
    ]),
  ).toBe('a: not connected\nb: connected until 10:05');
});

const account: Account = {
  ...{ id: 'work', label: 'Work', group: null, favourite: false, roleSessionName: null },
  ...{ roleArn: 'arn:aws:iam::123456789012:role/team/Reader', profileArn: 'p', trustAnchorArn: 't' },
  ...{ region: 'eu-west-2', sessionDuration: 3600, keys: ['k'], certificate: null, intermediates: null },
  ...{ pkcs11Lib: null, awsProfile: 'work-aws', profileRegion: null, outlet: 'none', endpoint: null },
  ...{ useFipsEndpoint: false, useDualstackEndpoint: false, source: { kind: 'local' } },
};

describe('an account', () => {
  it('is shown with number and role', () => {
    expect(accountText(account)).toBe(
      'work, account 123456789012, role/team/Reader, AWS profile work-aws (none)',
    );
  });

  it('says where its endpoint is another', () => {
    const other = { ...account, endpoint: 'https://example.org' };
    expect(accountText(other)).toContain('endpoint https://example.org');
    const endpoints = { work: 'https://example.org' };
    expect(accountsTable([other], endpoints)).toContain('endpoint https://example.org');
    expect(accountsTable([account], endpoints)).toContain('endpoint https://example.org');
    expect(accountsTable([account], {})).not.toContain('endpoint');
    expect(statusTable([status], endpoints)).toContain('endpoint https://example.org');
  });
});

describe('an import', () => {
  it('says what was taken, what not and why', () => {
    const text = importText(
      {
        imported: [account],
        skipped: [{ source: 'profile x', code: 'arn-malformed', message: 'Bad.' }],
        dropped: [{ source: 'profile work', flag: '--debug', reason: 'not needed' }],
      },
      false,
    );
    expect(text.split('\n')).toEqual([
      `Imported: ${accountText(account)}`,
      'Skipped profile x: Bad.',
      'Left out of profile work: --debug (not needed)',
    ]);
    expect(importText({ imported: [account], skipped: [], dropped: [] }, true)).toMatch(
      /^Would be imported: /,
    );
  });

  it('calls a path that was kept, from another folder, changed', () => {
    const dropped = [{ source: 'work', flag: '--certificate', reason: `${relativeReason}, /home/a` }];
    expect(importText({ imported: [account], skipped: [], dropped }, false)).toContain(
      `Changed in work: --certificate (${relativeReason}, /home/a)`,
    );
  });

  it('tells once how an AWS profile that was left as it is comes from Rolekey', () => {
    const beside = { ...account, awsProfile: 'work-rolekey' };
    const text = importText({ imported: [beside, { ...beside, id: 'b' }], skipped: [], dropped: [] }, false);
    expect(text.match(/rolekey accounts edit ID --aws-profile NAME --adopt/g)).toHaveLength(1);
  });

  it('may find nothing', () => {
    expect(importText({ imported: [], skipped: [], dropped: [] }, false)).toBe(
      'Nothing to import was found.',
    );
  });
});

const key: KeyInfo = {
  ...{ uri: 'pkcs11:token=T', id: '01', label: '', type: 'EC', size: 'P-256', touch: 'never' },
  ...{ alwaysAuthenticate: false, certificate: null, usable: true, problems: [] },
};
const token: TokenInfo = {
  ...{ module: '/m.so', label: 'T', manufacturer: 'Maker', model: 'One', serial: '7', firmware: '1.0' },
  ...{ kind: 'other', hardware: true, pin: { state: 'ok', triesLeft: null }, keys: [key] },
};

describe('tokens', () => {
  it('are listed with their keys, and modules that failed with what to do', () => {
    const text = tokensText({
      modules: [
        { path: '/m.so', description: 'M', ok: true, error: null },
        { path: '/bad.so', description: '', ok: false, error },
      ],
      tokens: [token],
    });
    expect(text.split('\n')).toEqual([
      'T  serial 7, Maker One',
      '  key 01, EC P-256, no certificate',
      '    pkcs11:token=T',
      '/bad.so: M. R.',
    ]);
  });

  it.each<[Partial<TokenInfo>, string]>([
    [{ hardware: false }, '(not hardware)'],
    [{ pin: { state: 'final', triesLeft: 1 } }, '(PIN final, one try left)'],
    [{ pin: { state: 'unknown', triesLeft: 3 } }, '(3 tries left)'],
    [{ pin: { state: 'locked', triesLeft: null }, hardware: false }, '(not hardware, PIN locked)'],
  ])('%j is noted', (change, note) => {
    expect(tokensText({ modules: [], tokens: [{ ...token, keys: [], ...change }] })).toBe(
      `T  serial 7, Maker One ${note}\n  no key`,
    );
  });

  it.each<[Partial<KeyInfo>, string]>([
    [{ touch: 'always' }, 'EC P-256, wants a touch, no certificate'],
    [{ touch: 'cached' }, 'EC P-256, wants a touch, good for 15 s, no certificate'],
    [{ touch: 'never' }, 'EC P-256, no certificate'],
    [{ touch: 'unknown', alwaysAuthenticate: true }, 'EC P-256, wants the PIN every time, no certificate'],
  ])('what a key asks of a person is told: %j', (change, words) => {
    const keys = [{ ...key, certificate: null, ...change }];
    expect(tokensText({ modules: [], tokens: [{ ...token, keys }] })).toContain(words);
  });

  it('a key that cannot be used says why', () => {
    const broken = { ...key, label: 'work', usable: false, problems: [{ code: 'c', message: 'Too small.' }] };
    expect(tokensText({ modules: [], tokens: [{ ...token, keys: [broken] }] })).toContain(
      '  key, not usable work, EC P-256, no certificate\n    pkcs11:token=T\n    Too small.',
    );
  });

  it('there may be none', () => {
    expect(tokensText({ modules: [], tokens: [] })).toBe('No token was found.');
  });
});

describe('a question', () => {
  const pin = {
    ...{ id: '1', kind: 'pin', token: { label: 'Yubi', serial: '42' }, accounts: ['A'], askedBy: 'rolekey' },
    ...{ triesLeft: null, finalTry: false, previous: null, mayRemember: true },
  } as Extract<Prompt, { kind: 'pin' }>;
  const ask = 'PIN of Yubi (serial 42) for A: ';
  const question = `Enter alone cancels.\n${ask}`;

  it.each<[string, Partial<typeof pin>, string]>([
    ['plain', {}, question],
    ['with tries left', { triesLeft: 3 }, `3 tries left.\n${question}`],
    [
      'after a wrong one',
      { previous: 'incorrect', triesLeft: 2 },
      `The PIN was wrong.\n2 tries left.\n${question}`,
    ],
    [
      'after one of the wrong length',
      { previous: 'length' },
      `The PIN has the wrong length; it was not tried.\n${question}`,
    ],
    [
      'before the last try',
      { finalTry: true, triesLeft: 1 },
      `ONE TRY IS LEFT: another wrong PIN locks the token. Press Enter to stop here.\n${ask}`,
    ],
    ['for nobody, to look at keys', { accounts: [] }, 'Enter alone cancels.\nPIN of Yubi (serial 42): '],
    [
      'for three',
      { accounts: ['A', 'B', 'C'] },
      'Enter alone cancels.\nPIN of Yubi (serial 42) for A, B, C: ',
    ],
    [
      'for a hundred',
      { accounts: ['A', 'B', 'C', 'D', 'E'] },
      'Enter alone cancels.\nPIN of Yubi (serial 42) for A, B, C and 2 more: ',
    ],
  ])('for a PIN: %s', (_, change, text) => {
    expect(promptText({ ...pin, ...change })).toBe(text);
  });

  it('for a passphrase', () => {
    const passphrase = {
      ...{ id: '1', kind: 'passphrase', file: '/k.pem', accounts: ['A'], askedBy: 'rolekey', previous: null },
    } as Extract<Prompt, { kind: 'passphrase' }>;
    expect(promptText(passphrase)).toBe('Passphrase of /k.pem for A: ');
    expect(promptText({ ...passphrase, previous: 'incorrect' })).toBe(
      'The passphrase was wrong.\nPassphrase of /k.pem for A: ',
    );
  });

  it('for a touch: with the token, who waits for it and how the waiting is ended', () => {
    const touch = { id: '1', kind: 'touch', askedBy: 'rolekey' } as const;
    expect(promptText({ ...touch, token: { label: 'Y', serial: '7' }, accounts: ['A', 'B'] })).toBe(
      'Touch Y (serial 7) for A, B while it blinks. Ctrl-C ends the waiting.',
    );
    expect(touchNote(['a', 'b'])).toBe('Touch the token for a, b while it blinks.');
  });

  it('for a module: with path and digest, and that it is code', () => {
    const sha256 = 'ab'.repeat(32);
    const text = promptText({ id: '1', kind: 'confirm-module', path: '/m.so', sha256, askedBy: 'rolekey' });
    expect(text).toContain('/m.so');
    expect(text).toContain(sha256);
    expect(text).toMatch(/runs its code/);
    expect(text.endsWith('Type yes to load it now and from now on: ')).toBe(true);
    expect(text).not.toContain('CHANGED');
    const again = {
      id: '1',
      kind: 'confirm-module',
      path: '/m.so',
      sha256,
      changed: true,
      askedBy: 'x',
    } as const;
    expect(promptText(again)).toBe(`THIS MODULE CHANGED since you confirmed it.\n${text}`);
  });
});

// What a token, a certificate or a module calls itself must not steer the terminal it is shown on.
describe('no control character of foreign text reaches the terminal', () => {
  const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;
  const evil = 'Yubi\u001b[2J\rPIN\u009b2J\u202e';

  it('in a question', () => {
    const text = promptText({
      ...{ id: '1', kind: 'pin', token: { label: evil, serial: evil }, accounts: ['A'], askedBy: 'rolekey' },
      ...{ triesLeft: null, finalTry: false, previous: null, mayRemember: true },
    });
    expect(text).not.toMatch(steering);
    const touch = { id: '1', kind: 'touch' as const, accounts: ['A'], askedBy: 'rolekey' };
    expect(promptText({ ...touch, token: { label: evil, serial: evil } })).not.toMatch(steering);
  });

  it('in the list of tokens', () => {
    const text = tokensText({
      modules: [],
      tokens: [{ ...token, label: evil, manufacturer: evil, keys: [{ ...key, label: evil }] }],
    });
    expect(text).not.toMatch(steering);
  });

  it('in the table of states', () => {
    const shown = { uri: 'pkcs11:x', token: evil, serial: '1', hardware: true };
    expect(statusTable([{ ...status, key: shown }], {})).not.toMatch(steering);
  });
});
