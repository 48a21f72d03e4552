/** The process for the keyring as a utility process of Electron's, whose binary does not run as Node. */
import { utilityProcess } from 'electron';
import { keyringTimeoutMs, type RunKeyring } from '../node/run-keyring.ts';
import { definedEnvironment } from './token-hosts.ts';

export const runUtilityKeyring: RunKeyring = (bundle, environment, request) =>
  new Promise((resolve) => {
    const child = utilityProcess.fork(bundle, [], {
      env: definedEnvironment(environment),
      execArgv: [],
      serviceName: 'keyring',
      stdio: 'ignore',
    });
    const timer = setTimeout(() => end(undefined), keyringTimeoutMs);
    const end = (answer: unknown): void => {
      clearTimeout(timer);
      child.kill();
      resolve(answer);
    };
    child.once('message', end);
    child.once('exit', () => end(undefined));
    child.postMessage(request);
  });
