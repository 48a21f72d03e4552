/**
 * A TPM 2.0 of a test's own (swtpm behind tpm2-abrmd) with a store of tpm2-pkcs11: tokens that are born and filled by
 * the command line tools, independent of every line of the product. Needs swtpm, tpm2-abrmd, tpm2-tools,
 * libtpm2-pkcs11-tools and opensc; starting takes about a second, as does every call of tpm2_ptool.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TpmProcesses } from './tpm-processes.ts';

/** Where distributions put the module. */
const modulePaths = [
  '/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so',
  '/usr/lib/aarch64-linux-gnu/pkcs11/libtpm2_pkcs11.so',
  '/usr/lib64/pkcs11/libtpm2_pkcs11.so',
  '/usr/lib/pkcs11/libtpm2_pkcs11.so',
];

/** Path of tpm2-pkcs11's module. @throws Error where it is not installed. */
export function tpmModule(): string {
  const path = modulePaths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error('tpm2-pkcs11 is not installed: apt-get install libtpm2-pkcs11-1');
  return path;
}

export interface ObjectName {
  /** CKA_ID, hex; bytes of ASCII only, since tpm2_ptool takes it as text. */
  readonly id: string;
  /** CKA_LABEL. */
  readonly label: string;
}

const algorithms = { 'P-256': 'ecc256', 'P-384': 'ecc384', 'RSA-2048': 'rsa2048' } as const;

export type TpmKeyKind = keyof typeof algorithms;

export class Tpm {
  readonly module = tpmModule();
  readonly #directory: string;
  readonly #processes: TpmProcesses;

  private constructor(directory: string, processes: TpmProcesses) {
    this.#directory = directory;
    this.#processes = processes;
  }

  static async create(): Promise<Tpm> {
    const directory = mkdtempSync(join(tmpdir(), 'tpm-'));
    try {
      const tpm = new Tpm(directory, await TpmProcesses.start(directory));
      mkdirSync(tpm.store);
      return tpm;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The folder of tpm2-pkcs11's store; empty until the first token. */
  get store(): string {
    return join(this.#directory, 'store');
  }

  /** What a process needs to see this TPM and this store and no other. */
  get environment(): Readonly<Record<string, string>> {
    return { ...this.#processes.environment, TPM2_PKCS11_STORE: this.store, TSS2_LOG: 'all+none' };
  }

  /** A new token in the store. The count of wrong PINs is the TPM's, common to all of them. */
  token(label: string, pin = '123456'): TpmToken {
    if (!existsSync(join(this.store, 'tpm2_pkcs11.sqlite3'))) this.ptool(['init']);
    this.ptool(['addtoken', '--pid', '1', '--label', label, '--userpin', pin, '--sopin', '87654321']);
    return new TpmToken(this, { label, pin });
  }

  /** The TPM takes what it is asked and answers nothing, until it is stopped. */
  pause(): void {
    this.#processes.pause();
  }

  /** The TPM goes away, as one whose driver died: processes that use it keep what they have and get no answer. */
  stop(): Promise<void> {
    return this.#processes.powerOff();
  }

  /** It is there again, with all that was in it. */
  start(): Promise<void> {
    return this.#processes.powerOn();
  }

  /** Gives the tries of all PINs back, as its owner may. */
  clearLockout(): void {
    this.run('tpm2_dictionarylockout', ['--clear-lockout']);
  }

  /** How many wrong PINs the TPM has counted. */
  wrongPins(): number {
    const properties = this.run('tpm2_getcap', ['properties-variable']);
    return Number(/TPM2_PT_LOCKOUT_COUNTER:\s*(\w+)/.exec(properties)?.[1]);
  }

  /** Of what runs for it. */
  get processIds(): readonly number[] {
    return this.#processes.ids;
  }

  /** Ends every process and removes what they wrote. */
  async dispose(): Promise<void> {
    await this.#processes.end();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** @returns what tpm2_ptool printed. */
  ptool([command = '', ...options]: readonly string[]): string {
    return this.run('tpm2_ptool', [command, '--path', this.store, ...options]);
  }

  /** A file for a tool to read or write, in the private folder. */
  file(name: string, content: string | Uint8Array = ''): string {
    const path = join(this.#directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** @returns what the tool printed. @throws Error where it fails. */
  run(command: string, args: readonly string[]): string {
    const { error, status, stderr, stdout } = spawnSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, ...this.environment },
    });
    if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`);
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
    return stdout;
  }
}

export class TpmToken {
  readonly label: string;
  readonly pin: string;
  readonly #tpm: Tpm;

  constructor(tpm: Tpm, { label, pin }: { readonly label: string; readonly pin: string }) {
    this.label = label;
    this.pin = pin;
    this.#tpm = tpm;
  }

  /** A key pair made in the TPM, which it never leaves. `alwaysAuthenticate`: it wants the PIN for every signature. */
  generateKey(
    kind: TpmKeyKind,
    { id, label }: ObjectName,
    options: { readonly alwaysAuthenticate?: boolean } = {},
  ): void {
    const always = options.alwaysAuthenticate === true ? ['--attr-always-authenticate'] : [];
    this.#tpm.ptool([
      ...['addkey', '--label', this.label, '--userpin', this.pin, '--algorithm', algorithms[kind]],
      ...['--key-label', label, `--id=${Buffer.from(id, 'hex').toString('ascii')}`, ...always],
    ]);
  }

  /** The public key of a key pair: SubjectPublicKeyInfo, PEM. */
  publicKey({ id }: Pick<ObjectName, 'id'>): string {
    const list = this.#tpm.ptool(['listobjects', '--label', this.label]);
    const found = list
      .split(/^- /m)
      .find((object) => object.includes('CKO_PUBLIC_KEY') && object.includes(`- '${id}'`));
    const number = /^ {2}id: (\d+)$/m.exec(found ?? '')?.[1];
    if (number === undefined) throw new Error(`no public key ${id} on ${this.label}:\n${list}`);
    const file = this.#tpm.file('public.pem');
    this.#tpm.ptool(['export', '--id', number, '--output-prefix', file.replace(/\.pem$/, '')]);
    return readFileSync(file, 'utf8');
  }

  /** A certificate, PEM, beside the key of that name. */
  addCertificate(pem: string, { id }: Pick<ObjectName, 'id'>): void {
    const file = this.#tpm.file('certificate.pem', pem);
    this.#tpm.ptool(['addcert', '--label', this.label, '--key-id', id, file]);
  }

  /** Logs in with OpenSC's tool, as another program would. Whether the PIN was taken. */
  login(pin: string): boolean {
    try {
      this.#pkcs11(['--login', '--pin', pin, '--list-objects']);
      return true;
    } catch {
      return false;
    }
  }

  #pkcs11(action: readonly string[]): void {
    this.#tpm.run('pkcs11-tool', ['--module', this.#tpm.module, '--token-label', this.label, ...action]);
  }
}
