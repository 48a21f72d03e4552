/** The list of modules, tokens and keys there are: each key once, from the module that is preferred. */
import { isAppError, toErrorShape } from '../../shared/errors.ts';
import type { ModuleInfo, TokenInfo, Tokens } from '../../shared/model.ts';
import type { HostModule, HostToken } from './host/protocol.ts';
import type { TokenContents } from './key-matching.ts';
import type { BrokenModule, FoundModule, ModuleFinder } from './module-finder.ts';
import type { ModuleHost } from './module-host.ts';
import type { ModuleHosts } from './module-hosts.ts';
import { isSameToken, keysShownFirst, type Sighting } from './same-token.ts';
import type { Human } from './signer.ts';
import { toTokenInfo } from './token-info.ts';
import type { TokenLogins } from './token-login.ts';

export interface TokenListOptions {
  readonly finder: ModuleFinder;
  readonly hosts: ModuleHosts;
  readonly logins: TokenLogins;
  /** What is on a token, matched. */
  readonly readContents: (host: ModuleHost, token: HostToken) => Promise<TokenContents>;
}

/** A module that answered. */
interface OpenModule {
  /** As it was named. */
  readonly path: string;
  readonly host: ModuleHost;
  readonly wasRunning: boolean;
  readonly info: HostModule;
  readonly tokens: readonly HostToken[];
}

/** A module that was read. */
interface ReadModule {
  readonly path: string;
  readonly info: HostModule;
  readonly sightings: readonly Sighting[];
}

export class TokenList {
  readonly #options: TokenListOptions;

  constructor(options: TokenListOptions) {
    this.#options = options;
  }

  /** As `TokenService.tokens`. */
  async read(query: { pkcs11Lib: string | null; login: boolean }, human: Human | null): Promise<Tokens> {
    const { pkcs11Lib, login } = query;
    const { finder } = this.#options;
    const found = pkcs11Lib === null ? await finder.installed() : [await this.#named(pkcs11Lib, human)];
    const opened = await Promise.all(found.map((module) => this.#tryOpen(module)));
    const read = login ? await this.#loginToAll(opened, human) : null;
    const modules = await Promise.all(opened.map((module) => this.#tryRead(module, read)));
    const [failed] = modules.filter((module) => 'error' in module);
    if (pkcs11Lib !== null && failed !== undefined) throw failed.error;
    return { modules: modules.map(toModuleInfo), tokens: describeAll(modules) };
  }

  /** A module named by a human, who is asked to confirm one that is not known. */
  async #named(path: string, human: Human | null): Promise<FoundModule> {
    const { finder } = this.#options;
    const module = await finder.find(path);
    if (module.trusted || human === null) return finder.trusted(path);
    const { path: file, sha256 } = module.file;
    const { askedBy } = human;
    const changed = module.changed ? ({ changed: true } as const) : {};
    const question = { kind: 'confirm-module', path: file, sha256, ...changed, askedBy } as const;
    const answer = await human.prompts.ask(question);
    if (answer !== null && typeof answer !== 'string' && 'accept' in answer) finder.confirm(module);
    return finder.trusted(path);
  }

  async #tryOpen(module: FoundModule | BrokenModule): Promise<OpenModule | BrokenModule> {
    if ('error' in module) return module;
    const { path } = module;
    const host = this.#options.hosts.of(module);
    const wasRunning = host.running;
    const opened = await orBroken(path, async () => ({
      ...{ path, host, wasRunning },
      info: await host.info(),
      tokens: await host.tokens(true),
    }));
    if (!('error' in opened)) return opened;
    if (!wasRunning) host.endIfUnused();
    return { path, error: await this.#options.finder.explain(module, opened.error) };
  }

  /**
   * One after the other: a human answers one question at a time, and one for a token that two modules show.
   * @returns what is on them, by name: the login of one may end with that of the next.
   */
  async #loginToAll(
    modules: readonly (OpenModule | BrokenModule)[],
    human: Human | null,
  ): Promise<Map<string, TokenContents>> {
    const read = new Map<string, TokenContents>();
    const earlier: HostToken[] = [];
    for (const module of modules) {
      if ('error' in module) continue;
      const { path, host, tokens } = module;
      for (const token of tokens) {
        if (!token.loginRequired || !token.pinInitialised || token.pinLocked) continue;
        if (earlier.some((other) => isSameToken(other, token))) continue;
        await this.#options.logins.unlock(host, token, human);
        const contents = await orBroken(path, () => this.#options.readContents(host, token));
        if (!('error' in contents)) read.set(host.nameOf(token), contents);
      }
      earlier.push(...tokens);
    }
    return read;
  }

  /** @param read of tokens that were logged in to; null: nobody asked for that. */
  #tryRead(
    module: OpenModule | BrokenModule,
    read: ReadonlyMap<string, TokenContents> | null,
  ): Promise<ReadModule | BrokenModule> {
    if ('error' in module) return Promise.resolve(module);
    const { path, host, info, wasRunning } = module;
    return orBroken(path, async () => {
      // Read again: the flags of PINs change with a login.
      const tokens = read === null ? module.tokens : await host.tokens(false);
      const sightings: Sighting[] = [];
      for (const token of tokens) {
        const known = read?.get(host.nameOf(token));
        sightings.push({ token, contents: known ?? (await this.#options.readContents(host, token)) });
      }
      if (!wasRunning) host.endIfUnused();
      return { path, info, sightings };
    });
  }
}

/** The failure of one module is a line of the list, not the end of it. */
async function orBroken<T>(path: string, action: () => Promise<T>): Promise<T | BrokenModule> {
  try {
    return await action();
  } catch (error) {
    if (isAppError(error)) return { path, error };
    throw error;
  }
}

/** @param modules in order of preference. */
function describeAll(modules: readonly (ReadModule | BrokenModule)[]): TokenInfo[] {
  const earlier: Sighting[] = [];
  return modules.flatMap((module) => {
    if ('error' in module) return [];
    const { path, info, sightings } = module;
    const described = sightings.flatMap((sighting) => {
      const keys = keysShownFirst(sighting, earlier);
      return keys === null ? [] : [toTokenInfo({ path, module: info, ...sighting, keys })];
    });
    earlier.push(...sightings);
    return described;
  });
}

function toModuleInfo(module: ReadModule | BrokenModule): ModuleInfo {
  const { path } = module;
  if ('error' in module) return { path, description: '', ok: false, error: toErrorShape(module.error) };
  const description = [module.info.description, module.info.manufacturer].filter(Boolean).join(', ');
  return { path, description, ok: true, error: null };
}
