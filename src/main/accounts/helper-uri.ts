/** PKCS#11 URIs of `aws_signing_helper` lines, brought to what Rolekey takes. */
import { mentionsPin } from '../tokens/uri.ts';
import type { DroppedFlag } from './helper-flags.ts';

const pathAttributes = ['token', 'manufacturer', 'serial', 'model', 'slot-id', 'id', 'object', 'type'];

const reasons: Readonly<Record<string, string>> = {
  'pin-value': 'a PIN is asked for when it is needed and never stored; it was not kept',
  'pin-source': 'a PIN is asked for when it is needed and never read from elsewhere',
  'module-path': 'an import brings no module that is not on the built-in list',
};

export interface ImportedUri {
  readonly uri: string;
  /** Attributes left out, by name. */
  readonly dropped: readonly DroppedFlag[];
}

/**
 * A URI without the attributes Rolekey does not take, and with raw characters encoded that RFC 7512 wants encoded (the
 * helper takes a space as it is). Whether the rest is a URI is for `parseUri` to say.
 */
export function importUri(text: string, isBuiltInModule: (path: string) => boolean): ImportedUri {
  const [, path = '', query = ''] = /^pkcs11:([^?]*)\??([^]*)$/i.exec(text) ?? [];
  const dropped: DroppedFlag[] = [];
  const keep = (attributes: string[], isKept: (name: string, value: string) => boolean): string[] =>
    attributes.filter((attribute) => {
      const [, name = '', value = ''] = /^([^=]*)=?([^]*)$/.exec(attribute) ?? [];
      if (attribute === '') return false;
      // A PIN glued on with the wrong separator would else be kept as part of a value.
      const holdsPin = mentionsPin(value);
      if (!holdsPin && isKept(name, value)) return true;
      dropped.push(droppedAttribute(holdsPin ? 'pin-value' : name));
      return false;
    });
  const kept = keep(path.split(';'), (name) => pathAttributes.includes(name));
  const asked = keep(
    query.split('&'),
    (name, value) => name === 'module-path' && isBuiltInModule(decoded(value)),
  );
  return { uri: assemble(kept, asked), dropped };
}

/** The URI of the key a certificate belongs to: its own, for any kind of object. */
export function uriOfKeyBeside(certificate: string): string {
  return certificate.replace(/([:;])type=[^;?]*;?/g, '$1').replace(/;(?=\?|$)/, '');
}

function assemble(path: string[], query: string[]): string {
  const text = `pkcs11:${path.join(';')}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  return text.replace(/[^A-Za-z0-9\-._~:;[\]@!$'()*+,=&?/%]/gu, percentEncoded);
}

function percentEncoded(character: string): string {
  return Array.from(
    Buffer.from(character),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** Empty where the encoding is broken: no module has that path. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

/** Only names that RFC 7512 knows are shown: what else stands there may be a piece of a PIN. */
function droppedAttribute(name: string): DroppedFlag {
  const known = /^(pin-(value|source)|module-(path|name)|slot-[a-z]+|library-[a-z]+|x-[a-z-]+)$/.test(name);
  return {
    flag: known ? name : '(unknown attribute)',
    reason: reasons[name] ?? 'Rolekey does not tell keys apart by it',
  };
}
