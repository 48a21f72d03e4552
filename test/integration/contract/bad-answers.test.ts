/** Bad input from the network, and keys, modules and certificates that will not do: each told by its own code. */
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Authority, type CertificateOptions } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
import { openAccount, type Account } from '../../support/roles-anywhere/account.ts';
import type { FaultInput } from '../../support/roles-anywhere/faults.ts';
import type { Result } from '../../support/world/program.ts';
import { pin, region, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success } from './expectations.ts';
import { added, connected, credentials, exitCodeOf, idle, type State } from './shapes.ts';

let world: World;
/** Begun first, since it is tried for 20 s. */
let unreachable: Promise<Result>;

beforeAll(async () => {
  world = await World.open();
  world.file('home/.aws/config', theirs);
  await world.addAccount('unreachable', '--endpoint', `http://127.0.0.1:${String(await closedPort())}`);
  await world.addAccount('dev', '--outlet', 'credentials-file');
  await world.connect('dev');
  unreachable = world.rolekey(['connect', 'unreachable', '--json'], { timeoutMs: 40_000 });
});
afterAll(() => world.dispose());
beforeEach(async () => {
  world.server.faults.clear();
  world.server.account = openAccount(world.authority.certificate.pem);
  await world.rolekey(['disconnect', 'dev']);
  world.server.requests.length = 0;
});

const theirs = '# mine\n[default]\nregion = eu-west-1\n';

/** Connects one account that fails: its code, its exit, one line for people, and nothing in the AWS files. */
async function refused(id: string, code: string, options: { stdin?: string } = {}): Promise<State> {
  const stdin = options.stdin ?? `${pin}\n`;
  const files = [world.configFile, world.credentialsFile].map(textOf);
  const result = await world.rolekey(['connect', id, '--pin-stdin', '--json'], { stdin });
  const { state } = documentOf(result, connected).results[0]!;
  expect(state.error, JSON.stringify(state)).toMatchObject({ code });
  expect(result).toMatchObject({ code: exitCodeOf(code), stderr: '' });
  expect(state.serving).toBeNull();
  expect([world.configFile, world.credentialsFile].map(textOf)).toEqual(files);

  const text = await world.rolekey(['credential-process', '--account', id]);
  expect(text).toMatchObject({ code: exitCodeOf(code), stdout: '' });
  expect(text.stderr).toBe(`rolekey: ${state.error!.message} ${state.error!.remedy}\n`);
  return state;
}

describe('AWS answers', () => {
  const answers: readonly (readonly [what: string, code: string, fault: FaultInput])[] = [
    ['garbage', 'response-invalid', { kind: 'garbage' }],
    ['a web page', 'response-invalid', { kind: 'html' }],
    ['nothing', 'response-invalid', { kind: 'nothing' }],
    ['no credentials', 'response-invalid', { kind: 'empty-credential-set' }],
    ['no secret', 'response-invalid', { kind: 'spoiled-field', field: 'secretAccessKey' }],
    ['an empty token', 'response-invalid', { kind: 'spoiled-field', field: 'sessionToken', as: 'empty' }],
    ['no expiry', 'response-invalid', { kind: 'spoiled-field', field: 'expiration', as: 'null' }],
    ['expired credentials', 'response-invalid', { kind: 'session-seconds', seconds: -60 }],
    ['a redirect', 'response-invalid', { kind: 'redirect', location: 'https://elsewhere.example/' }],
    ['a permanent redirect', 'response-invalid', { kind: 'redirect', status: 308, location: '/other' }],
    [
      'for another role',
      'identity-mismatch',
      { kind: 'other-role', roleArn: 'arn:aws:iam::123456789012:role/admin' },
    ],
    [
      'for another account',
      'identity-mismatch',
      { kind: 'other-role', roleArn: 'arn:aws:iam::999999999999:role/dev' },
    ],
    ['too many requests', 'aws-throttled', { kind: 'throttle', times: 'until-cleared' }],
    ['a failure of its own', 'aws-failed', { kind: 'error', status: 500, times: 'until-cleared' }],
    ['that it is down', 'aws-failed', { kind: 'error', status: 503, times: 'until-cleared' }],
  ];

  it.each(answers)('%s: %s', async (_what, code, fault) => {
    world.server.faults.add(fault);
    await refused('dev', code);
  });

  it('a redirect, and it is not followed', async () => {
    const reached: string[] = [];
    const elsewhere = createHttpServer((request, response) => {
      reached.push(request.url ?? '');
      response.end();
    });
    const location = `${await listening(elsewhere)}/sessions`;
    world.server.faults.add({ kind: 'redirect', location });
    await refused('dev', 'response-invalid');
    elsewhere.close();
    expect(reached).toEqual([]);
    expect(world.server.requests).toHaveLength(1);
  });

  it.each<[string, string, (open: Account) => Account]>([
    ['an unknown profile', 'aws-not-found', (open) => ({ ...open, profile: () => undefined })],
    ['an unknown anchor', 'aws-not-found', (open) => ({ ...open, trustAnchor: () => undefined })],
    [
      'a role that is not the profile’s',
      'aws-access-denied',
      (open) => ({ ...open, profile: (arn) => ({ ...open.profile(arn)!, allows: () => false }) }),
    ],
  ])('%s: %s, with the request’s ID', async (_what, code, change) => {
    world.server.account = change(openAccount(world.authority.certificate.pem));
    const { error } = await refused('dev', code);
    expect(error!.requestId).toBe(world.server.requests.at(-1)!.requestId);
  });

  it('that the certificate is not of its anchor', async () => {
    const stranger = Authority.root(world.folder('stranger'));
    world.server.account = openAccount(stranger.certificate.pem);
    await refused('dev', 'aws-access-denied');
  });

  it('again what it should: the account connects', async () => {
    world.server.faults.add({ kind: 'garbage' });
    await refused('dev', 'response-invalid');
    await world.connect('dev');
    success(await world.rolekey(['credential-process', '--account', 'dev']), credentials);
  });
});

