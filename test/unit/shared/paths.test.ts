import { describe, expect, it } from 'vitest';
import { pathsOf, type Paths, type Surroundings } from '../../../src/shared/paths.ts';

type Case = readonly [what: string, env: Record<string, string>, expected: Partial<Paths>];

const linux: Surroundings = { platform: 'linux', env: {}, uid: 1000, home: '/home/ann' };
const mac: Surroundings = { platform: 'darwin', env: {}, uid: 501, home: '/Users/ann' };
const windows: Surroundings = {
  platform: 'win32',
  env: { APPDATA: 'C:\\Users\\ann\\AppData\\Roaming' },
  uid: 0,
  home: 'C:\\Users\\ann',
};

function expectPaths(here: Surroundings, [, env, expected]: Case): void {
  expect(pathsOf({ ...here, env: { ...here.env, ...env } })).toMatchObject(expected);
}

describe('on Linux', () => {
  it('everything is where the XDG specification puts it when nothing is set', () => {
    expect(pathsOf(linux)).toEqual({
      configFolder: '/home/ann/.config/rolekey',
      logFile: '/home/ann/.local/state/rolekey/rolekey.log',
      socket: '/tmp/rolekey-1000/agent.sock',
      runtimeFolder: '/tmp/rolekey-1000',
      awsCredentialsFile: '/home/ann/.aws/credentials',
      awsConfigFile: '/home/ann/.aws/config',
    });
  });

  it.each<Case>([
    ['XDG_CONFIG_HOME', { XDG_CONFIG_HOME: '/xdg/config' }, { configFolder: '/xdg/config/rolekey' }],
    ['XDG_STATE_HOME', { XDG_STATE_HOME: '/xdg/state' }, { logFile: '/xdg/state/rolekey/rolekey.log' }],
    [
      'XDG_RUNTIME_DIR',
      { XDG_RUNTIME_DIR: '/run/user/1000' },
      { socket: '/run/user/1000/rolekey/agent.sock', runtimeFolder: '/run/user/1000/rolekey' },
    ],
    [
      'XDG_RUNTIME_DIR rather than TMPDIR',
      { XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: '/var/tmp' },
      { socket: '/run/user/1000/rolekey/agent.sock' },
    ],
    ['TMPDIR', { TMPDIR: '/var/tmp' }, { socket: '/var/tmp/rolekey-1000/agent.sock' }],
    [
      'TMPDIR with a slash at its end',
      { TMPDIR: '/var/tmp/' },
      { socket: '/var/tmp/rolekey-1000/agent.sock' },
    ],
    ['TMPDIR as the root', { TMPDIR: '/' }, { socket: '/rolekey-1000/agent.sock' }],
    [
      'a slash at the end of XDG_*',
      { XDG_CONFIG_HOME: '/xdg/', XDG_RUNTIME_DIR: '/run/user/1000//' },
      { configFolder: '/xdg/rolekey', socket: '/run/user/1000/rolekey/agent.sock' },
    ],
    [
      'ROLEKEY_CONFIG_DIR before XDG',
      { ROLEKEY_CONFIG_DIR: '/c', XDG_CONFIG_HOME: '/x' },
      { configFolder: '/c' },
    ],
    [
      'ROLEKEY_SOCKET before XDG',
      { ROLEKEY_SOCKET: '/s/a.sock', XDG_RUNTIME_DIR: '/run/user/1000' },
      { socket: '/s/a.sock', runtimeFolder: '/s' },
    ],
    ['a socket in the root', { ROLEKEY_SOCKET: '/a.sock' }, { socket: '/a.sock', runtimeFolder: '/' }],
    [
      'AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE',
      { AWS_SHARED_CREDENTIALS_FILE: '/a/cred', AWS_CONFIG_FILE: '/a/conf' },
      { awsCredentialsFile: '/a/cred', awsConfigFile: '/a/conf' },
    ],
  ])('%s is followed', (...given) => {
    expectPaths(linux, given);
  });

  it.each<Case>([
    [
      'a relative path, as the specification tells',
      { XDG_CONFIG_HOME: 'config', XDG_STATE_HOME: './state', XDG_RUNTIME_DIR: 'run' },
      {
        configFolder: '/home/ann/.config/rolekey',
        logFile: '/home/ann/.local/state/rolekey/rolekey.log',
        socket: '/tmp/rolekey-1000/agent.sock',
      },
    ],
    [
      'an empty one',
      {
        ...{ XDG_CONFIG_HOME: '', XDG_STATE_HOME: '', XDG_RUNTIME_DIR: '', TMPDIR: '' },
        ...{ ROLEKEY_CONFIG_DIR: '', ROLEKEY_SOCKET: '' },
        ...{ AWS_SHARED_CREDENTIALS_FILE: '', AWS_CONFIG_FILE: '' },
      },
      pathsOf(linux),
    ],
    [
      'what the contract does not name',
      { APPDATA: '/x', XDG_DATA_HOME: '/x', XDG_CACHE_HOME: '/x', HOME: '/x', AWS_PROFILE: 'x' },
      pathsOf(linux),
    ],
  ])('%s is not', (...given) => {
    expectPaths(linux, given);
  });

  it('users do not share a socket', () => {
    expect(pathsOf({ ...linux, uid: 1001 }).socket).not.toBe(pathsOf(linux).socket);
  });

  it('the folder of the socket is the one it is in, also where its path is a bare name', () => {
    expect(pathsOf({ ...linux, env: { ROLEKEY_SOCKET: 'agent.sock' } }).runtimeFolder).toBe('.');
  });
});

