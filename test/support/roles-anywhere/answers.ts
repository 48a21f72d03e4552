/** What goes back over the wire. */
import type { Session } from './sessions.ts';
import type { Grant } from './create-session.ts';
import type { FederationGrant } from './federation.ts';
import type { Operation, Outcome } from './faults.ts';
import { packedPolicySize, sourceIdentity, stableUuid } from './identity.ts';
import { callerIdentityXml, stsErrorXml } from './sts.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const xml = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
});

/** Whole seconds, as AWS writes times. */
export const isoSeconds = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/** 201 with everything AWS documents of CreateSession's answer. */
export function sessionAnswer(grant: Grant, session: Session): Answer {
  const { trustAnchor, role, certificate } = grant;
  const subject = stableUuid(`${trustAnchor.account} ${certificate.subject.der.toString('hex')}`);
  return json(201, {
    credentialSet: [
      {
        assumedRoleUser: { arn: session.assumedRoleArn, assumedRoleId: session.assumedRoleId },
        credentials: {
          accessKeyId: session.accessKeyId,
          secretAccessKey: session.secretAccessKey,
          sessionToken: session.sessionToken,
          expiration: isoSeconds(session.expiresAt),
        },
        packedPolicySize: packedPolicySize(certificate),
        roleArn: role.text,
        sourceIdentity: sourceIdentity(certificate),
      },
    ],
    subjectArn: `arn:${trustAnchor.partition}:rolesanywhere:${trustAnchor.region}:${trustAnchor.account}:subject/${subject}`,
  });
}

export const identityAnswer = (session: Session, requestId: string): Answer =>
  xml(200, callerIdentityXml(session, requestId));

/** An error in the shape of the service: JSON with the type in a header, or the XML of STS. */
export function errorAnswer(
  operation: Operation,
  status: number,
  type: string,
  message: string,
  requestId: string,
): Answer {
  if (operation === 'federation') {
    return { status, headers: { 'content-type': 'text/html' }, body: `<html>${message}</html>` };
  }
  if (operation === 'get-caller-identity') return xml(status, stsErrorXml(type, message, requestId));
  const answer = json(status, { message });
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': type } };
}

/** What a granted request to the federation endpoint gets. */
export function federationAnswer(grant: FederationGrant): Answer {
  return grant.kind === 'token'
    ? json(200, { SigninToken: grant.token })
    : { status: 302, headers: { location: grant.destination }, body: '' };
}

/** The answer that a fault puts in the place of every other; null where it does not. @param now the server's time, milliseconds. */
export function replacement(
  outcome: Outcome | null,
  operation: Operation,
  requestId: string,
  now: number,
): Answer | null {
  switch (outcome?.kind) {
    case 'throttle': {
      const type = operation === 'create-session' ? 'ThrottlingException' : 'Throttling';
      const answer = errorAnswer(operation, 429, type, 'Rate exceeded', requestId);
      const { retryAfterSeconds: wait, asDate } = outcome;
      if (wait === undefined) return answer;
      const value = asDate === true ? new Date(now + wait * 1000).toUTCString() : String(wait);
      return { ...answer, headers: { ...answer.headers, 'retry-after': value } };
    }
    case 'error': {
      const [type, message] =
        outcome.status === 503
          ? ['ServiceUnavailableException', 'Service is unable to handle request.']
          : ['InternalServerException', 'An internal error occurred.'];
      return errorAnswer(operation, outcome.status, type, message, requestId);
    }
    case 'redirect':
      return { status: outcome.status, headers: { location: outcome.location }, body: '' };
    case 'garbage':
      return {
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('ff00fe7b2263726564656e7469616c', 'hex'),
      };
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<!DOCTYPE html><title>Sign in</title><p>Please sign in to use this network.</p>',
      };
    case 'nothing':
      return { status: 200, headers: {}, body: '' };
    default:
      return null;
  }
}

/** A good answer with a fault worked into it. */
export function spoil(answer: Answer, outcome: Outcome | null): Answer {
  if (outcome?.kind !== 'empty-credential-set' && outcome?.kind !== 'spoiled-field') return answer;
  const value = JSON.parse(String(answer.body)) as Record<string, unknown>;
  if (outcome.kind === 'empty-credential-set') value.credentialSet = [];
  else spoilField(value, outcome.field, outcome.as);
  return { ...answer, body: JSON.stringify(value) };
}

function spoilField(value: unknown, field: string, as: 'absent' | 'null' | 'empty'): void {
  if (typeof value !== 'object' || value === null) return;
  const members = value as Record<string, unknown>;
  for (const [key, member] of Object.entries(members)) {
    if (key !== field) spoilField(member, field, as);
    else if (as === 'absent') Reflect.deleteProperty(members, key);
    else if (as === 'null') members[key] = null;
    else members[key] = typeof member === 'string' ? '' : Array.isArray(member) ? [] : {};
  }
}
