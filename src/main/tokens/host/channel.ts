/** How the host hears from the engine and answers: the only place that knows what kind of process it is. */
import { closeMessage, type HostMessage, type HostRequest } from './protocol.ts';

export interface Channel {
  send(message: HostMessage): void;
  onRequest(listener: (request: HostRequest) => void): void;
  /** The engine wants this process no more or has gone, or the system ends all processes. May be called twice. */
  onClose(listener: () => void): void;
}

/** What is used of the port of an Electron utility process. It is no export of Electron's: only `process` has it. */
export interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** The part of `process` that a channel is made of. */
export interface HostProcess {
  readonly parentPort?: UtilityPort | undefined;
  readonly send?: NodeJS.Process['send'];
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect' | 'SIGTERM', listener: () => void): unknown;
}

/**
 * The channel of this process, whichever way it was started.
 * @param host where it comes from; Electron's types do not know all that is listened for here.
 */
export function parentChannel(host: HostProcess = process as unknown as HostProcess): Channel {
  const { parentPort } = host;
  return parentPort === undefined ? forkChannel(host) : utilityChannel(host, parentPort);
}

/** Under Node: a process started with `fork`. */
function forkChannel(host: HostProcess): Channel {
  return {
    send: (message) => {
      host.send?.(message, undefined, undefined, () => undefined); // a parent that is gone ends us by itself
    },
    onRequest: (listener) => {
      host.on('message', (message) => listener(message as HostRequest));
    },
    onClose: (listener) => {
      host.once('disconnect', listener);
      host.once('SIGTERM', listener);
    },
  };
}

/**
 * Under Electron: a utility process. Its channel cannot be taken away, so the engine says that it is over. When the
 * engine's process dies, Electron ends this one at once, whatever it is doing; nothing here is told of that.
 */
function utilityChannel(host: HostProcess, port: UtilityPort): Channel {
  return {
    send: (message) => port.postMessage(message),
    onRequest: (listener) => {
      port.on('message', ({ data }) => {
        if (data !== closeMessage) listener(data as HostRequest);
      });
    },
    onClose: (listener) => {
      port.on('message', ({ data }) => {
        if (data === closeMessage) listener();
      });
      port.once('close', listener); // Electron's ports have it; this one is not known to say it
      host.once('SIGTERM', listener);
    },
  };
}
