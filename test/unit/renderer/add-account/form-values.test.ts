import { describe, expect, it } from 'vitest';
import {
  carriedOf,
  emptyValues,
  inputOf,
  isNumberOfMinutes,
  valuesOf,
} from '../../../../src/renderer/screens/add-account/form-values.ts';
import type { Account } from '../../../../src/shared/model.ts';
import { account } from '../accounts/fake-engine.ts';

describe('what the form asks', () => {
  it('leaves empty fields to the engine’s defaults', () => {
    expect(inputOf({ ...emptyValues, id: ' dev ', label: '  ' }, {})).toEqual({
      id: 'dev',
      fields: { outlet: 'credential-process' },
    });
  });

  it.each([
    ['60', 3600],
    ['16.67', 1000],
    ['0', 0],
    ['an hour', undefined],
  ])('takes a session of %s minutes', (sessionDuration, seconds) => {
    expect(inputOf({ ...emptyValues, sessionDuration }, {}).fields.sessionDuration).toBe(seconds);
  });
});

describe('isNumberOfMinutes', () => {
  it.each([
    ['', true],
    [' 60 ', true],
    ['16.5', true],
    ['1e3', false],
    ['-5', false],
    ['0x10', false],
    ['60 min', false],
  ])('%o: %s', (text, is) => {
    expect(isNumberOfMinutes(text)).toBe(is);
  });
});

describe('an account that was read from a command line', () => {
  const whole: Account = account('dev', {
    ...{ label: 'Development', group: 'Team', sessionDuration: 1000, roleSessionName: 'ada' },
    ...{ keys: ['pkcs11:id=%01', '/k.pem'], certificate: '/c.pem', intermediates: '/i.pem' },
    ...{ pkcs11Lib: '/m.so', awsProfile: 'work', profileRegion: 'eu-west-1', outlet: 'credentials-file' },
    ...{ endpoint: 'https://example.com', useFipsEndpoint: true, useDualstackEndpoint: true },
  });

  it.each([whole, account('plain')])('comes back whole: %o', (read) => {
    const { id, fields } = inputOf(valuesOf(read), carriedOf(read));
    // The region is the trust anchor’s, which the engine reads from its ARN.
    const unsent = new Set(['source', 'region', 'favourite']);
    const given: Record<string, unknown> = Object.fromEntries(
      Object.entries(read).filter(
        ([field, value]) => !unsent.has(field) && value !== null && value !== false,
      ),
    );
    if (read.label === read.id) delete given.label;
    expect({ id, ...fields }).toEqual(given);
  });
});
