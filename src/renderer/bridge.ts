/** Where a page finds what its preload shows it. */
import type { Door } from '../shared/api.ts';
import { bridgeName, type Bridge } from '../shared/bridge.ts';

/** The page's bridge. @throws TypeError where no preload has run. */
export function bridgeOf<D extends Door>(): Bridge<D> {
  const bridge = (window as unknown as Partial<Record<typeof bridgeName, Bridge<D>>>)[bridgeName];
  if (bridge === undefined) throw new TypeError('This page runs in a window of Rolekey only.');
  return bridge;
}
