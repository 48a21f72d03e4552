/** Looks through modules for the key a PKCS#11 URI names, without asking anybody anything. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { HostToken } from './host/protocol.ts';
import type { TokenContents, TokenKey } from './key-matching.ts';
import { nameOf, noModule, notFound } from './key-not-found.ts';
import { kindOf, type BrokenModule, type FoundModule, type ModuleFinder } from './module-finder.ts';
import type { ModuleHost } from './module-host.ts';
import type { ModuleHosts } from './module-hosts.ts';
import { isMeant } from './module-kind.ts';
import { isSameKey, isSameToken } from './same-token.ts';
import type { SignerAccount } from './signer.ts';
import { keyUri } from './token-info.ts';
import { matchesObject, matchesToken, parseUri, printUri, type Pkcs11Uri } from './uri.ts';

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
  /** At most one of each module. */
  readonly found: readonly FoundKey[];
  readonly looks: readonly Look[];
  readonly failures: readonly AppError[];
}

const nothing: Outcome = { found: [], looks: [], failures: [] };

type Modules = readonly (FoundModule | BrokenModule)[];

/** A search that is under way. */
interface Search {
  readonly uri: Pkcs11Uri;
  readonly account: SignerAccount;
  /** Hosts it started. */
  readonly started: ModuleHost[];
}

export class KeySearch {
  readonly #options: KeySearchOptions;
  /** What a URI was found to name, and no other: as long as its module shows that key, no other is looked through. */
  readonly #last = new Map<string, FoundKey>();

  constructor(options: KeySearchOptions) {
    this.#options = options;
  }

  /**
   * @throws AppError `token-absent`, `key-unknown`, `module-missing`, `tpm-*`, `platform-unsupported` where the key is not
   * there; `key-ambiguous`, other `module-*`, `pin-needed` where a lock came between, `token-failed`.
   */
  async find(uri: Pkcs11Uri, account: SignerAccount): Promise<FoundKey> {
    const search: Search = { uri, account, started: [] };
    const named = uri.modulePath ?? account.pkcs11Lib;
    let found: FoundKey | null = null;
    try {
      found = named === null ? await this.#findInInstalled(search) : await this.#findInNamed(named, search);
      return found;
    } finally {
      for (const host of search.started) {
        // The token may be plugged in at any moment: somebody wants it.
        if (found === null) host.endSoonIfUnused();
        else if (host !== found.host) host.endIfUnused();
      }
    }
  }

