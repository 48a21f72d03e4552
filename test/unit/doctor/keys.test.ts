/** The checks of reader service, modules, tokens, keys, PINs and certificates. */
import { describe, expect, it } from 'vitest';
import { examineKeys, type KeyOptions } from '../../../src/main/doctor/examine-keys.ts';
import { judgeKey, type FoundKey, type KeyFacts } from '../../../src/main/doctor/key.ts';
import { judgeModules } from '../../../src/main/doctor/modules.ts';
import type { Need } from '../../../src/main/doctor/need.ts';
import { judgePin, judgePolicy } from '../../../src/main/doctor/pin.ts';
import { judgeReader } from '../../../src/main/doctor/reader.ts';
import { needsReader } from '../../../src/main/tokens/reader-trouble.ts';
import type { ReaderServiceState } from '../../../src/main/ports.ts';
import type { LintFinding } from '../../../src/main/roles-anywhere/certificate-lint.ts';
import type { Finding } from '../../../src/shared/api.ts';
import { AppError, toErrorShape, type ErrorCode } from '../../../src/shared/errors.ts';
import type { Account, ModuleInfo, TokenInfo, Tokens } from '../../../src/shared/model.ts';
import { oddCertificate } from '../roles-anywhere/odd-certificate.ts';
import { account as accountOf } from './facts.ts';

const shortOf = (findings: readonly Finding[]): string[] =>
  findings.map(({ check, status }) => `${status} ${check}`);

const laptop = {
  uri: 'pkcs11:token=laptop',
  token: { label: 'laptop', serial: '1' },
  hardware: true,
  touch: 'never',
  alwaysAuthenticate: false,
} as const;

const certificate = { subject: 'CN=x', notAfter: Date.UTC(2027, 0, 1) };

describe('a key', () => {
  const found = (fields: Partial<FoundKey> = {}): KeyFacts => ({
    key: laptop,
    certificate,
    lint: [],
    token: null,
    ...fields,
  });
  const fault = (severity: LintFinding['severity']): LintFinding => ({
    ...{ code: 'cert-x', severity, message: 'It is odd.', remedy: 'Mend it.' },
  });
  const short = (facts: KeyFacts): string[] => shortOf(judgeKey('dev', facts));

  it.each<[ErrorCode, string]>([
    ['token-absent', 'warning token'],
    ['ssh-agent-missing', 'warning token'],
    ['ssh-key-missing', 'warning token'],
    ['pin-needed', 'warning token'],
    ['key-unknown', 'problem token'],
    ['key-ambiguous', 'problem token'],
    ['key-unsupported', 'problem token'],
    ['module-missing', 'problem token'],
    ['module-unconfirmed', 'problem token'],
    ['module-unsafe', 'problem token'],
    ['token-failed', 'problem token'],
    ['file-unreadable', 'problem token'],
    ['cert-missing', 'problem certificate'],
    ['cert-unreadable', 'problem certificate'],
    ['cert-key-mismatch', 'problem certificate'],
  ])('that is not found for %s is a %s', (code, expected) => {
    expect(short({ error: new AppError(code), readerIsDown: false })).toEqual([expected]);
  });

  it('behind a service that does not answer is not to be blamed, nor unplugged', () => {
    const [finding] = judgeKey('dev', { error: new AppError('token-failed'), readerIsDown: true });
    expect(finding).toMatchObject({ status: 'warning' });
    expect(finding!.remedy).toMatch(/Mend the service first/);
    expect(finding!.message).toMatch(/smart card service/);
  });

  it.each([
    ['problem', ['ok token', 'problem certificate']],
    ['warning', ['ok token', 'warning certificate']],
    ['hint', ['ok token', 'ok certificate', 'ok certificate']],
  ] as const)('whose certificate has a %s is there, and told what to do', (severity, expected) => {
    const findings = judgeKey('dev', found({ lint: [fault(severity)] }));
    expect(shortOf(findings)).toEqual(expected);
    expect(findings.at(-1)).toMatchObject({ message: 'It is odd.', remedy: 'Mend it.' });
  });

  it('with a certificate that fits says what only AWS can tell', () => {
    expect(short(found())).toEqual(['ok token', 'ok certificate']);
    expect(judgeKey('dev', found())[1]!.message).toMatch(/until 2027-01-01; .*trust anchor only AWS/);
  });

  it.each([
    [laptop, 'Its key is on the token laptop.'],
    [{ ...laptop, hardware: false }, 'Its key is on the token laptop (not hardware).'],
    [
      { ...laptop, token: null, uri: '/k.pem', hardware: false },
      'Its key is in the file /k.pem (not hardware).',
    ],
    [
      { ...laptop, token: null, uri: 'ssh-agent:SHA256:x', hardware: false },
      'Its key is in the ssh-agent (ssh-agent:SHA256:x) (not hardware).',
    ],
  ])('is said to be where it is: %#', (key, message) => {
    expect(judgeKey('dev', found({ key }))[0]!.message).toBe(message);
  });

  it('on a token whose PIN is locked is a problem of the PIN', () => {
    const token = { kind: 'yubikey', label: 'laptop', pin: { state: 'locked', triesLeft: 0 } } as const;
    expect(short(found({ token }))).toEqual(['ok token', 'problem pin', 'ok certificate']);
  });
});

