/**
 * One disposable laptop: a home of its own, a token with a certified key, AWS on loopback, and the built `rolekey`.
 * Nothing of the real user is in it, and nothing is left of it. A call of `rolekey` takes about 0.1 s.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Authority, type IssuedCertificate } from '../pki/authority.ts';
import { openAccount } from '../roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../roles-anywhere/server.ts';
import { certificateRequest } from '../soft-token/certificate-request.ts';
import { SoftHsm, type SoftToken } from '../soft-token/soft-hsm.ts';
import { builtCli } from './built-cli.ts';
import { endProcesses, processesWith, type RunningProcess } from './processes.ts';
import { runProgram, type ProgramOptions, type Result } from './program.ts';
import { Terminal, type TerminalOptions } from './terminal.ts';

/** Added to the world's environment; undefined takes a variable out of it. */
export type EnvironmentChange = Readonly<Record<string, string | undefined>>;

export type RunOptions = Partial<Omit<ProgramOptions, 'env'>> & { readonly env?: EnvironmentChange };

export type AtTerminal = Partial<Omit<TerminalOptions, 'env'>> & { readonly env?: EnvironmentChange };

interface Parts {
  readonly directory: string;
  readonly hsm: SoftHsm;
  readonly authority: Authority;
  readonly server: RunningServer;
}

/** The PIN of every token of a world. */
export const pin = '274519';
/** Where the accounts of {@link World.accountFlags} are. */
export const region = 'eu-central-1';

/** Certificates of a world are valid since then, also for a server whose clock is hours behind. */
const yesterday = (): Date => new Date(Date.now() - 86_400_000);

export class World {
  /** Everything lives below it. */
  readonly directory: string;
  readonly home: string;
  readonly credentialsFile: string;
  readonly configFile: string;
  /** Absolute path of the `rolekey` command. */
  readonly cli: string;
  /** What every program of this world is started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly hsm: SoftHsm;
  /** The demo CA, the trust anchor of every account. */
  readonly authority: Authority;
  /** IAM Roles Anywhere and STS; any ARNs are known to it. */
  readonly server: RunningServer;
  readonly token: SoftToken;
  /** Made on the token, certified by the CA; the certificate lies beside it. */
  readonly device: { readonly uri: string; readonly certificate: IssuedCertificate };

