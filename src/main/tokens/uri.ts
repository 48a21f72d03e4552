/**
 * PKCS#11 URIs (RFC 7512), as far as Rolekey takes them: what names a token and an object, and `module-path`.
 * A PIN in a URI would end up in files and process lists, so `pin-value` and `pin-source` are refused.
 */
import { AppError } from '../../shared/errors.ts';
import type { TokenRef } from './host/protocol.ts';

/** The attributes, decoded; null where the URI says nothing, which matches everything. */
export interface Pkcs11Uri {
  readonly token: string | null;
  readonly manufacturer: string | null;
  readonly serial: string | null;
  readonly model: string | null;
  /** CK_SLOT_ID, decimal without leading zeros. */
  readonly slotId: string | null;
  /** CKA_ID, lower-case hex. */
  readonly id: string | null;
  /** CKA_LABEL. */
  readonly object: string | null;
  readonly type: ObjectType | null;
  /** Absolute path of a PKCS#11 module. */
  readonly modulePath: string | null;
}

const objectTypes = ['public', 'private', 'cert', 'secret-key', 'data'] as const;
export type ObjectType = (typeof objectTypes)[number];

export const emptyUri: Pkcs11Uri = {
  token: null,
  manufacturer: null,
  serial: null,
  model: null,
  slotId: null,
  id: null,
  object: null,
  type: null,
  modulePath: null,
};

/** Path attributes in the order they are printed. */
const pathAttributes = {
  token: 'token',
  manufacturer: 'manufacturer',
  serial: 'serial',
  model: 'model',
  'slot-id': 'slotId',
  id: 'id',
  object: 'object',
  type: 'type',
} as const satisfies Record<string, keyof Pkcs11Uri>;

const queryAttributes = { 'module-path': 'modulePath' } as const satisfies Record<string, keyof Pkcs11Uri>;

/** RFC 7512, 2.3: what may stand unencoded in a value of the path (pk11-pchar) and of the query (pk11-qchar). */
const rawInPath = /^[A-Za-z0-9\-._~:[\]@!$'()*+,=&]$/;
const rawInQuery = /^[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|]$/;

function invalid(problem: string): AppError {
  return new AppError('account-invalid', {
    message: `The PKCS#11 URI is not valid: ${problem}.`,
    remedy: 'Copy the key’s URI from: rolekey tokens.',
  });
}

/** Whether a text, URI or not, seems to hold a PIN the way RFC 7512 writes one. */
export function mentionsPin(text: string): boolean {
  return /pin-(value|source)/i.test(text);
}

/** Whether a KEY of the command line means a PKCS#11 URI. The scheme's case does not matter (RFC 3986, 3.1). */
export function isPkcs11Uri(text: string): boolean {
  return /^pkcs11:/i.test(text);
}

/**
 * Reads a URI.
 * @throws AppError `account-invalid`: not of RFC 7512's form, an attribute twice, one that Rolekey does not take. The
 * message names the attribute and never its value.
 */
export function parseUri(text: string): Pkcs11Uri {
  if (!isPkcs11Uri(text)) throw invalid('it does not begin with pkcs11:');
  const rest = text.slice('pkcs11:'.length);
  const queryAt = rest.indexOf('?');
  const path = queryAt < 0 ? rest : rest.slice(0, queryAt);
  const query = queryAt < 0 ? null : rest.slice(queryAt + 1);
  const uri: Partial<Record<keyof Pkcs11Uri, string>> = {};

  const take = (part: string, known: Readonly<Record<string, keyof Pkcs11Uri>>, raw: RegExp): void => {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    // A name is shown only where it cannot be somebody's PIN, wrongly quoted.
    if (field === undefined) throw invalid(refusal(name, equals >= 0));
    if (equals < 0) throw invalid(`“${name}” has no value`);
    if (uri[field] !== undefined) throw invalid(`“${name}” stands twice`);
    uri[field] = readValue(name, decode(name, part.slice(equals + 1), raw));
  };

  if (path !== '') for (const part of path.split(';')) take(part, pathAttributes, rawInPath);
  if (query) for (const part of query.split('&')) take(part, queryAttributes, rawInQuery);
  return { ...emptyUri, ...uri } as Pkcs11Uri;
}

/** @param isNamed whether a value stands behind it. */
function refusal(name: string, isNamed: boolean): string {
  if (name === 'pin-value' || name === 'pin-source')
    return `“${name}” is refused, since a PIN is only ever typed`;
  if (isNamed && /^[a-z-]{1,32}$/.test(name))
    return `“${name}” is not an attribute Rolekey knows at this place`;
  return 'it has an attribute Rolekey does not know';
}

function decode(name: string, value: string, raw: RegExp): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < value.length;) {
    const character = value.charAt(at);
    const encoded = /^%([0-9A-Fa-f]{2})/.exec(value.slice(at, at + 3))?.[1];
    if (encoded === undefined && !raw.test(character)) {
      throw invalid(
        `“${name}” holds a character that must be percent-encoded, at its place ${String(at + 1)}`,
      );
    }
    bytes.push(encoded === undefined ? character.charCodeAt(0) : parseInt(encoded, 16));
    at += encoded === undefined ? 1 : 3;
  }
  return Uint8Array.from(bytes);
}

