/** Writes the journal while the soak runs. */
import type { RequestRecord } from '../support/roles-anywhere/server.ts';
import type { FleetAccount } from './fleet.ts';
import type { Issued, Journal, MemorySample, Reading, Span, TypedPin } from './journal.ts';
import type { Laptop } from './laptop.ts';
import { readTokenLogs } from './token-log.ts';

interface OpenSpan {
  readonly from: number;
  to: number;
}

export class Recorder {
  readonly readings: Reading[] = [];
  readonly suspended: OpenSpan[] = [];
  readonly diskFull: OpenSpan[] = [];
  readonly clockSet: { at: number; by: number }[] = [];
  readonly disconnected: (OpenSpan & { account: string })[] = [];
  readonly connects: number[] = [];
  readonly typedPins: TypedPin[] = [];
  readonly memory: MemorySample[] = [];
  readonly foreignChanges: string[] = [];
  hostCrashes = 0;
  readonly #laptop: Laptop;

  constructor(laptop: Laptop) {
    this.#laptop = laptop;
  }

  now(): number {
    return this.#laptop.clock.now();
  }

  /** Begins a span that lasts until it is ended. @returns its end. */
  begin<S extends Span>(spans: (S & { to: number })[], more: Omit<S, 'from' | 'to'>): () => void {
    const span = { ...more, from: this.now(), to: Infinity } as S & { to: number };
    spans.push(span);
    return () => {
      span.to = this.now();
    };
  }

  journal(fleet: readonly FleetAccount[]): Journal {
    const { requests } = this.#laptop.server;
    const asked = requests.filter(({ operation }) => operation === 'create-session');
    const issued = asked.flatMap(({ roleArn, accessKeyId, expiration, signature, status, time }): Issued[] =>
      accessKeyId === null || expiration === null || signature === null
        ? []
        : [
            {
              account: accountOf(roleArn),
              accessKeyId,
              at: Date.parse(time),
              expiresAt: Date.parse(expiration),
              signature,
              delivered: status === 201,
            },
          ],
    );
    return {
      scale: this.#laptop.clock.scale,
      durations: new Map(fleet.map(({ id, durationSeconds }) => [id, durationSeconds])),
      onTokens: new Set(fleet.filter(({ token }) => token !== null).map(({ id }) => id)),
      issued,
      signatures: signaturesOf(asked),
      readings: this.readings,
      suspended: this.suspended,
      diskFull: this.diskFull,
      clockSet: this.clockSet,
      disconnected: this.disconnected,
      connects: this.connects,
      hostCrashes: this.hostCrashes,
      tokenCalls: readTokenLogs(this.#laptop.modules.map(({ log }) => log)),
      typedPins: this.typedPins,
      memory: this.memory,
      foreignChanges: this.foreignChanges,
    };
  }
}

/** Of a request that was cut off before it was read the account may never be known. */
function signaturesOf(requests: readonly RequestRecord[]): Map<string, string | null> {
  const signatures = new Map<string, string | null>();
  for (const { signature, roleArn } of requests) {
    if (signature === null) continue;
    const known = signatures.get(signature) ?? null;
    signatures.set(signature, roleArn === null ? known : accountOf(roleArn));
  }
  return signatures;
}

/** The account's role is called as it is. */
function accountOf(roleArn: string | null): string {
  return roleArn?.split('/').at(-1) ?? '';
}
