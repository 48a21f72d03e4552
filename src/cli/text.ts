/** Every sentence the command line shows to people, apart from errors and help. Stable only in its exit codes. */
import { styleText } from 'node:util';
import type { CallOutput, Imported } from '../shared/api.ts';
import { relativeReason } from '../shared/constants.ts';
import type { ErrorShape } from '../shared/errors.ts';
import type { Account, AccountStatus, KeyInfo, Prompt, State, TokenInfo, Tokens } from '../shared/model.ts';
import { plain } from './plain-text.ts';

/** The state in words: what is served and until when, then what is being done. */
export function stateWords(state: State): string {
  const served = state.serving === null ? null : `connected until ${clockTime(state.serving.expiresAt)}`;
  return [served, doing(state)].filter((words) => words !== null).join(', ');
}

/** What a session is doing; null where that it serves says it all. */
function doing({ activity, serving, retryAt, error, reason }: State): string | null {
  switch (activity) {
    case 'idle':
      if (serving !== null) return null;
      return error === null ? 'not connected' : 'ended';
    case 'connecting':
    case 'renewing':
      return reason === 'touch' ? 'touch the token now' : activity;
    case 'failed':
      return activity;
    case 'needs-you':
      return `needs you: ${needWords(reason)}`;
    case 'retrying': {
      const when = retryAt === null ? '' : ` at ${clockTime(retryAt)}`;
      return `${serving === null ? 'not connected, ' : ''}trying again${when}`;
    }
  }
}

function needWords(reason: State['reason']): string {
  switch (reason) {
    case 'pin':
      return 'the PIN';
    case 'pin-locked':
      return 'the PIN is locked';
    case 'touch':
      return 'a touch';
    case 'token-absent':
      return 'plug the token in';
    case 'certificate':
      return 'the certificate';
    case 'choose':
      return 'a choice';
    case null:
      return 'see the error';
  }
}