describe('an endpoint', () => {
  it.each(['http://rolesanywhere.example', 'http://10.0.0.1', 'http://127.0.0.1.example', 'http://[::2]'])(
    '%s is endpoint-insecure, and no account is added',
    async (endpoint) => {
      const words = ['accounts', 'add', 'x', ...world.accountFlags('x'), '--private-key', '/k'];
      words[words.indexOf('--endpoint') + 1] = endpoint;
      jsonFailure(await world.rolekey([...words, '--json']), 'endpoint-insecure');
      jsonFailure(await world.rolekey(['status', 'x', '--json']), 'account-unknown');
    },
  );
});

describe('a key', () => {
  beforeAll(() => {
    world.token.generateKey('EC:prime256v1', { id: '02', label: 'second' });
  });
  const garbage = () => world.file('home/garbage.pem', 'no key at all\n');

  it.each([
    ['that is not on the token', 'key-unknown', () => ['--private-key', 'pkcs11:token=laptop;id=%77']],
    ['of which there are two', 'key-ambiguous', () => ['--private-key', 'pkcs11:token=laptop']],
    ['without a certificate', 'cert-missing', () => ['--private-key', 'pkcs11:token=laptop;id=%02']],
    ['on a token that is not there', 'token-absent', () => ['--private-key', 'pkcs11:token=other;id=%01']],
    ['in a file that is not there', 'file-unreadable', () => ['--private-key', '/no/such/key.pem']],
    ['in a folder', 'file-unreadable', () => ['--private-key', world.home]],
    [
      'with a certificate file that is not there',
      'file-unreadable',
      () => ['--private-key', world.device.uri, '--certificate', '/no/such/cert.pem'],
    ],
    [
      'with a certificate file that is none',
      'cert-unreadable',
      () => ['--private-key', world.device.uri, '--certificate', garbage()],
    ],
    [
      'in a module that is not there',
      'module-missing',
      () => ['--private-key', world.device.uri, '--pkcs11-lib', '/no/such/module.so'],
    ],
    [
      'in a file that is no module',
      'module-not-pkcs11',
      () => ['--private-key', world.device.uri, '--pkcs11-lib', garbage()],
    ],
  ])('%s is %s', async (_what, code, flags) => {
    await world.addAccount('k', ...flags());
    try {
      await refused('k', code);
      expect(world.server.requests).toEqual([]);
    } finally {
      await world.rolekey(['accounts', 'remove', 'k', '--yes']);
    }
  });

  it('that is in no file at all, first of two, gives way to the second', async () => {
    await world.addAccount(
      'k',
      '--private-key',
      'pkcs11:token=other;id=%01',
      '--private-key',
      world.device.uri,
    );
    await world.connect('k');
    await world.rolekey(['accounts', 'remove', 'k', '--yes']);
  });
});

