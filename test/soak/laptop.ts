/** A disposable laptop on which time runs fast: real tokens, the real agent, AWS on loopback, real AWS files. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Authority } from '../support/pki/authority.ts';
import { makeTlsIdentity } from '../support/pki/tls.ts';
import { openAccount } from '../support/roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../support/roles-anywhere/server.ts';
import { clockVariable, ScaledClock, scaledClockPreload } from '../support/scaled-clock/scaled-clock.ts';
import { certificateRequest } from '../support/soft-token/certificate-request.ts';
import { SoftHsm, softHsmModule, type SoftToken } from '../support/soft-token/soft-hsm.ts';
import { builtCli } from '../support/world/built-cli.ts';
import { endProcesses, processesWith } from '../support/world/processes.ts';
import { runProgram, type Result } from '../support/world/program.ts';
import { Terminal } from '../support/world/terminal.ts';
import { AgentSocket } from './agent-socket.ts';
import { fleetTokens, type FleetAccount } from './fleet.ts';
import { SmallDisk } from './small-disk.ts';

const soakPin = '604182';
const region = 'eu-central-1';
const awsAccount = '123456789012';
const day = 86_400_000;

/** What the user has in the AWS files, in all its oddity; Rolekey must give it back as it was. */
export const userFiles = {
  credentials:
    '# mine\r\n[personal]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n  aws_secret_access_key=x # odd\n\n[  spaced ]\nregion=x\n',
  config: '[default]\nregion = eu-west-1\n\n# kept\n[profile personal]\noutput=json',
};

/** One PKCS#11 module with a token store of its own. */
interface Module {
  readonly path: string;
  /** What counting-module.c writes. */
  readonly log: string;
}

interface Parts {
  readonly directory: string;
  readonly clock: ScaledClock;
  readonly agentClock: ScaledClock;
  readonly server: RunningServer;
  readonly authority: Authority;
  readonly caFile: string;
}

export class Laptop {
  readonly directory: string;
  readonly disk: SmallDisk;
  readonly credentialsFile: string;
  readonly configFile: string;
  readonly tokens = new Map<string, SoftToken>();
  readonly modules: readonly Module[];
  readonly socket: AgentSocket;
  /** The world's clock, and AWS's. */
  readonly clock: ScaledClock;
  /** The laptop's own, which may be wrong. */
  readonly agentClock: ScaledClock;
  readonly server: RunningServer;
  readonly #env: Readonly<Record<string, string>>;
  readonly #home: string;
  readonly #cli = builtCli();
  readonly #fileKey: { readonly key: string; readonly certificate: string };
  readonly #authority: Authority;
  readonly #caFile: string;
  #agentPid = 0;

  /** @param scale how many seconds pass in one of the computer's. */
  static async open(scale: number): Promise<Laptop> {
    const directory = mkdtempSync(join(tmpdir(), 'rolekey-soak-'));
    const since = Date.now();
    const clock = new ScaledClock(join(directory, 'clock'), scale, since);
    const agentClock = new ScaledClock(join(directory, 'agent-clock'), scale, since);
    const authority = Authority.root(join(directory, 'ca'), {
      subject: '/O=Example/CN=Device CA',
      notBefore: new Date(since - day),
    });
    const { caFile, ...tls } = makeTlsIdentity(directory);
    const account = openAccount(authority.certificate.pem);
    const server = await startServer({ account, tls, now: () => clock.now() });
    return new Laptop({ directory, clock, agentClock, server, authority, caFile });
  }

  private constructor({ directory, clock, agentClock, server, authority, caFile }: Parts) {
    this.directory = directory;
    this.clock = clock;
    this.agentClock = agentClock;
    this.server = server;
    this.#authority = authority;
    this.#caFile = caFile;
    this.#home = this.#folder('home');
    this.disk = new SmallDisk(this.#folder('home/.aws'));
    this.credentialsFile = join(this.#home, '.aws', 'credentials');
    this.configFile = join(this.#home, '.aws', 'config');
    writeFileSync(this.credentialsFile, userFiles.credentials, { mode: 0o600 });
    writeFileSync(this.configFile, userFiles.config);
    this.#env = {
      HOME: this.#home,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      TMPDIR: this.#folder('tmp'),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      XDG_CONFIG_HOME: this.#folder('home/.config'),
      XDG_STATE_HOME: this.#folder('home/.local/state'),
      XDG_RUNTIME_DIR: this.#folder('run'),
    };
    this.modules = [0, 1].map((number) => this.#module(number));
    const { privateKeyFile, file } = authority.identity({ notBefore: new Date(clock.now() - day) });
    this.#fileKey = { key: privateKeyFile, certificate: file };
    this.socket = new AgentSocket(join(directory, 'run', 'rolekey', 'agent.sock'));
  }

  /** A module in front of tokens that hold a certified key each. */
  #module(number: number): Module {
    const hsm = new SoftHsm(join(this.directory, `hsm-${String(number)}`));
    for (const { label } of fleetTokens.filter(({ module }) => module === number)) {
      const token = hsm.token(label, soakPin);
      token.generateKey('EC:prime256v1', { id: '01', label: 'device' });
      const csr = certificateRequest(token, { id: '01' }, [['CN', label]]);
      const certificate = this.#authority.issue({
        subject: `/O=Example/CN=${label}`,
        holder: { csr },
        notBefore: new Date(this.clock.now() - day),
      });
      token.importCertificate(certificate.der, { id: '01', label: 'device' });
      this.tokens.set(label, token);
    }
    const path = join(this.directory, `module-${String(number)}.so`);
    const log = join(this.directory, `module-${String(number)}.log`);
    writeFileSync(log, '');
    const names = { REAL: softHsmModule(), CONF: hsm.environment.SOFTHSM2_CONF, LOG: log };
    const defines = Object.entries(names).map(([name, value]) => `-D${name}="${value}"`);
    const source = resolve('test', 'soak', 'counting-module.c');
    execFileSync('gcc', ['-shared', '-fPIC', '-O1', ...defines, '-o', path, source, '-ldl']);
    return { path, log };
  }