describe('a PIN', () => {
  const judged = (kind: TokenInfo['kind'], state: TokenInfo['pin']['state'], triesLeft: number | null) =>
    judgePin('dev', { kind, label: 'laptop', pin: { state, triesLeft } });

  it.each([
    ['ok', null],
    ['ok', 3],
    ['unknown', null],
  ] as const)('that is %s is no news', (state, tries) => {
    expect(judged('yubikey', state, tries)).toEqual([]);
  });

  it.each([
    ['yubikey', 'locked', 0, 'problem', /is locked/, /PUK/],
    ['tpm', 'locked', 0, 'problem', /is locked/, /dictionarylockout/],
    ['softhsm', 'locked', 0, 'problem', /is locked/, /SO PIN/],
    ['other', 'locked', 0, 'problem', /is locked/, /PUK or the tool/],
    ['yubikey', 'final', 1, 'warning', /^One try/, /Be sure/],
    ['yubikey', 'low', 2, 'warning', /^2 tries/, /gives all tries back/],
    ['other', 'low', null, 'warning', /^Few tries/, /gives all tries back/],
  ] as const)('of a %s that is %s (%s left) is a %s', (kind, state, left, status, message, remedy) => {
    const [finding] = judged(kind, state, left);
    expect(finding).toMatchObject({ check: 'pin', status, subject: 'dev' });
    expect(finding!.message).toMatch(message);
    expect(finding!.remedy).toMatch(remedy);
  });
});

it.each([
  ['never', false, []],
  ['unknown', false, []],
  ['always', false, ['ok touch']],
  ['cached', false, ['ok touch']],
  ['never', true, ['ok pin']],
  ['always', true, ['ok touch', 'ok pin']],
] as const)('of a key with touch %s and PIN always %s it tells %j', (touch, alwaysAuthenticate, expected) => {
  expect(shortOf(judgePolicy('dev', { touch, alwaysAuthenticate }))).toEqual(expected);
});

describe('the service of readers', () => {
  const path = '/run/pcscd/pcscd.comm';
  const judged = (state: ReaderServiceState, need: Need = 'missed', overSsh = false) =>
    judgeReader({ state, need, overSsh, user: 'jo' });

  it('that is a part of the system is not told of', () => {
    expect(judged({ kind: 'built-in' })).toEqual([]);
  });

  it('that answers is all right', () => {
    expect(judged({ kind: 'answers', path, version: '4.4' })).toMatchObject([
      { status: 'ok', subject: path },
    ]);
  });

  const wrongs: [ReaderServiceState, RegExp, RegExp][] = [
    [
      { kind: 'missing', path, installed: false },
      /not installed/,
      /apt install pcscd.*enable --now pcscd\.socket/,
    ],
    [{ kind: 'missing', path, installed: true }, /does not run/, /^Start it.*enable --now pcscd\.socket/],
    [{ kind: 'refused', path }, /nobody listens/, /restart pcscd\.socket/],
    [{ kind: 'forbidden', path }, /may not open/, /permissions of \/run\/pcscd\/pcscd\.comm/],
    [{ kind: 'closed', path }, /\(polkit\)/, /access_.*subject\.user == "jo"/],
    [{ kind: 'silent', path }, /hangs/, /restart pcscd\.service/],
    [{ kind: 'odd', path }, /is not the smart card service/, /PCSCLITE_CSOCK_NAME/],
  ];
  it.each(wrongs)('%j is told, with what to do', (state, message, remedy) => {
    const [finding] = judged(state);
    expect(finding).toMatchObject({ check: 'reader', status: 'problem', subject: path });
    expect(finding!.message).toMatch(message);
    expect(finding!.remedy).toMatch(remedy);
    expect(judged(state, 'maybe')).toMatchObject([{ status: 'warning' }]);
    const [calm] = judged(state, 'none');
    expect(calm).toMatchObject({ status: 'ok', remedy: null });
    expect(calm!.message).toMatch(/No account needs it\.$/);
  });

  it('that turns one away says the more over ssh', () => {
    expect(judged({ kind: 'closed', path }, 'missed', true)[0]!.message).toMatch(/over ssh/);
    expect(judged({ kind: 'closed', path })[0]!.message).not.toMatch(/over ssh/);
  });

  it.each([
    ['/usr/lib/x86_64-linux-gnu/libykcs11.so', true],
    ['/usr/lib/x86_64-linux-gnu/libykcs11.so.2', true],
    ['/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so', true],
    ['/usr/lib/softhsm/libsofthsm2.so', false],
    ['/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so', false],
    ['/opt/opensc/libother.so', false],
    ['/opt/homebrew/lib/libykcs11.2.dylib', true],
  ])('is what %s needs: %s', (module, needs) => {
    expect(needsReader(module)).toBe(needs);
  });
});

