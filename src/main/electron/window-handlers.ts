/** The calls of the main window that need more than the engine: a dialog first, the clipboard, the browser. */
import { posix } from 'node:path';
import { callsAt, type AccountFields, type Caller, type Handlers } from '../../shared/api.ts';
import type { Link } from '../../shared/constants.ts';
import { AppError, fromErrorShape } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { EngineHandlers } from '../handlers.ts';
import type { Question } from './dialogs.ts';
import type { PromptDesk } from './prompt-desk.ts';

export interface Desktop {
  /** Asks in a dialog of the system. */
  readonly ask: (question: Question) => Promise<boolean>;
  readonly copy: (text: string) => Promise<void>;
  readonly openLink: (link: Link) => Promise<void>;
}

/** What the window can have done. The page may be anybody's by now: what could do harm is the user's to allow. */
export function windowHandlers(engine: EngineHandlers, desktop: Desktop): Handlers<'window'> {
  return {
    ...engine,
    addAccount: async ({ id, fields: given, adopt }, caller) => {
      // What is shown is what is added: no path that leads elsewhere than it seems to.
      const fields = withPlainPaths(given);
      const added = { id, fields, adopt, allowDefault: false };
      // First as a trial: a name that is none, or an account that is refused, comes up in no dialog.
      const trial = await engine.accountsAdd({ ...added, dryRun: true }, caller);
      await confirmAdding(trial.account, adopt, desktop);
      if (fields.pkcs11Lib) await confirmModule(engine, fields.pkcs11Lib, caller);
      const { account, warnings } = await engine.accountsAdd({ ...added, dryRun: false }, caller);
      return { account, warnings };
    },
    removeAccount: async ({ account: id }, caller) => {
      const { accounts } = await engine.accountsList({ accounts: [id] }, caller);
      const [account] = accounts;
      const question = {
        message: `Remove the account “${account?.label ?? id}”?`,
        details: [
          `Programs that use the AWS profile ${account?.awsProfile ?? id} get no credentials any more.`,
          'Its sections are taken out of your AWS files; everything else in them stays.',
        ],
        action: 'Remove',
      };
      if (!(await desktop.ask(question))) return { removed: false };
      await engine.accountsRemove({ accounts: [id] }, caller);
      return { removed: true };
    },
    copyCommand: async ({ account: id }, caller) => {
      const { accounts } = await engine.accountsList({ accounts: [id] }, caller);
      const command = `aws --profile ${accounts[0]?.awsProfile ?? id} sts get-caller-identity`;
      await desktop.copy(command);
      return { command };
    },
    openLink: async ({ link }) => {
      await desktop.openLink(link);
      return {};
    },
  };
}

/**
 * What the window gets while there is no engine: each call tries again to have one.
 * @param start what answers once there is one. @throws what is in the way.
 */
export function brokenHandlers(start: () => Promise<Handlers<'window'>>): Handlers<'window'> {
  const entries = callsAt('window').map((name) => [
    name,
    async (input: never, caller: Caller) => {
      const handlers = await start();
      // The handler's type is that of its own call; the union over all names is what the compiler cannot follow.
      return (handlers[name] as (input: never, caller: Caller) => Promise<unknown>)(input, caller);
    },
  ]);
  return Object.fromEntries(entries) as Handlers<'window'>;
}

/** The calls of the PIN window. */
export function pinHandlers(desk: PromptDesk): Handlers<'pin-window'> {
  return {
    currentPrompt: async () => ({ prompt: desk.current }),
    answerPrompt: async ({ id, answer }) => {
      await desk.answer(id, answer);
      return {};
    },
  };
}

async function confirmAdding(account: Account, adopt: boolean, desktop: Desktop): Promise<void> {
  const details = [
    ...whatIsSensitive(account),
    ...(adopt ? [`Section taken over: ${account.awsProfile}`] : []),
  ];
  if (details.length === 0) return;
  const agreed = await desktop.ask({
    message: `Add the account “${account.id}” with these?`,
    details: [...details, '', 'Go on only if you chose them yourself.'],
    action: 'Add account',
  });
  if (!agreed) throw new AppError('cancelled', { remedy: '' });
}

/**
 * Looks through the module, for which its path and SHA-256 are confirmed where it is not known.
 * @throws AppError `cancelled` where the user did not, and what keeps it from being loaded.
 */
async function confirmModule(engine: EngineHandlers, path: string, caller: Caller): Promise<void> {
  const { modules } = await engine.tokens({ pkcs11Lib: path, login: false }, caller);
  const error = modules.find((module) => module.error !== null)?.error ?? null;
  if (error === null) return;
  if (error.code === 'module-unconfirmed') throw new AppError('cancelled', { remedy: '' });
  throw fromErrorShape(error);
}

/** Files that are read, code that is loaded, and servers that requests go to. */
function whatIsSensitive({ keys, certificate, intermediates, pkcs11Lib, endpoint }: Account): string[] {
  const named: readonly (readonly [string, string | null])[] = [
    ...keys.map((key) => ['Key', key] as const),
    ['Certificate', certificate],
    ['Intermediate certificates', intermediates],
  ];
  return [
    ...named.flatMap(([what, text]) => (text === null || isPlainUri(text) ? [] : [`${what}: ${text}`])),
    ...(pkcs11Lib === null ? [] : [`PKCS#11 module: ${pkcs11Lib}`]),
    ...(endpoint === null ? [] : [`Requests go to: ${endpoint}`]),
  ];
}

/** A key on a token whose module Rolekey finds by itself. */
function isPlainUri(text: string): boolean {
  return /^pkcs11:/i.test(text) && !/module/i.test(text);
}

/** The fields with every absolute path in its shortest form. */
function withPlainPaths(fields: AccountFields): AccountFields {
  const plain = (text: string): string => (text.startsWith('/') ? posix.normalize(text) : text);
  const { keys, certificate, intermediates, pkcs11Lib } = fields;
  return {
    ...fields,
    ...(keys && { keys: keys.map(plain) }),
    ...(certificate && { certificate: plain(certificate) }),
    ...(intermediates && { intermediates: plain(intermediates) }),
    ...(pkcs11Lib && { pkcs11Lib: plain(pkcs11Lib) }),
  };
}
