/** Certificate revocation lists, RFC 5280 section 5.1. */
import { verify } from 'node:crypto';
import { signatureHashOf, type Certificate } from './certificate.ts';
import { bitString, context, DerReader, integer, readDer, tags } from './der.ts';
import { readName, type Name } from './names.ts';

export interface Crl {
  readonly issuer: Name;
  readonly revoked: ReadonlySet<bigint>;
  /** Whether the holder of this certificate's key signed the list. */
  signedBy(authority: Certificate): boolean;
}

/** @throws Error or DerError where the text is not one PEM block `X509 CRL`. */
export function parsePemCrl(pem: string): Crl {
  const block = /^-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----\s*$/.exec(pem);
  if (block?.[1] === undefined) throw new Error('one PEM block "X509 CRL" expected');
  return parseCrl(Buffer.from(block[1], 'base64'));
}

function parseCrl(der: Buffer): Crl {
  const outer = new DerReader(readDer(der, tags.sequence).content);
  const signed = outer.next(tags.sequence);
  const algorithm = outer.next(tags.sequence);
  const signature = bitString(outer.next(tags.bitString));
  outer.end();

  const body = new DerReader(signed.content);
  body.optional(tags.integer);
  body.next(tags.sequence);
  const issuer = readName(body.next(tags.sequence));
  while ((body.optional(tags.utcTime) ?? body.optional(tags.generalizedTime)) !== null);
  const revoked = new Set<bigint>();
  for (const entry of new DerReader(body.optional(tags.sequence)?.content ?? Buffer.alloc(0)).rest()) {
    revoked.add(integer(new DerReader(entry.content).next(tags.integer)));
  }
  body.optional(context(0));
  body.end();

  const hash = signatureHashOf(algorithm);
  return {
    issuer,
    revoked,
    signedBy: ({ publicKey }) => hash !== null && verify(hash, signed.bytes, publicKey, signature),
  };
}