describe('a certificate that AWS would refuse is refused before anything is asked', () => {
  const odd = deviations();
  const cases: readonly (readonly [
    what: string,
    code: string,
    options: Omit<CertificateOptions, 'holder'>,
  ])[] = [
    ['has expired', 'cert-expired', odd.expired],
    ['is not valid yet', 'cert-not-yet-valid', odd.notYetValid],
    ['lacks digitalSignature', 'cert-no-digital-signature', odd.withoutDigitalSignature],
    ['has no key usage', 'cert-no-digital-signature', odd.withoutKeyUsage],
    ['is a CA’s', 'cert-is-ca', odd.authority],
    ['is signed with SHA-1', 'cert-sha1', odd.sha1],
  ];

  it.each(cases)('one that %s: %s', async (_what, code, options) => {
    const identity = world.authority.identity(options);
    const flags = ['--private-key', identity.privateKeyFile, '--certificate', identity.file];
    await world.addAccount('c', ...flags);
    const state = await refused('c', code, { stdin: '' });
    expect(state).toMatchObject({ activity: 'needs-you', reason: 'certificate' });
    expect(world.server.requests).toEqual([]);
    await world.rolekey(['accounts', 'remove', 'c', '--yes']);
  });

  it('one on a token, without its PIN', async () => {
    const identity = world.authority.identity(odd.expired);
    world.token.importKey(identity.privateKeyPem, { id: '33', label: 'expired' });
    world.token.importCertificate(identity.der, { id: '33', label: 'expired' });
    await world.addAccount('c', '--private-key', 'pkcs11:token=laptop;id=%33');
    await world.rolekey(['lock']);
    await refused('c', 'cert-expired', { stdin: '' });
    await world.rolekey(['accounts', 'remove', 'c', '--yes']);
  });

  it('one that is not the key’s: cert-key-mismatch', async () => {
    const [one, two] = [world.authority.identity(), world.authority.identity()];
    await world.addAccount('c', '--private-key', one.privateKeyFile, '--certificate', two.file);
    await refused('c', 'cert-key-mismatch', { stdin: '' });
    await world.rolekey(['accounts', 'edit', 'c', '--private-key', world.device.uri]);
    await world.rolekey(['lock']);
    await refused('c', 'cert-key-mismatch', { stdin: '' });
    expect(world.server.requests).toEqual([]);
    await world.rolekey(['accounts', 'remove', 'c', '--yes']);
  });

  it('one with intermediates that do not lead up from it: chain-broken', async () => {
    const between = world.authority.intermediate(world.folder('between'));
    const leaf = between.identity();
    const stranger = Authority.root(world.folder('another'));
    const flags = ['--private-key', leaf.privateKeyFile, '--certificate', leaf.file];
    await world.addAccount('c', ...flags, '--intermediates', stranger.certificate.file);
    await refused('c', 'chain-broken', { stdin: '' });
    await world.rolekey(['accounts', 'edit', 'c', '--intermediates', between.certificate.file]);
    expect((await world.rolekey(['connect', 'c'])).code).toBe(0);
    await world.rolekey(['accounts', 'remove', 'c', '--yes']);
  });

  it('one with an apostrophe in its subject is warned of, not refused', async () => {
    const odder = world.authority.identity({ name: 'oneil', ...odd.apostropheInSubject });
    await world.addAccount('c', '--private-key', odder.privateKeyFile, '--certificate', odder.file);
    await world.rolekey(['connect', 'c']);
    expect(world.server.requests).toHaveLength(1);
    await world.rolekey(['accounts', 'remove', 'c', '--yes']);
  });
});

describe('a key in a file with a passphrase', () => {
  it('needs it: exit 3, and takes it from standard input', async () => {
    const identity = world.authority.identity();
    const locked = `${identity.privateKeyFile}.locked`;
    const options = ['-topk8', '-v2', 'aes-256-cbc', '-passout', 'pass:open sesame', '-out', locked];
    await world.run('openssl', ['pkcs8', '-in', identity.privateKeyFile, ...options]);
    await world.addAccount('p', '--private-key', locked, '--certificate', identity.file);
    await refused('p', 'pin-needed', { stdin: '' });
    const wrong = await world.rolekey(['connect', 'p', '--pin-stdin'], { stdin: 'open says me\n' });
    expect(wrong.code).toBe(3);
    const right = await world.rolekey(['connect', 'p', '--pin-stdin'], { stdin: 'open sesame\n' });
    expect(right.code).toBe(0);
    await world.rolekey(['accounts', 'remove', 'p', '--yes']);
  });
});

describe('an unknown account is account-unknown, exit 2, with every command', () => {
  it.each([
    ['connect nobody'],
    ['disconnect nobody'],
    ['status nobody'],
    ['env nobody'],
    ['exec nobody -- true'],
    ['whoami nobody'],
    ['accounts edit nobody --label x'],
    ['accounts export nobody'],
    ['accounts remove nobody --yes'],
  ])('%s', async (line) => {
    const words = line.split(' ');
    words.splice(words.includes('--') ? words.indexOf('--') : words.length, 0, '--json');
    const { message } = jsonFailure(await world.rolekey(words), 'account-unknown');
    expect(message).toContain('nobody');
  });
});

describe('an edit between', () => {
  it('of what made it fail lets it connect', async () => {
    await world.addAccount('e', '--private-key', 'pkcs11:token=laptop;id=%77');
    await refused('e', 'key-unknown');
    success(
      await world.rolekey(['accounts', 'edit', 'e', '--private-key', world.device.uri, '--json']),
      added,
    );
    await world.connect('e');
    const gone = await world.rolekey(['disconnect', 'e', '--json']);
    expect(success(gone, connected).results[0]!.state).toEqual(idle);
    await world.rolekey(['accounts', 'remove', 'e', '--yes']);
  });
});

describe('no server at all', () => {
  it('is network-unreachable, after 20 s of trying with one signature', async () => {
    const result = await unreachable;
    const { state } = documentOf(result, connected).results[0]!;
    expect(state.error).toMatchObject({ code: 'network-unreachable' });
    expect(state).toMatchObject({ activity: 'retrying', serving: null });
    expect(Date.parse(state.retryAt!)).toBeGreaterThan(Date.now() - 30_000);
    expect(result.code).toBe(1);
    expect(result.ms).toBeLessThan(23_000);
  });

  it('and all that time the user’s file stayed as it was', () => {
    expect(textOf(world.configFile)!.startsWith(theirs)).toBe(true);
    expect(region).toBe('eu-central-1');
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** A port nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
