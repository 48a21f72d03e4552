/** Who the session is: what IAM Roles Anywhere makes of a certificate's names. User guide, "Trust model". */
import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { nameValue, type Name } from './names.ts';

/** A value STS takes as a session tag. */
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** Lower-case hex of whole bytes. */
function serialHex({ serial }: Certificate): string {
  const hex = serial.toString(16);
  return hex.padStart(hex.length + (hex.length % 2), '0');
}

/** The name a session gets where the request names none. */
export const defaultSessionName = serialHex;

export function sourceIdentity(certificate: Certificate): string {
  const name = nameValue(certificate.subject, 'CN');
  if (name === null) return `ID=${serialHex(certificate)}`;
  return name.length <= 61 ? `CN=${name}` : name;
}

/** The session tags of the default attribute mappings, with the short label AWS's message uses for each. */
interface Tag {
  readonly group: 'Issuer' | 'Subject' | 'SAN';
  readonly label: string;
  readonly key: string;
  readonly value: string;
}

function tagsOf(certificate: Certificate): Tag[] {
  const { dns, uri, directory } = certificate.alternativeNames;
  const of = (group: Tag['group'], prefix: string, name: Name, labelPrefix = ''): Tag[] =>
    [...new Set(name.attributes.map(({ type }) => type))].map((type) => ({
      group,
      label: labelPrefix + type,
      key: `${prefix}/${type}`,
      value: nameValue(name, type)!,
    }));
  const listed = (kind: string, values: readonly string[]): Tag[] =>
    values.map((value, index) => {
      const label = index === 0 ? kind : `${kind}/${String(index + 1)}`;
      return { group: 'SAN', label, key: `x509SAN/${label}`, value };
    });
  return [
    ...of('Issuer', 'x509Issuer', certificate.issuer),
    ...of('Subject', 'x509Subject', certificate.subject),
    ...listed('DNS', dns),
    ...listed('URI', uri),
    ...(directory[0] === undefined ? [] : of('SAN', 'x509SAN/Name', directory[0], 'Name/')),
  ];
}

/** Keys such as `x509Subject/CN` and their values, as a role's trust policy sees them. */
export const sessionTags = (certificate: Certificate): Map<string, string> =>
  new Map(tagsOf(certificate).map(({ key, value }) => [key, value]));

/** AWS's sentence on the attributes that STS cannot carry as session tags; null where it can carry all. */
export function unmappable(certificate: Certificate): string | null {
  const bad = tagsOf(certificate).filter(({ value }) => !tagValue.test(value));
  if (bad.length === 0) return null;
  const labels = (group: Tag['group']): string =>
    `${group}: [ ${bad
      .filter((tag) => tag.group === group)
      .map(({ label }) => label)
      .join(', ')} ]`;
  return `Some attributes failed to be mapped into session tags. ${labels('Issuer')}; ${labels('Subject')}; ${labels('SAN')}`;
}

/** Percentage of a packed session policy of 2,048 bytes that the tags take; an estimate, AWS publishes no formula. */
export function packedPolicySize(certificate: Certificate): number {
  const bytes = tagsOf(certificate).reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return Math.ceil((bytes * 100) / 2048);
}

/** An identifier like a UUID, the same for the same text. */
export function stableUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
