/** Answers the engine's requests one after the other: PKCS#11 modules bear no second call beside a signature. */
import type { Channel } from './channel.ts';
import { Holding, hostClock, type Held, type HostClock } from './holding.ts';
import { HeldPinRefused, HostError } from './host-error.ts';
import { endGraceMs, type HostFailure, type HostRequest, type HostResponse } from './protocol.ts';
import type { HostHandlers } from './token-module.ts';

export interface Served extends HostHandlers, Held {
  /** Wipes every PIN. */
  forgetPins(): void;
}

function toFailure(error: unknown): HostFailure {
  if (error instanceof HeldPinRefused) {
    return { code: error.code, detail: error.detail, heldPinRefused: true };
  }
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

/**
 * Serves until the channel closes. Then PINs are wiped, no request is begun, and the one under way is let end.
 * @param exit ends the process. Called after the last request, or after {@link endGraceMs} where that one hangs.
 */
export function serve(
  channel: Channel,
  served: Served,
  exit: () => void,
  clock: HostClock = hostClock,
): void {
  let last = Promise.resolve();
  let closed = false;
  const holding = new Holding(served, clock, (present) => channel.send({ event: 'tokens', present }));
  channel.onRequest((request) => {
    last = last.then(async () => {
      if (closed) return;
      holding.begin();
      channel.send(await answer(served, request));
      holding.end(request.method !== 'counts');
    });
  });
  channel.onClose(() => {
    closed = true;
    holding.stop();
    served.forgetPins();
    clock.after(endGraceMs, exit);
    void last.then(exit);
  });
}
