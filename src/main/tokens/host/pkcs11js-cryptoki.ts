/**
 * The only file that speaks to pkcs11js, and the place where its failures become ours. What it has to be careful about:
 * - C_Initialize always says CKF_OS_LOCKING_OK; without it the library promises to use one thread and then does not.
 * - An object whose load() failed is thrown away; C_Initialize on it would crash.
 * - Only promise forms of asynchronous calls; the callback forms keep no reference to their input.
 * - The PKCS11 object is held for as long as the module is used; collecting it unloads the module.
 * - Results go into a buffer larger than any: after CKR_BUFFER_TOO_SMALL the operation would stay active.
 * - Failures come as four classes and are told apart by the CKR's name in their text, here and nowhere else.
 */
import * as pkcs11 from 'pkcs11js';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { AttributeName, Cryptoki, Handle, ObjectTemplate, TokenFacts } from './cryptoki.ts';
import { HostError } from './host-error.ts';
import type { HostModule, SignMechanism } from './protocol.ts';

/** An RSA-4096 signature has 512 bytes; the rest is room. */
const signatureBufferBytes = 1024;
/** A module that never stops finding objects is broken. */
const maxObjects = 4096;
/** CKS_RO_USER_FUNCTIONS and CKS_RW_USER_FUNCTIONS (PKCS#11 2.40, pkcs11t.h), which the library does not name. */
const userStates: readonly number[] = [1, 3];
/** CKF_REMOVABLE_DEVICE of CK_SLOT_INFO (ibidem), which it does not name either. */
const removableDevice = 2;

const codes: Readonly<Record<string, ErrorCode>> = {
  CKR_PIN_INCORRECT: 'pin-incorrect',
  CKR_PIN_INVALID: 'pin-length',
  CKR_PIN_LEN_RANGE: 'pin-length',
  CKR_PIN_LOCKED: 'pin-locked',
  CKR_USER_NOT_LOGGED_IN: 'pin-needed',
  CKR_SLOT_ID_INVALID: 'token-absent',
  CKR_TOKEN_NOT_PRESENT: 'token-absent',
  CKR_TOKEN_NOT_RECOGNIZED: 'token-absent',
  CKR_DEVICE_REMOVED: 'token-absent',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'key-unsupported',
  CKR_KEY_TYPE_INCONSISTENT: 'key-unsupported',
  CKR_MECHANISM_INVALID: 'key-unsupported',
};

function codeOf(rv: string, functionName: string): ErrorCode {
  // What Yubico's module, and a card through OpenSC, say of a PIN shorter or longer than theirs, without spending a try.
  if (functionName === 'C_Login' && ['CKR_ARGUMENTS_BAD', 'CKR_DATA_INVALID'].includes(rv))
    return 'pin-length';
  return codes[rv] ?? 'token-failed';
}

/** A CKR's name out of any class of failure; one unknown to the library has only its number. */
function rvOf(error: Error & { code?: unknown }): string | null {
  const match = /(CKR_\w+)(?::(\d+))?/.exec(error.message);
  if (match?.[1] !== 'CKR_VENDOR_DEFINED') return match?.[1] ?? null;
  return `${match[1]}:${match[2] ?? String(error.code)}`;
}

function toHostError(error: unknown, functionName: string): HostError {
  if (error instanceof TypeError || !(error instanceof Error)) {
    return new HostError('internal', `${functionName}: wrong arguments`);
  }
  const rv = rvOf(error);
  if (rv === null) return new HostError('token-failed', `${functionName}: ${error.message}`);
  return new HostError(codeOf(rv, functionName), `${functionName}: ${rv}`, rv);
}

function call<T>(functionName: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toHostError(error, functionName);
  }
}

/** Text fields of fixed width are padded with spaces; some modules use NUL. */
function trimmed(text: string): string {
  return text.replace(/[\0 ]+$/, '');
}

function unsigned(handle: Handle): string {
  return Array.from(handle)
    .reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
    .toString();
}

function toTemplate(template: ObjectTemplate): pkcs11.Template {
  return [
    { type: pkcs11.CKA_CLASS, value: pkcs11[template.class] },
    ...(template.keyType ? [{ type: pkcs11.CKA_KEY_TYPE, value: pkcs11[template.keyType] }] : []),
    ...(template.id ? [{ type: pkcs11.CKA_ID, value: template.id }] : []),
  ];
}

/**
 * Loads the module at `path`.
 * @throws HostError `module-not-pkcs11`: it cannot be loaded, or exports no C_GetFunctionList.
 */
export function loadModule(path: string): Cryptoki {
  const library = new pkcs11.PKCS11();
  try {
    library.load(path);
  } catch (error) {
    throw new HostError('module-not-pkcs11', loadProblem(error));
  }
  return new Pkcs11jsCryptoki(library);
}

/** The loader's words say which library is missing or of another processor; its word for a missing export is a riddle. */
function loadProblem(error: unknown): string {
  const text = error instanceof Error ? (rvOf(error) ?? error.message) : '';
  return text.includes('C_GetFunctionList') ? 'it exports no C_GetFunctionList' : text;
}

