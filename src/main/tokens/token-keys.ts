/** Finds the key a PKCS#11 URI names, without asking anybody anything, and the certificate that goes with it. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock, Files } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { HostKeyRef, HostToken } from './host/protocol.ts';
import type { TokenContents, TokenKey } from './key-matching.ts';
import type { FoundModule, ModuleFinder } from './module-finder.ts';
import type { ModuleHost } from './module-host.ts';
import type { ModuleHosts } from './module-hosts.ts';
import type { Attempt, SignerAccount, SignerKey } from './signer.ts';
import { pickCertificate, readCertificates, type SigningCertificate } from './signing-certificate.ts';
import type { SingleFlight } from './single-flight.ts';
import { isHardware, keyUri, tokenKind, touchPolicy } from './token-info.ts';
import { TokenSigner } from './token-signer.ts';
import {
  emptyUri,
  isPkcs11Uri,
  matchesObject,
  matchesToken,
  parseUri,
  printUri,
  type Pkcs11Uri,
} from './uri.ts';

export interface TokenKeysOptions {
  readonly finder: ModuleFinder;
  readonly hosts: ModuleHosts;
  readonly files: Files;
  readonly clock: Clock;
  readonly logins: SingleFlight;
  /** What is on a token, matched. */
  readonly readContents: (host: ModuleHost, token: HostToken) => Promise<TokenContents>;
}

interface SeenToken {
  readonly host: ModuleHost;
  readonly token: HostToken;
  readonly contents: TokenContents;
}

/** What a look through a module showed: the tokens that a URI may mean, and the names of all. */
interface Look {
  readonly seen: readonly SeenToken[];
  readonly labels: readonly string[];
}

/** `key` is null where the token shows nothing of it before login. */
interface FoundKey extends SeenToken {
  readonly key: TokenKey | null;
}

export class TokenKeys {
  readonly #options: TokenKeysOptions;
  /** Which module showed a URI's key last: looked through first. */
  readonly #lastFile = new Map<string, string>();

  constructor(options: TokenKeysOptions) {
    this.#options = options;
  }

  /**
   * @throws AppError `account-invalid`, `key-ambiguous`, `module-*` but `module-missing`, `cert-missing`,
   * `cert-unreadable`, `cert-key-mismatch`, `file-unreadable`, `token-failed`.
   */
  async find(text: string, account: SignerAccount): Promise<Attempt> {
    const uri = parseUri(text);
    if (uri.type !== null && uri.type !== 'private') {
      throw new AppError('account-invalid', {
        message: `The private key’s URI says type=${uri.type}.`,
        remedy: 'Leave the type out, or say type=private.',
      });
    }
    try {
      const found = await this.#findKey(uri, account);
      return { signer: await this.#signer(found, uri, account) };
    } catch (error) {
      const absent = ['token-absent', 'key-unknown', 'module-missing'];
      if (isAppError(error) && absent.includes(error.code)) return { absent: error };
      throw error;
    }
  }

  /** @throws AppError `token-absent`, `key-unknown`, `module-missing` where the key is not there. */
  async #findKey(uri: Pkcs11Uri, account: SignerAccount): Promise<FoundKey> {
    const named = uri.modulePath ?? account.pkcs11Lib;
    if (named !== null) {
      const look = await this.#lookThrough(await this.#options.finder.trusted(named), uri);
      const found = keyIn(look.seen, uri, account);
      if (found !== null) return found;
      throw notFound(uri, [look]);
    }
    return this.#findInInstalled(uri, account);
  }

  async #findInInstalled(uri: Pkcs11Uri, account: SignerAccount): Promise<FoundKey> {
    const name = printUri(uri);
    const modules = await this.#installed(this.#lastFile.get(name));
    const { ends } = this.#options.hosts;
    const failures: AppError[] = [];
    const looks: Look[] = [];
    for (const module of modules) {
      const wasRunning = this.#options.hosts.of(module).running;
      const look = await this.#tryModule(module, uri, failures);
      const found = keyIn(look.seen, uri, account);
      if (found !== null) {
        this.#lastFile.set(name, module.file.path);
        return found;
      }
      looks.push(look);
      if (!wasRunning) this.#options.hosts.of(module).endIfUnused();
    }
    // Modules that a lock interrupted say nothing of what is plugged in.
    if (ends !== this.#options.hosts.ends) throw new AppError('pin-needed');
    const [failure] = failures;
    // A module without its device often fails; that says something only where no other answered.
    if (failure !== undefined && failures.length === modules.length) throw failure;
    throw notFound(uri, looks);
  }

