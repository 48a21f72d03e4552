/** When a key wants to be touched (Yubico PIV, touch policy). */
import type { KeyInfo } from './model.ts';

/**
 * Whether a signature in a while will want a touch. A cached one is remembered for 15 seconds: by the time of the next
 * renewal it is long forgotten.
 */
export function needsTouch(touch: KeyInfo['touch']): boolean {
  return touch === 'always' || touch === 'cached';
}

/** Whether a signature may wait for a touch: only of a key that is known never to is it known that it does not. */
export function mayWantTouch(touch: KeyInfo['touch']): boolean {
  return touch !== 'never';
}
