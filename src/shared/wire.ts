/**
 * How calls and events of api.ts travel over the agent's socket: HTTP with JSON (served as 1.1; our client asks as 1.0).
 * Apart from api.ts because `credential-process` answers before a schema library would be loaded.
 */
import type { CallName } from './api.ts';
import { AppError, type ErrorShape } from './errors.ts';

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

/**
 * What either side says to one of another protocol version.
 * @param client, agent what their header says, if anything.
 */
export function versionsDiffer(client: string | undefined, agent: string | undefined): AppError {
  return new AppError('agent-version', {
    message: `The running Rolekey agent speaks ${versionText(agent)} of its protocol, and this program ${versionText(client)}.`,
    remedy: 'Stop that agent with: rolekey agent stop; then try again, which starts the one of this version.',
  });
}

/** The header may hold anything: it came from elsewhere. */
function versionText(header: string | undefined): string {
  return header !== undefined && /^[0-9][0-9.]{0,19}$/.test(header)
    ? `version ${header}`
    : 'no known version';
}

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

/** How long the body of a request may be, bytes of UTF-8. */
export const maxRequestBytes = 1024 * 1024;

/** What is said of a longer one. */
export function requestTooLong(): AppError {
  return new AppError('usage-invalid', { message: 'The request is longer than the agent takes (1 MiB).' });
}

/** Bytes of `sun_path` without its final NUL. */
const maxSocketPathBytes = { linux: 107, others: 103 };

/**
 * Node cuts a path the kernel cannot take without a word, and would listen or speak in a folder that nobody looked at.
 * @throws AppError `agent-unsafe` where the path is longer than that of a Unix socket can be.
 */
export function checkSocketPath(socket: string, platform: string): void {
  if (platform === 'win32') return; // a named pipe
  const most = platform === 'linux' ? maxSocketPathBytes.linux : maxSocketPathBytes.others;
  if (new TextEncoder().encode(socket).length <= most) return;
  throw new AppError('agent-unsafe', {
    message: `The path ${socket} is longer than that of a socket can be.`,
    remedy: 'Set XDG_RUNTIME_DIR or ROLEKEY_SOCKET to a shorter path.',
  });
}

/** The body of every answer that is not 2xx. */
export interface ErrorBody {
  readonly error: ErrorShape;
}
