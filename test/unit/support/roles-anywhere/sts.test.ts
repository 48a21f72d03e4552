import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseArn } from '../../../support/roles-anywhere/arn.ts';
import { Sessions } from '../../../support/roles-anywhere/sessions.ts';
import type { WireRequest } from '../../../support/roles-anywhere/sigv4.ts';
import {
  callerIdentityXml,
  judgeGetCallerIdentity,
  StsRefusal,
} from '../../../support/roles-anywhere/sts.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const sessions = new Sessions();
const session = sessions.issue(parseArn('arn:aws:iam::123456789012:role/x/reader', 'role')!, 'me', now, 900);

interface Draft {
  readonly method?: 'GET' | 'POST';
  readonly form?: string;
  readonly date?: string;
  readonly scopeDate?: string;
  readonly service?: string;
  readonly unsigned?: string;
  readonly secret?: string;
  readonly token?: string | null;
  readonly keyId?: string;
  readonly extra?: Readonly<Record<string, string>>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const form = 'Action=GetCallerIdentity&Version=2011-06-15';

/** Signature Version 4 as a client does it; parameters of `form` must be in order. */
function signed(draft: Draft = {}): WireRequest {
  const { method = 'POST', date = '20260102T030405Z', service = 'sts', token = session.sessionToken } = draft;
  const sent = draft.form ?? form;
  const headers: Record<string, string> = {
    host: 'sts.eu-central-1.amazonaws.com',
    'x-amz-date': date,
    ...(token === null ? {} : { 'x-amz-security-token': token }),
    ...draft.extra,
  };
  const names = Object.keys(headers)
    .filter((name) => name !== draft.unsigned)
    .sort();
  const body = method === 'POST' ? sent : '';
  const query = method === 'GET' ? sent : '';
  const lines = names.map((name) => `${name}:${headers[name]!}\n`).join('');
  const canonical = [method, '/', query, lines, names.join(';'), sha256(body)].join('\n');
  const day = draft.scopeDate ?? date.slice(0, 8);
  const scope = `${day}/eu-central-1/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const dayKey = hmac(`AWS4${draft.secret ?? session.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(dayKey, 'eu-central-1'), service), 'aws4_request');
  const signature = hmac(key, text).toString('hex');
  const credential = `${draft.keyId ?? session.accessKeyId}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return {
    method,
    target: query === '' ? '/' : `/?${query}`,
    headers: [...Object.entries(headers), ['Authorization', authorization]],
    body: Buffer.from(body),
  };
}

function refusalOf(request: WireRequest, time = now): StsRefusal {
  try {
    judgeGetCallerIdentity(request, sessions, time);
  } catch (error) {
    if (error instanceof StsRefusal) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('GetCallerIdentity', () => {
  it.each(['POST', 'GET'] as const)('by %s', (method) => {
    expect(judgeGetCallerIdentity(signed({ method }), sessions, now)).toBe(session);
  });

  it('with the hash of the body in a header', () => {
    const extra = { 'x-amz-content-sha256': sha256(form) };
    expect(judgeGetCallerIdentity(signed({ extra }), sessions, now)).toBe(session);
  });

  it.each([
    [
      'another action',
      { form: 'Action=GetSessionToken&Version=2011-06-15' },
      'action-unknown',
      400,
      'InvalidAction',
    ],
    [
      'another version',
      { form: 'Action=GetCallerIdentity&Version=2010-05-08' },
      'action-unknown',
      400,
      'InvalidAction',
    ],
    ['a broken form', { form: 'Action=%zz' }, 'action-unknown', 400, 'InvalidAction'],
    ['host unsigned', { unsigned: 'host' }, 'header-unsigned', 403, 'SignatureDoesNotMatch'],
    ['token unsigned', { unsigned: 'x-amz-security-token' }, 'header-unsigned', 403, 'SignatureDoesNotMatch'],
    ['date unsigned', { unsigned: 'x-amz-date' }, 'header-unsigned', 403, 'SignatureDoesNotMatch'],
    ['another service', { service: 'iam' }, 'scope-mismatch', 403, 'SignatureDoesNotMatch'],
    ['another day', { scopeDate: '20260101' }, 'scope-mismatch', 403, 'SignatureDoesNotMatch'],
    ['an unknown key', { keyId: 'ASIAX' }, 'key-unknown', 403, 'InvalidClientTokenId'],
    ['no token', { token: null }, 'token-mismatch', 403, 'InvalidClientTokenId'],
    ['another token', { token: 'x' }, 'token-mismatch', 403, 'InvalidClientTokenId'],
    ['another secret', { secret: 'x' }, 'signature-invalid', 403, 'SignatureDoesNotMatch'],
    ['a clock 16 min slow', { date: '20260102T024804Z' }, 'clock-skew', 403, 'SignatureDoesNotMatch'],
    ['a clock 16 min fast', { date: '20260102T032006Z' }, 'clock-skew', 403, 'SignatureDoesNotMatch'],
    ['a broken date', { date: '20260102' }, 'authorization-malformed', 400, 'IncompleteSignature'],
    [
      'a wrong hash of the body',
      { extra: { 'x-amz-content-sha256': sha256('') } },
      'signature-invalid',
      403,
      'SignatureDoesNotMatch',
    ],
  ] as const)('refuses %s', (_, draft, reason, status, code) => {
    expect(refusalOf(signed(draft))).toMatchObject({ reason, status, code });
  });

  it('refuses a body changed after signing', () => {
    const request = signed();
    const body = Buffer.from(`${form}&x=1`);
    expect(refusalOf({ ...request, body }).reason).toBe('signature-invalid');
  });

  it.each([
    ['no Authorization', 'authorization-missing', () => []],
    ['another scheme', 'authorization-malformed', () => [['Authorization', 'Bearer x']]],
    [
      'the algorithm of certificates',
      'authorization-malformed',
      (value: string) => [['Authorization', value.replace('AWS4-HMAC-SHA256', 'AWS4-X509-RSA-SHA256')]],
    ],
  ] as const)('refuses %s', (_, reason, change) => {
    const request = signed();
    const [name, value] = request.headers.at(-1)!;
    expect(name).toBe('Authorization');
    const headers = [...request.headers.slice(0, -1), ...(change(value) as [string, string][])];
    expect(refusalOf({ ...request, headers }).reason).toBe(reason);
  });

  it('refuses a session that is over, to the second', () => {
    const request = signed({ date: '20260102T031904Z' });
    expect(judgeGetCallerIdentity(request, sessions, session.expiresAt - 1)).toBe(session);
    expect(refusalOf(request, session.expiresAt)).toMatchObject({
      reason: 'session-expired',
      status: 403,
      code: 'ExpiredToken',
    });
  });

  it('answers who it is', () => {
    const xml = callerIdentityXml(session, 'r');
    expect(xml).toContain('<Arn>arn:aws:sts::123456789012:assumed-role/reader/me</Arn>');
    expect(xml).toContain('<Account>123456789012</Account>');
    expect(xml).toMatch(/<UserId>AROA[A-Z2-7]{17}:me<\/UserId>/);
  });
});

describe('issued sessions', () => {
  it('are forgotten a day after they are over, not before', () => {
    const role = parseArn('arn:aws:iam::123456789012:role/r', 'role')!;
    const own = new Sessions();
    const { accessKeyId } = own.issue(role, 'a', now, 900);
    const day = 24 * 60 * 60 * 1000;
    own.issue(role, 'b', now + day, 900);
    expect(own.find(accessKeyId)).toBeDefined();
    own.issue(role, 'c', now + day + 901_000, 900);
    expect(own.find(accessKeyId)).toBeUndefined();
  });

  it('of one role share its identifier, those of another have another', () => {
    const own = new Sessions();
    const id = (text: string): string =>
      own.issue(parseArn(text, 'role')!, 's', now, 900).assumedRoleId.split(':')[0]!;
    expect(id('arn:aws:iam::123456789012:role/r')).toBe(id('arn:aws:iam::123456789012:role/r'));
    expect(id('arn:aws:iam::123456789012:role/r')).not.toBe(id('arn:aws:iam::123456789012:role/q'));
  });
});
