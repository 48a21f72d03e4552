/** This process's surroundings for shared/paths. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Surroundings } from '../shared/paths.ts';

type Environment = Surroundings['env'];

/** Variables that name a file or a folder. A relative path means the folder of who set it. */
const pathVariables = [
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'SOFTHSM2_CONF',
  'TPM2_PKCS11_STORE',
  'PCSCLITE_CSOCK_NAME',
  'OPENSC_CONF',
  'SSH_AUTH_SOCK',
  'ROLEKEY_CONFIG_DIR',
  'ROLEKEY_SOCKET',
];

/** Of these a leading `~/` is the home directory: the AWS CLI takes it so, and no shell expands it inside quotes. */
const homeVariables: ReadonlySet<string> = new Set(['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']);

export function surroundings(): Surroundings {
  return {
    platform: process.platform,
    env: withAbsolutePaths(process.env, () => process.cwd()),
    uid: process.getuid?.() ?? 0,
    home: homedir(),
  };
}

/** @param directory what relative paths start from; asked only where there is one, since a folder may be gone. */
export function withAbsolutePaths(env: Environment, directory: () => string): Environment {
  const absolute = pathVariables.flatMap((name): [string, string][] => {
    const value = env[name];
    if (value === undefined || value === '' || isAbsolute(value)) return [];
    const inHome = homeVariables.has(name) && value.startsWith('~/');
    return [[name, inHome ? join(homedir(), value.slice(2)) : resolve(directory(), value)]];
  });
  return { ...env, ...Object.fromEntries(absolute) };
}
