/**
 * The one table of failures: every code has a plain sentence and what to do next.
 *
 * A failure travels as an {@link AppError} inside a process and as an {@link ErrorShape} between processes.
 * Codes are part of the command line's contract (docs/cli.md): more may be added, none renamed.
 */

interface Row {
  /** One plain sentence, ending in a full stop. */
  readonly message: string;
  /** What to do next, one sentence. */
  readonly remedy: string;
}

export const errorTable = {
  'account-exists': {
    message: 'An account with this ID exists already.',
    remedy: 'Choose another ID, or change that account with: rolekey accounts edit ID.',
  },
  'account-unknown': {
    message: 'There is no account with this ID.',
    remedy: 'See the known ones with: rolekey accounts list.',
  },
  'account-invalid': {
    message: 'A field of the account is not valid.',
    remedy: 'Correct the field and try again.',
  },
  'arn-malformed': {
    message: 'This is not a valid ARN.',
    remedy: 'Copy the ARN again from the IAM Roles Anywhere console.',
  },
  'arn-mismatch': {
    message: 'The ARNs do not belong together.',
    remedy:
      'Role, profile and trust anchor must be of one partition and account, profile and anchor of one region.',
  },
  'duration-range': {
    message: 'The session duration is out of range.',
    remedy: 'Choose between 900 and 43200 seconds.',
  },
  'key-unknown': {
    message: 'No key matches.',
    remedy: 'See the keys that are there with: rolekey tokens.',
  },
  'key-ambiguous': {
    message: 'More than one key matches.',
    remedy: 'Name the key exactly, with token, serial and id; copy its URI from: rolekey tokens.',
  },
  'key-unsupported': {
    message: 'This kind of key cannot sign for IAM Roles Anywhere.',
    remedy: 'Use an RSA key of 2048 to 4096 bits, or an EC key on P-256, P-384 or P-521.',
  },
  'module-missing': {
    message: 'The PKCS#11 module was not found.',
    remedy:
      'Install the software of the key’s maker, or name its module: rolekey tokens --pkcs11-lib PATH; for an account: rolekey accounts edit ID --pkcs11-lib PATH.',
  },
  'module-not-pkcs11': {
    message: 'The file is not a PKCS#11 module this computer can load.',
    remedy: 'Name the shared library of the key’s maker, built for this computer.',
  },
  'module-unconfirmed': {
    message: 'The PKCS#11 module is not on the built-in list and was not confirmed, or it changed since.',
    remedy: 'Confirm it at a terminal: rolekey tokens --pkcs11-lib PATH.',
  },
  'module-unsafe': {
    message: 'The PKCS#11 module or a folder above it could be changed by another user.',
    remedy: 'Let root or you own the file and every folder above it, and take write permission from others.',
  },
  'tpm-missing': {
    message: 'This computer shows no TPM 2.0.',
    remedy: 'Turn the TPM on in the firmware set-up (also called PTT or fTPM), and restart the computer.',
  },
  'tpm-access': {
    message: 'You may not use the TPM of this computer.',
    remedy: 'Put yourself into the group tss, with sudo usermod -aG tss NAME, then log out and in again.',
  },
  'tpm-store-missing': {
    message: 'There is no store of tpm2-pkcs11, which says what keys the TPM has.',
    remedy: 'Make one with tpm2_ptool init, and a token and a key in it with tpm2_ptool addtoken and addkey.',
  },
  'token-absent': {
    message: 'The token is not plugged in.',
    remedy: 'Plug it in and connect again.',
  },
  'token-failed': {
    message: 'The token or its module did not answer as it should.',
    remedy: 'Unplug the token, plug it in again and connect.',
  },
  'ssh-agent-missing': {
    message: 'The ssh-agent cannot be reached.',
    remedy:
      'Start it, or set SSH_AUTH_SOCK to the one that runs and stop the Rolekey agent, which knows another: rolekey agent stop; then connect.',
  },
  'ssh-key-missing': {
    message: 'The ssh-agent does not hold the key.',
    remedy: 'Add it with ssh-add; see those it holds with: ssh-add -l.',
  },
  'ssh-agent-refused': {
    message: 'The ssh-agent did not sign.',
    remedy:
      'Allow it where the agent asks, and unlock an agent that is locked with: ssh-add -X; then connect again.',
  },
  'pin-needed': {
    message: 'The token needs its PIN.',
    remedy: 'Type it at a terminal: rolekey connect ID.',
  },
  'pin-incorrect': {
    message: 'The PIN was wrong.',
    remedy: 'Type the right one, which is tried once: rolekey connect ID.',
  },
  'pin-length': {
    message: 'The PIN has the wrong length, so it was not tried.',
    remedy: 'Type the whole PIN.',
  },
  'pin-locked': {
    message: 'The PIN is locked.',
    remedy: 'Unlock it with the PUK or the tool of the token’s maker.',
  },
  'pin-final': {
    message: 'One try is left before the PIN locks.',
    remedy: 'Be sure of the PIN, then type it at a terminal: rolekey connect ID.',
  },
  'keyring-missing': {
    message: 'There is no keyring on this desktop that could keep a PIN.',
    remedy: 'Install one that offers the Secret Service, such as gnome-keyring, or type the PIN each time.',
  },
  'keyring-locked': {
    message: 'The keyring is locked.',
    remedy: 'Unlock it, for example by logging in to the desktop with your password, then try again.',
  },
  'touch-needed': {
    message: 'The token was not touched in time.',
    remedy: 'Connect again and touch the token when it blinks.',
  },
  'cert-missing': {
    message: 'There is no certificate for this key.',
    remedy:
      'Put the certificate on the token beside the key, or name its file: rolekey accounts edit ID --certificate FILE.',
  },
  'cert-unreadable': {
    message: 'The certificate cannot be read.',
    remedy: 'Use an X.509 certificate in PEM or DER.',
  },
  'cert-expired': {
    message: 'The certificate has expired.',
    remedy: 'Renew the certificate of this device.',
  },
  'cert-not-yet-valid': {
    message: 'The certificate is not valid yet.',
    remedy: 'Check the clock of this computer; otherwise wait, or have the certificate issued again.',
  },
  'cert-no-digital-signature': {
    message: 'The certificate lacks the key usage digitalSignature.',
    remedy: 'Have it issued again with key usage digitalSignature.',
  },
  'cert-is-ca': {
    message: 'The certificate is a CA’s, not a device’s.',
    remedy: 'Use the device’s own (end-entity) certificate.',
  },
  'cert-sha1': {
    message: 'The certificate is signed with MD5 or SHA-1, which AWS refuses.',
    remedy: 'Have it issued again with SHA-256 or better.',
  },
  'cert-version': {
    message: 'The certificate is not X.509 version 3, which AWS refuses.',
    remedy: 'Have it issued again with extensions (basicConstraints and keyUsage).',
  },
  'cert-empty-subject': {
    message: 'The certificate has no subject, which AWS refuses.',
    remedy: 'Have it issued again with a subject, at least a common name.',
  },
  'cert-key-mismatch': {
    message: 'The certificate does not belong to the key.',
    remedy: 'Use the certificate that was issued for this key.',
  },
  'chain-broken': {
    message: 'The intermediate certificates do not lead up from the certificate.',
    remedy:
      'Name a file with the CA certificates up to the trust anchor: rolekey accounts edit ID --intermediates FILE.',
  },
  'endpoint-insecure': {
    message: 'The endpoint is not https.',
    remedy: 'Use an https address; plain http is taken for a loopback address only.',
  },
  'network-unreachable': {
    message: 'AWS could not be reached.',
    remedy: 'Check the network connection; it is tried again by itself while connected.',
  },
  'proxy-password': {
    message: 'The proxy wants a name and a password, or refused them.',
    remedy:
      'Put both into the address, HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT, and start the agent again.',
  },
  'tls-untrusted': {
    message: 'The server’s certificate is not trusted.',
    remedy: 'If your company inspects TLS, set AWS_CA_BUNDLE to its CA file and start the agent again.',
  },
  'aws-access-denied': {
    message: 'AWS refused the request.',
    remedy: 'Ask whoever runs the AWS account to check the role’s trust policy, the profile and the anchor.',
  },
  'aws-not-found': {
    message: 'AWS does not know the trust anchor or the profile.',
    remedy: 'Check both ARNs, their account and their region.',
  },
  'aws-throttled': {
    message: 'AWS asks for fewer requests.',
    remedy: 'Wait a little; it is tried again by itself while connected.',
  },
  'aws-invalid-signature': {
    message: 'AWS did not accept the signature.',
    remedy: 'Check that the certificate belongs to the key, and the clock of this computer.',
  },
  'aws-invalid-request': {
    message: 'AWS found the request invalid.',
    remedy: 'Check the ARNs, the session duration and the session name of the account.',
  },
  'aws-failed': {
    message: 'AWS answered with a failure of its own.',
    remedy: 'Try again; if it stays, give AWS support the request id.',
  },
  'clock-skew': {
    message: 'The clock of this computer is wrong.',
    remedy: 'Set the clock, best by turning network time on.',
  },
  'response-invalid': {
    message: 'The answer was not one of IAM Roles Anywhere.',
    remedy: 'Check the endpoint and whether something between you and AWS changes answers.',
  },
  'identity-mismatch': {
    message: 'AWS answered for another role or account than the one asked for.',
    remedy: 'Do not use these credentials; check the account’s ARNs and its endpoint.',
  },
  'file-unreadable': {
    message: 'The file cannot be read.',
    remedy: 'Check its path and permissions.',
  },
  'file-undecodable': {
    message: 'The file is not text in UTF-8.',
    remedy: 'Repair the file or put it aside; it was left as it is.',
  },
  'section-foreign': {
    message: 'The AWS profile of that name is not managed by Rolekey.',
    remedy:
      'Choose another name with --aws-profile, or take the section over; of an account that is there: rolekey accounts edit ID --adopt.',
  },
  'marker-damaged': {
    message: 'The line that marks a section as Rolekey’s is damaged.',
    remedy: 'Restore the line “# managed by rolekey: ID” or remove the section; the file was left as it was.',
  },
  'file-readonly': {
    message: 'The file cannot be written.',
    remedy: 'Check the permissions of the file and its folder; the file was left as it was.',
  },
  'file-busy': {
    message: 'Other programs keep changing the file.',
    remedy: 'Try again in a moment; the file was left as it was.',
  },
  'disk-full': {
    message: 'The disk is full.',
    remedy: 'Free some space and try again; the file was left as it was.',
  },
  'cli-path-unsafe': {
    message:
      'The path of the rolekey command has characters that programs reading ~/.aws/config may misread.',
    remedy: 'Install Rolekey in a path of letters, digits, space and - _ . / \\ :.',
  },
  'passphrase-incorrect': {
    message: 'The passphrase did not open the key file.',
    remedy: 'Type the right one: rolekey connect ID.',
  },
  'not-connected': {
    message: 'The account is not connected.',
    remedy: 'Connect it with: rolekey connect ID.',
  },
  'session-expired': {
    message: 'The session has expired.',
    remedy: 'Connect again with: rolekey connect ID.',
  },
  'agent-not-running': {
    message: 'The Rolekey agent is not running.',
    remedy: 'Connect an account, which starts it: rolekey connect ID.',
  },
  'agent-version': {
    message: 'The running Rolekey agent is of another version.',
    remedy: 'Stop it with: rolekey agent stop; then try again.',
  },
  'agent-other-files': {
    message: 'The running Rolekey agent writes other AWS files than your environment names.',
    remedy:
      'Set AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE and HOME as they were when it was started; or stop it with: rolekey agent stop; then try again, which starts one for your files.',
  },
  'agent-unsafe': {
    message: 'The folder of the agent’s socket is not yours alone.',
    remedy: 'Set XDG_RUNTIME_DIR or ROLEKEY_SOCKET to a folder of your own with mode 0700.',
  },
  'agent-failed': {
    message: 'The Rolekey agent did not answer as it should.',
    remedy: 'End the process “rolekey agent”; then try again.',
  },
  'endpoint-failed': {
    message: 'No port could be opened for the container endpoint.',
    remedy: 'Try again in a moment.',
  },
  'config-unreadable': {
    message: 'Rolekey’s own configuration cannot be read.',
    remedy:
      'Repair the file named, which was left as it is; or go on without its accounts, which keeps it beside the new one: rolekey agent --reset-config.',
  },
  'config-newer': {
    message: 'Rolekey’s configuration was written by a newer version.',
    remedy:
      'Install the newer version again; or go on without its accounts, which keeps the file beside the new one: rolekey agent --reset-config.',
  },
  'file-foreign': {
    message: 'A file of that name is there already, and is not Rolekey’s.',
    remedy: 'Move that file elsewhere and try again; it was left as it is.',
  },
  'platform-unsupported': {
    message: 'This is not supported on this computer.',
    remedy: 'See docs/platforms.md for what works where.',
  },
  'usage-invalid': {
    message: 'The command is not understood.',
    remedy: 'See: rolekey --help.',
  },
  'output-failed': {
    message: 'The output cannot be written.',
    remedy: 'Send it elsewhere and try again.',
  },
  'folder-gone': {
    message: 'The current folder does not exist any more.',
    remedy: 'Go to another folder and try again.',
  },
  'timed-out': {
    message: 'Time is up, and it is still under way.',
    remedy: 'It goes on by itself; see how it ends with: rolekey status.',
  },
  cancelled: {
    message: 'Cancelled.',
    remedy: 'When you are ready, connect again with: rolekey connect ID.',
  },
  internal: {
    message: 'Something went wrong inside Rolekey.',
    remedy: 'Please report it with the log.',
  },
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof errorTable;

/** An error as the contract's `Error`: what crosses a socket, a bridge or stdout. Never holds a secret. */
export interface ErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** AWS's request id where AWS answered one, for its support. */
  readonly requestId: string | null;
}