  static async open(): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), 'rolekey-world-'));
    const authority = Authority.root(join(directory, 'ca'), {
      subject: '/O=Example/CN=Device CA',
      notBefore: yesterday(),
    });
    const server = await startServer({ account: openAccount(authority.certificate.pem) });
    return new World({ directory, hsm: new SoftHsm(join(directory, 'hsm')), authority, server });
  }

  private constructor({ directory, hsm, authority, server }: Parts) {
    this.directory = directory;
    this.hsm = hsm;
    this.authority = authority;
    this.server = server;
    this.cli = builtCli();
    this.home = this.folder('home');
    this.credentialsFile = join(this.home, '.aws', 'credentials');
    this.configFile = join(this.home, '.aws', 'config');
    this.env = {
      HOME: this.home,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      TMPDIR: this.folder('tmp'),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      XDG_CONFIG_HOME: this.folder('home/.config'),
      XDG_STATE_HOME: this.folder('home/.local/state'),
      XDG_DATA_HOME: this.folder('home/.local/share'),
      XDG_CACHE_HOME: this.folder('home/.cache'),
      XDG_RUNTIME_DIR: this.folder('run'),
      PCSCLITE_CSOCK_NAME: join(this.folder('run'), 'pcscd.comm'), // never the computer's own readers
      ...hsm.environment,
    };
    this.token = hsm.token('laptop', pin);
    this.token.generateKey('EC:prime256v1', { id: '01', label: 'device' });
    const certificate = this.certify(this.token, '01');
    this.token.importCertificate(certificate.der, { id: '01', label: 'device' });
    this.device = { uri: 'pkcs11:token=laptop;id=%01', certificate };
  }

  /** A certificate of the demo CA for a key that was made on a token. */
  certify(token: SoftToken, id: string): IssuedCertificate {
    const csr = certificateRequest(token, { id }, [['CN', 'laptop-1']]);
    return this.authority.issue({
      subject: '/O=Example/OU=Laptops/CN=laptop-1',
      holder: { csr },
      notBefore: yesterday(),
    });
  }

  /** A folder of this world, mode 0700, made where it is missing. */
  folder(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** A file of this world with that content. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, content);
    return path;
  }

  /** Runs the built command line; standard input is no terminal. */
  rolekey(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.run(this.cli, args, options);
  }

  /** Runs any program as the user of this world. */
  run(program: string, args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Result> {
    return runProgram(program, args, { cwd: this.home, ...options, env: this.#environment(env) });
  }

  /**
   * Runs `call` until it ends within the limit, beside what Node alone takes then: a busy computer may be late twice,
   * what waits too long is late each time.
   */
  async inTime(limitMs: number, call: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      const result = await call();
      const late = result.ms - limitMs - (await this.run(process.execPath, ['-e', '0'])).ms;
      if (late < 0) return result;
      if (tries === 3) throw new Error(`It ended ${late.toFixed(0)} ms too late, the third time.`);
    }
  }

  /** Runs the built command line at a terminal. */
  terminal(args: readonly string[], options: AtTerminal = {}): Terminal {
    return this.runAtTerminal(this.cli, args, options);
  }

  /** Runs any program at a terminal. */
  runAtTerminal(program: string, args: readonly string[], { env, ...options }: AtTerminal = {}): Terminal {
    return new Terminal([program, ...args], { cwd: this.home, ...options, env: this.#environment(env) });
  }

  /** Starts the agent by hand, as `rolekey agent` at another terminal, and waits until it listens. */
  async startAgent(env: EnvironmentChange = {}): Promise<void> {
    const agent = spawn(this.cli, ['agent', '--json'], {
      cwd: this.home,
      env: this.#environment(env),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const line of createInterface(agent.stdout)) {
      said = line;
      break;
    }
    const { pid } = JSON.parse(said === '' ? '{}' : said) as { pid?: number };
    if (pid !== agent.pid) throw new Error(`The agent did not start: ${said}`);
  }

  /** The flags of an account in this world: all but its key. Its role is called ROLE. */
  accountFlags(role: string, awsAccount = '123456789012'): string[] {
    const prefix = `arn:aws:rolesanywhere:${region}:${awsAccount}`;
    return [
      ...['--role-arn', `arn:aws:iam::${awsAccount}:role/${role}`],
      ...['--profile-arn', `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`],
      ...['--trust-anchor-arn', `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`],
      ...['--endpoint', this.server.url],
    ];
  }

  /**
   * Adds an account whose role is called as it is, with the device's key where `flags` name none.
   * @throws Error with what the command said.
   */
  async addAccount(id: string, ...flags: readonly string[]): Promise<void> {
    const key = flags.includes('--private-key') ? [] : ['--private-key', this.device.uri];
    const args = ['accounts', 'add', id, ...this.accountFlags(id), ...key, ...flags];
    const { code, stderr } = await this.rolekey(args);
    if (code !== 0) throw new Error(`accounts add ${id}: ${stderr}`);
  }

  /** Connects accounts with the PIN of the token. @throws Error with what the command said. */
  async connect(...ids: readonly string[]): Promise<void> {
    const { code, stderr } = await this.rolekey(['connect', ...ids, '--pin-stdin'], { stdin: `${pin}\n` });
    if (code !== 0) throw new Error(`connect ${ids.join(' ')}: ${stderr}`);
  }

  /** Every program of this world that still runs: they all have its home. */
  processes(): RunningProcess[] {
    return processesWith(`HOME=${this.home}`);
  }

  /** Ends every program of this world that still runs, the agent among them. */
  async endProcesses(): Promise<void> {
    await endProcesses(() => this.processes());
  }

  /** Ends every process, closes the server and removes every file. */
  async dispose(): Promise<void> {
    await this.endProcesses();
    await this.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #environment(change: EnvironmentChange = {}): Record<string, string> {
    const merged = Object.entries({ ...this.env, ...change });
    return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }
}

/** The text of a file; null where there is none. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