  async #installed(first: string | undefined): Promise<FoundModule[]> {
    const modules = (await this.#options.finder.installed()).filter((module) => 'file' in module);
    if (modules.length === 0) {
      throw new AppError('module-missing', { message: 'No PKCS#11 module was found on this computer.' });
    }
    return modules.sort((a, b) => Number(b.file.path === first) - Number(a.file.path === first));
  }

  async #tryModule(module: FoundModule, uri: Pkcs11Uri, failures: AppError[]): Promise<Look> {
    try {
      return await this.#lookThrough(module, uri);
    } catch (error) {
      if (!isAppError(error)) throw error;
      failures.push(error);
      return { seen: [], labels: [] };
    }
  }

  /** The tokens of a module, with what is on those that the URI may mean. */
  async #lookThrough(module: FoundModule, uri: Pkcs11Uri): Promise<Look> {
    const host = this.#options.hosts.of(module);
    const isMeant = (token: HostToken): boolean => matchesToken(uri, token);
    const wasRunning = host.running;
    const known = await host.tokens(false);
    // Some modules see tokens that came later only when they are started again.
    const present = wasRunning && !known.some(isMeant) ? await host.tokens(true) : known;
    const seen: SeenToken[] = [];
    for (const token of present.filter(isMeant)) {
      try {
        seen.push({ host, token, contents: await this.#options.readContents(host, token) });
      } catch (error) {
        if (!isAppError(error, 'token-absent')) throw error; // gone meanwhile
      }
    }
    return { seen, labels: present.map(nameOf) };
  }

  async #signer(found: FoundKey, uri: Pkcs11Uri, account: SignerAccount): Promise<TokenSigner> {
    const { host, token, key } = found;
    const unusable = key?.problems.find(({ code }) => ['key-unknown', 'key-unsupported'].includes(code));
    if (unusable !== undefined) throw unusable;
    const { certificate, issuers } = await this.#certificate(found, account);
    const { keyType } = certificate;
    if (keyType === null) throw new AppError('key-unsupported');
    return new TokenSigner({
      host,
      token,
      privateKey: privateKeyRef(found, uri, keyType.type),
      key: await signerKey(found, uri),
      certificate,
      issuers,
      logins: this.#options.logins,
    });
  }

  /** The account's certificate, or the one beside the key. */
  async #certificate(found: FoundKey, account: SignerAccount): Promise<SigningCertificate> {
    const { files } = this.#options;
    const own = await this.#ownCertificate(found, account.certificate);
    const intermediates =
      account.intermediates === null ? [] : await readCertificates(files, account.intermediates);
    return { certificate: own.certificate, issuers: [...intermediates, ...own.issuers] };
  }

  async #ownCertificate({ key, host }: FoundKey, named: string | null): Promise<SigningCertificate> {
    const { files, clock } = this.#options;
    const spki = key?.spki ?? null;
    if (named === null) {
      if (key?.certificate) return { certificate: key.certificate, issuers: [] };
      throw key?.problems[0] ?? new AppError('cert-missing');
    }
    if (!isPkcs11Uri(named)) {
      return pickCertificate(await readCertificates(files, named), spki, clock.now(), named);
    }
    const certificates = await this.#certificatesAt(host, parseUri(named));
    return { ...pickCertificate(certificates, spki, clock.now(), named), issuers: [] };
  }

  /** Certificates a URI names, in the module that has the key. */
  async #certificatesAt(host: ModuleHost, uri: Pkcs11Uri): Promise<Certificate[]> {
    const tokens = (await host.tokens(false)).filter((token) => matchesToken(uri, token));
    const contents = await Promise.all(tokens.map((token) => this.#options.readContents(host, token)));
    return contents
      .flatMap(({ certificates }) => certificates)
      .filter(({ id, label }) => matchesObject(uri, { id, labels: [label] }))
      .map(({ certificate }) => certificate);
  }
}

