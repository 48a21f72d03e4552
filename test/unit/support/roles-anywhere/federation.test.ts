import { describe, expect, it } from 'vitest';
import { parseArn } from '../../../support/roles-anywhere/arn.ts';
import {
  Federation,
  FederationRefusal,
  type FederationJudgement,
} from '../../../support/roles-anywhere/federation.ts';
import { Sessions } from '../../../support/roles-anywhere/sessions.ts';
import type { WireRequest } from '../../../support/roles-anywhere/sigv4.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const sessions = new Sessions();
const session = sessions.issue(parseArn('arn:aws:iam::123456789012:role/reader', 'role')!, 'me', now, 900);
const other = sessions.issue(parseArn('arn:aws:iam::123456789012:role/admin', 'role')!, 'me', now, 900);
const credentials = {
  sessionId: session.accessKeyId,
  sessionKey: session.secretAccessKey,
  sessionToken: session.sessionToken,
};

interface Draft {
  readonly method?: string;
  readonly form?: string;
  readonly query?: string;
  readonly contentType?: string;
  readonly judgement?: Partial<FederationJudgement>;
}

const form = (members: Readonly<Record<string, string>>) => new URLSearchParams(members).toString();
const asking = (more: Readonly<Record<string, string>> = {}, who: unknown = credentials) =>
  form({ Action: 'getSigninToken', Session: JSON.stringify(who), ...more });

function judge(federation: Federation, draft: Draft = {}) {
  const { method = 'POST', contentType = 'application/x-www-form-urlencoded', query } = draft;
  const body = draft.form ?? (method === 'POST' ? asking() : '');
  const request: WireRequest = {
    method,
    target: query === undefined ? '/federation' : `/federation?${query}`,
    headers: method === 'POST' ? [['Content-Type', contentType]] : [],
    body: Buffer.from(body),
  };
  return federation.judge(request, { sessions, now, takesDuration: true, ...draft.judgement });
}

function reasonOf(draft: Draft): string {
  try {
    judge(new Federation(), draft);
  } catch (error) {
    if (error instanceof FederationRefusal) return error.reason;
    throw error;
  }
  return 'granted';
}

function tokenOf(federation: Federation): string {
  const grant = judge(federation);
  if (grant.kind !== 'token') throw new Error('no token');
  return grant.token;
}

describe('a sign-in token', () => {
  it.each([
    ['by POST', {}, null],
    ['by GET', { method: 'GET', query: asking() }, null],
    ['with a type', { form: asking({ SessionType: 'json' }) }, null],
    ['for a quarter of an hour', { form: asking({ SessionDuration: '900' }) }, 900],
    ['for half a day', { form: asking({ SessionDuration: '43200' }) }, 43_200],
    ['of a chained role, without a duration', { judgement: { takesDuration: false } }, null],
  ] as const satisfies [string, Draft, number | null][])('is granted %s', (_what, draft, durationSeconds) => {
    expect(judge(new Federation(), draft)).toMatchObject({ kind: 'token', session, durationSeconds });
  });

  it.each([
    ['another method', { method: 'PUT', query: asking() }, 'method-unknown'],
    ['JSON', { contentType: 'application/json' }, 'content-type-unknown'],
    ['POST with the credentials in the address', { query: asking() }, 'parameters-malformed'],
    ['GET with a body', { method: 'GET', query: asking(), form: 'x' }, 'parameters-malformed'],
    ['a broken escape', { form: `${asking()}&Issuer=%` }, 'parameters-malformed'],
    ['a parameter twice', { form: `${asking()}&Action=getSigninToken` }, 'parameters-malformed'],
    ['an unknown parameter', { form: asking({ Duration: '900' }) }, 'parameters-malformed'],
    ['another type', { form: asking({ SessionType: 'xml' }) }, 'parameters-malformed'],
    ['no action', { form: '' }, 'action-unknown'],
    ['another action', { form: asking({ Action: 'GetSigninToken' }) }, 'action-unknown'],
    ['no session', { form: form({ Action: 'getSigninToken' }) }, 'session-malformed'],
    ['a session that is text', { form: asking({}, 'me') }, 'session-malformed'],
    ['a session that is null', { form: asking({}, null) }, 'session-malformed'],
    [
      'one member too few',
      { form: asking({}, { ...credentials, sessionKey: undefined }) },
      'session-malformed',
    ],
    ['one member too many', { form: asking({}, { ...credentials, x: 1 }) }, 'session-malformed'],
    ['a key nobody has', { form: asking({}, { ...credentials, sessionId: 'ASIAX' }) }, 'key-unknown'],
    ['another secret', { form: asking({}, { ...credentials, sessionKey: 'x' }) }, 'secret-mismatch'],
    [
      'another’s token',
      { form: asking({}, { ...credentials, sessionToken: other.sessionToken }) },
      'token-mismatch',
    ],
    ['a session that has expired', { judgement: { now: now + 900_000 } }, 'session-expired'],
    ['a second too short', { form: asking({ SessionDuration: '899' }) }, 'duration-range'],
    ['a second too long', { form: asking({ SessionDuration: '43201' }) }, 'duration-range'],
    ['a duration that is no number', { form: asking({ SessionDuration: '1h' }) }, 'duration-range'],
    [
      'a duration for a chained role',
      { form: asking({ SessionDuration: '900' }), judgement: { takesDuration: false } },
      'duration-refused',
    ],
  ] as const satisfies [string, Draft, string][])('is refused to %s', (_what, draft, reason) => {
    expect(reasonOf(draft)).toBe(reason);
  });
});

describe('a browser with a token', () => {
  const destination = 'https://console.aws.amazon.com/';
  const login = (federation: Federation, SigninToken: string, more: Draft = {}, Destination = destination) =>
    judge(federation, { method: 'GET', query: form({ Action: 'login', Destination, SigninToken }), ...more });

  it('is let in, for fifteen minutes', () => {
    const federation = new Federation();
    const token = tokenOf(federation);
    expect(login(federation, token)).toEqual({ kind: 'login', session, destination });
    const late = (ms: number) => () => login(federation, token, { judgement: { now: now + ms } });
    expect(late(899_999)).not.toThrow();
    expect(late(900_000)).toThrow(expect.objectContaining({ reason: 'signin-token-expired' }) as Error);
  });

  it('of another server is not', () => {
    const token = tokenOf(new Federation());
    expect(() => login(new Federation(), token)).toThrow(
      expect.objectContaining({ reason: 'signin-token-unknown' }) as Error,
    );
  });

  it.each(['', 'console.aws.amazon.com', 'http://console.aws.amazon.com/', 'javascript:alert(1)'])(
    'is not led to %j',
    (where) => {
      const federation = new Federation();
      expect(() => login(federation, tokenOf(federation), {}, where)).toThrow(
        expect.objectContaining({ reason: 'destination-malformed' }) as Error,
      );
    },
  );

  it('that posts is none', () => {
    const federation = new Federation();
    const SigninToken = tokenOf(federation);
    const draft = { form: form({ Action: 'login', Destination: destination, SigninToken }) };
    expect(() => judge(federation, draft)).toThrow(
      expect.objectContaining({ reason: 'method-unknown' }) as Error,
    );
  });
});
