import { describe, expect, it } from 'vitest';
import type { HostToken } from '../../../src/main/tokens/host/protocol.ts';
import type { TokenContents, TokenKey } from '../../../src/main/tokens/key-matching.ts';
import { isSameToken, keysShownFirst } from '../../../src/main/tokens/same-token.ts';

const reader = 'Yubico YubiKey OTP+FIDO+CCID 00 00';
const yubico: HostToken = {
  ...{ serial: '12345678', label: 'YubiKey PIV #12345678', manufacturer: 'Yubico', model: 'YubiKey YK5' },
  ...{ slotId: '0', slotDescription: reader, firmware: '5.43' },
  ...{ loginRequired: true, pinInitialised: true, pinHeld: false },
  ...{ pinCountLow: false, pinFinalTry: false, pinLocked: false },
};
const opensc: HostToken = {
  ...yubico,
  ...{ serial: '00000000', label: 'device', manufacturer: 'piv_II', model: 'PKCS#15 emulated' },
};

describe('one token that two modules show', () => {
  it.each([
    ['in one reader', opensc, true],
    ['in another reader', { ...opensc, slotDescription: 'Yubico YubiKey OTP+FIDO+CCID 01 00' }, false],
    ['by its name', { ...yubico, slotDescription: 'another word for it' }, true],
    ['by a name without a serial', { ...yubico, serial: '', slotDescription: '' }, false],
    ['in readers without a name', { ...opensc, slotDescription: '' }, false],
  ])('is known %s', (_, other, same) => {
    const one =
      other.slotDescription === '' ? { ...yubico, slotDescription: '', serial: other.serial } : yubico;
    expect(isSameToken(one, other)).toBe(same);
    expect(isSameToken(other, one)).toBe(same);
  });
});

describe('the keys that are shown of a token', () => {
  const key = (id: string, spki: string | null): TokenKey => ({
    ...{ id, labels: [], type: 'EC', size: 'P-256', spki: spki === null ? null : Buffer.from(spki) },
    ...{ alwaysAuthenticate: false, policy: null, certificate: null, problems: [] },
  });
  const contents = (...keys: TokenKey[]): TokenContents => ({
    ...{ keys, certificates: [], privateVisible: false, warnings: [] },
  });
  const shown = (of: HostToken, keys: TokenKey[], before: TokenKey[]) =>
    keysShownFirst({ token: of, contents: contents(...keys) }, [
      { token: yubico, contents: contents(...before) },
    ]);

  it('are none where another module shows it with the same keys', () => {
    expect(shown(opensc, [key('01', 'a')], [key('01', 'a'), key('02', 'b')])).toBeNull();
    expect(shown(opensc, [key('01', null)], [key('01', 'a')])).toBeNull();
    expect(shown(opensc, [], [])).toBeNull();
  });

  it('are those that it does not show', () => {
    expect(shown(opensc, [key('01', 'a'), key('03', 'c')], [key('01', 'a')])).toEqual([key('03', 'c')]);
    expect(shown(opensc, [key('01', 'c')], [key('01', 'a')])).toEqual([key('01', 'c')]);
    expect(shown(opensc, [key('02', null)], [key('01', 'a')])).toEqual([key('02', null)]);
  });

  it('are all of another token’s, also of one that has the same keys: a copy in reserve is no double', () => {
    const spare = { ...opensc, slotDescription: 'Yubico YubiKey OTP+FIDO+CCID 01 00' };
    expect(shown(spare, [key('01', 'a')], [key('01', 'a')])).toEqual([key('01', 'a')]);
    expect(shown(spare, [], [])).toEqual([]);
  });
});
