/** Which of the modules we know a file is, and whose tokens the words of a URI mean. */
import type { Pkcs11Uri } from './uri.ts';

/** In order of preference: the maker's own module before a general one, hardware before software. */
const kinds = ['yubikey', 'tpm', 'other', 'opensc', 'softhsm'] as const;
export type ModuleKind = (typeof kinds)[number];

const fileNames: readonly (readonly [RegExp, ModuleKind])[] = [
  [/^libykcs11[.\d]/, 'yubikey'],
  [/^libtpm2_pkcs11[.\d]/, 'tpm'],
  [/^opensc-pkcs11\./, 'opensc'],
  [/^(lib)?softhsm2?[.-]/, 'softhsm'],
];

/** Told by the file's name. */
export function moduleKind(path: string): ModuleKind {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return fileNames.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

export function byPreference(a: ModuleKind, b: ModuleKind): number {
  return kinds.indexOf(a) - kinds.indexOf(b);
}

/** What the tokens of a module say of themselves, whichever they are. */
type Words = Readonly<Partial<Record<'manufacturer' | 'model' | 'token', RegExp>>>;

/**
 * TPM vendor IDs (TCG TPM Vendor ID Registry), which tpm2-pkcs11 shows as the manufacturer. Trailing spaces and NULs are
 * trimmed from both.
 */
const tpmVendors = [
  ...[
    'AMD',
    'ANT',
    'ATML',
    'BRCM',
    'CSCO',
    'FLYS',
    'GOOG',
    'HISI',
    'HPI',
    'HPE',
    'IBM',
    'IFX',
    'INTC',
    'LEN',
  ],
  ...[
    'MSFT',
    'NSM',
    'NSG',
    'NTC',
    'NTZ',
    'QCOM',
    'ROCC',
    'SEAL',
    'SECE',
    'SMSN',
    'SMSC',
    'SNS',
    'STM',
    'TXN',
    'WEC',
  ],
];

const words: Readonly<Partial<Record<ModuleKind, Words>>> = {
  yubikey: { manufacturer: /^Yubico \(www\.yubico\.com\)$/, model: /^YubiKey /, token: /^YubiKey PIV #\d+$/ },
  tpm: { manufacturer: new RegExp(`^(${tpmVendors.join('|')})\\s*$`) },
  opensc: { model: /^PKCS#15/ },
  softhsm: { manufacturer: /^SoftHSM project$/, model: /^SoftHSM v2$/ },
};

/**
 * Whether a URI's words are those of a module's tokens: at least one is, and none is another's. Such a token is looked for
 * in that module first, so that no other has to connect to a card for it.
 */
export function isMeant(kind: ModuleKind, uri: Pkcs11Uri): boolean {
  const said = Object.entries(words[kind] ?? {}).flatMap(([name, pattern]) => {
    const value = uri[name as keyof Words];
    return value === null ? [] : [pattern.test(value)];
  });
  return said.length > 0 && said.every(Boolean);
}
