/** What real AWS clients are told where there are no credentials: soon, and by an error of their own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClients, callAws, hangsMs, type AwsClient } from '../../support/aws-clients/clients.ts';
import type { Result } from '../../support/world/program.ts';
import type { World } from '../../support/world/world.ts';
import { textFailure } from '../contract/expectations.ts';
import { openSpiedWorld, type SpiedWorld } from './spied-world.ts';
import { using } from './using.ts';

let spied: SpiedWorld;
let world: World;
let clients: AwsClient[];

beforeAll(async () => {
  spied = await openSpiedWorld();
  ({ world } = spied);
  clients = await awsClients(world.directory);
  await spied.addAccount('dev');
});
afterAll(() => world.dispose());

const call = (): Promise<Result> => world.rolekey(['credential-process', '--account', 'dev']);

/** A session of four seconds that cannot be renewed, seen to its end. */
async function expire(withoutRenewal: () => unknown): Promise<void> {
  world.server.faults.add({ kind: 'session-seconds', seconds: 4 });
  await world.connect('dev');
  await withoutRenewal();
  expect((await call()).code).toBe(0);
  while ((await call()).code === 0) await new Promise((resolve) => setTimeout(resolve, 300));
}

interface Case {
  readonly name: string;
  readonly arrange: () => Promise<unknown>;
  readonly exit: number;
  /** What the one line says. */
  readonly says: RegExp;
  readonly tidyUp?: () => unknown;
}

const cases: readonly Case[] = [
  { name: 'never connected', arrange: async () => undefined, exit: 3, says: /not connected/i },
  {
    name: 'the PIN was forgotten, and the session is over',
    arrange: () => expire(() => world.rolekey(['lock'])),
    exit: 3,
    says: /PIN/,
  },
  {
    name: 'the token was taken out, and the session is over',
    arrange: () => expire(() => world.token.remove()),
    exit: 4,
    says: /plugged in/,
    tidyUp: () => world.token.restore(),
  },
  {
    name: 'disconnected',
    arrange: async () => {
      await world.connect('dev');
      await world.rolekey(['disconnect', 'dev']);
    },
    exit: 3,
    says: /not connected/i,
  },
  { name: 'no agent runs', arrange: () => world.rolekey(['agent', 'stop']), exit: 6, says: /agent/i },
];

describe.each(cases)('$name', ({ arrange, exit, says, tidyUp }) => {
  let before: number[];
  const spent = (): number[] => [spied.signatures(), spied.logins(), world.server.requests.length];

  beforeAll(async () => {
    await arrange();
    before = spent();
  });
  afterAll(() => tidyUp?.());

  it(`credential-process ends with ${String(exit)} and one line within two seconds`, async () => {
    const line = textFailure(await world.inTime(2000, call), exit);
    expect(line).toMatch(says);
  });

  it('every client reports an error and asks AWS nothing, and no PIN is tried', async () => {
    const told = await Promise.all(
      clients.map((client) => callAws(world, client, { env: using('dev', client, world) })),
    );
    for (const [index, answers] of told.entries()) {
      expect(answers, clients[index]!.name).toEqual([
        { error: expect.stringMatching(/credential|process/i) as string, ms: expect.any(Number) as number },
      ]);
      expect(answers[0]!.ms, clients[index]!.name).toBeLessThan(hangsMs);
    }
    expect(spent()).toEqual(before);
  });
});