describe('on macOS', () => {
  const support = '/Users/ann/Library/Application Support/Rolekey';

  it('everything is in Application Support, the socket in the user’s own TMPDIR', () => {
    expect(pathsOf({ ...mac, env: { TMPDIR: '/var/folders/xy/T/' } })).toEqual({
      configFolder: support,
      logFile: `${support}/rolekey.log`,
      socket: '/var/folders/xy/T/rolekey-501/agent.sock',
      runtimeFolder: '/var/folders/xy/T/rolekey-501',
      awsCredentialsFile: '/Users/ann/.aws/credentials',
      awsConfigFile: '/Users/ann/.aws/config',
    });
  });

  it.each<Case>([
    [
      'XDG_CONFIG_HOME',
      { XDG_CONFIG_HOME: '/x' },
      { configFolder: '/x/rolekey', logFile: `${support}/rolekey.log` },
    ],
    [
      'XDG_STATE_HOME',
      { XDG_STATE_HOME: '/x' },
      { configFolder: support, logFile: '/x/rolekey/rolekey.log' },
    ],
    ['ROLEKEY_CONFIG_DIR', { ROLEKEY_CONFIG_DIR: '/c' }, { configFolder: '/c' }],
  ])('%s is followed', (...given) => {
    expectPaths(mac, given);
  });
});

describe('on Windows', () => {
  it('everything of ours is in APPDATA, the AWS files are in the profile', () => {
    expect(pathsOf(windows)).toMatchObject({
      configFolder: 'C:\\Users\\ann\\AppData\\Roaming\\Rolekey',
      logFile: 'C:\\Users\\ann\\AppData\\Roaming\\Rolekey\\rolekey.log',
      awsCredentialsFile: 'C:\\Users\\ann\\.aws\\credentials',
      awsConfigFile: 'C:\\Users\\ann\\.aws\\config',
    });
  });

  it('APPDATA is where it usually is when it is not set', () => {
    expect(pathsOf({ ...windows, env: {} }).configFolder).toBe('C:\\Users\\ann\\AppData\\Roaming\\Rolekey');
  });

  it('ROLEKEY_CONFIG_DIR is followed', () => {
    expect(pathsOf({ ...windows, env: { ROLEKEY_CONFIG_DIR: 'D:\\rk' } }).configFolder).toBe('D:\\rk');
  });
});
