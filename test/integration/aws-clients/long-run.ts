/** All clients at once, calling for a while, and what AWS saw of it. */
import { callAws, type AwsClient, type Called, type CallOptions } from '../../support/aws-clients/clients.ts';
import type { RequestRecord } from '../../support/roles-anywhere/server.ts';
import type { World } from '../../support/world/world.ts';

export class LongRun {
  /** By the client's name. */
  readonly answers: ReadonlyMap<string, readonly Called[]>;
  readonly #world: World;

  /** @param how a client gets its credentials. @param seconds how long each calls, about once a second. */
  static async of(
    world: World,
    clients: readonly AwsClient[],
    seconds: number,
    how: (client: AwsClient) => CallOptions,
  ): Promise<LongRun> {
    const run = async (client: AwsClient): Promise<[string, Called[]]> => {
      const everyMs = client.name === 'AWS CLI' ? 2000 : 1000; // a process for each call
      return [client.name, await callAws(world, client, { ...how(client), repeat: { everyMs, seconds } })];
    };
    const answers = await Promise.all(clients.map(run));
    return new LongRun(world, new Map(answers));
  }

  private constructor(world: World, answers: LongRun['answers']) {
    this.#world = world;
    this.answers = answers;
  }

  /** The requests for sessions until now, in order. */
  get created(): RequestRecord[] {
    return this.#world.server.requests.filter(({ operation }) => operation === 'create-session');
  }

  /** The clients' calls, in order. */
  get calls(): RequestRecord[] {
    return this.#world.server.requests.filter(({ operation }) => operation === 'get-caller-identity');
  }

  /** The shortest time between two renewals, seconds. */
  get shortestLife(): number {
    const times = this.created.map(({ time }) => Date.parse(time) / 1000);
    return Math.min(...times.slice(1).map((time, index) => time - times[index]!));
  }

  /** What a client said that is no identity. */
  errorsOf(name: string): unknown[] {
    return this.answers.get(name)!.filter(({ arn }) => arn === undefined);
  }

  /** A client's calls. The AWS CLI does not say which are its own: those that nobody else made. */
  callsOf(name: string): RequestRecord[] {
    const ids = (of: string): unknown[] => this.answers.get(of)!.map(({ requestId }) => requestId);
    const own = new Set(ids(name));
    const known = new Set([...this.answers.keys()].flatMap(ids));
    return this.calls.filter(({ requestId }) =>
      name === 'AWS CLI' ? !known.has(requestId) : own.has(requestId),
    );
  }

  /** The calls that were not accepted, or were signed with a session that was not valid when they arrived. */
  wrongCalls(): RequestRecord[] {
    const sessions = new Map(this.created.map((request) => [request.accessKeyId, request]));
    return this.calls.filter((call) => {
      const session = sessions.get(call.accessKeyId);
      const isValid = session !== undefined && call.time >= session.time && call.time < session.expiration!;
      return !isValid || call.verdict !== 'accepted' || call.status !== 200;
    });
  }
}