function readValue(name: string, bytes: Uint8Array): string {
  if (name === 'id') return Buffer.from(bytes).toString('hex');
  const text = utf8(name, bytes);
  // Glued on with the wrong separator, a PIN would be kept as part of the value.
  if (mentionsPin(text)) throw invalid(refusal('pin-value', true));
  if (name === 'type' && !(objectTypes as readonly string[]).includes(text)) {
    throw invalid(`“type” must be one of ${objectTypes.join(', ')}`);
  }
  if (name === 'slot-id') {
    if (!/^\d{1,20}$/.test(text)) throw invalid('“slot-id” must be a decimal number');
    return BigInt(text).toString();
  }
  return text;
}

function utf8(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(`“${name}” is not UTF-8`);
  }
}

/** Prints a URI; `parseUri` reads the same attributes back. */
export function printUri(uri: Pkcs11Uri): string {
  const print = (known: Readonly<Record<string, keyof Pkcs11Uri>>, raw: RegExp): string[] =>
    Object.entries(known).flatMap(([name, field]) => {
      const value = uri[field];
      if (value === null) return [];
      // RFC 7512, 2.3: all of an id should be encoded, since it is arbitrary bytes.
      return name === 'id'
        ? [`id=${value.toUpperCase().replace(/../g, '%$&')}`]
        : [`${name}=${encode(value, raw)}`];
    });
  const query = print(queryAttributes, rawInQuery).join('&');
  return `pkcs11:${print(pathAttributes, rawInPath).join(';')}${query && `?${query}`}`;
}

function encode(value: string, raw: RegExp): string {
  return Array.from(Buffer.from(value, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return raw.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** A token as far as a URI can tell it from others. */
export type UriToken = TokenRef & { readonly slotId: string };

export function matchesToken(uri: Pkcs11Uri, token: UriToken): boolean {
  return (
    says(uri.token, token.label) &&
    says(uri.manufacturer, token.manufacturer) &&
    says(uri.serial, token.serial) &&
    says(uri.model, token.model) &&
    says(uri.slotId, token.slotId)
  );
}

/**
 * An object as far as a URI can tell it from others. A key is several objects on its token (private and public key,
 * certificate), each with a label.
 */
export interface UriObject {
  /** CKA_ID, lower-case hex. */
  readonly id: string;
  readonly labels: readonly string[];
}

export function matchesObject(uri: Pkcs11Uri, object: UriObject): boolean {
  return says(uri.id, object.id) && (uri.object === null || object.labels.includes(uri.object));
}

/** RFC 7512, 2.6: an attribute that is not there matches everything; one that is there is compared byte by byte. */
function says(wanted: string | null, actual: string): boolean {
  return wanted === null || wanted === actual;
}
