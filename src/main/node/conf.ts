/**
 * `conf` without the signal handlers its dependency when-exit installs on import: they raise every signal a second
 * time, so that whoever takes the first as "clean up" and the second as "now" would never clean up.
 */
import { signalListeners } from './signal-listeners.ts';
import Conf from 'conf';

for (const [signal, before] of signalListeners) {
  for (const listener of process.rawListeners(signal)) {
    if (!before.includes(listener)) process.removeListener(signal, listener as () => void);
  }
}

export { Conf };
