/** What hardware keys cost: each through its real module, with an emulated chip or card behind it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '../../src/main/node/clock.ts';
import { createNodeHttp } from '../../src/main/node/http.ts';
import { createSession } from '../../src/main/sessions/create-session.ts';
import { ServerClock } from '../../src/main/sessions/server-clock.ts';
import type { TokenService } from '../../src/main/tokens/token-service.ts';
import type { Account } from '../../src/shared/model.ts';
import { pin, type World } from '../support/world/world.ts';
import { benchAccount, benchHuman, benchTokens } from './engine-parts.ts';
import { benchKeys, type BenchKey, type BenchKeys } from './hardware-keys.ts';
import { duration, measure, median, perSecond, row, section } from './measure.ts';
import { cpuMs } from './processes.ts';

const runs = 5;
const connects = 5;
const idleSeconds = 60;

export async function hardwareFigures(world: World): Promise<void> {
  await world.rolekey(['agent', 'stop']); // one process at a time may log in to a SoftHSM token
  const keys = await benchKeys(world);
  try {
    for (const key of keys.keys) {
      section(`P-256 on ${key.name}`);
      await figuresOf(world, key);
    }
    for (const why of keys.missing) row('NOT MEASURED', why);
    await idleFigures(world, keys);
  } finally {
    await keys.dispose();
  }
}

async function figuresOf(world: World, key: BenchKey): Promise<void> {
  const tokens = benchTokens(world, key.environment);
  const account = benchAccount(world, { keys: [uriOf(key)], pkcs11Lib: key.module });
  const digest = createHash('sha256').update('bench').digest();
  try {
    row('signatures per connect', String(await signaturesPerConnect(tokens, account)), 'goal: 1');
    const signer = await tokens.signer(account);
    const hosted = await measure(
      runs,
      async () => {
        for (let n = 0; n < key.count; n += 1) await signer.sign(digest);
      },
      1,
    );
    const hostedMs = hosted.median / key.count;
    row(`through the token host, verified (${String(runs)} x ${String(key.count)})`, rate(hostedMs));
    const restarts = await measure(runs, () => restart(tokens, account), 1);
    row(
      'a host that was ended: started, module open, logged in',
      duration(restarts.median),
      `${String(runs)} runs`,
    );
    if (key.replug === null) row('from plugging in to ready', 'not measured', 'it is never pulled out');
    else await plugFigures(tokens, account, key.replug);
    await tokens.lock();
    const rawMs = await rawSignature(key);
    row(`C_SignInit and C_Sign, raw (${String(runs)} x ${String(key.count)})`, rate(rawMs));
    row('ratio host / raw', (hostedMs / rawMs).toFixed(2));
  } finally {
    await tokens.close();
  }
}

const rate = (ms: number): string => `${duration(ms)}, ${perSecond(1000 / ms)}`;

const uriOf = ({ label, id }: BenchKey): string => `pkcs11:token=${encodeURIComponent(label)};id=%${id}`;

/** As the modules count them: C_Sign in the host. */
async function signaturesPerConnect(tokens: TokenService, account: Account): Promise<number> {
  const http = createNodeHttp({ caBundlePath: null });
  const environment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
  const serverClock = new ServerClock(systemClock);
  await (await tokens.signer(account)).unlock(benchHuman);
  const before = await tokens.counts();
  for (let n = 0; n < connects; n += 1) {
    const signer = await tokens.signer(account);
    await createSession({ account, signer, environment }, { clock: systemClock, http }, serverClock);
  }
  const after = await tokens.counts();
  await http.close();
  return (after.sign - before.sign) / connects;
}

/** PINs are forgotten with the process; the human of the bench types his at once. */
async function restart(tokens: TokenService, account: Account): Promise<void> {
  await tokens.lock();
  await (await tokens.signer(account)).unlock(benchHuman);
}

/** From the moment it is being plugged in, looked for again and again: until the key is found, and until it would sign. */
async function plugFigures(
  tokens: TokenService,
  account: Account,
  replug: NonNullable<BenchKey['replug']>,
): Promise<void> {
  const samples: { seen: number; found: number; ready: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    await replug.remove();
    await tokens.signer(account).catch(() => undefined); // it is noticed that it is gone
    const started = performance.now();
    const since = (): number => performance.now() - started;
    let seen = 0;
    const inserting = Promise.resolve(replug.insert()).then(() => (seen = since()));
    for (;;) {
      try {
        const signer = await tokens.signer(account);
        const found = since();
        await signer.unlock(benchHuman);
        await inserting;
        samples.push({ seen, found, ready: since() });
        break;
      } catch {
        await pause(20);
      }
    }
  }
  const of = (part: keyof (typeof samples)[number]): string =>
    duration(median(samples.map((each) => each[part])));
  row('from plugging in to ready, the PIN typed at once', of('ready'), `${String(runs)} runs`);
  row('  of it until the key was found', of('found'));
  row('  of it until the system had seen the token', of('seen'));
}

async function rawSignature({ module, label, id, count, environment }: BenchKey): Promise<number> {
  const program = resolve('test/bench/raw-signatures.mjs');
  const args = [program, module, label, id, pin, String(count), String(runs)];
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, encoding: 'utf8' });
  return Number(stdout);
}

/** An agent with an account on each of two YubiKeys: the first 10 s its host still holds the cards. */
async function idleFigures(world: World, { yubikeys }: BenchKeys): Promise<void> {
  section('Idle, two tokens present, an account connected on each');
  if (yubikeys === null) {
    row('NOT MEASURED', 'no YubiKeys');
    return;
  }
  await world.startAgent(yubikeys.environment);
  for (const [index, label] of yubikeys.labels.entries()) {
    const id = `card-${String(index)}`;
    await world.addAccount(id, '--private-key', `pkcs11:token=${encodeURIComponent(label)};id=%01`);
    await world.connect(id);
  }
  const running = world.processes().filter(({ argv }) => isOurs(argv));
  const before = running.map(({ pid }) => cpuMs(pid));
  await pause(idleSeconds * 1000);
  for (const [index, { pid, argv }] of running.entries()) {
    const spent = cpuMs(pid) - (before[index] ?? 0);
    const what = argv[2] === 'agent' ? 'the agent' : `the host of ${basename(argv[2] ?? '')}`;
    const share = `${(spent / (idleSeconds * 10)).toFixed(3)} %`;
    row(`CPU of ${what}, ${String(idleSeconds)} s`, share, `${spent.toFixed(0)} ms of a core`);
  }
  await world.rolekey(['accounts', 'remove', 'card-0', 'card-1', '--yes']);
  await world.rolekey(['agent', 'stop']);
}

const isOurs = (argv: readonly string[]): boolean =>
  argv[2] === 'agent' || (argv[1] ?? '').endsWith('token-host.cjs');
