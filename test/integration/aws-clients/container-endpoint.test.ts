/** The container endpoint under `rolekey exec --refresh`, asked by real AWS SDKs: again each time while less than 5 minutes are left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClients, callAws, hangsMs, type AwsClient } from '../../support/aws-clients/clients.ts';
import { World } from '../../support/world/world.ts';
import { LongRun } from './long-run.ts';

/** How long a session lives, seconds. */
const sessionSeconds = 12;
const runSeconds = 15;

const names = ['boto3', 'AWS SDK for JavaScript', 'AWS SDK for Go'];

let world: World;
let clients: AwsClient[];
const exec = (): [string, ...string[]] => [world.cli, 'exec', 'dev', '--refresh', '--'];

beforeAll(async () => {
  world = await World.open();
  clients = (await awsClients(world.directory)).filter(({ name }) => names.includes(name));
  await world.addAccount('dev', '--outlet', 'container-endpoint');
});
afterAll(() => world.dispose());

describe('programs under exec --refresh that run across renewals', () => {
  let run: LongRun;

  beforeAll(async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: sessionSeconds, times: 'until-cleared' });
    await world.connect('dev');
    run = await LongRun.of(world, clients, runSeconds, () => ({ env: {}, through: exec() }));
    world.server.faults.clear();
  }, 120_000);

  it.each(names)('%s never sees an error, and at least three sessions', (name) => {
    expect(run.errorsOf(name)).toEqual([]);
    const calls = run.callsOf(name);
    expect(calls).toHaveLength(run.answers.get(name)!.length);
    expect(new Set(calls.map(({ accessKeyId }) => accessKeyId)).size).toBeGreaterThanOrEqual(3);
  });

  it('are answered by sessions of the account that are valid then', () => {
    const arns = new Set([...run.answers.values()].flat().map(({ arn }) => arn));
    expect([...arns]).toEqual([expect.stringMatching(/^arn:aws:sts::123456789012:assumed-role\/dev\/\w+$/)]);
    expect(run.wrongCalls()).toEqual([]);
  });

  it('cost no session: those are renewed at half of their life', () => {
    expect(run.created.length).toBeGreaterThanOrEqual(3);
    expect(run.shortestLife).toBeGreaterThanOrEqual(sessionSeconds / 2 - 1);
  });
});

describe('where the account is disconnected before the program asks', () => {
  it.each(names)('%s reports an error, and asks AWS nothing', async (name) => {
    const client = clients.find((candidate) => candidate.name === name)!;
    await world.connect('dev');
    const before = world.server.requests.length;
    const disconnect = ['sh', '-c', '"$0" disconnect dev >&2 && exec "$@"', world.cli];
    const answers = await callAws(world, client, { env: {}, through: [...exec(), ...disconnect] });
    expect(answers).toEqual([
      { error: expect.stringMatching(/credentials/i) as string, ms: expect.any(Number) as number },
    ]);
    expect(answers[0]!.ms).toBeLessThan(hangsMs);
    expect(world.server.requests.length).toBe(before);
  });
});
