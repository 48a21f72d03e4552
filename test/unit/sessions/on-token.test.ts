import { describe, expect, it } from 'vitest';
import { isOnToken } from '../../../src/main/sessions/on-token.ts';
import type { SignerKey } from '../../../src/main/tokens/signer.ts';

const token = { serial: '1234', label: 'YubiKey PIV #1234', manufacturer: 'Yubico', model: 'YubiKey YK5' };
const used = (label: string, serial: string): SignerKey => ({
  uri: 'pkcs11:token=whatever',
  token: { label, serial },
  hardware: true,
  touch: 'never',
  alwaysAuthenticate: false,
});

describe('whether a key is on a token', () => {
  it.each([
    ['by the key used last', used('YubiKey PIV #1234', '1234'), [], true],
    ['not by another token’s key', used('YubiKey PIV #1234', '9'), [], false],
    ['by its serial number', null, ['pkcs11:serial=1234;id=%01'], true],
    ['by its label', null, ['pkcs11:token=YubiKey%20PIV%20%231234'], true],
    ['not by another label', null, ['pkcs11:token=other;serial=1234'], false],
    ['by a URI that leaves it open', null, ['pkcs11:id=%01'], true],
    ['whatever slot is named', null, ['pkcs11:slot-id=7;id=%01'], true],
    [
      'by any of several keys',
      null,
      ['/home/x/key.pem', 'pkcs11:serial=9', 'pkcs11:model=YubiKey%20YK5'],
      true,
    ],
    ['not for files and an ssh-agent’s keys', null, ['/home/x/key.pem', 'ssh-agent:SHA256:x'], false],
    ['not by what is no URI', null, ['pkcs11:%%%'], false],
  ] as const)('is told %s', (_, key, keys, expected) => {
    expect(isOnToken(token, key, keys)).toBe(expected);
  });
});
