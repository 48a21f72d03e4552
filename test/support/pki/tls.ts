import { join } from 'node:path';
import { Authority } from './authority.ts';

export interface TlsIdentity {
  /** PEM, for `https.createServer`. */
  readonly key: string;
  readonly cert: string;
  /** The CA a client has to trust: PEM, and its file. */
  readonly ca: string;
  readonly caFile: string;
}

/**
 * A server certificate for 127.0.0.1, ::1 and localhost under a CA of its own, made in `directory`.
 * @param moreNames as in subjectAltName: `IP:0.0.0.0`.
 */
export function makeTlsIdentity(directory: string, ...moreNames: readonly string[]): TlsIdentity {
  const authority = Authority.root(join(directory, 'tls-ca'), { subject: '/O=Test/CN=Test TLS CA' });
  const server = authority.identity({
    name: 'server',
    subject: '/O=Test/CN=localhost',
    extensions: {
      extendedKeyUsage: 'serverAuth',
      subjectAltName: ['IP:127.0.0.1', 'IP:::1', 'DNS:localhost', ...moreNames].join(),
    },
  });
  const { pem, file } = authority.certificate;
  return { key: server.privateKeyPem, cert: server.pem, ca: pem, caFile: file };
}
