/** What every part of the main window may use. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Bridge } from '../shared/bridge.ts';
import type { Announcer } from './announcer.ts';
import type { AccountsModel } from './screens/accounts/accounts-model.ts';
import type { Ticker } from './ticker.ts';
import type { Timers } from './timers.ts';

export interface Services {
  readonly bridge: Bridge<'window'>;
  readonly timers: Timers;
  readonly ticker: Ticker;
  readonly announcer: Announcer;
  readonly accounts: AccountsModel;
}

export const ServicesContext = createContext<Services | null>(null);

/** @throws TypeError outside of the window’s root. */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new TypeError('Nothing is put together here.');
  return services;
}

/**
 * A value of the passing time. Draws again only when the value is another, so it must be a string, a number or the like.
 * @param valueAt given the time in milliseconds since the epoch.
 */
export function useTicking<Value extends string | number | boolean>(valueAt: (now: number) => Value): Value {
  const { ticker } = useServices();
  return useSyncExternalStore(ticker.subscribe, () => valueAt(ticker.now()));
}
