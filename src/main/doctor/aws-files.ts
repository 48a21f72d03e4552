/** Whether both AWS files can be read, and hold what the accounts need of them and nothing of ours beside. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { processCommand } from '../outlets/config-file.ts';
import type { ManagedSection } from '../outlets/managed-sections.ts';
import { failed, fine, problem, warning } from './finding.ts';

/** One of the files as it was found. */
export interface AwsFileFacts {
  readonly path: string;
  readonly exists: boolean;
  /** Why nothing can be said of what is in it; null where it could be read. */
  readonly error: AppError | null;
  /** Permission bits; null where there are none. */
  readonly mode: number | null;
  /** Those with our marker; empty where there is an error. */
  readonly sections: readonly ManagedSection[];
}

export interface AwsFilesFacts {
  readonly config: AwsFileFacts;
  readonly credentials: AwsFileFacts;
  /** All there are. */
  readonly accounts: readonly Account[];
  /** IDs of those that were asked about. */
  readonly asked: ReadonlySet<string>;
  /** IDs of those that serve credentials. */
  readonly serving: ReadonlySet<string>;
  /** Absolute path of the rolekey command, as it is written into the config file. */
  readonly cliPath: string;
}

const check = 'aws-files';

export function judgeAwsFiles(facts: AwsFilesFacts): Finding[] {
  const { config, credentials, accounts } = facts;
  return [
    ...[config, credentials].map(judgeFile),
    ...judgeMode(credentials),
    ...accounts.filter(({ id }) => facts.asked.has(id)).flatMap((account) => judgeAccount(account, facts)),
    ...[config, credentials].flatMap((file) => orphans(file, accounts)),
  ];
}

function judgeFile({ path, exists, error }: AwsFileFacts): Finding {
  if (error !== null) return failed(check, path, error);
  if (!exists) return fine(check, path, 'There is no such file yet.');
  return fine(check, path, 'It can be read, and the marks of Rolekey’s sections are whole.');
}

function judgeMode({ path, mode }: AwsFileFacts): Finding[] {
  if (mode === null || (mode & 0o077) === 0) return [];
  const octal = mode.toString(8).padStart(4, '0');
  return [
    warning(check, path, `Others than you may use this file (mode ${octal}).`, `Run: chmod 600 '${path}'.`),
  ];
}

function judgeAccount(account: Account, facts: AwsFilesFacts): Finding[] {
  switch (account.outlet) {
    case 'credential-process':
      return facts.config.error === null ? [judgeProcess(account, facts.config, facts.cliPath)] : [];
    case 'credentials-file': {
      if (facts.credentials.error !== null) return [];
      return [judgeCredentials(account, facts.credentials, facts.serving.has(account.id))];
    }
    case 'container-endpoint':
    case 'none':
      return [];
  }
}

function judgeProcess(
  { id, awsProfile }: Account,
  { path, sections }: AwsFileFacts,
  cliPath: string,
): Finding {
  const section = activeOf(id, sections);
  const again = `Write it again: rolekey accounts edit ${id}.`;
  if (section === undefined) {
    return problem(check, id, `The section of the AWS profile ${awsProfile} is not in ${path}.`, again);
  }
  if (section.profile !== awsProfile) {
    const message = `Its section in ${path} is that of the AWS profile ${section.profile}, not ${awsProfile}.`;
    return problem(check, id, message, again);
  }
  if (section.values.get('credential_process') !== processCommand(cliPath, id)) {
    const message = `The AWS profile ${awsProfile} in ${path} runs another command than this rolekey.`;
    return warning(check, id, message, again);
  }
  return fine(check, id, `The AWS profile ${awsProfile} is in ${path}.`);
}

function judgeCredentials(
  { id, awsProfile }: Account,
  { path, sections }: AwsFileFacts,
  serves: boolean,
): Finding {
  const section = activeOf(id, sections);
  if (serves && section === undefined) {
    const message = `It is connected, but its credentials are not in ${path}.`;
    return problem(check, id, message, `Write them again: rolekey connect ${id}.`);
  }
  if (!serves && section !== undefined) {
    const message = `It is not connected, but there are credentials of it in ${path}.`;
    return warning(check, id, message, `Take them away: rolekey disconnect ${id}.`);
  }
  if (!serves) return fine(check, id, `Nothing of it is in ${path}, as it is not connected.`);
  return fine(check, id, `The AWS profile ${awsProfile} is in ${path}.`);
}

function activeOf(id: string, sections: readonly ManagedSection[]): ManagedSection | undefined {
  return sections.find(({ accountId, active }) => active && accountId === id);
}

/** Sections with our marker whose account is gone. */
function orphans({ path, sections }: AwsFileFacts, accounts: readonly Account[]): Finding[] {
  const known = new Set(accounts.map(({ id }) => id));
  return sections
    .filter(({ accountId, active }) => active && !known.has(accountId))
    .map(({ accountId, profile }) =>
      warning(
        check,
        path,
        `The AWS profile ${profile} was written for the account ${accountId}, which there is no more.`,
        'Remove the section, or all of Rolekey’s with: rolekey cleanup.',
      ),
    );
}
