/** Which PKCS#11 modules there are, and which may be loaded: loading one is running its code. */
import { isAppError, AppError } from '../../shared/errors.ts';
import type { ModuleFile, ModuleFiles, ReaderService } from '../ports.ts';
import { shellWord } from '../shell-word.ts';
import { byPreference, moduleKind, type ModuleKind } from './module-kind.ts';
import { builtInPaths, isBuiltInModule, p11Kits, type P11Kit } from './module-places.ts';
import { moduleLines, type ModuleFileText } from './p11-kit.ts';
import { isReaderKind, readerTrouble } from './reader-trouble.ts';
import type { Computer } from './shared-library.ts';
import { tpmFailed, tpmProblem, tpmUnsupported } from './tpm-setup.ts';

/** Modules that were confirmed by a human once, each as it was then. */
export interface ConfirmedModules {
  /** @param path with links resolved. @param sha256 lower-case hex of the content. */
  has(path: string, sha256: string): boolean;
  /** Whether a module at this path was confirmed, whatever it was then. */
  knows(path: string): boolean;
  /** Of all that were confirmed, whether they are still as they were or not. */
  paths(): readonly string[];
  add(path: string, sha256: string): void;
}

/** A module as it was named, and the file behind that name. */
export interface FoundModule {
  readonly path: string;
  readonly file: ModuleFile;
  readonly kind: ModuleKind;
  /** On the built-in list, named by the system's p11-kit, or confirmed as it is now. */
  readonly trusted: boolean;
  /** It was confirmed once, and is another file now. */
  readonly changed: boolean;
}

/** A module, or a file that names some, which is not loaded, and why. */
export interface BrokenModule {
  readonly path: string;
  readonly error: AppError;
}

/** The kind of a module, whether it can be used or not. */
export function kindOf(module: FoundModule | BrokenModule): ModuleKind {
  return 'file' in module ? module.kind : moduleKind(module.path);
}

export interface ModuleFinder {
  /**
   * The modules of this computer that need no confirmation, in order of preference, and after them those that are as they
   * were confirmed; each file once.
   */
  installed(): Promise<(FoundModule | BrokenModule)[]>;
  /** @throws AppError `module-missing`, `module-not-pkcs11`, `module-unsafe`. */
  find(path: string): Promise<FoundModule>;
  /** As `find`, but one of the built-in list need not be there. @throws AppError also `module-unconfirmed`. */
  refuseUnconfirmed(path: string): Promise<void>;
  /** As `find`, for loading. @throws AppError also `module-unconfirmed`, `platform-unsupported`, `tpm-*`. */
  trusted(path: string): Promise<FoundModule>;
  /** Remembers that a human confirmed the module as it is now. */
  confirm(module: FoundModule): void;
  /** What a module failed with, in better words where something is found to be in its way. */
  explain(module: FoundModule, error: AppError): Promise<AppError>;
}

export interface ModuleFinderOptions {
  readonly moduleFiles: ModuleFiles;
  readonly confirmedModules: ConfirmedModules;
  readonly computer: Computer;
  /** What modules are started with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asked where a module fails that needs it. Absent: nobody is asked. */
  readonly readerService?: ReaderService;
}

export function createModuleFinder(options: ModuleFinderOptions): ModuleFinder {
  return new Finder(options);
}

class Finder implements ModuleFinder {
  readonly #options: ModuleFinderOptions;

  constructor(options: ModuleFinderOptions) {
    this.#options = options;
  }

