/** The flags of `aws_signing_helper` (version 1.8), and what becomes of each when a command line is imported. */
import { AppError } from '../../shared/errors.ts';

/** Flags an account can be made of. */
const takenFlags = [
  'role-arn',
  'profile-arn',
  'trust-anchor-arn',
  'private-key',
  'certificate',
  'intermediates',
  'region',
  'session-duration',
  'role-session-name',
  'pkcs11-lib',
  'profile',
] as const;
export type TakenFlag = (typeof takenFlags)[number];

const storeReason = 'keys are looked for on tokens and in files, not in the system’s certificate store';
const secretReason = 'a secret is asked for when it is needed and never stored; it was not kept';
const serverReason = 'an account can be served by a container endpoint instead; see --outlet';

/** Why a flag is left out, and whether a word of its own follows it as its value. */
const droppedFlags: Readonly<Record<string, { readonly valued: boolean; readonly reason: string }>> = {
  endpoint: { valued: true, reason: 'an import never sets the address requests go to; see accounts edit' },
  'no-verify-ssl': { valued: false, reason: 'the server’s certificate is always verified' },
  'with-proxy': { valued: false, reason: 'HTTPS_PROXY is used where it is set' },
  debug: { valued: false, reason: 'nothing secret is ever logged' },
  'cert-selector': { valued: true, reason: storeReason },
  'system-store-name': { valued: true, reason: storeReason },
  'use-latest-expiring-certificate': { valued: false, reason: storeReason },
  'reuse-pin': { valued: false, reason: 'one PIN serves all uses of a token' },
  'tpm-key-password': { valued: true, reason: secretReason },
  'no-tpm-key-password': { valued: false, reason: 'TPM keys are reached through a PKCS#11 module' },
  'pkcs8-password': { valued: true, reason: secretReason },
  once: { valued: false, reason: 'an account is kept fresh while it is connected' },
  port: { valued: true, reason: serverReason },
  'hop-limit': { valued: true, reason: serverReason },
};

const subcommands = ['credential-process', 'update', 'serve'] as const;
export type Subcommand = (typeof subcommands)[number];

export interface DroppedFlag {
  /** As the user knows it; never with its value. */
  readonly flag: string;
  readonly reason: string;
}

export interface HelperCommand {
  readonly subcommand: Subcommand;
  /** Of a flag given twice the last value, as the helper reads it. */
  readonly given: ReadonlyMap<TakenFlag, string>;
  readonly dropped: readonly DroppedFlag[];
}

/** Whether a command word starts the helper, wherever it lies and whatever version its name carries. */
export function isHelper(command: string): boolean {
  return /(^|[/\\])aws[-_]signing[-_]helper([-_.]?v?\d[\w.-]*)?(\.exe)?$/i.test(command);
}

/**
 * The words after the helper's name, read as its flag parser does: `--flag value` and `--flag=value` in any order.
 * @throws AppError `account-invalid`; no message repeats a word, since it may be a misplaced secret.
 */
export function parseHelperFlags(words: readonly string[]): HelperCommand {
  const given = new Map<TakenFlag, string>();
  const dropped = new Map<string, DroppedFlag>();
  const others: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!/^-./.test(word)) {
      others.push(word);
      continue;
    }
    const [, name = '', inline] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    const known = Object.hasOwn(droppedFlags, name) ? droppedFlags[name] : undefined;
    if (isTaken(name)) {
      const value = inline ?? words[(at += 1)];
      if (value === undefined || value.startsWith('--')) throw lineRefusal(`--${name} has no value`);
      given.set(name, value);
    } else if (known !== undefined) {
      if (known.valued && inline === undefined) at += 1;
      dropped.set(name, { flag: `--${name}`, reason: known.reason });
    } else {
      // Whether an unknown flag takes a value is a guess: it does where no other flag follows.
      if (inline === undefined && words[at + 1]?.startsWith('-') === false) at += 1;
      dropped.set(word, { flag: shownName(word, name), reason: 'aws_signing_helper 1.8 has no such flag' });
    }
  }
  return { subcommand: subcommandOf(others), given, dropped: [...dropped.values()] };
}

function isTaken(name: string): name is TakenFlag {
  return (takenFlags as readonly string[]).includes(name);
}

/** A short flag may have its value glued on, and a name with odd characters may be anything. */
function shownName(word: string, name: string): string {
  if (/^[a-z][a-z0-9-]{0,40}$/i.test(name)) return `--${name}`;
  return /^-[a-z]/i.test(word) ? word.slice(0, 2) : '(not a flag’s name)';
}

function subcommandOf(others: readonly string[]): Subcommand {
  const [first, ...extra] = others;
  const subcommand = subcommands.find((each) => each === first);
  if (subcommand === undefined) {
    throw lineRefusal(`it has none of the commands ${subcommands.join(', ')}, which get credentials`);
  }
  if (extra.length > 0) {
    throw lineRefusal('a word in it belongs to no flag; a value with spaces must be in quotation marks');
  }
  return subcommand;
}

/** @param why completes "cannot be imported:"; it must not repeat a word of the line. */
export function lineRefusal(why: string): AppError {
  return new AppError('account-invalid', {
    message: `The aws_signing_helper line cannot be imported: ${why}.`,
    remedy: 'Correct the line, or add the account with: rolekey accounts add.',
  });
}
