import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { surroundings, withAbsolutePaths } from '../../../src/agent-client/surroundings.ts';

it('a relative path means the folder of who set it', () => {
  const env = { AWS_CONFIG_FILE: 'aws/config', ROLEKEY_SOCKET: './a.sock', SOFTHSM2_CONF: '../hsm.conf' };
  expect(withAbsolutePaths(env, () => '/home/ann')).toEqual({
    AWS_CONFIG_FILE: '/home/ann/aws/config',
    ROLEKEY_SOCKET: '/home/ann/a.sock',
    SOFTHSM2_CONF: '/home/hsm.conf',
  });
});

it('what is absolute, empty, not set or no path stays, and nobody asks where we are', () => {
  const env = { AWS_CONFIG_FILE: '/a', ROLEKEY_SOCKET: '', AWS_CA_BUNDLE: undefined, LANG: 'C', PATH: 'bin' };
  const directory = vi.fn(() => '/home');
  expect(withAbsolutePaths(env, directory)).toEqual(env);
  expect(directory).not.toHaveBeenCalled();
});

it('a leading ~/ is the home directory for the AWS files, and a folder’s name for the others', () => {
  const env = { AWS_CONFIG_FILE: '~/aws', AWS_SHARED_CREDENTIALS_FILE: '~keys', SOFTHSM2_CONF: '~/hsm' };
  expect(withAbsolutePaths(env, () => '/data')).toEqual({
    AWS_CONFIG_FILE: join(homedir(), 'aws'),
    AWS_SHARED_CREDENTIALS_FILE: '/data/~keys',
    SOFTHSM2_CONF: '/data/~/hsm',
  });
});

it('this process’s surroundings are told with its own folder', () => {
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', 'keys');
  try {
    expect(surroundings().env.AWS_SHARED_CREDENTIALS_FILE).toBe(`${process.cwd()}/keys`);
  } finally {
    vi.unstubAllEnvs();
  }
});
