/**
 * The documents of the command line, version 1, written from the contract (docs/cli.md) alone. Strict: a member too many is a fault
 * like one too few.
 */
import { z } from 'zod';

/** RFC 3339, UTC, whole seconds, `Z`. */
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .refine((text) => !Number.isNaN(Date.parse(text)));
export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const profile = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/);
const hex = z.string().regex(/^([0-9a-f]{2})*$/i);
const text = z.string();
const absent = null;
const document = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ version: z.literal(1), ...shape });

/** One plain sentence each: what is wrong, and what to do. */
export const error = z.strictObject({
  code: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  message: z.string().regex(/^[^\n]*\S[.!?]$/),
  remedy: z.string().regex(/^[^\n]*\S[.!?]$/),
  requestId: text.nullable(),
});
export const failure = document({ error });

export const outlet = z.enum(['credential-process', 'credentials-file', 'container-endpoint', 'none']);

export const account = z.strictObject({
  id,
  label: z.string().min(1).max(64),
  group: text.nullable(),
  favourite: z.boolean(),
  roleArn: text,
  profileArn: text,
  trustAnchorArn: text,
  region: text,
  sessionDuration: z.int().min(900).max(43_200),
  roleSessionName: text.nullable(),
  keys: z.array(text).min(1),
  certificate: text.nullable(),
  intermediates: text.nullable(),
  pkcs11Lib: text.nullable(),
  awsProfile: profile,
  profileRegion: text.nullable(),
  outlet,
  endpoint: text.nullable(),
  useFipsEndpoint: z.boolean(),
  useDualstackEndpoint: z.boolean(),
  source: z.strictObject({ kind: z.literal('local') }),
});
export type Account = z.infer<typeof account>;

export const state = z.strictObject({
  activity: z.enum(['idle', 'connecting', 'renewing', 'needs-you', 'retrying', 'failed']),
  reason: z.enum(['pin', 'pin-locked', 'touch', 'token-absent', 'certificate', 'choose']).nullable(),
  serving: z.strictObject({ expiresAt: time, renewAt: time }).nullable(),
  retryAt: time.nullable(),
  error: error.nullable(),
});
export type State = z.infer<typeof state>;
export const idle: State = {
  activity: 'idle',
  reason: absent,
  serving: absent,
  retryAt: absent,
  error: absent,
};

export const added = document({ account });
/** With `--dry-run` the diff of the AWS files comes with it. */
export const previewed = document({ account, diff: text });
export const accounts = document({ accounts: z.array(account) });
export const removed = document({ removed: z.array(id) });
export const imported = document({
  imported: z.array(account),
  skipped: z.array(z.strictObject({ source: text, code: text, message: text })),
  dropped: z.array(z.strictObject({ source: text, flag: text, reason: text })),
});
export const connected = document({ results: z.array(z.strictObject({ account: id, state })) });

export const status = document({
  agent: z
    .strictObject({
      pid: z.int().positive(),
      version: text,
      protocol: z.literal(1),
      startedAt: time,
      mode: z.enum(['app', 'headless']),
      credentialsFile: text,
      configFile: text,
    })
    .nullable(),
  accounts: z.array(
    z.strictObject({
      account: id,
      label: text,
      awsProfile: profile,
      outlet,
      state,
      assumedRoleArn: text.nullable(),
      key: z.strictObject({
        uri: text,
        token: text.nullable(),
        serial: text.nullable(),
        hardware: z.boolean(),
      }),
    }),
  ),
});

/** What AWS SDKs read; no version of ours. */
export const credentials = z.strictObject({
  Version: z.literal(1),
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  SessionToken: z.string().min(1),
  Expiration: time,
});

const key = z.strictObject({
  uri: z.string().startsWith('pkcs11:'),
  id: hex,
  label: text,
  type: z.enum(['EC', 'RSA']),
  size: z.enum(['P-256', 'P-384', 'P-521', '2048', '3072', '4096']),
  touch: z.enum(['never', 'always', 'cached', 'unknown']),
  alwaysAuthenticate: z.boolean(),
  certificate: z
    .strictObject({
      sha256: hex.length(64),
      subject: text,
      issuer: text,
      serial: z.string().regex(/^\d+$/),
      notBefore: time,
      notAfter: time,
    })
    .nullable(),
  usable: z.boolean(),
  problems: z.array(z.strictObject({ code: text, message: text })),
});

export const tokens = document({
  modules: z.array(
    z.strictObject({ path: text, description: text, ok: z.boolean(), error: error.nullable() }),
  ),
  tokens: z.array(
    z.strictObject({
      module: text,
      label: text,
      manufacturer: text,
      model: text,
      serial: text,
      firmware: text,
      kind: z.enum(['yubikey', 'tpm', 'softhsm', 'other']),
      hardware: z.boolean(),
      pin: z.strictObject({
        state: z.enum(['ok', 'low', 'final', 'locked', 'unknown']),
        triesLeft: z.int().nullable(),
      }),
      keys: z.array(key),
    }),
  ),
});

export const whoami = document({
  results: z.array(
    z.strictObject({ account: id, Account: text, Arn: text, UserId: text, matches: z.boolean() }),
  ),
});
export const agentRunning = document({ pid: z.int().positive() });
/** Commands that answer nothing but that it is done. */
export const done = document({});

export const finding = z.strictObject({
  check: z.enum([
    'agent',
    'socket',
    'aws-files',
    'profile-keys',
    'network',
    'clock',
    'account',
    'reader',
    'module',
    'token',
    'pin',
    'touch',
    'certificate',
  ]),
  status: z.enum(['ok', 'warning', 'problem']),
  subject: z.string().min(1),
  message: z.string().regex(/^[^\n]*\S[.!?]$/),
  remedy: z
    .string()
    .regex(/^[^\n]*\S[.!?]$/)
    .nullable(),
});
export type Finding = z.infer<typeof finding>;
export const findings = document({ findings: z.array(finding) });
export const keysReplaced = document({
  replaced: z.strictObject({ profile, account: id, backup: text }),
});
export const explained = document({
  known: z.boolean(),
  code: text.nullable(),
  cause: z.string().regex(/\S\.$/),
  remedy: z.string().regex(/\S\.$/),
});
export const cleanedUp = document({ removed: z.array(text) });
/** Where something could not be removed. */
export const cleanedInPart = document({
  removed: z.array(text),
  failed: z.array(z.strictObject({ subject: text, error })).min(1),
});

/** Exit codes by error code, from the contract's two tables. */
export function exitCodeOf(code: string): number {
  const rules: readonly (readonly [RegExp, number])[] = [
    [/^(account-.*|arn-.*|duration-range|key-unknown|key-ambiguous)$/, 2],
    [/^(pin-.*|touch-needed)$/, 3],
    [/^token-absent$/, 4],
    [/^(aws-.*|clock-skew|identity-mismatch)$/, 5],
    [/^agent-.*$/, 6],
  ];
  return rules.find(([pattern]) => pattern.test(code))?.[1] ?? 1;
}
