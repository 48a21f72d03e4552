/**
 * The processes a TPM of a test's own consists of: the emulator, a private message bus, and on it the resource manager,
 * without which a TPM holds three objects at a time. Nothing of the computer's own TPM is touched.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hasOwner, startBus, type Bus } from '../desktop/bus.ts';
import { endHelper } from '../desktop/helper.ts';
import { until } from '../desktop/until.ts';

const resourceManager = 'com.intel.tss2.Tabrmd';

export class TpmProcesses {
  readonly bus: Bus;
  readonly #directory: string;
  #port = 0;
  #emulator: ChildProcess | null = null;
  #manager: ChildProcess | null = null;

  private constructor(directory: string, bus: Bus) {
    this.#directory = directory;
    this.bus = bus;
  }

  /** @param directory where the TPM's state is kept; it stays over a stop and a start. */
  static async start(directory: string): Promise<TpmProcesses> {
    mkdirSync(join(directory, 'state'), { recursive: true });
    const processes = new TpmProcesses(directory, await startBus());
    try {
      await processes.powerOn();
    } catch (error) {
      await processes.end();
      throw error;
    }
    return processes;
  }

  /** How tools and modules reach the TPM through the resource manager. */
  get environment(): Readonly<
    Record<'DBUS_SESSION_BUS_ADDRESS' | 'TPM2TOOLS_TCTI' | 'TPM2_PKCS11_TCTI', string>
  > {
    const tcti = 'tabrmd:bus_type=session';
    return { DBUS_SESSION_BUS_ADDRESS: this.bus.address, TPM2TOOLS_TCTI: tcti, TPM2_PKCS11_TCTI: tcti };
  }

  /** How the TPM is reached without the resource manager. */
  get #tcti(): string {
    return `swtpm:host=127.0.0.1,port=${String(this.#port)}`;
  }

  /** Of the emulator and the resource manager, as they run now. */
  get ids(): readonly number[] {
    return [this.#emulator, this.#manager].flatMap((child) => (child?.pid === undefined ? [] : [child.pid]));
  }

  async powerOn(): Promise<void> {
    await this.#startEmulator();
    await this.#startManager();
  }

  /** The TPM goes, without a word to whoever uses it. It is told, as by a computer that shuts down; its state stays. */
  async powerOff(): Promise<void> {
    const [manager, emulator] = [this.#manager, this.#emulator];
    this.#manager = null;
    this.#emulator = null;
    if (manager !== null) await endAtOnce(manager);
    if (emulator === null) return;
    // A TPM that lost its power after a PIN was used counts a wrong one (TPM 2.0 Library, part 1, non-orderly shutdown).
    spawnSync('tpm2_shutdown', ['--clear', '--tcti', this.#tcti], { stdio: 'ignore' });
    await endHelper(emulator);
  }

  /** What is asked of the TPM now gets no answer, until the power goes. */
  pause(): void {
    this.#manager?.kill('SIGSTOP');
  }

  async end(): Promise<void> {
    await this.powerOff();
    await this.bus.stop();
  }

  /** The second port, which the emulator is controlled by, has to be the next one. Another program may be faster. */
  async #startEmulator(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const child = this.#spawnEmulator(port);
      if (await isUp(child, this.#pidFile)) {
        this.#emulator = child;
        this.#port = port;
        return;
      }
      if (attempt === 10) throw new Error('swtpm does not start: apt-get install swtpm');
    }
  }

  get #pidFile(): string {
    return join(this.#directory, 'swtpm.pid');
  }

  #spawnEmulator(port: number): ChildProcess {
    rmSync(this.#pidFile, { force: true });
    const on = (name: string, number: number): string[] => [
      `--${name}`,
      `type=tcp,port=${String(number)},bindaddr=127.0.0.1`,
    ];
    return spawn(
      'swtpm',
      [
        ...['socket', '--tpm2', '--tpmstate', `dir=${join(this.#directory, 'state')}`],
        ...[...on('server', port), ...on('ctrl', port + 1)],
        ...['--flags', 'not-need-init,startup-clear', '--pid', `file=${this.#pidFile}`],
      ],
      { stdio: 'ignore' },
    );
  }

  async #startManager(): Promise<void> {
    const child = spawn('tpm2-abrmd', ['--session', '--allow-root', '--flush-all', `--tcti=${this.#tcti}`], {
      stdio: 'ignore',
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: this.bus.address },
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`tpm2-abrmd ended with ${String(code)}`)));
    });
    this.#manager = child;
    const connection = this.bus.connect();
    try {
      await Promise.race([failed, until(() => hasOwner(connection, resourceManager), 'tpm2-abrmd', 30_000)]);
    } finally {
      failed.catch(() => undefined); // it ends one day
    }
  }
}

/** Also one that stands still. */
async function endAtOnce(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** A port of the loopback address that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** Whether the emulator has its ports: it writes its process ID then. */
async function isUp(child: ChildProcess, pidFile: string): Promise<boolean> {
  const state = { ended: false };
  child.once('error', () => (state.ended = true));
  child.once('exit', () => (state.ended = true));
  const isWritten = (): boolean => existsSync(pidFile) && statSync(pidFile).size > 0;
  await until(() => state.ended || isWritten(), 'swtpm', 30_000);
  return !state.ended;
}
