/**
 * The federation endpoint of AWS sign-in for the sessions of this server: hands out sign-in tokens, and signs in the
 * browser that brings one (IAM user guide, “Enable custom identity broker access to the AWS console”).
 */
import { randomBytes } from 'node:crypto';
import type { Session, Sessions } from './sessions.ts';
import { headerValues, queryParameters, splitTarget, type WireRequest } from './sigv4.ts';

/** How long a token signs in, milliseconds. */
const tokenMs = 15 * 60_000;
/** What the console takes as its session's duration, seconds. */
const duration = { min: 900, max: 43_200 };

const failures = {
  'body-too-long': 413,
  'method-unknown': 405,
  'content-type-unknown': 415,
  'parameters-malformed': 400,
  'action-unknown': 400,
  'session-malformed': 400,
  'key-unknown': 400,
  'secret-mismatch': 400,
  'token-mismatch': 400,
  'session-expired': 400,
  'duration-range': 400,
  'duration-refused': 400,
  'signin-token-unknown': 400,
  'signin-token-expired': 400,
  'destination-malformed': 400,
} as const;

export type FederationReason = keyof typeof failures;

export class FederationRefusal extends Error {
  override readonly name = 'FederationRefusal';
  readonly reason: FederationReason;

  constructor(reason: FederationReason) {
    super('Invalid credentials parameter');
    this.reason = reason;
  }

  get status(): number {
    return failures[this.reason];
  }
}

/** What was granted: a token for a session, or a way in for a token. */
export type FederationGrant =
  | {
      readonly kind: 'token';
      readonly session: Session;
      readonly token: string;
      /** Seconds; null where none was asked for. */
      readonly durationSeconds: number | null;
    }
  | { readonly kind: 'login'; readonly session: Session; readonly destination: string };

export interface FederationJudgement {
  readonly sessions: Sessions;
  /** The server's time, milliseconds since the epoch. */
  readonly now: number;
  /** Whether SessionDuration is taken: not for credentials of a chained role. */
  readonly takesDuration: boolean;
}

const parametersOf = {
  getSigninToken: ['Action', 'Session', 'SessionDuration', 'SessionType'],
  login: ['Action', 'Destination', 'Issuer', 'SigninToken'],
} as const;

export class Federation {
  readonly #issued = new Map<string, { readonly session: Session; readonly until: number }>();

  /** @throws FederationRefusal. */
  judge(request: WireRequest, judgement: FederationJudgement): FederationGrant {
    const parameters = formOf(request);
    const action = parameters.get('Action');
    if (action !== 'getSigninToken' && action !== 'login') throw new FederationRefusal('action-unknown');
    const known: readonly string[] = parametersOf[action];
    if (![...parameters.keys()].every((name) => known.includes(name))) {
      throw new FederationRefusal('parameters-malformed');
    }
    return action === 'login'
      ? this.#login(request, parameters, judgement)
      : this.#issue(parameters, judgement);
  }

  #issue(
    parameters: Map<string, string>,
    { sessions, now, takesDuration }: FederationJudgement,
  ): FederationGrant {
    if ((parameters.get('SessionType') ?? 'json') !== 'json') {
      throw new FederationRefusal('parameters-malformed');
    }
    const session = sessionIn(parameters.get('Session') ?? '', sessions);
    if (now >= session.expiresAt) throw new FederationRefusal('session-expired');
    const wanted = parameters.get('SessionDuration');
    const durationSeconds = wanted === undefined ? null : /^\d{1,6}$/.test(wanted) ? Number(wanted) : NaN;
    if (durationSeconds !== null) {
      if (!(durationSeconds >= duration.min && durationSeconds <= duration.max)) {
        throw new FederationRefusal('duration-range');
      }
      if (!takesDuration) throw new FederationRefusal('duration-refused');
    }
    const token = randomBytes(384).toString('base64');
    this.#issued.set(token, { session, until: now + tokenMs });
    return { kind: 'token', session, token, durationSeconds };
  }

  #login(
    request: WireRequest,
    parameters: Map<string, string>,
    { now }: FederationJudgement,
  ): FederationGrant {
    if (request.method !== 'GET') throw new FederationRefusal('method-unknown'); // a browser that follows a link
    const issued = this.#issued.get(parameters.get('SigninToken') ?? '');
    if (issued === undefined) throw new FederationRefusal('signin-token-unknown');
    if (now >= issued.until) throw new FederationRefusal('signin-token-expired');
    const destination = parameters.get('Destination') ?? '';
    if (!URL.canParse(destination) || new URL(destination).protocol !== 'https:') {
      throw new FederationRefusal('destination-malformed');
    }
    return { kind: 'login', session: issued.session, destination };
  }
}

/** The parameters of query or body, each once. */
function formOf(request: WireRequest): Map<string, string> {
  const { query } = splitTarget(request.target);
  if (request.method === 'POST') {
    const [type = ''] = headerValues(request, 'content-type');
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/.test(type)) {
      throw new FederationRefusal('content-type-unknown');
    }
  } else if (request.method !== 'GET') throw new FederationRefusal('method-unknown');
  const isPost = request.method === 'POST';
  if (isPost ? query !== '' : request.body.length > 0) throw new FederationRefusal('parameters-malformed');
  try {
    const pairs = queryParameters(isPost ? request.body.toString('utf8') : query);
    const parameters = new Map(pairs);
    if (parameters.size === pairs.length) return parameters;
  } catch {
    // Said below.
  }
  throw new FederationRefusal('parameters-malformed');
}

/** The session that a JSON object names: its three members, and nothing else. */
function sessionIn(text: string, sessions: Sessions): Session {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FederationRefusal('session-malformed');
  }
  const members = new Map(Object.entries(Object(value) as Record<string, unknown>));
  const names = [...members.keys()].sort().join();
  if (names !== 'sessionId,sessionKey,sessionToken') throw new FederationRefusal('session-malformed');
  const session = sessions.find(String(members.get('sessionId')));
  if (session === undefined) throw new FederationRefusal('key-unknown');
  if (members.get('sessionKey') !== session.secretAccessKey) throw new FederationRefusal('secret-mismatch');
  if (members.get('sessionToken') !== session.sessionToken) throw new FederationRefusal('token-mismatch');
  return session;
}
