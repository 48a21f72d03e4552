/** The calls of the main window that need more than the engine: a dialog first, the clipboard, the browser. */
import { callsAt, type AccountFields, type Caller, type Handlers } from '../../shared/api.ts';
import type { Link } from '../../shared/constants.ts';
import { AppError } from '../../shared/errors.ts';
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
    addAccount: async ({ id, fields, adopt }, caller) => {
      const details = [
        ...whatIsSensitive(fields),
        ...(adopt ? [`Section taken over: ${fields.awsProfile ?? id}`] : []),
      ];
      if (details.length > 0) {
        await agreed(desktop, {
          message: `Add the account “${id}” with these?`,
          details: [...details, '', 'Go on only if you chose them yourself.'],
          action: 'Add account',
        });
      }
      const added = { id, fields, adopt, allowDefault: false, dryRun: false };
      const { account, warnings } = await engine.accountsAdd(added, caller);
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

/** Files that are read, code that is loaded, and servers that requests go to. */
function whatIsSensitive(fields: AccountFields): string[] {
  const { keys = [], certificate, intermediates, pkcs11Lib, endpoint } = fields;
  const named: readonly (readonly [string, string | null | undefined])[] = [
    ...keys.map((key) => ['Key', key] as const),
    ['Certificate', certificate],
    ['Intermediate certificates', intermediates],
  ];
  const files = named.flatMap(([what, text]) => (text && !isPlainUri(text) ? [`${what}: ${text}`] : []));
  return [
    ...files,
    ...(pkcs11Lib ? [`PKCS#11 module: ${pkcs11Lib}`] : []),
    ...(endpoint ? [`Requests go to: ${endpoint}`] : []),
  ];
}

/** A key on a token whose module Rolekey finds by itself. */
function isPlainUri(text: string): boolean {
  return text.startsWith('pkcs11:') && !text.includes('module-');
}

async function agreed(desktop: Desktop, question: Question): Promise<void> {
  if (!(await desktop.ask(question))) throw new AppError('cancelled', { remedy: '' });
}
