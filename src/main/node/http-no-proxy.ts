/**
 * NO_PROXY: who is reached without the proxy. There is no standard; this is what curl takes, and the ports that the AWS
 * tools take beside it (curl manual, “NO_PROXY”; Python's and Go's proxy rules, which the AWS CLI and SDKs use).
 */
import { BlockList, isIP } from 'node:net';

/**
 * Whether an entry of the list names the address. Entries stand between commas or blanks: `*` for all; a domain, which
 * stands for its subdomains as well, with or without `.` or `*.` before it; an IP address, of version 6 in brackets or
 * without; a block of them (`10.0.0.0/8`); each but a block with a `:PORT` where only that port is meant. No name is
 * looked up: a host name is never in a block. What cannot be read names nobody.
 */
export function isExcepted({ protocol, hostname, port }: URL, list: string): boolean {
  const host = bare(hostname);
  const number = port === '' ? defaultPort(protocol) : port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry === '*' || names(parseEntry(entry), host, number));
}

interface Entry {
  readonly host: string;
  /** Null: any. */
  readonly port: string | null;
}

function parseEntry(entry: string): Entry {
  const whole = isIP(entry) === 6;
  const [, host = entry, port = null] = (whole ? null : /^(.*?)(?::(\d+))?$/.exec(entry)) ?? [];
  return { host: bare(host), port: port === null ? null : String(Number(port)) };
}

function names(entry: Entry, host: string, port: string): boolean {
  if (entry.port !== null && entry.port !== port) return false;
  if (isIP(host) !== 0) return holds(entry.host, host);
  const domain = entry.host.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** @param block an IP address, or a block of them; anything else holds none. */
function holds(block: string, address: string): boolean {
  const [network = '', length] = block.split('/');
  const family = isIP(network);
  if (family === 0 || family !== isIP(address)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const bits =
    length === undefined ? (family === 6 ? 128 : 32) : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (bits < 0 || bits > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(address, type);
}

/** Without the brackets of IPv6 and the dot that ends a full name. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function defaultPort(protocol: string): string {
  return protocol === 'https:' ? '443' : '80';
}
