/**
 * A computer with two USB ports for virtual YubiKeys: a reader service of its own, and the cards in it. Real pcscd, and
 * whatever speaks to it (libykcs11, OpenSC, yubico-piv-tool) is real too; only the card is not. Start takes about half
 * a second, plugging a key in or out as long as pcscd takes to look: up to a second.
 *
 *   const world = await YubikeyWorld.start();
 *   const key = await world.insert({ serial: 12345678 });
 *   key.generate('9a', 'P-256', { touchPolicy: 'always' });
 *   ... a process with world.environment in its environment ...
 *   await world.dispose();
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ReaderService, readerNames } from './reader-service.ts';
import { VirtualYubikey, type Readers, type YubikeyOptions } from './virtual-yubikey.ts';

export class YubikeyWorld {
  readonly #directory: string;
  readonly #service: ReaderService;
  readonly #keys: VirtualYubikey[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
    this.#service = new ReaderService(directory);
  }

  static async start(): Promise<YubikeyWorld> {
    const world = new YubikeyWorld(mkdtempSync(join(tmpdir(), 'yubikey-')));
    try {
      await world.#service.start();
    } catch (error) {
      await world.dispose();
      throw error;
    }
    return world;
  }

  /** What a process needs to see these readers and no others. */
  get environment(): Readonly<Record<string, string>> {
    return this.#service.environment;
  }

  /** The readers' names, by number. */
  get readers(): readonly string[] {
    return readerNames;
  }

  /** A YubiKey as it is sold, not plugged in. */
  create(options: YubikeyOptions): VirtualYubikey {
    const service = this.#service;
    const readers: Readers = {
      portOf: (reader) => service.portOf(reader),
      get log() {
        return service.log;
      },
      untilInserted: (wasAskedForAtr, since) => service.untilInserted(wasAskedForAtr, since),
      untilRemoved: (reader, since) => service.untilRemoved(reader, since),
      resetCard: async (reader) => {
        await this.run('opensc-tool', ['--reader', readerNames[reader] ?? '', '--reset']);
      },
    };
    const key = new VirtualYubikey(readers, options);
    this.#keys.push(key);
    return key;
  }

  /** A YubiKey as it is sold, plugged into the reader of that number. */
  async insert({
    reader = 0,
    ...options
  }: YubikeyOptions & { readonly reader?: 0 | 1 }): Promise<VirtualYubikey> {
    const key = this.create(options);
    await key.insert(reader);
    return key;
  }

  /** Runs a program that sees these readers. @returns its stdout. @throws Error with its output where it fails. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, ...this.environment };
    const { stdout } = await promisify(execFile)(command, args, { env, encoding: 'utf8' });
    return stdout;
  }

  /** The reader service stops, as in an update or a crash. Keys stay where they are. */
  async stopReaderService(): Promise<void> {
    await this.#service.stop();
    await Promise.all(this.#keys.map((key) => key.unlink()));
  }

  /** Starts the reader service again, which finds the keys that are plugged in. */
  async startReaderService(): Promise<void> {
    await this.#service.start();
    for (const key of this.#keys) if (key.reader !== null) await key.insert(key.reader);
  }

  async dispose(): Promise<void> {
    await this.stopReaderService();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
