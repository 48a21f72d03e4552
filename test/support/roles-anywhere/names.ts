import { DerReader, oid, tags, text, type Der } from './der.ts';

export interface NameAttribute {
  /** Short name as session tags use it (`CN`, `OU` ...), or the dotted OID of a rarer one. */
  readonly type: string;
  readonly value: string;
}

/** A distinguished name: its attributes in certificate order, and the DER by which names are compared. */
export interface Name {
  readonly der: Buffer;
  readonly attributes: readonly NameAttribute[];
}

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'GN',
  '2.5.4.46': 'dnQualifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

/** Name ::= RDNSequence (RFC 5280 section 4.1.2.4). */
export function readName(value: Der): Name {
  const attributes: NameAttribute[] = [];
  for (const set of new DerReader(value.content).rest()) {
    for (const pair of new DerReader(set.content).rest()) {
      const reader = new DerReader(pair.content);
      const type = oid(reader.next(tags.oid));
      attributes.push({ type: shortNames[type] ?? type, value: text(reader.next()) });
      reader.end();
    }
  }
  return { der: value.bytes, attributes };
}

/** The values of one attribute type, joined by `/` in certificate order as session tags carry them; null without any. */
export function nameValue(name: Name, type: string): string | null {
  const values = name.attributes.filter((attribute) => attribute.type === type).map(({ value }) => value);
  return values.length === 0 ? null : values.join('/');
}
