import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { accountFieldsSchema, calls } from '../../../src/shared/api.ts';
import { idleState, outlets, sessionDurationRange, unsettableFields } from '../../../src/shared/constants.ts';
import {
  accountIdSchema,
  accountSchema,
  awsProfileSchema,
  formatTime,
  outletSchema,
  plainText,
  promptAnswerSchema,
  regionSchema,
  stateSchema,
  timeSchema,
} from '../../../src/shared/model.ts';

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

describe('a time', () => {
  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [Date.UTC(2026, 3, 14, 9, 0, 0), '2026-04-14T09:00:00Z'],
    [Date.UTC(2026, 3, 14, 9, 0, 0) + 999.9, '2026-04-14T09:00:00Z'],
    [-1, '1969-12-31T23:59:59Z'],
  ])('%d is written as %s', (ms, text) => {
    expect(formatTime(ms)).toBe(text);
    expect(accepts(timeSchema, text)).toBe(true);
  });

  it.each(['2026-04-14T09:00:00.5Z', '2026-04-14T09:00:00+00:00', '2026-04-14 09:00:00Z', '2026-04-14', ''])(
    '%j is none of the contract',
    (text) => {
      expect(accepts(timeSchema, text)).toBe(false);
    },
  );
});

describe('an ID', () => {
  it.each(['a', '0', 'work-1', 'a'.repeat(63), 'a-'])('may be %s', (id) => {
    expect(accepts(accountIdSchema, id)).toBe(true);
  });

  it.each(['', '-a', 'A', 'a_b', 'a.b', 'ä', 'a b', 'a'.repeat(64), 'a\n', 'a/b', '__proto__'])(
    'cannot be %j',
    (id) => {
      expect(accepts(accountIdSchema, id)).toBe(false);
    },
  );
});

describe('an AWS profile', () => {
  it.each(['a', 'A', '9', 'default', 'a_b.c@d-e', 'a'.repeat(64)])('may be %s', (name) => {
    expect(accepts(awsProfileSchema, name)).toBe(true);
  });

  it.each(['', '_a', '.a', '@a', '-a', 'a b', 'a]', 'a\n', 'ä', 'a#', 'a'.repeat(65)])(
    'cannot be %j',
    (name) => {
      expect(accepts(awsProfileSchema, name)).toBe(false);
    },
  );
});

describe('a label', () => {
  const label = plainText(64);

  it.each(['x', 'Wörk – 東京 🔑', ' ', 'a'.repeat(64), '🔑'.repeat(64)])('may be %j', (text) => {
    expect(accepts(label, text)).toBe(true);
  });

  it.each([
    ...['', 'a'.repeat(65), '🔑'.repeat(65)],
    ...['\n', 'a\tb', '\u0000', '\u001b[31m', '\u007f', '\u0085', '\u009b'].map((text) => `a${text}`),
    ...['\u202e', '\u2066', '\u2069', '\u200f', '\u061c', '\u2028', '\u2029'].map((text) => `a${text}b`),
  ])('cannot be %j', (text) => {
    expect(accepts(label, text)).toBe(false);
  });
});