  async installed(): Promise<(FoundModule | BrokenModule)[]> {
    const modules = await Promise.all(
      eachFileOnce([...(await this.#candidates()), ...(await this.#confirmed())]).map(async (module) => {
        if ('error' in module) return module;
        const error = await this.#problem(module, false);
        return error === null ? module : { path: module.path, error };
      }),
    );
    const elsewhere = this.#options.computer.platform === 'linux' ? [] : [noTpmHere];
    return [...modules, ...elsewhere];
  }

  async find(path: string): Promise<FoundModule> {
    const file = await this.#inspect(path);
    const trusted = await this.#isTrusted(path, file);
    const changed = !trusted && this.#options.confirmedModules.knows(file.path);
    return { path, file, kind: kindOfFile(path, file), trusted, changed };
  }

  async refuseUnconfirmed(path: string): Promise<void> {
    if (!isBuiltInModule(path, this.#options.computer)) await this.#confirmedAs(path);
  }

  async trusted(path: string): Promise<FoundModule> {
    const module = await this.#confirmedAs(path);
    const problem = await this.#problem(module, false);
    if (problem !== null) throw problem;
    return module;
  }

  async #confirmedAs(path: string): Promise<FoundModule> {
    const module = await this.find(path);
    if (!module.trusted) throw unconfirmed(module);
    return module;
  }

  confirm({ file }: FoundModule): void {
    this.#options.confirmedModules.add(file.path, file.sha256);
  }

  async explain(module: FoundModule, error: AppError): Promise<AppError> {
    if (error.code !== 'token-failed') return error;
    if (isReaderKind(module.kind)) return this.#withoutReaders(error);
    if (module.kind !== 'tpm') return error;
    return (await this.#problem(module, true)) ?? tpmFailed(error);
  }

  /** A module without its service fails as one whose token is at fault. */
  async #withoutReaders(error: AppError): Promise<AppError> {
    const { environment, readerService } = this.#options;
    const state = (await readerService?.probe()) ?? null;
    if (state === null || state.kind === 'built-in' || state.kind === 'answers') return error;
    const overSsh = Boolean(environment.SSH_CONNECTION);
    const user = environment.USER ?? environment.LOGNAME ?? null;
    return new AppError('token-failed', { ...readerTrouble(state, { overSsh, user }), cause: error });
  }

  async #problem({ kind }: FoundModule, hasFailed: boolean): Promise<AppError | null> {
    if (kind !== 'tpm') return null;
    const { computer, environment, moduleFiles } = this.#options;
    const look = (path: string) => moduleFiles.look(path);
    return tpmProblem({ platform: computer.platform, environment, look }, hasFailed);
  }

  async #isTrusted(path: string, file: ModuleFile): Promise<boolean> {
    const { computer, confirmedModules } = this.#options;
    if (isBuiltInModule(path, computer) || confirmedModules.has(file.path, file.sha256)) return true;
    return (await this.#candidates()).some((module) => 'file' in module && module.file.path === file.path);
  }

  /** Whatever its setting up. */
  async #candidates(): Promise<(FoundModule | BrokenModule)[]> {
    const { computer } = this.#options;
    const builtIn = builtInPaths(computer).map((path) => this.#tryInspect([path], false));
    const named = p11Kits(computer).map((kit) => this.#ofP11Kit(kit));
    const found = [...(await Promise.all(builtIn)).flat(), ...(await Promise.all(named)).flat()];
    return eachFileOnce(found).sort((a, b) => byPreference(kindOf(a), kindOf(b)));
  }

  /** What was confirmed and changed, or went, is not among them: it is told to whoever names it. */
  async #confirmed(): Promise<FoundModule[]> {
    const { confirmedModules } = this.#options;
    const found = await Promise.all(confirmedModules.paths().map((path) => this.#tryInspect([path], false)));
    return found
      .flat()
      .filter((module): module is FoundModule => 'file' in module)
      .filter(({ file }) => confirmedModules.has(file.path, file.sha256));
  }

  async #ofP11Kit({ configurations, modules }: P11Kit): Promise<(FoundModule | BrokenModule)[]> {
    const folders: ModuleFileText[][] = [];
    const broken: BrokenModule[] = [];
    for (const folder of configurations) {
      const files = await this.#options.moduleFiles.configurations(folder);
      folders.push(files.filter(({ unsafe }) => unsafe === null));
      for (const { name, unsafe } of files) {
        if (unsafe !== null) broken.push(unsafeModule(`${folder}/${name}`, unsafe));
      }
    }
    const found = moduleLines(folders).map((line) =>
      this.#tryInspect(line.startsWith('/') ? [line] : modules.map((folder) => folder + line), true),
    );
    return [...(await Promise.all(found)).flat(), ...broken];
  }

  /**
   * The first of the paths that is there.
   * @param isNamed whether it is said to be there.
   */
  async #tryInspect(paths: readonly string[], isNamed: boolean): Promise<(FoundModule | BrokenModule)[]> {
    let missing: BrokenModule | null = null;
    for (const path of paths) {
      try {
        const file = await this.#inspect(path);
        return [{ path, file, kind: kindOfFile(path, file), trusted: true, changed: false }];
      } catch (error) {
        if (!isAppError(error)) throw error;
        const broken = { path, error };
        if (error.code !== 'module-missing') return [broken];
        missing ??= broken;
      }
    }
    return isNamed && missing !== null ? [missing] : [];
  }

  async #inspect(path: string): Promise<ModuleFile> {
    const file = await this.#options.moduleFiles.inspect(path);
    if (file.unsafe === null) return file;
    throw unsafeModule(path, file.unsafe).error;
  }
}

function unconfirmed({ path, changed }: FoundModule): AppError {
  // Not at the end: a full stop would be copied with the path.
  const command = `rolekey tokens --pkcs11-lib ${shellWord(path)}`;
  if (changed) {
    return new AppError('module-unconfirmed', {
      message: `The PKCS#11 module ${path} is not loaded: it changed since you confirmed it.`,
      remedy: `If its maker’s software was updated, use ${command} at a terminal to confirm it again.`,
    });
  }
  return new AppError('module-unconfirmed', {
    message: `The PKCS#11 module ${path} is not loaded: it is not on the built-in list and was never confirmed.`,
    remedy: `Use ${command} at a terminal to confirm it.`,
  });
}

/** Said in the list of modules where no TPM's can be. */
const noTpmHere: BrokenModule = { path: 'libtpm2_pkcs11.so', error: tpmUnsupported() };

/** A link may hide what it is; the file behind it may be named by its version alone. */
function kindOfFile(path: string, file: ModuleFile): ModuleKind {
  const kind = moduleKind(file.path);
  return kind === 'other' ? moduleKind(path) : kind;
}

function unsafeModule(path: string, why: string): BrokenModule {
  const message = `The PKCS#11 module ${path} is not loaded: ${why}.`;
  return { path, error: new AppError('module-unsafe', { message }) };
}

function eachFileOnce(modules: readonly (FoundModule | BrokenModule)[]): (FoundModule | BrokenModule)[] {
  const seen = new Set<string>();
  return modules.filter((module) => {
    const name = 'file' in module ? module.file.path : module.path;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}
