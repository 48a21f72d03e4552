/**
 * What every process may know, as schemas with their types.
 * The shapes are those of the command line's contract (docs/cli.md); times are RFC 3339, UTC, whole seconds.
 */
import * as z from 'zod';
import { accountIdPattern, controlOrBidi, outlets, sessionDurationRange } from './constants.ts';
import { isErrorCode } from './errors.ts';

/** RFC 3339, UTC, whole seconds, `Z`. */
export const timeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);

/** The time as the contract writes it. @param ms milliseconds since the epoch; fractions of a second are cut. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Text a person typed and others will be shown: no control and no bidirectional-override characters. */
export const plainText = (max: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .refine((text) => Array.from(text).length <= max, { error: `must be at most ${String(max)} characters` })
    .refine((text) => !controlOrBidi.test(text), {
      error: 'must hold no control or bidirectional-override characters',
    });

export const accountIdSchema = z.string().regex(accountIdPattern, {
  error: 'must be 1 to 63 of a-z, 0-9 and -, not beginning with -',
});

export const awsProfileSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, {
  error: 'must be 1 to 64 of A-Z, a-z, 0-9 and _ . @ -, beginning with a letter or digit',
});

export const regionSchema = z.string().regex(/^[a-z]{2,5}(-[a-z0-9]+){2,3}$/, {
  error: 'must be a region such as eu-west-2',
});

export const outletSchema = z.enum(outlets);
export type Outlet = z.infer<typeof outletSchema>;

/** What the user connects. Absent is null. */
export const accountSchema = z.strictObject({
  id: accountIdSchema,
  label: plainText(64),
  group: plainText(64).nullable(),
  favourite: z.boolean(),
  roleArn: z.string().max(2048),
  profileArn: z.string().max(2048),
  trustAnchorArn: z.string().max(2048),
  region: regionSchema,
  /** Seconds asked of AWS. */
  sessionDuration: z.int().min(sessionDurationRange.min).max(sessionDurationRange.max),
  /** STS's rule for RoleSessionName. */
  roleSessionName: z
    .string()
    .regex(/^[\w+=,.@-]{2,64}$/, { error: 'must be 2 to 64 of letters, digits and + = , . @ - _' })
    .nullable(),
  /** In order of preference: `pkcs11:` URIs, absolute paths, `ssh-agent:SHA256:...`. */
  keys: z.array(z.string().min(1).max(4096)).min(1).max(16),
  /** A `pkcs11:` URI or an absolute path; null: the one beside the key. */
  certificate: z.string().min(1).max(4096).nullable(),
  /** Absolute path of a PEM file with CA certificates. */
  intermediates: z.string().min(1).max(4096).nullable(),
  /** Absolute path of a PKCS#11 module; null: the finder's choice. */
  pkcs11Lib: z.string().min(1).max(4096).nullable(),
  awsProfile: awsProfileSchema,
  profileRegion: regionSchema.nullable(),
  outlet: outletSchema,
  /** Overrides the partition's address of IAM Roles Anywhere. */
  endpoint: z.string().min(1).max(2048).nullable(),
  useFipsEndpoint: z.boolean(),
  useDualstackEndpoint: z.boolean(),
  source: z.strictObject({ kind: z.literal('local') }),
});
export type Account = z.infer<typeof accountSchema>;

export const errorSchema = z.strictObject({
  code: z.string().refine(isErrorCode),
  message: z.string(),
  remedy: z.string(),
  requestId: z.string().nullable(),
});

export const activitySchema = z.enum(['idle', 'connecting', 'renewing', 'needs-you', 'retrying', 'failed']);
export const reasonSchema = z.enum(['pin', 'pin-locked', 'touch', 'token-absent', 'certificate', 'choose']);
export type Activity = z.infer<typeof activitySchema>;
export type Reason = z.infer<typeof reasonSchema>;

/**
 * What a session is doing (`activity`) and what it can hand out (`serving`): two axes, never mixed. `reason` says what a
 * person is needed for: always with `needs-you`, and `touch` while what is under way waits for one.
 */
export const stateSchema = z.strictObject({
  activity: activitySchema,
  reason: reasonSchema.nullable(),
  serving: z.strictObject({ expiresAt: timeSchema, renewAt: timeSchema }).nullable(),
  retryAt: timeSchema.nullable(),
  error: errorSchema.nullable(),
});
export type State = z.infer<typeof stateSchema>;

export const tokenKindSchema = z.enum(['yubikey', 'tpm', 'softhsm', 'other']);
export const keySizeSchema = z.enum(['P-256', 'P-384', 'P-521', '2048', '3072', '4096']);
export const touchSchema = z.enum(['never', 'always', 'cached', 'unknown']);

export const certificateInfoSchema = z.strictObject({
  /** Lower-case hex of the DER's SHA-256. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string(),
  issuer: z.string(),
  /** Unsigned decimal, as IAM Roles Anywhere names it. */
  serial: z.string().regex(/^\d+$/),
  notBefore: timeSchema,
  notAfter: timeSchema,
});
export type CertificateInfo = z.infer<typeof certificateInfoSchema>;

export const problemSchema = z.strictObject({ code: z.string(), message: z.string() });
export type Problem = z.infer<typeof problemSchema>;

/** A problem that stops nothing. `account` null: it is about none in particular. */
export const noticeSchema = problemSchema.extend({ account: accountIdSchema.nullable() });
export type Notice = z.infer<typeof noticeSchema>;

