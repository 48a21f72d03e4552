/**
 * Sets a fresh checkout up and runs a task: `node build/bootstrap.mjs TASK [ARG...]`.
 * It needs nothing but Node itself: packages come from npm, system packages through apt where we are root.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Debian's own Node is too old. These carry the headers that native packages are compiled with. */
const whereNodeIs = 'for example the archive of nodejs.org, which brings its headers';

checkNode(); // first: what follows may be more than an old Node can do
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const inCi = process.env.CI === 'true';

const headersAdvice = `install Node ${whereNodeIs}, or set npm_config_nodedir`;

/**
 * Debian packages and how to see that they are there.
 * @type {Record<string, { packages: string[], present: () => boolean }>}
 */
const parts = {
  compiler: {
    packages: ['g++', 'make', 'python3'],
    present: () => onPath('g++') && onPath('make') && onPath('python3'),
  },
  openssl: { packages: ['openssl'], present: () => onPath('openssl') },
  softhsm: {
    packages: ['softhsm2'],
    present: () => onPath('softhsm2-util') && existsSync('/usr/lib/softhsm/libsofthsm2.so'),
  },
  // The AWS CLI is called by its full path: another one (pip's, version 1) may come first on PATH.
  awscli: { packages: ['awscli'], present: () => existsSync('/usr/bin/aws') },
  opensc: {
    packages: ['opensc', 'opensc-pkcs11'],
    present: () => onPath('pkcs11-tool') && pkcs11Modules('pkcs11-spy.so').some(existsSync),
  },
  // YubiKeys: the reader service, Yubico's own module, and a virtual card behind both.
  yubikey: {
    packages: ['pcscd', 'ykcs11', 'vsmartcard-vpcd', 'yubico-piv-tool', 'pcsc-tools', 'systemd'],
    present: () =>
      isLibrary('libykcs11.so.2') &&
      existsSync('/usr/sbin/pcscd') &&
      existsSync('/usr/lib/pcsc/drivers/serial/libifdvpcd.so') &&
      ['yubico-piv-tool', 'pcsc_scan', 'systemd-socket-activate'].every(onPath),
  },
  // TPMs: an emulator, a resource manager before it, and the module that reaches it.
  tpm: {
    packages: [
      ...['swtpm', 'tpm2-tools', 'tpm2-abrmd', 'libtss2-tcti-tabrmd0', 'dbus', 'gnutls-bin'],
      ...['libtpm2-pkcs11-1', 'libtpm2-pkcs11-tools'],
    ],
    present: () =>
      pkcs11Modules('libtpm2_pkcs11.so').some(existsSync) &&
      ['swtpm', 'tpm2_ptool', 'tpm2_dictionarylockout', 'certtool', 'dbus-daemon'].every(onPath) &&
      existsSync('/usr/sbin/tpm2-abrmd'),
  },
  keyring: {
    packages: ['gnome-keyring', 'libsecret-1-0', 'libsecret-tools', 'libglib2.0-bin', 'dbus'],
    present: () =>
      isLibrary('libsecret-1.so.0') && ['gnome-keyring-daemon', 'secret-tool', 'gdbus'].every(onPath),
  },
  ssh: { packages: ['openssh-client'], present: () => onPath('ssh-agent') && onPath('ssh-add') },
  // A forward proxy, the shells and the SDKs that credentials are handed to in tests.
  tinyproxy: { packages: ['tinyproxy-bin'], present: () => onPath('tinyproxy') },
  shells: { packages: ['zsh', 'fish'], present: () => onPath('zsh') && onPath('fish') },
  boto3: {
    packages: ['python3-boto3'],
    present: () => existsSync('/usr/lib/python3/dist-packages/boto3/__init__.py'),
  },
  goSdk: {
    packages: ['golang-go', 'golang-github-aws-aws-sdk-go-v2-dev'],
    present: () =>
      existsSync('/usr/bin/go') && existsSync('/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/go.mod'),
  },
  xvfb: { packages: ['xvfb'], present: () => onPath('Xvfb') },
  dbus: { packages: ['dbus'], present: () => onPath('dbus-daemon') },
  electronLibraries: {
    packages: ['libgtk-3-0', 'libnss3', 'libnotify4', 'libasound2', 'libgbm1'],
    present: () =>
      ['libgtk-3.so.0', 'libnss3.so', 'libnotify.so.4', 'libasound.so.2', 'libgbm.so.1'].every(isLibrary),
  },
  // The AppImage that holds the test Electron can unpack itself where this is missing.
  squashfs: { packages: ['squashfs-tools'], present: () => onPath('unsquashfs') },
  pip: { packages: ['python3-pip'], present: hasPip },
};

