/**
 * How calls and events of api.ts travel over the agent's socket: HTTP/1.1 with JSON.
 * Apart from api.ts because `credential-process` answers before a schema library would be loaded.
 */
import type { CallName } from './api.ts';
import type { ErrorShape } from './errors.ts';

/** The version of calls, events and this file. A client of another version is refused, never half understood. */
export const protocolVersion = 1;

/** Header names, lower case. */
export const wireHeaders = {
  /** {@link protocolVersion}; in every request and every answer. */
  protocol: 'rolekey-protocol',
  /** Names the client's event stream, so that prompts reach who began the work. */
  client: 'rolekey-client',
  /** Who the caller says it is; shown in prompts. */
  command: 'rolekey-command',
} as const;

/** `GET`, answered by server-sent events (WHATWG HTML, section 9.2): `event:` is a name of api.ts, `data:` its payload. */
export const eventsPath = '/v1/events';

/** Every other call is a `POST` of its input. */
export function callPath(name: Exclude<CallName, 'answerPrompt'>): string {
  return `/v1/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `POST` of an answer to the prompt of that id. */
export function promptPath(id: string): string {
  return `/v1/prompts/${encodeURIComponent(id)}`;
}

/** The body of every answer that is not 2xx. */
export interface ErrorBody {
  readonly error: ErrorShape;
}
