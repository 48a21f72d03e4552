/** Every word both windows show to people. What others wrote goes in as a value of a sentence. */
import type { AccountFields, FieldProblem } from '../shared/api.ts';
import { relativeReason } from '../shared/constants.ts';
import type { ErrorCode, ErrorShape } from '../shared/errors.ts';
import type { KeyInfo, Prompt, Reason } from '../shared/model.ts';
import { sentence, visible, type Sentence } from './sentence.ts';

export const appText = {
  name: 'Rolekey',
  screens: 'Screens',
  messages: 'Messages',
  dismiss: 'Dismiss',
} as const;

export const accountsText = {
  title: 'Accounts',
  loading: 'Reading your accounts…',
  failed: 'Your accounts cannot be shown.',
  tryAgain: 'Try again',
  emptyTitle: 'No accounts yet',
  empty:
    'Rolekey turns the key on your token into short-lived AWS credentials, one account at a time. Add the first account by pasting the command line of the AWS signing helper, or by filling in its fields.',
  paste: 'Paste a command line',
  fillIn: 'Fill in the fields',
  guide: 'How IAM Roles Anywhere works',
  connectAll: 'Connect all',
  add: 'Add account',
  ungrouped: 'Other accounts',
  connect: 'Connect',
  connecting: 'Connecting…',
  tryNow: 'Try now',
  disconnect: 'Disconnect',
  disconnecting: 'Disconnecting…',
  remove: 'Remove…',
  removing: 'Removing…',
  copy: 'Copy command',
  copied: 'Copied',
  profile: 'AWS profile',
  requestId: (id: string): Sentence => sentence`Request id ${id}`,
  role: (name: string, account: string): Sentence => sentence`${name} in ${account}`,
  sendsTo: (endpoint: string): Sentence => sentence`Sends to ${endpoint}`,
  of: (what: string, label: string): string => `${what}: ${visible(label)}`,
  saidCopied: (command: string): string => `Copied: ${visible(command)}`,
  removed: (label: string): string => `${visible(label)} was removed.`,
  added: (label: string): string => `${visible(label)} was added.`,
} as const;

export const stateText = {
  notConnected: 'Not connected',
  connected: 'Connected, renews by itself',
  connecting: 'Connecting…',
  touchNow: 'Touch the token now',
  renewing: 'Renewing…',
  renewingConnected: 'Connected, renewing now',
  expired: 'Expired',
  retrying: 'Tries again soon',
  retryingAt: (time: string): string => `Tries again at ${time}`,
  failed: 'Could not connect',
  renewalFailed: 'Could not renew',
  fileFailed: 'The AWS file could not be changed',
  needsYou: 'Needs you',
  needs: {
    pin: 'Needs your PIN',
    'pin-locked': 'The PIN is locked',
    touch: 'Needs your touch on the token',
    'token-absent': 'The token is not plugged in',
    certificate: 'The certificate cannot be used',
    choose: 'Needs a decision of yours',
  } satisfies Record<Reason, string>,
  left: (doing: string, left: string): string => `${doing}; ${left} left`,
  still: (doing: string, left: string): string => `${doing.replace(/…$/, '')}; still connected for ${left}`,
} as const;

