/** Whether an endpoint answers, and if not, what is in the way. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import { failed, fine, problem } from './finding.ts';

/** One unauthenticated request: whatever was answered is a sign that the way is free. */
export type Reached =
  { readonly host: string; readonly status: number } | { readonly host: string; readonly error: AppError };

const check = 'network';

interface Row {
  /** Codes of Node, libuv and undici, as they stand in the error and its causes. */
  readonly codes: readonly string[];
  readonly message: (host: string) => string;
  readonly remedy: string;
}

/** From the particular to the general: the first of which a code is there counts. */
const rows: readonly Row[] = [
  {
    codes: ['UND_ERR_ABORTED', 'UND_ERR_PRX_TLS'],
    message: (host) => `The proxy of HTTPS_PROXY does not let ${host} be reached.`,
    remedy:
      'Ask whoever runs the proxy to allow this host, or set HTTPS_PROXY and NO_PROXY rightly and start the agent again.',
  },
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL'],
    message: (host) => `The name of ${host} cannot be resolved (DNS).`,
    remedy: 'Check the network connection, its DNS server, and the region or endpoint of the account.',
  },
  {
    codes: ['ECONNREFUSED'],
    message: (host) => `${host} refuses the connection.`,
    remedy: 'Check the endpoint of the account, HTTPS_PROXY, and the firewall.',
  },
  {
    codes: ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'],
    message: (host) => `There is no way to ${host}.`,
    remedy: 'Check the network connection and the VPN.',
  },
  {
    codes: ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT', 'TimeoutError', 'UND_ERR_HEADERS_TIMEOUT'],
    message: (host) => `${host} does not answer in time.`,
    remedy:
      'Check the network connection; where only a proxy leads out, set HTTPS_PROXY and start the agent again.',
  },
  {
    codes: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'],
    message: (host) => `${host}, or something before it, breaks the connection off.`,
    remedy: 'Check the firewall and the proxy.',
  },
  {
    codes: ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    message: (host) => `What answers at ${host} does not speak TLS.`,
    remedy: 'Check the endpoint of the account and HTTPS_PROXY.',
  },
];

export function judgeNetwork(reached: Reached): Finding {
  const { host } = reached;
  if (!('error' in reached)) return fine(check, host, `It answers (HTTP ${String(reached.status)}).`);
  const { error } = reached;
  if (error.code !== 'network-unreachable') return failed(check, host, error); // TLS says its own reason
  const codes = codesOf(error);
  const row = rows.find((each) => each.codes.some((code) => codes.includes(code)));
  return row === undefined ? failed(check, host, error) : problem(check, host, row.message(host), row.remedy);
}

/** Codes and names of an error and all its causes; of one that gathers several, those of each. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const gathered = error instanceof AggregateError ? error.errors.flatMap(codesOf) : [];
  return [...own, error.name, ...gathered, ...codesOf(error.cause)];
}
