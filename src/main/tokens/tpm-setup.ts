/**
 * Whether tpm2-pkcs11 can reach a TPM and its own store, looked at before the module is loaded: it says CKR_GENERAL_ERROR
 * for everything that is missing, and where there is no store it makes one in the home directory.
 */
import { AppError } from '../../shared/errors.ts';

/** A path as the user who runs us sees it. */
export interface PathLook {
  readonly exists: boolean;
  /** Whether it may be read and written by us. */
  readonly usable: boolean;
  /** Name of its group; null where it has none or nobody can tell. */
  readonly group: string | null;
  /** Who is listed in that group. One who is and may not use it has logged in before that. */
  readonly members: readonly string[];
}

export interface TpmSetup {
  readonly platform: NodeJS.Platform;
  /** What the module's process is started with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly look: (path: string) => Promise<PathLook>;
}

/** The file of a store (tpm2-pkcs11, src/lib/db.c: DB_NAME). */
const storeFile = 'tpm2_pkcs11.sqlite3';
/** TPM2_PKCS11_STORE_DIR as every distribution builds it. */
const systemStore = '/etc/tpm2_pkcs11';

/** In the order tpm2-tss tries them (tctildr-dl.c): with the kernel's resource manager, and without. */
const devices = ['/dev/tpmrm0', '/dev/tpm0'];
/** Installed with tpm2-abrmd, which D-Bus starts when it is asked for. */
const resourceManager = '/usr/share/dbus-1/system-services/com.intel.tss2.Tabrmd.service';

/**
 * Null where nothing is known to be in the way.
 * @param hasFailed the module tried and failed, so nothing else lets it in.
 * @returns AppError `platform-unsupported`, `tpm-store-missing`, `tpm-missing`, `tpm-access`.
 */
export async function tpmProblem(setup: TpmSetup, hasFailed: boolean): Promise<AppError | null> {
  if (setup.platform !== 'linux') return tpmUnsupported();
  return (await storeProblem(setup)) ?? (await deviceProblem(setup, hasFailed));
}

export function tpmUnsupported(): AppError {
  return new AppError('platform-unsupported', {
    message: 'Keys in a TPM can be used on Linux only: tpm2-pkcs11 runs nowhere else.',
  });
}

/** What cannot be plugged in again needs other advice. */
export function tpmFailed({ cause }: AppError): AppError {
  const detail = typeof cause === 'string' ? ` (${cause})` : '';
  return new AppError('token-failed', {
    message: `The TPM did not answer as it should${detail}.`,
    remedy:
      'It is tried again by itself while connected. If it stays: restart tpm2-abrmd where that shares the TPM, or the computer.',
    cause,
  });
}

async function storeProblem({ environment, look }: TpmSetup): Promise<AppError | null> {
  // Its other back end keeps keys in the store of tpm2-tss, and makes none of ours.
  if (environment.TPM2_PKCS11_BACKEND?.toLowerCase() === 'fapi') return null;
  const { TPM2_PKCS11_STORE: named = '' } = environment;
  for (const folder of storeFolders(environment)) {
    const file = await look(`${folder}/${storeFile}`);
    if (!file.exists) continue;
    // It locks its store by a file beside it.
    const isUsable = file.usable && (await look(folder)).usable;
    return isUsable ? null : storeRefused(folder);
  }
  return named === '' ? noStore() : noStoreAt(named);
}

/**
 * Where the module looks (src/lib/db.c, db_for_path): in the folder named and nowhere else, or in these. It would look in
 * the current folder too, which is whoever's it is; where only that one has a store the module is not loaded. Named by an
 * empty text it would look in the root folder: its host is started without that.
 */
function storeFolders({ TPM2_PKCS11_STORE: named, HOME: home }: TpmSetup['environment']): readonly string[] {
  if (named) return [named];
  return [systemStore, ...(home ? [`${home}/.tpm2_pkcs11`] : [])];
}

function noStore(): AppError {
  return new AppError('tpm-store-missing', {
    message: 'The TPM is not used: you have no store of tpm2-pkcs11, which says what keys it has.',
    remedy:
      'Make one with tpm2_ptool init, and a token and a key in it with tpm2_ptool addtoken and addkey; or set TPM2_PKCS11_STORE to the folder of yours and start the agent again.',
  });
}

function noStoreAt(folder: string): AppError {
  return new AppError('tpm-store-missing', {
    message: `The TPM is not used: TPM2_PKCS11_STORE names ${folder}, which has no store of tpm2-pkcs11.`,
    remedy:
      'Set TPM2_PKCS11_STORE to the folder that has it and start the agent again, or make one there with tpm2_ptool init.',
  });
}

function storeRefused(folder: string): AppError {
  return new AppError('tpm-access', {
    message: `The TPM is not used: you may not read and write its store, ${folder}.`,
    remedy: 'Let its owner give you the folder and what is in it, or have a store of your own.',
  });
}

async function deviceProblem({ environment, look }: TpmSetup, hasFailed: boolean): Promise<AppError | null> {
  if (environment.TPM2_PKCS11_TCTI) return null; // another way to it is named, which only the module can try
  const looks = await Promise.all(devices.map(async (path) => ({ path, ...(await look(path)) })));
  const there = looks.filter(({ exists }) => exists);
  const [device] = there;
  if (device === undefined) return new AppError('tpm-missing');
  if (there.some(({ usable }) => usable)) return null;
  // Some let everybody use the TPM through the resource manager (Fedora), some the group alone (Debian).
  if (!hasFailed && (await look(resourceManager)).exists) return null;
  return deviceRefused(device, environment.USER ?? environment.LOGNAME ?? null);
}

function deviceRefused(device: PathLook & { readonly path: string }, user: string | null): AppError {
  const { path, group, members } = device;
  if (group !== 'tss') {
    return new AppError('tpm-access', {
      message: `You may not use the TPM: ${path} is given to no group that you could be in.`,
      remedy: 'Install the udev rules of tpm2-tss (on Debian: tpm-udev), and restart the computer.',
    });
  }
  if (user !== null && members.includes(user)) {
    return new AppError('tpm-access', {
      message: `You may not use the TPM yet: you were put into the group tss, which ${path} belongs to, after you logged in.`,
      remedy: 'Log out and in again, or restart the computer.',
    });
  }
  return new AppError('tpm-access', {
    message: `You may not use the TPM: ${path} belongs to the group tss, which you are not in.`,
    remedy: `Put yourself into it, with sudo usermod -aG tss ${user ?? 'NAME'}, then log out and in again.`,
  });
}
