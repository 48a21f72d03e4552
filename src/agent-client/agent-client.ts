/** How the command line and a second app talk to the agent: one call or one event stream at a time over its socket. */
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CallInput, CallName, CallOutput, EngineEvent } from '../shared/api.ts';
import { AppError, fromErrorShape, isErrorCode } from '../shared/errors.ts';
import type { PromptAnswer } from '../shared/model.ts';
import {
  callPath,
  checkSocketPath,
  eventsPath,
  maxRequestBytes,
  promptPath,
  protocolVersion,
  requestTooLong,
  versionsDiffer,
  wireHeaders,
  type ErrorBody,
} from '../shared/wire.ts';
import { exchange, type ExchangeAnswer } from './exchange.ts';

export interface AgentAddress {
  /** Path of the Unix socket. */
  readonly socket: string;
  /** Who the caller is, for the text of prompts, for example `rolekey connect`. */
  readonly command: string;
  /** Names the event stream that prompts go to; absent: this caller cannot be asked anything. */
  readonly client?: string;
}

export class AgentClient {
  readonly #address: AgentAddress;

  constructor(address: AgentAddress) {
    this.#address = address;
  }

  /**
   * One call of shared/api. The answer is not parsed again: both ends are of one protocol version, checked.
   * @throws AppError what the agent answered, or `agent-not-running`, `agent-version`, `agent-unsafe`, `agent-failed`.
   */
  async call<Name extends Exclude<CallName, 'answerPrompt'>>(
    name: Name,
    input: CallInput<Name>,
  ): Promise<CallOutput<Name>> {
    return (await this.#post(callPath(name), input)) as CallOutput<Name>;
  }

  /** Answers a question the event stream brought. */
  async answer(promptId: string, answer: PromptAnswer): Promise<void> {
    await this.#post(promptPath(promptId), answer);
  }

  /**
   * Every event from now on; resolves once the agent has begun to send.
   * @returns ends the stream. `onEnd` tells when the agent ended it.
   */
  async events(
    onEvent: (event: EngineEvent) => void,
    onEnd: () => void = () => undefined,
  ): Promise<() => void> {
    const answer = await this.#send('GET', eventsPath, '');
    let text = '';
    answer.listen((chunk) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== null) onEvent(event);
      }
    }, onEnd);
    return () => {
      answer.end();
    };
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const answer = await this.#send('POST', path, JSON.stringify(body));
    return parseAnswer(await answer.text());
  }

  /** Resolves with an answer of status 200; anything else is thrown as what it says. */
  async #send(method: 'GET' | 'POST', path: string, body: string): Promise<ExchangeAnswer> {
    const { socket, command, client } = this.#address;
    checkSocketPath(socket, process.platform);
    checkFolder(dirname(socket));
    if (Buffer.byteLength(body) > maxRequestBytes) throw requestTooLong();
    const headers = {
      [wireHeaders.protocol]: String(protocolVersion),
      [wireHeaders.command]: encodeURIComponent(command),
      ...(client === undefined ? {} : { [wireHeaders.client]: client }),
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await exchange({ socket, method, path, headers, body });
    // An agent of another version can still be stopped.
    const spoken = answer.headers[wireHeaders.protocol];
    if (spoken !== String(protocolVersion) && path !== callPath('shutdown')) {
      answer.end();
      throw versionsDiffer(String(protocolVersion), spoken);
    }
    if (answer.status !== 200) throw errorOf(await answer.text());
    return answer;
  }
}

/**
 * The folder must be a folder (no link) of the user's own with mode 0700: another user's socket in it could pose as the agent.
 * @throws AppError `agent-unsafe`, or `agent-not-running` where there is no folder.
 */
function checkFolder(folder: string): void {
  let stat;
  try {
    stat = lstatSync(folder);
  } catch (cause) {
    throw new AppError('agent-not-running', { cause });
  }
  const mine = process.getuid === undefined || stat.uid === process.getuid();
  if (!stat.isDirectory() || !mine || (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)) {
    throw new AppError('agent-unsafe', {
      message: `The folder ${folder} of the agent’s socket is not yours alone.`,
    });
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('agent-failed', { cause });
  }
}

function errorOf(text: string): AppError {
  const answer = parseAnswer(text) as { error?: ErrorBody['error'] | null } | null;
  const error = answer?.error ?? null;
  return error !== null && isErrorCode(error.code) ? fromErrorShape(error) : new AppError('agent-failed');
}

function parseEvent(block: string): EngineEvent | null {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const name = field('event');
  const data = field('data');
  if (name === undefined || data === undefined) return null; // a comment that keeps the connection alive
  return { name, payload: parseAnswer(data) } as EngineEvent;
}