/** `1 h 5 min`, `42 min`, `less than a minute`. */
export function remaining(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${String(minutes)} min`;
  const rest = minutes % 60;
  const hours = `${String(Math.floor(minutes / 60))} h`;
  return rest === 0 ? hours : `${hours} ${String(rest)} min`;
}

/** The same for the inside of a ring: a short number and its unit. */
export function remainingShort(seconds: number): { readonly value: string; readonly unit: string } {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return { value: '<1', unit: 'min' };
  if (minutes < 60) return { value: String(minutes), unit: 'min' };
  return { value: `${String(Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, '0')}`, unit: 'h' };
}

/** `14:05` of the local day. @param time RFC 3339. */
export function clockTime(time: string): string {
  return new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** `3 March 2027`. @param time RFC 3339. */
export function calendarDay(time: string): string {
  return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
}

/** What a screen reader is told of accounts whose state changed within a moment. */
export function changesSpoken(
  changes: readonly { readonly label: string; readonly headline: string }[],
): string {
  if (changes.length > 3) return `${String(changes.length)} accounts changed.`;
  return changes.map(({ label, headline }) => `${visible(label)}: ${headline}.`).join(' ');
}

/**
 * What to do next, where the table of errors sends people to a terminal. A code that is not here has a remedy that holds
 * in a window as well.
 */
const windowRemedies: Partial<Record<ErrorCode, string>> = {
  'account-exists': 'Choose another ID.',
  'account-unknown': 'It may have been removed elsewhere.',
  'account-invalid': 'Correct the field and try again.',
  'key-unknown': 'Plug in the token that holds the key, then connect again.',
  'key-ambiguous': 'Add the account again and choose its key with “Find keys”, which names it exactly.',
  'module-missing': 'Install the software of the token’s maker, then connect again.',
  'module-unconfirmed':
    'Remove the account and add it again: you are asked whether its module may be loaded.',
  'ssh-agent-missing': 'Start it, or set SSH_AUTH_SOCK to the one that runs and start Rolekey again.',
  'pin-needed': 'Choose Connect and type it.',
  'pin-incorrect': 'Choose Connect and type the right one; it is tried once.',
  'pin-length': 'Choose Connect and type the whole PIN.',
  'pin-final': 'Be sure of the PIN, then choose Connect and type it.',
  'cert-missing':
    'Put the certificate on the token beside the key, or add the account again with the certificate’s file.',
  'chain-broken': 'Add the account again with a file of the CA certificates up to the trust anchor.',
  'tls-untrusted': 'If your company inspects TLS, set AWS_CA_BUNDLE to its CA file and start Rolekey again.',
  'section-foreign': 'Choose another AWS profile, or take that one over.',
  'passphrase-incorrect': 'Choose Connect and type the right one.',
  'not-connected': 'Choose Connect.',
  'session-expired': 'Choose Connect for a new one.',
  'agent-not-running': 'Start Rolekey again.',
  'agent-version': 'End the other Rolekey, then start this one again.',
  'agent-failed': 'End Rolekey and start it again.',
  'config-unreadable':
    'Repair the file named, or move it elsewhere to go on without its accounts; it was left as it is.',
  'config-newer':
    'Install the newer version again, or move the file elsewhere to go on without its accounts.',
  'agent-other-files': 'End the other Rolekey, then start this one again.',
  'usage-invalid': 'Please report it with the log.',
  'timed-out': 'It goes on by itself; its state shows how it ends.',
  cancelled: 'Choose Connect when you are ready.',
};

/** What to do next, in a window. The engine’s own remedy stays wherever it names no command and no flag. */
export function windowRemedy({ code, remedy }: Pick<ErrorShape, 'code' | 'remedy'>): string {
  return windowRemedies[code] ?? (/\brolekey [a-z-]+|--[a-z]/.test(remedy) ? '' : remedy);
}

export const addText = {
  title: 'Add account',
  close: 'Cancel',
  add: 'Add account',
  adding: 'Adding…',
  takeOver: 'Take it over',
  pasteLabel: 'Command line of the AWS signing helper',
  pasteHelp: 'Paste it, or its line credential_process = … of an AWS config file. Nothing is run.',
  pasteTaken: 'The fields below were filled in from it.',
  pasteCarried: 'Also taken from it:',
  dropped: (flag: string, reason: string): Sentence =>
    reason.startsWith(relativeReason)
      ? sentence`Changed ${flag}: ${reason}`
      : sentence`Left out ${flag}: ${reason}`,
  yes: 'yes',
  moreKeys: 'Further keys',
  carried: (what: string, value: string): Sentence => sentence`${what}: ${value}`,
  optional: 'optional',
  findKeys: 'Find keys',
  looking: 'Looking for keys…',
  keysFound: 'Keys that were found',
  noKeys: 'No key was found. Plug your token in and look again.',
  keyKind: (type: KeyInfo['type'], size: KeyInfo['size']): string =>
    type === 'EC' ? size : `${type} ${size}`,
  keyOn: (token: string, serial: string): Sentence => sentence`${token}, serial ${serial}`,
  moduleFailed: (path: string, message: string): Sentence => sentence`${path}: ${message}`,
  certificateUntil: (subject: string, notAfter: string): Sentence =>
    sentence`${subject}, valid until ${calendarDay(notAfter)}`,
  noCertificate: 'No certificate beside it',
  checkWarnings: 'Worth knowing:',
  notReady: 'Some fields need another look.',
  minutes: 'must be a number of minutes',
  identity: 'Account',
  aws: 'AWS',
  key: 'Key',
  programs: 'How programs get the credentials',
} as const;

/** A field as people know it, and what to put there. */
interface FieldText {
  readonly label: string;
  readonly help: string | null;
}

const fields = {
  id: { label: 'ID', help: 'Lower-case letters, digits and hyphens. It cannot be changed later.' },
  label: { label: 'Name', help: 'How it is listed; the ID where left empty.' },
  group: { label: 'Group', help: 'Accounts of a group are listed together.' },
  roleArn: { label: 'Role ARN', help: null },
  profileArn: { label: 'Profile ARN', help: null },
  trustAnchorArn: { label: 'Trust anchor ARN', help: null },
  sessionDuration: { label: 'Session length in minutes', help: '15 to 720; 60 where left empty.' },
  keys: { label: 'Key', help: 'A pkcs11: URI, the absolute path of a key file, or ssh-agent:SHA256:…' },
  certificate: { label: 'Certificate', help: 'A pkcs11: URI or a path; the one beside the key where empty.' },
  intermediates: { label: 'Intermediate certificates', help: 'Absolute path of a PEM file.' },
  awsProfile: { label: 'AWS profile', help: 'The name programs ask for; the ID where left empty.' },
  profileRegion: { label: 'Region of the AWS profile', help: null },
  outlet: { label: 'How programs get the credentials', help: null },
  region: { label: 'Region', help: null },
  roleSessionName: { label: 'Session name', help: null },
  pkcs11Lib: { label: 'PKCS#11 module', help: null },
  endpoint: { label: 'Endpoint', help: null },
  useFipsEndpoint: { label: 'FIPS endpoint', help: null },
  useDualstackEndpoint: { label: 'Dual-stack endpoint', help: null },
  favourite: { label: 'Favourite', help: null },
} as const satisfies Record<keyof AccountFields | 'id', FieldText>;

export function fieldText(field: keyof typeof fields): FieldText {
  return fields[field];
}

export const outletText = {
  'credential-process': {
    label: 'On demand',
    help: 'AWS programs ask Rolekey each time, and nothing secret is written to disk. Best for most.',
  },
  'credentials-file': {
    label: 'In the credentials file',
    help: 'For programs that read only ~/.aws/credentials; the credentials are on disk while connected.',
  },
  none: {
    label: 'Not at all',
    help: 'No AWS file is changed; only the rolekey command hands them out.',
  },
} as const;

/** A problem with a field as a sentence: most are predicates, to be read after the field’s name. */
export function problemSentence({ field, message }: Pick<FieldProblem, 'field' | 'message'>): string {
  const words = withoutFlags(message);
  const isPredicate = field !== null && /^\p{Ll}/u.test(words);
  const said = isPredicate ? `${fields[field].label} ${words}` : words;
  return /[.!?…]$/.test(said) ? said : `${said}.`;
}

/** Flags of the command line by the field a window has for them. */
const fieldOfFlag: Readonly<Record<string, keyof typeof fields>> = {
  '--label': 'label',
  '--group': 'group',
  '--role-arn': 'roleArn',
  '--profile-arn': 'profileArn',
  '--trust-anchor-arn': 'trustAnchorArn',
  '--region': 'region',
  '--session-duration': 'sessionDuration',
  '--role-session-name': 'roleSessionName',
  '--private-key': 'keys',
  '--certificate': 'certificate',
  '--intermediates': 'intermediates',
  '--pkcs11-lib': 'pkcs11Lib',
  '--aws-profile': 'awsProfile',
  '--outlet': 'outlet',
  '--endpoint': 'endpoint',
};

/** A message of the engine with its fields named as the window does. */
export function withoutFlags(message: string): string {
  return message.replace(/--[a-z][a-z0-9-]*/g, (flag) => {
    const field = fieldOfFlag[flag];
    return field === undefined ? flag : `“${fields[field].label}”`;
  });
}

const titles = {
  pin: 'PIN',
  passphrase: 'Passphrase',
  'confirm-module': 'Module',
  touch: 'Touch',
} satisfies Record<Prompt['kind'], string>;

export const pinText = {
  enter: 'Send',
  cancel: 'Cancel',
  sending: 'Checking…',
  nothing: 'There is nothing to answer any more.',
  unlabelled: 'without a name',
  title: ({ kind }: Prompt): string => titles[kind],
  /** What a touch is, for who sees it for the first time; it is the light that tells, since no token does. */
  blinks: 'It signs once you touch it while it blinks.',
  ending: 'Ending…',
  what: (prompt: Prompt): Sentence => {
    switch (prompt.kind) {
      case 'pin':
        return sentence`PIN of token ${prompt.token.label || pinText.unlabelled}, serial ${prompt.token.serial}`;
      case 'passphrase':
        return sentence`Passphrase of the key file ${prompt.file}`;
      case 'confirm-module':
        return sentence`Module ${prompt.path}`;
      case 'touch':
        return sentence`Touch the token ${prompt.token.label || pinText.unlabelled}, serial ${prompt.token.serial}`;
    }
  },
  /** Null where nothing waits for it. */
  accounts: (labels: readonly string[]): Sentence | null => {
    const [first, second, third] = labels;
    if (first === undefined) return null;
    if (second === undefined) return sentence`To connect ${first}.`;
    if (third === undefined) return sentence`To connect ${first} and ${second}.`;
    if (labels.length === 3) return sentence`To connect ${first}, ${second} and ${third}.`;
    return sentence`To connect ${first}, ${second} and ${String(labels.length - 2)} more.`;
  },
  askedBy: (who: string): Sentence => sentence`Asked for by ${who}.`,
  /** How many tries are left; null where that is not known, or no number limits them. */
  tries: (prompt: Prompt): string | null => {
    if (prompt.kind !== 'pin') return null;
    if (prompt.finalTry) {
      return 'This is the last try: another wrong PIN locks the token. If you are not sure, cancel.';
    }
    if (prompt.triesLeft === null) return null;
    return prompt.triesLeft === 1 ? '1 try left.' : `${String(prompt.triesLeft)} tries left.`;
  },
  /** What became of the answer before; null where there was none. */
  previous: (prompt: Prompt): string | null => {
    if (!('previous' in prompt) || prompt.previous === null) return null;
    if (prompt.kind === 'passphrase') return 'That passphrase was wrong.';
    if (prompt.previous === 'remembered')
      return 'The token did not take the remembered PIN, which is forgotten.';
    return prompt.previous === 'incorrect'
      ? 'That PIN was wrong.'
      : 'That PIN has the wrong length, so it was not tried.';
  },
  remember: 'Remember this PIN',
  rememberWarning:
    'It is kept in your keyring and used without asking you. Any program of yours could read it there.',
  failed: ({ message }: Pick<ErrorShape, 'message'>): string => visible(message),
} as const;
