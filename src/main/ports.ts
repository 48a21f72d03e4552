/**
 * What the engine needs from the world, each as small as can be.
 * Adapters live in `node/` and `electron/`; a test may move the clock or cut the network through these and nothing else.
 */
import type { Prompt, PromptAnswer } from '../shared/model.ts';
import type { Notification } from './notifications/notification.ts';
import type { HostRequest } from './tokens/host/protocol.ts';
import type { PathLook } from './tokens/tpm-setup.ts';

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. May jump either way. */
  now(): number;
  /**
   * Milliseconds since the computer started, sleep included: nobody sets it. What it makes of a span beside what `now`
   * makes of it tells a clock that was set from time that passed.
   */
  sinceBoot(): number;
  /** Runs `action` once, about `delayMs` milliseconds of running time from now. Returns its undo. */
  after(delayMs: number, action: () => void): () => void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute `https:` URL, or `http:` of a loopback address. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange, milliseconds. */
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 text, at most 1 MiB. */
  readonly body: string;
  /** Whether the answer came over TLS with a verified certificate. */
  readonly verified: boolean;
}

export interface Http {
  /**
   * One exchange. A redirect is an answer like any other and is never followed.
   * @throws AppError `network-unreachable` (also on time-out), `proxy-password`, `tls-untrusted`, `endpoint-insecure`, `response-invalid` (too long).
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Makes a connection to the address ahead, where none is there, so that the request that follows need not wait for it.
   * It sends nothing, and nobody is told how it went. Absent: connections are made with their first request.
   * @throws AppError `endpoint-insecure`.
   */
  warm?(url: string): void;
}

export interface EditOptions {
  /** Permission bits of a file that is created. */
  readonly createMode: number;
  /** Take permissions of group and others from a file that has them. */
  readonly tighten: boolean;
}

export interface EditResult {
  /** Whether anything was written or removed. */
  readonly changed: boolean;
  /** Whether permissions were taken from an existing file. */
  readonly tightened: boolean;
}

export interface Files {
  /**
   * The file's bytes; null where there is none, and for a device or a pipe. Symbolic links are followed.
   * @param maxBytes for a file that has to be one: a longer one, a device and a pipe are `file-unreadable` then, and not read.
   * @throws AppError `file-unreadable`.
   */
  read(path: string, maxBytes?: number): Promise<Uint8Array | null>;
  /**
   * Replaces a file as a whole or not at all: lock, read, `change`, write a temporary file beside it, sync, rename.
   * `change` is called again where another program wrote in between; it must be pure. It answers the new bytes, or
   * null for "no such file". Bytes equal to the old ones are not written. What a process that was killed in the midst
   * of this left beside the file is removed first, whatever there is to write.
   * @throws AppError `file-unreadable`, `file-readonly`, `file-busy`, `disk-full`, and whatever `change` throws.
   */
  edit(
    path: string,
    change: (before: Uint8Array | null) => Uint8Array | null,
    options: EditOptions,
  ): Promise<EditResult>;
}

export interface FileModes {
  /** Permission bits of the file a path leads to; null where there is none, or nobody can tell. */
  mode(path: string): Promise<number | null>;
}

/**
 * The keyring of the user's desktop, for secrets he chose to have kept. It never makes the desktop ask him for anything:
 * what would need that fails.
 * @throws AppError `keyring-missing` where there is none, `keyring-locked` where it opens only with the user's password.
 */
export interface SecretStore {
  /** The secret kept under a name (letters, digits, space and `_.-`); null: there is none, or none any more. */
  get(name: string): Promise<string | null>;
  /** Keeps one, in the place of the one that was there. @param secret not empty. */
  set(name: string, secret: string): Promise<void>;
  /** Takes it away; nothing where there is none. */
  delete(name: string): Promise<void>;
}

/** A process with one PKCS#11 module in it: a bare channel. Order, deadlines and errors are tokens/host-client's. */
export interface TokenHost {
  /** Sends a request; lost without a word where the process has ended. */
  send(request: HostRequest): void;
  /** What the process says. It runs foreign code: nothing is taken for granted. */
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the process has ended or could not start; `how` says it in words, such as a signal's name. */
  onEnd(listener: (how: string) => void): void;
  /**
   * Takes the channel away: the process forgets its PINs and ends after the call it is in, which may be never.
   * Safe to call twice.
   */
  end(): void;
  /** Kills the process, whatever it is doing. A token that was being written may be lost. Safe to call twice. */
  kill(): void;
}