describe('a region', () => {
  it.each(['eu-west-2', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1', 'cn-north-1'])(
    'may be %s',
    (region) => {
      expect(accepts(regionSchema, region)).toBe(true);
    },
  );

  it.each(['', 'eu', 'EU-WEST-2', 'eu-west-2.example.org', 'eu-west-2/', 'eu_west_2', 'eu-west-2\n'])(
    'cannot be %j',
    (region) => {
      expect(accepts(regionSchema, region)).toBe(false);
    },
  );
});

describe('an account', () => {
  const account = {
    ...{ id: 'a', label: 'A', group: null, favourite: false },
    ...{ roleArn: 'r', profileArn: 'p', trustAnchorArn: 't', region: 'eu-west-2' },
    ...{ sessionDuration: 3600, roleSessionName: null, keys: ['k'], certificate: null, intermediates: null },
    ...{ pkcs11Lib: null, awsProfile: 'a', profileRegion: null, outlet: 'none', endpoint: null },
    ...{ useFipsEndpoint: false, useDualstackEndpoint: false, source: { kind: 'local' } },
  };

  it('has the fields of the contract, every one', () => {
    expect(accepts(accountSchema, account)).toBe(true);
    for (const field of Object.keys(account)) {
      expect(accepts(accountSchema, { ...account, [field]: undefined }), field).toBe(false);
    }
  });

  it('has no other', () => {
    expect(accepts(accountSchema, { ...account, pin: '123456' })).toBe(false);
  });

  it.each([
    [899, false],
    [900, true],
    [43_200, true],
    [43_201, false],
    [1000.5, false],
  ])('lasting %d seconds: %s', (sessionDuration, isValid) => {
    expect(accepts(accountSchema, { ...account, sessionDuration })).toBe(isValid);
    expect(sessionDurationRange).toEqual({ min: 900, max: 43_200, default: 3600 });
  });
});

describe('lists that stand in two places', () => {
  it('the outlets', () => {
    expect(outletSchema.options).toEqual(outlets);
    expect(outlets).toEqual(['credential-process', 'credentials-file', 'container-endpoint', 'none']);
  });

  it('what can be unset is every field that has a default', () => {
    const needed = ['roleArn', 'profileArn', 'trustAnchorArn', 'keys'];
    const fields = Object.keys(accountFieldsSchema.shape).filter((name) => !needed.includes(name));
    expect([...unsettableFields].sort()).toEqual(fields.sort());
  });

  it('what can be given is every field of an account but its ID and source', () => {
    const fields = Object.keys(accountSchema.shape).filter((name) => name !== 'id' && name !== 'source');
    expect(Object.keys(accountFieldsSchema.shape).sort()).toEqual(fields.sort());
  });

  it('the state of an account nobody connected', () => {
    expect(stateSchema.parse(idleState)).toEqual(idleState);
  });
});

describe('an answer to a prompt', () => {
  it.each([{ secret: '' }, { secret: 'x'.repeat(1024) }, { accept: true }, { cancel: true }])(
    'may be %j',
    (answer) => {
      expect(accepts(promptAnswerSchema, answer)).toBe(true);
    },
  );

  it.each([
    ...[
      {},
      null,
      'secret',
      { secret: 1 },
      { secret: 'x'.repeat(1025) },
      { accept: false },
      { cancel: 'true' },
    ],
    ...[
      { secret: 'x', accept: true },
      { accept: true, cancel: true },
      { secret: 'x', id: 'y' },
    ],
  ])('cannot be %j', (answer) => {
    expect(accepts(promptAnswerSchema, answer)).toBe(false);
  });
});

describe('calls', () => {
  it.each([0, 3_600_000])('connect waits %d ms for a person', (timeoutMs) => {
    expect(accepts(calls.connect.input, { select: { all: true }, timeoutMs })).toBe(true);
  });

  it.each([-1, 3_600_001, 0.5, Number.NaN])('but not %d', (timeoutMs) => {
    expect(accepts(calls.connect.input, { select: { all: true }, timeoutMs })).toBe(false);
  });

  it.each([
    { accounts: [] },
    { accounts: ['a'], all: true },
    { all: false },
    {},
    { accounts: 'a' },
    { accounts: Array.from({ length: 1001 }, (_, n) => String(n)) },
  ])('a selection cannot be %j', (select) => {
    expect(accepts(calls.disconnect.input, { select })).toBe(false);
  });

  it('each knows its door', () => {
    for (const { doors } of Object.values(calls)) {
      expect(doors.length).toBeGreaterThan(0);
      for (const door of doors) expect(['agent', 'window', 'pin-window']).toContain(door);
    }
  });

  it('the window gets no credential, and gives no secret, path or endpoint', () => {
    const forWindow = Object.entries(calls)
      .filter(([, { doors }]) => (doors as readonly string[]).includes('window'))
      .map(([name]) => name);
    expect(forWindow).not.toContain('credentials');
    expect(forWindow).not.toContain('answerPrompt');
    for (const name of ['accountsAdd', 'accountsEdit', 'accountsImport', 'shutdown']) {
      expect(forWindow).not.toContain(name);
    }
  });
});
