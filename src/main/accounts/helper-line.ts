/** One `aws_signing_helper` command line, read as fields of an account. Never run. */
import type { AccountFields } from '../../shared/api.ts';
import { relativeReason } from '../../shared/constants.ts';
import { AppError } from '../../shared/errors.ts';
import { isPkcs11Uri } from '../tokens/uri.ts';
import { isAbsolutePath, toAbsolutePath } from './absolute-path.ts';
import { isHelper, lineRefusal, parseHelperFlags } from './helper-flags.ts';
import type { DroppedFlag, HelperCommand, TakenFlag } from './helper-flags.ts';
import { importUri, uriOfKeyBeside } from './helper-uri.ts';
import { commandWords } from './shell-words.ts';

/** What a command line is read with; all of it given, nothing looked up. */
export interface Surroundings {
  /** Absolute; stands for `~` and `$HOME`. */
  readonly home: string;
  /** Absolute; relative paths are taken from here. Null: not known; they are taken from `home`, and that is noted. */
  readonly directory: string | null;
  /** Whether lines are written for Windows. One whose command lies on a drive is read so anyhow. */
  readonly windows: boolean;
  /** Whether a PKCS#11 module is of the built-in list: an import brings no other. */
  readonly isBuiltInModule: (path: string) => boolean;
}

export interface HelperLine {
  readonly fields: AccountFields;
  /** `--profile` of `update`: the section the helper writes. */
  readonly profile: string | null;
  readonly dropped: readonly DroppedFlag[];
}

/**
 * @throws AppError `account-invalid`: another program's line, one that uses the shell, a flag or value missing;
 * `account-exists`: Rolekey's own line. What the fields are worth is for `makeAccount` to say.
 */
export function readHelperLine(line: string, surroundings: Surroundings): HelperLine {
  const all = commandWords(line, surroundings.home, surroundings.windows);
  const variables = leadingVariables(all);
  const [command = '', ...words] = all.slice(variables.length);
  if (isRolekey(command) && words.includes('credential-process')) {
    throw new AppError('account-exists', { message: 'It is served by Rolekey already.' });
  }
  if (command === '') throw lineRefusal('it holds no command');
  if (!isHelper(command)) {
    throw new AppError('account-invalid', { message: 'It calls another program than aws_signing_helper.' });
  }
  const helper = parseHelperFlags(words);
  const values = new HelperValues({ ...helper, dropped: [...variables, ...helper.dropped] }, surroundings);
  const fields = fieldsOf(values);
  return {
    fields: helper.subcommand === 'update' ? { ...fields, outlet: 'credentials-file' } : fields,
    profile: helper.subcommand === 'update' ? (values.text('profile') ?? 'default') : null,
    dropped: values.dropped,
  };
}

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** A shell sets each `NAME=value` before a command for that command alone. A value may be secret and is not told. */
function leadingVariables(words: readonly string[]): DroppedFlag[] {
  const end = words.findIndex((word) => !assignment.test(word));
  return words.slice(0, end < 0 ? words.length : end).map((word) => ({
    flag: assignment.exec(word)?.[1] ?? '',
    reason: 'a variable set for the helper alone is not kept',
  }));
}

function isRolekey(command: string): boolean {
  return /(^|[/\\])rolekey(\.(exe|cmd))?$/i.test(command);
}

function fieldsOf(values: HelperValues): AccountFields {
  const certificate = values.uriOrPath('certificate');
  const key = values.uriOrPath('private-key') ?? keyOf(certificate);
  const roleArn = values.text('role-arn');
  const profileArn = values.text('profile-arn');
  const trustAnchorArn = values.text('trust-anchor-arn');
  const needed = {
    'role-arn': roleArn,
    'profile-arn': profileArn,
    'trust-anchor-arn': trustAnchorArn,
    'private-key': key,
  };
  const missing = Object.entries(needed).filter(([, value]) => value === undefined);
  if (missing.length > 0) {
    throw lineRefusal(`it lacks ${missing.map(([flag]) => `--${flag}`).join(', ')}`);
  }
  return {
    roleArn,
    profileArn,
    trustAnchorArn,
    keys: key === undefined ? [] : [key],
    certificate: certificate === key ? null : (certificate ?? null),
    intermediates: values.path('intermediates') ?? null,
    region: values.text('region'),
    sessionDuration: values.seconds('session-duration'),
    roleSessionName: values.text('role-session-name') ?? null,
    pkcs11Lib: values.module('pkcs11-lib') ?? null,
  };
}

/** Where no key is named the helper looks beside the certificate: on its token, or in its PKCS#12 file. */
function keyOf(certificate: string | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  if (isPkcs11Uri(certificate)) return uriOfKeyBeside(certificate);
  return /\.(p12|pfx)$/i.test(certificate) ? certificate : undefined;
}

/** The helper's flags as values of Rolekey's, with a note of what was left out or had to be decided. */
class HelperValues {
  readonly dropped: DroppedFlag[];
  readonly #given: HelperCommand['given'];
  readonly #surroundings: Surroundings;

  constructor({ given, dropped }: HelperCommand, surroundings: Surroundings) {
    this.dropped = [...dropped];
    this.#given = given;
    this.#surroundings = surroundings;
  }

  /** Empty is as good as absent, as it is for the helper. */
  #raw(flag: TakenFlag): string | undefined {
    const text = this.#given.get(flag);
    return text === '' ? undefined : text;
  }

  /** What is no URI. One in the wrong place, or without its scheme, may hold a PIN to be neither stored nor shown. */
  text(flag: TakenFlag): string | undefined {
    const text = this.#raw(flag);
    if (text === undefined || !(isPkcs11Uri(text) || /pin-(value|source)=/i.test(text))) return text;
    throw lineRefusal(`--${flag} holds a PKCS#11 URI in the wrong form or place`);
  }

  seconds(flag: TakenFlag): number | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new AppError('duration-range', { message: `The value of --${flag} is no number of seconds.` });
  }

  path(flag: TakenFlag): string | undefined {
    const text = this.text(flag);
    if (text === undefined || isAbsolutePath(text)) return text;
    if (text.startsWith('~')) throw lineRefusal(`--${flag} begins with a ~ that nothing expands`);
    if (text.startsWith('handle:')) throw lineRefusal('it names a TPM key by its handle');
    const { directory, home } = this.#surroundings;
    if (directory === null) {
      const reason = `${relativeReason}, ${home}`;
      this.dropped.push({ flag: `--${flag}`, reason });
    }
    return toAbsolutePath(text, directory ?? home);
  }

  uriOrPath(flag: TakenFlag): string | undefined {
    const text = this.#raw(flag);
    if (text === undefined || !isPkcs11Uri(text)) return this.path(flag);
    const { uri, dropped } = importUri(text, this.#surroundings.isBuiltInModule);
    this.dropped.push(
      ...dropped.map(({ flag: name, reason }) => ({ flag: name, reason: `in --${flag}: ${reason}` })),
    );
    return uri;
  }

  module(flag: TakenFlag): string | undefined {
    const text = this.text(flag);
    if (text === undefined || this.#surroundings.isBuiltInModule(text)) return text;
    const reason = 'it is not on the built-in list; add it with: rolekey accounts edit ID --pkcs11-lib PATH';
    this.dropped.push({ flag: `--${flag}`, reason });
    return undefined;
  }
}
