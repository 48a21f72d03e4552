/** A token service over scripted modules. */
import { tokenName, type TokenRef } from '../../../src/main/tokens/host/protocol.ts';
import type { RememberedToken } from '../../../src/main/tokens/remembered-pins.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Problem } from '../../../src/shared/model.ts';
import { FakeSecretStore } from '../../support/fakes/secret-store.ts';
import type { Files, ModuleFiles } from '../../../src/main/ports.ts';
import { createTokenService, type TokenService } from '../../../src/main/tokens/token-service.ts';
import type { PathLook } from '../../../src/main/tokens/tpm-setup.ts';
import type { SignerAccount } from '../../../src/main/tokens/signer.ts';
import { makeCertificate, type Made, type Recipe } from '../roles-anywhere/make-certificate.ts';
import { fastClock, filesOf, noSshAgent, silentLog } from './doubles.ts';
import {
  certificateObject,
  keyPairObjects,
  ScriptedCryptoki,
  scriptedHosts,
  ScriptedToken,
} from './scripted-cryptoki.ts';

/** On the built-in list, in its order. */
export const builtIn = {
  yubico: '/usr/lib/x86_64-linux-gnu/libykcs11.so',
  tpm: '/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so',
  opensc: '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
  softhsm: '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
} as const;

export interface World {
  readonly service: TokenService;
  /** The module at each path that was loaded, the latest of several. */
  readonly loaded: Map<string, ScriptedCryptoki>;
  /** Paths in the order they were loaded, again after each end of a host. */
  readonly loads: string[];
  readonly confirmed: Set<string>;
  /** Content of module files by path: changes their SHA-256. */
  readonly contents: Map<string, string>;
}

/** A keyring, and which tokens' PINs are in it. */
export class FakeRemembered {
  readonly store = new FakeSecretStore();
  readonly listed = new Map<string, RememberedToken>();
  /** What was told, in order. */
  readonly told: Problem[] = [];
  /** Thrown by what writes the list, until it is taken away. */
  writeFailure: Error | null = null;
  readonly tokens = {
    list: () => [...this.listed.values()],
    put: (token: RememberedToken) => {
      if (this.writeFailure !== null) throw this.writeFailure;
      this.listed.set(tokenName(token), token);
    },
    delete: (token: TokenRef) => {
      if (this.writeFailure !== null) throw this.writeFailure;
      this.listed.delete(tokenName(token));
    },
  };
  readonly tell = (problem: Problem): void => void this.told.push(problem);

  /** What is in the keyring, whatever it is called. */
  get pins(): string[] {
    return [...this.store.secrets.values()];
  }
}

export interface WorldOptions {
  /** Tokens by module path; a module whose tokens are an error fails to initialise with it. */
  readonly modules: Readonly<Record<string, ScriptedToken[] | Error>>;
  readonly files?: Files;
  /** What paths are; one that is not here does not exist. */
  readonly looks?: Readonly<Record<string, PathLook>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly remembered?: FakeRemembered;
}

export function createWorld(options: WorldOptions): World {
  const { modules, files = filesOf({}), looks, environment, remembered } = options;
  const loaded = new Map<string, ScriptedCryptoki>();
  const loads: string[] = [];
  const confirmed = new Set<string>();
  const contents = new Map<string, string>();
  const sha256 = (path: string): string =>
    Buffer.from(contents.get(path) ?? '')
      .toString('hex')
      .padEnd(64, '0');
  const moduleFiles: ModuleFiles = {
    inspect: async (path) => {
      if (!(path in modules)) throw new AppError('module-missing');
      return { path, sha256: sha256(path), unsafe: path.includes('unsafe') ? 'anybody can write it' : null };
    },
    configurations: async () => [],
    look: async (path) => looks?.[path] ?? { exists: false, usable: false, group: null, members: [] },
  };
  const service = createTokenService({
    hosts: scriptedHosts((path) => {
      const tokens = modules[path]!;
      const cryptoki = new ScriptedCryptoki(Array.isArray(tokens) ? tokens : []);
      cryptoki.before = (name) => {
        if (tokens instanceof Error && name === 'C_Initialize') throw tokens;
      };
      loads.push(path);
      loaded.set(path, cryptoki);
      return cryptoki;
    }),
    moduleFiles,
    sshAgent: noSshAgent,
    confirmedModules: {
      has: (path, hash) => confirmed.has(`${path} ${hash}`),
      knows: (path) => Array.from(confirmed).some((one) => one.startsWith(`${path} `)),
      paths: () => Array.from(confirmed, (one) => one.split(' ')[0]!),
      add: (path, hash) => confirmed.add(`${path} ${hash}`),
    },
    files,
    clock: fastClock(),
    log: silentLog,
    computer: { platform: 'linux', arch: 'x64' },
    environment: environment ?? {},
    ...(remembered === undefined ? {} : { remembered }),
  });
  return { service, loaded, loads, confirmed, contents };
}

export interface Device extends Made {
  readonly token: ScriptedToken;
}

/** A token with one key and its certificate, both with CKA_ID 01. */
export async function makeDevice(
  label: string,
  options: { recipe?: Partial<Recipe>; maxTries?: number; alwaysAuthenticate?: boolean } = {},
): Promise<Device> {
  const made = await makeCertificate({ subject: `CN=${label}`, ...options.recipe });
  const name = { id: '01', label: 'key' };
  const { alwaysAuthenticate = false, maxTries = 3 } = options;
  const objects = [
    ...keyPairObjects(made.privateKey, { ...name, alwaysAuthenticate }),
    certificateObject(made.certificate.der, name),
  ];
  return { ...made, token: new ScriptedToken({ label, maxTries, objects }) };
}

export function account(...keys: string[]): SignerAccount {
  return { keys, certificate: null, intermediates: null, pkcs11Lib: null };
}

export function pem(made: Made): string {
  const base64 = Buffer.from(made.certificate.der).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

export function keyPem(made: Made): string {
  return made.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}
