/** Reading the answer to CreateSession: credentials that are what was asked for, or a typed error. */
import * as z from 'zod';
import { AppError } from '../../shared/errors.ts';
import type { AppErrorOptions, ErrorCode } from '../../shared/errors.ts';
import { isSessionOf, parseAssumedRoleArn } from './arn.ts';
import type { RoleArn } from './arn.ts';
import { explain } from './explain.ts';
import { parseHttpDate } from './http-date.ts';
import { quoted } from './quoted.ts';

/** An answer over HTTP; header names are lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the answer is held against. */
export interface Asked {
  readonly role: RoleArn;
  /** Seconds. */
  readonly sessionDuration: number;
  readonly roleSessionName: string | null;
  /** Milliseconds since the epoch, by the clock the request was signed with. */
  readonly now: number;
}

/** Secret. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface SessionAnswer {
  readonly credentials: SessionCredentials;
  /** The identity they act under. */
  readonly assumedRoleArn: string;
  /** Milliseconds since the epoch, by AWS's clock. */
  readonly expiresAt: number;
}

/** A refusal in AWS's own words, made plain. */
export class AwsRefusal extends AppError {
  /** Milliseconds AWS asks to wait; null where it does not say. */
  readonly retryAfterMs: number | null;
  /** Whether signing again with the right time may cure it. */
  readonly clockMayBeTheCause: boolean;

  constructor(
    code: ErrorCode,
    options: AppErrorOptions & {
      readonly retryAfterMs: number | null;
      readonly clockMayBeTheCause: boolean;
    },
  ) {
    super(code, options);
    this.retryAfterMs = options.retryAfterMs;
    this.clockMayBeTheCause = options.clockMayBeTheCause;
  }
}

/** How far AWS's clock and ours may be apart when it took our signature: SigV4's widest window. */
export const clockToleranceMs = 15 * 60_000;

/** RFC 3339. `Date.parse` alone would take 31 November as 1 December. */
const instantForm = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

// Visible ASCII: nothing that could break out of a line of a file or an environment variable.
const opaque = z.string().regex(/^[!-~]+$/);
const instant = z
  .string()
  .transform(parseInstant)
  .refine((time) => !Number.isNaN(time));

/**
 * The fields that are used. `assumedRoleId`, `subjectArn` and the like are read by nobody, so that credentials are not
 * turned away for the want of them.
 */
const createdSchema = z.object({
  credentialSet: z
    .array(
      z.object({
        roleArn: z.string(),
        assumedRoleUser: z.object({ arn: z.string() }),
        credentials: z.object({
          accessKeyId: opaque,
          secretAccessKey: opaque,
          sessionToken: opaque,
          expiration: instant,
        }),
      }),
    )
    .min(1),
});

/** What of it is no text is as good as absent: the rest may still be AWS's words. */
const text = z.string().optional().catch(undefined);
const failureSchema = z.object({ message: text, Message: text, code: text, __type: text });

/**
 * @throws AppError `response-invalid` for what is no answer of IAM Roles Anywhere, `identity-mismatch` for credentials
 * of another role or session name; {@link AwsRefusal} with the code of its cause for a refusal.
 */
export function readCreateSessionAnswer(answer: Answer, asked: Asked): SessionAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300) return readCreated(answer, asked);
  if (status >= 300 && status < 400) throw redirected(answer);
  throw readRefusal(answer, asked);
}

/** Milliseconds since the epoch; NaN for what is no time of the calendar. */
function parseInstant(value: string): number {
  const wall = instantForm.exec(value)?.[1];
  const asUtc = Date.parse(`${wall ?? ''}Z`);
  const isOfCalendar = !Number.isNaN(asUtc) && new Date(asUtc).toISOString().slice(0, 19) === wall;
  return isOfCalendar ? Date.parse(value) : NaN;
}

