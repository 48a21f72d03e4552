/** What people and programs are told of tokens and keys. */
import type { KeyInfo, TokenInfo } from '../../shared/model.ts';
import { formatTime } from '../../shared/model.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { HostModule, HostToken } from './host/protocol.ts';
import type { TokenContents, TokenKey } from './key-matching.ts';
import { emptyUri, printUri } from './uri.ts';

type Kind = TokenInfo['kind'];

/** Whether it is Yubico's own module that shows the token. */
function isSeenByYubico({ model }: HostToken): boolean {
  return model.startsWith('YubiKey');
}

/** Told by what module, token and reader say of themselves: to OpenSC a YubiKey is a card like any other. */
export function tokenKind(module: HostModule, token: HostToken): Kind {
  if (isSeenByYubico(token) || token.slotDescription.startsWith('Yubico YubiKey')) return 'yubikey';
  if (token.model.startsWith('SoftHSM')) return 'softhsm';
  return /\btpm2/i.test(`${module.description} ${module.manufacturer}`) ? 'tpm' : 'other';
}

/** Whether the key is known to be in hardware; what is not known is not claimed. */
export function isHardware(kind: Kind): boolean {
  return kind === 'yubikey' || kind === 'tpm';
}

/**
 * Software and TPMs have nothing to touch; what a YubiKey wants it attests of keys that it made, and PKCS#11 has no word
 * for it.
 * @param key null where nothing of it is seen.
 */
export function touchPolicy(kind: Kind, key: Pick<TokenKey, 'policy'> | null): KeyInfo['touch'] {
  return kind === 'softhsm' || kind === 'tpm' ? 'never' : (key?.policy?.touch ?? 'unknown');
}

/**
 * Whether a token lets it be known of a key, before login, that it always authenticates: on PIV cards it is the place of
 * the signature key (slot 9c) that decides, to Yubico's module and to OpenSC alike.
 * @param id CKA_ID.
 */
export function alwaysAuthenticatesById(token: HostToken, id: string): boolean {
  const isPivToOpenSc = token.manufacturer === 'piv_II';
  return (isSeenByYubico(token) || isPivToOpenSc) && id === '02';
}

/** As far as a token tells by its flags; TPMs set none. */
export function pinInfo(kind: Kind, token: HostToken): TokenInfo['pin'] {
  if (token.pinLocked) return { state: 'locked', triesLeft: 0 };
  if (token.pinFinalTry) return { state: 'final', triesLeft: 1 };
  // Yubico's module raises this flag for two tries left, others for any number below the full one.
  if (token.pinCountLow) return { state: 'low', triesLeft: isSeenByYubico(token) ? 2 : null };
  const tells = kind !== 'tpm' && token.pinInitialised;
  return { state: tells ? 'ok' : 'unknown', triesLeft: null };
}

/**
 * The version as its maker writes it. Of the two numbers PKCS#11 has, Yubico's module puts the second and third of a
 * YubiKey's into the second, a digit each (ykcs11/token.c, get_token_version): 5.43 is 5.4.3.
 */
export function firmwareOf(token: HostToken): string {
  const parts = /^(\d+)\.(\d?)(\d)$/.exec(token.firmware);
  if (!isSeenByYubico(token) || parts === null) return token.firmware;
  return [parts[1], parts[2] === '' ? '0' : parts[2], parts[3]].join('.');
}

/** A URI that names one key and no other: by its CKA_ID, and by its label where the ID does not tell. */
export function keyUri(token: HostToken, key: TokenKey, contents: TokenContents): string {
  const sharesId = contents.keys.some((other) => other !== key && other.id === key.id);
  const named = (text: string): string | null => (text === '' ? null : text);
  return printUri({
    ...emptyUri,
    token: named(token.label),
    manufacturer: named(token.manufacturer),
    serial: named(token.serial),
    model: named(token.model),
    id: named(key.id),
    object: sharesId || key.id === '' ? (key.labels[0] ?? null) : null,
    type: 'private',
  });
}

export interface TokenView {
  /** The module's path as it was named. */
  readonly path: string;
  readonly module: HostModule;
  readonly token: HostToken;
  readonly contents: TokenContents;
  /** Those of its keys that are shown. */
  readonly keys: readonly TokenKey[];
}

export function toTokenInfo({ path, module, token, contents, keys }: TokenView): TokenInfo {
  const kind = tokenKind(module, token);
  return {
    module: path,
    label: token.label,
    manufacturer: token.manufacturer,
    model: token.model,
    serial: token.serial,
    firmware: firmwareOf(token),
    kind,
    hardware: isHardware(kind),
    pin: pinInfo(kind, token),
    keys: keys.flatMap((key) => toKeyInfo(key, keyUri(token, key, contents), touchPolicy(kind, key))),
  };
}

/** None for a size the contract has no word for. */
function toKeyInfo(key: TokenKey, uri: string, touch: KeyInfo['touch']): KeyInfo[] {
  if (key.size === null) return [];
  return [
    {
      uri,
      id: key.id,
      label: key.labels[0] ?? '',
      type: key.type,
      size: key.size,
      touch,
      alwaysAuthenticate: key.alwaysAuthenticate,
      certificate: key.certificate === null ? null : toCertificateInfo(key.certificate),
      usable: key.problems.length === 0,
      problems: key.problems.map(({ code, message }) => ({ code, message })),
    },
  ];
}

function toCertificateInfo(certificate: Certificate): NonNullable<KeyInfo['certificate']> {
  const { sha256, subject, issuer, serial, notBefore, notAfter } = certificate;
  return {
    sha256,
    subject,
    issuer,
    serial,
    notBefore: formatTime(notBefore),
    notAfter: formatTime(notAfter),
  };
}
