import { describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../../src/agent-client/start-agent.ts';

describe('an agent started by a command inherits', () => {
  it.each([
    ...['HOME', 'USER', 'LOGNAME', 'PATH', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
    ...['XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY'],
    ...['ROLEKEY_CONFIG_DIR', 'ROLEKEY_SOCKET', 'SSH_AUTH_SOCK'],
    ...['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_USE_FIPS_ENDPOINT'],
    ...['AWS_USE_DUALSTACK_ENDPOINT', 'AWS_CA_BUNDLE', 'HTTPS_PROXY', 'NO_PROXY'],
    ...['SOFTHSM2_CONF', 'TPM2_PKCS11_STORE', 'TPM2_PKCS11_TCTI', 'PCSCLITE_CSOCK_NAME', 'OPENSC_CONF'],
    ...['SystemRoot', 'APPDATA', 'LOCALAPPDATA'],
  ])('%s', (name) => {
    expect(inheritedEnvironment({ [name]: '/x' }, '/home')).toEqual({ [name]: '/x' });
  });
});

describe('it does not inherit', () => {
  it.each([
    ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_DEBUG', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_V8_COVERAGE'],
    ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES', 'ELECTRON_RUN_AS_NODE'],
    ...['OPENSSL_CONF', 'SSL_CERT_FILE', 'SSLKEYLOGFILE', 'PKCS11SPY', 'PKCS11SPY_OUTPUT', 'GLIBC_TUNABLES'],
    ...['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_ROLESANYWHERE', 'AWS_ENDPOINT_URL_STS'],
    ...['AWS_PROFILE', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
    ...[
      'ROLEKEY_AUTOSTART',
      'SSH_ASKPASS',
      'SSH_AGENT_PID',
      'PASSWORD',
      'XDG',
      'MY_HOME',
      'HOMEX',
      'SOFTHSM2_CONFIG',
    ],
  ])('%s', (name) => {
    expect(inheritedEnvironment({ [name]: '/x' }, '/home')).toEqual({});
  });

  it('what is not set', () => {
    expect(inheritedEnvironment({ HOME: undefined }, '/home')).toEqual({});
  });
});

describe('it runs in another folder', () => {
  it.each([
    ...['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_CA_BUNDLE', 'SOFTHSM2_CONF'],
    ...['TPM2_PKCS11_STORE', 'ROLEKEY_CONFIG_DIR', 'ROLEKEY_SOCKET', 'PCSCLITE_CSOCK_NAME', 'SSH_AUTH_SOCK'],
  ])('so a path in %s is made absolute', (name) => {
    expect(inheritedEnvironment({ [name]: 'a/b' }, '/here')).toEqual({ [name]: '/here/a/b' });
    expect(inheritedEnvironment({ [name]: '/a/b' }, '/here')).toEqual({ [name]: '/a/b' });
    expect(inheritedEnvironment({ [name]: '' }, '/here')).toEqual({ [name]: '' });
  });

  it.each(['PATH', 'AWS_USE_FIPS_ENDPOINT', 'LANG'])('and %s stays as it is', (name) => {
    expect(inheritedEnvironment({ [name]: 'a/b' }, '/here')).toEqual({ [name]: 'a/b' });
  });
});
