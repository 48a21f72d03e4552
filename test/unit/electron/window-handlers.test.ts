import { describe, expect, it } from 'vitest';
import type { CallInput, Caller, Handlers } from '../../../src/shared/api.ts';
import { AppError, toErrorShape, type ErrorShape } from '../../../src/shared/errors.ts';
import type { Question } from '../../../src/main/electron/dialogs.ts';
import { addressOf, externalLink } from '../../../src/main/electron/external-links.ts';
import { plainLine } from '../../../src/main/electron/plain-line.ts';
import { brokenHandlers, windowHandlers } from '../../../src/main/electron/window-handlers.ts';
import type { EngineHandlers } from '../../../src/main/handlers.ts';
import { sampleAccount } from '../accounts/sample.ts';
import { failureOf } from '../failure-of.ts';

const account = sampleAccount('dev');
const caller: Caller = { door: 'window', client: 'c-1', saysItIs: 'window' };

function createWindow(agree = true, moduleError: ErrorShape | null = null) {
  const asked: Question[] = [];
  const done: [what: string, of: unknown][] = [];
  const engine = {
    accountsAdd: async (input: CallInput<'accountsAdd'>) => {
      if (!/^[a-z]/.test(input.id)) throw new AppError('account-invalid');
      if (!input.dryRun) done.push(['add', input]);
      const added = sampleAccount(input.id, { outlet: 'none', ...input.fields });
      return { account: added, diff: 'a line of the user’s file', warnings: [] };
    },
    tokens: async (input: unknown) => {
      done.push(['tokens', input]);
      return {
        tokens: [],
        modules: [{ path: '/m.so', description: '', ok: moduleError === null, error: moduleError }],
      };
    },
    accountsList: async () => ({ accounts: [account], endpoints: {} }),
    accountsRemove: async (input: unknown) => {
      done.push(['remove', input]);
      return { removed: [account.id] };
    },
  } as unknown as EngineHandlers;
  const handlers = windowHandlers(engine, {
    ask: async (question) => {
      asked.push(question);
      return agree;
    },
    copy: async (text) => void done.push(['copy', text]),
    openLink: async (link) => void done.push(['open', link]),
  });
  return { handlers, asked, done };
}

const fields = {
  roleArn: account.roleArn,
  profileArn: account.profileArn,
  trustAnchorArn: account.trustAnchorArn,
  keys: ['pkcs11:token=demo;id=%01'],
};

describe('adding an account', () => {
  it('with a key on a token asks nothing, and gives no content of a file back', async () => {
    const { handlers, asked, done } = createWindow();
    const added = await handlers.addAccount({ id: 'dev', fields, adopt: false }, caller);
    expect(asked).toEqual([]);
    expect(Object.keys(added)).toEqual(['account', 'warnings']);
    expect(done).toEqual([['add', { id: 'dev', fields, adopt: false, allowDefault: false, dryRun: false }]]);
  });

  it.each([
    ['a key file', { keys: ['/home/u/key.pem'] }, 'Key: /home/u/key.pem'],
    [
      'a key after others',
      { keys: ['pkcs11:id=%01', `ssh-agent:SHA256:${'a'.repeat(43)}`] },
      `Key: ssh-agent:SHA256:${'a'.repeat(43)}`,
    ],
    ['a certificate file', { certificate: '/c.pem' }, 'Certificate: /c.pem'],
    ['intermediates', { intermediates: '/i.pem' }, 'Intermediate certificates: /i.pem'],
    ['a module', { pkcs11Lib: '/m.so' }, 'PKCS#11 module: /m.so'],
    [
      'a module in a URI',
      { keys: ['pkcs11:id=%01?module-path=/m.so'] },
      'Key: pkcs11:id=%01?module-path=/m.so',
    ],
    ['an endpoint', { endpoint: 'https://evil.example' }, 'Requests go to: https://evil.example'],
  ])('%s is for the user to allow, in a dialog of the system', async (_what, change, line) => {
    const { handlers, asked, done } = createWindow();
    await handlers.addAccount({ id: 'dev', fields: { ...fields, ...change }, adopt: false }, caller);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.details).toContain(line);
    expect(done.at(-1)).toMatchObject(['add', { id: 'dev' }]);
  });

  it('taking a section over is for the user to allow', async () => {
    const { handlers, asked } = createWindow();
    await handlers.addAccount({ id: 'dev', fields: { ...fields, awsProfile: 'prod' }, adopt: true }, caller);
    expect(asked[0]!.details).toContain('Section taken over: prod');
  });

  it('shows a path where it leads, and adds it so', async () => {
    const { handlers, asked, done } = createWindow();
    const change = { certificate: `/usr/${'./'.repeat(200)}lib/../evil.pem` };
    await handlers.addAccount({ id: 'dev', fields: { ...fields, ...change }, adopt: false }, caller);
    expect(asked[0]!.details).toContain('Certificate: /usr/evil.pem');
    expect(done).toMatchObject([['add', { fields: { certificate: '/usr/evil.pem' } }]]);
  });

  it('shows nothing of an account that is none', async () => {
    const { handlers, asked, done } = createWindow();
    const input = { id: '” is safe', fields: { ...fields, certificate: '/c.pem' }, adopt: false };
    expect(await failureOf(handlers.addAccount(input, caller))).toMatchObject({ code: 'account-invalid' });
    expect([asked, done]).toEqual([[], []]);
  });

  it('has a module confirmed before the account is there', async () => {
    const { handlers, done } = createWindow();
    await handlers.addAccount({ id: 'dev', fields: { ...fields, pkcs11Lib: '/m.so' }, adopt: false }, caller);
    expect(done).toMatchObject([
      ['tokens', { pkcs11Lib: '/m.so', login: false }],
      ['add', {}],
    ]);
  });

  it.each([
    ['module-unconfirmed', 'cancelled'],
    ['module-unsafe', 'module-unsafe'],
  ] as const)('adds nothing with a module that is %s', async (code, told) => {
    const { handlers, done } = createWindow(true, toErrorShape(new AppError(code)));
    const input = { id: 'dev', fields: { ...fields, pkcs11Lib: '/m.so' }, adopt: false };
    expect(await failureOf(handlers.addAccount(input, caller))).toMatchObject({ code: told });
    expect(done.filter(([what]) => what === 'add')).toEqual([]);
  });

  it('does nothing where the user says no', async () => {
    const { handlers, done } = createWindow(false);
    const input = { id: 'dev', fields: { ...fields, certificate: '/c.pem' }, adopt: false };
    expect(await failureOf(handlers.addAccount(input, caller))).toMatchObject({ code: 'cancelled' });
    expect(done).toEqual([]);
  });
});