const ykcs11 = '/usr/lib/x86_64-linux-gnu/libykcs11.so';
const softhsm = '/usr/lib/softhsm/libsofthsm2.so';
const tpm = '/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so';

function loaded(path: string): ModuleInfo {
  return { path, description: 'A module', ok: true, error: null };
}

function broken(path: string, code: ErrorCode): ModuleInfo {
  return { path, description: '', ok: false, error: toErrorShape(new AppError(code)) };
}

describe('modules', () => {
  const judged = (modules: ModuleInfo[], need: Need, readerIsDown = false) =>
    judgeModules({ platform: 'linux', modules, tokens: [], need: () => need, readerIsDown });

  it.each([
    ['missed', ['problem module']],
    ['maybe', ['warning module']],
    ['none', []],
  ] as const)('of which there is none, where a key is %s: %j', (need, expected) => {
    expect(shortOf(judged([], need))).toEqual(expected);
  });

  it.each(['linux', 'darwin', 'win32'] as const)(
    'of which there is none: what to install on %s',
    (platform) => {
      const [finding] = judgeModules({
        ...{ platform, modules: [], tokens: [], need: () => 'maybe', readerIsDown: false },
      });
      expect(finding!.remedy).toMatch(/YubiKey/);
    },
  );

  it.each<[ErrorCode, Need, string[]]>([
    ['token-failed', 'missed', ['problem module']],
    ['token-failed', 'maybe', ['warning module']],
    ['token-failed', 'none', ['ok module']],
    ['module-unsafe', 'none', ['warning module']],
    ['tpm-access', 'maybe', ['warning module']],
    ['tpm-store-missing', 'maybe', ['ok module']],
    ['tpm-store-missing', 'missed', ['problem module']],
    ['tpm-missing', 'maybe', ['ok module']],
    ['platform-unsupported', 'maybe', ['ok module']],
    ['module-not-pkcs11', 'none', ['warning module']],
    ['module-unconfirmed', 'missed', ['problem module']],
  ])('one that fails for %s, where a key is %s: %j', (code, need, expected) => {
    expect(shortOf(judged([broken(softhsm, code)], need))).toEqual(expected);
  });

  it('one without its reader service is told of as that', () => {
    expect(judged([broken(ykcs11, 'token-failed')], 'missed', true)).toEqual([]);
    expect(shortOf(judged([broken(ykcs11, 'module-unsafe')], 'missed', true))).toEqual(['problem module']);
    expect(shortOf(judged([broken(softhsm, 'token-failed')], 'missed', true))).toEqual(['problem module']);
  });

  it('that are loaded name their tokens', () => {
    const tokens = [
      { module: softhsm, label: 'laptop', serial: '1' },
      { module: ykcs11, label: '', serial: '7' },
    ];
    const findings = judgeModules({
      ...{ platform: 'linux', modules: [loaded(ykcs11), loaded(softhsm), loaded(tpm)], tokens },
      ...{ need: () => 'none', readerIsDown: false },
    });
    expect(findings.map(({ message }) => message)).toEqual([
      'Loaded (A module); tokens: 7.',
      'Loaded (A module); tokens: laptop.',
      'Loaded (A module); it shows no further token.',
    ]);
  });
});

