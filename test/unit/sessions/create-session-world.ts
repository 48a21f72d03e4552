/** A clock that is moved by hand and an AWS that answers as told, for tests of CreateSession. */
import { sign, verify } from 'node:crypto';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import type { Clock, Http, HttpRequest, HttpResponse } from '../../../src/main/ports.ts';
import type { CreateSessionOptions } from '../../../src/main/sessions/create-session.ts';
import type { Human } from '../../../src/main/tokens/signer.ts';
import { accountFields } from '../roles-anywhere/account-fields.ts';
import { makeCertificate } from '../roles-anywhere/make-certificate.ts';

export const start = Date.UTC(2026, 2, 12, 10, 30, 0);

export const account: Account = {
  ...accountFields,
  id: 'reader',
  label: 'Reader',
  group: null,
  favourite: false,
  keys: ['pkcs11:token=x'],
  certificate: null,
  intermediates: null,
  pkcs11Lib: null,
  awsProfile: 'reader',
  profileRegion: null,
  outlet: 'credential-process',
  source: { kind: 'local' },
};

export class FakeClock implements Clock {
  /** This computer's time. */
  time = start;
  readonly pauses: number[] = [];
  #set = 0;

  now(): number {
    return this.time;
  }

  sinceBoot(): number {
    return this.time - this.#set;
  }

  /** It is set by that many milliseconds. */
  set(ms: number): void {
    this.time += ms;
    this.#set += ms;
  }

  after(delayMs: number, action: () => void): () => void {
    this.pauses.push(delayMs);
    this.time += delayMs;
    queueMicrotask(action);
    return () => undefined;
  }
}

export const unreachable = new AppError('network-unreachable');

/** What AWS does with a request: an answer, or an error of the network. */
export type Reaction<Outcome extends HttpResponse | AppError = HttpResponse | AppError> = (
  request: HttpRequest,
  aws: FakeAws,
) => Outcome;

/** AWS, or what stands for it. Its clock is ahead of this computer's by `aheadMs`. */
export class FakeAws implements Http {
  readonly requests: HttpRequest[] = [];
  aheadMs = 0;
  /** How long each exchange takes, whatever comes of it. */
  latencyMs = 100;
  verified = true;
  readonly #clock: FakeClock;
  readonly #reactions: Reaction[];

  constructor(clock: FakeClock, ...reactions: Reaction[]) {
    this.#clock = clock;
    this.#reactions = reactions;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    if (this.requests.length > 100) throw new Error('this would go on for ever');
    // The last reaction goes on for ever.
    const reaction = this.#reactions.length > 1 ? this.#reactions.shift() : this.#reactions[0];
    this.#clock.time += Math.min(this.latencyMs, request.timeoutMs);
    const outcome = reaction!(request, this);
    if (outcome instanceof AppError) throw outcome;
    return outcome;
  }

  get time(): number {
    return this.#clock.time + this.aheadMs;
  }

  answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
    const date = new Date(this.time).toUTCString();
    return {
      status,
      headers: { date, 'content-type': 'application/json', 'x-amzn-requestid': 'request-1', ...headers },
      body: JSON.stringify(body),
      verified: this.verified,
    };
  }
}

/** Credentials for an hour. */
export const grant: Reaction<HttpResponse> = (_, aws) =>
  aws.answer(201, {
    credentialSet: [
      {
        assumedRoleUser: { arn: 'arn:aws:sts::123456789012:assumed-role/Reader/leaf' },
        credentials: {
          accessKeyId: 'ASIAEXAMPLE',
          secretAccessKey: 'secret',
          sessionToken: 'token',
          expiration: `${new Date(aws.time + 3_600_000).toISOString().slice(0, 19)}Z`,
        },
        roleArn: account.roleArn,
      },
    ],
  });

export const refuse =
  (status: number, message: string, headers: Record<string, string> = {}): Reaction =>
  (_, aws) =>
    aws.answer(status, { message }, headers);

export const breakDown: Reaction = () => unreachable;

/** Refuses a request signed for a time over five minutes from its own, as AWS does, and grants others. */
export const strictAboutTime: Reaction = (request, aws) => {
  const [, ...parts] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(request.headers['x-amz-date']!)!;
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const signedAt = Date.UTC(year, month - 1, day, hour, minute, second);
  const reaction = Math.abs(signedAt - aws.time) > 300_000 ? refuse(403, 'Invalid signature') : grant;
  return reaction(request, aws);
};

const { certificate, privateKey } = await makeCertificate({ subject: 'CN=leaf' });

/** A key that counts its signatures, and takes as long over each as it is told. */
export class CountingSigner implements Pick<CreateSessionOptions['signer'], 'sign'> {
  readonly certificate = certificate;
  readonly issuers = [];
  signed: Uint8Array[] = [];
  touchMs = 0;
  failure: AppError | null = null;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Who was to be told of a touch, for each. */
  readonly signedFor: (Human | undefined)[] = [];

  async sign(message: Uint8Array, human?: Human): Promise<Uint8Array> {
    this.signed.push(message);
    this.signedFor.push(human);
    this.#clock.time += this.touchMs;
    if (this.failure !== null) throw this.failure;
    return sign('sha256', message, privateKey);
  }

  /** Whether the request carries this key's signature over the message signed last. */
  isIn(request: HttpRequest): boolean {
    const hex = /Signature=([0-9a-f]+)$/.exec(request.headers.authorization!)![1]!;
    return verify(
      'sha256',
      this.signed.at(-1)!,
      { key: Buffer.from(certificate.spki), format: 'der', type: 'spki' },
      Buffer.from(hex, 'hex'),
    );
  }
}
