import { describe, expect, it } from 'vitest';
import { parseRoleArn } from '../../../src/main/roles-anywhere/arn.ts';
import {
  AwsRefusal,
  readCreateSessionAnswer,
  type Answer,
  type Asked,
} from '../../../src/main/roles-anywhere/response.ts';
import { AppError } from '../../../src/shared/errors.ts';

const now = Date.UTC(2026, 2, 12, 10, 30, 0);
const role = parseRoleArn('arn:aws:iam::123456789012:role/team/Reader');
const asked: Asked = { role, sessionDuration: 3600, roleSessionName: null, now };
const headers = { 'content-type': 'application/json', 'x-amzn-requestid': 'request-1' };

const credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'geheim/Secret+Key',
  sessionToken: 'geheimToken==',
  expiration: '2026-03-12T11:30:00Z',
};
const created = {
  credentialSet: [
    {
      assumedRoleUser: {
        arn: 'arn:aws:sts::123456789012:assumed-role/Reader/laptop',
        assumedRoleId: 'AROA:laptop',
      },
      credentials,
      packedPolicySize: 10,
      roleArn: 'arn:aws:iam::123456789012:role/team/Reader',
      sourceIdentity: 'CN=laptop',
    },
  ],
  subjectArn: 'arn:aws:rolesanywhere:eu-west-2:123456789012:subject/1',
};

