import { describe, expect, it } from 'vitest';
import type { HostToken } from '../../../src/main/tokens/host/protocol.ts';
import {
  alwaysAuthenticatesById,
  firmwareOf,
  isHardware,
  keyUri,
  pinInfo,
  tokenKind,
  touchPolicy,
} from '../../../src/main/tokens/token-info.ts';
import type { TokenKey } from '../../../src/main/tokens/key-matching.ts';

const token: HostToken = {
  serial: '1',
  label: 'token',
  manufacturer: 'Maker',
  model: 'Model',
  slotId: '0',
  slotDescription: 'slot',
  firmware: '1.0',
  loginRequired: true,
  pinInitialised: true,
  pinCountLow: false,
  pinFinalTry: false,
  pinLocked: false,
  pinHeld: false,
};
const module = { description: 'Module', manufacturer: 'Maker' };

describe('what kind of token it is', () => {
  it.each([
    [
      'softhsm',
      { description: 'Implementation of PKCS11', manufacturer: 'SoftHSM' },
      { manufacturer: 'SoftHSM project', model: 'SoftHSM v2' },
    ],
    [
      'yubikey',
      { description: 'PKCS#11 PIV Library (SP-800-73)', manufacturer: 'Yubico (www.yubico.com)' },
      { manufacturer: 'Yubico (www.yubico.com)', model: 'YubiKey YK5' },
    ],
    [
      'tpm',
      { description: 'TPM2.0 Cryptoki', manufacturer: 'tpm2-software.github.io' },
      { manufacturer: 'IBM', model: 'SW   TPM' },
    ],
    [
      'yubikey',
      { description: 'OpenSC smartcard framework', manufacturer: 'OpenSC Project' },
      {
        ...{ manufacturer: 'piv_II', model: 'PKCS#15 emulated' },
        slotDescription: 'Yubico YubiKey OTP+FIDO+CCID 00 00',
      },
    ],
    [
      'other',
      { description: 'OpenSC smartcard framework', manufacturer: 'OpenSC Project' },
      { manufacturer: 'piv_II', model: 'PKCS#15 emulated' },
    ],
  ])('%s', (kind, moduleInfo, tokenInfo) => {
    expect(tokenKind(moduleInfo, { ...token, ...tokenInfo })).toBe(kind);
  });

  it('decides what is claimed of hardware and touch', () => {
    const kinds = ['yubikey', 'tpm', 'softhsm', 'other'] as const;
    expect(kinds.map(isHardware)).toEqual([true, true, false, false]);
    expect(kinds.map((kind) => touchPolicy(kind, null))).toEqual(['unknown', 'never', 'never', 'unknown']);
    expect(tokenKind(module, token)).toBe('other');
  });
});

describe('when a key wants a touch', () => {
  it.each([
    ['yubikey', { pin: 'once', touch: 'cached' }, 'cached'],
    ['yubikey', { pin: 'once', touch: null }, 'unknown'],
    ['yubikey', null, 'unknown'],
    ['other', { pin: null, touch: 'always' }, 'always'],
    ['tpm', null, 'never'],
    ['softhsm', null, 'never'],
  ] as const)('%s that attests %j: %s', (kind, policy, touch) => {
    expect(touchPolicy(kind, { policy })).toBe(touch);
  });
});

describe('a key that always authenticates, before login', () => {
  it.each([
    ['Yubico’s module, slot 9c', { model: 'YubiKey YK5' }, '02', true],
    ['Yubico’s module, slot 9a', { model: 'YubiKey YK5' }, '01', false],
    ['OpenSC, a PIV card', { manufacturer: 'piv_II' }, '02', true],
    ['OpenSC, another card', { manufacturer: 'OpenPGP' }, '02', false],
    ['SoftHSM', {}, '02', false],
  ])('is told by its place: %s', (_, facts, id, always) => {
    expect(alwaysAuthenticatesById({ ...token, ...facts }, id)).toBe(always);
  });
});

describe('the state of a PIN', () => {
  it.each([
    ['softhsm', {}, { state: 'ok', triesLeft: null }],
    ['softhsm', { pinCountLow: true }, { state: 'low', triesLeft: null }],
    ['softhsm', { pinCountLow: true, pinFinalTry: true }, { state: 'final', triesLeft: 1 }],
    ['softhsm', { pinCountLow: true, pinFinalTry: true, pinLocked: true }, { state: 'locked', triesLeft: 0 }],
    ['softhsm', { pinInitialised: false }, { state: 'unknown', triesLeft: null }],
    ['tpm', {}, { state: 'unknown', triesLeft: null }],
    ['yubikey', { pinCountLow: true }, { state: 'low', triesLeft: null }],
    ['yubikey', { model: 'YubiKey YK5', pinCountLow: true }, { state: 'low', triesLeft: 2 }],
    ['yubikey', { model: 'YubiKey YK5' }, { state: 'ok', triesLeft: null }],
  ] as const)('%s %j', (kind, flags, pin) => {
    expect(pinInfo(kind, { ...token, ...flags })).toEqual(pin);
  });
});

describe('the URI of a key', () => {
  const key = (id: string, ...labels: string[]): TokenKey => ({
    id,
    labels,
    type: 'EC',
    size: 'P-256',
    spki: null,
    alwaysAuthenticate: false,
    policy: null,
    certificate: null,
    problems: [],
  });
  const uriOf = (one: TokenKey, ...others: TokenKey[]) =>
    keyUri(token, one, { keys: [one, ...others], certificates: [], privateVisible: false, warnings: [] });

  it('names it by CKA_ID', () => {
    expect(uriOf(key('0aff', 'a'), key('01', 'a'))).toBe(
      'pkcs11:token=token;manufacturer=Maker;serial=1;model=Model;id=%0A%FF;type=private',
    );
  });

  it.each([
    ['another key has the same', key('01', 'a b', 'c'), key('01', 'd'), 'id=%01;object=a%20b;type=private'],
    ['it has none', key('', 'a'), key('01', 'b'), 'model=Model;object=a;type=private'],
  ])('adds the label where %s', (_, one, another, end) => {
    expect(uriOf(one, another)).toContain(end);
  });

  it('leaves out what the token does not say', () => {
    const nameless = { ...token, serial: '', manufacturer: '', label: '' };
    const contents = { keys: [], certificates: [], privateVisible: false, warnings: [] };
    expect(keyUri(nameless, key('01'), contents)).toBe('pkcs11:model=Model;id=%01;type=private');
  });
});

describe('the firmware of a token', () => {
  it.each([
    ['YubiKey YK5', '5.43', '5.4.3'],
    ['YubiKey YK5', '5.70', '5.7.0'],
    ['YubiKey NEO', '1.4', '1.0.4'],
    ['YubiKey YK5', '0.0', '0.0.0'],
    ['YubiKey YK5', '5.255', '5.255'], // nothing that module writes
    ['SoftHSM v2', '2.6', '2.6'],
    ['PKCS#15 emulated', '0.43', '0.43'],
  ])('of a %s that says %s is %s', (model, firmware, told) => {
    expect(firmwareOf({ ...token, model, firmware })).toBe(told);
  });
});
