/**
 * The one list of what the engine can be asked and what it tells, each with its schemas and the doors that show it.
 * The agent's socket, both windows' bridges and their preloads derive from it; a call without a handler does not compile.
 */
import * as z from 'zod';
import { links, sessionDurationRange, unsettableFields } from './constants.ts';
import {
  accountIdSchema,
  accountSchema,
  accountStatusSchema,
  agentInfoSchema,
  credentialsSchema,
  errorSchema,
  handedOverSchema,
  noticeSchema,
  outletSchema,
  promptAnswerSchema,
  promptSchema,
  stateSchema,
  tokensSchema,
} from './model.ts';

/**
 * Where a call can come in: the local socket, the main window, the PIN window. A call of the main window alone returns no
 * credential, PIN or file content, and what it names as a path goes no further than the dialog that shows it to the user.
 */
export type Door = 'agent' | 'window' | 'pin-window';

interface Call {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly doors: readonly Door[];
}

interface Event {
  readonly payload: z.ZodType;
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

/** What is wrong with an account that is being filled in, and with which of its fields; null: with how they go together. */
export const fieldProblemSchema = z.strictObject({
  field: z.enum(['id', ...accountFieldsSchema.keyof().options]).nullable(),
  code: z.string(),
  message: z.string(),
});
export type FieldProblem = z.infer<typeof fieldProblemSchema>;

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

/** One thing `doctor` looked at. `remedy` null: there is nothing to do. */
export const findingSchema = z.strictObject({
  /** Which kind of thing was looked at, such as `certificate`. */
  check: z.string(),
  status: z.enum(['ok', 'warning', 'problem']),
  /** What was looked at: an account's ID, an AWS profile, a path or a host. */
  subject: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
});
export type Finding = z.infer<typeof findingSchema>;

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
  /** Judges an account that is being filled in by every rule that needs neither key nor person. Changes nothing. */
  checkAccount: {
    input: z.strictObject({ id: z.string().max(4096), fields: accountFieldsSchema }),
    output: z.strictObject({
      problems: z.array(fieldProblemSchema),
      /** What the preflight found that does not stop a connect. */
      warnings: z.array(warningSchema),
    }),
    doors: ['window'],
  },
  /** What one pasted helper command line would be as an account. Nothing is executed, read or stored. */
  readCommandLine: {
    input: z.strictObject({ commandLine: z.string().max(65_536) }),
    output: z.strictObject({
      /** Null where it cannot be one, and then `problem` says why. */
      account: accountSchema.nullable(),
      problem: warningSchema.nullable(),
      dropped: z.array(z.strictObject({ flag: z.string(), reason: z.string() })),
    }),
    doors: ['window'],
  },
  /** The keys that can be seen without a login, in the modules that are known. */
  findKeys: { input: nothing, output: tokensSchema, doors: ['window'] },
  /** Adds an account. Files, endpoints, modules and sections to take over are confirmed in a dialog of the system first. */
  addAccount: {
    input: z.strictObject({
      id: z.string().max(4096),
      fields: accountFieldsSchema,
      /** Take over a section of that name that is not ours. */
      adopt: z.boolean(),
    }),
    output: z.strictObject({ account: accountSchema, warnings: z.array(warningSchema) }),
    doors: ['window'],
  },
  /** Removes an account and its sections of the AWS files, once a dialog of the system has confirmed it. */
  removeAccount: {
    input: z.strictObject({ account: accountRef }),
    output: z.strictObject({ removed: z.boolean() }),
    doors: ['window'],
  },
  /** Puts a command that uses the account's AWS profile on the clipboard. */
  copyCommand: {
    input: z.strictObject({ account: accountRef }),
    output: z.strictObject({ command: z.string() }),
    doors: ['window'],
  },
  /** Opens a page of the closed list in the user's browser. */
  openLink: { input: z.strictObject({ link: z.enum(links) }), output: nothing, doors: ['window'] },
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
  /**
   * Forgets every PIN; sessions stay. A PIN that is remembered in the keyring is used again only once somebody connects,
   * or never again with `forgetRemembered`.
   */
  lock: {
    input: z.strictObject({ forgetRemembered: z.boolean().optional() }),
    output: nothing,
    doors: ['agent', 'window'],
  },
  /** From memory, at once: never signs and never waits for a human. */
  credentials: {
    input: z.strictObject({ account: accountRef }),
    output: z.strictObject({ credentials: credentialsSchema, profileRegion: z.string().nullable() }),
    doors: ['agent'],
  },
  /**
   * Opens an account's path of the container endpoint, for who may set an environment. The token is secret.
   */
  containerEndpoint: {
    input: z.strictObject({
      account: accountRef,
      /** Until the agent ends, for accounts of that outlet; else until the caller ends its event stream. */
      lasting: z.boolean(),
    }),
    output: z.strictObject({ url: z.string(), token: z.string(), profileRegion: z.string().nullable() }),
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
    doors: ['agent'],
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
  /** Looks for what may go wrong, of the accounts named or of all. Asks nobody, signs nothing, connects nothing. */
  doctor: {
    input: z.strictObject({ accounts: accountIds.optional() }),
    output: z.strictObject({ findings: z.array(findingSchema) }),
    doors: ['agent'],
  },
  /** Takes the static keys of an AWS profile out of the AWS files and puts an account there in their place. */
  replaceKeys: {
    input: z.strictObject({
      profile: z.string().max(200),
      account: accountRef,
      /** Change nothing; answer the diff of the AWS files. */
      dryRun: z.boolean(),
    }),
    output: z.strictObject({
      diff: z.string(),
      /** Path of the file the keys were copied to before; null with `dryRun`. */
      backup: z.string().nullable(),
    }),
    doors: ['agent'],
  },
  /** Disconnects every account and takes every section of ours out of both AWS files. */
  cleanUp: {
    input: nothing,
    output: z.strictObject({
      removed: z.array(z.string()),
      /** Files that could not be cleaned. */
      failed: z.array(z.strictObject({ subject: z.string(), error: errorSchema })),
    }),
    doors: ['agent'],
  },
  /** An address that signs a browser in to the AWS console, for 15 minutes: as secret as what it stands for. */
  consoleUrl: {
    input: z.strictObject({
      account: accountRef,
      /** A service's name or an address of the console; null: its home. */
      destination: z.string().max(2048).nullable(),
      /** Seconds; null: the account's. */
      sessionDuration: z.int().min(sessionDurationRange.min).max(sessionDurationRange.max).nullable(),
    }),
    output: z.strictObject({
      url: z.string(),
      /** Seconds, as AWS took them; null: it took none, and the console's session ends with the credentials. */
      sessionDuration: z.int().nullable(),
    }),
    doors: ['agent'],
  },
  answerPrompt: {
    input: z.strictObject({ id: z.string(), answer: promptAnswerSchema }),
    output: nothing,
    doors: ['agent', 'pin-window'],
  },
  /** The question the PIN window is open for; null where it is answered or void. */
  currentPrompt: {
    input: nothing,
    output: z.strictObject({ prompt: promptSchema.nullable() }),
    doors: ['pin-window'],
  },
  /**
   * The app is to live in this agent's place: what is served is handed over and stays in its outlets, and the agent ends.
   * No PIN goes with it.
   */
  takeover: {
    input: nothing,
    output: z.strictObject({ sessions: z.array(handedOverSchema) }),
    doors: ['agent'],
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

/** The calls a door shows. */
export type CallsAt<D extends Door> = {
  [Name in CallName]: D extends (typeof calls)[Name]['doors'][number] ? Name : never;
}[CallName];

/** Whether that is the name of a call `door` shows; the name may come from anywhere. */
export function isCallAt<D extends Door>(door: D, name: unknown): name is CallsAt<D> {
  if (typeof name !== 'string' || !Object.hasOwn(calls, name)) return false;
  return (calls[name as CallName].doors as readonly Door[]).includes(door);
}

/** The names a door shows, in the order of the list. */
export function callsAt<D extends Door>(door: D): CallsAt<D>[] {
  return Object.keys(calls).filter((name) => isCallAt(door, name));
}

/** What a handler is told of who calls. */
export interface Caller {
  readonly door: Door;
  /** Names the event stream that prompts of this call go to; null: there is none. */
  readonly client: string | null;
  /** Who the caller says it is, for a prompt's text. Not verified. */
  readonly saysItIs: string;
}

export type Handler<Name extends CallName> = (
  input: CallInput<Name>,
  caller: Caller,
) => Promise<CallOutput<Name>>;

/** What answers every call of a door. */
export type Handlers<D extends Door> = { readonly [Name in CallsAt<D>]: Handler<Name> };

export const events = {
  state: {
    payload: z.strictObject({ account: accountIdSchema, state: stateSchema }),
    doors: ['agent', 'window'],
  },
  /** Accounts were added, changed or removed. */
  accounts: { payload: nothing, doors: ['agent', 'window'] },
  prompt: { payload: promptSchema, doors: ['agent', 'pin-window'] },
  /** The question is answered, cancelled or void. */
  promptClosed: { payload: z.strictObject({ id: z.string() }), doors: ['agent', 'pin-window'] },
  /** The user wants to see an account: a notification or an entry of the tray's menu that speaks of it was clicked. */
  reveal: { payload: z.strictObject({ account: accountIdSchema }), doors: ['window'] },
} as const satisfies Record<string, Event>;

export type EventName = keyof typeof events;
export type EventPayload<Name extends EventName> = z.output<(typeof events)[Name]['payload']>;

/** The events a door shows. */
export type EventsAt<D extends Door> = {
  [Name in EventName]: D extends (typeof events)[Name]['doors'][number] ? Name : never;
}[EventName];

/** Whether that is the name of an event `door` shows; the name may come from anywhere. */
export function isEventAt<D extends Door>(door: D, name: unknown): name is EventsAt<D> {
  if (typeof name !== 'string' || !Object.hasOwn(events, name)) return false;
  return (events[name as EventName].doors as readonly Door[]).includes(door);
}

/** The names a door shows, in the order of the list. */
export function eventsAt<D extends Door>(door: D): EventsAt<D>[] {
  return Object.keys(events).filter((name) => isEventAt(door, name));
}

export type EventAt<D extends Door> = {
  [Name in EventsAt<D>]: { readonly name: Name; readonly payload: EventPayload<Name> };
}[EventsAt<D>];
export type EngineEvent = EventAt<Door>;
