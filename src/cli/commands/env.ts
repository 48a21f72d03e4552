/** `rolekey env`: the formats of `aws configure export-credentials`. */
import { AppError } from '../../shared/errors.ts';
import { cachedCredentials, type Served } from '../cached-credentials.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { processDocument } from './credential-process.ts';

/** The variables AWS SDKs and tools read. */
export function credentialVariables({ credentials, profileRegion }: Served): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_CREDENTIAL_EXPIRATION: credentials.expiration,
    ...(profileRegion === null ? {} : { AWS_REGION: profileRegion }),
  };
}

/** What needs no quoting in any of the shells; anything AWS issues is made of these. */
const plain = /^[A-Za-z0-9/+=_.:@-]*$/;

const formats: Readonly<Record<string, (served: Served) => string>> = {
  env: lines((name, value) => `export ${name}=${posixQuote(value)}`),
  'env-no-export': lines((name, value) => `${name}=${posixQuote(value)}`),
  fish: lines((name, value) => `set -gx ${name} ${fishQuote(value)}`),
  powershell: lines((name, value) => `$Env:${name}="${value.replace(/[`"$]/g, '`$&')}"`),
  'windows-cmd': lines((name, value) => `set ${name}=${cmdValue(value)}`),
  process: ({ credentials }) => `${processDocument(credentials)}\n`,
};

export const env: Work = async ({ words, flags }, terminal) => {
  const format = flags.text('format') ?? (terminal.json ? 'process' : 'env');
  const print = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (print === undefined) {
    throw new AppError('usage-invalid', {
      message: `--format takes ${Object.keys(formats).join(', ')}, not “${format}”.`,
    });
  }
  terminal.write(print(await cachedCredentials(String(words[0]), terminal)));
  return exitCodes.ok;
};

function lines(line: (name: string, value: string) => string): (served: Served) => string {
  return (given) =>
    Object.entries(credentialVariables(given))
      .map(([name, value]) => `${line(name, value)}\n`)
      .join('');
}

function posixQuote(value: string): string {
  return plain.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function fishQuote(value: string): string {
  return plain.test(value) ? value : `'${value.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

function cmdValue(value: string): string {
  if (plain.test(value)) return value;
  // cmd.exe has no quoting that survives every character; nothing AWS issues comes here.
  throw new AppError('response-invalid', {
    message: 'The credentials hold characters cmd.exe cannot carry.',
  });
}
