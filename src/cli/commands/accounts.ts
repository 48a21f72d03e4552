/** `rolekey accounts ...`. */
import type { AccountFields, CallOutput } from '../../shared/api.ts';
import { outlets, unsettableFields, type UnsettableField } from '../../shared/constants.ts';
import { AppError, isErrorCode } from '../../shared/errors.ts';
import type { Outlet } from '../../shared/model.ts';
import { aboutAccount } from '../about-account.ts';
import { mayStart, withAgent, type LinkOptions } from '../agent-link.ts';
import { confirmAtTerminal } from '../answer-prompts.ts';
import type { Flags, Terminal, Work } from '../command.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { absolutePath } from '../flag-values.ts';
import { commandLineOfStdin } from '../stdin.ts';
import { accountText, accountsTable, importText } from '../text.ts';

export const add: Work = async ({ words, flags }, terminal) => {
  const input = { id: String(words[0]), fields: fieldsOf(flags, terminal), ...writeOptionsOf(flags) };
  const output = await withAgent(terminal, changing(terminal), (agent) => agent.call('accountsAdd', input));
  return report(output, terminal, input.dryRun ? 'Would be added' : 'Added');
};

export const edit: Work = async ({ words, flags }, terminal) => {
  const input = {
    id: String(words[0]),
    fields: fieldsOf(flags, terminal),
    unset: flags.texts('unset').map(unsettable),
    ...writeOptionsOf(flags),
  };
  const { disconnected, ...output } = await aboutAccount(
    input.id,
    withAgent(terminal, changing(terminal), (agent) => agent.call('accountsEdit', input)),
  );
  if (disconnected) {
    terminal.say(`rolekey: ${input.id} was connected; its session no longer fits and was dropped.`);
  }
  return report(output, terminal, input.dryRun ? 'Would be changed' : 'Changed');
};

export const list: Work = async (_invocation, terminal) => {
  const { accounts, endpoints } = await listed(terminal, { start: mayStart(terminal) }, []);
  terminal.print({ accounts }, () => accountsTable(accounts, endpoints));
  return exitCodes.ok;
};

export const exportAccounts: Work = async ({ words }, terminal) => {
  const { accounts } = await listed(terminal, { start: mayStart(terminal) }, words);
  terminal.print({ accounts }, () => JSON.stringify({ version: 1, accounts }));
  return exitCodes.ok;
};

export const remove: Work = async ({ words, flags }, terminal) => {
  const accounts = [...new Set(words)];
  if (!flags.on('yes')) {
    if (!terminal.interactive) {
      throw new AppError('usage-invalid', {
        message: 'Removing accounts needs a yes, and there is no terminal to ask at.',
        remedy: 'Give --yes.',
      });
    }
    await listed(terminal, changing(terminal), accounts); // refuses what is unknown before anybody is asked
    if (!(await confirmAtTerminal(`Remove ${accounts.join(', ')} with what Rolekey wrote for it?`))) {
      throw new AppError('cancelled', { message: 'Nothing was removed.', remedy: '' });
    }
  }
  const output = await withAgent(terminal, changing(terminal), (agent) =>
    agent.call('accountsRemove', { accounts }),
  );
  terminal.print(output, () => `Removed: ${output.removed.join(', ')}`);
  return exitCodes.ok;
};

export const importAccounts: Work = async ({ words, flags }, terminal) => {
  const source = words[0];
  if (source !== undefined && source !== '-') {
    throw new AppError('usage-invalid', {
      message: `Unexpected argument '${source}'; “-” reads standard input.`,
    });
  }
  const profiles = flags.texts('from-profile');
  if ([source === '-', profiles.length > 0, flags.on('all')].filter(Boolean).length !== 1) {
    throw new AppError('usage-invalid', {
      message:
        'Say what to import: --from-profile PROFILE, --all, or “-” for a command line on standard input.',
    });
  }
  const configFile = flags.text('config-file');
  const from =
    source === '-'
      ? { commandLine: await commandLineOfStdin(), directory: terminal.directory }
      : {
          configFile: configFile === null ? null : absolutePath('config-file', configFile, terminal),
          profiles: flags.on('all') ? null : [...profiles],
        };
  const output = await withAgent(terminal, changing(terminal), (agent) =>
    agent.call('accountsImport', { from, id: flags.text('id'), dryRun: flags.on('dry-run') }),
  );
  terminal.print(output, () => importText(output, flags.on('dry-run')));
  const [skipped] = output.skipped;
  if (skipped === undefined || flags.on('all')) return exitCodes.ok;
  // What was asked for by name and is not there is a failure.
  if (!terminal.json) terminal.say(`rolekey: ${skipped.source}: ${skipped.message}`);
  return isErrorCode(skipped.code) ? exitCodeOf(skipped.code) : exitCodes.failed;
};

