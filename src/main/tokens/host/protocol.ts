/**
 * What the engine and a token host say to each other: plain JSON values, one request at a time.
 * A PIN goes one way, in `login`, and is kept by the host alone; bytes travel as base64.
 */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KeyInfo } from '../../../shared/model.ts';

/**
 * Milliseconds a host has to end by itself, from when it is told to or its engine has gone. A login that is cut may cost
 * the token: SoftHSM writes its file anew in C_Login. Far longer than a login takes; what waits for a touch is cut.
 */
export const endGraceMs = 2000;

/**
 * How long a module that is not used stays initialised, and with it the card in this program's hand, milliseconds: other
 * programs want the card too. Held PINs stay.
 */
export const releaseAfterMs = 10_000;

/** How often a host that holds its module looks which tokens are there, milliseconds. */
export const lookEveryMs = 1000;

/** What a host is told in place of a request where its channel cannot be taken away: it is wanted no more. */
export const closeMessage = 'close';

/** Which token is meant, by what it says of itself: slot numbers change. Padding is trimmed. */
export interface TokenRef {
  readonly serial: string;
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  /**
   * The reader of a removable token without a serial number, which tells it from others that say the same of themselves.
   * Such a token may be another one whenever nobody looked: its PIN is kept for as long as the card is held, no longer.
   * Absent: the rest tells it from others, or it stays where it is.
   */
  readonly reader?: string | undefined;
}

/** One name per token, for maps. */
export const tokenName = ({ serial, label, manufacturer, model, reader }: TokenRef): string =>
  JSON.stringify([serial, label, manufacturer, model, ...(reader === undefined ? [] : [reader])]);

/** A token's name and nothing of what else is known of it. */
export const refOf = ({ serial, label, manufacturer, model, reader }: TokenRef): TokenRef => ({
  ...{ serial, label, manufacturer, model },
  ...(reader === undefined ? {} : { reader }),
});

/** What a token says of a PIN that is not its own. */
export const pinRefusals: readonly ErrorCode[] = ['pin-incorrect', 'pin-length', 'pin-locked'];

/** CK_INFO (PKCS#11 2.40, section 3.1). */
export interface HostModule {
  readonly description: string;
  readonly manufacturer: string;
}

/** CK_TOKEN_INFO (PKCS#11 2.40, section 3.2), trimmed of padding. */
export interface HostToken extends TokenRef {
  /** CK_SLOT_ID, decimal. */
  readonly slotId: string;
  /**
   * CK_SLOT_INFO's slotDescription (section 3.2), trimmed of padding; empty where the module does not tell. Modules that
   * reach smart cards name the reader there, each with the name that PC/SC gives it.
   */
  readonly slotDescription: string;
  readonly firmware: string;
  readonly loginRequired: boolean;
  readonly pinInitialised: boolean;
  readonly pinCountLow: boolean;
  readonly pinFinalTry: boolean;
  readonly pinLocked: boolean;
  /** This host holds a PIN the token accepted. */
  readonly pinHeld: boolean;
}

export interface HostCertificate {
  /** CKA_ID, lower-case hex. */
  readonly id: string;
  readonly label: string;
  /** DER, base64. */
  readonly value: string;
}

/** A public or private key object. */
export interface HostKey {
  readonly id: string;
  readonly label: string;
  readonly type: KeyInfo['type'];
  /** Null for a size or curve Rolekey does not list, or where the object does not tell. */
  readonly size: KeyInfo['size'] | null;
  /** CKA_ALWAYS_AUTHENTICATE; false for public keys, which have none. */
  readonly alwaysAuthenticate: boolean;
  /** CKA_SIGN of a private key; null for public keys and where not told. */
  readonly signs: boolean | null;
  /** SubjectPublicKeyInfo, DER, base64; null where the object does not show its public numbers. */
  readonly spki: string | null;
}

export interface HostObjects {
  readonly certificates: readonly HostCertificate[];
  readonly publicKeys: readonly HostKey[];
  readonly privateKeys: readonly HostKey[];
  /** Whether private keys could be seen: logged in, or the token asks for no login. */
  readonly privateVisible: boolean;
  /** Objects that could not be read, named by class, label and id. */
  readonly unreadable: readonly string[];
}

/** Which private key is meant. Null parts do not narrow the search. */
export interface HostKeyRef {
  /** CKA_ID, lower-case hex. */
  readonly id: string | null;
  readonly label: string | null;
  readonly type: KeyInfo['type'];
  /**
   * It wants the PIN for each signature, whether the module says so or not: libykcs11 2.2 knows it of slot 9c alone, and
   * a YubiKey asks it of every key that was made so.
   */
  readonly alwaysAuthenticate?: boolean;
}

export type SignMechanism = 'CKM_ECDSA' | 'CKM_RSA_PKCS';

/** Every method loads and initialises the module first where that is not done yet. */
export interface HostMethods {
  open: { params: Record<string, never>; result: HostModule };
  /**
   * Tokens present and initialised. `fresh`: initialise the module again, since some see new tokens only then; PINs of
   * tokens that are away are wiped.
   */
  tokens: { params: { fresh: boolean }; result: readonly HostToken[] };
  objects: { params: { token: TokenRef }; result: HostObjects };
  /**
   * Logs in as CKU_USER with at most one C_Login. `pin` null: with the PIN held since it was accepted, if the login
   * was lost; it is not used for the last try (`pin-final`). A rejected PIN is wiped before the answer leaves.
   */
  login: { params: { token: TokenRef; pin: string | null }; result: Record<string, never> };
  /**
   * One C_Sign over `data`. Where the login was lost, or the key always authenticates, a login with the held PIN
   * comes first; where only C_Sign tells that it was lost, it is called once more.
   */
  sign: {
    params: {
      token: TokenRef;
      key: HostKeyRef;
      mechanism: SignMechanism;
      data: string;
      /** The key's touch policy: tells a touch that was not given from a login that was lost. Absent: unknown. */
      touch?: KeyInfo['touch'];
    };
    result: { signature: string };
  };
  /** How often the module was asked to sign and to log in since the host started. */
  counts: { params: Record<string, never>; result: HostCounts };
}

export interface HostCounts {
  readonly sign: number;
  readonly login: number;
}

export type HostMethod = keyof HostMethods;
export type HostParams<M extends HostMethod> = HostMethods[M]['params'];
export type HostResult<M extends HostMethod> = HostMethods[M]['result'];

export type HostRequest = {
  [M in HostMethod]: { readonly id: number; readonly method: M; readonly params: HostParams<M> };
}[HostMethod];

/** `detail` names the function and its CKR, never a secret. */
export interface HostFailure {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The PIN that was held was tried and refused: it is right nowhere. Absent: none was tried. */
  readonly heldPinRefused?: true | undefined;
}

/** What a host says unasked, while it holds its module: which tokens are there, whenever that is not what it said before. */
export interface HostEvent {
  readonly event: 'tokens';
  readonly present: readonly TokenRef[];
}

export type HostMessage = HostResponse | HostEvent;

export type HostResponse =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly failure: HostFailure };
