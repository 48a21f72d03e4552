/** Who listened to which signal when this file was first imported: import it before what must not add any. */
import { constants } from 'node:os';

export const signalListeners = new Map(
  Object.keys(constants.signals).map((signal) => [signal, process.rawListeners(signal)]),
);
