/** The table of commands: version 1 of the contract (docs/cli.md). Help, parsing and dispatch all derive from it. */
import type { CommandSpec, FlagSpec } from './command.ts';

const text = (value: string, help: string): FlagSpec => ({ type: 'string', value, help });
const many = (value: string, help: string): FlagSpec => ({ type: 'string', value, help, multiple: true });
const required = (flag: FlagSpec): FlagSpec => ({ ...flag, required: true });
const on = (help: string): FlagSpec => ({ type: 'boolean', help });

/** What a new account does not do without. */
const identityFlags = {
  'role-arn': text('ARN', 'the IAM role to take'),
  'profile-arn': text('ARN', 'the Roles Anywhere profile'),
  'trust-anchor-arn': text('ARN', 'the Roles Anywhere trust anchor'),
  'private-key': many('KEY', 'pkcs11: URI or PEM file; the first that is present is used'),
} satisfies Readonly<Record<string, FlagSpec>>;

const otherAccountFlags: Readonly<Record<string, FlagSpec>> = {
  certificate: text('URI|FILE', 'the certificate, if not the one beside the key'),
  intermediates: text('FILE', 'PEM file with the CA certificates between the device and the trust anchor'),
  'pkcs11-lib': text('PATH', 'the PKCS#11 module that reaches the key'),
  region: text('REGION', 'region of IAM Roles Anywhere, if not the anchor’s'),
  'session-duration': text('SECONDS', '900 to 43200, default 3600'),
  'role-session-name': text('NAME', 'only where the Roles Anywhere profile accepts one'),
  label: text('TEXT', 'how the account is shown, default ID'),
  group: text('TEXT', 'where it is sorted in'),
  'aws-profile': text('NAME', 'the AWS profile that gets the credentials, default ID'),
  'profile-region': text('REGION', 'the region written into the AWS profile'),
  outlet: text('OUTLET', 'credential-process (default), credentials-file, container-endpoint or none'),
  endpoint: text('URL', 'another address of IAM Roles Anywhere'),
  'use-fips-endpoint': on('use the FIPS endpoint'),
  'use-dualstack-endpoint': on('use the dual-stack endpoint'),
  adopt: on('take over an AWS profile of that name that is not Rolekey’s'),
  'allow-default': on('allow the AWS profile “default”'),
  'dry-run': on('change nothing; print the diff of the AWS files'),
};

const noStart = on('fail where no agent runs instead of starting one');
const all = on('every account');
/** Whoever names accounts may name as many as there are. */
const anyNumber = Number.POSITIVE_INFINITY;