  /** Starts the agent by hand, on its clock, and waits until it listens. Its modules are confirmed as by a person. */
  async startAgent(): Promise<void> {
    const env = { ...this.#env, AWS_CA_BUNDLE: this.#caFile, [clockVariable]: this.agentClock.path };
    const args = ['-r', resolve(scaledClockPreload), this.#cli, 'agent', '--json'];
    const agent = spawn(process.execPath, args, {
      cwd: this.#home,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const line of createInterface(agent.stdout)) {
      said = line;
      break;
    }
    if (agent.pid === undefined || !said.includes(String(agent.pid)))
      throw new Error(`The agent did not start: ${said}`);
    this.#agentPid = agent.pid;
    for (const { path } of this.modules) {
      const command = [this.#cli, 'tokens', '--pkcs11-lib', path];
      const terminal = new Terminal(command, { env: this.#env, cwd: this.#home });
      await terminal.shows('Type yes');
      terminal.type('yes\r');
      if ((await terminal.ended) !== 0) throw new Error(terminal.output);
    }
  }

  async addAccount({ id, token, outlet, durationSeconds }: FleetAccount): Promise<void> {
    const prefix = `arn:aws:rolesanywhere:${region}:${awsAccount}`;
    const key =
      token === null
        ? { keys: [this.#fileKey.key], certificate: this.#fileKey.certificate }
        : { keys: [`pkcs11:token=${token.label};id=%01`], pkcs11Lib: this.modules[token.module]!.path };
    const fields = {
      roleArn: `arn:aws:iam::${awsAccount}:role/${id}`,
      profileArn: `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
      trustAnchorArn: `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
      sessionDuration: durationSeconds,
      endpoint: this.server.url,
      outlet,
      ...key,
    };
    await this.socket.must('accounts-add', { id, fields, adopt: false, allowDefault: false, dryRun: false });
  }

  /** Runs the built command line on the real clock, as programs that come and go do. */
  rolekey(args: readonly string[], stdin?: string): Promise<Result> {
    return runProgram(this.#cli, args, { env: this.#env, cwd: this.#home, stdin, timeoutMs: 90_000 });
  }

  /** `rolekey connect --pin-stdin`. The agent takes the time-out for scaled time: 50 minutes are half a real one at 100. */
  connectWithPin(ids: readonly string[]): Promise<Result> {
    return this.rolekey(['connect', ...ids, '--pin-stdin', '--json', '--timeout', '3000'], `${soakPin}\n`);
  }

  get logFile(): string {
    return join(this.#home, '.local', 'state', 'rolekey', 'rolekey.log');
  }

  get agentPid(): number {
    return this.#agentPid;
  }

  /** The token hosts that run, with the number of their module. */
  hosts(): { readonly pid: number; readonly module: number }[] {
    return processesWith(`HOME=${this.#home}`).flatMap(({ pid, argv }) => {
      const module = this.modules.findIndex(({ path }) => argv.at(-1) === path);
      return module === -1 || !(argv[1] ?? '').endsWith('token-host.cjs') ? [] : [{ pid, module }];
    });
  }

  /** Stops the agent and its token hosts in their tracks, or lets them go on. */
  signalAll(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of [this.#agentPid, ...this.hosts().map((host) => host.pid)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // A host that ended meanwhile.
      }
    }
  }

  async dispose(): Promise<void> {
    this.socket.close();
    await endProcesses(() => processesWith(`HOME=${this.#home}`));
    await this.server.close();
    this.disk.remove();
    this.clock.close();
    this.agentClock.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #folder(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }
}
