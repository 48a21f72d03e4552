/** What `rolekey doctor` says of the agent's socket and its folder. */
import { lstatSync } from 'node:fs';
import type { Finding } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Surroundings } from '../../shared/paths.ts';
import { pathsOf } from '../../shared/paths.ts';
import { checkSocketPath } from '../../shared/wire.ts';

export interface SocketFacts {
  readonly platform: string;
  readonly socket: string;
  readonly folder: string;
  /** Whether XDG_RUNTIME_DIR or ROLEKEY_SOCKET says where it is. */
  readonly isNamed: boolean;
  /** What is at the folder's path; null where nothing is. */
  readonly found: {
    readonly kind: 'folder' | 'link' | 'other';
    readonly mine: boolean;
    /** Permission bits. */
    readonly mode: number;
  } | null;
}

const check = 'socket';
const ownFolder = 'Set XDG_RUNTIME_DIR or ROLEKEY_SOCKET to a folder of your own with mode 0700.';

/** The folder as it is now. */
export function socketFacts(here: Surroundings): SocketFacts {
  const { socket, runtimeFolder: folder } = pathsOf(here);
  const { XDG_RUNTIME_DIR = '', ROLEKEY_SOCKET = '' } = here.env;
  const isNamed = XDG_RUNTIME_DIR !== '' || ROLEKEY_SOCKET !== '';
  return { platform: here.platform, socket, folder, isNamed, found: lookAt(folder, here.uid) };
}

function lookAt(folder: string, uid: number): SocketFacts['found'] {
  try {
    const stat = lstatSync(folder);
    const kind = stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
    return { kind, mine: stat.uid === uid, mode: stat.mode & 0o777 };
  } catch {
    return null;
  }
}

/** Pure. */
export function judgeSocket({ platform, socket, folder, isNamed, found }: SocketFacts): Finding {
  const bad = (message: string, remedy: string): Finding => ({
    ...{ check, status: 'problem', subject: folder },
    message,
    remedy,
  });
  try {
    checkSocketPath(socket, platform);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return bad(error.message, error.remedy);
  }
  if (platform === 'win32') return fine(socket, 'It is a named pipe of your own.');
  if (found === null) return fine(folder, 'There is no such folder yet; the agent makes it.');
  if (found.kind === 'link') return bad('It is a link, which somebody could turn elsewhere.', ownFolder);
  if (found.kind === 'other') return bad('It is no folder.', ownFolder);
  if (!found.mine) return bad('It belongs to another user, who could pose as the agent.', ownFolder);
  if ((found.mode & 0o077) !== 0) {
    const mode = found.mode.toString(8).padStart(4, '0');
    return bad(`Others than you may use it (mode ${mode}).`, `Run: chmod 700 '${folder}'.`);
  }
  const place = isNamed ? '' : ' XDG_RUNTIME_DIR is not set, so it is among the temporary files.';
  return fine(folder, `The folder of the socket is yours alone.${place}`);
}

function fine(subject: string, message: string): Finding {
  return { check, status: 'ok', subject, message, remedy: null };
}