export const keyInfoSchema = z.strictObject({
  /** RFC 7512. */
  uri: z.string(),
  /** CKA_ID, lower-case hex. */
  id: z.string().regex(/^([0-9a-f]{2})*$/),
  label: z.string(),
  type: z.enum(['EC', 'RSA']),
  size: keySizeSchema,
  touch: touchSchema,
  alwaysAuthenticate: z.boolean(),
  certificate: certificateInfoSchema.nullable(),
  usable: z.boolean(),
  problems: z.array(problemSchema),
});
export type KeyInfo = z.infer<typeof keyInfoSchema>;

export const tokenInfoSchema = z.strictObject({
  /** Path of the module that reaches it. */
  module: z.string(),
  label: z.string(),
  manufacturer: z.string(),
  model: z.string(),
  serial: z.string(),
  firmware: z.string(),
  kind: tokenKindSchema,
  hardware: z.boolean(),
  pin: z.strictObject({
    state: z.enum(['ok', 'low', 'final', 'locked', 'unknown']),
    triesLeft: z.int().nonnegative().nullable(),
  }),
  keys: z.array(keyInfoSchema),
});
export type TokenInfo = z.infer<typeof tokenInfoSchema>;

export const moduleInfoSchema = z.strictObject({
  path: z.string(),
  description: z.string(),
  ok: z.boolean(),
  error: errorSchema.nullable(),
});
export type ModuleInfo = z.infer<typeof moduleInfoSchema>;

export const tokensSchema = z.strictObject({
  modules: z.array(moduleInfoSchema),
  tokens: z.array(tokenInfoSchema),
});
export type Tokens = z.infer<typeof tokensSchema>;

/** Session credentials as AWS gives them. Secret: never logged, never on disk but by the file outlet. */
export const credentialsSchema = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  expiration: timeSchema,
});
export type Credentials = z.infer<typeof credentialsSchema>;

/** What one agent hands to the next: what is served, by this computer's clock. */
export const handedOverSchema = z.strictObject({
  account: accountIdSchema,
  credentials: credentialsSchema,
  issuedAt: timeSchema,
  assumedRoleArn: z.string().nullable(),
});
export type HandedOver = z.infer<typeof handedOverSchema>;

/** Which key serves an account, as `status` shows it: the one used last, else its first. `hardware` is false while unknown. */
export const accountKeySchema = z.strictObject({
  uri: z.string(),
  token: z.string().nullable(),
  serial: z.string().nullable(),
  hardware: z.boolean(),
});

export const accountStatusSchema = z.strictObject({
  account: accountIdSchema,
  label: z.string(),
  awsProfile: z.string(),
  outlet: outletSchema,
  state: stateSchema,
  assumedRoleArn: z.string().nullable(),
  key: accountKeySchema,
});
export type AccountStatus = z.infer<typeof accountStatusSchema>;

export const agentInfoSchema = z.strictObject({
  pid: z.int(),
  version: z.string(),
  protocol: z.literal(1),
  startedAt: timeSchema,
  mode: z.enum(['app', 'headless']),
  credentialsFile: z.string(),
  configFile: z.string(),
});
export type AgentInfo = z.infer<typeof agentInfoSchema>;

/** Who asked for something a human is needed for, as a sentence's subject; a client only *says* who it is. */
const askedBy = z.string().max(200);

/**
 * A question only a human can answer, sent to the client that began the work. Where that cannot ask, nobody is asked, and
 * the account's state says what is needed.
 */
export const promptSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    id: z.string(),
    kind: z.literal('pin'),
    token: z.strictObject({ label: z.string(), serial: z.string() }),
    /** Labels of the accounts that wait for it. */
    accounts: z.array(z.string()),
    askedBy,
    triesLeft: z.int().nonnegative().nullable(),
    /** The token says that one wrong try more locks the PIN. */
    finalTry: z.boolean(),
    /** The PIN typed last was refused by the token (`incorrect`) or not tried (`length`); the `remembered` one was refused. */
    previous: z.enum(['incorrect', 'length', 'remembered']).nullable(),
    /** The answer may ask that the PIN be kept in the desktop's keyring. */
    mayRemember: z.boolean(),
  }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('passphrase'),
    file: z.string(),
    accounts: z.array(z.string()),
    askedBy,
    previous: z.literal('incorrect').nullable(),
  }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('confirm-module'),
    path: z.string(),
    sha256: z.string(),
    /** It was confirmed before, and is another now. */
    changed: z.literal(true).optional(),
    askedBy,
  }),
  /** No question: it tells that a token waits for a touch, goes away by itself, and can only be cancelled. */
  z.strictObject({
    id: z.string(),
    kind: z.literal('touch'),
    token: z.strictObject({ label: z.string(), serial: z.string() }),
    /** Labels of the accounts that wait for a signature of that token. */
    accounts: z.array(z.string()),
    askedBy,
  }),
]);
export type Prompt = z.infer<typeof promptSchema>;

/**
 * `secret` answers pin and passphrase, `accept` answers a confirmation; `cancel` fits all, and is all a touch takes.
 * `remember`: keep the PIN in the desktop's keyring once the token has taken it.
 */
export const promptAnswerSchema = z.union([
  z.strictObject({ secret: z.string().max(1024), remember: z.boolean().optional() }),
  z.strictObject({ accept: z.literal(true) }),
  z.strictObject({ cancel: z.literal(true) }),
]);
export type PromptAnswer = z.infer<typeof promptAnswerSchema>;
