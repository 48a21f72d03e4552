/** Reads certificates and keys of a session; what cannot be read is named and left out. */
import type { KeyInfo } from '../../../shared/model.ts';
import type { AttributeName, Cryptoki, Handle, ObjectTemplate } from './cryptoki.ts';
import { HostError } from './host-error.ts';
import type { HostCertificate, HostKey, HostKeyRef, HostObjects } from './protocol.ts';
import { ecNumbers, rsaNumbers, type PublicNumbers } from './spki.ts';

type KeyClass = 'CKO_PUBLIC_KEY' | 'CKO_PRIVATE_KEY';
const keyTypes = { EC: 'CKK_EC', RSA: 'CKK_RSA' } as const;

/** An object in a session. */
class ObjectReader {
  readonly #cryptoki: Cryptoki;
  readonly #session: Handle;
  readonly #object: Handle;

  constructor(cryptoki: Cryptoki, session: Handle, object: Handle) {
    this.#cryptoki = cryptoki;
    this.#session = session;
    this.#object = object;
  }

  bytes(name: AttributeName): Buffer {
    return this.#cryptoki.attribute(this.#session, this.#object, name);
  }

  /** Null where the object has no such attribute, or an empty one. */
  optional(name: AttributeName): Buffer | null {
    try {
      const value = this.bytes(name);
      return value.length === 0 ? null : value;
    } catch (error) {
      if (error instanceof HostError) return null;
      throw error;
    }
  }

  flag(name: AttributeName): boolean | null {
    const value = this.optional(name);
    return value === null ? null : value.some((byte) => byte !== 0);
  }

  id(): string {
    return this.optional('CKA_ID')?.toString('hex') ?? '';
  }

  label(): string {
    return trimmed(this.optional('CKA_LABEL')?.toString('utf8') ?? '');
  }
}

/** Some modules pad labels, with spaces or NUL. */
function trimmed(label: string): string {
  return label.replace(/[\0 ]+$/, '');
}

function publicNumbers(object: ObjectReader, type: KeyInfo['type']): PublicNumbers | null {
  const [first, second] =
    type === 'RSA'
      ? [object.optional('CKA_MODULUS'), object.optional('CKA_PUBLIC_EXPONENT')]
      : [object.optional('CKA_EC_PARAMS'), object.optional('CKA_EC_POINT')];
  if (first === null || second === null) return null;
  return type === 'RSA' ? rsaNumbers(first, second) : ecNumbers(first, second);
}

function readKey(object: ObjectReader, objectClass: KeyClass, type: KeyInfo['type']): HostKey {
  const numbers = publicNumbers(object, type);
  const isPrivate = objectClass === 'CKO_PRIVATE_KEY';
  return {
    id: object.id(),
    label: object.label(),
    type,
    size: numbers?.size ?? null,
    alwaysAuthenticate: isPrivate && alwaysAuthenticates(object),
    signs: isPrivate ? object.flag('CKA_SIGN') : null,
    spki: numbers?.spki.toString('base64') ?? null,
  };
}

function readCertificate(object: ObjectReader): HostCertificate {
  return {
    id: object.id(),
    label: object.label(),
    value: object.bytes('CKA_VALUE').toString('base64'),
  };
}

function alwaysAuthenticates(object: ObjectReader): boolean {
  return object.flag('CKA_ALWAYS_AUTHENTICATE') ?? false;
}

/** @param privateVisible whether the session may see private objects. */
export function readObjects(cryptoki: Cryptoki, session: Handle, privateVisible: boolean): HostObjects {
  const unreadable: string[] = [];

  const readAll = <T>(template: ObjectTemplate, what: string, read: (object: ObjectReader) => T): T[] =>
    cryptoki.find(session, template).flatMap((handle) => {
      const object = new ObjectReader(cryptoki, session, handle);
      try {
        return [read(object)];
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        unreadable.push(`${what} “${object.label()}” (id ${object.id()}): ${error.detail}`);
        return [];
      }
    });

  const readKeys = (objectClass: KeyClass, what: string): HostKey[] =>
    (['EC', 'RSA'] as const).flatMap((type) =>
      readAll({ class: objectClass, keyType: keyTypes[type] }, what, (object) =>
        readKey(object, objectClass, type),
      ),
    );

  return {
    certificates: readAll({ class: 'CKO_CERTIFICATE' }, 'certificate', readCertificate),
    publicKeys: readKeys('CKO_PUBLIC_KEY', 'public key'),
    privateKeys: privateVisible ? readKeys('CKO_PRIVATE_KEY', 'private key') : [],
    privateVisible,
    unreadable,
  };
}

export interface FoundPrivateKey {
  readonly handle: Handle;
  readonly alwaysAuthenticate: boolean;
}

/**
 * The one private key meant. Handles are never kept: they do not outlive a login on some modules.
 * @throws HostError `key-unknown`, `key-ambiguous`.
 */
export function findPrivateKey(cryptoki: Cryptoki, session: Handle, key: HostKeyRef): FoundPrivateKey {
  // A module compares labels with their padding, which no list of keys shows.
  const label = key.label === null ? null : trimmed(key.label);
  const isMeant = (handle: Handle): boolean =>
    label === null || new ObjectReader(cryptoki, session, handle).label() === label;
  const [handle, ...others] = cryptoki
    .find(session, {
      class: 'CKO_PRIVATE_KEY',
      keyType: keyTypes[key.type],
      ...(key.id === null ? {} : { id: Buffer.from(key.id, 'hex') }),
    })
    .filter(isMeant);
  const name = `private ${key.type} key “${key.label ?? ''}” (id ${key.id ?? ''})`;
  if (handle === undefined) throw new HostError('key-unknown', `no ${name}`);
  if (others.length > 0) throw new HostError('key-ambiguous', `${String(others.length + 1)} times ${name}`);
  const object = new ObjectReader(cryptoki, session, handle);
  return { handle, alwaysAuthenticate: alwaysAuthenticates(object) };
}
