/** Calls of a running agent over its socket, by docs/cli.md's protocol and Node's own HTTP. */
import { Agent, request, type IncomingMessage } from 'node:http';

export interface Answer {
  /** HTTP status; 200 is success. */
  readonly status: number;
  readonly body: unknown;
}

export class AgentSocket {
  readonly #socket: string;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: 8 });

  /** @param socket path of the agent's socket. */
  constructor(socket: string) {
    this.#socket = socket;
  }

  /**
   * @param name as in a path: `accounts-add`.
   * @param timeoutMs milliseconds of the computer's time.
   * @throws Error where no whole answer came.
   */
  async call(name: string, input: unknown, timeoutMs = 30_000): Promise<Answer> {
    const body = JSON.stringify(input);
    const headers = { 'rolekey-protocol': '1', 'content-length': Buffer.byteLength(body) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      request({
        socketPath: this.#socket,
        agent: this.#connections,
        method: 'POST',
        path: `/v1/${name}`,
        headers,
        signal,
      })
        .on('response', resolve)
        .on('error', reject)
        .end(body);
    });
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as unknown };
  }

  /** @throws Error with what the agent answered where that is no success. */
  async must(name: string, input: unknown): Promise<unknown> {
    const { status, body } = await this.call(name, input);
    if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`);
    return body;
  }

  close(): void {
    this.#connections.destroy();
  }
}
