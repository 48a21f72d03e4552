/**
 * The desktop's keyring through keytar: the Secret Service on Linux, the Keychain, Windows' Credential Manager.
 *
 * On Linux the bus is asked first whether the item is there and open. keytar cannot tell: it answers null for a locked
 * item as for none, after it has made the desktop ask for the keyring's password; a renewal in the night must not do that.
 */
import * as z from 'zod';
import { AppError } from '../../shared/errors.ts';
import type { SecretStore } from '../ports.ts';
import type { KeyringRequest } from './keyring-process.ts';
import { runKeyring, type RunKeyring } from './run-keyring.ts';
import { askSessionBus, type BusQuestion } from './session-bus.ts';

/** Under which name all of ours are kept; what the user sees in the keyring's own program. */
export const keyringService = 'Rolekey PIN';

export interface SecretStoreOptions {
  readonly platform: NodeJS.Platform;
  /** Where the session bus and its tools are found. */
  readonly environment: NodeJS.ProcessEnv;
  /** Path of the bundled keyring-process.ts. */
  readonly bundle: string;
  /** How it is started; by default as a child process of plain Node. */
  readonly run?: RunKeyring | undefined;
}

/** Nothing is started or asked before its first use. */
export function createSecretStore(options: SecretStoreOptions): SecretStore {
  const { platform, environment, bundle, run = runKeyring } = options;
  const look = platform === 'linux' ? new SecretService(environment) : null;

  async function ask(method: KeyringRequest['method'], name: string, secret = ''): Promise<string | null> {
    const request = { method, service: keyringService, name, secret };
    const answer = answers.safeParse(await run(bundle, environment, request)).data;
    if (answer !== undefined && 'result' in answer) return answer.result;
    if (answer?.failure === 'unloadable') {
      throw missing('The library that reaches the keyring (libsecret) is not installed.');
    }
    // What was there and open says no only where it was closed a moment ago, or on systems that cannot be asked before.
    throw new AppError('keyring-locked', { cause: answer?.failure ?? 'no answer' });
  }

  return {
    get: async (name) => {
      refuseOddName(name);
      return look === null || (await look.has(name)) ? ask('get', name) : null;
    },
    set: async (name, secret) => {
      refuseOddName(name);
      await look?.mustTake(name);
      await ask('set', name, secret);
    },
    delete: async (name) => {
      refuseOddName(name);
      if (look === null || (await look.has(name))) await ask('delete', name);
    },
  };
}

/** So that a name stands in both tools' arguments as it is. */
function refuseOddName(name: string): void {
  if (!/^[\w .-]{1,200}$/.test(name)) throw new AppError('internal', { cause: 'odd name for a secret' });
}

/** What a keyring that was looked at before answers. */
const answers = z.union([
  z.object({ result: z.string().nullable() }),
  z.object({ failure: z.enum(['unloadable', 'refused']) }),
]);

const destination = 'org.freedesktop.secrets';
const service = '/org/freedesktop/secrets';
const defaultCollection = `${service}/aliases/default`;
const collection = 'org.freedesktop.Secret.Collection';

/** The freedesktop.org Secret Service (specification 0.2): what is asked here makes nobody unlock anything. */
class SecretService {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** Whether the item is there, and open. @throws AppError `keyring-missing`, `keyring-locked`. */
  async has(name: string): Promise<boolean> {
    if (await this.#isOpen(name)) return true;
    // A service whose keyrings are locked may not even tell what is in them.
    if ((await this.#isDefaultLocked()) === true) throw new AppError('keyring-locked');
    return false;
  }

  /** @throws AppError `keyring-missing` or `keyring-locked` where nothing can be put in without a question. */
  async mustTake(name: string): Promise<void> {
    await this.#isOpen(name); // for what it throws
    const locked = await this.#isDefaultLocked();
    if (locked === null) throw missing('There is no keyring yet that could keep a PIN.');
    if (locked) throw new AppError('keyring-locked');
  }

  /** SearchItems answers two lists of paths: what is open, and what is locked. @throws AppError as {@link has}. */
  async #isOpen(name: string): Promise<boolean> {
    const answer = await this.#ask({
      ...{ destination, path: service, method: 'org.freedesktop.Secret.Service.SearchItems' },
      args: {
        gdbus: [`{'service': '${keyringService}', 'account': '${name}'}`],
        dbusSend: [`dict:string:string:service,${keyringService},account,${name}`],
      },
    });
    if (answer === null) throw new AppError('keyring-missing');
    const [open = '', locked = ''] = answer.split(']');
    const isPathIn = (list: string): boolean => list.includes(`${service}/`);
    if (!isPathIn(open) && isPathIn(locked)) throw new AppError('keyring-locked');
    return isPathIn(open);
  }

  /** Null where there is no such keyring. */
  async #isDefaultLocked(): Promise<boolean | null> {
    const answer = await this.#ask({
      ...{ destination, path: defaultCollection, method: 'org.freedesktop.DBus.Properties.Get' },
      args: {
        gdbus: [collection, 'Locked'],
        dbusSend: [`string:${collection}`, 'string:Locked'],
      },
    });
    return answer === null ? null : answer.includes('true');
  }

  async #ask(question: BusQuestion): Promise<string | null> {
    const answer = await askSessionBus(question, this.#environment);
    if (answer === undefined) {
      throw missing('Neither gdbus nor dbus-send is installed, without which the keyring cannot be asked.');
    }
    return answer;
  }
}

function missing(message: string, cause?: unknown): AppError {
  return new AppError('keyring-missing', { message, cause });
}
