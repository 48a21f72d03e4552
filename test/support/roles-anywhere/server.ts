/**
 * IAM Roles Anywhere and the one call of AWS STS that proves its credentials, on 127.0.0.1. See README.md beside.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from './account.ts';
import {
  errorAnswer,
  federationAnswer,
  identityAnswer,
  isoSeconds,
  replacement,
  sessionAnswer,
  spoil,
  type Answer,
} from './answers.ts';
import { parseArn } from './arn.ts';
import { control } from './control.ts';
import { judgeCreateSession, nothingObserved, type Observations } from './create-session.ts';
import { Federation, FederationRefusal, type FederationReason } from './federation.ts';
import { Faults, type Fate, type Operation } from './faults.ts';
import { Refusal, type Reason } from './refusal.ts';
import { Sessions } from './sessions.ts';
import { headerValues, parseAuthorization, splitTarget, type WireRequest } from './sigv4.ts';
import { judgeGetCallerIdentity, StsRefusal, type StsReason } from './sts.ts';

/** One request as the server saw it. Holds no secret. */
export interface RequestRecord extends Observations {
  /** Counts from 1. */
  readonly number: number;
  readonly requestId: string;
  /** Server time, RFC 3339. */
  readonly time: string;
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  /** What the rules said, whatever a fault made of the answer; `unread` where the connection was cut before. */
  verdict: 'accepted' | 'refused' | 'unread';
  /** Why it was refused. */
  reason: Reason | StsReason | FederationReason | null;
  detail: string | null;
  /** Null where no whole answer was sent. */
  status: number | null;
  readonly faults: readonly string[];
  /** Of the session issued, or the one that signed. */
  accessKeyId: string | null;
  assumedRoleArn: string | null;
  expiration: string | null;
}

export interface ServerOptions {
  readonly account: Account;
  /** 0, the default, picks one. */
  readonly port?: number;
  /** PEM; plain HTTP without. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Milliseconds since the epoch; the machine's clock by default. */
  readonly now?: () => number;
  /** How wrong a client's clock may be; 300 by default (AWS documents no value). */
  readonly skewSeconds?: number;
  /** Called when a request is over, answered or not. */
  readonly onRequest?: (record: RequestRecord) => void;
}

const operations: Readonly<Record<string, Operation | undefined>> = {
  '/': 'get-caller-identity',
  '/federation': 'federation',
};

const maxHeaderBytes = 256 * 1024;
const maxBodyBytes = 1024 * 1024;

