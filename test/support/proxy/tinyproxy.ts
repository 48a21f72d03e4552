/** A real forward proxy on loopback: Debian's tinyproxy, with a configuration, a log and a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const program = '/usr/bin/tinyproxy';

export interface TinyproxyOptions {
  /** Who may use it; absent: anybody on this computer. Letters and digits. */
  readonly user?: { readonly name: string; readonly password: string };
  /** The only ports a tunnel may lead to; absent: any. */
  readonly connectPorts?: readonly number[];
}

/** How long it may take to listen, milliseconds. */
const patienceMs = 10_000;

export class Tinyproxy {
  readonly port: number;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #user: TinyproxyOptions['user'];

  /** Starts one and waits until it listens. @throws Error where it is not installed or does not start. */
  static async start(options: TinyproxyOptions = {}): Promise<Tinyproxy> {
    if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install tinyproxy-bin`);
    const proxy = new Tinyproxy(await freePort(), options);
    try {
      await proxy.#listens();
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  private constructor(port: number, { user, connectPorts = [] }: TinyproxyOptions) {
    this.port = port;
    this.#user = user;
    this.#directory = mkdtempSync(join(tmpdir(), 'rolekey-tinyproxy-'));
    const configuration = join(this.#directory, 'tinyproxy.conf');
    const lines = [
      `Port ${String(port)}`,
      'Listen 127.0.0.1',
      'Allow 127.0.0.1',
      'Timeout 60',
      'MaxClients 200',
      `LogFile "${this.#logFile}"`,
      'LogLevel Connect',
      ...(user === undefined ? [] : [`BasicAuth ${user.name} ${user.password}`]),
      ...connectPorts.map((allowed) => `ConnectPort ${String(allowed)}`),
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    this.#process = spawn(program, ['-d', '-c', configuration], { stdio: 'ignore' });
  }

  /** `http://127.0.0.1:PORT`, with name and password where it wants them. */
  get url(): string {
    const user = this.#user === undefined ? '' : `${this.#user.name}:${this.#user.password}@`;
    return `http://${user}${this.host}`;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  /** What tunnels it was asked for so far, `HOST:PORT` each, granted or not. */
  get tunnels(): string[] {
    return [...this.log.matchAll(/: CONNECT (\S+) HTTP\/1\.\d/g)].map(([, target]) => target!);
  }

  get log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  /** Ends it, and every connection through it, and removes its folder. */
  async close(): Promise<void> {
    if (this.#isRunning) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #logFile(): string {
    return join(this.#directory, 'tinyproxy.log');
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #listens(): Promise<void> {
    const until = Date.now() + patienceMs;
    while (Date.now() < until) {
      if (!this.#isRunning) throw new Error(`tinyproxy ended: ${this.log}`);
      if (await canConnect(this.port)) return;
      await delay(20);
    }
    throw new Error(`tinyproxy does not listen: ${this.log}`);
  }
}

/** A port nobody listens on now. Another program may be quicker; tinyproxy then ends, and says so. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}

async function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
