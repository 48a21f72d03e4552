/**
 * The one list of what the engine can be asked and what it tells, each with its schemas and the doors that show it.
 * The agent's socket derives from it, and so will the doors of the windows, which are not built yet; a call without a
 * handler does not compile.
 */
import * as z from 'zod';
import { unsettableFields } from './constants.ts';
import {
  accountIdSchema,
  accountSchema,
  accountStatusSchema,
  agentInfoSchema,
  credentialsSchema,
  errorSchema,
  noticeSchema,
  outletSchema,
  promptAnswerSchema,
  promptSchema,
  stateSchema,
  tokensSchema,
} from './model.ts';

/** Where a call can come in: the local socket, the main window, the PIN window. */
export type Door = 'agent' | 'window' | 'pin-window';

interface Call {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly doors: readonly Door[];
}

const nothing = z.strictObject({});
/** What a caller names an account by; whether there is one is the handler's to say. */
const accountRef = z.string().max(200);
const accountIds = z.array(accountRef).min(1).max(1000);
/** Some accounts, or all there are. */
const selection = z.union([
  z.strictObject({ accounts: accountIds }),
  z.strictObject({ all: z.literal(true) }),
]);

const text = z.string().max(4096);

/**
 * The fields of an account that `accounts add` and `accounts edit` take; a path is absolute already. Only their types
 * are checked at the door: what a value may be is judged with the account, where each refusal has its own code.
 */
export const accountFieldsSchema = z
  .strictObject({
    label: text,
    group: text.nullable(),
    favourite: z.boolean(),
    roleArn: text,
    profileArn: text,
    trustAnchorArn: text,
    region: text,
    sessionDuration: z.number(),
    roleSessionName: text.nullable(),
    keys: z.array(text).max(100),
    certificate: text.nullable(),
    intermediates: text.nullable(),
    pkcs11Lib: text.nullable(),
    awsProfile: text,
    profileRegion: text.nullable(),
    outlet: outletSchema,
    endpoint: text.nullable(),
    useFipsEndpoint: z.boolean(),
    useDualstackEndpoint: z.boolean(),
  })
  .partial();
export type AccountFields = z.infer<typeof accountFieldsSchema>;

const writeOptions = {
  /** Take over a section of that name that is not ours. */
  adopt: z.boolean(),
  /** Allow the AWS profile `default`. */
  allowDefault: z.boolean(),
  /** Change nothing; answer the diff of the AWS files. */
  dryRun: z.boolean(),
};

const warningSchema = z.strictObject({ code: z.string(), message: z.string() });
const changedAccount = z.strictObject({
  account: accountSchema,
  /** Unified diff of the AWS files; null unless `dryRun`. */
  diff: z.string().nullable(),
  /** What the preflight found that does not stop a connect. */
  warnings: z.array(warningSchema),
});

export const importedSchema = z.strictObject({
  imported: z.array(accountSchema),
  skipped: z.array(z.strictObject({ source: z.string(), code: z.string(), message: z.string() })),
  dropped: z.array(z.strictObject({ source: z.string(), flag: z.string(), reason: z.string() })),
});
export type Imported = z.infer<typeof importedSchema>;

/** By account ID, where an address stands in for AWS's own: the account's, else that of the agent's environment. */
const endpoints = z.record(accountIdSchema, z.string());

const results = z.strictObject({
  results: z.array(z.strictObject({ account: accountIdSchema, state: stateSchema })),
});
const resultsWithNotices = results.extend({
  /** Worth telling the person at work; they stop nothing. */
  notices: z.array(noticeSchema),
});

