/** The private laptop the demo runs on: a home with AWS files of the user's own, a token store, and the `rolekey` command. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SoftHsm } from '../soft-token/soft-hsm.ts';
import { builtCli } from '../world/built-cli.ts';
import { endProcesses, processesWith } from '../world/processes.ts';
import { runProgram, type Result } from '../world/program.ts';
import { hold } from './steps.ts';

/** What a user may have in these files: comments, odd spacing, CRLF, no newline at the end. */
const userFiles = {
  credentials:
    '# my own keys\r\n[personal]\r\naws_access_key_id=AKIAEXAMPLEEXAMPLE00\r\naws_secret_access_key = not-a-secret',
  config: '[default]\nregion = eu-west-1 \n\n#  keep me\n[profile personal]\n  output=json\n',
};

/** As much of `rolekey status --json` as the demo looks at. */
export interface AccountState {
  readonly activity: string;
  readonly reason: string | null;
  readonly serving: { readonly expiresAt: string; readonly renewAt: string } | null;
}

export class Laptop {
  readonly folder = mkdtempSync(join(tmpdir(), 'rolekey-demo-'));
  readonly hsm = new SoftHsm(join(this.folder, 'hsm'));
  readonly env: Readonly<Record<string, string>>;
  readonly #home = join(this.folder, 'home');
  readonly #credentialsFile = join(this.#home, '.aws', 'credentials');
  readonly #configFile = join(this.#home, '.aws', 'config');
  readonly #cli = builtCli();

  constructor() {
    const runtime = join(this.folder, 'run');
    mkdirSync(runtime, { mode: 0o700 });
    mkdirSync(dirname(this.#configFile), { recursive: true, mode: 0o700 });
    writeFileSync(this.#credentialsFile, userFiles.credentials, { mode: 0o600 });
    writeFileSync(this.#configFile, userFiles.config);
    this.env = {
      HOME: this.#home,
      XDG_RUNTIME_DIR: runtime,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      ...this.hsm.environment,
    };
  }

  /** Runs `rolekey`. @throws Error with what it said where it fails. */
  async rolekey(args: readonly string[], stdin?: string): Promise<Result> {
    const result = await runProgram(this.#cli, args, { env: this.env, cwd: this.#home, stdin });
    hold(result.code === 0, `rolekey ${args.join(' ')}: ${result.stderr.trim()}`);
    return result;
  }

  async state(account: string): Promise<AccountState> {
    const { accounts } = (await this.rolekey(['status', account, '--json'])).json() as {
      accounts: { state: AccountState }[];
    };
    return accounts[0]!.state;
  }

  /** What an AWS SDK gets from `credential_process`. */
  async servedKeyId(account: string): Promise<string> {
    const served = (await this.rolekey(['credential-process', '--account', account])).json();
    return (served as { AccessKeyId: string }).AccessKeyId;
  }

  /** @throws Error where a byte of the user's credentials file is other than it was. */
  holdCredentialsFile(): void {
    const now = readFileSync(this.#credentialsFile, 'utf8');
    hold(now === userFiles.credentials, 'The credentials file is not what it was.');
  }

  /** @throws Error where a byte of the user's config file is other than it was. */
  holdConfigFile(): void {
    hold(readFileSync(this.#configFile, 'utf8') === userFiles.config, 'The config file is not what it was.');
  }

  /** Ends every process that was started on this laptop and removes its files. */
  async dispose(): Promise<void> {
    await endProcesses(() => processesWith(`HOME=${this.#home}`));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
