/** `rolekey env`: the formats of `aws configure export-credentials`. */
import { surroundings } from '../../agent-client/surroundings.ts';
import { AppError } from '../../shared/errors.ts';
import { cachedCredentials, type Served } from '../cached-credentials.ts';
import type { Terminal, Work } from '../command.ts';
import { defaultInTheWay } from '../default-profile.ts';
import { lastingEndpoint } from '../endpoint-lease.ts';
import { exitCodes } from '../exit-codes.ts';
import { shellFormats, type ShellFormat } from '../shell-formats.ts';
import { processDocument } from './credential-process.ts';

/** The variables AWS SDKs and tools read. @throws AppError `response-invalid` where no environment carries one. */
export function credentialVariables({ credentials, profileRegion }: Served): Record<string, string> {
  const variables = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_CREDENTIAL_EXPIRATION: credentials.expiration,
    ...(profileRegion === null ? {} : { AWS_REGION: profileRegion }),
  };
  if (Object.values(variables).some((value) => value.includes('\0'))) {
    throw new AppError('response-invalid', { message: 'The credentials hold a NUL character.' });
  }
  return variables;
}

/** What SDKs would take before a container endpoint: fixed keys, a profile, a web identity. */
const before = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];

export const env: Work = async ({ words, flags }, terminal) => {
  const account = String(words[0]);
  const format = flags.text('format') ?? (terminal.json ? 'process' : 'env');
  const shell = Object.hasOwn(shellFormats, format) ? shellFormats[format] : undefined;
  if (shell === undefined && format !== 'process') {
    throw new AppError('usage-invalid', {
      message: `--format takes ${Object.keys(shellFormats).join(', ')}, process, not “${format}”.`,
    });
  }
  if (flags.on('refresh')) {
    if (shell === undefined) {
      throw new AppError('usage-invalid', { message: '--refresh is for a shell, not for --format process.' });
    }
    terminal.write(await endpointLines(account, shell, terminal));
  } else {
    const served = await cachedCredentials(account, terminal);
    const lines =
      shell === undefined
        ? [processDocument(served.credentials)]
        : setLines(shell, credentialVariables(served));
    terminal.write(text(lines));
  }
  return exitCodes.ok;
};

async function endpointLines(account: string, shell: ShellFormat, terminal: Terminal): Promise<string> {
  const inTheWay = defaultInTheWay(terminal.env, surroundings().home);
  if (inTheWay !== null) {
    // A shell whose AWS files were taken from it would be no use for anything else; one program can do without them.
    throw new AppError('usage-invalid', {
      message: `The AWS profile “default” in ${inTheWay.paths.join(' and ')} has credentials of its own, which programs take before those of a container endpoint.`,
      remedy: `Run one program with: rolekey exec ${account} --refresh -- CMD.`,
    });
  }
  const variables = await lastingEndpoint(account, terminal);
  return text([...before.map(shell.unset), ...setLines(shell, variables)]);
}

function setLines({ set }: ShellFormat, variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => set(name, value));
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
