/** Answers the engine's requests one after the other: PKCS#11 modules bear no second call beside a signature. */
import type { Channel } from './channel.ts';
import { HostError } from './host-error.ts';
import type { HostFailure, HostRequest, HostResponse } from './protocol.ts';
import type { HostHandlers } from './token-module.ts';

function toFailure(error: unknown): HostFailure {
  if (error instanceof HostError) return { code: error.code, detail: error.detail };
  return { code: 'internal', detail: error instanceof Error ? error.name : 'unknown' };
}

async function answer(handlers: HostHandlers, { id, method, params }: HostRequest): Promise<HostResponse> {
  try {
    // The union of methods cannot be narrowed together with its parameters.
    const handle = handlers[method] as (params: HostRequest['params']) => unknown;
    return { id, result: await handle(params) };
  } catch (error) {
    return { id, failure: toFailure(error) };
  }
}

export function serve(channel: Channel, handlers: HostHandlers): void {
  let last = Promise.resolve();
  channel.onRequest((request) => {
    last = last.then(async () => channel.send(await answer(handlers, request)));
  });
}
