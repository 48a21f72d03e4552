/** The agent's door: turns requests of the socket into calls of the engine, and the engine's events into streams. */
import { callsAt, isCallAt, isEventAt, type Caller, type CallsAt } from '../../shared/api.ts';
import type { EngineEvent, Handlers } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import {
  callPath,
  eventsPath,
  promptPath,
  protocolVersion,
  versionsDiffer,
  wireHeaders,
} from '../../shared/wire.ts';
import { dispatch } from '../dispatch.ts';
import type { Logger } from '../ports.ts';
import { commonHeaders, failure, success } from './answers.ts';
import type { AgentAnswer, AgentRequest } from './listener.ts';

export interface AgentServerDependencies {
  readonly handlers: Handlers<'agent'>;
  /** Subscribes to the engine's events for a client; returns the undo. */
  readonly subscribe: (client: string | null, listener: (event: EngineEvent) => void) => () => void;
  readonly logger: Logger;
}

const namesByPath = new Map(
  callsAt('agent').flatMap((name) => (name === 'answerPrompt' ? [] : [[callPath(name), name] as const])),
);
const promptPrefix = promptPath('');

/** Answers one request; never throws: a failure is an answer with the error as its body. */
export function createAgentServer(
  dependencies: AgentServerDependencies,
): (request: AgentRequest) => Promise<AgentAnswer> {
  const { handlers, subscribe, logger } = dependencies;

  async function call(name: CallsAt<'agent'>, input: unknown, caller: Caller): Promise<AgentAnswer> {
    return success(await dispatch('agent', handlers, name, input, caller));
  }

  async function route(request: AgentRequest): Promise<AgentAnswer> {
    // Whoever is of another version may still end this agent: it is all that agent-version tells to do.
    const stops = request.method === 'POST' && request.path === callPath('shutdown');
    const spoken = request.headers[wireHeaders.protocol];
    if (spoken !== String(protocolVersion) && !stops) throw versionsDiffer(spoken, String(protocolVersion));
    const caller = callerOf(request);
    if (request.method === 'GET' && request.path === eventsPath) return eventStream(caller.client);
    if (request.method !== 'POST') throw unknownPath(request);
    const name = namesByPath.get(request.path);
    if (name !== undefined) return call(name, parseJson(request.body), caller);
    const promptId = isCallAt('agent', 'answerPrompt') ? promptIdIn(request.path) : null;
    if (promptId !== null) {
      return call('answerPrompt', { id: promptId, answer: parseJson(request.body) }, caller);
    }
    throw unknownPath(request);
  }

  function eventStream(client: string | null): AgentAnswer {
    return {
      status: 200,
      headers: { ...commonHeaders, 'content-type': 'text/event-stream' },
      stream: (write) => {
        write(': listening\n\n');
        return subscribe(client, (event) => {
          if (!isEventAt('agent', event.name)) return;
          write(`event: ${event.name}\ndata: ${JSON.stringify(event.payload)}\n\n`);
        });
      },
    };
  }

  return async (request) => {
    try {
      return await route(request);
    } catch (error) {
      if (!isAppError(error) || error.code === 'internal') {
        logger.log('error', 'call-failed', { path: request.path, error });
      }
      return failure(error);
    }
  };
}

/** The prompt an answer is for; null where the path is no prompt's. */
function promptIdIn(path: string): string | null {
  if (!path.startsWith(promptPrefix)) return null;
  try {
    return decodeURIComponent(path.slice(promptPrefix.length));
  } catch {
    return null;
  }
}

function unknownPath(request: AgentRequest): AppError {
  return new AppError('usage-invalid', {
    message: `The agent has no call ${request.method} ${request.path}.`,
  });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body === '' ? '{}' : body) as unknown;
  } catch (cause) {
    throw new AppError('usage-invalid', { message: 'The request is not JSON.', cause });
  }
}

/** What the caller says of itself; the name is shown to people, so it is cut and cleaned. */
function callerOf(request: AgentRequest): Caller {
  const client = request.headers[wireHeaders.client] ?? null;
  return { door: 'agent', client, saysItIs: cleanName(request.headers[wireHeaders.command] ?? '') };
}

function cleanName(encoded: string): string {
  let name: string;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    return 'a program';
  }
  // Without quotation marks, so that the name cannot seem to end before it does.
  const clean = name.replace(/[^\p{L}\p{N}\p{P} ]|[\p{Pi}\p{Pf}„‚"']/gu, '').slice(0, 80);
  return clean === '' ? 'a program' : clean;
}
