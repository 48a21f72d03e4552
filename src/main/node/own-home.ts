/** Whose home directory it is. */
import { statSync } from 'node:fs';
import { AppError } from '../../shared/errors.ts';

/**
 * With another user's HOME (`su`, `sudo -E`) an agent would leave files there which that user cannot change any more.
 * @param uid of this process; null where the platform has none.
 * @throws AppError `agent-unsafe` where the home directory is there and neither this user's nor root's: root owns those
 * of containers whose user has no name.
 */
export function checkHome(home: string, uid: number | null): void {
  if (uid === null) return;
  const owner = ownerOf(home);
  if (owner === null || owner === uid || owner === 0) return;
  throw new AppError('agent-unsafe', {
    message: `The home directory ${home} belongs to another user.`,
    remedy: 'Set HOME to your own home directory and try again.',
  });
}

/** Null where it cannot be told: whatever is to be done there fails by itself. */
function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    return null;
  }
}