/** Starts a server and waits until it listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = new RunningServer(options);
  await server.listen(options.port ?? 0);
  return server;
}

export class RunningServer {
  /** What exists on the AWS side; may be replaced at any time. */
  account: Account;
  /** Added to the server's clock: skew, validity, expiry and the Date header follow. */
  clockOffsetSeconds = 0;
  readonly faults = new Faults();
  /** In order of arrival. */
  readonly requests: RequestRecord[] = [];
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #sessions = new Sessions();
  readonly #federation = new Federation();
  #arrived = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.account = options.account;
    const settings = { maxHeaderSize: maxHeaderBytes, requireHostHeader: false };
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#handle(request, response).catch((error: unknown) => {
        sendDefect(response, error);
      });
    };
    this.#server =
      options.tls === undefined
        ? createServer(settings, handle)
        : createTlsServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2' }, handle);
  }

  /** Without a final slash. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return (this.#options.now ?? Date.now)() + this.clockOffsetSeconds * 1000;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** Ends every connection and the server. */
  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path } = splitTarget(request.url ?? '');
    if (path.startsWith('/_control/')) {
      const answer = control(this, request.method ?? '', path, await readBody(request));
      send(response, answer, { date: this.now() });
      return;
    }
    const operation = operations[path] ?? 'create-session';
    const fate = this.faults.draw(operation);
    const record = this.#open(request, operation, fate);
    try {
      await this.#serve(request, response, fate, record);
    } finally {
      this.#options.onRequest?.(record);
    }
  }

  #open(request: IncomingMessage, operation: Operation, fate: Fate): RequestRecord {
    const record: RequestRecord = {
      number: ++this.#arrived,
      requestId: randomUUID(),
      time: isoSeconds(this.now()),
      operation,
      method: request.method ?? '',
      path: splitTarget(request.url ?? '').path,
      ...nothingObserved(),
      verdict: 'unread',
      reason: null,
      detail: null,
      status: null,
      faults: fate.kinds,
      accessKeyId: null,
      assumedRoleArn: null,
      expiration: null,
    };
    const [header = ''] = headerValues(wireRequest(request), 'authorization');
    record.signature = parseAuthorization(header)?.signature ?? null;
    this.requests.push(record);
    return record;
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    fate: Fate,
    record: RequestRecord,
  ): Promise<void> {
    const drop = fate.outcome?.kind === 'drop' ? fate.outcome.when : null;
    if (drop === 'before-reading') {
      request.socket.destroy();
      return;
    }
    const body = await readBody(request);
    const answer = this.#answer(body === null ? null : wireRequest(request, body), fate, record);
    await delay(fate.modifier('latency')?.milliseconds ?? 0, undefined, { ref: false });
    if (drop === 'before-answer') {
      request.socket.destroy();
      return;
    }
    if (drop === null && !response.destroyed) record.status = answer.status;
    const date = this.now() + (fate.modifier('date')?.offsetSeconds ?? 0) * 1000;
    send(response, answer, { date, requestId: record.requestId, cut: drop === 'mid-answer' });
  }

  /** @param wire null where the body was too long to be kept. */
  #answer(wire: WireRequest | null, fate: Fate, record: RequestRecord): Answer {
    const { operation, requestId } = record;
    const instead = replacement(fate.outcome, operation, requestId, this.now());
    try {
      const answer =
        operation === 'create-session'
          ? this.#createSession(wire, fate, record)
          : operation === 'federation'
            ? this.#federate(wire, fate, record)
            : this.#getCallerIdentity(wire, record);
      record.verdict = 'accepted';
      return instead ?? spoil(answer, fate.outcome);
    } catch (error) {
      if (error instanceof FederationRefusal) {
        record.verdict = 'refused';
        record.reason = error.reason;
        return instead ?? errorAnswer(operation, error.status, '', error.message, requestId);
      }
      if (!(error instanceof Refusal || error instanceof StsRefusal)) throw error;
      record.verdict = 'refused';
      record.reason = error.reason;
      if (error instanceof Refusal) record.detail = error.detail;
      const type = error instanceof Refusal ? error.type : error.code;
      return instead ?? errorAnswer(operation, error.status, type, error.message, requestId);
    }
  }

  #createSession(wire: WireRequest | null, fate: Fate, record: RequestRecord): Answer {
    if (wire === null) throw new Refusal('body-too-long', `more than ${String(maxBodyBytes)} bytes`);
    const now = this.now();
    const judgement = { account: this.account, now, skewSeconds: this.#options.skewSeconds ?? 300 };
    const grant = judgeCreateSession(wire, judgement, record);
    const role = fate.outcome?.kind === 'other-role' ? parseArn(fate.outcome.roleArn, 'role')! : grant.role;
    const seconds = fate.modifier('session-seconds')?.seconds ?? grant.durationSeconds;
    const session = this.#sessions.issue(role, grant.sessionName, now, seconds);
    record.accessKeyId = session.accessKeyId;
    record.assumedRoleArn = session.assumedRoleArn;
    record.expiration = isoSeconds(session.expiresAt);
    return sessionAnswer({ ...grant, role }, session);
  }

  #federate(wire: WireRequest | null, fate: Fate, record: RequestRecord): Answer {
    if (wire === null) throw new FederationRefusal('body-too-long');
    const takesDuration = fate.modifier('duration-refused') === undefined;
    const judgement = { sessions: this.#sessions, now: this.now(), takesDuration };
    const grant = this.#federation.judge(wire, judgement);
    record.accessKeyId = grant.session.accessKeyId;
    record.assumedRoleArn = grant.session.assumedRoleArn;
    record.detail = grant.kind;
    if (grant.kind === 'token') record.durationSeconds = grant.durationSeconds;
    return federationAnswer(grant);
  }

  #getCallerIdentity(wire: WireRequest | null, record: RequestRecord): Answer {
    if (wire === null) throw new StsRefusal('body-too-long');
    const session = judgeGetCallerIdentity(wire, this.#sessions, this.now());
    record.accessKeyId = session.accessKeyId;
    record.assumedRoleArn = session.assumedRoleArn;
    return identityAnswer(session, record.requestId);
  }
}

function wireRequest(request: IncomingMessage, body: Buffer = Buffer.alloc(0)): WireRequest {
  const headers: [string, string][] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers.push([request.rawHeaders[i]!, request.rawHeaders[i + 1]!]);
  }
  return { method: request.method ?? '', target: request.url ?? '', headers, body };
}

/** The body; null where it is longer than {@link maxBodyBytes}. It is read to its end either way, to be answered. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return bytes > maxBodyBytes ? null : Buffer.concat(chunks);
}

interface Envelope {
  /** Milliseconds since the epoch. */
  readonly date: number;
  readonly requestId?: string;
  /** Cut the connection after half of the body. */
  readonly cut?: boolean;
}

function send(response: ServerResponse, answer: Answer, { date, requestId, cut = false }: Envelope): void {
  const body = Buffer.from(answer.body);
  response.sendDate = false;
  response.writeHead(answer.status, {
    date: new Date(date).toUTCString(),
    'content-length': body.length,
    ...(requestId === undefined ? {} : { 'x-amzn-requestid': requestId }),
    ...answer.headers,
  });
  if (cut) response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  else response.end(body);
}

/** A defect of this server, or a connection the client gave up: loud, and no verdict on the client. */
function sendDefect(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const message = `Defect of the test server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  response.writeHead(599, { 'content-type': 'text/plain' }).end(message);
}
