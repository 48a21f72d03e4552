/** Accounts, keys and questions as a main side might answer them, for pages that are looked at alone. */

interface Times {
  readonly expiresAt: string;
  readonly renewAt: string;
}

export interface SampleState {
  readonly activity: string;
  readonly reason: string | null;
  readonly serving: Times | null;
  readonly retryAt: string | null;
  readonly error: unknown;
}

/** @param ms milliseconds since the epoch. */
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Of an hour, with so many minutes left. @param now milliseconds since the epoch. */
export function serving(now: number, minutesLeft: number): Times {
  const end = now + minutesLeft * 60_000 + 20_000;
  return { expiresAt: time(end), renewAt: time(end - 1_800_000) };
}

export function state(activity: string, rest: Partial<SampleState> = {}): SampleState {
  return { activity, reason: null, serving: null, retryAt: null, error: null, ...rest };
}

export function account(id: string, rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id,
    label: id,
    group: null,
    favourite: false,
    roleArn: 'arn:aws:iam::123456789012:role/developers/Developer',
    profileArn: 'arn:aws:rolesanywhere:eu-west-2:123456789012:profile/5f2c1d2e-0000-4000-8000-000000000001',
    trustAnchorArn:
      'arn:aws:rolesanywhere:eu-west-2:123456789012:trust-anchor/5f2c1d2e-0000-4000-8000-000000000002',
    region: 'eu-west-2',
    sessionDuration: 3600,
    roleSessionName: null,
    keys: ['pkcs11:token=Work;id=%01?module-path=/usr/lib/libykcs11.so'],
    certificate: null,
    intermediates: null,
    pkcs11Lib: null,
    awsProfile: id,
    profileRegion: null,
    outlet: 'credential-process',
    endpoint: null,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    source: { kind: 'local' },
    ...rest,
  };
}

/** The answers to `status` and `accountsList` for these accounts. */
export function accountAnswers(
  rows: readonly { readonly account: Record<string, unknown>; readonly state: SampleState }[],
  endpoints: Readonly<Record<string, string>> = {},
): Record<'status' | 'accountsList', unknown> {
  const agent = {
    ...{ pid: 4242, version: '0.1.0', protocol: 1, startedAt: '2026-11-24T08:00:00Z', mode: 'app' },
    ...{ credentialsFile: '/home/ada/.aws/credentials', configFile: '/home/ada/.aws/config' },
  };
  const accounts = rows.map(({ account: { id, label, awsProfile, outlet, keys }, state: current }) => ({
    ...{ account: id, label, awsProfile, outlet, state: current, assumedRoleArn: null },
    key: { uri: (keys as string[])[0], token: 'Work', serial: '1234', hardware: true },
  }));
  return {
    status: { result: { agent, accounts, endpoints } },
    accountsList: { result: { accounts: rows.map((row) => row.account), endpoints } },
  };
}

const certificate = {
  sha256: 'ab'.repeat(32),
  subject: 'CN=ada.laptop,O=Example',
  issuer: 'CN=Example Device CA',
  serial: '4711',
  notBefore: '2026-01-01T00:00:00Z',
  notAfter: '2027-03-03T00:00:00Z',
};

/** One token with a key that can be used and one that cannot, and a module that failed. */
export const tokens = {
  modules: [
    { path: '/usr/lib/libykcs11.so', description: 'YubiKey', ok: true, error: null },
    {
      path: '/usr/lib/libother.so',
      description: '',
      ok: false,
      error: {
        ...{ code: 'token-failed', message: 'The token or its module did not answer as it should.' },
        ...{ remedy: 'Unplug the token, plug it in again and connect.', requestId: null },
      },
    },
  ],
  tokens: [
    {
      ...{ module: '/usr/lib/libykcs11.so', label: 'Work', manufacturer: 'Yubico', model: 'YubiKey 5' },
      ...{ serial: '1234', firmware: '5.7', kind: 'yubikey', hardware: true },
      pin: { state: 'ok', triesLeft: 3 },
      keys: [
        {
          ...{ uri: 'pkcs11:token=Work;id=%02', id: '02', label: 'Signing', type: 'RSA', size: '2048' },
          ...{ touch: 'never', alwaysAuthenticate: false, certificate: null, usable: false },
          problems: [{ code: 'cert-missing', message: 'There is no certificate for this key.' }],
        },
        {
          ...{
            uri: 'pkcs11:token=Work;id=%01',
            id: '01',
            label: 'Authentication',
            type: 'EC',
            size: 'P-256',
          },
          ...{ touch: 'cached', alwaysAuthenticate: false, certificate, usable: true, problems: [] },
        },
      ],
    },
  ],
};

export function pinPrompt(rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    ...{ id: 'q1', kind: 'pin', token: { label: 'Work', serial: '1234' }, accounts: ['Production'] },
    ...{
      askedBy: 'the Rolekey window',
      triesLeft: 3,
      finalTry: false,
      previous: null,
      mayRemember: true,
      ...rest,
    },
  };
}
