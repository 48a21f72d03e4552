/** The profile that Rolekey writes, in the hands of real AWS clients: across renewals, and many at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsClients, callAws, type AwsClient, type Called } from '../../support/aws-clients/clients.ts';
import type { World } from '../../support/world/world.ts';
import { openSpiedWorld, type SpiedWorld } from './spied-world.ts';
import { using } from './using.ts';

/** How long a session lives in these tests, seconds. It is renewed at half of that. */
const sessionSeconds = 12;
/** Long enough for three renewals also of the client that keeps a session to its end: Go's. */
const runSeconds = 3 * sessionSeconds + 3;

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

describe('programs that run across renewals', () => {
  let answersOf: Map<string, Called[]>;

  /** Requests of one kind, in order. */
  const requests = (operation: string) =>
    world.server.requests.filter((request) => request.operation === operation);

  /** The sessions a client's calls were signed with, in order. The AWS CLI names no request: the others' are left out. */
  function sessionsOf(name: string): Set<string | null> {
    const ids = (client: string): unknown[] => answersOf.get(client)!.map(({ requestId }) => requestId);
    const all = requests('get-caller-identity');
    const others = new Set([...answersOf.keys()].flatMap(ids));
    const own = new Set(ids(name));
    const calls =
      name === 'AWS CLI'
        ? all.filter(({ requestId }) => !others.has(requestId))
        : all.filter(({ requestId }) => own.has(requestId));
    expect(calls).toHaveLength(answersOf.get(name)!.length);
    return new Set(calls.map(({ accessKeyId }) => accessKeyId));
  }

  beforeAll(async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: sessionSeconds, times: 'until-cleared' });
    await world.connect('dev');
    const run = async (client: AwsClient): Promise<[string, Called[]]> => {
      const everyMs = client.name === 'AWS CLI' ? 2000 : 1000; // a process for each call
      const repeat = { everyMs, seconds: runSeconds };
      return [client.name, await callAws(world, client, { env: using('dev', client, world), repeat })];
    };
    answersOf = new Map(await Promise.all(clients.map(run)));
    await world.rolekey(['disconnect', 'dev']);
    world.server.faults.clear();
  }, 180_000);

  it('are of all four kinds', () => {
    expect([...answersOf.keys()]).toEqual(['AWS CLI', 'boto3', 'AWS SDK for JavaScript', 'AWS SDK for Go']);
  });

  it.each(['AWS CLI', 'boto3', 'AWS SDK for JavaScript', 'AWS SDK for Go'])(
    '%s never sees an error, and at least four sessions',
    (name) => {
      const answers = answersOf.get(name)!;
      expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
      const arns = new Set(answers.map(({ arn }) => arn));
      expect([...arns]).toEqual([
        expect.stringMatching(/^arn:aws:sts::123456789012:assumed-role\/dev\/\w+$/),
      ]);
      expect(sessionsOf(name).size).toBeGreaterThanOrEqual(4);
    },
  );

  it('are answered by sessions that were valid then', () => {
    const sessions = new Map(requests('create-session').map((request) => [request.accessKeyId, request]));
    for (const call of requests('get-caller-identity')) {
      expect(call).toMatchObject({ verdict: 'accepted', status: 200 });
      const session = sessions.get(call.accessKeyId)!;
      expect(call.time >= session.time && call.time < session.expiration!, call.time).toBe(true);
    }
  });

  it('cost one signature for each renewal, and no renewal comes before half of a session', () => {
    const created = requests('create-session');
    expect(created.map(({ verdict }) => verdict)).toEqual(created.map(() => 'accepted'));
    expect(created.length).toBeGreaterThanOrEqual(4);
    expect(spied.signatures()).toBe(created.length);
    expect(spied.logins()).toBe(1);
    const times = created.map(({ time }) => Date.parse(time) / 1000);
    const between = times.slice(1).map((time, index) => time - times[index]!);
    expect(Math.min(...between)).toBeGreaterThanOrEqual(sessionSeconds / 2 - 1);
  });
});

describe('50 calls of credential-process at once', () => {
  it('all succeed with the same session, and cost no signature and no request', async () => {
    await world.connect('dev');
    const before = { requests: world.server.requests.length, signatures: spied.signatures() };
    const words = ['credential-process', '--account', 'dev'];
    const results = await Promise.all(Array.from({ length: 50 }, () => world.rolekey(words)));
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      results.map(() => ({ code: 0, stderr: '' })),
    );
    expect([...new Set(results.map(({ stdout }) => stdout))]).toEqual([
      expect.stringMatching(/^\{"Version":1,"AccessKeyId":"ASIA[^\n]*\}\n$/),
    ]);
    expect({ requests: world.server.requests.length, signatures: spied.signatures() }).toEqual(before);
  });
});
