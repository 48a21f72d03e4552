/**
 * Token hosts as Electron's utility processes: the app's binary does not run as Node (its fuse says so), and on macOS
 * only such a process can be signed to load what a vendor signed.
 */
import { utilityProcess } from 'electron';
import { hostEnvironment, type TokenHostsOptions } from '../node/token-hosts.ts';
import type { TokenHost, TokenHosts } from '../ports.ts';
import { closeMessage } from '../tokens/host/protocol.ts';

/** @param options as for the hosts under Node. Hosts can be started once the app is ready, not before. */
export function createUtilityTokenHosts({ bundle, environment }: TokenHostsOptions): TokenHosts {
  const env = definedEnvironment(environment);
  return { start: (path) => startHost(bundle, path, env) };
}

function startHost(bundle: string, modulePath: string, env: Record<string, string>): TokenHost {
  const child = utilityProcess.fork(bundle, [modulePath], {
    env,
    execArgv: [],
    serviceName: 'token-host',
    // What vendors print is neither ours to show nor safe to keep: verbose modules print the PIN.
    stdio: 'ignore',
    allowLoadingUnsignedLibraries: true,
  });
  let isOver = false;
  let closed = false;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code) => {
      isOver = true; // at once: its number may be another process's from now on
      resolve(`exit code ${String(code)}`);
    });
  });
  return {
    send: (request) => {
      if (!closed && !isOver) child.postMessage(request); // a lost request ends with the process: onEnd says so
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onEnd: (listener) => {
      void ended.then(listener);
    },
    end: () => {
      if (closed || isOver) return;
      closed = true;
      child.postMessage(closeMessage);
    },
    kill: () => {
      if (isOver) return;
      if (child.pid === undefined) child.once('spawn', () => killNow(child.pid));
      else killNow(child.pid);
    },
  };
}

/** `kill` of a utility process is a SIGTERM, which a hung module can outlive. */
function killNow(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}

/** The environment of a process of ours that runs foreign code, as Electron takes it. */
export function definedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(hostEnvironment(environment)).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}