/** @typedef {keyof typeof parts} Part */

/** What the end-to-end tests are run with: the test Electron is for Linux on x64 alone. */
const hasTestElectron = process.platform === 'linux' && process.arch === 'x64';
/** @type {Part[]} */
const desktop = ['xvfb', 'dbus']; // the stand-ins are judged also where no Electron can be had
/** @type {Part[]} */
const clients = ['awscli', 'boto3', 'goSdk', 'shells', 'tinyproxy'];
/** @type {Part[]} */
const keys = ['yubikey', 'tpm', 'keyring', 'ssh'];
/** @type {Part[]} */
const electron = hasTestElectron ? ['electronLibraries'] : [];
/** @type {Part[]} */
const electronDownload = hasTestElectron && (await lacksElectron()) ? ['squashfs', 'pip'] : [];

/**
 * What each task needs and what it runs once everything is set up and built. It does without what it `wants`, but not
 * in CI; without what it `likes` everywhere: then the end-to-end tests are skipped, unless they have an Electron.
 * @type {Record<string, { needs: Part[], wants?: Part[], likes?: Part[], run?: string[] }>}
 */
const tasks = {
  build: { needs: ['compiler'] },
  start: { needs: ['compiler', ...electron], run: ['node', 'build/start.mjs'] },
  demo: {
    needs: ['compiler', 'openssl', 'softhsm', 'opensc', ...(process.argv.includes('--app') ? electron : [])],
    wants: ['awscli'], // without it the AWS SDK shows the same
    likes: process.argv.includes('--app') ? electronDownload : [],
    run: ['node', 'build/demo.mjs'],
  },
  test: {
    needs: ['compiler', 'openssl', 'softhsm', 'opensc', ...keys, ...clients, ...desktop, ...electron],
    likes: electronDownload,
    run: ['node', 'build/run-tests.mjs'],
  },
  e2e: {
    needs: ['compiler', 'openssl', 'softhsm', ...keys, ...desktop, ...electron],
    likes: electronDownload,
    run: ['node', 'build/run-tests.mjs', '--e2e-only'],
  },
  check: { needs: ['compiler'], run: ['node', 'build/run-tests.mjs', '--checks-only'] },
  bench: {
    needs: ['compiler', 'openssl', 'softhsm', 'opensc', 'yubikey', 'tpm'],
    run: ['node', 'build/run-program.mjs', 'test/bench/main.ts'],
  },
  soak: {
    needs: ['compiler', 'openssl', 'softhsm', 'opensc'],
    run: ['node', 'build/run-program.mjs', 'test/soak/main.ts'],
  },
};

const [taskName = '', ...args] = process.argv.slice(2);
const task = tasks[taskName];
if (task === undefined)
  fail(`There is no task “${taskName}”; there are ${Object.keys(tasks).join(', ')}.`, 2);

