/** What of a shell's environment is written into a service's file. Pure. */
import { inheritedEnvironment } from '../../agent-client/start-agent.ts';

/**
 * Of what an agent may inherit: where Rolekey's and the AWS files are, and what PKCS#11 modules and TLS need. Who the user
 * is and where the session's things are, the manager knows better than a file that outlives the session.
 */
const recorded = [
  /^XDG_(CONFIG|STATE)_HOME$/,
  /^ROLEKEY_(CONFIG_DIR|SOCKET)$/,
  /^AWS_(SHARED_CREDENTIALS_FILE|CONFIG_FILE|USE_FIPS_ENDPOINT|USE_DUALSTACK_ENDPOINT|CA_BUNDLE)$/,
  /^(NO_PROXY|no_proxy|NODE_EXTRA_CA_CERTS)$/,
  /^(SOFTHSM2_CONF|TPM2_PKCS11_[A-Z_]+|TPM2TOOLS_TCTI|TSS2_[A-Z]+|PCSCLITE_CSOCK_NAME|OPENSC_CONF)$/,
];
/** A proxy's address may hold a password, and a service's file is plain text that ends up in backups. */
const leftOut = /^https_proxy$/i;

export interface ServiceEnvironment {
  readonly environment: Record<string, string>;
  /** Names of variables the agent would read, and that are not written. */
  readonly leftOut: readonly string[];
}

/** @param env with absolute paths. */
export function serviceEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
): ServiceEnvironment {
  const set = Object.entries(inheritedEnvironment(env, directory)).filter(([, value]) => value !== '');
  return {
    environment: Object.fromEntries(set.filter(([name]) => recorded.some((pattern) => pattern.test(name)))),
    leftOut: set.map(([name]) => name).filter((name) => leftOut.test(name)),
  };
}
