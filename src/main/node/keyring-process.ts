/**
 * A process that does one thing with the desktop's keyring through keytar, and ends.
 *
 * keytar lives in no process that stays: libsecret keeps a connection to the service it found first, and never finds the
 * next one once that was started anew; and what hangs in it can be ended.
 */
import type * as Keytar from 'keytar';

export interface KeyringRequest {
  readonly method: 'get' | 'set' | 'delete';
  /** Of all that is ours, and of the one secret. */
  readonly service: string;
  readonly name: string;
  /** For `set`; never in an argument or the environment. */
  readonly secret: string;
}

/** `unloadable`: keytar or its library is not there. `refused`: the keyring says no, in words that are its own. */
export type KeyringAnswer =
  { readonly result: string | null } | { readonly failure: 'unloadable' | 'refused' };

async function loadKeytar(): Promise<typeof Keytar> {
  // What a package of CommonJS exports is all behind `default`, of which its types know nothing.
  const loaded = (await import('keytar')) as typeof Keytar & { readonly default?: typeof Keytar };
  return loaded.default ?? loaded;
}

async function use(
  keytar: typeof Keytar,
  { method, service, name, secret }: KeyringRequest,
): Promise<string | null> {
  if (method === 'get') return keytar.getPassword(service, name);
  if (method === 'set') await keytar.setPassword(service, name, secret);
  else await keytar.deletePassword(service, name);
  return null;
}

async function answer(request: KeyringRequest): Promise<KeyringAnswer> {
  let keytar: typeof Keytar;
  try {
    keytar = await loadKeytar();
  } catch {
    return { failure: 'unloadable' };
  }
  try {
    return { result: await use(keytar, request) };
  } catch {
    return { failure: 'refused' };
  }
}

/** Under Electron a utility process has a port in place of Node's channel. */
interface UtilityPort {
  once(event: 'message', listener: (event: { readonly data: KeyringRequest }) => void): unknown;
  postMessage(message: KeyringAnswer): void;
}

process.on('SIGUSR1', () => undefined); // it would open Node's inspector
const { parentPort } = process as unknown as { readonly parentPort?: UtilityPort };
if (parentPort === undefined) {
  process.once('message', (request) => {
    void answer(request as KeyringRequest).then((given) => process.send?.(given));
  });
} else {
  parentPort.once('message', ({ data }) => {
    void answer(data).then((given) => parentPort.postMessage(given));
  });
}
