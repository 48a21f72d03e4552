/** `npm run roles-anywhere-server`: the server as a program. */
import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeTlsIdentity } from '../pki/tls.ts';
import { readAccountConfig } from './account-config.ts';
import { openAccount, type Account } from './account.ts';
import { startServer, type RequestRecord } from './server.ts';

const help = `A strict stand-in for IAM Roles Anywhere and for STS GetCallerIdentity, on 127.0.0.1.

  roles-anywhere-server --trust-anchor FILE [--port N] [--account-config FILE] [--crl FILE]... [--tls DIR] [--skew N]

  --trust-anchor FILE    PEM of the CA that clients' certificates chain to
  --account-config FILE  the trust anchors, profiles and roles that exist (JSON); without it any ARNs that agree are known
  --crl FILE             PEM of a revocation list, where there is no --account-config; may be repeated
  --port N               0, the default, picks one
  --tls DIR              serve https; a CA and a server certificate are made in DIR
  --skew N               how many seconds a client's clock may be wrong (300)

The first line on stdout is the URL; with --tls the second names the CA file. Then one line per request.
`;

class UsageError extends Error {}

interface Settings {
  readonly account: Account;
  readonly port: number;
  readonly tlsDirectory: string | null;
  readonly skewSeconds: number;
}

/** @returns null where help was asked for. @throws UsageError */
function readArguments(args: string[]): Settings | null {
  const { values } = parse(args);
  if (values.help === true) return null;
  return {
    account: readAccount(values['trust-anchor'] ?? null, values['account-config'] ?? null, values.crl ?? []),
    port: wholeNumber('--port', values.port ?? '0', 65_535),
    tlsDirectory: values.tls ?? null,
    skewSeconds: wholeNumber('--skew', values.skew ?? '300', 86_400),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        'trust-anchor': { type: 'string' },
        'account-config': { type: 'string' },
        crl: { type: 'string', multiple: true },
        port: { type: 'string' },
        tls: { type: 'string' },
        skew: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function readAccount(trustAnchor: string | null, config: string | null, crls: readonly string[]): Account {
  if (config !== null && crls.length > 0)
    throw new UsageError('--crl belongs into the --account-config file');
  if (config === null && trustAnchor === null) throw new UsageError('--trust-anchor FILE is needed');
  try {
    if (config !== null) return readAccountConfig(config, trustAnchor);
    return openAccount(
      readFileSync(trustAnchor!, 'utf8'),
      crls.map((file) => readFileSync(file, 'utf8')),
    );
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > max) {
    throw new UsageError(`${flag} must be a whole number from 0 to ${String(max)}`);
  }
  return Number(text);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function logLine(record: RequestRecord): string {
  const { time, method, path, status, verdict, reason, detail, faults, roleArn, assumedRoleArn } = record;
  const parts = [
    time,
    method,
    path,
    status ?? 'no answer',
    verdict,
    reason,
    detail,
    assumedRoleArn ?? roleArn,
  ];
  if (faults.length > 0) parts.push(`faults: ${faults.join(' ')}`);
  return parts.filter((part) => part !== null).join(' ');
}

async function main(): Promise<void> {
  const settings = readArguments(process.argv.slice(2));
  if (settings === null) {
    process.stdout.write(help);
    return;
  }
  const { tlsDirectory, ...options } = settings;
  if (tlsDirectory !== null) mkdirSync(tlsDirectory, { recursive: true });
  const tls = tlsDirectory === null ? null : makeTlsIdentity(tlsDirectory);
  const server = await startServer({
    ...options,
    ...(tls === null ? {} : { tls }),
    onRequest: (record) => console.log(logLine(record)),
  });
  console.log(server.url);
  if (tls !== null) console.log(`CA file: ${tls.caFile}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.close());
  }
}

main().catch((error: unknown) => {
  console.error(`roles-anywhere-server: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
