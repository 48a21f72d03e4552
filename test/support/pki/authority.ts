/**
 * Certificate authorities for tests, run by the openssl command line: independent of every line of the product.
 * Each authority lives in a folder of its own, as `openssl ca` wants it; calls are synchronous and take about 20 ms.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { generateKey, type KeyKind } from './keys.ts';
import { openssl } from './openssl.ts';

/** X.509v3 extensions in the words of openssl's `x509v3_config`; null leaves a default one out. */
export type Extensions = Readonly<Record<string, string | null>>;

/** Whom a certificate is for: a fresh key, a request with its proof of possession, or a bare public key (both PEM). */
export type Holder = { readonly key: KeyKind } | { readonly csr: string } | { readonly publicKey: string };

export interface CertificateOptions {
  /** Stem of the file names; unique within the authority. */
  readonly name?: string;
  /** As openssl's `-subj`: `/C=ZZ/O=Test/CN=device`. `/` is the empty subject. */
  readonly subject?: string;
  readonly holder?: Holder;
  /** Hexadecimal; counted up where absent. A leading digit above 7 sets the high bit. */
  readonly serial?: string;
  /** Neither end of the validity can be chosen for a bare public key. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Added to or replacing the defaults of the kind of certificate; `version: 1` has none at all. */
  readonly extensions?: Extensions;
  /** With which the authority signs. MD5 and RIPEMD-160 need an RSA authority. */
  readonly digest?: 'sha256' | 'sha384' | 'sha512' | 'sha224' | 'sha1' | 'md5' | 'ripemd160';
  /** Sign with RSASSA-PSS; needs an RSA authority. */
  readonly pss?: boolean;
  readonly version?: 1 | 3;
}

export interface IssuedCertificate {
  readonly pem: string;
  readonly der: Buffer;
  readonly file: string;
  /** PKCS#8 PEM and its file where the key was made here, else null. */
  readonly privateKeyPem: string | null;
  readonly privateKeyFile: string | null;
}

/** A certificate whose key was made here. */
export interface Identity extends IssuedCertificate {
  readonly privateKeyPem: string;
  readonly privateKeyFile: string;
}

export interface CrlOptions {
  readonly lastUpdate?: Date;
  readonly nextUpdate?: Date;
}

const minute = 60_000;
const day = 24 * 60 * minute;

const leafExtensions: Extensions = {
  basicConstraints: 'critical,CA:FALSE',
  keyUsage: 'critical,digitalSignature',
  extendedKeyUsage: 'clientAuth',
  subjectKeyIdentifier: 'hash',
  authorityKeyIdentifier: 'keyid',
};
const authorityExtensions: Extensions = {
  basicConstraints: 'critical,CA:TRUE',
  keyUsage: 'critical,keyCertSign,cRLSign',
  subjectKeyIdentifier: 'hash',
};

const configuration = (directory: string): string => `[ca]
default_ca = authority
[authority]
database = ${directory}/index.txt
new_certs_dir = ${directory}/issued
serial = ${directory}/serial
crlnumber = ${directory}/crlnumber
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = optional
[req]
distinguished_name = nothing
string_mask = utf8only
[nothing]
`;

/** `YYYYMMDDHHMMSSZ`, what openssl takes for a time. */
const opensslTime = (time: Date): string => time.toISOString().replace(/[-:T]|\.\d+/g, '');

export class Authority {
  readonly certificate: Identity;
  readonly #directory: string;
  #names = 0;

  private constructor(directory: string, certificate: Identity) {
    this.#directory = directory;
    this.certificate = certificate;
  }

