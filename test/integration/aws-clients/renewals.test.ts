/** The profile that Rolekey writes, in the hands of real AWS clients: across renewals, and many at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClients } from '../../support/aws-clients/clients.ts';
import type { World } from '../../support/world/world.ts';
import { LongRun } from './long-run.ts';
import { openSpiedWorld, type SpiedWorld } from './spied-world.ts';
import { using } from './using.ts';

/** How long a session lives in these tests, seconds. It is renewed at half of that. */
const sessionSeconds = 12;
/** Long enough for three renewals also of the client that keeps a session to its end: Go's. */
const runSeconds = 3 * sessionSeconds + 3;

let spied: SpiedWorld;
let world: World;

beforeAll(async () => {
  spied = await openSpiedWorld();
  ({ world } = spied);
  await spied.addAccount('dev');
});
afterAll(() => world.dispose());

describe('programs that run across renewals', () => {
  let run: LongRun;

  beforeAll(async () => {
    const clients = await awsClients(world.directory);
    world.server.faults.add({ kind: 'session-seconds', seconds: sessionSeconds, times: 'until-cleared' });
    await world.connect('dev');
    run = await LongRun.of(world, clients, runSeconds, (client) => ({ env: using('dev', client, world) }));
  }, 180_000);

  it.each([
    ['AWS CLI', 2], // a busy machine lets it make few calls: each is a process of its own
    ['boto3', 4],
    ['AWS SDK for JavaScript', 4],
    ['AWS SDK for Go', 4],
  ])('%s never sees an error, and at least %d sessions', (name, sessions) => {
    expect(run.errorsOf(name)).toEqual([]);
    const calls = run.callsOf(name);
    expect(calls).toHaveLength(run.answers.get(name)!.length);
    expect(new Set(calls.map(({ accessKeyId }) => accessKeyId)).size).toBeGreaterThanOrEqual(sessions);
  });

  it('are answered by sessions of the account that are valid then', () => {
    const arns = new Set([...run.answers.values()].flat().map(({ arn }) => arn));
    expect([...arns]).toEqual([expect.stringMatching(/^arn:aws:sts::123456789012:assumed-role\/dev\/\w+$/)]);
    expect(run.wrongCalls()).toEqual([]);
  });

  it('cost one signature for each renewal, and no renewal comes before half of a session', async () => {
    expect(run.created.filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
    expect(run.created.length).toBeGreaterThanOrEqual(4);
    expect(run.shortestLife).toBeGreaterThanOrEqual(sessionSeconds / 2 - 1);
    expect(spied.logins()).toBe(1);
    // A renewal may be under way just now, signed and not yet asked for.
    await expect.poll(() => spied.signatures() - run.created.length).toBe(0);
  });
});

describe('50 calls of credential-process at once', () => {
  it('all succeed with the same session, and cost no signature and no request', async () => {
    world.server.faults.clear();
    await world.rolekey(['disconnect', 'dev']);
    await world.connect('dev');
    const spent = (): number[] => [world.server.requests.length, spied.signatures(), spied.logins()];
    const before = spent();
    const words = ['credential-process', '--account', 'dev'];
    const results = await Promise.all(Array.from({ length: 50 }, () => world.rolekey(words)));
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' });
    expect([...new Set(results.map(({ stdout }) => stdout))]).toEqual([
      expect.stringMatching(/^\{"Version":1,"AccessKeyId":"ASIA[^\n]*\}\n$/),
    ]);
    expect(spent()).toEqual(before);
  });
});
