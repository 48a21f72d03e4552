/**
 * A systemd user manager of a world's own: the real program, in namespaces of its own, so that neither this computer's
 * manager nor its processes are touched. It needs root, the right to make namespaces, and a cgroup v2 hierarchy.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, type Result } from './program.ts';
import type { World } from './world.ts';

const systemd = '/lib/systemd/systemd';

/**
 * Goes into a cgroup ($1) and namespaces of its own, where a computer seems booted with systemd, and runs what follows.
 * The manager moves whatever is in the cgroup it takes for the root: hence one of its own.
 */
const enter = `set -e
mkdir "$1"
echo $$ >"$1/cgroup.procs"
shift
exec unshare --mount --cgroup --pid --fork --mount-proc --kill-child sh -c '
  set -e
  mount -t tmpfs none /run/systemd
  mkdir /run/systemd/system
  mount -t cgroup2 none /sys/fs/cgroup
  "$@" & # not as process 1, which is no user manager
  wait $!' sh "$@"`;

let count = 0;

/** A path for a cgroup; null where there is no cgroup v2. */
function newCgroup(): string | null {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const root = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  count += 1;
  return root === undefined ? null : join(root, `rolekey-test-${String(process.pid)}-${String(count)}`);
}

/** The kernel may need a moment until processes that have ended are out of it. @throws Error after 10 s. */
async function removeCgroup(path: string): Promise<void> {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Whether this computer lets one be run. */
export async function canRunUserSystemd(): Promise<boolean> {
  const cgroup = newCgroup();
  if (cgroup === null || process.getuid?.() !== 0 || !existsSync(systemd)) return false;
  const { status } = spawnSync('sh', ['-c', enter, 'sh', cgroup, 'true']);
  await removeCgroup(cgroup);
  return status === 0;
}

export class UserSystemd {
  readonly #world: World;
  readonly #cgroup: string;
  readonly #outer: ChildProcess;
  /** The manager's process. */
  readonly #pid: number;

  private constructor(world: World, cgroup: string, outer: ChildProcess, pid: number) {
    this.#world = world;
    this.#cgroup = cgroup;
    this.#outer = outer;
    this.#pid = pid;
  }

  /** Resolves once it takes commands. @throws Error where it does not within 10 s. */
  static async start(world: World): Promise<UserSystemd> {
    const cgroup = newCgroup()!;
    const { HOME, PATH, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = world.env;
    const outer = spawn('sh', ['-c', enter, 'sh', cgroup, systemd, '--user', '--log-target=null'], {
      // A manager knows less than the shells of its user.
      env: { HOME, PATH, XDG_RUNTIME_DIR, XDG_CONFIG_HOME },
      stdio: 'ignore',
    });
    const deadline = Date.now() + 10_000;
    for (;;) {
      const found = world.processes().find(({ argv }) => argv[0] === systemd);
      const isReady = existsSync(join(XDG_RUNTIME_DIR!, 'systemd', 'private'));
      if (found !== undefined && isReady) return new UserSystemd(world, cgroup, outer, found.pid);
      if (Date.now() > deadline) throw new Error('The systemd user manager did not start.');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Runs a program as the user of the world, where the manager is. */
  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
    const enterIt = ['--target', String(this.#pid), '--mount', '--pid', '--cgroup', '--', program, ...args];
    return runProgram('nsenter', enterIt, {
      env: { ...this.#world.env, ...env },
      cwd: this.#world.home,
    });
  }

  /** Ends it with everything it runs. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#outer.once('close', resolve));
    if (this.#outer.exitCode === null && this.#outer.signalCode === null) {
      this.#outer.kill('SIGKILL');
      await closed;
    }
    await this.#world.endProcesses();
    await removeCgroup(this.#cgroup);
  }
}
