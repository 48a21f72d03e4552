/**
 * A pcscd of its own: with its own socket, and two card readers that anybody may put virtual cards into. It touches
 * neither the computer's pcscd nor its readers. Needs pcscd, vsmartcard-vpcd, systemd (for systemd-socket-activate) and
 * gcc.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** Yubico's module takes every reader whose name begins so. vpcd has two slots in each reader it drives. */
const readerName = 'Yubico YubiKey OTP+FIDO+CCID';
export const readerNames = [`${readerName} 00 00`, `${readerName} 00 01`] as const;
const driver = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
const waitMs = 20_000;

/**
 * Before a command: it sees neither the folder where the computer's own pcscd has its socket and its process id, nor the
 * drivers of real card readers. A real YubiKey shall not be part of a test. And it ends when the test's process ends.
 */
const hidden = ['/run', '/usr/lib/pcsc/drivers'];
const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const hiding = `${hidden.map((folder) => `mount -t tmpfs tmpfs ${folder}`).join(' && ')} && exec setpriv --pdeathsig KILL "$@"`;
const isolation = ['unshare', '--mount', ...asRoot, 'sh', '-c', hiding, 'sh'];

/** Containers that may not do this have no USB devices either. */
function isolated(command: readonly string[]): readonly [string, ...string[]] {
  const [unshare = '', ...args] = isolation;
  const works = spawnSync(unshare, [...args, 'true']).status === 0;
  return (works ? [...isolation, ...command] : command) as [string, ...string[]];
}

export class ReaderService {
  /** What a process needs to see this service and no other. */
  readonly environment: Readonly<{ PCSCLITE_CSOCK_NAME: string }>;
  readonly #directory: string;
  readonly #socket: string;
  #port = 0;
  #process: ChildProcess | null = null;
  #log: string[] = [];
  #waiting: (() => void)[] = [];

  /** @param directory an empty one, for the socket, the configuration and a library. */
  constructor(directory: string) {
    if (!existsSync(driver)) throw new Error('vpcd is not installed: apt-get install vsmartcard-vpcd pcscd');
    this.#directory = directory;
    this.#socket = join(directory, 'pcscd.comm');
    this.environment = { PCSCLITE_CSOCK_NAME: this.#socket };
    const source = resolve('test/support/virtual-yubikey/nodelay.c');
    copyFileSync(driver, join(directory, 'driver.so'));
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(directory, 'nodelay.so'), source]);
  }

  /** Where the card of the reader of that number connects to. */
  portOf(reader: number): number {
    return this.#port + reader;
  }

  /** What pcscd said since it was started, a line each. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Starts pcscd, which is ready then. After a stop it has the readers it had. */
  async start(): Promise<void> {
    if (this.#process !== null) throw new Error('the reader service runs already');
    for (let attempt = 1; ; attempt += 1) {
      if (this.#port === 0) this.#port = await twoFreePorts();
      await this.#launch();
      // Somebody else may have taken a port meanwhile.
      if (!this.#log.some((line) => line.includes('init failed'))) return;
      await this.stop();
      if (attempt === 5) throw new Error(`vpcd cannot listen:\n${this.#log.join('\n')}`);
      this.#port = 0;
    }
  }

  async #launch(): Promise<void> {
    this.#configure();
    rmSync(this.#socket, { force: true });
    this.#log = [];
    const readers = join(this.#directory, 'readers');
    const [command, ...args] = isolated([
      ...['systemd-socket-activate', '--listen', this.#socket, '--fdname', 'pcscd'],
      ...['-E', `LD_PRELOAD=${join(this.#directory, 'nodelay.so')}`],
      ...['/usr/sbin/pcscd', '--foreground', '--info', '--config', readers],
    ]);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (line) => this.#hear(line));
    }
    child.on('exit', () => this.#hear('the reader service has ended'));
    const isListening = (): boolean => this.#log.some((line) => line.startsWith('Listening on'));
    await this.#until(() => isListening() || child.exitCode !== null, 'its socket is there');
    connect(this.#socket)
      .on('error', () => undefined)
      .end(); // the first visitor makes it start
    await this.#until(
      () => this.#log.some((line) => line.includes('pcsc-lite') && line.includes('ready')),
      'pcscd is ready',
    );
  }

  /** Ends pcscd, as a crash or `systemctl stop` would; nothing listens at its socket then. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    const ended = new Promise((done) => child.once('exit', done));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#socket, { force: true });
  }

  /**
   * Waits until pcscd has seen a card come, from line `since` of its log on: it has asked for the ATR and said so. That
   * a card was "inserted" it says of none that was there when it looked first.
   */
  async untilInserted(wasAskedForAtr: () => boolean, since: number): Promise<void> {
    const isSaid = (): boolean => this.#log.slice(since).some((text) => text.includes('Card ATR: '));
    await this.#until(() => wasAskedForAtr() && isSaid(), 'the card is inserted');
  }

  /** Waits until pcscd has seen a card go, from line `since` of its log on. */
  async untilRemoved(reader: number, since: number): Promise<void> {
    const line = `Card Removed From ${readerNames[reader] ?? ''}`;
    await this.#until(
      () => this.#log.slice(since).some((text) => text.includes(line)),
      'the card is removed',
    );
  }

  #configure(): void {
    const folder = join(this.#directory, 'readers');
    mkdirSync(folder, { recursive: true });
    const port = `0x${this.#port.toString(16)}`;
    const fields = [
      `FRIENDLYNAME "${readerName}"`,
      `DEVICENAME /dev/null:${port}`,
      `LIBPATH ${join(this.#directory, 'driver.so')}`,
      `CHANNELID ${port}`,
    ];
    writeFileSync(join(folder, 'yubico'), `${fields.join('\n')}\n`);
  }

  #hear(line: string): void {
    this.#log.push(line);
    for (const look of this.#waiting.splice(0)) look();
  }

  /** Looks again after each line of the log, and now and then. */
  async #until(condition: () => boolean, what: string): Promise<void> {
    for (const deadline = Date.now() + waitMs; !condition();) {
      if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}\n${this.#log.join('\n')}`);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 20);
        this.#waiting.push(() => {
          clearTimeout(timer);
          done();
        });
      });
    }
  }
}

/** A port nobody listens on, with such a one after it. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const second = await listen(first.port + 1).catch(() => null);
    await first.close();
    await second?.close();
    if (second !== null) return first.port;
  }
}

async function listen(port: number): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((done, reject) => server.once('error', reject).listen(port, done));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