/** `14:05` of the local day; the JSON has the whole time. */
function clockTime(time: string): string {
  return new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** Accounts by ID whose endpoint is not AWS's own, with that endpoint: every list says it. */
type Endpoints = Readonly<Record<string, string>>;

function endpointNote(endpoint: string | undefined): string {
  return endpoint === undefined ? '' : `endpoint ${endpoint}`;
}

export function statusTable(accounts: readonly AccountStatus[], endpoints: Endpoints): string {
  if (accounts.length === 0) return noAccounts;
  const rows = table(
    ['ACCOUNT', 'AWS PROFILE', 'STATE', 'KEY', ''],
    accounts.map(({ account, awsProfile, outlet, state, key, assumedRoleArn }) => [
      account,
      writesProfile(outlet) ? awsProfile : '-',
      coloured(state),
      // What a key is made of is known once it has signed.
      plain`${key.token ?? key.uri}${key.hardware || assumedRoleArn === null ? '' : ' (not hardware)'}`,
      endpointNote(endpoints[account]),
    ]),
  );
  const errors = accounts.flatMap(({ account, state: { error } }) =>
    error === null ? [] : [errorLine(account, error)],
  );
  return [rows, ...errors].join('\n');
}

/** Whether the AWS files name the account's profile; through the other outlets programs are started with credentials. */
function writesProfile(outlet: AccountStatus['outlet']): boolean {
  return outlet === 'credential-process' || outlet === 'credentials-file';
}

/** What is wrong with an account and what to do. */
export function errorLine(account: string, { message, remedy }: ErrorShape): string {
  return plain`${account}: ${message} ${remedy}`.trimEnd();
}

function coloured(state: State): string {
  const words = stateWords(state);
  if (!takesColour(process.stdout, process.env)) return words;
  const colour = state.activity === 'failed' || state.activity === 'needs-you' ? 'yellow' : 'green';
  if (colour === 'green' && state.serving === null) return words;
  return styleText(colour, words, { validateStream: false }); // Node takes an empty NO_COLOR for one that is set
}

/** As no-color.org has it: an empty NO_COLOR counts as not set. */
function takesColour({ isTTY }: { isTTY: boolean }, { NO_COLOR = '', TERM }: NodeJS.ProcessEnv): boolean {
  return isTTY && NO_COLOR === '' && TERM !== 'dumb';
}

const noAccounts = 'There are no accounts. Add one with: rolekey accounts add ID ...';

/** @param none what to say where there is no account. */
export function resultLines(results: CallOutput<'connect'>['results'], none = noAccounts): string {
  if (results.length === 0) return none;
  return results.map(({ account, state }) => `${account}: ${stateWords(state)}`).join('\n');
}

export function accountsTable(accounts: readonly Account[], endpoints: Endpoints): string {
  if (accounts.length === 0) return noAccounts;
  return table(
    ['ID', 'LABEL', 'ROLE', 'AWS PROFILE', 'OUTLET', ''],
    accounts.map((account) => [
      account.id,
      account.label,
      account.roleArn,
      account.awsProfile,
      account.outlet,
      endpointNote(endpoints[account.id]),
    ]),
  );
}

/** One account on one line: number and role are shown before the first connect. */
export function accountText(account: Account): string {
  const [, , , , number = '', role = ''] = account.roleArn.split(':');
  return `${account.id}, account ${number}, ${role}, AWS profile ${account.awsProfile} (${account.outlet})${
    account.endpoint === null ? '' : `, endpoint ${account.endpoint}`
  }`;
}

/** An AWS profile that stands beside the one it was imported from. */
const besideOther = /-rolekey(-\d+)?$/;
const takeOver =
  'Your own AWS profiles stay as they are. To let one itself come from Rolekey: rolekey accounts edit ID --aws-profile NAME --adopt';

export function importText({ imported, skipped, dropped }: Imported, dryRun: boolean): string {
  return [
    ...imported.map((account) => `${dryRun ? 'Would be imported' : 'Imported'}: ${accountText(account)}`),
    ...skipped.map(({ source, message }) => plain`Skipped ${source}: ${message}`),
    ...dropped.map(({ source, flag, reason }) => {
      const what = reason.startsWith(relativeReason) ? 'Changed in' : 'Left out of';
      return plain`${what} ${source}: ${flag} (${reason})`;
    }),
    ...(imported.some(({ awsProfile }) => besideOther.test(awsProfile)) ? [takeOver] : []),
    ...(imported.length + skipped.length === 0 ? ['Nothing to import was found.'] : []),
  ].join('\n');
}

export function tokensText({ modules, tokens }: Tokens): string {
  const lines = tokens.flatMap((token) => [
    tokenLine(token),
    ...(token.keys.length === 0 ? ['  no key'] : token.keys.flatMap(keyLines)),
  ]);
  const failures = modules
    .filter(({ ok }) => !ok)
    .map(({ path, error }) => plain`${path}: ${error?.message ?? 'failed'} ${error?.remedy ?? ''}`);
  return [...(lines.length === 0 ? ['No token was found.'] : lines), ...failures].join('\n');
}

function tokenLine(token: TokenInfo): string {
  const notes = [
    token.hardware ? null : 'not hardware',
    token.pin.state === 'ok' || token.pin.state === 'unknown' ? null : `PIN ${token.pin.state}`,
    token.pin.triesLeft === null ? null : triesText(token.pin.triesLeft),
  ].filter((note) => note !== null);
  return plain`${token.label}  serial ${token.serial}, ${token.manufacturer} ${token.model}${
    notes.length === 0 ? '' : ` (${notes.join(', ')})`
  }`;
}

function triesText(left: number): string {
  return left === 1 ? 'one try left' : `${left === 0 ? 'no' : String(left)} tries left`;
}

/** What a signature with the key asks of a person. */
const touchTexts: Readonly<Record<KeyInfo['touch'], string>> = {
  ...{ always: ', wants a touch', cached: ', wants a touch, good for 15 s' },
  ...{ never: '', unknown: '' },
};

function keyLines(key: KeyInfo): string[] {
  const certificate =
    key.certificate === null
      ? 'no certificate'
      : `${key.certificate.subject}, until ${key.certificate.notAfter.slice(0, 10)}`;
  return [
    plain`  ${key.usable ? 'key' : 'key, not usable'} ${key.label === '' ? key.id : key.label}, ${key.type} ${key.size}${touchTexts[key.touch]}${key.alwaysAuthenticate ? ', wants the PIN every time' : ''}, ${certificate}`,
    plain`    ${key.uri}`,
    ...key.problems.map(({ message }) => plain`    ${message}`),
  ];
}

/** Before the question for a PIN that is to be remembered. */
export const rememberWarning =
  'The PIN will be kept in your keyring, and used without asking you: any program of yours could read it there.\n' +
  'To forget it: rolekey lock --forget-pins.\n';

/** The question as the person at the terminal sees it, ending where the answer is typed. */
export function promptText(prompt: Prompt): string {
  switch (prompt.kind) {
    case 'pin': {
      const lines = [
        prompt.previous === 'incorrect' ? 'The PIN was wrong.' : null,
        prompt.previous === 'remembered'
          ? 'The token did not take the remembered PIN, which is forgotten.'
          : null,
        prompt.previous === 'length' ? 'The PIN has the wrong length; it was not tried.' : null,
        prompt.finalTry
          ? 'ONE TRY IS LEFT: another wrong PIN locks the token. Press Enter to stop here.'
          : prompt.triesLeft === null
            ? null
            : `${triesText(prompt.triesLeft)}.`,
        prompt.finalTry ? null : 'Enter alone cancels.',
      ].filter((line) => line !== null);
      const question = plain`PIN of ${prompt.token.label} (serial ${prompt.token.serial})${waiting(prompt.accounts)}: `;
      return [...lines, question].join('\n');
    }
    case 'passphrase': {
      const question = plain`Passphrase of ${prompt.file} for ${listed(prompt.accounts)}: `;
      return prompt.previous === 'incorrect' ? `The passphrase was wrong.\n${question}` : question;
    }
    case 'confirm-module':
      return [
        prompt.changed === true ? 'THIS MODULE CHANGED since you confirmed it.\n' : '',
        plain`Loading a PKCS#11 module runs its code as you.\n  ${prompt.path}\n  SHA-256 ${prompt.sha256}\nType yes to load it now and from now on: `,
      ].join('');
    case 'touch':
      return `${touchText(prompt)} Ctrl-C ends the waiting.`;
  }
}

/** What a token waits for, in one line. It is taken to wait since it has not signed yet, so it is the light that tells. */
export function touchText({ token, accounts }: Extract<Prompt, { kind: 'touch' }>): string {
  return plain`Touch ${token.label} (serial ${token.serial})${waiting(accounts)} while it blinks.`;
}

/** The same of accounts of which no more is known than their IDs. */
export function touchNote(accounts: readonly string[]): string {
  return `Touch the token${waiting(accounts)} while it blinks.`;
}

/** Nobody waits where tokens are only looked at. */
function waiting(labels: readonly string[]): string {
  return labels.length === 0 ? '' : ` for ${listed(labels)}`;
}

function listed(labels: readonly string[]): string {
  if (labels.length <= 3) return labels.join(', ');
  return `${labels.slice(0, 3).join(', ')} and ${String(labels.length - 3)} more`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max((widths[column] ?? 0) - visibleLength(cell), 0)))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

function visibleLength(cell: string): number {
  return cell.replace(/\u001b\[\d+m/g, '').length;
}
