/** Looks through modules for the key a PKCS#11 URI names, without asking anybody anything. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { HostToken } from './host/protocol.ts';
import type { TokenContents, TokenKey } from './key-matching.ts';
import { kindOf, type BrokenModule, type FoundModule, type ModuleFinder } from './module-finder.ts';
import type { ModuleHost } from './module-host.ts';
import type { ModuleHosts } from './module-hosts.ts';
import { isMeant } from './module-kind.ts';
import type { SignerAccount } from './signer.ts';
import { keyUri } from './token-info.ts';
import { emptyUri, matchesObject, matchesToken, parseUri, printUri, type Pkcs11Uri } from './uri.ts';

export interface KeySearchOptions {
  readonly finder: ModuleFinder;
  readonly hosts: ModuleHosts;
  /** What is on a token, matched. */
  readonly readContents: (host: ModuleHost, token: HostToken) => Promise<TokenContents>;
}

interface SeenToken {
  readonly module: FoundModule;
  readonly host: ModuleHost;
  readonly token: HostToken;
  readonly contents: TokenContents;
}

/** `key` is null where the token shows nothing of it before login. */
export interface FoundKey extends SeenToken {
  readonly key: TokenKey | null;
}

/** What a look through a module showed: the tokens that a URI may mean, and the names of all. */
interface Look {
  readonly seen: readonly SeenToken[];
  readonly labels: readonly string[];
}

/** What modules showed, and why others showed nothing. */
interface Outcome {
  readonly found: FoundKey | null;
  readonly looks: readonly Look[];
  readonly failures: readonly AppError[];
}

export class KeySearch {
  readonly #options: KeySearchOptions;
  /** Which module showed a URI's key last: looked through first. */
  readonly #lastFile = new Map<string, string>();

  constructor(options: KeySearchOptions) {
    this.#options = options;
  }

  /**
   * @throws AppError `token-absent`, `key-unknown`, `module-missing`, `tpm-*`, `platform-unsupported` where the key is not
   * there; `key-ambiguous`, other `module-*`, `pin-needed` where a lock came between, `token-failed`.
   */
  async find(uri: Pkcs11Uri, account: SignerAccount): Promise<FoundKey> {
    const named = uri.modulePath ?? account.pkcs11Lib;
    if (named === null) return this.#findInInstalled(uri, account);
    const module = await this.#options.finder.trusted(named);
    const { found, looks, failures } = await this.#findIn([module], uri, account);
    if (found !== null) return found;
    throw failures[0] ?? notFound(uri, looks);
  }

  /**
   * Where the URI's words are those of one module's tokens, the others are looked through only if it does not answer: they
   * would connect to their cards for nothing.
   */
  async #findInInstalled(uri: Pkcs11Uri, account: SignerAccount): Promise<FoundKey> {
    const { ends } = this.#options.hosts;
    const modules = await this.#installed(uri);
    const meant = modules.filter((module) => isMeant(kindOf(module), uri));
    const first = await this.#findIn(meant, uri, account);
    if (first.found !== null) return first.found;
    const others = first.looks.length > 0 ? [] : modules.filter((module) => !meant.includes(module));
    const second = await this.#findIn(others, uri, account);
    if (second.found !== null) return second.found;
    // Modules that a lock interrupted say nothing of what is plugged in.
    if (ends !== this.#options.hosts.ends) throw new AppError('pin-needed');
    const looks = [...first.looks, ...second.looks];
    // A module without its device often fails; that says something where it is meant, or where no other answered.
    if (first.looks.length === 0 && first.failures[0] !== undefined) throw first.failures[0];
    if (looks.length === 0) throw second.failures[0] ?? noModule();
    throw notFound(uri, looks);
  }

  async #installed(uri: Pkcs11Uri): Promise<readonly (FoundModule | BrokenModule)[]> {
    const modules = await this.#options.finder.installed();
    const last = this.#lastFile.get(printUri(uri));
    const isLast = (module: FoundModule | BrokenModule): boolean =>
      'file' in module && module.file.path === last;
    return modules.sort((a, b) => Number(isLast(b)) - Number(isLast(a)));
  }

  async #findIn(
    modules: readonly (FoundModule | BrokenModule)[],
    uri: Pkcs11Uri,
    account: SignerAccount,
  ): Promise<Outcome> {
    const looks: Look[] = [];
    const failures: AppError[] = [];
    const unused: ModuleHost[] = [];
    for (const module of modules) {
      if ('error' in module) {
        failures.push(module.error);
        continue;
      }
      const host = this.#options.hosts.of(module);
      const wasRunning = host.running;
      try {
        const look = await this.#lookThrough(module, uri);
        looks.push(look);
        const found = keyIn(look.seen, uri, account);
        if (found !== null) {
          this.#lastFile.set(printUri(uri), module.file.path);
          for (const other of unused) other.endIfUnused();
          return { found, looks, failures };
        }
      } catch (error) {
        if (!isAppError(error) || error.code === 'key-ambiguous') throw error;
        failures.push(await this.#options.finder.explain(module, error));
      }
      if (!wasRunning) unused.push(host);
    }
    // The token may be plugged in at any moment: somebody wants it.
    for (const host of unused) host.endSoonIfUnused();
    return { found: null, looks, failures };
  }

  /** The tokens of a module, with what is on those that the URI may mean. */
  async #lookThrough(module: FoundModule, uri: Pkcs11Uri): Promise<Look> {
    const host = this.#options.hosts.of(module);
    const isMeantToken = (token: HostToken): boolean => matchesToken(uri, token);
    const wasRunning = host.running;
    const known = await host.tokens(false);
    // Some modules see tokens that came later only when they are started again.
    const present = wasRunning && !known.some(isMeantToken) ? await host.tokens(true) : known;
    const seen: SeenToken[] = [];
    for (const token of present.filter(isMeantToken)) {
      try {
        seen.push({ module, host, token, contents: await this.#options.readContents(host, token) });
      } catch (error) {
        if (!isAppError(error, 'token-absent')) throw error; // gone meanwhile
      }
    }
    return { seen, labels: present.map(nameOf) };
  }
}

function noModule(): AppError {
  return new AppError('module-missing', { message: 'No PKCS#11 module was found on this computer.' });
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
    const namesOf = (slots: boolean): string[] =>
      [first, second].map(({ token, key, contents }) => {
        const name = keyUri(token, key, contents);
        return slots ? printUri({ ...parseUri(name), slotId: token.slotId }) : name;
      });
    const names = namesOf(false);
    if (names[0] === names[1]) {
      throw new AppError('key-ambiguous', {
        message: `The URI names ${String(found.length)} keys, on tokens that say the same of themselves.`,
        remedy: `Plug in one of them, or use their maker’s own module; else name the slot, such as ${namesOf(true).join(' or ')}.`,
      });
    }
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