  /** A self-signed root in `directory`, which is made and must be empty. P-256 unless `key` says otherwise. */
  static root(
    directory: string,
    options: Omit<CertificateOptions, 'holder' | 'serial' | 'version'> & { readonly key?: KeyKind } = {},
  ): Authority {
    const home = openHome(directory);
    const { privatePem } = generateKey(options.key ?? 'P-256');
    const privateKeyFile = write(home, 'ca.key', privatePem);
    const certificate = issueWithCa(home, {
      ...options,
      signer: ['-selfsign', '-keyfile', privateKeyFile],
      csr: requestFor(home, 'ca', privateKeyFile, options.subject ?? '/C=ZZ/O=Test/CN=Test Root'),
      file: join(home, 'ca.pem'),
      extensions: { ...authorityExtensions, ...options.extensions },
      notAfter: options.notAfter ?? new Date(Date.now() + 3650 * day),
    });
    return new Authority(home, { ...certificate, privateKeyPem: privatePem, privateKeyFile });
  }

  /** An authority below this one, in the folder `directory`. */
  intermediate(
    directory: string,
    options: Omit<CertificateOptions, 'holder'> & { readonly key?: KeyKind } = {},
  ): Authority {
    const home = openHome(directory);
    const certificate = this.#issueIdentity({
      subject: `/C=ZZ/O=Test/CN=Test Intermediate ${basename(home)}`,
      ...options,
      holder: { key: options.key ?? 'P-256' },
      extensions: { ...authorityExtensions, authorityKeyIdentifier: 'keyid', ...options.extensions },
      notAfter: options.notAfter ?? new Date(Date.now() + 1825 * day),
    });
    write(home, 'ca.key', certificate.privateKeyPem);
    write(home, 'ca.pem', certificate.pem);
    return new Authority(home, certificate);
  }

  /** A device's certificate with a key made here. */
  identity(
    options: Omit<CertificateOptions, 'holder'> & { readonly holder?: { readonly key: KeyKind } } = {},
  ): Identity {
    return this.#issueIdentity({ ...leafDefaults(options), holder: options.holder ?? { key: 'P-256' } });
  }

  /** A device's certificate for a key that lives elsewhere. */
  issue(
    options: CertificateOptions & { readonly holder: Exclude<Holder, { key: KeyKind }> },
  ): IssuedCertificate {
    return this.#issue({ ...leafDefaults(options), holder: options.holder });
  }

  /** Puts a certificate of this authority on the list that {@link crl} signs next. */
  revoke(certificate: IssuedCertificate): void {
    openssl(['ca', ...this.#signer(), '-revoke', certificate.file]);
  }

  /** The revocation list as of now, PEM, and its file. */
  crl(options: CrlOptions = {}): { readonly pem: string; readonly file: string } {
    const file = join(this.#directory, `crl-${String(++this.#names)}.pem`);
    openssl([
      ...['ca', ...this.#signer(), '-gencrl', '-out', file],
      ...(options.lastUpdate ? ['-crl_lastupdate', opensslTime(options.lastUpdate)] : []),
      ...(options.nextUpdate ? ['-crl_nextupdate', opensslTime(options.nextUpdate)] : []),
    ]);
    return { pem: readFileSync(file, 'utf8'), file };
  }

  #signer(): string[] {
    return [
      ...['-config', join(this.#directory, 'ca.cnf'), '-batch'],
      ...['-cert', join(this.#directory, 'ca.pem'), '-keyfile', join(this.#directory, 'ca.key')],
    ];
  }

  #issueIdentity(options: CertificateOptions & { holder: { key: KeyKind } }): Identity {
    const name = options.name ?? `certificate-${String(++this.#names)}`;
    const { privatePem } = generateKey(options.holder.key);
    const privateKeyFile = write(this.#directory, `${name}.key`, privatePem);
    const csr = readFileSync(
      requestFor(this.#directory, name, privateKeyFile, options.subject ?? '/CN=device'),
      'utf8',
    );
    return {
      ...this.#issue({ ...options, name, holder: { csr } }),
      privateKeyPem: privatePem,
      privateKeyFile,
    };
  }

  #issue(options: CertificateOptions & { holder: Exclude<Holder, { key: KeyKind }> }): IssuedCertificate {
    const name = options.name ?? `certificate-${String(++this.#names)}`;
    const file = join(this.#directory, `${name}.pem`);
    const next = nextSerial(this.#directory);
    write(this.#directory, 'serial', evenHex(options.serial ?? next));
    try {
      if ('publicKey' in options.holder)
        return this.#issueForPublicKey(options, options.holder.publicKey, file);
      const csr = write(this.#directory, `${name}.csr`, options.holder.csr);
      return issueWithCa(this.#directory, { ...options, signer: this.#signer(), csr, file });
    } finally {
      const used = options.serial === undefined ? 1n : 0n;
      write(this.#directory, 'serial', evenHex((BigInt(`0x${next}`) + used).toString(16)));
    }
  }

  /** `openssl ca` wants proof of possession; `openssl x509` takes a bare key, but its validity begins now. */
  #issueForPublicKey(options: CertificateOptions, publicKey: string, file: string): IssuedCertificate {
    if (options.notBefore !== undefined || options.notAfter !== undefined) {
      throw new Error('The validity of a certificate for a bare public key cannot be chosen.');
    }
    openssl([
      ...['x509', '-new', '-force_pubkey', write(this.#directory, 'bare-public-key.pem', publicKey)],
      ...['-subj', options.subject ?? '/CN=device', '-days', '30', `-${options.digest ?? 'sha256'}`],
      ...['-CA', join(this.#directory, 'ca.pem'), '-CAkey', join(this.#directory, 'ca.key')],
      ...['-set_serial', `0x${nextSerial(this.#directory)}`, '-out', file],
      ...extensionArguments(this.#directory, options),
      ...paddingArguments(options),
    ]);
    return readIssued(file);
  }
}

const leafDefaults = (options: CertificateOptions): CertificateOptions => ({
  subject: '/C=ZZ/O=Test/OU=Devices/CN=device',
  ...options,
  extensions: { ...leafExtensions, ...options.extensions },
});

interface CaIssue extends CertificateOptions {
  readonly signer: readonly string[];
  readonly csr: string;
  readonly file: string;
}

function issueWithCa(directory: string, options: CaIssue): IssuedCertificate {
  const now = Date.now();
  openssl([
    ...['ca', '-config', join(directory, 'ca.cnf'), '-batch', '-notext', '-preserveDN', '-utf8'],
    ...options.signer,
    ...['-in', options.csr, '-out', options.file, '-md', options.digest ?? 'sha256'],
    ...['-startdate', opensslTime(options.notBefore ?? new Date(now - 5 * minute))],
    ...['-enddate', opensslTime(options.notAfter ?? new Date(now + 30 * day))],
    ...extensionArguments(directory, options),
    ...paddingArguments(options),
  ]);
  return readIssued(options.file);
}

function readIssued(file: string): IssuedCertificate {
  const pem = readFileSync(file, 'utf8');
  return { pem, der: new X509Certificate(pem).raw, file, privateKeyPem: null, privateKeyFile: null };
}

function extensionArguments(directory: string, options: CertificateOptions): string[] {
  if (options.version === 1) return [];
  const lines = Object.entries(options.extensions ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [`${name} = ${value}\n`],
  );
  return ['-extfile', write(directory, 'extensions.cnf', lines.join(''))];
}

function paddingArguments(options: CertificateOptions): string[] {
  if (options.pss !== true) return [];
  return ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];
}

function requestFor(directory: string, name: string, keyFile: string, subject: string): string {
  const file = join(directory, `${name}.csr`);
  const config = join(directory, 'ca.cnf');
  openssl(['req', '-new', '-config', config, '-utf8', '-key', keyFile, '-subj', subject, '-out', file]);
  return file;
}

function openHome(directory: string): string {
  const home = resolve(directory);
  mkdirSync(join(home, 'issued'), { recursive: true });
  write(home, 'ca.cnf', configuration(home));
  write(home, 'index.txt', '');
  write(home, 'serial', '0FFF');
  write(home, 'crlnumber', '01');
  return home;
}

/** The serial the next certificate gets, hexadecimal. */
const nextSerial = (directory: string): string => readFileSync(join(directory, 'serial'), 'utf8').trim();

const evenHex = (hex: string): string => hex.padStart(hex.length + (hex.length % 2), '0');

function write(directory: string, name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
