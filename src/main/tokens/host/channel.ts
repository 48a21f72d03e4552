/** How the host hears from the engine and answers: the only place that knows what kind of process it is. */
import type { HostRequest, HostResponse } from './protocol.ts';

export interface Channel {
  send(response: HostResponse): void;
  onRequest(listener: (request: HostRequest) => void): void;
  /** The engine wants this process no more or has gone, or the system ends all processes. May be called twice. */
  onClose(listener: () => void): void;
}

/** The channel of a process started with `fork`. */
export function parentChannel(): Channel {
  return {
    send: (response) => {
      process.send?.(response, undefined, undefined, () => undefined); // a parent that is gone ends us by itself
    },
    onRequest: (listener) => {
      process.on('message', (message) => listener(message as HostRequest));
    },
    onClose: (listener) => {
      process.once('disconnect', listener);
      process.once('SIGTERM', listener);
    },
  };
}
