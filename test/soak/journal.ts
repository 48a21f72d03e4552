/** What was seen during a soak, in the order it was seen. Times are milliseconds since the epoch, by the world's clock. */

/** A CreateSession AWS accepted. */
export interface Issued {
  readonly account: string;
  readonly accessKeyId: string;
  readonly at: number;
  readonly expiresAt: number;
  /** The request's; one that was sent again has the same. */
  readonly signature: string;
  /** A whole answer was sent. */
  readonly delivered: boolean;
}

/** One look for the credentials of an account. */
export interface Reading {
  /** When the question was asked, and when its answer was there. */
  readonly asked: number;
  readonly answered: number;
  readonly account: string;
  readonly source: 'socket' | 'credential-process' | 'credentials-file';
  readonly found:
    | { readonly accessKeyId: string; readonly expiration: number }
    /** An error's code; `absent` of a section, `no-answer` where none came. */
    | { readonly code: string };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A call at a token, as the counting module wrote it down; `at` is by the computer's own clock. */
export interface TokenCall {
  readonly call: 'login' | 'sign';
  readonly pid: number;
  /** Its label. */
  readonly token: string;
  /** CK_RV; 0 is success. */
  readonly result: number;
  readonly at: number;
}

/** A PIN a person typed; `at` is by the computer's own clock. */
export interface TypedPin {
  readonly token: string;
  readonly at: number;
}

export interface MemorySample {
  readonly who: string;
  readonly bytes: number;
}

export interface Journal {
  /** Scaled seconds per second. */
  readonly scale: number;
  /** Seconds of every account's sessions. */
  readonly durations: ReadonlyMap<string, number>;
  /** Accounts whose key is on a token. */
  readonly onTokens: ReadonlySet<string>;
  readonly issued: readonly Issued[];
  /** Signatures of CreateSession requests that arrived, each once, with their account; null where that was cut off. */
  readonly signatures: ReadonlyMap<string, string | null>;
  readonly readings: readonly Reading[];
  /** The agent did not run: it was stopped, or the computer slept. */
  readonly suspended: readonly Span[];
  readonly diskFull: readonly Span[];
  /** The agent's clock alone was set, by so many milliseconds. */
  readonly clockSet: readonly { readonly at: number; readonly by: number }[];
  /** A person disconnected an account, until it was connected again. */
  readonly disconnected: readonly (Span & { readonly account: string })[];
  /** A person connected accounts, which may renew what is good still. */
  readonly connects: readonly number[];
  /** Processes a signal ended. */
  readonly hostCrashes: number;
  readonly tokenCalls: readonly TokenCall[];
  readonly typedPins: readonly TypedPin[];
  readonly memory: readonly MemorySample[];
  /** What was found changed of what is the user's, in words. */
  readonly foreignChanges: readonly string[];
}

export interface Violation {
  readonly rule: string;
  readonly what: string;
}
