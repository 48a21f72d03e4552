import { describe, expect, it } from 'vitest';
import { isMeant, moduleKind, type ModuleKind } from '../../../src/main/tokens/module-kind.ts';
import { builtInPaths } from '../../../src/main/tokens/module-places.ts';
import { parseUri } from '../../../src/main/tokens/uri.ts';

const kinds: readonly ModuleKind[] = ['yubikey', 'tpm', 'other', 'opensc', 'softhsm'];

describe('a module', () => {
  it('of the built-in list is one we know', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const unknown = builtInPaths({ platform, arch: 'x64' }).filter((path) => moduleKind(path) === 'other');
      expect(unknown).toEqual([]);
    }
  });

  it.each([
    ['/usr/lib/libykcs11.so.2.2.0', 'yubikey'],
    ['/usr/lib/pkcs11/libtpm2_pkcs11.so.0.0.0', 'tpm'],
    ['/usr/lib/softhsm/libsofthsm2.so', 'softhsm'],
    ['C:\\SoftHSM2\\lib\\softhsm2-x64.dll', 'softhsm'],
    ['/usr/lib/pkcs11/onepin-opensc-pkcs11.so', 'other'],
    ['/usr/lib/opensc-pkcs11.so/vendor.so', 'other'],
    ['', 'other'],
  ])('is known by its file’s name: %s', (path, kind) => {
    expect(moduleKind(path)).toBe(kind);
  });
});

describe('the words of a URI', () => {
  it.each<[string, ModuleKind[]]>([
    ['pkcs11:manufacturer=SoftHSM%20project', ['softhsm']],
    ['pkcs11:token=work;model=SoftHSM%20v2', ['softhsm']],
    [
      'pkcs11:manufacturer=Yubico%20(www.yubico.com);model=YubiKey%20YK5;token=YubiKey%20PIV%20%231234',
      ['yubikey'],
    ],
    ['pkcs11:token=YubiKey%20PIV%20%231234', ['yubikey']],
    ['pkcs11:model=PKCS%2315%20emulated;manufacturer=piv_II', ['opensc']],
    ['pkcs11:manufacturer=IFX', ['tpm']],
    ['pkcs11:manufacturer=STM%20', ['tpm']],
    ['pkcs11:manufacturer=IFXY', []],
    ['pkcs11:token=work', []],
    ['pkcs11:', []],
    ['pkcs11:manufacturer=SoftHSM%20project;model=YubiKey%20YK5', []],
  ])('%s mean a token of %j', (text, meant) => {
    const uri = parseUri(text);
    expect(kinds.filter((kind) => isMeant(kind, uri))).toEqual(meant);
  });
});