describe('removing an account', () => {
  it.each([
    [true, [['remove', { accounts: ['dev'] }]]],
    [false, []],
  ])('is for the user to allow: %s', async (agree, expected) => {
    const { handlers, asked, done } = createWindow(agree);
    expect(await handlers.removeAccount({ account: 'dev' }, caller)).toEqual({ removed: agree });
    expect(asked).toHaveLength(1);
    expect(done).toEqual(expected);
  });
});

it('what is copied is made on the main side', async () => {
  const { handlers, done } = createWindow();
  const command = `aws --profile ${account.awsProfile} sts get-caller-identity`;
  expect(await handlers.copyCommand({ account: account.id }, caller)).toEqual({ command });
  expect(done).toEqual([['copy', command]]);
});

describe('links', () => {
  it.each(['roles-anywhere-guide', 'trust-anchors-guide'] as const)('%s leads to AWS, over https', (link) => {
    const { protocol, host } = new URL(addressOf(link));
    expect([protocol, host]).toEqual(['https:', 'docs.aws.amazon.com']);
    expect(externalLink(addressOf(link))).toBe(addressOf(link));
  });

  it.each([
    'https://docs.aws.amazon.com/',
    'https://evil.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    `${addressOf('roles-anywhere-guide')}?x`,
    '',
  ])('%s is none', (url) => {
    expect(externalLink(url)).toBeNull();
  });
});

describe('while there is no engine', () => {
  it('every call says what is in the way', async () => {
    const handlers = brokenHandlers(async () => {
      throw new AppError('config-newer');
    });
    expect(await failureOf(handlers.status({}, caller))).toMatchObject({ code: 'config-newer' });
    expect(await failureOf(handlers.lock({}, caller))).toMatchObject({ code: 'config-newer' });
  });

  it('a call goes on where it started meanwhile', async () => {
    const lock = async () => ({});
    const handlers = brokenHandlers(async () => ({ lock }) as unknown as Handlers<'window'>);
    expect(await handlers.lock({}, caller)).toEqual({});
  });
});

describe('text of others in menus and dialogs', () => {
  it.each([
    ['plain', 'plain'],
    ['a\nb\tc', 'a�b�c'],
    ['\u202Eevil', '�evil'],
    ['<b>&', '<b>&'],
    [`${'x'.repeat(10_000)}end`, `${'x'.repeat(199)}…${'x'.repeat(196)}end`],
    ['🔑'.repeat(400), '🔑'.repeat(400)],
  ])('%j', (text, shown) => {
    expect(plainLine(text)).toBe(shown);
  });
});