function readCreated(answer: Answer, asked: Asked): SessionAnswer {
  const parsed = createdSchema.safeParse(parseJson(answer));
  if (!parsed.success) throw invalid(answer, whatIsMissing(parsed.error));
  // More than one is not documented; like AWS's helper we use the first.
  const [created] = parsed.data.credentialSet;
  if (created === undefined) throw invalid(answer, 'it holds no credentials');
  const { credentials, assumedRoleUser, roleArn } = created;
  const identity = parseAssumedRoleArn(assumedRoleUser.arn);
  if (identity === null) throw invalid(answer, `${quoted(assumedRoleUser.arn)} is no assumed role`);
  const { role, roleSessionName } = asked;
  const isNamed = roleSessionName === null || identity.sessionName === roleSessionName;
  if (roleArn !== role.text || !isSessionOf(role, identity) || !isNamed) {
    const asName = roleSessionName === null ? '' : ` as ${quoted(roleSessionName)}`;
    throw new AppError('identity-mismatch', {
      message: `AWS answered for ${quoted(roleArn)} as ${quoted(assumedRoleUser.arn)}, asked was ${role.text}${asName}.`,
      requestId: requestIdOf(answer),
    });
  }
  const { expiration: expiresAt, ...keys } = credentials;
  checkExpiry(answer, asked, expiresAt);
  return { credentials: keys, assumedRoleArn: assumedRoleUser.arn, expiresAt };
}

function checkExpiry(answer: Answer, { now, sessionDuration }: Asked, expiresAt: number): void {
  if (expiresAt <= now) throw invalid(answer, 'its credentials have expired already');
  if (expiresAt > now + sessionDuration * 1000 + clockToleranceMs) {
    throw invalid(answer, 'its credentials would last longer than was asked');
  }
}

function readRefusal(answer: Answer, asked: Asked): AppError {
  const { status, headers } = answer;
  const body = failureSchema.safeParse(parseJson(answer)).data;
  const type = errorType(headers['x-amzn-errortype'] ?? body?.code ?? body?.__type ?? null);
  const message = body?.message ?? body?.Message ?? null;
  // A proxy's own 403 says nothing about AWS; that a server is overloaded or failing its status says alone.
  if (message === null && type === null && status < 500 && status !== 429) {
    return invalid(answer, `it refuses with status ${String(status)} in no form of AWS’s`);
  }
  const words = message ?? '';
  const { code, cause, remedy, known, clockMayBeTheCause } = explain(words, { type, status });
  const sessionNameAsked = asked.roleSessionName !== null && code === 'aws-access-denied' && !known;
  return new AwsRefusal(code, {
    message: cause,
    remedy: sessionNameAsked
      ? 'Check that the profile takes session names (acceptRoleSessionName), or remove the account’s; else ask whoever runs the AWS account.'
      : remedy,
    requestId: requestIdOf(answer),
    cause: { status, type, text: words },
    retryAfterMs: retryAfter(headers),
    clockMayBeTheCause,
  });
}

/** `com.amazonaws.x#AccessDeniedException:http://...` is an `AccessDeniedException`. */
function errorType(raw: string | null): string | null {
  return raw === null ? null : raw.replace(/:.*$/s, '').replace(/^.*#/s, '');
}

/** Retry-After in seconds or as a date (RFC 9110, section 10.2.3), the date counted from the answer's own. */
function retryAfter(headers: Answer['headers']): number | null {
  const value = headers['retry-after']?.trim();
  if (value !== undefined && /^\d+$/.test(value)) return Number(value) * 1000;
  const until = parseHttpDate(value);
  const from = parseHttpDate(headers.date);
  return until === null || from === null ? null : Math.max(0, until - from);
}

function redirected(answer: Answer): AppError {
  const target = answer.headers.location;
  return invalid(
    answer,
    `it redirects${target === undefined ? '' : ` to ${quoted(withoutQuery(target))}`}, which is never followed`,
  );
}

/** A redirect's query may hold the request's. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** Undefined where the body is no JSON. */
function parseJson({ body }: Answer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Names the field and nothing of its value: it may be a secret. */
function whatIsMissing(error: z.ZodError): string {
  const path = error.issues[0]?.path ?? [];
  return path.length === 0
    ? 'it is no JSON object'
    : `its ${path.join('.')} is missing or not as it should be`;
}

function invalid(answer: Answer, why: string): AppError {
  return new AppError('response-invalid', {
    message: `The answer was not one of IAM Roles Anywhere: ${describeBody(answer) ?? why}.`,
    requestId: requestIdOf(answer),
  });
}

function describeBody({ status, headers, body }: Answer): string | null {
  if (status >= 300 && status < 400) return null;
  if (body.trim() === '') return `status ${String(status)} with an empty body`;
  const isPage = /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(body);
  return isPage ? `status ${String(status)} with a web page` : null;
}

function requestIdOf({ headers }: Answer): string | null {
  return headers['x-amzn-requestid'] ?? null;
}