/** For what changes AWS files: it is meant for those this environment names. */
function changing(terminal: Terminal): LinkOptions {
  return { start: mayStart(terminal), sameFiles: true };
}

async function listed(
  terminal: Terminal,
  link: LinkOptions,
  ids: readonly string[],
): Promise<CallOutput<'accountsList'>> {
  return withAgent(terminal, link, (agent) =>
    agent.call('accountsList', ids.length === 0 ? {} : { accounts: [...ids] }),
  );
}

/** Flags as fields; paths become absolute, since the agent runs in another folder. */
function fieldsOf(flags: Flags, terminal: Terminal): AccountFields {
  const path = (name: string) => (text: string) => absolutePath(name, text, terminal);
  /** The case of a URI's scheme does not matter (RFC 3986, 3.1). */
  const pathOrUri = (name: string) => (text: string) =>
    /^(pkcs11|ssh-agent):/i.test(text) ? text : path(name)(text);
  const keys = flags.texts('private-key').map((text) => {
    refuseBareAttributes(text);
    return pathOrUri('private-key')(text);
  });
  return {
    ...field('roleArn', flags.text('role-arn')),
    ...field('profileArn', flags.text('profile-arn')),
    ...field('trustAnchorArn', flags.text('trust-anchor-arn')),
    ...(keys.length === 0 ? {} : { keys }),
    ...field('certificate', flags.text('certificate'), pathOrUri('certificate')),
    ...field('intermediates', flags.text('intermediates'), path('intermediates')),
    ...field('pkcs11Lib', flags.text('pkcs11-lib'), path('pkcs11-lib')),
    ...field('region', flags.text('region')),
    ...field('sessionDuration', flags.text('session-duration'), seconds),
    ...field('roleSessionName', flags.text('role-session-name')),
    ...field('label', flags.text('label')),
    ...field('group', flags.text('group')),
    ...field('awsProfile', flags.text('aws-profile')),
    ...field('profileRegion', flags.text('profile-region')),
    ...field('outlet', flags.text('outlet'), outlet),
    ...field('endpoint', flags.text('endpoint')),
    ...(flags.on('use-fips-endpoint') ? { useFipsEndpoint: true } : {}),
    ...(flags.on('use-dualstack-endpoint') ? { useDualstackEndpoint: true } : {}),
  };
}

/** `{name: value}`, or nothing where the flag was not given. */
function field<K extends keyof AccountFields, V extends AccountFields[K] = string & AccountFields[K]>(
  name: K,
  text: string | null,
  convert: (text: string) => V = (same) => same as V,
): Partial<Record<K, V>> {
  return (text === null ? {} : { [name]: convert(text) }) as Partial<Record<K, V>>;
}

function seconds(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new AppError('duration-range', { message: `--session-duration takes seconds, not “${text}”.` });
}

function outlet(text: string): Outlet {
  const known = outlets.find((name) => name === text);
  if (known !== undefined) return known;
  throw new AppError('account-invalid', { message: `--outlet takes ${outlets.join(', ')}, not “${text}”.` });
}

function writeOptionsOf(flags: Flags): { adopt: boolean; allowDefault: boolean; dryRun: boolean } {
  return { adopt: flags.on('adopt'), allowDefault: flags.on('allow-default'), dryRun: flags.on('dry-run') };
}

/** `--unset` takes a field by its flag's name or its own. @throws AppError `usage-invalid`, naming them as flags. */
function unsettable(name: string): UnsettableField {
  const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const field = unsettableFields.find((known) => known === camel);
  if (field !== undefined) return field;
  throw new AppError('usage-invalid', {
    message: `--unset takes one of ${unsettableFields.map(flagName).join(', ')}, not “${name}”.`,
  });
}

function flagName(field: UnsettableField): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function report(output: CallOutput<'accountsAdd'>, terminal: Terminal, verb: string): number {
  for (const { message } of output.warnings) terminal.say(`rolekey: ${message}`);
  terminal.print(
    output.diff === null ? { account: output.account } : { account: output.account, diff: output.diff },
    () => `${output.diff ?? ''}${verb}: ${accountText(output.account)}`,
  );
  return exitCodes.ok;
}

/** A PKCS#11 URI whose beginning was forgotten is no file's name. @throws AppError `usage-invalid`. */
function refuseBareAttributes(key: string): void {
  if (!/^(token|manufacturer|serial|model|object|id|type|slot-id|library-[a-z]+)=/.test(key)) return;
  throw new AppError('usage-invalid', {
    message: 'What --private-key names is neither a PKCS#11 URI, which begins with “pkcs11:”, nor a path.',
    remedy: 'Put pkcs11: before it, and the whole in quotes; a file of that name is ./NAME.',
  });
}
