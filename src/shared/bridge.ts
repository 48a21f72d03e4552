/**
 * What a preload shows its page, derived from api.ts, and how it travels: every call and every answer is one text of
 * JSON, so that neither side can be handed a prototype, a getter or a value without end.
 */
import type { CallInput, CallOutput, CallsAt, Door, EventPayload, EventsAt } from './api.ts';
import type { ErrorShape } from './errors.ts';

/** Errors cross the bridge as what they say: a thrown one would arrive as a bare message. */
export type Answer<Output> = { readonly result: Output } | { readonly error: ErrorShape };

export interface Bridge<D extends Door> {
  /** Every call of the door by its name. Never rejects. */
  readonly calls: {
    readonly [Name in CallsAt<D>]: (input: CallInput<Name>) => Promise<Answer<CallOutput<Name>>>;
  };
  /** Hears an event from now on. @returns its undo. */
  readonly on: <Name extends EventsAt<D>>(
    name: Name,
    listener: (payload: EventPayload<Name>) => void,
  ) => () => void;
}

/** The name under which a page finds its bridge. */
export const bridgeName = 'rolekey';

/** Channels of Electron's IPC. */
export const ipcChannels = {
  /** `invoke(call, NAME, JSON of the input)` resolves with the JSON of an {@link Answer}. */
  call: 'rolekey:call',
  /** `send(event, NAME, JSON of the payload)`, from the main side to a page. */
  event: 'rolekey:event',
} as const;
