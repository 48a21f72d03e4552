/**
 * Where a partition's console is, and who signs in to it: the federation endpoint (IAM user guide, “Enable custom identity
 * broker access to the AWS console”; hosts as AWS's own command line has them, 2026).
 */
import { AppError } from '../../shared/errors.ts';
import { parseEndpointUrl } from '../roles-anywhere/endpoint.ts';

export interface SignInAddress {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  /**
   * How credentials are sent there. AWS documents GET alone, with them in the address; it takes POST, with them in the
   * body, where its own toolkits use that.
   */
  readonly method: 'GET' | 'POST';
  /** The console's host without a region: `REGION.` may stand before it. */
  readonly console: string;
}

type Row = (region: string) => SignInAddress;

const rows: Readonly<Record<string, Row>> = {
  aws: () => ({
    origin: 'https://signin.aws.amazon.com',
    method: 'POST',
    console: 'console.aws.amazon.com',
  }),
  'aws-cn': () => ({
    origin: 'https://signin.amazonaws.cn',
    method: 'POST',
    console: 'console.amazonaws.cn',
  }),
  // AWS's toolkit for JetBrains has a note that GovCloud takes no POST yet; of the sovereign cloud nothing is known.
  'aws-us-gov': () => ({
    origin: 'https://signin.amazonaws-us-gov.com',
    method: 'GET',
    console: 'console.amazonaws-us-gov.com',
  }),
  'aws-eusc': (region) => ({
    origin: `https://${region}.signin.amazonaws-eusc.eu`,
    method: 'GET',
    console: 'console.amazonaws-eusc.eu',
  }),
};

/**
 * @param override AWS_ENDPOINT_URL_SIGNIN; null or empty: AWS's own.
 * @throws AppError `account-invalid` for a partition whose console has no public address; what `parseEndpointUrl` throws.
 */
export function signInAddress(partition: string, region: string, override: string | null): SignInAddress {
  const row = Object.hasOwn(rows, partition) ? rows[partition] : undefined;
  if (row === undefined) {
    throw new AppError('account-invalid', {
      message: `AWS has made public no address to sign in to the console of partition ${partition}.`,
      remedy: 'Sign in to that console as its administrators say.',
    });
  }
  const address = row(region);
  return override === null || override === ''
    ? address
    : { ...address, origin: parseEndpointUrl(override).origin };
}

/**
 * The page of the console to land on.
 * @param wanted the name of a service (`ec2`), or an address of this partition's console; null: the console's home.
 * @throws AppError `usage-invalid` for anything else: a token must not be handed to another host.
 */
export function destinationUrl(wanted: string | null, { console }: SignInAddress, region: string): string {
  const base = `https://${region}.${console}`;
  if (wanted === null) return `${base}/console/home?region=${region}`;
  if (/^[a-z][a-z0-9-]{0,62}$/.test(wanted)) return `${base}/go/view?service=${wanted}&region=${region}`;
  const url = URL.canParse(wanted) ? new URL(wanted) : null;
  const isConsole =
    url?.protocol === 'https:' &&
    url.username + url.password + url.port === '' &&
    /^([a-z0-9-]+\.)*$/.test(url.hostname.slice(0, -console.length)) &&
    url.hostname.endsWith(console);
  if (isConsole) return url.href;
  throw new AppError('usage-invalid', {
    message: `--destination takes the name of a service, such as ec2, or an address at https://${console}.`,
  });
}