const headers = nodeHeaders();
systemPackages(task.needs, task.wants ?? [], task.likes ?? []);
npmPackages();
setUp('node', ['build/build.mjs']);
if (task.run !== undefined) {
  // A terminal's Ctrl-C reaches what is run as well, which may have to clean up; that is waited for.
  process.on('SIGINT', () => undefined);
  const [program = '', ...programArgs] = task.run;
  process.exitCode = run(program, [...programArgs, ...args]);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old; install Node 20.19 or later, ${whereNodeIs}.`);
  }
}

/**
 * Installs what is missing, or says all of it at once.
 * @param {Part[]} needs
 * @param {Part[]} wants the task does without, but not in CI
 * @param {Part[]} likes the task does without
 */
function systemPackages(needs, wants, likes) {
  /** @param {Part[]} names */
  const missingOf = (names) => names.filter((name) => !parts[name]?.present());
  const required = inCi ? [...needs, ...wants] : needs;
  const missing = missingOf([...needs, ...wants, ...likes]);
  const lacking = headers === null ? [`Node's headers (${headersAdvice})`] : [];
  if (missing.length === 0 && lacking.length === 0) return;
  const packages = missing.flatMap((name) => parts[name]?.packages ?? []);
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (missing.length > 0 && (process.getuid?.() !== 0 || !onPath('apt-get'))) {
    const advice = `Missing: ${[...missing, ...lacking].join(', ')}. On Debian: sudo apt-get update && sudo apt-get ${install.join(' ')}`;
    if (missingOf(required).length + lacking.length > 0) fail(advice);
    console.log(advice);
    return;
  }
  if (lacking.length > 0) fail(`Missing: ${lacking.join(', ')}.`);
  console.log(`Installing Debian packages: ${packages.join(' ')}`);
  // Another apt may be at work; waiting is better than failing.
  const wait = ['-o', 'DPkg::Lock::Timeout=400', '-qq'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', [...wait, 'update'], { stdio: 'inherit', env });
  spawnSync('apt-get', [...wait, ...install], { stdio: ['ignore', 'ignore', 'inherit'], env });
  const still = missingOf(required);
  if (still.length > 0) fail(`apt could not install: ${still.join(', ')}.`);
}

/** Installs exactly what package-lock.json says, once per lock file. */
function npmPackages() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const stamp = join('node_modules', '.rolekey-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // npm would empty the folder the link leads to, which is another checkout's.
  if (lstatSync('node_modules', { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail('node_modules is a link to packages of another version; remove the link, then run this again.');
  }
  console.log('Installing npm packages');
  setUp('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    npm_config_nodedir: headers ?? '',
  });
  writeFileSync(stamp, lock);
}

/**
 * Where Node's headers are, null where they are not: pkcs11js is compiled here, and node-gyp would fetch them.
 * @returns {string | null}
 */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) return prefix;
  return process.env.npm_config_nodedir ?? null;
}

/**
 * @param {string} command
 * @param {string[]} commandArgs
 * @param {NodeJS.ProcessEnv} [env]
 */
function setUp(command, commandArgs, env) {
  const status = run(command, commandArgs, env);
  if (status !== 0) fail(`The set-up failed: ${[command, ...commandArgs].join(' ')}`, status);
}

/**
 * @param {string} command
 * @param {string[]} commandArgs
 * @param {NodeJS.ProcessEnv} env added to this process's
 * @returns {number} its exit code
 */
function run(command, commandArgs, env = {}) {
  const program = command === 'node' ? process.execPath : command;
  const { status, signal } = spawnSync(program, commandArgs, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? (signal === null ? 1 : 128);
}

/** @param {string} name */
function onPath(name) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

async function lacksElectron() {
  const { findElectron } = await import('../test/support/electron/find-electron.mjs');
  return 'reason' in (await findElectron({ download: false }));
}

/** By Debian's own Python or another that comes first on PATH: the tests ask that one. */
function hasPip() {
  return spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status === 0;
}

/** @param {string} name */
function isLibrary(name) {
  return ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'].some((folder) =>
    existsSync(join(folder, name)),
  );
}

/** @param {string} name */
function pkcs11Modules(name) {
  return ['/usr/lib/pkcs11', '/usr/lib/x86_64-linux-gnu/pkcs11', '/usr/lib/aarch64-linux-gnu/pkcs11'].map(
    (folder) => join(folder, name),
  );
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message, code = 1) {
  console.error(message);
  // The last line of a test run is a count, also of one that never began.
  if (['test', 'check', 'e2e'].includes(process.argv[2] ?? '')) console.log('0 passed, 1 failed');
  process.exit(code);
}