function answer(body: unknown, status = 201, more: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { ...headers, ...more },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** The created answer with one thing in its only set changed. */
function changed(change: Record<string, unknown>): Answer {
  return answer({ ...created, credentialSet: [{ ...created.credentialSet[0], ...change }] });
}

function withCredentials(change: Record<string, unknown>): Answer {
  return changed({ credentials: { ...credentials, ...change } });
}

function failureOf(given: Answer, question: Asked = asked): AppError {
  try {
    readCreateSessionAnswer(given, question);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('credentials', () => {
  it.each([200, 201, 202])('are taken from a status %d', (status) => {
    expect(readCreateSessionAnswer(answer(created, status), asked)).toEqual({
      credentials: {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'geheim/Secret+Key',
        sessionToken: 'geheimToken==',
      },
      assumedRoleArn: 'arn:aws:sts::123456789012:assumed-role/Reader/laptop',
      expiresAt: Date.UTC(2026, 2, 12, 11, 30, 0),
    });
  });

  it.each([
    ['2026-03-12T10:30:01Z', Date.UTC(2026, 2, 12, 10, 30, 1)],
    ['2026-03-12T11:30:00.123Z', Date.UTC(2026, 2, 12, 11, 30, 0, 123)],
    ['2026-03-12T12:30:00+01:00', Date.UTC(2026, 2, 12, 11, 30, 0)],
    // Our clock may be a few minutes behind AWS's.
    ['2026-03-12T11:44:59Z', Date.UTC(2026, 2, 12, 11, 44, 59)],
  ])('may expire at %s', (expiration, expiresAt) => {
    expect(readCreateSessionAnswer(withCredentials({ expiration }), asked).expiresAt).toBe(expiresAt);
  });
});

describe('an answer that is not one', () => {
  it.each([
    ['nothing', answer('', 200), 'status 200 with an empty body'],
    ['blanks', answer(' \n', 201), 'status 201 with an empty body'],
    ['a page', answer('<!doctype html><p>Sign in', 200), 'status 200 with a web page'],
    [
      'a page by its type',
      answer('Sign in', 200, { 'content-type': 'text/html' }),
      'status 200 with a web page',
    ],
    ['garbage', answer('\u0000\u0001garbage', 200), 'it is no JSON object'],
    ['half of the JSON', answer(JSON.stringify(created).slice(0, 90)), 'it is no JSON object'],
    ['null', answer('null'), 'it is no JSON object'],
    ['a list', answer('[]'), 'it is no JSON object'],
    ['no set', answer({}), 'its credentialSet is missing'],
    ['an empty set', answer({ credentialSet: [] }), 'its credentialSet is missing'],
    ['no credentials', changed({ credentials: undefined }), 'its credentialSet.0.credentials is missing'],
    ['no role', changed({ roleArn: undefined }), 'its credentialSet.0.roleArn is missing'],
    ['no identity', changed({ assumedRoleUser: {} }), 'its credentialSet.0.assumedRoleUser.arn is missing'],
    [
      'another identity',
      changed({ assumedRoleUser: { arn: 'arn:aws:iam::1:user/x' } }),
      'is no assumed role',
    ],
    ...Object.keys(credentials).flatMap((field): [string, Answer, string][] => [
      [`no ${field}`, withCredentials({ [field]: undefined }), `credentials.${field} is missing`],
      [`an empty ${field}`, withCredentials({ [field]: '' }), `credentials.${field} is missing`],
      [`a number as ${field}`, withCredentials({ [field]: 1 }), `credentials.${field} is missing`],
      [`${field} with a line break`, withCredentials({ [field]: 'a\nb' }), `credentials.${field} is missing`],
    ]),
    [
      'a date that is none',
      withCredentials({ expiration: '2026-13-12T11:30:00Z' }),
      'credentials.expiration',
    ],
    ...['2026-11-31', '2026-02-29', '2026-04-31', '2026-00-10', '2026-03-00'].map(
      (day): [string, Answer, string] => [
        `${day}, no day of the calendar`,
        withCredentials({ expiration: `${day}T11:30:00Z` }),
        'credentials.expiration',
      ],
    ),
    ...['24:00:00', '11:60:00', '11:30:60'].map((time): [string, Answer, string] => [
      `${time}, no time of the day`,
      withCredentials({ expiration: `2026-03-12T${time}Z` }),
      'credentials.expiration',
    ]),
    [
      'a date in words',
      withCredentials({ expiration: 'Thu, 12 Mar 2026 11:30:00 GMT' }),
      'credentials.expiration',
    ],
    ['the past', withCredentials({ expiration: '2026-03-12T10:30:00Z' }), 'have expired already'],
    ['far too long', withCredentials({ expiration: '2026-03-12T11:45:01Z' }), 'longer than was asked'],
    ['a page with 403', answer('<html>Blocked', 403), 'status 403 with a web page'],
    ['text with 400', answer('Bad Request', 400), 'refuses with status 400'],
    ['nothing with 404', answer('', 404), 'status 404 with an empty body'],
    ['a proxy’s words with 403', answer({ error: 'blocked by proxy' }, 403), 'refuses with status 403'],
    ['an empty object with 400', answer({}, 400), 'refuses with status 400'],
    ['no text in it with 403', answer({ message: null, code: 403 }, 403), 'refuses with status 403'],
  ])('%s', (_, given, why) => {
    const error = failureOf(given);
    expect(error.code).toBe('response-invalid');
    expect(error.message).toContain(why);
    expect(error.requestId).toBe('request-1');
    expect(error.message).not.toContain('geheim');
  });

  it.each([301, 302, 303, 307, 308])('redirects with %d', (status) => {
    const error = failureOf(answer('', status, { location: 'https://evil.example/x?geheim#y' }));
    expect(error.code).toBe('response-invalid');
    expect(error.message).toContain('redirects to “https://evil.example/x”');
  });

  it('redirects nowhere', () => {
    expect(failureOf(answer('', 304)).message).toContain('it redirects, which is never followed');
  });
});

describe('another identity than asked for', () => {
  it.each([
    ['another role', { roleArn: 'arn:aws:iam::123456789012:role/team/Writer' }],
    ['another path', { roleArn: 'arn:aws:iam::123456789012:role/Reader' }],
    ['another account', { roleArn: 'arn:aws:iam::999999999999:role/team/Reader' }],
    [
      'another assumed role',
      { assumedRoleUser: { arn: 'arn:aws:sts::123456789012:assumed-role/Writer/x1' } },
    ],
    [
      'another assumed account',
      { assumedRoleUser: { arn: 'arn:aws:sts::999999999999:assumed-role/Reader/x1' } },
    ],
    [
      'another assumed partition',
      { assumedRoleUser: { arn: 'arn:aws-cn:sts::123456789012:assumed-role/Reader/x1' } },
    ],
  ])('%s', (_, change) => {
    const error = failureOf(changed(change));
    expect(error.code).toBe('identity-mismatch');
    expect(error.message).toContain('asked was arn:aws:iam::123456789012:role/team/Reader');
  });
});

describe('a session name', () => {
  const arn = (name: string) => `arn:aws:sts::123456789012:assumed-role/Reader/${name}`;
  const named = (name: string) => changed({ assumedRoleUser: { arn: arn(name) } });

  it.each([
    ['alice', 'alice', true],
    ['alice', 'bob', false],
    ['alice', 'Alice', false],
    ['alice', 'alice2', false],
    [null, 'bob', true],
  ])('asked %s, answered %s: %s', (roleSessionName, answered, taken) => {
    const question = { ...asked, roleSessionName };
    if (taken) {
      expect(readCreateSessionAnswer(named(answered), question).assumedRoleArn).toBe(arn(answered));
      return;
    }
    const error = failureOf(named(answered), question);
    expect(error.code).toBe('identity-mismatch');
    expect(error.message).toContain(`Reader as “alice”.`);
    expect(error.message).toContain(arn(answered));
  });

  it('is read from the identity alone: what nobody uses may be missing', () => {
    const { assumedRoleUser } = created.credentialSet[0]!;
    const set = { credentials, roleArn: role.text, assumedRoleUser: { arn: assumedRoleUser.arn } };
    expect(readCreateSessionAnswer(answer({ credentialSet: [set] }), asked).assumedRoleArn).toBe(
      assumedRoleUser.arn,
    );
  });
});

describe('a refusal', () => {
  const message = 'Something nobody has seen';

  it.each([
    ['by header', { 'x-amzn-errortype': 'ResourceNotFoundException' }, { message }],
    [
      'by header with more in it',
      { 'x-amzn-errortype': 'com.amazonaws.rolesanywhere#ResourceNotFoundException:http://internal/coral/' },
      { message },
    ],
    ['by code', {}, { message, code: 'ResourceNotFoundException' }],
    ['by __type', {}, { __type: 'com.amazonaws#ResourceNotFoundException', Message: message }],
  ])('has its type %s', (_, more, body) => {
    const error = failureOf(answer(body, 400, more));
    expect(error).toMatchObject({ code: 'aws-not-found', requestId: 'request-1' });
    expect(error.message).toBe('AWS says: “Something nobody has seen”.');
  });

  it.each([
    [400, 'aws-invalid-request'],
    [401, 'aws-access-denied'],
    [403, 'aws-access-denied'],
    [404, 'aws-not-found'],
    [429, 'aws-throttled'],
    [500, 'aws-failed'],
    [503, 'aws-failed'],
  ])('without a type is told by status %d', (status, code) => {
    expect(failureOf(answer({ message }, status)).code).toBe(code);
  });

  it.each([
    [429, '', 'aws-throttled'],
    [500, '', 'aws-failed'],
    [502, '<html>Bad gateway', 'aws-failed'],
    [503, 'overloaded', 'aws-failed'],
  ])('with status %d may have any body: %j', (status, body, code) => {
    const error = failureOf(answer(body, status));
    expect(error).toBeInstanceOf(AwsRefusal);
    expect(error.code).toBe(code);
  });

  it('is made plain where the text is known', () => {
    expect(failureOf(answer({ message: 'Untrusted signing certificate' }, 403))).toMatchObject({
      code: 'aws-access-denied',
      cause: { status: 403, type: null, text: 'Untrusted signing certificate' },
    });
    expect(failureOf(answer({ message: 'Untrusted signing certificate' }, 403)).message).toContain(
      'trust anchor',
    );
  });

  it.each([
    [{ message, code: 403 }, 403, 'aws-access-denied', `AWS says: “${message}”.`],
    [{ message: null, Message: message }, 404, 'aws-not-found', `AWS says: “${message}”.`],
    [{ message, __type: {} }, 400, 'aws-invalid-request', `AWS says: “${message}”.`],
    [
      { message: null, __type: 'AccessDeniedException' },
      403,
      'aws-access-denied',
      'AWS refused the request.',
    ],
    [{ message: [1], code: 'ResourceNotFoundException' }, 400, 'aws-not-found', null],
  ])('keeps what is text of %j', (body, status, code, words) => {
    const error = failureOf(answer(body, status));
    expect(error).toBeInstanceOf(AwsRefusal);
    expect(error.code).toBe(code);
    if (words !== null) expect(error.message).toBe(words);
  });

  it('of nothing but access points at the session name where one was asked', () => {
    const named = { ...asked, roleSessionName: 'pat' };
    const denied = answer({ message: 'Access Denied' }, 403, { 'x-amzn-errortype': 'AccessDeniedException' });
    expect(failureOf(denied, named).remedy).toContain('acceptRoleSessionName');
    expect(failureOf(denied).remedy).not.toContain('acceptRoleSessionName');
    const known = answer({ message: 'Untrusted signing certificate' }, 403);
    expect(failureOf(known, named).remedy).not.toContain('acceptRoleSessionName');
  });

  it.each([
    [undefined, null],
    ['7', 7000],
    ['0', 0],
    ['Thu, 12 Mar 2026 10:30:30 GMT', 30_000],
    ['Thu, 12 Mar 2026 10:00:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['2026-03-12T10:30:30Z', null],
  ])('with Retry-After %s asks to wait %s ms', (value, expected) => {
    const more = {
      date: 'Thu, 12 Mar 2026 10:30:00 GMT',
      ...(value !== undefined && { 'retry-after': value }),
    };
    expect(failureOf(answer({ message }, 429, more))).toMatchObject({ retryAfterMs: expected });
  });

  it('shows no control characters of AWS’s text', () => {
    expect(failureOf(answer({ message: 'a\nb\u001b[2J' }, 400)).message).toBe('AWS says: “a?b?[2J”.');
  });
});
