/** What happens to the computer, for the engine: sleep, screen lock, network. */
import { net, powerMonitor } from 'electron';
import type { Clock } from '../ports.ts';

/** The engine's ear. */
export interface MachineListener {
  resumed(): void;
  setLocked(locked: boolean): void;
  setOnline(online: boolean): void;
}

/** How often is looked at what no event tells: the screen lock on Linux, and the network. Milliseconds. */
const pollMs = 2000;
/** `getSystemIdleState` also tells whether nobody is there; only the lock is asked for, so that is put out of reach. Seconds. */
const neverIdle = 1_000_000;

/** @returns the undo. */
export function watchMachine(clock: Clock, listener: MachineListener, onShutdown: () => void): () => void {
  let locked = false;
  let online = true;
  let cancel: () => void = () => undefined;
  const setLocked = (now: boolean): void => {
    if (now !== locked) listener.setLocked(now);
    locked = now;
  };
  const poll = (): void => {
    // Where the desktop does not tell, the screen is taken to be open: a notification too many is the smaller harm.
    setLocked(powerMonitor.getSystemIdleState(neverIdle) === 'locked');
    const connected = net.isOnline();
    if (connected !== online) listener.setOnline(connected);
    online = connected;
    cancel = clock.after(pollMs, poll);
  };
  const resumed = (): void => listener.resumed();
  powerMonitor.on('resume', resumed);
  powerMonitor.on('shutdown', onShutdown);
  poll();
  return () => {
    cancel();
    powerMonitor.off('resume', resumed);
    powerMonitor.off('shutdown', onShutdown);
  };
}
