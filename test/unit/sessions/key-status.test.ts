import { expect, it } from 'vitest';
import { keyStatus } from '../../../src/main/sessions/key-status.ts';

it.each([
  ['pkcs11:token=My%20Key;serial=12;id=%01', 'My Key', '12'],
  ['pkcs11:id=%01', null, null],
  ['/home/me/key.pem', null, null],
  ['ssh-agent:SHA256:abc', null, null],
])('before a key was used it is the first of the account: %s', (uri, token, serial) => {
  expect(keyStatus({ keys: [uri, '/other.pem'] }, null)).toEqual({ uri, token, serial, hardware: false });
});

it('the key used last is told as it is', () => {
  const used = {
    uri: 'pkcs11:token=T;id=%01',
    token: { label: 'T', serial: '1' },
    hardware: true,
    touch: 'never',
    alwaysAuthenticate: false,
  } as const;
  const told = { uri: used.uri, token: 'T', serial: '1', hardware: true };
  expect(keyStatus({ keys: ['/key.pem'] }, used)).toEqual(told);
  expect(keyStatus({ keys: ['/key.pem'] }, { ...used, token: null })).toMatchObject({
    token: null,
    serial: null,
  });
});
