import type { CertificateOptions } from './authority.ts';

const day = 24 * 60 * 60 * 1000;

/** An alternative name that is a distinguished name; openssl reads that from a section of its own. */
const directoryName = (commonName: string): string => `dirName:holder\n[holder]\nCN = ${commonName}`;

/**
 * What can be odd or wrong about a device's certificate, by name: options for `Authority.identity`.
 * `md5`, `ripemd160` and `pss` need an RSA authority. The lower half is unusual but allowed.
 */
export function deviations() {
  const now = Date.now();
  return {
    expired: { notBefore: new Date(now - 30 * day), notAfter: new Date(now - day) },
    notYetValid: { notBefore: new Date(now + day), notAfter: new Date(now + 30 * day) },
    withoutKeyUsage: { extensions: { keyUsage: null } },
    withoutDigitalSignature: { extensions: { keyUsage: 'critical,keyAgreement' } },
    authority: { extensions: { basicConstraints: 'critical,CA:TRUE' } },
    sha1: { digest: 'sha1' },
    sha224: { digest: 'sha224' },
    md5: { digest: 'md5' },
    ripemd160: { digest: 'ripemd160' },
    version1: { version: 1 },
    emptySubject: { subject: '/' },
    apostropheInSubject: { subject: "/C=ZZ/O=Test/CN=O'Neil" },
    unmappableName: { extensions: { subjectAltName: 'DNS:device.test,DNS:*.device.test' } },
    unmappableDirectoryName: { extensions: { subjectAltName: directoryName('desk (1)') } },

    sha384: { digest: 'sha384' },
    sha512: { digest: 'sha512' },
    pss: { pss: true },
    highBitSerial: { serial: 'f1000000000000000000000000000000000001' },
    twentyByteSerial: { serial: '7fffffffffffffffffffffffffffffffffffff01' },
    withoutExtendedKeyUsage: { extensions: { extendedKeyUsage: null } },
    serverAuthOnly: { extensions: { extendedKeyUsage: 'serverAuth' } },
    withoutBasicConstraints: { extensions: { basicConstraints: null } },
    withoutCommonName: { subject: '/C=ZZ/O=Test/OU=Devices' },
    repeatedUnits: { subject: '/C=ZZ/O=Test/OU=A/OU=B/CN=device' },
    directoryName: { extensions: { subjectAltName: directoryName('desk') } },
    nonAsciiSubject: { subject: '/C=ZZ/O=Tést/CN=Žofie 日本' },
  } as const satisfies Record<string, CertificateOptions>;
}
