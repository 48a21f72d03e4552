/**
 * A small signer and sender of CreateSession requests, to put the server itself to the test. It shares no code with the
 * server or the product, sends exactly the headers it is told to, and lets every part be replaced by a wrong one.
 */
import { createHash, createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Device {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM of the issuers, the certificate's own first. */
  readonly chain?: readonly string[];
}

export type EqualsSign = 'once' | 'twice' | 'twice-sent';

export interface Draft {
  readonly device: Device;
  /** `host:port` or `host`. */
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly region: string;
  readonly method?: string;
  readonly path?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sent and signed besides the required ones. */
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** Not sent at all. */
  readonly withoutHeader?: string;
  /** Sent but not signed. */
  readonly unsigned?: readonly string[];
  /** `once` is the way of aws_signing_helper and the SDKs, `twice` the guide's; `twice-sent`: and sent as it is signed. */
  readonly equalsSign?: EqualsSign;
  readonly algorithm?: string;
  readonly serial?: string;
  /** Overrides of the credential scope. */
  readonly scope?: { readonly date?: string; readonly region?: string; readonly service?: string };
  readonly amzDate?: string;
  readonly digest?: string;
}

export interface SignedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of a header that is sent a second time, with the same value. */
  readonly twice?: string;
  readonly body: string | Buffer;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface SessionReply {
  readonly credentialSet: readonly {
    readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
    readonly credentials: {
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly expiration: string;
    };
    readonly packedPolicySize: number;
    readonly roleArn: string;
    readonly sourceIdentity: string;
  }[];
  readonly subjectArn: string;
}

export const amzDateOf = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 19)}Z`.replace(/[-:]/g, '');

const hex256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const base64Of = (pem: string): string => new X509Certificate(pem).raw.toString('base64');
const percent = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_.~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

/** The query as it is sent and, where it differs, as it is signed. */
function queries(parameters: Readonly<Record<string, string>>, equalsSign: EqualsSign) {
  const pairs = Object.entries(parameters)
    .map(([name, value]) => [percent(name), percent(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const join = (equals: string): string =>
    pairs.map(([name, value]) => `${name}=${value.replaceAll('%3D', equals)}`).join('&');
  return {
    sent: join(equalsSign === 'twice-sent' ? '%253D' : '%3D'),
    signed: join(equalsSign === 'once' ? '%3D' : '%253D'),
  };
}

/** Signs a draft as the IAM Roles Anywhere user guide describes. */
export function signRequest(draft: Draft): SignedRequest {
  const {
    device,
    method = 'POST',
    path = '/sessions',
    parameters = {},
    body = '{"durationSeconds":3600}',
  } = draft;
  const key = createPrivateKey(device.privateKey);
  const amzDate = draft.amzDate ?? amzDateOf(draft.time);
  const headers: Record<string, string> = {
    Host: draft.host,
    'Content-Type': 'application/json',
    'X-Amz-Date': amzDate,
    'X-Amz-X509': base64Of(device.certificate),
    ...(device.chain === undefined ? {} : { 'X-Amz-X509-Chain': device.chain.map(base64Of).join(',') }),
    ...draft.extraHeaders,
  };
  if (draft.withoutHeader !== undefined) Reflect.deleteProperty(headers, draft.withoutHeader);
  const query = queries(parameters, draft.equalsSign ?? 'once');
  const toSign = Object.entries(headers)
    .filter(([name]) => draft.unsigned?.includes(name) !== true)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = toSign.map(([name]) => name).join(';');
  const canonicalHeaders = toSign.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = `${method}\n${path}\n${query.signed}\n${canonicalHeaders}\n${signedHeaders}\n${hex256(body)}`;
  const { date = amzDate.slice(0, 8), region = draft.region, service = 'rolesanywhere' } = draft.scope ?? {};
  const scope = `${date}/${region}/${service}/aws4_request`;
  const algorithm = draft.algorithm ?? algorithmOf(key);
  const text = `${algorithm}\n${amzDate}\n${scope}\n${hex256(canonical)}`;
  const signature = sign(draft.digest ?? 'sha256', Buffer.from(text), key).toString('hex');
  const serial =
    draft.serial ?? BigInt(`0x${new X509Certificate(device.certificate).serialNumber}`).toString();
  return {
    method,
    target: query.sent === '' ? path : `${path}?${query.sent}`,
    headers: {
      ...headers,
      Authorization: `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    },
    body,
  };
}

const algorithmOf = (key: KeyObject): string =>
  key.asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256';

/** Sends a request as it is; nothing is added but Content-Length and Connection. Redirects are not followed. */
export async function send(url: string, request: SignedRequest, ca?: string): Promise<Reply> {
  const { protocol, hostname, port } = new URL(url);
  const { method, target: path, twice, body } = request;
  const names = Object.keys(request.headers);
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    name === twice ? [name, value, name, value] : [name, value],
  );
  if (!names.some((name) => name.toLowerCase() === 'content-length')) {
    headers.push('Content-Length', String(Buffer.byteLength(body)));
  }
  const options = {
    hostname,
    port,
    method,
    path,
    headers, // in pairs, for an object could not hold a name twice
    setHost: false,
    agent: false,
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = (protocol === 'https:' ? httpsRequest : httpRequest)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