  async #findInNamed(path: string, search: Search): Promise<FoundKey> {
    const module = await this.#options.finder.trusted(path);
    const { found, looks, failures } = await this.#findIn([module], search);
    if (found[0] !== undefined) return found[0];
    throw failures[0] ?? notFound(search.uri, looks);
  }

  /**
   * Where the URI's words are those of one module's tokens, the others are looked through only if it does not answer: they
   * would connect to their cards for nothing. Else all are, since another may show another key the URI names.
   */
  async #findInInstalled(search: Search): Promise<FoundKey> {
    const { uri } = search;
    const { ends } = this.#options.hosts;
    const modules = await this.#options.finder.installed();
    const last = this.#last.get(printUri(uri));
    const inLast = modules.filter((one) => 'file' in one && one.file.path === last?.module.file.path);
    const again = await this.#findIn(inLast, search);
    const still = again.found.find((found) => last !== undefined && isSameFound(found, last));
    if (still !== undefined) return still;

    const isOfMeant = (module: FoundModule | BrokenModule): boolean => isMeant(kindOf(module), uri);
    const lastIsMeant = inLast.some(isOfMeant);
    const left = modules.filter((module) => !inLast.includes(module));
    const meant = await this.#findIn(left.filter(isOfMeant), search);
    const first = lastIsMeant ? joined(again, meant) : meant;
    if (first.found.length > 0) return this.#theOne(first.found, modules, uri);
    const others = left.filter((module) => first.looks.length === 0 && !isOfMeant(module));
    const second = joined(lastIsMeant ? nothing : again, await this.#findIn(others, search));
    if (second.found.length > 0) return this.#theOne(second.found, modules, uri);
    // Modules that a lock interrupted say nothing of what is plugged in.
    if (ends !== this.#options.hosts.ends) throw new AppError('pin-needed');
    const looks = [...first.looks, ...second.looks];
    // A module without its device often fails; that says something where it is meant, or where no other answered.
    if (first.looks.length === 0 && first.failures[0] !== undefined) throw first.failures[0];
    if (looks.length === 0) throw second.failures[0] ?? noModule();
    throw notFound(uri, looks);
  }

  /**
   * The key all modules showed, from the preferred one; a key that is seen before one that is only believed in.
   * @throws AppError `key-ambiguous` where they showed several.
   */
  #theOne(found: readonly FoundKey[], modules: Modules, uri: Pkcs11Uri): FoundKey {
    const inOrder = [...found].sort((a, b) => modules.indexOf(a.module) - modules.indexOf(b.module));
    const seen = inOrder.filter(({ key }) => key !== null);
    const [first = inOrder[0]] = seen;
    if (first === undefined) throw new AppError('key-unknown');
    const other = seen.find((one) => !isSameFound(one, first));
    if (other !== undefined) throw ambiguous([first, other], 'several');
    this.#last.set(printUri(uri), first);
    return first;
  }

  async #findIn(modules: Modules, { uri, account, started }: Search): Promise<Outcome> {
    const found: FoundKey[] = [];
    const looks: Look[] = [];
    const failures: AppError[] = [];
    for (const module of modules) {
      if ('error' in module) {
        failures.push(module.error);
        continue;
      }
      const host = this.#options.hosts.of(module);
      if (!host.running) started.push(host);
      try {
        const look = await this.#lookThrough(module, uri);
        looks.push(look);
        const key = keyIn(look.seen, uri, account);
        if (key !== null) found.push(key);
      } catch (error) {
        if (!isAppError(error) || error.code === 'key-ambiguous') throw error;
        failures.push(await this.#options.finder.explain(module, error));
      }
    }
    return { found, looks, failures };
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

function joined(one: Outcome, other: Outcome): Outcome {
  return {
    found: [...one.found, ...other.found],
    looks: [...one.looks, ...other.looks],
    failures: [...one.failures, ...other.failures],
  };
}

/** Whether two modules, or one at two times, show the same key; where its public part is not seen, by its name on one token. */
function isSameFound(one: FoundKey, other: FoundKey): boolean {
  if (one.key === null || other.key === null) {
    return one.key === other.key && isSameToken(one.token, other.token);
  }
  const showBoth = one.key.spki !== null && other.key.spki !== null;
  return isSameKey(one.key, other.key) && (showBoth || isSameToken(one.token, other.token));
}

/** @param found with two keys at least. */
function ambiguous(found: readonly FoundKey[], howMany: string): AppError {
  const [first = '', second = ''] = namesOf(found);
  if (first === second) {
    const slots = namesOf(found, ({ token }, name) => printUri({ ...parseUri(name), slotId: token.slotId }));
    return new AppError('key-ambiguous', {
      message: `The URI names ${howMany} keys, on tokens that say the same of themselves.`,
      remedy: `Plug in one of them, or use their maker’s own module; else name the slot, such as ${slots.slice(0, 2).join(' or ')}.`,
    });
  }
  return new AppError('key-ambiguous', {
    message: `The URI names ${howMany} keys.`,
    remedy: `Name one of them exactly, such as ${first} or ${second}.`,
  });
}

/** @param more what else is said of a key. */
function namesOf(
  found: readonly FoundKey[],
  more: (key: FoundKey, name: string) => string = (_, name) => name,
): string[] {
  return found.flatMap((one) => {
    const { token, key, contents } = one;
    return key === null ? [] : [more(one, keyUri(token, key, contents))];
  });
}

/**
 * The one key of a module's that the URI names; null where there is none.
 * @throws AppError `key-ambiguous`.
 */
function keyIn(seen: readonly SeenToken[], uri: Pkcs11Uri, account: SignerAccount): FoundKey | null {
  const found = seen.flatMap((token) =>
    token.contents.keys.filter((key) => matchesObject(uri, key)).map((key) => ({ ...token, key })),
  );
  if (found.length > 1) throw ambiguous(found, String(found.length));
  return found[0] ?? unseenKey(seen, uri, account);
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
