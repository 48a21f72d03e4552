/** When a key wants to be touched (Yubico PIV, touch policy). */
import type { KeyInfo } from './model.ts';

/**
 * Whether a signature in a while will want a touch. A cached one is remembered for 15 seconds: by the time of the next
 * renewal it is long forgotten.
 */
export function needsTouch(touch: KeyInfo['touch']): boolean {
  return touch === 'always' || touch === 'cached';
}
