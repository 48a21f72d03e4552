/** Token hosts as child processes of plain Node. */
import { fork } from 'node:child_process';
import type { TokenHost, TokenHosts } from '../ports.ts';

/**
 * The environment of a token host, made of ours. A module's own settings (SOFTHSM2_CONF and the like) are passed on. What
 * would run other code in the host is not, nor what a PKCS#11 module has no business to know. An empty TPM2_PKCS11_STORE
 * is none: tpm2-pkcs11 would take it for the root folder.
 */
export function hostEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TPM2_PKCS11_STORE: tpmStore, ...rest } = environment;
  const own = Object.entries(rest).filter(([name]) => !/^(NODE_|AWS_)/i.test(name));
  return { ...Object.fromEntries(own), ...(tpmStore ? { TPM2_PKCS11_STORE: tpmStore } : {}) };
}

export interface TokenHostsOptions {
  /** Path of the bundled tokens/host/index.ts. */
  readonly bundle: string;
  readonly environment: NodeJS.ProcessEnv;
}

export function createTokenHosts({ bundle, environment }: TokenHostsOptions): TokenHosts {
  const env = hostEnvironment(environment);
  return { start: (path) => startHost(bundle, path, env) };
}

function startHost(bundle: string, modulePath: string, env: NodeJS.ProcessEnv): TokenHost {
  const child = fork(bundle, [modulePath], {
    env,
    execArgv: [],
    serialization: 'json',
    // What vendors print is neither ours to show nor safe to keep: verbose modules print the PIN.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
    child.once('error', (error) => resolve(error.message));
  });
  return {
    send: (request) => {
      if (child.connected) child.send(request, () => undefined); // a lost request ends with the process: onEnd says so
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onEnd: (listener) => {
      void ended.then(listener);
    },
    end: () => {
      if (child.connected) child.disconnect();
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
