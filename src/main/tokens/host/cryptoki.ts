/**
 * PKCS#11 as far as the host needs it, without a word of the library that speaks it: what can be scripted in a test.
 * Every method throws a `HostError` that names its function and CKR.
 */
import type { HostCounts, HostModule, SignMechanism, TokenRef } from './protocol.ts';

/** CK_SLOT_ID, CK_SESSION_HANDLE or CK_OBJECT_HANDLE as the module's bytes. */
export type Handle = Buffer;

/** CK_TOKEN_INFO with its flags spelled out, and the slot's name. */
export interface TokenFacts extends TokenRef {
  readonly slotId: string;
  /** CK_SLOT_INFO's; empty where the module does not tell. */
  readonly slotDescription: string;
  readonly firmware: string;
  readonly initialised: boolean;
  readonly loginRequired: boolean;
  readonly pinInitialised: boolean;
  readonly pinCountLow: boolean;
  readonly pinFinalTry: boolean;
  readonly pinLocked: boolean;
  /** Bytes of UTF-8, as the token claims. */
  readonly minPinLength: number;
  readonly maxPinLength: number;
}

export type AttributeName =
  | 'CKA_LABEL'
  | 'CKA_ID'
  | 'CKA_VALUE'
  | 'CKA_EC_PARAMS'
  | 'CKA_EC_POINT'
  | 'CKA_MODULUS'
  | 'CKA_PUBLIC_EXPONENT'
  | 'CKA_ALWAYS_AUTHENTICATE'
  | 'CKA_SIGN';

/** Which objects to find; what is left out does not narrow the search. */
export interface ObjectTemplate {
  readonly class: 'CKO_CERTIFICATE' | 'CKO_PUBLIC_KEY' | 'CKO_PRIVATE_KEY';
  readonly keyType?: 'CKK_EC' | 'CKK_RSA';
  readonly id?: Buffer;
}

export interface Cryptoki {
  /** How often C_Sign and C_Login were called. */
  readonly counts: HostCounts;
  initialize(): void;
  finalize(): void;
  info(): HostModule;
  /** Slots with a token in them. */
  slots(): Handle[];
  token(slot: Handle): TokenFacts;
  /** A read-only session. */
  openSession(slot: Handle): Handle;
  closeSession(session: Handle): void;
  /** Whether the session's state is that of a logged-in user. */
  isUser(session: Handle): boolean;
  login(session: Handle, as: 'user' | 'context', pin: string): void;
  logout(session: Handle): void;
  find(session: Handle, template: ObjectTemplate): Handle[];
  attribute(session: Handle, object: Handle, name: AttributeName): Buffer;
  signInit(session: Handle, mechanism: SignMechanism, key: Handle): void;
  sign(session: Handle, data: Buffer): Promise<Buffer>;
}