class Pkcs11jsCryptoki implements Cryptoki {
  readonly counts = { sign: 0, login: 0 };
  readonly #library: pkcs11.PKCS11;
  /** What a native thread reads and writes now; the library itself may let it be collected. */
  readonly #inUse = new Set<Buffer>();

  constructor(library: pkcs11.PKCS11) {
    this.#library = library;
  }

  initialize(): void {
    try {
      call('C_Initialize', () => this.#library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK }));
    } catch (error) {
      if (!(error instanceof HostError) || error.rv !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error;
    }
  }

  finalize(): void {
    call('C_Finalize', () => this.#library.C_Finalize());
  }

  info(): HostModule {
    const info = call('C_GetInfo', () => this.#library.C_GetInfo());
    return { description: trimmed(info.libraryDescription), manufacturer: trimmed(info.manufacturerID) };
  }

  slots(): Handle[] {
    return call('C_GetSlotList', () => this.#library.C_GetSlotList(true));
  }

  token(slot: Handle): TokenFacts {
    const info = call('C_GetTokenInfo', () => this.#library.C_GetTokenInfo(slot));
    const has = (flag: number): boolean => (info.flags & flag) !== 0;
    const serial = trimmed(info.serialNumber);
    const { description, isRemovable } = this.#slot(slot);
    return {
      serial,
      label: trimmed(info.label),
      manufacturer: trimmed(info.manufacturerID),
      model: trimmed(info.model),
      slotId: unsigned(slot),
      slotDescription: description,
      // TPMs have no serial number either, and stay where they are.
      ...(isRemovable && /^0*$/.test(serial) ? { reader: description || unsigned(slot) } : {}),
      firmware: `${String(info.firmwareVersion.major)}.${String(info.firmwareVersion.minor)}`,
      initialised: has(pkcs11.CKF_TOKEN_INITIALIZED),
      loginRequired: has(pkcs11.CKF_LOGIN_REQUIRED),
      pinInitialised: has(pkcs11.CKF_USER_PIN_INITIALIZED),
      pinCountLow: has(pkcs11.CKF_USER_PIN_COUNT_LOW),
      pinFinalTry: has(pkcs11.CKF_USER_PIN_FINAL_TRY),
      pinLocked: has(pkcs11.CKF_USER_PIN_LOCKED),
      minPinLength: info.minPinLen,
      maxPinLength: info.maxPinLen,
    };
  }

  #slot(slot: Handle): { readonly description: string; readonly isRemovable: boolean } {
    try {
      const info = call('C_GetSlotInfo', () => this.#library.C_GetSlotInfo(slot));
      const isRemovable = (info.flags & removableDevice) !== 0;
      return { description: trimmed(info.slotDescription), isRemovable };
    } catch (error) {
      // A name is no reason to do without the token.
      if (error instanceof HostError) return { description: '', isRemovable: true };
      throw error;
    }
  }

  openSession(slot: Handle): Handle {
    return call('C_OpenSession', () => this.#library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION));
  }

  closeSession(session: Handle): void {
    call('C_CloseSession', () => this.#library.C_CloseSession(session));
  }

  isUser(session: Handle): boolean {
    const { state } = call('C_GetSessionInfo', () => this.#library.C_GetSessionInfo(session));
    return userStates.includes(state);
  }

  login(session: Handle, as: 'user' | 'context', pin: string): void {
    this.counts.login += 1;
    const userType = as === 'user' ? pkcs11.CKU_USER : pkcs11.CKU_CONTEXT_SPECIFIC;
    call('C_Login', () => this.#library.C_Login(session, userType, pin));
  }

  logout(session: Handle): void {
    call('C_Logout', () => this.#library.C_Logout(session));
  }

  find(session: Handle, template: ObjectTemplate): Handle[] {
    call('C_FindObjectsInit', () => this.#library.C_FindObjectsInit(session, toTemplate(template)));
    const found: Handle[] = [];
    try {
      for (;;) {
        const some = call('C_FindObjects', () => this.#library.C_FindObjects(session, 64));
        if (some.length === 0 || found.length > maxObjects) return found;
        found.push(...some);
      }
    } finally {
      call('C_FindObjectsFinal', () => this.#library.C_FindObjectsFinal(session));
    }
  }

  attribute(session: Handle, object: Handle, name: AttributeName): Buffer {
    const [attribute] = call('C_GetAttributeValue', () =>
      this.#library.C_GetAttributeValue(session, object, [{ type: pkcs11[name] }]),
    );
    return attribute?.value ?? Buffer.alloc(0);
  }

  signInit(session: Handle, mechanism: SignMechanism, key: Handle): void {
    call('C_SignInit', () => this.#library.C_SignInit(session, { mechanism: pkcs11[mechanism] }, key));
  }

  async sign(session: Handle, data: Buffer): Promise<Buffer> {
    this.counts.sign += 1;
    const signature = Buffer.alloc(signatureBufferBytes);
    this.#inUse.add(data).add(signature);
    try {
      return await this.#library.C_SignAsync(session, data, signature);
    } catch (error) {
      throw toHostError(error, 'C_Sign');
    } finally {
      this.#inUse.delete(data);
      this.#inUse.delete(signature);
    }
  }
}
