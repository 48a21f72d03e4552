/** Where CreateSession is sent, and the region its signature is scoped to. */
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { Partition } from './partition.ts';
import { quoted } from './quoted.ts';

/** What the agent's environment says of endpoints; an account's own fields come first. */
export interface EndpointEnvironment {
  /** AWS_ENDPOINT_URL_ROLESANYWHERE; null or empty: not set. */
  readonly rolesAnywhereUrl: string | null;
  /** AWS_USE_FIPS_ENDPOINT. */
  readonly useFips: boolean;
  /** AWS_USE_DUALSTACK_ENDPOINT. */
  readonly useDualstack: boolean;
}

/** What is in the environment variables named above; booleans as the AWS SDKs read them. */
export function endpointEnvironmentOf(
  env: Readonly<Record<string, string | undefined>>,
): EndpointEnvironment {
  const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === 'true';
  return {
    rolesAnywhereUrl: env.AWS_ENDPOINT_URL_ROLESANYWHERE ?? null,
    useFips: isTrue(env.AWS_USE_FIPS_ENDPOINT),
    useDualstack: isTrue(env.AWS_USE_DUALSTACK_ENDPOINT),
  };
}

export interface Endpoint {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  /** The Host header: with the port where it is not the scheme's own. */
  readonly host: string;
  /** The plain region, whatever the host is called. */
  readonly region: string;
  /** Whether an address of the user's replaced AWS's. */
  readonly overridden: boolean;
}

type EndpointFields = Pick<Account, 'region' | 'endpoint' | 'useFipsEndpoint' | 'useDualstackEndpoint'>;

/**
 * The account's own endpoint, else the environment's, else the partition's. An override is used as it stands: FIPS and
 * dual-stack choose among AWS's own addresses only.
 * @throws AppError `endpoint-insecure`; `account-invalid` for an override that is more or less than an address, and for
 * a choice the partition does not have.
 */
export function resolveEndpoint(
  fields: EndpointFields,
  partition: Partition,
  environment: EndpointEnvironment,
): Endpoint {
  const override = overrideOf(fields, environment);
  const url = override === null ? awsUrl(fields, partition, environment) : parseEndpointUrl(override);
  return { origin: url.origin, host: url.host, region: fields.region, overridden: override !== null };
}

/** The override that applies, or null. */
export function overrideOf(
  fields: Pick<Account, 'endpoint'>,
  environment: EndpointEnvironment,
): string | null {
  return fields.endpoint ?? (environment.rolesAnywhereUrl === '' ? null : environment.rolesAnywhereUrl);
}

/** Whether FIPS addresses are asked for, by the account or the environment. */
export function wantsFips(
  fields: Pick<Account, 'useFipsEndpoint'>,
  environment: EndpointEnvironment,
): boolean {
  return fields.useFipsEndpoint || environment.useFips;
}

/**
 * An address a user gave for an AWS service: https, or http on loopback; host and port and nothing else, since
 * credentials, query and path have no place in what is signed.
 * @throws AppError `endpoint-insecure`, `account-invalid`.
 */
export function parseEndpointUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new AppError('account-invalid', {
      // The text is not repeated: it may hold a password where it could not be taken apart.
      message: 'The endpoint is not an address such as https://HOST or https://HOST:PORT.',
      remedy: 'Correct the endpoint, or remove it to use AWS’s own.',
      cause,
    });
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new AppError('endpoint-insecure', {
      message: `The endpoint ${quoted(withoutSecrets(url))} is not https.`,
    });
  }
  const excess = excessOf(url, text);
  if (excess !== null) {
    throw new AppError('account-invalid', {
      message: `The endpoint ${quoted(withoutSecrets(url))} has ${excess}; it is an address only.`,
      remedy: 'Give scheme, host and, where needed, port: https://HOST:PORT.',
    });
  }
  return url;
}

/** 127.0.0.0/8, ::1 and the name `localhost`. @param hostname as `URL` normalises it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function awsUrl(fields: EndpointFields, partition: Partition, environment: EndpointEnvironment): URL {
  const fips = wantsFips(fields, environment);
  const dualstack = fields.useDualstackEndpoint || environment.useDualstack;
  if (fips && !partition.fips) throw noSuchEndpoint('FIPS', partition);
  const suffix = dualstack ? partition.dualstackSuffix : partition.suffix;
  if (suffix === null) throw noSuchEndpoint('dual-stack', partition);
  return new URL(`https://rolesanywhere${fips ? '-fips' : ''}.${fields.region}.${suffix}`);
}

function noSuchEndpoint(kind: string, partition: Partition): AppError {
  return new AppError('account-invalid', {
    message: `IAM Roles Anywhere has no ${kind} endpoint in partition ${partition.id}.`,
    remedy: `Turn ${kind} endpoints off for this account and in the environment, or name the endpoint itself.`,
  });
}

function excessOf(url: URL, text: string): string | null {
  if (url.username !== '' || url.password !== '') return 'a user name or password';
  // An empty query or fragment leaves no trace in a URL's fields.
  if (text.includes('?')) return 'a query';
  if (text.includes('#')) return 'a fragment';
  if (url.pathname !== '/') return `the path ${quoted(url.pathname)}`;
  return null;
}

function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}`;
}
