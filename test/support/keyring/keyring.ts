/**
 * A desktop's keyring: a real gnome-keyring on a message bus and in folders of its own, never the user's. It shows no
 * dialogs, since nothing here draws them: what would ask for the keyring's password is refused, and counted.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DBusError, type MessageBus } from 'dbus-next';
import { call, hasOwner, startBus, type Bus } from '../desktop/bus.ts';
import { endHelper } from '../desktop/helper.ts';
import { until } from '../desktop/until.ts';

const service = 'org.freedesktop.secrets';
const root = '/org/freedesktop/secrets';
const password = 'the password of the login';

export class Keyring {
  readonly #bus: Bus;
  readonly #isOwnBus: boolean;
  readonly #connection: MessageBus;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rolekey-keyring-'));
  #daemon: ChildProcess | null = null;
  #complaints = '';

  /**
   * A bus without the service; {@link appear} brings it.
   * @param bus of a desktop that is there already; it is left when the keyring is disposed of.
   * @throws Error where dbus-daemon is missing.
   */
  static async open(bus?: Bus): Promise<Keyring> {
    return new Keyring(bus ?? (await startBus()), bus === undefined);
  }

  private constructor(bus: Bus, isOwnBus: boolean) {
    this.#bus = bus;
    this.#isOwnBus = isOwnBus;
    this.#connection = bus.connect();
    for (const name of ['home', 'run']) mkdirSync(join(this.#folder, name), { mode: 0o700 });
  }

  /** What a program needs to find this keyring and no other. */
  get environment(): Readonly<Record<string, string>> {
    return { DBUS_SESSION_BUS_ADDRESS: this.#bus.address };
  }

  /** How often somebody made it ask for its password. */
  get questions(): number {
    return this.#complaints.split("couldn't create system prompt").length - 1;
  }

  /**
   * Starts the service, as a login does.
   * @param unlocked false: as after a login without a password; then nothing is open, and a first one has no keyring at all.
   */
  async appear(unlocked = true): Promise<void> {
    const home = join(this.#folder, 'home');
    const args = ['--foreground', '--components=secrets', ...(unlocked ? ['--unlock'] : [])];
    const daemon = spawn('gnome-keyring-daemon', args, {
      env: {
        PATH: process.env.PATH ?? '',
        HOME: home,
        XDG_DATA_HOME: join(home, 'share'),
        XDG_CONFIG_HOME: join(home, 'config'),
        XDG_CACHE_HOME: join(home, 'cache'),
        XDG_RUNTIME_DIR: join(this.#folder, 'run'),
        ...this.environment,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    daemon.once('error', () => undefined); // told below: it does not appear
    daemon.stdin.on('error', () => undefined);
    daemon.stderr.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()));
    daemon.stdin.end(unlocked ? password : '');
    this.#daemon = daemon;
    await until(() => hasOwner(this.#connection, service), 'gnome-keyring on the bus');
    if (unlocked) await until(async () => (await this.#isLocked()) === false, 'an open keyring');
  }

  /** Ends the service; what was kept is there when it appears again. */
  async vanish(): Promise<void> {
    if (this.#daemon !== null) await endHelper(this.#daemon);
    this.#daemon = null;
  }

  /** As a screen that is locked may do. */
  async lock(): Promise<void> {
    const login = `${root}/collection/login`;
    await this.#call(root, 'org.freedesktop.Secret.Service', 'Lock', 'ao', [[login]]);
    await until(() => this.#isLocked(), 'a locked keyring');
  }

  /** Takes every item away behind the program's back, as a person in the keyring's own program. */
  async empty(): Promise<void> {
    for (const item of await this.#items()) {
      await this.#call(item, 'org.freedesktop.Secret.Item', 'Delete', '', []);
    }
  }

  /** What everybody may read without unlocking: the labels of what is kept. */
  async labels(): Promise<string[]> {
    const items = await this.#items();
    const get = (item: string): Promise<unknown[]> => this.#property(item, 'Item', 'Label');
    return (await Promise.all(items.map(get))).map(([label]) => String(label));
  }

  /** Ends service and bus and removes everything. */
  async dispose(): Promise<void> {
    await this.vanish();
    this.#connection.disconnect();
    if (this.#isOwnBus) await this.#bus.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Null where there is no keyring. */
  async #isLocked(): Promise<boolean | null> {
    try {
      const [locked] = await this.#property(`${root}/aliases/default`, 'Collection', 'Locked');
      return locked === true;
    } catch (error) {
      if (error instanceof DBusError) return null;
      throw error;
    }
  }

  async #items(): Promise<string[]> {
    const [items] = await this.#property(`${root}/aliases/default`, 'Collection', 'Items');
    return items as string[];
  }

  #property(path: string, of: string, name: string): Promise<unknown[]> {
    const body = [`org.freedesktop.Secret.${of}`, name];
    return this.#call(path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', body);
  }

  #call(path: string, of: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    return call(this.#connection, { destination: service, path, interface: of, member, signature, body });
  }
}
