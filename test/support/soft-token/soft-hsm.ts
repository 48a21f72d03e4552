/**
 * SoftHSM with a store of its own: tokens that are born, filled, pulled out and plugged in again by command line tools,
 * independent of every line of the product. Needs softhsm2 and opensc; a call takes about 30 ms, RSA keys longer.
 * One process at a time may log in to a token: SoftHSM rewrites it on every login.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where distributions and Homebrew put the module. */
const modulePaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
];

/** Path of SoftHSM's module. @throws Error where it is not installed. */
export function softHsmModule(): string {
  const path = modulePaths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error('SoftHSM is not installed: apt-get install softhsm2');
  return path;
}

export interface ObjectName {
  /** CKA_ID, hex. */
  readonly id: string;
  /** CKA_LABEL. */
  readonly label: string;
}

export class SoftHsm {
  readonly module = softHsmModule();
  /** What a process needs to see this store and no other. */
  readonly environment: { readonly SOFTHSM2_CONF: string };
  readonly #directory: string;

  constructor(directory = mkdtempSync(join(tmpdir(), 'soft-hsm-'))) {
    this.#directory = directory;
    const tokens = join(directory, 'tokens');
    mkdirSync(tokens, { recursive: true });
    const configuration = join(directory, 'softhsm2.conf');
    writeFileSync(
      configuration,
      `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
    );
    this.environment = { SOFTHSM2_CONF: configuration };
  }

  /** A new token. */
  token(label: string, pin = '123456'): SoftToken {
    const before = new Set(this.#tokenFolders());
    const pins = ['--so-pin', '87654321', '--pin', pin];
    run('softhsm2-util', ['--init-token', '--free', '--label', label, ...pins], this.environment);
    const folder = this.#tokenFolders().find((name) => !before.has(name));
    if (folder === undefined) throw new Error(`softhsm2-util made no token “${label}”`);
    return new SoftToken(this, { label, pin, directory: join(this.#directory, 'tokens', folder) });
  }

  /** Removes every token. */
  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A file for a tool to read, in the private folder. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.#directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  #tokenFolders(): string[] {
    return readdirSync(join(this.#directory, 'tokens'));
  }
}

interface TokenOptions {
  readonly label: string;
  readonly pin: string;
  readonly directory: string;
}

export class SoftToken {
  readonly label: string;
  readonly pin: string;
  readonly #hsm: SoftHsm;
  readonly #directory: string;

  constructor(hsm: SoftHsm, { label, pin, directory }: TokenOptions) {
    this.label = label;
    this.pin = pin;
    this.#hsm = hsm;
    this.#directory = directory;
  }

  /** A key pair from outside: PKCS#8 in PEM. */
  importKey(pem: string, { id, label }: ObjectName, options: { publicKey?: boolean } = {}): void {
    const file = this.#hsm.file('key.pem', pem);
    const withPublicKey = options.publicKey === false ? ['--no-public-key'] : [];
    const name = ['--id', id, '--label', label, '--force', ...withPublicKey];
    run(
      'softhsm2-util',
      ['--import', file, '--token', this.label, '--pin', this.pin, ...name],
      this.#hsm.environment,
    );
  }

  /** A key pair made on the token. `alwaysAuthenticate`: it wants the PIN for every signature. */
  generateKey(
    type: 'EC:prime256v1' | 'EC:secp384r1' | 'EC:secp521r1' | 'rsa:2048',
    name: ObjectName,
    options: { alwaysAuthenticate?: boolean } = {},
  ): void {
    const always = options.alwaysAuthenticate === true ? ['--always-auth'] : [];
    this.#tool(['--keypairgen', '--key-type', type, ...always], name);
  }

  /** Many P-256 key pairs made on the token: CKA_ID 0000, 0001 and so on. */
  generateKeys(count: number): void {
    const program = resolve('test/support/soft-token/generate-keys.cjs');
    run(
      process.execPath,
      [program, this.#hsm.module, this.label, this.pin, String(count)],
      this.#hsm.environment,
    );
  }

  /** The public key of a key pair on the token: SubjectPublicKeyInfo, DER. */
  publicKey({ id }: Pick<ObjectName, 'id'>): Buffer {
    const file = this.#hsm.file('public.der', '');
    this.#tool(['--read-object', '--type', 'pubkey', '--output-file', file], { id });
    return readFileSync(file);
  }

  /** ECDSA over a digest by a key on the token: DER (SEC 1 ECDSA-Sig-Value). */
  signDigest(digest: Uint8Array, { id }: Pick<ObjectName, 'id'>): Buffer {
    const input = this.#hsm.file('digest', digest);
    const output = this.#hsm.file('signature', '');
    const files = ['--input-file', input, '--output-file', output];
    this.#tool(['--sign', '--mechanism', 'ECDSA', '--signature-format', 'openssl', ...files], { id });
    return readFileSync(output);
  }

  importCertificate(der: Uint8Array, name: ObjectName): void {
    const file = this.#hsm.file('certificate.der', der);
    this.#tool(['--write-object', file, '--type', 'cert'], name);
  }

  /** Spoils a certificate that is on the token, in SoftHSM's own file: no tool would import such a one. */
  damageCertificate(der: Uint8Array): void {
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      const content = readFileSync(path);
      const at = content.indexOf(der);
      if (at >= 0) writeFileSync(path, content.fill(0xff, at, at + 8));
    }
  }

  delete(type: 'cert' | 'privkey' | 'pubkey', name: Pick<ObjectName, 'id'>): void {
    this.#tool(['--delete-object', '--type', type], name);
  }

  /** Pulls the token out. */
  remove(): void {
    renameSync(this.#directory, this.#away());
  }

  /** Plugs it in again. */
  restore(): void {
    renameSync(this.#away(), this.#directory);
  }

  #away(): string {
    return this.#directory.replace(/tokens\/([^/]+)$/, 'away-$1');
  }

  #tool(action: readonly string[], { id, label }: { id: string; label?: string }): void {
    const token = ['--module', this.#hsm.module, '--token-label', this.label, '--login', '--pin', this.pin];
    const name = ['--id', id, ...(label === undefined ? [] : ['--label', label])];
    run('pkcs11-tool', [...token, ...action, ...name], this.#hsm.environment);
  }
}

function run(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): void {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}
