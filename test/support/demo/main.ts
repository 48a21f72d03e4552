/**
 * `npm run demo`: the main job from the first key to the last byte, on a software token and a local IAM Roles Anywhere.
 * Everything happens in a private folder and through the built `rolekey` command, as a person would use it.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '../roles-anywhere/server.ts';
import type { SoftToken } from '../soft-token/soft-hsm.ts';
import { awsClientName, callerArn } from './aws-client.ts';
import { addAccounts, demoAccounts, makeDevice, startDemoServer } from './device.ts';
import { Laptop, type AccountState } from './laptop.ts';
import { hold, Steps } from './steps.ts';

/** How long sessions last while a renewal is shown, seconds: they are renewed when half of it is gone. */
const shortSession = 20;

const steps = new Steps();
const laptop = new Laptop();
const pin = String(randomInt(100_000, 1_000_000));

async function connectAccounts(server: RunningServer): Promise<void> {
  steps.title('Three accounts, one PIN');
  await addAccounts(laptop, server, steps);
  await steps.step('Connect all three with one PIN entry', async () => {
    await laptop.rolekey(['connect', '--all', '--pin-stdin'], `${pin}\n`);
    const signatures = new Set(server.requests.map(({ signature }) => signature)).size;
    hold(
      signatures === demoAccounts.length,
      `${String(signatures)} signatures were made for three accounts.`,
    );
  });
}

async function useProfiles(server: RunningServer): Promise<void> {
  for (const outlet of ['credential-process', 'credentials-file']) {
    steps.title(`The ${awsClientName} with the three profiles, outlet ${outlet}`);
    for (const account of demoAccounts) {
      await steps.step(
        `aws sts get-caller-identity --profile ${account}`,
        async () => {
          await laptop.rolekey(['accounts', 'edit', account, '--outlet', outlet]);
          const arn = await callerArn(account, laptop.env, server.url);
          hold(arn.includes(`:assumed-role/demo-${account}/`), `The caller is ${arn}.`);
          return arn;
        },
        (arn) => arn,
      );
    }
  }
}

async function renew(server: RunningServer): Promise<void> {
  steps.title(`A renewal without anybody, with sessions of ${String(shortSession)} s`);
  const first = await steps.step('Connect dev again: the token still knows its PIN', async () => {
    server.faults.add({ kind: 'session-seconds', seconds: shortSession, times: 'until-cleared' });
    await laptop.rolekey(['disconnect', 'dev']);
    await laptop.rolekey(['connect', 'dev']);
    return laptop.servedKeyId('dev');
  });
  await steps.step('Half of the session is gone: new credentials are there', async () => {
    await until('dev', async () => (await laptop.servedKeyId('dev')) !== first);
    await callerArn('dev', laptop.env, server.url);
  });
}

async function loseToken(server: RunningServer, token: SoftToken): Promise<void> {
  steps.title('The token is pulled out');
  await steps.step('The state says so, and the credentials stay', async () => {
    token.remove();
    const served = await laptop.servedKeyId('dev');
    await until('dev', ({ reason }) => reason === 'token-absent');
    const { activity, serving } = await laptop.state('dev');
    hold(activity === 'needs-you' && serving !== null, 'The credentials did not stay.');
    hold((await laptop.servedKeyId('dev')) === served, 'The credentials changed.');
    await callerArn('prod', laptop.env, server.url);
  });
  await steps.step('Plugged in again, one PIN later, it is as before', async () => {
    token.restore();
    server.faults.clear();
    await laptop.rolekey(['connect', 'dev', '--pin-stdin'], `${pin}\n`);
    await callerArn('dev', laptop.env, server.url);
  });
}

async function leave(): Promise<void> {
  steps.title('Nothing is left behind');
  await steps.step('Disconnect: the credentials file is byte for byte what it was', async () => {
    await laptop.rolekey(['disconnect', '--all']);
    laptop.holdCredentialsFile();
  });
  await steps.step('Remove the accounts: so is the config file', async () => {
    for (const account of demoAccounts) {
      await laptop.rolekey(['accounts', 'edit', account, '--outlet', 'credential-process']);
    }
    await laptop.rolekey(['accounts', 'remove', ...demoAccounts, '--yes']);
    laptop.holdConfigFile();
    laptop.holdCredentialsFile();
  });
  await steps.step('Stop the agent', () => laptop.rolekey(['agent', 'stop']));
}

/** Waits until an account's state is as wanted. @throws Error after 30 s. */
async function until(
  account: string,
  wanted: (state: AccountState) => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const state = await laptop.state(account);
    if (await wanted(state)) return;
    hold(Date.now() < deadline, `It did not happen in 30 s; ${account} is ${JSON.stringify(state)}.`);
    await delay(250);
  }
}

/** Ctrl-C ends every process the demo began, like any other end. */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      void laptop.dispose().finally(() => process.exit(130));
    });
  }
}

async function main(): Promise<void> {
  endOnSignals();
  console.log('Rolekey: one key, three AWS accounts. Nothing here touches your home directory or AWS.');
  let server: RunningServer | null = null;
  try {
    const device = await makeDevice(laptop, pin, steps);
    server = await startDemoServer(device, steps);
    await connectAccounts(server);
    await useProfiles(server);
    await renew(server);
    await loseToken(server, device.token);
    await leave();
  } catch (error) {
    steps.broken(error);
  } finally {
    await laptop.dispose();
    await server?.close();
  }
  process.exitCode = steps.summary() ? 0 : 1;
}

void main();