export interface AppErrorOptions {
  /** A sentence that says more than the table's, for example by naming the file. */
  readonly message?: string;
  readonly remedy?: string;
  readonly requestId?: string | null;
  /** What was caught; goes to the log, never to the user. */
  readonly cause?: unknown;
}

/**
 * Marks an {@link AppError} for every copy of this file: the command line and its agent are bundles of their own in one
 * process, each with a class of its own, which `instanceof` tells apart.
 */
const brand = Symbol.for('rolekey.AppError');

/** A failure with a code of {@link errorTable}. Expected failures are thrown as this and nothing else. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly requestId: string | null;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(
      options.message ?? errorTable[code].message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.remedy = options.remedy ?? errorTable[code].remedy;
    this.requestId = options.requestId ?? null;
  }
}
// On the prototype, where no dump of an error shows it.
Object.defineProperty(AppError.prototype, brand, { value: true });

/** Whether `error` is an {@link AppError} of whichever bundle, of `code` where one is given. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return hasBrand(error) && (code === undefined || error.code === code);
}

function hasBrand(error: unknown): error is AppError {
  return error instanceof Error && brand in error;
}

/** The shape of any thrown value. What is not an {@link AppError} becomes `internal` and keeps its text to itself. */
export function toErrorShape(error: unknown): ErrorShape {
  const known = isAppError(error) ? error : new AppError('internal', { cause: error });
  return { code: known.code, message: known.message, remedy: known.remedy, requestId: known.requestId };
}

/** The other way round: an error received from another process, with everything it carried. */
export function fromErrorShape(shape: ErrorShape): AppError {
  return new AppError(shape.code, {
    message: shape.message,
    remedy: shape.remedy,
    requestId: shape.requestId,
  });
}

/** Whether a string is one of the codes, for answers of other processes. */
export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorTable, value);
}