export const commands: readonly CommandSpec[] = [
  {
    name: 'accounts add',
    summary: 'Add an account.',
    words: 'ID',
    minWords: 1,
    maxWords: 1,
    flags: {
      ...Object.fromEntries(Object.entries(identityFlags).map(([name, flag]) => [name, required(flag)])),
      ...otherAccountFlags,
    },
    load: async () => (await import('./commands/accounts.ts')).add,
  },
  {
    name: 'accounts edit',
    summary: 'Change an account.',
    words: 'ID',
    minWords: 1,
    maxWords: 1,
    flags: {
      ...identityFlags,
      ...otherAccountFlags,
      unset: many('FIELD', 'set a field back to its default, named as its flag'),
    },
    load: async () => (await import('./commands/accounts.ts')).edit,
  },
  {
    name: 'accounts list',
    summary: 'List the accounts.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: {},
    load: async () => (await import('./commands/accounts.ts')).list,
  },
  {
    name: 'accounts export',
    summary: 'Print accounts as JSON.',
    words: '[ID...]',
    minWords: 0,
    maxWords: anyNumber,
    flags: {},
    load: async () => (await import('./commands/accounts.ts')).exportAccounts,
  },
  {
    name: 'accounts remove',
    summary: 'Disconnect and remove accounts and their AWS profiles.',
    words: 'ID...',
    minWords: 1,
    maxWords: anyNumber,
    flags: { yes: on('do not ask') },
    load: async () => (await import('./commands/accounts.ts')).remove,
  },
  {
    name: 'accounts import',
    summary: 'Take accounts over from aws_signing_helper; nothing is executed.',
    words: '[-]',
    minWords: 0,
    maxWords: 1,
    flags: {
      'from-profile': many('PROFILE', 'an AWS profile that calls the helper'),
      all: on('every AWS profile that calls the helper'),
      'config-file': text('FILE', 'another AWS config file'),
      id: text('ID', 'the ID of the new account'),
      'dry-run': on('change nothing; say what would be imported'),
    },
    load: async () => (await import('./commands/accounts.ts')).importAccounts,
  },
  {
    name: 'connect',
    summary: 'Connect accounts and keep them connected.',
    words: '[ID...]',
    minWords: 0,
    maxWords: anyNumber,
    flags: {
      all,
      'pin-stdin': on('read the PIN from the first line of standard input; tried once'),
      timeout: text('SECONDS', 'how long to wait at most, default 60'),
      'no-start': noStart,
    },
    load: async () => (await import('./commands/connect.ts')).connect,
  },
  {
    name: 'disconnect',
    summary: 'Disconnect accounts and take their credentials away.',
    words: '[ID...]',
    minWords: 0,
    maxWords: anyNumber,
    flags: { all },
    load: async () => (await import('./commands/connect.ts')).disconnect,
  },
  {
    name: 'lock',
    summary: 'Forget every PIN; sessions stay.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: {},
    load: async () => (await import('./commands/connect.ts')).lock,
  },
  {
    name: 'status',
    summary: 'Say what every account is doing.',
    words: '[ID...]',
    minWords: 0,
    maxWords: anyNumber,
    flags: { watch: on('go on, one JSON document per line') },
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'credential-process',
    summary: 'Print cached credentials for AWS SDKs; never waits for a person.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: {
      account: required(text('ID', 'the account')),
      'timeout-ms': text('MILLISECONDS', 'how long to wait for the agent, default 2000'),
    },
    load: async () => (await import('./commands/credential-process.ts')).credentialProcess,
  },
  {
    name: 'tokens',
    summary: 'Show tokens, keys and certificates.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: {
      'pkcs11-lib': text('PATH', 'look through this PKCS#11 module only'),
      login: on('log in, so that private keys are seen'),
    },
    load: async () => (await import('./commands/tokens.ts')).tokens,
  },
  {
    name: 'env',
    summary: 'Print credentials as environment variables.',
    words: 'ID',
    minWords: 1,
    maxWords: 1,
    flags: {
      format: text('FORMAT', 'env (default), env-no-export, fish, powershell, windows-cmd or process'),
    },
    load: async () => (await import('./commands/env.ts')).env,
  },
  {
    name: 'exec',
    summary: 'Run a command with credentials in its environment.',
    words: 'ID',
    minWords: 1,
    maxWords: 1,
    takesRest: true,
    flags: {},
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  {
    name: 'whoami',
    summary: 'Ask AWS who the credentials of accounts are.',
    words: 'ID...',
    minWords: 1,
    maxWords: anyNumber,
    flags: {},
    load: async () => (await import('./commands/whoami.ts')).whoami,
  },
  {
    name: 'console',
    summary: 'Open the AWS console in the browser, signed in as an account.',
    words: 'ID',
    minWords: 1,
    maxWords: 1,
    flags: {
      print: on('print the address that signs in instead of opening it'),
      destination: text('URL|SERVICE', 'where to land: a service such as ec2, or an address of the console'),
      duration: text('SECONDS', 'how long to stay signed in, 900 to 43200, default the account’s'),
    },
    load: async () => (await import('./commands/console.ts')).openConsole,
  },
  {
    name: 'agent',
    summary: 'Run the agent in the foreground.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: { 'auto-started': on('end by itself after ten minutes with nothing connected') },
    load: async () => (await import('./commands/agent.ts')).agent,
  },
  {
    name: 'agent stop',
    summary: 'Stop the agent; its accounts are disconnected.',
    words: '',
    minWords: 0,
    maxWords: 0,
    flags: {},
    load: async () => (await import('./commands/agent-stop.ts')).agentStop,
  },
];
