/** A real ssh-agent of OpenSSH on a socket of its own, and ssh-add beside it. */
import { createPublicKey } from 'node:crypto';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSshLine } from './open-ssh-key.ts';

/** Asks nobody: what is in the file `answer` beside it is what a person types; an empty one is a refusal. */
const askpass = (directory: string): string => `#!/bin/sh
echo asked >> '${directory}/asked'
while [ ! -e '${directory}/answer' ]; do sleep 0.05; done
answer=$(cat '${directory}/answer')
[ -n "$answer" ] || exit 1
echo "$answer"
`;

export class SshAgent {
  /** What SSH_AUTH_SOCK is set to. */
  readonly socket: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  /** @param directory is made where it is missing; short, since a socket's path is. */
  static async start(directory: string): Promise<SshAgent> {
    const agent = new SshAgent(directory);
    while (!existsSync(agent.socket)) {
      if (agent.#process.exitCode !== null) throw new Error('ssh-agent did not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return agent;
  }

  private constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.socket = join(directory, 'socket');
    writeFileSync(join(directory, 'askpass'), askpass(directory), { mode: 0o700 });
    this.#process = spawn('ssh-agent', ['-D', '-a', this.socket], {
      env: this.#environment(),
      stdio: 'ignore',
    });
    this.#process.on('error', () => undefined);
  }

  /** Adds a private key (PEM). @param flags of ssh-add, `-c` for one that is confirmed before each use. */
  add(privatePem: string, ...flags: string[]): void {
    const file = join(this.#directory, 'key.pem');
    writeFileSync(file, privatePem, { mode: 0o600 });
    this.sshAdd([...flags, file]);
    rmSync(file);
  }

  /** Runs ssh-add with this agent. @returns what it prints. @throws Error with what it said. */
  sshAdd(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
    const run = spawnSync('ssh-add', args, { env: { ...this.#environment(), ...env }, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`ssh-add ${args.join(' ')}: ${run.stderr}`);
    return run.stdout;
  }

  /** Removes a private key (PEM). */
  remove(privatePem: string): void {
    const file = join(this.#directory, 'key.pub');
    writeFileSync(
      file,
      openSshLine(createPublicKey(privatePem).export({ format: 'pem', type: 'spki' }) as string),
    );
    this.sshAdd(['-d', file]);
  }

  /** The fingerprints `ssh-add -l` prints, in its order. @throws Error where it holds none. */
  fingerprints(): string[] {
    return this.sshAdd(['-l'])
      .split('\n')
      .flatMap((line) => line.split(' ')[1] ?? []);
  }

  /** The same, where it may hold none. */
  fingerprintsOrNone(): string[] {
    try {
      return this.fingerprints();
    } catch {
      return [];
    }
  }

  /** Makes a key with ssh-keygen and adds it. @param type `ed25519`, or `ecdsa` and `rsa` with `bits`. */
  generate(type: string, bits?: number): void {
    const file = join(this.#directory, `made-${type}${String(bits ?? '')}`);
    const size = bits === undefined ? [] : ['-b', String(bits)];
    const args = ['-q', '-t', type, ...size, '-N', '', '-C', `made ${type}`, '-f', file];
    const run = spawnSync('ssh-keygen', args, { env: this.#environment(), encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${run.stderr}`);
    this.sshAdd([file]);
  }

  /** Locks or unlocks it (`ssh-add -x`, `-X`). */
  setLocked(isLocked: boolean): void {
    this.answer('lock password');
    this.sshAdd([isLocked ? '-x' : '-X']);
    this.forgetAnswer();
  }

  /** What is typed where it or ssh-add asks; nothing is a refusal. */
  answer(text: string): void {
    writeFileSync(join(this.#directory, 'answer'), text);
  }

  /** From now on nobody answers, and what it asks stays open. */
  forgetAnswer(): void {
    for (const name of ['answer', 'asked']) rmSync(join(this.#directory, name), { force: true });
  }

  /** Whether it, or ssh-add, has asked since {@link forgetAnswer}. */
  get hasAsked(): boolean {
    return existsSync(join(this.#directory, 'asked'));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.answer(''); // whoever it asks at the moment goes away
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }

  #environment(): Record<string, string> {
    return {
      PATH: '/usr/bin:/bin',
      HOME: this.#directory,
      SSH_AUTH_SOCK: this.socket,
      SSH_ASKPASS: join(this.#directory, 'askpass'),
      SSH_ASKPASS_REQUIRE: 'force',
    };
  }
}
