/** What an agent without windows tells a person: on its standard error, one line each. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { World } from '../../support/world/world.ts';

const patience = { timeout: 20_000 } as const;
let world: World;
let agent: ChildProcess;
/** Its standard error. */
const said: string[] = [];

beforeAll(async () => {
  world = await World.open();
  world.server.faults.add({ kind: 'session-seconds', seconds: 6, times: 'until-cleared' });
  agent = spawn(world.cli, ['agent'], { cwd: world.home, env: world.env, stdio: ['ignore', 'pipe', 'pipe'] });
  if (agent.stdout === null || agent.stderr === null) throw new Error('The agent has no output.');
  createInterface(agent.stderr).on('line', (line) => said.push(line));
  await once(createInterface(agent.stdout), 'line');
  await world.addAccount('dev', '--label', 'Dev');
});
afterAll(() => world.dispose());

it('tells of a PIN that is needed, of the end, and that it works again', async () => {
  await world.connect('dev');
  await world.rolekey(['lock']);
  await expect
    .poll(() => said, patience)
    .toEqual([
      '“Dev” needs its PIN or passphrase. The session of “Dev” ends within 5 minutes. Connect it and type the PIN or passphrase. (rolekey connect dev)',
      'The session of “Dev” has expired. Programs get no credentials for “Dev” any more. Connect it again to go on working with it. (rolekey connect dev)',
    ]);
  await world.connect('dev');
  await expect
    .poll(() => said[2], patience)
    .toBe('“Dev” works again. Rolekey has new credentials for “Dev”.');
});

it('goes on where nobody reads any more what it says', async () => {
  agent.stderr?.destroy();
  await world.rolekey(['lock']);
  const state = async (): Promise<string> => (await world.rolekey(['status', '--json'])).stdout;
  await expect.poll(state, patience).toContain('"serving":null');
  await world.connect('dev');
  expect(agent.exitCode).toBeNull();
});