/** Says what was looked for, in the URI's own words, and what is there. A URI that was parsed holds no PIN. */
function notFound(uri: Pkcs11Uri, looks: readonly Look[]): AppError {
  const { token, manufacturer, serial, model, slotId, id, object } = uri;
  const seen = looks.flatMap((look) => look.seen);
  if (seen.length > 0) {
    const wanted = attributesOf({ id, object });
    const where = listOf(seen.map((one) => nameOf(one.token)));
    return new AppError('key-unknown', {
      message: `No key${wanted === '' ? '' : ` with ${wanted}`} on ${where}.`,
    });
  }
  const present = listOf(looks.flatMap(({ labels }) => labels));
  const wanted = attributesOf({ token, manufacturer, serial, model, slotId });
  if (wanted === '') return new AppError('token-absent', { message: 'No token is plugged in.' });
  if (present === '') {
    return new AppError('token-absent', { message: `No token matches ${wanted}; none is plugged in.` });
  }
  return new AppError('token-absent', {
    message: `No token matches ${wanted}; plugged in: ${present}.`,
    remedy: 'Plug it in and connect again, or copy the right URI from: rolekey tokens.',
  });
}

function nameOf({ label, serial }: HostToken): string {
  return label || serial || 'a token without a name';
}

/** Each once: several modules may show one token. */
function listOf(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}

function attributesOf(some: Partial<Pkcs11Uri>): string {
  return printUri({ ...emptyUri, ...some }).slice('pkcs11:'.length);
}

/**
 * The one key the URI names; null where there is none.
 * @throws AppError `key-ambiguous`.
 */
function keyIn(seen: readonly SeenToken[], uri: Pkcs11Uri, account: SignerAccount): FoundKey | null {
  const found = seen.flatMap((token) =>
    token.contents.keys.filter((key) => matchesObject(uri, key)).map((key) => ({ ...token, key })),
  );
  const [first, second] = found;
  if (first !== undefined && second !== undefined) {
    const names = [first, second].map(({ token, key, contents }) => keyUri(token, key, contents));
    throw new AppError('key-ambiguous', {
      message: `The URI names ${String(found.length)} keys.`,
      remedy: `Name one of them exactly, such as ${names.join(' or ')}.`,
    });
  }
  return first ?? unseenKey(seen, uri, account);
}

/**
 * A private key that nothing shows before login: no public key, no certificate on the token. It is believed to be there
 * where one token is meant, the URI says which of its keys, and the account has a certificate from elsewhere.
 */
function unseenKey(seen: readonly SeenToken[], uri: Pkcs11Uri, account: SignerAccount): FoundKey | null {
  const [only, ...others] = seen;
  const isNamed = uri.id !== null || uri.object !== null;
  if (only === undefined || others.length > 0 || !isNamed || account.certificate === null) return null;
  return only.contents.privateVisible ? null : { ...only, key: null };
}

function privateKeyRef({ key, contents }: FoundKey, uri: Pkcs11Uri, type: HostKeyRef['type']): HostKeyRef {
  if (key === null) return { id: uri.id, label: uri.object, type };
  const isTwin = (other: TokenKey): boolean =>
    other !== key && other.id === key.id && other.type === key.type;
  const needsLabel = key.id === '' || contents.keys.some(isTwin);
  return {
    id: key.id === '' ? null : key.id,
    label: needsLabel ? (key.labels[0] ?? null) : null,
    type: key.type,
  };
}

async function signerKey({ host, token, key, contents }: FoundKey, uri: Pkcs11Uri): Promise<SignerKey> {
  const kind = tokenKind(await host.info(), token);
  return {
    uri: key === null ? printUri(uri) : keyUri(token, key, contents),
    token: { label: token.label, serial: token.serial },
    hardware: isHardware(kind),
    touch: touchPolicy(kind, key),
    alwaysAuthenticate: key?.alwaysAuthenticate ?? false,
  };
}