export interface TokenHosts {
  /** Starts a host for the module at `path` (absolute, links resolved; trusted already). */
  start(path: string): TokenHost;
}

/** A module file as the trust rules see it. */
export interface ModuleFile {
  /** The path with every link resolved. */
  readonly path: string;
  /** Lower-case hex of the content's SHA-256. */
  readonly sha256: string;
  /** Null, or why another user could change what would be loaded. */
  readonly unsafe: string | null;
}

/** A file that names modules: see tokens/p11-kit.ts. */
export interface ModuleConfiguration {
  /** Without its folder. */
  readonly name: string;
  readonly text: string;
  /** Null, or why another user could change what it says. */
  readonly unsafe: string | null;
}

export interface ModuleFiles {
  /** @throws AppError `module-missing`, `module-not-pkcs11` (a folder, or no shared library of this platform). */
  inspect(path: string): Promise<ModuleFile>;
  /** The files in a folder whose name ends in `.module`, by name; none where it or they cannot be read. */
  configurations(folder: string): Promise<readonly ModuleConfiguration[]>;
  /** What a path is to us; one that cannot be seen does not exist. */
  look(path: string): Promise<PathLook>;
}

export interface SshAgentExchange {
  /** How long an answer is waited for, milliseconds. */
  readonly timeoutMs: number;
  /** Raised, no answer is waited for any more. */
  readonly signal?: AbortSignal;
}

/** The user's ssh-agent. What its messages mean is tokens/ssh-wire's. */
export interface SshAgent {
  /**
   * Sends one message's body and answers the body that comes back, at most 256 KiB.
   * @throws AppError `ssh-agent-missing` where none is reached, `timed-out`, `cancelled`, `token-failed`
   * for an answer that is none.
   */
  exchange(request: Uint8Array, options: SshAgentExchange): Promise<Uint8Array>;
}

/** How the service through which smart cards are reached was met. `path`: its socket. */
export type ReaderServiceState =
  /** A part of the system that need not be looked at. */
  | { readonly kind: 'built-in' }
  /** `version`: of its protocol. */
  | { readonly kind: 'answers'; readonly path: string; readonly version: string }
  /** No socket. `installed`: whether the program was found. */
  | { readonly kind: 'missing'; readonly path: string; readonly installed: boolean }
  | {
      /**
       * refused: a socket nobody listens on. forbidden: it may not be opened. closed: who asks is turned away.
       * silent: no answer in time. odd: not the answer of such a service.
       */
      readonly kind: 'refused' | 'forbidden' | 'closed' | 'silent' | 'odd';
      readonly path: string;
    };

export interface ReaderService {
  /** Asks whether it is there, which touches no reader and no card. */
  probe(): Promise<ReaderServiceState>;
}

/** A prompt without the id its adapter gives it. */
export type PromptQuestion = Prompt extends infer P ? (P extends Prompt ? Omit<P, 'id'> : never) : never;

/** How a human who was asked did not answer: by giving up, or not in time. */
export type NoAnswer = 'cancelled' | 'late';

export interface Prompts {
  /**
   * Asks a human. Null where nobody can be asked, or who was asked went away.
   * @param unneeded once it is raised the question is void: null, and no answer is taken any more.
   */
  ask(
    question: PromptQuestion,
    unneeded?: AbortSignal,
  ): Promise<Exclude<PromptAnswer, { cancel: true }> | NoAnswer | null>;
}

export type { Notification, NotificationAction } from './notifications/notification.ts';

/** What tells a person who is not looking. */
export interface Notifier {
  /** Shows it, in the place of one with its ID. */
  show(notification: Notification): void;
  /** Takes it back; nothing where it is not shown any more. */
  withdraw(id: string): void;
}

/** The configuration file: one document, understood by its format and replaced as a whole. */
export interface SettingsFile<Document> {
  /** Absolute; for messages. */
  readonly path: string;
  /**
   * The stored document, the same object as long as the file stays as it is; undefined where there is no file.
   * One of an older version is migrated in memory; the file is left until the next `write`.
   * @throws AppError `config-unreadable`, `config-newer`.
   */
  read(): Document | undefined;
  /**
   * Replaces it as a whole or not at all. A file of an older version is kept beside it.
   * @throws AppError `file-busy` where the file is no longer the one last read, `file-readonly`, `disk-full`.
   */
  write(document: Document): void;
}

export interface Logger {
  /** One line; `fields` must hold no secret. Redaction at the sink is the second wall, not the first. */
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}
