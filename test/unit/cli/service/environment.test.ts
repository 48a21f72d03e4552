import { expect, it } from 'vitest';
import { serviceEnvironment } from '../../../../src/cli/service/environment.ts';

const environmentOf = (env: Record<string, string | undefined>) => serviceEnvironment(env, '/here');

it.each([
  ...['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'],
  ...['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'ROLEKEY_CONFIG_DIR', 'ROLEKEY_SOCKET', 'NO_PROXY'],
  ...['SOFTHSM2_CONF', 'TPM2_PKCS11_STORE', 'PCSCLITE_CSOCK_NAME', 'OPENSC_CONF', 'TSS2_LOG'],
])('%s is written', (name) => {
  expect(environmentOf({ [name]: '/x' })).toEqual({ environment: { [name]: '/x' }, leftOut: [] });
});

it.each([
  ...['HOME', 'PATH', 'USER', 'LANG', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'TMPDIR'],
  ...['NODE_OPTIONS', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  ...['AWS_ENDPOINT_URL_ROLESANYWHERE', 'SOME_SECRET', 'ROLEKEY_AUTOSTART', 'LD_PRELOAD'],
])('%s is not', (name) => {
  expect(environmentOf({ [name]: '/x' })).toEqual({ environment: {}, leftOut: [] });
});

it.each(['HTTPS_PROXY', 'https_proxy'])('%s may hold a password: it is named as left out', (name) => {
  expect(environmentOf({ [name]: 'http://me:secret@proxy:8080' })).toEqual({
    environment: {},
    leftOut: [name],
  });
});

it('what is empty or not set says nothing, and a relative path is made absolute', () => {
  expect(
    environmentOf({ AWS_CONFIG_FILE: '', HTTPS_PROXY: '', SOFTHSM2_CONF: 'a/b', OPENSC_CONF: undefined }),
  ).toEqual({
    environment: { SOFTHSM2_CONF: '/here/a/b' },
    leftOut: [],
  });
});
