/** Programs that want credentials all the time: by the socket, by the command line, and from the credentials file. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { sectionsOf, withoutOurs } from './aws-file.ts';
import type { FleetAccount } from './fleet.ts';
import type { Reading } from './journal.ts';
import { userFiles, type Laptop } from './laptop.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds between two looks, of the computer's time. */
const pauses = { socket: 12, file: 60, commandLine: 2500 };

interface Served {
  readonly credentials: { readonly accessKeyId: string; readonly expiration: string };
}

export class Consumers {
  readonly #laptop: Laptop;
  readonly #recorder: Recorder;
  readonly #fleet: readonly FleetAccount[];
  readonly #random: Random;
  #isOver = false;

  constructor(laptop: Laptop, recorder: Recorder, fleet: readonly FleetAccount[], random: Random) {
    this.#laptop = laptop;
    this.#recorder = recorder;
    this.#fleet = fleet;
    this.#random = random;
  }

  /** Reads until {@link stop}. */
  async run(): Promise<void> {
    await Promise.all([this.#overSocket(), this.#byCommandLine(), this.#fromFile()]);
  }

  stop(): void {
    this.#isOver = true;
  }

  async #overSocket(): Promise<void> {
    while (!this.#isOver) {
      for (const { id } of this.#fleet) {
        await this.#read(id, 'socket', async () => {
          const { status, body } = await this.#laptop.socket.call('credentials', { account: id }, 5000);
          if (status !== 200) return { code: (body as { error: { code: string } }).error.code };
          const { accessKeyId, expiration } = (body as Served).credentials;
          return { accessKeyId, expiration: Date.parse(expiration) };
        });
        await pause(pauses.socket);
      }
    }
  }

  async #byCommandLine(): Promise<void> {
    while (!this.#isOver) {
      await pause(pauses.commandLine);
      const { id } = this.#random.pick(this.#fleet);
      await this.#read(id, 'credential-process', async () => {
        const { code, stdout } = await this.#laptop.rolekey(['credential-process', '--account', id]);
        if (code !== 0) return { code: stdout === '' ? `exit ${String(code)}` : 'output beside a failure' };
        const answer = JSON.parse(stdout) as { AccessKeyId: string; Expiration: string };
        return { accessKeyId: answer.AccessKeyId, expiration: Date.parse(answer.Expiration) };
      });
    }
  }

  async #read(
    account: string,
    source: Reading['source'],
    look: () => Promise<Reading['found']>,
  ): Promise<void> {
    const asked = this.#recorder.now();
    const found = await look().catch(() => ({ code: 'no-answer' }));
    const answered = this.#recorder.now();
    this.#recorder.readings.push({ asked, answered, account, source, found });
  }

  async #fromFile(): Promise<void> {
    const profiles = this.#fleet.filter(({ outlet }) => outlet === 'credentials-file').map(({ id }) => id);
    while (!this.#isOver) {
      this.#lookAtFile(profiles);
      await pause(pauses.file);
    }
  }

  #lookAtFile(profiles: readonly string[]): void {
    const asked = this.#recorder.now();
    const text = readFileSync(this.#laptop.credentialsFile, 'utf8');
    if (withoutOurs(text) !== userFiles.credentials) {
      this.#recorder.foreignChanges.push(`the credentials file at ${new Date(asked).toISOString()}`);
    }
    const sections = sectionsOf(text);
    const moment = { asked, answered: asked };
    for (const account of profiles) {
      const found = sections.get(account) ?? { code: 'absent' };
      this.#recorder.readings.push({ ...moment, account, source: 'credentials-file', found });
    }
  }
}