export const calls = {
  /** The agent and every account's state. */
  status: {
    input: z.strictObject({ accounts: accountIds.optional() }),
    output: z.strictObject({ agent: agentInfoSchema, accounts: z.array(accountStatusSchema), endpoints }),
    doors: ['agent', 'window'],
  },
  /** The accounts in file order, or those named. */
  accountsList: {
    input: z.strictObject({ accounts: accountIds.optional() }),
    output: z.strictObject({ accounts: z.array(accountSchema), endpoints }),
    doors: ['agent', 'window'],
  },
  accountsAdd: {
    input: z.strictObject({ id: z.string(), fields: accountFieldsSchema, ...writeOptions }),
    output: changedAccount,
    doors: ['agent'],
  },
  accountsEdit: {
    input: z.strictObject({
      id: accountRef,
      fields: accountFieldsSchema,
      unset: z.array(z.enum(unsettableFields)),
      ...writeOptions,
    }),
    output: changedAccount.extend({
      /** The account was connected, and a changed field made its session void: it was dropped. */
      disconnected: z.boolean(),
    }),
    doors: ['agent'],
  },
  accountsRemove: {
    input: z.strictObject({ accounts: accountIds }),
    output: z.strictObject({ removed: z.array(accountIdSchema) }),
    doors: ['agent'],
  },
  /** From the user's AWS config file, or from one helper command line. Nothing is executed. */
  accountsImport: {
    input: z.strictObject({
      from: z.union([
        z.strictObject({
          /** Absolute path; null: the config file the agent writes. */
          configFile: z.string().nullable(),
          /** Profiles to take; null: every one that calls the helper. */
          profiles: z.array(z.string()).nullable(),
        }),
        z.strictObject({
          commandLine: z.string().max(65_536),
          /** Relative paths of the line are taken from here. */
          directory: z.string(),
        }),
      ]),
      /** The new account's ID; null: made from the profile's name. */
      id: z.string().nullable(),
      dryRun: z.boolean(),
    }),
    output: importedSchema,
    doors: ['agent'],
  },
  /** Ends when every account serves or cannot be connected now, or time is up; what is under way then goes on. */
  connect: {
    input: z.strictObject({
      select: selection,
      /** How long all may take, a human's answers included, milliseconds; 0: nobody is asked, and time does not count. */
      timeoutMs: z.int().min(0).max(3_600_000),
    }),
    output: resultsWithNotices,
    doors: ['agent', 'window'],
  },
  disconnect: { input: z.strictObject({ select: selection }), output: results, doors: ['agent', 'window'] },
  /** Forgets every PIN; sessions stay. */
  lock: { input: nothing, output: nothing, doors: ['agent', 'window'] },
  /** From memory, at once: never signs and never waits for a human. */
  credentials: {
    input: z.strictObject({ account: accountRef }),
    output: z.strictObject({ credentials: credentialsSchema, profileRegion: z.string().nullable() }),
    doors: ['agent'],
  },
  tokens: {
    input: z.strictObject({
      /** Absolute path of the one module to look through. */
      pkcs11Lib: z.string().nullable(),
      /** Log in, so that private keys are seen. */
      login: z.boolean(),
    }),
    output: tokensSchema,
    doors: ['agent', 'window'],
  },
  /** STS GetCallerIdentity with the credentials an account serves. */
  whoami: {
    input: z.strictObject({ account: accountRef }),
    output: z.strictObject({
      Account: z.string(),
      Arn: z.string(),
      UserId: z.string(),
      /** Whether that is the role the account names. */
      matches: z.boolean(),
    }),
    doors: ['agent', 'window'],
  },
  answerPrompt: {
    input: z.strictObject({ id: z.string(), answer: promptAnswerSchema }),
    output: nothing,
    doors: ['agent', 'pin-window'],
  },
  shutdown: {
    input: nothing,
    output: z.strictObject({
      /** Accounts whose credentials could not be taken away; the next agent does that first. */
      unemptied: z.array(z.strictObject({ account: accountIdSchema, error: errorSchema })),
    }),
    doors: ['agent'],
  },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof calls;
export type CallInput<Name extends CallName> = z.output<(typeof calls)[Name]['input']>;
export type CallOutput<Name extends CallName> = z.output<(typeof calls)[Name]['output']>;

/** What a handler is told of who calls. */
export interface Caller {
  readonly door: Door;
  /** Names the event stream that prompts of this call go to; null: there is none. */
  readonly client: string | null;
  /** Who the caller says it is, for a prompt's text. Not verified. */
  readonly saysItIs: string;
}

export type Handlers = {
  readonly [Name in CallName]: (input: CallInput<Name>, caller: Caller) => Promise<CallOutput<Name>>;
};

export const events = {
  state: z.strictObject({ account: accountIdSchema, state: stateSchema }),
  /** Accounts were added, changed or removed. */
  accounts: nothing,
  prompt: promptSchema,
  /** The question is answered, cancelled or void. */
  promptClosed: z.strictObject({ id: z.string() }),
} as const satisfies Record<string, z.ZodType>;

export type EventName = keyof typeof events;
export type EventPayload<Name extends EventName> = z.output<(typeof events)[Name]>;
export type EngineEvent = {
  [Name in EventName]: { readonly name: Name; readonly payload: EventPayload<Name> };
}[EventName];
