/** An agent's server whose handlers only remember what they were asked. */
import type { Caller, CallName, EngineEvent, Handlers } from '../../../src/shared/api.ts';
import { calls } from '../../../src/shared/api.ts';
import { createAgentServer } from '../../../src/main/agent/server.ts';
import type { AgentAnswer, AgentRequest } from '../../../src/main/agent/listener.ts';
import { EventHub } from '../../../src/main/event-hub.ts';
import { FakeLogger } from '../../support/fakes/logger.ts';

export interface Asked {
  readonly name: string;
  readonly input: unknown;
  readonly caller: Caller;
}

export function createWorld() {
  const asked: Asked[] = [];
  const hub = new EventHub();
  const logger = new FakeLogger();
  /** What the next calls do; by default they answer with nothing. */
  const world = { respond: (name: string): unknown => ({ name }) };
  const handlers = Object.fromEntries(
    (Object.keys(calls) as CallName[]).map((name) => [
      name,
      async (input: unknown, caller: Caller) => {
        asked.push({ name, input, caller });
        return world.respond(name);
      },
    ]),
  ) as unknown as Handlers<'agent'>;
  const subscribe = (client: string | null, listener: (event: EngineEvent) => void) =>
    hub.subscribe(client, listener);
  const server = createAgentServer({ handlers, subscribe, logger });

  /** An answer that is not a stream. */
  async function send(request: Partial<AgentRequest>): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly json: unknown;
    readonly text: string;
  }> {
    const answer = await server(requestOf(request));
    if (!('body' in answer)) throw new Error('This is a stream.');
    return {
      status: answer.status,
      headers: answer.headers,
      json: JSON.parse(answer.body) as unknown,
      text: answer.body,
    };
  }

  /** Opens an event stream and gathers what it says. */
  async function listen(client?: string): Promise<{ readonly heard: string[]; readonly close: () => void }> {
    const headers = {
      'rolekey-protocol': '1',
      ...(client === undefined ? {} : { 'rolekey-client': client }),
    };
    const answer = await server(requestOf({ method: 'GET', path: '/v1/events', headers }));
    const heard: string[] = [];
    return { heard, close: streamOf(answer)((text) => heard.push(text)) };
  }

  return { world, asked, hub, logger, server, send, listen };
}

export function requestOf(request: Partial<AgentRequest>): AgentRequest {
  return { method: 'POST', path: '/v1/status', headers: { 'rolekey-protocol': '1' }, body: '{}', ...request };
}

function streamOf(answer: AgentAnswer): (write: (text: string) => void) => () => void {
  if ('body' in answer) throw new Error(`This is no stream: ${answer.body}`);
  return answer.stream;
}