describe('what is looked at', () => {
  const probed = { kind: 'missing', path: '/run/pcscd/pcscd.comm', installed: true } as const;
  const whole: Tokens = {
    modules: [broken(ykcs11, 'token-failed'), loaded(softhsm), broken(tpm, 'token-failed')],
    tokens: [],
  };
  const asked: (string | null)[] = [];
  const options = (change: Partial<KeyOptions> = {}): KeyOptions => ({
    findSigner: () => Promise.reject(new AppError('token-absent')),
    listTokens: (lib) => {
      asked.push(lib);
      return lib === null ? Promise.resolve(whole) : Promise.reject(new AppError('module-unconfirmed'));
    },
    awsTime: () => Date.now(),
    readerService: { probe: () => Promise.resolve(probed) },
    platform: 'linux',
    overSsh: false,
    user: null,
    ...change,
  });
  const examine = async (accounts: Account[], isWhole: boolean, change: Partial<KeyOptions> = {}) => {
    asked.length = 0;
    const findings = await examineKeys(options(change), accounts, isWhole);
    return findings.map(({ status, check, subject }) => `${status} ${check} ${subject.split('/').at(-1)!}`);
  };
  const withKey = (key: string): Account => accountOf('dev', { keys: [key] });

  it('without accounts warns of what would show no key', async () => {
    expect(await examine([], true)).toEqual([
      'warning reader pcscd.comm',
      'ok module libsofthsm2.so',
      'warning module libtpm2_pkcs11.so',
    ]);
  });

  it.each([
    ['pkcs11:token=YubiKey%20PIV%20%2312', 'problem', 'ok'],
    ['pkcs11:token=laptop;manufacturer=SoftHSM%20project', 'ok', 'ok'],
    ['pkcs11:token=laptop', 'warning', 'warning'],
    ['pkcs11:token=laptop;manufacturer=IFX', 'ok', 'problem'],
  ])('for a missed key %s: reader %s, TPM %s', async (key, reader, tpmStatus) => {
    const findings = await examine([withKey(key)], true);
    expect(findings).toContain(`${reader} reader pcscd.comm`);
    expect(findings).toContain(`${tpmStatus} module libtpm2_pkcs11.so`);
  });

  it('for a missed key of a module that is named, that module', async () => {
    const findings = await examine([accountOf('dev', { pkcs11Lib: tpm })], true);
    expect(findings).toEqual([
      'ok reader pcscd.comm',
      'ok module libsofthsm2.so',
      'problem module libtpm2_pkcs11.so',
      'warning token dev',
    ]);
    expect(asked).toEqual([null]); // it is in the list already
  });

  it('also a module that only an account names', async () => {
    const findings = await examine([accountOf('dev', { pkcs11Lib: '/opt/other.so' })], true);
    expect(asked).toEqual([null, '/opt/other.so']);
    expect(findings).not.toContain('problem module other.so'); // the account tells it
  });

  it('of accounts with key files alone, nothing else', async () => {
    const absent = { findSigner: () => Promise.reject(new AppError('file-unreadable')) };
    expect(await examine([withKey('/k.pem')], false, absent)).toEqual(['problem token dev']);
    expect(asked).toEqual([]);
  });

  it('a key that is found needs nothing else, and is joined with its token', async () => {
    const pin = { state: 'final', triesLeft: 1 } as const;
    const token = { ...tokenInfo, pin };
    const findings = await examine([withKey('pkcs11:token=laptop')], true, {
      findSigner: () => Promise.resolve({ key: laptop, certificate: oddCertificate('p256'), issuers: [] }),
      listTokens: () => Promise.resolve({ ...whole, tokens: [token] }),
      awsTime: () => oddCertificate('p256').notBefore + 86_400_000,
    });
    expect(findings.slice(0, 5)).toEqual([
      'ok reader pcscd.comm',
      'ok module libsofthsm2.so',
      'ok module libtpm2_pkcs11.so',
      'ok token dev',
      'warning pin dev',
    ]);
  });
});

it('names the account in what is to be typed', async () => {
  const findings = await examineKeys(
    {
      findSigner: () => Promise.reject(new AppError('cert-missing')),
      listTokens: () => Promise.resolve({ modules: [loaded(softhsm)], tokens: [] }),
      awsTime: () => 0,
      readerService: { probe: () => Promise.reject(new Error('not to be asked')) },
      ...{ platform: 'linux', overSsh: false, user: null },
    },
    [accountOf('dev')],
    true,
  );
  expect(findings.at(-1)!.remedy).toMatch(/rolekey accounts edit dev /);
});

const tokenInfo: TokenInfo = {
  module: softhsm,
  label: 'laptop',
  manufacturer: 'SoftHSM project',
  model: 'SoftHSM v2',
  serial: '1',
  firmware: '2.6',
  kind: 'softhsm',
  hardware: false,
  pin: { state: 'ok', triesLeft: null },
  keys: [],
};
